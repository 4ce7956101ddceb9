//! What is found in a camera's frames: look, track; one final tracks message a frame. It takes decoded frames, and never holds
//! the decoder up: frames that it has no time to look at get their tracks by prediction.
//!
//! No thread of the pool waits for a model. A frame that a model has stays in the line, and those behind it, until the answer is there
//! or has been waited for for long enough; who answers, and the pool's alarm, bring the camera's turn.

mod eye;
mod line;
mod second;
mod told;
mod work;

use super::batcher::{Called, Engines};
use super::clock::Clock;
use super::counters::StageCounters;
use super::decoding::{Consumer, Decoded, Surroundings, Wants};
use super::frame::Frame;
use super::inject::Inject;
use super::pool::{Job, Pool, Sleeper};
use super::trace::Trace;
use crate::detect::{self, Pace};
use crate::device::Fetcher;
use crate::settings::detect::MOTION;
use crate::track::{CameraShift, Steady, Tracker};
use eye::{By, Eye};
use line::{Line, Moment};
use second::Second;
use sightline_shared::camera::{AnalysisInfo, DetectSettings};
use sightline_shared::tracks::Tracks;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use told::Told;

/// Things done before another camera has its turn.
const TURN: usize = 8;

/// Counters of the stages.
#[derive(Default)]
pub struct AnalysisCounters {
    /// Frames that were to be looked at.
    pub detect: Arc<StageCounters>,
    /// Frames in, tracks messages out.
    pub track: Arc<StageCounters>,
    /// Crops for second models.
    pub second: Arc<StageCounters>,
    /// Looks whose frame had been told when they ended.
    pub late: AtomicU64,
}

/// Where finished tracks go.
pub trait TracksSink: Send + Sync {
    /// The tracks of one frame; false if they belong to no frame that is shown.
    fn tracks(&self, tracks: Tracks) -> bool;
    /// All stages of a traced frame are done.
    fn traced(&self, trace: &Trace);
}

/// Who sees what was found before it is told: zones, lines and events.
pub trait Watch: Send {
    /// The final tracks of one frame, in order of PTS; `looked` is the frame if it was looked at. What the zones have counted by then
    /// is to be put into `tracks.counts`. It is called on a pool thread, between a look and its message: it must not wait.
    ///
    /// An answer that comes after its frame was told with predicted boxes is passed in as well, as soon as it is there, under the
    /// PTS of the frame that was looked at: looks come in the order of their PTS among each other, not among the frames between.
    fn watch(&mut self, tracks: &mut Tracks, looked: Option<&Arc<Frame>>);
}

/// A frame that a model has, or that is the next one to go there.
struct UnderWay {
    number: u64,
    frame: Arc<Frame>,
    moment: Moment,
    shift: Option<CameraShift>,
}

struct Worker {
    eye: Eye,
    by: By,
    settings: DetectSettings,
    tracker: Tracker,
    steady: Option<Steady>,
    seconds: Vec<Second>,
    watch: Option<Box<dyn Watch>>,
    fetcher: Fetcher,
    /// What the model has.
    posted: Option<UnderWay>,
    /// What it gets next: the newest frame that was to be looked at.
    next: Option<UnderWay>,
}

/// Analysis of one camera.
pub struct Analysis {
    line: Mutex<Line>,
    worker: Mutex<Worker>,
    /// It stands in the pool's line, or works.
    scheduled: AtomicBool,
    /// Something came since the worker last looked.
    stirred: AtomicBool,
    /// The pool is to wake it.
    alarm: AtomicBool,
    info: Mutex<Told>,
    key_frames_only: AtomicBool,
    pool: Arc<Pool>,
    counters: Arc<AnalysisCounters>,
    clock: Arc<dyn Clock>,
    inject: Arc<Inject>,
    engines: Arc<Engines>,
    sink: Arc<dyn TracksSink>,
    demo: bool,
    me: Weak<Self>,
}

impl Analysis {
    /// Analysis with `settings`; `demo` adds the refiner that knows the demo camera's square.
    pub fn new(
        settings: &DetectSettings,
        demo: bool,
        counters: Arc<AnalysisCounters>,
        around: Surroundings,
        engines: Arc<Engines>,
        sink: Arc<dyn TracksSink>,
    ) -> Arc<Self> {
        let Surroundings { pool, clock, inject, .. } = around;
        let analysis = Arc::new_cyclic(|me: &Weak<Self>| {
            let worker = Worker {
                eye: Eye::new(settings, demo, &engines, me.clone()),
                by: By::Nobody,
                settings: settings.clone(),
                tracker: Tracker::new(settings, clock.clone()),
                steady: None,
                seconds: Vec::new(),
                watch: None,
                fetcher: Fetcher::default(),
                posted: None,
                next: None,
            };
            Self {
                line: Mutex::new(Line::new(counters.clone())),
                worker: Mutex::new(worker),
                scheduled: AtomicBool::new(false),
                stirred: AtomicBool::new(false),
                alarm: AtomicBool::new(false),
                info: Mutex::default(),
                key_frames_only: AtomicBool::new(false),
                pool,
                counters,
                clock,
                inject,
                engines,
                sink,
                demo,
                me: me.clone(),
            }
        });
        analysis.configure(settings);
        analysis
    }

