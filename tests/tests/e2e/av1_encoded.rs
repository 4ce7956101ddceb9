//! AV1 that the program encodes, for `main` and for films: by a device, else by SVT-AV1, and from one to the other while it runs.
//!
//! Nothing here says that no frame is missing of what software makes: on a machine that has other things to do one may be left out.

use crate::clips::{download, made};
use crate::device::{all_given_back, backend, camera, main_of, running, settings, watch};
use crate::hevc::{annotated, live_mp4, same_frames, told, until_another_codec};
use reqwest::Method;
use serde_json::{Value, json};
use sightline_shared::chunk::FLAG_KEY;
use sightline_shared::encoder::Backend;
use sightline_shared::wire::{Init, ServerMessage};
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::media::ffmpeg;
use sightline_tests::program::{Program, binary};
use sightline_tests::standin::Device;
use sightline_tests::viewer::{GotChunk, Viewer};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

const AV1: &str = "detect = { model = \"none\" }\nencoder = { codec = \"av1\", bitrate = 400000, gop = 25 }";

async fn patch(program: &Program, change: Value) -> (u16, Value) {
    program.send(Method::PATCH, "/api/cameras/cam0/encoder", &change).await
}

async fn init(viewer: &mut Viewer) -> Init {
    viewer.text(|message| if let ServerMessage::Init(init) = message { Some(init) } else { None }).await
}

fn in_order(chunks: &[GotChunk]) {
    assert!(chunks.windows(2).all(|two| two[0].header.pts < two[1].header.pts), "each is shown behind the one before");
}

