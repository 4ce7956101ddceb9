//! The background: for every cell what it shows and how much that varies; and what makes it something else.

use super::blobs::Blob;
use super::grid::{Grid, Luma};
use super::layers::Layers;
use super::mask::Mask;
use super::{BACKGROUND_TAU_S, NOISE_FOREGROUND_TAU_S, NOISE_START, NOISE_TAU_S};
use light::Asked;
use plain::{Ground, Rates, Row, Time};

mod light;
mod plain;
mod simd;

/// Eight cells of a row: a register of AVX2. Rows are padded to whole ones.
pub(super) const LANES: usize = 8;
pub(super) type Lanes = [f32; LANES];

/// Eights of cells whose bits are a word of a mask.
const EIGHTS: usize = 64 / LANES;

/// What a look saw: which cells are foreground, which of them strongly, and which have just changed; by how much they and what lies
/// by them differ from the background.
pub(super) struct Seen {
    pub(super) weak: Mask,
    pub(super) strong: Mask,
    pub(super) active: Mask,
    difference: Vec<Lanes>,
    eights: usize,
}

impl Seen {
    pub(super) fn new(cols: usize, rows: usize) -> Self {
        let [weak, strong, active] = [(); 3].map(|()| Mask::new(cols, rows));
        let eights = cols.div_ceil(LANES);
        Self { weak, strong, active, difference: vec![[0.0; LANES]; eights * rows], eights }
    }

    /// Foreground where `level` is not 0, strong where it is 2: 20 steps of luma from the background.
    #[cfg(test)]
    pub(super) fn drawn(cols: usize, rows: usize, level: impl Fn(usize, usize) -> u8) -> Self {
        let mut seen = Self::new(cols, rows);
        for (col, row) in (0..rows).flat_map(|row| (0..cols).map(move |col| (col, row))) {
            seen.weak.row_mut(row)[col / 64] |= u64::from(level(col, row) > 0) << (col % 64);
            seen.strong.row_mut(row)[col / 64] |= u64::from(level(col, row) > 1) << (col % 64);
        }
        seen.difference.fill([20.0; LANES]);
        seen
    }

    /// The sum of the differences of those cells whose bits are set of a row's word.
    pub(super) fn difference(&self, row: usize, word: usize, bits: u64) -> f32 {
        let row = &self.difference[row * self.eights..(row + 1) * self.eights];
        simd::total(&row[word * EIGHTS..((word + 1) * EIGHTS).min(self.eights)], bits)
    }
}

/// The model of the background. What every look needs of every cell stands by itself; the rest is touched for foreground alone.
pub(super) struct Background {
    grid: Grid,
    /// What the picture shows, in luma.
    cells: Vec<Lanes>,
    /// What the background shows.
    mean: Vec<Lanes>,
    /// Its mean absolute deviation while it shows that.
    noise: Vec<Lanes>,
    layers: Vec<Layers>,
    asked: Asked,
    /// Time since it was made, in ticks of 10 ms; `f64` adds up the remainders.
    now: f64,
    relearnt: bool,
}

impl Background {
    pub(super) fn new(grid: Grid, luma: &Luma<'_>) -> Self {
        let eights = grid.eights();
        let mut cells = vec![[0.0; LANES]; eights * grid.rows];
        luma.read(&mut cells);
        Self {
            mean: cells.clone(),
            noise: vec![[NOISE_START; LANES]; cells.len()],
            layers: cells.iter().map(|&cells| Layers::new(cells)).collect(),
            asked: Asked::new(grid, &cells),
            now: 0.0,
            relearnt: false,
            cells,
            grid,
        }
    }

