//! What somebody asked of an encoder, and what the picture is -> every question answered, or the field that cannot be.

use super::check::{Refusal, check, rate_control};
use super::shape::{PictureFacts, size, told_colour};
use super::svtav1;
use crate::pipeline::frame::Colour;
use sightline_shared::encoder::{
    Backend, Codec, EncoderInUse, EncoderSettings, Preset, QualityPreset, RateControl, Tune,
};

/// What the defaults are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody looks now: a frame in, its access unit out, on one thread.
    Live,
    /// A file, as fast as it goes: look-ahead and B-frames, on as many threads as the encoder likes.
    File,
}

/// How bits are spent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// As many bits a second, over a buffer of bits.
    Cbr {
        /// Bits a second.
        bitrate: u64,
        /// Bits.
        buffer: u64,
    },
    /// As many on average, never more than `max` over the buffer.
    Vbr {
        /// Bits a second.
        bitrate: u64,
        /// Bits a second.
        max: u64,
        /// Bits.
        buffer: u64,
    },
    /// A fixed quantiser, 0..51 whatever the codec's own scale is.
    Cqp(u8),
    /// A fixed quality, 0..51; with a maximum and its buffer where asked for.
    Crf(u8, Option<(u64, u64)>),
}

/// Every question answered: what an encoder is opened with.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderPlan {
    /// Who encodes; never `auto`.
    pub backend: Backend,
    /// To what.
    pub codec: Codec,
    /// Fastest to best.
    pub preset: Preset,
    /// What for.
    pub tune: Tune,
    /// How bits are spent.
    pub rate: Rate,
    /// Frames from one key frame to the next.
    pub gop: u32,
    /// Frames between two that are predicted forward alone.
    pub b_frames: u8,
    /// Width in pixels as coded, even.
    pub width: u32,
    /// Height in pixels as coded, even.
    pub height: u32,
    /// The size that the encoder can go over to while it runs, at most: its own where it cannot.
    pub most: (u32, u32),
    /// Frames a second.
    pub fps: f64,
    /// What samples mean; written into the stream.
    pub colour: Colour,
    /// Sample aspect ratio; written into the stream.
    pub sample_aspect: (u32, u32),
    /// Threads of the encoder; 0 leaves it to the encoder.
    pub threads: u32,
    /// Whether somebody waits for each frame.
    pub purpose: Purpose,
}

/// Answers every question that `asked` leaves open.
///
/// # Errors
/// As [`check`], or the size cannot be had of this picture.
pub fn resolve(asked: &EncoderSettings, facts: &PictureFacts, purpose: Purpose) -> Result<EncoderPlan, Refusal> {
    resolve_for(asked, facts, purpose, software_of(codec_of(asked)), u32::MAX)
}

/// The codec that the settings mean: an encoder that is asked for by name brings its own.
#[must_use]
pub fn codec_of(asked: &EncoderSettings) -> Codec {
    asked.codec.unwrap_or(match asked.backend {
        Some(Backend::X265) => Codec::Hevc,
        Some(Backend::Svtav1) => Codec::Av1,
        _ => Codec::H264,
    })
}

/// Who encodes to it in software.
pub(super) fn software_of(codec: Codec) -> Backend {
    match codec {
        Codec::H264 => Backend::X264,
        Codec::Hevc => Backend::X265,
        Codec::Av1 => Backend::Svtav1,
    }
}

/// The same for a backend, which makes no more than so many B-frames in a row of its own accord.
pub(super) fn resolve_for(
    asked: &EncoderSettings,
    facts: &PictureFacts,
    purpose: Purpose,
    backend: Backend,
    most_b_frames: u32,
) -> Result<EncoderPlan, Refusal> {
    check(asked, purpose)?;
    let live = purpose == Purpose::Live;
    let (width, height, sample_aspect) = size(asked, facts)?;
    let fps = asked.fps.map_or(facts.fps, |fps| fps.min(facts.fps));
    let tune = asked.tune.unwrap_or(match (live, asked.b_frames) {
        (true, None | Some(0)) => Tune::Ull,
        (true, Some(_)) => Tune::Ll,
        (false, _) => Tune::Hq,
    });
    let (preset, quality) = usual_preset(asked, purpose, backend);
    let gop = asked.gop.unwrap_or_else(|| ((fps * 2.0).round() as u32).clamp(1, 1200));
    let codec = codec_of(asked);
    let some = tune == Tune::Hq && !live && codec != Codec::Av1;
    let usual_b_frames = if some { u8::try_from(most_b_frames.min(3)).unwrap_or(3) } else { 0 };
    let b_frames = asked.b_frames.unwrap_or(usual_b_frames.min(u8::try_from(gop - 1).unwrap_or(u8::MAX)));
    let plan = EncoderPlan {
        backend,
        codec,
        preset: asked.preset.unwrap_or(preset),
        tune,
        rate: rate(asked, purpose, (width, height, fps), tune, quality),
        gop,
        b_frames,
        width,
        height,
        most: (width, height),
        fps,
        colour: told_colour(facts, (width, height)),
        sample_aspect,
        threads: u32::from(live),
        purpose,
    };
    if backend == Backend::Svtav1 { svtav1::fitted(plan) } else { Ok(plan) }
}

