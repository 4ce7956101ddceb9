//! A reader of a hub: where it is, what it missed, and where it goes on.

use super::{Hub, Item, Next, Ring};
use crate::fragment::InitSet;
use std::sync::Arc;
use tokio::sync::watch;

/// A reader of a hub; a few words, nothing else is made for it. Dropping it leaves the hub.
#[derive(Debug)]
pub struct Cursor {
    hub: Arc<Hub>,
    wake: watch::Receiver<u64>,
    /// Number of the next item.
    at: u64,
    /// Chunks published before the next item.
    chunks: u64,
    state: State,
    /// The newest init that was delivered.
    init: Option<Arc<InitSet>>,
    init_due: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Waits for its first key frame.
    Joining,
    /// Reads item after item.
    Following,
    /// Was overrun or too slow: goes on at the newest key frame, or the next one if there is none.
    Lost,
}

impl Cursor {
    pub(super) fn new(hub: &Arc<Hub>) -> Self {
        Self {
            wake: hub.wake.subscribe(),
            hub: Arc::clone(hub),
            at: 0,
            chunks: 0,
            state: State::Joining,
            init: None,
            init_due: false,
        }
    }

    /// The next item, as soon as there is one. May be dropped while waiting without losing anything.
    pub async fn next(&mut self) -> Next {
        loop {
            self.wake.borrow_and_update();
            if let Some(next) = self.try_next() {
                return next;
            }
            if self.wake.changed().await.is_err() {
                return Next::Closed;
            }
        }
    }

    /// The next item if there is one now.
    pub fn try_next(&mut self) -> Option<Next> {
        let hub = Arc::clone(&self.hub);
        let ring = hub.read();
        if self.state == State::Following && self.is_lost(&ring) {
            self.state = State::Lost;
        }
        if self.state != State::Following
            && let Some(next) = self.go_to_key(&ring)
        {
            return Some(next);
        }
        if self.state == State::Following
            && let Some(item) = self.due_init(&ring).or_else(|| self.step(&ring))
        {
            return Some(Next::Item(item));
        }
        if ring.closed { Some(self.end(&ring)) } else { None }
    }

    /// The end of a closed hub; what a lost reader will now never get is told first.
    fn end(&mut self, ring: &Ring) -> Next {
        let count = ring.chunks - self.chunks;
        if self.state != State::Lost || count == 0 {
            return Next::Closed;
        }
        self.chunks = ring.chunks;
        Next::Dropped { count }
    }

    /// Overrun by the ring, or further behind than allowed while there is a newer key frame to go on at. Within the newest
    /// GOP a reader is never moved: it would have to wait for a key frame that may not come.
    fn is_lost(&self, ring: &Ring) -> bool {
        if self.at < ring.first {
            return true;
        }
        let behind =
            ring.entry(self.at).is_some_and(|entry| ring.newest_arrival.since(entry.arrived) > self.hub.limits.max_lag);
        behind && ring.keys.back().is_some_and(|&key| key > self.at)
    }

    /// Goes to the newest key frame, if there is one that this reader has not passed.
    fn go_to_key(&mut self, ring: &Ring) -> Option<Next> {
        let &key = ring.keys.back().filter(|&&key| key >= self.at)?;
        let chunks = ring.entry(key)?.chunks_before;
        let count = if self.state == State::Lost { chunks - self.chunks } else { 0 };
        let delivered = self.init.as_ref().map(Arc::as_ptr);
        (self.at, self.chunks, self.state) = (key, chunks, State::Following);
        self.init_due = ring.init.as_ref().map(Arc::as_ptr) != delivered;
        (count > 0).then_some(Next::Dropped { count })
    }

    fn due_init(&mut self, ring: &Ring) -> Option<Item> {
        if !std::mem::take(&mut self.init_due) {
            return None;
        }
        self.init.clone_from(&ring.init);
        self.init.clone().map(Item::Init)
    }

    fn step(&mut self, ring: &Ring) -> Option<Item> {
        let item = ring.entry(self.at)?.item.clone();
        self.at += 1;
        match &item {
            Item::Chunk(_) => self.chunks += 1,
            Item::Init(init) => self.init = Some(Arc::clone(init)),
            Item::Text(_) => {}
        }
        Some(item)
    }
}
