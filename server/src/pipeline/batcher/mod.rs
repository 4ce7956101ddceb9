//! One model, all cameras: who brings models, and the engines that are open.
//!
//! A camera has a [`Place`] at a model: one frame, which waits in the model's line. The engine's thread takes as many frames as wait, in
//! turn, up to what the model takes at once, makes its inputs of them where it reads them, and answers. Nobody waits for anybody: who
//! posts goes on, and is called when there is an answer. An engine is opened for its first camera and let go of with its last.

mod engine;
mod figures;
mod line;
mod place;
mod run;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trouble;

pub use crate::detect::model::{Engine, Input, ModelError, Spec};
pub use engine::{Condition, Told};
pub use figures::{Recent, Totals};
pub use place::{Answer, Model, Place, Refused};

use super::clock::{Clock, Mono};
use super::running::Running;
use engine::Runner;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Where models come from.
pub trait Loader: Send + Sync {
    /// A number that changes when the model's file does.
    ///
    /// # Errors
    /// It is not here: what is missing, and what to do.
    fn stamp(&self, model: &str) -> Result<u64, ModelError>;

    /// Loads it, on the thread that will run it; may take a second. `avoid` is what ran it when it last failed, by its own words:
    /// where something else can, that is taken.
    ///
    /// # Errors
    /// It cannot be used, in words.
    fn open(&self, model: &str, avoid: Option<&str>) -> Result<Box<dyn Engine>, ModelError>;
}

/// A machine without models.
pub struct NoModels;

impl Loader for NoModels {
    fn stamp(&self, model: &str) -> Result<u64, ModelError> {
        Err(ModelError(format!("There are no models here, and so no {model}.")))
    }

    fn open(&self, model: &str, _avoid: Option<&str>) -> Result<Box<dyn Engine>, ModelError> {
        Err(ModelError(format!("There are no models here, and so no {model}.")))
    }
}

/// Who is told that an answer is there; called on the engine's thread, which must not be held up.
pub trait Called: Send + Sync {
    /// [`Place::answer`] has it.
    fn answered(&self);
}

/// The engines that are open, by the names of their models.
pub struct Engines {
    loader: Arc<dyn Loader>,
    clock: Arc<dyn Clock>,
    open: Mutex<BTreeMap<String, Weak<Runner>>>,
    running: Arc<Running>,
}

impl Engines {
    /// None is open yet.
    #[must_use]
    pub fn new(loader: Arc<dyn Loader>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { loader, clock, open: Mutex::default(), running: Arc::default() })
    }

    /// None, and there never will be one.
    #[must_use]
    pub fn none(clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::new(Arc::new(NoModels), clock)
    }

    /// Who brings models.
    #[must_use]
    pub fn loader(&self) -> &Arc<dyn Loader> {
        &self.loader
    }

    /// A place at a model, whose engine is opened if this is the first one. `called` is told of answers.
    #[must_use]
    pub fn place(&self, model: &str, called: Weak<dyn Called>) -> Place {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, runner| runner.strong_count() > 0);
        let runner = open.get(model).and_then(Weak::upgrade).unwrap_or_else(|| {
            let runner = Runner::start(model, self.loader.clone(), self.clock.clone(), &self.running);
            open.insert(model.into(), Arc::downgrade(&runner));
            runner
        });
        Place::new(runner, called)
    }

    /// Waits until the engines that nobody uses any more are closed, and what they hold of devices is given back; `patience` at most, since
    /// one that is just being loaded cannot be called off. False where one is still there.
    pub fn finish(&self, patience: Duration) -> bool {
        self.running.none_within(patience)
    }

    /// What every open engine does, by its model.
    #[must_use]
    pub fn told(&self, now: Mono) -> Vec<(String, Told)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().filter_map(|(model, runner)| Some((model.clone(), runner.upgrade()?.told(now)))).collect()
    }
}
