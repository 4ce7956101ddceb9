//! Decoding times of frames that are shown in another order (B-frames), and how deep the reordering is.

use sightline_shared::time::TIMESCALE;
use std::collections::VecDeque;

/// No codec here reorders by more frames (H.264 section A.3.1, H.265 section A.4.2).
const MAX_DEPTH: usize = 16;
/// Mini-GOPs that have to show B-frames before a stream that says nothing is believed to have them.
const EPISODES: u32 = 3;
/// A frame's duration before one was measured: 30 a second.
const TYPICAL: i64 = TIMESCALE as i64 / 30;
/// Distances between frames above this are pauses, not durations.
const LONGEST: i64 = 5 * TIMESCALE as i64;

/// The frames of an epoch in order: gives each its DTS. DTS of the k-th frame is the (k - depth)-th smallest PTS.
#[derive(Debug)]
pub(super) struct Order {
    depth: usize,
    frames: u64,
    /// PTS that no DTS was taken from yet, smallest first; at most `depth`.
    waiting: Vec<i64>,
    /// No PTS may come that is not above this: the newest DTS, or the start of the epoch's first PTS.
    floor: i64,
    newest: i64,
    last_dts: Option<i64>,
    /// Whether the time of the newest frame was measured, not estimated.
    measured: bool,
    typical: Typical,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            depth: 0,
            frames: 0,
            waiting: Vec::new(),
            floor: -1,
            newest: 0,
            last_dts: None,
            measured: false,
            typical: Typical::default(),
        }
    }
}

impl Order {
    /// Begins an epoch in which frames are reordered by at most `depth`; gives the PTS of its first frame: late enough that
    /// no DTS is negative.
    pub(super) fn begin(&mut self, depth: u8) -> i64 {
        self.depth = usize::from(depth).min(MAX_DEPTH);
        self.frames = 0;
        self.waiting.clear();
        self.last_dts = None;
        let first = self.depth as i64 * self.typical();
        // The DTS of the first frames are 0, 1, 2 ... typical durations; a PTS has to stand above them.
        self.floor = first - self.typical();
        if self.depth == 0 {
            self.floor = -1;
        }
        self.newest = first;
        first
    }

    /// Takes a frame's PTS, moved on if it would break the order; gives PTS, DTS and duration.
    pub(super) fn place(&mut self, pts: i64, measured: bool) -> (i64, i64, u32) {
        let mut pts = pts.max(self.floor + 1);
        while self.waiting.contains(&pts) {
            pts += 1;
        }
        let at = self.waiting.partition_point(|&other| other < pts);
        self.waiting.insert(at, pts);
        let dts =
            if self.frames < self.depth as u64 { self.frames as i64 * self.typical() } else { self.waiting.remove(0) };
        self.floor = self.floor.max(dts);
        self.newest = self.newest.max(pts);
        self.frames += 1;
        let distance = self.last_dts.map(|last| dts - last);
        self.last_dts = Some(dts);
        // The first DTS of a reordered epoch are made up, and so is the distance to them.
        let real = measured && self.measured && self.frames > self.depth as u64 + 1;
        self.measured = measured;
        if let Some(distance) = distance.filter(|_| real) {
            self.typical.see(distance);
        }
        (pts, dts, u32::try_from(distance.unwrap_or(self.typical())).unwrap_or(u32::MAX))
    }

    /// The newest PTS.
    pub(super) fn newest(&self) -> i64 {
        self.newest
    }

    /// PTS up to this one are settled.
    pub(super) fn floor(&self) -> i64 {
        self.floor
    }

    /// Whether a frame stands at `pts`.
    pub(super) fn holds(&self, pts: i64) -> bool {
        self.last_dts == Some(pts) || self.waiting.contains(&pts)
    }

    /// The distance between frames is known from elsewhere.
    pub(super) fn know(&mut self, typical: i64) {
        self.typical = Typical::default();
        self.typical.see(typical);
    }

    /// The usual distance between frames.
    pub(super) fn typical(&self) -> i64 {
        self.typical.value
    }

