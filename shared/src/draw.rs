//! The draw list: what the browser's overlay and the burned-in overlay both draw, in order.
//!
//! [`outline`] and [`label_plate`] give every edge in whole pixels, of boxes and of lines, so that both fill the same rectangles: at the same
//! size their geometry is equal. Only letters are each one's own: the browser's engine shapes them with kerning, the server's sets them
//! without.

mod fills;
mod layers;
mod lines;
mod plate;
mod words;

pub use fills::{Fill, OPAQUE, RIM, outline};
pub use layers::Layers;
pub use plate::{Plate, label_plate, label_size, plate_fill};
pub use words::{label_text, short_id, zone_text};

use crate::scene::{Point, Zone, ZoneKind};
use crate::tracks::{Finding, Track, Tracks};
use crate::trails::Trails;

/// Colours of classes, `#rrggbb`, readable on dark and light pictures and told apart by the colour-blind (Okabe & Ito 2008,
/// lightened where the original is too dark for video).
pub const CLASS_COLOURS: [u32; 8] =
    [0xf0_e442, 0x56_b4e9, 0xe6_9f00, 0x3f_d69b, 0xff_8a5c, 0xe5_9ac8, 0x7f_a8ff, 0xff_ffff];
/// What every box is drawn with where classes have no colours.
pub const ONE_COLOUR: u32 = CLASS_COLOURS[0];
/// Zones and lines: people drew them, nothing was found there.
pub const ZONE_COLOUR: u32 = 0xd0_d8e0;
/// Dark plates with coloured words are calmer over hours than coloured plates.
pub const PLATE: (u32, u16) = (0x0e_1114, 189);
/// Weight of the letters.
pub const FONT_WEIGHT: u16 = 600;

/// How far apart the points of a trail are at least, in widths of its line: closer ones cost time and show nothing.
const TRAIL_STEP: f32 = 3.0;

/// The colour of `label`: stable over cameras, sessions and versions (FNV-1a of its bytes).
#[must_use]
pub fn class_colour(label: &str) -> u32 {
    let hash = label.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    CLASS_COLOURS[hash as usize % CLASS_COLOURS.len()]
}

/// What there is to draw of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// What is in the frame, and what its zones have counted.
    pub tracks: &'a Tracks,
    /// The camera's zones and lines.
    pub zones: &'a [Zone],
    /// Where its things were before.
    pub trails: Option<&'a Trails>,
}

impl<'a> From<&'a Tracks> for Scene<'a> {
    fn from(tracks: &'a Tracks) -> Self {
        Self { tracks, zones: &[], trails: None }
    }
}

/// What is drawn, in pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A box, by the middle of its stroke.
    Box {
        /// Left edge.
        x: f32,
        /// Top edge.
        y: f32,
        /// Width.
        width: f32,
        /// Height.
        height: f32,
        /// Where it is predicted.
        dashed: bool,
    },
    /// A line from point to point.
    Line(Vec<(f32, f32)>),
}

/// One item of the draw list, in pixels of the picture that the list was made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// A box or a line.
    pub shape: Shape,
    /// Width of the stroke; 0 where the text alone is drawn.
    pub stroke: f32,
    /// `0xrrggbb`.
    pub colour: u32,
    /// Text over it.
    pub text: Option<String>,
}

/// The draw list of one frame for a picture of `width` x `height` pixels: zones, then trails, then what is there now.
#[must_use]
pub fn draw_list<'a>(scene: impl Into<Scene<'a>>, width: f32, height: f32, layers: Layers) -> Vec<Item> {
    let scene = scene.into();
    let sheet = Sheet { width, height, stroke: (height / 360.0).clamp(1.5, 4.0), layers };
    let mut items = Vec::new();
    scene.zones.iter().for_each(|zone| sheet.zone(zone, scene.tracks, &mut items));
    let tracks = &scene.tracks.tracks;
    if let Some(trails) = scene.trails.filter(|_| layers.trails) {
        items.extend(tracks.iter().filter_map(|track| sheet.trail(track, trails)));
    }
    for track in tracks {
        items.extend(sheet.track(track));
        if layers.findings {
            items.extend(track.findings.iter().filter_map(|finding| sheet.finding(finding, track.predicted)));
        }
    }
    items
}