    /// What it is doing.
    pub fn info(&self) -> AnalysisInfo {
        lock(&self.info).info(&self.counters, self.clock.now())
    }

    /// Has everything that is found from now on seen by `watch`; it stays over changes of settings.
    pub fn watched_by(&self, watch: Box<dyn Watch>) {
        lock(&self.worker).watch = Some(watch);
    }

    /// Takes other settings; the decoder is not touched.
    pub fn configure(&self, settings: &DetectSettings) {
        let mut worker = lock(&self.worker);
        // Before the old places are given up, so that a model that stays in use stays open.
        let eye = Eye::new(settings, self.demo, &self.engines, self.me.clone());
        let second =
            |second| Second::new(settings, second, &self.engines, self.me.clone(), self.counters.second.clone());
        worker.seconds = settings.second.iter().map(second).collect();
        self.call_off(&mut worker);
        (worker.eye, worker.by, worker.settings) = (eye, By::Nobody, settings.clone());
        worker.tracker = Tracker::new(settings, self.clock.clone());
        worker.steady = settings.moving_camera.then(Steady::default);
        self.key_frames_only.store(settings.key_frames_only, Ordering::Relaxed);
        // Key frames are few: each of them is looked at.
        lock(&self.line).pace = Some(Pace::new(if settings.key_frames_only { 0.0 } else { settings.fps }));
        let models = worker.eye.model().into_iter().chain(worker.seconds.iter().map(Second::model)).collect();
        let motion = (settings.model == MOTION).then(|| detect::motion(self.demo).name().to_owned());
        let mut told = lock(&self.info);
        told.on = worker.eye.is_on();
        told.set(settings, motion, models);
    }

    /// Throws away what waits, and what comes; models are given up, and what is held of a device: whoever still has the frames' way in
    /// hand (the pool, a decoder that ends) may do so for longer.
    pub fn close(&self) {
        lock(&self.line).close();
        let mut worker = lock(&self.worker);
        self.call_off(&mut worker);
        worker.seconds.clear();
        (worker.fetcher, worker.steady, worker.watch) = (Fetcher::default(), None, None);
        let none = DetectSettings { model: "none".into(), ..DetectSettings::default() };
        worker.eye = Eye::new(&none, self.demo, &self.engines, self.me.clone());
        lock(&self.info).models.clear();
    }

    fn schedule(&self) {
        // One flag is written and the other one read, here and at the end of a turn: with less than one order for both, each side may
        // miss what the other one wrote, and nobody comes.
        self.stirred.store(true, Ordering::SeqCst);
        if !self.scheduled.swap(true, Ordering::SeqCst)
            && let Some(me) = self.me.upgrade()
        {
            self.pool.submit(me);
        }
    }

    /// Has itself woken when the oldest frame has waited for its look for long enough.
    fn set_alarm(&self) {
        let due = lock(&self.line).waits_until();
        if let Some(due) = due
            && !self.alarm.swap(true, Ordering::AcqRel)
        {
            self.pool.wake_at(due, self.me.clone());
        }
    }
}

impl Sleeper for Analysis {
    fn wake(&self) {
        self.alarm.store(false, Ordering::Release);
        self.schedule();
    }
}

impl Called for Analysis {
    fn answered(&self) {
        self.schedule();
    }
}

impl Consumer for Analysis {
    fn wants(&self) -> Wants {
        match (lock(&self.info).on, self.key_frames_only.load(Ordering::Relaxed)) {
            (false, _) => Wants::Nothing,
            (true, true) => Wants::KeyFrames,
            (true, false) => Wants::All,
        }
    }

    fn give(&self, decoded: &Decoded) {
        let wanted = match self.wants() {
            Wants::Nothing => false,
            Wants::KeyFrames => decoded.key,
            Wants::All => true,
        };
        if wanted {
            lock(&self.line).push(&decoded.frame, decoded.at, decoded.trace.clone());
            self.schedule();
        }
    }

    fn decoder(&self, opened: Result<&str, &str>) {
        lock(&self.info).decoder = Some(opened.map(str::to_owned).map_err(str::to_owned));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Job for Analysis {
    fn work(&self) -> bool {
        self.stirred.store(false, Ordering::Release);
        let mut worker = lock(&self.worker);
        if (0..TURN).all(|_| self.step(&mut worker)) {
            return true;
        }
        drop(worker);
        self.set_alarm();
        self.scheduled.store(false, Ordering::SeqCst);
        // Something may have come after the last step, and found the flag still set.
        self.stirred.load(Ordering::SeqCst) && !self.scheduled.swap(true, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests;
