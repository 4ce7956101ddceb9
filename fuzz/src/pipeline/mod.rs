//! Of the graph only what flows through it and what places it in time.

#[path = "../../../server/src/pipeline/clock.rs"]
pub mod clock;
#[path = "../../../server/src/pipeline/counters.rs"]
pub mod counters;
#[path = "../../../server/src/pipeline/packet.rs"]
pub mod packet;
#[path = "../../../server/src/pipeline/reorder.rs"]
mod reorder;
#[path = "../../../server/src/pipeline/timeline.rs"]
pub mod timeline;
