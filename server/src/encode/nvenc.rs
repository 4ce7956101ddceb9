//! H.264, H.265 and AV1 by NVIDIA's encoder, from pictures in the device's memory.
//!
//! What changes while it runs are the numbers of a rate control, the frame rate, and the size up to the largest one that the session was
//! opened for; the kind of rate control, the GOP and everything else are chosen at the start (Video Codec SDK, `NvEncReconfigureEncoder`). B-frames come out in decoding order
//! without decoding times: these are made of the times of the frames that went in.

use super::choice::on_card;
use super::plan::{EncoderPlan, Purpose, Rate};
use super::shape::unsaid;
use super::{EncodeError, Encoded, Encoder, NeedsNew};
use crate::device::{Card, Seat, sentence};
use crate::pipeline::frame::{Frame, Input, Samples};
use bytes::Bytes;
use sightline_nv::{
    Context, EncoderCaps, EncoderSettings, Error, Format, Picture, Pool, RateControl, Reconfigured, Timings, Tuning,
};
use sightline_shared::encoder::{Codec, Preset, Tune};
use sightline_shared::time::TIMESCALE;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Frames of a file that may be in the encoder while others are given, so that the device has always something to do.
const BEHIND_FILE: usize = 2;
/// Frames of a camera that may be, where the next one waits already.
const BEHIND_LIVE: usize = 1;
/// Frames whose time on the device is waited for at most.
const WORKED: usize = 32;

/// An open session, the picture that is written next, and where further ones come from.
pub(super) struct NvencEncoder {
    encoder: sightline_nv::Encoder,
    pool: Pool,
    next: Picture,
    /// A frame's own picture, encoded in place of `next`.
    taken: Option<Picture>,
    plan: EncoderPlan,
    times: Times,
    card: Arc<Card>,
    worked: Timings<()>,
}

/// Makes decoding times: the k-th access unit that comes out is decoded when the (k-d)-th frame was shown, d being how far B-frames
/// reorder.
struct Times {
    depth: usize,
    step: i64,
    waiting: VecDeque<i64>,
    out: usize,
    first: i64,
}

impl Times {
    fn new(plan: &EncoderPlan) -> Self {
        // One B-frame refers to its neighbours; of several the middle one may be referred to as well.
        let depth = usize::from(plan.b_frames.min(2));
        let step = (f64::from(TIMESCALE) / plan.fps).round() as i64;
        Self { depth, step, waiting: VecDeque::new(), out: 0, first: 0 }
    }

    fn enter(&mut self, pts: i64) {
        if self.out == 0 && self.waiting.is_empty() {
            self.first = pts;
        }
        self.waiting.push_back(pts);
    }

    fn leave(&mut self, pts: i64) -> i64 {
        let early = self.depth.saturating_sub(self.out);
        self.out += 1;
        let dts =
            if early > 0 { self.first - early as i64 * self.step } else { self.waiting.pop_front().unwrap_or(pts) };
        dts.min(pts)
    }
}

impl NvencEncoder {
    /// Opens a session.
    ///
    /// # Errors
    /// [`EncodeError::Device`] with the reason: another body may encode.
    pub(super) fn open(plan: &EncoderPlan, seat: &Seat) -> Result<Self, EncodeError> {
        let none = |reason| EncodeError::Device { reason, lost: false };
        let card = seat.card().map_err(none)?;
        let caps = card.encodes(on_card(plan.codec)).map_err(none)?;
        let wrong = |error: Error| device_error(&card, &error);
        let context = card.context().map_err(wrong)?;
        let settings = settings(plan, &caps);
        let pool = pool(&context, plan).map_err(wrong)?;
        let next = leased(&pool).map_err(wrong)?;
        let undisturbed = card.opening();
        let mut encoder = sightline_nv::Encoder::named(&context, settings, &seat.session_name()).map_err(wrong)?;
        drop(undisturbed);
        encoder.behind(if plan.purpose == Purpose::File { BEHIND_FILE } else { 0 });
        let (plan, times) = (plan.clone(), Times::new(plan));
        let worked = Timings::new(WORKED);
        Ok(Self { encoder, pool, next, taken: None, plan, times, card, worked })
    }

