//! Renditions through the program as people use it: measured at the WebSocket, before and after a change.

use crate::device::lost;
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use sightline_shared::camera::{Camera, Rendition};
use sightline_shared::chunk::{FLAG_AUDIO, Kind};
use sightline_shared::encoder::RenditionState;
use sightline_shared::wire::{PROTOCOL_VERSION, ServerMessage, Stages, ViewerMessage};
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::media::ffprobe;
use sightline_tests::mp4;
use sightline_tests::program::{Options, PATIENCE, Program};
use sightline_tests::real_camera::RealCamera;
use sightline_tests::viewer::{Got, GotChunk, Viewer};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Noise, so that every bit asked for is needed.
async fn noisy() -> FakeCamera {
    let clip = ClipSpec { bitrate: 3_000_000, noisy: true, ..ClipSpec::default() };
    FakeCamera::start(Arc::new(Clip::make(clip)), vec![]).await
}

async fn watch(program: &Program, camera: &str, rendition: &str) -> Viewer {
    let path = format!("/api/cameras/{camera}/live?v={PROTOCOL_VERSION}&rendition={rendition}");
    Viewer::try_open(program, &path, &[]).await.unwrap_or_else(|status| panic!("{rendition}: {status}"))
}

async fn change(program: &Program, camera: &str, patch: Value) -> Value {
    let (status, answer) = program.send(Method::PATCH, &format!("/api/cameras/{camera}/encoder"), &patch).await;
    assert_eq!(status, 200, "{patch}: {answer}");
    answer
}

fn bits_a_second(chunks: &[GotChunk], fps: f64) -> f64 {
    let bytes: usize = chunks.iter().map(|chunk| mp4::chunk(&chunk.mp4).mdat_len).sum();
    bytes as f64 * 8.0 * fps / chunks.len() as f64
}

fn without_a_gap(chunks: &[GotChunk], what: &str) {
    let gaps = chunks.windows(2).filter(|two| two[1].header.sequence != two[0].header.sequence.wrapping_add(1)).count();
    assert_eq!(gaps, 0, "{what}: chunks are missing");
}

fn state(camera: &Camera, rendition: Rendition) -> RenditionState {
    camera.renditions.iter().find(|info| info.rendition == rendition).map(|info| info.state).unwrap_or_default()
}

