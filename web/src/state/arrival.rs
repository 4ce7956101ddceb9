//! How regularly frames (and their tracks) arrive: the line of the earliest arrivals, and the lateness behind it.

use std::collections::VecDeque;

/// Samples that the percentiles are taken over: 17 s at 30/s.
const SAMPLES: usize = 512;
/// The line follows the earliest arrival of so many seconds, so that the drift of a camera's clock (hundreds of ppm) moves it
/// by a few milliseconds at most.
const WINDOW_S: usize = 10;
/// Tracks are assumed to be so late until enough of them have come to know: a player starts with its boxes, not without.
const TRACKS_PRIOR_MS: f64 = 60.0;
const TRACKS_KNOWN: usize = 30;

/// A ring of samples with percentiles.
#[derive(Default)]
pub(crate) struct Percentiles {
    ring: VecDeque<f64>,
}

impl Percentiles {
    /// Adds a sample; the oldest leaves.
    pub(crate) fn push(&mut self, sample: f64) {
        if self.ring.len() == SAMPLES {
            self.ring.pop_front();
        }
        self.ring.push_back(sample);
    }

    fn len(&self) -> usize {
        self.ring.len()
    }

    /// The smallest sample that `share` (0..1) of all samples do not exceed.
    pub(crate) fn at(&self, share: f64) -> Option<f64> {
        if self.ring.is_empty() {
            return None;
        }
        let mut sorted: Vec<f64> = self.ring.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.clamp(1, sorted.len()) - 1).copied()
    }
}

/// The line of earliest arrivals: the viewer's clock at media time zero, had every frame come as early as the earliest.
#[derive(Default)]
pub(crate) struct ArrivalLine {
    /// Per second of the viewer's clock, the least of (arrival - media time).
    seconds: VecDeque<(i64, f64)>,
    chunks: Percentiles,
    tracks: Percentiles,
    tracks_come: bool,
}

impl ArrivalLine {
    /// A chunk with the media time `media_ms` came at `now_ms`.
    pub(crate) fn chunk(&mut self, now_ms: f64, media_ms: f64) {
        let origin = now_ms - media_ms;
        let second = (now_ms / 1000.0) as i64;
        match self.seconds.back_mut() {
            Some((at, least)) if *at == second => *least = least.min(origin),
            _ => self.seconds.push_back((second, origin)),
        }
        while self.seconds.len() > WINDOW_S {
            self.seconds.pop_front();
        }
        if let Some(line) = self.origin_ms() {
            self.chunks.push(origin - line);
        }
    }

    /// Tracks come with this stream; how late is not known yet.
    pub(crate) fn expect_tracks(&mut self) {
        self.tracks_come = true;
    }

    /// The tracks of the frame at `media_ms` came at `now_ms`, outside the burst at joining.
    pub(crate) fn tracks(&mut self, now_ms: f64, media_ms: f64) {
        if let Some(line) = self.origin_ms() {
            self.tracks.push((now_ms - media_ms - line).max(0.0));
        }
    }

    /// Media time was re-based: the line begins anew, what is known of jitter stays.
    pub(crate) fn rebase(&mut self) {
        self.seconds.clear();
    }

    fn origin_ms(&self) -> Option<f64> {
        self.seconds.iter().map(|(_, least)| *least).min_by(f64::total_cmp)
    }

    /// How far the media time `playhead_ms` is behind the line at `now_ms`.
    pub(crate) fn behind_ms(&self, now_ms: f64, playhead_ms: f64) -> Option<f64> {
        self.origin_ms().map(|origin| now_ms - origin - playhead_ms)
    }

    /// p99 of the chunks' jitter.
    pub(crate) fn jitter_p99_ms(&self) -> f64 {
        self.chunks.at(0.99).unwrap_or(0.0)
    }

    /// p99 of the tracks' lateness behind the line; `None` where none have come.
    pub(crate) fn tracks_p99_ms(&self) -> Option<f64> {
        let known = self.tracks.at(0.99);
        let prior = (self.tracks_come && self.tracks.len() < TRACKS_KNOWN).then_some(TRACKS_PRIOR_MS);
        match (known, prior) {
            (Some(known), Some(prior)) => Some(known.max(prior)),
            (known, prior) => known.or(prior),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_stream_has_no_jitter() {
        let mut line = ArrivalLine::default();
        for n in 0..300 {
            line.chunk(1000.0 + f64::from(n) * 40.0, f64::from(n) * 40.0);
        }
        assert!(line.jitter_p99_ms() < 1e-6);
        let behind = line.behind_ms(1000.0 + 300.0 * 40.0, 299.0 * 40.0).expect("a line");
        assert!((behind - 40.0).abs() < 1e-6);
        assert_eq!(line.tracks_p99_ms(), None);
    }

    #[test]
    fn jitter_is_the_p99_of_lateness() {
        let mut line = ArrivalLine::default();
        for n in 0..500 {
            let late = if n % 50 == 0 { 80.0 } else { f64::from(n % 5) };
            line.chunk(f64::from(n) * 40.0 + late, f64::from(n) * 40.0);
        }
        assert_eq!(line.jitter_p99_ms(), 80.0);
    }

    #[test]
    fn the_burst_at_joining_counts_as_no_jitter_and_the_line_is_its_last_frame() {
        let mut line = ArrivalLine::default();
        for n in 0..60 {
            line.chunk(5000.0 + f64::from(n) * 0.1, f64::from(n) * 33.0);
        }
        assert_eq!(line.jitter_p99_ms(), 0.0);
        let behind = line.behind_ms(5006.0, 0.0).expect("a line");
        assert!((behind - 59.0 * 33.0).abs() < 1.0);
    }

    #[test]
    fn a_slow_clock_moves_the_line() {
        let mut line = ArrivalLine::default();
        for n in 0..3000 {
            // The camera's clock is 300 ppm fast: its media time grows faster than ours.
            line.chunk(f64::from(n) * 40.0, f64::from(n) * 40.0 * 1.0003);
        }
        let behind = line.behind_ms(2999.0 * 40.0, 2999.0 * 40.0 * 1.0003).expect("a line");
        assert!(behind.abs() < 4.0, "{behind}");
    }

    #[test]
    fn tracks_have_their_own_lateness() {
        let mut line = ArrivalLine::default();
        for n in 0..100 {
            line.chunk(f64::from(n) * 40.0, f64::from(n) * 40.0);
            line.tracks(f64::from(n) * 40.0 + 55.0, f64::from(n) * 40.0);
        }
        assert_eq!(line.tracks_p99_ms(), Some(55.0));
        line.expect_tracks();
        assert_eq!(line.tracks_p99_ms(), Some(55.0));
        line.rebase();
        assert_eq!(line.behind_ms(0.0, 0.0), None);
        assert_eq!(line.tracks_p99_ms(), Some(55.0));
    }

    #[test]
    fn until_their_lateness_is_known_tracks_are_given_time() {
        let mut line = ArrivalLine::default();
        line.expect_tracks();
        assert_eq!(line.tracks_p99_ms(), Some(TRACKS_PRIOR_MS));
        for n in 0..TRACKS_KNOWN {
            assert_eq!(line.tracks_p99_ms(), Some(TRACKS_PRIOR_MS));
            line.chunk(n as f64 * 40.0, n as f64 * 40.0);
            line.tracks(n as f64 * 40.0 + 5.0, n as f64 * 40.0);
        }
        assert_eq!(line.tracks_p99_ms(), Some(5.0));
    }
}
