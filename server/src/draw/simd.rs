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
    /// Covers each byte of `row` with `to` by its own part of 255.
    fn lerp_by(row: &mut [u8], to: u8, parts: &[u8]);
    /// The same for Cb and Cr in turn: one part for each pair.
    fn lerp_pairs_by(row: &mut [u8], to: (u8, u8), parts: &[u8]);
    /// Means of two rows' bytes, two by two.
    fn quarter(upper: &[u8], lower: &[u8], out: &mut [u8]);
}

/// The bodies, written so that the compiler makes vector instructions of them.
mod plain {
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

    #[inline(always)]
    pub(super) fn lerp_by(row: &mut [u8], to: u8, parts: &[u8]) {
        for (byte, part) in row.iter_mut().zip(parts) {
            *byte = mix(*byte, to, of_256(*part));
        }
    }

    #[inline(always)]
    pub(super) fn lerp_pairs_by(row: &mut [u8], to: (u8, u8), parts: &[u8]) {
        let to: [u8; 2 * PAIRS] = std::array::from_fn(|at| if at % 2 == 0 { to.0 } else { to.1 });
        let (wide, rest) = row.as_chunks_mut::<{ 2 * PAIRS }>();
        let (many, last) = parts.as_chunks::<PAIRS>();
        for (bytes, parts) in wide.iter_mut().zip(many) {
            for at in 0..2 * PAIRS {
                bytes[at] = mix(bytes[at], to[at], of_256(parts[at / 2]));
            }
        }
        for (pair, part) in rest.chunks_exact_mut(2).zip(last) {
            let alpha = of_256(*part);
            (pair[0], pair[1]) = (mix(pair[0], to[0], alpha), mix(pair[1], to[1], alpha));
        }
    }

    /// 0..255 as 0..256, so that all is all.
    #[inline(always)]
    fn of_256(part: u8) -> u16 {
        u16::from(part) + u16::from(part >> 7)
    }

    #[inline(always)]
    pub(super) fn quarter(upper: &[u8], lower: &[u8], out: &mut [u8]) {
        for ((out, upper), lower) in out.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
            let sum = u16::from(upper[0]) + u16::from(upper[1]) + u16::from(lower[0]) + u16::from(lower[1]);
            *out = ((sum + 2) >> 2) as u8;
        }
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

    /// Changes the eight bytes in `row`, as far as it has them.
    #[inline(always)]
    fn apply(&self, row: &mut [u8], eight: impl Fn(&Self, [u8; 8]) -> [u8; 8]) {
        if let Some(bytes) = row.get_mut(self.start..).and_then(<[u8]>::first_chunk_mut::<8>) {
            *bytes = eight(self, *bytes);
        }
    }

    /// The eight bytes changed, one by one: what [`Self::at_once`] is held to, and what other processors do.
    #[cfg_attr(all(target_arch = "x86_64", not(test)), expect(dead_code, reason = "x86-64 has the other body"))]
    fn one_by_one(&self, bytes: [u8; 8]) -> [u8; 8] {
        std::array::from_fn(|at| ((u16::from(bytes[at]) * self.keep[at] + self.add[at]) >> 8) as u8)
    }

    /// The same in one register (SSE2, which every x86-64 has). The compiler makes 40 instructions of the plain body, with a
    /// scalar multiplication for each byte; drawing ten boxes took 2.5 times as long.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse2")]
    fn at_once(&self, bytes: [u8; 8]) -> [u8; 8] {
        use std::arch::x86_64::{
            _mm_add_epi16, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_mullo_epi16, _mm_packus_epi16, _mm_set_epi16,
            _mm_setzero_si128, _mm_srli_epi16, _mm_unpacklo_epi8,
        };
        let wide = |[a, b, c, d, e, f, g, h]: [u16; 8]| {
            let [a, b, c, d, e, f, g, h] = [a, b, c, d, e, f, g, h].map(u16::cast_signed);
            _mm_set_epi16(h, g, f, e, d, c, b, a)
        };
        let zero = _mm_setzero_si128();
        let samples = _mm_unpacklo_epi8(_mm_cvtsi64_si128(i64::from_le_bytes(bytes)), zero);
        let mixed = _mm_add_epi16(_mm_mullo_epi16(samples, wide(self.keep)), wide(self.add));
        _mm_cvtsi128_si64(_mm_packus_epi16(_mm_srli_epi16(mixed, 8), zero)).to_le_bytes()
    }
}

/// Changes the bytes of all `columns` on each of `rows`: row by row, since both sides of a box lie on the same pages of memory.
pub(super) fn run(columns: &[Columns], data: &mut [u8], stride: usize, rows: Range<usize>) {
    // SAFETY: every x86-64 has SSE2 (it is part of the psABI's baseline).
    #[cfg(target_arch = "x86_64")]
    unsafe {
        run_at_once(columns, data, stride, rows);
    }
    #[cfg(not(target_arch = "x86_64"))]
    run_by(columns, data, stride, rows, Columns::one_by_one);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
fn run_at_once(columns: &[Columns], data: &mut [u8], stride: usize, rows: Range<usize>) {
    run_by(columns, data, stride, rows, |columns, bytes| columns.at_once(bytes));
}

#[inline(always)]
fn run_by(
    columns: &[Columns],
    data: &mut [u8],
    stride: usize,
    rows: Range<usize>,
    eight: impl Fn(&Columns, [u8; 8]) -> [u8; 8] + Copy,
) {
    // Copies: what lies in registers need not be read again for each row.
    match *columns {
        [left, right] => {
            for row in rows {
                let row = &mut data[row * stride..];
                left.apply(row, eight);
                right.apply(row, eight);
            }
        }
        _ => {
            for row in rows {
                columns.iter().for_each(|columns| columns.apply(&mut data[row * stride..], eight));
            }
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_at_once_are_what_they_are_one_by_one(
            rows in proptest::collection::vec(any::<u8>(), 7 * 24),
            inks in proptest::collection::vec((0_usize..2, 0_usize..8, any::<u8>(), 0_u16..=256), 0..12),
        ) {
            let mut columns = [Columns::new(3), Columns::new(16)];
            for (side, at, to, alpha) in inks {
                let start = columns[side].start;
                columns[side].cover(start + at, to, alpha);
            }
            for some in [&columns[..], &columns[..1]] {
                let (mut plain, mut fast) = (rows.clone(), rows.clone());
                run_by(some, &mut plain, 24, 1..6, Columns::one_by_one);
                run(some, &mut fast, 24, 1..6);
                prop_assert_eq!(plain, fast);
            }
        }
    }
}
