//! Cameras through the API.

use super::*;
use serde_json::json;

const PASSWORD: &str = "hunter2-hunter2";

/// Nothing answers there: the camera is soon offline, and no test waits for it.
fn address() -> String {
    format!("rtsp://admin:{PASSWORD}@127.0.0.1:9/stream1")
}

#[tokio::test]
async fn a_camera_is_added_changed_and_deleted() {
    let home = Home::new();
    assert_eq!(home.get("/api/cameras").send().await.text, "[]");
    let added = home.post("/api/cameras", &json!({ "name": "Front door", "url": address() }).to_string()).send().await;
    assert_eq!((added.status, added.header(header::LOCATION)), (StatusCode::CREATED, "/api/cameras/front-door"));
    let camera = added.json();
    assert_eq!((&camera["id"], &camera["name"]), (&"front-door".into(), &"Front door".into()));
    assert_eq!((&camera["url"], &camera["editable"]), (&"rtsp://admin:***@127.0.0.1:9/stream1".into(), &true.into()));
    assert_eq!(camera["uid"].as_str().map(str::len), Some(26));

    let list = home.get("/api/cameras").send().await;
    assert_eq!(list.json()[0]["uid"], camera["uid"]);
    let etag = list.header(header::ETAG).to_owned();
    assert_eq!(etag, added.header(header::ETAG));
    let patch = |body: Value| home.ask(Method::PATCH, "/api/cameras/front-door").body(&body.to_string());
    let masked = json!({ "url": camera["url"], "name": "Door", "transport": "udp", "enabled": false });
    let changed = patch(masked).header("if-match", &etag).send().await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!((&changed.json()["name"], &changed.json()["state"]), (&"Door".into(), &"disabled".into()));
    assert_eq!((&changed.json()["uid"], &changed.json()["transport"]), (&camera["uid"], &"udp".into()));
    let stale = patch(json!({ "name": "X" })).header("if-match", &etag).send().await;
    assert_eq!((stale.status, stale.code().as_str()), (StatusCode::PRECONDITION_FAILED, "conflict"));
    let unreadable = patch(json!({ "name": "X" })).header("if-match", "nonsense").send().await;
    assert_eq!(unreadable.status, StatusCode::BAD_REQUEST);
    assert_eq!(patch(json!({ "name": "Gate" })).header("if-match", "*").send().await.json()["name"], "Gate");

    let gone = home.ask(Method::DELETE, "/api/cameras/front-door").send().await;
    assert_eq!((gone.status, gone.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(home.get("/api/cameras/front-door").send().await.code(), "not_found");
    assert_eq!(home.ask(Method::DELETE, "/api/cameras/front-door").send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_camera_is_said_at_its_field() {
    let home = Home::new();
    let cases = [
        (json!({}), "bad_url", "url", "empty"),
        (json!({ "url": "10.0.0.7/s" }), "bad_url", "url", "rtsp://"),
        (json!({ "url": "ftp://u:hunter2@h/s" }), "bad_scheme", "url", "rtsps, http, https, rtmp and srt"),
        (json!({ "url": "srt://u:hunter2@h/s" }), "bad_url", "url", "port"),
        (json!({ "url": "file:///etc/passwd" }), "bad_scheme", "url", "path itself"),
        (json!({ "url": "demo:" }), "bad_scheme", "url", "--demo"),
        (json!({ "url": "rtsp://u:hunter2/x@h/s" }), "bad_url", "url", "%2F"),
        (json!({ "url": "rtsp://h/s", "id": "A B" }), "bad_id", "id", "a to z"),
        (json!({ "url": "rtsp://h/s", "encoder": { "gop": 0 } }), "bad_encoder", "encoder", "`encoder.gop`"),
        (json!({ "url": "rtsp://h/s", "detect": { "fps": -1 } }), "bad_detect", "detect", "fps"),
    ];
    for (body, code, field, words) in cases {
        let answer = home.post("/api/cameras", &body.to_string()).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, code), "{body}: {}", answer.text);
        assert_eq!(answer.json()["error"]["field"], field, "{body}");
        assert!(answer.text.contains(words) && !answer.text.contains("hunter2"), "{body}: {}", answer.text);
    }
    for (body, status) in [
        ("{\"ulr\": 1}", StatusCode::BAD_REQUEST),
        ("hunter2", StatusCode::BAD_REQUEST),
        ("{\"url\": [\"rtsp://u:hunter2@h\"]}", StatusCode::BAD_REQUEST),
        (&"x".repeat(70_000), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let answer = home.post("/api/cameras", body).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (status, "bad_request"));
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    let form = home.post("/api/cameras", "url=x").header("content-type", "application/x-www-form-urlencoded").send();
    assert_eq!(form.await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(home.get("/api/cameras").send().await.text, "[]");
}

#[tokio::test]
async fn files_are_for_those_who_sit_here_and_for_the_media_folders() {
    let home = Home::new();
    let body = json!({ "id": "a", "url": "/nowhere/a.mp4" }).to_string();
    assert_eq!(home.post("/api/cameras", &body).send().await.status, StatusCode::CREATED);
    let cookie = home.set_password("correct horse").await;
    let ask = |id: &str, path: &str| {
        home.post("/api/cameras", &json!({ "id": id, "url": path }).to_string()).cookie(&cookie).send()
    };
    assert_eq!(ask("b", "/etc/passwd").await.code(), "outside_media");
    let media = home.dir.path().join("data/media/b.mp4");
    std::fs::write(&media, b"no video").expect("written");
    assert_eq!(ask("b", &media.display().to_string()).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_camera_s_password_is_told_nowhere() {
    let home = Home::new();
    let body = json!({ "id": "yard", "url": address() }).to_string();
    let mut told = vec![home.post("/api/cameras", &body).send().await.text];
    told.push(home.post("/api/cameras", &body).send().await.text);
    for path in ["/api/cameras", "/api/cameras/yard", "/api/system", "/api/timings?camera=yard", "/metrics"] {
        let answer = home.get(path).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        told.push(answer.text);
    }
    std::fs::write(home.dir.path().join("sightline.toml"), format!("url = {}\n", address())).expect("written");
    told.push(home.post("/api/cameras", &body).send().await.text);
    assert!(told.last().is_some_and(|text| text.contains("settings_wrong")), "{told:?}");
    told.iter().for_each(|text| assert!(!text.contains(PASSWORD), "{text}"));
}

#[tokio::test]
async fn system_and_timings_answer_in_their_shapes() {
    let home = Home::with_config("[[camera]]\nid = \"yard\"\nurl = \"rtsp://127.0.0.1:9/s\"\n");
    let system = home.get("/api/system").send().await.json();
    assert_eq!((&system["cameras"], &system["listen"]), (&1.into(), &"127.0.0.1:8080".into()));
    assert!(system["disk"]["total_bytes"].as_u64() > Some(0));
    assert_eq!(system["stages"]["encode"]["backend"], Value::Null);
    let timings = home.get("/api/timings?camera=yard&last_s=10").send().await.json();
    assert!(timings["stages"].is_object(), "{timings}");
    for wrong in ["", "?camera=none", "?camera=yard&last_s=0", "?camera=yard&last_s=x"] {
        let answer = home.get(&format!("/api/timings{wrong}")).send().await;
        assert!(answer.status.is_client_error(), "{wrong}");
        assert!(!answer.code().is_empty());
    }
    let metrics = home.get("/metrics").send().await;
    assert!(metrics.header(header::CONTENT_TYPE).starts_with("text/plain; version=0.0.4"));
    let label = "sightline_camera_failures{camera=\"";
    assert!(metrics.text.contains(label) && metrics.text.contains("id=\"yard\"}"), "{}", metrics.text);
}

#[tokio::test]
async fn live_says_in_words_why_it_cannot() {
    let plain = "[[camera]]\nid = \"gate\"\nurl = \"rtsp://127.0.0.1:9/s\"\n";
    let own = "[[camera]]\nid = \"yard\"\nurl = \"rtsp://127.0.0.1:9/s\"\nvideo = \"passthrough\"\n";
    let home = Home::with_config(&format!("{plain}{own}"));
    for (path, code) in [
        ("/api/cameras/gate/live?rendition=main", "websocket_only"),
        ("/api/cameras/none/live", "not_found"),
        ("/api/cameras/none/live.mp4", "not_found"),
        ("/api/cameras/yard/live", "websocket_only"),
        ("/api/cameras/yard/live?rendition=main", "no_rendition"),
        ("/api/cameras/yard/live.mp4?rendition=small", "no_rendition"),
        ("/api/cameras/yard/live.mp4?rendition=best", "bad_request"),
        ("/api/cameras/yard/live?v=x", "bad_request"),
    ] {
        assert_eq!(home.get(path).send().await.code(), code, "{path}");
    }
}

#[tokio::test]
async fn the_encoder_is_changed_or_refused_at_its_field() {
    let home = Home::with_config("[[camera]]\nid = \"yard\"\nurl = \"rtsp://127.0.0.1:9/s\"\n");
    let patch =
        |body: serde_json::Value| home.ask(Method::PATCH, "/api/cameras/yard/encoder").body(&body.to_string()).send();
    let answer = patch(json!({ "bitrate": 900_000, "preset": "p4" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told = answer.json();
    assert_eq!(told["asked"], json!({ "bitrate": 900_000, "preset": "p4" }));
    assert_eq!((&told["live"], &told["restarted"]), (&json!([]), &json!([])), "none was running");
    for (body, field, word) in [
        (json!({ "codec": "av1", "b_frames": 2 }), "b_frames", "AV1"),
        (json!({ "codec": "vp9" }), "codec", "av1"),
        (json!({ "preset": "ultrafast" }), "preset", "p1"),
        (json!({ "bitrate": 1 }), "bitrate", "bits a second"),
        (json!({ "speed": 1 }), "encoder", "it has"),
    ] {
        let answer = patch(body.clone()).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{body}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(word)), "{body}: {error}");
    }
    let answer = home.post("/api/cameras/yard/keyframe", "").send().await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "not_running"));
    let encoders = home.get("/api/system").send().await.json()["encoders"].clone();
    assert_eq!(encoders[0]["backend"], "x264", "{encoders}");
}
