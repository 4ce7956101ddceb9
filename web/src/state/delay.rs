//! From the server's stamps of a frame to the moment it was on screen: the delay, its parts, and the frame's whole way.

use super::{FrameKey, format};
use sightline_shared::wire::{Stages, Stamp};
use std::collections::VecDeque;

/// Frames whose times are remembered until their stamps come, and stamps until their frame is shown.
const KEEP: usize = 256;
/// Stages that the picture itself goes through where the camera's own access units are sent; analysis runs beside it.
const PASSED_ON: [&str; 3] = ["source", "fragment", "send"];
/// Stages that the picture goes through where the server encodes it.
const ENCODED: [&str; 7] = ["source", "decode", "process", "draw", "encode", "fragment", "send"];
/// Two clocks that are set by NTP agree within this, and so do the ways of a sender report and of a frame.
const CLOCKS_AGREE_MS: f64 = 100.0;
/// No camera takes longer for a frame: its clock must be behind.
const LONGEST_MS: f64 = 10_000.0;
/// What a part may be below nothing before a clock is called wrong: half a round trip of the comparison.
const SLACK_MS: f64 = 5.0;

/// One part of a delay.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// The stage, or `camera`, `network` and `browser`.
    pub(crate) stage: String,
    /// How long it took.
    pub(crate) ms: f64,
}

/// The time from the camera's own clock to the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum CameraShare {
    /// From taking the frame to its last packet at the server, both clocks taken as right.
    Took {
        /// Milliseconds.
        ms: f64,
    },
    /// The frame came before it was taken: the camera's clock is at least so far ahead.
    Ahead {
        /// Milliseconds.
        by_ms: f64,
    },
    /// The frame is so old by the camera's clock that the clock must be behind.
    Behind {
        /// Milliseconds.
        by_ms: f64,
    },
}

impl CameraShare {
    /// What the two times tell, and what the camera's sender reports tell of its clock, where they do.
    pub(crate) fn of(captured_to_arrived_ms: f64, clock_ahead_s: Option<f64>) -> Self {
        let ahead_ms = clock_ahead_s.map_or(0.0, |ahead| ahead * 1e3);
        if captured_to_arrived_ms < -SLACK_MS {
            Self::Ahead { by_ms: ahead_ms.max(-captured_to_arrived_ms) }
        } else if ahead_ms > CLOCKS_AGREE_MS {
            Self::Ahead { by_ms: ahead_ms }
        } else if ahead_ms < -CLOCKS_AGREE_MS {
            Self::Behind { by_ms: -ahead_ms }
        } else if captured_to_arrived_ms > LONGEST_MS {
            Self::Behind { by_ms: captured_to_arrived_ms }
        } else {
            Self::Took { ms: captured_to_arrived_ms.max(0.0) }
        }
    }

    /// A sentence: what is known of the delay from the camera's clock to the screen.
    pub(crate) fn words(self, server_to_screen_ms: f64) -> String {
        let span = |ms: f64| if ms < 1000.0 { format::ms(Some(ms)) } else { format::seconds(Some(ms / 1e3)) };
        let mend = "so its share of the delay cannot be told. Set both clocks by the same time server (NTP).";
        match self {
            Self::Took { ms } => {
                let total = format::ms(Some(ms + server_to_screen_ms));
                format!("{total} from the camera's own clock to this screen, as true as the two clocks agree.")
            }
            Self::Ahead { by_ms } => {
                format!("The camera's clock is {} or more ahead of the server's, {mend}", span(by_ms))
            }
            Self::Behind { by_ms } => {
                format!("The camera's clock is about {} behind the server's, {mend}", span(by_ms))
            }
        }
    }
}

/// The way of one frame to the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delay {
    /// Last packet at the server to the screen, by comparison of clocks.
    pub(crate) total_ms: f64,
    /// From the camera's own clock to the last packet at the server, where it sends sender reports; may be nonsense.
    pub(crate) captured_ms: Option<f64>,
    /// The parts from the server on; their sum is the total.
    pub(crate) parts: Vec<Part>,
}

/// When a frame was in a stage, in milliseconds since its last packet came to the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// The stage, or `network` and `browser`.
    pub(crate) stage: String,
    /// Since when.
    pub(crate) from_ms: f64,
    /// Until when.
    pub(crate) to_ms: f64,
}

/// One frame's way through all stages, those beside the picture included.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    /// Its last packet's arrival, on the server's monotonic clock.
    pub(crate) at_ms: f64,
    /// The bars, in the order of the way.
    pub(crate) bars: Vec<Bar>,
}

#[derive(Clone, Copy)]
struct Times {
    key: FrameKey,
    arrived_server_ms: f64,
    shown: Option<Shown>,
}

#[derive(Clone, Copy)]
struct Shown {
    server_ms: f64,
    utc_ms: Option<f64>,
}

/// Brings stamps and times on screen together.
#[derive(Default)]
pub(crate) struct DelayBook {
    times: VecDeque<Times>,
    stamps: VecDeque<Stages>,
    newest: Option<Delay>,
    way: Option<Way>,
}

