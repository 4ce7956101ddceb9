//! Rows blended, and pixels picked from them and coloured: plain, and with AVX2 and FMA.
#![allow(
    unsafe_code,
    reason = "samples are gathered and planes written by pointer; each block says why they lie within their slices"
)]

/// Pixels that one step across makes.
pub(super) const STEP: usize = 8;
/// Samples behind a row that a step may read and does not use.
pub(super) const SLACK: usize = 2;
/// A step of brightness in a blended row.
pub(super) const ONE: f64 = 128.0;
/// The middle of 8 bits in a blended row.
pub(super) const MIDDLE: i16 = 128 * 128;

/// [`STEP`] pixels: the first of the two samples that each is made of, and how much is taken of both, in parts of 2^14.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    pub(super) luma: [i32; STEP],
    pub(super) luma_weights: [[i16; 2]; STEP],
    pub(super) chroma: [i32; STEP],
    pub(super) chroma_weights: [[i16; 2]; STEP],
}

/// The steps of a row, and how much of the blended rows they read.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    steps: Vec<Step>,
    luma: usize,
    chroma: usize,
}

impl Steps {
    /// # Panics
    /// If a place is negative, which is none.
    pub(super) fn new(steps: Vec<Step>) -> Self {
        let reach = |places: fn(&Step) -> &[i32; STEP]| {
            let end = |at: &i32| usize::try_from(*at).expect("places count from the first sample of the row") + 2;
            steps.iter().flat_map(places).map(end).max().unwrap_or_default()
        };
        let (luma, chroma) = (reach(|step| &step.luma), reach(|step| &step.chroma));
        Self { steps, luma, chroma }
    }
}

/// How sums of luma, Cb and Cr become the numbers of each plane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mix {
    pub(super) weights: [[f32; 3]; 3],
    pub(super) offset: [f32; 3],
    pub(super) limits: [[f32; 2]; 3],
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// What the other one is held to.
    Plain,
    /// Eight pixels at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

macro_rules! by_body {
    ($self:ident, $plain:ident, $fast:ident, $($argument:expr),+) => {
        match $self {
            Self::Plain => $plain($($argument),+),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `best` gives this body where the processor has AVX2 and FMA, and nobody else makes one.
            Self::Avx2 => unsafe { $fast($($argument),+) },
        }
    };
}

impl Body {
    /// The fastest that this processor has.
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Self::Avx2;
        }
        Self::Plain
    }

    /// Asks for what will be read next: rows that are far apart are not foreseen by the processor.
    pub(super) fn soon(self, bytes: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        if self == Self::Avx2 {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            for line in bytes.chunks(64) {
                // SAFETY: every x86-64 has the instruction; asking for memory reads none of it.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
            }
        }
    }

    /// Blends two rows, with `part` of 256 of the second.
    pub(super) fn down(self, rows: [&[u8]; 2], part: u16, out: &mut [i16]) {
        by_body!(self, down, down_avx2, rows, part, out);
    }

    /// The same of rows of pairs, each of which becomes a sample of both.
    pub(super) fn down_pairs(self, rows: [&[u8]; 2], part: u16, first: &mut [i16], second: &mut [i16]) {
        by_body!(self, down_pairs, down_pairs_avx2, rows, part, first, second);
    }

    /// The same of samples of two bytes, which are eight bits once they are shifted.
    pub(super) fn down_wide(self, rows: [&[u8]; 2], shift: u32, part: u16, out: &mut [i16]) {
        by_body!(self, down_wide, down_wide_avx2, rows, shift, part, out);
    }

    /// The same of pairs of such samples.
    pub(super) fn down_wide_pairs(
        self,
        rows: [&[u8]; 2],
        shift: u32,
        part: u16,
        first: &mut [i16],
        second: &mut [i16],
    ) {
        down_wide_pairs(rows, shift, part, first, second);
    }

    /// Makes a row of each plane of blended rows of luma, Cb and Cr.
    pub(super) fn across(self, steps: &Steps, rows: [&[i16]; 3], mix: &Mix, out: [&mut [f32]; 3]) {
        by_body!(self, across, across_avx2, steps, rows, mix, out);
    }
}

#[inline(always)]
fn blend(above: u16, below: u16, part: u16) -> i16 {
    // At most 255 * 256, which fits.
    ((above * (256 - part) + below * part) >> 1).cast_signed()
}

#[inline(always)]
fn down([above, below]: [&[u8]; 2], part: u16, out: &mut [i16]) {
    for (out, (above, below)) in out.iter_mut().zip(above.iter().zip(below)) {
        *out = blend(u16::from(*above), u16::from(*below), part);
    }
}

#[inline(always)]
fn down_pairs([above, below]: [&[u8]; 2], part: u16, first: &mut [i16], second: &mut [i16]) {
    let (above, below) = (above.as_chunks::<2>().0, below.as_chunks::<2>().0);
    for ((first, second), (above, below)) in first.iter_mut().zip(second).zip(above.iter().zip(below)) {
        // A pair is a number whose halves are the samples: the compiler then needs no shuffles.
        let (above, below) = (u16::from_le_bytes(*above), u16::from_le_bytes(*below));
        *first = blend(above & 255, below & 255, part);
        *second = blend(above >> 8, below >> 8, part);
    }
}

#[inline(always)]
fn wide(sample: [u8; 2], shift: u32) -> u16 {
    (u16::from_le_bytes(sample) >> shift).min(255)
}

