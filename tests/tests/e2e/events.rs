//! Zones, lines and events of the built program, by the demo camera: where its square is in every frame is arithmetic, and so is
//! what it crosses and enters.

use reqwest::Method;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};
use sightline_shared::events::{Direction, Event, EventKind};
use sightline_shared::scene::ZoneCount;
use sightline_shared::wire::ServerMessage;
use sightline_tests::media::ffmpeg;
use sightline_tests::program::{Options, PATIENCE, Program};
use sightline_tests::sse::Sse;
use sightline_tests::viewer::Viewer;
use sightline_tests::wait_for;

/// Width of the picture, and side of the square, in pixels.
const WIDTH: f64 = 1280.0;
const SIDE: f64 = 96.0;
/// The frames of a pass of the square from left to right, which then jumps back: it moves by 7 pixels in each, over 1000.
const PASS: f64 = 1000.0 / 7.0;
/// Frames by which a count may be behind: it waits until the square is clear of the edge, and a busy machine leaves looks out.
const BEHIND: f64 = 20.0;

/// Where the middle of the square is in frame `n`, in pixels from the left.
fn middle(n: i64) -> f64 {
    100.0 + (7 * n).rem_euclid(1000) as f64 + SIDE / 2.0
}

/// In how many passes until frame `n` the middle has come to `x` pixels from the left.
fn passed(x: f64, n: i64) -> u64 {
    let since_the_first = 7.0 * n as f64 + 148.0 - x;
    ((since_the_first / 1000.0).floor() + 1.0).max(0.0) as u64
}

/// Whether the square was near `x` in the last frames before `n`, or is so now.
fn unsure(x: f64, n: i64) -> bool {
    (0..=BEHIND as i64).any(|back| (middle(n - back) - x).abs() <= 7.0)
}

fn line(id: &str, x: f64) -> Value {
    let x = x / WIDTH;
    json!({ "id": id, "name": id.to_uppercase(), "kind": "line", "points": [[x, 1.0], [x, 0.0]], "labels": ["demo"] })
}

fn area(id: &str, from: f64, to: f64) -> Value {
    let (x1, x2) = (from / WIDTH, to / WIDTH);
    json!({ "id": id, "name": id, "points": [[x1, 0.05], [x2, 0.05], [x2, 0.95], [x1, 0.95]], "labels": ["demo"] })
}

async fn draw(program: &Program, zones: &[Value]) {
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/demo", &json!({ "zones": zones })).await;
    assert_eq!(status, 200, "{answer}");
}

async fn events(program: &Program, query: &str) -> Vec<Event> {
    let told = program.get_json(&format!("/api/events?camera=demo&limit=500&{query}")).await;
    serde_json::from_value(told.clone()).unwrap_or_else(|error| panic!("{error}: {told}"))
}

/// Waits until there are as many events of a query.
async fn wait_events(program: &Program, query: &str, count: usize) -> Vec<Event> {
    let enough = async || Some(events(program, query).await).filter(|events| events.len() >= count);
    wait_for(&format!("{count} events of {query}"), PATIENCE, enough).await
}

