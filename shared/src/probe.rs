//! The camera doctor's report: what a stream is, what is wrong with it, and the mend.

use crate::camera::{AudioInfo, Transport};
use serde::{Deserialize, Serialize};

/// `POST /api/probe`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NewProbe {
    /// The address; may hold a password.
    pub url: String,
    /// RTSP's transport.
    pub transport: Transport,
    /// How long it is watched after its first frame; 1..60, default 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// A known camera whose masked password (`***`) is to be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    #[default]
    Good,
    /// Worth knowing.
    Note,
    /// Works, and would work better otherwise.
    Warning,
    /// Does not work.
    Bad,
}

/// One thing that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A word for programs, e.g. `endless_gop`, `wrong_fps`, `b_frames`, `packet_loss`, `no_sender_reports`, `codec`.
    pub code: String,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub mend: Option<String>,
}

/// Whether a browser plays the stream as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Plays {
    /// It does.
    Yes,
    /// With the right hardware or system.
    Depends,
    /// It does not: the picture is encoded anew for it.
    #[default]
    No,
}

/// One kind of browser.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct BrowserPlays {
    /// Its name.
    pub browser: String,
    /// Whether it plays the stream as it is.
    pub plays: Plays,
    /// On what it depends.
    pub note: Option<String>,
}

/// What was found. Numbers that could not be measured are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Probe {
    /// The address, its password masked.
    pub url: String,
    /// One sentence: "H.264 High, 1920x1080, 25/s, key frame every 2 s; plays in every browser without re-encoding."
    pub summary: String,
    /// Whether it can be added and will show a picture.
    pub usable: bool,
    /// A word for programs, as in [`crate::camera::Camera::reason_code`]; only where there is no picture.
    pub reason_code: Option<String>,
    /// `tcp`, `udp`, `http`, `hls`, ...
    pub transport: Option<String>,
    /// Milliseconds to the connection's being ready.
    pub connect_ms: Option<f64>,
    /// Milliseconds from the start to the first key frame.
    pub first_picture_ms: Option<f64>,
    /// RFC 6381 string.
    pub codec: Option<String>,
    /// E.g. `H.264 High, level 4.0`.
    pub codec_words: Option<String>,
    /// As shown.
    pub width: Option<u32>,
    /// As shown.
    pub height: Option<u32>,
    /// By time stamps.
    pub fps: Option<f64>,
    /// By the SDP or the parameter sets.
    pub fps_claimed: Option<f64>,
    /// Bits a second.
    pub bitrate: Option<f64>,
    /// Seconds between key frames.
    pub gop_s: Option<f64>,
    /// Frames between key frames.
    pub gop_frames: Option<f64>,
    /// Whether there are frames that are shown earlier than frames sent before them.
    pub b_frames: Option<bool>,
    /// Whether parameter sets come with the stream and not only in the SDP.
    pub parameter_sets_in_band: Option<bool>,
    /// How much slower the camera's clock runs, in parts per million.
    pub clock_drift_ppm: Option<f64>,
    /// Whether RTCP sender reports came.
    pub sender_reports: Option<bool>,
    /// How far the camera's wall clock is ahead, in seconds.
    pub clock_ahead_s: Option<f64>,
    /// By how much frames come later than the earliest of them, in milliseconds: 95 of 100 stay below it.
    pub jitter_ms: Option<f64>,
    /// Frames that came.
    pub frames: u64,
    /// RTP packets that did not.
    pub lost_packets: u64,
    /// The sound that will be carried.
    pub audio: Option<AudioInfo>,
    /// Which browsers play it.
    pub browsers: Vec<BrowserPlays>,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
    /// The first picture, as a `data:image/jpeg;base64,` address.
    pub picture: Option<String>,
    /// Seconds that it was watched.
    pub watched_s: f64,
}