#[inline(always)]
fn down_wide([above, below]: [&[u8]; 2], shift: u32, part: u16, out: &mut [i16]) {
    let (above, below) = (above.as_chunks::<2>().0, below.as_chunks::<2>().0);
    for (out, (above, below)) in out.iter_mut().zip(above.iter().zip(below)) {
        *out = blend(wide(*above, shift), wide(*below, shift), part);
    }
}

fn down_wide_pairs([above, below]: [&[u8]; 2], shift: u32, part: u16, first: &mut [i16], second: &mut [i16]) {
    let (above, below) = (above.as_chunks::<4>().0, below.as_chunks::<4>().0);
    for ((first, second), (above, below)) in first.iter_mut().zip(second).zip(above.iter().zip(below)) {
        let of = |pair: &[u8; 4], at: usize| wide([pair[2 * at], pair[2 * at + 1]], shift);
        *first = blend(of(above, 0), of(below, 0), part);
        *second = blend(of(above, 1), of(below, 1), part);
    }
}

fn across(steps: &Steps, [y, cb, cr]: [&[i16]; 3], mix: &Mix, [first, second, third]: [&mut [f32]; 3]) {
    let sum = |row: &[i16], at: i32, weights: [i16; 2]| {
        let part = |tap: usize| i32::from(row[at as usize + tap]) * i32::from(weights[tap]);
        (part(0) + part(1)) as f32
    };
    let planes = first.iter_mut().zip(second).zip(third);
    for (at, ((first, second), third)) in planes.enumerate() {
        let (step, lane) = (&steps.steps[at / STEP], at % STEP);
        let luma = sum(y, step.luma[lane], step.luma_weights[lane]);
        let (at, weights) = (step.chroma[lane], step.chroma_weights[lane]);
        let (cb, cr) = (sum(cb, at, weights), sum(cr, at, weights));
        for (plane, out) in [first, second, third].into_iter().enumerate() {
            let [of_luma, of_cb, of_cr] = mix.weights[plane];
            let [least, most] = mix.limits[plane];
            let value = luma.mul_add(of_luma, cb.mul_add(of_cb, cr.mul_add(of_cr, mix.offset[plane])));
            *out = value.clamp(least, most);
        }
    }
}

/// The compiler makes AVX2 of the plain bodies by itself.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn down_avx2(rows: [&[u8]; 2], part: u16, out: &mut [i16]) {
    down(rows, part, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn down_pairs_avx2(rows: [&[u8]; 2], part: u16, first: &mut [i16], second: &mut [i16]) {
    down_pairs(rows, part, first, second);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn down_wide_avx2(rows: [&[u8]; 2], shift: u32, part: u16, out: &mut [i16]) {
    down_wide(rows, shift, part, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn across_avx2(steps: &Steps, rows: [&[i16]; 3], mix: &Mix, out: [&mut [f32]; 3]) {
    use std::arch::x86_64::{
        __m256, __m256i, _mm256_cvtepi32_ps, _mm256_fmadd_ps, _mm256_i32gather_epi32, _mm256_loadu_si256,
        _mm256_madd_epi16, _mm256_max_ps, _mm256_min_ps, _mm256_set1_ps, _mm256_storeu_ps,
    };
    let [y, cb, cr] = rows;
    assert!(
        y.len() >= steps.luma && cb.len() >= steps.chroma && cr.len() >= steps.chroma,
        "a row is shorter than its steps"
    );
    let sums = |row: &[i16], places: &[i32; STEP], weights: &[[i16; 2]; STEP]| -> __m256 {
        // SAFETY: 32 bytes each, as their types say; what is gathered is within the row, as the assertion above has it.
        let (pairs, weights) = unsafe {
            let places = _mm256_loadu_si256(places.as_ptr().cast::<__m256i>());
            (
                _mm256_i32gather_epi32::<2>(row.as_ptr().cast(), places),
                _mm256_loadu_si256(weights.as_ptr().cast::<__m256i>()),
            )
        };
        _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, weights))
    };
    let weights = mix.weights.map(|row| row.map(|part| _mm256_set1_ps(part)));
    let offset = mix.offset.map(|part| _mm256_set1_ps(part));
    let limits = mix.limits.map(|row| row.map(|part| _mm256_set1_ps(part)));
    let many = out.iter().map(|plane| plane.len()).min().unwrap_or_default();
    for (at, step) in steps.steps.iter().enumerate() {
        let luma = sums(y, &step.luma, &step.luma_weights);
        let blue = sums(cb, &step.chroma, &step.chroma_weights);
        let red = sums(cr, &step.chroma, &step.chroma_weights);
        for plane in 0..3 {
            let [of_luma, of_cb, of_cr] = weights[plane];
            let value = _mm256_fmadd_ps(red, of_cr, offset[plane]);
            let value = _mm256_fmadd_ps(luma, of_luma, _mm256_fmadd_ps(blue, of_cb, value));
            let value = _mm256_min_ps(_mm256_max_ps(value, limits[plane][0]), limits[plane][1]);
            let begin = at * STEP;
            if begin + STEP <= many {
                // SAFETY: eight numbers from `begin` on, which are in the plane.
                unsafe { _mm256_storeu_ps(out[plane].as_mut_ptr().add(begin), value) };
            } else if begin < many {
                let mut last = [0.0_f32; STEP];
                // SAFETY: eight numbers, as the type says.
                unsafe { _mm256_storeu_ps(last.as_mut_ptr(), value) };
                out[plane][begin..many].copy_from_slice(&last[..many - begin]);
            }
        }
    }
}
