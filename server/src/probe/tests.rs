//! From a source that fails or gives frames to the report.

use super::*;
use crate::pipeline::clock::SystemClock;
use crate::pipeline::packet::testing::params;
use watch::Seen;

fn request(origin: Origin) -> Request {
    Request { origin, transport: Transport::Auto, watch: Duration::from_millis(1500) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_camera_is_well() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let mut stages = Vec::new();
    let probe = probe(&request(Origin::Demo), &clock, &mut |stage| stages.push(stage)).await;
    assert!(probe.usable, "{probe:#?}");
    assert_eq!((probe.width, probe.height, probe.b_frames), (Some(1280), Some(720), Some(false)));
    assert!((probe.fps.unwrap() - 30.0).abs() < 0.1, "{probe:?}");
    assert!(probe.codec.as_deref().is_some_and(|codec| codec.starts_with("avc1.")));
    assert!(probe.summary.contains("1280x720, 30/s") && probe.summary.contains("every browser"), "{}", probe.summary);
    assert!(probe.picture.is_some_and(|picture| picture.starts_with("data:image/jpeg;base64,")));
    assert!(matches!(stages.last(), Some(Stage::Watching(1.., _))), "{stages:?}");
    assert!(probe.findings.iter().all(|finding| finding.severity < Severity::Bad), "{:?}", probe.findings);
}

#[tokio::test]
async fn what_cannot_be_had_is_said_with_its_mend() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let probe = probe(&request(Origin::File("/no/such/film.mp4".into())), &clock, &mut |_| {}).await;
    assert!(!probe.usable && probe.picture.is_none());
    assert_eq!(probe.reason_code.as_deref(), Some("file"));
    assert!(probe.summary.contains("/no/such/film.mp4"), "{}", probe.summary);
    assert_eq!((probe.findings[0].severity, probe.findings[0].mend.is_some()), (Severity::Bad, true));
}

#[test]
fn a_camera_without_frames_or_key_frames_is_given_up() {
    let at = |seconds| Mono(Duration::from_secs(seconds));
    let watch = Duration::from_secs(6);
    let mut seen = Observed { connected: Some(("tcp", at(1))), ..Observed::default() };
    assert_eq!(enough(&seen, watch, at(0), at(21)), None);
    assert_eq!(enough(&seen, watch, at(0), at(22)).and_then(Result::err).map(|error| error.code), Some("frozen"));
    seen.frames.push(Seen { time: 0, arrived: at(2), key: false, bytes: 9 });
    assert_eq!(enough(&seen, watch, at(0), at(22)), None);
    assert!(
        enough(&seen, watch, at(0), at(23)).and_then(Result::err).is_some_and(|e| e.message.contains("no key frame"))
    );
    seen.frames.push(Seen { time: 0, arrived: at(3), key: true, bytes: 9 });
    assert_eq!(enough(&seen, watch, at(0), at(7)), None);
    assert_eq!(enough(&seen, watch, at(0), at(8)), Some(Ok(())));
}

#[test]
fn a_stream_that_broke_off_is_usable_and_told() {
    let mut seen =
        Observed { params: Some(params()), connected: Some(("tcp", Mono::default())), ..Observed::default() };
    seen.frames = (0..10).map(|n| Seen { time: n * 3600, arrived: Mono::default(), key: n == 0, bytes: 9 }).collect();
    let request = request(Origin::Demo);
    let mut probe = describe(&request, &seen, Mono::default());
    conclude(&mut probe, &seen, Some(SourceError::new("ended", "cam:554 closed the connection.")));
    assert!(probe.usable);
    assert_eq!(probe.findings[0].code, "broke_off");
    assert!(
        probe.summary.starts_with("H.264 Constrained Baseline, 640x360, 25/s, no second key frame"),
        "{}",
        probe.summary
    );
}
