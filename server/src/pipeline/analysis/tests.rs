//! Analysis with models made by hand.

use super::*;
use crate::detect::{Area, Detection};
use crate::pipeline::batcher::ModelError;
use crate::pipeline::batcher::testing::{Fake, Outcome};
use crate::pipeline::clock::SystemClock;
use crate::pipeline::frame::{PixelFormat, Samples, VecPicture};
use crate::pipeline::testing::{around, decoded, until};
use sightline_shared::camera::{DetectWhen, SecondModel};
use sightline_shared::scene::Point;
use sightline_shared::time::Pts;
use std::time::Duration;

#[derive(Default)]
struct Told(Mutex<Vec<Tracks>>);

impl TracksSink for Told {
    fn tracks(&self, tracks: Tracks) -> bool {
        lock(&self.0).push(tracks);
        true
    }
    fn traced(&self, _trace: &Trace) {}
}

impl Told {
    fn frames(&self) -> Vec<i64> {
        lock(&self.0).iter().map(|tracks| tracks.pts.0 / 3000).collect()
    }
    fn labels(&self, frame: i64) -> Vec<String> {
        let told = lock(&self.0);
        let tracks = told.iter().find(|tracks| tracks.pts.0 == frame * 3000).expect("told");
        tracks.tracks.iter().map(|track| track.label.clone()).collect()
    }
}

struct Bench {
    analysis: Arc<Analysis>,
    counters: Arc<AnalysisCounters>,
    told: Arc<Told>,
    clock: Arc<SystemClock>,
}

fn model(fps: f64) -> DetectSettings {
    DetectSettings { model: "tiny".into(), fps, ..DetectSettings::default() }
}

impl Bench {
    fn new(settings: &DetectSettings, fake: &Arc<Fake>) -> Self {
        let (clock, told) = (Arc::new(SystemClock::default()), Arc::new(Told::default()));
        let counters = Arc::new(AnalysisCounters::default());
        let around = around(2, clock.clone(), &[]);
        let analysis = Analysis::new(settings, false, counters.clone(), around, fake.engines(), told.clone());
        analysis.decoder(Ok("software"));
        Self { analysis, counters, told, clock }
    }

    fn ready(settings: &DetectSettings, fake: &Arc<Fake>) -> Self {
        let bench = Self::new(settings, fake);
        until("ready", || bench.analysis.info().detector.is_some());
        bench
    }

    /// Gives frame `n`, in which a bright block has moved on by `step` pixels a frame.
    fn give(&self, n: i64, step: i64) {
        self.give_lit(n, step, 90);
    }

    /// The same, around it as bright as this.
    fn give_lit(&self, n: i64, step: i64, light: u8) {
        let (width, height) = (320, 240);
        let mut luma = vec![light; width * height];
        for row in luma.chunks_mut(width).skip(80).take(80) {
            row[(20 + n * step) as usize..][..60].fill(220);
        }
        let chroma = || (vec![128; width * height / 4], width / 2);
        let planes = vec![(luma, width), chroma(), chroma()];
        let mut given = decoded(n as u64, 4, 4, self.clock.now());
        let mut frame = given.frame.with_samples(
            Samples::Host(Box::new(VecPicture { planes })),
            PixelFormat::I420,
            (width, height),
        );
        frame.pts = Pts(n * 3000);
        given.frame = Arc::new(frame);
        self.analysis.give(&given);
    }

    /// Frames to be looked at: in, out, held, and dropped by cause. Checks that none is missing.
    fn looks(&self) -> (u64, u64, u64) {
        let report = self.counters.detect.report(self.clock.now(), Duration::from_secs(60));
        assert_eq!(report.entered, report.left + report.held + report.dropped.values().sum::<u64>(), "{report:?}");
        (report.entered, report.left, report.held)
    }

    fn skipped(&self, cause: &str) -> u64 {
        self.analysis.info().skipped.get(cause).copied().unwrap_or_default()
    }

    fn reason(&self) -> String {
        self.analysis.info().reason.unwrap_or_default()
    }
}

#[test]
fn frames_wait_for_the_look_before_them_and_are_told_in_order() {
    let fake = Fake::new(1);
    let bench = Bench::ready(&model(5.0), &fake);
    for n in 0..30 {
        bench.give(n, 0);
        bench.clock.pause(Duration::from_millis(5));
    }
    until("told", || bench.told.frames().len() == 30);
    assert_eq!(bench.told.frames(), (0..30).collect::<Vec<_>>());
    assert_eq!(bench.looks(), (5, 5, 0));
    assert_eq!(bench.told.labels(0), ["person"]);
    let told = lock(&bench.told.0);
    let predicted: Vec<bool> = told[..12].iter().map(|tracks| tracks.tracks[0].predicted).collect();
    let looked: Vec<bool> = (0..12).map(|n| n % 6 != 0).collect();
    assert_eq!(predicted, looked);
}

