//! The draw list: colours, labels and boxes that the browser's overlay and the burned-in overlay both take.
//!
//! [`outline`] and [`label_plate`] give every edge in whole pixels, so that both fill the same rectangles: at the same size their geometry is
//! equal. Only letters are each one's own: the browser's engine shapes them with kerning, the server's sets them without.

use crate::tracks::{Track, Tracks};

/// Colours of classes, `#rrggbb`, readable on dark and light pictures and told apart by the colour-blind (Okabe & Ito 2008,
/// lightened where the original is too dark for video).
pub const CLASS_COLOURS: [u32; 8] =
    [0xf0_e442, 0x56_b4e9, 0xe6_9f00, 0x3f_d69b, 0xff_8a5c, 0xe5_9ac8, 0x7f_a8ff, 0xff_ffff];

/// The colour of `label`: stable over cameras, sessions and versions (FNV-1a of its bytes).
#[must_use]
pub fn class_colour(label: &str) -> u32 {
    let hash = label.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    CLASS_COLOURS[hash as usize % CLASS_COLOURS.len()]
}

/// Which layers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers {
    /// Boxes.
    pub boxes: bool,
    /// Labels and scores over boxes.
    pub labels: bool,
}

/// One box of the draw list, in pixels of a picture `width` x `height`.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Left edge of the stroke's middle.
    pub x: f32,
    /// Top edge of the stroke's middle.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Width of the stroke.
    pub stroke: f32,
    /// `0xrrggbb`.
    pub colour: u32,
    /// Dashed where the box is predicted.
    pub dashed: bool,
    /// Text over the box; `None` where labels are off.
    pub text: Option<String>,
}

/// The draw list of one frame for a picture of `width` x `height` pixels.
#[must_use]
pub fn draw_list(tracks: &Tracks, width: f32, height: f32, layers: Layers) -> Vec<Item> {
    if !layers.boxes && !layers.labels {
        return Vec::new();
    }
    let stroke = (height / 360.0).clamp(1.5, 4.0);
    tracks.tracks.iter().map(|track| item(track, width, height, stroke, layers)).collect()
}

fn item(track: &Track, width: f32, height: f32, stroke: f32, layers: Layers) -> Item {
    Item {
        x: track.x1 * width,
        y: track.y1 * height,
        width: (track.x2 - track.x1) * width,
        height: (track.y2 - track.y1) * height,
        stroke: if layers.boxes { stroke } else { 0.0 },
        colour: class_colour(&track.label),
        dashed: track.predicted,
        text: layers.labels.then(|| label_text(track)),
    }
}

/// The words over a box: label and score in percent.
#[must_use]
pub fn label_text(track: &Track) -> String {
    format!("{} {:.0}%", track.label, track.score * 100.0)
}

/// Height of label text in pixels for a picture of `height` pixels: readable on a tile, not loud on a wall.
#[must_use]
pub fn label_size(height: f32) -> f32 {
    (height / 46.0).clamp(10.0, 24.0)
}

/// Where a label's plate and text go, in pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plate {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Left edge of the text.
    pub text_x: f32,
    /// Its baseline.
    pub baseline: f32,
}

/// The plate of a label of `size` whose text is `text_width` wide: on the box's upper edge, inside it where there is no room
/// above, never beyond the picture (`width`, `height`).
#[must_use]
pub fn label_plate(item: &Item, text_width: f32, size: f32, picture: (f32, f32)) -> Plate {
    let pad = (size * 0.35).round();
    let (width, height) = ((text_width + 2.0 * pad).ceil(), (size * 1.4).round());
    let edge = line_width(item.stroke) as f32 / 2.0;
    let above = (item.y - edge - height).round();
    let y = if above >= 0.0 { above } else { (item.y + edge).round().clamp(0.0, (picture.1 - height).max(0.0)) };
    let x = (item.x - edge).round().clamp(0.0, (picture.0 - width).max(0.0).floor());
    Plate { x, y, width, height, text_x: x + pad, baseline: (y + height - size * 0.38).round() }
}

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
/// Dark plates with coloured words are calmer over hours than coloured plates.
pub const PLATE: (u32, u16) = (0x0e_1114, 189);
/// Weight of the letters.
pub const FONT_WEIGHT: u16 = 600;

/// Farthest that a box's edge is looked for outside of the picture; a line there is not seen.
const BEYOND: f32 = 64.0;

/// A stroke's width in whole pixels.
fn line_width(stroke: f32) -> i32 {
    if stroke > 0.0 { (stroke.round() as i32).max(1) } else { 0 }
}

