//! One decoder a stream, shared by all who want its frames: analysis and the encoders of renditions. Nobody wants any: nothing
//! is decoded.

mod fall_back;
mod hand_on;

use super::catch_up::since_key_frame;
use super::clock::{Clock, Mono};
use super::counters::{DropCause, StageCounters};
use super::edge::{Edge, Offered, WhenFull};
use super::frame::Frame;
use super::inject::Inject;
use super::meter::Meter;
use super::packet::{AccessUnit, StreamParams};
use super::pool::{Job, Pool};
use super::trace::Trace;
use crate::decode::{self, DecodeError, Decoder, Opened};
use crate::device::Seat;
use crate::live::hub::Hub;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Access units that wait for the decoder: a second of video.
const QUEUE: usize = 32;
/// Access units done before another camera has its turn.
const TURN: usize = 4;

/// What somebody wants of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wants {
    /// Nothing now.
    #[default]
    Nothing,
    /// Frames that decoding can start at.
    KeyFrames,
    /// Every frame.
    All,
}

/// A decoded frame with what is known of it.
#[derive(Clone)]
pub struct Decoded {
    /// The frame. It lies in the decoder's memory: hold few, and not for long.
    pub frame: Arc<Frame>,
    /// Whether it was a key frame.
    pub key: bool,
    /// Ticks from the frame before it.
    pub duration: u32,
    /// Frames a second that the stream has, by its PTS.
    pub fps: f64,
    /// Number of its access unit.
    pub sequence: u64,
    /// UTC at which the camera says it took it.
    pub captured_utc: Option<Duration>,
    /// The parameters of its epoch.
    pub params: Arc<StreamParams>,
    /// Its stamps, where it is one of those that have some.
    pub trace: Option<Arc<Trace>>,
    /// When it was handed on.
    pub at: Mono,
}

/// Somebody who wants frames. Called by the threads of the pool and of the source: it never waits.
pub trait Consumer: Send + Sync {
    /// What it wants now.
    fn wants(&self) -> Wants;
    /// One frame, in order of presentation; also ones that it did not ask for.
    fn give(&self, decoded: &Decoded);
    /// A decoder was opened, or cannot be had and why.
    fn decoder(&self, opened: Result<&str, &str>);
}

/// The decoder of one stream and those who share it.
pub struct Decoding {
    edge: Edge,
    worker: Mutex<Worker>,
    scheduled: AtomicBool,
    /// Access units since the newest key frame, for a decoder that begins in the middle of a GOP.
    catch_up: Mutex<VecDeque<AccessUnit>>,
    wanted: Mutex<Wants>,
    resting: AtomicBool,
    newest: Mutex<VecDeque<Arc<Frame>>>,
    meter: Mutex<Meter>,
    consumers: Vec<Arc<dyn Consumer>>,
    told: Mutex<Option<Told>>,
    /// Settings changed by which a decoder is chosen.
    choose_again: AtomicBool,
    seat: Seat,
    /// The stream's own hub, where it is viewed.
    hub: Option<Arc<Hub>>,
    pool: Arc<Pool>,
    counters: Arc<StageCounters>,
    clock: Arc<dyn Clock>,
    inject: Arc<Inject>,
    me: std::sync::Weak<Self>,
}

#[derive(Default)]
struct Worker {
    decoder: Option<Box<dyn Decoder>>,
    params: Option<Arc<StreamParams>>,
    frames: Vec<Frame>,
    inside: VecDeque<Inside>,
    /// What another decoder had and could not finish; it goes in before anything else.
    again: VecDeque<Inside>,
    /// Why the device's decoder gave up.
    refused: Option<Refused>,
}

/// Why the device does not decode a stream.
struct Refused {
    params: Arc<StreamParams>,
    reason: String,
    /// The device was lost: it may be there again.
    lost: bool,
}

/// What decodes, and why it is not a device where it is not: both in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// E.g. `software (libavcodec h264)`.
    pub words: String,
    /// In a sentence.
    pub instead: Option<String>,
}

/// An access unit in the decoder.
struct Inside {
    unit: AccessUnit,
    trace: Option<Arc<Trace>>,
    /// When it was offered; `None` where it is but caught up with.
    at: Option<Mono>,
}

/// What all decodings of a camera have in common.
#[derive(Clone)]
pub struct Surroundings {
    /// Threads.
    pub pool: Arc<Pool>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Delays of tests.
    pub inject: Arc<Inject>,
    /// The camera's seat at the devices.
    pub seat: Seat,
}

