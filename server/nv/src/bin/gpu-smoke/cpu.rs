//! Time: of the clock, and of the processor that this program used.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// A moment, by both clocks.
pub(crate) struct Moment {
    wall: Instant,
    used: Duration,
}

/// What went by since one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    /// Of all threads together.
    pub(crate) cpu: Duration,
}

fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.max(0).unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { wall: Instant::now(), used: used() }
    }

    pub(crate) fn spent(&self) -> Spent {
        Spent { wall: self.wall.elapsed(), cpu: used().saturating_sub(self.used) }
    }
}
