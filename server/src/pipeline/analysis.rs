//! What is done with a camera's access units beside showing them: decode, look, track; one final tracks message a frame.

use super::clock::Clock;
use super::counters::{DropCause, StageCounters};
use super::edge::{Edge, WhenFull};
use super::frame::Frame;
use super::packet::{AccessUnit, StreamParams};
use super::pool::{Job, Pool};
use crate::decode::{self, DecodeError, Decoder};
use crate::detect::{self, Detector, Pace};
use crate::track::Tracker;
use sightline_shared::camera::{AnalysisInfo, DetectSettings};
use sightline_shared::tracks::Tracks;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Access units that wait for the decoder: a second of video.
const QUEUE: usize = 32;
/// Access units done before another camera has its turn.
const TURN: usize = 4;

/// Counters of the three stages.
#[derive(Default)]
pub struct AnalysisCounters {
    /// Access units in, frames out.
    pub decode: Arc<StageCounters>,
    /// Frames looked at.
    pub detect: Arc<StageCounters>,
    /// Frames in, tracks messages out; the time is from the frame's arrival.
    pub track: Arc<StageCounters>,
}

/// Where finished tracks go.
pub type TracksSink = Arc<dyn Fn(Tracks) -> bool + Send + Sync>;

/// Analysis of one camera.
pub struct Analysis {
    edge: Edge,
    worker: Mutex<Worker>,
    scheduled: AtomicBool,
    info: Mutex<AnalysisInfo>,
    key_frames_only: AtomicBool,
    pool: Arc<Pool>,
    counters: Arc<AnalysisCounters>,
    clock: Arc<dyn Clock>,
    sink: TracksSink,
    demo: bool,
}

struct Worker {
    settings: DetectSettings,
    detector: Option<Box<dyn Detector>>,
    tracker: Tracker,
    pace: Pace,
    decoder: Option<Box<dyn Decoder>>,
    params: Option<Arc<StreamParams>>,
    frames: Vec<Frame>,
    /// Access units inside the decoder, held back for reordering.
    inside: u64,
}

impl Analysis {
    /// Analysis with `settings`; `demo` adds the second stage that knows the demo camera's square.
    pub fn new(
        settings: &DetectSettings,
        demo: bool,
        pool: Arc<Pool>,
        counters: Arc<AnalysisCounters>,
        clock: Arc<dyn Clock>,
        sink: TracksSink,
    ) -> Arc<Self> {
        let worker = Worker {
            settings: settings.clone(),
            detector: None,
            tracker: Tracker::new(settings, clock.clone()),
            pace: Pace::new(settings.fps),
            decoder: None,
            params: None,
            frames: Vec::new(),
            inside: 0,
        };
        let analysis = Self {
            edge: Edge::new(QUEUE, WhenFull::DropToKeyFrame, counters.decode.clone()),
            worker: Mutex::new(worker),
            scheduled: AtomicBool::new(false),
            info: Mutex::default(),
            key_frames_only: AtomicBool::new(false),
            pool,
            counters,
            clock,
            sink,
            demo,
        };
        analysis.configure(settings);
        Arc::new(analysis)
    }

