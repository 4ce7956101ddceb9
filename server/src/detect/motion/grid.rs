//! Luma, averaged into square cells while it is read.

use super::MAX_CELLS;
use super::background::{LANES, Lanes};
use crate::detect::DetectError;
use crate::pipeline::frame::{PixelFormat, Plane};

use simd::Rows;

mod simd;

/// How a picture is cut into cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    /// Pixels along a cell's side, a power of two.
    pub(super) cell: usize,
    /// Cells in a row.
    pub(super) cols: usize,
    /// Rows of cells.
    pub(super) rows: usize,
    /// Cells in the picture's width, with the fraction that does not fill a cell.
    pub(super) across: f32,
    /// The same for its height.
    pub(super) down: f32,
}

/// Bytes of a luma sample.
fn sample_bytes(format: PixelFormat) -> usize {
    match format {
        PixelFormat::I42010 | PixelFormat::P010 => 2,
        PixelFormat::I420 | PixelFormat::Nv12 | PixelFormat::I422 | PixelFormat::I444 | PixelFormat::Grey => 1,
    }
}

impl Grid {
    /// The grid for a picture.
    ///
    /// # Errors
    /// [`DetectError::BadPlane`] when the plane does not hold the picture, or the picture is empty.
    pub(super) fn new(plane: &Plane<'_>, format: PixelFormat) -> Result<Self, DetectError> {
        let (width, height) = (plane.width, plane.height);
        let row = width * sample_bytes(format);
        let needed = plane.stride.checked_mul(height.saturating_sub(1)).and_then(|bytes| bytes.checked_add(row));
        if width == 0 || height == 0 || plane.stride < row || needed.is_none_or(|needed| plane.data.len() < needed) {
            return Err(DetectError::BadPlane { width, height, bytes: plane.data.len(), stride: plane.stride });
        }
        let mut cell = 1;
        while (width / cell) * (height / cell) > MAX_CELLS && cell * 2 <= width.min(height) {
            cell *= 2;
        }
        let (across, down) = (width as f32 / cell as f32, height as f32 / cell as f32);
        Ok(Self { cell, cols: width / cell, rows: height / cell, across, down })
    }

    /// Eights of cells in a row; the lanes beyond the last column repeat it.
    pub(super) fn eights(&self) -> usize {
        self.cols.div_ceil(LANES)
    }

    /// How many cells there are.
    pub(super) fn cells(&self) -> usize {
        self.cols * self.rows
    }
}

/// Rows of cells that are read side by side: memory that is read in several places at once comes a fifth faster.
const TOGETHER: usize = 8;

/// The luma of a picture, given as rows of cells.
pub(super) struct Luma<'a> {
    grid: Grid,
    plane: Plane<'a>,
    bytes: usize,
    /// Rows of the picture that are read for one of cells. Of every eight it is one, of those of small cells two in a cell: eight
    /// or more samples average the sensor's noise away, and reading is what half of the time goes into.
    picked: usize,
    scale: f32,
}

impl<'a> Luma<'a> {
    /// Of a plane that holds the picture: see [`Grid::new`].
    pub(super) fn new(grid: Grid, plane: Plane<'a>, format: PixelFormat) -> Self {
        let picked = if matches!(grid.cell, 1 | 8) { 1 } else { 2 };
        let unit = match format {
            PixelFormat::I42010 => 0.25,
            PixelFormat::P010 => 1.0 / 256.0,
            _ => 1.0,
        };
        let scale = unit / (picked * grid.cell) as f32;
        Self { grid, plane, bytes: sample_bytes(format), picked, scale }
    }

