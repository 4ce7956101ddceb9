//! The running server's models: listed, pulled in the background, added, removed, tried.

use super::card::Card;
use super::catalogue::{CATALOGUE, Entry};
use super::check::check;
use super::pull::{MIRROR, pull};
use super::shelf::{Found, Shelf};
use crate::detect::model::{ModelError, Options, runtime};
use crate::pipeline::clock::Clock;
use crate::pipeline::frame::Frame;
use sightline_shared::models::{Model, ModelCheck, ModelState, Models};
use sightline_shared::scene::Mask;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A pull, under way or failed.
#[derive(Default)]
struct Pull {
    done: AtomicU64,
    cancel: AtomicBool,
    /// Why it failed; it is under way where there is nothing.
    failed: Mutex<Option<String>>,
}

/// The models of a server.
pub struct Keeper {
    shelf: Shelf,
    options: Options,
    clock: Arc<dyn Clock>,
    pulls: Mutex<BTreeMap<&'static str, Arc<Pull>>>,
    /// Held while a model is tried: one at a time, so that pictures keep their processor.
    trying: Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keeper {
    /// The models on `shelf`, to be run as `options` say.
    #[must_use]
    pub fn new(shelf: Shelf, options: Options, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { shelf, options, clock, pulls: Mutex::default(), trying: Mutex::default() })
    }

    /// The models that are here.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Tells the log what a first start should know: that there is no model, and how one is had. Nothing is fetched unasked.
    pub fn offer(&self) {
        if let (true, Some(entry)) = (self.shelf.names().is_empty(), CATALOGUE.first()) {
            let megabytes = entry.bytes as f64 / 1e6;
            tracing::info!(
                "no detection model is here: motion is looked for. `sightline models pull {}` fetches a small one ({megabytes:.1} MB, {})",
                entry.name,
                entry.licence
            );
        }
    }

    /// Everything that is here or in the catalogue.
    #[must_use]
    pub fn list(&self) -> Models {
        let here = self.shelf.names();
        let entries = CATALOGUE.iter().map(|entry| self.model(entry.name));
        let others = here.iter().filter(|name| Entry::named(name).is_none()).map(|name| self.model(name));
        let runtime = runtime();
        Models {
            runtime: runtime.as_ref().ok().map(|runtime| runtime.name()),
            reason: runtime.err().map(|error| error.0),
            models: entries.chain(others).flatten().collect(),
        }
    }

