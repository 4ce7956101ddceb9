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
pub(super) struct Asked(Vec<Cell>);

struct Cell {
    col: usize,
    row: usize,
    /// Its place among all.
    index: usize,
    /// What its background showed at the look before.
    before: f32,
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
        let (down, across) = (grid.rows.div_ceil(ROWS), (grid.cols / COLS).max(1));
        // Not the same columns in all rows: pictures are full of what stands upright.
        let cols = |row: usize| (row * 5 % across..grid.cols).step_by(across).map(move |col| (col, row));
        let places = (down / 2..grid.rows).step_by(down).flat_map(cols);
        let cell = |(col, row)| {
            let index = row * grid.eights() * LANES + col;
            Cell { col, row, index, before: cells.as_flattened()[index] }
        };
        Self(places.map(cell).collect())
    }

    /// How the light has changed, judged by cells that were background at the look before.
    pub(super) fn light(&mut self, cells: &[Lanes], mean: &[Lanes], weak: &Mask) -> Light {
        let mut told = Told { cells: 0, ratios: [0; 2 * STEPS + 1], luma: 0.0, then: 0.0, now: 0.0 };
        let (cells, mean) = (cells.as_flattened(), mean.as_flattened());
        for Cell { col, row, index, before } in &mut self.0 {
            if !weak.get(*col, *row) {
                told.take(cells[*index], mean[*index], *before);
            }
            *before = mean[*index];
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

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(cols: usize, rows: usize) -> Grid {
        Grid { cell: 8, cols, rows, across: cols as f32, down: rows as f32 }
    }

    /// Luma of 40 to 160, times `gain`.
    fn lit(grid: Grid, gain: f32) -> Vec<Lanes> {
        let lane = |at: usize| (40.0 + (at * 31 % 121) as f32 + DARK) * gain - DARK;
        (0..grid.eights() * grid.rows).map(|at| std::array::from_fn(|n| lane(at * LANES + n))).collect()
    }

    #[test]
    fn light_is_told_by_how_many_times_it_changed_though_a_third_of_the_picture_is_something_else() {
        for (cols, rows) in [(240, 135), (259, 244), (9, 1000), (4097, 3)] {
            let grid = grid(cols, rows);
            let (weak, mean) = (Mask::new(cols, rows), lit(grid, 1.0));
            for gain in [0.5, 0.9, 1.25, 1.8] {
                let mut cells = lit(grid, gain);
                let other = cells.iter_mut().enumerate().filter(|(at, _)| at * 7919 % 31 < 10);
                other.for_each(|(_, cells)| *cells = [200.0; LANES]);
                let light = Asked::new(grid, &mean).light(&cells, &mean, &weak);
                assert!((light.open - gain).abs() < 0.02 * gain, "{cols}x{rows}, {gain}: {}", light.open);
                let added = 100.0 * (gain - 1.0);
                assert!((light.added - added).abs() < 8.0, "{cols}x{rows}, {gain}: {} is not {added}", light.added);
                assert_eq!(light.covered, 1.0, "the background is what it was");
            }
        }
    }

    #[test]
    fn what_is_covered_follows_what_the_background_was_taken_to_have_changed_by() {
        let grid = grid(240, 135);
        let weak = Mask::new(240, 135);
        let (before, mut now) = (lit(grid, 1.0), lit(grid, 1.1));
        // What was replaced since says nothing of the light.
        now.iter_mut().step_by(4).for_each(|cells| *cells = [250.0; LANES]);
        let light = Asked::new(grid, &before).light(&now, &now, &weak);
        assert_eq!((light.open, light.added), (1.0, 0.0));
        assert!((light.covered - 1.1).abs() < 0.001, "{}", light.covered);
    }

    #[test]
    fn foreground_is_not_asked_and_few_cells_say_nothing() {
        let grid = grid(240, 135);
        let mut weak = Mask::new(240, 135);
        let mean = lit(grid, 1.0);
        (0..135).for_each(|row| weak.row_mut(row).fill(u64::MAX));
        let light = Asked::new(grid, &mean).light(&lit(grid, 1.5), &mean, &weak);
        assert_eq!((light.open, light.added, light.covered), (1.0, 0.0, 1.0));
    }
}
