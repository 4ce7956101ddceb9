//! When a lost connection to the server is tried again.

/// First wait.
const FIRST_MS: f64 = 500.0;
/// Longest wait.
const LONGEST_MS: f64 = 10_000.0;

/// Waits that double, with jitter, so that a wall of tiles does not come back at one instant.
#[derive(Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The connection failed or was lost: how long to wait; `chance` is random in 0..1.
    pub(crate) fn failed(&mut self, chance: f64) -> f64 {
        let base = (FIRST_MS * 2f64.powi(self.failures.min(10) as i32)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        base * (0.8 + 0.2 * chance.clamp(0.0, 1.0))
    }

    /// The connection works.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_begin_anew() {
        let mut backoff = Backoff::default();
        let waits: Vec<f64> = (0..7).map(|_| backoff.failed(1.0)).collect();
        assert_eq!(waits, [500.0, 1000.0, 2000.0, 4000.0, 8000.0, 10_000.0, 10_000.0]);
        assert_eq!(backoff.failures(), 7);
        backoff.succeeded();
        assert_eq!(backoff.failed(0.0), 400.0);
    }
}
