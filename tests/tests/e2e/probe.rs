//! The camera doctor on a zoo of cameras: each fault is found and named, a good camera is left in peace.

use serde_json::json;
use sightline_shared::probe::{Plays, Probe, Severity};
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::{FakeCamera, Script, Step};
use sightline_tests::http_files::{HttpFiles, Serve};
use sightline_tests::lossy::Lossy;
use sightline_tests::media_server::MediaServer;
use sightline_tests::program::{Program, binary};
use sightline_tests::real_camera::RealCamera;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

const PICTURE: &str =
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1,format=I420";
const PAY: &str = "h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96";

/// `sightline probe` on `url`.
async fn run(url: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(["probe", url]).args(arguments);
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("does not panic")
}

async fn probed(url: &str, arguments: &[&str]) -> Probe {
    let output = run(url, &[&["--json"], arguments].concat()).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let probe: Probe = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}\n{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.success(), probe.usable, "the exit status says whether it can be used");
    probe
}

/// A camera of the real server, by its pipeline behind the picture.
async fn zoo(pipeline: &str, arguments: &[&str]) -> Probe {
    let server = RealCamera::start(&[&format!("cam=launch:{pipeline}")]);
    probed(&server.url("cam"), arguments).await
}

async fn scripted(script: Script, arguments: &[&str]) -> Probe {
    let clip = Arc::new(Clip::make(ClipSpec::default()));
    let fake = FakeCamera::start(clip, script).await;
    probed(&fake.url(), arguments).await
}

/// The finding `code` is there, no less grave than `severity`, in words and with its mend.
fn found(probe: &Probe, code: &str, severity: Severity) -> String {
    let finding = probe.findings.iter().find(|finding| finding.code == code);
    let finding = finding.unwrap_or_else(|| panic!("no {code} in {:#?}", probe.findings));
    assert!(finding.severity >= severity, "{finding:?}");
    assert!(finding.message.ends_with('.') && finding.message.contains(' '), "not a sentence: {}", finding.message);
    assert!(finding.mend.as_deref().is_some_and(|mend| mend.len() > 10), "{finding:?} has no mend");
    finding.message.clone()
}

