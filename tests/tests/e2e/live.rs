//! The wire: what a viewer gets, in which order, read back by ffprobe and by a second parser; slow and fast viewers.

use futures::StreamExt;
use mp4_atom::Any;
use sightline_shared::camera::{CameraState, Rendition};
use sightline_shared::chunk::{FLAG_AUDIO, Kind};
use sightline_shared::wire::{PROTOCOL_VERSION, ServerMessage, ViewerMessage};
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::media::ffprobe;
use sightline_tests::mp4;
use sightline_tests::program::Program;
use sightline_tests::real_camera::RealCamera;
use sightline_tests::viewer::{Got, Viewer};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_gets_hello_state_init_and_the_newest_key_frame() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let mut viewer = Viewer::open(&program, "demo").await;
    let Got::Text(ServerMessage::Hello(hello)) = viewer.expect().await else { panic!("hello comes first") };
    assert_eq!((hello.version, hello.camera.as_str(), hello.rendition), (PROTOCOL_VERSION, "demo", Rendition::Source));
    let Got::Text(ServerMessage::State(camera)) = viewer.expect().await else { panic!("state comes second") };
    assert_eq!((camera.state, camera.uid), (CameraState::Live, hello.uid));
    let Got::Text(ServerMessage::Init(init)) = viewer.expect().await else { panic!("init comes third") };
    assert_eq!((init.width, init.height, init.timescale, init.rotation), (1280, 720, 90_000, 0));
    let Got::Bytes(header, bytes) = viewer.expect().await else { panic!("the init segment comes behind init") };
    assert_eq!((header.kind, header.epoch), (Kind::Init, init.epoch));
    assert!(matches!(mp4::boxes(&bytes).as_slice(), [Any::Ftyp(_), Any::Moov(_)]), "the init segment is ftyp + moov");
    let first = viewer.video().await;
    assert!(first.is_key() && first.header.epoch == init.epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_chunk_is_one_frame_that_a_second_parser_reads() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    for chunk in Viewer::open(&program, "demo").await.videos(90).await {
        let read = mp4::chunk(&chunk.mp4);
        assert_eq!((read.track, read.base_is_moof, read.sample_sizes.len()), (1, true, 1));
        assert_eq!(read.decode_time, chunk.header.dts.0 as u64, "tfdt is the DTS of the header");
        assert_eq!(read.sample_sizes[0] as usize, read.mdat_len);
        assert_eq!(read.data_offset as usize, read.moof_len + 8, "samples begin behind the header of mdat");
    }
}

/// Frame n of the demo camera has PTS 3000 n, so that a frame can be told by its PTS alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_camera_counts_its_frames_in_its_pts() {
    let program = Program::start_demo().await;
    let camera = program.wait_live("demo").await;
    assert_eq!((camera.name.as_str(), camera.editable), ("Demo", false));
    let chunks = Viewer::open(&program, "demo").await.videos(120).await;
    assert!(chunks.iter().all(|chunk| chunk.header.pts.0 % 3000 == 0));
    assert!(chunks.windows(2).all(|two| two[1].header.pts.0 - two[0].header.pts.0 == 3000));
}

