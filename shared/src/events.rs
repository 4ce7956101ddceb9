//! Events: what tracks did.

use crate::tracks::Finding;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A track began: a thing was seen for long enough to be believed.
    #[default]
    Began,
    /// A track ended.
    Ended,
    /// A thing came into an area.
    Entered,
    /// It left the area.
    Left,
    /// It stayed in the area for the time that the zone asks for.
    Dwelt,
    /// It crossed a line.
    Crossed,
}

/// Which way a line was crossed; see [`crate::scene::ZoneKind::Line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the left hand to the right hand.
    AToB,
    /// From the right hand to the left hand.
    BToA,
}

/// What `GET /api/events/stream` says under the name `missed` to a reader that was too slow, or away for too long: its list is to be
/// loaded anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Missed {
    /// Events that it was not told of, at least.
    pub missed: u64,
}

/// One event, as `GET /api/events` lists it and the page is told it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Event {
    /// ULID of the time of the event: their order is that of time.
    pub id: String,
    /// The camera's id when it happened.
    pub camera: String,
    /// The camera's uid.
    pub camera_uid: String,
    /// What happened.
    pub kind: EventKind,
    /// The zone or line, by its id.
    pub zone: Option<String>,
    /// Its name when it happened.
    pub zone_name: Option<String>,
    /// Which way, for a line.
    pub direction: Option<Direction>,
    /// The track's id.
    pub track: String,
    /// What the track is, by the vote of its looks.
    pub label: String,
    /// Its best score.
    pub score: f32,
    /// When the frame was there, RFC 3339. `ended`, and what happened by it, is of the last look that saw the thing.
    pub at: String,
    /// How long it stayed in the area (`dwelt`, `left`) or was followed (`ended`), in seconds.
    pub stayed_s: Option<f64>,
    /// Epoch of the frame; of the stream that is looked at, where that is another than the one that is shown.
    pub epoch: u32,
    /// PTS of the frame.
    pub pts: i64,
    /// Where it was: x1, y1, x2, y2 in fractions of the picture as shown.
    #[serde(rename = "box")]
    pub area: [f32; 4],
    /// What second models found on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The address of its picture, cut from the full-size frame; null where the thing was not seen at that moment any more, or there was
    /// no time or no room for a picture.
    pub crop: Option<String>,
}
