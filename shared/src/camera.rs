//! A camera as the API tells it: names, state, and what its stream is.

use crate::scene::{Mask, Point, Zone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which picture of a camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rendition {
    /// The camera's own access units, re-wrapped, never re-encoded.
    #[default]
    Source,
    /// Encoded here: size, rate, bitrate, overlay as set.
    Main,
    /// Encoded here, small, for walls and slow links.
    Small,
}

impl Rendition {
    /// The number that stands in [`crate::chunk::ChunkHeader::rendition`].
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Source => 0,
            Self::Main => 1,
            Self::Small => 2,
        }
    }

    /// The name in URLs and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Main => "main",
            Self::Small => "small",
        }
    }
}

/// How a camera is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// Being connected for the first time; nothing has failed yet.
    #[default]
    Connecting,
    /// Frames arrive.
    Live,
    /// It was live and is being connected again.
    Reconnecting,
    /// It could not be had so far, and is tried again and again.
    Offline,
    /// Switched off by a person.
    Disabled,
}

/// RTSP's transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TCP first, UDP where the camera refuses it (461), and the other way round.
    #[default]
    Auto,
    /// Interleaved in the RTSP connection.
    Tcp,
    /// RTP over UDP.
    Udp,
}

/// How the picture reaches viewers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VideoMode {
    /// `source` where the browser plays it, else `main`.
    #[default]
    Auto,
    /// Always `source`.
    Passthrough,
    /// Always `main`.
    Transcode,
}

/// What a stream is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Shown to viewers.
    View,
    /// Decoded and looked at.
    Detect,
    /// Written to disk.
    Record,
}

/// One of a camera's streams, as told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct StreamInfo {
    /// Its address with the password masked.
    pub url: String,
    /// What it is used for.
    pub roles: Vec<Role>,
}

/// When a model looks at a camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DetectWhen {
    /// At the rate of `fps`.
    #[default]
    Always,
    /// At the rate of `fps`, and only while something moves and for two seconds after that.
    Motion,
}

/// A second model, which looks at what the first one found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SecondModel {
    /// Its name.
    pub model: String,
    /// Labels of the tracks that it looks at; empty means all.
    pub labels: Vec<String>,
}

/// The detector's settings of one camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DetectSettings {
    /// `motion` (default), `none`, the name of a model, or the path of its file; a path only from who sits at the server's machine.
    pub model: String,
    /// How many frames a second are looked at; 0 means every frame. All frames are decoded either way, unless
    /// `key_frames_only` is set.
    pub fps: f64,
    /// How sure a look has to be of a thing to begin a track, 0..1; what is known already goes on by weaker looks. 0 leaves it to the
    /// model: 0.4, and everything for `motion`.
    pub min_score: f64,
    /// Labels to keep; empty keeps all.
    pub labels: Vec<String>,
    /// Decode key frames alone: nearly free, and looks only as often as the camera sends key frames.
    pub key_frames_only: bool,
    /// Scores that labels need instead of `min_score`.
    pub scores: BTreeMap<String, f64>,
    /// Polygons: a thing counts where the middle of its lower edge is in one of them. None means everywhere.
    pub regions: Vec<Vec<Point>>,
    /// When the model looks.
    pub when: DetectWhen,
    /// The camera itself moves (a pole in the wind, a pan): its motion is taken out before tracks are matched.
    pub moving_camera: bool,
    /// Second models, in their order.
    #[serde(deserialize_with = "crate::object::objects")]
    pub second: Vec<SecondModel>,
}

impl Default for DetectSettings {
    fn default() -> Self {
        Self {
            model: "motion".into(),
            fps: 5.0,
            min_score: 0.0,
            labels: Vec::new(),
            key_frames_only: false,
            scores: BTreeMap::new(),
            regions: Vec::new(),
            when: DetectWhen::default(),
            moving_camera: false,
            second: Vec::new(),
        }
    }
}

/// The audio track beside the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AudioInfo {
    /// RFC 6381 string, e.g. `mp4a.40.2`.
    pub codec: String,
    /// Samples a second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u16,
}

