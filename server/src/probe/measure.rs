//! Figures out of what was seen. What a few seconds cannot tell is absent, not guessed.

use super::watch::{Observed, Seen};
use sightline_shared::time::TIMESCALE;

/// A time stamp that differs from the arrival by more than this, from one frame to the next, has jumped.
const JUMP_S: f64 = 1.0;
/// Frames that come at once after connecting are what the camera kept, and say nothing about its clock.
const SETTLE_S: f64 = 1.0;
/// A drift is told when it is known to this many parts per million, or stands far out of what is not known.
const KNOWN_PPM: f64 = 200.0;
const FAR_OUT: f64 = 6.0;

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measured {
    pub(super) fps: Option<f64>,
    pub(super) bitrate: Option<f64>,
    pub(super) gop_s: Option<f64>,
    pub(super) gop_frames: Option<f64>,
    pub(super) b_frames: Option<bool>,
    /// By how many frames they are reordered.
    pub(super) depth: usize,
    pub(super) drift_ppm: Option<f64>,
    pub(super) jitter_ms: Option<f64>,
    /// Times that the camera's clock jumped.
    pub(super) jumps: usize,
    /// From the first frame to the last, by arrival.
    pub(super) span_s: f64,
    /// The largest frame over the mean of them all.
    pub(super) peak: Option<f64>,
}

impl Measured {
    pub(super) fn of(observed: &Observed) -> Self {
        let frames = &observed.frames;
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return Self::default() };
        let span_s = seconds(last) - seconds(first);
        let jumps = frames.windows(2).filter(|two| jumped(&two[0], &two[1])).count();
        let fps = fps(frames, jumps);
        let (gop_s, gop_frames) = gop(frames, fps);
        let depth = if jumps == 0 { depth(frames) } else { 0 };
        let bytes: usize = frames.iter().map(|frame| frame.bytes).sum();
        let clock = (jumps == 0).then(|| clock(frames)).flatten();
        let mean = bytes as f64 / frames.len() as f64;
        Self {
            fps,
            // The bits of a second, by the stream's own time: a burst at the start is not more bits a second.
            bitrate: fps.map(|fps| mean * 8.0 * fps),
            gop_s,
            gop_frames,
            b_frames: (frames.len() > 10 && jumps == 0).then_some(depth > 0),
            depth,
            drift_ppm: clock.and_then(|(drift, _)| drift),
            jitter_ms: clock.map(|(_, jitter)| jitter),
            jumps,
            span_s,
            peak: frames.iter().map(|frame| frame.bytes).max().map(|most| most as f64 / mean.max(1.0)),
        }
    }
}

fn seconds(frame: &Seen) -> f64 {
    frame.arrived.0.as_secs_f64()
}

fn ticks(frame: &Seen) -> f64 {
    frame.time as f64 / f64::from(TIMESCALE)
}

fn jumped(a: &Seen, b: &Seen) -> bool {
    let (by_stamp, by_arrival) = (ticks(b) - ticks(a), seconds(b) - seconds(a));
    // What was kept and comes at once has more time in its stamps than in its arrivals, but not seconds a frame.
    (by_stamp - by_arrival).abs() > JUMP_S
}

/// The median distance of time stamps where they jump, else their mean: a mean of many frames is more exact.
fn fps(frames: &[Seen], jumps: usize) -> Option<f64> {
    let mut times: Vec<_> = frames.iter().map(|frame| frame.time).collect();
    times.sort_unstable();
    times.dedup();
    if times.len() < 4 {
        return None;
    }
    let span = (times[times.len() - 1] - times[0]) as f64;
    let mut distances: Vec<_> = times.windows(2).map(|two| two[1] - two[0]).collect();
    distances.sort_unstable();
    let median = distances[distances.len() / 2] as f64;
    let distance = if jumps == 0 { span / (times.len() - 1) as f64 } else { median };
    (distance > 0.0).then(|| f64::from(TIMESCALE) / distance)
}

/// Seconds and frames from key frame to key frame.
fn gop(frames: &[Seen], fps: Option<f64>) -> (Option<f64>, Option<f64>) {
    let keys: Vec<usize> = frames.iter().enumerate().filter(|(_, frame)| frame.key).map(|(at, _)| at).collect();
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return (None, None) };
    if first == last {
        return (None, None);
    }
    let length = (last - first) as f64 / (keys.len() - 1) as f64;
    (fps.map(|fps| length / fps), Some(length))
}

/// How many frames stand before one that is shown earlier.
fn depth(frames: &[Seen]) -> usize {
    let overtaken = |at: usize| {
        let from = at.saturating_sub(16);
        frames[from..at].iter().filter(|before| before.time > frames[at].time).count()
    };
    (0..frames.len()).map(overtaken).max().unwrap_or(0)
}