    /// The samples of row `pick` of those that are read for a row of cells.
    fn samples(&self, row: usize, pick: usize) -> &'a [u8] {
        let step = self.grid.cell / self.picked;
        let start = (row * self.grid.cell + pick * step + step / 2) * self.plane.stride;
        &self.plane.data[start..start + self.grid.cols * self.grid.cell * self.bytes]
    }

    /// The rows of samples that are read for a row of cells; they may be one.
    fn rows(&self, row: usize) -> Rows<'a> {
        let row = row.min(self.grid.rows - 1);
        [self.samples(row, 0), self.samples(row, self.picked - 1)]
    }

    /// The mean luma of every cell, 0..255 whatever the depth, into `out`, row by row; each row is padded to whole eights.
    pub(super) fn read(&self, out: &mut [Lanes]) {
        let Grid { cols, cell, .. } = self.grid;
        let pitch = self.grid.eights() * LANES;
        for (at, out) in out.as_flattened_mut().chunks_mut(pitch * TOGETHER).enumerate() {
            let [rows, soon]: [[Rows<'_>; TOGETHER]; 2] =
                [at, at + 1].map(|at| std::array::from_fn(|row| self.rows(at * TOGETHER + row)));
            let rows = &rows[..out.len() / pitch];
            match (self.bytes, cell) {
                (1, 1) => simd::sums::<1, 1>(rows, &soon, self.scale, (out, pitch)),
                (1, 2) => simd::sums::<2, 2>(rows, &soon, self.scale, (out, pitch)),
                (1, 4) => simd::sums::<4, 2>(rows, &soon, self.scale, (out, pitch)),
                (1, 8) => simd::sums::<8, 1>(rows, &soon, self.scale, (out, pitch)),
                (1, _) => self.wide(rows, &soon, (out, pitch)),
                _ => self.words(rows, (out, pitch)),
            }
            for row in out.chunks_exact_mut(pitch) {
                let (cells, beyond) = row.split_at_mut(cols);
                beyond.fill(cells[cols - 1]);
            }
        }
    }

    /// Cells of more than eight pixels, by way of eights.
    fn wide(&self, rows: &[Rows<'_>], soon: &[Rows<'_>], (out, pitch): (&mut [f32], usize)) {
        let width = self.grid.cols * self.grid.cell / 8;
        let mut eights = vec![0.0; width * rows.len()];
        simd::sums::<8, 2>(rows, soon, self.scale, (&mut eights, width));
        for (eights, out) in eights.chunks_exact(width).zip(out.chunks_exact_mut(pitch)) {
            let parts = eights.chunks_exact(self.grid.cell / 8);
            out.iter_mut().zip(parts).for_each(|(cell, parts)| *cell = parts.iter().sum());
        }
    }

    /// Samples of 16 bits.
    fn words(&self, rows: &[Rows<'_>], (out, pitch): (&mut [f32], usize)) {
        out.fill(0.0);
        for (rows, out) in rows.iter().zip(out.chunks_exact_mut(pitch)) {
            rows[..self.picked].iter().for_each(|row| add_words(row, self.grid.cell, self.scale, out));
        }
    }
}

/// Adds one row of samples of 16 bits to its cells.
fn add_words(row: &[u8], cell: usize, scale: f32, out: &mut [f32]) {
    for (samples, out) in row.chunks_exact(cell * 2).zip(out) {
        let sum = samples.as_chunks().0.iter().map(|&sample| u32::from(u16::from_le_bytes(sample))).sum::<u32>();
        *out += sum as f32 * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of a picture with a stride wider than its width, the padding filled with what must not be read.
    fn plane(width: usize, height: usize, stride: usize, bytes: usize, luma: impl Fn(usize, usize) -> u16) -> Vec<u8> {
        let mut data = vec![0xee; stride * (height - 1) + width * bytes];
        for y in 0..height {
            for x in 0..width {
                let at = y * stride + x * bytes;
                data[at..at + bytes].copy_from_slice(&luma(x, y).to_le_bytes()[..bytes]);
            }
        }
        data
    }

    fn sampled(
        width: usize,
        height: usize,
        format: PixelFormat,
        luma: impl Fn(usize, usize) -> u16,
    ) -> (Grid, Vec<f32>) {
        let bytes = sample_bytes(format);
        let stride = width * bytes + 13 * bytes;
        let data = plane(width, height, stride, bytes, luma);
        let plane = Plane { data: &data, stride, width, height };
        let grid = Grid::new(&plane, format).expect("a picture");
        let mut cells = vec![[-1.0; LANES]; grid.eights() * grid.rows];
        Luma::new(grid, plane, format).read(&mut cells);
        let mut out = Vec::new();
        for row in cells.chunks_exact(grid.eights()) {
            let (cells, beyond) = row.as_flattened().split_at(grid.cols);
            assert!(beyond.iter().all(|beyond| *beyond == cells[grid.cols - 1]));
            out.extend_from_slice(cells);
        }
        (grid, out)
    }

    #[test]
    fn cells_fit_the_picture() {
        let cases = [
            ((1920, 1080), (8, 240, 135)),
            ((1280, 720), (4, 320, 180)),
            ((3840, 2160), (16, 240, 135)),
            ((640, 360), (2, 320, 180)),
            ((320, 240), (1, 320, 240)),
            ((518, 488), (2, 259, 244)),
            ((1, 1), (1, 1, 1)),
            ((4096, 3), (1, 4096, 3)),
        ];
        for ((width, height), (cell, cols, rows)) in cases {
            let data = vec![0; width * height];
            let grid =
                Grid::new(&Plane { data: &data, stride: width, width, height }, PixelFormat::I420).expect("fits");
            assert_eq!((grid.cell, grid.cols, grid.rows), (cell, cols, rows), "{width}x{height}");
        }
    }

    #[test]
    fn every_size_of_cell_and_every_depth_gives_the_mean() {
        for (width, height) in
            [(100, 60), (500, 300), (900, 500), (1280, 720), (1920, 1080), (3840, 2160), (6000, 4000)]
        {
            for (format, one) in [(PixelFormat::Nv12, 1), (PixelFormat::I42010, 4), (PixelFormat::P010, 256)] {
                let cell = sampled(width, height, format, |_, _| 0).0.cell;
                // Luma that is the same all over a cell, so that the mean does not depend on which rows are read.
                let luma = |x: usize, y: usize| ((x / cell * 7 + y / cell * 3) % 256) as u16 * one;
                let (grid, out) = sampled(width, height, format, luma);
                for r in 0..grid.rows {
                    for c in 0..grid.cols {
                        let expected = ((c * 7 + r * 3) % 256) as f32;
                        assert_eq!(out[r * grid.cols + c], expected, "{width}x{height} {format:?} cell {c},{r}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_cell_of_8_averages_all_its_columns() {
        let (grid, out) = sampled(1920, 1080, PixelFormat::I420, |x, _| (x % 8) as u16 * 10);
        assert_eq!(grid.cell, 8);
        assert!(out.iter().all(|&mean| mean == 35.0));
    }

    #[test]
    fn a_plane_that_does_not_hold_the_picture_is_refused() {
        let data = vec![0_u8; 64 * 48];
        let grid = |stride, width, height| Grid::new(&Plane { data: &data, stride, width, height }, PixelFormat::I420);
        assert!(grid(64, 64, 48).is_ok());
        for (stride, width, height) in [(64, 0, 48), (64, 64, 0), (64, 64, 49), (32, 64, 48), (usize::MAX, 64, 48)] {
            assert!(
                matches!(grid(stride, width, height), Err(DetectError::BadPlane { .. })),
                "{stride} {width} {height}"
            );
        }
    }
}
