//! The whole program on the stand-in driver: RTSP in, decoder, kernels and encoder of a device, WebSocket out.

use reqwest::Method;
use serde_json::{Value, json};
use sightline_shared::camera::{Camera, Rendition};
use sightline_shared::chunk::{FLAG_AUDIO, Kind};
use sightline_shared::encoder::{Backend, RenditionInfo, RenditionState};
use sightline_shared::wire::{PROTOCOL_VERSION, ServerMessage};
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::{FakeCamera, Step};
use sightline_tests::media::ffmpeg;
use sightline_tests::mp4;
use sightline_tests::program::{Program, binary};
use sightline_tests::standin::Device;
use sightline_tests::viewer::{Got, GotChunk, Viewer};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Bytes of one frame of the clip, NV12.
pub(crate) const FRAME: u64 = 640 * 360 * 3 / 2;

/// Noise, so that every bit asked for is needed.
pub(crate) async fn camera() -> FakeCamera {
    let clip = ClipSpec { width: 640, height: 360, bitrate: 3_000_000, noisy: true, ..ClipSpec::default() };
    FakeCamera::start(Arc::new(Clip::make(clip)), vec![]).await
}

/// A settings file with cameras `cam0`, `cam1`, ..., each with further lines.
pub(crate) fn settings(cameras: &[&FakeCamera], further: &str) -> String {
    let one = |(n, camera): (usize, &&FakeCamera)| {
        format!("[[camera]]\nid = \"cam{n}\"\nurl = \"{}\"\n{further}\n", camera.url())
    };
    cameras.iter().enumerate().map(one).collect()
}

pub(crate) const UNSEEN: &str = "detect = { model = \"none\" }\nencoder = { bitrate = 400000, gop = 25 }";

pub(crate) async fn watch(program: &Program, camera: &str, rendition: &str) -> Viewer {
    let path = format!("/api/cameras/{camera}/live?v={PROTOCOL_VERSION}&rendition={rendition}");
    Viewer::try_open(program, &path, &[]).await.unwrap_or_else(|status| panic!("{rendition}: {status}"))
}

pub(crate) fn main_of(camera: &Camera) -> &RenditionInfo {
    camera.renditions.iter().find(|info| info.rendition == Rendition::Main).expect("every camera has it")
}

pub(crate) fn backend(camera: &Camera) -> Option<Backend> {
    main_of(camera).encoder.as_ref().map(|encoder| encoder.backend)
}

/// Waits until `main` runs.
pub(crate) async fn running(program: &Program, id: &str) -> Camera {
    program.wait_camera(id, "main runs", |camera| main_of(camera).state == RenditionState::Running).await
}

fn bits_a_second(chunks: &[GotChunk], fps: f64) -> f64 {
    let bytes: usize = chunks.iter().map(|chunk| mp4::chunk(&chunk.mp4).mdat_len).sum();
    bytes as f64 * 8.0 * fps / chunks.len() as f64
}

/// How many frames are missing among `chunks` that the program did not let fall because the machine was too slow for them.
pub(crate) async fn lost(program: &Program, camera: &str, chunks: &[GotChunk]) -> u64 {
    let ticks = |two: &[GotChunk]| two[1].header.pts.0 - two[0].header.pts.0;
    assert!(chunks.windows(2).all(|two| ticks(two) > 0 && ticks(two) % 3600 == 0), "not the camera's clock");
    let missing = chunks.windows(2).map(|two| (ticks(two) / 3600 - 1) as u64).sum::<u64>();
    let timings = program.get_json(&format!("/api/timings?camera={camera}")).await;
    let too_slow = |stage: &str| timings["stages"][stage]["dropped"]["queue_full"].as_u64().unwrap_or(0);
    missing.saturating_sub(["decode", "process", "encode"].map(too_slow).iter().sum())
}

/// Every frame is there, but for those that the program counts as too many for the machine that it runs on.
pub(crate) async fn without_a_gap(program: &Program, camera: &str, chunks: &[GotChunk]) {
    assert_eq!(
        lost(program, camera, chunks).await,
        0,
        "{:?}",
        chunks.iter().map(|chunk| chunk.header.pts.0).collect::<Vec<_>>()
    );
}

