//! What a stage did: items in, out, held and dropped by cause, and how long each took.

use super::clock::Mono;
use sightline_shared::api::StageTimings;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Samples kept for percentiles: 68 s at 30 frames a second, 16 kB a stage.
const MAX_SAMPLES: usize = 2048;

/// Why an item went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropCause {
    /// Came before the first key frame, or before the key frame that starts an epoch.
    WaitingForKeyFrame,
    /// RTP packets were lost; everything up to the next key frame would be shown broken.
    PacketLoss,
    /// The queue before the stage was full.
    QueueFull,
    /// The settings say to look at key frames alone.
    KeyFramesOnly,
    /// The decoder refused the access unit.
    DecodeError,
    /// No samples in it.
    Empty,
    /// Its time stamp stands before one that has been passed on, and no epoch can be started for it.
    OutOfOrder,
    /// The stage was stopped or its settings changed while the item waited.
    Stopped,
    /// The frame belongs to another stream and no picture of the viewed one is close enough to it.
    Unpaired,
}

impl DropCause {
    /// The name in JSON and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WaitingForKeyFrame => "waiting_for_key_frame",
            Self::PacketLoss => "packet_loss",
            Self::QueueFull => "queue_full",
            Self::KeyFramesOnly => "key_frames_only",
            Self::DecodeError => "decode_error",
            Self::Empty => "empty",
            Self::OutOfOrder => "out_of_order",
            Self::Stopped => "stopped",
            Self::Unpaired => "unpaired",
        }
    }
}

#[derive(Default)]
struct Counts {
    entered: u64,
    left: u64,
    held: u64,
    dropped: BTreeMap<DropCause, u64>,
    samples: VecDeque<(Mono, u32)>,
}

/// Counters of one stage of one camera. Every item is entered once and then either passed on or dropped, once.
#[derive(Default)]
pub struct StageCounters {
    counts: Mutex<Counts>,
}

impl StageCounters {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An item came; it is held from now on.
    pub fn enter(&self) {
        let mut counts = self.lock();
        counts.entered += 1;
        counts.held += 1;
    }

    /// A held item was passed on after `took`.
    pub fn leave(&self, now: Mono, took: Duration) {
        let mut counts = self.lock();
        counts.left += 1;
        counts.held -= 1;
        if counts.samples.len() == MAX_SAMPLES {
            counts.samples.pop_front();
        }
        counts.samples.push_back((now, u32::try_from(took.as_micros()).unwrap_or(u32::MAX)));
    }

    /// Held items were thrown away.
    pub fn dropped(&self, cause: DropCause, count: u64) {
        if count > 0 {
            let mut counts = self.lock();
            counts.held -= count;
            *counts.dropped.entry(cause).or_default() += count;
        }
    }

    /// How many items are held.
    pub fn held(&self) -> u64 {
        self.lock().held
    }

    /// How many items were passed on in the `window` before `now`.
    pub fn left_within(&self, now: Mono, window: Duration) -> usize {
        self.lock().samples.iter().rev().take_while(|(at, _)| now.since(*at) <= window).count()
    }

    /// Counts since the start, and percentiles over the `window` before `now`.
    pub fn report(&self, now: Mono, window: Duration) -> StageTimings {
        let counts = self.lock();
        let mut micros: Vec<u32> =
            counts.samples.iter().filter(|(at, _)| now.since(*at) <= window).map(|(_, took)| *took).collect();
        micros.sort_unstable();
        let at = |quantile: f64| {
            let last = micros.len().checked_sub(1)?;
            Some(f64::from(micros[(last as f64 * quantile).round() as usize]) / 1e3)
        };
        StageTimings {
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: at(1.0),
            entered: counts.entered,
            left: counts.left,
            held: counts.held,
            dropped: counts.dropped.iter().map(|(cause, count)| (cause.name().to_owned(), *count)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_accounted_for() {
        let counters = StageCounters::default();
        for i in 0..100_u64 {
            counters.enter();
            match i % 4 {
                0 => counters.dropped(DropCause::QueueFull, 1),
                1 => {}
                _ => counters.leave(Mono(Duration::from_millis(i)), Duration::from_millis(i)),
            }
        }
        let report = counters.report(Mono(Duration::from_millis(100)), Duration::from_secs(60));
        assert_eq!((report.entered, report.left, report.held), (100, 50, 25));
        assert_eq!(report.dropped["queue_full"], 25);
        assert_eq!(report.max_ms, Some(99.0));
        assert_eq!(report.p50_ms, Some(51.0));
    }

    #[test]
    fn percentiles_are_of_the_window_alone() {
        let counters = StageCounters::default();
        for second in 0..10 {
            counters.enter();
            counters.leave(Mono(Duration::from_secs(second)), Duration::from_millis(second));
        }
        let report = counters.report(Mono(Duration::from_secs(9)), Duration::from_secs(1));
        assert_eq!((report.p50_ms, report.left), (Some(9.0), 10));
        assert_eq!(counters.left_within(Mono(Duration::from_secs(9)), Duration::from_secs(2)), 3);
    }
}
