//! What people draw into a camera's picture: zones, lines and privacy masks; and which point is where among them.

use serde::{Deserialize, Serialize};

/// A point in fractions 0..1 of the picture as shown: `[x, y]` in JSON and in the settings file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 2]", into = "[f32; 2]")]
pub struct Point {
    /// From the left.
    pub x: f32,
    /// From the top.
    pub y: f32,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Point {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
        let fraction = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0.0)).maximum(Some(1.0));
        ArrayBuilder::new().items(fraction).min_items(Some(2)).max_items(Some(2)).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Point {}

impl From<[f32; 2]> for Point {
    fn from([x, y]: [f32; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Point> for [f32; 2] {
    fn from(point: Point) -> Self {
        [point.x, point.y]
    }
}

/// What a zone is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// A polygon of 3 points or more: things are in it, enter it, leave it, stay in it.
    #[default]
    Area,
    /// A line of 2 points or more: things cross it. Who looks from its first point to its last sees `a` at the left hand and `b` at the
    /// right hand.
    Line,
}

/// A zone or a line of a camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Zone {
    /// A slug, unique within the camera.
    pub id: String,
    /// The name shown.
    pub name: String,
    /// What it is.
    pub kind: ZoneKind,
    /// Its corners.
    pub points: Vec<Point>,
    /// Labels of the things that count; empty counts all, `motion` too.
    pub labels: Vec<String>,
    /// Seconds that a thing has to stay in an area for a `dwelt` event; 0 tells none.
    pub dwell_s: f64,
}

/// How a mask covers what is under it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MaskStyle {
    /// One dark colour.
    #[default]
    Fill,
    /// Coarse cells.
    Pixelate,
}

/// A piece of the picture that nobody is to see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Mask {
    /// How it covers.
    pub style: MaskStyle,
    /// The polygon's corners, 3 or more.
    pub points: Vec<Point>,
}

/// How many things of one label a zone has counted since the program was started, or since the zone was drawn otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ZoneCount {
    /// The zone's id.
    pub zone: String,
    /// What was counted.
    pub label: String,
    /// In the area now.
    pub inside: u32,
    /// Entered the area.
    pub entered: u64,
    /// Left the area.
    pub left: u64,
    /// Crossed the line from `a` to `b`.
    pub a_to_b: u64,
    /// Crossed the line from `b` to `a`.
    pub b_to_a: u64,
}

/// The point of a box (x1, y1, x2, y2) that counts for zones: the middle of its lower edge, where a thing stands on the ground.
#[must_use]
pub fn foot([x1, _, x2, y2]: [f32; 4]) -> Point {
    Point { x: (x1 + x2) * 0.5, y: y2 }
}

/// Twice the surface of the triangle of three points: positive where `p` lies at the right hand of who looks from `a` to `b` (y
/// points down). Of f32 coordinates it is exact enough in f64 for `p` to have one side only, whichever way it is asked.
fn turn(a: Point, b: Point, p: Point) -> f64 {
    let [ax, ay, bx, by, px, py] = [a.x, a.y, b.x, b.y, p.x, p.y].map(f64::from);
    (bx - ax) * (py - ay) - (by - ay) * (px - ax)
}

/// The edges of a polygon, the last one back to the first point.
fn edges(polygon: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    polygon.iter().zip(polygon.iter().cycle().skip(1)).map(|(from, to)| (*from, *to))
}

/// Whether a point lies in a polygon, by the even-odd rule.
#[must_use]
pub fn contains(polygon: &[Point], p: Point) -> bool {
    // Edges at the left of `p` are counted. One has its upper end and not its lower one, so that a corner at the height of `p` counts
    // once; and it is looked at from above, so that a point on the edge of two polygons is in one of them.
    let down = |a: Point, b: Point| if a.y < b.y { (a, b) } else { (b, a) };
    let crossed = |(a, b): &(Point, Point)| {
        let (upper, lower) = down(*a, *b);
        upper.y <= p.y && p.y < lower.y && turn(upper, lower, p) <= 0.0
    };
    polygon.len() >= 3 && edges(polygon).filter(crossed).count() % 2 == 1
}

/// How often the way straight from `from` to `to` crosses a line from its left hand to its right hand, less how often it does the
/// other way round. A point on the line counts as at its right hand, so that ways joined in it cross once.
#[must_use]
pub fn crossings(line: &[Point], from: Point, to: Point) -> i32 {
    let right = |a: Point, b: Point, p: Point| turn(a, b, p) >= 0.0;
    let one = |ends: &[Point]| {
        let (was, is) = (right(ends[0], ends[1], from), right(ends[0], ends[1], to));
        // The same rule for corners: a way through one crosses one of the two pieces that meet there.
        let meets = was != is && right(from, to, ends[0]) != right(from, to, ends[1]);
        i32::from(meets) * if is { 1 } else { -1 }
    };
    line.windows(2).map(one).sum()
}

/// How far a point is from the nearest place of a line, or of a polygon's outline, in fractions of the picture's sides.
#[must_use]
pub fn distance(points: &[Point], kind: ZoneKind, p: Point) -> f32 {
    let pieces = points.len().saturating_sub(usize::from(kind == ZoneKind::Line));
    edges(points).take(pieces).map(|(a, b)| distance_to_piece(a, b, p)).fold(f32::INFINITY, f32::min)
}

fn distance_to_piece(a: Point, b: Point, p: Point) -> f32 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { (((p.x - a.x) * dx + (p.y - a.y) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (p.x - a.x - along * dx).hypot(p.y - a.y - along * dy)
}

/// The part of the picture that a polygon covers, 0..1.
#[must_use]
pub fn surface(polygon: &[Point]) -> f32 {
    let origin = Point::default();
    (edges(polygon).map(|(a, b)| turn(origin, a, b)).sum::<f64>().abs() / 2.0) as f32
}

/// Two edges of a polygon that cross or touch although they are no neighbours, by the number of the point that each begins at: what
/// is inside would be a matter of opinion.
#[must_use]
pub fn crosses_itself(polygon: &[Point]) -> Option<(usize, usize)> {
    let count = polygon.len();
    let edge = |index: usize| (polygon[index], polygon[(index + 1) % count]);
    let pairs = (0..count).flat_map(|one| (one + 2..count).map(move |other| (one, other)));
    pairs.filter(|(one, other)| (other + 1) % count != *one).find(|(one, other)| meet(edge(*one), edge(*other)))
}

/// Whether two pieces have a point in common.
fn meet((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let apart = |one: f64, other: f64| one * other > 0.0;
    let overlap = |a: f32, b: f32, c: f32, d: f32| a.min(b) <= c.max(d) && c.min(d) <= a.max(b);
    // Pieces of one straight line are on no side of each other: those meet where their shadows on both axes do.
    !apart(turn(a, b, c), turn(a, b, d))
        && !apart(turn(c, d, a), turn(c, d, b))
        && overlap(a.x, b.x, c.x, d.x)
        && overlap(a.y, b.y, c.y, d.y)
}

#[cfg(test)]
mod tests;
