//! Filling rectangles of planes whose chroma is halved in both directions.
//!
//! A chroma sample that a rectangle covers in part takes that part of its colour. Narrow upright rectangles that stand side by side, as the
//! sides of a box do, are filled in one go: eight bytes of a row at a time.

use super::planes::{Canvas, Chroma, Plane};
use super::simd::{self, Columns, Part, cover};

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
            luma(&mut canvas.luma, first.area, first.ink);
            chroma(canvas, first.area, first.ink);
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

/// The first pixel of a group.
fn start(group: &[Patch]) -> usize {
    group.iter().map(|patch| patch.area.x0).min().unwrap_or_default()
}

/// Fills groups of patches for each of which [`side_by_side`] holds, all on the same rows.
fn upright(canvas: &mut Canvas<'_>, groups: &[&[Patch]]) {
    let (width, height) = canvas.size();
    let Area { y0, y1, .. } = groups[0][0].area;
    let mut columns = [Columns::new(0); 2];
    for (columns, group) in columns.iter_mut().zip(groups) {
        *columns = Columns::new(start(group).min(width - EIGHT));
        for Patch { area, ink } in *group {
            (area.x0..area.x1).for_each(|x| columns.cover(x, ink.samples[0], ink.alpha));
        }
    }
    simd::run(&columns[..groups.len()], canvas.luma.data, canvas.luma.stride, y0..y1);

    // Chroma rows that are covered whole; the half ones at the ends are done the plain way.
    let rows = y0.div_ceil(2)..if y1 == height { y1.div_ceil(2) } else { y1 / 2 };
    for Patch { area, ink } in groups.iter().copied().flatten() {
        if y0 % 2 == 1 {
            chroma(canvas, Area { y1: y0 + 1, ..*area }, *ink);
        }
        if y1 % 2 == 1 && y1 < height {
            chroma(canvas, Area { y0: y1 - 1, ..*area }, *ink);
        }
    }
    match &mut canvas.chroma {
        Chroma::Planar { cb, cr } => {
            for (index, plane) in [(1, cb), (2, cr)] {
                let columns = chroma_columns(groups, width, 1, |_| index);
                simd::run(&columns[..groups.len()], plane.data, plane.stride, rows.clone());
            }
        }
        Chroma::Interleaved(plane) => {
            let columns = chroma_columns(groups, width, 2, |byte| 1 + byte % 2);
            simd::run(&columns[..groups.len()], plane.data, plane.stride, rows);
        }
    }
}

/// What eight bytes of a chroma row become for each group; a sample has `bytes`, and `of` says which of Y, Cb, Cr a byte of a row holds.
fn chroma_columns(groups: &[&[Patch]], width: usize, bytes: usize, of: impl Fn(usize) -> usize) -> [Columns; 2] {
    let mut columns = [Columns::new(0); 2];
    for (columns, group) in columns.iter_mut().zip(groups) {
        *columns = Columns::new((bytes * (start(group) / 2)).min(bytes * width.div_ceil(2) - EIGHT));
        for Patch { area, ink } in *group {
            for (samples, halves) in halves(area.x0, area.x1, width) {
                for byte in bytes * samples.start..bytes * samples.end {
                    columns.cover(byte, ink.samples[of(byte)], ink.alpha * halves / 2);
                }
            }
        }
    }
    columns
}

fn luma(plane: &mut Plane<'_>, area: Area, ink: Ink) {
    let bytes = area.x0..area.x1;
    let part = Part { all: bytes.clone(), inner: bytes, whole: ink.alpha, edge: 0 };
    cover(plane.data, plane.stride, area.y0..area.y1, &part, (ink.samples[0], ink.samples[0]));
}

fn chroma(canvas: &mut Canvas<'_>, area: Area, ink: Ink) {
    let (width, height) = canvas.size();
    let Area { x0, x1, .. } = area;
    let (all, inner) = (x0 / 2..x1.div_ceil(2), whole(x0, x1, width));
    for (rows, down) in halves(area.y0, area.y1, height) {
        let part = |bytes: usize| Part {
            all: bytes * all.start..bytes * all.end,
            inner: bytes * inner.start..bytes * inner.end,
            whole: ink.alpha * down / 2,
            edge: ink.alpha * down / 4,
        };
        let [_, blue, red] = ink.samples;
        match &mut canvas.chroma {
            Chroma::Planar { cb, cr } => {
                for (plane, sample) in [(cb, blue), (cr, red)] {
                    cover(plane.data, plane.stride, rows.clone(), &part(1), (sample, sample));
                }
            }
            Chroma::Interleaved(plane) => {
                cover(plane.data, plane.stride, rows, &part(2), (blue, red));
            }
        }
    }
}

/// The chroma samples that the pixels `from..to` of `most` cover, with how many halves of each: all of those that begin and end within
/// them, and half of one at either end. A last sample of a single pixel is covered whole by it.
fn halves(from: usize, to: usize, most: usize) -> impl Iterator<Item = (std::ops::Range<usize>, u16)> {
    let whole = whole(from, to, most);
    let first = (from % 2 == 1).then_some((from / 2..from / 2 + 1, 1));
    let last = (to % 2 == 1 && to != most).then_some((to / 2..to / 2 + 1, 1));
    let whole = (!whole.is_empty()).then_some((whole, 2));
    first.into_iter().chain(whole).chain(last)
}

/// Those of them that begin and end within the pixels.
fn whole(from: usize, to: usize, most: usize) -> std::ops::Range<usize> {
    from.div_ceil(2)..if to == most { to.div_ceil(2) } else { to / 2 }
}
