//! H.265 as people get it: a rendition on the wire, in `live.mp4` and in a clip, a film by `annotate`, in software and by a device.

use crate::clips::{download, made};
use crate::device::{all_given_back, backend, camera, lost, main_of, running, settings, watch, without_a_gap};
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use sightline_shared::chunk::{FLAG_AUDIO, Kind};
use sightline_shared::encoder::Backend;
use sightline_shared::wire::{Init, ServerMessage};
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::media::{ffmpeg, ffprobe};
use sightline_tests::mp4;
use sightline_tests::program::{Program, binary};
use sightline_tests::standin::Device;
use sightline_tests::viewer::{Got, GotChunk, Viewer};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const HEVC: &str = "detect = { model = \"none\" }\nencoder = { codec = \"hevc\", bitrate = 400000, gop = 25 }";

/// Reads `live.mp4` of a rendition for a while into a file that ends with a whole box.
pub(crate) async fn live_mp4(program: &Program, rendition: &str, seconds: u64) -> PathBuf {
    let response = program.get(&format!("/api/cameras/cam0/live.mp4?rendition={rendition}")).await;
    assert_eq!(response.status(), 200);
    let (mut body, mut bytes) = (response.bytes_stream(), Vec::new());
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
    while let Ok(Some(part)) = tokio::time::timeout_at(until, body.next()).await {
        bytes.extend_from_slice(&part.expect("the stream goes on"));
    }
    let file = program.data.path().join(format!("{rendition}.mp4"));
    std::fs::write(&file, &bytes[..mp4::whole_boxes(&bytes)]).expect("the folder is ours");
    file
}

/// Codec, its name in the container, layout and decoded frames; ffprobe has nothing to say beside.
#[track_caller]
pub(crate) fn told(file: &Path) -> (String, String, String, u64) {
    let (told, warnings) = ffprobe(file);
    assert!(warnings.is_empty(), "{warnings}");
    let stream = told["streams"].as_array().and_then(|all| all.iter().find(|one| one["codec_type"] == "video"));
    let stream = stream.expect("a picture");
    let of = |name: &str| stream[name].as_str().unwrap_or_default().to_owned();
    let frames = of("nb_read_frames").parse().unwrap_or(0);
    (of("codec_name"), of("codec_tag_string"), of("pix_fmt"), frames)
}

fn is_hevc(found: &(String, String, String, u64), tag: &str, least: u64) {
    let (codec, name, pixels, frames) = found;
    let parts = (codec.as_str(), name.as_str(), pixels.as_str());
    assert!(parts == ("hevc", tag, "yuv420p") && *frames >= least, "{found:?}");
}

