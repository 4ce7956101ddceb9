//! Motion: what differs from the background of a camera that stands still.
//!
//! Luma is averaged into cells; each cell has a background of two layers and a measure of its own noise; what differs is cleaned,
//! joined into things, and followed over looks so that only what lasts is told. All rates are per second of PTS: the same
//! scene gives the same boxes whether every frame is looked at or five a second.

use super::{Area, DetectError, Detection, Detector, LABEL_MOTION};
use crate::device::Sight;
use crate::pipeline::frame::Frame;
use sightline_shared::time::{Epoch, TIMESCALE};
use std::sync::Arc;

mod background;
mod blobs;
mod grid;
mod layers;
mod mask;
mod things;

use background::{Background, Seen};
use grid::{Grid, Luma};
use mask::Mask;
use things::Things;

/// At most this many cells: 240x135 cells of 8x8 pixels at 1080p, 320x180 of 4x4 at 720p. Frigate looks at 178x100; finer
/// sees people farther away, and costs time in proportion.
const MAX_CELLS: usize = 76_800;

/// Difference from the background, in steps of 8-bit luma, from which a cell belongs to a thing. Block averages of a noisy
/// H.264 picture move by 2 to 4 between a key frame and the frame before it.
const WEAK: f32 = 7.0;
/// Difference which a thing must reach somewhere to be one: twice the weak one, so that a patch of noise that just passes is
/// no thing, while a real thing keeps its faint edges.
const STRONG: f32 = 14.0;
/// Both thresholds grow by so many times the cell's mean absolute deviation; 3.5 of these are 2.8 sigma of Gaussian noise.
const NOISE_FACTOR: f32 = 3.5;
/// Deviation that a cell is taken to have when nothing is known of it, in luma.
const NOISE_START: f32 = 1.5;
/// Deviation which foreground can teach a cell at most, in luma: leaves in the wind make their cells less sensitive, never blind.
const NOISE_MOST: f32 = 24.0;
/// A difference that a shift of the picture by this part of a cell would explain is none: wind on the mast, compression along
/// edges.
const SHAKE: f32 = 0.4;

/// Seconds in which the background follows what belongs to it: clouds, dusk, automatic exposure.
const BACKGROUND_TAU_S: f32 = 3.0;
/// Seconds in which the noise measure follows.
const NOISE_TAU_S: f32 = 6.0;
/// Seconds in which foreground raises the noise measure of its cell.
const NOISE_FOREGROUND_TAU_S: f32 = 30.0;
/// Seconds without any change within it after which a whole thing has become background. MOG2 with its defaults takes 2 s at
/// 30 fps; a car that waits at a crossing should not lose its box at once.
const STILL_S: f32 = 3.0;
/// Part of a thing's cells that must change for it not to be still: a person who waits moves a hand.
const STILL_PART: f32 = 0.02;
/// Seconds over which the change of a cell is judged.
const RECENT_TAU_S: f32 = 0.4;
/// Seconds after which a single cell that shows the same has become background, though the thing it is part of goes on moving.
const ABSORB_S: f32 = 10.0;
/// The same where the background has hardly been seen: what stands in the first picture and then leaves uncovers what nobody has
/// seen. It grows to `ABSORB_S` with half the time for which the background was seen.
const ABSORB_FIRST_S: f32 = 1.0;
/// Seconds for which a background must have been seen to be remembered when another takes its place.
const PROVEN_S: f32 = 2.0;
/// How far in luma a cell may stray and still be standing still.
const STILL: f32 = 8.0;
/// Evidence for standing still fades at this rate while the cell shows something else: what is there for more than a third of the
/// time (a blinking light, a clock's digits) becomes background too, what passes now and then does not.
const EVIDENCE_FADE: f32 = 0.5;
/// Seconds for which what a cell showed before still counts as background: the road behind a car that parked for less than this
/// is no thing when the car leaves.
const OTHER_KEEP_S: f32 = 600.0;

