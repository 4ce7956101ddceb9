//! The draw list: colours, labels and boxes that the browser's overlay and the burned-in overlay both take.

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
    let (width, height) = (text_width + 2.0 * pad, (size * 1.4).round());
    let edge = item.stroke / 2.0;
    let above = item.y - edge - height;
    let y = if above >= 0.0 { above } else { (item.y + edge).clamp(0.0, (picture.1 - height).max(0.0)) };
    let x = (item.x - edge).clamp(0.0, (picture.0 - width).max(0.0));
    Plate { x, y, width, height, text_x: x + pad, baseline: y + height - size * 0.38 }
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
}
