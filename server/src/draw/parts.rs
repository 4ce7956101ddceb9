//! What of a plane is covered, in bytes and rows.

use std::ops::Range;

/// The samples of rows, or of columns, that a rectangle covers.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// All of them.
    pub(super) all: Range<usize>,
    /// Those among them that are covered whole; the others are by half.
    pub(super) inner: Range<usize>,
}

impl Span {
    pub(super) fn whole(all: Range<usize>) -> Self {
        Self { inner: all.clone(), all }
    }

    /// The same in bytes.
    pub(super) fn times(self, bytes: usize) -> Self {
        let times = |range: Range<usize>| bytes * range.start..bytes * range.end;
        Self { all: times(self.all), inner: times(self.inner) }
    }

    /// Its pieces, and what is covered of their samples where `alpha` of 256 parts are of whole ones.
    pub(super) fn pieces(&self, alpha: u16) -> [(Range<usize>, u16); 3] {
        let Self { all, inner } = self;
        [(all.start..inner.start, alpha / 2), (inner.clone(), alpha), (inner.end..all.end, alpha / 2)]
    }
}

/// A rectangle of a plane, and how much of its bytes is covered, of 256 parts.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Bytes of a row.
    pub(super) across: Span,
    pub(super) down: Span,
    pub(super) alpha: u16,
}

/// How much is covered of pixels, in parts of 255.
pub(super) struct Rows<'a> {
    /// From the first pixel on.
    pub(super) parts: &'a [u8],
    /// From one row to the next.
    pub(super) stride: usize,
    /// Pixels of a row: whole chunks.
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn row(&self, y: usize) -> &'a [u8] {
        &self.parts[y * self.stride..][..self.width]
    }
}

/// What eight bytes side by side become, the same on many rows: each keeps `keep` of 256 parts and gets `add`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    /// The first of the eight, in a row.
    pub(super) start: usize,
    pub(super) keep: [u16; 8],
    pub(super) add: [u16; 8],
}

impl Columns {
    /// Eight bytes that stay as they are.
    pub(super) fn new(start: usize) -> Self {
        Self { start, keep: [256; 8], add: [128; 8] }
    }

    /// Covers a part of them, over what covers them already, as [`super::simd::cover`] does.
    pub(super) fn cover(&mut self, across: &Span, alpha: u16, to: (u8, u8)) {
        for (bytes, alpha) in across.pieces(alpha) {
            let keep = u32::from(256 - alpha);
            let kept = |of: u16| ((u32::from(of) * keep + 128) >> 8) as u16;
            for byte in bytes {
                let (at, to) = (byte - self.start, if byte % 2 == 0 { to.0 } else { to.1 });
                self.keep[at] = kept(self.keep[at]);
                // Half a step for rounding stays added.
                self.add[at] = kept(self.add[at] - 128) + u16::from(to) * alpha + 128;
            }
        }
    }
}
