//! Polygons and lines that people draw into a picture, as the file writes them.

use super::section::Section;
use super::zones;
use sightline_shared::scene::{Point, ZoneKind};
use toml_edit::{Array, Value};

/// Points as the file writes them; `None` where it is no list of pairs of numbers.
#[must_use]
pub fn points(value: &Value) -> Option<Vec<Point>> {
    let number = |value: &Value| value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
    let point = |value: &Value| {
        let pair = value.as_array().filter(|pair| pair.len() == 2)?;
        Some(Point { x: number(pair.get(0)?)? as f32, y: number(pair.get(1)?)? as f32 })
    };
    value.as_array()?.iter().map(point).collect()
}

/// The points as a value of the file.
#[must_use]
pub fn written(points: &[Point]) -> Array {
    // The shortest number that reads back as the same f32: 0.1 and not 0.10000000149011612.
    let number = |at: f32| at.to_string().parse::<f64>().unwrap_or_default();
    points.iter().map(|point| [number(point.x), number(point.y)].into_iter().collect::<Array>()).collect()
}

/// A list of polygons under `key`, each mistake told on its line.
pub(super) fn read_list(section: &Section<'_>, key: &str, most: usize) -> Vec<Vec<Point>> {
    let Some(item) = section.item(key) else { return Vec::new() };
    let Some(list) = item.as_array().filter(|list| list.len() <= most) else {
        let example = "[[[0.1, 0.5], [0.9, 0.5], [0.5, 1.0]]]";
        section.wrong(key, format!("`{key}` is a list of at most {most} polygons, such as {example}."));
        return Vec::new();
    };
    let read = |value: &Value| {
        let found = points(value);
        let shape = || "A polygon is a list of corners, such as [[0.1, 0.5], [0.9, 0.5], [0.5, 1.0]].".to_owned();
        if let Some(wrong) =
            found.as_ref().map_or_else(|| Some(shape()), |points| zones::check_points(points, ZoneKind::Area))
        {
            section.wrong_at(key, value.span(), wrong);
        }
        found
    };
    list.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(corners: &[[f32; 2]]) -> Vec<Point> {
        corners.iter().copied().map(Point::from).collect()
    }

    #[test]
    fn points_are_written_as_people_write_them() {
        let corners = of(&[[0.1, 0.5], [0.9, 0.25], [1.0, 0.0]]);
        let text = written(&corners).to_string();
        assert_eq!(text, "[[0.1, 0.5], [0.9, 0.25], [1.0, 0.0]]");
        assert_eq!(points(&text.parse::<Value>().expect("TOML")), Some(corners));
        for wrong in ["[[0.1]]", "[0.1, 0.2]", "[[\"a\", 1]]", "3", "[[1, 2, 3]]"] {
            assert_eq!(points(&wrong.parse::<Value>().expect("TOML")), None, "{wrong}");
        }
    }
}
