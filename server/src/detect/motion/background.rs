//! The background: for every cell two layers, its noise, and the evidence for what may become background.

use super::{
    ABSORB_S, BACKGROUND_TAU_S, EVIDENCE_FADE, NOISE_FACTOR, NOISE_FOREGROUND_TAU_S, NOISE_MOST, NOISE_START,
    NOISE_TAU_S, OTHER_KEEP_S, SHAKE, STILL, STRONG, WEAK,
};

/// No layer: farther from any luma than any threshold.
const NOTHING: f32 = -10_000.0;
/// A cell that is not foreground, is foreground, and is strongly so.
const STRONG_LEVEL: u8 = 2;
/// Every how many cells one is asked how much lighter the whole picture has become.
const LIFT_STEP: usize = 17;
/// A smaller common change is left to the running mean, in luma.
const LIFT_LEAST: f32 = 1.0;

/// What a look saw: for every cell its level (0 background, 1 foreground, 2 strongly so) and its difference from the background.
pub(super) struct Seen {
    pub(super) level: Vec<u8>,
    pub(super) difference: Vec<f32>,
}

impl Seen {
    pub(super) fn new(cells: usize) -> Self {
        Self { level: vec![0; cells], difference: vec![0.0; cells] }
    }
}

/// The model of the background.
pub(super) struct Background {
    cols: usize,
    /// What the cell shows, in luma.
    mean: Vec<f32>,
    /// Its mean absolute deviation while it shows that.
    noise: Vec<f32>,
    /// What it showed before it came to show `mean`: the road behind a car that parked and leaves again.
    other: Vec<f32>,
    /// Until when `other` counts, in whole seconds of `now`.
    other_until: Vec<u32>,
    /// What may become background.
    candidate: Vec<f32>,
    /// For how long it has been there, in seconds, less the time it was not.
    evidence: Vec<f32>,
    /// Seconds since it was made.
    now: f64,
    relearnt: bool,
}

impl Background {
    pub(super) fn new(cells: &[f32], cols: usize) -> Self {
        Self {
            cols,
            mean: cells.to_vec(),
            noise: vec![NOISE_START; cells.len()],
            other: vec![NOTHING; cells.len()],
            other_until: vec![0; cells.len()],
            now: 0.0,
            candidate: cells.to_vec(),
            evidence: vec![0.0; cells.len()],
            relearnt: false,
        }
    }

    /// Another light or another view: what is seen is the background, what it was is the second layer.
    pub(super) fn relearn(&mut self, cells: &[f32]) {
        std::mem::swap(&mut self.mean, &mut self.other);
        self.mean.copy_from_slice(cells);
        self.noise.fill(NOISE_START);
        self.other_until.fill(self.now as u32 + OTHER_KEEP_S);
        self.evidence.fill(0.0);
        self.relearnt = true;
    }

    /// Whether it was ever learnt anew.
    pub(super) fn relearnt(&self) -> bool {
        self.relearnt
    }

    /// Finds what differs, and follows what does not. Gives the number of cells that differ.
    pub(super) fn compare(&mut self, cells: &[f32], seconds: f32, seen: &mut Seen) -> usize {
        self.now += f64::from(seconds);
        let lift = self.lift(cells);
        let follow = seconds / (seconds + BACKGROUND_TAU_S);
        let calm = seconds / (seconds + NOISE_TAU_S);
        let excite = seconds / (seconds + NOISE_FOREGROUND_TAU_S);
        let fade = seconds * EVIDENCE_FADE;
        let mut changed = 0_u32;
        let model = self.mean.iter_mut().zip(&mut self.noise).zip(&mut self.evidence);
        let out = seen.level.iter_mut().zip(&mut seen.difference);
        for ((((mean, noise), evidence), (level, difference)), &cell) in model.zip(out).zip(cells) {
            let base = *mean + lift;
            let signed = cell - base;
            let distance = signed.abs();
            let allowed = *noise * NOISE_FACTOR;
            let weak = distance > WEAK + allowed;
            let strong = distance > STRONG + allowed;
            *level = u8::from(weak) + u8::from(strong);
            *difference = distance;
            changed += u32::from(weak);
            *mean = base + if weak { 0.0 } else { signed * follow };
            *noise += (distance.min(NOISE_MOST) - *noise) * if weak { excite } else { calm };
            *evidence = (*evidence - fade).max(0.0);
        }
        changed as usize
    }

