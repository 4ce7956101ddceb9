//! What a stage did: items in, out, held and dropped by cause, and how long each took.

use super::clock::Mono;
use sightline_shared::api::StageTimings;
use sightline_shared::telemetry::StageSample;
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
    /// The encoder could not be had, or refused the frame.
    EncoderFailed,
    /// A viewer read too slowly and went on at a newer key frame.
    SlowViewer,
    /// The model was still with an earlier frame, and a later one took this one's place.
    Busy,
    /// Nothing moved, and the settings have the model look only while something does.
    NoMotion,
    /// The model is being loaded.
    Loading,
    /// The look failed.
    LookFailed,
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
            Self::EncoderFailed => "encoder_failed",
            Self::SlowViewer => "slow_viewer",
            Self::Busy => "busy",
            Self::NoMotion => "no_motion",
            Self::Loading => "loading",
            Self::LookFailed => "failed",
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
    took: Duration,
    /// What of it a device worked, by its own clock.
    device: VecDeque<(Mono, u32)>,
}

/// How far a reader of [`StageCounters::step`] has come.
#[derive(Debug, Default)]
pub struct StepMark {
    left: u64,
    dropped: BTreeMap<DropCause, u64>,
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
        counts.took += took;
        if counts.samples.len() == MAX_SAMPLES {
            counts.samples.pop_front();
        }
        counts.samples.push_back((now, u32::try_from(took.as_micros()).unwrap_or(u32::MAX)));
    }

    /// The device worked for so long on items of this stage, each.
    pub fn on_device(&self, now: Mono, took: &[Duration]) {
        if !took.is_empty() {
            let mut counts = self.lock();
            counts.device.extend(took.iter().map(|took| (now, u32::try_from(took.as_micros()).unwrap_or(u32::MAX))));
            let over = counts.device.len().saturating_sub(MAX_SAMPLES);
            counts.device.drain(..over);
        }
    }

    /// Held items were thrown away.
    pub fn dropped(&self, cause: DropCause, count: u64) {
        if count > 0 {
            let mut counts = self.lock();
            counts.held -= count;
            *counts.dropped.entry(cause).or_default() += count;
        }
    }

    /// Items came and were thrown away at once.
    pub fn refused(&self, cause: DropCause, count: u64) {
        let mut counts = self.lock();
        counts.entered += count;
        *counts.dropped.entry(cause).or_default() += count;
    }

    /// How many items are held.
    pub fn held(&self) -> u64 {
        self.lock().held
    }

    /// How many items were thrown away since the start, by the name of the cause.
    pub fn dropped_so_far(&self) -> BTreeMap<String, u64> {
        self.lock().dropped.iter().map(|(cause, count)| (cause.name().to_owned(), *count)).collect()
    }

    /// How many items were passed on in the `window` before `now`.
    pub fn left_within(&self, now: Mono, window: Duration) -> usize {
        self.lock().samples.iter().rev().take_while(|(at, _)| now.since(*at) <= window).count()
    }

    /// How many items were passed on since the start, and the sum of their times.
    pub fn passed(&self) -> (u64, Duration) {
        let counts = self.lock();
        (counts.left, counts.took)
    }

    /// What happened since `mark` was last given; `None` where nothing did. Costs a sort of the few items of the step, whatever
    /// else is remembered.
    pub fn step(&self, mark: &mut StepMark) -> Option<StageSample> {
        let counts = self.lock();
        // Fewer than before: the camera was made anew with other counters.
        let out = if counts.left < mark.left { counts.left } else { counts.left - mark.left };
        let fresh = usize::try_from(out).unwrap_or(usize::MAX).min(counts.samples.len());
        let newest = counts.samples.range(counts.samples.len() - fresh..);
        let mut micros: Vec<u32> = newest.map(|(_, took)| *took).collect();
        let since = |(cause, count): (&DropCause, &u64)| {
            let before = mark.dropped.get(cause).copied().filter(|before| before <= count).unwrap_or(0);
            (*count > before).then(|| (cause.name().to_owned(), *count - before))
        };
        let dropped: BTreeMap<String, u64> = counts.dropped.iter().filter_map(since).collect();
        *mark = StepMark { left: counts.left, dropped: counts.dropped.clone() };
        drop(counts);
        micros.sort_unstable();
        let (p50_ms, p95_ms, max_ms) = (quantile(&micros, 0.5), quantile(&micros, 0.95), quantile(&micros, 1.0));
        (out > 0 || !dropped.is_empty()).then_some(StageSample { p50_ms, p95_ms, max_ms, out, dropped })
    }

    /// Counts since the start, and percentiles over the `window` before `now`.
    pub fn report(&self, now: Mono, window: Duration) -> StageTimings {
        let counts = self.lock();
        let sorted = |samples: &VecDeque<(Mono, u32)>| {
            let recent = samples.iter().filter(|(at, _)| now.since(*at) <= window);
            let mut micros: Vec<u32> = recent.map(|(_, took)| *took).collect();
            micros.sort_unstable();
            micros
        };
        let (micros, device) = (sorted(&counts.samples), sorted(&counts.device));
        StageTimings {
            device_p50_ms: quantile(&device, 0.5),
            device_p95_ms: quantile(&device, 0.95),
            p50_ms: quantile(&micros, 0.5),
            p95_ms: quantile(&micros, 0.95),
            p99_ms: quantile(&micros, 0.99),
            max_ms: quantile(&micros, 1.0),
            entered: counts.entered,
            left: counts.left,
            held: counts.held,
            dropped: counts.dropped.iter().map(|(cause, count)| (cause.name().to_owned(), *count)).collect(),
        }
    }
}

