//! A rendition by itself: every frame counted, settings followed, and nothing held when nobody asks. Time stands still but where
//! a test moves it.

use super::super::clock::{Clock, Mono, SimulatedClock};
use super::super::testing::{around, decoded, until};
use super::*;
use crate::live::hub::{Cursor, Next};
use serde_json::json;
use sightline_shared::wire::{ServerMessage, Stages};

struct Bench {
    clock: Arc<SimulatedClock>,
    encoding: Arc<Encoding>,
    counters: EncodingCounters,
}

/// What came out of the hub.
#[derive(Default)]
struct Seen {
    inits: Vec<(u32, u32)>,
    chunks: Vec<(i64, bool)>,
    stages: Vec<Stages>,
}

impl Bench {
    fn new(rendition: Rendition, threads: usize, asked: serde_json::Value, delays: &[&str]) -> Self {
        let clock = Arc::new(SimulatedClock::new(Duration::from_secs(1_800_000_000)));
        let counters = EncodingCounters::default();
        let hub = Hub::new(crate::live::hub::HubLimits::default());
        let status = Arc::new(Status::new(clock.clone()));
        let asked = serde_json::from_value(asked).unwrap();
        let around = around(threads, clock.clone(), delays);
        let encoding = Encoding::new(rendition, hub, asked, counters.clone(), status, around);
        Self { clock, encoding, counters }
    }

    /// Gives frames one by one, each when the one before is through.
    fn give(&self, frames: std::ops::Range<u64>, width: usize, height: usize) {
        for n in frames {
            self.encoding.give(&decoded(n, width, height, self.clock.now()));
            self.settle();
        }
    }

    fn settle(&self) {
        let idle = || !self.encoding.scheduled.load(Ordering::Acquire) && lock(&self.encoding.inbox).frames.is_empty();
        until("through", idle);
    }

    fn configure(&self, asked: serde_json::Value) {
        self.encoding.configure(serde_json::from_value(asked).unwrap());
    }

    fn accounted(&self) {
        for (name, stage) in [("process", &self.counters.process), ("encode", &self.counters.encode)] {
            let report = stage.report(self.clock.now(), Duration::from_secs(60));
            let dropped: u64 = report.dropped.values().sum();
            assert_eq!(report.entered, report.left + report.held + dropped, "{name}: {report:?}");
        }
    }
}

fn seen(cursor: &mut Cursor) -> Seen {
    let mut seen = Seen::default();
    while let Some(Next::Item(item)) = cursor.try_next() {
        match item {
            Item::Init(init) => seen.inits.push((init.text.width, init.text.height)),
            Item::Chunk(chunk) => seen.chunks.push((chunk.header.pts.0 / 3000, chunk.is_key())),
            Item::Text(text) => match serde_json::from_str(&text).unwrap() {
                ServerMessage::Stages(stages) => seen.stages.push(stages),
                other => panic!("{other:?}"),
            },
        }
    }
    seen
}

#[test]
fn frames_keep_their_pts_and_begin_with_a_key_frame() {
    let bench = Bench::new(Rendition::Main, 1, json!({ "width": 160 }), &[]);
    assert_eq!(bench.encoding.wants(), Wants::Nothing);
    let lease = bench.encoding.lease();
    assert_eq!((bench.encoding.wants(), bench.encoding.info().state), (Wants::All, RenditionState::Starting));
    let mut cursor = lease.join();
    bench.give(7..27, 320, 180);
    let seen = seen(&mut cursor);
    assert_eq!(seen.inits, [(160, 90)]);
    assert_eq!(seen.chunks.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (7..27).collect::<Vec<_>>());
    assert!(seen.chunks[0].1 && seen.chunks[1..].iter().all(|(_, key)| !key));
    let info = bench.encoding.info();
    assert_eq!((info.state, info.width, info.viewers), (RenditionState::Running, Some(160), 1));
    assert_eq!(info.encoder.map(|encoder| encoder.fps), Some(30.0));
    bench.accounted();
}

#[test]
fn too_many_frames_are_dropped_before_they_are_encoded() {
    let bench = Bench::new(Rendition::Main, 0, json!({}), &[]);
    let _lease = bench.encoding.lease();
    (0..13).for_each(|n| bench.encoding.give(&decoded(n, 64, 64, Mono::default())));
    let report = bench.counters.process.report(Mono::default(), Duration::from_secs(1));
    assert_eq!((report.entered, report.held, report.dropped["queue_full"]), (13, 8, 5));
    let first = lock(&bench.encoding.inbox).frames[0].sequence;
    assert_eq!(first, 5, "the oldest go");
    assert_eq!(bench.counters.encode.held(), 0);
    bench.encoding.close();
    bench.accounted();
    assert_eq!(bench.counters.process.held(), 0);
}

#[test]
fn it_ends_some_seconds_after_the_last_one_has_left_and_can_begin_again() {
    let bench = Bench::new(Rendition::Main, 1, json!({}), &[]);
    let lease = bench.encoding.lease();
    bench.give(0..5, 128, 96);
    drop(lease);
    bench.clock.advance(LINGER / 2);
    bench.give(5..6, 128, 96);
    assert_eq!(bench.encoding.info().state, RenditionState::Running);
    bench.clock.advance(LINGER);
    assert_eq!(bench.encoding.wants(), Wants::Nothing);
    until("idle", || bench.encoding.info().state == RenditionState::Idle);
    assert_eq!((bench.encoding.plan(), bench.encoding.hub().bytes()), (None, 0));
    drop(bench.encoding.lease());
    assert_eq!(bench.encoding.info().state, RenditionState::Starting);
    bench.clock.advance(LINGER);
    assert_eq!(bench.encoding.wants(), Wants::Nothing);
    until("idle without a frame", || bench.encoding.info().state == RenditionState::Idle);
    let lease = bench.encoding.lease();
    let mut cursor = lease.join();
    bench.give(400..403, 128, 96);
    assert_eq!(seen(&mut cursor).chunks, [(400, true), (401, false), (402, false)]);
    bench.accounted();
}

