//! One thing that is followed: where it was, how it moves, and what it is.

use super::kalman::Motion;
use super::steady::CameraShift;
use crate::pipeline::detection::{Area, Detection};
use sightline_shared::scene::Point;
use sightline_shared::time::Pts;
use sightline_shared::tracks::{Finding, Track};
use std::sync::Arc;

/// How long a thing that no look confirms keeps its identity, and how far ahead of the last look it is predicted, in ticks of
/// 90 kHz: one second. Long enough for a person to pass behind a post, short enough that the next one does not inherit it.
const KEEP: i64 = 90_000;
/// How long a thing that the newest looks missed goes on to be predicted, where a model looks: half a second, which is two looks in a row. Boxes
/// that blink whenever a model blinks are no use to people.
const PATIENCE: i64 = KEEP / 2;
/// How many looks have to have seen it for that.
const PATIENT_WITH: u32 = 3;
/// How near to the picture's edge a box is at it, in fractions of the picture.
const EDGE: f32 = 0.01;
/// How long a second model's word lasts where it gives no other: it may look more rarely than the first.
const FINDINGS_LAST: i64 = 2 * KEEP;
/// Half perimeters that a centre may be off from where it was expected, however short the time.
const REACH: f32 = 0.25;
/// How many more with each second, once its velocity is known, and before.
const REACH_SPEED: (f32, f32) = (1.5, 6.0);
/// The most, once its velocity is known, and before.
const REACH_MOST: (f32, f32) = (0.75, 1.6);

/// One thing that is followed.
pub(super) struct Known {
    id: String,
    /// What looks called it, with the sum of their scores.
    votes: Vec<(Arc<str>, f32)>,
    /// Which of them has the greatest.
    elected: usize,
    score: f32,
    best: f32,
    looks: u32,
    /// Where the last look saw it.
    area: Area,
    /// When that was.
    seen: Pts,
    motion: Motion,
    /// Whether the newest look saw it.
    pub(super) confirmed: bool,
    /// Whether it is believed to be there: people are told of it.
    pub(super) believed: bool,
    /// What second models found, in parts of its box, and when.
    findings: Option<(Pts, Vec<Finding>)>,
}