/// A picture's size, and what is drawn on it.
struct Sheet {
    width: f32,
    height: f32,
    stroke: f32,
    layers: Layers,
}

impl Sheet {
    fn colour(&self, label: &str) -> u32 {
        if self.layers.colours { class_colour(label) } else { ONE_COLOUR }
    }

    fn at(&self, point: Point) -> (f32, f32) {
        (point.x * self.width, point.y * self.height)
    }

    fn boxed(&self, [x1, y1, x2, y2]: [f32; 4], dashed: bool) -> Shape {
        let (width, height) = ((x2 - x1) * self.width, (y2 - y1) * self.height);
        Shape::Box { x: x1 * self.width, y: y1 * self.height, width, height, dashed }
    }

    fn track(&self, track: &Track) -> Option<Item> {
        let item = Item {
            shape: self.boxed([track.x1, track.y1, track.x2, track.y2], track.predicted),
            stroke: if self.layers.boxes { self.stroke } else { 0.0 },
            colour: self.colour(&track.label),
            text: label_text(track, self.layers),
        };
        (item.stroke > 0.0 || item.text.is_some()).then_some(item)
    }

    /// A second model's find: thinner than what it was found on, its corners where they are known.
    fn finding(&self, finding: &Finding, predicted: bool) -> Option<Item> {
        let shape = match &finding.corners[..] {
            [first, _, _, ..] => {
                Shape::Line(finding.corners.iter().chain([first]).map(|corner| self.at(*corner)).collect())
            }
            _ => self.boxed([finding.x1, finding.y1, finding.x2, finding.y2], predicted),
        };
        let stroke = if self.layers.boxes { (self.stroke * 0.6).max(1.0) } else { 0.0 };
        let text = words::score_text(&finding.label, finding.score, self.layers);
        let item = Item { shape, stroke, colour: self.colour(&finding.label), text };
        (item.stroke > 0.0 || item.text.is_some()).then_some(item)
    }

    fn trail(&self, track: &Track, trails: &Trails) -> Option<Item> {
        let least = TRAIL_STEP * self.stroke;
        let mut points: Vec<(f32, f32)> = Vec::new();
        // From the newest on, so that the end at the thing stays where it is.
        for point in trails.newest_first(&track.id) {
            let (x, y) = self.at(point);
            if points.last().is_none_or(|(a, b)| (x - a).abs() + (y - b).abs() >= least) {
                points.push((x, y));
            }
        }
        let stroke = (self.stroke * 0.6).max(1.0);
        let colour = self.colour(&track.label);
        (points.len() > 1).then_some(Item { shape: Shape::Line(points), stroke, colour, text: None })
    }

    fn zone(&self, zone: &Zone, tracks: &Tracks, items: &mut Vec<Item>) {
        let mut points: Vec<_> = zone.points.iter().map(|point| self.at(*point)).collect();
        let arrow = match zone.kind {
            ZoneKind::Area => {
                points.extend(points.first().copied());
                None
            }
            ZoneKind::Line => lines::arrow(&points, 10.0 * self.stroke),
        };
        let stroke = if self.layers.zones { self.stroke } else { 0.0 };
        let text = zone_text(zone, &tracks.counts, self.layers);
        let item = |points, text| Item { shape: Shape::Line(points), stroke, colour: ZONE_COLOUR, text };
        if !points.is_empty() && (stroke > 0.0 || text.is_some()) {
            items.push(item(points, text));
        }
        if let Some(arrow) = arrow.filter(|_| stroke > 0.0) {
            items.push(item(arrow, None));
        }
    }
}

#[cfg(test)]
mod tests;
