//! Bytes of a picture's rows added up, with AVX2 where the processor has it; the plain body is what that is held to.
#![allow(
    unsafe_code,
    reason = "functions for an instruction set are called, and vectors read and written by pointer; each block says why"
)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256i, _MM_HINT_T1, _mm_prefetch, _mm256_add_epi16, _mm256_add_epi64, _mm256_castps_si256, _mm256_castsi256_ps,
    _mm256_cvtepi32_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps,
    _mm256_permute4x64_epi64, _mm256_sad_epu8, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_ps,
    _mm256_setzero_si256, _mm256_shuffle_ps, _mm256_storeu_ps,
};

/// Sums that are made at once.
#[cfg(target_arch = "x86_64")]
const LANES: usize = 8;
/// Bytes that are read at once.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// The rows of samples that make a row of cells: both, or the first alone.
pub(super) type Rows<'a> = [&'a [u8]; 2];

/// Adds up bytes, `CELL` by `CELL` of the first `ROWS` of two rows, and gives the sums times `scale`; for several rows of cells side by side, of which
/// one begins every `pitch` sums of `out`. What is in `soon` will be read next: asking for its memory beforehand takes a fifth of
/// the time off a picture that does not lie in the caches.
///
/// Sums are whole numbers below 2^24 and scales powers of two, so that both bodies give the very same.
pub(super) fn sums<const CELL: usize, const ROWS: usize>(
    rows: &[Rows<'_>],
    soon: &[Rows<'_>],
    scale: f32,
    (out, pitch): (&mut [f32], usize),
) {
    #[cfg(target_arch = "x86_64")]
    if matches!(CELL, 4 | 8) && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { sums_avx2::<CELL, ROWS>(rows, soon, scale, (out, pitch)) };
    }
    let _ = soon;
    for (rows, out) in rows.iter().zip(out.chunks_mut(pitch)) {
        plain_sums::<CELL, ROWS>(*rows, scale, out);
    }
}

/// As many sums as there is room for, or bytes.
fn plain_sums<const CELL: usize, const ROWS: usize>(rows: Rows<'_>, scale: f32, out: &mut [f32]) {
    let rows: [_; ROWS] = std::array::from_fn(|row| rows[row].as_chunks::<CELL>().0);
    for (at, out) in out.iter_mut().enumerate().take(rows[0].len()) {
        let sum: u32 = rows.iter().flat_map(|row| row[at]).map(u32::from).sum();
        *out = sum as f32 * scale;
    }
}

/// Eight sums at a time. The compiler makes of the plain body what takes three times as long.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sums_avx2<const CELL: usize, const ROWS: usize>(
    rows: &[Rows<'_>],
    soon: &[Rows<'_>],
    scale: f32,
    (out, pitch): (&mut [f32], usize),
) {
    let whole = rows[0][0].len() / LINE;
    for at in 0..whole {
        for soon in soon {
            for row in &soon[..ROWS] {
                if let Some(line) = row.get(at * LINE) {
                    _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(line).cast());
                }
            }
        }
        for (n, rows) in rows.iter().enumerate() {
            let line: [&[u8; LINE]; ROWS] = std::array::from_fn(|row| &rows[row].as_chunks().0[at]);
            let out = &mut out[n * pitch + at * LINE / CELL..][..LINE / CELL];
            if CELL == 8 {
                out.copy_from_slice(&eights(line, scale));
            } else {
                let halves = line.map(|line| line.as_chunks().0);
                out[..LANES].copy_from_slice(&fours(halves.map(|halves| &halves[0]), scale));
                out[LANES..].copy_from_slice(&fours(halves.map(|halves| &halves[1]), scale));
            }
        }
    }
    for (rows, out) in rows.iter().zip(out.chunks_mut(pitch)) {
        plain_sums::<CELL, ROWS>(rows.map(|row| &row[whole * LINE..]), scale, &mut out[whole * LINE / CELL..]);
    }
}

/// Half a line of bytes.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; LINE / 2]) -> __m256i {
    // SAFETY: 32 bytes are there, and need not be aligned.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Sums of eight bytes of each row.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn eights<const ROWS: usize>(rows: [&[u8; LINE]; ROWS], scale: f32) -> [f32; LANES] {
    let (mut left, mut right) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    for row in rows {
        let (halves, zero) = (row.as_chunks().0, _mm256_setzero_si256());
        left = _mm256_add_epi64(left, _mm256_sad_epu8(load(&halves[0]), zero));
        right = _mm256_add_epi64(right, _mm256_sad_epu8(load(&halves[1]), zero));
    }
    // The low halves of the sums of 64 bits: both pairs of the left, then both of the right.
    let low = _mm256_shuffle_ps::<0b10_00_10_00>(_mm256_castsi256_ps(left), _mm256_castsi256_ps(right));
    scaled(_mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_castps_si256(low)), scale)
}

/// Sums of four bytes of each row, at most 32 rows.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fours<const ROWS: usize>(rows: [&[u8; LINE / 2]; ROWS], scale: f32) -> [f32; LANES] {
    let mut pairs = _mm256_setzero_si256();
    for row in rows {
        pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(load(row), _mm256_set1_epi8(1)));
    }
    scaled(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)), scale)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn scaled(sums: __m256i, scale: f32) -> [f32; LANES] {
    let (mut out, scaled) = ([0.0; LANES], _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(scale)));
    // SAFETY: there is room for eight floats, which need not be aligned.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), scaled) };
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Some rows of cells side by side, `room` more sums between them.
    fn both<const CELL: usize, const ROWS: usize>(rows: &[Rows<'_>], room: usize, scale: f32) {
        let pitch = rows[0][0].len() / CELL + room;
        let (mut plain, mut fast) = (vec![-1.0; pitch * rows.len()], vec![-1.0; pitch * rows.len()]);
        for (rows, out) in rows.iter().zip(plain.chunks_mut(pitch.max(1))) {
            plain_sums::<CELL, ROWS>(*rows, scale, out);
        }
        // What is asked for beforehand may end anywhere.
        let soon: Vec<Rows<'_>> = rows.iter().map(|rows| rows.map(|row| &row[row.len() / 2..])).collect();
        sums::<CELL, ROWS>(rows, &soon, scale, (&mut fast, pitch.max(1)));
        assert_eq!(plain, fast, "{ROWS} rows of {CELL}");
        let made = |(at, sum): (usize, &f32)| (at % pitch < pitch - room) == (*sum >= 0.0);
        assert!(plain.iter().enumerate().all(made), "all sums and nothing else: {plain:?}");
    }

    proptest! {
        #[test]
        fn sums_are_the_same_in_both_bodies(
            bytes in proptest::collection::vec(any::<[u8; 6]>(), 0..400),
            high in any::<bool>(),
            count in 1_usize..4,
            room in 0_usize..9,
        ) {
            let row = |n: usize| bytes.iter().map(|bytes| if high { 255 } else { bytes[n] }).collect::<Vec<u8>>();
            let rows: [Vec<u8>; 6] = std::array::from_fn(row);
            let rows: [Rows<'_>; 3] = std::array::from_fn(|n| [&rows[2 * n][..], &rows[2 * n + 1][..]]);
            both::<4, 2>(&rows[..count], room, 0.125);
            both::<8, 1>(&rows[..count], room, 0.125);
            both::<8, 2>(&rows[..count], room, 0.0625);
            both::<2, 2>(&rows[..count], room, 0.25);
            both::<1, 1>(&rows[..count], room, 1.0);
        }
    }
}
