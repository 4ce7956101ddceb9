//! What is known of cells beyond their background: what they were, and what they may become.

use super::background::{LANES, Lanes};
use super::{NOISE_FACTOR, NOISE_START, PROVEN_S, WEAK};

/// No layer: farther from any luma than any threshold.
const NOTHING: f32 = -10_000.0;
/// Times are told apart up to this many ticks, 46 hours: a whole number that `f32` holds.
pub(super) const LONGEST: u32 = 1 << 24;
/// How far in luma a cell may be from its second layer and still show it.
pub(super) const SECOND: f32 = WEAK + NOISE_START * NOISE_FACTOR;

/// Eight cells. They are touched only while one is foreground, and it works out what happened meanwhile; times are ticks of
/// 10 ms, and wrap.
#[cfg_attr(test, derive(Clone, Debug, PartialEq))]
pub(super) struct Layers {
    /// What a cell showed before it came to show its background: the road behind a car that parked and leaves again.
    pub(super) other: Lanes,
    /// When `other` was last seen.
    pub(super) other_seen: [u32; LANES],
    /// What may become background.
    pub(super) candidate: Lanes,
    /// For how long that has been there, in seconds, less half the time it was not.
    pub(super) evidence: Lanes,
    /// What the cell showed lately.
    pub(super) recent: Lanes,
    /// When it was last foreground.
    pub(super) touched: [u32; LANES],
    /// Since when the background was seen: the time of foreground is added to it.
    pub(super) since: [u32; LANES],
}

#[inline(always)]
pub(super) fn seconds_between(earlier: u32, later: u32) -> f32 {
    // By way of `i32`, for which there is an instruction.
    later.wrapping_sub(earlier).min(LONGEST) as i32 as f32 * 0.01
}

pub(super) fn ticks(seconds: f32) -> u32 {
    (seconds * 100.0).round() as u32
}

impl Layers {
    pub(super) fn new(cells: Lanes) -> Self {
        Self {
            other: [NOTHING; LANES],
            other_seen: [0; LANES],
            candidate: cells,
            evidence: [0.0; LANES],
            recent: cells,
            touched: [0; LANES],
            since: [0; LANES],
        }
    }

    /// All is new, and `mean` is what it was.
    pub(super) fn relearn(&mut self, mean: Lanes, now: u32) {
        self.other = mean;
        (self.other_seen, self.since) = ([now; LANES], [now; LANES]);
        self.evidence = [0.0; LANES];
    }

    /// A cell's background is now `luma`; what it was, `mean`, is remembered unless it was just passing when it was learnt.
    pub(super) fn replace(&mut self, lane: usize, mean: &mut f32, luma: f32, now: u32) {
        let proven = seconds_between(self.since[lane], now) >= PROVEN_S;
        self.other[lane] = if proven { *mean } else { NOTHING };
        self.other_seen[lane] = now;
        self.since[lane] = now.wrapping_sub(ticks(self.evidence[lane].max(PROVEN_S)));
        self.evidence[lane] = 0.0;
        *mean = luma;
    }
}
