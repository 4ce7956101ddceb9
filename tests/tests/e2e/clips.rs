//! Clips of the built program: from a real camera with sound to a file that ffprobe reads without a word, and everything that
//! may come in between.

use reqwest::Method;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_RANGE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE};
use serde_json::{Value, json};
use sightline_shared::camera::Rendition;
use sightline_shared::clips::{Clip, JobState, Recordings};
use sightline_shared::time::TIMESCALE;
use sightline_shared::wire::PROTOCOL_VERSION;
use sightline_tests::media::{demo_numbers, ffmpeg, ffprobe};
use sightline_tests::program::{Options, PATIENCE, Program};
use sightline_tests::real_camera::RealCamera;
use sightline_tests::viewer::Viewer;
use sightline_tests::wait_for;
use std::path::PathBuf;

/// Waits until so many seconds of a camera are kept.
async fn wait_kept(program: &Program, camera: &str, seconds: f64) -> Recordings {
    let path = format!("/api/cameras/{camera}/recordings");
    let kept = async || {
        let told: Recordings = serde_json::from_value(program.get_json(&path).await).expect("recordings");
        // Seconds within a minute are enough to compare: the spans of these tests are shorter.
        let second = |at: &str| at[17..23].parse::<f64>().unwrap_or_else(|_| panic!("{at}"));
        let length = |span: &sightline_shared::clips::Span| (second(&span.to) - second(&span.from)).rem_euclid(60.0);
        told.spans.iter().any(|span| length(span) >= seconds).then_some(told)
    };
    wait_for("so much is kept", PATIENCE, kept).await
}

async fn ask(program: &Program, body: Value) -> (u16, Value) {
    program.send(Method::POST, "/api/clips", &body).await
}

/// Makes a clip and waits for it.
pub(crate) async fn made(program: &Program, body: Value) -> Clip {
    let (status, answer) = ask(program, body.clone()).await;
    assert_eq!(status, 201, "{body}: {answer}");
    settled(program, answer["id"].as_str().expect("an id")).await
}

async fn settled(program: &Program, id: &str) -> Clip {
    let path = format!("/api/clips/{id}");
    let ended = async || {
        let clip: Clip = serde_json::from_value(program.get_json(&path).await).expect("a clip");
        (!matches!(clip.state, JobState::Queued | JobState::Working)).then_some(clip)
    };
    wait_for("the clip is made", PATIENCE, ended).await
}

/// Downloads a clip into its own file in the program's folder.
pub(crate) async fn download(program: &Program, clip: &Clip) -> PathBuf {
    let response = program.get(&format!("/api/clips/{}/download", clip.id)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "video/mp4");
    let bytes = response.bytes().await.expect("a body");
    assert_eq!(bytes.len() as u64, clip.bytes);
    let path = program.data.path().join(format!("downloaded-{}.mp4", clip.id));
    std::fs::write(&path, bytes).expect("written");
    path
}