    /// Another light or another view: what is seen is the background, what it was is the second layer.
    pub(super) fn relearn(&mut self) {
        let now = self.tick();
        for (layers, mean) in self.layers.iter_mut().zip(&self.mean) {
            layers.relearn(*mean, now);
        }
        self.mean.copy_from_slice(&self.cells);
        self.noise.fill([NOISE_START; LANES]);
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

    /// Reads the picture, finds what differs, and follows what does not. Gives the part of the cells that differ, and by how much
    /// luma the light has changed.
    pub(super) fn compare(&mut self, luma: &Luma<'_>, seconds: f32, seen: &mut Seen) -> (f32, f32) {
        self.now += f64::from(seconds) * 100.0;
        luma.read(&mut self.cells);
        let light = self.asked.light(&self.cells, &self.mean, &seen.weak);
        let rates = Rates {
            open: light.open,
            added: light.added,
            covered: light.covered,
            follow: seconds / (seconds + BACKGROUND_TAU_S),
            calm: seconds / (seconds + NOISE_TAU_S),
            excite: seconds / (seconds + NOISE_FOREGROUND_TAU_S),
        };
        let eights = self.grid.eights();
        let mut changed = 0;
        let known = self.mean.chunks_exact_mut(eights).zip(self.noise.chunks_exact_mut(eights));
        let rows = self.cells.chunks_exact(eights).zip(known).zip(seen.difference.chunks_exact_mut(eights));
        for (row, ((cells, (mean, noise)), difference)) in rows.enumerate() {
            changed += simd::follow(&rates, Row { cells, mean, noise, difference, weak: seen.weak.row_mut(row) });
        }
        (changed as f32 / (self.cells.len() * LANES) as f32, light.added.abs())
    }

    /// Takes the foreground apart: what the second layer or a shake explains is none, and what has stood still for long becomes
    /// background.
    pub(super) fn settle(&mut self, seconds: f32, seen: &mut Seen) {
        let time = Time { now: self.tick(), seconds };
        let eights = self.grid.eights();
        let Seen { weak, strong, active, difference, .. } = seen;
        for row in 0..self.grid.rows {
            if weak.row(row).iter().all(|&word| word == 0) {
                continue;
            }
            let span = row * eights..(row + 1) * eights;
            let (above, rest) = self.mean.split_at_mut(span.start);
            let (mean, below) = rest.split_at_mut(eights);
            simd::settle(
                time,
                Ground {
                    cells: &self.cells[span.clone()],
                    difference: &difference[span.clone()],
                    above: above.rchunks(eights).next(),
                    below: below.chunks(eights).next(),
                    mean,
                    noise: &mut self.noise[span.clone()],
                    layers: &mut self.layers[span],
                    seen: [weak.row_mut(row), strong.row_mut(row), active.row_mut(row)],
                },
            );
        }
        weak.trim();
    }

    /// Makes the foreground within a blob background.
    pub(super) fn absorb(&mut self, blob: &Blob, seen: &Seen) {
        let now = self.tick();
        for row in blob.y1 as usize..blob.y2 as usize {
            for col in (blob.x1 as usize..blob.x2 as usize).filter(|&col| seen.weak.get(col, row)) {
                let (at, lane) = (row * self.grid.eights() + col / LANES, col % LANES);
                self.layers[at].replace(lane, &mut self.mean[at][lane], self.cells[at][lane], now);
                self.noise[at][lane] = NOISE_START;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::frame::{PixelFormat, Plane};

    #[test]
    fn a_picture_whose_rows_are_no_whole_eights_has_no_foreground_beyond_them() {
        let (width, height) = (518, 488);
        let picture = |right: u8| -> Vec<u8> {
            (0..width * height).map(|at| if at % width > 400 { right } else { 100 }).collect()
        };
        let (before, after) = (picture(90), picture(160));
        let plane = |data| Plane { data, stride: width, width, height };
        let grid = Grid::new(&plane(&before), PixelFormat::Grey).expect("a picture");
        assert_eq!((grid.cols, grid.eights()), (259, 33));
        let luma = |data| Luma::new(grid, plane(data), PixelFormat::Grey);
        let (mut background, mut seen) = (Background::new(grid, &luma(&before)), Seen::new(grid.cols, grid.rows));
        background.compare(&luma(&after), 0.2, &mut seen);
        background.settle(0.2, &mut seen);
        for row in 0..grid.rows {
            assert!(seen.weak.get(258, row) && !seen.weak.get(199, row), "row {row}");
            assert_eq!(seen.weak.row(row)[4], 0b111, "row {row}: 256 and three more");
        }
    }
}
