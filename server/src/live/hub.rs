//! The hub of one rendition: its newest GOPs as shared bytes, and cursors that read them.
//!
//! Publishing never waits for a reader. A reader that is too slow, or was overrun, goes on at the newest key frame and is
//! told how many chunks it missed, so that for each cursor: chunks since its start = delivered + dropped + still to come.

use super::flow::Flow;
mod cursor;

pub use cursor::Cursor;

use crate::fragment::{Chunk, InitSet};
use crate::pipeline::clock::Mono;
use sightline_shared::time::{Epoch, Pts};
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::sync::watch;

/// What flows through a hub, in order.
#[derive(Clone, Debug)]
pub enum Item {
    /// An epoch begins.
    Init(Arc<InitSet>),
    /// One frame.
    Chunk(Arc<Chunk>),
    /// A serialised text message: tracks, stages.
    Text(Arc<str>),
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Init(init) => init.bytes(),
            Self::Chunk(chunk) => chunk.message.len(),
            Self::Text(text) => text.len(),
        }
    }
}

/// How much a hub keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubLimits {
    /// Bytes of items; the oldest go first, whatever they are.
    pub max_bytes: usize,
    /// GOPs that are kept, the unfinished one included; more where they are shorter than `max_lag` together.
    pub keep_gops: usize,
    /// How far a reader may be behind the newest chunk, in time of arrival, once there is a newer key frame to go on at. Arrival and not
    /// PTS: a burst after a stall of the camera's network is not the reader's fault, and across epochs PTS say nothing.
    pub max_lag: Duration,
}

impl Default for HubLimits {
    fn default() -> Self {
        Self { max_bytes: 8 << 20, keep_gops: 2, max_lag: Duration::from_millis(1500) }
    }
}

/// What a cursor gives next.
#[derive(Clone, Debug)]
pub enum Next {
    /// The next item.
    Item(Item),
    /// Chunks were left out; an `Init` follows if the epoch changed, then a key frame.
    Dropped {
        /// How many.
        count: u64,
    },
    /// The hub was closed and everything was read.
    Closed,
}

/// Sees every item of a hub beside its readers, such as what keeps the newest minutes for clips.
pub trait Tap: Send + Sync {
    /// An item was published. Called in the order of the items, while the hub is locked: it has to be quick and may not
    /// call the hub.
    fn item(&self, item: &Item);
}

/// The newest GOPs of one rendition.
pub struct Hub {
    limits: HubLimits,
    tap: Option<Arc<dyn Tap>>,
    ring: RwLock<Ring>,
    /// Wakes cursors; counts published items.
    wake: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    /// Number of `entries[0]`; items are numbered from 0 over the hub's life.
    first: u64,
    bytes: usize,
    /// Numbers of the video key frames in the ring that follow the newest `Init`, oldest first.
    keys: VecDeque<u64>,
    /// Chunks ever published.
    chunks: u64,
    total: Flow,
    step: Flow,
    init: Option<Arc<InitSet>>,
    newest: Option<(Epoch, Pts)>,
    newest_arrival: Mono,
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    item: Item,
    /// Chunks published before this item.
    chunks_before: u64,
    /// Arrival of the newest chunk when this was published.
    arrived: Mono,
}

impl Hub {
    /// An empty hub.
    #[must_use]
    pub fn new(limits: HubLimits) -> Arc<Self> {
        Self::make(limits, None)
    }

    /// An empty hub whose every item `tap` sees.
    #[must_use]
    pub fn with_tap(limits: HubLimits, tap: Arc<dyn Tap>) -> Arc<Self> {
        Self::make(limits, Some(tap))
    }

    fn make(limits: HubLimits, tap: Option<Arc<dyn Tap>>) -> Arc<Self> {
        Arc::new(Self { limits, tap, ring: RwLock::default(), wake: watch::Sender::new(0) })
    }