/// Which frame an event is of.
fn frame(event: &Event) -> i64 {
    assert_eq!(event.pts % 3000, 0, "{event:?}");
    event.pts / 3000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_and_an_area_count_what_arithmetic_says() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let mut viewer = Viewer::open(&program, "demo").await;
    // The square's middle goes from 148 to 1147: through the gate and the yard, and never past the last line.
    draw(&program, &[line("gate", 640.0), area("yard", 400.0, 900.0), line("far", 1200.0)]).await;
    let (mut first, mut last) = (None, 0);
    // Three passes and a half, the first of which may have begun before there was a zone.
    for _ in 0..(PASS * 3.5) as usize {
        let tracks =
            viewer.text(|message| if let ServerMessage::Tracks(tracks) = message { Some(tracks) } else { None }).await;
        let n = tracks.pts.0 / 3000;
        if tracks.counts.is_empty() || [400.0, 640.0, 900.0].iter().any(|x| unsure(*x, n)) {
            continue;
        }
        let of = |zone: &str| {
            tracks.counts.iter().find(|count| count.zone == zone && count.label == "demo").cloned().unwrap_or_default()
        };
        let (gate, yard) = (of("gate"), of("yard"));
        let expected = |since: i64| ZoneCount {
            a_to_b: passed(640.0, n) - passed(640.0, since),
            entered: passed(400.0, n) - passed(400.0, since),
            left: passed(900.0, n) - passed(900.0, since),
            ..ZoneCount::default()
        };
        // What was counted by the first frame is where counting begins.
        let (since, gate_then, yard_then) = first.get_or_insert((n, gate.clone(), yard.clone())).clone();
        let expected = expected(since);
        assert_eq!((gate.a_to_b - gate_then.a_to_b, gate.b_to_a), (expected.a_to_b, 0), "frame {n}, since {since}");
        assert_eq!(yard.entered - yard_then.entered, expected.entered, "frame {n}, since {since}");
        assert_eq!(yard.left - yard_then.left, expected.left, "frame {n}, since {since}");
        let inside = u32::from((400.0..900.0).contains(&middle(n)));
        assert!(yard.inside == inside, "frame {n}: {} inside, not {inside}", yard.inside);
        assert_eq!(of("far"), ZoneCount::default(), "frame {n}");
        last = n;
    }
    let (since, ..) = first.expect("some frames are beyond doubt");
    assert!(passed(640.0, last) - passed(640.0, since) >= 2, "it was followed for two passes");

    let mut crossed = wait_events(&program, "zone=gate&kind=crossed", 2).await;
    crossed.reverse();
    let passes: Vec<u64> = crossed.iter().map(|event| passed(640.0, frame(event))).collect();
    assert!(passes.windows(2).all(|two| two[1] == two[0] + 1), "once in each pass: {passes:?}");
    for event in &crossed {
        assert_eq!((event.direction, event.label.as_str()), (Some(Direction::AToB), "demo"), "{event:?}");
        let n = frame(event);
        let behind = middle(n) - 640.0;
        assert!((0.0..=7.0 * BEHIND).contains(&behind), "told {behind} pixels behind the line: {event:?}");
        let told = f64::from(event.area[0] + event.area[2]) / 2.0 * WIDTH;
        assert!((told - middle(n)).abs() <= 2.0, "the box is that of its frame: {told}, not {}", middle(n));
    }
    let stayed: Vec<f64> = events(&program, "zone=yard&kind=left").await.iter().filter_map(|e| e.stayed_s).collect();
    // 500 pixels at 210 a second; the one that was inside when the yard was drawn stayed for less.
    assert!(stayed.iter().any(|s| (s - 500.0 / 210.0).abs() < 0.2), "{stayed:?}");
    let metrics = program.get("/metrics").await.text().await.expect("text");
    let told = |name: &str| metrics.lines().any(|line| line.starts_with(name) && !line.ends_with(" 0"));
    assert!(
        told("sightline_events_total{camera=") && told("sightline_zone_total{") && told("sightline_events_kept "),
        "{metrics}"
    );
}