fn clip_files(program: &Program) -> Vec<String> {
    let names = std::fs::read_dir(program.data.path().join("clips")).expect("the folder is there");
    names.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_of_a_real_camera_with_sound() {
    let server = RealCamera::start(&["cam=test:h264+aac"]);
    let program = Program::start().await;
    program.add("cam", &server.url("cam")).await;
    program.wait_live("cam").await;
    wait_kept(&program, "cam", 5.0).await;
    let clip = made(&program, json!({ "camera": "cam", "last_s": 4 })).await;
    assert_eq!((clip.state, clip.error.as_deref(), clip.audio), (JobState::Done, None, true), "{clip:?}");
    assert!((clip.duration_s - 4.0).abs() < 0.1 && clip.frames.abs_diff(100) <= 2, "{clip:?}");
    let file = download(&program, &clip).await;
    let (told, warnings) = ffprobe(&file);
    assert_eq!(warnings, "", "ffprobe says nothing");
    let streams = told["streams"].as_array().expect("streams");
    let stream =
        |kind: &str| streams.iter().find(|stream| stream["codec_type"] == kind).unwrap_or_else(|| panic!("{told}"));
    let (video, audio) = (stream("video"), stream("audio"));
    assert_eq!(video["nb_read_frames"], clip.frames.to_string(), "frames that are decoded and shown");
    let number =
        |stream: &Value, name: &str| stream[name].as_str().and_then(|n| n.parse::<f64>().ok()).expect("a number");
    for stream in [video, audio] {
        assert!(number(stream, "start_time").abs() < 0.001, "{stream}");
        assert!((number(stream, "duration") - clip.duration_s).abs() < 0.05, "{stream}");
    }
    // All of it decodes without a word.
    let path = file.to_str().expect("a path");
    let heard = ffmpeg(&["-v", "warning", "-xerror", "-i", path, "-map", "0:a", "-f", "s16le", "-"]);
    assert!((heard.len() as f64 / 2.0 / 48_000.0 - clip.duration_s).abs() < 0.05, "{} bytes of sound", heard.len());
    let picture = program.get(&format!("/api/clips/{}/thumbnail.jpg", clip.id)).await;
    assert_eq!((picture.status().as_u16(), &picture.headers()["content-type"] == "image/jpeg"), (200, true));
}

/// The demo camera's frames hold their numbers: what is asked for is what is shown, from the asked frame on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_begins_at_the_asked_frame_and_misses_none() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let kept = wait_kept(&program, "demo", 5.0).await;
    let span = &kept.spans[0];
    let from = |ms: u64| {
        let second: f64 = span.from[17..23].parse().expect("seconds");
        let later = second + ms as f64 / 1e3;
        (later < 60.0).then(|| format!("{}{later:06.3}Z", &span.from[..17]))
    };
    // Near the end of a minute there is no simple sum; the newest seconds do as well then.
    let whole = made(&program, json!({ "camera": "demo", "from": span.from, "to": span.to })).await;
    let all = demo_numbers(&download(&program, &whole).await);
    assert_eq!(all.len() as u64, whole.frames);
    assert!(all.windows(2).all(|two| two[1] == two[0] + 1), "{all:?}");
    let (Some(begin), Some(end)) = (from(1_350), from(3_050)) else { return };
    let clip = made(&program, json!({ "camera": "demo", "from": begin, "to": end })).await;
    let file = download(&program, &clip).await;
    let shown = demo_numbers(&file);
    assert_eq!(shown.len() as u64, clip.frames);
    // Frame n is on screen from n/30 s on: 1.35 s behind the first picture is frame 40, and the last is that of 3.05 s.
    let expected: Vec<u64> = (all[0] + 40..=all[0] + 91).collect();
    let off = shown[0].abs_diff(expected[0]);
    assert!(off <= 1, "begins {off} frames off: the times are told in whole milliseconds");
    assert!(shown.len().abs_diff(expected.len()) <= 1 && shown.windows(2).all(|two| two[1] == two[0] + 1), "{shown:?}");
    assert!((clip.duration_s * f64::from(TIMESCALE) / 3000.0 - clip.frames as f64).abs() < 0.01);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_have_ranges_names_and_conditions() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    wait_kept(&program, "demo", 1.0).await;
    let clip = made(&program, json!({ "camera": "demo", "last_s": 1, "name": "Größe ../../1 \"x\"" })).await;
    let path = format!("/api/clips/{}/download", clip.id);
    let get = |name, value: &str| program.request(Method::GET, &path).header(name, value.to_owned()).send();
    let whole = program.get(&path).await;
    assert_eq!(
        whole.headers()[CONTENT_DISPOSITION],
        "attachment; filename=\"Gr__e ..-..-1 -x-.mp4\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20..-..-1%20-x-.mp4"
    );
    let etag = whole.headers()[ETAG].to_str().expect("text").to_owned();
    let bytes = whole.bytes().await.expect("a body");
    let part = get(RANGE, "bytes=100-199").await.expect("answered");
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()[CONTENT_RANGE], format!("bytes 100-199/{}", clip.bytes));
    assert_eq!(part.bytes().await.expect("a body"), bytes[100..200]);
    assert_eq!(get(RANGE, "bytes=999999999-").await.expect("answered").status(), 416);
    assert_eq!(get(IF_NONE_MATCH, &etag).await.expect("answered").status(), 304);
    let stale =
        program.request(Method::GET, &path).header(RANGE, "bytes=0-9").header(IF_RANGE, "\"other\"").send().await;
    assert_eq!(stale.expect("answered").status(), 200, "a part of another file is of no use");
    let head = program.request(Method::HEAD, &path).send().await.expect("answered");
    assert_eq!(
        (head.status().as_u16(), head.headers()["content-length"].to_str().ok()),
        (200, Some(&clip.bytes.to_string()[..]))
    );
    let (status, renamed) =
        program.send(Method::PATCH, &format!("/api/clips/{}", clip.id), &json!({ "name": "/etc/passwd" })).await;
    assert_eq!((status, &renamed["file_name"]), (200, &json!("-etc-passwd.mp4")));
    assert!(
        clip_files(&program).iter().all(|name| name.starts_with(&clip.id)),
        "names of people never name a file here"
    );
    let (status, _) = program.send(Method::DELETE, &format!("/api/clips/{}", clip.id), &Value::Null).await;
    assert_eq!((status, clip_files(&program).len()), (204, 0));
    assert_eq!(program.get(&path).await.status(), 404);
    for trick in ["..%2f..%2fsightline.toml", "%2e%2e", "x%00"] {
        assert_eq!(program.get(&format!("/api/clips/{trick}/download")).await.status(), 404, "{trick}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_clipped_is_said_in_words() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    wait_kept(&program, "demo", 1.0).await;
    for (body, status, code) in [
        (json!({}), 400, "bad_request"),
        (json!({ "camera": "gone", "last_s": 5 }), 404, "not_found"),
        (json!({ "camera": "../demo", "last_s": 5 }), 404, "not_found"),
        (json!({ "camera": "demo" }), 400, "bad_request"),
        (json!({ "camera": "demo", "last_s": -5 }), 400, "bad_request"),
        (json!({ "camera": "demo", "last_s": "5" }), 400, "bad_request"),
        (json!({ "camera": "demo", "from": "2026-01-01T00:00:05Z", "to": "2026-01-01T00:00:00Z" }), 400, "bad_request"),
        (
            json!({ "camera": "demo", "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:05Z" }),
            404,
            "no_such_span",
        ),
        (json!({ "camera": "demo", "from": "2095-01-01T00:00:00Z", "to": "2095-01-01T00:00:05Z" }), 400, "bad_request"),
        (json!({ "camera": "demo", "last_s": 5, "rendition": "small" }), 400, "bad_request"),
        (json!({ "camera": "demo", "last_s": 5, "rendition": "main" }), 409, "not_running"),
        (json!({ "camera": "demo", "last_s": 5, "nmae": "x" }), 400, "bad_request"),
    ] {
        let (told, answer) = ask(&program, body.clone()).await;
        assert_eq!((told, answer["error"]["code"].as_str()), (status, Some(code)), "{body}: {answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|words| words.len() > 20), "{body}: {answer}");
    }
    assert_eq!(program.get_json("/api/clips").await, json!([]));
}

/// What is encoded here is kept too, as long as somebody looks at it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_of_main_is_of_what_its_viewers_see() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let path = format!("/api/cameras/demo/live?v={PROTOCOL_VERSION}&rendition=main");
    let mut viewer = Viewer::try_open(&program, &path, &[]).await.expect("main runs");
    viewer.videos(100).await;
    let clip = made(&program, json!({ "camera": "demo", "last_s": 2, "rendition": "main" })).await;
    assert_eq!((clip.state, clip.rendition), (JobState::Done, Rendition::Main), "{clip:?}");
    let file = download(&program, &clip).await;
    let (told, warnings) = ffprobe(&file);
    assert_eq!((warnings.as_str(), &told["streams"][0]["width"]), ("", &json!(1280)));
    let shown = demo_numbers(&file);
    assert_eq!(shown.len() as u64, clip.frames);
    assert!(shown.len() >= 30 && shown.windows(2).all(|two| two[1] > two[0]), "{shown:?}");
}

/// A disk that fills: the clip fails in words, nothing of it is left, and who watches sees every frame.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_ends_a_clip_and_nothing_else() {
    let options = Options { demo: true, file_limit_kb: Some(320), ..Options::default() };
    let program = Program::start_with(options).await;
    program.wait_live("demo").await;
    wait_kept(&program, "demo", 5.0).await;
    let mut viewer = Viewer::open(&program, "demo").await;
    let (clip, chunks) = tokio::join!(made(&program, json!({ "camera": "demo", "last_s": 5 })), viewer.videos(60));
    assert_eq!(clip.state, JobState::Failed, "{clip:?}");
    assert!(clip.error.as_deref().is_some_and(|words| words.contains("could not be written")), "{clip:?}");
    assert_eq!(clip_files(&program), Vec::<String>::new());
    assert!(chunks.windows(2).all(|two| two[1].header.pts.0 - two[0].header.pts.0 == 3000), "a frame was missed");
    let small = made(&program, json!({ "camera": "demo", "last_s": 0.2 })).await;
    assert_eq!(small.state, JobState::Done, "what has room is written: {small:?}");
}

