//! Words on a picture: how much of each pixel they cover, ready to be blended at any place of a row.

use super::parts::Rows;
use super::planes::{Canvas, Chroma};
use super::simd::{self, CHUNK};

/// Pixels of nothing between two rows, and around them: whoever reads whole chunks of a picture's row reads no letter's other row.
const MARGIN: usize = 2 * CHUNK;

/// Coverage in rows as coded, in 255ths, with an empty row above and one below.
#[derive(Default)]
pub(super) struct Stencil {
    pub(super) width: usize,
    pub(super) height: usize,
    cover: Vec<u8>,
}

impl Stencil {
    /// Coverage by column and row.
    pub(super) fn new(width: usize, height: usize, at: impl Fn(usize, usize) -> u8) -> Self {
        let mut cover = vec![0; (width + MARGIN) * (height + 2) + MARGIN];
        for (y, row) in cover[MARGIN..].chunks_exact_mut(width + MARGIN).skip(1).take(height).enumerate() {
            row[..width].iter_mut().enumerate().for_each(|(x, pixel)| *pixel = at(x, y));
        }
        Self { width, height, cover }
    }

    /// How much of a pixel is covered.
    fn at(&self, x: usize, y: usize) -> u8 {
        self.cover[(y + 1) * (self.width + MARGIN) + MARGIN + x]
    }

    /// Coverage in rows without anything between.
    pub(super) fn pixels(&self) -> Vec<u8> {
        (0..self.height).flat_map(|y| (0..self.width).map(move |x| self.at(x, y))).collect()
    }

    /// What is upright in a picture that is shown turned clockwise by `rotation`.
    pub(super) fn coded(self, rotation: u16) -> Self {
        let (right, bottom) = (self.width.wrapping_sub(1), self.height.wrapping_sub(1));
        match rotation {
            90 => Self::new(self.height, self.width, |x, y| self.at(right - y, x)),
            180 => Self::new(self.width, self.height, |x, y| self.at(right - x, bottom - y)),
            270 => Self::new(self.height, self.width, |x, y| self.at(y, bottom - x)),
            _ => self,
        }
    }

    /// Blends it in a colour's samples, its upper left corner at `at` of the picture as shown.
    pub(super) fn blend(&self, canvas: &mut Canvas<'_>, at: (i32, i32), samples: [u8; 3]) {
        let (width, height) = canvas.size();
        let (across, down) = (self.width as i32, self.height as i32);
        let (x, y) = match canvas.rotation() {
            90 => (at.1, height as i32 - at.0 - down),
            180 => (width as i32 - at.0 - across, height as i32 - at.1 - down),
            270 => (width as i32 - at.1 - across, at.0),
            _ => at,
        };
        let within = |from: i32, length: i32, most: usize| {
            let cut = |value: i32| value.clamp(0, length) as usize;
            cut(-from)..cut(most as i32 - from)
        };
        let (columns, rows) = (within(x, across, width), within(y, down, height));
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        let corner = (x.max(0) as usize, y.max(0) as usize);
        if (columns.len(), rows.len()) == (self.width, self.height) {
            return self.blend_whole(canvas, corner, samples);
        }
        let part = Self::new(columns.len(), rows.len(), |x, y| self.at(columns.start + x, rows.start + y));
        part.blend_whole(canvas, corner, samples);
    }

    /// The same where all of it lies within the picture, `x` and `y` as coded.
    fn blend_whole(&self, canvas: &mut Canvas<'_>, (x, y): (usize, usize), [luma, blue, red]: [u8; 3]) {
        let start = x / CHUNK * CHUNK;
        simd::luma(canvas.luma.from(y, start), &self.rows(1, self.height, x - start, CHUNK), luma);
        // Of an odd first row of pixels the other one of its pair is the empty one.
        let (above, height) = (1 - y % 2, (self.height + y % 2).next_multiple_of(2));
        match &mut canvas.chroma {
            Chroma::Planar { cb, cr } => {
                let start = x / (2 * CHUNK) * CHUNK;
                let letters = self.rows(above, height, x - 2 * start, 2 * CHUNK);
                simd::halved(cb.from(y / 2, start), &letters, blue);
                simd::halved(cr.from(y / 2, start), &letters, red);
            }
            Chroma::Interleaved(plane) => {
                let letters = self.rows(above, height, x - start, CHUNK);
                simd::pairs(plane.from(y / 2, start), &letters, (blue, red));
            }
        }
    }

    /// `height` rows from `first` on, where 0 is the empty one above, and from `left` pixels before the stencil on: whole pieces of `whole`.
    fn rows(&self, first: usize, height: usize, left: usize, whole: usize) -> Rows<'_> {
        let stride = self.width + MARGIN;
        let parts = &self.cover[first * stride + MARGIN - left..];
        Rows { parts, stride, width: (left + self.width).next_multiple_of(whole), height }
    }
}
