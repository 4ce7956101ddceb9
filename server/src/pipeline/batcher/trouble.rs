//! What went wrong with an engine, how often in a row, and how long to wait for the next try.

use super::ModelError;
use crate::pipeline::clock::Mono;
use std::time::Duration;

/// The wait before the second try, doubled with each further one.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 1000 });
/// The longest wait after an engine failed while it ran, and how long it must run for its failures to be forgotten.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait for a file that could not be opened: it is tried at once when it changes.
const LONGEST_WAIT_UNOPENED: Duration = Duration::from_secs(300);

/// What went wrong, and how often in a row.
#[derive(Default)]
pub(super) struct Trouble {
    tries: u32,
    at: Mono,
    /// What ran it when it failed while it looked, and why.
    pub(super) in_flight: Option<(String, ModelError)>,
}

impl Trouble {
    /// One more: how long to wait for the next try. The first failure of an engine that ran waits for nothing.
    pub(super) fn wait(&mut self, now: Mono) -> Duration {
        let longest = if self.in_flight.is_some() { LONGEST_WAIT } else { LONGEST_WAIT_UNOPENED };
        if now.since(self.at) > 2 * longest {
            self.tries = 0;
        }
        (self.tries, self.at) = (self.tries.saturating_add(1), now);
        match self.tries {
            1 => Duration::ZERO,
            more => FIRST_WAIT.saturating_mul(1 << (more - 2).min(10)).min(longest),
        }
    }

    /// What is said of an engine that was opened after another one failed.
    pub(super) fn note(&self, runs_on: &str) -> Option<String> {
        let (failed, why) = self.in_flight.as_ref().filter(|(failed, _)| failed != runs_on)?;
        Some(format!("{failed} failed: {why} Now it is {runs_on}."))
    }
}
