//! What is drawn into and over the picture, what happened there, and models, in a real browser.

use crate::page::{one_browser, run};
use reqwest::Method;
use serde_json::{Value, json};
use sightline_tests::browser;
use sightline_tests::http_files::{HttpFiles, Serve};
use sightline_tests::media::{announce, shared};
use sightline_tests::program::{Options, Program};
use std::time::Duration;

fn silent(told: &Value, screenshots: &[&str]) {
    assert_eq!(told["axe"], json!([]), "serious findings of axe");
    for name in screenshots {
        assert!(browser::artifacts().join(format!("{name}.png")).is_file(), "no screenshot {name}");
    }
}

/// Zones by mouse and by keyboard alone, refused in words, there after a reload; every layer alone by its key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zones_are_drawn_on_the_live_picture() {
    let _alone = one_browser();
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let told = run("scene", vec![("SIGHTLINE_URL", program.url(""))], Duration::from_secs(180)).await;
    announce(&format!("scene: {told}"));
    assert_eq!(told["zones"].as_array().map(Vec::len), Some(2), "{told}");
    assert!(told["words"].as_str().is_some_and(|words| words.contains("cross")), "{told}");
    silent(&told, &["editor-zone-1440", "editor-line-1440", "editor-1024", "editor-390"]);
}

/// Events appear by themselves, newest first, with their pictures; filters are in the address; a moment leads to its clip.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_told_as_they_happen() {
    let _alone = one_browser();
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let kerb = json!({ "id": "kerb", "name": "Kerb", "kind": "line", "points": [[0.5, 0.0], [0.5, 1.0]] });
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/demo", &json!({ "zones": [kerb] })).await;
    assert_eq!(status, 200, "{answer}");
    let told = run("events", vec![("SIGHTLINE_URL", program.url(""))], Duration::from_secs(240)).await;
    announce(&format!("events: {told}"));
    assert!(told["words"].as_str().is_some_and(|words| words.contains("crossed Kerb")), "{told}");
    silent(&told, &["events-empty-1440", "events-broken-1440", "events-1440", "events-1024", "events-390"]);
}

/// Models in every state and without a runtime, the offer on the wall, a model that is chosen before it is here, one from a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_are_listed_pulled_checked_and_removed() {
    let _alone = one_browser();
    let weights = shared("models/yolox_nano_416x416.onnx");
    let folder = tempfile::tempdir().expect("a folder");
    let mut environment = Vec::new();
    if let Some(weights) = &weights {
        std::fs::copy(weights, folder.path().join("yolox-nano.onnx")).expect("copied");
        environment.push(("MODEL_FILE", weights.to_string_lossy().into_owned()));
    } else {
        announce("models: skipped what needs weights, there are none at hand");
    }
    let mirror = HttpFiles::start(Serve::Folder(folder.path().into())).await;
    let options = Options {
        demo: true,
        environment: vec![("SIGHTLINE_MODELS_FROM".into(), mirror.url(""))],
        ..Options::default()
    };
    let program = Program::start_with(options).await;
    program.wait_live("demo").await;
    environment.push(("SIGHTLINE_URL", program.url("")));
    let told = run("models", environment, Duration::from_secs(180)).await;
    announce(&format!("models: {told}"));
    silent(&told, &["models-states-1440", "models-states-390", "models-no-runtime-1440"]);
}