/// In = out + held + dropped, at every stage that is told.
async fn accounted(program: &Program, camera: &str) -> Value {
    let timings = program.get_json(&format!("/api/timings?camera={camera}&last_s=60")).await;
    for (name, stage) in timings["stages"].as_object().expect("stages") {
        let number = |name: &str| stage[name].as_u64().unwrap_or_else(|| panic!("no `{name}` in {stage}"));
        let dropped: u64 = stage["dropped"].as_object().map_or(0, |by| by.values().filter_map(Value::as_u64).sum());
        assert_eq!(number("in"), number("out") + number("held") + dropped, "{name}: {stage}");
    }
    timings
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bitrate_follows_within_a_gop_and_viewers_stay() {
    let camera = noisy().await;
    let program = Program::start().await;
    let encoder = json!({ "bitrate": 400_000, "gop": 25 });
    program
        .add_as(json!({ "id": "cam", "url": camera.url(), "encoder": encoder, "detect": { "model": "none" } }))
        .await;
    program.wait_live("cam").await;
    let mut source = watch(&program, "cam", "source").await;
    let beside = tokio::spawn(async move { source.videos(300).await });
    let mut viewer = watch(&program, "cam", "main").await;
    let mut all = viewer.videos(50).await;
    for (bitrate, before) in [(400_000, None), (1_200_000, Some(400_000)), (500_000, Some(1_200_000))] {
        if before.is_some() {
            let answer = change(&program, "cam", json!({ "bitrate": bitrate })).await;
            assert_eq!((&answer["live"], &answer["restarted"]), (&json!(["bitrate"]), &json!([])), "{answer}");
            assert_eq!(answer["encoder"]["bitrate"], bitrate);
            // One GOP: and those that were on their way.
            all.extend(viewer.videos(30).await);
        }
        let measured = viewer.videos(75).await;
        let bits = bits_a_second(&measured, 25.0);
        assert!(
            (bits / f64::from(bitrate) - 1.0).abs() < 0.2,
            "{bits:.0} bits a second of {bitrate}, before {before:?}"
        );
        all.extend(measured);
    }
    without_a_gap(&all, "main");
    without_a_gap(&beside.await.expect("the viewer of source stays"), "source");
    assert_eq!(lost(&program, "cam", &all).await, 0);
    let timings = accounted(&program, "cam").await;
    for stage in ["decode", "process", "encode", "send"] {
        assert!(timings["stages"][stage]["out"].as_u64() > Some(100), "{stage}: {timings}");
    }
    assert_eq!(timings["stages"]["encode"]["dropped"], json!({}), "never after encoding has begun");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_encoder_is_a_new_init_on_the_same_connection() {
    let camera = noisy().await;
    let program = Program::start().await;
    program.add_as(json!({ "id": "cam", "url": camera.url(), "detect": { "model": "none" } })).await;
    program.wait_live("cam").await;
    let mut viewer = watch(&program, "cam", "auto").await;
    let first = viewer.text(|message| if let ServerMessage::Init(init) = message { Some(init) } else { None }).await;
    assert_eq!((first.rendition, first.width), (Rendition::Source, 320));
    // What the page says when it cannot play what it was given, or when somebody applied a change beside it.
    viewer.say(&ViewerMessage::Rendition { rendition: Rendition::Main }).await;
    let hello = viewer.text(|message| if let ServerMessage::Hello(hello) = message { Some(hello) } else { None }).await;
    assert_eq!(hello.rendition, Rendition::Main);
    let init = viewer.text(|message| if let ServerMessage::Init(init) = message { Some(init) } else { None }).await;
    assert_eq!((init.rendition, init.width, init.epoch), (Rendition::Main, 320, first.epoch));
    let before = viewer.videos(30).await;
    assert!(before[0].is_key() && before[0].header.rendition == Rendition::Main.number());
    let answer = change(&program, "cam", json!({ "preset": "p1", "width": 160, "bitrate": 300_000 })).await;
    assert_eq!((&answer["live"], &answer["restarted"]), (&json!(["bitrate"]), &json!(["preset", "width"])), "{answer}");
    let mut after = Vec::new();
    let mut again = None;
    while again.is_none() || after.len() < 60 {
        match viewer.expect().await {
            Got::Text(ServerMessage::Init(init)) => again = Some((init.width, init.height, init.epoch)),
            Got::Bytes(header, mp4) if header.kind == Kind::Chunk && !header.has(FLAG_AUDIO) => {
                after.push(GotChunk { header, mp4, at: viewer.at });
            }
            _ => {}
        }
    }
    assert_eq!(again, Some((160, 90, first.epoch)), "within the epoch");
    let all: Vec<_> = before.into_iter().chain(after).collect();
    without_a_gap(&all, "main");
    assert_eq!(lost(&program, "cam", &all).await, 0, "on the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_frame_comes_when_asked_for_and_the_encoder_ends_with_its_last_viewer() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    change(&program, "demo", json!({ "gop": 1000 })).await;
    let mut viewer = watch(&program, "demo", "main").await;
    let mut small = watch(&program, "demo", "small").await;
    let init = small.text(|message| if let ServerMessage::Init(init) = message { Some(init) } else { None }).await;
    assert_eq!((init.rendition, init.width, init.height), (Rendition::Small, 640, 360));
    viewer.videos(20).await;
    let (status, _) = program.send(Method::POST, "/api/cameras/demo/keyframe", &json!({})).await;
    assert_eq!(status, 204);
    let next = viewer.videos(20).await;
    assert_eq!(next.iter().filter(|chunk| chunk.is_key()).count(), 1, "one key frame, and soon");
    assert_eq!(state(&program.camera("demo").await, Rendition::Main), RenditionState::Running);
    drop((viewer, small));
    let idle = |camera: &Camera| {
        [Rendition::Main, Rendition::Small].iter().all(|rendition| state(camera, *rendition) == RenditionState::Idle)
    };
    program.wait_camera("demo", "without encoders", idle).await;
    let (status, answer) = program.send(Method::POST, "/api/cameras/demo/keyframe", &json!({})).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (409, Some("not_running")), "{answer}");
    accounted(&program, "demo").await;
}

/// H.265 is played by few browsers; as `main` it is H.264.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_of_h265_is_played_as_main() {
    let server = RealCamera::start(&["cam=test:h265"]);
    let program = Program::start().await;
    program.add_as(json!({ "id": "cam", "url": server.url("cam"), "detect": { "model": "none" } })).await;
    let camera = program.wait_live("cam").await;
    assert!(camera.codec.is_some_and(|codec| codec.starts_with("hvc1")));
    let response = program.get("/api/cameras/cam/live.mp4?rendition=main").await;
    assert_eq!(response.status(), 200);
    let (mut body, mut bytes) = (response.bytes_stream(), Vec::new());
    let until = tokio::time::Instant::now() + Duration::from_secs(4);
    while let Ok(Some(part)) = tokio::time::timeout_at(until, body.next()).await {
        bytes.extend_from_slice(&part.expect("the stream goes on"));
    }
    let file = program.data.path().join("main.mp4");
    let whole = mp4::whole_boxes(&bytes);
    std::fs::write(&file, &bytes[..whole]).expect("the folder is ours");
    let (told, warnings) = ffprobe(&file);
    assert!(warnings.is_empty(), "{warnings}");
    let frames: usize = told["streams"][0]["nb_read_frames"].as_str().and_then(|n| n.parse().ok()).unwrap_or(0);
    assert!(told["streams"][0]["codec_name"] == "h264" && frames > 40, "{frames} frames: {told}");
}

/// Settings ten times a second for a minute: harmless to the camera, to its viewers, and to the camera beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_changes_hurts_nobody() {
    let (one, two) = (noisy().await, noisy().await);
    let program = Program::start().await;
    for (id, camera) in [("one", &one), ("two", &two)] {
        program.add_as(json!({ "id": id, "url": camera.url(), "detect": { "model": "none" } })).await;
        program.wait_live(id).await;
    }
    let mut readers = tokio::task::JoinSet::new();
    for (camera, rendition) in [("one", "source"), ("one", "main"), ("two", "source")] {
        let mut viewer = watch(&program, camera, rendition).await;
        readers.spawn(async move { (format!("{camera} {rendition}"), viewer.videos(1500).await) });
    }
    let begun = Instant::now();
    for n in 0..600_u32 {
        let preset = if n % 2 == 0 { "p1" } else { "p2" };
        change(&program, "one", json!({ "preset": preset, "bitrate": 300_000 + n * 1000 })).await;
        tokio::time::sleep((Duration::from_millis(100) * (n + 1)).saturating_sub(begun.elapsed())).await;
    }
    while let Some(read) = readers.join_next().await {
        let (what, chunks) = read.expect("the viewer stays");
        without_a_gap(&chunks, &what);
        if what == "one main" {
            let keys = chunks.iter().filter(|chunk| chunk.is_key()).count();
            assert!(keys <= 120, "{keys} key frames in a minute: every change starts another encoder");
        }
    }
    accounted(&program, "one").await;
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/one/encoder", &json!({ "bitrate": 1 })).await;
    assert_eq!((status, answer["error"]["field"].as_str()), (400, Some("bitrate")), "{answer}");
    assert_eq!(program.camera("one").await.encoder.preset, Some(sightline_shared::encoder::Preset::P2));
}

