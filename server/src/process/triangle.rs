//! Reduction of planes of 8 bit by up to two on a side: a triangle filter as wide as the reduction, rows first, then columns.
//!
//! A sample is four taps down and four across. Weights down are parts of 256, so that a sum of whole bytes fits 16 bits; those across are
//! parts of 2^14, so that two products and their sum fit 32. Each row is used while it is in the first cache, and nothing is copied to
//! please an alignment, as libswscale has it: what that pays is said in `software.rs`.

use super::simd;
use crate::pipeline::frame::PlaneMut;

/// Most taps of a filter twice as wide as a reduction by two.
pub(super) const TAPS: usize = 4;
/// Samples that one step across makes.
pub(super) const STEP: usize = 8;
/// Parts of a weight down.
const DOWN: u32 = 256;
/// Parts of a weight across.
const ACROSS: u32 = 1 << 14;
/// Samples behind a row between the passes that a step may read and does not use.
pub(super) const SLACK: usize = 16;

/// For each sample of one side of the reduced picture: the first of its taps, and their weights.
struct Taps {
    first: Vec<usize>,
    weights: Vec<[u16; TAPS]>,
}

impl Taps {
    /// Of `from` samples are made `to`; the middles of both sides lie on each other.
    fn new(from: usize, to: usize, parts: u32) -> Self {
        let scale = from as f64 / to as f64;
        let one = |at: usize| {
            let middle = (at as f64 + 0.5) * scale - 0.5;
            // The filter is not zero on the samples within `scale` of its middle: at most four where that is at most two.
            let first = (middle - scale).floor() as i64 + 1;
            let weight = |tap: usize| {
                let sample = first + tap as i64;
                let inside = (0..from as i64).contains(&sample);
                if inside { (1.0 - (sample as f64 - middle).abs() / scale).max(0.0) } else { 0.0 }
            };
            (first, std::array::from_fn(weight))
        };
        let (first, weights) =
            (0..to).map(one).map(|(first, weights)| inside(first, whole(weights, parts), from)).unzip();
        Self { first, weights }
    }
}

/// Weights in whole parts that sum up to `parts`: what rounding leaves goes to the greatest.
fn whole(weights: [f64; TAPS], parts: u32) -> [u16; TAPS] {
    let sum: f64 = weights.iter().sum();
    let mut rounded = weights.map(|weight| (weight / sum * f64::from(parts)).round() as u16);
    let greatest = (0..TAPS).max_by_key(|&tap| rounded[tap]).unwrap_or(0);
    let others: u32 = (0..TAPS).filter(|&tap| tap != greatest).map(|tap| u32::from(rounded[tap])).sum();
    rounded[greatest] = (parts - others) as u16;
    rounded
}

/// The taps moved so that all of them are samples that are there.
fn inside(first: i64, weights: [u16; TAPS], from: usize) -> (usize, [u16; TAPS]) {
    let moved = first.clamp(0, from as i64 - TAPS as i64);
    let away = first - moved;
    let weight = |tap: usize| {
        let before = tap as i64 - away;
        usize::try_from(before).ok().and_then(|before| weights.get(before)).copied().unwrap_or(0)
    };
    (moved as usize, std::array::from_fn(weight))
}

/// [`STEP`] samples across: where their taps lie, and how much of each is taken. Two halves, since the registers of AVX2 have two.
#[derive(Clone)]
pub(super) struct Across {
    /// The first tap of each half's first sample.
    pub(super) start: [usize; 2],
    /// For each sample the places of two taps that stand side by side, in bytes from its half's start.
    pub(super) places: [u8; 32],
    /// Weights of the first two taps of each sample, and of the last two.
    pub(super) weights: [[i16; 16]; 2],
}

/// Everything about one size of plane and another.
pub(super) struct Plan {
    from: (usize, usize),
    to: (usize, usize),
    down: Taps,
    across: Vec<Across>,
    /// One row between the passes, in parts of 128 of a step of brightness.
    row: Vec<i16>,
    body: simd::Body,
}

/// Whether a plane of the size `from` is reduced to `to` here.
pub(super) fn fits(from: (usize, usize), to: (usize, usize)) -> bool {
    let side = |from: usize, to: usize| to >= STEP && from >= to && from <= 2 * to;
    side(from.0, to.0) && side(from.1, to.1) && simd::Body::best().is_some()
}

impl Plan {
    /// `None` where it does not fit, or this processor has no body that is faster than libswscale.
    pub(super) fn new(from: (usize, usize), to: (usize, usize)) -> Option<Self> {
        if !fits(from, to) {
            return None;
        }
        let body = simd::Body::best()?;
        Some(Self::with(body, from, to))
    }

    fn with(body: simd::Body, from: (usize, usize), to: (usize, usize)) -> Self {
        let across = Taps::new(from.0, to.0, ACROSS);
        let across = (0..to.0.div_ceil(STEP)).map(|step| steps(&across, step * STEP)).collect();
        Self { from, to, down: Taps::new(from.1, to.1, DOWN), across, row: vec![0; from.0 + SLACK], body }
    }

