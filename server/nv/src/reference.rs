//! The plain bodies that kernels are held to, sample by sample, on pictures in host memory of the device's layout.
//!
//! They are written for being read. A kernel has to give the very same bytes: both round in the same places, and neither contracts operations.

use crate::draw::{Edge, FILL, LETTERS, Op};
use crate::kernels::{Crop, Input, ModelInput, placed};
use crate::{DrawList, Format};

/// A picture in host memory, laid out as on the device: rows of luma, below them rows of Cb and Cr in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    format: Format,
    width: usize,
    height: usize,
    pitch: usize,
    bytes: Vec<u8>,
}

impl Host {
    /// A picture whose samples are all zero, with `gap` bytes behind each row.
    #[must_use]
    pub fn new(format: Format, width: usize, height: usize, gap: usize) -> Self {
        let pitch = (2 * width.div_ceil(2) * format.bytes() + gap).next_multiple_of(format.bytes());
        let bytes = vec![0; pitch * (height + height.div_ceil(2))];
        Self { format, width, height, pitch, bytes }
    }

    /// Layout of the samples.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Luma and chroma, each with its bytes from row to row.
    #[must_use]
    pub fn planes(&self) -> [(&[u8], usize); 2] {
        let (luma, chroma) = self.bytes.split_at(self.pitch * self.height);
        [(luma, self.pitch), (chroma, self.pitch)]
    }

    /// The same, to write to.
    #[must_use]
    pub fn planes_mut(&mut self) -> [(&mut [u8], usize); 2] {
        let (luma, chroma) = self.bytes.split_at_mut(self.pitch * self.height);
        [(luma, self.pitch), (chroma, self.pitch)]
    }

    /// All bytes, those behind the rows too.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Columns and rows of a plane, and samples that stand in turn.
    fn shape(&self, plane: usize) -> (usize, usize, usize) {
        if plane == 0 { (self.width, self.height, 1) } else { (self.width.div_ceil(2), self.height.div_ceil(2), 2) }
    }

    fn index(&self, plane: usize, x: usize, y: usize) -> usize {
        (plane * self.height + y) * self.pitch + x * self.format.bytes()
    }

    /// Sample `x` of row `y`; in the chroma plane Cb has the even ones.
    #[must_use]
    pub fn sample(&self, plane: usize, x: usize, y: usize) -> u16 {
        let at = self.index(plane, x, y);
        match self.format {
            Format::Nv12 => self.bytes[at].into(),
            Format::P016 => u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]]),
        }
    }

    /// Writes a sample; of one that is too large the lower bits stay.
    pub fn set(&mut self, plane: usize, x: usize, y: usize, value: u16) {
        let at = self.index(plane, x, y);
        let bytes = value.to_le_bytes();
        self.bytes[at..at + self.format.bytes()].copy_from_slice(&bytes[..self.format.bytes()]);
    }
}

/// The taps of a triangle filter for sample `at` of a resized axis, and their weights.
fn taps(at: usize, start: f32, length: f32, scale: f32, samples: usize) -> Vec<(usize, f32)> {
    let support = scale.max(1.0);
    let centre = start + (at as f32 + 0.5) * scale;
    let inverse = 1.0 / support;
    let least = start.floor() as i64;
    let last = ((start + length).ceil() as i64).min(samples as i64);
    let first = ((centre - support).floor() as i64).max(least.max(0));
    let end = ((centre + support).ceil() as i64).min(last);
    if first >= end {
        return vec![((last - 1).max(least.max(0)) as usize, 1.0)];
    }
    let weight = |tap: i64| (1.0 - (tap as f32 + 0.5 - centre).abs() * inverse).max(0.0);
    (first..end).map(|tap| (tap as usize, weight(tap))).collect()
}

