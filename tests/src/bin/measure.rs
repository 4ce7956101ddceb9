//! Measures the built program: `make bench [ARGS="transit cameras ..."]`. Cameras are scripted ones of this process.
//!
//! Every figure is of one run on the machine at hand; the table names its sizes. `tests/artifacts/bench.json` keeps it.

use futures::StreamExt;
use serde_json::{Value, json};
use sightline_shared::chunk::{FLAG_AUDIO, Kind};
use sightline_shared::wire::{PROTOCOL_VERSION, ServerMessage};
use sightline_tests::browser;
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::media::shared;
use sightline_tests::program::Program;
use sightline_tests::viewer::{Got, GotChunk, Viewer};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|one| one == name);
    let mut told = serde_json::Map::new();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    say(&format!("{cores} cores; {} s a figure\n\n| what | figure |\n|---|---|", TIME.as_secs()));
    if wanted("transit") {
        told.insert("transit".into(), cameras("transit, 1 camera 720p25, analysis off", 1, "none", 5.0).await);
    }
    if wanted("cameras") {
        told.insert("cameras".into(), cameras("20 cameras 720p25, analysis off", 20, "none", 5.0).await);
    }
    if wanted("analysis") {
        told.insert("analysis".into(), cameras("4 cameras 720p25, motion at 5 fps", 4, "motion", 5.0).await);
    }
    if wanted("models") {
        told.insert("models".into(), models().await);
    }
    if wanted("telemetry") {
        told.insert("telemetry".into(), telemetry().await);
    }
    if wanted("delay") {
        told.insert("delay".into(), delay("motion at 5 fps", "motion").await);
        told.insert("delay_without_analysis".into(), delay("analysis off", "none").await);
    }
    if wanted("join") {
        told.insert("join".into(), join().await);
    }
    if wanted("renditions") {
        told.insert("renditions".into(), renditions(4).await);
    }
    if wanted("transcode") {
        let compared = tokio::task::spawn_blocking(sightline_tests::transcode::compare);
        let (row, figures) = compared.await.expect("both do the same work");
        say(&row);
        told.insert("transcode".into(), figures);
    }
    std::fs::create_dir_all(browser::artifacts()).expect("the folder is ours");
    std::fs::write(browser::artifacts().join("bench.json"), format!("{:#}\n", Value::from(told)))
        .expect("the folder is ours");
}

