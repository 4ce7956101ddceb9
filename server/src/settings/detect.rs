//! `[camera.detect]`: the detector's settings of one camera.

use super::section::{Report, Section};
use super::{polygon, zones};
use sightline_shared::camera::{DetectSettings, DetectWhen, SecondModel};
use sightline_shared::scene::ZoneKind;
use std::collections::BTreeMap;
use toml_edit::{Item, TableLike};

/// The most looks a second that can be asked for.
pub const MAX_FPS: f64 = 120.0;
/// The most labels, and the longest of them.
const MAX_LABELS: (usize, usize) = (64, 64);
/// The most pieces of the picture that things count in.
pub const MAX_REGIONS: usize = 16;
/// The most second models.
pub const MAX_SECOND: usize = 4;
/// The longest name or path of a model.
const MAX_MODEL: usize = 1024;

/// The model that goes by movement alone.
pub const MOTION: &str = "motion";
/// The word for no model.
pub const NONE: &str = "none";

/// When a model looks, as the file writes it.
const WHEN: [(&str, DetectWhen); 2] = [("always", DetectWhen::Always), ("motion", DetectWhen::Motion)];

/// How the file writes when a model looks.
#[must_use]
pub fn when_word(when: DetectWhen) -> &'static str {
    WHEN.iter().find(|(_, known)| *known == when).map_or("always", |(word, _)| word)
}

/// Whether this is a model's place on the disk, and not its name.
#[must_use]
pub fn is_path(model: &str) -> bool {
    model.contains(['/', '\\'])
}

/// What is said to those who may not name any file of this machine.
pub const NO_PATHS: &str = "Only who sits at this machine may name a model by its path: add it there with `sightline models add FILE`, \
                            and name it by its name.";

/// The places on the disk among the models that the settings name.
pub fn paths(detect: &DetectSettings) -> impl Iterator<Item = &str> {
    let second = detect.second.iter().map(|second| second.model.as_str());
    std::iter::once(detect.model.as_str()).chain(second).filter(|model| is_path(model))
}

/// What is wrong with the settings: the field, and words for a person. A model that is not here is not wrong: it may come.
#[must_use]
pub fn check(detect: &DetectSettings) -> Option<(&'static str, String)> {
    if detect.model != MOTION && detect.model != NONE && !could_be_model(&detect.model) {
        return Some(("model", format!("`model` must be \"{MOTION}\", \"{NONE}\" or {A_MODEL}.")));
    }
    if !(0.0..=MAX_FPS).contains(&detect.fps) {
        return Some(("fps", format!("`fps` must be a number from 0 (every frame) to {MAX_FPS}.")));
    }
    if !is_score(detect.min_score) {
        return Some(("min_score", "`min_score` must be a number from 0 to 1.".into()));
    }
    if let Some(wrong) = check_labels(&detect.labels) {
        return Some(("labels", wrong));
    }
    if wrong_labels(detect.scores.keys()) || detect.scores.values().any(|score| !is_score(*score)) {
        return Some(("scores", format!("`scores` {LABELS}, each with a number from 0 to 1.")));
    }
    if detect.regions.len() > MAX_REGIONS {
        return Some(("regions", format!("`regions` holds at most {MAX_REGIONS} polygons.")));
    }
    if let Some(wrong) = detect.regions.iter().find_map(|region| zones::check_points(region, ZoneKind::Area)) {
        return Some(("regions", wrong));
    }
    check_second(detect).map(|wrong| ("second", wrong))
}

const A_MODEL: &str =
    "a model: its name (`sightline models` lists them), or the path of its .onnx file from the root on";
const LABELS: &str = "holds at most 64 labels of 1 to 64 characters";

fn check_second(detect: &DetectSettings) -> Option<String> {
    if detect.second.len() > MAX_SECOND {
        return Some(format!("`second` holds at most {MAX_SECOND} models."));
    }
    if detect.model == NONE && !detect.second.is_empty() {
        return Some(format!("With `model = \"{NONE}\"` nothing is found that a second model could look at."));
    }
    detect.second.iter().enumerate().find_map(|(index, second)| {
        if second.model == MOTION || second.model == NONE || !could_be_model(&second.model) {
            return Some(format!("`model` of a second model must be {A_MODEL}."));
        }
        if detect.second[..index].iter().any(|before| before.model == second.model) || second.model == detect.model {
            return Some(format!("The model {} stands there twice.", second.model));
        }
        wrong_labels(second.labels.iter()).then(|| format!("`labels` of a second model {LABELS}."))
    })
}

/// What is wrong with a list of labels, if anything.
pub(super) fn check_labels(labels: &[String]) -> Option<String> {
    wrong_labels(labels.iter()).then(|| format!("`labels` {LABELS}."))
}

