//! Where a label stands, and how large it is.

use super::fills::{Rect, line_width};
use super::{Fill, Item, PLATE, Shape};

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
/// above, never beyond the picture (`width`, `height`). That of a line
/// stands at its uppermost point.
#[must_use]
pub fn label_plate(item: &Item, text_width: f32, size: f32, picture: (f32, f32)) -> Plate {
    let pad = (size * 0.35).round();
    let (width, height) = ((text_width + 2.0 * pad).ceil(), (size * 1.4).round());
    let edge = line_width(item.stroke) as f32 / 2.0;
    let (left, top) = match &item.shape {
        Shape::Box { x, y, .. } => (*x, *y),
        Shape::Line(points) => points.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a }).unwrap_or_default(),
    };
    let above = (top - edge - height).round();
    let y = if above >= 0.0 { above } else { (top + edge).round().clamp(0.0, (picture.1 - height).max(0.0)) };
    let x = (left - edge).round().clamp(0.0, (picture.0 - width).max(0.0).floor());
    Plate { x, y, width, height, text_x: x + pad, baseline: (y + height - size * 0.38).round() }
}

/// The fill of a label's plate.
#[must_use]
pub fn plate_fill(plate: &Plate, picture: (f32, f32)) -> Option<Fill> {
    let (x0, y0) = (plate.x as i32, plate.y as i32);
    let rect = Rect { x0, y0, x1: x0 + plate.width as i32, y1: y0 + plate.height as i32 };
    rect.filled((picture.0 as i32, picture.1 as i32), PLATE)
}