#[test]
fn a_change_is_followed_live_where_it_can_be_and_by_another_encoder_where_not() {
    let bench = Bench::new(Rendition::Main, 1, json!({ "bitrate": 500_000 }), &[]);
    let lease = bench.encoding.lease();
    let mut cursor = lease.join();
    bench.give(0..3, 128, 96);
    bench.configure(json!({ "bitrate": 900_000 }));
    bench.give(3..6, 128, 96);
    let live = seen(&mut cursor);
    assert_eq!((live.inits.len(), live.chunks.iter().filter(|(_, key)| *key).count()), (1, 1), "no key frame");
    assert_eq!(bench.encoding.info().encoder.and_then(|encoder| encoder.bitrate), Some(900_000));
    // Ten changes a second: the encoder before goes on until it is a second old.
    for n in 6..16 {
        bench.configure(json!({ "bitrate": 900_000, "gop": 40 + n }));
        bench.give(n..n + 1, 128, 96);
    }
    assert!(seen(&mut cursor).chunks.iter().all(|(_, key)| !key));
    bench.clock.advance(Duration::from_secs(1));
    bench.configure(json!({ "bitrate": 900_000, "width": 64 }));
    bench.give(16..19, 128, 96);
    let restarted = seen(&mut cursor);
    assert_eq!(restarted.inits, [(64, 48)], "other parameters: another init, within the epoch");
    assert_eq!(restarted.chunks, [(16, true), (17, false), (18, false)], "no frame is lost on the way");
    bench.clock.advance(Duration::from_secs(1));
    bench.encoding.key_frame();
    bench.give(19..21, 128, 96);
    assert_eq!(seen(&mut cursor).chunks, [(19, true), (20, false)], "a key frame on demand");
    bench.accounted();
}

#[test]
fn what_cannot_be_had_is_told_and_tried_again() {
    let bench = Bench::new(Rendition::Main, 1, json!({ "width": 640 }), &[]);
    let _lease = bench.encoding.lease();
    bench.give(0..3, 32, 1000);
    let info = bench.encoding.info();
    assert_eq!(info.state, RenditionState::Failed);
    assert!(info.reason.is_some_and(|reason| reason.contains("7680")));
    bench.configure(json!({}));
    bench.give(3..6, 32, 1000);
    assert_eq!((bench.encoding.info().state, bench.encoding.info().reason), (RenditionState::Running, None));
    let dropped = bench.counters.process.report(bench.clock.now(), Duration::from_secs(60)).dropped;
    assert_eq!(dropped["encoder_failed"], 3);
    bench.accounted();
}

#[test]
fn small_is_made_for_walls_and_never_larger_than_the_picture() {
    let bench = Bench::new(Rendition::Small, 1, json!({}), &[]);
    let lease = bench.encoding.lease();
    let mut cursor = lease.join();
    bench.give(0..10, 1280, 720);
    let seen = seen(&mut cursor);
    assert_eq!(seen.inits, [(640, 360)]);
    assert_eq!(seen.chunks.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 2, 4, 6, 8], "15 of 30 frames a second");
    let facts = |width, height, rotation| {
        let colour = crate::pipeline::frame::Colour::default();
        crate::encode::PictureFacts { width, height, rotation, sample_aspect: (1, 1), fps: 30.0, colour }
    };
    let sides = |facts| (small(&facts).width, small(&facts).height);
    assert_eq!(sides(facts(320, 240, 0)), (Some(320), None));
    assert_eq!(sides(facts(1080, 1920, 0)), (None, Some(640)));
    assert_eq!(sides(facts(1920, 1080, 90)), (None, Some(640)), "as shown");
}

/// The delay is put into one stage; it has to stand in that one's figure, in no other, and in the sum.
#[test]
fn a_delay_in_a_stage_shows_in_that_stage_and_in_the_whole_way() {
    for (stage, other) in [("encode", "process"), ("process", "encode")] {
        let bench = Bench::new(Rendition::Main, 1, json!({}), &[&format!("{stage}=50")]);
        let lease = bench.encoding.lease();
        let mut cursor = lease.join();
        bench.give(0..9, 64, 64);
        let p50 = |name: &str| {
            let counters = if name == "encode" { &bench.counters.encode } else { &bench.counters.process };
            counters.report(bench.clock.now(), Duration::from_secs(60)).p50_ms
        };
        assert_eq!((p50(stage), p50(other)), (Some(50.0), Some(0.0)));
        let stages = seen(&mut cursor).stages;
        assert_eq!(stages.len(), 9);
        for stages in stages {
            let names: Vec<_> = stages.stamps.iter().map(|stamp| stamp.stage.as_str()).collect();
            assert_eq!(names, ["source", "process", "encode", "fragment"]);
            let whole = stages.stamps[3].at_ms - stages.stamps[0].at_ms;
            assert!((whole - 50.0).abs() < 1e-6, "{whole}");
        }
    }
}