    /// Panics where a rule of this type is broken.
    pub(super) fn check_invariants(&self) {
        assert!(self.waiting.len() <= self.depth, "more frames held than can be reordered");
        assert!(self.waiting.is_sorted_by(|a, b| a < b), "held frames out of order, or two at one time");
        assert!(self.waiting.iter().all(|&pts| pts > self.last_dts.unwrap_or(-1) && pts <= self.newest));
        assert!((1..=LONGEST).contains(&self.typical()), "a typical duration of {}", self.typical());
    }
}

/// Median of the newest distances between frames.
#[derive(Debug)]
struct Typical {
    newest: [i64; 5],
    seen: usize,
    value: i64,
}

impl Default for Typical {
    fn default() -> Self {
        Self { newest: [0; 5], seen: 0, value: TYPICAL }
    }
}

impl Typical {
    fn see(&mut self, distance: i64) {
        // Shorter than a millisecond is two frames that belong together, not a rate.
        if !(90..=LONGEST).contains(&distance) {
            return;
        }
        self.newest[self.seen % self.newest.len()] = distance;
        self.seen += 1;
        let mut known = self.newest;
        let known = &mut known[..self.seen.min(self.newest.len())];
        known.sort_unstable();
        self.value = known[known.len() / 2];
    }
}

/// How deep a stream reorders: as it says, or learned by seeing its time stamps go back and forth.
#[derive(Debug, Default)]
pub(super) struct Reordering {
    /// What was learned, and holds for the epochs to come.
    learned: u8,
    /// Depth of the present epoch, and whether the stream did not tell it.
    depth: u8,
    untold: bool,
    /// The newest source times of this epoch.
    recent: VecDeque<i64>,
    newest: i64,
    /// The deepest that was seen since the present depth was set.
    seen: u8,
    /// Times that the stream went on behind frames that went back.
    episodes: u32,
    went_back: bool,
}

impl Reordering {
    /// Begins an epoch; gives its depth.
    pub(super) fn begin(&mut self, raw: i64, told: Option<u8>) -> u8 {
        self.depth = told.unwrap_or(0).max(self.learned).min(MAX_DEPTH as u8);
        self.untold = told.is_none();
        self.seen = 0;
        self.episodes = 0;
        self.restart(raw);
        self.depth
    }

    /// The source's clock is another one from `raw` on.
    pub(super) fn restart(&mut self, raw: i64) {
        self.recent.clear();
        self.recent.push_back(raw);
        self.newest = raw;
        self.went_back = false;
    }

    /// Whether a frame that goes back to `raw` may be a B-frame that nobody told of; frames are `typical` apart.
    pub(super) fn may_be(&self, raw: i64, typical: i64) -> bool {
        // Only while the stream comes forward again: after as many frames in a row it is a jump.
        let since_newest = self.recent.iter().rev().take_while(|&&other| other < self.newest).count();
        self.untold && raw > self.newest - 2 * MAX_DEPTH as i64 * typical && since_newest < MAX_DEPTH
    }

    /// The usual distance between the newest frames as they are shown; 0 where there are none.
    pub(super) fn typical(&self) -> i64 {
        let mut shown: Vec<_> = self.recent.iter().copied().collect();
        shown.sort_unstable();
        let mut distances: Vec<_> = shown.windows(2).map(|two| two[1] - two[0]).collect();
        distances.sort_unstable();
        distances.get(distances.len() / 2).copied().unwrap_or(0)
    }

    /// Takes the next source time; true where it is now known that the stream reorders deeper than this epoch has room for.
    pub(super) fn see(&mut self, raw: i64) -> bool {
        let overtaken = self.recent.iter().filter(|&&other| other > raw).count();
        if self.recent.len() > MAX_DEPTH {
            self.recent.pop_front();
        }
        self.recent.push_back(raw);
        if !self.untold {
            return false;
        }
        if raw <= self.newest {
            if overtaken > usize::from(self.depth) {
                self.went_back = true;
                self.seen = self.seen.max(overtaken as u8);
            }
            return false;
        }
        self.newest = raw;
        self.episodes += u32::from(std::mem::take(&mut self.went_back));
        if self.episodes < EPISODES || self.seen <= self.learned {
            return false;
        }
        self.learned = self.seen.min(MAX_DEPTH as u8);
        true
    }
}
