//! What is in each frame: looked for and followed, or known already.

use super::{AnnotateError, Boxes, Given, Looked};
use crate::detect::{self, Detector};
use crate::device::Fetcher;
use crate::pipeline::clock::SystemClock;
use crate::pipeline::frame::Frame;
use crate::track::Tracker;
use sightline_shared::tracks::Tracks;
use std::sync::Arc;

pub(super) enum Looker {
    None,
    Detect { detector: Box<dyn Detector>, tracker: Box<Tracker>, min_score: f32, fetcher: Box<Fetcher> },
    Given(Box<dyn Given>),
}

impl Looker {
    pub(super) fn new(boxes: Boxes) -> Result<Self, AnnotateError> {
        match boxes {
            Boxes::None => Ok(Self::None),
            Boxes::Given(given) => Ok(Self::Given(given)),
            Boxes::Detect(settings) => {
                let built = detect::build(&settings, false).map_err(|e| AnnotateError::Usage(format!("{e}.")))?;
                let Some(detector) = built else { return Ok(Self::None) };
                let tracker = Box::new(Tracker::new(&settings, Arc::new(SystemClock::default())));
                let min_score = settings.min_score as f32;
                Ok(Self::Detect { detector, tracker, min_score, fetcher: Box::default() })
            }
        }
    }

    pub(super) fn look(&mut self, frame: Frame) -> Result<Looked, AnnotateError> {
        let (epoch, pts) = (frame.epoch, frame.pts);
        let failed = |e: &dyn std::fmt::Display| AnnotateError::Failed(format!("{e}."));
        let (tracks, detections) = match self {
            Self::None => (Tracks { epoch, pts, ..Tracks::default() }, None),
            Self::Given(given) => {
                (Tracks { epoch, pts, tracks: given.tracks(pts, frame.size_shown())?, ..Tracks::default() }, None)
            }
            Self::Detect { detector, tracker, min_score, fetcher } => {
                let fetched = fetcher.fetch(&frame, detector.sight()).map_err(|e| failed(&e))?;
                let found = detector.look(fetched.as_ref().unwrap_or(&frame)).map_err(|e| failed(&e))?;
                let raw = found.iter().filter(|found| found.score >= *min_score).cloned().collect();
                (tracker.update(epoch, pts, Some(found)), Some(raw))
            }
        };
        Ok(Looked { frame, tracks, detections })
    }
}
