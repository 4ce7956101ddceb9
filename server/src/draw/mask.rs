//! Words on a picture: their coverage turned to how the picture is coded, aligned to its chroma, and blended.

use super::letters::Run;
use super::planes::{Canvas, Chroma};
use super::simd::{CHUNK, lerp_by, quarter, quarter_pairs};

/// Coverage of a piece of a picture as coded: whole chunks of each plane's rows, and an even number of rows from an even one on.
#[derive(Default)]
pub(super) struct Mask {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    cover: Vec<u8>,
    quarters: Vec<u8>,
}

impl Mask {
    /// Takes `run`, whose upper left corner is at `at` of the picture as shown; false where nothing of it is within the picture.
    pub(super) fn place(&mut self, canvas: &Canvas<'_>, run: &Run, at: (i32, i32)) -> bool {
        let (width, height) = canvas.size();
        let (across, down) = (run.width as i32, run.height as i32);
        let (most_x, most_y) = (width as i32, height as i32);
        // The corner and size of the run as coded.
        let (x, y, across, down) = match canvas.rotation() {
            90 => (at.1, most_y - at.0 - across, down, across),
            180 => (most_x - at.0 - across, most_y - at.1 - down, across, down),
            270 => (most_x - at.1 - down, at.0, down, across),
            _ => (at.0, at.1, across, down),
        };
        let (x0, y0, x1, y1) = (x.max(0), y.max(0), (x + across).min(most_x), (y + down).min(most_y));
        if x0 >= x1 || y0 >= y1 {
            return false;
        }
        let whole = match canvas.chroma {
            Chroma::Planar { .. } => 2 * CHUNK,
            Chroma::Interleaved(_) => CHUNK,
        };
        (self.x, self.y) = (x0 as usize / whole * whole, y0 as usize & !1);
        (self.width, self.height) =
            ((x1 as usize - self.x).next_multiple_of(whole), (y1 as usize - self.y).next_multiple_of(2));
        self.cover.clear();
        self.cover.resize(self.width * self.height, 0);
        for row in y0..y1 {
            let to =
                &mut self.cover[(row as usize - self.y) * self.width + (x0 as usize - self.x)..][..(x1 - x0) as usize];
            let (left, top) = ((x0 - x) as usize, (row - y) as usize);
            copy_row(run, canvas.rotation(), (left, top), to);
        }
        true
    }

    /// Blends the words in a colour's samples. What lies beyond a row's end is covered by nothing.
    pub(super) fn blend(&mut self, canvas: &mut Canvas<'_>, [luma, blue, red]: [u8; 3]) {
        let (_, height) = canvas.size();
        for (y, cover) in (self.y..height).zip(self.cover.chunks_exact(self.width)) {
            lerp_by(canvas.luma.from(y, self.x), (luma, luma), cover);
        }
        self.quarters.resize(self.width, 0);
        for (y, two) in (self.y / 2..height.div_ceil(2)).zip(self.cover.chunks_exact(2 * self.width)) {
            let (upper, lower) = two.split_at(self.width);
            match &mut canvas.chroma {
                Chroma::Planar { cb, cr } => {
                    let quarters = &mut self.quarters[..self.width / 2];
                    quarter(upper, lower, quarters);
                    lerp_by(cb.from(y, self.x / 2), (blue, blue), quarters);
                    lerp_by(cr.from(y, self.x / 2), (red, red), quarters);
                }
                Chroma::Interleaved(plane) => {
                    quarter_pairs(upper, lower, &mut self.quarters);
                    lerp_by(plane.from(y, self.x), (blue, red), &self.quarters);
                }
            }
        }
    }
}

/// A piece of a row as coded of `run`, which is as shown; `left`, `top` count from the run's corner as coded.
fn copy_row(run: &Run, rotation: u16, (left, top): (usize, usize), to: &mut [u8]) {
    let at = |x: usize, y: usize| run.cover[y * run.width + x];
    match rotation {
        90 => to.iter_mut().enumerate().for_each(|(n, to)| *to = at(run.width - 1 - top, left + n)),
        180 => to.iter_mut().enumerate().for_each(|(n, to)| *to = at(run.width - 1 - left - n, run.height - 1 - top)),
        270 => to.iter_mut().enumerate().for_each(|(n, to)| *to = at(top, run.height - 1 - left - n)),
        _ => to.copy_from_slice(&run.cover[top * run.width + left..][..to.len()]),
    }
}