/// Cuts `crop` out of `from` and resizes it to the size of `to`, which may have fewer bits.
pub fn resize(from: &Host, crop: Crop, to: &mut Host) {
    let scale = (crop.width / to.width as f32, crop.height / to.height as f32);
    let fewer_bits = from.format.bytes() > to.format.bytes();
    let most = if to.format == Format::Nv12 { 255 } else { 65_535 };
    for plane in 0..2 {
        let (columns, rows, step) = from.shape(plane);
        let (wide, high, _) = to.shape(plane);
        let part = 1.0 / step as f32;
        for y in 0..high {
            let down = taps(y, crop.y * part, crop.height * part, scale.1, rows);
            for x in 0..wide {
                let across = taps(x, crop.x * part, crop.width * part, scale.0, columns);
                for channel in 0..step {
                    let line = |y: usize| {
                        across.iter().fold(0.0_f32, |sum, (x, weight)| {
                            sum + weight * f32::from(from.sample(plane, x * step + channel, y))
                        })
                    };
                    let sum = down.iter().fold(0.0_f32, |sum, (y, weight)| sum + weight * line(*y));
                    let weight = |taps: &[(usize, f32)]| taps.iter().fold(0.0_f32, |sum, (_, weight)| sum + weight);
                    let mut value = sum / (weight(&across) * weight(&down));
                    if fewer_bits {
                        value *= 1.0 / 256.0;
                    }
                    to.set(plane, x * step + channel, y, ((value + 0.5) as i32).min(most) as u16);
                }
            }
        }
    }
}

/// A sample between four.
fn between(host: &Host, plane: usize, (x, y): (f32, f32), channel: usize) -> f32 {
    let (columns, rows, step) = host.shape(plane);
    let (x, y) = (x.clamp(0.0, (columns - 1) as f32), y.clamp(0.0, (rows - 1) as f32));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(columns - 1), (top + 1).min(rows - 1));
    let one = |x: usize, y: usize| {
        let value = f32::from(host.sample(plane, x * step + channel, y));
        if host.format == Format::P016 { value * (1.0 / 256.0) } else { value }
    };
    let (part_x, part_y) = (x - left as f32, y - top as f32);
    let upper = one(left, top) + (one(right, top) - one(left, top)) * part_x;
    let lower = one(left, bottom) + (one(right, bottom) - one(left, bottom)) * part_x;
    upper + (lower - upper) * part_y
}

/// The model's input for `pictures`, one after the other: planes of RGB or BGR.
#[must_use]
pub fn input(model: &ModelInput, pictures: &[Input<&Host>]) -> Vec<f32> {
    let (width, height) = (model.width as usize, model.height as usize);
    let mut all = Vec::with_capacity(pictures.len() * 3 * width * height);
    for picture in pictures {
        let (place, matrix) = (placed(model, picture.crop), picture.matrix.coefficients());
        let step = (picture.crop.width / place.2 as f32, picture.crop.height / place.3 as f32);
        let start = all.len();
        all.resize(start + 3 * width * height, 0.0);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let mut colour = [model.pad; 3];
            let (at_x, at_y) = (x as i32 - place.0, y as i32 - place.1);
            if (0..place.2).contains(&at_x) && (0..place.3).contains(&at_y) {
                let from_x = picture.crop.x + (at_x as f32 + 0.5) * step.0;
                let from_y = picture.crop.y + (at_y as f32 + 0.5) * step.1;
                let half = (from_x * 0.5 - 0.5, from_y * 0.5 - 0.5);
                let luma = between(picture.picture, 0, (from_x - 0.5, from_y - 0.5), 0);
                let cb = between(picture.picture, 1, half, 0) - 128.0;
                let cr = between(picture.picture, 1, half, 1) - 128.0;
                let light = (luma - matrix.luma_offset) * matrix.luma_scale;
                let green = light + matrix.green_cb * cb + matrix.green_cr * cr;
                colour = [light + matrix.red_cr * cr, green, light + matrix.blue_cb * cb].map(|v| v.clamp(0.0, 1.0));
            }
            if model.blue_first {
                colour.swap(0, 2);
            }
            for (channel, value) in colour.into_iter().enumerate() {
                all[start + (channel * height + y) * width + x] = (value - model.mean[channel]) * model.scale[channel];
            }
        }
    }
    all
}

/// The nearest number of 16 bits, ties to even.
#[must_use]
pub fn half(value: f32) -> u16 {
    let sign = ((value.to_bits() >> 16) & 0x8000) as u16;
    let size = f64::from(value.abs());
    if size.is_nan() {
        return 0x7fff;
    }
    // Steps of the numbers around it: of the smallest ones, or of its power of two.
    let exponent = if size < 2.0_f64.powi(-14) { -14 } else { ((size.to_bits() >> 52) as i32 - 1023).min(16) };
    let steps = (size / 2.0_f64.powi(exponent - 10)).round_ties_even();
    // A mantissa that rounds up to the next power of two carries into the exponent by itself.
    let bits = (f64::from((exponent + 14) * 1024) + steps).min(f64::from(0x7c00));
    sign | bits as u16
}

