//! The graph: what flows, through which bounded edges, counted and stamped on the way.

pub mod clock;
pub mod counters;
pub mod detection;
pub mod edge;
pub mod frame;
pub mod packet;