impl DelayBook {
    /// The chunk of a frame came at this time of the server's clock.
    pub(crate) fn arrived(&mut self, key: FrameKey, server_ms: f64) {
        if self.times.len() == KEEP {
            self.times.pop_front();
        }
        self.times.push_back(Times { key, arrived_server_ms: server_ms, shown: None });
    }

    /// A frame comes on screen at this time of the server's clock and UTC.
    pub(crate) fn shown(&mut self, key: FrameKey, server_ms: f64, utc_ms: Option<f64>) {
        if let Some(times) = self.times.iter_mut().rev().find(|times| times.key == key) {
            times.shown = Some(Shown { server_ms, utc_ms });
        }
        let found = self.stamps.iter().position(|stages| FrameKey::new(stages.epoch, stages.pts) == key);
        if let Some(stages) = found.and_then(|at| self.stamps.remove(at)) {
            self.settle(&stages);
        }
    }

    /// A frame's stamps came.
    pub(crate) fn stamped(&mut self, stages: Stages) {
        // The stamps of a frame may come twice, the second time with those of analysis.
        self.stamps.retain(|known| (known.epoch, known.pts) != (stages.epoch, stages.pts));
        if !self.settle(&stages) {
            if self.stamps.len() == KEEP {
                self.stamps.pop_front();
            }
            self.stamps.push_back(stages);
        }
    }

    fn settle(&mut self, stages: &Stages) -> bool {
        let key = FrameKey::new(stages.epoch, stages.pts);
        let Some(times) = self.times.iter().rev().find(|times| times.key == key).copied() else { return false };
        let Some(shown) = times.shown else { return false };
        if let Some(delay) = delay(stages, &times, shown) {
            self.way = way(stages, &delay);
            self.newest = Some(delay);
        }
        true
    }

    /// The newest delay that is known.
    pub(crate) fn newest(&self) -> Option<&Delay> {
        self.newest.as_ref()
    }

    /// The way of the frame that [`Self::newest`] is of.
    pub(crate) fn way(&self) -> Option<&Way> {
        self.way.as_ref()
    }

    /// Another connection: its times have nothing to do with those before.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

fn stamp<'a>(stages: &'a Stages, name: &str) -> Option<&'a Stamp> {
    stages.stamps.iter().find(|stamp| stamp.stage == name)
}

/// The stamps of the picture's own way, in its order.
fn picture(stages: &Stages) -> Vec<&Stamp> {
    let names = if stamp(stages, "encode").is_some() { &ENCODED[..] } else { &PASSED_ON[..] };
    names.iter().filter_map(|name| stamp(stages, name)).collect()
}

fn delay(stages: &Stages, times: &Times, shown: Shown) -> Option<Delay> {
    let stamps = picture(stages);
    let first_ms = stamps.first().filter(|stamp| stamp.stage == "source")?.at_ms;
    let (mut at, total_ms) = (first_ms, shown.server_ms - first_ms);
    let mut parts = Vec::new();
    for stamp in stamps.into_iter().skip(1) {
        parts.push(Part { stage: stamp.stage.clone(), ms: (stamp.at_ms - at).max(0.0) });
        at = at.max(stamp.at_ms);
    }
    // The offset of the clocks is true to half a round trip only: a negative part is none.
    let network = (times.arrived_server_ms - at).max(0.0);
    parts.push(Part { stage: "network".into(), ms: network });
    parts.push(Part { stage: "browser".into(), ms: (shown.server_ms - at - network).max(0.0) });
    let captured_ms = stages.captured_utc_ms.zip(shown.utc_ms).map(|(captured, shown)| shown - total_ms - captured);
    Some(Delay { total_ms, captured_ms, parts })
}

/// The stage that a stage waits for: the latest of those that were stamped.
fn before(stage: &str) -> &'static [&'static str] {
    match stage {
        "decode" => &["source"],
        "process" => &["decode"],
        "detect" => &["decode"],
        "track" => &["detect", "decode"],
        "draw" => &["track", "process", "decode"],
        "encode" => &["draw", "process", "decode"],
        "fragment" => &["encode", "source"],
        "send" => &["fragment"],
        _ => &[],
    }
}