/// What to fill for the box of `item` in a picture of `picture` pixels, in this order: its line of [`Item::stroke`], dashed where it is
/// predicted, and a dark rim of `rim` pixels on both sides of it. Nothing where boxes are off.
pub fn outline(item: &Item, rim: i32, picture: (f32, f32), fills: &mut Vec<Fill>) {
    let line = line_width(item.stroke);
    if line == 0 {
        return;
    }
    let within = |value: f32, most: f32| value.clamp(-BEYOND, most + BEYOND);
    let (x0, y0) = (within(item.x, picture.0), within(item.y, picture.1));
    let (x1, y1) = (within(item.x + item.width, picture.0), within(item.y + item.height, picture.1));
    let half = line as f32 / 2.0;
    let outer = Rect {
        x0: (x0 - half).round() as i32,
        y0: (y0 - half).round() as i32,
        x1: (x1 + half).round() as i32,
        y1: (y1 + half).round() as i32,
    };
    let mut sheet = Sheet { width: picture.0 as i32, height: picture.1 as i32, fills };
    let rim_outer = outer.grown(rim);
    if item.dashed {
        sheet.ring(rim_outer, line + 2 * rim, RIM);
        sheet.dashes(outer, line, item.colour);
        return;
    }
    let inner = outer.grown(-line);
    let rim_inner = inner.grown(-rim);
    if rim_inner.is_empty() {
        sheet.ring(rim_outer, rim, RIM);
        sheet.fill(outer, (item.colour, OPAQUE));
        return;
    }
    let rings = [(rim_outer, outer, RIM), (outer, inner, (item.colour, OPAQUE)), (inner, rim_inner, RIM)];
    for (around, within, ink) in rings {
        sheet.bars(around, within, ink);
        sheet.sides(around, within, (within.y0, rim_inner.y0), ink);
        sheet.sides(around, within, (rim_inner.y1, within.y1), ink);
    }
    // Between the bars the three lines of a side stand on the same rows and one after the other: they can be filled at once.
    for (around, within, ink) in rings {
        sheet.fill(Rect { x0: around.x0, x1: within.x0, ..rim_inner }, ink);
    }
    for (around, within, ink) in rings {
        sheet.fill(Rect { x0: within.x1, x1: around.x1, ..rim_inner }, ink);
    }
}

/// The fill of a label's plate.
#[must_use]
pub fn plate_fill(plate: &Plate, picture: (f32, f32)) -> Option<Fill> {
    let (x0, y0) = (plate.x as i32, plate.y as i32);
    let rect = Rect { x0, y0, x1: x0 + plate.width as i32, y1: y0 + plate.height as i32 };
    let mut fills = Vec::new();
    Sheet { width: picture.0 as i32, height: picture.1 as i32, fills: &mut fills }.fill(rect, PLATE);
    fills.pop()
}

#[derive(Clone, Copy)]
struct Rect {
    x0: i32,
    y0: i32,
    x1: i32,
    y1: i32,
}

impl Rect {
    fn grown(self, by: i32) -> Self {
        Self { x0: self.x0 - by, y0: self.y0 - by, x1: self.x1 + by, y1: self.y1 + by }
    }

    fn is_empty(self) -> bool {
        self.x0 >= self.x1 || self.y0 >= self.y1
    }
}

/// Where fills are collected, cut at the picture's edges.
struct Sheet<'a> {
    width: i32,
    height: i32,
    fills: &'a mut Vec<Fill>,
}

impl Sheet<'_> {
    fn fill(&mut self, rect: Rect, (colour, alpha): (u32, u16)) {
        let (x0, y0) = (rect.x0.max(0), rect.y0.max(0));
        let (x1, y1) = (rect.x1.min(self.width), rect.y1.min(self.height));
        if x0 < x1 && y0 < y1 {
            self.fills.push(Fill { x0, y0, x1, y1, colour, alpha });
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

    #[test]
    fn boxes_scale_with_the_picture_and_predictions_are_dashed() {
        let track = Track {
            id: "1".into(),
            label: "demo".into(),
            score: 0.98,
            x1: 0.25,
            y1: 0.5,
            x2: 0.5,
            y2: 1.0,
            predicted: true,
            ..Track::default()
        };
        let tracks = Tracks { tracks: vec![track], ..Tracks::default() };
        let list = draw_list(&tracks, 640.0, 360.0, Layers { boxes: true, labels: true });
        assert_eq!((list[0].x, list[0].y, list[0].width, list[0].height), (160.0, 180.0, 160.0, 180.0));
        assert!(list[0].dashed);
        assert_eq!(list[0].text.as_deref(), Some("demo 98%"));
        assert!(draw_list(&tracks, 640.0, 360.0, Layers { boxes: false, labels: false }).is_empty());
    }

    #[test]
    fn a_label_keeps_its_colour() {
        assert_eq!(class_colour("person"), class_colour("person"));
        assert!(CLASS_COLOURS.contains(&class_colour("anything")));
    }

    #[test]
    fn a_label_stays_within_the_picture() {
        let item = |x, y| Item { x, y, width: 50.0, height: 50.0, stroke: 2.0, colour: 0, dashed: false, text: None };
        let above = label_plate(&item(100.0, 100.0), 60.0, 12.0, (640.0, 360.0));
        assert_eq!((above.x, above.y + above.height), (99.0, 99.0));
        let inside = label_plate(&item(620.0, 4.0), 60.0, 12.0, (640.0, 360.0));
        assert_eq!((inside.x + inside.width, inside.y), (640.0, 5.0));
        assert!(label_size(90.0) == 10.0 && label_size(4320.0) == 24.0);
    }

    fn boxed(x: f32, y: f32, width: f32, height: f32, dashed: bool) -> Item {
        Item { x, y, width, height, stroke: 3.0, colour: 0xff_8a5c, dashed, text: None }
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
    fn a_box_is_a_line_between_two_rims_and_nothing_is_filled_twice() {
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
