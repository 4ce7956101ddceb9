//! `[[camera.mask]]` and `unmasked_source`: pieces of a camera's picture that nobody is to see.

use super::section::{Report, Section};
use super::zones::{MAX_POINTS, check_fractions, check_outline, points};
use sightline_shared::scene::{Mask, MaskStyle, Point};
use std::sync::Arc;

/// The most masks of a camera.
pub const MAX_MASKS: usize = 32;

/// What is hidden of a camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Privacy {
    /// Pieces of the picture.
    pub masks: Arc<[Mask]>,
    /// `source` is served and kept all the same.
    pub unmasked_source: bool,
}

impl Privacy {
    /// Whether `source`, which cannot be masked without encoding it anew, is kept from everybody.
    #[must_use]
    pub fn hides_source(&self) -> bool {
        !self.masks.is_empty() && !self.unmasked_source
    }
}

/// What is wrong with the points of a mask, if anything.
fn check_points(points: &[Point]) -> Option<String> {
    if !(3..=MAX_POINTS).contains(&points.len()) {
        return Some(format!("A mask has 3 to {MAX_POINTS} points, and this one has {}.", points.len()));
    }
    check_fractions(points).or_else(|| check_outline(points))
}

/// What is wrong with the masks of a camera, in words for a person.
#[must_use]
pub fn check(masks: &[Mask]) -> Option<String> {
    if masks.len() > MAX_MASKS {
        return Some(too_many(masks.len()));
    }
    let told = |(index, mask): (usize, &Mask)| {
        check_points(&mask.points).map(|words| format!("`masks[{index}].points`: {words}"))
    };
    masks.iter().enumerate().find_map(told)
}

fn too_many(count: usize) -> String {
    format!("A camera has at most {MAX_MASKS} masks, and this one has {count}.")
}

/// Reads what is hidden of the camera in `camera`.
pub(super) fn read(report: &Report<'_>, camera: &Section<'_>) -> Privacy {
    let unmasked_source = camera.bool("unmasked_source").unwrap_or_default();
    Privacy { masks: masks(report, camera).into(), unmasked_source }
}

fn masks(report: &Report<'_>, camera: &Section<'_>) -> Vec<Mask> {
    let Some(item) = camera.item("mask") else { return Vec::new() };
    let Some(tables) = item.as_array_of_tables() else {
        camera.wrong("mask", "A mask is written as a table of its own that begins with [[camera.mask]].");
        return Vec::new();
    };
    if tables.len() > MAX_MASKS {
        camera.wrong("mask", too_many(tables.len()));
        return Vec::new();
    }
    let mut masks = Vec::with_capacity(tables.len());
    for table in tables {
        let section = Section::new(report, table, "[[camera.mask]]", table.span());
        section.only(&["style", "points"], &[]);
        let style = match section.item("style") {
            Some(_) => section.word("style", &STYLES),
            None => Some(MaskStyle::default()),
        };
        let Some(points) = points(&section, table, "mask") else { continue };
        if let Some(words) = check_points(&points) {
            section.wrong("points", words);
        }
        masks.extend(style.map(|style| Mask { style, points }));
    }
    masks
}

/// Styles as the file writes them.
const STYLES: [(&str, MaskStyle); 2] = [("fill", MaskStyle::Fill), ("pixelate", MaskStyle::Pixelate)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_mask_is_said_in_words() {
        let mask = |points: &[[f32; 2]]| {
            let points = points.iter().map(|point| (*point).into()).collect();
            Mask { points, ..Mask::default() }
        };
        let good = mask(&[[0.0, 0.0], [0.5, 0.0], [0.0, 1.0]]);
        assert_eq!(check(std::slice::from_ref(&good)), None);
        for (wrong, words) in [
            (mask(&[[0.0, 0.0], [1.0, 1.0]]), "3 to 64 points, and this one has 2"),
            (mask(&[[0.0, 0.0], [0.5, 0.0], [0.0, -0.1]]), "not in the picture"),
            (mask(&[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]), "crosses itself"),
        ] {
            let told = check(&[good.clone(), wrong]).expect(words);
            assert!(told.starts_with("`masks[1].points`: ") && told.contains(words), "{told}");
        }
        assert!(check(&vec![good; 33]).is_some_and(|told| told.contains("at most 32")));
    }

    #[test]
    fn source_is_hidden_by_the_first_mask_unless_somebody_says_otherwise() {
        let masks: Arc<[Mask]> = vec![Mask::default()].into();
        assert!(Privacy { masks: masks.clone(), unmasked_source: false }.hides_source());
        assert!(!Privacy { masks, unmasked_source: true }.hides_source());
        assert!(!Privacy::default().hides_source());
    }
}
