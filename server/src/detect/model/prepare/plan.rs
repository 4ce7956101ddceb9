//! What is decided once for all frames of a size: which samples make which pixel, how much of each, and what colour they are.

use super::rows::Rows;
use super::simd::{self, Body, Mix, STEP, Step, Steps};
use crate::detect::Area;
use crate::detect::model::{Colours, Placed, Spec, View};
use crate::pipeline::frame::{Colour, Frame, HostPicture, PixelFormat};

/// Parts of a weight down, and across.
pub(super) const DOWN: f64 = 256.0;
const ACROSS: f64 = 16384.0;

/// Everything that a plan depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::detect) struct Asked {
    view: View,
    size: (usize, usize),
    format: PixelFormat,
    coded: (usize, usize),
    colour: Colour,
    aspect: (u32, u32),
    rotation: u16,
    crop: Area,
}

impl Asked {
    pub(super) fn new(spec: &Spec, frame: &Frame, crop: Option<Area>) -> Self {
        Self {
            view: spec.view,
            size: spec.size,
            format: frame.format,
            coded: (frame.width, frame.height),
            colour: frame.colour,
            aspect: frame.sample_aspect,
            rotation: frame.rotation % 360,
            crop: crop.map_or(Area { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 }, |crop| crop.clamped()),
        }
    }

    /// First and number of the samples that are seen, across and down, in the picture as coded.
    fn part(&self) -> [(usize, usize); 2] {
        let coded = self.crop.turned_back(self.rotation);
        let side = |from: f32, to: f32, all: usize| {
            // A part of the picture that is a whole number of samples is meant to be that number.
            let first = ((f64::from(from) * all as f64 + 1e-3) as usize).min(all.saturating_sub(1));
            let last = ((f64::from(to) * all as f64 - 1e-3).ceil() as usize).clamp(first + 1, all.max(first + 1));
            (first, last - first)
        };
        [side(coded.x1, coded.x2, self.coded.0), side(coded.y1, coded.y2, self.coded.1)]
    }

    fn sideways(&self) -> bool {
        !self.rotation.is_multiple_of(180)
    }
}

/// The way from frames of one kind to a model's input.
#[derive(Clone, Debug)]
pub(in crate::detect) struct Plan {
    asked: Asked,
    body: Body,
    /// Size and place in the model's input.
    area: ((usize, usize), (usize, usize)),
    placed: Placed,
    /// For each row as coded: the upper of its two rows of samples, the lower, and the parts of the lower.
    down: Vec<(usize, usize, u16)>,
    across: Steps,
    mix: Mix,
    rows: Rows,
    /// A row of each plane that is turned on its way, where the picture is.
    turned: Vec<f32>,
}

impl Plan {
    pub(super) fn new(asked: Asked) -> Self {
        let part @ [(left, wide), (top, high)] = asked.part();
        let sideways = asked.sideways();
        let (x, y) = (f64::from(asked.aspect.0.max(1)), f64::from(asked.aspect.1.max(1)));
        let coded = (wide as f64 * x / y, high as f64);
        let shown = if sideways { (coded.1, coded.0) } else { coded };
        let area @ ((width, height), _) = asked.view.place(shown, asked.size);
        let (columns, lines) = if sideways { (height, width) } else { (width, height) };
        let rows = Rows::new(asked.format, left..left + wide);
        let down = taps(top, high, lines).map(|(first, part)| {
            // A point that lies on its row has no need of the next one: reading that from memory would be half of the work.
            let part = (part * DOWN).round() as u16;
            let below = if part == 0 { first } else { (first + 1).min(top + high - 1) };
            (first, below, part)
        });
        Self {
            body: Body::best(),
            area,
            placed: placed(&asked, part, shown, area.1),
            down: down.collect(),
            across: steps(left, wide, columns, rows.halved()),
            mix: mix(&asked),
            rows,
            turned: if asked.rotation == 0 { Vec::new() } else { vec![0.0; 3 * columns] },
            asked,
        }
    }

    /// The same, done by another body.
    #[cfg(test)]
    pub(super) fn by(self, body: Body) -> Self {
        Self { body, ..self }
    }

    pub(super) fn asked(&self) -> &Asked {
        &self.asked
    }

    pub(super) fn placed(&self) -> Placed {
        self.placed
    }

    /// Makes `samples` as large as the input is, all of it grey.
    pub(super) fn pad(&self, samples: &mut Vec<f32>) {
        let (view, many) = (&self.asked.view, self.asked.size.0 * self.asked.size.1);
        samples.clear();
        (0..3).for_each(|plane| samples.resize((plane + 1) * many, view.number(plane, view.pad)));
    }

