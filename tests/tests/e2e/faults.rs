//! Cameras that misbehave: one clear message on that camera, the others untouched, and back again by itself.

use sightline_shared::camera::{Camera, CameraState};
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::{FakeCamera, Script, Step};
use sightline_tests::program::Program;
use sightline_tests::responder::{Answer, Responder, closed_port};
use sightline_tests::viewer::{GotChunk, Viewer};
use std::sync::Arc;
use std::time::Duration;

fn clip() -> Arc<Clip> {
    Arc::new(Clip::make(ClipSpec::default()))
}

/// A camera at `url` fails with one of `codes` and a sentence that holds one of `words`; it goes on trying.
async fn fails(url: &str, codes: &[&str], words: &[&str]) -> Camera {
    let program = Program::start().await;
    let id = program.add("cam", url).await;
    let camera = program.wait_failed(&id).await;
    let (code, reason) = (camera.reason_code.clone().unwrap_or_default(), camera.reason.clone().unwrap_or_default());
    assert!(codes.contains(&code.as_str()), "code {code:?}, reason {reason:?}");
    let lower = reason.to_lowercase();
    assert!(words.iter().any(|word| lower.contains(&word.to_lowercase())), "none of {words:?} in: {reason}");
    assert!(reason.ends_with(['.', '?']) && reason.contains(' '), "not a sentence: {reason}");
    assert_eq!(camera.state, CameraState::Offline, "it was never live");
    program.wait_camera(&id, "tried again", |camera| camera.failures >= 2).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_listens_at_the_port() {
    fails(&format!("rtsp://127.0.0.1:{}/stream1", closed_port().await), &["refused"], &["refused", "port"]).await;
}

/// 192.0.2.1 is kept free for documents (RFC 5737): no answer, or none of the networks leads there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_cannot_be_reached() {
    let codes = ["unreachable", "timeout", "refused"];
    fails("rtsp://192.0.2.1:554/stream1", &codes, &["192.0.2.1", "reach", "answer", "network"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_nobody_knows() {
    fails("rtsp://no-such-camera.invalid/stream1", &["unreachable"], &["no-such-camera.invalid", "name"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_page_instead_of_video() {
    let page = Responder::start(Answer::WebPage).await;
    let camera = fails(&page.url(), &["not_rtsp"], &["RTSP", "web"]).await;
    assert!(!camera.reason.unwrap_or_default().contains("Please log in"), "answers do not echo bodies");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_of_another_protocol() {
    let noise = Responder::start(Answer::Noise).await;
    fails(&noise.url(), &["not_rtsp", "protocol"], &["RTSP"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_says_nothing() {
    let silent = Responder::start(Answer::Silence).await;
    fails(&silent.url(), &["timeout"], &["answer", "respond"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_hangs_up() {
    let rude = Responder::start(Answer::HangUp).await;
    fails(&rude.url(), &["not_rtsp", "protocol", "refused", "ended"], &["closed", "RTSP", "connection"]).await;
}

/// Runs `script` beside a camera that does nothing wrong. The first camera must be live again after it; the other's
/// frames must all arrive. Gives what a viewer of the first saw until `enough`.
async fn misbehaves(script: Script, enough: impl Fn(&[GotChunk]) -> bool) -> (Vec<GotChunk>, Program, FakeCamera) {
    let clip = clip();
    let bad = FakeCamera::start_with(Arc::clone(&clip), vec![script, vec![]]).await;
    let good = FakeCamera::start(clip, vec![]).await;
    let program = Program::start().await;
    program.add("good", &good.url()).await;
    program.add("bad", &bad.url()).await;
    program.wait_live("good").await;
    let mut beside = Viewer::open(&program, "good").await;
    let watched = tokio::spawn(async move {
        let mut chunks = vec![beside.video().await];
        loop {
            let chunk = beside.video().await;
            let last = chunks[chunks.len() - 1].header;
            assert_eq!(chunk.header.sequence, last.sequence.wrapping_add(1), "the camera beside it lost a frame");
            assert_eq!(chunk.header.epoch, last.epoch, "the camera beside it was connected again");
            chunks.push(chunk);
        }
    });
    program.wait_live("bad").await;
    let mut viewer = Viewer::open(&program, "bad").await;
    let mut chunks = vec![viewer.video().await];
    while !enough(&chunks) {
        chunks.push(viewer.video().await);
    }
    program.wait_live("bad").await;
    assert!(!watched.is_finished(), "the camera beside it: {:?}", watched.await.err());
    watched.abort();
    (chunks, program, bad)
}

/// What must hold whatever the camera does: no chunk lost, PTS grows within an epoch, an epoch starts with a key frame.
fn in_order(chunks: &[GotChunk]) {
    for two in chunks.windows(2) {
        let (one, next) = (&two[0].header, &two[1].header);
        assert_eq!(next.sequence, one.sequence.wrapping_add(1), "a chunk is lost");
        if next.epoch == one.epoch {
            assert!(next.pts > one.pts && next.dts > one.dts, "PTS {} after {}", next.pts.0, one.pts.0);
        } else {
            assert!(next.epoch > one.epoch && two[1].is_key(), "an epoch starts without a key frame");
        }
    }
}

fn epochs(chunks: &[GotChunk]) -> usize {
    1 + chunks.windows(2).filter(|two| two[0].header.epoch != two[1].header.epoch).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timestamps_that_jump_back_start_an_epoch() {
    let script = vec![Step::Frames(60), Step::Jump(-90_000 * 3600)];
    let (chunks, _program, bad) = misbehaves(script, |chunks| epochs(chunks) == 2 && chunks.len() > 150).await;
    in_order(&chunks);
    assert_eq!(bad.plays(), 1, "a jump is no reason to connect again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timestamps_that_jump_ahead_by_hours_start_an_epoch() {
    let script = vec![Step::Frames(60), Step::Jump(90_000 * 3600 * 5)];
    let (chunks, _program, bad) = misbehaves(script, |chunks| epochs(chunks) == 2 && chunks.len() > 150).await;
    in_order(&chunks);
    assert_eq!(bad.plays(), 1, "a jump is no reason to connect again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wrong_timestamp_changes_nothing() {
    let script = vec![Step::Frames(60), Step::Glitch(90_000 * 60), Step::Frames(10), Step::Glitch(-90_000 * 60)];
    let (chunks, _program, bad) = misbehaves(script, |chunks| chunks.len() > 120).await;
    in_order(&chunks);
    assert_eq!((epochs(&chunks), bad.plays()), (1, 1));
    let longest = chunks.windows(2).map(|two| two[1].header.pts.0 - two[0].header.pts.0).max();
    assert!(longest < Some(90_000), "a glitch became a gap of {longest:?} ticks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_freezes_is_connected_again() {
    let (chunks, program, bad) = misbehaves(vec![Step::Frames(50), Step::Freeze], |chunks| epochs(chunks) == 2).await;
    in_order(&chunks);
    assert_eq!(bad.plays(), 2);
    assert!(program.log().contains("bad"), "the log does not name the camera");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_stream_says_for_how_long_and_what_comes_next() {
    let fake = FakeCamera::start(clip(), vec![Step::Frames(50), Step::Freeze]).await;
    let program = Program::start().await;
    program.add("cam", &fake.url()).await;
    program.wait_live("cam").await;
    let camera = program.wait_camera("cam", "frozen", |camera| camera.reason_code.as_deref() == Some("frozen")).await;
    let reason = camera.reason.unwrap_or_default();
    assert!(reason.chars().any(|c| c.is_ascii_digit()) && reason.ends_with('.'), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_no_size_are_left_out() {
    let script = vec![Step::Frames(50), Step::EmptyFrames(10), Step::Frames(50)];
    let (chunks, ..) = misbehaves(script, |chunks| chunks.len() > 120).await;
    in_order(&chunks);
    assert!(chunks.iter().all(|chunk| sightline_tests::mp4::chunk(&chunk.mp4).mdat_len > 5), "an empty frame went out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_in_place_of_frames() {
    let script = vec![Step::Frames(50), Step::NoiseFrames(25), Step::Frames(50)];
    let (chunks, ..) = misbehaves(script, |chunks| chunks.len() > 120).await;
    in_order(&chunks);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_packets_lead_to_a_new_connection() {
    let script = vec![Step::Frames(50), Step::BreakFraming, Step::Freeze];
    let (chunks, _program, bad) = misbehaves(script, |chunks| epochs(chunks) == 2).await;
    in_order(&chunks);
    assert!(bad.plays() >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_hangs_up_is_connected_again() {
    let (chunks, _program, bad) = misbehaves(vec![Step::Frames(50), Step::HangUp], |chunks| epochs(chunks) == 2).await;
    in_order(&chunks);
    assert_eq!(bad.plays(), 2);
}

/// A short stall is the network's, not a reason to connect again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_of_a_second_changes_nothing() {
    let script = vec![Step::Frames(50), Step::Pause(Duration::from_secs(1))];
    let (chunks, _program, bad) = misbehaves(script, |chunks| chunks.len() > 100).await;
    in_order(&chunks);
    assert_eq!((epochs(&chunks), bad.plays()), (1, 1));
}