/// What analysis of a camera is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AnalysisInfo {
    /// `on`, `off`, `waiting` (no picture yet) or `failed`.
    pub state: String,
    /// Why it is not `on`, or what it had to do without.
    pub reason: Option<String>,
    /// Frames looked at in a second, measured.
    pub fps: Option<f64>,
    /// The decoder in use, e.g. `software (libavcodec h264)`.
    pub decoder: Option<String>,
    /// What looks, e.g. `yolox-nano on ONNX Runtime (CPU)`; absent where nothing does.
    pub detector: Option<String>,
    /// Frames that are to be looked at in a second; absent where each one is.
    pub asked_fps: Option<f64>,
    /// Pictures that the model looked at together, in the mean of the last seconds; of all cameras.
    pub batch: Option<f64>,
    /// Median time that a picture waited for its turn with the model, in milliseconds.
    pub waiting_ms: Option<f64>,
    /// Median time of the model for one batch, in milliseconds.
    pub model_ms: Option<f64>,
    /// Frames that were to be looked at and were not, since the start, by cause: `busy` (the model was not done with
    /// the one before), `no_motion`, `loading`, `failed`, `queue_full`, `stopped`.
    pub skipped: BTreeMap<String, u64>,
    /// Looks that took so long that their frame had been told with predicted boxes; what they found is followed all the same.
    pub late: u64,
}

/// A camera as `GET /api/cameras` tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Camera {
    /// Never changes, never re-used: files, rows and metrics carry it.
    pub uid: String,
    /// The slug people chose; may be re-used after a delete.
    pub id: String,
    /// The name shown.
    pub name: String,
    /// The address of the stream that is viewed, its password masked.
    pub url: String,
    /// Every stream; one is the normal case.
    pub streams: Vec<StreamInfo>,
    /// How it is doing.
    pub state: CameraState,
    /// One sentence or two: what happened, why as far as known, what comes next.
    pub reason: Option<String>,
    /// A word for programs: `refused`, `unreachable`, `auth`, `not_rtsp`, `not_found`, `no_video`, `codec`, `frozen`, `ended`,
    /// `timeout`, `file`, `url`, `protocol`, `certificate`, `device`.
    pub reason_code: Option<String>,
    /// When the state began, RFC 3339.
    pub since: Option<String>,
    /// When the next try starts, RFC 3339; only while one is waited for.
    pub retry_at: Option<String>,
    /// How many tries in a row have failed.
    pub failures: u32,
    /// RFC 6381 string of the video, e.g. `avc1.64001f`.
    pub codec: Option<String>,
    /// Width as shown, in pixels.
    pub width: Option<u32>,
    /// Height as shown, in pixels.
    pub height: Option<u32>,
    /// Frames a second, measured over the last seconds.
    pub fps: Option<f64>,
    /// Bits a second, measured over the last seconds.
    pub bitrate: Option<f64>,
    /// Seconds between the two newest key frames.
    pub gop_s: Option<f64>,
    /// How much slower the camera's clock runs than the server's, in parts per million.
    pub clock_drift_ppm: Option<f64>,
    /// How far the camera's wall clock is ahead of the server's, in seconds; only where it sends RTCP sender reports.
    pub clock_ahead_s: Option<f64>,
    /// The audio track, if there is one.
    pub audio: Option<AudioInfo>,
    /// What is done to the stream beside carrying it, and what people should know of its connection.
    pub note: Option<String>,
    /// The transport that is in use: `tcp`, `udp`, `http`, `https`, `hls`, `rtmp`, `rtsps`, `srt`, `v4l2`, `file`, `demo`.
    pub transport_in_use: Option<String>,
    /// The transport that was asked for.
    pub transport: Transport,
    /// How the picture reaches viewers.
    pub video: VideoMode,
    /// The device that it is pinned to, by its number, or `auto`.
    pub device: String,
    /// What is to decode it.
    pub decoder: crate::device::DecoderChoice,
    /// The detector's settings.
    pub detect: DetectSettings,
    /// What analysis is doing.
    pub analysis: AnalysisInfo,
    /// Zones and lines.
    pub zones: Vec<Zone>,
    /// What nobody is to see.
    pub masks: Vec<Mask>,
    /// True: `source`, which masks cannot cover, is served and kept all the same.
    pub unmasked_source: bool,
    /// What of its work a device does, and why the rest is done in software.
    pub hardware: crate::device::HardwareInfo,
    /// What was asked of the encoder of `main`.
    pub encoder: crate::encoder::EncoderSettings,
    /// Every rendition that there can be.
    pub renditions: Vec<crate::encoder::RenditionInfo>,
    /// False for a camera that cannot be edited here (the demo camera, or a read-only settings file).
    pub editable: bool,
}
