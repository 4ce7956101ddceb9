//! Which detection is which known thing: ByteTrack's association (Zhang et al. 2022, algorithm 1) over looks that may be far apart.

use super::known::Known;
use super::matching::{Edge, best_pairs};
use super::rules::Rules;
use crate::pipeline::detection::{Area, Detection};
use sightline_shared::time::Pts;
use std::sync::Arc;

/// What half perimeter a small box is taken to have at least, in fractions of the picture, so that a distant thing of a few
/// pixels does not lose its identity by a step of a few pixels.
const REACH_LEAST: f32 = 0.03;
/// How much of both an unsure detection and a known thing have to cover together: a faint box says "still there" and no more.
const UNSURE_OVERLAP: f32 = 0.5;
/// The same for a detection that a model calls by another name than before.
const RENAMED_OVERLAP: f32 = 0.5;
/// What another name costs.
const RENAMED: f32 = 0.4;

/// A box as it is compared with others: with what would be worked out again for every pair.
struct Place<'a> {
    area: Area,
    centre: (f32, f32),
    half_perimeter: f32,
    /// Half perimeters that it may be off.
    reach: f32,
    label: &'a Arc<str>,
}

impl<'a> Place<'a> {
    fn new(area: Area, reach: f32, label: &'a Arc<str>) -> Self {
        Self { area, centre: area.centre(), half_perimeter: area.width() + area.height(), reach, label }
    }
}

/// For every detection the index of the known thing that it is, if it is one. Three stages, each with what the one before left over:
/// what is believed with sure detections, what the newest look saw with unsure ones, what is not believed yet with sure ones.
pub(super) fn associate(known: &[Known], found: &[Detection], rules: &Rules, pts: Pts) -> Vec<Option<usize>> {
    let mut stages = Stages {
        expected: known.iter().map(|one| Place::new(one.expected(pts), one.reach(pts), one.label())).collect(),
        places: found.iter().map(|one| Place::new(one.area(), 0.0, &one.label)).collect(),
        owners: vec![None; found.len()],
        taken: vec![false; known.len()],
        may_rename: rules.is_model,
    };
    let sure: Vec<bool> = found.iter().map(|one| rules.begins(one)).collect();
    stages.pair(|k| known[k].believed, |d| sure[d], likeness);
    stages.pair(|k| known[k].believed && known[k].confirmed, |d| !sure[d], overlap);
    stages.pair(|k| !known[k].believed, |d| sure[d], likeness);
    stages.owners
}

struct Stages<'a> {
    expected: Vec<Place<'a>>,
    places: Vec<Place<'a>>,
    owners: Vec<Option<usize>>,
    taken: Vec<bool>,
    may_rename: bool,
}

impl Stages<'_> {
    /// Pairs what is left of the known things that `of` names with what is left of the detections that `with` names.
    fn pair(
        &mut self,
        of: impl Fn(usize) -> bool,
        with: impl Fn(usize) -> bool,
        like: impl Fn(&Place<'_>, &Place<'_>) -> Option<f32>,
    ) {
        let rows: Vec<usize> = (0..self.expected.len()).filter(|k| !self.taken[*k] && of(*k)).collect();
        let columns: Vec<usize> = (0..self.places.len()).filter(|d| self.owners[*d].is_none() && with(*d)).collect();
        let mut edges = Vec::new();
        for (row, k) in rows.iter().enumerate() {
            for (column, d) in columns.iter().enumerate() {
                let (expected, place) = (&self.expected[*k], &self.places[*d]);
                if let Some(worth) = like(expected, place).and_then(|worth| self.named(expected, place, worth)) {
                    edges.push(Edge { row, column, worth });
                }
            }
        }
        for (row, column) in best_pairs(edges, rows.len(), columns.len()) {
            self.taken[rows[row]] = true;
            self.owners[columns[column]] = Some(rows[row]);
        }
    }

    /// What a pair is worth once names are looked at.
    fn named(&self, expected: &Place<'_>, place: &Place<'_>, worth: f32) -> Option<f32> {
        if expected.label == place.label {
            return Some(worth);
        }
        let same_place = self.may_rename && expected.area.iou(&place.area) >= RENAMED_OVERLAP;
        same_place.then_some(worth - RENAMED).filter(|worth| *worth > 0.0)
    }
}

/// How well a detection fits the place where a thing is expected: up to 1 by nearness, and up to 1 more by overlap. `None` where it
/// cannot be that thing. Overlap alone, as in the paper, loses whatever moves by more than its own size between two looks.
fn likeness(expected: &Place<'_>, place: &Place<'_>) -> Option<f32> {
    let half_perimeter = (expected.half_perimeter + place.half_perimeter) * 0.5;
    let reach = half_perimeter.max(REACH_LEAST) * expected.reach;
    let (dx, dy) = (place.centre.0 - expected.centre.0, place.centre.1 - expected.centre.1);
    let (square, farthest) = (dx * dx + dy * dy, half_perimeter + reach);
    // Boxes farther apart than their half perimeter and the reach have nothing in common: most pairs end here.
    if square > farthest * farthest {
        return None;
    }
    let (distance, overlap) = (square.sqrt(), expected.area.iou(&place.area));
    let worth = overlap + (1.0 - distance / reach).max(0.0);
    (worth > 0.0).then_some(worth)
}

/// The overlap alone, where it is much.
fn overlap(expected: &Place<'_>, place: &Place<'_>) -> Option<f32> {
    let overlap = expected.area.iou(&place.area);
    (overlap >= UNSURE_OVERLAP).then_some(overlap)
}
