//! Filling rectangles of planes whose chroma is halved in both directions.
//!
//! A chroma sample that a rectangle covers in part takes that part of its colour. Narrow upright rectangles that stand side by side, as the
//! sides of a box do, are filled in one go: eight bytes of a row at a time.

use super::parts::{Area, Columns, Part, Patch, Span};
use super::planes::Canvas;
use super::simd;

/// Bytes that are done at once.
const EIGHT: usize = 8;
/// Rows from which it pays.
const TALL: usize = 6;

/// Fills `patches` in their order.
pub(super) fn patches(canvas: &mut Canvas<'_>, patches: &[Patch]) {
    let size = canvas.size();
    let mut rest = patches;
    while let Some(first) = rest.first() {
        let left = side_by_side(size, rest);
        if left == 0 {
            let alike = |patch: &&Patch| patch.ink == first.ink && side_by_side(size, std::slice::from_ref(patch)) == 0;
            let (alike, others) = rest.split_at(1 + rest[1..].iter().take_while(alike).count());
            canvas.each(|plane, samples| simd::fill(plane, alike, samples, size));
            rest = others;
            continue;
        }
        // The other side of a box stands on the same rows.
        let rows = |patch: &Patch| (patch.area.y0, patch.area.y1);
        let other = &rest[left..];
        let right = if other.first().map(rows) == Some(rows(first)) { side_by_side(size, other) } else { 0 };
        upright(canvas, &[&rest[..left], &other[..right]][..1 + usize::from(right > 0)]);
        rest = &other[right..];
    }
}

/// How many of the first patches stand on the same rows within eight pixels and four chroma samples; 0 where it does not pay.
///
/// In whatever order they stand there: the right side of a box comes from the right to the left. Groups of its own for each of its lines
/// would be read while the one before is still being written, eight bytes that overlap eight others: 20 cycles a row, most of the
/// time that drawing took.
fn side_by_side((width, _): (usize, usize), patches: &[Patch]) -> usize {
    let Area { x0, x1, y0, y1 } = patches[0].area;
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