    /// One model; `None` where neither the shelf nor the catalogue has it.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<Model> {
        let entry = Entry::named(name);
        let file = self.shelf.file(name);
        let bytes = std::fs::metadata(&file).ok().map(|known| known.len()).filter(|_| super::is_name(name));
        let mut model = Model { name: name.into(), bytes, ..Model::default() };
        if let Some(entry) = entry {
            model.about = entry.about.into();
            model.licence = Some(entry.licence.into());
            model.url = Some(entry.url.into());
            model.sha256 = Some(entry.sha256.into());
            model.bytes = Some(entry.bytes);
        }
        if let Some((_, pull)) = lock(&self.pulls).get_key_value(name) {
            model.reason.clone_from(&lock(&pull.failed));
            if model.reason.is_none() {
                model.state = ModelState::Pulling;
                let all = entry.map_or(1, |entry| entry.bytes.max(1));
                model.progress = Some(pull.done.load(Ordering::Relaxed) as f64 / all as f64);
                return Some(model);
            }
        }
        match bytes {
            Some(_) => self.here(&mut model),
            None => entry.map(|_| ())?,
        }
        Some(model)
    }

    /// What is known of a model that is here.
    fn here(&self, model: &mut Model) {
        model.state = ModelState::Ready;
        let found = match self.shelf.find(&model.name) {
            Ok(found) => found,
            Err(error) => {
                model.state = ModelState::Unusable;
                model.reason = Some(error.0);
                return;
            }
        };
        if let Some(about) = found.recipe.about.clone() {
            model.about = about;
        }
        model.licence = found.recipe.licence.clone().or(model.licence.take());
        let Some(card) = Card::read(&found) else { return };
        if card.reason.is_some() {
            model.state = ModelState::Unusable;
            model.reason = card.reason;
            return;
        }
        model.layout = Some(card.layout);
        model.input = Some(card.input);
        model.batch = Some(card.batch);
        model.labels = card.labels;
        model.second = card.second;
        model.ms = card.ms;
    }

    /// Begins to pull a model of the catalogue on a thread of its own; nothing happens where it is under way.
    ///
    /// # Errors
    /// The catalogue has none of this name, or the system gives no thread.
    pub fn pull(self: &Arc<Self>, name: &str) -> Result<Model, ModelError> {
        let entry = Entry::named(name).ok_or_else(|| ModelError(format!("the catalogue has no model {name}.")))?;
        let known = || self.model(name).ok_or_else(|| ModelError(format!("the catalogue has no model {name}.")));
        let under_way = {
            let mut pulls = lock(&self.pulls);
            if pulls.get(entry.name).is_some_and(|pull| lock(&pull.failed).is_none()) {
                None
            } else {
                let pull = Arc::new(Pull::default());
                pulls.insert(entry.name, pull.clone());
                Some(pull)
            }
        };
        let Some(state) = under_way else { return known() };
        let keeper = self.clone();
        let worker = std::thread::Builder::new().name("model-pull".into());
        if let Err(error) = worker.spawn(move || keeper.pulled(entry, &state)) {
            lock(&self.pulls).remove(entry.name);
            return Err(ModelError(format!("no thread can be had to pull with: {error}.")));
        }
        known()
    }

    /// The whole of a pull.
    fn pulled(&self, entry: &'static Entry, state: &Pull) {
        let mirror = std::env::var(MIRROR).ok().filter(|mirror| !mirror.is_empty());
        let mut tell = |done, _| state.done.store(done, Ordering::Relaxed);
        match pull(&self.shelf, entry, mirror.as_deref(), &mut tell, &state.cancel) {
            Ok(_) => {
                tracing::info!("the model {} is here ({}, {})", entry.name, entry.licence, entry.by);
                self.look_into(entry.name);
                lock(&self.pulls).remove(entry.name);
            }
            Err(error) => {
                tracing::warn!("the model {} was not pulled: {error}", entry.name);
                *lock(&state.failed) = Some(error.0);
            }
        }
    }

    /// Calls a pull off; what came of it is kept.
    pub fn cancel(&self, name: &str) -> bool {
        let pulls = lock(&self.pulls);
        let found = pulls.get(name).filter(|pull| lock(&pull.failed).is_none());
        found.inspect(|pull| pull.cancel.store(true, Ordering::Relaxed)).is_some()
    }

    /// Takes a model that somebody brings. One that does not fit is not kept.
    ///
    /// # Errors
    /// It cannot be written, or does not fit: what was expected and what was found.
    pub fn add(&self, name: &str, bytes: &mut dyn Read) -> Result<Model, ModelError> {
        self.shelf.put(name, bytes)?;
        if runtime().is_ok()
            && let Some(reason) = self.look_into(name)
        {
            self.shelf.remove(name)?;
            return Err(ModelError(reason));
        }
        self.model(name).ok_or_else(|| ModelError(format!("the model {name} was removed meanwhile.")))
    }

    /// Loads a model once and keeps what is learnt on its card; why it cannot be used, where it cannot.
    fn look_into(&self, name: &str) -> Option<String> {
        let _one = lock(&self.trying);
        let found = self.shelf.find(name).ok()?;
        let opened = runtime().and_then(|_| self.shelf.open(name, &self.options));
        let (card, reason) = match opened {
            Ok(engine) => (Card::loaded(&found, &*engine, None), None),
            // The library is missing: that is no fact of the model.
            Err(_) if runtime().is_err() => return None,
            Err(error) => (Card::refused(&found, error.0.clone()), Some(error.0)),
        };
        if let Some(card) = card {
            card.write(&found);
        }
        reason
    }

    /// Tries a model on a picture, which comes back as JPEG with its boxes, and with `masks` on it.
    ///
    /// # Errors
    /// It is not here, cannot be used, or does not run.
    pub fn check(
        &self,
        name: &str,
        frame: &Frame,
        least: f32,
        masks: &[Mask],
    ) -> Result<(ModelCheck, Vec<u8>), ModelError> {
        let _one = lock(&self.trying);
        let found: Found = self.shelf.find(name)?;
        let mut engine = self.shelf.open(name, &self.options)?;
        let (told, picture) = check(&mut *engine, frame, least, masks, &*self.clock)?;
        if let Some(card) = Card::loaded(&found, &*engine, Some(told.ms)) {
            card.write(&found);
        }
        Ok((told, picture))
    }
}
