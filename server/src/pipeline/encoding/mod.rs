//! One encoded rendition of one camera: made while somebody asks, of the frames that the camera's decoder gives, for all who ask.
//!
//! Frames that are too many are thrown away before they are encoded, never after. A change of the settings is followed by the
//! encoder that runs where it can; else another one is opened, at most once a second, and until then the one before goes on.

mod hider;
mod session;

pub use session::small;

use super::clock::Clock;
use super::counters::{DropCause, StageCounters};
use super::decoding::{Consumer, Decoded, Surroundings, Wants};
use super::demand::{Demand, LINGER};
use super::inject::Inject;
use super::packet::AccessUnit;
use super::pool::{Job, Pool};
use super::rewrap::Rewrap;
use super::status::Status;
use super::thinning::Thinning;
use super::told::Told;
use crate::device::Seat;
use crate::encode::EncoderPlan;
use crate::live::Lease;
use crate::live::hub::{Hub, Item};
use session::Worker;
use sightline_shared::camera::Rendition;
use sightline_shared::encoder::{EncoderSettings, RenditionInfo, RenditionState};
use sightline_shared::scene::Mask;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Frames that wait for the encoder; the oldest goes when one more comes.
const QUEUE: usize = 8;
/// Counters of the stages that work for one rendition alone, and of the one that all share.
#[derive(Clone, Default)]
pub struct EncodingCounters {
    /// Frames in, pictures of the rendition's size out.
    pub process: Arc<StageCounters>,
    /// Pictures in, access units out.
    pub encode: Arc<StageCounters>,
    /// Access units in, chunks out.
    pub fragment: Arc<StageCounters>,
}

/// An encoded rendition.
pub struct Encoding {
    rendition: Rendition,
    hub: Arc<Hub>,
    demand: Demand,
    asked: Mutex<EncoderSettings>,
    masks: Mutex<Arc<[Mask]>>,
    inbox: Mutex<Inbox>,
    worker: Mutex<Worker>,
    rewrap: Mutex<Rewrap>,
    told: Mutex<Told>,
    scheduled: AtomicBool,
    /// Whether there is anything to be let go of when nobody asks.
    active: AtomicBool,
    key_asked: AtomicBool,
    /// Settings changed: what could not be opened before may be now.
    try_again: AtomicBool,
    counters: EncodingCounters,
    status: Arc<Status>,
    pool: Arc<Pool>,
    clock: Arc<dyn Clock>,
    inject: Arc<Inject>,
    seat: Seat,
    me: std::sync::Weak<Self>,
}

#[derive(Default)]
struct Inbox {
    frames: VecDeque<Decoded>,
    thinning: Thinning,
    closed: bool,
}

impl Encoding {
    /// `rendition`, into `hub`; `status` is told of every change of its state.
    pub fn new(
        rendition: Rendition,
        hub: Arc<Hub>,
        asked: EncoderSettings,
        counters: EncodingCounters,
        status: Arc<Status>,
        around: Surroundings,
    ) -> Arc<Self> {
        let Surroundings { pool, clock, inject, seat } = around;
        Arc::new_cyclic(|me| Self {
            rendition,
            demand: Demand::new(clock.clone()),
            asked: Mutex::new(asked),
            masks: Mutex::default(),
            inbox: Mutex::default(),
            worker: Mutex::default(),
            rewrap: Mutex::new(Rewrap::new(rendition, hub.clone())),
            hub,
            told: Mutex::default(),
            scheduled: AtomicBool::new(false),
            active: AtomicBool::new(false),
            key_asked: AtomicBool::new(false),
            try_again: AtomicBool::new(false),
            counters,
            status,
            pool,
            clock,
            inject,
            seat,
            me: me.clone(),
        })
    }

    /// Which one it is.
    pub fn rendition(&self) -> Rendition {
        self.rendition
    }

    /// Its hub.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Asks for it, for as long as the lease is held and a moment longer.
    pub fn lease(self: &Arc<Self>) -> Lease {
        self.demand.take();
        self.active.store(true, Ordering::Release);
        if lock(&self.told).state() == RenditionState::Idle {
            self.tell(RenditionState::Starting, None);
        }
        Lease::held(self.hub.clone(), Box::new(Hold(self.clone())))
    }

    /// Takes other settings from the next frame on.
    pub fn configure(&self, asked: EncoderSettings) {
        *lock(&self.asked) = asked;
        self.try_again.store(true, Ordering::Release);
    }

    /// Hides these pieces of the picture from the next frame on, which is a key frame: who joins sees nothing of the ones before.
    pub fn hide(&self, masks: Arc<[Mask]>) {
        *lock(&self.masks) = masks;
        self.key_frame();
    }

    /// Has the next frame encoded as a key frame.
    pub fn key_frame(&self) {
        self.key_asked.store(true, Ordering::Release);
    }

