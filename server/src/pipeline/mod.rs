//! The graph: what flows, through which bounded edges, counted and stamped on the way.

pub mod analysis;
pub mod anchors;
pub mod batcher;
pub mod camera;
pub mod cameras;
pub mod catch_up;
pub mod clock;
pub mod colour;
pub mod counters;
pub mod decoding;
pub mod demand;
pub mod detection;
pub mod edge;
pub mod encoding;
pub mod frame;
pub mod inject;
pub mod intake;
pub mod kept;
pub mod meter;
pub mod pace;
pub mod packet;
pub mod pool;
pub mod recent;
mod reorder;
pub mod rewrap;
pub mod running;
pub mod status;
pub mod stream;
#[cfg(test)]
pub(crate) mod testing;
pub mod thinning;
pub mod timeline;
pub mod told;
pub mod trace;
pub mod tracks_out;
pub mod vitals;
