//! Bounds every call of libavformat in time, and ends it at once when the source is told to stop.

use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::pace::Pace;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Shared by a source's thread and the callback that libavformat asks whether to go on.
pub(super) struct Guard {
    until: Mutex<Option<Mono>>,
    clock: Arc<dyn Clock>,
    pace: Arc<Pace>,
}

impl Guard {
    pub(super) fn new(clock: &Arc<dyn Clock>, pace: &Arc<Pace>) -> Arc<Self> {
        Arc::new(Self { until: Mutex::default(), clock: clock.clone(), pace: pace.clone() })
    }

    /// What libavformat asks many times a second; true ends what it does.
    pub(super) fn interrupt(self: &Arc<Self>) -> impl FnMut() -> bool + Send + 'static + use<> {
        let guard = self.clone();
        move || guard.pace.is_stopped() || guard.is_over()
    }

    fn is_over(&self) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| self.clock.now() > until)
    }

    fn set(&self, until: Option<Mono>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Runs `work`, which may take this long; gives what it gave, and whether its time ran out.
    pub(super) fn within<T>(&self, limit: Duration, work: impl FnOnce() -> T) -> (T, bool) {
        self.set(Some(Mono(self.clock.now().0 + limit)));
        let done = work();
        let over = self.is_over();
        self.set(None);
        (done, over)
    }

    /// Whether the source was told to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.pace.is_stopped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::clock::SimulatedClock;

    #[test]
    fn a_call_ends_when_its_time_is_over_or_the_source_is_stopped() {
        let clock = Arc::new(SimulatedClock::new(Duration::ZERO));
        let (shared, pace): (Arc<dyn Clock>, _) = (clock.clone(), Arc::new(Pace::default()));
        let guard = Guard::new(&shared, &pace);
        let mut ends = guard.interrupt();
        let (in_time, over) = guard.within(Duration::from_secs(2), || {
            clock.advance(Duration::from_secs(2));
            !ends()
        });
        assert_eq!((in_time, over), (true, false));
        let (late, over) = guard.within(Duration::from_secs(2), || {
            clock.advance(Duration::from_secs(3));
            ends()
        });
        assert_eq!((late, over), (true, true));
        assert!(!ends(), "between calls no time runs");
        pace.stop();
        assert!(ends() && guard.is_stopped());
    }
}
