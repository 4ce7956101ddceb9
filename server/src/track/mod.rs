//! The contract of tracking: what a look found goes in, one final message for every decoded PTS comes out.

use crate::pipeline::clock::Clock;
use crate::pipeline::detection::{Area, Detection};
use sightline_shared::camera::DetectSettings;
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::{Finding, Track, Tracks};
use std::sync::Arc;
use ulid::Ulid;

mod associate;
mod kalman;
mod known;
mod matching;
mod rules;
mod steady;

use known::Known;
pub use rules::DEFAULT_MIN_SCORE;
use rules::Rules;
pub use steady::{CameraShift, Steady};

/// Looks that are farther apart than this, in ticks, are too few to wait for a second one before a thing is told: half a second.
const RARE: i64 = 45_000;
/// What was missed is not told where something else stands in its place.
const HIDDEN: f32 = 0.5;
/// How much of the picture's drift is that of the newest shift: a pan is followed, and a pole that swings in the wind goes nowhere.
const DRIFT_SHARE: f32 = 0.5;

/// Follows things from frame to frame of one camera.
///
/// On a frame that was looked at, the boxes are the detections' own. On the frames between looks the things of the last look are moved on
/// by the Kalman filter, for a second at most, and marked `predicted`. A thing that a look did not confirm keeps its identity for a second.
/// It is not told meanwhile, but for what a model has seen three times: that is predicted for half a second, on frames that were looked at
/// too.
///
/// What a model is not quite sure of is told once a second look has found it too, and detections that are too weak to begin
/// anything still prolong what is known.
pub struct Tracker {
    rules: Rules,
    clock: Arc<dyn Clock>,
    epoch: Epoch,
    known: Vec<Known>,
    /// The frame of the newest look.
    looked: Option<Pts>,
    /// The newest frame of all.
    newest: Pts,
    drift: Drift,
}

/// How the picture moves because its camera does.
#[derive(Clone, Copy, Default)]
struct Drift {
    /// Fractions of the picture a second.
    speed: (f32, f32),
    /// The frame that things were brought in line with last.
    at: Pts,
}

impl Drift {
    fn take(&mut self, shift: &CameraShift) {
        let mix = |before: f32, by: f32| before + (by / shift.seconds - before) * DRIFT_SHARE;
        if shift.seconds > 0.0 {
            self.speed = (mix(self.speed.0, shift.dx), mix(self.speed.1, shift.dy));
        }
        self.at = shift.pts;
    }

    fn by(&self, pts: Pts) -> (f32, f32) {
        let seconds = (pts.0 - self.at.0).max(0) as f32 / 90_000.0;
        (self.speed.0 * seconds, self.speed.1 * seconds)
    }
}

impl Tracker {
    /// A tracker by `settings`: which `labels` are told, and by `min_score` and `scores` how sure a detection has to be to begin
    /// a track. Give it all that a model found down to a score of 0.1. `clock` dates the ids.
    #[must_use]
    pub fn new(settings: &DetectSettings, clock: Arc<dyn Clock>) -> Self {
        let (epoch, newest) = (Epoch::default(), Pts::default());
        let rules = Rules::new(settings);
        Self { rules, clock, epoch, known: Vec::new(), looked: None, newest, drift: Drift::default() }
    }

    /// The final tracks of the frame `(epoch, pts)`; call it once for every frame, in order. `looked` is what was found in this very
    /// frame, or `None` where it was not looked at, or where the answer is not there yet. A new epoch forgets everything.
    pub fn update(&mut self, epoch: Epoch, pts: Pts, looked: Option<Vec<Detection>>) -> Tracks {
        self.begin(epoch);
        self.newest = self.newest.max(pts);
        let mut tracks = looked.map(|found| self.look(pts, found)).unwrap_or_default();
        self.predict(pts, &mut tracks);
        Tracks { epoch, pts, tracks, ..Tracks::default() }
    }

    /// Takes in what a look at the frame `(epoch, pts)` found after the frame's tracks had to be told: the frames to come go by it. Gives
    /// what would have been told. An answer that is older than another one says nothing any more.
    pub fn late(&mut self, epoch: Epoch, pts: Pts, found: Vec<Detection>) -> Vec<Track> {
        if epoch != self.epoch || self.looked.is_some_and(|looked| pts <= looked) {
            return Vec::new();
        }
        self.look(pts, found)
    }

    /// Takes in what second models found on the track `id`, whose box was `seen` in the frame that they looked at: it moves with the
    /// track until they look again, for two seconds at most. Tracks that are gone are passed over.
    pub fn attach(&mut self, id: &str, seen: Area, findings: Vec<Finding>) {
        if let Some(known) = self.known.iter_mut().find(|known| known.id() == id) {
            known.attach(seen, &findings, self.newest);
        }
    }

    /// Takes in how the camera moved up to the frame that is looked at next; call it before the look is given.
    pub fn shift(&mut self, shift: &CameraShift) {
        self.known.iter_mut().for_each(|known| known.shift(shift));
        self.drift.take(shift);
    }

    fn begin(&mut self, epoch: Epoch) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.known.clear();
            self.looked = None;
            (self.newest, self.drift) = (Pts::default(), Drift::default());
        }
    }

    /// Adds to `told` what is there without having been found in this frame.
    fn predict(&self, pts: Pts, told: &mut Vec<Track>) {
        let (drift, found) = (self.drift.by(pts), told.len());
        for known in self.known.iter().filter(|known| self.rules.tells(known.label())) {
            // What this very frame's look confirmed is told already.
            let goes_on = known.confirmed && self.looked != Some(pts) || self.rules.is_model && known.missed(pts);
            if let Some(track) = goes_on.then(|| known.predicted(pts, drift)).flatten() {
                let hides = |other: &Track| area(other).iou(&area(&track)) >= HIDDEN;
                if known.confirmed || !told[..found].iter().any(hides) {
                    told.push(track);
                }
            }
        }
    }

    /// Takes in what a look found.
    fn look(&mut self, pts: Pts, found: Vec<Detection>) -> Vec<Track> {
        let found = self.rules.sift(found);
        self.known.retain(|known| known.kept(pts));
        let owners = associate::associate(&self.known, &found, &self.rules, pts);
        self.known.iter_mut().for_each(|known| known.confirmed = false);
        let is_rare = self.looked.is_none_or(|looked| pts.0 - looked.0 > RARE);
        let mut told = Vec::with_capacity(found.len());
        for (detection, owner) in found.iter().zip(owners) {
            let index = match owner {
                Some(index) => {
                    self.known[index].saw(detection, pts);
                    index
                }
                None if self.rules.begins(detection) => {
                    let believed = is_rare || self.rules.believes_at_once(detection);
                    self.known.push(Known::new(self.new_id(), detection, pts, believed));
                    self.known.len() - 1
                }
                None => continue,
            };
            let known = &self.known[index];
            if known.believed && self.rules.tells(known.label()) {
                told.push(known.detected());
            }
        }
        // What nobody believed in and nobody saw again was nothing.
        self.known.retain(|known| known.believed || known.confirmed);
        self.looked = Some(pts);
        told
    }

    fn new_id(&self) -> String {
        let millis = u64::try_from(self.clock.utc().as_millis()).unwrap_or(u64::MAX);
        Ulid::from_parts(millis, rand::random()).to_string()
    }
}

fn area(track: &Track) -> Area {
    Area { x1: track.x1, y1: track.y1, x2: track.x2, y2: track.y2 }
}

#[cfg(test)]
mod tests;
