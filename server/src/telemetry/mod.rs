//! Telemetry: every half second one sample of what every camera's stages and renditions did, two minutes of them remembered.
//!
//! The contract stands here; `sampler.rs` reads the counters, `message.rs` writes the JSON. A sample is serialised once a
//! camera when it is taken and put together once a group of subscribers (all cameras, or one of them), not once a subscriber:
//! however many dashboards are open, the work is the same. A subscriber that reads slowly skips samples and holds nothing up.

mod message;
mod sampler;

use crate::pipeline::cameras::Cameras;
use crate::pipeline::clock::Clock;
use axum::extract::ws::Utf8Bytes;
use message::{Group, Step};
use sampler::Sampler;
use sightline_shared::telemetry::{HISTORY, STEP_MS};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// The newest step, and what groups of subscribers are told of it, written when the first of a group asks.
struct News {
    step: Arc<Step>,
    all: OnceLock<Utf8Bytes>,
    each: Vec<OnceLock<Utf8Bytes>>,
}

#[derive(Default)]
struct Remembered {
    sampler: Sampler,
    history: VecDeque<Arc<Step>>,
}

/// Takes the samples and tells them.
pub struct Telemetry {
    cameras: Arc<Cameras>,
    clock: Arc<dyn Clock>,
    remembered: Mutex<Remembered>,
    /// Microseconds that sampling has taken since the start.
    spent: AtomicU64,
    news: watch::Sender<Option<Arc<News>>>,
}

impl Telemetry {
    /// Telemetry of `cameras`; nothing is sampled before [`Self::tick`] or [`Self::run`].
    #[must_use]
    pub fn new(cameras: Arc<Cameras>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            cameras,
            clock,
            remembered: Mutex::default(),
            spent: AtomicU64::new(0),
            news: watch::Sender::new(None),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a sample every [`STEP_MS`], for ever.
    pub async fn run(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(Duration::from_millis(STEP_MS));
        // A burst of samples after the machine slept would say that nothing happened in most of them.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.tick();
        }
    }

    /// Takes one sample now and tells it.
    pub fn tick(&self) {
        let begun = self.clock.now();
        let handles = self.cameras.list();
        let mut remembered = self.lock();
        let cameras = remembered.sampler.sample(&handles);
        let step = Arc::new(Step { at: self.clock.now(), utc: self.clock.utc(), cameras });
        if remembered.history.len() == HISTORY {
            remembered.history.pop_front();
        }
        remembered.history.push_back(step.clone());
        let each = step.cameras.iter().map(|_| OnceLock::new()).collect();
        self.news.send_replace(Some(Arc::new(News { step, all: OnceLock::new(), each })));
        drop(remembered);
        let took = self.clock.now().since(begun).as_micros();
        self.spent.fetch_add(u64::try_from(took).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Time that taking samples has cost since the start.
    #[must_use]
    pub fn spent(&self) -> Duration {
        Duration::from_micros(self.spent.load(Ordering::Relaxed))
    }

    /// What is remembered, and a subscriber of what follows it: all cameras, or the one with this uid.
    #[must_use]
    pub fn subscribe(&self, uid: Option<&str>) -> (Utf8Bytes, Subscriber) {
        // Under the lock no sample comes between the two, nor is one told twice.
        let remembered = self.lock();
        let mut news = self.news.subscribe();
        news.mark_unchanged();
        let group = uid.map_or(Group::All, |uid| Group::One(uid.into()));
        (message::history(&remembered.history, &group).into(), Subscriber { news, group })
    }

    /// How many subscribers there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.news.receiver_count()
    }
}

/// One reader of the samples.
pub struct Subscriber {
    news: watch::Receiver<Option<Arc<News>>>,
    group: Group,
}

impl Subscriber {
    /// The next sample, or the newest if several were missed; `None` when its camera is gone.
    pub async fn next(&mut self) -> Option<Utf8Bytes> {
        loop {
            self.news.changed().await.ok()?;
            let Some(news) = self.news.borrow_and_update().clone() else { continue };
            return news.text(&self.group);
        }
    }
}

impl News {
    fn text(&self, group: &Group) -> Option<Utf8Bytes> {
        let (cell, only) = match group {
            Group::All => (&self.all, None),
            Group::One(uid) => {
                let at = self.step.cameras.iter().position(|camera| camera.uid == *uid)?;
                (&self.each[at], Some(at))
            }
        };
        Some(cell.get_or_init(|| message::sample(&self.step, only).into()).clone())
    }
}

#[cfg(test)]
mod tests;