fn is_score(score: f64) -> bool {
    (0.0..=1.0).contains(&score)
}

fn wrong_labels<'a>(labels: impl ExactSizeIterator<Item = &'a String>) -> bool {
    let bad =
        |label: &String| label.trim().is_empty() || label.len() > MAX_LABELS.1 || label.chars().any(char::is_control);
    labels.len() > MAX_LABELS.0 || labels.into_iter().any(bad)
}

fn could_be_model(model: &str) -> bool {
    if is_path(model) {
        return model.len() <= MAX_MODEL && model.starts_with('/') && model.ends_with(".onnx") && !model.contains('\0');
    }
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=64).contains(&model.len())
        && model.starts_with(letter)
        && model.chars().all(|c| letter(c) || "._-".contains(c))
}

const KEYS: [&str; 10] =
    ["model", "fps", "min_score", "labels", "key_frames_only", "scores", "regions", "when", "moving_camera", "second"];

/// Reads the table of the camera in `camera`.
pub(super) fn read(report: &Report<'_>, camera: &Section<'_>) -> DetectSettings {
    let mut detect = DetectSettings::default();
    let Some(item) = camera.item("detect") else { return detect };
    let Some(table) = item.as_table_like() else {
        camera.wrong("detect", "The detector's settings are written as a table that begins with [camera.detect].");
        return detect;
    };
    let span = item.span().or_else(|| table.iter().next().and_then(|(_, item)| item.span()));
    let section = Section::new(report, table, "[camera.detect]", span);
    section.only(&KEYS, &[]);
    if let Some(model) = section.string("model") {
        detect.model = model.into();
    }
    detect.fps = section.number("fps", 0.0..=MAX_FPS).unwrap_or(detect.fps);
    detect.min_score = section.number("min_score", 0.0..=1.0).unwrap_or(detect.min_score);
    detect.labels = section.strings("labels").unwrap_or_default().into_iter().map(str::to_owned).collect();
    detect.key_frames_only = section.bool("key_frames_only").unwrap_or_default();
    detect.when = section.word("when", &WHEN).unwrap_or_default();
    detect.moving_camera = section.bool("moving_camera").unwrap_or_default();
    detect.scores = scores(report, &section);
    detect.second = second(report, &section);
    detect.regions = polygon::read_list(&section, "regions", MAX_REGIONS);
    // What is wrong with a polygon has been told on its own line.
    let without = DetectSettings { regions: Vec::new(), ..detect.clone() };
    if let Some((key, message)) = check(&without) {
        section.wrong(key, message);
    }
    detect
}

fn scores(report: &Report<'_>, section: &Section<'_>) -> BTreeMap<String, f64> {
    let Some(item) = section.item("scores") else { return BTreeMap::new() };
    let Some(table) = item.as_table_like() else {
        section.wrong("scores", "`scores` is written as { person = 0.4, car = 0.6 }.");
        return BTreeMap::new();
    };
    let scores = Section::new(report, table, "`scores`", item.span());
    table.iter().filter_map(|(label, _)| Some((label.to_owned(), scores.number(label, 0.0..=1.0)?))).collect()
}

fn second(report: &Report<'_>, section: &Section<'_>) -> Vec<SecondModel> {
    let Some(item) = section.item("second") else { return Vec::new() };
    let Some(tables) = tables(item) else {
        section.wrong("second", "`second` is written as [{ model = \"ultraface\", labels = [\"person\"] }].");
        return Vec::new();
    };
    let one = |(table, span): Spanned<'_>| {
        let second = Section::new(report, table, "`second`", span);
        second.only(&["model", "labels"], &[]);
        let labels = second.strings("labels").unwrap_or_default();
        let model = second.string("model");
        if model.is_none() && second.item("model").is_none() {
            second.wrong("model", "A second model needs a `model`: its name.");
        }
        Some(SecondModel { model: model?.into(), labels: labels.into_iter().map(str::to_owned).collect() })
    };
    tables.into_iter().filter_map(one).collect()
}

/// A table, and where it stands in the file.
type Spanned<'a> = (&'a dyn TableLike, Option<std::ops::Range<usize>>);

/// The tables of a list, be they written in line or under headings of their own.
fn tables(item: &Item) -> Option<Vec<Spanned<'_>>> {
    if let Some(list) = item.as_array_of_tables() {
        return Some(list.iter().map(|table| (table as &dyn TableLike, table.span())).collect());
    }
    item.as_array()?.iter().map(|value| Some((value.as_inline_table()? as &dyn TableLike, value.span()))).collect()
}
