//! Tracks: what was found, keyed by the PTS of the frame it was found in.

use crate::scene::{Point, ZoneCount};
use crate::time::{Epoch, Pts};
use serde::{Deserialize, Serialize};

/// One thing in one frame. The box is in fractions 0..1 of the picture as shown (after rotation), `x1 <= x2`, `y1 <= y2`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// ULID: stays unique across restarts and machines.
    pub id: String,
    /// What it is, e.g. `motion`, `person`, `demo`: of a model's words the one that its looks were surest of together.
    pub label: String,
    /// How sure the newest look was that saw it, 0..1.
    pub score: f32,
    /// How sure the surest look at it was so far; 0 where nobody followed it.
    #[serde(default)]
    pub best: f32,
    /// How many looks have seen it so far; 0 where nobody followed it.
    #[serde(default)]
    pub looks: u32,
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
    /// True where the box was not found in this frame but computed from those around it.
    pub predicted: bool,
    /// What second models found on it: a face, a plate. Of the newest look at it, and moved with it in between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What a second model found on a track; in fractions of the picture as shown, like the track.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// What it is, e.g. `face`, `plate`.
    pub label: String,
    /// How sure, 0..1.
    pub score: f32,
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
    /// Corners, where the model tells them: top left first, clockwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corners: Vec<Point>,
}

/// The one final message for the frame `(epoch, pts)`; `tracks` may be empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracks {
    /// Epoch of the frame.
    pub epoch: Epoch,
    /// PTS of the frame.
    pub pts: Pts,
    /// What is in it.
    pub tracks: Vec<Track>,
    /// What the camera's zones have counted by this frame; empty where it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<ZoneCount>,
}
