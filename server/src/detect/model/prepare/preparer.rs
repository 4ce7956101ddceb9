//! Frames become inputs wherever they lie: on their device where the model reads there, in host memory otherwise, with no more of them over
//! the bus than the model sees.

use super::device::{There, WHOLE, is_plain};
use crate::detect::model::{Engine, Input, Placed, Spec};
use crate::detect::{Area, DetectError};
use crate::device::{Error, Fetcher, Home, Sight};
use crate::pipeline::frame::{Frame, PixelFormat, Samples};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Prepares the batches of one engine. It keeps as many inputs as the largest batch had.
#[derive(Default)]
pub struct Preparer {
    inputs: Vec<Input>,
    /// By the number of the device that frames come from.
    fetchers: BTreeMap<u32, Fetcher>,
    /// What the kernels write, 8 bit and 10 bit apart.
    there: BTreeMap<bool, There>,
}

/// How an input was made: how long a device worked on it, if one did.
type Made = Result<Option<Duration>, DetectError>;

impl Preparer {
    /// Makes an input of each frame, or of the part of it (in fractions of the picture as shown), as `engine` wants them.
    /// Beside each: how long a device worked on it.
    pub fn prepare(
        &mut self,
        engine: &dyn Engine,
        frames: &[(&Frame, Option<Area>)],
    ) -> Vec<Result<(&Input, Option<Duration>), DetectError>> {
        self.let_go_of_lost();
        let spec = engine.spec();
        self.inputs.resize_with(frames.len().max(self.inputs.len()), Input::default);
        let mut made: Vec<Option<Made>> = vec![None; frames.len()];
        if let Some(device) = engine.reads_there() {
            for ten_bit in [false, true] {
                let group = of_one_kind(frames, device, ten_bit);
                let done = self.there(spec, frames, &group, ten_bit);
                group.iter().for_each(|at| made[*at] = Some(done.clone()));
            }
        }
        let here = |(at, made): (usize, Option<Made>)| made.unwrap_or_else(|| self.here(spec, frames[at], at));
        let made: Vec<Made> = made.into_iter().enumerate().map(here).collect();
        made.into_iter().zip(&self.inputs).map(|(made, input)| made.map(|took| (input, took))).collect()
    }

    /// A device that was lost can be had again once nothing of it is held.
    fn let_go_of_lost(&mut self) {
        let before = self.fetchers.len();
        self.fetchers.retain(|_, fetcher| !fetcher.is_lost());
        if self.fetchers.len() < before {
            self.there.clear();
            self.inputs.iter_mut().for_each(|input| input.device = None);
        }
    }

    /// Makes the inputs of frames of one kind where they lie.
    fn there(&mut self, spec: &Spec, frames: &[(&Frame, Option<Area>)], group: &[usize], ten_bit: bool) -> Made {
        let Some(home) = group.first().and_then(|first| home(frames[*first].0)) else { return Ok(None) };
        let frames: Vec<_> = group.iter().map(|at| frames[*at]).collect();
        let mut memory = self.there.remove(&ten_bit);
        let tools = self.fetchers.entry(home.card.ordinal()).or_default().tools(home);
        let made = tools.and_then(|tools| match tools.kernels() {
            Some(kernels) => {
                let inputs = spec.prepare_there(kernels, &frames, &mut memory)?;
                let took = kernels.last().iter().filter_map(|timing| timing.elapsed().ok().flatten()).sum::<Duration>();
                Ok((inputs, took))
            }
            None => Err(Error::Invalid("the device has no kernels".into())),
        });
        let (inputs, took) = made.map_err(|error| {
            home.card.note(&error);
            DetectError::Device(error.to_string())
        })?;
        self.there.extend(memory.map(|memory| (ten_bit, memory)));
        group.iter().zip(inputs).for_each(|(at, input)| self.inputs[*at] = input);
        Ok(Some(took / u32::try_from(group.len()).unwrap_or(u32::MAX)))
    }

