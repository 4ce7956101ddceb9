//! What the program tells of its device, on the stand-in driver: abilities, load while it works, who holds encode sessions, how many
//! more there could be, and the same for Prometheus.

use crate::page::{one_browser, run};
use reqwest::Method;
use serde_json::{Value, json};
use sightline_shared::camera::{Camera, Rendition};
use sightline_shared::encoder::{Backend, Codec, RenditionState};
use sightline_shared::system::{Device as Told, DeviceLoad, LoadHistory, LoadSample, MoreSessions, System};
use sightline_shared::wire::PROTOCOL_VERSION;
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::media::announce;
use sightline_tests::program::{Options, PATIENCE, Program};
use sightline_tests::standin::Device;
use sightline_tests::viewer::Viewer;
use sightline_tests::wait_for;
use std::sync::Arc;
use std::time::Duration;

async fn camera() -> FakeCamera {
    let clip = ClipSpec { width: 640, height: 360, bitrate: 1_000_000, ..ClipSpec::default() };
    FakeCamera::start(Arc::new(Clip::make(clip)), vec![]).await
}

fn settings(cameras: &[&FakeCamera]) -> String {
    let one = |(n, camera): (usize, &&FakeCamera)| {
        format!("[[camera]]\nid = \"cam{n}\"\nurl = \"{}\"\ndetect = {{ model = \"none\" }}\n", camera.url())
    };
    cameras.iter().enumerate().map(one).collect()
}

async fn system(program: &Program) -> System {
    serde_json::from_value(program.get_json("/api/system").await).expect("as promised")
}

async fn the_device(program: &Program) -> Told {
    let mut devices = system(program).await.devices;
    assert_eq!(devices.len(), 1);
    devices.remove(0)
}

async fn history(program: &Program, after_ms: f64) -> Vec<LoadSample> {
    let path = format!("/api/system/load?after_ms={after_ms}");
    let told: LoadHistory = serde_json::from_value(program.get_json(&path).await).expect("as promised");
    told.samples
}

async fn watch(program: &Program, camera: &str) -> Viewer {
    let path = format!("/api/cameras/{camera}/live?v={PROTOCOL_VERSION}&rendition=main");
    Viewer::try_open(program, &path, &[]).await.unwrap_or_else(|status| panic!("{camera}: {status}"))
}

async fn room(program: &Program) -> (u16, Value) {
    program.send(Method::POST, "/api/system/devices/0/room", &json!({})).await
}

