//! Polygons as the pixels that they cover: those whose middle is within, where lines cross by the even-odd rule.

use sightline_shared::scene::Point;
use std::ops::Range;

/// An edge of a polygon that goes downwards, in pixels.
#[derive(Clone, Copy, Debug)]
struct Edge {
    x: f32,
    y0: f32,
    y1: f32,
    slope: f32,
}

/// A polygon on a picture as coded. The same numbers as in the device's kernel, operation by operation, so that both cover the same pixels.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    edges: Vec<Edge>,
    rows: Range<usize>,
}

impl Outline {
    /// A polygon of at least three points; `None` where it covers nothing.
    pub(super) fn new(points: &[(f32, f32)], height: usize) -> Option<Self> {
        let pairs = points.iter().zip(points.iter().cycle().skip(1));
        let down = pairs.map(|(a, b)| if a.1 <= b.1 { (a, b) } else { (b, a) }).filter(|(a, b)| a.1 < b.1);
        let edges: Vec<Edge> =
            down.map(|(a, b)| Edge { x: a.0, y0: a.1, y1: b.1, slope: (b.0 - a.0) / (b.1 - a.1) }).collect();
        let (top, bottom) =
            edges.iter().fold((f32::MAX, f32::MIN), |(top, bottom), edge| (top.min(edge.y0), bottom.max(edge.y1)));
        let row = |y: f32| (y.max(0.0) as usize).min(height);
        let rows = row(top)..row(bottom.ceil());
        (!rows.is_empty()).then_some(Self { edges, rows })
    }

    /// The rows that it may cover.
    pub(super) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Adds the pixels of row `y` that it covers, from left to right, to `spans`, none beyond `width`.
    pub(super) fn spans(&self, y: usize, width: usize, spans: &mut Vec<Range<usize>>) {
        let middle = y as f32 + 0.5;
        let crossed = self.edges.iter().filter(|edge| edge.y0 <= middle && middle < edge.y1);
        let mut crossings: Vec<f32> = crossed.map(|edge| edge.x + (middle - edge.y0) * edge.slope).collect();
        crossings.sort_by(f32::total_cmp);
        let pixel = |x: f32| ((x - 0.5).ceil().max(0.0) as usize).min(width);
        for pair in crossings.chunks_exact(2) {
            let span = pixel(pair[0])..pixel(pair[1]);
            if !span.is_empty() {
                spans.push(span);
            }
        }
    }
}

/// Where `points` of a picture as shown, in fractions, lie on the picture as coded, in pixels: `size` is its width and height, and it is
/// shown turned clockwise by `rotation`.
pub(super) fn coded(points: &[Point], (width, height): (usize, usize), rotation: u16) -> Vec<(f32, f32)> {
    let back = |Point { x, y }: Point| match rotation {
        90 => (y, 1.0 - x),
        180 => (1.0 - x, 1.0 - y),
        270 => (1.0 - y, x),
        _ => (x, y),
    };
    points.iter().map(|point| back(*point)).map(|(x, y)| (x * width as f32, y * height as f32)).collect()
}