    /// Makes an input in host memory.
    fn here(&mut self, spec: &Spec, (frame, crop): (&Frame, Option<Area>), at: usize) -> Made {
        let input = &mut self.inputs[at];
        let Some(home) = home(frame) else { return spec.prepare(frame, crop, input).map(|()| None) };
        let fetcher = self.fetchers.entry(home.card.ordinal()).or_default();
        let seen = match home.card.report().kernels {
            Ok(()) => Seen::of(frame, crop, spec.size),
            Err(_) => Seen { sight: Sight::Whole, part: WHOLE, crop },
        };
        let failed = |error: Error| DetectError::Device(error.to_string());
        let fetched = fetcher.fetch(frame, seen.sight).map_err(failed)?.ok_or(DetectError::NotOnHost("model"))?;
        spec.prepare(&fetched, seen.crop, input)?;
        input.placed = input.placed.of_part(seen.part);
        Ok(fetcher.device_times().into_iter().next_back())
    }
}

fn home(frame: &Frame) -> Option<&Home> {
    match &frame.samples {
        Samples::Device(lying) => Some(lying.home()),
        Samples::Host(_) => None,
    }
}

/// The plain frames of one depth on one device, those of its first one's card.
fn of_one_kind(frames: &[(&Frame, Option<Area>)], device: u32, ten_bit: bool) -> Vec<usize> {
    let is_there = |(_, (frame, _)): &(usize, &(&Frame, Option<Area>))| {
        let on = home(frame).is_some_and(|home| home.card.ordinal() == device && home.card.report().kernels.is_ok());
        on && is_plain(frame) && (frame.format == PixelFormat::P010) == ten_bit
    };
    let there: Vec<_> = frames.iter().enumerate().filter(is_there).collect();
    let first = there.first().and_then(|(_, (frame, _))| home(frame)).map(|home| &home.card);
    let same = |frame: &Frame| home(frame).map(|home| &home.card).zip(first).is_some_and(|(a, b)| Arc::ptr_eq(a, b));
    there.iter().filter(|(_, (frame, _))| same(frame)).map(|(at, _)| *at).collect()
}

/// What of a frame on a device is fetched, no larger than it lies in the model's input.
struct Seen {
    sight: Sight,
    /// What is fetched, in fractions of the picture as shown.
    part: Area,
    /// What of that the model sees, where it is not all.
    crop: Option<Area>,
}

impl Seen {
    fn of(frame: &Frame, crop: Option<Area>, size: (usize, usize)) -> Self {
        let crop = crop.map_or(WHOLE, |crop| crop.clamped());
        let coded = crop.turned_back(frame.rotation);
        // Whole pairs of samples: what is not made smaller comes as it is.
        let side = |from: f32, to: f32, all: usize| {
            let first = ((from * all as f32) as usize).min(all.saturating_sub(1)) & !1;
            let last = ((to * all as f32).ceil() as usize).max(first + 1);
            (first, last.next_multiple_of(2).min(all))
        };
        let ((x1, x2), (y1, y2)) = (side(coded.x1, coded.x2, frame.width), side(coded.y1, coded.y2, frame.height));
        let (wide, high) = (x2 - x1, y2 - y1);
        let (across, down) = if frame.rotation.is_multiple_of(180) { size } else { (size.1, size.0) };
        let scale = (across as f64 / wide as f64).min(down as f64 / high as f64).min(1.0);
        let shrunk = |side: usize| if scale < 1.0 { ((side as f64 * scale) as usize & !1).max(2) } else { side };
        let sight = Sight::Part { from: (x1, y1), size: (wide, high), within: (shrunk(wide), shrunk(high)) };
        let of = |at: usize, all: usize| at as f32 / all as f32;
        let (width, height) = (frame.width, frame.height);
        let part = Area { x1: of(x1, width), y1: of(y1, height), x2: of(x2, width), y2: of(y2, height) };
        let part = part.turned(frame.rotation);
        Self { sight, part, crop: (scale >= 1.0).then(|| crop.within(part)) }
    }
}

impl Placed {
    /// The same in the picture that what was looked at is a part of.
    fn of_part(self, part: Area) -> Self {
        let (width, height) = (part.width(), part.height());
        let (x, y) = (|x: f32| part.x1 + x * width, |y: f32| part.y1 + y * height);
        let Self { origin, step, within } = self;
        Self {
            origin: (x(origin.0), y(origin.1)),
            step: (step.0 * width, step.1 * height),
            within: Area { x1: x(within.x1), y1: y(within.y1), x2: x(within.x2), y2: y(within.y2) },
        }
    }
}