/// A line of `/metrics`, by name and labels.
fn metric(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_told_with_its_load_and_its_sessions() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("", settings(&[&camera]))).await;
    program.wait_live("cam0").await;
    let idle = system(&program).await;
    assert_eq!((idle.no_device, idle.unusable_devices.len()), (None, 0));
    assert!(idle.driver.release.is_some_and(|release| release.contains("stand-in")));
    assert!(idle.driver.cuda.is_some() && idle.driver.encoder_interface.is_some());
    let told = &idle.devices[0];
    assert!(told.name.contains("stand-in") && told.capability.contains('.'), "{told:?}");
    assert_eq!(
        (&told.lost, &told.decoder.reason, &told.kernels.reason, &told.encoder.reason),
        (&None, &None, &None, &None)
    );
    let of = |all: &[sightline_shared::system::Ability], codec| all.iter().find(|one| one.codec == codec).cloned();
    assert!(
        of(&told.decoder.codecs, Codec::H264).is_some_and(|one| one.reason.is_none() && one.max_width >= Some(1920))
    );
    let most = |codec| of(&told.encoder.codecs, codec).and_then(|one| one.max_width);
    assert_eq!((most(Codec::H264), most(Codec::Hevc)), (Some(4096), Some(8192)), "{told:?}");
    assert_eq!((told.sessions.len(), &told.more_sessions), (0, &None), "nothing is tried that nobody asked for");

    let mut viewer = watch(&program, "cam0").await;
    viewer.videos(50).await;
    let busy = the_device(&program).await;
    assert_eq!(busy.cameras, ["cam0"]);
    let held: Vec<_> =
        busy.sessions.iter().map(|one| (one.holder.as_str(), one.codec, one.width, one.height)).collect();
    assert_eq!(held, [("cam0/main", Codec::H264, 640, 360)]);
    assert!(busy.load.reason.is_none(), "{:?}", busy.load);
    let (used, total) = (busy.load.memory_used_bytes.unwrap_or(0), busy.load.memory_total_bytes.unwrap_or(0));
    assert!(used > 1_000_000 && used < total, "{:?}", busy.load);

    // Looking for what there is was work, too: what counts is what was measured from here on.
    let from = history(&program, -1.0).await.last().expect("the first comes at once").at_ms;
    let looking = tokio::spawn(async move {
        loop {
            viewer.video().await;
        }
    });
    let working = |load: &DeviceLoad| load.decoder_percent > Some(0) && load.encoder_percent > Some(0);
    let seen = async || Some(history(&program, from).await).filter(|seen| seen.len() >= 4);
    let seen = &wait_for("four seconds of load", PATIENCE, seen).await[1..];
    assert!(seen.iter().all(|one| working(&one.devices[&0])), "{seen:?}");
    let apart = seen.windows(2).map(|two| two[1].at_ms - two[0].at_ms);
    assert!(apart.clone().all(|ms| (900.0..3000.0).contains(&ms)), "{:?}", apart.collect::<Vec<_>>());
    let last = seen[seen.len() - 1].at_ms;
    let later = history(&program, last).await;
    assert!(later.len() < 3 && later.iter().all(|one| one.at_ms > last), "{later:?}");
    let page = program.get("/metrics").await.text().await.expect("text");
    assert_eq!(metric(&page, "sightline_device_encode_sessions{device=\"0\"}"), Some(1.0), "{page}");
    assert_eq!(metric(&page, "sightline_device_cameras{device=\"0\"}"), Some(1.0));
    assert_eq!(metric(&page, "sightline_device_lost{device=\"0\"}"), Some(0.0));
    for engine in ["gpu", "decoder", "encoder"] {
        let series = format!("sightline_device_utilization_ratio{{device=\"0\",engine=\"{engine}\"}}");
        assert!(metric(&page, &series).is_some_and(|share| (0.0..=1.0).contains(&share)), "{series}\n{page}");
    }
    let memory = |what: &str| metric(&page, &format!("sightline_device_memory_{what}_bytes{{device=\"0\"}}"));
    assert!(memory("used") > Some(1e6) && memory("used") < memory("total"), "{page}");

    looking.abort();
    // Nobody looks any more: the session is given back, and the load says so.
    let idle = async || {
        Some(the_device(&program).await).filter(|told| told.sessions.is_empty() && told.load.encoder_percent == Some(0))
    };
    wait_for("an encoder that rests", PATIENCE, idle).await;
    drop(program.stop());
    let counts = device.counts();
    let left: Vec<_> = counts.iter().filter(|(name, count)| name.ends_with("_live") && **count > 0).collect();
    assert!(left.is_empty(), "what watches the device holds on to it: {left:?}");
}

/// The limit is the device's secret: it is found out by trying.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_many_more_sessions_there_are_is_tried() {
    let (one, two, device) = (camera().await, camera().await, Device::new());
    let program = Program::start_with(device.options("sessions=3", settings(&[&one, &two]))).await;
    program.wait_live("cam0").await;
    program.wait_live("cam1").await;
    let (status, answer) = room(&program).await;
    assert_eq!(
        (status, &answer["sessions"], &answer["at_least"], &answer["held"]),
        (200, &json!(3), &json!(false), &json!(0))
    );
    let mut first = watch(&program, "cam0").await;
    first.videos(5).await;
    let (status, answer) = room(&program).await;
    assert_eq!((status, &answer["sessions"], &answer["held"]), (200, &json!(2), &json!(1)), "{answer}");
    // Again and again while another camera begins to encode. Sessions open fast here, so that this seldom meets its opening.
    let opening = async {
        let mut viewer = watch(&program, "cam1").await;
        viewer.videos(5).await;
        viewer
    };
    let trying = async {
        for _ in 0..20 {
            let (status, answer) = room(&program).await;
            assert_eq!(status, 200, "{answer}");
        }
    };
    let (second, ()) = tokio::join!(opening, trying);
    let told = program.wait_camera("cam1", "main runs", |camera| {
        let main = camera.renditions.iter().find(|info| info.rendition == Rendition::Main);
        main.is_some_and(|main| main.state == RenditionState::Running && main.encoder.is_some())
    });
    let told = told.await;
    let main = told.renditions.iter().find(|info| info.rendition == Rendition::Main).expect("every camera has it");
    assert_eq!((main.encoder.as_ref().map(|one| one.backend), &main.reason), (Some(Backend::Nvenc), &None));
    let (_, answer) = room(&program).await;
    assert_eq!((&answer["sessions"], &answer["held"]), (&json!(1), &json!(2)), "{answer}");
    let remembered = the_device(&program).await;
    let wanted: MoreSessions = serde_json::from_value(answer).expect("as promised");
    assert_eq!(remembered.more_sessions, Some(wanted));
    let holders: Vec<_> = remembered.sessions.iter().map(|held| held.holder.clone()).collect();
    assert_eq!(holders, ["cam0/main", "cam1/main"]);
    drop((first, second));
}

