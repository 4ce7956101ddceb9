//! Anchors: which moment of the server's monotonic clock a PTS belongs to, however the camera's clock drifts.
//!
//! The least delayed frame of each window says where PTS stand on the monotonic axis; the line that is told follows it by at
//! most 500 ppm, so that a burst of delay on the network never makes time jump. The PTS stay the camera's.

use super::clock::Mono;
use sightline_shared::time::{Epoch, Pts};
use std::time::Duration;

/// One window of frames gives one anchor.
const WINDOW: Duration = Duration::from_secs(5);
/// The fastest that the line is turned: what Moonfire NVR allows, and more than a quartz drifts.
const MAX_SLEW: f64 = 500e-6;

/// The line from PTS to the monotonic axis for the current epoch.
#[derive(Debug, Default)]
pub struct Anchors {
    line: Option<Line>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    epoch: Epoch,
    /// Seconds on the monotonic axis at PTS zero.
    offset: f64,
    window_from: f64,
    least: f64,
    /// The first window's offset and time: drift is measured from there.
    first: Option<(f64, f64)>,
    drift_ppm: Option<f64>,
}

impl Anchors {
    /// A frame at `(epoch, pts)` had arrived at `arrived`.
    pub fn frame(&mut self, epoch: Epoch, pts: Pts, arrived: Mono) {
        let (now, offset) = (arrived.0.as_secs_f64(), arrived.0.as_secs_f64() - pts.seconds());
        let line = match &mut self.line {
            Some(line) if line.epoch == epoch => line,
            _ => {
                self.line = Some(Line { epoch, offset, window_from: now, least: offset, first: None, drift_ppm: None });
                return;
            }
        };
        // Until the first window is full, the least delayed frame so far is the best that is known.
        line.least = line.least.min(offset);
        if line.first.is_none() {
            line.offset = line.least;
        }
        if now - line.window_from >= WINDOW.as_secs_f64() {
            line.close_window(now);
        }
    }

    /// Where `(epoch, pts)` stands on the monotonic axis.
    #[must_use]
    pub fn mono(&self, epoch: Epoch, pts: Pts) -> Option<Mono> {
        let line = self.line.filter(|line| line.epoch == epoch)?;
        Duration::try_from_secs_f64(line.offset + pts.seconds()).ok().map(Mono)
    }

    /// How much faster the server's clock runs than the camera's, in parts per million, measured over this epoch.
    #[must_use]
    pub fn drift_ppm(&self) -> Option<f64> {
        self.line.and_then(|line| line.drift_ppm)
    }
}

impl Line {
    fn close_window(&mut self, now: f64) {
        let limit = MAX_SLEW * (now - self.window_from);
        self.offset += (self.least - self.offset).clamp(-limit, limit);
        match self.first {
            None => self.first = Some((self.least, now)),
            Some((offset, at)) => self.drift_ppm = Some((self.least - offset) / (now - at) * 1e6),
        }
        (self.window_from, self.least) = (now, f64::INFINITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `seconds` of 25 frames a second on a camera that is slow by `ppm`, with up to 40 ms of delay.
    fn run(ppm: f64, seconds: u32) -> (Anchors, f64) {
        let mut anchors = Anchors::default();
        let mut now = 0.0;
        for n in 0..seconds * 25 {
            now = f64::from(n) * 0.04 * (1.0 + ppm * 1e-6);
            let delay = f64::from(n * 7919 % 41) / 1e3;
            let pts = Pts(i64::from(n) * 3600);
            anchors.frame(Epoch(0), pts, Mono(Duration::from_secs_f64(100.0 + now + delay)));
        }
        (anchors, now)
    }

    #[test]
    fn a_drift_of_300_ppm_is_followed_to_a_few_milliseconds() {
        let (anchors, now) = run(300.0, 600);
        let told = anchors.mono(Epoch(0), Pts((600 * 25 - 1) * 3600)).unwrap().0.as_secs_f64();
        assert!((told - (100.0 + now)).abs() < 0.004, "{told} {now}");
        assert!((anchors.drift_ppm().unwrap() - 300.0).abs() < 5.0, "{:?}", anchors.drift_ppm());
    }

    #[test]
    fn the_line_never_turns_faster_than_500_ppm() {
        let (mut anchors, _) = run(0.0, 60);
        let before = anchors.mono(Epoch(0), Pts(0)).unwrap().0.as_secs_f64();
        // The network now holds every frame back by a second.
        for n in 60 * 25..90 * 25_i64 {
            anchors.frame(Epoch(0), Pts(n * 3600), Mono(Duration::from_secs_f64(101.0 + n as f64 * 0.04)));
        }
        let after = anchors.mono(Epoch(0), Pts(0)).unwrap().0.as_secs_f64();
        assert!(after > before && after - before <= 30.0 * 500e-6 + 1e-6, "{before} {after}");
    }

    #[test]
    fn an_epoch_has_its_own_line() {
        let (mut anchors, _) = run(0.0, 20);
        anchors.frame(Epoch(1), Pts(0), Mono(Duration::from_secs(500)));
        assert_eq!(anchors.mono(Epoch(0), Pts(0)), None);
        assert_eq!(anchors.mono(Epoch(1), Pts(90_000)), Some(Mono(Duration::from_secs(501))));
    }
}