    /// By how much the whole picture has become lighter since the background was learnt: the median of the cells' differences.
    fn lift(&mut self, cells: &[f32]) -> f32 {
        const HALF: i32 = 64;
        let mut counts = [0_u32; 2 * HALF as usize + 1];
        let mut total = 0;
        for (cell, mean) in cells.iter().zip(&self.mean).step_by(LIFT_STEP) {
            let steps = ((cell - mean) * 2.0).round() as i32;
            counts[(steps.clamp(-HALF, HALF) + HALF) as usize] += 1;
            total += 1;
        }
        let mut below = 0;
        for (steps, count) in (-HALF..).zip(counts) {
            below += count;
            if below * 2 >= total {
                let lift = steps as f32 * 0.5;
                return if lift.abs() < LIFT_LEAST { 0.0 } else { lift };
            }
        }
        0.0
    }

    /// Takes the foreground apart: what the second layer or a shake explains is none, and what has stood still for `absorb`
    /// seconds becomes background.
    pub(super) fn settle(&mut self, cells: &[f32], seconds: f32, absorb: f32, seen: &mut Seen) {
        for start in (0..cells.len()).step_by(8) {
            let end = (start + 8).min(cells.len());
            if seen.level[start..end].iter().all(|&level| level == 0) {
                continue;
            }
            for (index, &cell) in cells.iter().enumerate().take(end).skip(start) {
                if seen.level[index] > 0 {
                    self.settle_cell(index, cell, seconds, absorb, seen);
                }
            }
        }
    }

    fn settle_cell(&mut self, index: usize, cell: f32, seconds: f32, absorb: f32, seen: &mut Seen) {
        if (cell - self.candidate[index]).abs() <= STILL {
            // `compare` has taken the fade off every cell.
            self.evidence[index] += seconds * (1.0 + EVIDENCE_FADE);
            self.candidate[index] += (cell - self.candidate[index]) * 0.1;
        } else if self.evidence[index] <= 0.0 {
            self.candidate[index] = cell;
        }
        if self.evidence[index] >= absorb {
            // While learning is young the mean may be of something that was just passing in the first picture.
            let proven = absorb >= ABSORB_S;
            self.other[index] = if proven { self.mean[index] } else { NOTHING };
            self.other_until[index] = self.now as u32 + OTHER_KEEP_S;
            self.mean[index] = self.candidate[index];
            self.noise[index] = NOISE_START;
            self.evidence[index] = 0.0;
            seen.level[index] = 0;
            return;
        }
        let second = cell - self.other[index];
        if second.abs() <= WEAK + NOISE_START * NOISE_FACTOR && (self.now as u32) < self.other_until[index] {
            self.other_until[index] = self.now as u32 + OTHER_KEEP_S;
            self.other[index] += second * (seconds / (seconds + BACKGROUND_TAU_S));
            seen.level[index] = 0;
            return;
        }
        let beyond = seen.difference[index] - self.noise[index] * NOISE_FACTOR - self.steepness(index) * SHAKE;
        seen.level[index] = match beyond {
            beyond if beyond > STRONG => STRONG_LEVEL,
            beyond if beyond > WEAK => 1,
            _ => 0,
        };
    }

    /// The largest difference in luma between this cell's background and that of its four neighbours.
    fn steepness(&self, index: usize) -> f32 {
        let mean = &self.mean;
        let at = |other: Option<usize>| {
            other.and_then(|other| mean.get(other)).map_or(0.0, |other| (other - mean[index]).abs())
        };
        let column = index % self.cols;
        let left = at(index.checked_sub(1).filter(|_| column > 0));
        let right = at(Some(index + 1).filter(|_| column + 1 < self.cols));
        left.max(right).max(at(index.checked_sub(self.cols))).max(at(Some(index + self.cols)))
    }
}
