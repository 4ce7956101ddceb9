//! What a camera's settings let begin, and what they let be told.

use crate::pipeline::detection::Detection;
use sightline_shared::camera::DetectSettings;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The score that a model's detection needs to begin a track where the settings name none.
pub const DEFAULT_MIN_SCORE: f32 = 0.4;
/// Below it a model's detections are noise, and not even tracks that are known go on by them (Zhang et al. 2022, section 4.1).
const FLOOR: f32 = 0.1;
/// Detections of one look that are followed, the surest ones: 10 000 boxes are no scene.
const MOST: usize = 300;
/// Boxes that overlap as much as this are one thing, whatever a model calls them.
const TWIN: f32 = 0.85;

/// The rules of one camera.
pub(super) struct Rules {
    labels: Vec<String>,
    begin: f32,
    by_label: BTreeMap<String, f32>,
    /// A model's words and scores for one thing waver from look to look (car, truck, bus): they are weighed. Motion has one word, and
    /// no score to speak of.
    pub(super) is_model: bool,
}

impl Rules {
    pub(super) fn new(settings: &DetectSettings) -> Self {
        let is_model = settings.model != "motion";
        let asked = settings.min_score as f32;
        Self {
            labels: settings.labels.clone(),
            begin: if is_model && asked <= 0.0 { DEFAULT_MIN_SCORE } else { asked },
            by_label: settings.scores.iter().map(|(label, score)| (label.clone(), *score as f32)).collect(),
            is_model,
        }
    }

    fn least(&self, label: &str) -> f32 {
        self.by_label.get(label).copied().unwrap_or(self.begin)
    }

    /// Whether a detection may begin a track.
    pub(super) fn begins(&self, detection: &Detection) -> bool {
        detection.score >= self.least(&detection.label)
    }

    /// Whether one look is enough to believe it: motion, and what a model is much surer of than it has to be.
    pub(super) fn believes_at_once(&self, detection: &Detection) -> bool {
        !self.is_model || detection.score >= (1.0 + self.least(&detection.label)) * 0.5
    }

    /// Whether things of this label are told.
    pub(super) fn tells(&self, label: &str) -> bool {
        self.labels.is_empty() || self.labels.iter().any(|wanted| wanted == label)
    }

    /// What is followed of a look: boxes that are boxes, each thing once.
    pub(super) fn sift(&self, mut found: Vec<Detection>) -> Vec<Detection> {
        let least = |detection: &Detection| {
            let least = self.least(&detection.label);
            if self.is_model { least.min(FLOOR) } else { least }
        };
        found.retain(|one| {
            let area = one.area();
            let finite = [area.x1, area.y1, area.x2, area.y2, one.score].into_iter().all(f32::is_finite);
            finite && area.x1 < area.x2 && area.y1 < area.y2 && one.score >= least(one)
        });
        if found.len() > MOST {
            found.sort_by(|a, b| b.score.total_cmp(&a.score));
            found.truncate(MOST);
        }
        if self.is_model {
            drop_twins(&mut found);
        }
        found
    }
}

/// Leaves out what stands where something surer of another label stands.
fn drop_twins(found: &mut Vec<Detection>) {
    let first: Option<Arc<str>> = found.first().map(|one| one.label.clone());
    if found.iter().all(|one| Some(&one.label) == first.as_ref()) {
        return;
    }
    let is_twin = |n: usize| {
        let one = &found[n];
        found.iter().enumerate().any(|(m, other)| {
            other.label != one.label
                && (other.score > one.score || (other.score == one.score && m < n))
                && one.area().iou(&other.area()) >= TWIN
        })
    };
    let twins: Vec<bool> = (0..found.len()).map(is_twin).collect();
    let mut twins = twins.into_iter();
    found.retain(|_| !twins.next().unwrap_or_default());
}
