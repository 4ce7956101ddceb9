//! Cameras that work: every transport, login, codec and change that a real RTSP server can show.

use serde_json::json;
use sightline_shared::camera::{CameraState, Transport};
use sightline_shared::chunk::{FLAG_AUDIO, FLAG_STARTS_EPOCH, Kind};
use sightline_shared::wire::ServerMessage;
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::{FakeCamera, Step};
use sightline_tests::program::Program;
use sightline_tests::real_camera::RealCamera;
use sightline_tests::viewer::{Got, Viewer};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One camera of the real server: live, of this size and codec, over this transport, and frames arrive in order.
async fn plays(server: &RealCamera, mount: &str, transport: &str, codec: &str) {
    let program = Program::start().await;
    let id = program.add("cam", &server.url(mount)).await;
    let camera = program.wait_live(&id).await;
    assert_eq!(camera.transport_in_use.as_deref(), Some(transport));
    assert!(camera.codec.as_deref().is_some_and(|found| found.starts_with(codec)), "{:?}", camera.codec);
    assert_eq!((camera.width, camera.height), (Some(640), Some(360)));
    let chunks = Viewer::open(&program, &id).await.videos(30).await;
    assert!(chunks[0].is_key(), "a viewer starts at a key frame");
    assert!(chunks.windows(2).all(|two| two[0].header.pts < two[1].header.pts));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_over_tcp() {
    plays(&RealCamera::start(&["--protocols", "tcp", "cam=test"]), "cam", "tcp", "avc1.").await;
}

/// The server answers TCP with 461 Unsupported Transport.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_from_a_camera_that_has_udp_alone() {
    plays(&RealCamera::start(&["--protocols", "udp", "cam=test"]), "cam", "udp", "avc1.").await;
}

