//! Frames made by hand, for the tests of this room: plain planes, and the demo camera's scene.

use crate::pipeline::frame::{Frame, PixelFormat};
use sightline_shared::time::Pts;

/// A picture of luma alone, at `pts` of epoch 0.
pub(super) fn grey_frame(width: usize, height: usize, luma: Vec<u8>, pts: i64) -> Frame {
    plane_frame(width, height, (luma, width), PixelFormat::Grey, pts)
}

/// A picture whose luma plane has the given stride.
pub(super) fn plane_frame(
    width: usize,
    height: usize,
    plane: (Vec<u8>, usize),
    format: PixelFormat,
    pts: i64,
) -> Frame {
    Frame { pts: Pts(pts), ..Frame::of_planes(vec![plane], format, (width, height)) }
}

/// Numbers that look random and are the same in every run (xorshift).
pub(super) struct Noise(pub(super) u64);

impl Noise {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Near a Gaussian: the sum of four numbers 0..=15 has a deviation of 9.2; here scaled to `sigma`.
    fn gauss(&mut self, sigma: f32) -> i8 {
        let bits = self.next() >> 40;
        let sum: i32 = (0..4).map(|k| (bits >> (4 * k) & 15) as i32).sum::<i32>() - 30;
        (sum as f32 * sigma / 9.2).round() as i8
    }

    /// Enough of it that pictures which start at different places of it look independent.
    pub(super) fn bank(sigma: f32) -> Vec<i8> {
        let mut noise = Self(42);
        (0..1 << 17).map(|_| noise.gauss(sigma)).collect()
    }
}

/// A luma picture to draw on.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) luma: Vec<u8>,
}

impl Canvas {
    /// A street: sky, houses with windows, a road; nothing above 190.
    pub(super) fn street(width: usize, height: usize) -> Self {
        let mut luma = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let value = match y * 8 / height {
                    0 => 185 - y * 40 / height,
                    1..=3 if (x / 24) % 3 == 0 && (y / 32) % 2 == 0 => 60,
                    1..=3 => 110 + (x / 160 * 13) % 30,
                    _ => 80 + (y * 64 / height) % 40,
                };
                luma.push(value as u8);
            }
        }
        Self { width, height, luma }
    }

    /// A filled rectangle, cut at the picture's edges.
    pub(super) fn rect(&mut self, x: i64, y: i64, width: i64, height: i64, value: u8) {
        let range = |from: i64, size: i64, most: usize| {
            (from.clamp(0, most as i64) as usize)..((from + size).clamp(0, most as i64) as usize)
        };
        for row in range(y, height, self.height) {
            let columns = range(x, width, self.width);
            self.luma[row * self.width..][columns].fill(value);
        }
    }

    /// Sensor noise out of a bank.
    pub(super) fn noise(&mut self, noise: &mut Noise, bank: &[i8]) {
        for row in self.luma.chunks_mut(self.width) {
            let start = noise.next() as usize % (bank.len() - row.len());
            for (luma, noise) in row.iter_mut().zip(&bank[start..]) {
                *luma = luma.saturating_add_signed(*noise);
            }
        }
    }

    /// A frame of it.
    pub(super) fn frame(self, pts: i64) -> Frame {
        grey_frame(self.width, self.height, self.luma, pts)
    }
}

/// Upper left corner of the demo camera's square in frame `n` (the demo camera's definition).
pub(super) fn demo_square(n: i64) -> (i64, i64) {
    (100 + (7 * n) % 1000, 300 + (150.0 * (n as f64 / 40.0).sin()).round() as i64)
}

/// Frame `n` of a scene like the demo camera's: the counter, the square, and traffic of luma below 200 that passes behind it.
pub(super) fn demo_canvas(n: i64, street: &[u8]) -> Canvas {
    let mut canvas = Canvas { width: 1280, height: 720, luma: street.to_vec() };
    for (k, (speed, y, width, height, value)) in
        [(5, 330, 180, 70, 40), (-7, 420, 220, 90, 195), (3, 250, 120, 60, 150), (-2, 300, 40, 110, 30)]
            .iter()
            .enumerate()
    {
        let x = (speed * n + 400 * k as i64).rem_euclid(1280 + 2 * width) - width;
        canvas.rect(x, *y, *width, *height, *value);
    }
    canvas.rect(0, 0, 24 * 16, 16, 16);
    for bit in (0..24).filter(|bit| n >> (23 - bit) & 1 == 1) {
        canvas.rect(bit * 16, 0, 16, 16, 235);
    }
    let (x, y) = demo_square(n);
    canvas.rect(x, y, 96, 96, 235);
    canvas
}
