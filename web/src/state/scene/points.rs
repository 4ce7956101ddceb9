//! Geometry of what is drawn into a picture, in fractions of it.

use sightline_shared::scene::Point;

/// A point within the picture, kept to a ten-thousandth: finer than any picture's pixels, and short in the settings file.
pub(crate) fn within(x: f32, y: f32) -> Point {
    let tidy = |value: f32| (value.clamp(0.0, 1.0) * 1e4).round() / 1e4;
    Point { x: tidy(x), y: tidy(y) }
}

/// The middle of two points.
pub(crate) fn middle(a: Point, b: Point) -> Point {
    within(f32::midpoint(a.x, b.x), f32::midpoint(a.y, b.y))
}

/// Moves all points by one vector, as far as all of them stay within the picture.
pub(crate) fn shift(points: &mut [Point], dx: f32, dy: f32) {
    let edges = |get: fn(&Point) -> f32| {
        points.iter().map(get).fold((1.0_f32, 0.0_f32), |(least, most), value| (least.min(value), most.max(value)))
    };
    let ((left, right), (top, bottom)) = (edges(|point| point.x), edges(|point| point.y));
    let (dx, dy) = (dx.clamp(-left, (1.0 - right).max(-left)), dy.clamp(-top, (1.0 - bottom).max(-top)));
    for point in points {
        *point = within(point.x + dx, point.y + dy);
    }
}

/// Where the two sides of a line are written, and the turn of its arrow: `a` at the left hand of who looks from the first point to
/// the last, `b` at the right hand. `ratio` is width by height of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sides {
    /// The line's middle.
    pub(crate) at: Point,
    /// The side `a`.
    pub(crate) a: Point,
    /// The side `b`.
    pub(crate) b: Point,
    /// Clockwise degrees from "to the right" in which `a` to `b` points on the screen.
    pub(crate) degrees: f32,
}

/// How far the sides are written from their line, in heights of the picture.
const ASIDE: f32 = 0.07;

/// The sides of a line; `None` with fewer than two points.
pub(crate) fn sides(points: &[Point], ratio: f32) -> Option<Sides> {
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < 2 {
        return None;
    }
    // On the line itself, wherever it bends.
    let before = (points.len() - 1) / 2;
    let at = if points.len() % 2 == 1 { points[before] } else { middle(points[before], points[before + 1]) };
    let (dx, dy) = ((last.x - first.x) * ratio, last.y - first.y);
    let length = dx.hypot(dy).max(1e-6);
    // Right of who looks along (dx, dy), with y downwards: (-dy, dx).
    let (right_x, right_y) = (-dy / length, dx / length);
    let aside = |by: f32| within(at.x + right_x * by / ratio, at.y + right_y * by);
    Some(Sides { at, a: aside(-ASIDE), b: aside(ASIDE), degrees: right_y.atan2(right_x).to_degrees() })
}

/// The piece of a line, or of a closed outline, that lies next to a point: its number.
pub(crate) fn nearest_piece(points: &[Point], closed: bool, to: Point, ratio: f32) -> Option<usize> {
    let pieces = if closed { points.len() } else { points.len().checked_sub(1)? };
    (0..pieces)
        .map(|n| (n, distance(points[n], points[(n + 1) % points.len()], to, ratio)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(n, _)| n)
}

fn distance(a: Point, b: Point, to: Point, ratio: f32) -> f32 {
    let flat = |point: Point| (point.x * ratio, point.y);
    let ((ax, ay), (bx, by), (px, py)) = (flat(a), flat(b), flat(to));
    let (dx, dy) = (bx - ax, by - ay);
    let along = ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy).max(1e-9);
    let along = along.clamp(0.0, 1.0);
    (px - ax - along * dx).hypot(py - ay - along * dy)
}

/// How far apart two points are, in heights of the picture.
pub(crate) fn apart(a: Point, b: Point, ratio: f32) -> f32 {
    ((a.x - b.x) * ratio).hypot(a.y - b.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn a_is_at_the_left_hand_and_b_at_the_right_hand() {
        // From left to right: the left hand is at the top.
        let flat = sides(&[at(0.2, 0.5), at(0.8, 0.5)], 2.0).expect("a line");
        assert_eq!((flat.at, flat.a, flat.b), (at(0.5, 0.5), at(0.5, 0.43), at(0.5, 0.57)));
        assert!((flat.degrees - 90.0).abs() < 0.01, "a to b points down");
        // From the top down: the left hand is at the right edge of the screen.
        let down = sides(&[at(0.5, 0.1), at(0.5, 0.5), at(0.5, 0.9)], 2.0).expect("a line");
        assert_eq!((down.a, down.b), (at(0.535, 0.5), at(0.465, 0.5)));
        assert!((down.degrees.abs() - 180.0).abs() < 0.01, "a to b points left");
        assert_eq!(sides(&[at(0.1, 0.1)], 1.0), None);
    }

    #[test]
    fn a_shape_stops_at_the_edge_as_a_whole() {
        let mut points = [at(0.1, 0.5), at(0.3, 0.9)];
        shift(&mut points, -0.5, 0.05);
        assert_eq!(points, [at(0.0, 0.55), at(0.2, 0.95)]);
    }

    #[test]
    fn the_nearest_piece_is_found_also_where_the_outline_closes() {
        let square = [at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(0.0, 1.0)];
        assert_eq!(nearest_piece(&square, true, at(0.9, 0.5), 1.0), Some(1));
        assert_eq!(nearest_piece(&square, true, at(0.1, 0.5), 1.0), Some(3));
        assert_eq!(nearest_piece(&square, false, at(0.05, 0.5), 1.0), Some(0));
        assert_eq!(nearest_piece(&[], false, at(0.0, 0.0), 1.0), None);
    }

    #[test]
    fn points_stay_within_the_picture() {
        assert_eq!(within(-1.0, 2.0), at(0.0, 1.0));
        assert_eq!(within(0.123_456, 0.5), at(0.1235, 0.5));
        assert!((apart(at(0.0, 0.0), at(0.5, 0.0), 2.0) - 1.0).abs() < 1e-6);
    }
}
