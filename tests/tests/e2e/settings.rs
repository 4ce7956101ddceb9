//! The settings file and the API are two hands on the same cameras; both survive a restart.

use reqwest::Method;
use serde_json::json;
use sightline_shared::camera::CameraState;
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::program::{Options, Program};
use sightline_tests::viewer::Viewer;
use sightline_tests::wait_for;
use std::sync::Arc;
use std::time::Duration;

async fn camera() -> FakeCamera {
    FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_needs_nothing_and_the_program_ends_when_told() {
    let mut program = Program::start_demo().await;
    let health = program.get_json("/api/health").await;
    assert_eq!(health["state"], "ok");
    assert!(health["version"].as_str().is_some_and(|version| version.contains('.')));
    let viewer = Viewer::open(&program, "demo").await;
    let status = program.process.terminate(Duration::from_secs(5));
    assert!(status.success(), "{status}: {}", program.log());
    drop(viewer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_is_inside_the_program() {
    let program = Program::start().await;
    for path in ["/", "/cameras/any", "/login"] {
        let response = program.get(path).await;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        let policy = response.headers().get("content-security-policy").cloned();
        assert!(
            policy.is_some_and(|policy| policy.to_str().unwrap_or_default().contains("default-src")),
            "{path} has no policy"
        );
        let text = response.text().await.unwrap_or_default();
        assert!(text.contains("<!DOCTYPE html>") || text.contains("<!doctype html>"), "{path}: {text}");
        assert!(text.contains(".wasm") || text.contains(".js"), "{path} is not the dashboard: {text}");
    }
    assert_eq!(program.get("/api/no-such-thing").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cameras_and_their_uids_survive_a_restart() {
    let fake = camera().await;
    let program = Program::start().await;
    program.add_as(json!({ "id": "yard", "name": "Yard, north", "url": fake.url() })).await;
    let before = program.wait_live("yard").await;
    let (data, _) = program.stop();
    let program = Program::start_in(data, Options::default()).await;
    let after = program.wait_live("yard").await;
    assert_eq!((before.uid, before.name, before.url), (after.uid, after.name, after.url));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_is_changed_switched_off_and_deleted() {
    let fake = camera().await;
    let program = Program::start().await;
    program.add("cam", &fake.url()).await;
    program.wait_live("cam").await;
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam", &json!({ "name": "Gate" })).await;
    assert_eq!((status, answer["name"].as_str()), (200, Some("Gate")));
    assert_eq!(fake.plays(), 1, "a new name is no reason to connect again");
    let (status, _) = program.send(Method::PATCH, "/api/cameras/cam", &json!({ "enabled": false })).await;
    assert_eq!(status, 200);
    program.wait_camera("cam", "disabled", |camera| camera.state == CameraState::Disabled).await;
    wait_for("the connection is closed", Duration::from_secs(5), async || (fake.open() == 0).then_some(())).await;
    let response = program.request(Method::DELETE, "/api/cameras/cam").send().await.expect("answers");
    assert!(response.status().is_success(), "{}", response.status());
    assert_eq!(program.get("/api/cameras/cam").await.status(), 404);
    assert_eq!(program.get_json("/api/cameras").await, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_is_taken_is_refused_in_words() {
    let program = Program::start().await;
    program.add("cam", "rtsp://192.0.2.1/a").await;
    let (status, answer) =
        program.send(Method::POST, "/api/cameras", &json!({ "id": "cam", "url": "rtsp://192.0.2.1/b" })).await;
    assert_eq!(status, 409, "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|words| words.contains("cam")), "{answer}");
}

/// A changed file is read again; the camera it does not mention differently is not touched, comments stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_is_read_again_when_it_changes() {
    let (one, two) = (camera().await, camera().await);
    let first = format!("# my cameras\n[[camera]]\nid = \"one\"\nname = \"One\"\nurl = \"{}\"\n", one.url());
    let program = Program::start_config(first.clone()).await;
    program.wait_live("one").await;
    let file = program.data.path().join("sightline.toml");
    let second = format!("{first}\n[[camera]]\nid = \"two\"\nname = \"Two\"\nurl = \"{}\"\n", two.url());
    std::fs::write(&file, second).expect("the folder is ours");
    let there = async || program.get("/api/cameras/two").await.status().is_success().then_some(());
    wait_for("the second camera", Duration::from_secs(10), there).await;
    program.wait_live("two").await;
    assert_eq!(one.plays(), 1, "the first camera was connected again");
    program.send(Method::PATCH, "/api/cameras/two", &json!({ "name": "Second" })).await;
    let written = std::fs::read_to_string(&file).expect("readable");
    assert!(written.contains("# my cameras") && written.contains("Second"), "{written}");
}

/// A wrong file changes nothing, and every mistake in it is said with its line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_file_changes_nothing_and_every_mistake_has_its_line() {
    let fake = camera().await;
    let right = format!("[[camera]]\nid = \"one\"\nname = \"One\"\nurl = \"{}\"\n", fake.url());
    let program = Program::start_config(right.clone()).await;
    program.wait_live("one").await;
    let wrong = format!(
        "{right}\n[[camera]]\nid = \"two\"\nurl = \"gopher://x/\"\n\n[[camera]]\nid = \"three\"\nurl = \"rtsp://192.0.2.1/\"\nspeed = 9\n"
    );
    std::fs::write(program.data.path().join("sightline.toml"), wrong).expect("the folder is ours");
    let said = async || {
        let log = program.log();
        (log.contains("gopher") && log.contains("speed")).then_some(log)
    };
    let log = wait_for("both mistakes in the log", Duration::from_secs(10), said).await;
    assert!(log.contains("line 8") && log.contains("line 13"), "{log}");
    assert_eq!(program.get_json("/api/cameras").await.as_array().map(Vec::len), Some(1));
    assert_eq!(fake.plays(), 1);
}