/// The sample at this place of sorted microseconds, in milliseconds.
fn quantile(sorted: &[u32], quantile: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    Some(f64::from(sorted[(last as f64 * quantile).round() as usize]) / 1e3)
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
    fn the_device_s_time_stands_beside_the_stage_s() {
        let counters = StageCounters::default();
        counters.enter();
        counters.leave(Mono::default(), Duration::from_millis(9));
        counters.on_device(Mono::default(), &[1, 2, 3].map(Duration::from_millis));
        let report = counters.report(Mono::default(), Duration::from_secs(1));
        assert_eq!((report.p50_ms, report.device_p50_ms, report.device_p95_ms), (Some(9.0), Some(2.0), Some(3.0)));
        assert_eq!(counters.report(Mono(Duration::from_secs(9)), Duration::from_secs(1)).device_p50_ms, None);
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

    #[test]
    fn a_step_holds_what_happened_since_the_last_one() {
        let counters = StageCounters::default();
        let mut mark = StepMark::default();
        assert_eq!(counters.step(&mut mark), None);
        let pass = |count: u64, ms: u64| {
            for _ in 0..count {
                counters.enter();
                counters.leave(Mono::default(), Duration::from_millis(ms));
            }
        };
        pass(3000, 1);
        assert_eq!(counters.step(&mut mark).map(|step| (step.out, step.max_ms)), Some((3000, Some(1.0))));
        pass(9, 4);
        pass(1, 50);
        counters.enter();
        counters.dropped(DropCause::QueueFull, 1);
        let step = counters.step(&mut mark).expect("something happened");
        assert_eq!((step.out, step.p50_ms, step.max_ms), (10, Some(4.0), Some(50.0)));
        assert_eq!(step.dropped, BTreeMap::from([("queue_full".to_owned(), 1)]));
        assert_eq!(counters.step(&mut mark), None);
        counters.enter();
        counters.dropped(DropCause::QueueFull, 1);
        let step = counters.step(&mut mark).expect("a drop alone is something");
        assert_eq!((step.out, step.p50_ms, step.dropped["queue_full"]), (0, None, 1));
        assert_eq!(StageCounters::default().step(&mut mark), None, "other counters begin anew");
        assert_eq!(counters.passed(), (3010, Duration::from_millis(3000 + 36 + 50)));
    }
}