impl Decoding {
    /// For a stream whose chunks go into `hub`, if it is viewed.
    pub fn new(
        consumers: Vec<Arc<dyn Consumer>>,
        hub: Option<Arc<Hub>>,
        counters: Arc<StageCounters>,
        around: Surroundings,
    ) -> Arc<Self> {
        let Surroundings { pool, clock, inject, seat } = around;
        Arc::new_cyclic(|me| Self {
            edge: Edge::new(QUEUE, WhenFull::DropToKeyFrame, counters.clone()),
            worker: Mutex::default(),
            scheduled: AtomicBool::new(false),
            catch_up: Mutex::default(),
            wanted: Mutex::default(),
            resting: AtomicBool::new(false),
            newest: Mutex::default(),
            meter: Mutex::default(),
            consumers,
            told: Mutex::default(),
            choose_again: AtomicBool::new(false),
            seat,
            hub,
            pool,
            counters,
            clock,
            inject,
            me: me.clone(),
        })
    }

    /// Offers an access unit of video that is in the hub already. Never waits.
    pub fn push(&self, unit: &AccessUnit, trace: Option<Arc<Trace>>) {
        lock(&self.meter).note(unit.duration);
        let wants = self.consumers.iter().map(|consumer| consumer.wants()).max().unwrap_or_default();
        let before = std::mem::replace(&mut *lock(&self.wanted), wants);
        match wants {
            Wants::Nothing => {
                if before > Wants::Nothing {
                    self.rest();
                }
                return;
            }
            Wants::KeyFrames if !unit.key => return self.counters.refused(DropCause::KeyFramesOnly, 1),
            Wants::All if before < Wants::All && !unit.key => {
                if self.begin_in_the_middle(unit) {
                    return;
                }
            }
            Wants::KeyFrames | Wants::All => {}
        }
        if self.edge.push(Offered { unit: unit.clone(), at: self.clock.now(), trace }) {
            self.schedule();
        }
    }

    /// Has the GOP so far decoded, so that nobody waits for the next key frame; true if `unit` is the end of it.
    fn begin_in_the_middle(&self, unit: &AccessUnit) -> bool {
        self.edge.await_key();
        let Some(hub) = &self.hub else { return false };
        let gop = since_key_frame(hub, unit, unit);
        if gop.is_empty() {
            return false;
        }
        *lock(&self.catch_up) = gop;
        self.edge.go_on();
        self.schedule();
        true
    }

    fn rest(&self) {
        self.edge.await_key();
        self.resting.store(true, Ordering::Release);
        self.schedule();
    }

    fn schedule(&self) {
        if !self.scheduled.swap(true, Ordering::AcqRel)
            && let Some(me) = self.me.upgrade()
        {
            self.pool.submit(me);
        }
    }

    /// The newest decoded frames, oldest first; none while nothing is decoded.
    pub fn newest(&self) -> Vec<Arc<Frame>> {
        lock(&self.newest).iter().cloned().collect()
    }

    /// What decodes; `None` while nobody wants frames.
    pub fn told(&self) -> Option<Told> {
        lock(&self.told).clone()
    }

    /// Has a decoder chosen anew at the next key frame.
    pub fn choose_again(&self) {
        self.choose_again.store(true, Ordering::Release);
    }

    /// Frames a second of the stream, by its PTS.
    pub fn fps(&self) -> Option<f64> {
        lock(&self.meter).fps()
    }

    /// Throws away what waits and what the decoder holds.
    pub fn close(&self) {
        self.edge.close();
        lock(&self.catch_up).clear();
        let mut worker = lock(&self.worker);
        worker.decoder = None;
        self.lose_all(&mut worker);
        lock(&self.newest).clear();
        *lock(&self.told) = None;
    }

    /// Counts what is inside as thrown away.
    fn lose(&self, worker: &mut Worker) {
        let lost = worker.inside.drain(..).filter(|inside| inside.at.is_some()).count();
        self.counters.dropped(DropCause::Stopped, lost as u64);
    }

    /// Counts what is inside, and what was to go in again, as thrown away.
    fn lose_all(&self, worker: &mut Worker) {
        let again = std::mem::take(&mut worker.again);
        worker.inside.extend(again);
        self.lose(worker);
    }

