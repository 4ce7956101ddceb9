//! How many threads of a kind there are, for the end of the program: what they hold of devices is to be given back before.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many threads of a kind there are.
#[derive(Default)]
pub struct Running {
    threads: Mutex<usize>,
    ended: Condvar,
}

/// One of them, until it is dropped.
pub struct One(Arc<Running>);

impl Running {
    /// One more.
    pub fn one(self: &Arc<Self>) -> One {
        *self.threads.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        One(self.clone())
    }

    /// Whether there is none, within `patience`.
    pub fn none_within(&self, patience: Duration) -> bool {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(threads, patience, |threads| *threads > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

impl Drop for One {
    fn drop(&mut self) {
        *self.0.threads.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.ended.notify_all();
    }
}
