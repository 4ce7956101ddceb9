//! Boxes and lines as rectangles of whole pixels.

use super::lines::runs;
use super::{Item, Shape};

/// A filled rectangle in whole pixels, cut at the picture's edges: `x0 < x1`, `y0 < y1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Left edge.
    pub x0: i32,
    /// Top edge.
    pub y0: i32,
    /// Right edge.
    pub x1: i32,
    /// Bottom edge.
    pub y1: i32,
    /// `0xrrggbb`.
    pub colour: u32,
    /// How much of it covers what was there, in parts of 256.
    pub alpha: u16,
}

/// All of what was there is covered.
pub const OPAQUE: u16 = 256;
/// The dark rim of a line keeps a box visible on a picture of its own colour.
pub const RIM: (u32, u16) = (0, 141);

/// Farthest that a box's edge is looked for outside of the picture; a line there is not seen.
const BEYOND: f32 = 64.0;

/// A stroke's width in whole pixels.
pub(super) fn line_width(stroke: f32) -> i32 {
    if stroke > 0.0 { (stroke.round() as i32).max(1) } else { 0 }
}

/// What to fill for the shape of `item` in a picture of `picture` pixels, in this order: its line of [`Item::stroke`], dashed where it is
/// predicted, and a dark rim of `rim` pixels on both sides of it. Nothing where its stroke is 0.
pub fn outline(item: &Item, rim: i32, picture: (f32, f32), fills: &mut Vec<Fill>) {
    let line = line_width(item.stroke);
    if line == 0 {
        return;
    }
    let mut sheet = Sheet { size: (picture.0 as i32, picture.1 as i32), fills };
    match item.shape {
        Shape::Box { x, y, width, height, dashed } => {
            let within = |value: f32, most: f32| value.clamp(-BEYOND, most + BEYOND);
            let (x0, y0) = (within(x, picture.0), within(y, picture.1));
            let (x1, y1) = (within(x + width, picture.0), within(y + height, picture.1));
            let edge = |at: f32, side: f32| (at + side * line as f32 / 2.0).round() as i32;
            let outer = Rect { x0: edge(x0, -1.0), y0: edge(y0, -1.0), x1: edge(x1, 1.0), y1: edge(y1, 1.0) };
            sheet.boxed(outer, line, rim, item.colour, dashed);
        }
        Shape::Line(ref points) => {
            sheet.line(points, line + 2 * rim, RIM);
            sheet.line(points, line, (item.colour, OPAQUE));
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Rect {
    pub(super) x0: i32,
    pub(super) y0: i32,
    pub(super) x1: i32,
    pub(super) y1: i32,
}

impl Rect {
    fn grown(self, by: i32) -> Self {
        Self { x0: self.x0 - by, y0: self.y0 - by, x1: self.x1 + by, y1: self.y1 + by }
    }

    fn is_empty(self) -> bool {
        self.x0 >= self.x1 || self.y0 >= self.y1
    }

    /// Its fill, cut at the edges of a picture; `None` where nothing of it is within.
    pub(super) fn filled(self, (width, height): (i32, i32), (colour, alpha): (u32, u16)) -> Option<Fill> {
        let Self { x0, y0, x1, y1 } = self;
        let within = Self { x0: x0.max(0), y0: y0.max(0), x1: x1.min(width), y1: y1.min(height) };
        let Self { x0, y0, x1, y1 } = within;
        (!within.is_empty()).then_some(Fill { x0, y0, x1, y1, colour, alpha })
    }
}

/// Where fills are collected, cut at the picture's edges.
struct Sheet<'a> {
    size: (i32, i32),
    fills: &'a mut Vec<Fill>,
}

impl Sheet<'_> {
    fn fill(&mut self, rect: Rect, ink: (u32, u16)) {
        self.fills.extend(rect.filled(self.size, ink));
    }

    /// A box by its line's outer edge.
    fn boxed(&mut self, outer: Rect, line: i32, rim: i32, colour: u32, dashed: bool) {
        let rim_outer = outer.grown(rim);
        if dashed {
            self.ring(rim_outer, line + 2 * rim, RIM);
            return self.dashes(outer, line, colour);
        }
        let inner = outer.grown(-line);
        let rim_inner = inner.grown(-rim);
        if rim_inner.is_empty() {
            self.ring(rim_outer, rim, RIM);
            self.fill(outer, (colour, OPAQUE));
            return;
        }
        // The rim lies under its line, as a dashed one's does. Where both of a side stand on the same rows, one after the other, they can be
        // filled at once.
        let ink = (colour, OPAQUE);
        self.bars(rim_outer, rim_inner, RIM);
        self.bars(outer, inner, ink);
        self.sides(outer, inner, (inner.y0, rim_inner.y0), ink);
        self.sides(outer, inner, (rim_inner.y1, inner.y1), ink);
        for (around, within, ink) in [(rim_outer, rim_inner, RIM), (outer, inner, ink)] {
            self.fill(Rect { x0: around.x0, x1: within.x0, ..rim_inner }, ink);
        }
        for (around, within, ink) in [(rim_outer, rim_inner, RIM), (outer, inner, ink)] {
            self.fill(Rect { x0: within.x1, x1: around.x1, ..rim_inner }, ink);
        }
    }

    /// A line of whole pixels' width.
    fn line(&mut self, points: &[(f32, f32)], width: i32, ink: (u32, u16)) {
        for run in runs(points, width as f32 / 2.0, self.size) {
            self.fill(Rect { x0: run.x0, y0: run.y0, x1: run.x1, y1: run.y1 }, ink);
        }
    }

    /// The upper and the lower bar of what lies between two rectangles.
    fn bars(&mut self, around: Rect, within: Rect, ink: (u32, u16)) {
        self.fill(Rect { y1: within.y0, ..around }, ink);
        self.fill(Rect { y0: within.y1, ..around }, ink);
    }

    /// Its left and its right side, on the rows `y0..y1`.
    fn sides(&mut self, around: Rect, within: Rect, (y0, y1): (i32, i32), ink: (u32, u16)) {
        self.fill(Rect { x0: around.x0, y0, x1: within.x0, y1 }, ink);
        self.fill(Rect { x0: within.x1, y0, x1: around.x1, y1 }, ink);
    }

    fn ring(&mut self, around: Rect, width: i32, ink: (u32, u16)) {
        let within = around.grown(-width);
        if within.is_empty() {
            return self.fill(around, ink);
        }
        self.bars(around, within, ink);
        self.sides(around, within, (within.y0, within.y1), ink);
    }

    fn dashes(&mut self, outer: Rect, line: i32, colour: u32) {
        let ink = (colour, OPAQUE);
        for (x0, x1) in dashes(outer.x0, outer.x1, line) {
            self.fill(Rect { x0, x1, y1: outer.y0 + line, ..outer }, ink);
            self.fill(Rect { x0, x1, y0: outer.y1 - line, ..outer }, ink);
        }
        for (y0, y1) in dashes(outer.y0, outer.y1, line) {
            self.fill(Rect { y0, y1, x1: outer.x0 + line, ..outer }, ink);
            self.fill(Rect { y0, y1, x0: outer.x1 - line, ..outer }, ink);
        }
    }
}

/// Dashes of four line widths and gaps of about three from `from` to `to`, a whole dash at both ends, so that corners are closed.
fn dashes(from: i32, to: i32, line: i32) -> impl Iterator<Item = (i32, i32)> {
    let (length, dash, gap) = (to - from, 4 * line, 3 * line);
    let count = if length <= dash { 1 } else { ((length + gap + (dash + gap) / 2) / (dash + gap)).max(2) };
    let dash = dash.min(length);
    let steps = (count - 1).max(1);
    (0..count).map(move |n| {
        let start = from + (n * (length - dash) + steps / 2) / steps;
        (start, start + dash)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(x: f32, y: f32, width: f32, height: f32, dashed: bool) -> Item {
        Item { shape: Shape::Box { x, y, width, height, dashed }, stroke: 3.0, colour: 0xff_8a5c, text: None }
    }

    /// What each pixel of a picture is covered with: `.` nothing, `-` the rim, `#` the colour, `!` more than one layer of the rim.
    fn painted(item: &Item, width: i32, height: i32) -> Vec<String> {
        let mut fills = Vec::new();
        outline(item, 1, (width as f32, height as f32), &mut fills);
        let mut pixels = vec![vec!['.'; width as usize]; height as usize];
        for fill in fills {
            assert!(fill.x0 >= 0 && fill.y0 >= 0 && fill.x1 <= width && fill.y1 <= height, "{fill:?}");
            for row in &mut pixels[fill.y0 as usize..fill.y1 as usize] {
                for pixel in &mut row[fill.x0 as usize..fill.x1 as usize] {
                    *pixel = match (fill.alpha, *pixel) {
                        (OPAQUE, _) => '#',
                        (_, '.') => '-',
                        _ => '!',
                    };
                }
            }
        }
        pixels.into_iter().map(|row| row.into_iter().collect()).collect()
    }

    #[test]
    fn a_box_is_a_line_between_two_rims_and_no_pixel_has_two_of_them() {
        let picture = painted(&boxed(2.6, 3.0, 11.0, 9.0, false), 18, 16);
        let wanted = [
            "..................",
            "----------------..",
            "-##############-..",
            "-##############-..",
            "-##############-..",
            "-###--------###-..",
            "-###-......-###-..",
        ];
        assert_eq!(picture[..7], wanted);
        assert_eq!(picture[9..15], [wanted[6], wanted[5], wanted[2], wanted[3], wanted[4], wanted[1]]);
        // Cut at every edge, and too small to have an inside.
        assert_eq!(painted(&boxed(-50.0, -50.0, 500.0, 500.0, false), 18, 16), vec![".".repeat(18); 16]);
        assert_eq!(painted(&boxed(6.0, 6.0, 2.0, 1.0, false), 14, 11)[4..6], ["....-------...", "....-#####-..."]);
        assert!(painted(&boxed(f32::NAN, 2.0, f32::INFINITY, 4.0, true), 20, 20).len() == 20);
    }

    #[test]
    fn a_predicted_box_is_dashed_on_a_whole_rim() {
        let picture = painted(&boxed(4.0, 4.0, 60.0, 40.0, true), 70, 50);
        let dash = "#".repeat(12);
        assert_eq!(picture[3], format!("..-{dash}{}{dash}{}{dash}-...", "-".repeat(14), "-".repeat(13)));
        assert_eq!(picture[2], format!("..{}...", "-".repeat(65)));
    }

    #[test]
    fn dashes_begin_and_end_whole() {
        for length in 1..400 {
            let all: Vec<_> = dashes(10, 10 + length, 3).collect();
            assert_eq!((all[0].0, all[all.len() - 1].1), (10, 10 + length));
            assert!(all.iter().all(|(from, to)| to - from == 12.min(length)));
            assert!(all.windows(2).all(|two| length < 33 || two[1].0 - two[0].1 >= 4), "{length}: {all:?}");
        }
    }
}