#[test]
fn a_look_is_waited_for_no_longer_than_that_and_taken_late() {
    let fake = Fake::new(1);
    fake.lock().permits = Some(0);
    let bench = Bench::ready(&model(5.0), &fake);
    let begun = bench.clock.now();
    bench.give(0, 0);
    bench.give(1, 0);
    until("asked", || fake.lock().batches.len() == 1);
    let early = bench.told.frames();
    assert!(early.is_empty() || bench.clock.now().since(begun) >= line::PATIENCE, "told before the look: {early:?}");
    // No further frame comes: the pool's alarm brings its turn.
    until("told", || bench.told.frames() == [0, 1]);
    let waited = bench.clock.now().since(begun);
    assert!(waited >= line::PATIENCE && waited < Duration::from_secs(2), "{waited:?}");
    assert_eq!((bench.looks(), bench.analysis.info().late), ((1, 0, 1), 0));
    fake.permit(1);
    until("late", || bench.analysis.info().late == 1);
    assert_eq!(bench.looks(), (1, 1, 0));
    assert_eq!(bench.told.frames(), [0, 1], "one message a frame");
}

#[test]
fn the_newest_frame_is_next_and_those_it_replaces_are_counted() {
    let fake = Fake::new(1);
    fake.lock().permits = Some(0);
    let bench = Bench::ready(&model(0.0), &fake);
    bench.give(0, 0);
    until("asked", || fake.lock().batches.len() == 1);
    for n in 1..5 {
        bench.give_lit(n, 0, 90 + 20 * n as u8);
        until("taken in", || bench.skipped("busy") == n as u64 - 1);
    }
    assert_eq!(bench.looks(), (5, 0, 2));
    fake.permit(2);
    until("told", || bench.told.frames().len() == 5);
    until("looked", || bench.looks() == (5, 2, 0));
    assert_eq!(bench.skipped("busy"), 3);
    let batches = fake.lock().batches.clone();
    assert_eq!(batches.len(), 2, "the first and the newest");
    // 170 and 90, above black at 16.
    let lighter = batches[1][0] / batches[0][0];
    assert!((lighter - 154.0 / 74.0).abs() < 0.05, "{lighter} times as light as the first");
}

#[test]
fn without_movement_the_model_rests() {
    let fake = Fake::new(1);
    let bench = Bench::ready(&DetectSettings { when: DetectWhen::Motion, ..model(0.0) }, &fake);
    for n in 0..20 {
        bench.give(n, 0);
        until("told", || bench.told.frames().len() == n as usize + 1);
    }
    assert_eq!((bench.skipped("no_motion"), fake.lock().batches.len()), (20, 0));
    for n in 20..50 {
        bench.give(n, 3);
        until("told", || bench.told.frames().len() == n as usize + 1);
    }
    let looked = fake.lock().batches.len();
    assert!((10..=30).contains(&looked), "{looked} of 30 frames with movement were looked at");
    bench.looks();
}

#[test]
fn movement_stands_in_for_a_model_that_is_not_here_until_it_comes() {
    let fake = Fake::new(1);
    fake.lock().stamp = Err(ModelError("tiny is not here: run `sightline models pull tiny`.".into()));
    let settings = DetectSettings { labels: vec!["person".into()], min_score: 0.9, ..model(0.0) };
    let bench = Bench::new(&settings, &fake);
    until("told", || bench.reason().contains("pull tiny"));
    assert!(bench.reason().ends_with("Motion goes on instead."), "{}", bench.reason());
    assert_eq!(bench.analysis.info().detector.as_deref(), Some("motion"));
    for n in 0..40 {
        bench.give(n, 3);
        until("told", || bench.told.frames().len() == n as usize + 1);
    }
    let moving = (0..40).filter(|n| bench.told.labels(*n) == ["motion"]).count();
    assert!(moving > 20, "{moving} of 40 frames show movement");
    fake.file(Ok(1), None);
    until("ready", || bench.analysis.info().detector.is_some_and(|words| words == "tiny on the fast one"));
    bench.give(40, 3);
    until("told", || bench.told.frames().len() == 41);
    assert_eq!((bench.told.labels(40), bench.reason()), (vec!["person".to_owned()], String::new()));
}

