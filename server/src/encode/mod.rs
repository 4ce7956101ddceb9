//! Frames in, access units out. The contract and the choice of the body; bodies stand beside it under the name of what they
//! use. `plan.rs` answers every question that the settings leave open, `check.rs` says what cannot be had, `shape.rs` knows
//! sizes, `merge.rs` takes a change in, `caps.rs` says what this machine can do.

mod caps;
mod check;
mod merge;
mod plan;
mod shape;
mod x264;

pub use caps::{LIMITS, caps};
pub use check::{Refusal, check};
pub use merge::{asked_changes, merge, with_one_of};
pub use plan::{EncoderPlan, Purpose, Rate, resolve};
pub use shape::PictureFacts;
pub use x264::changes_live;

use crate::pipeline::frame::PictureMut;
use bytes::Bytes;
use sightline_shared::encoder::Backend;

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
}

/// The plan cannot be followed by the encoder that runs: a new one has to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsNew;

/// One encoded frame.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// PTS of the frame that went in, 90 kHz.
    pub pts: i64,
    /// Decoding time, 90 kHz; equal to `pts` without B-frames, and never later.
    pub dts: i64,
    /// Whether decoding can start here.
    pub key: bool,
    /// NAL units behind start codes; parameter sets in front of every key frame.
    pub annexb: Bytes,
}

/// An open encoder. A picture is written into [`Encoder::input`] and then encoded, so that nothing is copied between.
pub trait Encoder: Send {
    /// What it is, for people: `software (libx264 superfast)`.
    fn describe(&self) -> String;

    /// Where the next picture is to be written: I420 of the plan's size. What stands there before is undefined.
    fn input(&mut self) -> PictureMut<'_>;

    /// Encodes what was written, as the frame at `pts` (90 kHz, growing over the life of the encoder); as a key frame where
    /// `force_key` says so. Gives what is ready, which with [`sightline_shared::encoder::Tune::Ull`] is this very frame.
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
}

/// Opens an encoder.
///
/// # Errors
/// It is not on this machine, or refuses the plan.
pub fn open(plan: &EncoderPlan) -> Result<Box<dyn Encoder>, EncodeError> {
    match plan.backend {
        Backend::X264 | Backend::Auto => Ok(Box::new(x264::X264Encoder::open(plan)?)),
        other => Err(EncodeError::Unavailable(caps::reason(other).unwrap_or_default())),
    }
}