#[track_caller]
fn is_av1(file: &Path, tag: &str, least: u64) {
    let (codec, name, pixels, frames) = told(file);
    assert_eq!((codec.as_str(), name.as_str(), pixels.as_str()), ("av1", tag, "yuv420p"));
    assert!(frames >= least, "{frames} frames");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rendition_in_av1_is_seen_streamed_and_clipped() {
    let camera = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let program = Program::start_config(settings(&[&camera], AV1)).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    let told = init(&mut viewer).await;
    assert!(told.codec.starts_with("av01.0.0") && told.codec.ends_with("M.08"), "{told:?}");
    in_order(&viewer.videos(40).await);
    let info = running(&program, "cam0").await;
    assert_eq!(backend(&info), Some(Backend::Svtav1), "{info:?}");
    is_av1(&live_mp4(&program, "main", 4).await, "av01", 20);
    let clip = made(&program, json!({ "camera": "cam0", "last_s": 2, "rendition": "main" })).await;
    is_av1(&download(&program, &clip).await, "av01", 20);
    let snapshot = program.get("/api/cameras/cam0/snapshot.jpg").await;
    assert_eq!(
        (snapshot.status(), snapshot.headers()["content-type"].as_bytes()),
        (200.try_into().unwrap(), &b"image/jpeg"[..])
    );

    // Another codec is another init segment within the epoch.
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(5).await;
    for (codec, name) in [("h264", "avc1."), ("av1", "av01.")] {
        let (status, answer) = patch(&program, json!({ "codec": codec })).await;
        assert_eq!((status, &answer["restarted"]), (200, &json!(["codec"])), "{answer}");
        let (init, chunks) = until_another_codec(&mut viewer, 20).await;
        assert!(init.codec.starts_with(name) && init.epoch == chunks[0].header.epoch, "{init:?}");
        in_order(&chunks);
    }
    // Another rate takes another session, whose parameters are those of before: a key frame and no init segment.
    let (status, answer) = patch(&program, json!({ "bitrate": 300_000 })).await;
    assert_eq!((status, &answer["live"], &answer["restarted"]), (200, &json!([]), &json!(["bitrate"])), "{answer}");
    in_order(&viewer.videos(20).await);
    let (status, answer) = patch(&program, json!({ "backend": "x264" })).await;
    assert_eq!((status, &answer["error"]["field"]), (400, &json!("codec")), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_frame_comes_when_it_is_asked_for() {
    let camera = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let rare = "detect = { model = \"none\" }\nencoder = { codec = \"av1\", bitrate = 400000, gop = 1200 }";
    let program = Program::start_config(settings(&[&camera], rare)).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    let is_key = |chunk: &GotChunk| chunk.header.has(FLAG_KEY);
    let first = viewer.videos(20).await;
    assert_eq!(first.iter().filter(|chunk| is_key(chunk)).count(), 1);
    let (status, answer) = program.send(Method::POST, "/api/cameras/cam0/keyframe", &json!({})).await;
    assert!(status < 300, "{status}: {answer}");
    let mut then = viewer.videos(40).await;
    assert_eq!(then.iter().filter(|chunk| is_key(chunk)).count(), 1, "one, and none of the GOP");
    then.splice(0..0, first);
    in_order(&then);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_encodes_it_and_svtav1_goes_on_when_that_dies() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("", settings(&[&camera], AV1))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    let told = init(&mut viewer).await;
    assert!(told.codec.starts_with("av01.0."), "{told:?}");
    in_order(&viewer.videos(30).await);
    let info = running(&program, "cam0").await;
    assert_eq!((backend(&info), main_of(&info).reason.clone()), (Some(Backend::Nvenc), None), "{info:?}");
    let system = program.get_json("/api/system").await;
    let nvenc = system["encoders"].as_array().and_then(|all| all.iter().find(|one| one["backend"] == "nvenc"));
    assert_eq!(nvenc.map(|one| &one["codecs"]), Some(&json!(["h264", "hevc", "av1"])));
    assert_eq!(system["devices"][0]["sessions"][0]["codec"], json!("av1"), "{system}");
    is_av1(&live_mp4(&program, "main", 3).await, "av01", 20);
    // The rate changes live, as with H.264.
    let (_, answer) = patch(&program, json!({ "bitrate": 200_000 })).await;
    assert_eq!((&answer["live"], &answer["restarted"]), (&json!(["bitrate"]), &json!([])), "{answer}");
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(5).await;
    device.fail_now("encoder-dies-at=1");
    let (init, chunks) = until_another_codec(&mut viewer, 30).await;
    assert!(init.codec.starts_with("av01.") && init.epoch == chunks[0].header.epoch, "{init:?}");
    in_order(&chunks);
    let info = running(&program, "cam0").await;
    assert_eq!(backend(&info), Some(Backend::Svtav1), "{info:?}");
    assert!(main_of(&info).reason.as_deref().is_some_and(|reason| reason.contains("nvEnc")), "{info:?}");
    drop(program.stop());
    all_given_back(&device);
}

/// Cards from before Ada encode H.264 and H.265 there and AV1 in software, and say why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_without_it_leaves_it_to_software() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("refuses=encode-av1", settings(&[&camera], AV1))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(10).await;
    let info = running(&program, "cam0").await;
    let reason = main_of(&info).reason.clone().unwrap_or_default();
    assert!(backend(&info) == Some(Backend::Svtav1) && reason.contains("AV1"), "{info:?}");
    assert!(info.hardware.encoder_reason.as_deref().is_some_and(|why| why.contains("AV1")), "{info:?}");
    let (status, answer) = patch(&program, json!({ "backend": "nvenc" })).await;
    let words = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 400 && words.contains("svtav1"), "{status}: {answer}");
    let (status, answer) = patch(&program, json!({ "codec": "hevc" })).await;
    assert_eq!(status, 200, "{answer}");
    program.wait_camera("cam0", "H.265 by NVENC", |camera| backend(camera) == Some(Backend::Nvenc)).await;
    drop(program.stop());
    all_given_back(&device);
}

/// Times of the frames as they are shown, in ms.
fn times(file: &str) -> Vec<i64> {
    let how = ["-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0", file];
    let done = Command::new("ffprobe").args(how).output().expect("ffprobe is installed");
    let text = String::from_utf8(done.stdout).expect("text");
    let seconds = text.lines().filter_map(|line| line.trim_end_matches(',').parse::<f64>().ok());
    seconds.map(|time| (time * 1000.0).round() as i64).collect()
}

#[test]
fn annotate_writes_it_frame_by_frame() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let input = path("in.mp4");
    // Each third frame comes late.
    let source = "testsrc2=size=320x180:rate=25:duration=2,settb=1/90000,setpts=PTS+eq(mod(N\\,3)\\,1)*0.012/TB";
    let clock = ["-vsync", "passthrough", "-video_track_timescale", "90000", "-enc_time_base", "1:90000"];
    let x264 = ["-pix_fmt", "yuv420p10le", "-c:v", "libx264", "-bf", "2"];
    drop(ffmpeg(&[&["-f", "lavfi", "-i", source][..], &clock, &x264, &[&input]].concat()));
    let wanted = times(&input);
    assert!(wanted.len() == 50 && wanted.windows(2).any(|two| two[1] - two[0] != 40), "{wanted:?}");
    for (name, tag, further) in [
        ("out.mp4", "av01", &[][..]),
        ("out.mkv", "[0][0][0][0]", &[]),
        ("fast.mp4", "av01", &["--tune", "ull", "--bitrate", "500k"]),
    ] {
        let output = path(name);
        let result = annotated("av1", (&input, &output), further, None);
        assert!(result["encoder"].as_str().is_some_and(|words| words.contains("libsvtav1")), "{result}");
        is_av1(Path::new(&output), tag, 50);
        assert_eq!(times(&output), wanted, "{name}");
    }
    let mut refused = Command::new(binary());
    refused.args(["annotate", &input, "-o", &path("out.mov"), "--codec", "av1", "--model", "none"]);
    let refused = refused.output().expect("the program runs");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && words.contains(".mp4 or .mkv"), "{words}");
    assert!(!Path::new(&path("out.mov")).exists());
    let device = Device::new();
    let output = path("device.mp4");
    let result = annotated("av1", (&input, &output), &[], Some(&device));
    assert!(result["encoder"].as_str().is_some_and(|words| words.starts_with("NVENC")), "{result}");
    is_av1(Path::new(&output), "av01", 50);
    assert_eq!(times(&output), wanted);
    same_frames(&output, &path("out.mp4"));
    all_given_back(&device);
}
