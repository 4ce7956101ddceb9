//! Events: what things did, as people want to know it later, and what zones have counted.
//!
//! The contract. In come the final tracks of each frame before they are told ([`Watching::hook`], called by analysis); their `counts`
//! are filled in on the way. Out go events: into the database with a picture cut from the full-size frame, and to whoever listens
//! ([`board::Board`]). Between the two stands one bounded line: analysis leaves an event and, for a moment, a frame there, and
//! never waits. One thread cuts, compresses, writes and tells. Whatever it is too slow for is counted: first pictures are left
//! out, then events.
//!
//! What is told is decided by `watcher` from looks alone: predicted boxes cross nothing. Where it lies is decided by
//! `sightline_shared::scene`, which the browser uses as well.

pub mod board;
mod crop;
mod desk;
mod line;
mod pictures;
mod stand;
mod watcher;
mod watching;

pub use desk::Events;
pub use line::{Report, Reports};
pub use watching::{Tally, Told, Watching};

/// The address of an event's picture.
fn address(id: &str) -> String {
    format!("/api/events/{id}/crop.jpg")
}
