//! What a ring holds, laid out on one time axis: reels of one parameter set each, and what is missing between their frames.
//!
//! The axis counts 90 kHz ticks of the server's monotonic clock. An epoch's PTS lie on it by its least delayed frame, as
//! in `pipeline/anchors.rs`: over the minutes that are kept, the drift of a camera's clock is a few milliseconds.

use super::ring::Gop;
use crate::fragment::{Chunk, InitSet};
use crate::pipeline::clock::Mono;
use bytes::Bytes;
use sightline_shared::time::{Epoch, TIMESCALE};
use sightline_shared::tracks::Track;
use sightline_shared::wire::ServerMessage;
use std::sync::Arc;

/// A frame of video on the axis.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its epoch.
    pub epoch: Epoch,
    /// Decoding time; grows from frame to frame.
    pub dts: i64,
    /// Presentation time.
    pub pts: i64,
    /// As its chunk says: measured from the frame before, at least 1.
    pub duration: i64,
    /// Whether decoding can start here.
    pub key: bool,
    /// The coded frame.
    pub data: Bytes,
    /// What it came in.
    pub chunk: Arc<Chunk>,
}

/// A frame of sound.
#[derive(Clone, Debug)]
pub struct Sound {
    /// When it begins, in samples on the same axis.
    pub start: i64,
    /// In samples.
    pub duration: i64,
    /// The coded frame.
    pub data: Bytes,
}

/// A stretch with one parameter set, over all its epochs.
#[derive(Clone, Debug)]
pub struct Reel {
    /// What its frames are coded with.
    pub init: Arc<InitSet>,
    /// In decoding order, the first a key frame. Empty never.
    pub frames: Vec<Frame>,
    /// In order.
    pub sounds: Vec<Sound>,
    /// Tracks messages, to be read only where they are drawn.
    pub tracks: Vec<Told>,
}

/// A tracks message as it was sent.
#[derive(Clone, Debug)]
pub struct Told {
    /// The epoch in which it came; one of another epoch was late for its own.
    epoch: Epoch,
    /// What is added to its PTS to come to the axis.
    shift: i64,
    text: Arc<str>,
}

impl Told {
    /// Where its frame stands on the axis, and what was in it.
    #[must_use]
    pub fn read(&self) -> Option<(i64, Vec<Track>)> {
        match serde_json::from_str(&self.text) {
            Ok(ServerMessage::Tracks(tracks)) if tracks.epoch == self.epoch => {
                Some((tracks.pts.0 + self.shift, tracks.tracks))
            }
            _ => None,
        }
    }
}

/// A part of a reel without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first picture.
    pub from: i64,
    /// The end of its last.
    pub to: i64,
    /// Of the coded pictures.
    pub bytes: u64,
    /// The first picture begins an epoch.
    pub starts_epoch: bool,
}

/// Pictures that are missing for longer than this (and two frames) are a gap.
const GAP: i64 = TIMESCALE as i64;

/// Nanoseconds of the monotonic axis as ticks.
#[must_use]
pub fn ticks(mono: Mono) -> i64 {
    i64::try_from(mono.0.as_nanos() * u128::from(TIMESCALE) / 1_000_000_000).unwrap_or(i64::MAX)
}

/// Ticks as samples of a rate, to the nearest.
#[must_use]
pub fn to_samples(ticks: i64, rate: u32) -> i64 {
    scale(ticks, rate, TIMESCALE)
}

/// Samples of a rate as ticks, to the nearest.
#[must_use]
pub fn to_ticks(samples: i64, rate: u32) -> i64 {
    scale(samples, TIMESCALE, rate.max(1))
}

fn scale(value: i64, by: u32, over: u32) -> i64 {
    let (by, over) = (i128::from(by), i128::from(over));
    i64::try_from((i128::from(value) * by + over / 2).div_euclid(over)).unwrap_or(i64::MAX)
}

impl Reel {
    /// The first picture that can be shown: frames before it in time belong to a GOP that is gone.
    #[must_use]
    pub fn start(&self) -> i64 {
        self.frames[0].pts
    }

