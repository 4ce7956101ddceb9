//! What is found in a camera's frames: look, track; one final tracks message a frame. It takes decoded frames, and never holds
//! the decoder up: frames that it has no time to look at get their tracks by prediction.

use super::clock::{Clock, Mono};
use super::counters::{DropCause, StageCounters};
use super::decoding::{Consumer, Decoded, Surroundings, Wants};
use super::frame::Frame;
use super::inject::Inject;
use super::pool::{Job, Pool};
use super::trace::Trace;
use crate::detect::{self, Detector, Pace};
use crate::device::Fetcher;
use crate::track::Tracker;
use sightline_shared::camera::{AnalysisInfo, DetectSettings};
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::Tracks;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Frames that wait to be looked at; the oldest is let go of when one more comes.
const FRAMES: usize = 4;
/// Frames of which only the time is known that wait for their turn: four seconds.
const MARKERS: usize = 128;
/// Frames done before another camera has its turn.
const TURN: usize = 4;

/// Counters of the stages.
#[derive(Default)]
pub struct AnalysisCounters {
    /// Frames that were to be looked at.
    pub detect: Arc<StageCounters>,
    /// Frames in, tracks messages out.
    pub track: Arc<StageCounters>,
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

/// A frame on its way through analysis.
struct Waiting {
    /// Where it is to be looked at.
    frame: Option<Arc<Frame>>,
    epoch: Epoch,
    pts: Pts,
    /// When it came.
    at: Mono,
    trace: Option<Arc<Trace>>,
}

#[derive(Default)]
struct Inbox {
    waiting: VecDeque<Waiting>,
    pace: Option<Pace>,
    closed: bool,
}

struct Worker {
    detector: Option<Box<dyn Detector>>,
    tracker: Tracker,
    watch: Option<Box<dyn Watch>>,
    fetcher: Fetcher,
}

/// Analysis of one camera.
pub struct Analysis {
    inbox: Mutex<Inbox>,
    worker: Mutex<Worker>,
    scheduled: AtomicBool,
    info: Mutex<Told>,
    key_frames_only: AtomicBool,
    pool: Arc<Pool>,
    counters: Arc<AnalysisCounters>,
    clock: Arc<dyn Clock>,
    inject: Arc<Inject>,
    sink: Arc<dyn TracksSink>,
    demo: bool,
    me: std::sync::Weak<Self>,
}

/// What is told of it.
#[derive(Default)]
struct Told {
    /// False with the model `none`, and where no detector could be made.
    on: bool,
    reason: Option<String>,
    decoder: Option<Result<String, String>>,
}

impl Analysis {
    /// Analysis with `settings`; `demo` adds the second stage that knows the demo camera's square.
    pub fn new(
        settings: &DetectSettings,
        demo: bool,
        counters: Arc<AnalysisCounters>,
        around: Surroundings,
        sink: Arc<dyn TracksSink>,
    ) -> Arc<Self> {
        let Surroundings { pool, clock, inject, .. } = around;
        let tracker = Tracker::new(settings, clock.clone());
        let worker = Worker { detector: None, tracker, watch: None, fetcher: Fetcher::default() };
        let analysis = Arc::new_cyclic(|me| Self {
            inbox: Mutex::default(),
            worker: Mutex::new(worker),
            scheduled: AtomicBool::new(false),
            info: Mutex::default(),
            key_frames_only: AtomicBool::new(false),
            pool,
            counters,
            clock,
            inject,
            sink,
            demo,
            me: me.clone(),
        });
        analysis.configure(settings);
        analysis
    }

    fn inform(&self, change: impl FnOnce(&mut Told)) {
        change(&mut lock(&self.info));
    }

    /// What it is doing.
    pub fn info(&self) -> AnalysisInfo {
        let told = lock(&self.info);
        let (state, reason) = match (told.on, &told.decoder) {
            (false, _) if told.reason.is_some() => ("failed", told.reason.clone()),
            (false, _) => ("off", None),
            (true, Some(Err(reason))) => ("failed", Some(reason.clone())),
            (true, Some(Ok(_))) => ("on", told.reason.clone()),
            (true, None) => ("waiting", None),
        };
        let window = Duration::from_secs(4);
        let looks = || self.counters.detect.left_within(self.clock.now(), window) as f64 / window.as_secs_f64();
        let fps = (state == "on").then(looks);
        let decoder = told.decoder.clone().and_then(Result::ok);
        AnalysisInfo { state: state.into(), reason, fps, decoder, ..AnalysisInfo::default() }
    }

    /// Has everything that is found from now on seen by `watch`; it stays over changes of settings.
    pub fn watched_by(&self, watch: Box<dyn Watch>) {
        lock(&self.worker).watch = Some(watch);
    }

    /// Takes other settings; the decoder is not touched.
    pub fn configure(&self, settings: &DetectSettings) {
        let mut worker = lock(&self.worker);
        worker.tracker = Tracker::new(settings, self.clock.clone());
        self.key_frames_only.store(settings.key_frames_only, Ordering::Relaxed);
        // Key frames are few: each of them is looked at.
        lock(&self.inbox).pace = Some(Pace::new(if settings.key_frames_only { 0.0 } else { settings.fps }));
        let built = detect::build(settings, self.demo);
        self.inform(|told| {
            told.on = matches!(built, Ok(Some(_)));
            told.reason = built.as_ref().err().map(ToString::to_string);
        });
        worker.detector = built.unwrap_or_default();
    }