    fn one(&self, worker: &mut Worker, inside: Inside) {
        if let Err(cause) = self.open(worker, &inside.unit) {
            self.counters.dropped(cause, u64::from(inside.at.is_some()));
            return;
        }
        self.inject.pause("decode", &*self.clock);
        let Some(decoder) = worker.decoder.as_mut() else { return };
        let result = decoder.decode(&inside.unit, &mut worker.frames);
        match result {
            Ok(()) => worker.inside.push_back(inside),
            Err(DecodeError::Device { reason, lost }) => {
                self.pass_on(worker);
                return self.fall_back(worker, inside, reason, lost);
            }
            Err(e) => {
                tracing::debug!("{e}");
                self.counters.dropped(DropCause::DecodeError, u64::from(inside.at.is_some()));
            }
        }
        self.pass_on(worker);
    }

    /// Has a decoder ready for the unit's parameters.
    fn open(&self, worker: &mut Worker, unit: &AccessUnit) -> Result<(), DropCause> {
        if unit.key && worker.refused.as_ref().is_some_and(|refused| refused.lost && self.seat.card().is_ok()) {
            worker.refused = None;
            self.choose_again.store(true, Ordering::Release);
        }
        let other = unit.key && self.choose_again.swap(false, Ordering::AcqRel);
        if !other && worker.params.as_ref().is_some_and(|params| Arc::ptr_eq(params, &unit.params)) {
            return worker.decoder.as_ref().map(|_| ()).ok_or(DropCause::DecodeError);
        }
        if !unit.key {
            return Err(DropCause::WaitingForKeyFrame);
        }
        self.drain(worker);
        worker.params = Some(unit.params.clone());
        let refused = worker.refused.as_ref().filter(|refused| Arc::ptr_eq(&refused.params, &unit.params));
        let opened = match refused {
            Some(refused) => decode::software(&unit.params, self.clock.clone())
                .map(|decoder| Opened { decoder, instead: Some(refused.reason.clone()) }),
            None => decode::open(&unit.params, self.clock.clone(), &self.seat),
        };
        let told = opened.as_ref().map(|opened| opened.decoder.describe()).map_err(ToString::to_string);
        let words = told.as_ref().map(String::as_str).map_err(String::as_str);
        self.consumers.iter().for_each(|consumer| consumer.decoder(words));
        *lock(&self.told) = match &opened {
            Ok(opened) => told.ok().map(|words| Told { words, instead: opened.instead.clone() }),
            Err(_) => None,
        };
        worker.decoder = opened.ok().map(|opened| opened.decoder);
        worker.decoder.as_ref().map(|_| ()).ok_or(DropCause::DecodeError)
    }

    /// Takes what the old decoder still holds; what does not come out is counted as stopped.
    fn drain(&self, worker: &mut Worker) {
        if let Some(mut decoder) = worker.decoder.take() {
            decoder.flush(&mut worker.frames);
            self.pass_on(worker);
        }
        self.lose(worker);
    }

    /// Lets go of the decoder and of all frames, if nobody has come back meanwhile.
    fn go_to_rest(&self, worker: &mut Worker) {
        if self.resting.swap(false, Ordering::AcqRel) && *lock(&self.wanted) == Wants::Nothing {
            (worker.decoder, worker.params, worker.refused) = (None, None, None);
            self.lose_all(worker);
            lock(&self.newest).clear();
            *lock(&self.told) = None;
        }
    }
}

impl Decoding {
    /// The access unit whose turn it is.
    fn next(&self, worker: &mut Worker) -> Option<Inside> {
        if let Some(again) = worker.again.pop_front() {
            return Some(again);
        }
        if let Some(unit) = lock(&self.catch_up).pop_front() {
            return Some(Inside { unit, trace: None, at: None });
        }
        let Offered { unit, trace, at } = self.edge.pop()?;
        Some(Inside { unit, trace, at: Some(at) })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Job for Decoding {
    fn work(&self) -> bool {
        let mut worker = lock(&self.worker);
        self.go_to_rest(&mut worker);
        for _ in 0..TURN {
            let Some(inside) = self.next(&mut worker) else { break };
            self.one(&mut worker, inside);
        }
        let again = !worker.again.is_empty();
        drop(worker);
        let more = || {
            again || !self.edge.is_empty() || !lock(&self.catch_up).is_empty() || self.resting.load(Ordering::Acquire)
        };
        if more() {
            return true;
        }
        self.scheduled.store(false, Ordering::Release);
        // A unit may have come between the look and the store, and its push saw the flag still set.
        more() && !self.scheduled.swap(true, Ordering::AcqRel)
    }
}

#[cfg(test)]
#[path = "decoding_tests.rs"]
mod tests;