    /// What it is doing.
    pub fn info(&self) -> RenditionInfo {
        let params = lock(&self.rewrap).params();
        let mut info = lock(&self.told).info(self.rendition, self.clock.now(), params);
        info.viewers = u32::try_from(self.hub.viewers()).unwrap_or(u32::MAX);
        info
    }

    /// What the encoder that runs goes by.
    pub fn plan(&self) -> Option<EncoderPlan> {
        lock(&self.told).plan().cloned()
    }

    /// Publishes a text to its viewers, if there is a picture for it to go with.
    pub fn say(&self, item: &Item) {
        if self.active.load(Ordering::Acquire) {
            self.hub.publish(item.clone());
        }
    }

    /// Passes on sound of the camera.
    pub fn audio(&self, unit: &AccessUnit) {
        if self.active.load(Ordering::Acquire) {
            lock(&self.rewrap).audio(unit, self.clock.now());
        }
    }

    /// Ends it for good.
    pub fn close(&self) {
        lock(&self.inbox).closed = true;
        self.stop(&mut lock(&self.worker));
        self.hub.close();
    }

    fn tell(&self, state: RenditionState, reason: Option<String>) {
        if lock(&self.told).set(state, reason) {
            self.status.touch();
        }
    }

    fn schedule(&self) {
        if !self.scheduled.swap(true, Ordering::AcqRel)
            && let Some(me) = self.me.upgrade()
        {
            self.pool.submit(me);
        }
    }

    /// Whether something is held that nobody asks for any more.
    fn is_idle(&self) -> bool {
        self.active.load(Ordering::Acquire) && !self.demand.wanted()
    }

    /// Lets go of everything.
    fn stop(&self, worker: &mut Worker) {
        let waiting = std::mem::take(&mut lock(&self.inbox).frames).len();
        self.counters.process.dropped(DropCause::Stopped, waiting as u64);
        self.counters.encode.dropped(DropCause::Stopped, worker.forget());
        lock(&self.rewrap).forget();
        self.active.store(false, Ordering::Release);
        self.tell(RenditionState::Idle, None);
    }
}

/// Gives a lease back when it is dropped.
struct Hold(Arc<Encoding>);

impl Drop for Hold {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.0.demand.give_back();
            return;
        };
        // A camera that gives no frames would otherwise keep its encoder until it does.
        if self.0.demand.give_back() {
            let encoding = Arc::downgrade(&self.0);
            runtime.spawn(async move {
                tokio::time::sleep(LINGER + Duration::from_millis(100)).await;
                if let Some(encoding) = encoding.upgrade().filter(|encoding| encoding.is_idle()) {
                    encoding.schedule();
                }
            });
        }
    }
}

impl Consumer for Encoding {
    fn wants(&self) -> Wants {
        if self.demand.wanted() {
            return Wants::All;
        }
        if self.is_idle() {
            self.schedule();
        }
        Wants::Nothing
    }

    fn give(&self, decoded: &Decoded) {
        if !self.demand.wanted() {
            return;
        }
        let fps = if self.rendition == Rendition::Small { Some(15.0) } else { lock(&self.asked).fps };
        // A rate that is not really lower would cost a frame here and there.
        let fps = fps.filter(|fps| *fps < decoded.fps * 0.97);
        let mut inbox = lock(&self.inbox);
        let frame = &decoded.frame;
        if inbox.closed || !inbox.thinning.keeps(fps, frame.epoch, frame.pts, decoded.duration) {
            return;
        }
        self.active.store(true, Ordering::Release);
        self.counters.process.enter();
        if inbox.frames.len() == QUEUE {
            inbox.frames.pop_front();
            self.counters.process.dropped(DropCause::QueueFull, 1);
        }
        inbox.frames.push_back(decoded.clone());
        drop(inbox);
        self.schedule();
    }

    fn decoder(&self, opened: Result<&str, &str>) {
        if let Err(reason) = opened
            && self.demand.wanted()
        {
            self.tell(RenditionState::Failed, Some(reason.to_owned()));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Job for Encoding {
    fn work(&self) -> bool {
        let mut worker = lock(&self.worker);
        if self.is_idle() {
            self.stop(&mut worker);
        }
        // One frame a turn: decoding and analysis have theirs between.
        let mut inbox = lock(&self.inbox);
        let (next, another_waits) = (inbox.frames.pop_front(), !inbox.frames.is_empty());
        drop(inbox);
        if let Some(decoded) = next {
            self.one(&mut worker, &decoded, another_waits);
        }
        drop(worker);
        let more = || !lock(&self.inbox).frames.is_empty() || self.is_idle();
        if more() {
            return true;
        }
        self.scheduled.store(false, Ordering::Release);
        // A frame may have come between the look and the store, and found the flag still set.
        more() && !self.scheduled.swap(true, Ordering::AcqRel)
    }
}

#[cfg(test)]
mod tests;
