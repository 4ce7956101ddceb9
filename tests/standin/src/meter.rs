//! How busy a part of the device is: the share of the last second in which it did something.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a share is of.
const SPAN: Duration = Duration::from_secs(1);

/// The busy times of one part.
#[derive(Debug, Default)]
pub struct Meter {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Pieces of work under way, and since when there is one.
    running: u32,
    since: Option<Instant>,
    /// Times that ended within the last second.
    past: VecDeque<(Instant, Instant)>,
    /// Pieces that ended within the last second, and how long they took.
    pieces: VecDeque<(Instant, Duration)>,
}

impl Meter {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work that is metered. Pieces at the same time count once.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let _until_it_is_done = self.enter();
        work()
    }

    /// Meters until the guard goes.
    pub fn enter(&self) -> Running<'_> {
        let begin = Instant::now();
        self.lock().enter(begin);
        Running { meter: self, begin }
    }

    /// How many pieces ended in the last second, and how long one of them took.
    #[must_use]
    pub fn pieces(&self) -> (u32, Duration) {
        let mut state = self.lock();
        state.forget(Instant::now());
        let count = u32::try_from(state.pieces.len()).unwrap_or(u32::MAX);
        let all: Duration = state.pieces.iter().map(|(_, length)| *length).sum();
        (count, all.checked_div(count).unwrap_or_default())
    }

    /// The share of the last second, in percent.
    #[must_use]
    pub fn percent(&self) -> u32 {
        self.lock().percent(Instant::now())
    }
}

/// A piece of work that is under way.
pub struct Running<'a> {
    meter: &'a Meter,
    begin: Instant,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.meter.lock();
        state.pieces.push_back((now, now.saturating_duration_since(self.begin)));
        state.leave(now);
    }
}

impl State {
    fn enter(&mut self, now: Instant) {
        self.running += 1;
        self.since.get_or_insert(now);
    }

    fn leave(&mut self, now: Instant) {
        self.running -= 1;
        if self.running == 0
            && let Some(since) = self.since.take()
        {
            self.past.push_back((since, now));
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        while self.past.front().is_some_and(|(_, end)| now.saturating_duration_since(*end) > SPAN) {
            self.past.pop_front();
        }
        while self.pieces.front().is_some_and(|(end, _)| now.saturating_duration_since(*end) > SPAN) {
            self.pieces.pop_front();
        }
    }

    fn percent(&mut self, now: Instant) -> u32 {
        self.forget(now);
        let within = |from: Instant, to: Instant| {
            let (from, to) = (now.saturating_duration_since(from).min(SPAN), now.saturating_duration_since(to));
            from.saturating_sub(to)
        };
        let past: Duration = self.past.iter().map(|(from, to)| within(*from, *to)).sum();
        let busy = past + self.since.map_or(Duration::ZERO, |since| within(since, now));
        u32::try_from(busy.as_millis() * 100 / SPAN.as_millis()).unwrap_or(100).min(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_the_last_second_and_pieces_at_once_count_once() {
        let mut state = State::default();
        let begin = Instant::now();
        let at = |milliseconds| begin + Duration::from_millis(milliseconds);
        assert_eq!(state.percent(begin), 0);
        state.enter(at(0));
        state.enter(at(100));
        state.leave(at(200));
        state.leave(at(300));
        assert_eq!(state.percent(at(300)), 30);
        assert_eq!(state.percent(at(1100)), 20, "the first 100 ms are more than a second ago");
        state.enter(at(1100));
        assert_eq!(state.percent(at(1200)), 20, "what is under way counts so far");
        assert_eq!(state.percent(at(9000)), 100);
        state.leave(at(9000));
        assert_eq!(state.percent(at(10_500)), 0);
    }
}
