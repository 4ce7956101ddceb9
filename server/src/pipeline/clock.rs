//! The injected clock: one monotonic axis and its relation to UTC.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point on the server's monotonic axis: time since the clock was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub Duration);

impl Mono {
    /// Milliseconds since the clock was made, as the wire tells it.
    #[must_use]
    pub fn millis(self) -> f64 {
        self.0.as_secs_f64() * 1e3
    }

    /// The point this much later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// Time from `earlier` to this; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Where the program asks what time it is. Nothing else may call `Instant::now` or `SystemTime::now`.
pub trait Clock: Send + Sync {
    /// Now, on the monotonic axis.
    fn now(&self) -> Mono;
    /// Now, as time since 1970 in UTC; may jump.
    fn utc(&self) -> Duration;
    /// The place of an operating system's instant on the monotonic axis: libraries stamp packets with these.
    fn at(&self, instant: Instant) -> Mono;
    /// Lets `time` go by for the calling thread; see [`super::inject`].
    fn pause(&self, time: Duration);
}

/// The machine's clocks.
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Mono {
        Mono(self.start.elapsed())
    }

    fn utc(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn at(&self, instant: Instant) -> Mono {
        Mono(instant.saturating_duration_since(self.start))
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A clock that stands still until a test moves it.
pub struct SimulatedClock {
    state: Mutex<(Duration, Duration)>,
}

impl SimulatedClock {
    /// Starts at monotonic zero and the given UTC.
    #[must_use]
    pub fn new(utc: Duration) -> Self {
        Self { state: Mutex::new((Duration::ZERO, utc)) }
    }

    /// Moves both axes ahead.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.0 += by;
        state.1 += by;
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Mono {
        Mono(self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0)
    }

    fn utc(&self) -> Duration {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1
    }

    fn at(&self, _instant: Instant) -> Mono {
        self.now()
    }

    fn pause(&self, time: Duration) {
        self.advance(time);
    }
}
