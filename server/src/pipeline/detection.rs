//! What a look at a frame found, and boxes: in fractions of a picture, as coded and as shown.

use sightline_shared::scene::Point;
use std::sync::Arc;

/// One thing seen in one frame. The box is in fractions 0..1 of the picture as shown (after rotation), `x1 < x2`, `y1 < y2`.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// What it is, e.g. `motion`.
    pub label: Arc<str>,
    /// How sure, 0..1.
    pub score: f32,
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
    /// Its corners, where the model tells them: top left first, clockwise.
    pub corners: Option<[Point; 4]>,
}

impl Detection {
    /// A thing at `area` of the picture as shown.
    #[must_use]
    pub fn new(label: Arc<str>, score: f32, area: Area) -> Self {
        Self { label, score, x1: area.x1, y1: area.y1, x2: area.x2, y2: area.y2, corners: None }
    }

    /// Its box, in fractions of the picture as shown.
    #[must_use]
    pub fn area(&self) -> Area {
        Area { x1: self.x1, y1: self.y1, x2: self.x2, y2: self.y2 }
    }
}

/// A box in fractions 0..1 of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
}

impl Area {
    /// Width.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.x2 - self.x1
    }

    /// Height.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.y2 - self.y1
    }

    /// The part of the picture that it covers; 0 where it is inside out.
    #[must_use]
    pub fn size(&self) -> f32 {
        self.width().max(0.0) * self.height().max(0.0)
    }

    /// The centre.
    #[must_use]
    pub fn centre(&self) -> (f32, f32) {
        ((self.x1 + self.x2) * 0.5, (self.y1 + self.y2) * 0.5)
    }

    /// What both cover.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> f32 {
        let width = self.x2.min(other.x2) - self.x1.max(other.x1);
        let height = self.y2.min(other.y2) - self.y1.max(other.y1);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, 0..1.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let both = self.overlap(other);
        let either = self.size() + other.size() - both;
        if either > 0.0 { both / either } else { 0.0 }
    }

    /// Moved.
    #[must_use]
    pub fn shifted(&self, dx: f32, dy: f32) -> Self {
        Self { x1: self.x1 + dx, y1: self.y1 + dy, x2: self.x2 + dx, y2: self.y2 + dy }
    }

    /// The part of it that lies within the picture.
    #[must_use]
    pub fn clamped(&self) -> Self {
        let unit = |value: f32| value.clamp(0.0, 1.0);
        Self { x1: unit(self.x1), y1: unit(self.y1), x2: unit(self.x2), y2: unit(self.y2) }
    }

    /// The same in fractions of `part`, which it lies in.
    #[must_use]
    pub fn within(&self, part: Self) -> Self {
        let (x, y) = (|x: f32| (x - part.x1) / part.width(), |y: f32| (y - part.y1) / part.height());
        Self { x1: x(self.x1), y1: y(self.y1), x2: x(self.x2), y2: y(self.y2) }
    }

    /// From the picture as coded to the picture as shown, which is turned clockwise by `rotation` degrees (0, 90, 180, 270).
    #[must_use]
    pub fn turned(&self, rotation: u16) -> Self {
        let Self { x1, y1, x2, y2 } = *self;
        match rotation {
            90 => Self { x1: 1.0 - y2, y1: x1, x2: 1.0 - y1, y2: x2 },
            180 => Self { x1: 1.0 - x2, y1: 1.0 - y2, x2: 1.0 - x1, y2: 1.0 - y1 },
            270 => Self { x1: y1, y1: 1.0 - x2, x2: y2, y2: 1.0 - x1 },
            _ => *self,
        }
    }

    /// The way back: from the picture as shown to the picture as coded.
    #[must_use]
    pub fn turned_back(&self, rotation: u16) -> Self {
        self.turned((360 - rotation % 360) % 360)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Area = Area { x1: 0.125, y1: 0.25, x2: 0.25, y2: 0.75 };

    #[test]
    fn a_box_turns_with_the_picture_and_back() {
        // The left edge of the coded picture is its top edge once it is turned clockwise by 90 degrees.
        assert_eq!(BOX.turned(90), Area { x1: 0.25, y1: 0.125, x2: 0.75, y2: 0.25 });
        assert_eq!(BOX.turned(180), Area { x1: 0.75, y1: 0.25, x2: 0.875, y2: 0.75 });
        assert_eq!(BOX.turned(270), Area { x1: 0.25, y1: 0.75, x2: 0.75, y2: 0.875 });
        for rotation in [0, 90, 180, 270] {
            assert_eq!(BOX.turned(rotation).turned_back(rotation), BOX, "{rotation}");
        }
    }

    #[test]
    fn a_box_lies_in_a_part_of_the_picture() {
        let part = Area { x1: 0.0, y1: 0.25, x2: 0.5, y2: 0.75 };
        assert_eq!(BOX.within(part), Area { x1: 0.25, y1: 0.0, x2: 0.5, y2: 1.0 });
    }

    #[test]
    fn overlap_is_measured() {
        let half = Area { x1: 0.0, y1: 0.0, x2: 0.5, y2: 1.0 };
        let right = Area { x1: 0.25, y1: 0.0, x2: 0.75, y2: 1.0 };
        assert_eq!(half.overlap(&right), 0.25);
        assert_eq!(half.iou(&right), 0.25 / 0.75);
        assert_eq!(half.iou(&half.shifted(0.5, 0.0)), 0.0);
        assert_eq!(half.shifted(0.75, 0.5).clamped(), Area { x1: 0.75, y1: 0.5, x2: 1.0, y2: 1.0 });
    }
}
