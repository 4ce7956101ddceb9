//! AV1 as people get it: a film as it is, on the wire, in `live.mp4` and in a clip; decoded in software and by a device.

use crate::clips::{download, made};
use crate::device::{UNSEEN, all_given_back, backend, running, watch};
use crate::hevc::{live_mp4, told};
use serde_json::{Value, json};
use sightline_shared::encoder::Backend;
use sightline_shared::wire::{Init, ServerMessage};
use sightline_tests::media::ffmpeg;
use sightline_tests::program::{Program, binary};
use sightline_tests::standin::Device;
use sightline_tests::viewer::Viewer;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Six seconds of 8 bit, with pictures that are shown later than they are decoded.
fn film(folder: &Path) -> String {
    let file = folder.join("film.mkv").display().to_string();
    let source = "testsrc2=size=320x180:rate=25:duration=6";
    let aom = ["-pix_fmt", "yuv420p", "-c:v", "libaom-av1", "-cpu-used", "8", "-g", "25", "-lag-in-frames", "12"];
    drop(ffmpeg(&[&["-f", "lavfi", "-i", source][..], &aom, &[&file]].concat()));
    file
}

fn settings(file: &str) -> String {
    format!("[[camera]]\nid = \"cam0\"\nurl = \"{file}\"\n{UNSEEN}\n")
}

async fn init(viewer: &mut Viewer) -> Init {
    viewer.text(|message| if let ServerMessage::Init(init) = message { Some(init) } else { None }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_is_carried_as_it_is() {
    let folder = TempDir::new().expect("a temporary folder");
    let program = Program::start_config(settings(&film(folder.path()))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "source").await;
    let told_init = init(&mut viewer).await;
    assert_eq!((told_init.codec.as_str(), told_init.width, told_init.height), ("av01.0.00M.08", 320, 180));
    viewer.videos(30).await;
    let (codec, name, pixels, frames) = told(&live_mp4(&program, "source", 3).await);
    assert_eq!((codec.as_str(), name.as_str(), pixels.as_str()), ("av1", "av01", "yuv420p"));
    assert!(frames >= 40, "{frames}");
    let clip = made(&program, json!({ "camera": "cam0", "last_s": 2, "rendition": "source" })).await;
    let (codec, _, _, frames) = told(&download(&program, &clip).await);
    assert!(codec == "av1" && frames >= 40, "{codec}: {frames}");
    // Who does not play it gets H.264.
    let mut viewer = watch(&program, "cam0", "main").await;
    assert!(init(&mut viewer).await.codec.starts_with("avc1."));
    viewer.videos(20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_decodes_it_where_it_says_so() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = film(folder.path());
    for (faults, begins) in [("", "NVDEC"), ("refuses=av1", "software")] {
        let device = Device::new();
        let program = Program::start_with(device.options(faults, settings(&file))).await;
        program.wait_live("cam0").await;
        let mut viewer = watch(&program, "cam0", "main").await;
        viewer.videos(30).await;
        let camera = running(&program, "cam0").await;
        let words = camera.hardware.decoder.clone().unwrap_or_default();
        assert!(words.starts_with(begins), "{faults}: {:?}", camera.hardware);
        let reason = camera.hardware.decoder_reason.clone();
        assert_eq!(reason.is_some_and(|reason| reason.contains("AV1")), !faults.is_empty(), "{:?}", camera.hardware);
        assert_eq!(backend(&camera), Some(Backend::Nvenc));
        drop(program.stop());
        assert_eq!(device.counts()["pictures_decoded"] >= 30, faults.is_empty(), "{:?}", device.counts());
        all_given_back(&device);
    }
}

#[test]
fn annotate_reads_it_on_the_device() {
    let folder = TempDir::new().expect("a temporary folder");
    let (file, out, device) = (film(folder.path()), folder.path().join("out.mp4"), Device::new());
    let mut command = Command::new(binary());
    command.args(["annotate", &file, "-o"]).arg(&out).args(["--model", "none", "--log-format", "json"]);
    command.envs(device.options("", String::new()).environment);
    let done = command.output().expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let result: Value = serde_json::from_slice(&done.stdout).expect("the result is JSON");
    assert!(result["decoder"].as_str().is_some_and(|words| words.starts_with("NVDEC")), "{result}");
    assert_eq!(told(&out).3, 150);
    all_given_back(&device);
}
