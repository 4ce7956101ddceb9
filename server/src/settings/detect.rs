//! `[camera.detect]`: the detector's settings of one camera.

use super::section::{Report, Section};
use sightline_shared::camera::DetectSettings;

/// The most looks a second that can be asked for.
pub const MAX_FPS: f64 = 120.0;
/// The most labels, and the longest of them.
const MAX_LABELS: (usize, usize) = (64, 64);

/// What is wrong with the settings: the field, and words for a person.
#[must_use]
pub fn check(detect: &DetectSettings) -> Option<(&'static str, String)> {
    if !["motion", "none"].contains(&detect.model.as_str()) {
        return Some(("model", "`model` must be \"motion\" or \"none\"; other models are not built yet.".into()));
    }
    if !(0.0..=MAX_FPS).contains(&detect.fps) {
        return Some(("fps", format!("`fps` must be a number from 0 (every frame) to {MAX_FPS}.")));
    }
    if !(0.0..=1.0).contains(&detect.min_score) {
        return Some(("min_score", "`min_score` must be a number from 0 to 1.".into()));
    }
    check_labels(&detect.labels).map(|wrong| ("labels", wrong.into()))
}

/// What is wrong with a list of labels, if anything.
pub(super) fn check_labels(labels: &[String]) -> Option<&'static str> {
    let bad =
        |label: &String| label.trim().is_empty() || label.len() > MAX_LABELS.1 || label.chars().any(char::is_control);
    let wrong = labels.len() > MAX_LABELS.0 || labels.iter().any(bad);
    wrong.then_some("`labels` holds at most 64 labels of 1 to 64 characters.")
}

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
    section.only(&["model", "fps", "min_score", "labels", "key_frames_only"], &[]);
    if let Some(model) = section.string("model") {
        detect.model = model.into();
    }
    detect.fps = section.number("fps", 0.0..=MAX_FPS).unwrap_or(detect.fps);
    detect.min_score = section.number("min_score", 0.0..=1.0).unwrap_or(detect.min_score);
    detect.labels = section.strings("labels").unwrap_or_default().into_iter().map(str::to_owned).collect();
    detect.key_frames_only = section.bool("key_frames_only").unwrap_or_default();
    if let Some((key, message)) = check(&detect) {
        section.wrong(key, message);
    }
    detect
}
