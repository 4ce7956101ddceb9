//! A bounded edge between two stages. Its full-policy has a name, and what it throws away is counted.

use super::clock::Mono;
use super::counters::{DropCause, StageCounters};
use super::packet::AccessUnit;
use super::trace::Trace;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What a full edge does with the next item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The producer waits: for inputs that have no clock, where nothing may be lost.
    Block,
    /// Everything that waits is thrown away, and what comes is too until the next key frame: the consumer is behind, and
    /// later items cannot be decoded without the earlier ones.
    DropToKeyFrame,
}

/// An access unit on its way to the decoder.
pub struct Offered {
    /// The unit.
    pub unit: AccessUnit,
    /// When it was offered.
    pub at: Mono,
    /// Its stamps, where it is one of those that have some.
    pub trace: Option<Arc<Trace>>,
}

struct State {
    items: VecDeque<Offered>,
    awaiting_key: bool,
    closed: bool,
}

/// The edge. The counters are those of the stage behind it: an item is entered when it is pushed, and whoever pops it
/// reports it as passed on or dropped.
pub struct Edge {
    state: Mutex<State>,
    room: Condvar,
    capacity: usize,
    when_full: WhenFull,
    counters: Arc<StageCounters>,
}

impl Edge {
    /// An empty edge for at most `capacity` items.
    #[must_use]
    pub fn new(capacity: usize, when_full: WhenFull, counters: Arc<StageCounters>) -> Self {
        let state = State { items: VecDeque::with_capacity(capacity), awaiting_key: true, closed: false };
        Self { state: Mutex::new(state), room: Condvar::new(), capacity, when_full, counters }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers an item; true if it now waits in the edge.
    pub fn push(&self, item: Offered) -> bool {
        self.counters.enter();
        let mut state = self.lock();
        while self.when_full == WhenFull::Block && state.items.len() >= self.capacity && !state.closed {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            self.counters.dropped(DropCause::Stopped, 1);
            return false;
        }
        if state.items.len() >= self.capacity {
            self.counters.dropped(DropCause::QueueFull, state.items.len() as u64);
            state.items.clear();
            state.awaiting_key = true;
        }
        if state.awaiting_key && !item.unit.key {
            let cause = if item.unit.sequence == 0 { DropCause::WaitingForKeyFrame } else { DropCause::QueueFull };
            self.counters.dropped(cause, 1);
            return false;
        }
        state.awaiting_key = false;
        state.items.push_back(item);
        true
    }

    /// Takes the oldest item.
    pub fn pop(&self) -> Option<Offered> {
        let item = self.lock().items.pop_front();
        self.room.notify_one();
        item
    }

    /// What comes next can be decoded without a key frame: the consumer has caught up by other means.
    pub fn go_on(&self) {
        self.lock().awaiting_key = false;
    }

    /// What comes next cannot be decoded before a key frame.
    pub fn await_key(&self) {
        self.lock().awaiting_key = true;
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Whether no item waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Throws away what waits and refuses what comes.
    pub fn close(&self) {
        let mut state = self.lock();
        self.counters.dropped(DropCause::Stopped, state.items.len() as u64);
        state.items.clear();
        state.closed = true;
        self.room.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::testing::access_unit;
    use super::*;
    use std::time::Duration;

    fn offered(n: u64, key: bool) -> Offered {
        Offered { unit: access_unit(n, key), at: Mono::default(), trace: None }
    }

    fn edge(capacity: usize, when_full: WhenFull) -> (Edge, Arc<StageCounters>) {
        let counters = Arc::new(StageCounters::default());
        (Edge::new(capacity, when_full, counters.clone()), counters)
    }

    #[test]
    fn a_full_edge_drops_to_the_next_key_frame_and_counts_every_item() {
        let (edge, counters) = edge(4, WhenFull::DropToKeyFrame);
        // Key frames at 0, 10, 20: four wait, the fifth empties the edge, five more are refused until the key frame at 10.
        for n in 0..24 {
            edge.push(offered(n, n % 10 == 0));
        }
        let report = counters.report(Mono::default(), Duration::from_secs(1));
        let dropped: u64 = report.dropped.values().sum();
        assert_eq!(report.entered, 24);
        assert_eq!(report.entered, report.left + report.held + dropped);
        assert_eq!(edge.len() as u64, report.held);
        assert_eq!(dropped, 20);
        assert_eq!(edge.pop().map(|item| item.unit.sequence), Some(20));
    }

    #[test]
    fn a_blocking_edge_loses_nothing() {
        let (edge, counters) = edge(2, WhenFull::Block);
        let edge = Arc::new(edge);
        let producer = edge.clone();
        let thread = std::thread::Builder::new()
            .name("producer".into())
            .spawn(move || (0..500).filter(|n| producer.push(offered(*n, *n == 0))).count())
            .unwrap();
        let mut seen = Vec::new();
        while seen.len() < 500 {
            match edge.pop() {
                Some(item) => {
                    seen.push(item.unit.sequence);
                    counters.leave(Mono::default(), Duration::ZERO);
                }
                None => std::thread::yield_now(),
            }
        }
        assert_eq!(thread.join().unwrap(), 500);
        assert_eq!(seen, (0..500).collect::<Vec<_>>());
        assert_eq!(counters.held(), 0);
    }

    #[test]
    fn a_closed_edge_counts_what_it_held() {
        let (edge, counters) = edge(4, WhenFull::DropToKeyFrame);
        edge.push(offered(0, true));
        edge.push(offered(1, false));
        edge.close();
        assert!(!edge.push(offered(2, true)));
        let report = counters.report(Mono::default(), Duration::from_secs(1));
        assert_eq!((report.held, report.dropped["stopped"]), (0, 3));
    }
}
