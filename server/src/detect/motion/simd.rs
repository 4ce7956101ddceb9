//! What every look does to every cell, with AVX2 where the processor has it; the plain bodies are what that is held to.
#![allow(
    unsafe_code,
    reason = "functions for an instruction set are called, and vectors read and written by pointer; each block says why"
)]

use super::{NOISE_FACTOR, NOISE_MOST, STRONG, WEAK};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m256i, _CMP_GT_OQ, _MM_HINT_T1, _mm_prefetch, _mm256_add_epi16, _mm256_add_epi64, _mm256_add_ps,
    _mm256_andnot_ps, _mm256_blendv_ps, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtepi32_ps,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_max_ps, _mm256_min_ps,
    _mm256_movemask_ps, _mm256_mul_ps, _mm256_permute4x64_epi64, _mm256_sad_epu8, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_set1_ps, _mm256_setzero_si256, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_sub_ps,
};

/// Cells that are worked on at once.
#[cfg(target_arch = "x86_64")]
const LANES: usize = 8;
/// Bytes that are read at once.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Adds up bytes of some rows, `CELL` by `CELL` of each, and gives the sums times `scale`. What is in `soon` will be read next:
/// asking for its memory beforehand takes a third of the time off a picture that does not lie in the caches.
///
/// Sums are whole numbers below 2^24 and scales powers of two, so that both bodies give the very same.
pub(super) fn sums<const CELL: usize, const ROWS: usize>(
    rows: [&[u8]; ROWS],
    soon: [&[u8]; ROWS],
    scale: f32,
    out: &mut [f32],
) {
    #[cfg(target_arch = "x86_64")]
    if matches!(CELL, 4 | 8) && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { sums_avx2::<CELL, ROWS>(rows, soon, scale, out) };
    }
    let _ = soon;
    plain_sums::<CELL, ROWS>(rows, scale, out);
}

fn plain_sums<const CELL: usize, const ROWS: usize>(rows: [&[u8]; ROWS], scale: f32, out: &mut [f32]) {
    let rows = rows.map(|row| row.as_chunks::<CELL>().0);
    for (at, out) in out.iter_mut().enumerate() {
        let sum: u32 = rows.iter().flat_map(|row| row[at]).map(u32::from).sum();
        *out = sum as f32 * scale;
    }
}

/// Eight sums at a time. The compiler makes of the plain body what takes three times as long.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sums_avx2<const CELL: usize, const ROWS: usize>(
    rows: [&[u8]; ROWS],
    soon: [&[u8]; ROWS],
    scale: f32,
    out: &mut [f32],
) {
    let lines = rows.map(|row| row.as_chunks::<LINE>().0);
    let whole = out.len() * CELL / LINE;
    for at in 0..whole {
        for soon in soon {
            if let Some(line) = soon.get(at * LINE) {
                _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(line).cast());
            }
        }
        let line: [&[u8; LINE]; ROWS] = lines.map(|lines| &lines[at]);
        let out = &mut out[at * LINE / CELL..];
        if CELL == 8 {
            out[..LANES].copy_from_slice(&eights(line, scale));
        } else {
            let halves = line.map(|line| line.as_chunks().0);
            out[..LANES].copy_from_slice(&fours(halves.map(|halves| &halves[0]), scale));
            out[LANES..2 * LANES].copy_from_slice(&fours(halves.map(|halves| &halves[1]), scale));
        }
    }
    plain_sums::<CELL, ROWS>(rows.map(|row| &row[whole * LINE..]), scale, &mut out[whole * LINE / CELL..]);
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
    let mut out = [0.0; LANES];
    store(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), all(scale)), &mut out);
    out
}

/// How the model of the background follows in one look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    /// How many times lighter the open background has become, and what that adds to a cell of mean luma.
    pub(super) open: f32,
    pub(super) added: f32,
    /// How many times lighter what things cover is taken to have become.
    pub(super) covered: f32,
    /// How much of a difference the background takes over.
    pub(super) follow: f32,
    /// The same for the noise measure of background and of foreground.
    pub(super) calm: f32,
    pub(super) excite: f32,
}