/// Boxes are being drawn into a clip when somebody calls it off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_is_called_off_while_it_is_encoded() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    wait_kept(&program, "demo", 8.0).await;
    let (status, asked) = ask(&program, json!({ "camera": "demo", "last_s": 8, "overlay": "burned" })).await;
    assert_eq!(status, 201, "{asked}");
    let path = format!("/api/clips/{}", asked["id"].as_str().expect("an id"));
    let begun = async || (program.get_json(&path).await["progress"].as_f64() > Some(0.0)).then_some(());
    wait_for("the first frames are encoded", PATIENCE, begun).await;
    let (status, answer) = program.send(Method::DELETE, &path, &json!(null)).await;
    assert!((200..300).contains(&status), "{status}: {answer}");
    let told = settled(&program, asked["id"].as_str().expect("an id")).await;
    assert_eq!((told.state, told.bytes), (JobState::Cancelled, 0), "{told:?}");
    let gone = async || clip_files(&program).is_empty().then_some(());
    wait_for("nothing of it is left", PATIENCE, gone).await;
    let (status, _) = program.send(Method::DELETE, &path, &json!(null)).await;
    assert!((200..300).contains(&status), "its line in the list goes too");
    assert_eq!(program.get_json("/api/clips").await, json!([]));
}

/// 500 at once: each is made or refused with words, and who watches sees every frame.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_clips_at_once_leave_live_alone() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    wait_kept(&program, "demo", 2.0).await;
    let mut viewer = Viewer::open(&program, "demo").await;
    let asked = futures::future::join_all((0..500).map(|_| ask(&program, json!({ "camera": "demo", "last_s": 2 }))));
    let (answers, chunks) = tokio::join!(asked, viewer.videos(120));
    assert!(chunks.windows(2).all(|two| two[1].header.pts.0 - two[0].header.pts.0 == 3000), "a frame was missed");
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 201);
    assert!(taken.len() >= 64, "{} were taken", taken.len());
    for (status, answer) in &refused {
        assert_eq!((*status, answer["error"]["code"].as_str()), (429, Some("too_many_clips")), "{answer}");
    }
    for (_, clip) in &taken {
        assert_eq!(settled(&program, clip["id"].as_str().expect("an id")).await.state, JobState::Done);
    }
    assert_eq!(program.get_json("/api/clips").await.as_array().map(Vec::len), Some(taken.len()));
    // Their pictures are made after them.
    let whole = async || clip_files(&program).iter().all(|name| !name.ends_with(".part")).then_some(());
    wait_for("nothing half-written is left", PATIENCE, whole).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clips_outlive_their_camera_and_the_program() {
    let server = RealCamera::start(&["cam=test"]);
    let program = Program::start().await;
    program.add("cam", &server.url("cam")).await;
    program.wait_live("cam").await;
    wait_kept(&program, "cam", 2.0).await;
    let clip = made(&program, json!({ "camera": "cam", "last_s": 1 })).await;
    assert_eq!(program.request(Method::DELETE, "/api/cameras/cam").send().await.expect("answered").status(), 204);
    assert_eq!(ask(&program, json!({ "camera": "cam", "last_s": 1 })).await.0, 404);
    let (data, _) = program.stop();
    // As a crash would have left it.
    std::fs::write(data.path().join("clips/01J00000000000000000000000.mp4.part"), b"half").expect("written");
    let program = Program::start_in(data, Options::default()).await;
    let told: Clip =
        serde_json::from_value(program.get_json(&format!("/api/clips/{}", clip.id)).await).expect("a clip");
    assert_eq!(told, clip);
    download(&program, &clip).await;
    assert!(clip_files(&program).iter().all(|name| !name.ends_with(".part")));
}