    /// Lays the picture down; `None` where it has fewer samples than its size says.
    pub(super) fn run(&mut self, picture: &dyn HostPicture, samples: &mut Vec<f32>) -> Option<()> {
        let (size, ((width, height), (left, top))) = (self.asked.size, self.area);
        if samples.len() != 3 * size.0 * size.1 {
            self.pad(samples);
        }
        for (line, (above, below, part)) in self.down.iter().enumerate() {
            if let Some((next, ..)) = self.down.get(line + 1) {
                self.rows.soon(self.body, picture, *next);
            }
            self.rows.blend(self.body, picture, (*above, *below), *part)?;
            let rows = self.rows.samples();
            if self.asked.rotation == 0 {
                let out = planes(samples, size).map(|plane| &mut plane[(top + line) * size.0 + left..][..width]);
                self.body.across(&self.across, rows, &self.mix, out);
                continue;
            }
            let columns = self.turned.len() / 3;
            self.body.across(&self.across, rows, &self.mix, planes(&mut self.turned, (columns, 1)));
            for (plane, row) in planes(samples, size).into_iter().zip(self.turned.chunks(columns)) {
                // Where the row's samples come to lie: each begins at `first` and goes on by `by`.
                let at = |x: usize, y: usize| (top + y) * size.0 + left + x;
                match self.asked.rotation {
                    90 => scatter(row, plane, at(width - 1 - line, 0), size.0.cast_signed()),
                    180 => scatter(row, plane, at(width - 1, height - 1 - line), -1),
                    _ => scatter(row, plane, at(line, height - 1), -size.0.cast_signed()),
                }
            }
        }
        Some(())
    }
}

fn scatter(row: &[f32], plane: &mut [f32], first: usize, by: isize) {
    let mut at = first;
    for value in row {
        plane[at] = *value;
        at = at.wrapping_add_signed(by);
    }
}

fn planes(samples: &mut [f32], size: (usize, usize)) -> [&mut [f32]; 3] {
    let (first, rest) = samples.split_at_mut(size.0 * size.1);
    let (second, third) = rest.split_at_mut(size.0 * size.1);
    [first, second, third]
}

/// For each of `to` points over `many` samples from `first` on: the sample at or before it, and the part of the next one. Points
/// before the first sample or behind the last are those samples.
fn taps(first: usize, many: usize, to: usize) -> impl Iterator<Item = (usize, f64)> {
    let scale = many as f64 / to as f64;
    (0..to).map(move |at| {
        let point = ((at as f64 + 0.5) * scale - 0.5).clamp(0.0, (many - 1) as f64);
        (first + point as usize, point.fract())
    })
}

/// The steps across a row whose samples from `first` on are `many`; chroma as it stands at each sample of luma.
fn steps(first: usize, many: usize, to: usize, halved: bool) -> Steps {
    let base = if halved { first >> 1 } else { first };
    let taps: Vec<_> = taps(first, many, to).collect();
    let step = |chunk: &[(usize, f64)]| {
        let mut step = Step::default();
        for lane in 0..STEP {
            let (at, part) = chunk[lane.min(chunk.len() - 1)];
            let next = (part * ACROSS).round() as i16;
            let one = ACROSS as i16 - next;
            step.luma[lane] = (at - first) as i32;
            step.luma_weights[lane] = [one, next];
            let (here, there) = if halved { (at >> 1, (at + 1) >> 1) } else { (at, at + 1) };
            step.chroma[lane] = (here - base) as i32;
            step.chroma_weights[lane] = if here == there { [one + next, 0] } else { [one, next] };
        }
        step
    };
    Steps::new(taps.chunks(STEP).map(step).collect())
}

/// How sums of luma, Cb and Cr become the numbers of each plane.
fn mix(asked: &Asked) -> Mix {
    let (kr, kb) = asked.colour.weights(asked.coded);
    let (least, luma, chroma) = asked.colour.span();
    let kg = 1.0 - kr - kb;
    let (by_cr, by_cb) = (2.0 * (1.0 - kr), 2.0 * (1.0 - kb));
    let red = [0.0, by_cr];
    let green = [-kb * by_cb / kg, -kr * by_cr / kg];
    let blue = [by_cb, 0.0];
    let order = if asked.view.colours == Colours::Rgb { [red, green, blue] } else { [blue, green, red] };
    let mut mix = Mix::default();
    for (plane, [cb, cr]) in order.into_iter().enumerate() {
        let (mean, std) = (f64::from(asked.view.mean[plane]), f64::from(asked.view.std[plane]));
        let (of_luma, of_cb, of_cr) = (255.0 / luma / std, 255.0 * cb / chroma / std, 255.0 * cr / chroma / std);
        let sum = simd::ONE * ACROSS;
        mix.weights[plane] = [of_luma / sum, of_cb / sum, of_cr / sum].map(|part| part as f32);
        mix.offset[plane] = (-least * of_luma - 128.0 * (of_cb + of_cr) - mean / std) as f32;
        mix.limits[plane] = [asked.view.number(plane, 0.0), asked.view.number(plane, 255.0)];
    }
    mix
}

/// Where the model's pixels lie in the picture as shown, in fractions. `shown` is the size of the part that is seen.
fn placed(asked: &Asked, part: [(usize, usize); 2], shown: (f64, f64), (left, top): (usize, usize)) -> Placed {
    let fraction = |(first, many): (usize, usize), all: usize| {
        let of = |at: usize| (at as f64 / all.max(1) as f64) as f32;
        (of(first), of(first + many))
    };
    let ((x1, x2), (y1, y2)) = (fraction(part[0], asked.coded.0), fraction(part[1], asked.coded.1));
    let within = Area { x1, y1, x2, y2 }.turned(asked.rotation);
    let scale = asked.view.scale(shown, asked.size);
    let step = (
        (f64::from(within.width()) / (shown.0 * scale.0)) as f32,
        (f64::from(within.height()) / (shown.1 * scale.1)) as f32,
    );
    Placed { origin: (within.x1 - left as f32 * step.0, within.y1 - top as f32 * step.1), step, within }
}
