//! Telemetry by exact text: what is told is what was sampled, once a group, and a slow reader skips.

use super::*;
use crate::pipeline::clock::{Mono, SimulatedClock};
use message::CameraStep;
use sightline_shared::telemetry::{CameraSample, Sample, StageSample, TelemetryMessage};
use std::collections::BTreeMap;

fn telemetry() -> Arc<Telemetry> {
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::new(Duration::from_secs(1_800_000_000)));
    Telemetry::new(Cameras::new(clock.clone()).expect("threads"), clock)
}

fn of_stage(out: u64) -> CameraSample {
    let stage = StageSample { p50_ms: Some(0.5), out, ..StageSample::default() };
    CameraSample { stages: BTreeMap::from([("source".into(), stage)]), renditions: BTreeMap::new() }
}

fn step(at_ms: u64) -> Step {
    let cameras = vec![
        CameraStep::new("U1".into(), "ya\"rd", &of_stage(at_ms)),
        CameraStep::new("U2".into(), "door", &CameraSample::default()),
        CameraStep::new("U3".into(), "hall", &of_stage(7)),
    ];
    Step { at: Mono(Duration::from_millis(at_ms)), utc: Duration::from_secs(1_800_000_000), cameras }
}

fn wanted(at_ms: u64, cameras: &[(&str, u64)]) -> Sample {
    let cameras = cameras.iter().map(|(id, out)| ((*id).to_owned(), of_stage(*out))).collect();
    Sample { at_ms: at_ms as f64, utc_ms: 1.8e12, cameras }
}

#[test]
fn messages_are_those_of_the_wire() {
    let parse = |text: &str| serde_json::from_str::<TelemetryMessage>(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let all = wanted(500, &[("ya\"rd", 500), ("hall", 7)]);
    assert_eq!(parse(&message::sample(&step(500), None)), TelemetryMessage::Sample(all.clone()));
    let one = wanted(500, &[("hall", 7)]);
    assert_eq!(parse(&message::sample(&step(500), Some(2))), TelemetryMessage::Sample(one.clone()));
    let silent = wanted(500, &[]);
    assert_eq!(parse(&message::sample(&step(500), Some(1))), TelemetryMessage::Sample(silent));
    let steps = VecDeque::from([Arc::new(step(500)), Arc::new(step(1000))]);
    let history = |group: &Group| parse(&message::history(&steps, group));
    let both = vec![all, wanted(1000, &[("ya\"rd", 1000), ("hall", 7)])];
    assert_eq!(history(&Group::All), TelemetryMessage::History { samples: both });
    let halls = vec![one, wanted(1000, &[("hall", 7)])];
    assert_eq!(history(&Group::One("U3".into())), TelemetryMessage::History { samples: halls });
}

#[tokio::test]
async fn two_minutes_are_remembered_and_the_history_ends_where_the_samples_begin() {
    let telemetry = telemetry();
    for _ in 0..HISTORY + 10 {
        telemetry.tick();
    }
    let (history, mut subscriber) = telemetry.subscribe(None);
    let TelemetryMessage::History { samples } = serde_json::from_str(&history).expect("JSON") else {
        panic!("history comes first")
    };
    assert_eq!((samples.len(), telemetry.subscribers()), (HISTORY, 1));
    let early = tokio::time::timeout(Duration::from_millis(20), subscriber.next()).await;
    assert!(early.is_err(), "the newest sample is in the history already");
    telemetry.tick();
    assert!(subscriber.next().await.is_some());
}

#[tokio::test]
async fn a_group_shares_one_text_and_a_slow_reader_skips_to_the_newest() {
    let telemetry = telemetry();
    let (_, mut quick) = telemetry.subscribe(None);
    let (_, mut slow) = telemetry.subscribe(None);
    for _ in 0..3 {
        telemetry.tick();
        quick.next().await.expect("a sample");
    }
    telemetry.tick();
    let (one, other) = (quick.next().await.expect("a sample"), slow.next().await.expect("the newest sample"));
    assert_eq!(one.as_str().as_ptr(), other.as_str().as_ptr(), "the very same bytes");
    assert!(tokio::time::timeout(Duration::from_millis(20), slow.next()).await.is_err(), "what it missed is gone");
}

#[tokio::test]
async fn a_camera_that_is_gone_ends_its_subscribers() {
    let telemetry = telemetry();
    let (_, mut subscriber) = telemetry.subscribe(Some("gone"));
    telemetry.tick();
    assert!(subscriber.next().await.is_none());
}
