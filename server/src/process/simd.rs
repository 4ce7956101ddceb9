//! The two passes of the triangle filter: plain, and with AVX2.
#![allow(
    unsafe_code,
    reason = "vectors are read and written by pointer; each block says why they lie within their slices"
)]

use super::triangle::{Across, STEP, TAPS};

/// Half a step of brightness in the sums of the second pass, and how far they are shifted: parts of 128 and of 2^14.
const SHIFT: u32 = 7 + 14;
const HALF: i32 = 1 << (SHIFT - 1);

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// What the other one is held to.
    #[cfg_attr(not(test), expect(dead_code, reason = "libswscale is faster where there is no AVX2"))]
    Plain,
    /// Sixteen samples at a time.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "there is none"))]
    Avx2,
}

impl Body {
    /// The fastest that this processor has; `None` where that is libswscale.
    pub(super) fn best() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            return Some(Self::Avx2);
        }
        None
    }

    /// Makes a row of sums of four rows of the same width, each with its weight in parts of 256; sums are in parts of 128. What
    /// is in `soon` will be read next.
    pub(super) fn down(self, rows: [&[u8]; TAPS], weights: [u16; TAPS], soon: &[u8], out: &mut [i16]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `best` gives this body where the processor has AVX2, and nobody else makes one.
            Self::Avx2 => unsafe { down_avx2(rows, weights, soon, out) },
            _ => down(rows, weights, out),
        }
    }

    /// Makes the samples of `out` of such a row, which has [`super::triangle::SLACK`] more than it needs.
    pub(super) fn across(self, steps: &[Across], row: &[i16], out: &mut [u8]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx2 => unsafe { across_avx2(steps, row, out) },
            _ => across(steps, row, out),
        }
    }
}

#[inline(always)]
fn down(rows: [&[u8]; TAPS], weights: [u16; TAPS], out: &mut [i16]) {
    let [a, b, c, d] = rows;
    let columns = a.iter().zip(b).zip(c.iter().zip(d));
    for (out, ((a, b), (c, d))) in out.iter_mut().zip(columns) {
        let part = |sample: &u8, tap: usize| u16::from(*sample) * weights[tap];
        // At most 255 * 256, which fits.
        *out = ((part(a, 0) + part(b, 1) + part(c, 2) + part(d, 3)) >> 1).cast_signed();
    }
}

fn across(steps: &[Across], row: &[i16], out: &mut [u8]) {
    for (step, out) in steps.iter().zip(out.chunks_mut(STEP)) {
        for (sample, out) in out.iter_mut().enumerate() {
            let first = step.start[sample / (STEP / 2)] + usize::from(step.places[4 * sample] / 2);
            let part =
                |tap: usize| i32::from(row[first + tap]) * i32::from(step.weights[tap / 2][2 * sample + tap % 2]);
            *out = ((part(0) + part(1) + part(2) + part(3) + HALF) >> SHIFT) as u8;
        }
    }
}

/// The compiler makes AVX2 of the plain body by itself. Asking for the memory of the rows that come next takes an eighth of the
/// time off a whole picture that does not lie in the caches.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn down_avx2(rows: [&[u8]; TAPS], weights: [u16; TAPS], soon: &[u8], out: &mut [i16]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for line in soon.chunks(64) {
        _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
    }
    down(rows, weights, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn across_avx2(steps: &[Across], row: &[i16], out: &mut [u8]) {
    use std::arch::x86_64::{
        __m256i, _mm_cvtsi128_si64, _mm_loadu_si128, _mm_packs_epi32, _mm_packus_epi16, _mm256_add_epi32,
        _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set_m128i,
        _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_srai_epi32,
    };
    let half = _mm256_set1_epi32(HALF);
    let eight = |step: &Across| -> [u8; STEP] {
        // All taps of a half: those of its last sample begin at most six behind those of its first.
        let taps = |half: usize| row[step.start[half]..].first_chunk::<{ STEP + 2 }>();
        let (Some(left), Some(right)) = (taps(0), taps(1)) else { return [0; STEP] };
        // SAFETY: eight samples of 16 bit each, from the first and from the third of ten; 32 bytes each of the step, as their types say.
        let (left, right, places, first, last) = unsafe {
            let window = |samples: &[i16; STEP + 2], tap: usize| _mm_loadu_si128(samples.as_ptr().add(tap).cast());
            (
                _mm256_set_m128i(window(right, 0), window(left, 0)),
                _mm256_set_m128i(window(right, 2), window(left, 2)),
                _mm256_loadu_si256(step.places.as_ptr().cast::<__m256i>()),
                _mm256_loadu_si256(step.weights[0].as_ptr().cast()),
                _mm256_loadu_si256(step.weights[1].as_ptr().cast()),
            )
        };
        let (left, right) = (_mm256_shuffle_epi8(left, places), _mm256_shuffle_epi8(right, places));
        let sums = _mm256_add_epi32(_mm256_madd_epi16(left, first), _mm256_madd_epi16(right, last));
        let sums = _mm256_srai_epi32::<{ SHIFT as i32 }>(_mm256_add_epi32(sums, half));
        let words = _mm_packs_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        _mm_cvtsi128_si64(_mm_packus_epi16(words, words)).to_le_bytes()
    };
    let (whole, rest) = out.as_chunks_mut::<STEP>();
    for (step, out) in steps.iter().zip(&mut *whole) {
        *out = eight(step);
    }
    if let Some(step) = steps.get(whole.len()) {
        let many = rest.len();
        rest.copy_from_slice(&eight(step)[..many]);
    }
}