/// No encoder, or no device any more: sentences, and never the driver's number for "no session".
/// The one session that there is, is held by the try nearly all of the time: whoever opens meanwhile has to wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trying_for_sessions_refuses_none_to_a_camera() {
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("sessions=1,session-ms=60", settings(&[&camera]))).await;
    program.wait_live("cam0").await;
    let trying = async {
        loop {
            let (status, answer) = room(&program).await;
            assert_eq!(status, 200, "{answer}");
        }
    };
    let opening = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut viewer = watch(&program, "cam0").await;
        viewer.videos(5).await;
        let told = program.camera("cam0").await;
        let main = told.renditions.iter().find(|info| info.rendition == Rendition::Main);
        let encoder = main.and_then(|main| main.encoder.as_ref()).expect("it runs");
        assert_eq!(encoder.backend, Backend::Nvenc, "{main:?}");
    };
    tokio::select! {
        () = trying => unreachable!("it goes on until the other is done"),
        () = opening => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_device_lacks_is_said_in_words() {
    let device = Device::new();
    let program = Program::start_with(device.options("no-nvenc", String::new())).await;
    let told = the_device(&program).await;
    assert_eq!(told.encoder.reason.as_deref(), Some("This device has no video encoder (NVENC)."));
    assert!(told.encoder.codecs.is_empty() && told.decoder.reason.is_none());
    let (status, answer) = room(&program).await;
    assert_eq!((status, &answer["error"]["message"]), (409, &json!("This device has no video encoder (NVENC).")));
    assert_eq!(program.send(Method::POST, "/api/system/devices/7/room", &json!({})).await.0, 404);
    drop(program);

    // Others have all of its sessions.
    let program = Program::start_with(device.options("sessions=0", String::new())).await;
    let why = the_device(&program).await.encoder.reason.expect("why not");
    assert!(why.contains("session") && !why.contains("(10)"), "{why}");
    let (status, answer) = room(&program).await;
    assert_eq!((status, &answer["sessions"], &answer["at_least"]), (200, &json!(0), &json!(false)), "{answer}");
    drop(program);

    let camera = camera().await;
    let program = Program::start_with(device.options("lost-at=40", settings(&[&camera]))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0").await;
    viewer.videos(60).await;
    let mut told = the_device(&program).await;
    for _ in 0..10 {
        if told.load.gpu_percent.is_none() {
            break;
        }
        viewer.videos(10).await;
        told = the_device(&program).await;
    }
    assert!(told.lost.as_ref().is_some_and(|why| why.contains("Device 0 was lost (")), "{told:?}");
    let same = async || Some(the_device(&program).await).filter(|told| told.load.reason == told.lost);
    let told = wait_for("the load's reason is the loss", PATIENCE, same).await;
    assert_eq!(told.load.gpu_percent, None);
    assert_eq!(room(&program).await.0, 409);
    let page = program.get("/metrics").await.text().await.expect("text");
    assert_eq!(metric(&page, "sightline_device_lost{device=\"0\"}"), Some(1.0));
    assert!(!page.contains("sightline_device_utilization_ratio{"), "unknown is not 0: {page}");
}

/// Cameras are spread; who is pinned to a device that is not there, or cannot be used, says which there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_devices_share_the_cameras_and_the_page_shows_them() {
    let _alone = one_browser();
    let (camera, device) = (camera().await, Device::new());
    let one = |id: &str, pin: &str| {
        format!("[[camera]]\nid = \"{id}\"\nurl = \"{}\"\n{pin}\ndetect = {{ model = \"motion\" }}\n", camera.url())
    };
    let config = [("pinned", "device = 1"), ("broken", "device = 2"), ("absent", "device = 7"), ("a", ""), ("b", "")];
    let config = config.map(|(id, pin)| one(id, pin)).concat();
    let program = Program::start_with(device.options("devices=3,lost=2", config)).await;
    for id in ["pinned", "broken", "absent", "a", "b"] {
        program.wait_camera(id, "decoded", |camera| camera.hardware.decoder.is_some()).await;
    }
    let told = system(&program).await;
    assert_eq!(told.devices.iter().map(|device| device.number).collect::<Vec<_>>(), [0, 1]);
    assert_ne!(told.devices[0].bus_id, told.devices[1].bus_id);
    let [unusable] = &told.unusable_devices[..] else { panic!("{:?}", told.unusable_devices) };
    assert!(unusable.starts_with("Device 2 cannot be used: "), "{unusable}");
    let cameras: Vec<_> = told.devices.iter().map(|device| device.cameras.clone()).collect();
    assert!(cameras[1].contains(&"pinned".to_owned()), "{cameras:?}");
    assert_eq!(cameras.concat().len(), 3, "those that no device is pinned for are spread: {cameras:?}");
    assert!(cameras.iter().all(|at_it| !at_it.is_empty()), "{cameras:?}");
    for (id, number) in [("broken", 2), ("absent", 7)] {
        let hardware = program.camera(id).await.hardware;
        let words = format!("The settings ask for device {number}; this machine has 0, 1.");
        let words = if id == "broken" { format!("{words} {unusable}") } else { words };
        assert_eq!((hardware.device, hardware.decoder_reason), (None, Some(words)), "{id}");
    }
    let looked = |camera: &Camera| camera.hardware.looks_to_host_bytes > 0;
    let bus = program.wait_camera("pinned", "looked at", looked).await.hardware;
    assert_eq!((bus.frames_to_host_bytes, bus.frames_to_device_bytes), (0, 0), "{bus:?}");
    let page = program.get("/metrics").await.text().await.expect("text");
    let counted = |name: &str| {
        let line = page.lines().find(|line| line.starts_with(name) && line.contains("id=\"pinned\""));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
    };
    assert_eq!(counted("sightline_frames_to_host_bytes_total"), Some(0.0));
    assert!(counted("sightline_looks_to_host_bytes_total") > Some(0.0));
    assert_eq!(counted("sightline_frames_to_device_bytes_total"), Some(0.0));
    let environment = vec![("SIGHTLINE_URL", program.url("")), ("DEVICE", "2".to_owned())];
    let told = run("system", environment, Duration::from_secs(120)).await;
    announce(&format!("system page of several devices: {told}"));
    assert_eq!((&told["errors"], &told["axe"]), (&json!([]), &json!([])));
    assert_eq!(told["unusable"], json!([unusable]));
    let bus = told["bus"].as_str().unwrap_or_default();
    assert!(bus.contains("NVDEC") && bus.contains("stand-in") && bus.contains("Frames to the host\n0.0 kB"), "{bus}");
    assert!(bus.contains("Looks to the host\n") && !bus.contains("Looks to the host\n0.0 kB"), "{bus}");
    let shown = told["devices"].as_array().expect("two of them").clone();
    assert!(shown.len() == 2 && shown.iter().all(|card| card.as_str().is_some_and(|text| text.contains("stand-in"))));
}

/// Without any driver the program says so, and what to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_driver_is_a_sentence() {
    let environment = vec![("SIGHTLINE_NO_CUDA".into(), "1".into())];
    let program = Program::start_with(Options { environment, ..Options::default() }).await;
    let told = system(&program).await;
    assert!(told.devices.is_empty() && told.no_device.is_some_and(|why| why.contains("SIGHTLINE_NO_CUDA")));
}

