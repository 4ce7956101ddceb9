//! A model in use: what its thread and those who ask share.

use super::super::running::Running;
use super::figures::{Figures, Recent, Totals};
use super::line::{Line, Taken};
use super::place::Answer;
use super::run::run;
use super::{Called, Loader, ModelError, Spec};
use crate::pipeline::clock::{Clock, Mono};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// How often it is looked whether the file came, changed or went.
pub(super) const LOOK_AFTER: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 2000 });

/// How a model is.
#[derive(Clone, Debug)]
pub enum Condition {
    /// It is being loaded.
    Loading {
        /// Why it is loaded again, if it is.
        again: Option<String>,
    },
    /// It looks.
    Ready {
        /// What it wants and finds.
        spec: Arc<Spec>,
        /// What runs it, for people.
        runs_on: String,
        /// What it had to do without, or what has happened.
        note: Option<String>,
    },
    /// It does not, and why; it is tried again.
    Failed(String),
}

/// What a model does, for all cameras.
#[derive(Clone, Debug)]
pub struct Told {
    /// How it is.
    pub condition: Condition,
    /// Of the last seconds.
    pub recent: Recent,
    /// Since it was opened first.
    pub totals: Totals,
}

pub(super) struct State {
    pub(super) condition: Condition,
    pub(super) line: Line,
    pub(super) figures: Figures,
    closed: bool,
}

pub(super) struct Shared {
    pub(super) model: String,
    state: Mutex<State>,
    work: Condvar,
    pub(super) clock: Arc<dyn Clock>,
}

/// A model in use. Dropped, its thread ends and the engine is let go of.
pub(super) struct Runner {
    shared: Arc<Shared>,
}

impl Runner {
    pub(super) fn start(
        model: &str,
        loader: Arc<dyn Loader>,
        clock: Arc<dyn Clock>,
        running: &Arc<Running>,
    ) -> Arc<Self> {
        let state = State {
            condition: Condition::Loading { again: None },
            line: Line::default(),
            figures: Figures::default(),
            closed: false,
        };
        let shared = Arc::new(Shared { model: model.into(), state: Mutex::new(state), work: Condvar::new(), clock });
        let of_thread = shared.clone();
        let name = format!("model-{}", model.rsplit('/').next().unwrap_or(model));
        let one = running.one();
        let work = move || {
            let _one = one;
            run(&of_thread, &*loader);
        };
        let thread = std::thread::Builder::new().name(name).spawn(work);
        if let Err(e) = thread {
            shared.lock().condition = Condition::Failed(format!("The operating system gives no thread: {e}."));
        }
        Arc::new(Self { shared })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    pub(super) fn model(&self) -> &str {
        &self.shared.model
    }

    pub(super) fn now(&self) -> Mono {
        self.shared.clock.now()
    }

    pub(super) fn notify(&self) {
        self.shared.work.notify_one();
    }

    pub(super) fn told(&self, now: Mono) -> Told {
        let state = self.lock();
        let (recent, totals) = (state.figures.recent(now), state.figures.totals());
        Told { condition: state.condition.clone(), recent, totals }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.lock().closed = true;
        self.notify();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the model is from now on; where that is no use to those who wait, they are answered.
    pub(super) fn tell(&self, condition: Condition) {
        let refusal = match &condition {
            Condition::Ready { .. } => None,
            Condition::Failed(reason) => Some(reason.clone()),
            Condition::Loading { .. } => Some(format!("{} is being loaded again.", self.model)),
        };
        let mut state = self.lock();
        state.condition = condition;
        let call = refusal.map(|reason| state.line.refuse_all(&ModelError(reason))).unwrap_or_default();
        drop(state);
        call_all(&call);
    }

    /// Lets `wait` go by, or less where `sooner` says so; false where the engine is to end.
    pub(super) fn rest(&self, wait: Duration, sooner: impl Fn() -> bool) -> bool {
        let until = self.clock.now().after(wait);
        loop {
            let left = until.since(self.clock.now());
            let state = self.lock();
            if state.closed {
                return false;
            }
            if left.is_zero() {
                return true;
            }
            let waited = self.work.wait_timeout(state, left.min(LOOK_AFTER));
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            if sooner() {
                return true;
            }
        }
    }

    /// Waits for frames until `until`. `None` where the engine is to end.
    pub(super) fn take(&self, most: usize, until: Mono) -> Option<Vec<Taken>> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let left = until.since(self.clock.now());
            if state.line.is_any_ready() || left.is_zero() {
                break;
            }
            state = self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let taken = state.line.take(most);
        let now = self.clock.now();
        taken.iter().for_each(|taken| state.figures.waited(now, now.since(taken.asked.at)));
        Some(taken)
    }

    pub(super) fn answer(&self, answers: Vec<(u64, Answer)>) {
        let mut state = self.lock();
        let call: Vec<_> = answers.into_iter().filter_map(|(id, answer)| state.line.answer(id, answer)).collect();
        drop(state);
        call_all(&call);
    }
}

fn call_all(call: &[Weak<dyn Called>]) {
    call.iter().filter_map(Weak::upgrade).for_each(|called| called.answered());
}
