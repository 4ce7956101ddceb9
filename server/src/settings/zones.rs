//! `[[camera.zone]]`: areas and lines that people draw into a camera's picture.

use super::detect::check_labels;
use super::file::check_name;
use super::section::{Report, Section};
use super::{polygon, slug};
use sightline_shared::scene::{Point, Zone, ZoneKind, crosses_itself, surface};
use std::collections::HashMap;
use toml_edit::TableLike;

/// The most zones of a camera.
pub const MAX_ZONES: usize = 32;
/// The most corners of a zone.
pub const MAX_POINTS: usize = 64;
/// The longest stay that can be asked for: a day.
pub const MAX_DWELL_S: f64 = 86_400.0;
/// The smallest area, as a part of the picture: 20 pixels of Full HD.
const MIN_SURFACE: f32 = 1e-5;

/// What is wrong with one zone: each key, and words for a person.
fn wrong_with(zone: &Zone) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    wrong.extend(slug::check(&zone.id).map(|words| ("id", words.to_owned())));
    wrong.extend(check_name(&zone.name).map(|words| ("name", words.to_owned())));
    wrong.extend(check_points(&zone.points, zone.kind).map(|words| ("points", words)));
    wrong.extend(check_labels(&zone.labels).map(|words| ("labels", words)));
    if !(0.0..=MAX_DWELL_S).contains(&zone.dwell_s) {
        wrong.push(("dwell_s", format!("`dwell_s` must be a number of seconds from 0 (none) to {MAX_DWELL_S}.")));
    } else if zone.kind == ZoneKind::Line && zone.dwell_s > 0.0 {
        wrong.push(("dwell_s", "Nothing stays on a line: `dwell_s` is for areas.".into()));
    }
    wrong
}

/// What is wrong with the points of a zone, if anything.
pub(super) fn check_points(points: &[Point], kind: ZoneKind) -> Option<String> {
    let (least, what) = if kind == ZoneKind::Line { (2, "A line") } else { (3, "An area") };
    if !(least..=MAX_POINTS).contains(&points.len()) {
        return Some(format!("{what} has {least} to {MAX_POINTS} points, and this one has {}.", points.len()));
    }
    if let Some(wrong) = check_fractions(points) {
        return Some(wrong);
    }
    if kind == ZoneKind::Line {
        let one_place = points.iter().all(|point| *point == points[0]);
        return one_place.then(|| "All points of this line are one: draw it from one place to another.".into());
    }
    check_outline(points)
}

/// What is wrong with points that are to lie in the picture, if anything.
pub(super) fn check_fractions(points: &[Point]) -> Option<String> {
    let outside = |point: &&Point| ![point.x, point.y].iter().all(|side| (0.0..=1.0).contains(side));
    points.iter().find(outside).map(|point| {
        let Point { x, y } = point;
        format!("The point [{x}, {y}] is not in the picture: both numbers are parts of it, from 0 to 1.")
    })
}

/// What is wrong with the outline of a polygon, if anything.
pub(super) fn check_outline(points: &[Point]) -> Option<String> {
    if let Some((one, other)) = crosses_itself(points) {
        return Some(format!(
            "The outline crosses itself: the edges that begin at point {} and at point {} meet. Draw it so that each edge \
             meets only its neighbours.",
            one + 1,
            other + 1
        ));
    }
    (surface(points) < MIN_SURFACE).then(|| "The points enclose next to nothing: draw a larger area.".into())
}

/// What is wrong with the zones of a camera, in words for a person.
#[must_use]
pub fn check(zones: &[Zone]) -> Option<String> {
    if zones.len() > MAX_ZONES {
        return Some(too_many(zones.len()));
    }
    let told = |index: usize, key: &str, words: &str| format!("`zones[{index}].{key}`: {words}");
    zones.iter().enumerate().find_map(|(index, zone)| {
        if let Some((key, words)) = wrong_with(zone).first() {
            return Some(told(index, key, words));
        }
        let twice = zones[..index].iter().any(|other| other.id == zone.id);
        twice.then(|| told(index, "id", &format!("`{}` is the id of another zone too.", zone.id)))
    })
}

fn too_many(count: usize) -> String {
    format!("A camera has at most {MAX_ZONES} zones, and this one has {count}.")
}

/// Reads the zones of the camera in `camera`.
pub(super) fn read(report: &Report<'_>, camera: &Section<'_>) -> Vec<Zone> {
    let Some(item) = camera.item("zone") else { return Vec::new() };
    let Some(tables) = item.as_array_of_tables() else {
        camera.wrong("zone", "A zone is written as a table of its own that begins with [[camera.zone]].");
        return Vec::new();
    };
    if tables.len() > MAX_ZONES {
        camera.wrong("zone", too_many(tables.len()));
        return Vec::new();
    }
    let mut seen = HashMap::new();
    let mut zones = Vec::with_capacity(tables.len());
    for table in tables {
        let section = Section::new(report, table, "[[camera.zone]]", table.span());
        let Some(zone) = zone(&section, table) else { continue };
        for (key, words) in wrong_with(&zone) {
            section.wrong(key, words);
        }
        if let Some(line) = seen.insert(zone.id.clone(), section.line()) {
            section.wrong("id", format!("The id `{}` is used twice: also on line {line}.", zone.id));
        }
        zones.push(zone);
    }
    zones
}

