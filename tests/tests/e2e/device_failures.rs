//! Every way that a device fails, from the start on or while the program runs: cameras stay live, viewers stay, and the reason is told.

use super::device::{
    FRAME, UNSEEN, all_given_back, backend, camera, lost, main_of, running, settings, watch, without_a_gap,
};
use reqwest::Method;
use serde_json::{Value, json};
use sightline_shared::camera::Camera;
use sightline_shared::encoder::Backend;
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::media::ffmpeg;
use sightline_tests::program::{PATIENCE, Program, binary};
use sightline_tests::standin::Device;
use sightline_tests::viewer::Viewer;
use sightline_tests::wait_for;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// One way that a device fails, and what becomes of it.
struct Failure {
    faults: &'static str,
    further: &'static str,
    /// Words of the reasons for which decoder and encoder are software; empty where they are the device's.
    decoder: &'static str,
    encoder: &'static str,
}

const FAILURES: [Failure; 6] = [
    Failure { faults: "no-nvenc", further: "", decoder: "", encoder: "no video encoder" },
    Failure { faults: "no-nvdec", further: "", decoder: "does not decode", encoder: "" },
    Failure { faults: "no-device", further: "", decoder: "finds no device", encoder: "finds no device" },
    Failure { faults: "old-driver", further: "", decoder: "", encoder: "too old" },
    Failure { faults: "", further: "decoder = \"software\"", decoder: "settings ask for software", encoder: "" },
    Failure { faults: "", further: "device = 3", decoder: "ask for device 3", encoder: "ask for device 3" },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_device_cannot_do_is_done_in_software_and_said_why() {
    let camera = camera().await;
    for Failure { faults, further, decoder, encoder } in FAILURES {
        let device = Device::new();
        let program =
            Program::start_with(device.options(faults, settings(&[&camera], &format!("{further}\n{UNSEEN}")))).await;
        program.wait_live("cam0").await;
        let mut viewer = watch(&program, "cam0", "main").await;
        without_a_gap(&program, "cam0", &viewer.videos(30).await).await;
        let told = running(&program, "cam0").await;
        let why = |reason: &Option<String>| reason.clone().unwrap_or_default();
        let (decodes, encodes) = (why(&told.hardware.decoder_reason), why(&told.hardware.encoder_reason));
        assert_eq!(
            (decodes.is_empty(), encodes.is_empty()),
            (decoder.is_empty(), encoder.is_empty()),
            "{faults}: {told:?}"
        );
        assert!(decodes.contains(decoder) && encodes.contains(encoder), "{faults}: {decodes} {encodes}");
        assert_eq!(backend(&told) == Some(Backend::Nvenc), encoder.is_empty(), "{faults}");
        // Only where one end is on the device and the other is not does a frame cross the bus.
        let bus = &told.hardware;
        let (down, up) = (bus.frames_to_host_bytes / FRAME, bus.frames_to_device_bytes / FRAME);
        assert_eq!(
            (down > 20, up > 20),
            (decoder.is_empty() && !encoder.is_empty(), encoder.is_empty() && !decoder.is_empty())
        );
        assert!((down == 0 || up == 0) && bus.looks_to_host_bytes == 0, "{faults}: {bus:?}");
        drop(program.stop());
        if faults != "no-device" {
            all_given_back(&device);
        }
    }
}

/// The same connection goes on within the epoch for so many frames, and less than a GOP is lost.
async fn goes_on(program: &Program, camera: &str, viewer: &mut Viewer, count: usize) {
    let chunks = viewer.videos(count).await;
    assert!(chunks.iter().all(|chunk| chunk.header.epoch.0 == 0), "the camera did not begin anew");
    let lost = lost(program, camera, &chunks).await;
    assert!(lost < 25, "{lost} frames of {camera} are lost: {}", program.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_lost_costs_less_than_a_gop() {
    let (one, two, device) = (camera().await, camera().await, Device::new());
    let program = Program::start_with(device.options("", settings(&[&one, &two], UNSEEN))).await;
    let mut viewers = Vec::new();
    for id in ["cam0", "cam1"] {
        program.wait_live(id).await;
        let mut viewer = watch(&program, id, "main").await;
        viewer.videos(10).await;
        viewers.push(viewer);
    }
    device.fail_now("lost-at=1");
    for (id, mut viewer) in ["cam0", "cam1"].into_iter().zip(viewers) {
        goes_on(&program, id, &mut viewer, 100).await;
    }
    for id in ["cam0", "cam1"] {
        let told = running(&program, id).await;
        assert_eq!(backend(&told), Some(Backend::X264));
        for reason in [&told.hardware.decoder_reason, &told.hardware.encoder_reason, &main_of(&told).reason] {
            assert!(
                reason.as_deref().is_some_and(|reason| reason.contains("lost") || reason.contains("failed")),
                "{told:?}"
            );
        }
        assert!(told.hardware.decoder.as_deref().is_some_and(|words| words.contains("libavcodec")), "{told:?}");
    }
    assert!(program.get("/api/cameras/cam0/snapshot.jpg").await.status().is_success());
}

/// A program with a camera whose `main` is watched, and which runs on the device so far.
async fn started(device: &Device, camera: &FakeCamera) -> (Program, Viewer) {
    let program = Program::start_with(device.options("", settings(&[camera], UNSEEN))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(10).await;
    assert_eq!(backend(&running(&program, "cam0").await), Some(Backend::Nvenc));
    (program, viewer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encoder_that_dies_is_followed_by_another_within_a_frame() {
    let (camera, device) = (camera().await, Device::new());
    let (program, mut viewer) = started(&device, &camera).await;
    device.fail_now("encoder-dies-at=1");
    let chunks = viewer.videos(50).await;
    assert!(lost(&program, "cam0", &chunks).await <= 1, "no more than what the device had");
    let told = running(&program, "cam0").await;
    assert_eq!((backend(&told), told.hardware.encoder_reason.clone()), (Some(Backend::X264), None));
    assert!(main_of(&told).reason.as_deref().is_some_and(|reason| reason.contains("nvEnc")), "{told:?}");
    assert!(told.hardware.decoder.as_deref().is_some_and(|words| words.starts_with("NVDEC")), "the decoder is well");
    assert!(told.hardware.frames_to_host_bytes > 20 * FRAME, "x264 reads what NVDEC gives");
    // What died once may live again: the next encoder that has to be opened is the device's.
    device.fail_now("");
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam0/encoder", &json!({ "preset": "p4" })).await;
    assert_eq!(status, 200, "{answer}");
    program.wait_camera("cam0", "NVENC again", |camera| backend(camera) == Some(Backend::Nvenc)).await;
    drop(program.stop());
    all_given_back(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decoder_that_dies_costs_no_frame() {
    let (camera, device) = (camera().await, Device::new());
    let (program, mut viewer) = started(&device, &camera).await;
    device.fail_now("decoder-dies-at=1");
    without_a_gap(&program, "cam0", &viewer.videos(60).await).await;
    let told = running(&program, "cam0").await;
    assert_eq!(backend(&told), Some(Backend::Nvenc), "the encoder is well: {told:?}");
    assert!(told.hardware.decoder_reason.as_deref().is_some_and(|reason| reason.contains("cuvid")), "{told:?}");
    assert!(told.hardware.frames_to_device_bytes > 20 * FRAME, "NVENC reads what libavcodec gives");
    let timings = program.get_json("/api/timings?camera=cam0&last_s=60").await;
    assert_eq!(timings["stages"]["decode"]["dropped"], json!({}), "what it held was decoded again: {timings}");
    drop(program.stop());
    all_given_back(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_no_session_is_encoded_in_software() {
    let (one, two, device) = (camera().await, camera().await, Device::new());
    let program = Program::start_with(device.options("sessions=1", settings(&[&one, &two], UNSEEN))).await;
    let mut viewers = Vec::new();
    for (id, expected) in [("cam0", Backend::Nvenc), ("cam1", Backend::X264)] {
        program.wait_live(id).await;
        let mut viewer = watch(&program, id, "main").await;
        without_a_gap(&program, id, &viewer.videos(20).await).await;
        viewers.push(viewer);
        let told = running(&program, id).await;
        assert_eq!(backend(&told), Some(expected), "{told:?}");
        let reason = main_of(&told).reason.clone().unwrap_or_default();
        assert_eq!(reason.contains("no further encode session"), expected == Backend::X264, "{reason}");
        assert_eq!(told.hardware.frames_to_host_bytes > 0, expected == Backend::X264);
    }
    drop(program.stop());
    all_given_back(&device);
}

/// Cameras are spread over the devices, but for the one that is pinned; who is on a device that is lost goes on in software, and the
/// others do not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cameras_are_spread_over_devices_and_one_that_is_lost_takes_no_other_along() {
    let (one, two, three, device) = (camera().await, camera().await, camera().await, Device::new());
    let pinned = format!("[[camera]]\nid = \"pinned\"\nurl = \"{}\"\ndevice = 1\n{UNSEEN}\n", three.url());
    let config = pinned + &settings(&[&one, &two], UNSEEN);
    let program = Program::start_with(device.options("devices=2", config)).await;
    let mut viewers = Vec::new();
    for id in ["pinned", "cam0", "cam1"] {
        program.wait_live(id).await;
        let mut viewer = watch(&program, id, "main").await;
        viewer.videos(5).await;
        viewers.push(viewer);
    }
    let mut on = [Vec::new(), Vec::new()];
    for id in ["pinned", "cam0", "cam1"] {
        let told = running(&program, id).await;
        assert_eq!(backend(&told), Some(Backend::Nvenc), "{told:?}");
        on[told.hardware.device.expect("it has a device") as usize].push(id);
    }
    assert!(on[1].contains(&"pinned") && on.iter().all(|cameras| !cameras.is_empty()), "{on:?}");
    device.fail_now("lost=1");
    for (id, viewer) in ["pinned", "cam0", "cam1"].into_iter().zip(&mut viewers) {
        goes_on(&program, id, viewer, 60).await;
    }
    for id in &on[0] {
        let told = running(&program, id).await;
        assert_eq!((backend(&told), told.hardware.device), (Some(Backend::Nvenc), Some(0)), "{told:?}");
        assert_eq!(told.hardware.decoder_reason, None, "{told:?}");
    }
    let told = running(&program, "pinned").await;
    assert_eq!(backend(&told), Some(Backend::X264), "{told:?}");
    assert!(told.hardware.encoder_reason.is_some_and(|reason| reason.contains("Device 1 was lost")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_without_memory_leaves_cameras_live() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("memory=2", settings(&[&camera], UNSEEN))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    without_a_gap(&program, "cam0", &viewer.videos(60).await).await;
    let told = running(&program, "cam0").await;
    let reason = told.hardware.decoder_reason.clone().unwrap_or_default();
    assert!(reason.to_lowercase().contains("memory"), "{told:?}");
    drop(program.stop());
    all_given_back(&device);
}

/// What broke a context is gone with it: once all of it is let go of, the device is taken again and used by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_comes_back_is_taken_again() {
    let (camera, device) = (camera().await, Device::new());
    let further = "encoder = { bitrate = 400000, gop = 25 }\ndetect = { fps = 5.0 }";
    let program = Program::start_with(device.options("", settings(&[&camera], further))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(30).await;
    assert_eq!(backend(&running(&program, "cam0").await), Some(Backend::Nvenc));
    device.fail_now("lost=0");
    goes_on(&program, "cam0", &mut viewer, 60).await;
    assert_eq!(backend(&running(&program, "cam0").await), Some(Backend::X264));
    let lost = async || program.get_json("/api/system").await["devices"][0]["lost"].as_str().map(str::to_owned);
    let told = lost().await.expect("lost");
    assert!(told.contains("Device 0 was lost (") && told.ends_with("It is tried again in 10 s."), "{told}");
    device.fail_now("back=0");
    wait_for("the device is there again", PATIENCE, async || lost().await.is_none().then_some(())).await;
    // The decoder goes back at a key frame, the encoder when it is opened next.
    let decodes = |camera: &Camera| camera.hardware.decoder.as_deref().is_some_and(|words| words.starts_with("NVDEC"));
    program.wait_camera("cam0", "NVDEC again", decodes).await;
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam0/encoder", &json!({ "preset": "p4" })).await;
    assert_eq!(status, 200, "{answer}");
    program.wait_camera("cam0", "NVENC again", |camera| backend(camera) == Some(Backend::Nvenc)).await;
    goes_on(&program, "cam0", &mut viewer, 50).await;
    assert_eq!(program.camera("cam0").await.hardware.device, Some(0));
}

/// A file has the parameters of one encoder: where the device fails in the middle it begins anew, and is what software makes of it.
#[test]
fn a_file_begins_anew_in_software_where_the_device_fails() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (input, output, plain) = (path("in.mp4"), path("out.mp4"), path("plain.mp4"));
    let source = "testsrc2=size=320x180:rate=25:duration=2";
    drop(ffmpeg(&["-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "25", &input]));
    let annotate = |device: Option<(&Device, &str)>, more: &[&str]| {
        let mut command = Command::new(binary());
        command.args(["annotate", &input, "--force", "--show-time", "--log-format", "json"]).args(more);
        let environment = device.map(|(device, faults)| device.options(faults, String::new()).environment);
        command.envs(environment.unwrap_or_default()).output().expect("the program runs")
    };
    let result = |done: &Output| serde_json::from_slice::<Value>(&done.stdout).expect("the result is JSON");
    let pictures = |file: &str| ffmpeg(&["-i", file, "-f", "framemd5", "-"]);
    let software = annotate(None, &["-o", &plain, "--hwaccel", "none"]);
    assert!(software.status.success());
    for faults in ["lost-at=60", "encoder-dies-at=20", "kernel-dies-at=30"] {
        let device = Device::new();
        let done = annotate(Some((&device, faults)), &["-o", &output]);
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{faults}: {words}");
        let told = result(&done);
        let note = told["notes"][0].as_str().unwrap_or_default();
        assert!(note.starts_with("The device failed, and everything was done anew in software: "), "{faults}: {told}");
        assert_eq!(words.lines().filter(|line| *line == note).count(), 1, "{faults}: {words}");
        assert!(told["encoder"].as_str().is_some_and(|words| words.contains("libx264")), "{faults}: {told}");
        assert_eq!((&told["frames"], &told["boxes"]), (&json!(50), &result(&software)["boxes"]), "{faults}");
        assert!(pictures(&output) == pictures(&plain), "{faults}: other pictures than software makes");
        assert!(device.counts()["pictures_encoded"] > 5, "{faults}: it had begun on the device");
    }
    // A decoder alone is followed by another one, and the file goes on.
    let device = Device::new();
    let done = result(&annotate(Some((&device, "decoder-dies-at=20")), &["-o", &output]));
    assert!(done["encoder"].as_str().is_some_and(|words| words.starts_with("NVENC")), "{done}");
    assert!(done["notes"][0].as_str().is_some_and(|note| note.contains("does not decode")), "{done}");
    assert_eq!(done["frames"], json!(50));
    // Who asks for the device by its name is told that it failed, and nothing is kept.
    std::fs::remove_file(&output).expect("it was there");
    let failed = annotate(Some((&Device::new(), "encoder-dies-at=20")), &["-o", &output, "--encoder", "nvenc"]);
    assert!(!failed.status.success() && !Path::new(&output).exists());
    assert!(String::from_utf8_lossy(&failed.stderr).contains("nvEnc"), "{failed:?}");
}
