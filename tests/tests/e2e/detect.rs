//! Models on cameras: found things, batches over cameras, models that are missing, hostile, changed and removed.

use serde_json::{Value, json};
use sightline_shared::models::Models;
use sightline_shared::tracks::Tracks;
use sightline_shared::wire::ServerMessage;
use sightline_tests::media::{announce, ffmpeg, shared};
use sightline_tests::program::{PATIENCE, Program, binary};
use sightline_tests::tiny_model::tiny_model;
use sightline_tests::viewer::Viewer;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether the program has what runs models; says so where it has not.
async fn can_run(program: &Program) -> bool {
    let models: Models = serde_json::from_value(program.get_json("/api/models").await).expect("models");
    if models.runtime.is_none() {
        announce("skipped: ONNX Runtime is not here");
    }
    models.runtime.is_some()
}

/// Puts a file where models lie, whole or not there.
fn put(program: &Program, name: &str, bytes: &[u8]) -> PathBuf {
    let folder = program.data.path().join("models");
    std::fs::create_dir_all(&folder).expect("a folder");
    let (beside, file) = (folder.join("new"), folder.join(format!("{name}.onnx")));
    std::fs::write(&beside, bytes).expect("written");
    std::fs::rename(&beside, &file).expect("renamed");
    file
}

/// Two seconds of a moving picture of 25 frames a second.
fn film(folder: &Path) -> String {
    let file = folder.join("film.mp4");
    let path = file.display().to_string();
    let source = "testsrc2=size=640x360:rate=25:duration=2";
    let _nothing_on_stdout =
        ffmpeg(&["-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-y", &path]);
    path
}

async fn tracks(viewer: &mut Viewer, pick: impl Fn(&Tracks) -> bool) -> Tracks {
    let of = |message| match message {
        ServerMessage::Tracks(tracks) if pick(&tracks) => Some(tracks),
        _ => None,
    };
    tokio::time::timeout(PATIENCE, viewer.text(of)).await.expect("such tracks come")
}