fn say(line: &str) {
    // A closed stdout is no reason to stop measuring.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// YOLOX-nano beside pictures, and what 16 cameras with it take of memory beside 16 that look for movement.
async fn models() -> Value {
    let Some(yolox) = shared("models/yolox_nano_416x416.onnx") else { return Value::Null };
    let yolox = yolox.display().to_string();
    let four = cameras("4 cameras 720p25, YOLOX-nano at 5 fps", 4, &yolox, 5.0).await;
    let motion = cameras("16 cameras 720p25, motion at 1 fps", 16, "motion", 1.0).await;
    let sixteen = cameras("16 cameras 720p25, YOLOX-nano at 1 fps", 16, &yolox, 1.0).await;
    json!({ "four": four, "sixteen_motion": motion, "sixteen": sixteen })
}

/// What every camera's analysis says of itself, and how many looks a second all of them have together.
async fn looks(program: &Program, count: usize) -> (Vec<Value>, f64) {
    let mut told = Vec::new();
    for n in 0..count {
        told.push(program.get_json(&format!("/api/cameras/cam{n}")).await["analysis"].take());
    }
    let sum = told.iter().filter_map(|analysis| analysis["fps"].as_f64()).sum();
    (told, sum)
}

/// `count` cameras, a viewer each: transit, drops, processor time and memory.
async fn cameras(what: &str, count: usize, model: &str, fps: f64) -> Value {
    let clip = Arc::new(Clip::make(ClipSpec::bench()));
    let program = Program::start().await;
    let idle = program.resident_bytes();
    let mut fakes = Vec::new();
    for n in 0..count {
        let fake = FakeCamera::start(Arc::clone(&clip), vec![]).await;
        program
            .add_as(json!({ "id": format!("cam{n}"), "url": fake.url(), "detect": { "model": model, "fps": fps } }))
            .await;
        fakes.push(fake);
    }
    let mut viewers = tokio::task::JoinSet::new();
    for (n, fake) in fakes.into_iter().enumerate() {
        program.wait_live(&format!("cam{n}")).await;
        let viewer = Viewer::open(&program, &format!("cam{n}")).await;
        viewers.spawn(watch(viewer, fake));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (cpu, start) = (program.cpu_seconds(), Instant::now());
    tokio::time::sleep(TIME).await;
    let load = (program.cpu_seconds() - cpu) / start.elapsed().as_secs_f64();
    let resident = program.resident_bytes();
    let timings = program.get_json("/api/timings?camera=cam0&last_s=10").await;
    let (analysis, looks) = looks(&program, count).await;
    let watched = viewers.join_all().await;
    let mut transit: Vec<f64> = watched.iter().flat_map(|one| one.transit.clone()).collect();
    let (p50, p99) = (percentile(&mut transit, 50.0), percentile(&mut transit, 99.0));
    let (frames, lost) = watched.iter().fold((0, 0), |sum, one| (sum.0 + one.frames, sum.1 + one.lost));
    let tracks: usize = watched.iter().map(|one| one.tracks).sum();
    let each = (resident - idle.min(resident)) as f64 / count as f64 / 1e6;
    say(&format!(
        "| {what} | transit p50 {p50:.2} ms, p99 {p99:.2} ms; {frames} frames, {lost} lost, {tracks} tracks messages, {looks:.1} looks a second; {:.1} % of a core and {each:.1} MB a camera (+ {:.0} MB) |",
        100.0 * load / count as f64,
        idle as f64 / 1e6
    ));
    json!({ "p50_ms": p50, "p99_ms": p99, "frames": frames, "lost": lost, "tracks": tracks, "cores": load, "mb_each": each,
        "mb_idle": idle as f64 / 1e6, "timings": timings, "looks": looks, "analysis": analysis })
}

/// What telemetry costs at 16 cameras: sampling by the server's own account, and the processor time of the whole process
/// without a subscriber, with one of one camera, and with 16 of all cameras.
async fn telemetry() -> Value {
    const CAMERAS: usize = 16;
    let clip = Arc::new(Clip::make(ClipSpec::bench()));
    let program = Program::start().await;
    let mut fakes = Vec::new();
    for n in 0..CAMERAS {
        let fake = FakeCamera::start(Arc::clone(&clip), vec![]).await;
        program.add_as(json!({ "id": format!("cam{n}"), "url": fake.url(), "detect": { "model": "none" } })).await;
        fakes.push(fake);
    }
    for n in 0..CAMERAS {
        program.wait_live(&format!("cam{n}")).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut loads = Vec::new();
    let sampled = sampling_s(&program).await;
    let begun = Instant::now();
    // In turn and twice, so that what else the machine does falls on all alike.
    for _ in 0..2 {
        for subscribers in [0, 1, CAMERAS] {
            let query = if subscribers == 1 { "?camera=cam0" } else { "" };
            let mut readers = tokio::task::JoinSet::new();
            for _ in 0..subscribers {
                readers.spawn(read_all(format!("ws://{}/api/telemetry{query}", program.address)));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let (cpu, start) = (program.cpu_seconds(), Instant::now());
            tokio::time::sleep(TIME / 2).await;
            loads.push((program.cpu_seconds() - cpu) / start.elapsed().as_secs_f64());
            readers.shutdown().await;
        }
    }
    let share = (sampling_s(&program).await - sampled) / begun.elapsed().as_secs_f64();
    let mean = |at: usize| 100.0 * f64::midpoint(loads[at], loads[at + 3]);
    say(&format!(
        "| telemetry, {CAMERAS} cameras 720p25 | sampling {:.2} % of a core; the process without subscribers {:.1} %, with one {:.1} %, with {CAMERAS} of all cameras {:.1} % |",
        100.0 * share,
        mean(0),
        mean(1),
        mean(2)
    ));
    json!({ "sampling_percent": 100.0 * share, "none_percent": mean(0), "one_percent": mean(1), "all_percent": mean(2) })
}

async fn sampling_s(program: &Program) -> f64 {
    let text = program.get("/metrics").await.text().await.expect("a page");
    let line = text.lines().find_map(|line| line.strip_prefix("sightline_telemetry_sampling_seconds_total "));
    line.and_then(|value| value.parse().ok()).expect("the server says what sampling costs")
}

/// Reads for as long as it is let.
async fn read_all(address: String) {
    let (mut socket, _) = tokio_tungstenite::connect_async(address).await.expect("telemetry answers");
    while let Some(Ok(_)) = socket.next().await {}
}

/// What a viewer saw.
struct Watched {
    transit: Vec<f64>,
    frames: usize,
    lost: u32,
    tracks: usize,
}

/// Reads for as long as is measured; transit is from the last packet of a frame handed to the system to its chunk here.
async fn watch(mut viewer: Viewer, camera: FakeCamera) -> Watched {
    let mut watched = Watched { transit: Vec::new(), frames: 0, lost: 0, tracks: 0 };
    let mut last: Option<u32> = None;
    let end = Instant::now() + TIME + Duration::from_secs(2);
    while Instant::now() < end {
        match viewer.expect().await {
            Got::Text(ServerMessage::Tracks(_)) => watched.tracks += 1,
            Got::Bytes(header, mp4) if header.kind == Kind::Chunk && !header.has(FLAG_AUDIO) => {
                watched.lost += last.map_or(0, |last| header.sequence.wrapping_sub(last) - 1);
                last = Some(header.sequence);
                watched.frames += 1;
                let chunk = GotChunk { header, mp4, at: viewer.at };
                let sent = camera.sent(0, (chunk.header.pts.0 / 3600) as usize);
                // The GOP that a viewer gets on joining was sent before it came.
                if let Some(sent) = sent.filter(|_| watched.frames > 60) {
                    watched.transit.push(chunk.at.duration_since(sent).as_secs_f64() * 1e3);
                }
            }
            _ => {}
        }
    }
    watched
}

fn percentile(values: &mut [f64], percent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * percent / 100.0) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// 720p30 with a key frame every two seconds, as the browser figures want it.
async fn thirty(model: &str) -> (Program, FakeCamera) {
    let clip = Clip::make(ClipSpec { fps: 30, gop: 60, frames: 120, ..ClipSpec::bench() });
    let camera = FakeCamera::start(Arc::new(clip), vec![]).await;
    let program = Program::start().await;
    program.add_as(json!({ "id": "cam", "url": camera.url(), "detect": { "model": model } })).await;
    program.wait_live("cam").await;
    (program, camera)
}

async fn script(name: &'static str, url: String) -> Value {
    let run =
        move || browser::run(name, &[("SIGHTLINE_URL", &url), ("SIGHTLINE_CAMERA", "cam")], Duration::from_secs(180));
    tokio::task::spawn_blocking(run).await.expect("the script runs")
}

/// From the camera's send() of a frame's last packet to requestVideoFrameCallback's expectedDisplayTime.
async fn delay(what: &str, model: &str) -> Value {
    let (program, camera) = thirty(model).await;
    let (instant, utc) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970"));
    let told = script("delay", program.url("")).await;
    let mut delays = Vec::new();
    for frame in told["frames"].as_array().expect("frames") {
        let (pts, shown_ms) = (frame[0].as_f64().expect("a number"), frame[1].as_f64().expect("a number"));
        let Some(sent) = camera.sent(0, (pts / 3000.0).round() as usize) else { continue };
        let sent_ms = (utc + sent.duration_since(instant)).as_secs_f64() * 1e3;
        delays.push(shown_ms - sent_ms);
    }
    let (p50, p95) = (percentile(&mut delays, 50.0), percentile(&mut delays, 95.0));
    let interval = 1000.0 / 30.0;
    say(&format!(
        "| delay in Chromium, 720p30, {what} | p50 {p50:.1} ms = {:.2} frame intervals, p95 {p95:.1} ms; {} frames, {} dropped; the page aims at {} ms |",
        p50 / interval,
        delays.len(),
        told["dropped"],
        told["page_says"]["targetMs"].as_str().unwrap_or("?")
    ));
    json!({ "p50_ms": p50, "p95_ms": p95, "intervals": p50 / interval, "frames": delays.len(), "dropped": told["dropped"],
        "page_says": told["page_says"] })
}

async fn join() -> Value {
    let (program, _camera) = thirty("motion").await;
    let told = script("join", program.url("")).await;
    let mut took: Vec<f64> = told["took"].as_array().expect("times").iter().filter_map(Value::as_f64).collect();
    let (p50, p95) = (percentile(&mut took, 50.0), percentile(&mut took, 95.0));
    say(&format!("| join to first frame, GOP 2 s, {} times | p50 {p50:.0} ms, p95 {p95:.0} ms |", took.len()));
    json!({ "p50_ms": p50, "p95_ms": p95, "times": took.len() })
}

/// What `main` costs beside one ffmpeg for each camera: the same pictures, encoder settings and frames, in processor time.
async fn renditions(count: usize) -> Value {
    let clip = Arc::new(Clip::make(ClipSpec::bench()));
    let program = Program::start().await;
    let encoder = json!({ "bitrate": 2_000_000, "preset": "p2", "tune": "ull", "gop": 50 });
    let (mut fakes, mut viewers) = (Vec::new(), tokio::task::JoinSet::new());
    for n in 0..count {
        let fake = FakeCamera::start(Arc::clone(&clip), vec![]).await;
        let id = format!("cam{n}");
        program.add_as(json!({ "id": id, "url": fake.url(), "detect": { "model": "none" }, "encoder": encoder })).await;
        program.wait_live(&id).await;
        let path = format!("/api/cameras/{id}/live?v={PROTOCOL_VERSION}&rendition=main");
        let mut viewer = Viewer::try_open(&program, &path, &[]).await.expect("main can be had");
        viewers.spawn(async move {
            let (mut frames, end) = (0_u64, Instant::now() + TIME + Duration::from_secs(4));
            while Instant::now() < end {
                viewer.video().await;
                frames += 1;
            }
            frames
        });
        fakes.push(fake);
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    let before = program.cpu_seconds();
    tokio::time::sleep(TIME).await;
    let ours = (program.cpu_seconds() - before) / TIME.as_secs_f64() / count as f64;
    let frames: u64 = viewers.join_all().await.into_iter().sum();
    let mut dropped = 0;
    for n in 0..count {
        let timings = program.get_json(&format!("/api/timings?camera=cam{n}&last_s=20")).await;
        let of = |stage: &str| timings["stages"][stage]["dropped"].as_object().cloned().unwrap_or_default();
        dropped += ["decode", "process", "encode"]
            .iter()
            .flat_map(|stage| of(stage))
            .filter_map(|(_, n)| n.as_u64())
            .sum::<u64>();
    }
    let theirs = ffmpegs(&fakes).await / count as f64;
    say(&format!(
        "| `main` of {count} cameras 720p25, x264 superfast zerolatency 2 Mb/s | {:.1} % of a core each, {frames} frames, {dropped} dropped; one ffmpeg each {:.1} %: {:.2}x |",
        100.0 * ours,
        100.0 * theirs,
        ours / theirs
    ));
    json!({ "cores_each": ours, "ffmpeg_cores_each": theirs, "ratio": ours / theirs, "frames": frames, "dropped": dropped })
}

/// Processor time a second of one ffmpeg for each camera, all together.
async fn ffmpegs(cameras: &[FakeCamera]) -> f64 {
    let x264 = "-an -c:v libx264 -preset superfast -tune zerolatency -b:v 2M -maxrate 2M -bufsize 1M -g 50 -sc_threshold 0 -threads 1 -f mpegts";
    let start = |camera: &FakeCamera| {
        let mut command = tokio::process::Command::new("ffmpeg");
        command.args(["-v", "quiet", "-nostdin", "-threads", "1", "-rtsp_transport", "tcp", "-i", &camera.url()]);
        command.args(x264.split(' ')).arg("/dev/null").args(["-y"]).kill_on_drop(true);
        command.spawn().expect("ffmpeg is installed")
    };
    let running: Vec<_> = cameras.iter().map(start).collect();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let used = || {
        running.iter().filter_map(tokio::process::Child::id).map(sightline_tests::program::cpu_seconds_of).sum::<f64>()
    };
    let before = used();
    tokio::time::sleep(TIME).await;
    (used() - before) / TIME.as_secs_f64()
}
