//! Blending of rows of bytes, written so that the compiler makes vector instructions of it: widths are fixed or plain slices, sums fit 16 bits.
#![allow(unsafe_code, reason = "functions for an instruction set are called; the block says why it is there")]

use std::ops::Range;

/// Each function in two bodies of the same source: AVX2 where the processor has it, which takes half the time of SSE2.
macro_rules! twice {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),*);)*) => {$(
        $(#[$doc])*
        pub(super) fn $name($($argument: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn fast($($argument: $kind),*) {
                    plain::$name($($argument),*);
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has just said that it has AVX2.
                    return unsafe { fast($($argument),*) };
                }
            }
            plain::$name($($argument),*);
        }
    )*};
}

twice! {
    /// Covers `row` with `to`.
    fn lerp(row: &mut [u8], to: u8, alpha: u16);
    /// Covers a row of Cb and Cr in turn.
    fn lerp_pairs(row: &mut [u8], to: (u8, u8), alpha: u16);
    /// Covers `part` of each of `rows`: bytes of even places become `to.0`, others `to.1`.
    fn cover(data: &mut [u8], stride: usize, rows: Range<usize>, part: &Part, to: (u8, u8));
    /// Covers each byte of `row` by its own part of 255: with `to.0` where its place is even, else with `to.1`.
    fn lerp_by(row: &mut [u8], to: (u8, u8), parts: &[u8]);
    /// Means of two rows' bytes, two by two.
    fn quarter(upper: &[u8], lower: &[u8], out: &mut [u8]);
    /// The same, each mean twice.
    fn quarter_pairs(upper: &[u8], lower: &[u8], out: &mut [u8]);
}

/// The bodies, written so that the compiler makes vector instructions of them.
mod plain {
    use super::{CHUNK, Part};
    use std::ops::Range;

    /// Pairs of chroma samples that are done at once: two registers of 16 bits each.
    const PAIRS: usize = 8;

    /// `to` over `from`, covering `alpha` of 256 parts, rounded. 255 * 256 + 128 fits 16 bits.
    #[inline(always)]
    fn mix(from: u8, to: u8, alpha: u16) -> u8 {
        ((u16::from(from) * (256 - alpha) + u16::from(to) * alpha + 128) >> 8) as u8
    }

    #[inline(always)]
    pub(super) fn lerp(row: &mut [u8], to: u8, alpha: u16) {
        if alpha >= 256 {
            row.fill(to);
            return;
        }
        for byte in row {
            *byte = mix(*byte, to, alpha);
        }
    }

    #[inline(always)]
    pub(super) fn lerp_pairs(row: &mut [u8], to: (u8, u8), alpha: u16) {
        let alpha = alpha.min(256);
        let (keep, blue, red) = (256 - alpha, u16::from(to.0) * alpha + 128, u16::from(to.1) * alpha + 128);
        let add: [u16; 2 * PAIRS] = std::array::from_fn(|at| if at % 2 == 0 { blue } else { red });
        let mixed = |from: u8, add: u16| ((u16::from(from) * keep + add) >> 8) as u8;
        let (wide, rest) = row.as_chunks_mut::<{ 2 * PAIRS }>();
        for bytes in wide {
            // A loop of fixed length: `array::from_fn` would be a call for every 16 bytes.
            for at in 0..2 * PAIRS {
                bytes[at] = mixed(bytes[at], add[at]);
            }
        }
        for pair in rest.chunks_exact_mut(2) {
            (pair[0], pair[1]) = (mixed(pair[0], blue), mixed(pair[1], red));
        }
    }

    /// What a chunk becomes: each byte keeps `keep` of 256 parts and gets `add`.
    struct Lanes {
        keep: [u16; CHUNK],
        add: [u16; CHUNK],
    }

