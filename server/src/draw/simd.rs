//! Blending of rows of bytes, written so that the compiler makes vector instructions of it: widths are fixed or plain slices, sums fit 16 bits.

use std::ops::Range;

/// `to` over `from`, covering `alpha` of 256 parts, rounded. 255 * 256 + 128 fits 16 bits.
fn mix(from: u8, to: u8, alpha: u16) -> u8 {
    ((u16::from(from) * (256 - alpha) + u16::from(to) * alpha + 128) >> 8) as u8
}

/// Covers `row` with `to`.
pub(super) fn lerp(row: &mut [u8], to: u8, alpha: u16) {
    if alpha >= 256 {
        row.fill(to);
        return;
    }
    for byte in row {
        *byte = mix(*byte, to, alpha);
    }
}

/// Covers a row of Cb and Cr in turn.
pub(super) fn lerp_pairs(row: &mut [u8], to: (u8, u8), alpha: u16) {
    let alpha = alpha.min(256);
    let (keep, blue, red) = (256 - alpha, u16::from(to.0) * alpha + 128, u16::from(to.1) * alpha + 128);
    for pair in row.chunks_exact_mut(2) {
        pair[0] = ((u16::from(pair[0]) * keep + blue) >> 8) as u8;
        pair[1] = ((u16::from(pair[1]) * keep + red) >> 8) as u8;
    }
}

/// Covers each byte of `row` with `to` by its own part of 255.
pub(super) fn lerp_by(row: &mut [u8], to: u8, parts: &[u8]) {
    for (byte, part) in row.iter_mut().zip(parts) {
        *byte = mix(*byte, to, of_256(*part));
    }
}

/// The same for Cb and Cr in turn: one part for each pair.
pub(super) fn lerp_pairs_by(row: &mut [u8], to: (u8, u8), parts: &[u8]) {
    for (pair, part) in row.chunks_exact_mut(2).zip(parts) {
        let alpha = of_256(*part);
        pair[0] = mix(pair[0], to.0, alpha);
        pair[1] = mix(pair[1], to.1, alpha);
    }
}

/// 0..255 as 0..256, so that all is all.
fn of_256(part: u8) -> u16 {
    u16::from(part) + u16::from(part >> 7)
}

/// Means of two rows' bytes, two by two.
pub(super) fn quarter(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    for ((out, upper), lower) in out.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
        let sum = u16::from(upper[0]) + u16::from(upper[1]) + u16::from(lower[0]) + u16::from(lower[1]);
        *out = ((sum + 2) >> 2) as u8;
    }
}

/// What eight bytes side by side become, the same on many rows: each keeps `keep` of 256 parts and gets `add`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    /// The first of the eight, in a row.
    start: usize,
    keep: [u16; 8],
    add: [u16; 8],
}

impl Columns {
    /// Eight bytes that stay as they are.
    pub(super) fn new(start: usize) -> Self {
        Self { start, keep: [256; 8], add: [128; 8] }
    }

    /// Covers byte `at` of a row with `to`, over what covers it already.
    pub(super) fn cover(&mut self, at: usize, to: u8, alpha: u16) {
        let (at, keep) = (at - self.start, u32::from(256 - alpha.min(256)));
        self.keep[at] = (u32::from(self.keep[at]) * keep / 256) as u16;
        // Half a step for rounding stays added.
        self.add[at] = (u32::from(self.add[at] - 128) * keep / 256) as u16 + u16::from(to) * alpha.min(256) + 128;
    }

    fn apply(&self, row: &mut [u8]) {
        if let Some(eight) = row[self.start..].first_chunk_mut::<8>() {
            *eight = std::array::from_fn(|at| ((u16::from(eight[at]) * self.keep[at] + self.add[at]) >> 8) as u8);
        }
    }
}

/// Changes the bytes of all `columns` on each of `rows`: row by row, since both sides of a box lie on the same pages of memory.
pub(super) fn run(columns: &[Columns], data: &mut [u8], stride: usize, rows: Range<usize>) {
    match columns {
        [left, right] => {
            for row in rows {
                let row = &mut data[row * stride..];
                left.apply(row);
                right.apply(row);
            }
        }
        columns => {
            for row in rows {
                columns.iter().for_each(|columns| columns.apply(&mut data[row * stride..]));
            }
        }
    }
}
