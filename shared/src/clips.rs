//! Clips: stretches of what is kept of a camera, as files.

use crate::camera::Rendition;
use serde::{Deserialize, Serialize};

/// How far a piece of work is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its turn.
    #[default]
    Queued,
    /// Is worked on.
    Working,
    /// Its result is there.
    Done,
    /// Will not be done; `error` says why.
    Failed,
    /// Somebody called it off.
    Cancelled,
}

/// Boxes in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Overlay {
    /// As the camera sent it.
    #[default]
    None,
    /// Drawn into the picture, which is encoded anew.
    Burned,
}

/// The video of a clip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClipFormat {
    /// As it was sent, not encoded anew.
    #[default]
    Original,
    /// H.264, which plays everywhere; encoded anew where it is something else.
    H264,
}

/// `POST /api/clips`: either `last_s`, or `from` and `to`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NewClip {
    /// The camera's id.
    pub camera: String,
    /// First moment, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last moment, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The newest so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_s: Option<f64>,
    /// `source` (default) or `main`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendition: Option<Rendition>,
    /// Boxes in the picture.
    pub overlay: Overlay,
    /// The video.
    pub format: ClipFormat,
    /// The name shown; made from camera and time if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `PATCH /api/clips/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClipPatch {
    /// New name.
    pub name: String,
}

/// A clip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Clip {
    /// ULID.
    pub id: String,
    /// The camera's id when the clip was made.
    pub camera: String,
    /// The camera's uid.
    pub camera_uid: String,
    /// The name shown.
    pub name: String,
    /// The name that a download has.
    pub file_name: String,
    /// How far it is.
    pub state: JobState,
    /// 0..1.
    pub progress: f64,
    /// Seconds to go, where that can be said.
    pub eta_s: Option<f64>,
    /// Why it failed, in sentences.
    pub error: Option<String>,
    /// What is different from what was asked for, e.g. cut where the camera's picture changed.
    pub note: Option<String>,
    /// First moment, RFC 3339.
    pub from: String,
    /// Last moment, RFC 3339.
    pub to: String,
    /// Seconds of video.
    pub duration_s: f64,
    /// Which picture.
    pub rendition: Rendition,
    /// Boxes in the picture.
    pub overlay: Overlay,
    /// The video.
    pub format: ClipFormat,
    /// RFC 6381 string of the video.
    pub codec: Option<String>,
    /// Width as shown.
    pub width: Option<u32>,
    /// Height as shown.
    pub height: Option<u32>,
    /// Frames that are shown.
    pub frames: u64,
    /// Whether there is sound.
    pub audio: bool,
    /// Bytes of the file.
    pub bytes: u64,
    /// RFC 3339.
    pub created_at: String,
}

/// `GET /api/cameras/{id}/recordings`: what clips can be made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Recordings {
    /// What is there, oldest first.
    pub spans: Vec<Span>,
    /// What lies between spans of one rendition.
    pub gaps: Vec<Gap>,
}

/// A stretch without a gap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Span {
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    /// Which picture.
    pub rendition: Rendition,
    /// Bytes.
    pub bytes: u64,
}

/// A stretch of which there is nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Gap {
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    /// Which picture.
    pub rendition: Rendition,
    /// Why, in a word: `reconnect`, `parameters`, `not_running`.
    pub cause: String,
}
