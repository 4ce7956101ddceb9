//! A camera's place at a model: one input, posted and answered.

use super::engine::{Condition, Runner, Told};
use super::line::Asked;
use super::{Called, Input, ModelError, Spec};
use crate::detect::{DetectError, Detection};
use crate::pipeline::clock::Mono;
use std::sync::{Arc, Weak};

/// What a model says of an input.
#[derive(Debug)]
pub struct Answer {
    /// Of which one.
    pub ticket: u64,
    /// What is in it, or why the look failed.
    pub found: Result<Vec<Detection>, ModelError>,
}

/// Why an input cannot be posted now.
#[derive(Debug, PartialEq)]
pub enum Refused {
    /// The engine has the one of before.
    Busy,
    /// There is no engine: it is being loaded, or cannot be used.
    NotReady,
    /// The frame cannot be prepared.
    Unfit(DetectError),
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

    /// Prepares the input and puts it into the line; one that still waits there gives its turn to it and is not answered any more. Never
    /// waits for the model.
    ///
    /// # Errors
    /// It cannot be posted; what waited is forgotten where preparing failed, and goes on otherwise.
    pub fn post(
        &mut self,
        ticket: u64,
        least: f32,
        prepare: impl FnOnce(&Spec, &mut Input) -> Result<(), DetectError>,
    ) -> Result<(), Refused> {
        let mut state = self.runner.lock();
        let Condition::Ready { spec, .. } = &state.condition else { return Err(Refused::NotReady) };
        let spec = spec.clone();
        if state.line.is_busy(self.id) {
            return Err(Refused::Busy);
        }
        let mut input = state.line.lend(self.id).ok_or(Refused::Busy)?;
        drop(state);
        let prepared = prepare(&spec, &mut input);
        let asked = Asked { ticket, least, at: self.runner.now(), spec };
        self.runner.lock().line.post(self.id, input, prepared.is_ok().then_some(asked));
        prepared.map_err(Refused::Unfit)?;
        self.runner.notify();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn runner(&self) -> &Arc<Runner> {
        &self.runner
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