    fn go_over(&mut self, plan: &EncoderPlan) -> Result<Reconfigured, Error> {
        let resized = (plan.width, plan.height) != (self.plan.width, self.plan.height);
        // Had before anything changes: without them the session goes on as it was until another one is open.
        let pictures = if resized { Some(pool(&self.card.context()?, plan)?) } else { None };
        let next = pictures.as_ref().map(leased).transpose()?;
        let made = self.encoder.reconfigure(&settings(plan, self.encoder.abilities()))?;
        if made == Reconfigured::Live {
            self.plan = plan.clone();
            if let (Some(pool), Some(next)) = (pictures, next) {
                (self.pool, self.next, self.taken) = (pool, next, None);
            }
        }
        Ok(made)
    }

    fn encoded(&mut self, units: Vec<sightline_nv::Encoded>) -> Vec<Encoded> {
        let codec = self.plan.codec;
        let one = |unit: sightline_nv::Encoded| {
            let dts = self.times.leave(unit.pts);
            self.worked.push((), unit.timing);
            Encoded { codec, pts: unit.pts, dts, key: unit.key, data: Bytes::from(unit.data) }
        };
        units.into_iter().map(one).collect()
    }
}

/// Pictures of the plan's size.
fn pool(context: &Context, plan: &EncoderPlan) -> Result<Pool, Error> {
    let behind = if plan.purpose == Purpose::File { BEHIND_FILE } else { BEHIND_LIVE };
    // Those that are held for their order or are still encoded, the one that is written, and one that comes back late.
    let capacity = usize::from(plan.b_frames) + behind + 3;
    Pool::new(context, Format::Nv12, (plan.width, plan.height), capacity)
}

fn leased(pool: &Pool) -> Result<Picture, Error> {
    pool.lease()?.ok_or_else(|| Error::Invalid("the encoder holds back more pictures than it said".into()))
}

fn device_error(card: &Card, error: &Error) -> EncodeError {
    card.note(error);
    EncodeError::Device { reason: sentence(error), lost: card.lost().is_some() }
}

/// The plan as the device's encoder takes it.
fn settings(plan: &EncoderPlan, caps: &EncoderCaps) -> EncoderSettings {
    let said = |code: u8| if unsaid(code) { 2 } else { code };
    EncoderSettings {
        codec: on_card(plan.codec),
        format: Format::Nv12,
        width: plan.width,
        height: plan.height,
        most: plan.most,
        aspect: plan.sample_aspect,
        fps: ((plan.fps * 1000.0).round() as u32, 1000),
        preset: preset(plan.preset),
        tuning: match plan.tune {
            Tune::Ull => Tuning::UltraLowLatency,
            Tune::Ll => Tuning::LowLatency,
            Tune::Hq => Tuning::HighQuality,
        },
        rate: rate(plan, caps),
        gop: Some(plan.gop),
        b_frames: plan.b_frames.into(),
        colour: sightline_nv::Colour {
            full_range: plan.colour.full_range,
            primaries: said(plan.colour.primaries),
            transfer: said(plan.colour.transfer),
            matrix: said(plan.colour.matrix),
        },
    }
}

/// AV1's target qualities are 1 to 63 and its quantisers 0 to 255: ours of 0 to 51 are stretched to them.
fn rate(plan: &EncoderPlan, caps: &EncoderCaps) -> RateControl {
    let av1 = plan.codec == Codec::Av1;
    let bits = |bits: u64| u32::try_from(bits).unwrap_or(u32::MAX);
    let vbv = |buffer: u64| if caps.vbv { bits(buffer) } else { 0 };
    match plan.rate {
        Rate::Cbr { bitrate, buffer } => RateControl {
            mode: sightline_nv::Rate::Cbr,
            bitrate: bits(bitrate),
            maximum: bits(bitrate),
            vbv: vbv(buffer),
        },
        Rate::Vbr { bitrate, max, buffer } => {
            RateControl { mode: sightline_nv::Rate::Vbr, bitrate: bits(bitrate), maximum: bits(max), vbv: vbv(buffer) }
        }
        Rate::Crf(quality, limit) => {
            let (maximum, buffer) = limit.unwrap_or_default();
            let quality = if av1 { ((u16::from(quality) * 63 + 25) / 51) as u8 } else { quality };
            let mode = sightline_nv::Rate::Quality(quality.max(1));
            RateControl { mode, bitrate: 0, maximum: bits(maximum), vbv: vbv(buffer) }
        }
        Rate::Cqp(quality) => {
            let quality = u32::from(quality) * if av1 { 5 } else { 1 };
            let mode = sightline_nv::Rate::ConstQp(quality, quality, quality);
            RateControl { mode, bitrate: 0, maximum: 0, vbv: 0 }
        }
    }
}

