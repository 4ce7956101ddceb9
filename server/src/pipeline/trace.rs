//! The stamps of one sampled frame: when it left each stage, on every way that it takes through the graph.

use super::clock::Mono;
use sightline_shared::camera::Rendition;
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::wire::{ServerMessage, Stages, Stamp};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One frame in this many is traced: twice a second at 30 frames a second.
pub const TRACE_EVERY: u64 = 15;

struct Mark {
    stage: &'static str,
    /// The rendition whose picture it is of; `None` for what all have in common.
    of: Option<Rendition>,
    at: Mono,
}

/// The stamps of one frame, written by every stage that it passes.
pub struct Trace {
    epoch: Epoch,
    pts: Pts,
    captured_utc: Option<Duration>,
    marks: Mutex<Vec<Mark>>,
}

impl Trace {
    /// The frame `(epoch, pts)`, whose last packet had arrived at `arrived`.
    #[must_use]
    pub fn new(epoch: Epoch, pts: Pts, captured_utc: Option<Duration>, arrived: Mono) -> Arc<Self> {
        let marks = Mutex::new(vec![Mark { stage: "source", of: None, at: arrived }]);
        Arc::new(Self { epoch, pts, captured_utc, marks })
    }

    fn marks(&self) -> MutexGuard<'_, Vec<Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The frame left `stage` at `at`; `of` where that stage works for one rendition alone.
    pub fn mark(&self, stage: &'static str, of: Option<Rendition>, at: Mono) {
        self.marks().push(Mark { stage, of, at });
    }

    /// Whether the picture of `rendition` has been through.
    #[must_use]
    pub fn is_through(&self, rendition: Rendition) -> bool {
        self.marks().iter().any(|mark| mark.stage == "fragment" && mark.of == Some(rendition))
    }

    /// What a viewer of `rendition` is told: all stamps so far but those of other renditions.
    #[must_use]
    pub fn message(&self, rendition: Rendition) -> ServerMessage {
        let marks = self.marks();
        let mut mine: Vec<&Mark> = marks.iter().filter(|mark| mark.of.is_none_or(|of| of == rendition)).collect();
        mine.sort_by_key(|mark| mark.at);
        ServerMessage::Stages(Stages {
            epoch: self.epoch,
            pts: self.pts,
            stamps: mine.iter().map(|mark| Stamp { stage: mark.stage.into(), at_ms: mark.at.millis() }).collect(),
            captured_utc_ms: self.captured_utc.map(|utc| utc.as_secs_f64() * 1e3),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rendition_is_told_its_own_way() {
        let at = |ms| Mono(Duration::from_millis(ms));
        let trace = Trace::new(Epoch(1), Pts(3000), None, at(10));
        trace.mark("fragment", Some(Rendition::Source), at(11));
        trace.mark("track", None, at(25));
        trace.mark("decode", None, at(15));
        trace.mark("encode", Some(Rendition::Main), at(20));
        let names = |rendition| match trace.message(rendition) {
            ServerMessage::Stages(stages) => stages.stamps.into_iter().map(|stamp| stamp.stage).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(names(Rendition::Source), ["source", "fragment", "decode", "track"]);
        assert_eq!(names(Rendition::Main), ["source", "decode", "encode", "track"]);
        assert!(trace.is_through(Rendition::Source) && !trace.is_through(Rendition::Main));
    }
}
