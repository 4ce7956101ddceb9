//! Privacy masks through the whole program: what lies under one is in no picture that leaves it, and `source` leaves it no more.

use super::device::{FRAME, all_given_back, backend, camera, running, settings, watch};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sightline_shared::camera::Rendition;
use sightline_shared::encoder::Backend;
use sightline_shared::wire::ServerMessage;
use sightline_tests::media::ffmpeg;
use sightline_tests::program::{PATIENCE, Program};
use sightline_tests::standin::Device;
use sightline_tests::viewer::Viewer;
use std::path::Path;

/// What a filled mask shows.
const FILL: [u8; 3] = [0x1e, 0x25, 0x2c];

/// The frames of a film or a stream, RGB.
fn frames(input: &str, (width, height): (usize, usize), most: usize) -> Vec<Vec<u8>> {
    let most = most.to_string();
    let arguments =
        ["-i", input, "-frames:v", &most, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
    ffmpeg(&arguments).chunks_exact(width * height * 3).map(<[u8]>::to_vec).collect()
}

/// How far the pixels of a rectangle are from the fill, at most.
fn farthest(frame: &[u8], width: usize, (x0, y0, x1, y1): (usize, usize, usize, usize)) -> u8 {
    let pixels = (y0..y1).flat_map(|y| (x0..x1).map(move |x| 3 * (y * width + x)));
    let apart = |at: usize| (0..3).map(|part| frame[at + part].abs_diff(FILL[part])).max().unwrap_or_default();
    pixels.map(apart).max().unwrap_or_default()
}

/// The number in the demo camera's picture; its strip is 16 pixels high.
fn number(frame: &[u8]) -> u64 {
    (0..24).fold(0, |number, bit| number << 1 | u64::from(frame[3 * (8 * 1280 + bit * 16 + 8)] > 128))
}

fn mask(style: &str, [x0, y0, x1, y1]: [f64; 4]) -> Value {
    json!({ "style": style, "points": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]] })
}

async fn patch(program: &Program, id: &str, body: Value) {
    let (status, answer) = program.send(Method::PATCH, &format!("/api/cameras/{id}"), &body).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_masked_is_in_no_picture_and_source_is_gone() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let mut viewer = Viewer::open(&program, "demo").await;
    assert_eq!(viewer.video().await.header.rendition, Rendition::Source.number());
    // The lower right quarter, and the number's strip made coarse.
    let masks = json!([mask("fill", [0.5, 0.5, 1.0, 1.0]), mask("pixelate", [0.0, 0.0, 0.4, 0.1])]);
    patch(&program, "demo", json!({ "masks": masks })).await;

    // Who looked at source is moved, and gets nothing more of it.
    let hello = viewer.text(|message| if let ServerMessage::Hello(hello) = message { Some(hello) } else { None }).await;
    assert_eq!((hello.rendition, hello.renditions), (Rendition::Main, vec![Rendition::Main, Rendition::Small]));
    assert!(viewer.videos(20).await.iter().all(|chunk| chunk.header.rendition == Rendition::Main.number()));
    let refused = program.get("/api/cameras/demo/live.mp4?rendition=source").await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    assert!(refused.text().await.expect("words").contains("Masks hide parts"));
    let (status, answer) = program
        .send(Method::POST, "/api/clips", &json!({ "camera": "demo", "last_s": 2, "rendition": "source" }))
        .await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("masked")), "{answer}");
    let kept = program.get_json("/api/cameras/demo/recordings").await;
    let of = |kept: &Value| {
        kept["spans"].as_array().map(|all| all.iter().map(|one| one["rendition"].clone()).collect::<Vec<_>>())
    };
    assert!(of(&kept).is_some_and(|all| !all.contains(&json!("source"))), "{kept}");

    let seen = frames(&program.url("/api/cameras/demo/live.mp4?rendition=main"), (1280, 720), 12);
    assert_eq!(seen.len(), 12);
    for frame in &seen {
        assert!(farthest(frame, 1280, (652, 372, 1268, 708)) < 24, "something shows through");
        assert!(farthest(frame, 1280, (100, 400, 600, 700)) > 60, "all is hidden");
    }
    assert!(seen.windows(2).any(|two| number(&two[1]) != number(&two[0]) + 1), "the number can be read");
    let jpeg = program.get("/api/cameras/demo/snapshot.jpg").await.bytes().await.expect("bytes");
    let path = program.data.path().join("still.jpg");
    std::fs::write(&path, &jpeg).expect("the folder is ours");
    assert!(farthest(&frames(text(&path), (1280, 720), 1)[0], 1280, (652, 372, 1268, 708)) < 40);
    assert!(farthest(&clip_of(&program).await, 1280, (652, 372, 1268, 708)) < 24);

    // Somebody takes the responsibility.
    patch(&program, "demo", json!({ "unmasked_source": true })).await;
    let open = frames(&program.url("/api/cameras/demo/live.mp4?rendition=source"), (1280, 720), 2);
    assert_eq!(number(&open[1]), number(&open[0]) + 1);
}

/// The first frame of a clip of what is kept.
async fn clip_of(program: &Program) -> Vec<u8> {
    let (status, made) = program.send(Method::POST, "/api/clips", &json!({ "camera": "demo", "last_s": 1 })).await;
    assert_eq!(status, 201, "{made}");
    let address = format!("/api/clips/{}", made["id"].as_str().expect("an id"));
    let done = async || {
        let clip = program.get_json(&address).await;
        assert_ne!(clip["state"], "failed", "{clip}");
        (clip["state"] == "done").then_some(())
    };
    sightline_tests::wait_for("the clip", PATIENCE, done).await;
    let bytes = program.get(&format!("{address}/download")).await.bytes().await.expect("bytes");
    let path = program.data.path().join("clip-of-main.mp4");
    std::fs::write(&path, &bytes).expect("the folder is ours");
    frames(text(&path), (1280, 720), 1).remove(0)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_hides_where_the_picture_lies() {
    let (camera, device) = (camera().await, Device::new());
    let further = "detect = { model = \"none\" }\n[[camera.mask]]\npoints = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]";
    let program = Program::start_with(device.options("", settings(&[&camera], further))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(5).await;
    assert_eq!(backend(&running(&program, "cam0").await), Some(Backend::Nvenc));
    let seen = frames(&program.url("/api/cameras/cam0/live.mp4?rendition=main"), (640, 360), 8);
    for frame in &seen {
        assert!(farthest(frame, 640, (172, 102, 468, 258)) < 24, "something shows through");
        assert!(farthest(frame, 640, (10, 10, 150, 350)) > 60, "all is hidden");
    }
    drop(viewer);
    drop(program.stop());
    let counts = device.counts();
    assert_eq!(counts["device_to_host"], 0, "{counts:?}");
    // Polygons and tiles, 2.8 kB a picture; and no picture.
    assert!(counts["host_to_device"] < counts["pictures_encoded"] * FRAME / 50, "{counts:?}");
    all_given_back(&device);
}