/// A delay of 50 ms in one stage stands in the figure of that stage, and in the whole way of a frame.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delay_in_a_stage_is_seen_in_that_stage_and_in_the_whole() {
    let clip = Arc::new(Clip::make(ClipSpec { fps: 10, gop: 10, frames: 50, ..ClipSpec::default() }));
    let mut figures = Vec::new();
    for arguments in [vec![], vec!["--inject".to_owned(), "encode=50".to_owned()]] {
        let camera = FakeCamera::start(clip.clone(), vec![]).await;
        let program = Program::start_with(Options { arguments, ..Options::default() }).await;
        program.add_as(json!({ "id": "cam", "url": camera.url(), "detect": { "model": "none" } })).await;
        program.wait_live("cam").await;
        let mut viewer = watch(&program, "cam", "main").await;
        let mut ways = Vec::new();
        let until = Instant::now() + Duration::from_secs(12);
        while Instant::now() < until {
            let stages =
                viewer.text(|message| if let ServerMessage::Stages(stages) = message { Some(stages) } else { None });
            let Ok(stages) = tokio::time::timeout(PATIENCE, stages).await else { panic!("no stamps come") };
            ways.push(way(&stages));
        }
        ways.sort_by(f64::total_cmp);
        let timings = program.get_json("/api/timings?camera=cam&last_s=10").await;
        let p50 = |stage: &str| timings["stages"][stage]["p50_ms"].as_f64().unwrap_or(f64::NAN);
        figures.push([p50("encode"), p50("decode") + p50("process"), ways[ways.len() / 2]]);
    }
    let [encode, others, whole] = [0, 1, 2].map(|at| figures[1][at] - figures[0][at]);
    assert!((48.0..56.0).contains(&encode), "encode: {encode:.1} ms more, {figures:?}");
    assert!(others.abs() < 4.0, "decode and process: {others:.1} ms more, {figures:?}");
    assert!((48.0..58.0).contains(&whole), "the whole way: {whole:.1} ms more, {figures:?}");
}

/// From a frame's last packet to its chunk.
fn way(stages: &Stages) -> f64 {
    let names: Vec<_> = stages.stamps.iter().map(|stamp| stamp.stage.as_str()).collect();
    assert_eq!(names, ["source", "decode", "process", "encode", "fragment"]);
    stages.stamps[4].at_ms - stages.stamps[0].at_ms
}
