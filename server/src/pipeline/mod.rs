//! The graph: what flows, through which bounded edges, counted and stamped on the way.

pub mod analysis;
pub mod anchors;
pub mod camera;
pub mod cameras;
pub mod clock;
pub mod colour;
pub mod counters;
pub mod detection;
pub mod edge;
pub mod frame;
pub mod intake;
pub mod kept;
pub mod pace;
pub mod packet;
pub mod pool;
pub mod recent;
mod reorder;
pub mod status;
pub mod stream;
pub mod timeline;
pub mod vitals;
