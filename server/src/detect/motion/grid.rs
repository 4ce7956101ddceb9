//! Luma, averaged into square cells while it is read.

use super::MAX_CELLS;
use crate::detect::DetectError;
use crate::pipeline::frame::{PixelFormat, Plane};

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

    /// How many cells there are.
    pub(super) fn cells(&self) -> usize {
        self.cols * self.rows
    }

    /// The mean luma of every cell, 0..255 whatever the depth, into `out`, row by row. A quarter to a half of a large cell's rows
    /// is read: 16 or more samples average the sensor's noise away, and reading is what the time goes into.
    pub(super) fn sample(&self, plane: &Plane<'_>, format: PixelFormat, out: &mut [f32]) {
        let bytes = sample_bytes(format);
        let picked = (self.cell / 4).clamp(self.cell.min(2), 4);
        let step = self.cell / picked;
        let unit = match format {
            PixelFormat::I42010 => 0.25,
            PixelFormat::P010 => 1.0 / 256.0,
            _ => 1.0,
        };
        let scale = unit / (picked * self.cell) as f32;
        let length = self.cols * self.cell * bytes;
        let mut sums = vec![0_u32; self.cols];
        for (r, out) in out.chunks_exact_mut(self.cols).enumerate().take(self.rows) {
            sums.fill(0);
            for p in 0..picked {
                let start = (r * self.cell + p * step + step / 2) * plane.stride;
                add_row(&plane.data[start..start + length], self.cell, bytes, &mut sums);
            }
            for (out, sum) in out.iter_mut().zip(&sums) {
                *out = *sum as f32 * scale;
            }
        }
    }
}

/// Adds one row of samples to its cells' sums.
fn add_row(row: &[u8], cell: usize, bytes: usize, sums: &mut [u32]) {
    match (bytes, cell) {
        (1, 1) => add_bytes::<1>(row, sums),
        (1, 2) => add_bytes::<2>(row, sums),
        (1, 4) => add_bytes::<4>(row, sums),
        (1, cell) => add_words(row, cell, sums),
        (_, cell) => {
            for (samples, sum) in row.chunks_exact(cell * 2).zip(sums) {
                *sum += samples.chunks_exact(2).map(|s| u32::from(u16::from_le_bytes([s[0], s[1]]))).sum::<u32>();
            }
        }
    }
}

fn add_bytes<const CELL: usize>(row: &[u8], sums: &mut [u32]) {
    for (samples, sum) in row.as_chunks::<CELL>().0.iter().zip(sums) {
        *sum += samples.iter().map(|&sample| u32::from(sample)).sum::<u32>();
    }
}

/// Cells of 8 bytes and their multiples, eight bytes at a time within one register.
fn add_words(row: &[u8], cell: usize, sums: &mut [u32]) {
    const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
    let word = |bytes: &[u8; 8]| {
        let bytes = u64::from_le_bytes(*bytes);
        let pairs = (bytes & EVEN) + ((bytes >> 8) & EVEN);
        (pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as u32
    };
    let words = row.as_chunks::<8>().0;
    if cell == 8 {
        for (bytes, sum) in words.iter().zip(sums) {
            *sum += word(bytes);
        }
    } else {
        for (words, sum) in words.chunks_exact(cell / 8).zip(sums) {
            *sum += words.iter().map(word).sum::<u32>();
        }
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
        let mut out = vec![-1.0; grid.cells()];
        grid.sample(&plane, format, &mut out);
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