fn preset(preset: Preset) -> u8 {
    match preset {
        Preset::P1 => 1,
        Preset::P2 => 2,
        Preset::P3 => 3,
        Preset::P4 => 4,
        Preset::P5 => 5,
        Preset::P6 => 6,
        Preset::P7 => 7,
    }
}

/// NVENC's name of a preset.
pub(super) fn preset_name(of: Preset) -> String {
    format!("p{}", preset(of))
}

/// Whether a session with the plan `from` can follow `to`.
pub(super) fn changes_live(from: &EncoderPlan, to: &EncoderPlan) -> bool {
    let same_kind = match (from.rate, to.rate) {
        (Rate::Cbr { .. }, Rate::Cbr { .. }) | (Rate::Vbr { .. }, Rate::Vbr { .. }) => true,
        (from, to) => from == to,
    };
    let fits = to.width <= from.most.0 && to.height <= from.most.1;
    let (width, height) = (from.width, from.height);
    same_kind && fits && EncoderPlan { rate: from.rate, fps: from.fps, width, height, ..to.clone() } == *from
}

impl Encoder for NvencEncoder {
    fn describe(&self) -> String {
        format!("{} on {}, device {}", self.plan.words(), self.card.name(), self.card.ordinal())
    }

    fn input(&mut self) -> Input<'_> {
        Input::Device(&self.next)
    }

    fn take(&mut self, frame: &Frame) -> bool {
        let Samples::Device(lying) = &frame.samples else { return false };
        let picture = lying.picture();
        // A picture that waits for its order would keep its decoder's surface for frames on end.
        let fits = self.plan.b_frames == 0
            && picture.format() == Format::Nv12
            && picture.size() == (self.plan.width, self.plan.height)
            && picture.context().ordinal() == self.card.ordinal();
        self.taken = fits.then(|| picture.clone());
        fits
    }

    fn another_waits(&mut self, waits: bool) {
        if self.plan.purpose == Purpose::Live {
            self.encoder.behind(if waits { BEHIND_LIVE } else { 0 });
        }
    }

    fn encode(&mut self, pts: i64, force_key: bool) -> Result<Vec<Encoded>, EncodeError> {
        let taken = self.taken.take();
        self.times.enter(pts);
        let made = self.encoder.encode(taken.as_ref().unwrap_or(&self.next), pts, force_key);
        let made = made.and_then(|units| {
            if taken.is_none() {
                self.next = leased(&self.pool)?;
            }
            Ok(units)
        });
        let units = made.map_err(|error| device_error(&self.card, &error))?;
        Ok(self.encoded(units))
    }

    fn reconfigure(&mut self, plan: &EncoderPlan) -> Result<(), NeedsNew> {
        if *plan == self.plan {
            return Ok(());
        }
        if !changes_live(&self.plan, plan) {
            return Err(NeedsNew);
        }
        match self.go_over(plan) {
            Ok(Reconfigured::Live) => Ok(()),
            Ok(Reconfigured::NeedsNew(reason)) => {
                tracing::debug!("a new encode session: {reason}");
                Err(NeedsNew)
            }
            Err(error) => {
                self.card.note(&error);
                Err(NeedsNew)
            }
        }
    }

    fn flush(&mut self) -> Result<Vec<Encoded>, EncodeError> {
        let units = self.encoder.finish().map_err(|error| device_error(&self.card, &error))?;
        Ok(self.encoded(units))
    }

    fn device_times(&mut self) -> Vec<Duration> {
        self.worked.finished().into_iter().map(|((), took)| took).collect()
    }
}

#[cfg(test)]
#[path = "nvenc_tests.rs"]
mod tests;