    /// Throws away what waits, and what comes.
    pub fn close(&self) {
        let mut inbox = lock(&self.inbox);
        inbox.closed = true;
        for waiting in std::mem::take(&mut inbox.waiting) {
            self.throw_away(&waiting, DropCause::Stopped);
        }
    }

    fn throw_away(&self, waiting: &Waiting, cause: DropCause) {
        let counters = if waiting.frame.is_some() { &self.counters.detect } else { &self.counters.track };
        counters.dropped(cause, 1);
    }

    fn one(&self, worker: &mut Worker, waiting: Waiting) {
        let mut since = waiting.at;
        let looked = waiting.frame.as_deref().and_then(|frame| {
            let looked = self.look(worker, frame, &waiting);
            since = self.clock.now();
            self.counters.track.enter();
            looked
        });
        let seen = waiting.frame.as_ref().filter(|_| looked.is_some());
        let mut tracks = worker.tracker.update(waiting.epoch, waiting.pts, looked);
        if let Some(watch) = &mut worker.watch {
            watch.watch(&mut tracks, seen);
        }
        self.inject.pause("track", &*self.clock);
        let told = self.sink.tracks(tracks);
        let now = self.clock.now();
        if !told {
            return self.counters.track.dropped(DropCause::Unpaired, 1);
        }
        self.counters.track.leave(now, now.since(since));
        if let Some(trace) = &waiting.trace {
            trace.mark("track", None, now);
            self.sink.traced(trace);
        }
    }

    fn look(&self, worker: &mut Worker, frame: &Frame, waiting: &Waiting) -> Option<Vec<detect::Detection>> {
        self.inject.pause("detect", &*self.clock);
        let Some(detector) = worker.detector.as_mut() else {
            self.counters.detect.dropped(DropCause::Stopped, 1);
            return None;
        };
        let fetched = worker.fetcher.fetch(frame, detector.sight()).map_err(|e| e.to_string());
        let looked =
            fetched.and_then(|fetched| detector.look(fetched.as_ref().unwrap_or(frame)).map_err(|e| e.to_string()));
        let now = self.clock.now();
        self.counters.detect.on_device(now, &worker.fetcher.device_times());
        match looked {
            Ok(found) => {
                self.counters.detect.leave(now, now.since(waiting.at));
                if let Some(trace) = &waiting.trace {
                    trace.mark("detect", None, now);
                }
                Some(found)
            }
            Err(e) => {
                self.counters.detect.dropped(DropCause::DecodeError, 1);
                self.inform(|told| told.reason = Some(format!("Some frames could not be looked at: {e}.")));
                None
            }
        }
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
        if !wanted {
            return;
        }
        let (epoch, pts) = (decoded.frame.epoch, decoded.frame.pts);
        let mut inbox = lock(&self.inbox);
        if inbox.closed {
            return;
        }
        let due = inbox.pace.as_mut().is_none_or(|pace| pace.due(epoch, pts));
        let frame = due.then(|| decoded.frame.clone());
        if due {
            self.counters.detect.enter();
        } else {
            self.counters.track.enter();
        }
        inbox.waiting.push_back(Waiting { frame, epoch, pts, at: decoded.at, trace: decoded.trace.clone() });
        self.make_room(&mut inbox);
        drop(inbox);
        if !self.scheduled.swap(true, Ordering::AcqRel)
            && let Some(me) = self.me.upgrade()
        {
            self.pool.submit(me);
        }
    }

    fn decoder(&self, opened: Result<&str, &str>) {
        self.inform(|told| told.decoder = Some(opened.map(str::to_owned).map_err(str::to_owned)));
    }
}

impl Analysis {
    /// Lets go of the oldest frame where too many wait: it will not be looked at, but has its tracks all the same.
    fn make_room(&self, inbox: &mut Inbox) {
        if inbox.waiting.iter().filter(|waiting| waiting.frame.is_some()).count() > FRAMES
            && let Some(oldest) = inbox.waiting.iter_mut().find(|waiting| waiting.frame.is_some())
        {
            oldest.frame = None;
            self.counters.detect.dropped(DropCause::QueueFull, 1);
            self.counters.track.enter();
        }
        if inbox.waiting.len() > MARKERS
            && let Some(oldest) = inbox.waiting.pop_front()
        {
            self.throw_away(&oldest, DropCause::QueueFull);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Job for Analysis {
    fn work(&self) -> bool {
        let mut worker = lock(&self.worker);
        for _ in 0..TURN {
            let Some(waiting) = lock(&self.inbox).waiting.pop_front() else { break };
            self.one(&mut worker, waiting);
        }
        drop(worker);
        let more = || !lock(&self.inbox).waiting.is_empty();
        if more() {
            return true;
        }
        self.scheduled.store(false, Ordering::Release);
        // A frame may have come between the look and the store, and found the flag still set.
        more() && !self.scheduled.swap(true, Ordering::AcqRel)
    }
}
