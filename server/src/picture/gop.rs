//! The newest frame of a GOP whose chunks are at hand, for when nothing decodes the camera.

use super::PictureError;
use crate::decode::{self, Decoder};
use crate::fragment::Chunk;
use crate::pipeline::clock::Clock;
use crate::pipeline::frame::Frame;
use crate::pipeline::packet::StreamParams;
use sightline_shared::time::Pts;
use std::sync::Arc;
use std::time::Duration;

/// How much is decoded for one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Coded bytes.
    pub bytes: usize,
    /// Time.
    pub time: Duration,
}

impl Default for Limits {
    /// A hub's worth of bytes; ten seconds of 1080p take about one on one core.
    fn default() -> Self {
        Self { bytes: 8 << 20, time: Duration::from_secs(3) }
    }
}

/// Decodes `chunks` (video, from a key frame on) up to the frame `wanted`, or the newest one. Where that is beyond `limits`, or damaged, it
/// gives the newest one that could be had before: look at its PTS.
///
/// # Errors
/// No decoder can be had for `params`, or nothing came out of it.
pub fn from_gop(
    params: &Arc<StreamParams>,
    chunks: &[Arc<Chunk>],
    wanted: Option<Pts>,
    limits: Limits,
    clock: &Arc<dyn Clock>,
) -> Result<Frame, PictureError> {
    let mut decoder = decode::software(params, clock.clone()).map_err(|e| PictureError::NotDecoded(e.to_string()))?;
    let mut newest = Newest { wanted, frame: None, frames: Vec::new() };
    let (start, mut bytes, mut wrong) = (clock.now(), 0, None);
    for chunk in chunks.iter().filter(|chunk| !chunk.is_audio()).skip_while(|chunk| !chunk.is_key()) {
        let Some(unit) = chunk.access_unit(params) else { continue };
        bytes += unit.data.len();
        if bytes > limits.bytes || clock.now().since(start) > limits.time {
            break;
        }
        wrong = decoder.decode(&unit, &mut newest.frames).err().or(wrong);
        if newest.keep() {
            break;
        }
    }
    flush(&mut *decoder, &mut newest);
    let why = || wrong.map_or("there is no key frame among them".into(), |e| e.to_string());
    newest.frame.ok_or_else(|| PictureError::NotDecoded(why()))
}

fn flush(decoder: &mut dyn Decoder, newest: &mut Newest) {
    decoder.flush(&mut newest.frames);
    newest.keep();
}

/// The frame to give, so far; the others are let go of at once.
struct Newest {
    wanted: Option<Pts>,
    frame: Option<Frame>,
    frames: Vec<Frame>,
}

impl Newest {
    /// Takes what came out of the decoder; true once it is the frame that is wanted.
    fn keep(&mut self) -> bool {
        for frame in self.frames.drain(..) {
            let beyond = self.wanted.is_some_and(|wanted| frame.pts > wanted);
            if !beyond && self.frame.as_ref().is_none_or(|newest| frame.pts >= newest.pts) {
                self.frame = Some(frame);
            }
        }
        self.wanted.is_some() && self.frame.as_ref().map(|frame| frame.pts) == self.wanted
    }
}