    fn worker(&self) -> MutexGuard<'_, Worker> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inform(&self, change: impl FnOnce(&mut AnalysisInfo)) {
        change(&mut self.info.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What it is doing.
    pub fn info(&self) -> AnalysisInfo {
        let mut info = self.info.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let window = Duration::from_secs(4);
        if info.state == "on" {
            info.fps = Some(self.counters.detect.left_within(self.clock.now(), window) as f64 / window.as_secs_f64());
        }
        info
    }

    /// Takes other settings; the picture and its decoder are not touched.
    pub fn configure(&self, settings: &DetectSettings) {
        let mut worker = self.worker();
        worker.settings = settings.clone();
        worker.tracker = Tracker::new(settings, self.clock.clone());
        worker.pace = Pace::new(settings.fps);
        self.key_frames_only.store(settings.key_frames_only, Ordering::Relaxed);
        let built = detect::build(settings, self.demo);
        self.inform(|info| {
            *info = match &built {
                Ok(Some(_)) => AnalysisInfo { state: "waiting".into(), ..AnalysisInfo::default() },
                Ok(None) => AnalysisInfo { state: "off".into(), ..AnalysisInfo::default() },
                Err(e) => {
                    AnalysisInfo { state: "failed".into(), reason: Some(e.to_string()), ..AnalysisInfo::default() }
                }
            };
        });
        worker.detector = built.unwrap_or_default();
        worker.decoder = None;
        worker.params = None;
        self.counters.decode.dropped(DropCause::Stopped, std::mem::take(&mut worker.inside));
    }

    /// Offers an access unit of video. Never waits.
    pub fn push(self: &Arc<Self>, unit: &AccessUnit) {
        if self.info.lock().unwrap_or_else(PoisonError::into_inner).state == "off" {
            return;
        }
        if self.key_frames_only.load(Ordering::Relaxed) && !unit.key {
            self.counters.decode.enter();
            self.counters.decode.dropped(DropCause::KeyFramesOnly, 1);
            return;
        }
        if self.edge.push(unit.clone()) && !self.scheduled.swap(true, Ordering::AcqRel) {
            self.pool.submit(self.clone());
        }
    }

    /// Throws away what waits.
    pub fn close(&self) {
        self.edge.close();
    }

    fn one(&self, worker: &mut Worker, unit: &AccessUnit) {
        if let Err(cause) = self.open(worker, unit) {
            self.counters.decode.dropped(cause, 1);
            return;
        }
        let Some(decoder) = worker.decoder.as_mut() else { return };
        let started = self.clock.now();
        let result = decoder.decode(unit, &mut worker.frames);
        let took = self.clock.now().since(started);
        match result {
            Ok(()) => worker.inside += 1,
            Err(e) => {
                tracing::debug!("{e}");
                self.counters.decode.dropped(DropCause::DecodeError, 1);
            }
        }
        self.pass_on(worker, took);
    }

    /// Has a decoder ready for the unit's parameters.
    fn open(&self, worker: &mut Worker, unit: &AccessUnit) -> Result<(), DropCause> {
        if worker.params.as_ref().is_some_and(|params| Arc::ptr_eq(params, &unit.params)) {
            return worker.decoder.as_ref().map(|_| ()).ok_or(DropCause::DecodeError);
        }
        if !unit.key {
            return Err(DropCause::WaitingForKeyFrame);
        }
        self.drain(worker);
        worker.params = Some(unit.params.clone());
        match decode::open(&unit.params, self.clock.clone()) {
            Ok(decoder) => {
                self.inform(|info| {
                    info.state = "on".into();
                    info.reason = None;
                    info.decoder = Some(decoder.describe());
                });
                worker.decoder = Some(decoder);
                Ok(())
            }
            Err(DecodeError::Unsupported(reason) | DecodeError::Damaged { reason, .. }) => {
                self.inform(|info| {
                    info.state = "failed".into();
                    info.reason = Some(reason);
                });
                worker.decoder = None;
                Err(DropCause::DecodeError)
            }
        }
    }

    /// Takes what the old decoder still holds; what does not come out is counted as stopped.
    fn drain(&self, worker: &mut Worker) {
        let Some(mut decoder) = worker.decoder.take() else { return };
        decoder.flush(&mut worker.frames);
        self.pass_on(worker, Duration::ZERO);
        self.counters.decode.dropped(DropCause::Stopped, std::mem::take(&mut worker.inside));
    }

    /// Looks at what came out of the decoder. A frame that it made of a damaged unit is one more than went in well.
    fn pass_on(&self, worker: &mut Worker, took: Duration) {
        for frame in std::mem::take(&mut worker.frames) {
            if worker.inside > 0 {
                worker.inside -= 1;
                self.counters.decode.leave(self.clock.now(), took);
            }
            self.look(worker, &frame);
        }
    }

    fn look(&self, worker: &mut Worker, frame: &Frame) {
        self.counters.track.enter();
        let due = worker.pace.due(frame.epoch, frame.pts) || worker.settings.key_frames_only;
        let mut looked = None;
        if let Some(detector) = worker.detector.as_mut().filter(|_| due) {
            self.counters.detect.enter();
            let started = self.clock.now();
            match detector.look(frame) {
                Ok(found) => {
                    looked = Some(found);
                    self.counters.detect.leave(self.clock.now(), self.clock.now().since(started));
                }
                Err(e) => {
                    self.counters.detect.dropped(DropCause::DecodeError, 1);
                    self.inform(|info| info.reason = Some(format!("Some frames could not be looked at: {e}.")));
                }
            }
        }
        let tracks = worker.tracker.update(frame.epoch, frame.pts, looked);
        if (self.sink)(tracks) {
            let now = self.clock.now();
            self.counters.track.leave(now, now.since(frame.arrived));
        } else {
            self.counters.track.dropped(DropCause::Unpaired, 1);
        }
    }
}

impl Job for Analysis {
    fn work(&self) -> bool {
        let mut worker = self.worker();
        for _ in 0..TURN {
            let Some(unit) = self.edge.pop() else { break };
            self.one(&mut worker, &unit);
        }
        drop(worker);
        if !self.edge.is_empty() {
            return true;
        }
        self.scheduled.store(false, Ordering::Release);
        // A unit may have come between the look and the store, and its push saw the flag still set.
        !self.edge.is_empty() && !self.scheduled.swap(true, Ordering::AcqRel)
    }
}