    impl Lanes {
        /// What `part` makes of the chunk that begins at byte `from` of a row.
        #[inline(always)]
        fn of(part: &Part, from: usize, to: (u8, u8)) -> Self {
            let lane = |byte: usize| (byte.clamp(from, from + CHUNK) - from) as i16;
            let (start, end) = (lane(part.all.start), lane(part.all.end));
            let (inner, outer) = (lane(part.inner.start), lane(part.inner.end));
            let (even, odd) = (u16::from(to.0), u16::from(to.1));
            // All bits where `a` is less than `b`: the compiler makes one instruction of this, and a chain of them of a comparison.
            let less = |a: i16, b: i16| ((a - b) >> 15).cast_unsigned();
            let mut lanes = Self { keep: [0; CHUNK], add: [0; CHUNK] };
            for at in 0..CHUNK {
                let place = at as i16;
                let within = |from: i16, to: i16| !less(place, from) & less(place, to);
                let covered = part.edge ^ ((part.edge ^ part.whole) & within(inner, outer));
                let alpha = covered & within(start, end);
                let colour = even ^ ((even ^ odd) & !(at as u16 & 1).wrapping_sub(1));
                lanes.keep[at] = 256 - alpha;
                lanes.add[at] = alpha * colour + 128;
            }
            lanes
        }

        /// A chunk whose bytes are all covered alike.
        #[inline(always)]
        fn all(alpha: u16, (even, odd): (u8, u8)) -> Self {
            let add = [even, odd].map(|to| alpha * u16::from(to) + 128);
            Self { keep: [256 - alpha; CHUNK], add: std::array::from_fn(|at| add[at % 2]) }
        }

        #[inline(always)]
        fn apply(&self, bytes: &mut [u8; CHUNK]) {
            for ((byte, keep), add) in bytes.iter_mut().zip(&self.keep).zip(&self.add) {
                *byte = ((u16::from(*byte) * keep + add) >> 8) as u8;
            }
        }

        /// The same where the last row of a plane may end within the chunk.
        #[inline(always)]
        fn apply_last(&self, bytes: &mut [u8]) {
            if let Some(whole) = bytes.first_chunk_mut() {
                return self.apply(whole);
            }
            let mut chunk = [0; CHUNK];
            chunk[..bytes.len()].copy_from_slice(bytes);
            self.apply(&mut chunk);
            bytes.copy_from_slice(&chunk[..bytes.len()]);
        }
    }

    #[inline(always)]
    pub(super) fn cover(data: &mut [u8], stride: usize, rows: Range<usize>, part: &Part, to: (u8, u8)) {
        let start = part.all.start / CHUNK * CHUNK;
        let last_start = (part.all.end - 1) / CHUNK * CHUNK;
        let last = Lanes::of(part, last_start, to);
        if start == last_start {
            for row in rows {
                last.apply_last(&mut data[row * stride + start..]);
            }
            return;
        }
        let (first, between) = (Lanes::of(part, start, to), Lanes::all(part.whole, to));
        for row in rows {
            let (before, rest) = data[row * stride + start..].split_at_mut(last_start - start);
            if let Some((head, middle)) = before.split_first_chunk_mut() {
                first.apply(head);
                for bytes in middle.as_chunks_mut().0 {
                    between.apply(bytes);
                }
            }
            last.apply_last(rest);
        }
    }

    #[inline(always)]
    pub(super) fn lerp_by(row: &mut [u8], to: (u8, u8), parts: &[u8]) {
        let to: [u8; CHUNK] = std::array::from_fn(|at| if at % 2 == 0 { to.0 } else { to.1 });
        // Whoever covers whole chunks may be given less of a plane's last row.
        let length = row.len().min(parts.len());
        let (wide, rest) = row[..length].as_chunks_mut::<CHUNK>();
        let (many, last) = parts[..length].as_chunks::<CHUNK>();
        for (bytes, parts) in wide.iter_mut().zip(many) {
            for at in 0..CHUNK {
                bytes[at] = mix(bytes[at], to[at], of_256(parts[at]));
            }
        }
        for ((byte, part), to) in rest.iter_mut().zip(last).zip(to) {
            *byte = mix(*byte, to, of_256(*part));
        }
    }