/// Reads `live.mp4` of `camera` for a while into `file`, cut behind the last whole box; gives how many chunks of video it has.
async fn record(program: &Program, camera: &str, time: Duration, file: &Path) -> usize {
    let response = program.get(&format!("/api/cameras/{camera}/live.mp4")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "video/mp4");
    let (mut body, mut bytes) = (response.bytes_stream(), Vec::new());
    let until = tokio::time::Instant::now() + time;
    while let Ok(Some(part)) = tokio::time::timeout_at(until, body.next()).await {
        bytes.extend_from_slice(&part.expect("the stream goes on"));
    }
    let (mut whole, mut chunks) = (0, 0);
    while let Some(head) = bytes.get(whole..whole + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let is_mdat = &head[4..] == b"mdat";
        if bytes.len() < whole + length {
            // A moof whose mdat was cut off goes too.
            break;
        }
        whole += length;
        chunks += usize::from(is_mdat);
    }
    std::fs::write(file, &bytes[..whole]).expect("the folder is ours");
    chunks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ffprobe_reads_live_mp4_without_a_warning() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let file = program.data.path().join("demo.mp4");
    let chunks = record(&program, "demo", Duration::from_secs(4), &file).await;
    let (told, warnings) = ffprobe(&file);
    assert!(warnings.is_empty(), "{warnings}");
    let video = &told["streams"][0];
    assert_eq!((video["codec_name"].as_str(), video["width"].as_u64()), (Some("h264"), Some(1280)));
    assert_eq!(video["nb_read_frames"].as_str(), Some(chunks.to_string().as_str()), "frames decoded, and chunks sent");
    assert!(chunks > 60, "{chunks} chunks in 4 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_mp4_of_a_camera_with_sound_has_both_tracks() {
    let server = RealCamera::protected("digest", "admin", "s3cret-word", &["cam=test:h264+aac"]);
    let program = Program::start().await;
    program.add("cam", &server.url("cam")).await;
    program.wait_live("cam").await;
    let file = program.data.path().join("cam.mp4");
    record(&program, "cam", Duration::from_secs(4), &file).await;
    let (told, warnings) = ffprobe(&file);
    assert!(warnings.is_empty(), "{warnings}");
    let frames =
        |index: usize| told["streams"][index]["nb_read_frames"].as_str().and_then(|n| n.parse().ok()).unwrap_or(0);
    assert_eq!([&told["streams"][0]["codec_name"], &told["streams"][1]["codec_name"]], ["h264", "aac"]);
    // 25 frames and 46.9 frames of sound a second.
    assert!(frames(0) > 50 && frames(1) > 90, "{} and {}: {told}", frames(0), frames(1));
}

/// 16 Mb/s to a viewer that stops reading for eight seconds, and to one that reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_viewer_is_told_what_it_missed_and_a_fast_one_misses_nothing() {
    let clip =
        Clip::make(ClipSpec { width: 640, height: 360, bitrate: 16_000_000, noisy: true, ..ClipSpec::default() });
    let fake = FakeCamera::start(Arc::new(clip), vec![]).await;
    let program = Program::start().await;
    program.add_as(serde_json::json!({ "id": "cam", "url": fake.url(), "detect": { "model": "none" } })).await;
    program.wait_live("cam").await;
    let mut fast = Viewer::open(&program, "cam").await;
    let mut slow = Viewer::open(&program, "cam").await;
    let reader = tokio::spawn(async move { fast.videos(400).await });
    let mut sequences = vec![slow.video().await.header.sequence];
    tokio::time::sleep(Duration::from_secs(8)).await;
    let mut told = 0;
    let mut key_frame_due = false;
    while told == 0 || sequences.len() < 200 {
        match slow.expect().await {
            Got::Text(ServerMessage::Dropped(dropped)) => (told, key_frame_due) = (told + dropped.count, true),
            Got::Bytes(header, _) if header.kind == Kind::Chunk && !header.has(FLAG_AUDIO) => {
                assert!(
                    !key_frame_due || header.has(sightline_shared::chunk::FLAG_KEY),
                    "it went on in the middle of a GOP"
                );
                key_frame_due = false;
                sequences.push(header.sequence);
            }
            _ => {}
        }
    }
    let missed: u64 = sequences.windows(2).map(|two| u64::from(two[1].wrapping_sub(two[0]) - 1)).sum();
    assert!(told > 0 && missed == told, "missed {missed} by the sequence numbers, told of {told}");
    let got = reader.await.expect("the fast viewer goes on");
    assert!(
        got.windows(2).all(|two| two[1].header.sequence == two[0].header.sequence.wrapping_add(1)),
        "the fast one lost chunks"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_of_another_version_is_told_to_reload() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let path = "/api/cameras/demo/live?v=999&rendition=auto";
    let mut viewer = Viewer::try_open(&program, path, &[]).await.expect("it is told over the WebSocket");
    assert!(matches!(viewer.expect().await, Got::Text(ServerMessage::Reload)));
    assert!(viewer.next().await.is_none(), "the connection goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_are_compared_and_frames_carry_their_stamps() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let mut viewer = Viewer::open(&program, "demo").await;
    viewer.say(&ViewerMessage::Clock { t0: 12.5 }).await;
    let reply = viewer.text(|message| if let ServerMessage::Clock(reply) = message { Some(reply) } else { None }).await;
    assert!(reply.t0 == 12.5 && reply.t1 <= reply.t2 && reply.utc_ms > 1.7e12, "{reply:?}");
    let stages =
        viewer.text(|message| if let ServerMessage::Stages(stages) = message { Some(stages) } else { None }).await;
    assert_eq!(stages.stamps[0].stage, "source");
    assert!(stages.stamps.windows(2).all(|two| two[0].at_ms <= two[1].at_ms), "{stages:?}");
    assert!(stages.stamps.iter().any(|stamp| stamp.stage == "fragment"), "{stages:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_from_a_viewer_does_not_hurt_others() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let mut other = Viewer::open(&program, "demo").await;
    let first = other.video().await.header.sequence;
    for nonsense in ["", "{", "{\"type\":\"unknown\"}", "[1,2,3]", &"x".repeat(2_000_000)] {
        let mut viewer = Viewer::open(&program, "demo").await;
        // Answered, ignored or closed, even before the whole of it was said: all are fine.
        let _ = viewer.say_raw(nonsense).await;
        let _ = tokio::time::timeout(Duration::from_millis(100), viewer.next()).await;
    }
    let last = other.videos(30).await[29].header.sequence;
    assert_eq!(last, first.wrapping_add(30));
    assert!(program.get("/api/health").await.status().is_success());
}