/// In = out + held + dropped by cause.
fn accounted(stage: &Value) {
    let number = |name: &str| stage[name].as_u64().unwrap_or_else(|| panic!("no `{name}` in {stage}"));
    let dropped: u64 = stage["dropped"].as_object().expect("causes").values().filter_map(Value::as_u64).sum();
    assert_eq!(number("in"), number("out") + number("held") + dropped, "{stage}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cameras_share_a_model_and_look_in_batches() {
    let program = Program::start().await;
    if !can_run(&program).await {
        return;
    }
    put(&program, "tiny", &tiny_model(640));
    let (folder, ids) = (tempfile::tempdir().expect("a folder"), ["a", "b", "c", "d"]);
    let url = film(folder.path());
    for id in ids {
        let detect = json!({ "model": "tiny", "fps": 0, "min_score": 0.3 });
        program.add_as(json!({ "id": id, "url": url, "detect": detect })).await;
    }
    for id in ids {
        let looks =
            |words: &Option<String>| words.as_deref().is_some_and(|words| words.starts_with("tiny on ONNX Runtime"));
        program.wait_camera(id, "looked at", |camera| looks(&camera.analysis.detector)).await;
    }
    let together = |batch: Option<f64>| batch.is_some_and(|batch| batch > 1.0);
    let camera = program.wait_camera("a", "in a batch", |camera| together(camera.analysis.batch)).await;
    let analysis = camera.analysis;
    assert_eq!((analysis.state.as_str(), analysis.reason), ("on", None));
    assert!(analysis.model_ms.is_some() && analysis.waiting_ms.is_some() && analysis.fps.is_some_and(|fps| fps > 0.0));
    let mut viewer = Viewer::open(&program, "d").await;
    let found = tracks(&mut viewer, |tracks| tracks.tracks.iter().any(|track| !track.predicted)).await;
    let track = &found.tracks[0];
    // 16:9 in a square: a quarter of the input's height from its middle is more of the picture's.
    assert_eq!((track.label.as_str(), track.x1, track.x2), ("person", 0.25, 0.5));
    accounted(&program.get_json("/api/timings?camera=a").await["stages"]["detect"]);
    let metrics = program.get("/metrics").await.text().await.expect("text");
    let value = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(&format!("{name}{{model=\"tiny\"}}")));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .unwrap_or_else(|| panic!("{name}: {metrics}"))
    };
    assert_eq!(value("sightline_model_ready"), 1.0);
    assert!(value("sightline_model_pictures_total") > value("sightline_model_batches_total"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_a_model_the_picture_goes_on_and_the_camera_says_why() {
    let program = Program::start().await;
    let can_run = can_run(&program).await;
    let folder = tempfile::tempdir().expect("a folder");
    let detect = json!({ "model": "mine", "labels": ["person"], "fps": 0 });
    program.add_as(json!({ "id": "cam", "url": film(folder.path()), "detect": detect })).await;
    program.wait_live("cam").await;
    let says = async |what: &str, words: &str| {
        let said = |reason: &Option<String>| reason.as_deref().unwrap_or_default().contains(words);
        let camera = program.wait_camera("cam", what, |camera| said(&camera.analysis.reason)).await;
        assert_eq!(camera.analysis.state, "on", "{what}");
        camera.analysis
    };
    let missing = says("missing", "sightline models").await;
    assert!(missing.reason.is_some_and(|reason| reason.ends_with("Motion goes on instead.")));
    assert_eq!(missing.detector.as_deref(), Some("motion"));
    let mut viewer = Viewer::open(&program, "cam").await;
    tracks(&mut viewer, |tracks| tracks.tracks.iter().any(|track| track.label == "motion")).await;
    let whole = tiny_model(64);
    for hostile in [&b"this is no model"[..], &whole[..whole.len() / 2], &[0xff; 4096]] {
        let file = put(&program, "mine", hostile);
        says("hostile", if can_run { "mine cannot be used" } else { "ONNX Runtime" }).await;
        viewer.videos(25).await;
        std::fs::remove_file(file).expect("removed");
        says("missing", "sightline models").await;
    }
    if !can_run {
        return;
    }
    let file = put(&program, "mine", &whole);
    let looks = |words: &Option<String>| words.as_deref().is_some_and(|words| words.starts_with("mine on"));
    program.wait_camera("cam", "looked at", |camera| looks(&camera.analysis.detector)).await;
    tracks(&mut viewer, |tracks| tracks.tracks.iter().any(|track| track.label == "person")).await;
    std::fs::remove_file(&file).expect("removed");
    let gone = says("gone", "What is loaded of it goes on looking").await;
    assert!(looks(&gone.detector));
    tracks(&mut viewer, |tracks| tracks.tracks.iter().any(|track| track.label == "person" && !track.predicted)).await;
    put(&program, "mine", b"this is no model");
    says("changed", "The one of before goes on.").await;
    viewer.videos(25).await;
    let detect = json!({ "detect": { "model": "none" } });
    let (status, answer) = program.send(reqwest::Method::PATCH, "/api/cameras/cam", &detect).await;
    assert_eq!((status, &answer["analysis"]["state"]), (200, &json!("off")), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_found_and_their_faces_stand_on_them() {
    let (Some(yolox), Some(faces), Some(film)) = (
        shared("models/yolox_nano_416x416.onnx"),
        shared("models/ultraface-RFB-320.onnx"),
        shared("media/indoor_man_dog_720p.mp4"),
    ) else {
        return;
    };
    let program = Program::start().await;
    if !can_run(&program).await {
        return;
    }
    let second = json!([{ "model": faces, "labels": ["person"] }]);
    let detect = json!({ "model": yolox, "fps": 5, "min_score": 0.4, "second": second });
    program.add_as(json!({ "id": "cam", "url": film, "detect": detect })).await;
    let mut viewer = Viewer::open(&program, "cam").await;
    let has_face = |tracks: &Tracks| tracks.tracks.iter().any(|track| !track.findings.is_empty());
    let found = tracks(&mut viewer, has_face).await;
    let person = found.tracks.iter().find(|track| !track.findings.is_empty()).expect("just seen");
    let face = &person.findings[0];
    assert_eq!((person.label.as_str(), face.label.as_str()), ("person", "face"));
    let middle = ((face.x1 + face.x2) / 2.0, (face.y1 + face.y2) / 2.0);
    let within = (person.x1..person.x2).contains(&middle.0) && (person.y1..person.y2).contains(&middle.1);
    assert!(within && face.y2 - face.y1 < person.y2 - person.y1, "{person:?}");
    let timings = program.get_json("/api/timings?camera=cam").await;
    accounted(&timings["stages"]["second"]);
    accounted(&timings["stages"]["detect"]);
}

#[test]
fn a_film_is_annotated_by_a_model() {
    let (Some(model), Some(film)) =
        (shared("models/yolox_nano_416x416.onnx"), shared("media/one-by-one-person-detection.mp4"))
    else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (out, lines) = (folder.path().join("out.mp4"), folder.path().join("out.jsonl"));
    let mut command = Command::new(binary());
    command.arg("annotate").arg(film).arg("-o").arg(&out).arg("--detections").arg(&lines).arg("--model").arg(model);
    command.args(["--start", "24", "--duration", "1", "--min-score", "0.5", "--labels", "person", "--resize", "640x"]);
    let done = command.output().expect("the program runs");
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    if told.contains("ONNX Runtime cannot be loaded") {
        return announce("skipped: ONNX Runtime is not here");
    }
    assert!(done.status.success(), "{told}");
    let text = std::fs::read_to_string(&lines).expect("lines");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let people =
        |line: &&Value| line["tracks"].as_array().is_some_and(|list| list.iter().any(|one| one["label"] == "person"));
    assert!(!lines.is_empty() && lines.iter().filter(people).count() > lines.len() / 2, "{text}");
    assert!(lines.iter().all(|line| line["detections"].is_array()), "every frame is looked at");
}