    /// The end of the last picture.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.frames.iter().map(|frame| frame.pts + frame.duration).max().unwrap_or_default()
    }

    /// Samples a second of the sound, where there is some.
    #[must_use]
    pub fn rate(&self) -> Option<u32> {
        self.init.text.audio.as_ref().map(|audio| audio.sample_rate)
    }

    /// What is there without a gap, oldest first.
    #[must_use]
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut shown: Vec<&Frame> = self.frames.iter().filter(|frame| frame.pts >= self.start()).collect();
        shown.sort_by_key(|frame| frame.pts);
        let mut out: Vec<Stretch> = Vec::new();
        let mut epoch = None;
        for frame in shown {
            let (end, bytes) = (frame.pts + frame.duration, frame.data.len() as u64);
            let gap = GAP.max(2 * frame.duration);
            match out.last_mut() {
                Some(last) if frame.pts - last.to <= gap => {
                    last.to = last.to.max(end);
                    last.bytes += bytes;
                }
                _ => out.push(Stretch { from: frame.pts, to: end, bytes, starts_epoch: epoch != Some(frame.epoch) }),
            }
            epoch = Some(frame.epoch);
        }
        out
    }
}

/// Lays out what a ring gave.
#[must_use]
pub fn reels(gops: &[Arc<Gop>]) -> Vec<Reel> {
    let mut out: Vec<Reel> = Vec::new();
    for epoch in gops.chunk_by(|a, b| Arc::ptr_eq(&a.init, &b.init)) {
        let init = &epoch[0].init;
        let after = out.last().map(Reel::end);
        let shift = shift(epoch, after);
        // Init segments of the same bytes are the same parameters: the file goes on over the seam.
        let reel = match out.pop_if(|reel| reel.init.muxed == init.muxed) {
            Some(reel) => reel,
            None => Reel { init: Arc::clone(init), frames: Vec::new(), sounds: Vec::new(), tracks: Vec::new() },
        };
        out.push(extend(reel, epoch, shift));
    }
    out.retain(|reel| !reel.frames.is_empty());
    out
}

/// What is added to the times of an epoch; not earlier than the end of what was before it.
fn shift(epoch: &[Arc<Gop>], after: Option<i64>) -> i64 {
    let video = || epoch.iter().flat_map(|gop| &gop.chunks).filter(|chunk| !chunk.is_audio());
    let least = video().map(|chunk| ticks(chunk.arrived) - chunk.header.pts.0).min().unwrap_or_default();
    let first = video().next().map_or(0, |chunk| chunk.header.dts.0);
    after.map_or(least, |after| least.max(after - first))
}

fn extend(mut reel: Reel, epoch: &[Arc<Gop>], shift: i64) -> Reel {
    let in_samples = reel.rate().map(|rate| to_samples(shift, rate));
    for chunk in epoch.iter().flat_map(|gop| &gop.chunks) {
        let Some(sample) = chunk.sample() else { continue };
        if chunk.is_audio() {
            let Some(in_samples) = in_samples else { continue };
            let start = i64::try_from(sample.decode_time).unwrap_or(i64::MAX / 2) + in_samples;
            // What would lie over the sound before it, at a seam, is left out.
            if reel.sounds.last().is_none_or(|last| last.start < start) {
                reel.sounds.push(Sound { start, duration: i64::from(sample.duration).max(1), data: sample.data });
            }
            continue;
        }
        let (dts, pts) = (chunk.header.dts.0 + shift, chunk.header.pts.0 + shift);
        if reel.frames.last().is_none_or(|last| last.dts < dts) {
            reel.frames.push(Frame {
                epoch: chunk.header.epoch,
                dts,
                pts,
                duration: i64::from(chunk.header.duration).max(1),
                key: chunk.is_key(),
                data: sample.data,
                chunk: Arc::clone(chunk),
            });
        }
    }
    let of = epoch[0].init.epoch();
    let texts = epoch.iter().flat_map(|gop| &gop.tracks);
    reel.tracks.extend(texts.map(|text| Told { epoch: of, shift, text: Arc::clone(text) }));
    reel
}