/// The next init segment, and the pictures until `count` behind it.
pub(crate) async fn until_another_codec(viewer: &mut Viewer, count: usize) -> (Init, Vec<GotChunk>) {
    let (mut init, mut chunks, mut behind) = (None, Vec::new(), 0);
    while behind < count {
        match viewer.expect().await {
            Got::Text(ServerMessage::Init(next)) => init = Some(next),
            Got::Bytes(header, mp4) if header.kind == Kind::Chunk && !header.has(FLAG_AUDIO) => {
                chunks.push(GotChunk { header, mp4, at: viewer.at });
                behind += usize::from(init.is_some());
            }
            _ => {}
        }
    }
    (init.expect("counted behind it"), chunks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rendition_in_h265_is_seen_streamed_and_clipped() {
    let camera = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let program = Program::start_config(settings(&[&camera], HEVC)).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    let init = viewer.text(|message| if let ServerMessage::Init(init) = message { Some(init) } else { None }).await;
    assert!(init.codec.starts_with("hvc1.1.6.L"), "{init:?}");
    without_a_gap(&program, "cam0", &viewer.videos(40).await).await;
    let info = running(&program, "cam0").await;
    assert_eq!(backend(&info), Some(Backend::X265), "{info:?}");
    is_hevc(&told(&live_mp4(&program, "main", 4).await), "hvc1", 40);
    let clip = made(&program, json!({ "camera": "cam0", "last_s": 2, "rendition": "main" })).await;
    is_hevc(&told(&download(&program, &clip).await), "hvc1", 30);

    // Another codec is another init segment within the epoch, and no frame is lost on the way there and back.
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(5).await;
    for (codec, name) in [("h264", "avc1."), ("hevc", "hvc1.")] {
        let patch = json!({ "codec": codec });
        let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam0/encoder", &patch).await;
        assert_eq!((status, &answer["restarted"]), (200, &json!(["codec"])), "{answer}");
        let (init, chunks) = until_another_codec(&mut viewer, 30).await;
        assert!(init.codec.starts_with(name) && init.epoch == chunks[0].header.epoch, "{init:?}");
        without_a_gap(&program, "cam0", &chunks).await;
    }
    let (status, answer) =
        program.send(Method::PATCH, "/api/cameras/cam0/encoder", &json!({ "backend": "x264" })).await;
    assert_eq!((status, &answer["error"]["field"]), (400, &json!("codec")), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_encodes_it_and_x265_goes_on_when_that_dies() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("", settings(&[&camera], HEVC))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    without_a_gap(&program, "cam0", &viewer.videos(30).await).await;
    let info = running(&program, "cam0").await;
    assert_eq!((backend(&info), main_of(&info).reason.clone()), (Some(Backend::Nvenc), None), "{info:?}");
    let system = program.get_json("/api/system").await;
    let nvenc = system["encoders"].as_array().and_then(|all| all.iter().find(|one| one["backend"] == "nvenc"));
    assert_eq!(nvenc.map(|one| &one["codecs"]), Some(&json!(["h264", "hevc", "av1"])));
    assert_eq!(system["devices"][0]["sessions"][0]["codec"], json!("hevc"), "{system}");
    is_hevc(&told(&live_mp4(&program, "main", 3).await), "hvc1", 30);
    // The rate changes live, as with H.264.
    let (_, answer) = program.send(Method::PATCH, "/api/cameras/cam0/encoder", &json!({ "bitrate": 200_000 })).await;
    assert_eq!((&answer["live"], &answer["restarted"]), (&json!(["bitrate"]), &json!([])), "{answer}");
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(5).await;
    device.fail_now("encoder-dies-at=1");
    let (init, chunks) = until_another_codec(&mut viewer, 40).await;
    assert!(init.codec.starts_with("hvc1.") && init.epoch == chunks[0].header.epoch, "{init:?}");
    assert!(lost(&program, "cam0", &chunks).await <= 1, "no more is missing than what the device had");
    let info = running(&program, "cam0").await;
    assert_eq!(backend(&info), Some(Backend::X265), "{info:?}");
    assert!(main_of(&info).reason.as_deref().is_some_and(|reason| reason.contains("nvEnc")), "{info:?}");
    drop(program.stop());
    all_given_back(&device);
}

/// Cards from before NVENC knew H.265 encode H.264 there and H.265 in software, and say why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_without_it_leaves_it_to_software() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("refuses=encode-hevc", settings(&[&camera], HEVC))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(10).await;
    let info = running(&program, "cam0").await;
    let reason = main_of(&info).reason.clone().unwrap_or_default();
    assert!(backend(&info) == Some(Backend::X265) && reason.contains("H.265"), "{info:?}");
    assert!(info.hardware.encoder_reason.as_deref().is_some_and(|why| why.contains("H.265")), "{info:?}");
    let patch = json!({ "backend": "nvenc" });
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam0/encoder", &patch).await;
    let words = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(status == 400 && words.contains("x265"), "{status}: {answer}");
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam0/encoder", &json!({ "codec": "h264" })).await;
    assert_eq!(status, 200, "{answer}");
    program.wait_camera("cam0", "H.264 by NVENC", |camera| backend(camera) == Some(Backend::Nvenc)).await;
    drop(program.stop());
    all_given_back(&device);
}

/// `annotate` of a film to `codec`, on a device where the environment has one; gives what it says of its result.
pub(crate) fn annotated(
    codec: &str,
    (input, output): (&str, &str),
    further: &[&str],
    device: Option<&Device>,
) -> Value {
    let mut command = Command::new(binary());
    let how = ["--codec", codec, "--force", "--show-time", "--model", "none", "--log-format", "json"];
    command.args(["annotate", input, "-o", output]).args(how).args(further);
    command.envs(device.map(|device| device.options("", String::new()).environment).unwrap_or_default());
    let done = command.output().expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("the result is JSON")
}

/// Fifty frames, each like the other film's.
#[track_caller]
pub(crate) fn same_frames(one: &str, other: &str) {
    let psnr = ["-i", one, "-i", other, "-filter_complex", "[0:v][1:v]psnr=stats_file=-", "-f", "null", "-"];
    let text = String::from_utf8(ffmpeg(&psnr)).expect("text");
    let each: Vec<f64> =
        text.lines().filter_map(|line| line.split("psnr_avg:").nth(1)?.split(' ').next()?.parse().ok()).collect();
    assert!(each.len() == 50 && each.iter().all(|psnr| *psnr > 28.0), "the same frames as in software: {each:?}");
}

#[test]
fn annotate_writes_it() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let input = path("in.mp4");
    let source = "testsrc2=size=320x180:rate=25:duration=2";
    drop(ffmpeg(&["-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p10le", "-c:v", "libx264", "-bf", "2", &input]));
    for (name, tag) in [("out.mp4", "hvc1"), ("out.mov", "hvc1"), ("out.mkv", "[0][0][0][0]")] {
        let output = path(name);
        let result = annotated("hevc", (&input, &output), &[], None);
        assert!(result["encoder"].as_str().is_some_and(|words| words.contains("libx265")), "{result}");
        is_hevc(&told(Path::new(&output)), tag, 50);
    }
    let device = Device::new();
    let output = path("device.mp4");
    let result = annotated("hevc", (&input, &output), &[], Some(&device));
    assert!(result["encoder"].as_str().is_some_and(|words| words.starts_with("NVENC")), "{result}");
    is_hevc(&told(Path::new(&output)), "hvc1", 50);
    same_frames(&output, &path("out.mp4"));
    all_given_back(&device);
}
