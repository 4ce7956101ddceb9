//! `GET /api/telemetry`: a WebSocket that tells what every stage did, twice a second, and first the last two minutes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Time between two samples.
pub const STEP_MS: u64 = 500;
/// Samples that the server remembers: two minutes.
pub const HISTORY: usize = 240;

/// From the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TelemetryMessage {
    /// First message: what is remembered, oldest first.
    History {
        /// The samples.
        samples: Vec<Sample>,
    },
    /// One more.
    Sample(Sample),
}

/// What happened in one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// The end of the step on the server's monotonic clock.
    pub at_ms: f64,
    /// The same in UTC since 1970.
    pub utc_ms: f64,
    /// By camera id; of one camera where `?camera=` was given.
    pub cameras: BTreeMap<String, CameraSample>,
}

/// One camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CameraSample {
    /// By stage name; a stage through which nothing went is left out.
    pub stages: BTreeMap<String, StageSample>,
    /// By rendition name; a rendition that sent nothing is left out.
    pub renditions: BTreeMap<String, RenditionSample>,
}

/// One stage in one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StageSample {
    /// Median of the time that an item spent in the stage; absent where none was passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// 95 in 100 were faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<f64>,
    /// The slowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<f64>,
    /// Items passed on.
    pub out: u64,
    /// Items thrown away, by cause.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
}

/// One rendition in one step, as it went into its hub.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RenditionSample {
    /// Bits a second that its encoder was asked for; absent for `source` and for constant quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_bitrate: Option<u64>,
    /// Bytes of video.
    pub bytes: u64,
    /// Frames of video.
    pub frames: u64,
    /// Of these, key frames.
    pub key_frames: u64,
    /// Bytes of the largest frame.
    pub max_bytes: u64,
}
