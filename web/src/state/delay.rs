//! From the server's stamps of a frame to the moment it was on screen: the delay and its parts.

use super::FrameKey;
use sightline_shared::wire::Stages;
use std::collections::VecDeque;

/// Frames whose times are remembered until their stamps come, and stamps until their frame is shown.
const KEEP: usize = 256;
/// Stages that the picture itself goes through; analysis runs beside it.
const PICTURE: [&str; 3] = ["source", "fragment", "send"];

/// One part of a delay.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// The stage, or `network` and `browser`.
    pub(crate) stage: String,
    /// How long it took.
    pub(crate) ms: f64,
}

/// The way of one frame to the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delay {
    /// Last packet at the server to the screen.
    pub(crate) total_ms: f64,
    /// From the camera's own clock to the screen, where it sends sender reports.
    pub(crate) camera_ms: Option<f64>,
    /// The parts; their sum is the total.
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Copy)]
struct Times {
    key: FrameKey,
    arrived_server_ms: f64,
    shown_server_ms: Option<f64>,
    shown_utc_ms: Option<f64>,
}

/// Brings stamps and times on screen together.
#[derive(Default)]
pub(crate) struct DelayBook {
    times: VecDeque<Times>,
    stamps: VecDeque<Stages>,
    newest: Option<Delay>,
}

impl DelayBook {
    /// The chunk of a frame came at this time of the server's clock.
    pub(crate) fn arrived(&mut self, key: FrameKey, server_ms: f64) {
        if self.times.len() == KEEP {
            self.times.pop_front();
        }
        self.times.push_back(Times { key, arrived_server_ms: server_ms, shown_server_ms: None, shown_utc_ms: None });
    }

    /// A frame comes on screen at this time of the server's clock and UTC.
    pub(crate) fn shown(&mut self, key: FrameKey, server_ms: f64, utc_ms: Option<f64>) {
        if let Some(times) = self.times.iter_mut().rev().find(|times| times.key == key) {
            times.shown_server_ms = Some(server_ms);
            times.shown_utc_ms = utc_ms;
        }
        let found = self.stamps.iter().position(|stages| FrameKey::new(stages.epoch, stages.pts) == key);
        if let Some(stages) = found.and_then(|at| self.stamps.remove(at)) {
            self.settle(&stages);
        }
    }

    /// A frame's stamps came.
    pub(crate) fn stamped(&mut self, stages: Stages) {
        if !self.settle(&stages) {
            if self.stamps.len() == KEEP {
                self.stamps.pop_front();
            }
            self.stamps.push_back(stages);
        }
    }

    fn settle(&mut self, stages: &Stages) -> bool {
        let key = FrameKey::new(stages.epoch, stages.pts);
        let Some(times) = self.times.iter().rev().find(|times| times.key == key) else { return false };
        let Some(shown) = times.shown_server_ms else { return false };
        let delay = parts(stages, times, shown);
        self.newest = delay.or(self.newest.take());
        true
    }

    /// The newest delay that is known.
    pub(crate) fn newest(&self) -> Option<&Delay> {
        self.newest.as_ref()
    }

    /// Another connection: its times have nothing to do with those before.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

fn parts(stages: &Stages, times: &Times, shown_ms: f64) -> Option<Delay> {
    let stamps = stages.stamps.iter().filter(|stamp| PICTURE.contains(&stamp.stage.as_str()));
    let mut at = stamps.clone().next()?.at_ms;
    let total_ms = shown_ms - at;
    let mut parts = Vec::new();
    for stamp in stamps.skip(1) {
        parts.push(Part { stage: stamp.stage.clone(), ms: (stamp.at_ms - at).max(0.0) });
        at = at.max(stamp.at_ms);
    }
    // The offset of the clocks is true to half a round trip only: a negative part is none.
    let network = (times.arrived_server_ms - at).max(0.0);
    parts.push(Part { stage: "network".into(), ms: network });
    parts.push(Part { stage: "browser".into(), ms: (shown_ms - at - network).max(0.0) });
    let camera_ms = stages.captured_utc_ms.zip(times.shown_utc_ms).map(|(captured, shown)| shown - captured);
    Some(Delay { total_ms, camera_ms, parts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::time::{Epoch, Pts};
    use sightline_shared::wire::Stamp;

    fn key(pts: i64) -> FrameKey {
        FrameKey::new(Epoch(0), Pts(pts))
    }

    fn stages(pts: i64) -> Stages {
        let stamp = |stage: &str, at_ms| Stamp { stage: stage.into(), at_ms };
        let stamps =
            vec![stamp("source", 100.0), stamp("fragment", 100.5), stamp("detect", 190.0), stamp("send", 101.0)];
        Stages { epoch: Epoch(0), pts: Pts(pts), stamps, captured_utc_ms: Some(5000.0) }
    }

    fn check(book: &DelayBook) {
        let delay = book.newest().expect("a delay");
        assert_eq!((delay.total_ms, delay.camera_ms), (40.0, Some(90.0)));
        let parts: Vec<(&str, f64)> = delay.parts.iter().map(|part| (part.stage.as_str(), part.ms)).collect();
        assert_eq!(parts, [("fragment", 0.5), ("send", 0.5), ("network", 2.0), ("browser", 37.0)]);
    }

    #[test]
    fn stamps_may_come_before_or_after_the_frame_is_shown() {
        let mut before = DelayBook::default();
        before.arrived(key(0), 103.0);
        before.stamped(stages(0));
        assert_eq!(before.newest(), None);
        before.shown(key(0), 140.0, Some(5090.0));
        check(&before);
        let mut after = DelayBook::default();
        after.arrived(key(0), 103.0);
        after.shown(key(0), 140.0, Some(5090.0));
        after.stamped(stages(0));
        check(&after);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut book = DelayBook::default();
        for n in 0..1000 {
            book.arrived(key(n), 0.0);
            book.stamped(stages(n));
        }
        assert_eq!((book.times.len(), book.stamps.len()), (KEEP, KEEP));
    }
}
