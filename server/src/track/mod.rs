//! The contract of tracking: what a look found goes in, one final message for every decoded PTS comes out.

use crate::pipeline::clock::Clock;
use crate::pipeline::detection::{Area, Detection};
use sightline_shared::camera::DetectSettings;
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::{Finding, Track, Tracks};
use std::sync::Arc;
use ulid::Ulid;

mod assign;
mod known;

use known::Known;

/// Follows things from frame to frame of one camera.
///
/// On a frame that was looked at, the boxes are the detections' own; a thing which that look did not confirm is not told, and is
/// not told either on the frames up to the next look, but keeps its identity for a second. On the frames between looks the things
/// of the last look are moved on at constant velocity, for a second at most, and marked `predicted`.
pub struct Tracker {
    min_score: f32,
    labels: Vec<String>,
    clock: Arc<dyn Clock>,
    epoch: Epoch,
    known: Vec<Known>,
}

impl Tracker {
    /// A tracker that tells what `settings` (`min_score`, `labels`) let through. `clock` dates the ids.
    #[must_use]
    pub fn new(settings: &DetectSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            min_score: settings.min_score as f32,
            labels: settings.labels.clone(),
            clock,
            epoch: Epoch::default(),
            known: Vec::new(),
        }
    }

    /// The final tracks of the frame `(epoch, pts)`; call it once for every frame, in order. `looked` is what was found in this very
    /// frame, or `None` where it was not looked at. A new epoch forgets everything.
    pub fn update(&mut self, epoch: Epoch, pts: Pts, looked: Option<Vec<Detection>>) -> Tracks {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.known.clear();
        }
        let tracks = match looked {
            Some(found) => self.confirm(pts, found),
            None => self.known.iter().filter_map(|known| known.predicted(pts)).collect(),
        };
        Tracks { epoch, pts, tracks, ..Tracks::default() }
    }

    /// Takes in what was found in a frame that has been told without it.
    pub fn late(&mut self, _epoch: Epoch, _pts: Pts, _found: Vec<Detection>) -> Vec<Track> {
        Vec::new()
    }

    /// Puts what a second model found on a track, which stood at `seen` then.
    pub fn attach(&mut self, _id: &str, _seen: Area, _findings: Vec<Finding>) {}

    /// Takes the camera's own motion out.
    pub fn shift(&mut self, _shift: &CameraShift) {}

    /// Takes in what a look found.
    fn confirm(&mut self, pts: Pts, mut found: Vec<Detection>) -> Vec<Track> {
        found.retain(|detection| {
            detection.score >= self.min_score
                && (self.labels.is_empty() || self.labels.iter().any(|label| **label == *detection.label))
        });
        self.known.retain(|known| known.kept(pts));
        let owners = assign::assign(&self.known, &found, pts);
        for known in &mut self.known {
            known.confirmed = false;
        }
        let mut tracks = Vec::with_capacity(found.len());
        for (detection, owner) in found.into_iter().zip(owners) {
            match owner {
                Some(index) => {
                    self.known[index].saw(&detection, pts);
                    tracks.push(self.known[index].detected());
                }
                None => {
                    let known = Known::new(self.new_id(), &detection, pts);
                    tracks.push(known.detected());
                    self.known.push(known);
                }
            }
        }
        tracks
    }

    fn new_id(&self) -> String {
        let millis = u64::try_from(self.clock.utc().as_millis()).unwrap_or(u64::MAX);
        Ulid::from_parts(millis, rand::random()).to_string()
    }
}

/// How a camera has moved.
pub struct CameraShift;

/// Sees how a camera moves.
#[derive(Default)]
pub struct Steady;

impl Steady {
    /// How it has moved since the frame before.
    pub fn look(&mut self, _frame: &crate::pipeline::frame::Frame) -> Option<CameraShift> {
        None
    }
}

#[cfg(test)]
mod tests;