/// Preset and quality where they are not given.
fn usual_preset(asked: &EncoderSettings, purpose: Purpose, backend: Backend) -> (Preset, u8) {
    let (preset, quality) = match asked.quality_preset {
        Some(QualityPreset::Fast) => (Preset::P2, 27),
        Some(QualityPreset::Balanced) => (Preset::P4, 23),
        Some(QualityPreset::Quality) => (Preset::P5, 20),
        Some(QualityPreset::Archive) => (Preset::P6, 17),
        // x265 superfast takes seven times the work of x264's, ultrafast four times, SVT-AV1's fastest twice: a camera does not wait.
        None if purpose == Purpose::Live && matches!(backend, Backend::X265 | Backend::Svtav1) => (Preset::P1, 23),
        // Superfast: 720p30 in a sixth of a core; for files what x264 itself would take.
        None if purpose == Purpose::Live => (Preset::P2, 23),
        None => (Preset::P5, 23),
    };
    // x265's own default is 28 where x264's is 23; SVT-AV1's is 35 of 63, which is 28 of 51.
    (preset, if matches!(backend, Backend::X265 | Backend::Svtav1) { quality + 5 } else { quality })
}

fn rate(asked: &EncoderSettings, purpose: Purpose, picture: (u32, u32, f64), tune: Tune, quality: u8) -> Rate {
    let bitrate = asked.bitrate.unwrap_or_else(|| usual_bitrate(picture));
    // Half a second: a key frame ten times another one still leaves in time; for files what players expect.
    let buffer_of = |rate: u64| if tune == Tune::Ull { (rate / 2).max(10_000) } else { rate * 2 };
    let quality = asked.quality.unwrap_or(quality);
    match rate_control(asked, purpose) {
        RateControl::Cbr => Rate::Cbr { bitrate, buffer: asked.buffer_size.unwrap_or_else(|| buffer_of(bitrate)) },
        RateControl::Vbr => {
            let bitrate = asked.max_bitrate.map_or(bitrate, |max| bitrate.min(max));
            let max = asked.max_bitrate.unwrap_or(bitrate + bitrate / 2);
            Rate::Vbr { bitrate, max, buffer: asked.buffer_size.unwrap_or_else(|| buffer_of(max)) }
        }
        RateControl::Cqp => Rate::Cqp(quality),
        RateControl::Crf => {
            let limit = asked.max_bitrate.map(|max| (max, asked.buffer_size.unwrap_or_else(|| buffer_of(max))));
            Rate::Crf(quality, limit)
        }
    }
}

/// 0.09 bits a pixel, rounded: 2.5 Mb/s for 720p30, 5.6 Mb/s for 1080p30.
fn usual_bitrate((width, height, fps): (u32, u32, f64)) -> u64 {
    let bits = f64::from(width) * f64::from(height) * fps * 0.09;
    ((bits / 1e5).round() * 1e5).clamp(200_000.0, 20_000_000.0) as u64
}

impl EncoderPlan {
    /// As the API tells it.
    #[must_use]
    pub fn in_use(&self, words: String) -> EncoderInUse {
        let (rate_control, quality, bitrate, max_bitrate, buffer_size) = match self.rate {
            Rate::Cbr { bitrate, buffer } => (RateControl::Cbr, None, Some(bitrate), Some(bitrate), Some(buffer)),
            Rate::Vbr { bitrate, max, buffer } => (RateControl::Vbr, None, Some(bitrate), Some(max), Some(buffer)),
            Rate::Cqp(quality) => (RateControl::Cqp, Some(quality), None, None, None),
            Rate::Crf(quality, limit) => {
                (RateControl::Crf, Some(quality), None, limit.map(|l| l.0), limit.map(|l| l.1))
            }
        };
        EncoderInUse {
            backend: self.backend,
            words,
            codec: self.codec,
            preset: self.preset,
            tune: self.tune,
            rate_control,
            quality,
            bitrate,
            max_bitrate,
            buffer_size,
            gop: self.gop,
            b_frames: self.b_frames,
            width: self.width,
            height: self.height,
            fps: self.fps,
        }
    }

    /// Who encodes, in words: `software (libx264 superfast)`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.backend {
            Backend::Nvenc => format!("NVENC ({})", super::nvenc::preset_name(self.preset)),
            Backend::Svtav1 => format!("software (libsvtav1 preset {})", svtav1::preset(self)),
            _ => {
                let library = if self.codec == Codec::Hevc { "libx265" } else { "libx264" };
                format!("software ({library} {})", super::x264::preset_name(self.preset))
            }
        }
    }

    /// The same plan for an encoder that never changes its size: it takes no memory for a larger one.
    #[must_use]
    pub fn of_one_size(self) -> Self {
        Self { most: (self.width, self.height), ..self }
    }

    /// Whether this plan differs from `other` only in what the rate control does from frame to frame.
    #[must_use]
    pub fn differs_in_rate_alone(&self, other: &Self) -> bool {
        Self { rate: other.rate, ..self.clone() } == *other
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