/// A zone whose keys are of the right kind; `None` where one is not, which is told then.
fn zone(section: &Section<'_>, table: &dyn TableLike) -> Option<Zone> {
    section.only(&["id", "name", "kind", "points", "labels", "dwell_s"], &[]);
    if section.item("id").is_none() {
        section.wrong("id", "A zone needs an `id`, such as \"gate\".");
    }
    let kind = match section.item("kind") {
        Some(_) => section.word("kind", &KINDS),
        None => Some(ZoneKind::default()),
    };
    let labels = match section.item("labels") {
        Some(_) => section.strings("labels"),
        None => Some(Vec::new()),
    };
    let dwell_s = match section.item("dwell_s") {
        Some(_) => section.number("dwell_s", 0.0..=MAX_DWELL_S),
        None => Some(0.0),
    };
    let name = section.item("name").map(|_| section.string("name"));
    let (points, id) = (points(section, table, "zone"), section.string("id"));
    let id = id?.to_owned();
    let name = name.map_or_else(|| Some(id.clone()), |name| name.map(|name| name.trim().to_owned()))?;
    let labels = labels?.into_iter().map(str::to_owned).collect();
    Some(Zone { id, name, kind: kind?, points: points?, labels, dwell_s: dwell_s? })
}

/// The kinds of zones as the file writes them.
const KINDS: [(&str, ZoneKind); 2] = [("area", ZoneKind::Area), ("line", ZoneKind::Line)];

/// The points of a `what`; `None`, and it is told, where they are none.
pub(super) fn points(section: &Section<'_>, table: &dyn TableLike, what: &str) -> Option<Vec<Point>> {
    let points = table.get("points").and_then(|item| item.as_value()).and_then(polygon::points);
    if points.is_none() {
        let example = "a list of pairs such as [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9]]";
        section.wrong("points", format!("A {what} needs `points`, {example}."));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(points: &[[f32; 2]]) -> Zone {
        let points = points.iter().map(|point| (*point).into()).collect();
        Zone { id: "gate".into(), name: "Gate".into(), points, ..Zone::default() }
    }

    const SQUARE: [[f32; 2]; 4] = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]];

    #[test]
    fn what_cannot_be_a_zone_is_said_in_words() {
        let good = zone(&SQUARE);
        assert_eq!(check(std::slice::from_ref(&good)), None);
        let line = |points: &[[f32; 2]]| Zone { kind: ZoneKind::Line, ..zone(points) };
        assert_eq!(check(&[line(&[[0.0, 1.0], [1.0, 0.0]])]), None);
        for (wrong, key, words) in [
            (Zone { id: "Gate 1".into(), ..good.clone() }, "id", "a to z"),
            (Zone { name: String::new(), ..good.clone() }, "name", "1 to 100"),
            (zone(&SQUARE[..2]), "points", "3 to 64 points, and this one has 2"),
            (line(&SQUARE[..1]), "points", "2 to 64"),
            (zone(&[[0.0, 0.0]; 65]), "points", "has 65"),
            (zone(&[[0.1, 0.1], [1.1, 0.1], [0.5, 0.5]]), "points", "[1.1, 0.1] is not in the picture"),
            (zone(&[[0.1, 0.1], [f32::NAN, 0.1], [0.5, 0.5]]), "points", "not in the picture"),
            (zone(&[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]), "points", "begin at point 1 and at point 3 meet"),
            (zone(&[[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]), "points", "next to nothing"),
            (line(&[[0.1, 0.1], [0.1, 0.1]]), "points", "are one"),
            (Zone { labels: vec![" ".into()], ..good.clone() }, "labels", "64 labels"),
            (Zone { dwell_s: -1.0, ..good.clone() }, "dwell_s", "from 0"),
            (Zone { dwell_s: 3.0, ..line(&SQUARE) }, "dwell_s", "for areas"),
        ] {
            let told = check(std::slice::from_ref(&wrong)).unwrap_or_else(|| panic!("{wrong:?} is taken"));
            assert!(told.starts_with(&format!("`zones[0].{key}`: ")) && told.contains(words), "{words}: {told}");
        }
        let told = check(&[good.clone(), zone(&SQUARE)]).expect("twice");
        assert_eq!(told, "`zones[1].id`: `gate` is the id of another zone too.");
        let many: Vec<Zone> = (0..33).map(|n| Zone { id: format!("z{n}"), ..good.clone() }).collect();
        assert_eq!(check(&many[..32]), None);
        assert!(check(&many).is_some_and(|told| told.contains("at most 32")));
    }
}
