//! Blending of rows of bytes one by one: what every processor does, and what those that do more at once are held to.

use super::super::parts::{Columns, Part, Patch, Rows};
use super::super::planes::{Plane, Samples};
use std::ops::Range;

/// `to` over `from`, covering `alpha` of 256 parts, rounded. 255 * 256 + 128 fits 16 bits.
fn mix(from: u8, to: u8, alpha: u16) -> u8 {
    ((u16::from(from) * (256 - alpha) + u16::from(to) * alpha + 128) >> 8) as u8
}

/// 0..255 as 0..256, so that all is all.
fn of_256(part: u8) -> u16 {
    u16::from(part) + u16::from(part >> 7)
}

pub(super) fn cover(plane: &mut Plane<'_>, part: &Part, (even, odd): (u8, u8)) {
    for (rows, alpha) in part.down.pieces(part.alpha) {
        for row in rows {
            for (bytes, alpha) in part.across.pieces(alpha) {
                let to = |at: usize| if at.is_multiple_of(2) { even } else { odd };
                let row = &mut plane.data[row * plane.stride..][bytes.clone()];
                row.iter_mut().zip(bytes).for_each(|(byte, at)| *byte = mix(*byte, to(at), alpha));
            }
        }
    }
}

pub(super) fn fill(plane: &mut Plane<'_>, patches: &[Patch], samples: Samples, size: (usize, usize)) {
    patches.iter().for_each(|patch| cover(plane, &samples.part(patch, size), samples.of(patch.ink.samples)));
}

pub(super) fn columns(plane: &mut Plane<'_>, columns: &[Columns], rows: Range<usize>) {
    for row in rows {
        for Columns { start, keep, add } in columns {
            let bytes = plane.data[row * plane.stride + start..].iter_mut();
            bytes
                .zip(keep)
                .zip(add)
                .for_each(|((byte, keep), add)| *byte = ((u16::from(*byte) * keep + add) >> 8) as u8);
        }
    }
}

pub(super) fn luma(plane: Plane<'_>, letters: &Rows<'_>, to: u8) {
    for y in 0..letters.height {
        let row = plane.data[y * plane.stride..].iter_mut();
        row.zip(letters.row(y)).for_each(|(byte, part)| *byte = mix(*byte, to, of_256(*part)));
    }
}

pub(super) fn pairs(plane: Plane<'_>, letters: &Rows<'_>, (blue, red): (u8, u8)) {
    for y in 0..letters.height / 2 {
        let pairs = plane.data[y * plane.stride..].as_chunks_mut().0.iter_mut();
        for ([cb, cr], part) in pairs.zip(quarters(letters, y)) {
            (*cb, *cr) = (mix(*cb, blue, part), mix(*cr, red, part));
        }
    }
}

pub(super) fn halved(plane: Plane<'_>, letters: &Rows<'_>, to: u8) {
    for y in 0..letters.height / 2 {
        let row = plane.data[y * plane.stride..].iter_mut();
        row.zip(quarters(letters, y)).for_each(|(byte, part)| *byte = mix(*byte, to, part));
    }
}

/// The rounded means of four pixels each, of two rows.
fn quarters(letters: &Rows<'_>, pair: usize) -> impl Iterator<Item = u16> {
    let (upper, lower) = (letters.row(2 * pair).as_chunks().0, letters.row(2 * pair + 1).as_chunks().0);
    let sum = |[a, b]: [u8; 2]| u16::from(a) + u16::from(b);
    upper.iter().zip(lower).map(move |(upper, lower)| of_256(((sum(*upper) + sum(*lower) + 2) >> 2) as u8))
}
