//! Which detection is which known thing.

use super::known::Known;
use crate::pipeline::detection::{Area, Detection};
use sightline_shared::time::Pts;

/// How far the centre may be from where it was expected, in units of the boxes' half perimeter (width and height), their mean. A thing that moves less than about
/// its own size between looks is followed even where the boxes no longer overlap; a jump across the picture is not.
const REACH: f32 = 0.75;
/// How many times farther a thing may be whose velocity is not known yet.
const REACH_UNSETTLED: f32 = 1.6;
/// What half perimeter a small box is taken to have at least, in fractions of the picture, so that a distant thing of a few
/// pixels does not lose its identity by a step of a few pixels.
const REACH_LEAST: f32 = 0.03;

/// A box as it is compared with others: with what would be worked out again for every pair.
struct Place {
    area: Area,
    centre: (f32, f32),
    half_perimeter: f32,
}

impl Place {
    fn new(area: Area) -> Self {
        Self { area, centre: area.centre(), half_perimeter: area.width() + area.height() }
    }
}

/// For every detection the index of the known thing that it is, if it is one: pairs of the same label, the best first, each
/// used once.
pub(super) fn assign(known: &[Known], found: &[Detection], pts: Pts) -> Vec<Option<usize>> {
    let mut owners = vec![None; found.len()];
    let places: Vec<Place> = found.iter().map(|detection| Place::new(detection.area())).collect();
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for (k, one) in known.iter().enumerate() {
        let expected = Place::new(one.expected(pts));
        for (d, place) in places.iter().enumerate() {
            if let Some(likeness) = likeness(&expected, place, one.settled())
                && found[d].label == one.label
            {
                pairs.push((likeness, k, d));
            }
        }
    }
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut taken = vec![false; known.len()];
    for (_, k, d) in pairs {
        if !taken[k] && owners[d].is_none() {
            taken[k] = true;
            owners[d] = Some(k);
        }
    }
    owners
}

/// How well a detection fits the place where a thing is expected: 0 to 1 by nearness, and up to 1 more by overlap. `None` where it
/// cannot be that thing.
fn likeness(expected: &Place, place: &Place, settled: bool) -> Option<f32> {
    let half_perimeter = (expected.half_perimeter + place.half_perimeter) * 0.5;
    let reach = half_perimeter.max(REACH_LEAST) * if settled { REACH } else { REACH_UNSETTLED };
    let (dx, dy) = (place.centre.0 - expected.centre.0, place.centre.1 - expected.centre.1);
    let (square, farthest) = (dx * dx + dy * dy, half_perimeter + reach);
    // Boxes farther apart than their half perimeter and the reach have nothing in common: most pairs end here.
    if square > farthest * farthest {
        return None;
    }
    let (distance, overlap) = (square.sqrt(), expected.area.iou(&place.area));
    (distance < reach || overlap > 0.0).then(|| overlap + (1.0 - distance / reach).max(0.0))
}