    /// Reduces one plane, of which `data` has rows of `stride` bytes; false, and nothing written, where either is too short.
    pub(super) fn run(&mut self, (data, stride): (&[u8], usize), to: &mut PlaneMut<'_>) -> bool {
        let (width, height) = self.from;
        let holds = |len: usize, stride: usize, (width, height): (usize, usize)| {
            stride >= width && len >= stride * (height - 1) + width
        };
        if (to.width, to.height) != self.to
            || !holds(data.len(), stride, (width, height))
            || !holds(to.data.len(), to.stride, self.to)
        {
            return false;
        }
        let taps = self.down.first.iter().zip(&self.down.weights);
        for ((first, weights), out) in taps.zip(to.data.chunks_mut(to.stride)) {
            let row = |tap: usize| &data[(first + tap) * stride..][..width];
            let behind = ((first + TAPS) * stride).min(data.len());
            let soon = &data[behind..(behind + 2 * stride).min(data.len())];
            self.body.down([row(0), row(1), row(2), row(3)], *weights, soon, &mut self.row);
            self.body.across(&self.across, &self.row, &mut out[..self.to.0]);
        }
        true
    }
}

/// The step that makes the samples from `at` on; those behind the last one are not used.
fn steps(taps: &Taps, at: usize) -> Across {
    let last = taps.first.len() - 1;
    let of = |sample: usize| (at + sample).min(last);
    let start = [taps.first[of(0)], taps.first[of(STEP / 2)]];
    let mut step = Across { start, places: [0; 32], weights: [[0; 16]; 2] };
    for sample in 0..STEP {
        let half = sample / (STEP / 2);
        let (first, weights) = (taps.first[of(sample)], taps.weights[of(sample)]);
        for byte in 0..4 {
            step.places[4 * sample + byte] = (2 * (first - start[half]) + byte) as u8;
        }
        for (tap, weight) in weights.iter().enumerate() {
            step.weights[tap / 2][2 * sample + tap % 2] = weight.cast_signed();
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::simd::Body;
    use proptest::prelude::*;

    fn run(body: Body, from: (usize, usize), to: (usize, usize), data: &[u8], stride: usize) -> Vec<u8> {
        let gap = 3;
        let mut out = vec![99; (to.0 + gap) * to.1];
        let mut plane = PlaneMut { data: &mut out, stride: to.0 + gap, width: to.0, height: to.1 };
        assert!(Plan::with(body, from, to).run((data, stride), &mut plane));
        assert!(out.chunks(to.0 + gap).all(|row| row[to.0..] == [99; 3]), "written behind a row");
        out.chunks(to.0 + gap).flat_map(|row| row[..to.0].to_vec()).collect()
    }

    /// The same filter without rounding in between.
    fn exact(from: (usize, usize), to: (usize, usize), data: &[u8], stride: usize) -> Vec<f64> {
        let side = |from: usize, to: usize, at: usize| -> Vec<(usize, f64)> {
            let scale = from as f64 / to as f64;
            let middle = (at as f64 + 0.5) * scale - 0.5;
            let weights: Vec<_> =
                (0..from).map(|tap| (tap, (1.0 - (tap as f64 - middle).abs() / scale).max(0.0))).collect();
            let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
            weights.into_iter().filter(|(_, weight)| *weight > 0.0).map(|(tap, weight)| (tap, weight / sum)).collect()
        };
        let mut out = Vec::new();
        for y in 0..to.1 {
            let rows = side(from.1, to.1, y);
            for x in 0..to.0 {
                let columns = side(from.0, to.0, x);
                let line = |y: usize| -> f64 {
                    columns.iter().map(|(x, weight)| weight * f64::from(data[y * stride + x])).sum()
                };
                out.push(rows.iter().map(|(y, weight)| weight * line(*y)).sum());
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn bodies_agree_and_are_near_the_exact_filter(
            to in (8_usize..70, 8_usize..40),
            more in (0_usize..=64, 0_usize..=64),
            gap in 0_usize..5,
            seed in any::<u32>(),
        ) {
            let from = (to.0 + to.0 * more.0 / 64, to.1 + to.1 * more.1 / 64);
            let stride = from.0 + gap;
            let mut state = seed;
            let data: Vec<u8> = (0..stride * (from.1 - 1) + from.0).map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            }).collect();
            let plain = run(Body::Plain, from, to, &data, stride);
            if let Some(best) = Body::best() {
                prop_assert_eq!(&plain, &run(best, from, to, &data, stride));
            }
            for (made, wanted) in plain.iter().zip(exact(from, to, &data, stride)) {
                // Weights down are rounded to parts of 256: four of them, on samples of up to 255.
                prop_assert!((f64::from(*made) - wanted).abs() <= 1.6, "{made} for {wanted}");
            }
        }
    }

    #[test]
    fn what_is_flat_stays_as_it_is() {
        for value in [0, 1, 16, 127, 128, 235, 255] {
            let data = vec![value; 60 * 34];
            assert!(run(Body::Plain, (60, 34), (40, 21), &data, 60).iter().all(|out| *out == value), "{value}");
        }
    }

    #[test]
    fn short_planes_are_refused_and_greater_reductions_left_to_others() {
        let mut out = vec![0; 40 * 20];
        let mut plane = PlaneMut { data: &mut out, stride: 40, width: 40, height: 20 };
        assert!(!Plan::with(Body::Plain, (60, 30), (40, 20)).run((&[0; 60 * 30 - 1], 60), &mut plane));
        assert!(!Plan::with(Body::Plain, (60, 30), (32, 20)).run((&[0; 60 * 30], 60), &mut plane));
        assert!(!fits((60, 30), (64, 30)) && !fits((61, 30), (30, 30)) && !fits((12, 30), (7, 20)));
    }
}
