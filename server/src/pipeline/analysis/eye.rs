//! What looks at a camera's frames: movement, or a model at its place in the batcher, and movement while that cannot.

use crate::detect::{self, Detection, Detector, Hold};
use crate::device::Fetcher;
use crate::pipeline::batcher::{Answer, Called, Condition, Engines, Model, Place, Refused};
use crate::pipeline::counters::DropCause;
use crate::pipeline::frame::Frame;
use crate::settings::detect::{MOTION, NONE};
use sightline_shared::camera::{DetectSettings, DetectWhen};
use sightline_shared::scene::Point;
use std::sync::{Arc, Weak};

/// The lowest score that is of use to a tracker: less sure ones prolong what is known.
const LEAST: f32 = 0.1;

/// What came of asking for a look.
pub(super) enum Look {
    /// This was found.
    Found(Vec<Detection>),
    /// A model has the frame: [`Eye::answer`] will tell.
    Asked,
    /// The model is still with an earlier frame.
    Busy,
    /// There is none now, and why.
    Not(DropCause),
    /// It failed.
    Failed(String),
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Motion,
    Model,
    /// The model cannot: movement goes on in its place.
    MotionInstead,
    /// The model is being loaded.
    Nobody,
}

pub(super) struct Eye {
    place: Option<Place>,
    /// Kept while it looks or stands before the model: what it learnt grows old otherwise.
    motion: Option<Box<dyn Detector>>,
    hold: Option<Hold>,
    regions: Vec<Vec<Point>>,
    least: f32,
    is_on: bool,
    demo: bool,
}

impl Eye {
    /// As the settings say; `called` is told when a model has answered.
    pub(super) fn new(settings: &DetectSettings, demo: bool, engines: &Arc<Engines>, called: Weak<dyn Called>) -> Self {
        let is_model = ![MOTION, NONE].contains(&settings.model.as_str());
        let scores = settings.scores.values().chain([&settings.min_score]).filter(|score| **score > 0.0);
        let asked = scores.copied().fold(1.0, f64::min);
        Self {
            place: is_model.then(|| engines.place(&settings.model, called)),
            motion: None,
            hold: (is_model && settings.when == DetectWhen::Motion).then(Hold::default),
            regions: settings.regions.clone(),
            least: LEAST.min(asked as f32),
            is_on: settings.model != NONE,
            demo,
        }
    }

    /// False with the model `none`.
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// The model, for who asks how it is.
    pub(super) fn model(&self) -> Option<Model> {
        self.place.as_ref().map(Place::model)
    }

    /// Who looks now.
    pub(super) fn by(&self) -> By {
        match self.place.as_ref().map(|place| place.model().condition()) {
            None => By::Motion,
            Some(Condition::Ready { .. }) => By::Model,
            Some(Condition::Failed(_)) => By::MotionInstead,
            Some(Condition::Loading { .. }) => By::Nobody,
        }
    }

    /// Looks at a frame, or has a model look at it under `number`.
    pub(super) fn look(&mut self, by: By, number: u64, frame: &Arc<Frame>, fetcher: &mut Fetcher) -> Look {
        match by {
            By::Nobody => Look::Not(DropCause::Loading),
            By::Motion | By::MotionInstead => match self.motion(frame, fetcher) {
                Ok(found) => Look::Found(detect::within(&self.regions, found)),
                Err(e) => Look::Failed(e),
            },
            By::Model => match self.is_open(frame, fetcher) {
                Ok(true) => self.ask(number, frame),
                Ok(false) => Look::Not(DropCause::NoMotion),
                Err(e) => Look::Failed(e),
            },
        }
    }

    fn motion(&mut self, frame: &Frame, fetcher: &mut Fetcher) -> Result<Vec<Detection>, String> {
        let demo = self.demo;
        let motion = self.motion.get_or_insert_with(|| detect::motion(demo));
        let fetched = fetcher.fetch(frame, motion.sight()).map_err(|e| e.to_string())?;
        motion.look(fetched.as_ref().unwrap_or(frame)).map_err(|e| e.to_string())
    }

    /// Whether the model is to look: always, or while something moves.
    fn is_open(&mut self, frame: &Frame, fetcher: &mut Fetcher) -> Result<bool, String> {
        if self.hold.is_none() {
            self.motion = None;
            return Ok(true);
        }
        let moving = self.motion(frame, fetcher)?;
        let moves = !detect::within(&self.regions, moving).is_empty();
        Ok(self.hold.as_mut().is_none_or(|hold| hold.is_open(frame.epoch, frame.pts, moves)))
    }

    /// Has the model look at a frame.
    pub(super) fn ask(&mut self, number: u64, frame: &Arc<Frame>) -> Look {
        let Some(place) = &mut self.place else { return Look::Not(DropCause::Stopped) };
        match place.post(number, self.least, frame.clone(), None) {
            Ok(()) => Look::Asked,
            Err(Refused::Busy) => Look::Busy,
            Err(Refused::NotReady) => Look::Not(DropCause::Loading),
        }
    }

    /// What the model has answered.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let answer = self.place.as_mut()?.answer()?;
        Some(Answer { found: answer.found.map(|found| detect::within(&self.regions, found)), ..answer })
    }
}
