//! Who asks for something that is made only while it is asked for.

use super::clock::{Clock, Mono};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long it goes on after the last one has left: a page that is loaded again finds it still running.
pub const LINGER: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Asking {
    leases: usize,
    released: Option<Mono>,
}

/// Counts who asks.
pub struct Demand {
    asking: Mutex<Asking>,
    clock: Arc<dyn Clock>,
}

impl Demand {
    /// Nobody asks.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { asking: Mutex::default(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Asking> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more asks.
    pub fn take(&self) {
        self.lock().leases += 1;
    }

    /// One less; true if it was the last.
    pub fn give_back(&self) -> bool {
        let now = self.clock.now();
        let mut asking = self.lock();
        asking.leases = asking.leases.saturating_sub(1);
        if asking.leases == 0 {
            asking.released = Some(now);
        }
        asking.leases == 0
    }

    /// Whether somebody asks, or did until a moment ago.
    #[must_use]
    pub fn wanted(&self) -> bool {
        let asking = self.lock();
        asking.leases > 0 || asking.released.is_some_and(|at| self.clock.now().since(at) < LINGER)
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::SimulatedClock;
    use super::*;

    #[test]
    fn it_lingers_and_then_ends() {
        let clock = Arc::new(SimulatedClock::new(Duration::ZERO));
        let demand = Demand::new(clock.clone());
        assert!(!demand.wanted());
        demand.take();
        demand.take();
        assert!(!demand.give_back() && demand.wanted());
        clock.advance(LINGER * 2);
        assert!(demand.wanted(), "one still asks");
        assert!(demand.give_back() && demand.wanted());
        clock.advance(LINGER);
        assert!(!demand.wanted());
    }
}
