//! Time on the device without waiting for it: pairs of events in a stream, looked at when both are past.

use crate::{Error, Event, Stream};
use std::collections::VecDeque;
use std::time::Duration;

/// When a piece of work begins and ends on the device.
#[derive(Clone)]
pub struct Timing {
    from: Event,
    to: Event,
}

impl std::fmt::Debug for Timing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Timing").field(&self.elapsed()).finish()
    }
}

impl Timing {
    pub(crate) fn between(from: Event, to: Event) -> Self {
        Self { from, to }
    }

    /// How long it took on the device; `None` while it is under way. Never waits.
    ///
    /// # Errors
    /// When something in the stream failed.
    pub fn elapsed(&self) -> Result<Option<Duration>, Error> {
        if !self.to.is_done()? || !self.from.is_done()? {
            return Ok(None);
        }
        self.to.since(&self.from).map(Some)
    }
}

impl Stream {
    /// Puts `work` into the stream between two events.
    ///
    /// # Errors
    /// Those of the driver and of `work`.
    pub fn timed<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<(T, Timing), Error> {
        let from = self.record_timed()?;
        let done = work()?;
        Ok((done, Timing { from, to: self.record_timed()? }))
    }
}

/// Timings that were not looked at yet, the newest of them where nobody looks.
pub struct Timings<T> {
    pending: VecDeque<(T, Timing)>,
    capacity: usize,
    missed: u64,
}

impl<T> Timings<T> {
    /// Room for so many, at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { pending: VecDeque::new(), capacity: capacity.max(1), missed: 0 }
    }

    /// Remembers one, and forgets the oldest where there is no room.
    pub fn push(&mut self, tag: T, timing: Timing) {
        if self.pending.len() >= self.capacity {
            self.pending.pop_front();
            self.missed += 1;
        }
        self.pending.push_back((tag, timing));
    }

    /// Takes those that are over, in the order in which they came. What failed on the device has no time.
    pub fn finished(&mut self) -> Vec<(T, Duration)> {
        let mut over = Vec::new();
        let mut waiting = VecDeque::new();
        for (tag, timing) in self.pending.drain(..) {
            match timing.elapsed() {
                Ok(Some(time)) => over.push((tag, time)),
                Ok(None) => waiting.push_back((tag, timing)),
                Err(_) => self.missed += 1,
            }
        }
        self.pending = waiting;
        over
    }

    /// How many were forgotten, or failed on the device.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }
}
