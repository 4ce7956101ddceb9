//! What a processor does at once is what the plain bodies do byte by byte.

use super::super::parts::{Area, Ink, Span};
use super::*;
use proptest::prelude::*;

/// The second-to-last row of a plane is whole, the last one ends with the picture.
const STRIDE: usize = 160;
const LAST: usize = 139;
const ROWS: usize = 6;

fn plane() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), (ROWS - 1) * STRIDE + LAST)
}

/// A piece of what has `most` samples, the first and the last of it whole or half.
fn span(most: usize) -> impl Strategy<Value = Span> {
    (0..most, 0..most, any::<bool>(), any::<bool>()).prop_map(|(a, b, first, last)| {
        let all = a.min(b)..a.max(b) + 1;
        let start = all.start + usize::from(first);
        Span { inner: start..start.max(all.end - usize::from(last)), all }
    })
}

/// What both bodies make of the same bytes.
fn both(data: &[u8], fast: impl Fn(Plane<'_>), slow: impl Fn(Plane<'_>)) -> (Vec<u8>, Vec<u8>) {
    let (mut at_once, mut one_by_one) = (data.to_vec(), data.to_vec());
    fast(Plane { data: &mut at_once, stride: STRIDE });
    slow(Plane { data: &mut one_by_one, stride: STRIDE });
    (at_once, one_by_one)
}

proptest! {
    #[test]
    fn parts_are_covered(
        data in plane(),
        bytes in 1_usize..=2,
        (across, down) in (span(LAST / 2), span(ROWS)),
        alpha in 0_u16..=256,
        to in any::<(u8, u8)>(),
    ) {
        let part = Part { across: across.times(bytes), down, alpha };
        let (fast, slow) = both(&data, |mut plane| cover(&mut plane, &part, to), |mut plane| plain::cover(&mut plane, &part, to));
        prop_assert!(fast == slow);
    }

    #[test]
    fn patches_of_one_ink_are_filled(
        data in plane(),
        places in proptest::collection::vec((0..LAST, 1_usize..50, 0..ROWS, 1_usize..4), 1..5),
        (samples, alpha) in (any::<[u8; 3]>(), 0_u16..=256),
    ) {
        for (kind, size) in [
            (Samples::Luma, (LAST, ROWS)),
            (Samples::Pairs, (LAST - 1, 2 * ROWS)),
            (Samples::Blue, (2 * LAST - 1, 2 * ROWS - 1)),
        ] {
            let patch = |(x0, width, y0, height): &(usize, usize, usize, usize)| Patch {
                area: Area { x0: *x0.min(&(size.0 - 1)), y0: *y0, x1: (x0 + width).min(size.0), y1: (y0 + height).min(size.1) },
                ink: Ink { samples, alpha },
            };
            let patches: Vec<_> = places.iter().map(patch).filter(|patch| patch.area.x0 < patch.area.x1).collect();
            let (fast, slow) = both(
                &data,
                |mut plane| fill(&mut plane, &patches, kind, size),
                |mut plane| plain::fill(&mut plane, &patches, kind, size),
            );
            prop_assert!(fast == slow, "{:?}", kind);
        }
    }

    #[test]
    fn sides_are_changed(
        data in plane(),
        right in 4_usize..LAST - 8,
        inks in proptest::collection::vec((0_usize..2, span(8), any::<(u8, u8)>(), 0_u16..=256), 0..12),
    ) {
        let mut all = [Columns::new(3), Columns::new(right)];
        for (side, span, to, alpha) in inks {
            let start = all[side].start;
            let moved = |range: Range<usize>| start + range.start..start + range.end;
            all[side].cover(&Span { all: moved(span.all), inner: moved(span.inner) }, alpha, to);
        }
        for some in [&all[..], &all[..1]] {
            let (fast, slow) = both(&data, |mut plane| columns(&mut plane, some, 1..ROWS), |mut plane| plain::columns(&mut plane, some, 1..ROWS));
            prop_assert!(fast == slow);
        }
    }

    #[test]
    fn letters_are_set(
        data in plane(),
        parts in proptest::collection::vec(any::<u8>(), ROWS * 200),
        first in 0..LAST,
        to in any::<(u8, u8)>(),
    ) {
        // From any byte of a row on, to beyond where the last row ends.
        let letters = |height| Rows { parts: &parts, stride: 200, width: 2 * CHUNK, height };
        let from = |plane: Plane<'_>, of: &dyn Fn(Plane<'_>)| of(Plane { data: &mut plane.data[first..], ..plane });
        let (fast, slow) = both(
            &data,
            |plane| from(plane, &|plane| luma(plane, &letters(ROWS), to.0)),
            |plane| from(plane, &|plane| plain::luma(plane, &letters(ROWS), to.0)),
        );
        prop_assert!(fast == slow);
        let (fast, slow) = both(
            &data,
            |plane| from(plane, &|plane| pairs(plane, &letters(ROWS), to)),
            |plane| from(plane, &|plane| plain::pairs(plane, &letters(ROWS), to)),
        );
        prop_assert!(fast == slow);
        let (fast, slow) = both(
            &data,
            |plane| from(plane, &|plane| halved(plane, &letters(ROWS), to.0)),
            |plane| from(plane, &|plane| plain::halved(plane, &letters(ROWS), to.0)),
        );
        prop_assert!(fast == slow);
    }
}
