//! The background: for every cell what it shows and how much that varies; and what makes it something else.

use super::blobs::Blob;
use super::layers::Layers;
use super::simd::{self, Cells, Rates};
use super::{BACKGROUND_TAU_S, NOISE_FACTOR, NOISE_FOREGROUND_TAU_S, NOISE_START, NOISE_TAU_S, SHAKE, STRONG, WEAK};

/// A cell that is foreground strongly.
const STRONG_LEVEL: u8 = 2;
/// About how many cells are asked how much lighter the whole picture has become: their median is off by a thousandth.
const LIFT_ASKED: usize = 640;
/// A background that changed by more luma than this in one look was replaced, not lit.
const LIFT_MOST: f32 = 24.0;
/// From fewer cells than this nothing is said of the light.
const LIFT_SAMPLES: u32 = 30;
/// Added to luma before ratios are taken, so that the noise of black does not make large ones.
const DARK: f32 = 4.0;
/// A smaller common change is followed at the pace of the running mean, as part of the picture.
const LIFT_LEAST: f32 = 0.01;
/// Cells that are passed over at once where none of them is foreground.
const QUIET: usize = 64;

/// What a look saw: for every cell its level (0 background, 1 foreground, 2 strongly so) and its difference from the background;
/// for cells of the foreground whether they have just changed.
pub(super) struct Seen {
    pub(super) level: Vec<u8>,
    pub(super) active: Vec<bool>,
    pub(super) difference: Vec<f32>,
}

impl Seen {
    pub(super) fn new(cells: usize) -> Self {
        Self { level: vec![0; cells], active: vec![false; cells], difference: vec![0.0; cells] }
    }
}

/// How many times lighter the picture has become: since light and exposure multiply.
struct Light {
    /// The median over the open background, against what is known of it.
    open: f32,
    /// The same as what it adds to a cell of mean luma: a lamp adds, exposure multiplies, and a cell may follow either.
    added: f32,
    /// What things cover is lit as well, and cannot be seen: by how much the open background was taken to have changed at the look
    /// before. Exact book-keeping: over an hour of clouds errors would add up.
    covered: f32,
}

/// The model of the background. What every look needs of every cell stands by itself; the rest is touched for foreground alone.
pub(super) struct Background {
    cols: usize,
    /// What the cell shows, in luma.
    mean: Vec<f32>,
    /// Its mean absolute deviation while it shows that.
    noise: Vec<f32>,
    layers: Vec<Layers>,
    /// Every how many cells one is asked about the light, an odd number: not the same columns in all rows.
    asked: usize,
    /// The mean of each of them at the look before.
    sampled: Vec<f32>,
    /// Time since it was made, in ticks of 10 ms; `f64` adds up the remainders.
    now: f64,
    relearnt: bool,
}

impl Background {
    pub(super) fn new(cells: &[f32], cols: usize) -> Self {
        let asked = (cells.len() / LIFT_ASKED) | 1;
        Self {
            cols,
            mean: cells.to_vec(),
            noise: vec![NOISE_START; cells.len()],
            layers: cells.iter().map(|&cell| Layers::new(cell)).collect(),
            asked,
            sampled: cells.iter().copied().step_by(asked).collect(),
            now: 0.0,
            relearnt: false,
        }
    }

    /// Another light or another view: what is seen is the background, what it was is the second layer.
    pub(super) fn relearn(&mut self, cells: &[f32]) {
        let now = self.tick();
        for ((layers, mean), cell) in self.layers.iter_mut().zip(&mut self.mean).zip(cells) {
            layers.relearn(*mean, now);
            *mean = *cell;
        }
        self.noise.fill(NOISE_START);
        self.relearnt = true;
    }

    /// Whether it was ever learnt anew.
    pub(super) fn relearnt(&self) -> bool {
        self.relearnt
    }

    fn tick(&self) -> u32 {
        // Wraps after 497 days, which `Layers` allows for.
        self.now as u64 as u32
    }

