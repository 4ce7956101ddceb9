//! What is known of a cell beyond its background: what it was, and what it may become.

use super::{
    ABSORB_FIRST_S, ABSORB_S, BACKGROUND_TAU_S, EVIDENCE_FADE, NOISE_FACTOR, NOISE_START, OTHER_KEEP_S, PROVEN_S,
    RECENT_TAU_S, STILL, WEAK,
};

/// No layer: farther from any luma than any threshold.
const NOTHING: f32 = -10_000.0;

/// One cell. It is touched only while the cell is foreground, and works out what happened meanwhile; times are ticks of 10 ms,
/// and wrap.
pub(super) struct Layers {
    /// What it showed before it came to show its background: the road behind a car that parked and leaves again.
    other: f32,
    /// When `other` was last seen.
    other_seen: u32,
    /// What may become background.
    candidate: f32,
    /// For how long that has been there, in seconds, less half the time it was not.
    evidence: f32,
    /// What it showed lately.
    recent: f32,
    /// When it was last touched.
    touched: u32,
    /// Since when the background was seen: the time of foreground is added to it.
    since: u32,
}

fn seconds_between(earlier: u32, later: u32) -> f32 {
    later.wrapping_sub(earlier) as f32 * 0.01
}

fn ticks(seconds: f32) -> u32 {
    (seconds * 100.0).round() as u32
}

impl Layers {
    pub(super) fn new(cell: f32) -> Self {
        Self { other: NOTHING, other_seen: 0, candidate: cell, evidence: 0.0, recent: cell, touched: 0, since: 0 }
    }

    /// All is new, and `mean` is what it was.
    pub(super) fn relearn(&mut self, mean: f32, now: u32) {
        (self.other, self.other_seen, self.evidence, self.since) = (mean, now, 0.0, now);
    }

    /// Takes in that it is foreground and shows `cell`. Gives whether it has just changed.
    pub(super) fn look(&mut self, cell: f32, seconds: f32, now: u32) -> bool {
        let away = (seconds_between(self.touched, now) - seconds).max(0.0);
        self.touched = now;
        self.since = self.since.wrapping_add(ticks(seconds));
        let stays = (cell - self.candidate).abs() <= STILL;
        let faded = self.evidence - away * EVIDENCE_FADE;
        self.evidence = if stays { faded.max(0.0) + seconds } else { (faded - seconds * EVIDENCE_FADE).max(0.0) };
        if stays {
            self.candidate += (cell - self.candidate) * 0.1;
        } else if self.evidence <= 0.0 {
            self.candidate = cell;
        }
        let change = cell - self.recent;
        self.recent += change * (seconds / (seconds + RECENT_TAU_S));
        change.abs() > STILL
    }

    /// Whether it shows the second layer, which then is the first: so a third one takes the place of the one not seen for
    /// longest.
    pub(super) fn second(&mut self, cell: f32, mean: &mut f32, seconds: f32, now: u32) -> bool {
        let off = cell - self.other;
        if off.abs() > WEAK + NOISE_START * NOISE_FACTOR || seconds_between(self.other_seen, now) > OTHER_KEEP_S {
            return false;
        }
        let first = self.other + off * (seconds / (seconds + BACKGROUND_TAU_S));
        (self.other, *mean) = (*mean, first);
        self.other_seen = now;
        true
    }

    /// What has been there for so long that it is background.
    pub(super) fn settled(&self, now: u32) -> Option<f32> {
        let known = seconds_between(self.since, now);
        (self.evidence >= (known * 0.5).clamp(ABSORB_FIRST_S, ABSORB_S)).then_some(self.candidate)
    }

    /// Another background takes the place of `mean`, which is remembered unless it was just passing when it was learnt.
    pub(super) fn replace(&mut self, mean: f32, now: u32) {
        let proven = seconds_between(self.since, now) >= PROVEN_S;
        self.other = if proven { mean } else { NOTHING };
        self.other_seen = now;
        self.since = now.wrapping_sub(ticks(self.evidence.max(PROVEN_S)));
        self.evidence = 0.0;
    }
}