fn not_found(probe: &Probe, codes: &[&str]) {
    for code in codes {
        let finding = probe.findings.iter().find(|finding| finding.code == *code && finding.severity > Severity::Good);
        assert_eq!(finding, None, "{probe:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_camera_is_left_in_peace() {
    let probe = zoo(
        &format!("{PICTURE} ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1000 key-int-max=50 ! {PAY}"),
        &["--seconds", "7"],
    )
    .await;
    assert!(probe.usable, "{probe:#?}");
    assert_eq!((probe.width, probe.height, probe.transport.as_deref()), (Some(640), Some(360), Some("tcp")));
    assert!((probe.fps.unwrap() - 25.0).abs() < 0.5 && (probe.gop_s.unwrap() - 2.0).abs() < 0.1, "{probe:#?}");
    assert_eq!((probe.b_frames, probe.parameter_sets_in_band, probe.lost_packets), (Some(false), Some(true), 0));
    assert!(probe.browsers.iter().all(|one| one.plays == Plays::Yes));
    assert!(probe.summary.contains("640x360, 25/s, key frame every 2 s; plays in every browser"), "{}", probe.summary);
    assert!(probe.picture.as_deref().is_some_and(|picture| picture.starts_with("data:image/jpeg;base64,/9j/")));
    not_found(
        &probe,
        &[
            "long_gop",
            "endless_gop",
            "wrong_fps",
            "b_frames",
            "packet_loss",
            "clock_jump",
            "clock_drift",
            "codec",
            "parameter_sets",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_gop() {
    let probe =
        zoo(&format!("{PICTURE} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=100000 ! {PAY}"), &[])
            .await;
    assert!(probe.usable && probe.gop_s.is_none());
    assert!(found(&probe, "endless_gop", Severity::Warning).contains("No second key frame"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_frames() {
    let encoder = "x264enc speed-preset=veryfast bframes=2 b-adapt=false key-int-max=50 rc-lookahead=5 ! video/x-h264,profile=high";
    let probe = zoo(&format!("{PICTURE} ! {encoder} ! {PAY}"), &[]).await;
    assert_eq!(probe.b_frames, Some(true), "{probe:#?}");
    found(&probe, "b_frames", Severity::Warning);
}

/// The encoder was told 10 frames a second, and 25 come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_that_the_parameter_sets_do_not_say() {
    let lie =
        "capssetter caps=video/x-raw,framerate=10/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25";
    let probe = zoo(&format!("{PICTURE} ! {lie} ! {PAY}"), &[]).await;
    assert!((probe.fps.unwrap() - 25.0).abs() < 1.0, "{probe:#?}");
    assert!(found(&probe, "wrong_fps", Severity::Warning).contains("10"));
}

/// The SDP says 50, and 25 come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_that_the_sdp_does_not_say() {
    let mut clip = Clip::make(ClipSpec::default());
    clip.sdp_fps = Some(50);
    let fake = FakeCamera::start(Arc::new(clip), vec![]).await;
    let probe = probed(&fake.url(), &["--seconds", "3"]).await;
    assert_eq!(probe.fps_claimed, Some(50.0));
    assert!(found(&probe, "wrong_fps", Severity::Warning).contains("SDP says 50"));
}

/// A scripted camera: GStreamer's server always sends the sets once at the start of a session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameter_sets_in_the_sdp_alone() {
    let without = scripted(vec![Step::NoSets], &["--seconds", "2"]).await;
    assert!(without.usable, "{without:#?}");
    assert_eq!(without.parameter_sets_in_band, Some(false));
    found(&without, "parameter_sets", Severity::Note);
    let with = scripted(vec![], &["--seconds", "2"]).await;
    assert_eq!(with.parameter_sets_in_band, Some(true));
    not_found(&with, &["parameter_sets"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_plays_for_some() {
    let server = RealCamera::start(&["cam=test:h265"]);
    let probe = probed(&server.url("cam"), &["--seconds", "3"]).await;
    assert!(probe.codec.as_deref().is_some_and(|codec| codec.starts_with("hvc1.")));
    assert_eq!(probe.browsers.iter().find(|one| one.browser == "Safari").map(|one| one.plays), Some(Plays::Yes));
    assert_eq!(probe.browsers.iter().find(|one| one.browser == "Chromium").map(|one| one.plays), Some(Plays::No));
    found(&probe, "codec", Severity::Warning);
    assert!(probe.picture.is_some(), "it is decoded here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn udp_that_loses_packets() {
    let server = RealCamera::start(&["--protocols", "udp", "cam=test"]);
    let lossy = Lossy::start(&server.url("cam"), 40).await;
    let probe = probed(&lossy.url("cam"), &["--transport", "udp"]).await;
    assert_eq!(probe.transport.as_deref(), Some("udp"), "{probe:#?}");
    assert!(lossy.dropped() > 0 && probe.lost_packets > 0, "{} dropped: {probe:#?}", lossy.dropped());
    found(&probe, "packet_loss", Severity::Bad);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_is_left_out() {
    let sound = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0";
    let encoder = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25";
    let probe = zoo(&format!("{PICTURE} ! {encoder} ! {PAY} {sound}"), &["--seconds", "3"]).await;
    assert!(probe.usable && probe.audio.is_none());
    assert!(found(&probe, "audio", Severity::Note).contains("G.711"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_runs_slow_and_one_that_jumps() {
    let slow = scripted(vec![Step::Drift(30_000)], &["--seconds", "8"]).await;
    let ppm = slow.clock_drift_ppm.unwrap_or_default();
    assert!((25_000.0..35_000.0).contains(&ppm), "{ppm} ppm: {slow:#?}");
    found(&slow, "clock_drift", Severity::Warning);
    let jumps = scripted(vec![Step::Frames(50), Step::Jump(90_000 * 3600)], &["--seconds", "4"]).await;
    assert!(jumps.usable);
    found(&jumps, "clock_jump", Severity::Warning);
    not_found(&jumps, &["clock_drift", "wrong_fps"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sender_reports_that_come_and_that_do_not() {
    let with = scripted(vec![], &["--seconds", "2"]).await;
    assert_eq!(with.sender_reports, Some(true));
    assert!(with.clock_ahead_s.is_some_and(|ahead| ahead.abs() < 1.0), "{:?}", with.clock_ahead_s);
    let without = scripted(vec![Step::NoReports], &["--seconds", "2"]).await;
    assert_eq!((without.sender_reports, without.clock_ahead_s), (Some(false), None));
    found(&without, "no_sender_reports", Severity::Note);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn motion_jpeg_is_told_to_be_encoded_here() {
    let server = MediaServer::http_mjpeg().await;
    // ffmpeg needs a moment until it listens, and hears one caller alone.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let probe = probed(&server.url, &["--seconds", "4"]).await;
    assert!(probe.usable, "{probe:#?}");
    assert!((probe.fps.unwrap() - 10.0).abs() < 2.0, "{probe:#?}");
    assert!(probe.summary.starts_with("Encoded here to H.264"), "{}", probe.summary);
    found(&probe, "recoded", Severity::Warning);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_had_ends_with_status_1_and_one_line() {
    let page = HttpFiles::start(Serve::answer("200 OK", "", "<html>")).await;
    let url = format!("http://admin:s3cret-word@127.0.0.1:{}/x?token=s3cret-word", page.port());
    let output = run(&url, &[]).await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
    assert!(out.contains("BAD ") && out.contains("-> "), "{out}");
    let last = err.lines().last().unwrap_or_default();
    assert!(last.starts_with("sightline: ") && last.ends_with('.'), "{err}");
    assert!(!out.contains("s3cret-word") && !err.contains("s3cret-word"), "{out}{err}");
    let wrong = run("gopher://10.0.0.7/", &[]).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("rtsp, rtsps, http"));
}

/// The API's side: rules of adding a camera, the kept password, bounded, and gone with its asker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_looks_by_the_rules_of_adding_a_camera() {
    let server = RealCamera::protected("digest", "admin", "s3cret-word", &["cam=test"]);
    let program = Program::start().await;
    let ask = async |body: serde_json::Value| program.send(reqwest::Method::POST, "/api/probe", &body).await;
    let (status, probe) = ask(json!({ "url": server.url("cam"), "seconds": 2 })).await;
    assert_eq!((status, &probe["usable"]), (200, &true.into()), "{probe}");
    assert!(!probe.to_string().contains("s3cret-word"), "the answer holds the password");
    let (status, probe) = ask(json!({ "url": server.url_as("admin:wr0ng@", "cam"), "seconds": 2 })).await;
    assert_eq!((status, probe["reason_code"].as_str(), &probe["usable"]), (200, Some("auth"), &false.into()));
    program.add("cam", &server.url("cam")).await;
    let masked = program.camera("cam").await.url;
    let (status, probe) = ask(json!({ "url": masked, "camera": "cam", "seconds": 1 })).await;
    assert_eq!((status, &probe["usable"]), (200, &true.into()), "the kept password is used: {probe}");
    for (body, field) in [
        (json!({ "url": "ftp://h/s" }), "url"),
        (json!({ "url": "srt://h:9?mode=listener" }), "url"),
        (json!({ "url": masked }), "url"),
        (json!({ "url": "rtsp://evil:554/s", "seconds": 0 }), "seconds"),
    ] {
        let (status, answer) = ask(body.clone()).await;
        assert_eq!((status, answer["error"]["field"].as_str()), (400, Some(field)), "{body}: {answer}");
    }
}

/// Four at once and no more; a look whose asker has gone ends, and lets another in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_are_bounded_and_end_with_their_asker() {
    let slow = HttpFiles::start(Serve::Slowloris).await;
    let program = Arc::new(Program::start().await);
    let body = json!({ "url": slow.url("/a.ts") });
    let mut asking = tokio::task::JoinSet::new();
    let mut refused = false;
    for _ in 0..50 {
        let (status, _) = program.send(reqwest::Method::POST, "/api/probe", &json!({ "url": "/no/file.mp4" })).await;
        refused = status == 429;
        if refused {
            break;
        }
        // This look has had a place itself: another one asks for it now.
        let (program, body) = (Arc::clone(&program), body.clone());
        asking.spawn(async move { program.send(reqwest::Method::POST, "/api/probe", &body).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(refused, "looks are not bounded");
    asking.abort_all();
    let free = async || {
        let (status, _) = program.send(reqwest::Method::POST, "/api/probe", &json!({ "url": "/no/file.mp4" })).await;
        (status == 200).then_some(())
    };
    // By themselves they would end after 20 s.
    sightline_tests::wait_for("they have ended", Duration::from_secs(10), free).await;
}
