//! What the dashboard knows, as plain structs: no browser in here, so that all of it is tested natively.

pub(crate) mod address;
pub(crate) mod analysis;
pub(crate) mod appends;
pub(crate) mod arrival;
pub(crate) mod backoff;
pub(crate) mod bitrate;
pub(crate) mod choice;
pub(crate) mod clips;
pub(crate) mod clock;
pub(crate) mod codec;
pub(crate) mod delay;
pub(crate) mod detection;
pub(crate) mod device;
pub(crate) mod edit;
pub(crate) mod encoder;
pub(crate) mod events;
pub(crate) mod format;
pub(crate) mod geometry;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod layers;
pub(crate) mod load;
pub(crate) mod models;
pub(crate) mod pairing;
pub(crate) mod presence;
pub(crate) mod presented;
pub(crate) mod probing;
pub(crate) mod scene;
pub(crate) mod steering;
pub(crate) mod timeline;
pub(crate) mod words;

use sightline_shared::time::{Epoch, Pts};

/// Names one frame of a rendition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FrameKey {
    /// Its epoch.
    pub(crate) epoch: Epoch,
    /// Its PTS.
    pub(crate) pts: Pts,
}

impl FrameKey {
    /// The frame `pts` of `epoch`.
    pub(crate) fn new(epoch: Epoch, pts: Pts) -> Self {
        Self { epoch, pts }
    }
}
