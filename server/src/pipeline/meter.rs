//! The frame rate of a stream, by the durations of its newest frames.

use sightline_shared::time::TIMESCALE;
use std::collections::VecDeque;

/// Frames that are looked at: one second and a little.
const FRAMES: usize = 32;
/// Fewer say nothing yet: the first durations after a start are guesses.
const ENOUGH: usize = 8;

/// The durations of the newest frames.
#[derive(Debug, Default)]
pub struct Meter {
    durations: VecDeque<u32>,
}

impl Meter {
    /// One more frame, `duration` ticks behind the one before.
    pub fn note(&mut self, duration: u32) {
        if self.durations.len() == FRAMES {
            self.durations.pop_front();
        }
        self.durations.push_back(duration);
    }

    /// Frames a second; gaps (lost frames) and doubles are left out.
    #[must_use]
    pub fn fps(&self) -> Option<f64> {
        if self.durations.len() < ENOUGH {
            return None;
        }
        let mut sorted: Vec<u32> = self.durations.iter().copied().collect();
        sorted.sort_unstable();
        let odd = sorted.len() / 8;
        let middle = &sorted[odd..sorted.len() - odd];
        let sum: u64 = middle.iter().map(|duration| u64::from(*duration)).sum();
        let fps = f64::from(TIMESCALE) * middle.len() as f64 / sum.max(1) as f64;
        (1.0..=240.0).contains(&fps).then_some(fps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_most_frames() {
        let mut meter = Meter::default();
        (0..7).for_each(|_| meter.note(3000));
        assert_eq!(meter.fps(), None);
        (0..20).for_each(|_| meter.note(3000));
        assert_eq!(meter.fps(), Some(30.0));
        meter.note(90_000);
        meter.note(1);
        assert_eq!(meter.fps(), Some(30.0), "a gap is no rate");
        (0..16).for_each(|n| meter.note(if n % 2 == 0 { 3600 } else { 3700 }));
        (0..16).for_each(|n| meter.note(if n % 2 == 0 { 3600 } else { 3700 }));
        assert!((meter.fps().unwrap() - 24.66).abs() < 0.05);
    }
}
