//! The encoder's settings, under the same names on the command line, in JSON and in the settings file.

use crate::camera::Rendition;
use serde::{Deserialize, Serialize};

/// Who encodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// The best one that this machine has.
    #[default]
    Auto,
    /// NVIDIA's encoder.
    Nvenc,
    /// libx264.
    X264,
    /// libx265.
    X265,
    /// SVT-AV1.
    Svtav1,
    /// Apple's encoder.
    Videotoolbox,
    /// Intel Quick Sync.
    Qsv,
    /// VA-API.
    Vaapi,
}

/// What is encoded to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// ITU-T H.264, which every browser plays.
    #[default]
    H264,
    /// ITU-T H.265.
    Hevc,
    /// AOM AV1.
    Av1,
}

/// From fastest to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Fastest; x264 ultrafast.
    P1,
    /// x264 superfast.
    P2,
    /// x264 veryfast.
    P3,
    /// x264 faster.
    P4,
    /// x264 medium.
    P5,
    /// x264 slow.
    P6,
    /// Best; x264 slower.
    P7,
}

/// Sets preset, rate control and quality where they are not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QualityPreset {
    /// Least work.
    Fast,
    /// The default of recordings for people.
    Balanced,
    /// Better than most eyes tell.
    Quality,
    /// For keeping.
    Archive,
}

/// What the encoder is tuned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tune {
    /// Ultra low latency: a frame in, its access unit out.
    Ull,
    /// Low latency: short look-ahead is allowed.
    Ll,
    /// Quality: look-ahead and B-frames.
    Hq,
}

/// How bits are spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RateControl {
    /// Constant bitrate.
    Cbr,
    /// Variable bitrate up to a maximum.
    Vbr,
    /// Constant quantiser.
    Cqp,
    /// Constant quality.
    Crf,
}

/// What somebody asked for. An absent field follows from the others, from the picture, or is the default.
///
/// A `PATCH` is a merge patch (RFC 7396) of this: an absent member stays, `null` goes back to the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct EncoderSettings {
    /// Who encodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// To what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// Fastest to best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Sets preset, rate control and quality where they are not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_preset: Option<QualityPreset>,
    /// What for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tune: Option<Tune>,
    /// How bits are spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_control: Option<RateControl>,
    /// 0..51, for `cqp` and `crf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// Bits a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u64>,
    /// Bits a second that are never exceeded over the buffer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bitrate: Option<u64>,
    /// Bits of the decoder's buffer (VBV).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer_size: Option<u64>,
    /// Frames from one key frame to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gop: Option<u32>,
    /// Frames between two that are predicted forward alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b_frames: Option<u8>,
    /// Width as shown, in pixels; the height follows where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height as shown, in pixels; the width follows where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Frames a second; frames are left out, never made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
}

/// What an encoder does: every question answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EncoderInUse {
    /// Who encodes; never `auto`.
    pub backend: Backend,
    /// In words, e.g. `software (libx264 superfast)`.
    pub words: String,
    /// To what.
    pub codec: Codec,
    /// Fastest to best.
    pub preset: Preset,
    /// What for.
    pub tune: Tune,
    /// How bits are spent.
    pub rate_control: RateControl,
    /// For `cqp` and `crf`.
    pub quality: Option<u8>,
    /// Bits a second, for `cbr` and `vbr`.
    pub bitrate: Option<u64>,
    /// Bits a second.
    pub max_bitrate: Option<u64>,
    /// Bits.
    pub buffer_size: Option<u64>,
    /// Frames.
    pub gop: u32,
    /// Frames.
    pub b_frames: u8,
    /// Pixels as coded.
    pub width: u32,
    /// Pixels as coded.
    pub height: u32,
    /// Frames a second at most.
    pub fps: f64,
}

/// The answer to `PATCH /api/cameras/{id}/encoder`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EncoderChanged {
    /// Names of the settings that were applied to the running encoder.
    pub live: Vec<String>,
    /// Names of the settings for which a new one was started; viewers stay. Empty too where none was running.
    pub restarted: Vec<String>,
    /// What was asked for, as it now stands in the settings.
    pub asked: EncoderSettings,
    /// What is in use, or would be were it running; absent while the camera's picture is not known.
    pub encoder: Option<EncoderInUse>,
}

/// Both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
}

/// What an encoder of this machine can do: what `GET /api/system` tells and the encoder panel offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EncoderCaps {
    /// The encoder.
    pub backend: Backend,
    /// Why it cannot be used; absent where it can.
    pub reason: Option<String>,
    /// Codecs.
    pub codecs: Vec<Codec>,
    /// Presets.
    pub presets: Vec<Preset>,
    /// Tunings.
    pub tunes: Vec<Tune>,
    /// Rate controls.
    pub rate_controls: Vec<RateControl>,
    /// Numbers by the name of their setting: `quality`, `bitrate`, `max_bitrate`, `buffer_size`, `gop`, `b_frames`, `width`, `height`, `fps`.
    pub limits: std::collections::BTreeMap<String, Limits>,
    /// Names of the settings that change while it runs.
    pub live: Vec<String>,
}

/// How a rendition is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RenditionState {
    /// Nobody asks for it.
    #[default]
    Idle,
    /// Asked for; its first frame has not come.
    Starting,
    /// Being made.
    Running,
    /// Asked for and not to be had; the reason says why.
    Failed,
}

/// One rendition of a camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct RenditionInfo {
    /// Which.
    pub rendition: Rendition,
    /// How it is doing.
    pub state: RenditionState,
    /// Why it is not running, or what it had to do without.
    pub reason: Option<String>,
    /// Who looks at it now.
    pub viewers: u32,
    /// RFC 6381 string of the video.
    pub codec: Option<String>,
    /// Width as shown.
    pub width: Option<u32>,
    /// Height as shown.
    pub height: Option<u32>,
    /// Frames a second, measured.
    pub fps: Option<f64>,
    /// Bits a second, measured.
    pub bitrate: Option<f64>,
    /// Milliseconds from taking a frame up until it is encoded, median of the last seconds. An encoder that looks ahead holds frames back:
    /// that counts.
    pub frame_ms: Option<f64>,
    /// The encoder; absent for `source`.
    pub encoder: Option<EncoderInUse>,
}
