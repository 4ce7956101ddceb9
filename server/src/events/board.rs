//! The newest events, for those who listen: each reads at its own pace, and one that is too slow is told how many it has missed.

use sightline_shared::events::Event;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Events that wait for the slowest listener.
const KEPT: usize = 1024;

/// An event as it is told.
#[derive(Debug)]
pub struct Posted {
    /// The event.
    pub event: Event,
    /// Its place in the order in which events were written down; absent where the database would not have it.
    pub row: Option<i64>,
}

struct State {
    newest: VecDeque<Arc<Posted>>,
    /// How many there were before those.
    gone: u64,
}

/// The board.
pub struct Board {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

impl Default for Board {
    fn default() -> Self {
        let state = State { newest: VecDeque::new(), gone: 0 };
        Self { state: Mutex::new(state), changed: watch::channel(0).0 }
    }
}

/// What a listener hears next.
#[derive(Debug)]
pub enum Next {
    /// An event.
    Posted(Arc<Posted>),
    /// So many were gone before it came to them.
    Missed(u64),
    /// The program ends.
    Closed,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells events to all who listen.
    pub(crate) fn post(&self, events: Vec<Posted>) {
        let mut state = self.lock();
        state.newest.extend(events.into_iter().map(Arc::new));
        let over = state.newest.len().saturating_sub(KEPT);
        state.newest.drain(..over);
        state.gone += over as u64;
        let told = state.gone + state.newest.len() as u64;
        drop(state);
        self.changed.send_replace(told);
    }

    /// Listens from now on.
    pub fn listen(self: &Arc<Self>) -> Listener {
        let changed = self.changed.subscribe();
        let state = self.lock();
        let at = state.gone + state.newest.len() as u64;
        drop(state);
        Listener { board: self.clone(), at, changed }
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.changed.receiver_count()
    }
}

/// One who listens.
pub struct Listener {
    board: Arc<Board>,
    /// How many it has heard, or missed, since the first.
    at: u64,
    changed: watch::Receiver<u64>,
}

impl Listener {
    /// The next event, once there is one.
    pub async fn next(&mut self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            if self.changed.changed().await.is_err() {
                return Next::Closed;
            }
        }
    }

    fn take(&mut self) -> Option<Next> {
        let state = self.board.lock();
        if self.at < state.gone {
            let missed = state.gone - self.at;
            self.at = state.gone;
            return Some(Next::Missed(missed));
        }
        let posted = state.newest.get((self.at - state.gone) as usize)?;
        self.at += 1;
        Some(Next::Posted(posted.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(numbers: std::ops::Range<i64>) -> Vec<Posted> {
        numbers.map(|row| Posted { event: Event::default(), row: Some(row) }).collect()
    }

    async fn row(listener: &mut Listener) -> Option<i64> {
        match listener.next().await {
            Next::Posted(posted) => posted.row,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn everybody_hears_everything_from_when_they_listen() {
        let board = Arc::new(Board::default());
        board.post(posted(0..3));
        let (mut one, mut other) = (board.listen(), board.listen());
        board.post(posted(3..5));
        assert_eq!((row(&mut one).await, row(&mut one).await, row(&mut other).await), (Some(3), Some(4), Some(3)));
        let late = tokio::spawn(async move { row(&mut one).await });
        tokio::task::yield_now().await;
        board.post(posted(5..6));
        assert_eq!(late.await.expect("no panic"), Some(5));
        assert_eq!(board.listeners(), 1);
    }

    #[tokio::test]
    async fn a_slow_one_is_told_what_it_missed_and_hears_the_rest() {
        let board = Arc::new(Board::default());
        let mut slow = board.listen();
        let mut fast = board.listen();
        for start in 0..3 {
            board.post(posted(start * 500..(start + 1) * 500));
            for expected in start * 500..(start + 1) * 500 {
                assert_eq!(row(&mut fast).await, Some(expected));
            }
        }
        assert!(matches!(slow.next().await, Next::Missed(476)), "1500 less the 1024 that are kept");
        assert_eq!(row(&mut slow).await, Some(476));
        assert_eq!(board.lock().newest.len(), KEPT);
    }
}