    /// Adds an item and wakes the readers; waits for nobody. After [`Self::close`] it does nothing.
    pub fn publish(&self, item: Item) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.closed {
            return;
        }
        if let Some(tap) = &self.tap {
            tap.item(&item);
        }
        ring.push(item);
        ring.trim(&self.limits);
        let published = ring.end();
        drop(ring);
        self.wake.send_replace(published);
    }

    /// A new reader: the current `Init`, then from the newest key frame on, texts included. Where there is no key frame (yet,
    /// or the GOP outgrew the ring), it starts at the next one; that counts as nothing dropped. Its place is taken at its first look, and counting begins there.
    #[must_use]
    pub fn join(self: &Arc<Self>) -> Cursor {
        Cursor::new(self)
    }

    /// Forgets what is kept: who joins now waits for what is published from now on.
    pub fn forget(&self) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let end = ring.end();
        ring.pop_before(end);
        ring.keys.clear();
        (ring.init, ring.newest) = (None, None);
    }

    /// The video chunks from the key frame that the one at `first` refers to up to the one at `last`, in order of decoding; none where
    /// the ring does not have all of them.
    #[must_use]
    pub fn since_key_frame(&self, epoch: Epoch, first: Pts, last: Pts) -> Vec<Arc<Chunk>> {
        let ring = self.read();
        let newest_first = ring.entries.iter().rev().filter_map(|entry| match &entry.item {
            Item::Chunk(chunk) if !chunk.is_audio() && chunk.header.epoch == epoch => Some(chunk),
            _ => None,
        });
        let (mut run, mut reached) = (Vec::new(), false);
        for chunk in newest_first.skip_while(|chunk| chunk.header.pts != last) {
            run.push(Arc::clone(chunk));
            reached |= chunk.header.pts == first;
            if reached && chunk.is_key() {
                run.reverse();
                return run;
            }
        }
        Vec::new()
    }

    /// Nothing more will come: readers get [`Next::Closed`] after what is left.
    pub fn close(&self) {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.wake.send_modify(|_| {});
    }

    /// How many cursors there are.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.wake.receiver_count()
    }

    /// Bytes of the items that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.read().bytes
    }

    /// Chunks ever published.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.read().chunks
    }

    /// Video since the start.
    #[must_use]
    pub fn total(&self) -> Flow {
        self.read().total
    }

    /// Video since this was last called: for the one that takes the samples of telemetry, and nobody else.
    pub fn take_step(&self) -> Flow {
        std::mem::take(&mut self.ring.write().unwrap_or_else(PoisonError::into_inner).step)
    }

    /// Epoch and PTS of the newest video chunk.
    #[must_use]
    pub fn newest(&self) -> Option<(Epoch, Pts)> {
        self.read().newest
    }

    /// The init segments of the current epoch.
    #[must_use]
    pub fn last_init(&self) -> Option<Arc<InitSet>> {
        self.read().init.clone()
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("limits", &self.limits).field("chunks", &self.chunks()).finish_non_exhaustive()
    }
}

impl Ring {
    fn push(&mut self, item: Item) {
        let chunks_before = self.chunks;
        match &item {
            Item::Init(init) => {
                self.init = Some(Arc::clone(init));
                // A joiner gets this init: the key frames before it are of another epoch.
                self.keys.clear();
            }
            Item::Chunk(chunk) => {
                self.chunks += 1;
                self.newest_arrival = self.newest_arrival.max(chunk.arrived);
                if chunk.is_key() && !chunk.is_audio() {
                    self.keys.push_back(self.end());
                }
                if !chunk.is_audio() {
                    self.total.note(chunk);
                    self.step.note(chunk);
                    self.newest = Some((chunk.header.epoch, chunk.header.pts));
                }
            }
            Item::Text(_) => {}
        }
        self.bytes += item.bytes();
        self.entries.push_back(Entry { item, chunks_before, arrived: self.newest_arrival });
    }

    /// Number that the next item will have.
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn trim(&mut self, limits: &HubLimits) {
        while self.bytes > limits.max_bytes && self.entries.len() > 1 {
            self.pop();
        }
        // GOPs that are too many go, as long as readers within the allowed lag are not overrun: with a key frame every
        // frame, two GOPs are two frames.
        while self.keys.len() > limits.keep_gops.max(1)
            && let Some(entry) = self.entry(self.keys[1])
            && self.newest_arrival.since(entry.arrived) > limits.max_lag
        {
            self.pop_before(self.keys[1]);
        }
        // What is left of earlier epochs, or of a GOP that lost its key frame, serves only readers within the allowed lag.
        if let Some(&key) = self.keys.front() {
            while self.first < key
                && let Some(entry) = self.entries.front()
                && self.newest_arrival.since(entry.arrived) > limits.max_lag
            {
                self.pop();
            }
        }
    }

    fn pop_before(&mut self, number: u64) {
        while self.first < number && !self.entries.is_empty() {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        self.bytes -= entry.item.bytes();
        if self.keys.front() == Some(&self.first) {
            self.keys.pop_front();
        }
        self.first += 1;
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get(index)
    }
}

#[cfg(test)]
mod tests;
