//! Blending of rows of bytes: many at once where the processor has AVX2, else one by one.
//!
//! Registers are named here: what the compiler made of plain loops over chunks was vectors across chunks, byte by byte put together, at
//! twice the time.
#![allow(unsafe_code, reason = "functions for an instruction set are called, and chunks are read as registers")]

mod plain;

use super::parts::{Columns, Part, Patch, Rows};
use super::planes::{Plane, Samples};
use std::ops::Range;

/// Functions in two bodies that do the same.
macro_rules! twice {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),*);)*) => {$(
        $(#[$doc])*
        pub(super) fn $name($($argument: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has just said that it has AVX2.
                return unsafe { avx2::$name($($argument),*) };
            }
            plain::$name($($argument),*);
        }
    )*};
}

twice! {
    /// Covers `part` of a plane: bytes of even places become `to.0`, others `to.1`.
    fn cover(plane: &mut Plane<'_>, part: &Part, to: (u8, u8));
    /// Covers what `patches`, all of one ink, cover of a plane of a picture of `size`.
    fn fill(plane: &mut Plane<'_>, patches: &[Patch], samples: Samples, size: (usize, usize));
    /// Changes the bytes of all `columns` on each of `rows`: row by row, since both sides of a box lie on the same pages of memory.
    fn columns(plane: &mut Plane<'_>, columns: &[Columns], rows: Range<usize>);
    /// Covers the bytes of a plane, from its first on, by what `letters` has of each.
    fn luma(plane: Plane<'_>, letters: &Rows<'_>, to: u8);
    /// Covers Cb and Cr in turn by the means of the four pixels that they belong to.
    fn pairs(plane: Plane<'_>, letters: &Rows<'_>, to: (u8, u8));
    /// The same where each has its own plane.
    fn halved(plane: Plane<'_>, letters: &Rows<'_>, to: u8);
}

/// Bytes that are covered at once, in whole chunks from a row's start on: whoever covers a row after another finds the same chunks. One
/// that lay across two that were just written would wait for both to reach the cache, 20 cycles each time.
pub(super) const CHUNK: usize = 32;

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::super::parts::{Columns, Part, Patch, Rows, Span};
    use super::super::planes::{Plane, Samples};
    use super::{CHUNK, plain};
    use std::arch::x86_64::{
        __m256i, _MM_HINT_T0, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_packus_epi16, _mm_prefetch,
        _mm_unpacklo_epi64, _mm256_add_epi16, _mm256_and_si256, _mm256_andnot_si256, _mm256_blendv_epi8,
        _mm256_castsi256_si128, _mm256_cmpgt_epi8, _mm256_cvtepu8_epi16, _mm256_extracti128_si256, _mm256_loadu_si256,
        _mm256_maddubs_epi16, _mm256_mullo_epi16, _mm256_or_si256, _mm256_packus_epi16, _mm256_permute4x64_epi64,
        _mm256_set_epi16, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256,
        _mm256_slli_epi16, _mm256_srli_epi16, _mm256_storeu_si256, _mm256_sub_epi16, _mm256_unpackhi_epi8,
        _mm256_unpacklo_epi8,
    };
    use std::ops::Range;

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8; CHUNK]) -> __m256i {
        // SAFETY: as many bytes are there as are read, wherever they begin.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(bytes: &mut [u8; CHUNK], chunk: __m256i) {
        // SAFETY: as many bytes are there as are written, wherever they begin.
        unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), chunk) }
    }

    /// Changes the first chunk of what is left of a plane, whose last row may end within it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn change(bytes: &mut [u8], with: impl Fn(__m256i) -> __m256i) {
        if let Some(whole) = bytes.first_chunk_mut() {
            return store(whole, with(load(whole)));
        }
        let mut chunk = [0; CHUNK];
        chunk[..bytes.len()].copy_from_slice(bytes);
        let changed = with(load(&chunk));
        store(&mut chunk, changed);
        bytes.copy_from_slice(&chunk[..bytes.len()]);
    }

    /// The bytes of `high` and `low` as numbers of 16 bits, half of them in each; [`narrow`] puts them in order again.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn wide(low: __m256i, high: __m256i) -> [__m256i; 2] {
        [_mm256_unpacklo_epi8(low, high), _mm256_unpackhi_epi8(low, high)]
    }

    /// The upper bytes of numbers of 16 bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn narrow([first, second]: [__m256i; 2]) -> __m256i {
        _mm256_packus_epi16(_mm256_srli_epi16(first, 8), _mm256_srli_epi16(second, 8))
    }

    /// What becomes of the bytes of a chunk: each keeps `keep` of 256 parts and gets `add`.
    #[derive(Clone, Copy)]
    struct Lanes {
        keep: [__m256i; 2],
        add: [__m256i; 2],
    }

    impl Lanes {
        /// Bytes that `to` covers by parts of 256.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn new(parts: [__m256i; 2], to: __m256i) -> Self {
            let keep = |parts| _mm256_sub_epi16(_mm256_set1_epi16(256), parts);
            let add = |parts| _mm256_add_epi16(_mm256_mullo_epi16(parts, to), _mm256_set1_epi16(128));
            Self { keep: [keep(parts[0]), keep(parts[1])], add: [add(parts[0]), add(parts[1])] }
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        fn over(&self, chunk: __m256i) -> __m256i {
            let [first, second] = wide(chunk, _mm256_setzero_si256());
            let first = _mm256_add_epi16(_mm256_mullo_epi16(first, self.keep[0]), self.add[0]);
            let second = _mm256_add_epi16(_mm256_mullo_epi16(second, self.keep[1]), self.add[1]);
            narrow([first, second])
        }
    }

    /// The bytes of a chunk that a span covers: all bits of those that it covers whole, and of those by half.
    #[derive(Clone, Copy)]
    struct Covered {
        whole: [__m256i; 2],
        half: [__m256i; 2],
    }

    impl Covered {
        /// Of the chunk that begins at byte `from` of a row.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn of(span: &Span, from: usize) -> Self {
            let (all, whole) = (between(&span.all, from), between(&span.inner, from));
            let half = _mm256_andnot_si256(whole, all);
            Self { whole: wide(whole, whole), half: wide(half, half) }
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        fn lanes(&self, alpha: u16, to: __m256i) -> Lanes {
            let (whole, half) = (_mm256_set1_epi16(alpha.cast_signed()), _mm256_set1_epi16((alpha / 2).cast_signed()));
            let part = |at: usize| {
                _mm256_or_si256(_mm256_and_si256(self.whole[at], whole), _mm256_and_si256(self.half[at], half))
            };
            Lanes::new([part(0), part(1)], to)
        }
    }

    /// All bits in those bytes of the chunk that begins at `from` which are among `bytes`.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn between(bytes: &Range<usize>, from: usize) -> __m256i {
        const PLACES: [u8; CHUNK] = {
            let mut places = [0; CHUNK];
            let mut at = 0;
            while at < CHUNK {
                places[at] = at as u8;
                at += 1;
            }
            places
        };
        let places = load(&PLACES);
        let lane = |byte: usize| _mm256_set1_epi8((byte.clamp(from, from + CHUNK) - from) as i8);
        _mm256_andnot_si256(_mm256_cmpgt_epi8(lane(bytes.start), places), _mm256_cmpgt_epi8(lane(bytes.end), places))
    }

    /// A colour's bytes in turn, as numbers of 16 bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn turns((even, odd): (u8, u8)) -> __m256i {
        _mm256_set1_epi32(i32::from(odd) << 16 | i32::from(even))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn cover(plane: &mut Plane<'_>, part: &Part, to: (u8, u8)) {
        let Part { across, down, alpha } = part;
        let start = across.all.start / CHUNK * CHUNK;
        let last_start = (across.all.end - 1) / CHUNK * CHUNK;
        let to = turns(to);
        let (first, last) = (Covered::of(across, start), Covered::of(across, last_start));
        for (rows, alpha) in down.pieces(*alpha) {
            if rows.is_empty() {
                continue;
            }
            let last = last.lanes(alpha, to);
            if start == last_start {
                for row in rows {
                    change(&mut plane.data[row * plane.stride + start..], |chunk| last.over(chunk));
                }
                continue;
            }
            let first = first.lanes(alpha, to);
            let between = Lanes::new([_mm256_set1_epi16(alpha.cast_signed()); 2], to);
            for row in rows {
                let (before, rest) = plane.data[row * plane.stride + start..].split_at_mut(last_start - start);
                if let Some((head, middle)) = before.split_first_chunk_mut() {
                    store(head, first.over(load(head)));
                    for bytes in middle.as_chunks_mut().0 {
                        store(bytes, between.over(load(bytes)));
                    }
                }
                change(rest, |chunk| last.over(chunk));
            }
        }
    }

    /// Most patches of a line are a few pixels of one row: what they need of its ink is made once for all of them.
    #[target_feature(enable = "avx2")]
    pub(super) fn fill(plane: &mut Plane<'_>, patches: &[Patch], samples: Samples, size: (usize, usize)) {
        let Some(Patch { ink, .. }) = patches.first() else { return };
        let to = samples.of(ink.samples);
        let turns = turns(to);
        let even = |alpha: u16| Lanes::new([_mm256_set1_epi16(alpha.cast_signed()); 2], turns);
        let (whole, half, quarter) = (even(ink.alpha), even(ink.alpha / 2), even(ink.alpha / 4));
        for patch in patches {
            let part = samples.part(patch, size);
            let (all, inner) = (&part.across.all, &part.across.inner);
            let start = all.start / CHUNK * CHUNK;
            if all.end > start + CHUNK {
                cover(plane, &part, to);
                continue;
            }
            let (all, inner) = (between(all, start), between(inner, start));
            let Span { all: rows, inner: whole_rows } = &part.down;
            for row in rows.clone() {
                let (most, least) = if whole_rows.contains(&row) { (&whole, &half) } else { (&half, &quarter) };
                let bytes = &mut plane.data[row * plane.stride + start..];
                change(bytes, |chunk| {
                    let covered = _mm256_blendv_epi8(chunk, least.over(chunk), all);
                    _mm256_blendv_epi8(covered, most.over(chunk), inner)
                });
            }
        }
    }

    /// Rows ahead of the one that is changed whose bytes are asked for: ten boxes took 25.3 us in the cache and take 23.3, from memory 142 and 117.
    const AHEAD: usize = 8;

    /// Both sides of a box, where they do not overlap, are sixteen numbers in one register.
    #[target_feature(enable = "avx2")]
    pub(super) fn columns(plane: &mut Plane<'_>, columns: &[Columns], rows: Range<usize>) {
        let [left, right] = columns else { return plain::columns(plane, columns, rows) };
        if left.start.abs_diff(right.start) < 8 {
            return plain::columns(plane, columns, rows);
        }
        let (keep, add) = (sixteen(left.keep, right.keep), sixteen(left.add, right.add));
        let stride = plane.stride;
        let data = &mut plane.data[rows.start * stride..];
        // The last row of a plane may be shorter than its stride. Where all are as long, no row is checked for its length: a sixth of the time.
        let whole = rows.len().min(data.len() / stride);
        let (data, last) = data.split_at_mut(whole * stride);
        let (left, right) = (left.start.min(stride - 8), right.start.min(stride - 8));
        for row in data.chunks_exact_mut(stride) {
            for at in [left, right] {
                // Beyond the plane, too: it is a hint.
                _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().wrapping_add(AHEAD * stride + at).cast());
            }
            let eight = |at: usize| row[at..].first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
            let bytes = _mm_unpacklo_epi64(_mm_cvtsi64_si128(eight(left)), _mm_cvtsi64_si128(eight(right)));
            let samples = _mm256_cvtepu8_epi16(bytes);
            let mixed = _mm256_srli_epi16(_mm256_add_epi16(_mm256_mullo_epi16(samples, keep), add), 8);
            let mixed = _mm_packus_epi16(_mm256_castsi256_si128(mixed), _mm256_extracti128_si256(mixed, 1));
            row[left..left + 8].copy_from_slice(&_mm_cvtsi128_si64(mixed).to_le_bytes());
            row[right..right + 8].copy_from_slice(&_mm_extract_epi64(mixed, 1).to_le_bytes());
        }
        plain::columns(&mut Plane { data: last, stride }, columns, 0..rows.len() - whole);
    }

    #[target_feature(enable = "avx2")]
    fn sixteen(left: [u16; 8], right: [u16; 8]) -> __m256i {
        let [a, b, c, d, e, f, g, h] = left.map(u16::cast_signed);
        let [i, j, k, l, m, n, o, p] = right.map(u16::cast_signed);
        _mm256_set_epi16(p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a)
    }

    /// `to` over a chunk, which covers `parts` of 255, rounded.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn mix(from: __m256i, to: __m256i, parts: __m256i) -> __m256i {
        let zero = _mm256_setzero_si256();
        // 256 * from + 128, as numbers of 16 bits.
        let kept = wide(_mm256_set1_epi8(i8::MIN), from);
        let (from, parts) = (wide(from, zero), wide(parts, zero));
        let mut mixed = kept;
        for half in 0..2 {
            // 0..255 as 0..256, so that all is all.
            let part = _mm256_add_epi16(parts[half], _mm256_srli_epi16(parts[half], 7));
            let more = _mm256_mullo_epi16(_mm256_sub_epi16(to, from[half]), part);
            mixed[half] = _mm256_add_epi16(kept[half], more);
        }
        narrow(mixed)
    }

    /// Covers the first chunks of a row, which may end within its last one, by what `parts` says of each.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn blend(row: &mut [u8], to: __m256i, chunks: usize, parts: impl Fn(usize) -> __m256i) {
        let (wide, rest) = row.as_chunks_mut::<CHUNK>();
        for (at, bytes) in wide.iter_mut().take(chunks).enumerate() {
            store(bytes, mix(load(bytes), to, parts(at)));
        }
        if wide.len() < chunks {
            change(rest, |chunk| mix(chunk, to, parts(wide.len())));
        }
    }

    /// The rounded means of four pixels each, as numbers of 16 bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn quarters(upper: &[u8; CHUNK], lower: &[u8; CHUNK]) -> __m256i {
        let two = |row| _mm256_maddubs_epi16(load(row), _mm256_set1_epi8(1));
        let four = _mm256_add_epi16(two(upper), two(lower));
        _mm256_srli_epi16(_mm256_add_epi16(four, _mm256_set1_epi16(2)), 2)
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn luma(plane: Plane<'_>, letters: &Rows<'_>, to: u8) {
        let to = turns((to, to));
        for y in 0..letters.height {
            let parts = letters.row(y).as_chunks().0;
            blend(&mut plane.data[y * plane.stride..], to, parts.len(), |at| load(&parts[at]));
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn pairs(plane: Plane<'_>, letters: &Rows<'_>, to: (u8, u8)) {
        let to = turns(to);
        for y in 0..letters.height / 2 {
            let (upper, lower) = (letters.row(2 * y).as_chunks().0, letters.row(2 * y + 1).as_chunks().0);
            blend(&mut plane.data[y * plane.stride..], to, upper.len().min(lower.len()), |at| {
                let each = quarters(&upper[at], &lower[at]);
                _mm256_or_si256(each, _mm256_slli_epi16(each, 8))
            });
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn halved(plane: Plane<'_>, letters: &Rows<'_>, to: u8) {
        let to = turns((to, to));
        for y in 0..letters.height / 2 {
            let (upper, lower) = (letters.row(2 * y).as_chunks().0, letters.row(2 * y + 1).as_chunks().0);
            blend(&mut plane.data[y * plane.stride..], to, upper.len().min(lower.len()) / 2, |at| {
                let quarters = |at: usize| quarters(&upper[at], &lower[at]);
                let both = _mm256_packus_epi16(quarters(2 * at), quarters(2 * at + 1));
                // Halves of registers are packed each for itself.
                _mm256_permute4x64_epi64(both, 0b11_01_10_00)
            });
        }
    }
}

#[cfg(test)]
mod tests;