/// Drift in parts per million (the camera's clock is slower by it) and jitter in milliseconds.
fn clock(frames: &[Seen]) -> Option<(Option<f64>, f64)> {
    let start = seconds(frames.first()?) + SETTLE_S;
    // How late each frame is, by its own time stamp; the least delayed of each second stand for the clock.
    let points: Vec<(f64, f64)> = frames
        .iter()
        .filter(|frame| seconds(frame) > start)
        .map(|frame| (seconds(frame) - start, seconds(frame) - ticks(frame)))
        .collect();
    let mut least: Vec<(f64, f64)> = Vec::new();
    for &(at, late) in &points {
        match least.last_mut().filter(|(other, _)| other.floor() == at.floor()) {
            Some(best) if best.1 > late => *best = (at, late),
            Some(_) => {}
            None => least.push((at, late)),
        }
    }
    let (slope, error) = line(&least)?;
    let (_, base) = least
        .iter()
        .copied()
        .min_by(|a, b| (a.1 - slope * a.0).total_cmp(&(b.1 - slope * b.0)))
        .map(|(at, late)| (at, late - slope * at))?;
    let mut lateness: Vec<f64> = points.iter().map(|(at, late)| late - slope * at - base).collect();
    lateness.sort_unstable_by(f64::total_cmp);
    let jitter = lateness.get(lateness.len() * 95 / 100)? * 1e3;
    let known = error * 1e6 < KNOWN_PPM || slope.abs() > FAR_OUT * error;
    Some((known.then_some(slope * 1e6), jitter))
}

/// Slope of the line through `points` by least squares, and its standard error.
fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    if points.len() < 4 {
        return None;
    }
    let (mx, my) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let sxx: f64 = points.iter().map(|p| (p.0 - mx).powi(2)).sum();
    let sxy: f64 = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
    let slope = sxy / sxx;
    let left: f64 = points.iter().map(|p| (p.1 - my - slope * (p.0 - mx)).powi(2)).sum();
    Some((slope, (left / (n - 2.0) / sxx).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::clock::Mono;
    use std::time::Duration;

    /// Frames at 25 a second by a clock that is slow by `ppm`, each up to 5 ms late, key frames every `gop`.
    fn frames(count: usize, ppm: f64, gop: usize) -> Vec<Seen> {
        let frame = |n: usize| {
            let late = (n * 7919 % 11) as f64 / 2e3;
            let at = 100.0 + n as f64 * 0.04 * (1.0 + ppm * 1e-6) + late;
            let bytes = if n.is_multiple_of(gop) { 40_000 } else { 4000 };
            Seen {
                time: n as i64 * 3600,
                arrived: Mono(Duration::from_secs_f64(at)),
                key: n.is_multiple_of(gop),
                bytes,
            }
        };
        (0..count).map(frame).collect()
    }

    fn measured(frames: Vec<Seen>) -> Measured {
        Measured::of(&Observed { frames, ..Observed::default() })
    }

    #[test]
    fn rate_gop_and_bits_are_by_the_stream_s_own_time() {
        let found = measured(frames(150, 0.0, 50));
        assert_eq!((found.fps, found.gop_frames, found.gop_s), (Some(25.0), Some(50.0), Some(2.0)));
        assert!((found.bitrate.expect("bits") - (36_000.0 * 3.0 / 150.0 + 4000.0) * 8.0 * 25.0).abs() < 1.0);
        assert_eq!((found.b_frames, found.jumps), (Some(false), 0));
        let endless = measured(frames(150, 0.0, 1000));
        assert_eq!((endless.gop_frames, endless.gop_s), (None, None));
        assert_eq!(measured(Vec::new()), Measured::default());
    }

    #[test]
    fn a_clock_that_runs_wrong_is_told_and_one_that_may_run_right_is_not_accused() {
        let drift = |ppm, seconds: usize| measured(frames(seconds * 25, ppm, 50)).drift_ppm;
        assert!((drift(20_000.0, 6).expect("plain to see") - 20_000.0).abs() < 1500.0);
        assert!(drift(0.0, 6).is_none_or(|ppm| ppm.abs() < 500.0));
        assert!((drift(300.0, 60).expect("a minute is long") - 300.0).abs() < 100.0);
        assert!(measured(frames(150, 0.0, 50)).jitter_ms.is_some_and(|ms| (3.0..6.0).contains(&ms)));
    }

    #[test]
    fn reordering_and_jumps_are_told_apart() {
        let mut reordered = frames(100, 0.0, 50);
        for group in reordered.chunks_mut(3) {
            // P2 B0 B1: coded first, shown last.
            let times: Vec<_> = group.iter().map(|frame| frame.time).collect();
            if let [a, b, c] = times[..] {
                (group[0].time, group[1].time, group[2].time) = (c, a, b);
            }
        }
        let found = measured(reordered);
        assert_eq!((found.b_frames, found.depth, found.jumps), (Some(true), 1, 0));
        let mut jumping = frames(150, 0.0, 50);
        jumping[60..].iter_mut().for_each(|frame| frame.time -= 90_000 * 3600);
        let found = measured(jumping);
        assert_eq!((found.jumps, found.fps, found.b_frames, found.drift_ppm), (1, Some(25.0), None, None));
    }
}
