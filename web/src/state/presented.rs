//! What the browser did with the frames: shown, passed over, or told of too late.

/// One call of `requestVideoFrameCallback`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presented {
    /// When the callback ran.
    pub(crate) now_ms: f64,
    /// When the browser expects the frame to be visible.
    pub(crate) expected_display_ms: f64,
    /// Media time of the frame.
    pub(crate) media_s: f64,
    /// The browser's count of frames that it sent for composition.
    pub(crate) presented_frames: u64,
}

/// A callback counts as late when the frame is on screen by then for longer than this.
const LATE_MS: f64 = 1.0;

/// Counts over the callbacks of one player.
#[derive(Default)]
pub(crate) struct PresentedCounts {
    last: Option<Presented>,
    drops: u64,
    missed: u64,
    late: u64,
    calls: u64,
}

impl PresentedCounts {
    /// A callback ran; `passed` frames lie between its frame and the one before (0 behind a jump).
    pub(crate) fn note(&mut self, call: Presented, passed: u64) {
        self.calls += 1;
        self.late += u64::from(call.now_ms > call.expected_display_ms + LATE_MS);
        if let Some(last) = self.last {
            // Frames that were composed without a callback were on screen, with the overlay of the frame before cleared too late.
            let missed = call.presented_frames.saturating_sub(last.presented_frames).saturating_sub(1).min(passed);
            self.missed += missed;
            self.drops += passed - missed;
        }
        self.last = Some(call);
    }

    /// The playhead jumps or the element is made anew: the next frame follows nothing.
    pub(crate) fn jump(&mut self) {
        self.last = None;
    }

    /// Media time of the frame before.
    pub(crate) fn last_media_s(&self) -> Option<f64> {
        self.last.map(|last| last.media_s)
    }

    /// Frames that the browser had and did not show.
    pub(crate) fn drops(&self) -> u64 {
        self.drops
    }

    /// Frames that were shown without a callback.
    pub(crate) fn missed(&self) -> u64 {
        self.missed
    }

    /// Share of callbacks that came late, 0..1.
    pub(crate) fn late_share(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.late as f64 / self.calls as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(presented_frames: u64, late_ms: f64) -> Presented {
        Presented { now_ms: 100.0 + late_ms, expected_display_ms: 100.0, media_s: 0.0, presented_frames }
    }

    #[test]
    fn a_frame_passed_over_is_a_drop_and_one_composed_without_a_callback_is_missed() {
        let mut counts = PresentedCounts::default();
        counts.note(call(1, 0.0), 0);
        counts.note(call(2, 0.0), 1);
        assert_eq!((counts.drops(), counts.missed()), (1, 0));
        counts.note(call(4, 0.0), 1);
        assert_eq!((counts.drops(), counts.missed()), (1, 1));
        counts.jump();
        counts.note(call(99, 0.0), 50);
        assert_eq!((counts.drops(), counts.missed()), (1, 1));
    }

    #[test]
    fn lateness_is_against_the_display_time() {
        let mut counts = PresentedCounts::default();
        counts.note(call(1, -8.0), 0);
        counts.note(call(2, 0.5), 0);
        counts.note(call(3, 16.0), 0);
        counts.note(call(4, 0.0), 0);
        assert_eq!(counts.late_share(), 0.25);
    }
}
