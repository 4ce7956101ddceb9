//! What is in each frame: looked for and followed, or known already.

use super::{AnnotateError, Boxes, Given, Item, Known, Looked};
use crate::detect::model::{Engine, Input, Preparer};
use crate::detect::{self, DetectError, Detection, Detector};
use crate::device::Fetcher;
use crate::pipeline::batcher::Loader;
use crate::pipeline::clock::SystemClock;
use crate::pipeline::frame::Frame;
use crate::settings::detect::{MOTION, NONE};
use crate::track::Tracker;
use sightline_shared::camera::DetectSettings;
use sightline_shared::tracks::Tracks;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// Frames that a model looks at together, at most: as many pictures are held, of 12 MB each in 4K.
const TOGETHER: usize = 4;

pub(super) enum Looker {
    None,
    Motion { detector: Box<dyn Detector>, follower: Box<Follower> },
    Model { engine: Box<dyn Engine>, preparer: Preparer, follower: Box<Follower> },
    Given(Box<dyn Given>),
}

/// Makes tracks of what was found.
pub(super) struct Follower {
    tracker: Tracker,
    min_score: f32,
    fetcher: Fetcher,
}

impl Looker {
    pub(super) fn new(boxes: &Boxes) -> Result<Self, AnnotateError> {
        let (settings, loader) = match boxes {
            Boxes::None => return Ok(Self::None),
            Boxes::Given(open) => return Ok(Self::Given(open()?)),
            Boxes::Detect(settings, loader) => (settings, loader),
        };
        match settings.model.as_str() {
            NONE => Ok(Self::None),
            MOTION => Ok(Self::Motion { detector: detect::motion(false), follower: Follower::new(settings) }),
            model => Self::model(model, settings, &**loader),
        }
    }

    fn model(model: &str, settings: &DetectSettings, loader: &dyn Loader) -> Result<Self, AnnotateError> {
        let engine = loader.open(model, None).map_err(|e| AnnotateError::Usage(format!("--model {model}: {e}")))?;
        Ok(Self::Model { engine, preparer: Preparer::default(), follower: Follower::new(settings) })
    }

    /// Looks at whatever is read, in order, until nothing comes or nobody takes it.
    pub(super) fn run(
        mut self,
        read: &Receiver<Item<Frame>>,
        to_studio: &SyncSender<Item<Looked>>,
    ) -> Result<(), AnnotateError> {
        let together = if let Self::Model { engine, .. } = &self { engine.spec().batch.clamp(1, TOGETHER) } else { 1 };
        let mut waiting: Vec<Item<Frame>> = Vec::new();
        for item in read {
            waiting.push(item);
            let pictures = waiting.iter().filter(|item| matches!(item, Item::Picture(_))).count();
            // Sound alone is passed on; between pictures it keeps its place.
            if (pictures == 0 || pictures == together) && !self.pass_on(&mut waiting, to_studio)? {
                return Ok(());
            }
        }
        self.pass_on(&mut waiting, to_studio).map(drop)
    }

    /// Looks at the pictures that wait and hands all on; false where nobody takes them any more: the studio says why.
    fn pass_on(
        &mut self,
        waiting: &mut Vec<Item<Frame>>,
        to_studio: &SyncSender<Item<Looked>>,
    ) -> Result<bool, AnnotateError> {
        let pictures =
            waiting.iter().filter_map(|item| if let Item::Picture(frame) = item { Some(frame) } else { None });
        let mut found = self.found(&pictures.collect::<Vec<_>>())?.into_iter();
        for item in waiting.drain(..) {
            let item = match item {
                Item::Picture(frame) => {
                    let (tracks, detections) = found.next().unwrap_or_default();
                    Item::Picture(Looked { frame, tracks, detections })
                }
                Item::Sound(track, packet) => Item::Sound(track, packet),
            };
            if to_studio.send(item).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is in each of `frames`; no more of them than the model takes.
    fn found(&mut self, frames: &[&Frame]) -> Result<Vec<Found>, AnnotateError> {
        match self {
            Self::None => Ok(frames.iter().map(|frame| (nothing(frame), None)).collect()),
            Self::Given(given) => frames.iter().map(|frame| Ok((known(&mut **given, frame)?, None))).collect(),
            Self::Motion { detector, follower } => {
                let look = |frame: &&Frame| {
                    let fetched = follower.fetcher.fetch(frame, detector.sight()).map_err(of_device)?;
                    let found = detector.look(fetched.as_ref().unwrap_or(frame)).map_err(failed)?;
                    Ok(follower.follow(frame, found))
                };
                frames.iter().map(look).collect()
            }
            Self::Model { engine, preparer, follower } => {
                let whole: Vec<_> = frames.iter().map(|frame| (*frame, None)).collect();
                let prepared = preparer.prepare(&**engine, &whole);
                let inputs: Result<Vec<&Input>, _> =
                    prepared.into_iter().map(|made| made.map(|(input, _)| input)).collect();
                let inputs = inputs.map_err(|error| match error {
                    DetectError::Device(_) => of_device(error),
                    other => failed(other),
                })?;
                let there = engine.reads_there().is_some();
                let found = if inputs.is_empty() {
                    Vec::new()
                } else {
                    engine
                        .run(&inputs, follower.least())
                        .map_err(|error| if there { of_device(error) } else { failed(error) })?
                };
                Ok(frames.iter().zip(found).map(|(frame, found)| follower.follow(frame, found)).collect())
            }
        }
    }
}

/// The tracks of a frame, and what was found in it where it was looked at.
type Found = (Tracks, Option<Vec<Detection>>);

impl Follower {
    fn new(settings: &DetectSettings) -> Box<Self> {
        let tracker = Tracker::new(settings, Arc::new(SystemClock::default()));
        Box::new(Self { tracker, min_score: settings.min_score as f32, fetcher: Fetcher::default() })
    }

    /// The lowest score that is of use: less sure finds prolong what is known.
    fn least(&self) -> f32 {
        if self.min_score > 0.0 { self.min_score.min(0.1) } else { 0.1 }
    }

    fn follow(&mut self, frame: &Frame, found: Vec<Detection>) -> Found {
        let raw = found.iter().filter(|found| found.score >= self.min_score).cloned().collect();
        (self.tracker.update(frame.epoch, frame.pts, Some(found)), Some(raw))
    }
}

fn nothing(frame: &Frame) -> Tracks {
    Tracks { epoch: frame.epoch, pts: frame.pts, ..Tracks::default() }
}

fn known(given: &mut dyn Given, frame: &Frame) -> Result<Tracks, AnnotateError> {
    let Known { tracks, counts } = given.known(frame.pts, frame.size_shown())?;
    Ok(Tracks { tracks, counts, ..nothing(frame) })
}

fn of_device(error: impl std::fmt::Display) -> AnnotateError {
    AnnotateError::Device(format!("{}.", error.to_string().trim_end_matches('.')))
}

fn failed(error: impl std::fmt::Display) -> AnnotateError {
    AnnotateError::Failed(format!("{}.", error.to_string().trim_end_matches('.')))
}
