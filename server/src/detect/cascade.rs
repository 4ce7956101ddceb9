//! Second models: which of the things that are followed they look at, in turn, and what they find on them.

use super::{Area, Detection};
use sightline_shared::tracks::{Finding, Track};
use std::collections::HashMap;

/// The most crops of a frame that a second model looks at.
pub const MOST_CROPS: usize = 16;
/// Part of a thing's size by which its crop is wider on each side: boxes are tight, and what is looked for lies at their edges.
const MARGIN: f32 = 0.1;

/// A thing that a second model is to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The id of its track.
    pub track: String,
    /// Its box in the frame.
    pub area: Area,
}

impl Subject {
    /// What of the picture the model is shown.
    #[must_use]
    pub fn crop(&self) -> Area {
        let (dx, dy) = (self.area.width() * MARGIN, self.area.height() * MARGIN);
        let Area { x1, y1, x2, y2 } = self.area;
        Area { x1: x1 - dx, y1: y1 - dy, x2: x2 + dx, y2: y2 + dy }.clamped()
    }
}

/// Whose turn it is at a second model.
#[derive(Debug, Default)]
pub struct Turns {
    /// Labels that it looks at; empty means all.
    labels: Vec<String>,
    /// When each track that is still there was looked at, by a number that grows.
    looked: HashMap<String, u64>,
    last: u64,
}

impl Turns {
    /// For a model that looks at things of these labels; of all where there are none.
    #[must_use]
    pub fn new(labels: &[String]) -> Self {
        Self { labels: labels.to_vec(), ..Self::default() }
    }

    /// The things of a frame that was looked at which the model looks at now: those first that it has not seen for longest, 16 at
    /// most. Predicted boxes are left out: nobody knows what is in them.
    pub fn choose(&mut self, tracks: &[Track]) -> Vec<Subject> {
        self.looked.retain(|id, _| tracks.iter().any(|track| track.id == *id));
        let wanted =
            |track: &&Track| !track.predicted && (self.labels.is_empty() || self.labels.contains(&track.label));
        let mut chosen: Vec<&Track> = tracks.iter().filter(wanted).collect();
        chosen.sort_by_key(|track| self.looked.get(&track.id).copied().unwrap_or_default());
        chosen.truncate(MOST_CROPS);
        let area = |track: &Track| Area { x1: track.x1, y1: track.y1, x2: track.x2, y2: track.y2 }.clamped();
        let subjects = chosen.into_iter().map(|track| Subject { track: track.id.clone(), area: area(track) });
        subjects.filter(|subject| subject.area.size() > 0.0).collect()
    }

    /// The model has looked at a thing.
    pub fn looked(&mut self, track: &str) {
        self.last += 1;
        self.looked.insert(track.to_owned(), self.last);
    }
}

/// What a second model found, as it stands on a track.
#[must_use]
pub fn findings(found: &[Detection], enough: impl Fn(&Detection) -> bool) -> Vec<Finding> {
    let finding = |one: &Detection| Finding {
        label: one.label.to_string(),
        score: one.score,
        x1: one.x1,
        y1: one.y1,
        x2: one.x2,
        y2: one.y2,
        corners: one.corners.map(|corners| corners.to_vec()).unwrap_or_default(),
    };
    found.iter().filter(|one| enough(one)).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(id: usize, label: &str) -> Track {
        let x1 = 0.01 * id as f32;
        Track { id: id.to_string(), label: label.into(), x1, y1: 0.2, x2: x1 + 0.1, y2: 0.6, ..Track::default() }
    }

    fn ids(subjects: &[Subject]) -> Vec<usize> {
        subjects.iter().map(|subject| subject.track.parse().expect("a number")).collect()
    }

    #[test]
    fn every_thing_has_its_turn_and_no_look_more_than_sixteen() {
        let tracks: Vec<Track> = (0..40).map(|id| track(id, "person")).collect();
        let mut turns = Turns::new(&["person".into()]);
        let mut seen = vec![0; 40];
        for look in 0..5 {
            let chosen = turns.choose(&tracks);
            assert_eq!(chosen.len(), MOST_CROPS);
            // The last one is not reached before the next look.
            for id in ids(&chosen).into_iter().take(MOST_CROPS - 1) {
                turns.looked(&id.to_string());
                seen[id] += 1;
            }
            let (least, most) = (seen.iter().min().expect("some"), seen.iter().max().expect("some"));
            assert!(most - least <= 1, "look {look}: {seen:?}");
        }
    }

    #[test]
    fn labels_are_chosen_and_predicted_boxes_left_out() {
        let mut tracks = vec![track(0, "person"), track(1, "car"), track(2, "person")];
        tracks[2].predicted = true;
        assert_eq!(ids(&Turns::new(&["person".into()]).choose(&tracks)), [0]);
        assert_eq!(ids(&Turns::new(&[]).choose(&tracks)), [0, 1]);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut turns = Turns::new(&[]);
        let tracks: Vec<Track> = (0..9).map(|id| track(id, "car")).collect();
        turns.choose(&tracks).iter().for_each(|subject| turns.looked(&subject.track));
        turns.choose(&tracks[..2]);
        assert_eq!(turns.looked.len(), 2);
    }

    #[test]
    fn a_crop_is_a_little_wider_and_within_the_picture() {
        let subject = Subject { track: "a".into(), area: Area { x1: 0.0, y1: 0.2, x2: 0.5, y2: 0.6 } };
        let crop = subject.crop();
        assert!(crop.x1 == 0.0 && (crop.x2 - 0.55).abs() < 1e-6 && (crop.y1 - 0.16).abs() < 1e-6, "{crop:?}");
    }
}