/// 461 goes the other way round too: UDP was asked for, and the camera has TCP alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_set_to_udp_that_has_tcp_alone_is_shown_over_tcp() {
    let server = RealCamera::start(&["--protocols", "tcp", "cam=test"]);
    let program = Program::start().await;
    let id = program.add_as(json!({ "id": "cam", "url": server.url("cam"), "transport": "udp" })).await;
    let camera = program.wait_live(&id).await;
    assert_eq!((camera.transport, camera.transport_in_use.as_deref()), (Transport::Udp, Some("tcp")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digest_login() {
    plays(&RealCamera::protected("digest", "admin", "s3cret-word", &["cam=test"]), "cam", "tcp", "avc1.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn basic_login() {
    plays(&RealCamera::protected("basic", "admin", "s3cret-word", &["cam=test"]), "cam", "tcp", "avc1.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_in_words_and_can_be_mended() {
    let server = RealCamera::protected("digest", "admin", "s3cret-word", &["cam=test"]);
    let program = Program::start().await;
    let id = program.add("cam", &server.url_as("admin:wr0ng-word@", "cam")).await;
    let camera = program.wait_failed(&id).await;
    assert_eq!(camera.reason_code.as_deref(), Some("auth"), "{camera:?}");
    let reason = camera.reason.unwrap_or_default();
    assert!(reason.contains("password") && !reason.contains("wr0ng-word"), "{reason}");
    assert!(!camera.url.contains("wr0ng-word") && camera.url.contains("***"), "{}", camera.url);
    let (status, answer) =
        program.send(reqwest::Method::PATCH, "/api/cameras/cam", &json!({ "url": server.url("cam") })).await;
    assert_eq!(status, 200, "{answer}");
    program.wait_live(&id).await;
}

/// Passed through as it is: the page asks the browser whether it can play it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_is_live_with_its_codec_string() {
    plays(&RealCamera::start(&["cam=test:h265"]), "cam", "tcp", "hvc1.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aac_beside_video_is_a_second_track_in_step() {
    let server = RealCamera::start(&["cam=test:h264+aac"]);
    let program = Program::start().await;
    let id = program.add("cam", &server.url("cam")).await;
    program.wait_live(&id).await;
    let mut viewer = Viewer::open(&program, &id).await;
    let init = viewer.text(|message| if let ServerMessage::Init(init) = message { Some(init) } else { None }).await;
    let audio = init.audio.expect("init names the audio track");
    assert_eq!((audio.codec.as_str(), audio.sample_rate), ("mp4a.40.2", 48_000));
    let (mut inits, mut sound, mut picture) = (Vec::new(), Vec::new(), Vec::new());
    while picture.len() < 75 {
        match viewer.expect().await {
            Got::Bytes(header, _) if header.kind == Kind::Init => inits.push(header.has(FLAG_AUDIO)),
            Got::Bytes(header, _) if header.has(FLAG_AUDIO) => sound.push(header.pts.0),
            Got::Bytes(header, _) => picture.push(header.pts.0),
            Got::Text(_) => {}
        }
    }
    assert_eq!(inits, [false, true], "the video's init segment, then the audio's");
    assert!(sound.windows(2).all(|two| two[0] < two[1]));
    let (first, last) = (sound[0], sound[sound.len() - 1]);
    // 3 s of video: the sound covers it but for what is still on its way.
    assert!(last - first > 2 * 90_000, "{} chunks of sound over {} ticks", sound.len(), last - first);
    assert!((last - picture[picture.len() - 1]).abs() < 90_000, "sound and picture are a second apart");
}

/// Three drops of all clients: the camera comes back each time, with a new epoch, and viewers stay connected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drops_all_clients_every_8_seconds() {
    let server = RealCamera::start(&["--drop-after", "8", "cam=test"]);
    let program = Program::start().await;
    let id = program.add("cam", &server.url("cam")).await;
    program.wait_live(&id).await;
    let mut viewer = Viewer::open(&program, &id).await;
    let mut last = viewer.video().await;
    let mut breaks = Vec::new();
    while breaks.len() < 2 {
        let chunk = viewer.video().await;
        assert_eq!(chunk.header.sequence, last.header.sequence.wrapping_add(1), "no chunk is lost over a reconnect");
        if chunk.header.epoch == last.header.epoch {
            assert!(chunk.header.pts > last.header.pts, "PTS goes back within an epoch");
        } else {
            assert!(chunk.is_key() && chunk.header.has(FLAG_STARTS_EPOCH) && chunk.header.epoch > last.header.epoch);
            breaks.push(chunk.at.duration_since(last.at));
        }
        last = chunk;
    }
    assert!(breaks.iter().all(|gap| *gap < Duration::from_secs(6)), "picture was gone for {breaks:?}");
    assert_eq!(program.wait_live(&id).await.state, CameraState::Live);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_stream_is_said_and_tried_again() {
    let server = RealCamera::start(&["cam=end:4"]);
    let program = Program::start().await;
    let id = program.add("cam", &server.url("cam")).await;
    program.wait_live(&id).await;
    let camera = program.wait_camera(&id, "reconnecting", |camera| camera.state == CameraState::Reconnecting).await;
    assert!(camera.reason.as_deref().is_some_and(|reason| !reason.is_empty()), "{camera:?}");
    assert!(
        ["ended", "refused", "frozen", "protocol"].contains(&camera.reason_code.unwrap_or_default().as_str()),
        "{:?}",
        camera.reason
    );
    // The server makes the stream anew for every client, so that the next try succeeds.
    program.wait_live(&id).await;
}

/// New parameters in mid-stream: a new epoch with a new init segment, no frame lost, no reconnect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_parameters_in_mid_stream() {
    let small = Arc::new(Clip::make(ClipSpec::default()));
    let large = Arc::new(Clip::make(ClipSpec { width: 640, height: 480, ..ClipSpec::default() }));
    let fake = FakeCamera::start(small, vec![Step::Frames(75), Step::Switch(large)]).await;
    let program = Program::start().await;
    let id = program.add("cam", &fake.url()).await;
    program.wait_live(&id).await;
    let mut viewer = Viewer::open(&program, &id).await;
    let (mut sizes, mut last) = (Vec::new(), None);
    while sizes.len() < 2 {
        match viewer.expect().await {
            Got::Text(ServerMessage::Init(init)) => sizes.push((init.epoch, init.width, init.height)),
            Got::Bytes(header, _) if header.kind == Kind::Chunk => {
                assert!(last.is_none_or(|last: u32| header.sequence == last.wrapping_add(1)), "a chunk is lost");
                last = Some(header.sequence);
            }
            _ => {}
        }
    }
    assert_eq!([(sizes[0].1, sizes[0].2), (sizes[1].1, sizes[1].2)], [(320, 180), (640, 480)]);
    assert!(sizes[1].0 > sizes[0].0, "the epoch did not grow");
    let first = viewer.video().await;
    assert!(first.is_key() && first.header.epoch == sizes[1].0 && first.header.has(FLAG_STARTS_EPOCH));
    viewer.videos(30).await;
    assert_eq!(fake.plays(), 1, "the camera was connected again for it");
    let camera = program.camera(&id).await;
    assert_eq!((camera.width, camera.height), (Some(640), Some(480)));
}

/// A camera added through the API is asked at once and then live at once: what someone at the dashboard waits for. A second here; the
/// bounds are those of something that is wrong, such as a try that waits for the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_soon_after_being_added() {
    let server = RealCamera::protected("digest", "admin", "s3cret-word", &["cam=test"]);
    let program = Program::start().await;
    let start = Instant::now();
    let id = program.add("cam", &server.url("cam")).await;
    assert!(start.elapsed() < Duration::from_secs(5), "POST waits for the camera: {:?}", start.elapsed());
    program.wait_live(&id).await;
    assert!(start.elapsed() < Duration::from_secs(10), "live after {:?}", start.elapsed());
}

/// Nothing is re-encoded: the samples in the chunks are the camera's own bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_are_the_cameras_own_bytes() {
    let clip = Arc::new(Clip::make(ClipSpec::default()));
    let fake = FakeCamera::start(Arc::clone(&clip), vec![]).await;
    let program = Program::start().await;
    let id = program.add("cam", &fake.url()).await;
    program.wait_live(&id).await;
    let chunks = Viewer::open(&program, &id).await.videos(60).await;
    for chunk in &chunks {
        // Frame n has PTS 3600 n in the first epoch.
        let frame = (chunk.header.pts.0 / 3600) as usize;
        let slice = &clip.units[frame % clip.units.len()].nals[0];
        assert!(chunk.mp4.windows(slice.len()).any(|window| window == &slice[..]), "frame {frame} is not the camera's");
    }
    assert_eq!(fake.plays(), 1, "one connection to the camera, whoever watches");
}

/// However many watch, the camera has one connection to answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_viewers_are_one_connection_to_the_camera() {
    let fake = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let program = Program::start().await;
    let id = program.add("cam", &fake.url()).await;
    program.wait_live(&id).await;
    let mut viewers = Vec::new();
    for _ in 0..5 {
        viewers.push(Viewer::open(&program, &id).await);
    }
    for viewer in &mut viewers {
        viewer.videos(10).await;
    }
    assert_eq!((fake.plays(), fake.open()), (1, 1));
}
