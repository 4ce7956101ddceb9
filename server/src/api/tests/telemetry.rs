//! Telemetry over real sockets, and what Prometheus reads, by a parser that is not ours.

use super::Home;
use super::live::{Running, Socket, next as next_message};
use openmetrics_parser::prometheus::parse_prometheus;
use openmetrics_parser::{MetricsExposition, PrometheusType, PrometheusValue};
use sightline_shared::telemetry::{Sample, TelemetryMessage};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{Error, Message};

async fn next(socket: &mut Socket) -> TelemetryMessage {
    match next_message(socket).await {
        Some(Message::Text(text)) => serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
        other => panic!("no text: {other:?}"),
    }
}

fn frames(samples: &[Sample], stage: &str) -> u64 {
    let of =
        |sample: &Sample| sample.cameras.get("demo").and_then(|camera| camera.stages.get(stage)).map(|stage| stage.out);
    samples.iter().filter_map(of).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_comes_first_and_then_a_sample_every_half_second() {
    let server = Running::start(true).await;
    tokio::time::sleep(Duration::from_millis(2600)).await;
    let mut socket = server.socket_at("/api/telemetry?camera=demo").await.expect("connects");
    let TelemetryMessage::History { samples: mut all } = next(&mut socket).await else { panic!("history comes first") };
    assert!((4..=7).contains(&all.len()), "{} samples in 2.6 s", all.len());
    let begun = Instant::now();
    for _ in 0..6 {
        let TelemetryMessage::Sample(sample) = next(&mut socket).await else { panic!("a sample") };
        assert!(all.last().is_none_or(|last| last.at_ms < sample.at_ms), "time goes on");
        all.push(sample);
    }
    let took = begun.elapsed().as_secs_f64();
    assert!((2.3..4.0).contains(&took), "six samples took {took} s");
    // From its first frame on the demo camera paints 30 a second; what the stages say adds up to that.
    let span_s = (all[all.len() - 1].at_ms - all[all.len() - 5].at_ms) / 1e3;
    let rate = frames(&all[all.len() - 4..], "source") as f64 / span_s;
    assert!((27.0..33.0).contains(&rate), "{rate} frames a second");
    let newest = all[all.len() - 1].cameras["demo"].clone();
    assert!(newest.stages["fragment"].p50_ms.is_some_and(|ms| ms < 100.0), "{newest:?}");
    let source = &newest.renditions["source"];
    assert!(source.frames > 0 && source.bytes >= source.max_bytes && source.max_bytes > 0, "{source:?}");
    assert_eq!(source.asked_bitrate, None, "nobody asked the camera");
    let key_frames: u64 =
        all.iter().filter_map(|s| s.cameras.get("demo")).map(|c| c.renditions["source"].key_frames).sum();
    assert!(key_frames >= 1, "a key frame at the start, and every two seconds");
    drop(socket);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telemetry_says_why_it_cannot() {
    let server = Running::start(false).await;
    for (path, status) in [("/api/telemetry?camera=none", 404), ("/api/telemetry?camera=a&camera=b", 400)] {
        match server.socket_at(path).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status().as_u16(), status, "{path}"),
            other => panic!("{path}: {:?}", other.map(|_| ())),
        }
    }
    let mut all = server.socket_at("/api/telemetry").await.expect("without cameras there is telemetry of none");
    assert!(matches!(next(&mut all).await, TelemetryMessage::History { .. }));
    // The end of the program ends the connection.
    let ended = server.stop().await;
    assert!(ended < Duration::from_secs(4), "{ended:?}");
    drop(all);
    let home = Home::new();
    assert_eq!(home.get("/api/telemetry").send().await.code(), "websocket_only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_can_read_the_metrics() {
    let server = Running::start(true).await;
    let (mut socket, mut seen) = (server.socket_at("/api/cameras/demo/live").await.expect("connects"), 0);
    while seen < 60 {
        seen += u32::from(matches!(next_message(&mut socket).await, Some(Message::Binary(_))));
    }
    let answer = server.get("/metrics", usize::MAX).await;
    let text = String::from_utf8(answer).expect("UTF-8");
    let body = text.split_once("\r\n\r\n").expect("a head and a body").1;
    // Chunked or not is axum's choice: without it the body is the page.
    let page = parse_prometheus(body).unwrap_or_else(|error| panic!("{error}\n{body}"));
    check_conventions(&page, body);
    let stages = &page.families["sightline_stage_seconds"];
    assert_eq!(stages.family_type, PrometheusType::Summary);
    let passed = stages.iter_samples().filter_map(|sample| match &sample.value {
        PrometheusValue::Summary(summary) => summary.count.map(|count| count as f64),
        _ => None,
    });
    assert!(passed.fold(0.0, f64::max) >= 59.0, "{body}");
    for name in ["sightline_rendition_bytes_total", "sightline_rendition_frames_total", "sightline_stage_out_total"] {
        assert!(page.families.contains_key(name), "{name} is not told:\n{body}");
    }
    drop(socket);
    server.stop().await;
}

/// Names as Prometheus asks: a prefix, units that are base units, `_total` for counters alone, and help for each.
fn check_conventions(page: &MetricsExposition<PrometheusType, PrometheusValue>, body: &str) {
    assert!(page.families.len() > 12, "{:?}", page.families.keys());
    for (name, family) in &page.families {
        assert!(name.starts_with("sightline_"), "{name}");
        assert!(!family.help.is_empty() && body.contains(&format!("# TYPE {name} ")), "{name} has no help or no type");
        let counter = family.family_type == PrometheusType::Counter;
        assert_eq!(name.ends_with("_total"), counter, "{name} is a {:?}", family.family_type);
        assert!(!["_ms", "_milliseconds", "_kb", "_mb"].iter().any(|unit| name.contains(unit)), "{name}");
    }
}
