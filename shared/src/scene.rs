//! What people draw into a camera's picture: zones, lines and privacy masks.

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
    /// Labels of the things that count; empty counts all.
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

/// How many things of one label a zone has counted since the camera's zones were set.
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
