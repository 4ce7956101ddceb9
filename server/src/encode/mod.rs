//! Frames in, access units out. The contract and the choice of the body; bodies stand beside it under the name of what they
//! use. `plan.rs` answers every question that the settings leave open, `check.rs` says what cannot be had, `shape.rs` knows
//! sizes, `merge.rs` takes a change in, `caps.rs` says what this machine can do.

mod caps;
mod check;
mod choice;
mod merge;
mod nvenc;
mod plan;
mod shape;
mod software;
mod svtav1;
mod x264;
mod x265;

pub use caps::{LIMITS, caps};
pub use check::{Refusal, check};
pub use choice::{Planned, have, plan_on, why_not_on_device};
pub use merge::{asked_changes, merge, with_one_of};
pub use plan::{EncoderPlan, Purpose, Rate, codec_of, resolve};
pub use shape::PictureFacts;

use crate::device::Seat;
use crate::pipeline::frame::{Frame, Input};
use bytes::Bytes;
use sightline_shared::encoder::{Backend, Codec};
use std::time::Duration;

/// Why nothing was encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The encoder cannot be had here.
    #[error("{0}")]
    Unavailable(String),
    /// The encoder refused a frame.
    #[error("the encoder refused frame {pts}: {reason}")]
    Refused {
        /// PTS of the frame in 90 kHz.
        pts: i64,
        /// Its words.
        reason: String,
    },
    /// The device's encoder cannot be had, or cannot go on; another body may.
    #[error("{reason}")]
    Device {
        /// In a sentence.
        reason: String,
        /// Whether the whole device is gone: another one may do as well as this one did.
        lost: bool,
    },
}

/// The plan cannot be followed by the encoder that runs: a new one has to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsNew;

/// One encoded frame.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// What it is.
    pub codec: Codec,
    /// PTS of the frame that went in, 90 kHz.
    pub pts: i64,
    /// Decoding time, 90 kHz; equal to `pts` without B-frames, and never later.
    pub dts: i64,
    /// Whether decoding can start here.
    pub key: bool,
    /// H.264 and H.265: NAL units behind start codes, parameter sets in front of every key frame. AV1: a temporal unit of OBUs, the
    /// sequence header in that of every key frame.
    pub data: Bytes,
}

/// An open encoder. A picture is written into [`Encoder::input`] and then encoded, so that nothing is copied between.
pub trait Encoder: Send {
    /// What it is, for people: `software (libx264 superfast)`.
    fn describe(&self) -> String;

    /// Where the next picture is to be written: I420 in host memory, or NV12 on the encoder's device, of the plan's size. What
    /// stands there before is undefined.
    fn input(&mut self) -> Input<'_>;

    /// Takes the samples of `frame` as they lie in place of what would be written into [`Encoder::input`]; false where they are of
    /// another size or layout, or lie elsewhere.
    fn take(&mut self, frame: &Frame) -> bool {
        let _ = frame;
        false
    }

    /// Says whether another frame already waits behind the next one. Where it does, a device may still be encoding this one when that
    /// is resized, so that it works on both; where none does, nothing is held back.
    fn another_waits(&mut self, waits: bool) {
        let _ = waits;
    }

    /// Encodes what was written, as the frame at `pts` (90 kHz, growing over the life of the encoder); as a key frame where
    /// `force_key` says so. Gives what is ready, which with [`sightline_shared::encoder::Tune::Ull`] is this very
    /// frame, but for SVT-AV1, which is three frames behind at least.
    ///
    /// # Errors
    /// The encoder refused the frame.
    fn encode(&mut self, pts: i64, force_key: bool) -> Result<Vec<Encoded>, EncodeError>;

    /// Follows another plan from the next frame on, without a key frame.
    ///
    /// # Errors
    /// [`NeedsNew`]: something differs that this encoder cannot change while it runs; it goes on as before.
    fn reconfigure(&mut self, plan: &EncoderPlan) -> Result<(), NeedsNew>;

    /// The access units that were held back; nothing can be encoded afterwards.
    ///
    /// # Errors
    /// The encoder failed.
    fn flush(&mut self) -> Result<Vec<Encoded>, EncodeError>;

    /// How long a device worked on each frame, of those that were not told yet.
    fn device_times(&mut self) -> Vec<Duration> {
        Vec::new()
    }
}

/// Opens an encoder; that of a device where the plan says so and the seat has one.
///
/// # Errors
/// It is not on this machine, or refuses the plan; [`EncodeError::Device`] where the device's cannot be had now.
pub fn open(plan: &EncoderPlan, seat: &Seat) -> Result<Box<dyn Encoder>, EncodeError> {
    match plan.backend {
        Backend::Nvenc => Ok(Box::new(nvenc::NvencEncoder::open(plan, seat)?)),
        _ => software(plan),
    }
}

/// Opens an encoder in software.
///
/// # Errors
/// It is not on this machine, or refuses the plan.
pub fn software(plan: &EncoderPlan) -> Result<Box<dyn Encoder>, EncodeError> {
    match plan.backend {
        Backend::X264 | Backend::X265 | Backend::Svtav1 | Backend::Auto => {
            Ok(Box::new(software::SoftwareEncoder::open(plan)?))
        }
        other => Err(EncodeError::Unavailable(caps::reason(other).unwrap_or_default())),
    }
}

/// Whether an encoder with the plan `from` can follow `to` without a new session.
#[must_use]
pub fn changes_live(from: &EncoderPlan, to: &EncoderPlan) -> bool {
    match from.backend {
        Backend::Nvenc => nvenc::changes_live(from, to),
        _ => x264::changes_live(from, to),
    }
}
