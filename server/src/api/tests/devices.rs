//! What the API tells of devices where there is none: nothing made up, and why in a sentence.

use super::Home;
use axum::http::{Method, StatusCode};
use serde_json::json;
use sightline_shared::system::{Driver, LoadHistory, System};

#[tokio::test]
async fn no_device_is_an_empty_list_and_a_sentence() {
    let home = Home::new();
    let answer = home.get("/api/system").send().await;
    let system: System = serde_json::from_str(&answer.text).expect("as promised");
    assert_eq!((system.devices.len(), system.unusable_devices.len()), (0, 0), "{}", answer.text);
    assert_eq!(system.driver, Driver::default());
    let why = system.no_device.expect("why");
    assert!(why.ends_with('.') && why.starts_with(char::is_uppercase), "{why}");
    let load = home.get("/api/system/load").send().await;
    assert_eq!(load.json(), json!({ "samples": [] }));
    let metrics = home.get("/metrics").send().await.text;
    assert!(metrics.contains("sightline_uptime_seconds") && !metrics.contains("sightline_device_"), "{metrics}");
}

#[tokio::test]
async fn a_try_without_a_device_says_why_there_is_none() {
    let home = Home::new();
    let answer = home.post("/api/system/devices/0/room", "").send().await;
    assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, "not_found".into()), "{}", answer.text);
    let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(message, "There is no device 0. No device is used here.");
    let answer = home.post("/api/system/devices/first/room", "").send().await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
    assert_eq!(home.ask(Method::GET, "/api/system/devices/0/room").send().await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_moment_that_is_none_is_refused_by_name() {
    let home = Home::new();
    for wrong in ["after_ms=yesterday", "after_ms=", "after_ms=1&after_ms=2"] {
        let answer = home.get(&format!("/api/system/load?{wrong}")).send().await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}: {}", answer.text);
        assert_eq!(answer.json()["error"]["field"], "after_ms", "{wrong}");
    }
    let answer = home.get("/api/system/load?after_ms=12.5").send().await;
    let load: LoadHistory = serde_json::from_str(&answer.text).expect("as promised");
    assert_eq!(load.samples.len(), 0);
}

#[tokio::test]
async fn load_and_room_are_for_those_who_are_known() {
    let home = Home::new();
    home.set_password("correct horse battery").await;
    let load = home.get("/api/system/load").send().await;
    let room = home.post("/api/system/devices/0/room", "").send().await;
    assert_eq!((load.status, room.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
}