/// The cells of a look, what is known of each, and where it is told what they are: all of one length.
pub(super) struct Cells<'a> {
    pub(super) cells: &'a [f32],
    pub(super) mean: &'a mut [f32],
    pub(super) noise: &'a mut [f32],
    /// 0 background, 1 foreground, 2 strongly so.
    pub(super) level: &'a mut [u8],
    /// From the background; of foreground, and of what lies by it.
    pub(super) difference: &'a mut [f32],
}

/// Compares cells with their background, and lets it follow. Gives how many differ.
pub(super) fn follow(rates: &Rates, cells: Cells<'_>) -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { follow_avx2(rates, cells) };
    }
    plain_follow(rates, cells)
}

fn plain_follow(rates: &Rates, cells: Cells<'_>) -> usize {
    let Cells { cells, mean, noise, level, difference } = cells;
    let mut changed = 0;
    for (((&cell, mean), noise), (level, difference)) in
        cells.iter().zip(mean).zip(noise).zip(level.iter_mut().zip(difference))
    {
        // A cell may follow the light wholly, in part, or not at all (a lamp, what was and stays overexposed).
        let (times, plus) = (*mean * rates.open, *mean + rates.added);
        let (darkest, lightest) = (least(*mean, least(times, plus)), most(*mean, most(times, plus)));
        let base = least(most(cell, darkest), lightest);
        let signed = cell - base;
        let distance = signed.abs();
        let beyond = distance - *noise * NOISE_FACTOR;
        let weak = beyond > WEAK;
        *level = u8::from(weak) + u8::from(beyond > STRONG);
        *difference = distance;
        changed += usize::from(weak);
        *mean = if weak { least(*mean * rates.covered, 255.0) } else { base + signed * rates.follow };
        *noise += (least(distance, NOISE_MOST) - *noise) * if weak { rates.excite } else { rates.calm };
    }
    changed
}

/// `f32::min` and `max` take care of NaN, at the price of three instructions for one; luma is never NaN.
#[inline(always)]
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// See [`least`].
#[inline(always)]
fn most(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The same instructions as the plain body's, in the same order, so that it gives the very same: nothing is fused.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn follow_avx2(rates: &Rates, all: Cells<'_>) -> usize {
    let (cells, cells_rest) = all.cells.as_chunks::<LANES>();
    let (mean, mean_rest) = all.mean.as_chunks_mut::<LANES>();
    let (noise, noise_rest) = all.noise.as_chunks_mut::<LANES>();
    let (level, level_rest) = all.level.as_chunks_mut::<LANES>();
    let (difference, difference_rest) = all.difference.as_chunks_mut::<LANES>();
    let mut changed = 0;
    let whole = cells.iter().zip(mean).zip(noise).zip(level.iter_mut().zip(difference));
    for (((cells, mean), noise), (level, difference)) in whole {
        changed += follow_eight(rates, cells, mean, noise, level, difference);
    }
    let rest =
        Cells { cells: cells_rest, mean: mean_rest, noise: noise_rest, level: level_rest, difference: difference_rest };
    changed as usize + plain_follow(rates, rest)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn follow_eight(
    rates: &Rates,
    cells: &[f32; LANES],
    mean: &mut [f32; LANES],
    noise: &mut [f32; LANES],
    level: &mut [u8; LANES],
    difference: &mut [f32; LANES],
) -> u32 {
    let (was, noisy) = (floats(mean), floats(noise));
    let base = lit(rates, floats(cells), was);
    let signed = _mm256_sub_ps(floats(cells), base);
    let distance = _mm256_andnot_ps(all(-0.0), signed);
    let beyond = _mm256_sub_ps(distance, _mm256_mul_ps(noisy, all(NOISE_FACTOR)));
    let weak = _mm256_cmp_ps::<_CMP_GT_OQ>(beyond, all(WEAK));
    let open = _mm256_add_ps(base, _mm256_mul_ps(signed, all(rates.follow)));
    let off = _mm256_sub_ps(_mm256_min_ps(distance, all(NOISE_MOST)), noisy);
    let bits = _mm256_movemask_ps(weak);
    if bits == 0 {
        // Most of a picture, most of the time.
        *level = [0; LANES];
        store(open, mean);
        store(_mm256_add_ps(noisy, _mm256_mul_ps(off, all(rates.calm))), noise);
        return 0;
    }
    let covered = _mm256_min_ps(_mm256_mul_ps(was, all(rates.covered)), all(255.0));
    let pace = _mm256_blendv_ps(all(rates.calm), all(rates.excite), weak);
    store(_mm256_blendv_ps(open, covered, weak), mean);
    store(_mm256_add_ps(noisy, _mm256_mul_ps(off, pace)), noise);
    store(distance, difference);
    let strong = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(beyond, all(STRONG)));
    *level = std::array::from_fn(|lane| (bits >> lane & 1) as u8 + (strong >> lane & 1) as u8);
    bits.count_ones()
}