/// Grey pixels of a JPEG, and its width and height.
fn pixels(program: &Program, jpeg: &[u8]) -> (Vec<u8>, usize, usize) {
    let file = program.data.path().join("crop.jpg");
    std::fs::write(&file, jpeg).expect("the folder is ours");
    let file = file.to_str().expect("a path");
    let (told, _) = sightline_tests::media::ffprobe(std::path::Path::new(file));
    let side = |name: &str| told["streams"][0][name].as_u64().expect("a size") as usize;
    (ffmpeg(&["-i", file, "-f", "rawvideo", "-pix_fmt", "gray", "-"]), side("width"), side("height"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_picture_of_an_event_shows_the_square_and_a_little_around_it() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    draw(&program, &[line("gate", 500.0)]).await;
    let event = wait_events(&program, "kind=crossed", 1).await.remove(0);
    let path = event.crop.clone().unwrap_or_else(|| panic!("no picture: {event:?}"));
    assert_eq!(path, format!("/api/events/{}/crop.jpg", event.id));
    let response = program.get(&path).await;
    assert_eq!((response.status().as_u16(), &response.headers()["content-type"] == "image/jpeg"), (200, true));
    let etag = response.headers()[ETAG].to_str().expect("text").to_owned();
    let jpeg = response.bytes().await.expect("a body");
    let (grey, width, height) = pixels(&program, &jpeg);
    // 96 pixels and 16 on each side, to a whole sample of chroma.
    assert!(width.abs_diff(128) <= 3 && height.abs_diff(128) <= 3, "{width} x {height}");
    let white = |x: usize, y: usize| grey[y * width + x] > 200;
    for (x, y) in [(64, 64), (28, 28), (100, 28), (28, 100), (100, 100)] {
        assert!(white(x, y), "the square at {x}, {y}");
    }
    for at in [4, 64, 124] {
        assert!(!white(at, 4) && !white(at, 124) && !white(4, at) && !white(124, at), "what is around it, at {at}");
    }
    let again = program.request(Method::GET, &path).header(IF_NONE_MATCH, &etag).send().await.expect("answered");
    assert_eq!(again.status(), 304);
    let (status, _) = program.send(Method::DELETE, &format!("/api/events/{}", event.id), &Value::Null).await;
    assert_eq!((status, program.get(&path).await.status().as_u16()), (204, 404));
    assert!(!program.data.path().join("events").join(format!("{}.jpg", event.id)).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_pushed_as_they_happen_and_after_a_break() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let mut stream = Sse::open(&program, "/api/events/stream?camera=demo", None).await;
    draw(&program, &[line("gate", 640.0), line("next", 700.0)]).await;
    let mut told = Vec::new();
    while told.iter().filter(|event: &&Event| event.kind == EventKind::Crossed).count() < 4 {
        let message = stream.next().await;
        let event: Event = serde_json::from_str(&message.data).unwrap_or_else(|error| panic!("{error}: {message:?}"));
        assert_eq!((message.id.as_str(), message.event.as_str()), (event.id.as_str(), ""));
        assert_eq!(
            program.get_json(&format!("/api/events/{}", event.id)).await["id"],
            json!(event.id),
            "it can be had"
        );
        told.push(event);
    }
    drop(stream);
    let mut again = Sse::open(&program, "/api/events/stream", Some(&told[0].id)).await;
    for event in &told[1..] {
        let message = again.next().await;
        assert_eq!(message.id, event.id);
    }
    let ids: Vec<&str> = told.iter().map(|event| event.id.as_str()).collect();
    assert!(ids.windows(2).all(|two| two[0] != two[1]), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zones_and_events_survive_a_restart() {
    let program = Program::start_config("[[camera]]\nid = \"yard\"\nurl = \"rtsp://127.0.0.1:9/x\"\n".into()).await;
    let zones = json!([{
        "id": "lawn", "name": "Lawn", "kind": "area", "points": [[0.1, 0.2], [0.7, 0.2], [0.7, 0.9]],
        "labels": ["person"], "dwell_s": 2.5
    }]);
    let change =
        async |zones: &Value| program.send(Method::PATCH, "/api/cameras/yard", &json!({ "zones": zones })).await;
    let (status, answer) = change(&zones).await;
    assert_eq!((status, &answer["zones"]), (200, &zones));
    let (status, answer) = change(&json!([{ "id": "lawn", "name": "Lawn", "points": [[0.1, 0.2], [0.7, 0.2]] }])).await;
    assert_eq!((status, answer["error"]["field"].as_str()), (400, Some("zones")), "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|words| words.contains("3 to 64 points")), "{answer}");
    let written = std::fs::read_to_string(program.data.path().join("sightline.toml")).expect("readable");
    assert!(written.contains("points = [[0.1, 0.2], [0.7, 0.2], [0.7, 0.9]]"), "{written}");
    let (data, _) = program.stop();

    let program = Program::start_in(data, Options { demo: true, ..Options::default() }).await;
    assert_eq!(program.get_json("/api/cameras/yard").await["zones"], zones);
    program.wait_live("demo").await;
    draw(&program, &[line("gate", 640.0)]).await;
    let event = wait_events(&program, "kind=crossed", 1).await.remove(0);
    let (data, _) = program.stop();
    let program = Program::start_in(data, Options { demo: true, ..Options::default() }).await;
    let known = program.get_json(&format!("/api/events/{}", event.id)).await;
    assert_eq!(serde_json::from_value::<Event>(known).expect("an event"), event);
    let picture = program.get(event.crop.as_deref().expect("a picture")).await;
    assert_eq!(picture.status(), 200);
}

/// Thirty lines make more events than a tenth of a megabyte holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_events_go_when_there_are_too_many() {
    let config = Some("[server]\nevents_keep_mb = 0.1\n".into());
    let program = Program::start_with(Options { demo: true, config, ..Options::default() }).await;
    program.wait_live("demo").await;
    let lines: Vec<Value> = (0..30).map(|n| line(&format!("line{n}"), 300.0 + 25.0 * f64::from(n))).collect();
    draw(&program, &lines).await;
    let oldest = wait_events(&program, "kind=crossed", 1).await.pop().expect("one");
    let gone = async || (program.get(&format!("/api/events/{}", oldest.id)).await.status() == 404).then_some(());
    wait_for("the oldest event is gone", PATIENCE, gone).await;
    let kept = events(&program, "").await;
    assert!(!kept.is_empty() && kept.iter().all(|event| event.id > oldest.id), "only the newest are kept");
    let (data, _) = program.stop();
    let files = std::fs::read_dir(data.path().join("events")).expect("the folder is there");
    let files: Vec<_> = files.map(|entry| entry.expect("readable").path()).collect();
    let bytes: u64 = files.iter().map(|path| path.metadata().expect("there").len()).sum();
    assert!(bytes <= 104_858 && files.len() >= 3, "{bytes} bytes in {} pictures", files.len());
    assert!(files.iter().all(|path| path.extension().is_some_and(|ending| ending == "jpg")), "{files:?}");
}
