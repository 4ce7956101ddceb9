//! Filling rectangles of planes whose chroma is halved in both directions.
//!
//! A chroma sample that a rectangle covers in part takes that part of its colour. Narrow upright rectangles that stand side by side, as the
//! sides of a box do, are filled in one go: eight bytes of a row at a time.

use super::parts::{Columns, Part, Span};
use super::planes::{Canvas, Samples};
use super::simd;
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

/// Bytes that are done at once.
const EIGHT: usize = 8;
/// Rows from which it pays.
const TALL: usize = 6;

/// Fills `patches` in their order.
pub(super) fn patches(canvas: &mut Canvas<'_>, patches: &[Patch]) {
    let mut rest = patches;
    while let Some(first) = rest.first() {
        let left = side_by_side(canvas, rest);
        if left == 0 {
            let size = canvas.size();
            canvas.each(|plane, samples| {
                simd::cover(plane, &samples.part(first, size), samples.of(first.ink.samples));
            });
            rest = &rest[1..];
            continue;
        }
        // The other side of a box stands on the same rows.
        let rows = |patch: &Patch| (patch.area.y0, patch.area.y1);
        let other = &rest[left..];
        let right = if other.first().map(rows) == Some(rows(first)) { side_by_side(canvas, other) } else { 0 };
        upright(canvas, &[&rest[..left], &other[..right]][..1 + usize::from(right > 0)]);
        rest = &other[right..];
    }
}

/// How many of the first patches stand on the same rows within eight pixels and four chroma samples; 0 where it does not pay.
///
/// In whatever order they stand there: the right side of a box comes from the right to the left. Groups of its own for each of its lines
/// would be read while the one before is still being written, eight bytes that overlap eight others: 20 cycles a row, most of the
/// time that drawing took.
fn side_by_side(canvas: &Canvas<'_>, patches: &[Patch]) -> usize {
    let Area { x0, x1, y0, y1 } = patches[0].area;
    let (width, _) = canvas.size();
    if y1 - y0 < TALL || width < 2 * EIGHT {
        return 0;
    }
    let (mut from, mut to) = (x0, x1);
    let fits = |patch: &&Patch| {
        let area = patch.area;
        (from, to) = (from.min(area.x0), to.max(area.x1));
        (area.y0, area.y1) == (y0, y1) && to <= from + EIGHT && to.div_ceil(2) <= from / 2 + EIGHT / 2
    };
    patches.iter().take_while(fits).count()
}

/// Fills groups of patches for each of which [`side_by_side`] holds, all on the same rows.
fn upright(canvas: &mut Canvas<'_>, groups: &[&[Patch]]) {
    let size = canvas.size();
    canvas.each(|plane, samples| {
        let mut columns = [Columns::new(0); 2];
        for (columns, group) in columns.iter_mut().zip(groups) {
            let start = group.iter().map(|patch| patch.area.x0).min().unwrap_or_default();
            *columns = Columns::new(samples.byte(start).min(samples.bytes(size.0) - EIGHT));
            for patch in *group {
                let Part { across, down, alpha } = samples.part(patch, size);
                columns.cover(&across, alpha, samples.of(patch.ink.samples));
                // Chroma rows that are covered by half, above and below.
                let [above, _, below] = down.pieces(alpha);
                for (rows, alpha) in [above, below].into_iter().filter(|(rows, _)| !rows.is_empty()) {
                    let part = Part { across: across.clone(), down: Span::whole(rows), alpha };
                    simd::cover(plane, &part, samples.of(patch.ink.samples));
                }
            }
        }
        let rows = samples.part(&groups[0][0], size).down.inner;
        simd::columns(plane, &columns[..groups.len()], rows);
    });
}

impl Samples {
    /// What of its plane a patch covers, in a picture of `size`.
    fn part(self, Patch { area, ink }: &Patch, (width, height): (usize, usize)) -> Part {
        let (across, down) = (area.x0..area.x1, area.y0..area.y1);
        let (across, down) = match self {
            Self::Luma => (Span::whole(across), Span::whole(down)),
            Self::Pairs => (halved(across, width).times(2), halved(down, height)),
            Self::Blue | Self::Red => (halved(across, width), halved(down, height)),
        };
        Part { across, down, alpha: ink.alpha }
    }
}

/// The chroma samples of the pixels `from..to` of `most`. A last sample of a single pixel is covered whole by it.
fn halved(Range { start, end }: Range<usize>, most: usize) -> Span {
    let whole = start.div_ceil(2)..if end == most { end.div_ceil(2) } else { end / 2 };
    Span { all: start / 2..end.div_ceil(2), inner: whole }
}
