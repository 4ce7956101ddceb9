//! Access units in, frames out. The contract and the choice of backend; bodies stand beside it.

pub mod libav;
mod nvdec;
pub mod packets;
mod units;

use crate::device::Seat;
use crate::pipeline::clock::Clock;
use crate::pipeline::frame::Frame;
use crate::pipeline::packet::{AccessUnit, StreamParams};
use std::sync::Arc;
use std::time::Duration;

/// The largest picture that is decoded, in pixels: 8K UHD (7680x4320) and a little. A frame of this size takes 53 MB; a
/// hostile file may claim 16384x16384, which would take 400 MB for each of up to 16 references.
pub const MAX_PIXELS: u64 = 8192 * 4608;

/// Why a frame was not decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No decoder can be had for this stream: analysis stays off until its parameters change.
    #[error("{0}")]
    Unsupported(String),
    /// This access unit is damaged; the next key frame may be well.
    #[error("damaged access unit at PTS {pts}: {reason}")]
    Damaged {
        /// PTS in 90 kHz.
        pts: i64,
        /// The decoder's words.
        reason: String,
    },
    /// The device cannot go on with this stream, or not at all; another body may. The access unit was not taken.
    #[error("{reason}")]
    Device {
        /// In a sentence.
        reason: String,
        /// Whether the whole device is gone: another one may do as well as this one did.
        lost: bool,
    },
}

/// A decoder of one stream. Frames come out in order of presentation, each with the PTS of its access unit.
pub trait Decoder: Send {
    /// What it is, for people: `software (libavcodec h264)`.
    fn describe(&self) -> String;
    /// Takes one access unit, appends the frames that are ready.
    ///
    /// # Errors
    /// The access unit is damaged; decoding may go on with the next one.
    fn decode(&mut self, unit: &AccessUnit, frames: &mut Vec<Frame>) -> Result<(), DecodeError>;
    /// Appends the frames that were held back for reordering, and forgets all references.
    fn flush(&mut self, frames: &mut Vec<Frame>);
    /// Nobody waits for the newest frame: a few may stay inside, so that a device has always something to decode.
    fn hurry(&mut self) {}

    /// How long a device worked on each frame, of those that were not told yet.
    fn device_times(&mut self) -> Vec<Duration> {
        Vec::new()
    }
}

/// A decoder, and why it is not that of a device where it is not.
pub struct Opened {
    /// The decoder.
    pub decoder: Box<dyn Decoder>,
    /// In a sentence.
    pub instead: Option<String>,
}

/// A decoder for the stream: the device's where the seat has one that can, else libavcodec's.
///
/// # Errors
/// [`DecodeError::Unsupported`] with what cannot be decoded and why.
pub fn open(params: &StreamParams, clock: Arc<dyn Clock>, seat: &Seat) -> Result<Opened, DecodeError> {
    within_limits(params)?;
    let opened = seat
        .decoder(&params.video)
        .and_then(|(card, codec)| nvdec::NvdecDecoder::open(&params.video, codec, clock.clone(), &card, seat.bus()));
    match opened {
        Ok(decoder) => Ok(Opened { decoder: Box::new(decoder), instead: None }),
        Err(reason) => Ok(Opened { decoder: software(params, clock)?, instead: Some(reason) }),
    }
}

/// libavcodec's decoder for the stream.
///
/// # Errors
/// As [`open`].
pub fn software(params: &StreamParams, clock: Arc<dyn Clock>) -> Result<Box<dyn Decoder>, DecodeError> {
    within_limits(params)?;
    Ok(Box::new(libav::LibavDecoder::open(&params.video, clock)?))
}

fn within_limits(params: &StreamParams) -> Result<(), DecodeError> {
    let video = &params.video;
    let pixels = u64::from(video.width) * u64::from(video.height);
    if pixels > MAX_PIXELS {
        return Err(DecodeError::Unsupported(format!(
            "Pictures of {}x{} are larger than what is analysed ({MAX_PIXELS} pixels). The picture is still shown; \
             choose a smaller stream of the camera for detection.",
            video.width, video.height
        )));
    }
    Ok(())
}