#[test]
fn a_look_that_fails_is_told_and_counted_and_the_frame_goes_on() {
    let fake = Fake::new(1);
    fake.lock().next.push_back(Outcome::Fails("the device is lost."));
    let bench = Bench::ready(&model(0.0), &fake);
    bench.give(0, 0);
    until("told", || bench.told.frames() == [0]);
    assert_eq!(bench.skipped("failed"), 1);
    until("opened again", || bench.analysis.info().detector.is_some_and(|words| words == "tiny on the slow one"));
    let reason = bench.reason();
    assert!(reason.contains("The device is lost.") && reason.contains("Now it is the slow one"), "{reason}");
    bench.give(1, 0);
    until("told", || bench.told.frames() == [0, 1]);
    assert_eq!((bench.told.labels(1), bench.looks()), (vec!["person".to_owned()], (2, 1, 0)));
}

#[test]
fn things_count_where_they_stand() {
    let fake = Fake::new(1);
    fake.lock().finds = |_| {
        let at = |y: f32| Detection::new("car".into(), 0.9, Area { x1: 0.4, y1: y, x2: 0.6, y2: y + 0.2 });
        vec![at(0.1), at(0.6)]
    };
    let lower = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]].map(Point::from).to_vec();
    let bench = Bench::ready(&DetectSettings { regions: vec![lower], ..model(0.0) }, &fake);
    bench.give(0, 0);
    until("told", || bench.told.frames() == [0]);
    let told = lock(&bench.told.0);
    assert_eq!(told[0].tracks.iter().map(|track| track.y1).collect::<Vec<_>>(), [0.6]);
}

#[test]
fn a_camera_that_stops_or_changes_its_model_loses_no_item_from_the_count() {
    let fake = Fake::new(1);
    fake.lock().permits = Some(0);
    let bench = Bench::ready(&model(0.0), &fake);
    bench.give(0, 0);
    // Before the model has the first one, another would take its turn.
    until("taken", || fake.lock().batches.len() == 1);
    bench.give(1, 0);
    bench.give(2, 0);
    until("asked", || bench.looks() == (3, 0, 2));
    bench.analysis.configure(&DetectSettings { fps: 5.0, ..model(5.0) });
    assert_eq!(bench.looks().2, 0);
    until("told", || bench.told.frames() == [0, 1, 2]);
    fake.permit(1);
    until("ready", || bench.analysis.info().detector.is_some());
    bench.give(60, 0);
    bench.give(61, 0);
    bench.analysis.close();
    bench.give(62, 0);
    assert_eq!(bench.looks().2, 0);
    let track = bench.counters.track.report(bench.clock.now(), Duration::from_secs(60));
    assert_eq!(track.entered, track.left + track.held + track.dropped.values().sum::<u64>(), "{track:?}");
    assert_eq!(track.held, 0);
    fake.permit(9);
    until("given up", || fake.opened_and_alive().1 == 0);
}

#[test]
fn a_second_model_looks_at_each_thing_of_its_labels() {
    let fake = Fake::new(1);
    fake.lock().finds = |first| {
        // The first model sees the whole picture, whose corner is dark; a crop begins at the bright block.
        let label = if first < 0.6 { ["person", "car"] } else { ["face", "face"] };
        let one = |label: &str, x1| Detection::new(label.into(), 0.9, Area { x1, y1: 0.35, x2: x1 + 0.15, y2: 0.65 });
        vec![one(label[0], 0.07), one(label[1], 0.5)]
    };
    let second = SecondModel { model: "faces".into(), labels: vec!["person".into()] };
    let bench = Bench::ready(&DetectSettings { second: vec![second], ..model(0.0) }, &fake);
    // Whichever is there first is told of alone.
    let both = "tiny on the fast one + faces on the fast one";
    until("both", || bench.analysis.info().detector.as_deref() == Some(both));
    for n in 0..4 {
        bench.give(n, 0);
        let seen = || bench.counters.second.report(bench.clock.now(), Duration::from_secs(9));
        until("looked at", || (seen().left, seen().held) == (n as u64 + 1, 0));
    }
    assert_eq!(bench.looks(), (4, 4, 0));
    assert_eq!(fake.lock().batches.len(), 8, "a crop of the person for each look, and none of the car");
    bench.give(4, 0);
    until("told", || bench.told.frames().len() == 5);
    let told = lock(&bench.told.0);
    let found = |label: &str| {
        let track = told[4].tracks.iter().find(|track| track.label == label).expect("followed");
        track.findings.iter().map(|finding| finding.label.clone()).collect::<Vec<_>>()
    };
    assert_eq!((found("person"), found("car")), (vec!["face".to_owned(); 2], Vec::new()));
}