/// Nothing is left on the device when the program has ended.
pub(crate) fn all_given_back(device: &Device) {
    let counts = device.counts();
    for (name, count) in &counts {
        if name.ends_with("_live") || ["surfaces_mapped", "left_behind"].contains(&name.as_str()) {
            assert_eq!(*count, 0, "{name} in {counts:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_stays_on_the_device_from_its_access_unit_to_the_next() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("", settings(&[&camera], UNSEEN))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    let mut all = viewer.videos(25).await;
    for bitrate in [400_000, 1_200_000, 500_000] {
        let patch = json!({ "bitrate": bitrate });
        let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam0/encoder", &patch).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["restarted"], json!([]), "{answer}");
        // One GOP: and those that were on their way.
        all.extend(viewer.videos(30).await);
        let measured = viewer.videos(75).await;
        let bits = bits_a_second(&measured, 25.0);
        assert!((bits / f64::from(bitrate) - 1.0).abs() < 0.2, "{bits:.0} bits a second of {bitrate}");
        all.extend(measured);
    }
    without_a_gap(&program, "cam0", &all).await;
    assert_eq!(
        all.iter().filter(|chunk| chunk.is_key()).count(),
        all.len().div_ceil(25),
        "a change costs no key frame"
    );
    let told = program.camera("cam0").await;
    assert_eq!(backend(&told), Some(Backend::Nvenc));
    assert_eq!((main_of(&told).reason.clone(), told.hardware.decoder_reason.clone()), (None, None));
    assert!(told.hardware.decoder.as_deref().is_some_and(|words| words.starts_with("NVDEC")), "{:?}", told.hardware);
    let bus = &told.hardware;
    assert_eq!((bus.frames_to_host_bytes, bus.looks_to_host_bytes, bus.frames_to_device_bytes), (0, 0, 0));
    let system = program.get_json("/api/system").await;
    let nvenc = system["encoders"].as_array().and_then(|all| all.iter().find(|one| one["backend"] == "nvenc"));
    assert_eq!(nvenc.map(|nvenc| &nvenc["reason"]), Some(&Value::Null), "{system}");
    drop(program.stop());
    let counts = device.counts();
    assert!(counts["pictures_decoded"] >= 300 && counts["pictures_encoded"] >= 300, "{counts:?}");
    assert_eq!(counts["device_to_host"], 0, "{counts:?}");
    assert!(counts["host_to_device"] < FRAME / 10, "{counts:?}");
    all_given_back(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn motion_is_looked_for_in_a_picture_that_the_device_made_small() {
    let clip = Arc::new(Clip::make(ClipSpec { width: 640, height: 360, fps: 10, gop: 10, ..ClipSpec::default() }));
    let (camera, device) = (FakeCamera::start(clip, vec![]).await, Device::new());
    let program = Program::start_with(device.options("", settings(&[&camera], "detect = { fps = 2.0 }"))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "source").await;
    let moving = |message| match message {
        ServerMessage::Tracks(tracks) => tracks.tracks.into_iter().find(|track| track.label == "motion"),
        _ => None,
    };
    viewer.text(moving).await;
    let bus = program.camera("cam0").await.hardware;
    let timings = program.get_json("/api/timings?camera=cam0&last_s=60").await;
    let looks = timings["stages"]["detect"]["out"].as_u64().unwrap_or(0);
    let small = 320 * 180 * 3 / 2;
    assert_eq!((bus.frames_to_host_bytes, bus.frames_to_device_bytes), (0, 0));
    assert!(looks >= 2 && bus.looks_to_host_bytes <= (looks + 2) * small, "{looks} looks, {bus:?}");
    assert!(timings["stages"]["detect"]["device_p50_ms"].as_f64() > Some(0.0), "{timings}");
    assert!(timings["stages"]["decode"]["device_p50_ms"].as_f64() > Some(0.0), "{timings}");
    drop(program.stop());
    let counts = device.counts();
    assert!(counts["device_to_host"] <= (looks + 40) * small, "{counts:?}");
    all_given_back(&device);
}

/// The camera's picture becomes another one while somebody looks at `main`, which is resized on the device.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_changes_stays_on_the_device() {
    let spec = ClipSpec { width: 320, height: 180, fps: 10, gop: 10, frames: 50, ..ClipSpec::default() };
    let [small, large] = [spec, ClipSpec { width: 640, height: 360, ..spec }].map(|spec| Arc::new(Clip::make(spec)));
    let camera = FakeCamera::start(small, vec![Step::Frames(40), Step::Switch(large)]).await;
    let device = Device::new();
    let further = "detect = { model = \"none\" }\nencoder = { width = 160, b_frames = 2, gop = 20 }";
    let program = Program::start_with(device.options("", settings(&[&camera], further))).await;
    let mut viewer = watch(&program, "cam0", "main").await;
    let (mut epochs, mut reordered) = (Vec::new(), 0);
    while epochs.len() < 2 {
        let header = viewer.video().await.header;
        if epochs.last() != Some(&header.epoch) {
            epochs.push(header.epoch);
        }
        assert!(header.dts <= header.pts);
        reordered += usize::from(header.dts < header.pts);
    }
    assert!(reordered > 5, "B-frames are decoded after what they refer to");
    viewer.videos(20).await;
    let told = running(&program, "cam0").await;
    assert_eq!((told.width, backend(&told)), (Some(640), Some(Backend::Nvenc)));
    assert_eq!((main_of(&told).width, main_of(&told).reason.clone()), (Some(160), None));
    let bus = &told.hardware;
    assert!(bus.decoder.as_deref().is_some_and(|words| words.starts_with("NVDEC")), "{bus:?}");
    assert_eq!((bus.frames_to_host_bytes, bus.frames_to_device_bytes), (0, 0));
    let timings = program.get_json("/api/timings?camera=cam0&last_s=60").await;
    for stage in ["process", "encode"] {
        assert!(timings["stages"][stage]["device_p50_ms"].as_f64() > Some(0.0), "{stage}: {timings}");
    }
    drop(program.stop());
    assert_eq!(device.counts()["device_to_host"], 0);
    all_given_back(&device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_decoder_takes_over_at_a_key_frame() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("devices=2", settings(&[&camera], UNSEEN))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    let mut all = viewer.videos(10).await;
    for (decoder, begins) in [("software", "software"), ("auto", "NVDEC")] {
        let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam0", &json!({ "decoder": decoder })).await;
        assert_eq!((status, answer["decoder"].as_str()), (200, Some(decoder)), "{answer}");
        all.extend(viewer.videos(35).await);
        let told = program.camera("cam0").await.hardware;
        assert!(told.decoder.as_deref().is_some_and(|words| words.starts_with(begins)), "{told:?}");
        assert_eq!(told.decoder_reason.is_some(), decoder == "software", "{told:?}");
    }
    let (status, answer) = program.send(Method::PATCH, "/api/cameras/cam0", &json!({ "device": "1" })).await;
    assert_eq!((status, answer["device"].as_str()), (200, Some("1")), "{answer}");
    all.extend(viewer.videos(60).await);
    let told = program.camera("cam0").await;
    assert_eq!((told.hardware.device, backend(&told)), (Some(1), Some(Backend::Nvenc)), "{told:?}");
    without_a_gap(&program, "cam0", &all).await;
    drop(program.stop());
    let counts = device.counts();
    assert!(counts["device1_pictures_encoded"] > 30 && counts["device1_pictures_decoded"] > 30, "{counts:?}");
    all_given_back(&device);
}

/// Within the camera's own size another one is no new session: none would be had.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_changes_in_the_session_that_runs() {
    // A small picture: the stand-in makes others of it on the host.
    let camera = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let device = Device::new();
    let program = Program::start_with(device.options("", settings(&[&camera], UNSEEN))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(5).await;
    device.fail_now("sessions=0");
    let mut all = vec![viewer.video().await];
    for (height, width) in [(90, 160), (180, 320)] {
        let (status, answer) =
            program.send(Method::PATCH, "/api/cameras/cam0/encoder", &json!({ "height": height })).await;
        let told = (status, &answer["live"], &answer["restarted"]);
        assert_eq!(told, (200, &json!(["height"]), &json!([])), "{answer}");
        let mut begun = None;
        while begun.is_none_or(|at| all.len() < at + 20) {
            match viewer.expect().await {
                Got::Text(ServerMessage::Init(init)) => {
                    assert_eq!((init.width, init.height, init.epoch), (width, height, all[0].header.epoch));
                    begun = Some(all.len());
                }
                Got::Bytes(header, mp4) if header.kind == Kind::Chunk && !header.has(FLAG_AUDIO) => {
                    all.push(GotChunk { header, mp4, at: viewer.at });
                }
                _ => {}
            }
        }
        assert!(begun.is_some_and(|at| all[at].is_key()), "a new size begins with a key frame");
    }
    without_a_gap(&program, "cam0", &all).await;
    let told = running(&program, "cam0").await;
    assert_eq!((backend(&told), main_of(&told).height), (Some(Backend::Nvenc), Some(180)), "{told:?}");
    drop(program.stop());
    all_given_back(&device);
}

/// H.265 of 10 bit, which no browser plays everywhere: decoded on the device, brought to 8 bit there, encoded there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_bits_become_eight_on_the_device() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("ten.mp4").display().to_string();
    let source = "testsrc2=size=320x180:rate=10:duration=4";
    let x265 = [
        "-pix_fmt",
        "yuv420p10le",
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "keyint=10:log-level=none",
    ];
    drop(ffmpeg(&[&["-f", "lavfi", "-i", source][..], &x265, &["-tag:v", "hvc1", &file]].concat()));
    let device = Device::new();
    let config = format!("[[camera]]\nid = \"cam0\"\nurl = \"{file}\"\n{UNSEEN}\n");
    let program = Program::start_with(device.options("", config)).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0", "main").await;
    viewer.videos(25).await;
    let told = running(&program, "cam0").await;
    assert!(told.codec.as_deref().is_some_and(|codec| codec.starts_with("hvc1.2.")), "{:?}", told.codec);
    assert!(told.hardware.decoder.as_deref().is_some_and(|words| words.starts_with("NVDEC")), "{:?}", told.hardware);
    assert_eq!((backend(&told), main_of(&told).reason.clone()), (Some(Backend::Nvenc), None));
    assert!(main_of(&told).codec.as_deref().is_some_and(|codec| codec.starts_with("avc1.")), "{told:?}");
    drop(program.stop());
    let counts = device.counts();
    assert!(counts["launches"] >= 25 && counts["device_to_host"] == 0, "{counts:?}");
    all_given_back(&device);
}

/// A file through the device: decoded, resized, drawn on and encoded there.
#[test]
fn a_file_is_annotated_on_the_device() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (input, output, plain) = (path("in.mp4"), path("out.mp4"), path("plain.mp4"));
    let source = "testsrc2=size=320x180:rate=25:duration=2";
    drop(ffmpeg(&[
        "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "25", "-bf", "2", &input,
    ]));
    let annotate = |device: Option<&Device>, more: &[&str]| {
        let mut command = Command::new(binary());
        command
            .args(["annotate", &input, "--force", "--show-time", "--model", "none", "--log-format", "json"])
            .args(more);
        command.envs(device.map(|device| device.options("", String::new()).environment).unwrap_or_default());
        let done = command.output().expect("the program runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice::<Value>(&done.stdout).expect("the result is JSON")
    };
    for more in [&["--resize", "160x90"][..], &["--rc", "crf", "--quality", "12"]] {
        let device = Device::new();
        let told = annotate(Some(&device), &[&["-o", &output][..], more].concat());
        let words = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        assert!(words("decoder").starts_with("NVDEC") && words("encoder").starts_with("NVENC"), "{told}");
        assert_eq!((told["frames"].as_u64(), &told["notes"]), (Some(50), &json!([])), "{told}");
        let counts = device.counts();
        assert_eq!(counts["device_to_host"], 0, "{counts:?}");
        assert!(counts["launches"] >= 50, "the time is drawn: {counts:?}");
        all_given_back(&device);
        annotate(None, &[&["-o", &plain, "--hwaccel", "none"][..], more].concat());
        let filter = "[0:v][1:v]psnr=stats_file=-";
        let told = ffmpeg(&["-i", &output, "-i", &plain, "-filter_complex", filter, "-f", "null", "-"]);
        let told = String::from_utf8(told).expect("text");
        let of = |line: &str| line.split("psnr_avg:").nth(1)?.split(' ').next()?.parse::<f64>().ok();
        let psnr: Vec<f64> = told.lines().filter_map(of).collect();
        assert_eq!(psnr.len(), 50, "{told}");
        assert!(psnr.iter().all(|psnr| *psnr > 28.0), "the same frames as in software: {psnr:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_starts_leave_nothing_on_the_device() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("", settings(&[&camera], UNSEEN))).await;
    let mut viewer = watch(&program, "cam0", "main").await;
    for n in 0..100 {
        let epoch = viewer.video().await.header.epoch;
        for enabled in [false, true] {
            let (status, answer) =
                program.send(Method::PATCH, "/api/cameras/cam0", &json!({ "enabled": enabled })).await;
            assert_eq!(status, 200, "{answer}");
        }
        // The camera's picture begins anew: another decoder, another session, the same viewer.
        let begun = tokio::time::timeout(Duration::from_secs(10), async {
            loop {
                let chunk = viewer.video().await;
                if chunk.header.epoch != epoch {
                    return chunk;
                }
            }
        });
        let begun = begun.await.unwrap_or_else(|_| panic!("start {n}: {}", program.log()));
        assert!(begun.is_key(), "start {n}");
    }
    drop(viewer);
    drop(program.stop());
    let counts = device.counts();
    assert!(counts["pictures_encoded"] >= 100, "{counts:?}");
    all_given_back(&device);
}
