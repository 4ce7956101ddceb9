//! Models made by hand, for tests of whoever asks them.

use super::{Engine, Engines, Input, Loader, ModelError, Spec};
use crate::detect::model::{Letterbox, View};
use crate::detect::{Area, Detection};
use crate::pipeline::clock::SystemClock;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A model whose file and whose engine do what a test says.
pub(crate) struct Fake {
    state: Mutex<State>,
    changed: Condvar,
}

pub(crate) struct State {
    /// The file, or why it is not there.
    pub(crate) stamp: Result<u64, ModelError>,
    /// Why it cannot be opened, if it cannot.
    pub(crate) unopenable: Option<String>,
    /// Most pictures at once.
    pub(crate) batch: usize,
    /// Batches that may run; all where absent.
    pub(crate) permits: Option<usize>,
    /// What the next batches come to, other than an answer.
    pub(crate) next: VecDeque<Outcome>,
    /// What an engine finds in a picture whose first sample is this.
    pub(crate) finds: fn(f32) -> Vec<Detection>,
    /// The first samples of the pictures of each batch, in steps of 0 to 255.
    pub(crate) batches: Vec<Vec<f32>>,
    /// What was to be avoided, each time it was opened.
    pub(crate) opened: Vec<Option<String>>,
    /// Engines that live.
    pub(crate) alive: usize,
    /// Where the samples of inputs lay.
    pub(crate) inputs: BTreeSet<usize>,
    /// How often it was asked for the file.
    pub(crate) stamps: usize,
}

/// What a batch comes to.
pub(crate) enum Outcome {
    Fails(&'static str),
    Panics,
    /// One answer too few.
    Short,
}

impl Fake {
    pub(crate) fn new(batch: usize) -> Arc<Self> {
        let state = State {
            stamp: Ok(1),
            unopenable: None,
            batch,
            permits: None,
            next: VecDeque::new(),
            finds: |_| vec![Detection::new("person".into(), 0.9, Area { x1: 0.4, y1: 0.4, x2: 0.5, y2: 0.6 })],
            batches: Vec::new(),
            opened: Vec::new(),
            alive: 0,
            inputs: BTreeSet::new(),
            stamps: 0,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() })
    }

    pub(crate) fn engines(self: &Arc<Self>) -> Arc<Engines> {
        Engines::new(Arc::new(self.clone()), Arc::new(SystemClock::default()))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file as it is from now on, and why it cannot be opened.
    pub(crate) fn file(&self, stamp: Result<u64, ModelError>, unopenable: Option<String>) {
        let mut state = self.lock();
        (state.stamp, state.unopenable) = (stamp, unopenable);
    }

    /// How often it was opened, and how many engines live.
    pub(crate) fn opened_and_alive(&self) -> (usize, usize) {
        let state = self.lock();
        (state.opened.len(), state.alive)
    }

    /// Lets `count` more batches run.
    pub(crate) fn permit(&self, count: usize) {
        let mut state = self.lock();
        state.permits = Some(state.permits.unwrap_or_default() + count);
        self.changed.notify_all();
    }
}

impl Loader for Arc<Fake> {
    fn stamp(&self, _model: &str) -> Result<u64, ModelError> {
        let mut state = self.lock();
        state.stamps += 1;
        state.stamp.clone()
    }

    fn open(&self, model: &str, avoid: Option<&str>) -> Result<Box<dyn Engine>, ModelError> {
        let mut state = self.lock();
        state.opened.push(avoid.map(str::to_owned));
        if let Some(why) = &state.unopenable {
            return Err(ModelError(why.clone()));
        }
        state.alive += 1;
        let spec = Spec {
            name: model.into(),
            labels: vec!["person".into(), "car".into()],
            size: (8, 8),
            batch: state.batch,
            // No grey around a crop: the first sample is its own.
            view: View { letterbox: Letterbox::Stretch, ..View::default() },
            ..Spec::default()
        };
        let runs_on = if avoid == Some("the fast one") { "the slow one" } else { "the fast one" };
        Ok(Box::new(Run { fake: self.clone(), spec: Arc::new(spec), runs_on }))
    }
}

struct Run {
    fake: Arc<Fake>,
    spec: Arc<Spec>,
    runs_on: &'static str,
}

impl Drop for Run {
    fn drop(&mut self) {
        self.fake.lock().alive -= 1;
    }
}

impl Engine for Run {
    fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    fn runs_on(&self) -> String {
        self.runs_on.into()
    }

    fn run(&mut self, inputs: &[&Input], _least: f32) -> Result<Vec<Vec<Detection>>, ModelError> {
        let first = |input: &&Input| input.samples.first().copied().unwrap_or_default();
        let mut state = self.fake.lock();
        state.batches.push(inputs.iter().map(first).map(|sample| (sample * 255.0).round()).collect());
        state.inputs.extend(inputs.iter().map(|input| input.samples.as_ptr().addr()));
        while state.permits == Some(0) {
            let waited = self.fake.changed.wait_timeout(state, Duration::from_secs(20));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.permits = state.permits.map(|permits| permits.saturating_sub(1));
        match state.next.pop_front() {
            Some(Outcome::Fails(why)) => return Err(ModelError(why.into())),
            Some(Outcome::Panics) => panic!("as the test asks"),
            Some(Outcome::Short) => return Ok(vec![Vec::new(); inputs.len() - 1]),
            None => {}
        }
        Ok(inputs.iter().map(|input| (state.finds)(first(input))).collect())
    }
}