    /// 0..255 as 0..256, so that all is all.
    #[inline(always)]
    fn of_256(part: u8) -> u16 {
        u16::from(part) + u16::from(part >> 7)
    }

    #[inline(always)]
    pub(super) fn quarter_pairs(upper: &[u8], lower: &[u8], out: &mut [u8]) {
        let rows = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        for (out, (upper, lower)) in out.as_chunks_mut::<2>().0.iter_mut().zip(rows) {
            let two = |pair: &[u8; 2]| (u16::from_le_bytes(*pair) & 255) + (u16::from_le_bytes(*pair) >> 8);
            *out = (((two(upper) + two(lower) + 2) >> 2) * 257).to_le_bytes();
        }
    }

    #[inline(always)]
    pub(super) fn quarter(upper: &[u8], lower: &[u8], out: &mut [u8]) {
        for ((out, upper), lower) in out.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
            let sum = u16::from(upper[0]) + u16::from(upper[1]) + u16::from(lower[0]) + u16::from(lower[1]);
            *out = ((sum + 2) >> 2) as u8;
        }
    }
}

/// Bytes that are covered at once, in whole chunks from a row's start on: whoever covers a row after another finds the same chunks. One
/// that lay across two that were just written would wait for both to reach the cache, 20 cycles each time.
pub(super) const CHUNK: usize = 32;

/// Which bytes of a row are covered, and by how much: the outermost may be by less than those between.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// All of them.
    pub(super) all: Range<usize>,
    /// Those among them that are covered by `whole` of 256 parts.
    pub(super) inner: Range<usize>,
    pub(super) whole: u16,
    /// By how much the others are.
    pub(super) edge: u16,
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
        let kept = |of: u16| ((u32::from(of) * keep + 128) >> 8) as u16;
        self.keep[at] = kept(self.keep[at]);
        // Half a step for rounding stays added.
        self.add[at] = kept(self.add[at] - 128) + u16::from(to) * alpha.min(256) + 128;
    }

    /// Changes the eight bytes in `row`.
    fn apply(&self, row: &mut [u8]) {
        if let Some(bytes) = row.get_mut(self.start..).and_then(<[u8]>::first_chunk_mut::<8>) {
            for ((byte, keep), add) in bytes.iter_mut().zip(self.keep).zip(self.add) {
                *byte = ((u16::from(*byte) * keep + add) >> 8) as u8;
            }
        }
    }
}

/// Changes the bytes of all `columns` on each of `rows`: row by row, since both sides of a box lie on the same pages of memory.
pub(super) fn run(columns: &[Columns], data: &mut [u8], stride: usize, rows: Range<usize>) {
    let data = &mut data[rows.start * stride..];
    // The last row of a plane may be shorter than its stride.
    let (whole, rest) = data.split_at_mut(rows.len().min(data.len() / stride) * stride);
    both(columns, whole, stride);
    if whole.len() < rows.len() * stride {
        columns.iter().for_each(|columns| columns.apply(rest));
    }
}

fn both(columns: &[Columns], rows: &mut [u8], stride: usize) {
    #[cfg(target_arch = "x86_64")]
    if let [left, right] = columns
        && left.start.abs_diff(right.start) >= 8
        && std::arch::is_x86_feature_detected!("avx2")
    {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { both_at_once(left, right, rows, stride) };
    }
    one_by_one(columns, rows, stride);
}

/// What [`both_at_once`] is held to, and what other processors do, or one side alone.
fn one_by_one(columns: &[Columns], rows: &mut [u8], stride: usize) {
    for row in rows.chunks_exact_mut(stride) {
        columns.iter().for_each(|columns| columns.apply(row));
    }
}

