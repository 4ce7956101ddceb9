//! What a look does to cells, with AVX2 where the processor has it.
#![allow(
    unsafe_code,
    reason = "functions for an instruction set are called, and vectors read and written by pointer; each block says why"
)]

use super::Lanes;
use super::plain::{self, Ground, Rates, Row, Time};

/// Compares the cells of a row with their background, and lets it follow. Gives how many differ.
pub(super) fn follow(rates: &Rates, row: Row<'_>) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { avx2::follow_row(rates, row) };
    }
    plain::follow_row(row, |eight| plain::follow(rates, eight))
}

/// What the second layer or a shake explains is no foreground, and what has stood still for long becomes background.
pub(super) fn settle(time: Time, row: Ground<'_>) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { avx2::settle_row(time, row) };
    }
    plain::settle_row(row, time, plain::settle);
}

/// The sum of those of up to 64 cells whose bits are set.
pub(in super::super) fn total(cells: &[Lanes], bits: u64) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { avx2::total(cells, bits) };
    }
    plain::total(cells, bits)
}

/// The plain bodies' instructions in the same order, so that they give the very same: nothing is fused.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::super::super::layers::{self, Layers, SECOND};
    use super::super::super::{
        ABSORB_FIRST_S, ABSORB_S, BACKGROUND_TAU_S, EVIDENCE_FADE, NOISE_FACTOR, NOISE_MOST, OTHER_KEEP_S,
        RECENT_TAU_S, SHAKE, STILL, STRONG, WEAK,
    };
    use super::super::plain::{self, Compared, Foreground, Ground, Rates, Row, Time, Told};
    use super::super::{LANES, Lanes};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2")]
    fn follow<const LIT: bool>(rates: &Rates, eight: Compared<'_>) -> u8 {
        let Compared { cells, mean, noise, difference } = eight;
        let (was, noisy, cells) = (floats(mean), floats(noise), floats(cells));
        let base = if LIT { lit(rates, cells, was) } else { was };
        let signed = _mm256_sub_ps(cells, base);
        let distance = absolute(signed);
        let beyond = _mm256_sub_ps(distance, _mm256_mul_ps(noisy, all(NOISE_FACTOR)));
        let weak = over(beyond, all(WEAK));
        let open = _mm256_add_ps(base, _mm256_mul_ps(signed, all(rates.follow)));
        let off = _mm256_sub_ps(_mm256_min_ps(distance, all(NOISE_MOST)), noisy);
        let bits = bits(weak);
        if bits == 0 {
            // Most of a picture, most of the time.
            store(open, mean);
            store(_mm256_add_ps(noisy, _mm256_mul_ps(off, all(rates.calm))), noise);
            return 0;
        }
        let covered = _mm256_min_ps(_mm256_mul_ps(was, all(rates.covered)), all(255.0));
        let pace = select(weak, all(rates.excite), all(rates.calm));
        store(select(weak, covered, open), mean);
        store(_mm256_add_ps(noisy, _mm256_mul_ps(off, pace)), noise);
        store(distance, difference);
        bits
    }

    /// What the background would show in the light that is nearest to what the cells show.
    #[target_feature(enable = "avx2")]
    fn lit(rates: &Rates, cells: __m256, was: __m256) -> __m256 {
        let (times, plus) = (_mm256_mul_ps(was, all(rates.open)), _mm256_add_ps(was, all(rates.added)));
        let darkest = _mm256_min_ps(was, _mm256_min_ps(times, plus));
        let lightest = _mm256_max_ps(was, _mm256_max_ps(times, plus));
        _mm256_min_ps(_mm256_max_ps(cells, darkest), lightest)
    }

    #[target_feature(enable = "avx2")]
    fn settle(time: Time, eight: Foreground<'_>) -> Told {
        let Time { now, seconds } = time;
        let Foreground { weak, cells, difference, steep, noise, mean, layers } = eight;
        let (on, cell) = (lanes(weak), floats(cells));
        let evidence = gather(time, on, cell, layers);
        let change = _mm256_sub_ps(cell, floats(&layers.recent));
        let lately = _mm256_mul_ps(change, all(seconds / (seconds + RECENT_TAU_S)));
        put(on, _mm256_add_ps(floats(&layers.recent), lately), &mut layers.recent);

        let (other, was) = (floats(&layers.other), floats(mean));
        let off = _mm256_sub_ps(cell, other);
        let far =
            _mm256_or_ps(over(absolute(off), all(SECOND)), over(since(&layers.other_seen, now), all(OTHER_KEEP_S)));
        let second = _mm256_andnot_ps(far, on);
        let first = _mm256_add_ps(other, _mm256_mul_ps(off, all(seconds / (seconds + BACKGROUND_TAU_S))));
        put(second, was, &mut layers.other);
        put(second, first, mean);
        put_ticks(second, now, &mut layers.other_seen);

        let half = _mm256_mul_ps(since(&layers.since, now), all(0.5));
        let enough = _mm256_min_ps(_mm256_max_ps(half, all(ABSORB_FIRST_S)), all(ABSORB_S));
        let short = over(enough, evidence);
        let stands = _mm256_and_ps(_mm256_andnot_ps(second, on), short);
        let beyond = _mm256_sub_ps(floats(difference), _mm256_mul_ps(floats(noise), all(NOISE_FACTOR)));
        let beyond = _mm256_sub_ps(beyond, _mm256_mul_ps(floats(&steep), all(SHAKE)));
        Told {
            weak: bits(_mm256_and_ps(stands, over(beyond, all(WEAK)))),
            strong: bits(_mm256_and_ps(stands, over(beyond, all(STRONG)))),
            active: bits(_mm256_and_ps(on, over(absolute(change), all(STILL)))),
            settled: bits(_mm256_andnot_ps(short, _mm256_andnot_ps(second, on))),
        }
    }

    /// Takes in that cells are foreground. Gives the evidence of each for being background.
    #[target_feature(enable = "avx2")]
    fn gather(Time { now, seconds }: Time, on: __m256, cell: __m256, layers: &mut Layers) -> __m256 {
        let zero = _mm256_setzero_ps();
        let away = _mm256_max_ps(_mm256_sub_ps(since(&layers.touched, now), all(seconds)), zero);
        put_ticks(on, now, &mut layers.touched);
        let longer = _mm256_add_epi32(words(&layers.since), _mm256_set1_epi32(layers::ticks(seconds) as i32));
        put_words(on, longer, &mut layers.since);
        let candidate = floats(&layers.candidate);
        let towards = _mm256_sub_ps(cell, candidate);
        let moves = over(absolute(towards), all(STILL));
        let faded = _mm256_sub_ps(floats(&layers.evidence), _mm256_mul_ps(away, all(EVIDENCE_FADE)));
        let faded = _mm256_max_ps(faded, zero);
        let less = _mm256_max_ps(_mm256_sub_ps(faded, all(seconds * EVIDENCE_FADE)), zero);
        let evidence = select(moves, less, _mm256_add_ps(faded, all(seconds)));
        let nearer = _mm256_add_ps(candidate, _mm256_mul_ps(towards, all(0.1)));
        let instead = select(over(less, zero), candidate, cell);
        put(on, evidence, &mut layers.evidence);
        put(on, select(moves, instead, nearer), &mut layers.candidate);
        evidence
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn follow_row(rates: &Rates, row: Row<'_>) -> u32 {
        if rates.open == 1.0 {
            return plain::follow_row(row, |eight| follow::<false>(rates, eight));
        }
        plain::follow_row(row, |eight| follow::<true>(rates, eight))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn settle_row(time: Time, row: Ground<'_>) {
        plain::settle_row(row, time, |time, eight| settle(time, eight));
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn total(cells: &[Lanes], bits: u64) -> f32 {
        let mut sums = _mm256_setzero_ps();
        for (at, cells) in cells.iter().enumerate() {
            sums = _mm256_add_ps(sums, _mm256_and_ps(lanes((bits >> (at * LANES)) as u8), floats(cells)));
        }
        let mut out = [0.0; LANES];
        store(sums, &mut out);
        out.iter().sum()
    }

    #[target_feature(enable = "avx2")]
    fn all(value: f32) -> __m256 {
        _mm256_set1_ps(value)
    }

    #[target_feature(enable = "avx2")]
    fn absolute(values: __m256) -> __m256 {
        _mm256_andnot_ps(all(-0.0), values)
    }

    #[target_feature(enable = "avx2")]
    fn over(a: __m256, b: __m256) -> __m256 {
        _mm256_cmp_ps::<_CMP_GT_OQ>(a, b)
    }

    #[target_feature(enable = "avx2")]
    fn select(which: __m256, yes: __m256, no: __m256) -> __m256 {
        _mm256_blendv_ps(no, yes, which)
    }

    #[target_feature(enable = "avx2")]
    fn bits(lanes: __m256) -> u8 {
        _mm256_movemask_ps(lanes) as u8
    }

    /// All ones in the lanes whose bits are set.
    #[target_feature(enable = "avx2")]
    fn lanes(bits: u8) -> __m256 {
        let each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
        _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(i32::from(bits)), each), each))
    }

    /// The seconds from ticks to `now`.
    #[target_feature(enable = "avx2")]
    fn since(ticks: &[u32; LANES], now: u32) -> __m256 {
        let passed = _mm256_sub_epi32(_mm256_set1_epi32(now as i32), words(ticks));
        let passed = _mm256_min_epu32(passed, _mm256_set1_epi32(layers::LONGEST as i32));
        _mm256_mul_ps(_mm256_cvtepi32_ps(passed), all(0.01))
    }

    #[target_feature(enable = "avx2")]
    fn words(from: &[u32; LANES]) -> __m256i {
        // SAFETY: eight words are there, and need not be aligned.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    fn floats(from: &Lanes) -> __m256 {
        // SAFETY: eight floats are there, and need not be aligned.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[target_feature(enable = "avx2")]
    fn store(values: __m256, to: &mut Lanes) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), values) };
    }

    /// Writes the lanes of `which` alone. Bytes are blended: of floats the compiler makes masked writes, which some processors are
    /// slow at.
    #[target_feature(enable = "avx2")]
    fn put(which: __m256, values: __m256, to: &mut Lanes) {
        let [was, values, which] = [floats(to), values, which].map(|values| _mm256_castps_si256(values));
        store(_mm256_castsi256_ps(_mm256_blendv_epi8(was, values, which)), to);
    }

    #[target_feature(enable = "avx2")]
    fn put_words(which: __m256, values: __m256i, to: &mut [u32; LANES]) {
        let values = _mm256_blendv_epi8(words(to), values, _mm256_castps_si256(which));
        // SAFETY: there is room for eight words, which need not be aligned.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), values) };
    }

    #[target_feature(enable = "avx2")]
    fn put_ticks(which: __m256, now: u32, to: &mut [u32; LANES]) {
        put_words(which, _mm256_set1_epi32(now as i32), to);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EIGHTS, LANES};
    use super::*;
    use crate::detect::motion::layers::Layers;
    use crate::detect::tests_support::Noise;
    use proptest::prelude::*;

    /// A number of 0 to 1.
    fn part(noise: &mut Noise) -> f32 {
        (noise.next() >> 40) as f32 / (1 << 24) as f32
    }

    fn lanes(count: usize, mut lane: impl FnMut(usize) -> f32) -> Vec<Lanes> {
        (0..count).map(|at| std::array::from_fn(|n| lane(at * LANES + n))).collect()
    }

    /// Luma that is near `cells` or far off.
    fn near(noise: &mut Noise, cells: &[Lanes]) -> Vec<Lanes> {
        lanes(cells.len(), |at| {
            let far = if part(noise) < 0.5 { 6.0 } else { 60.0 };
            cells.as_flattened()[at] + (part(noise) - 0.5) * far
        })
    }

    fn words(noise: &mut Noise, eights: usize) -> Vec<u64> {
        let bits = |word: usize| u64::MAX >> (64 - LANES * (eights - word * EIGHTS).min(EIGHTS));
        (0..eights.div_ceil(EIGHTS)).map(|word| noise.next() & bits(word)).collect()
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Known {
        mean: Vec<Lanes>,
        noise: Vec<Lanes>,
        layers: Vec<Layers>,
        seen: [Vec<u64>; 3],
    }

    /// What is known of cells at tick 100 000: of some for long, of others hardly.
    fn known(noise: &mut Noise, cells: &[Lanes]) -> Known {
        let [mean, other, candidate, recent] = std::array::from_fn(|_| near(noise, cells));
        let spread = lanes(cells.len(), |_| part(noise) * 12.0);
        let mut before = |most: f32| std::array::from_fn(|_| 100_000 - (part(noise) * most) as u32);
        let layers = (0..cells.len()).map(|at| Layers {
            other: other[at],
            other_seen: before(90_000.0),
            candidate: candidate[at],
            evidence: before(1100.0).map(|tick: u32| (100_000 - tick) as f32 * 0.01),
            recent: recent[at],
            touched: before(300.0),
            since: before(3000.0),
        });
        let layers = layers.collect();
        let seen = std::array::from_fn(|_| words(noise, cells.len()));
        Known { mean, noise: spread, layers, seen }
    }

    proptest! {
        #[test]
        fn cells_follow_alike_in_both_bodies(
            (seed, eights, steady) in (1..u64::MAX, 1_usize..40, any::<bool>()),
            rates in [0.8_f32..1.3, -9_f32..9.0, 0.8_f32..1.3, 0.001_f32..1.0, 0.001_f32..1.0, 0.001_f32..1.0],
        ) {
            let [open, added, covered, follow, calm, excite] = rates;
            let (open, added) = if steady { (1.0, 0.0) } else { (open, added) };
            let rates = Rates { open, added, covered, follow, calm, excite };
            let mut noise = Noise(seed);
            let cells = lanes(eights, |_| part(&mut noise) * 255.0);
            let known = known(&mut noise, &cells);
            let run = |body: &dyn Fn(&Rates, Row<'_>) -> u32| {
                let (Known { mut mean, mut noise, seen: [mut weak, ..], .. }, mut off) = (known.clone(), cells.clone());
                let (cells, mean_now, noise_now) = (&cells, &mut mean, &mut noise);
                let row = Row { cells, mean: mean_now, noise: noise_now, difference: &mut off, weak: &mut weak };
                let changed = body(&rates, row);
                assert_eq!(changed, weak.iter().map(|word| word.count_ones()).sum::<u32>());
                // Only where something differs is it told by how much.
                let bits = |at: usize| weak[at / EIGHTS] >> (at % EIGHTS * LANES) & 0xff;
                let told: Vec<_> = off.iter().enumerate().map(|(at, eight)| (bits(at) > 0).then_some(*eight)).collect();
                (mean, noise, weak, told)
            };
            let plain = |rates: &Rates, row: Row<'_>| plain::follow_row(row, |eight| plain::follow(rates, eight));
            prop_assert_eq!(run(&plain), run(&super::follow));
        }

        #[test]
        fn foreground_settles_alike_in_both_bodies(
            (seed, eights, alone) in (1..u64::MAX, 1_usize..40, any::<bool>()),
            (seconds, now) in (0.0_f32..1.0, prop_oneof![Just(100_000_u32), any::<u32>()]),
        ) {
            let mut noise = Noise(seed);
            let cells = lanes(eights, |_| part(&mut noise) * 255.0);
            let (above, below) = (near(&mut noise, &cells), near(&mut noise, &cells));
            let difference = lanes(eights, |_| part(&mut noise) * 90.0);
            let known = known(&mut noise, &cells);
            let run = |body: &dyn Fn(Time, Ground<'_>)| {
                let mut after = known.clone();
                let [weak, strong, active] = &mut after.seen;
                let (mean, noise, layers) = (&mut after.mean, &mut after.noise, &mut after.layers);
                let (cells, difference) = (&cells, &difference);
                let [above, below] = [&above, &below].map(|row| (!alone).then_some(&row[..]));
                let seen: [&mut [u64]; 3] = [weak, strong, active];
                body(Time { now, seconds }, Ground { cells, difference, above, below, mean, noise, layers, seen });
                after
            };
            let plain = |time: Time, row: Ground<'_>| plain::settle_row(row, time, plain::settle);
            prop_assert_eq!(run(&plain), run(&super::settle));
        }

        #[test]
        fn totals_are_of_the_cells_whose_bits_are_set(seed in 1..u64::MAX, eights in 1_usize..=EIGHTS, bits in any::<u64>()) {
            let mut noise = Noise(seed);
            let cells = lanes(eights, |_| (part(&mut noise) * 255.0).floor());
            let set = cells.iter().flatten().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            let expected: f32 = set.map(|(_, cell)| cell).sum();
            prop_assert_eq!(plain::total(&cells, bits), expected);
            prop_assert_eq!(super::total(&cells, bits), expected);
        }
    }
}
