//! What is drawn into a camera's picture, as the editor has it: zones, lines, masks and regions as one kind of thing.

use sightline_shared::api::CameraPatch;
use sightline_shared::camera::{Camera, DetectSettings};
use sightline_shared::scene::{Mask, MaskStyle, Point, Zone, ZoneKind, crosses_itself};

/// What a shape is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// An area that things enter and leave.
    Zone,
    /// A line that things cross.
    Line,
    /// A piece that nobody is to see.
    Mask,
    /// A piece that alone is looked at.
    Region,
}

impl What {
    /// All of them, in the order of the buttons.
    pub(crate) const ALL: [Self; 4] = [Self::Zone, Self::Line, Self::Mask, Self::Region];

    /// The word on its button.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Zone => "Zone",
            Self::Line => "Line",
            Self::Mask => "Mask",
            Self::Region => "Region",
        }
    }

    /// What it does.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Zone => "Counts and tells what comes in, leaves, and stays.",
            Self::Line => "Counts and tells what crosses it, and which way.",
            Self::Mask => "Covers a piece of the picture in everything that is encoded here.",
            Self::Region => "Only what stands in a region is looked for. Without any it is the whole picture.",
        }
    }

    /// Points that it needs.
    pub(crate) fn least(self) -> usize {
        if self == Self::Line { 2 } else { 3 }
    }

    /// Whether its last point is joined to its first.
    pub(crate) fn closed(self) -> bool {
        self != Self::Line
    }

    /// Whether it has a name, labels and counts.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Self::Zone | Self::Line)
    }
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// What it is for.
    pub(crate) what: What,
    /// Its id in the settings; empty for one that was just drawn.
    pub(crate) id: String,
    /// Its name, for zones and lines.
    pub(crate) name: String,
    /// Labels that count, for zones and lines.
    pub(crate) labels: Vec<String>,
    /// Seconds of staying that are told, as typed, for zones; empty is none.
    pub(crate) dwell: String,
    /// How a mask covers.
    pub(crate) style: MaskStyle,
    /// Its corners.
    pub(crate) points: Vec<Point>,
}

impl Shape {
    /// A new one without points.
    pub(crate) fn new(what: What, name: String) -> Self {
        let (id, dwell) = (String::new(), String::new());
        Self { what, id, name, labels: Vec::new(), dwell, style: MaskStyle::Fill, points: Vec::new() }
    }

    /// Whether its outline crosses itself, so that nobody could say what is inside.
    pub(crate) fn is_tangled(&self) -> bool {
        self.what.closed() && crosses_itself(&self.points).is_some()
    }

    /// What it is called in lists: its name, or its kind and number.
    pub(crate) fn title(&self, number: usize) -> String {
        if self.what.counts() && !self.name.trim().is_empty() {
            self.name.trim().to_owned()
        } else {
            format!("{} {number}", self.what.word())
        }
    }

    fn of_zone(zone: &Zone) -> Self {
        Self {
            what: if zone.kind == ZoneKind::Line { What::Line } else { What::Zone },
            id: zone.id.clone(),
            name: zone.name.clone(),
            labels: zone.labels.clone(),
            dwell: if zone.dwell_s > 0.0 { zone.dwell_s.to_string() } else { String::new() },
            style: MaskStyle::Fill,
            points: zone.points.clone(),
        }
    }

    fn zone(&self, taken: &[Zone]) -> Result<Zone, (&'static str, String)> {
        let name = self.name.trim();
        if name.is_empty() {
            return Err(("name", "Give it a name: events and counts carry it.".into()));
        }
        let dwell = self.dwell.trim().replace(',', ".");
        let dwell_s = if dwell.is_empty() { Ok(0.0) } else { dwell.parse() };
        let dwell_s = dwell_s.ok().filter(|seconds: &f64| (0.0..=86_400.0).contains(seconds));
        let dwell_s = dwell_s.ok_or(("dwell_s", "Seconds are a number from 0 (tell nothing) to 86400.".to_owned()))?;
        Ok(Zone {
            id: if self.id.is_empty() { slug(name, taken) } else { self.id.clone() },
            name: name.into(),
            kind: if self.what == What::Line { ZoneKind::Line } else { ZoneKind::Area },
            points: self.points.clone(),
            labels: self.labels.clone(),
            dwell_s: if self.what == What::Line { 0.0 } else { dwell_s },
        })
    }
}