fn inside(edges: &[Edge], x: i32, y: i32) -> bool {
    let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
    let right_of_it = |edge: &&Edge| edge.y0 <= y && y < edge.y1 && x < edge.x + (y - edge.y0) * edge.slope;
    edges.iter().filter(right_of_it).count() % 2 == 1
}

fn mix(from: u16, to: u32, alpha: u32) -> u16 {
    ((u32::from(from) * (256 - alpha) + to * alpha + 128) >> 8) as u16
}

fn of_256(part: u32) -> u32 {
    part + (part >> 7)
}

/// Draws a list on its pictures: what is hidden first, then everything else in order, each over the whole picture.
pub fn draw(list: &DrawList, atlas: &[u8], pictures: &mut [Host]) {
    for mask in &list.masks {
        pixelate(list, mask, &mut pictures[mask.picture as usize]);
    }
    for (picture, op) in &list.ops {
        one(list, op, atlas, &mut pictures[*picture as usize]);
    }
}

fn cover(list: &DrawList, op: &Op, atlas: &[u8], x: i32, y: i32) -> u32 {
    if x < op.x0 || x >= op.x1 || y < op.y0 || y >= op.y1 {
        return 0;
    }
    let (first, more) = (op.first as usize, op.more as usize);
    match op.kind {
        LETTERS => atlas[first + (y - op.y0) as usize * more + (x - op.x0) as usize].into(),
        FILL => op.alpha,
        _ => op.alpha * u32::from(inside(&list.edges[first..first + more], x, y)),
    }
}

/// Every `step`th pixel of every `step`th row.
fn steps(host: &Host, step: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (width, height) = (host.width, host.height);
    (0..height).step_by(step).flat_map(move |y| (0..width).step_by(step).map(move |x| (x, y)))
}

fn one(list: &DrawList, op: &Op, atlas: &[u8], host: &mut Host) {
    let samples = [op.samples & 255, op.samples >> 8 & 255, op.samples >> 16 & 255];
    let letters = op.kind == LETTERS;
    for (x, y) in steps(host, 2) {
        let four = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)].into_iter();
        let four: Vec<_> = four.filter(|(x, y)| *x < host.width && *y < host.height).collect();
        let covers: Vec<_> = four.iter().map(|(x, y)| cover(list, op, atlas, *x as i32, *y as i32)).collect();
        let sum: u32 = covers.iter().sum();
        if sum == 0 {
            continue;
        }
        let part = |cover: u32| if letters { (of_256(cover) * op.alpha) >> 8 } else { cover };
        for ((x, y), cover) in four.iter().zip(&covers) {
            host.set(0, *x, *y, mix(host.sample(0, *x, *y), samples[0], part(*cover)));
        }
        let alpha = if letters { part((sum + 2) >> 2) } else { sum / four.len() as u32 };
        for channel in 0..2 {
            let old = host.sample(1, x + channel, y / 2);
            host.set(1, x + channel, y / 2, mix(old, samples[1 + channel], alpha));
        }
    }
}

fn pixelate(list: &DrawList, mask: &crate::draw::Pixelate, host: &mut Host) {
    let cell = mask.cell as usize;
    let hidden = |x: usize, y: usize| {
        let outlines = &list.outlines[mask.first as usize..][..mask.count as usize];
        outlines.iter().any(|o| inside(&list.edges[o.first as usize..][..o.count as usize], x as i32, y as i32))
    };
    let mean = |values: &[u16]| {
        let sum: u32 = values.iter().map(|value| u32::from(*value)).sum();
        ((sum + values.len() as u32 / 2) / values.len() as u32) as u16
    };
    for (x0, y0) in steps(host, cell) {
        let (x1, y1) = ((x0 + cell).min(host.width), (y0 + cell).min(host.height));
        let pixels = (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y)));
        let pairs = pixels.clone().filter(|(x, y)| x % 2 == 0 && y % 2 == 0);
        let luma = mean(&pixels.clone().map(|(x, y)| host.sample(0, x, y)).collect::<Vec<_>>());
        let chroma = [0, 1]
            .map(|channel| mean(&pairs.clone().map(|(x, y)| host.sample(1, x + channel, y / 2)).collect::<Vec<_>>()));
        for (x, y) in pixels.filter(|(x, y)| hidden(*x, *y)) {
            host.set(0, x, y, luma);
            (0..2).for_each(|channel| host.set(1, x / 2 * 2 + channel, y / 2, chroma[channel]));
        }
    }
}