/// Part of the picture which must change for it to be a change of light or of view, and not things.
const SUDDEN_PART: f32 = 0.5;
/// How much more of the picture than at the look before this must be, at most 0.3 s ago; a lorry takes longer to fill the picture.
const SUDDEN_RISE: f32 = 0.3;
/// Part of the picture that is never things, however slowly it came.
const FULL_PART: f32 = 0.85;
/// Change of the light from one look to the next, in luma, which is a lamp or a shutter: shadows change with it, so that all is learnt
/// anew. What automatic exposure does in 0.2 s stays below.
const LIGHT_JUMP: f32 = 16.0;
/// Seconds without boxes after relearning, while the camera's exposure settles.
const SETTLE_S: f32 = 0.4;

/// Finds what moves, as detections with the label [`LABEL_MOTION`].
///
/// The first frame of an epoch or of another size is learnt and gives nothing. A thing is told from the second look on that is
/// 0.09 s after its first; a large one of high contrast from its first. A thing in which nothing changes any more is background
/// after 3 s, and still parts of one that goes on moving after 10 s; what was there before is remembered for 10 minutes.
pub struct MotionDetector {
    label: Arc<str>,
    state: Option<State>,
}

/// What is known of one epoch at one size.
struct State {
    epoch: Epoch,
    format: crate::pipeline::frame::PixelFormat,
    grid: Grid,
    /// PTS of the newest look, in ticks.
    last: i64,
    /// Seconds since (re)learning.
    age: f32,
    /// Part of the picture that was foreground at the look before.
    part: f32,
    background: Background,
    seen: Seen,
    opened: Mask,
    scratch: Mask,
    things: Things,
}

impl Default for MotionDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl MotionDetector {
    /// A detector that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { label: Arc::from(LABEL_MOTION), state: None }
    }
}

impl Detector for MotionDetector {
    fn name(&self) -> &str {
        LABEL_MOTION
    }

    fn sight(&self) -> Sight {
        Sight::Coarse
    }

    fn look(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectError> {
        let plane = frame.luma().ok_or(DetectError::NotOnHost(LABEL_MOTION))?;
        let grid = Grid::new(&plane, frame.format)?;
        let luma = Luma::new(grid, plane, frame.format);
        match &mut self.state {
            Some(state) if state.epoch == frame.epoch && state.grid == grid && state.format == frame.format => {
                let seconds = (frame.pts.0 - state.last) as f32 / TIMESCALE as f32;
                state.last = frame.pts.0;
                let found = state.look(&luma, seconds.clamp(0.0, 1.0));
                let tell = |(area, score): (Area, f32)| {
                    Detection::new(self.label.clone(), score, area.clamped().turned(frame.rotation))
                };
                Ok(found.into_iter().map(tell).collect())
            }
            state => {
                *state = Some(State::new(frame, grid, &luma));
                Ok(Vec::new())
            }
        }
    }
}

impl State {
    fn new(frame: &Frame, grid: Grid, luma: &Luma<'_>) -> Self {
        Self {
            epoch: frame.epoch,
            format: frame.format,
            last: frame.pts.0,
            age: 0.0,
            part: 0.0,
            background: Background::new(grid, luma),
            seen: Seen::new(grid.cols, grid.rows),
            opened: Mask::new(grid.cols, grid.rows),
            scratch: Mask::new(grid.cols, grid.rows),
            things: Things::default(),
            grid,
        }
    }

    /// What is in the picture, `seconds` after the look before, with scores; in fractions of the picture as coded.
    fn look(&mut self, luma: &Luma<'_>, seconds: f32) -> Vec<(Area, f32)> {
        self.age += seconds;
        let (part, light) = self.background.compare(luma, seconds, &mut self.seen);
        let rise = part - self.part;
        self.part = part;
        if light > LIGHT_JUMP || part > FULL_PART || (part > SUDDEN_PART && rise > SUDDEN_RISE) {
            self.background.relearn();
            self.things.forget();
            (self.age, self.part) = (0.0, 0.0);
            return Vec::new();
        }
        self.background.settle(seconds, &mut self.seen);
        self.seen.weak.opened(&mut self.scratch, &mut self.opened);
        let mut blobs = blobs::find(&self.opened, &mut self.scratch, &self.seen);
        self.things.join(&mut blobs);
        let (told, still) = self.things.follow(&blobs, &self.grid, seconds);
        for blob in still {
            self.background.absorb(&blob, &self.seen);
        }
        if self.background.relearnt() && self.age < SETTLE_S { Vec::new() } else { told }
    }
}

#[cfg(test)]
mod tests;