/// A slug of `name` that no zone in `taken` has.
fn slug(name: &str, taken: &[Zone]) -> String {
    let kept = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let words: String = kept.collect();
    let words: Vec<_> = words.split('-').filter(|word| !word.is_empty()).collect();
    let base: String = if words.is_empty() { "zone".into() } else { words.join("-").chars().take(32).collect() };
    let base = base.trim_end_matches('-').to_owned();
    let free = |id: &String| taken.iter().all(|zone| zone.id != *id);
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    std::iter::once(base.clone()).chain(numbered).find(free).unwrap_or(base)
}

/// Everything that is drawn into a camera's picture.
pub(crate) fn shapes(camera: &Camera) -> Vec<Shape> {
    let bare =
        |what, style, points: &Vec<Point>| Shape { style, points: points.clone(), ..Shape::new(what, String::new()) };
    let zones = camera.zones.iter().map(Shape::of_zone);
    let masks = camera.masks.iter().map(|mask| bare(What::Mask, mask.style, &mask.points));
    let regions = camera.detect.regions.iter().map(|points| bare(What::Region, MaskStyle::Fill, points));
    zones.chain(masks).chain(regions).collect()
}

/// What is wrong with a shape: its place in the list, its field, and a sentence.
pub(crate) type Fault = (usize, String, String);

/// The patch that makes `camera` what is drawn: only what differs; `None` where nothing does.
///
/// # Errors
/// The first shape that cannot stand.
pub(crate) fn patch(shapes: &[Shape], unmasked: bool, camera: &Camera) -> Result<Option<CameraPatch>, Fault> {
    let (mut zones, mut masks, mut regions) = (Vec::new(), Vec::new(), Vec::new());
    // Ids that are there already are taken, whatever stands in front of them.
    let known: Vec<_> = shapes.iter().map(|shape| Zone { id: shape.id.clone(), ..Zone::default() }).collect();
    for (at, shape) in shapes.iter().enumerate() {
        let least = shape.what.least();
        if shape.points.len() < least {
            let words = format!("A {} needs {least} points or more.", shape.what.word().to_lowercase());
            return Err((at, "points".into(), words));
        }
        match shape.what {
            What::Mask => masks.push(Mask { style: shape.style, points: shape.points.clone() }),
            What::Region => regions.push(shape.points.clone()),
            What::Zone | What::Line => {
                let taken: Vec<_> = known.iter().chain(&zones).cloned().collect();
                zones.push(shape.zone(&taken).map_err(|(field, words)| (at, field.to_owned(), words))?);
            }
        }
    }
    let detect = (regions != camera.detect.regions).then(|| DetectSettings { regions, ..camera.detect.clone() });
    let patch = CameraPatch {
        zones: (zones != camera.zones).then_some(zones),
        masks: (masks != camera.masks).then_some(masks),
        unmasked_source: (unmasked != camera.unmasked_source).then_some(unmasked),
        detect,
        ..CameraPatch::default()
    };
    Ok((patch != CameraPatch::default()).then_some(patch))
}

/// The shape and the field that a refusal of the server is about: `zones[1].name`, `masks.0.points`, `detect.regions[2]`; told as the
/// field of the answer, or in front of its message.
pub(crate) fn refused(shapes: &[Shape], field: &str, message: &str) -> Option<(usize, String)> {
    let named = message.strip_prefix('`').and_then(|rest| rest.split_once('`')).map(|(path, _)| path);
    place(shapes, field).or_else(|| place(shapes, named?))
}

fn place(shapes: &[Shape], field: &str) -> Option<(usize, String)> {
    let parts: Vec<_> = field.split(['.', '[', ']']).filter(|part| !part.is_empty()).collect();
    let parts = parts.strip_prefix(&["detect"]).unwrap_or(&parts);
    let (list, number) = (*parts.first()?, parts.get(1)?.parse::<usize>().ok()?);
    let fits = |what: What| match list {
        "zones" | "zone" => what.counts(),
        "masks" | "mask" => what == What::Mask,
        "regions" => what == What::Region,
        _ => false,
    };
    let (at, _) = shapes.iter().enumerate().filter(|(_, shape)| fits(shape.what)).nth(number)?;
    Some((at, parts.get(2).map_or("points", |part| part).to_owned()))
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
