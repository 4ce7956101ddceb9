//! The supervisor of one stream: connects, watches, waits and connects again, for ever.

use super::clock::Clock;
use super::intake::{Intake, Outlets};
use super::pace::Pace;
use crate::settings::StreamSettings;
use crate::source::{self, SourceError};
use sightline_shared::camera::Transport;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// What is connected to, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPlan {
    /// The stream.
    pub stream: StreamSettings,
    /// RTSP's transport.
    pub transport: Transport,
    /// Names threads and log lines.
    pub camera: String,
}

/// A running supervisor; dropped, it stops and its source with it.
pub struct Supervisor {
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Supervisor {
    /// Starts it on the current runtime.
    pub fn start(plan: StreamPlan, outlets: Outlets, intake: Intake, clock: Arc<dyn Clock>) -> Self {
        Self { task: tokio::spawn(supervise(plan, outlets, intake, clock)) }
    }
}

async fn supervise(plan: StreamPlan, outlets: Outlets, intake: Intake, clock: Arc<dyn Clock>) {
    // The mutex is never contended: a source's thread has it for one try, then the next try has it.
    let intake = Arc::new(Mutex::new(intake));
    let mut last_code = "";
    loop {
        outlets.vitals.reset();
        outlets.status.trying();
        if let Ok(mut intake) = intake.lock() {
            intake.reconnect();
        }
        let end = tokio::select! {
            end = one_try(&plan, &intake, &clock) => end,
            end = outlets.vitals.watch(&*clock) => end,
        };
        let wait = back_off(outlets.status.failures(), rand::random::<f64>());
        log_failure(&plan.camera, &end, outlets.status.failures(), &mut last_code);
        outlets.status.failed(end, wait);
        tokio::time::sleep(wait).await;
    }
}

/// Tries of the same end that go by between two lines of the log: about a quarter of an hour of a camera that stays away.
const LOG_EVERY: u32 = 100;

/// A fault that repeats is logged once, and then once in a while with its count.
fn log_failure(camera: &str, end: &SourceError, failures: u32, last_code: &mut &'static str) {
    if *last_code != end.code || failures.is_multiple_of(LOG_EVERY) {
        tracing::warn!(camera, code = end.code, failures = failures + 1, "{end}");
    } else {
        tracing::debug!(camera, code = end.code, failures = failures + 1, "{end}");
    }
    *last_code = end.code;
}

/// 0.5 s, doubled with every failure in a row up to 10 s, less up to a quarter: many cameras behind one switch that comes
/// back should not all knock at once. `random` is in 0..1.
fn back_off(failures: u32, random: f64) -> Duration {
    let full = FIRST_WAIT.saturating_mul(1 << failures.min(6)).min(LONGEST_WAIT);
    full.mul_f64(1.0 - 0.25 * random)
}

async fn one_try(plan: &StreamPlan, intake: &Arc<Mutex<Intake>>, clock: &Arc<dyn Clock>) -> SourceError {
    let lent = |pace| Lent { intake: intake.clone(), pace };
    source::play::play(&plan.stream.origin, plan.transport, &plan.camera, lent, clock).await
}

/// The stream's tee, lent to a source for one try; once the source is told to stop, it gives nothing on.
struct Lent {
    intake: Arc<Mutex<Intake>>,
    pace: Arc<Pace>,
}

impl source::Sink for Lent {
    fn connected(&mut self, transport: &'static str) {
        self.with(|intake| intake.connected(transport));
    }

    fn note(&mut self, note: String) {
        self.with(|intake| intake.note(note));
    }

    fn left_out(&mut self, frames: u64) {
        self.with(|intake| intake.left_out(frames));
    }

    fn parameters(&mut self, params: super::packet::StreamParams) {
        self.with(|intake| intake.parameters(params));
    }

    fn unit(&mut self, unit: source::RawUnit) {
        self.with(|intake| intake.unit(unit));
    }

    fn sender_report(&mut self, medium: super::packet::Medium, time: i64, utc: Duration) {
        self.with(|intake| intake.sender_report(medium, time, utc));
    }
}

impl Lent {
    fn with(&self, give: impl FnOnce(&mut Intake)) {
        let mut intake = self.intake.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !self.pace.is_stopped() {
            give(&mut intake);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_ten_seconds_and_no_further() {
        let waits: Vec<_> = (0..8).map(|failures| back_off(failures, 0.0).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
        assert_eq!(back_off(9, 1.0), Duration::from_millis(7500));
    }
}
