//! The graph counts what it does: in = out + dropped + held on every edge, and one final tracks message for every frame.

use serde_json::{Value, json};
use sightline_shared::chunk::Kind;
use sightline_shared::wire::ServerMessage;
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::program::Program;
use sightline_tests::viewer::{Got, Viewer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What a stage let in, let out and dropped.
fn counts(stage: &Value) -> (u64, u64, u64) {
    let number = |name: &str| stage[name].as_u64().unwrap_or_else(|| panic!("no `{name}` in {stage}"));
    let dropped = stage["dropped"].as_object().map_or(0, |causes| causes.values().filter_map(Value::as_u64).sum());
    (number("in"), number("out"), dropped)
}

/// Nothing is lost without a cause: what is missing is still in the stage or the queue before it.
fn accounted(timings: &Value, stages: &[&str]) {
    for name in stages {
        let stage = &timings["stages"][name];
        assert!(stage.is_object(), "no stage {name} in {timings}");
        let (came, went, dropped) = counts(stage);
        assert!(came > 0, "nothing came into {name}: {timings}");
        assert!(came >= went + dropped, "{name}: {came} in, {went} out, {dropped} dropped");
        // The longest queue of the graph holds 32.
        let held = stage["held"].as_u64().unwrap_or(came - went - dropped);
        assert_eq!(came, went + dropped + held, "{name}: {stage}");
        assert!(held <= 40, "{name} holds {held}: more than any queue may");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_in_goes_out_or_is_dropped_with_a_cause() {
    let fake = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let program = Program::start().await;
    program.add_as(json!({ "id": "cam", "url": fake.url(), "detect": { "fps": 5 } })).await;
    program.wait_live("cam").await;
    Viewer::open(&program, "cam").await.videos(100).await;
    let timings = program.get_json("/api/timings?camera=cam&last_s=60").await;
    accounted(&timings, &["source", "fragment", "decode", "detect", "track"]);
    for name in ["source", "fragment", "decode", "detect", "track"] {
        let stage = &timings["stages"][name];
        let times = ["p50_ms", "p95_ms", "p99_ms", "max_ms"].map(|name| stage[name].as_f64().unwrap_or(-1.0));
        assert!(times[0] >= 0.0 && times.windows(2).all(|two| two[0] <= two[1]), "{name}: {stage}");
    }
}

/// Every frame that is decoded has exactly one tracks message, with or without tracks in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_tracks_message_for_every_frame() {
    let fake = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let program = Program::start().await;
    program.add_as(json!({ "id": "cam", "url": fake.url(), "detect": { "fps": 5 } })).await;
    program.wait_live("cam").await;
    let mut viewer = Viewer::open(&program, "cam").await;
    let (mut frames, mut tracks) = (BTreeSet::new(), BTreeMap::new());
    while frames.len() < 150 {
        match viewer.expect().await {
            Got::Bytes(header, _) if header.kind == Kind::Chunk => drop(frames.insert((header.epoch, header.pts))),
            Got::Text(ServerMessage::Tracks(found)) => *tracks.entry((found.epoch, found.pts)).or_insert(0) += 1,
            _ => {}
        }
    }
    assert!(tracks.values().all(|count| *count == 1), "a frame has two tracks messages");
    // Those of the newest frames are still on their way.
    let (first, last) = (*tracks.keys().next().expect("tracks came"), *tracks.keys().last().expect("tracks came"));
    let without: Vec<_> = frames.range(first..=last).filter(|frame| !tracks.contains_key(frame)).collect();
    assert!(without.is_empty(), "frames without a tracks message: {without:?}");
    assert!(tracks.len() > 100, "{} tracks messages for {} frames", tracks.len(), frames.len());
}

/// With detection off nothing is decoded at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_without_detection_is_not_decoded() {
    let fake = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let program = Program::start().await;
    program.add_as(json!({ "id": "cam", "url": fake.url(), "detect": { "model": "none" } })).await;
    let camera = program.wait_live("cam").await;
    assert_eq!(camera.analysis.state, "off", "{:?}", camera.analysis);
    Viewer::open(&program, "cam").await.videos(50).await;
    let timings = program.get_json("/api/timings?camera=cam&last_s=60").await;
    accounted(&timings, &["source", "fragment"]);
    let decoded = timings["stages"]["decode"]["out"].as_u64().unwrap_or(0);
    assert_eq!(decoded, 0, "{timings}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_are_there_for_prometheus() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let text = program.get("/metrics").await.text().await.unwrap_or_default();
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert!(!samples.is_empty() && samples.iter().all(|line| line.starts_with("sightline_")), "{text}");
    let value = |line: &&str| line.rsplit(' ').next().is_some_and(|number| number.parse::<f64>().is_ok());
    assert!(samples.iter().all(value), "{text}");
    assert!(samples.iter().any(|line| line.contains("demo")), "no sample names the camera: {text}");
}