/// What the background would show in the light that is nearest to what the cells show.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn lit(rates: &Rates, cell: __m256, was: __m256) -> __m256 {
    let (times, plus) = (_mm256_mul_ps(was, all(rates.open)), _mm256_add_ps(was, all(rates.added)));
    let darkest = _mm256_min_ps(was, _mm256_min_ps(times, plus));
    let lightest = _mm256_max_ps(was, _mm256_max_ps(times, plus));
    _mm256_min_ps(_mm256_max_ps(cell, darkest), lightest)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn all(value: f32) -> __m256 {
    _mm256_set1_ps(value)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn floats(from: &[f32; LANES]) -> __m256 {
    // SAFETY: eight floats are there, and need not be aligned.
    unsafe { _mm256_loadu_ps(from.as_ptr()) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn store(values: __m256, to: &mut [f32; LANES]) {
    // SAFETY: as above.
    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), values) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn both<const CELL: usize, const ROWS: usize>(rows: [&[u8]; ROWS], scale: f32) {
        let (mut plain, mut fast) = (vec![-1.0; rows[0].len() / CELL], vec![-1.0; rows[0].len() / CELL]);
        plain_sums::<CELL, ROWS>(rows, scale, &mut plain);
        // What is asked for beforehand may end anywhere.
        sums::<CELL, ROWS>(rows, rows.map(|row| &row[row.len() / 2..]), scale, &mut fast);
        assert_eq!(plain, fast, "{ROWS} rows of {CELL}");
        assert!(plain.iter().all(|&sum| sum >= 0.0));
    }

    proptest! {
        #[test]
        fn sums_are_the_same_in_both_bodies(rows in proptest::collection::vec(any::<[u8; 2]>(), 0..400), high in any::<bool>()) {
            let row = |n: usize| rows.iter().map(|pair| if high { 255 } else { pair[n] }).collect::<Vec<u8>>();
            let (upper, lower) = (row(0), row(1));
            both::<4, 2>([&upper, &lower], 0.125);
            both::<8, 1>([&upper], 0.125);
            both::<8, 2>([&upper, &lower], 0.0625);
        }

        #[test]
        fn cells_follow_alike_in_both_bodies(
            cells in proptest::collection::vec((0_f32..256.0, 0_f32..256.0, 0_f32..24.0, any::<bool>()), 0..70),
            rates in [0.8_f32..1.3, -9_f32..9.0, 0.8_f32..1.3, 0.001_f32..1.0, 0.001_f32..1.0, 0.001_f32..1.0],
        ) {
            let [open, added, covered, follow, calm, excite] = rates;
            let rates = Rates { open, added, covered, follow, calm, excite };
            let seen: Vec<f32> = cells.iter().map(|(cell, mean, _, calm)| if *calm { mean + cell / 100.0 } else { *cell }).collect();
            let run = |body: fn(&Rates, Cells<'_>) -> usize| {
                let mut mean: Vec<f32> = cells.iter().map(|cell| cell.1).collect();
                let mut noise: Vec<f32> = cells.iter().map(|cell| cell.2).collect();
                let (mut level, mut difference) = (vec![9; cells.len()], vec![-1.0; cells.len()]);
                let all = Cells { cells: &seen, mean: &mut mean, noise: &mut noise, level: &mut level, difference: &mut difference };
                let changed = body(&rates, all);
                assert_eq!(changed, level.iter().filter(|&&level| level > 0).count());
                let told: Vec<Option<f32>> = level.iter().zip(difference).map(|(&level, off)| (level > 0).then_some(off)).collect();
                (mean, noise, level, told)
            };
            prop_assert_eq!(run(plain_follow), run(super::follow));
        }
    }
}
