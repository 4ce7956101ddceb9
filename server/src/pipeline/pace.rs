//! Keeps a thread in step with the clock, and ends it when it is told to.

use super::clock::Clock;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Shared by a source's thread and its supervisor.
#[derive(Default)]
pub struct Pace {
    stopped: Mutex<bool>,
    woken: Condvar,
}

impl Pace {
    /// Waits until the monotonic axis reads `due`; false if the thread is to end.
    pub fn wait_until(&self, clock: &dyn Clock, due: Duration) -> bool {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if *stopped {
                return false;
            }
            let left = due.saturating_sub(clock.now().0);
            if left.is_zero() {
                return true;
            }
            stopped = self.woken.wait_timeout(stopped, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends every wait, now and later.
    pub fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.woken.notify_all();
    }

    /// Whether [`Self::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