fn way(stages: &Stages, delay: &Delay) -> Option<Way> {
    let at_ms = stamp(stages, "source")?.at_ms;
    let since = |name: &str| stamp(stages, name).map(|stamp| stamp.at_ms - at_ms);
    let mut bars: Vec<Bar> = Vec::new();
    for name in super::history::STAGES.iter().skip(1) {
        let Some(to_ms) = since(name) else { continue };
        let from_ms = before(name).iter().find_map(|earlier| since(earlier)).unwrap_or(0.0).min(to_ms);
        bars.push(Bar { stage: (*name).to_owned(), from_ms, to_ms });
    }
    let mut to_ms = delay.total_ms;
    for part in delay.parts.iter().rev().take_while(|part| matches!(part.stage.as_str(), "browser" | "network")) {
        let bar = Bar { stage: part.stage.clone(), from_ms: to_ms - part.ms, to_ms };
        to_ms -= part.ms;
        bars.push(bar);
    }
    // The two were added from the screen backwards.
    if let [.., _, _] = bars.as_slice() {
        let last = bars.len() - 1;
        bars.swap(last - 1, last);
    }
    Some(Way { at_ms, bars })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::time::{Epoch, Pts};

    fn key(pts: i64) -> FrameKey {
        FrameKey::new(Epoch(0), Pts(pts))
    }

    fn stages(pts: i64, stamps: &[(&str, f64)]) -> Stages {
        let stamps = stamps.iter().map(|(stage, at_ms)| Stamp { stage: (*stage).into(), at_ms: *at_ms }).collect();
        Stages { epoch: Epoch(0), pts: Pts(pts), stamps, captured_utc_ms: Some(5000.0) }
    }

    const PASSED: [(&str, f64); 4] = [("source", 100.0), ("fragment", 100.5), ("detect", 190.0), ("send", 101.0)];

    fn parts(delay: &Delay) -> Vec<(&str, f64)> {
        delay.parts.iter().map(|part| (part.stage.as_str(), part.ms)).collect()
    }

    fn check(book: &DelayBook) {
        let delay = book.newest().expect("a delay");
        assert_eq!((delay.total_ms, delay.captured_ms), (40.0, Some(50.0)));
        assert_eq!(parts(delay), [("fragment", 0.5), ("send", 0.5), ("network", 2.0), ("browser", 37.0)]);
    }

    #[test]
    fn stamps_may_come_before_or_after_the_frame_is_shown() {
        let mut before = DelayBook::default();
        before.arrived(key(0), 103.0);
        before.stamped(stages(0, &PASSED));
        assert_eq!(before.newest(), None);
        before.shown(key(0), 140.0, Some(5090.0));
        check(&before);
        let mut after = DelayBook::default();
        after.arrived(key(0), 103.0);
        after.shown(key(0), 140.0, Some(5090.0));
        after.stamped(stages(0, &PASSED));
        check(&after);
    }

    #[test]
    fn an_encoded_picture_goes_through_the_encoder_and_analysis_stays_beside_it() {
        let mut book = DelayBook::default();
        let stamps = [
            ("source", 100.0),
            ("decode", 104.0),
            ("process", 106.0),
            ("detect", 150.0),
            ("track", 151.0),
            ("encode", 112.0),
            ("fragment", 112.5),
        ];
        book.arrived(key(0), 113.0);
        book.shown(key(0), 140.0, None);
        book.stamped(stages(0, &stamps));
        let delay = book.newest().expect("a delay");
        let wanted = [
            ("decode", 4.0),
            ("process", 2.0),
            ("encode", 6.0),
            ("fragment", 0.5),
            ("network", 0.5),
            ("browser", 27.0),
        ];
        assert_eq!(parts(delay), wanted);
        assert_eq!((delay.total_ms, delay.captured_ms), (40.0, None));
        let way = book.way().expect("a way");
        let bars: Vec<_> = way.bars.iter().map(|bar| (bar.stage.as_str(), bar.from_ms, bar.to_ms)).collect();
        let wanted = [
            ("decode", 0.0, 4.0),
            ("process", 4.0, 6.0),
            ("detect", 4.0, 50.0),
            ("track", 50.0, 51.0),
            ("encode", 6.0, 12.0),
            ("fragment", 12.0, 12.5),
            ("network", 12.5, 13.0),
            ("browser", 13.0, 40.0),
        ];
        assert_eq!((way.at_ms, &bars[..]), (100.0, &wanted[..]));
    }

    #[test]
    fn a_wrong_clock_is_said_in_words_and_never_as_a_delay() {
        for (captured, ahead, wanted) in [
            (30.0, None, "80 ms from the camera's own clock to this screen"),
            (-3.0, Some(0.01), "50 ms from the camera's own clock"),
            (-1300.0, None, "The camera's clock is 1.3 s or more ahead of the server's"),
            (-1300.0, Some(1.4), "The camera's clock is 1.4 s or more ahead of the server's"),
            (20.0, Some(0.3), "The camera's clock is 300 ms or more ahead"),
            (840.0, Some(-0.8), "The camera's clock is about 800 ms behind the server's"),
            (3_600_000.0, None, "The camera's clock is about 3600 s behind the server's"),
        ] {
            let words = CameraShare::of(captured, ahead).words(50.0);
            assert!(words.starts_with(wanted), "{captured} {ahead:?}: {words}");
        }
    }

    #[test]
    fn memory_stays_bounded() {
        let mut book = DelayBook::default();
        for n in 0..1000 {
            book.arrived(key(n), 0.0);
            book.stamped(stages(n, &PASSED));
        }
        assert_eq!((book.times.len(), book.stamps.len()), (KEEP, KEEP));
    }
}