impl Known {
    pub(super) fn new(id: String, first: &Detection, pts: Pts, believed: bool) -> Self {
        Self {
            id,
            votes: vec![(first.label.clone(), first.score)],
            elected: 0,
            score: first.score,
            best: first.score,
            looks: 1,
            area: first.area(),
            seen: pts,
            motion: Motion::new(first.area()),
            confirmed: true,
            believed,
            findings: None,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What it is: the label that looks were surest of together.
    pub(super) fn label(&self) -> &Arc<str> {
        &self.votes[self.elected].0
    }

    /// Where it should be at `pts`, by the filter.
    pub(super) fn expected(&self, pts: Pts) -> Area {
        self.motion.after(self.seconds(pts))
    }

    /// How far from there its centre may be at `pts`, in half perimeters of its box.
    pub(super) fn reach(&self, pts: Pts) -> f32 {
        let pick = |(settled, not_yet)| if self.looks > 1 { settled } else { not_yet };
        (REACH + pick(REACH_SPEED) * self.seconds(pts)).min(pick(REACH_MOST))
    }

    fn seconds(&self, pts: Pts) -> f32 {
        (pts.0 - self.seen.0) as f32 / 90_000.0
    }

    /// Takes in that a look saw it.
    pub(super) fn saw(&mut self, detection: &Detection, pts: Pts) {
        let area = detection.area();
        self.motion.see(area, self.seconds(pts));
        (self.area, self.seen, self.score) = (area, pts, detection.score);
        self.best = self.best.max(detection.score);
        self.looks = self.looks.saturating_add(1);
        (self.confirmed, self.believed) = (true, true);
        let vote = match self.votes.iter().position(|(label, _)| *label == detection.label) {
            Some(vote) => vote,
            None => {
                self.votes.push((detection.label.clone(), 0.0));
                self.votes.len() - 1
            }
        };
        self.votes[vote].1 += detection.score;
        if self.votes[vote].1 > self.votes[self.elected].1 {
            self.elected = vote;
        }
    }

    /// Takes in how the camera moved.
    pub(super) fn shift(&mut self, shift: &CameraShift) {
        self.motion.shift((shift.dx, shift.dy), shift.zoom);
        self.area = shift.of(self.area);
    }

    /// Takes what a second model found on it, where its box was `seen`.
    pub(super) fn attach(&mut self, seen: Area, findings: &[Finding], pts: Pts) {
        let (width, height) = (seen.width().max(f32::EPSILON), seen.height().max(f32::EPSILON));
        let part = |x: f32, y: f32| ((x - seen.x1) / width, (y - seen.y1) / height);
        self.findings = Some((pts, findings.iter().map(|finding| moved(finding, part)).collect()));
    }

    /// As the look saw it, unchanged.
    pub(super) fn detected(&self) -> Track {
        self.track(self.area, self.area, self.seen, false)
    }

    /// Whether its identity lasts at `pts`.
    pub(super) fn kept(&self, pts: Pts) -> bool {
        (0..=KEEP).contains(&(pts.0 - self.seen.0))
    }

    /// Whether it is to be predicted although the newest look missed it.
    pub(super) fn missed(&self, pts: Pts) -> bool {
        !self.confirmed && self.looks >= PATIENT_WITH && pts.0 - self.seen.0 <= PATIENCE
    }

    /// As it should be at `pts`, within the picture, where the picture moves by `drift`; `None` where nobody is told of it, where it was
    /// seen too long ago, and where it has left the picture. It goes on from where the look saw it, so that no box jumps.
    pub(super) fn predicted(&self, pts: Pts, drift: (f32, f32)) -> Option<Track> {
        if !self.believed || !self.kept(pts) {
            return None;
        }
        let (then, now) = (self.motion.after(0.0), self.expected(pts));
        let by = |at: f32, now: f32, then: f32, drift: f32| at + now - then + drift;
        let area = Area {
            x1: by(self.area.x1, now.x1, then.x1, drift.0),
            y1: by(self.area.y1, now.y1, then.y1, drift.1),
            x2: by(self.area.x2, now.x2, then.x2, drift.0),
            y2: by(self.area.y2, now.y2, then.y2, drift.1),
        };
        if !self.confirmed && leaves(area, now, then) {
            return None;
        }
        let told = area.clamped();
        (told.x1 < told.x2 && told.y1 < told.y2).then(|| self.track(told, area, pts, true))
    }

    fn track(&self, told: Area, whole: Area, pts: Pts, predicted: bool) -> Track {
        let Area { x1, y1, x2, y2 } = told;
        let place = |x: f32, y: f32| (whole.x1 + x * whole.width(), whole.y1 + y * whole.height());
        let newest = self.findings.iter().filter(|(found, _)| pts.0 - found.0 <= FINDINGS_LAST);
        Track {
            id: self.id.clone(),
            label: self.label().to_string(),
            score: self.score,
            best: self.best,
            looks: self.looks,
            x1,
            y1,
            x2,
            y2,
            predicted,
            findings: newest.flat_map(|(_, all)| all).map(|finding| moved(finding, place)).collect(),
        }
    }
}

/// Whether a box stands at an edge of the picture that it moves towards: what a look missed there has left.
fn leaves(area: Area, now: Area, then: Area) -> bool {
    let ((x, y), (from_x, from_y)) = (now.centre(), then.centre());
    (area.x1 <= EDGE && x < from_x)
        || (area.x2 >= 1.0 - EDGE && x > from_x)
        || (area.y1 <= EDGE && y < from_y)
        || (area.y2 >= 1.0 - EDGE && y > from_y)
}

/// A finding with every point of it moved.
fn moved(finding: &Finding, to: impl Fn(f32, f32) -> (f32, f32)) -> Finding {
    let ((x1, y1), (x2, y2)) = (to(finding.x1, finding.y1), to(finding.x2, finding.y2));
    let corner = |corner: &Point| {
        let (x, y) = to(corner.x, corner.y);
        Point { x, y }
    };
    let corners = finding.corners.iter().map(corner).collect();
    Finding { label: finding.label.clone(), score: finding.score, x1, y1, x2, y2, corners }
}
