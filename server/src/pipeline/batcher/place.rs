//! A camera's place at a model: one frame, posted and answered.

use super::engine::{Condition, Runner, Told};
use super::line::Asked;
use super::{Called, ModelError};
use crate::detect::{Area, Detection};
use crate::pipeline::clock::Mono;
use crate::pipeline::frame::Frame;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// What a model says of a frame.
#[derive(Debug)]
pub struct Answer {
    /// Of which one.
    pub ticket: u64,
    /// What is in it, or why the look failed.
    pub found: Result<Vec<Detection>, ModelError>,
    /// How long a device worked on the frame to prepare it, where one did.
    pub on_device: Option<Duration>,
}

impl Answer {
    pub(super) fn failed(ticket: u64, error: ModelError) -> Self {
        Self { ticket, found: Err(error), on_device: None }
    }
}

/// Why a frame cannot be posted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The engine has the one of before.
    Busy,
    /// There is no engine: it is being loaded, or cannot be used.
    NotReady,
}

/// A model that is in use. It stays open while this is held.
#[derive(Clone)]
pub struct Model(Arc<Runner>);

impl Model {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.model()
    }

    /// How it is.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.0.lock().condition.clone()
    }

    /// What it does, for all cameras.
    #[must_use]
    pub fn told(&self, now: Mono) -> Told {
        self.0.told(now)
    }
}

/// A place at a model; dropped, it is given up, and what was posted is forgotten.
pub struct Place {
    runner: Arc<Runner>,
    id: u64,
}

impl Place {
    pub(super) fn new(runner: Arc<Runner>, called: Weak<dyn Called>) -> Self {
        let id = runner.lock().line.join(called);
        Self { runner, id }
    }

    /// The model, for who asks how it is.
    #[must_use]
    pub fn model(&self) -> Model {
        Model(self.runner.clone())
    }

    /// Puts a frame, or the part `crop` of it (in fractions of the picture as shown), into the line; one that still waits there gives
    /// its turn to it and is not answered any more. Never waits for the model, whose thread prepares the frame.
    ///
    /// # Errors
    /// It cannot be posted; what waits goes on waiting.
    pub fn post(&mut self, ticket: u64, least: f32, frame: Arc<Frame>, crop: Option<Area>) -> Result<(), Refused> {
        let asked = Asked { ticket, least, at: self.runner.now(), frame, crop };
        let mut state = self.runner.lock();
        if !matches!(state.condition, Condition::Ready { .. }) {
            return Err(Refused::NotReady);
        }
        if !state.line.post(self.id, asked) {
            return Err(Refused::Busy);
        }
        drop(state);
        self.runner.notify();
        Ok(())
    }

    /// The answer, if it is there.
    pub fn answer(&mut self) -> Option<Answer> {
        self.runner.lock().line.collect(self.id)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.runner.lock().line.leave(self.id);
    }
}
