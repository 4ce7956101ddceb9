//! One thing that is followed: where it was, and how it moves.

use crate::pipeline::detection::{Area, Detection};
use sightline_shared::time::Pts;
use sightline_shared::tracks::Track;
use std::sync::Arc;

/// How long a thing that no look confirms keeps its identity, and how far ahead of the last look it is predicted, in ticks of
/// 90 kHz: one second. Long enough for a person to pass behind a post, short enough that the next one does not inherit it.
const KEEP: i64 = 90_000;
/// How fast the velocity follows what two looks say, in seconds: boxes are noisy by a pixel or two, and a velocity taken from
/// neighbouring frames alone would be mostly that noise.
const VELOCITY_TAU_S: f32 = 0.25;

/// One thing that is followed.
pub(super) struct Known {
    pub(super) id: String,
    pub(super) label: Arc<str>,
    pub(super) score: f32,
    /// Where the last look saw it.
    pub(super) area: Area,
    /// When that was.
    pub(super) seen: Pts,
    /// Velocity of the centre, in fractions of the picture a second; `None` until seen twice.
    velocity: Option<(f32, f32)>,
    /// Whether the newest look saw it.
    pub(super) confirmed: bool,
}

impl Known {
    pub(super) fn new(id: String, first: &Detection, pts: Pts) -> Self {
        let (label, score) = (first.label.clone(), first.score);
        Self { id, label, score, area: first.area(), seen: pts, velocity: None, confirmed: true }
    }

    /// Where it should be at `pts`, at constant velocity.
    pub(super) fn expected(&self, pts: Pts) -> Area {
        let seconds = (pts.0 - self.seen.0) as f32 / 90_000.0;
        let (vx, vy) = self.velocity.unwrap_or_default();
        self.area.shifted(vx * seconds, vy * seconds)
    }

    /// Whether its velocity is known.
    pub(super) fn settled(&self) -> bool {
        self.velocity.is_some()
    }

    /// Takes in that a look saw it.
    pub(super) fn saw(&mut self, detection: &Detection, pts: Pts) {
        let seconds = (pts.0 - self.seen.0) as f32 / 90_000.0;
        if seconds > 0.0 {
            let ((ax, ay), (bx, by)) = (self.area.centre(), detection.area().centre());
            let now = ((bx - ax) / seconds, (by - ay) / seconds);
            let share = seconds / (seconds + VELOCITY_TAU_S);
            let mix = |before: f32, now: f32| before + (now - before) * share;
            self.velocity = Some(self.velocity.map_or(now, |(vx, vy)| (mix(vx, now.0), mix(vy, now.1))));
        }
        self.area = detection.area();
        self.score = detection.score;
        self.seen = pts;
        self.confirmed = true;
    }

    /// As the look saw it, unchanged.
    pub(super) fn detected(&self) -> Track {
        self.track(self.area, false)
    }

    /// Whether its identity lasts at `pts`.
    pub(super) fn kept(&self, pts: Pts) -> bool {
        (0..=KEEP).contains(&(pts.0 - self.seen.0))
    }

    /// As it should be at `pts`, within the picture; `None` where the newest look did not see it, where that was too long ago, and
    /// where it has left the picture.
    pub(super) fn predicted(&self, pts: Pts) -> Option<Track> {
        let area = self.expected(pts).clamped();
        (self.confirmed && self.kept(pts) && area.size() > 0.0).then(|| self.track(area, true))
    }

    fn track(&self, area: Area, predicted: bool) -> Track {
        let Area { x1, y1, x2, y2 } = area;
        Track {
            id: self.id.clone(),
            label: self.label.to_string(),
            score: self.score,
            x1,
            y1,
            x2,
            y2,
            predicted,
            ..Track::default()
        }
    }
}