    /// Finds what differs, and follows what does not. Gives the number of cells that differ, and by how much luma the light
    /// has changed.
    pub(super) fn compare(&mut self, cells: &[f32], seconds: f32, seen: &mut Seen) -> (usize, f32) {
        self.now += f64::from(seconds) * 100.0;
        let light = self.light(cells, &seen.level);
        let rates = Rates {
            open: light.open,
            added: light.added,
            covered: light.covered,
            follow: seconds / (seconds + BACKGROUND_TAU_S),
            calm: seconds / (seconds + NOISE_TAU_S),
            excite: seconds / (seconds + NOISE_FOREGROUND_TAU_S),
        };
        let Seen { level, difference, .. } = seen;
        let all = Cells { cells, mean: &mut self.mean, noise: &mut self.noise, level, difference };
        (simd::follow(&rates, all), light.added.abs())
    }

    /// How the light has changed, judged by cells that were background at the look before (`level`).
    fn light(&mut self, cells: &[f32], level: &[u8]) -> Light {
        const STEPS: f32 = 512.0;
        let mut counts = [0_u32; 2 * STEPS as usize + 1];
        let (mut total, mut light, mut before, mut now) = (0, 0.0, 0.0, 0.0);
        let samples = cells.iter().zip(&self.mean).zip(level).step_by(self.asked).zip(&mut self.sampled);
        for (((cell, &mean), &level), sampled) in samples {
            if level == 0 {
                let ratio = (cell + DARK) / (mean + DARK);
                // `as` rounds down, and what is not negative becomes the nearest step.
                counts[((ratio * STEPS + 0.5) as usize).min(counts.len() - 1)] += 1;
                total += 1;
                light += mean;
                if (mean - *sampled).abs() < LIFT_MOST {
                    before += *sampled + DARK;
                    now += mean + DARK;
                }
            }
            *sampled = mean;
        }
        if total < LIFT_SAMPLES {
            return Light { open: 1.0, added: 0.0, covered: 1.0 };
        }
        let mut below = 0;
        let median = counts.iter().position(|count| {
            below += count;
            below * 2 >= total
        });
        let open = median.map_or(1.0, |steps| (steps as f32 / STEPS).max(0.1));
        let open = if (open - 1.0).abs() < LIFT_LEAST { 1.0 } else { open };
        let covered = if before > 0.0 { now / before } else { 1.0 };
        Light { open, added: (open - 1.0) * light / total as f32, covered }
    }

    /// Takes the foreground apart: what the second layer or a shake explains is none, and what has stood still for long becomes
    /// background.
    pub(super) fn settle(&mut self, cells: &[f32], seconds: f32, seen: &mut Seen) {
        let now = self.tick();
        for start in (0..cells.len()).step_by(QUIET) {
            let end = (start + QUIET).min(cells.len());
            if seen.level[start..end].iter().fold(0, |any, level| any | level) == 0 {
                continue;
            }
            for (index, &cell) in (start..end).zip(&cells[start..end]) {
                if seen.level[index] > 0 {
                    self.settle_cell(index, cell, seconds, now, seen);
                }
            }
        }
    }

    fn settle_cell(&mut self, index: usize, cell: f32, seconds: f32, now: u32, seen: &mut Seen) {
        let layers = &mut self.layers[index];
        seen.active[index] = layers.look(cell, seconds, now);
        if layers.second(cell, &mut self.mean[index], seconds, now) {
            seen.level[index] = 0;
            return;
        }
        if let Some(luma) = layers.settled(now) {
            self.replace(index, luma, now);
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

    /// The cell's background is now `luma`.
    fn replace(&mut self, index: usize, luma: f32, now: u32) {
        self.layers[index].replace(self.mean[index], now);
        self.mean[index] = luma;
        self.noise[index] = NOISE_START;
    }

    /// Makes the foreground within a blob background.
    pub(super) fn absorb(&mut self, cells: &[f32], blob: &Blob, seen: &Seen) {
        let now = self.tick();
        for row in blob.y1 as usize..blob.y2 as usize {
            let columns = row * self.cols + blob.x1 as usize..row * self.cols + blob.x2 as usize;
            for (index, &cell) in columns.clone().zip(&cells[columns]) {
                if seen.level[index] > 0 {
                    self.replace(index, cell, now);
                }
            }
        }
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
