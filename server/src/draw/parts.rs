//! What of a plane is covered, in bytes and rows.

use super::planes::Samples;
use std::ops::Range;

/// A rectangle of pixels as coded: `x0 < x1 <= width`, `y0 < y1 <= height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x0: usize,
    pub(super) y0: usize,
    pub(super) x1: usize,
    pub(super) y1: usize,
}

/// A colour, and how much of it covers what was there in parts of 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink {
    pub(super) samples: [u8; 3],
    pub(super) alpha: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) area: Area,
    pub(super) ink: Ink,
}

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

    /// The chroma samples of pixels of `most`. A last sample of a single pixel is covered whole by it.
    pub(super) fn halved(Range { start, end }: Range<usize>, most: usize) -> Self {
        let inner = start.div_ceil(2)..if end == most { end.div_ceil(2) } else { end / 2 };
        Self { all: start / 2..end.div_ceil(2), inner }
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

impl Samples {
    /// What of its plane a patch covers, in a picture of `size`.
    pub(super) fn part(self, Patch { area, ink }: &Patch, (width, height): (usize, usize)) -> Part {
        let (across, down) = (area.x0..area.x1, area.y0..area.y1);
        let (across, down) = match self {
            Self::Luma => (Span::whole(across), Span::whole(down)),
            Self::Pairs => (Span::halved(across, width).times(2), Span::halved(down, height)),
            Self::Blue | Self::Red => (Span::halved(across, width), Span::halved(down, height)),
        };
        Part { across, down, alpha: ink.alpha }
    }
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
