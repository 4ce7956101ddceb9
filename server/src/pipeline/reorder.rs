//! Decoding times of a stream with B-frames, from presentation times in decoding order.
//!
//! With at most d frames decoded before one that is shown earlier, the (k-d)th smallest PTS is settled once frame k has come:
//! it is the DTS of frame k. That needs no picture order counts, and delays nothing.

/// The PTS that are not yet settled, and those just given away.
#[derive(Debug)]
pub(super) struct Reorder {
    depth: usize,
    /// Ascending; at most `depth + 1`.
    waiting: Vec<i64>,
    /// Decoding times for the first `depth` frames.
    lead: i64,
    interval: i64,
    /// The newest PTS, for doubles and for depths that are not announced.
    newest: std::collections::VecDeque<i64>,
}

/// H.264 and H.265 reorder over at most 16 frames (H.264 A.3.1, H.265 A.4.2).
const MAX_DEPTH: usize = 16;

impl Reorder {
    pub(super) fn new(depth: u8, interval: i64) -> Self {
        let depth = usize::from(depth).min(MAX_DEPTH);
        Self {
            depth,
            waiting: Vec::with_capacity(depth + 1),
            lead: 0,
            interval,
            newest: std::collections::VecDeque::new(),
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The decoding time of the frame at `pts`, the next in decoding order; at least `floor`.
    pub(super) fn decoding_time(&mut self, pts: i64, floor: i64) -> i64 {
        if self.newest.len() > MAX_DEPTH {
            self.newest.pop_front();
        }
        self.newest.push_back(pts);
        let at = self.waiting.partition_point(|waiting| *waiting < pts);
        self.waiting.insert(at, pts);
        if self.waiting.len() <= self.depth {
            let dts = self.lead * self.interval;
            self.lead += 1;
            return if self.lead == 1 { dts } else { dts.max(floor) };
        }
        self.waiting.remove(0).max(floor)
    }

    /// Whether one of the newest frames has this PTS.
    pub(super) fn has(&self, pts: i64) -> bool {
        self.newest.contains(&pts)
    }

    /// How many of the newest frames are shown after `pts`.
    pub(super) fn seen_before(&self, pts: i64) -> u8 {
        self.newest.iter().filter(|newest| **newest > pts).count() as u8
    }
}