/// The page: with a device while it encodes, and without one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_system_page_shows_devices_or_why_there_are_none() {
    let _alone = one_browser();
    let (camera, device) = (camera().await, Device::new());
    let program = Program::start_with(device.options("sessions=4", settings(&[&camera]))).await;
    program.wait_live("cam0").await;
    let mut viewer = watch(&program, "cam0").await;
    viewer.videos(50).await;
    let looking = tokio::spawn(async move {
        loop {
            viewer.video().await;
        }
    });
    let environment = vec![("SIGHTLINE_URL", program.url("")), ("DEVICE", "1".to_owned())];
    let told = run("system", environment, Duration::from_secs(120)).await;
    looking.abort();
    announce(&format!("system page: {told}"));
    assert_eq!((&told["errors"], &told["axe"]), (&json!([]), &json!([])));
    assert!(told["history"].as_u64() >= Some(2), "a plot at once");
    assert!(told["sessions"][0].as_str().is_some_and(|row| row.contains("cam0") && row.contains("640 × 360")));
    assert!(told["room"].as_str().is_some_and(|words| words.starts_with("3 more could be opened beside the 1")));
    assert!(told["spoken"].as_str().is_some_and(|words| words.contains("Encoder") && words.contains('%')));
    drop(program);

    let environment = vec![("SIGHTLINE_NO_CUDA".into(), "1".into())];
    let program = Program::start_with(Options { environment, demo: true, ..Options::default() }).await;
    let environment = vec![("SIGHTLINE_URL", program.url("")), ("DEVICE", "0".to_owned())];
    let told = run("system", environment, Duration::from_secs(60)).await;
    assert_eq!((&told["errors"], &told["axe"]), (&json!([]), &json!([])));
    assert!(told["none"].as_str().is_some_and(|words| words.contains("SIGHTLINE_NO_CUDA")), "{told}");
}