/// Two sides, which do not overlap, as sixteen numbers in one register. The compiler makes scalar multiplications of the plain body:
/// a box took three times as long.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn both_at_once(left: &Columns, right: &Columns, rows: &mut [u8], stride: usize) {
    use std::arch::x86_64::{
        __m256i, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_packus_epi16, _mm_unpacklo_epi64,
        _mm256_add_epi16, _mm256_castsi256_si128, _mm256_cvtepu8_epi16, _mm256_extracti128_si256, _mm256_mullo_epi16,
        _mm256_set_epi16, _mm256_srli_epi16,
    };
    let wide = |left: [u16; 8], right: [u16; 8]| -> __m256i {
        let [a, b, c, d, e, f, g, h] = left.map(u16::cast_signed);
        let [i, j, k, l, m, n, o, p] = right.map(u16::cast_signed);
        _mm256_set_epi16(p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a)
    };
    let (keep, add) = (wide(left.keep, right.keep), wide(left.add, right.add));
    let (from, to) = (left.start.min(stride - 8), right.start.min(stride - 8));
    for row in rows.chunks_exact_mut(stride) {
        let eight = |at: usize| row[at..].first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
        let bytes = _mm_unpacklo_epi64(_mm_cvtsi64_si128(eight(from)), _mm_cvtsi64_si128(eight(to)));
        let samples = _mm256_cvtepu8_epi16(bytes);
        let mixed = _mm256_srli_epi16(_mm256_add_epi16(_mm256_mullo_epi16(samples, keep), add), 8);
        let mixed = _mm_packus_epi16(_mm256_castsi256_si128(mixed), _mm256_extracti128_si256(mixed, 1));
        row[from..from + 8].copy_from_slice(&_mm_cvtsi128_si64(mixed).to_le_bytes());
        row[to..to + 8].copy_from_slice(&_mm_extract_epi64(mixed, 1).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The second-to-last row of a plane is whole, the last one ends with the picture.
    const STRIDE: usize = 96;
    const LAST: usize = 76;

    fn plane() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 5 * STRIDE + LAST)
    }

    proptest! {
        #[test]
        fn both_sides_at_once_are_what_they_are_one_by_one(
            data in plane(),
            right in 4_usize..60,
            inks in proptest::collection::vec((0_usize..2, 0_usize..8, any::<u8>(), 0_u16..=256), 0..12),
        ) {
            let mut columns = [Columns::new(3), Columns::new(right)];
            for (side, at, to, alpha) in inks {
                let start = columns[side].start;
                columns[side].cover(start + at, to, alpha);
            }
            for some in [&columns[..], &columns[..1]] {
                let (mut plain, mut fast) = (data.clone(), data.clone());
                for row in plain.chunks_mut(STRIDE).skip(1) {
                    some.iter().for_each(|columns| columns.apply(row));
                }
                run(some, &mut fast, STRIDE, 1..6);
                prop_assert_eq!(plain, fast);
            }
        }

        #[test]
        fn what_is_covered_in_chunks_is_what_it_is_byte_by_byte(
            data in plane(),
            ends in (0..LAST, 1..=LAST),
            edges in (any::<bool>(), any::<bool>()),
            (edge, whole) in (0_u16..=256, 0_u16..=256),
            to in any::<(u8, u8)>(),
        ) {
            // Samples of two bytes: what is not at an end is covered whole.
            let sample = |at: usize| at / 2 * 2;
            let all = sample(ends.0.min(ends.1 - 1))..sample(ends.0.max(ends.1)).max(sample(ends.0.min(ends.1 - 1)) + 2);
            let inner = all.start + 2 * usize::from(edges.0)..all.end - 2 * usize::from(edges.1 && all.len() > 2);
            let part = Part { all: all.clone(), inner: inner.clone(), whole, edge };
            let (mut plain, mut fast) = (data.clone(), data);
            for row in plain.chunks_mut(STRIDE).skip(1) {
                for at in all.clone() {
                    let alpha = u32::from(if inner.contains(&at) { whole } else { edge });
                    let colour = u32::from(if at % 2 == 0 { to.0 } else { to.1 });
                    row[at] = ((u32::from(row[at]) * (256 - alpha) + colour * alpha + 128) >> 8) as u8;
                }
            }
            cover(&mut fast, STRIDE, 1..6, &part, to);
            prop_assert_eq!(plain, fast);
        }
    }
}
