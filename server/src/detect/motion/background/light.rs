//! How the light of the whole picture has changed: a lamp, a cloud, automatic exposure.

use super::super::grid::Grid;
use super::super::mask::Mask;
use super::{LANES, Lanes};

/// About so many rows of cells, and so many cells of each, are asked: the median of these 300 is off by a thousandth.
const ROWS: usize = 16;
const COLS: usize = 20;
/// A background that changed by more luma than this in one look was replaced, not lit.
const MOST: f32 = 24.0;
/// From fewer cells than this nothing is said of the light.
const LEAST_CELLS: u32 = 30;
/// Added to luma before ratios are taken, so that the noise of black does not make large ones.
const DARK: f32 = 4.0;
/// A smaller common change is followed at the pace of the running mean, as part of the picture.
const LEAST: f32 = 0.01;
/// Ratios are counted in so many steps from 0 to 1, and as many beyond.
const STEPS: usize = 512;

/// How many times lighter the picture has become: since light and exposure multiply.
pub(super) struct Light {
    /// The median over the open background, against what is known of it.
    pub(super) open: f32,
    /// The same as what it adds to a cell of mean luma: a lamp adds, exposure multiplies, and a cell may follow either.
    pub(super) added: f32,
    /// What things cover is lit as well, and cannot be seen: by how much the open background was taken to have changed at the look
    /// before. Exact book-keeping: over an hour of clouds errors would add up.
    pub(super) covered: f32,
}

/// The cells that are asked.
pub(super) struct Asked {
    grid: Grid,
    /// Every how many rows, and every how many cells of these.
    step: (usize, usize),
    /// What the background of each showed at the look before.
    before: Vec<f32>,
}

/// What the cells say that were background at the look before.
struct Told {
    cells: u32,
    /// How many of them became so many times lighter.
    ratios: [u32; 2 * STEPS + 1],
    /// Luma of their background, summed; and what it was at the look before and is now, of those that were not replaced.
    luma: f32,
    then: f32,
    now: f32,
}

impl Asked {
    pub(super) fn new(grid: Grid, cells: &[Lanes]) -> Self {
        let step = (grid.rows.div_ceil(ROWS), (grid.cols / COLS).max(1));
        let rows = cells.chunks_exact(grid.eights()).skip(step.0 / 2).step_by(step.0);
        let before = rows.flat_map(|row| row.as_flattened()[..grid.cols].iter().step_by(step.1).copied()).collect();
        Self { grid, step, before }
    }

    /// How the light has changed, judged by cells that were background at the look before.
    pub(super) fn light(&mut self, cells: &[Lanes], mean: &[Lanes], weak: &Mask) -> Light {
        let mut told = Told { cells: 0, ratios: [0; 2 * STEPS + 1], luma: 0.0, then: 0.0, now: 0.0 };
        let (down, across) = self.step;
        let mut before = self.before.iter_mut();
        for row in (down / 2..self.grid.rows).step_by(down) {
            let weak = weak.row(row);
            let first = row * self.grid.eights() * LANES;
            let [cells, mean] = [cells, mean].map(|cells| &cells.as_flattened()[first..first + self.grid.cols]);
            for (col, before) in (0..self.grid.cols).step_by(across).zip(&mut before) {
                if weak[col / 64] >> (col % 64) & 1 == 0 {
                    told.take(cells[col], mean[col], *before);
                }
                *before = mean[col];
            }
        }
        told.light()
    }
}

impl Told {
    fn take(&mut self, cell: f32, mean: f32, before: f32) {
        let ratio = (cell + DARK) / (mean + DARK);
        // `as` rounds down, and what is not negative becomes the nearest step.
        self.ratios[((ratio * STEPS as f32 + 0.5) as usize).min(2 * STEPS)] += 1;
        self.cells += 1;
        self.luma += mean;
        if (mean - before).abs() < MOST {
            self.then += before + DARK;
            self.now += mean + DARK;
        }
    }

    fn light(&self) -> Light {
        if self.cells < LEAST_CELLS {
            return Light { open: 1.0, added: 0.0, covered: 1.0 };
        }
        let mut below = 0;
        let median = self.ratios.iter().position(|count| {
            below += count;
            below * 2 >= self.cells
        });
        let open = median.map_or(1.0, |steps| (steps as f32 / STEPS as f32).max(0.1));
        let open = if (open - 1.0).abs() < LEAST { 1.0 } else { open };
        let covered = if self.then > 0.0 { self.now / self.then } else { 1.0 };
        Light { open, added: (open - 1.0) * self.luma / self.cells as f32, covered }
    }
}
