//! `GET /metrics`: Prometheus' text format, version 0.0.4. Cameras are told apart by uid, which is never re-used; the id stands
//! beside it for people.

mod devices;
mod events;
mod models;

use super::{App, VERSION};
use crate::live::Feed;
use crate::pipeline::camera::CameraHandle;
use crate::pipeline::clock::Mono;
use crate::pipeline::counters::StageCounters;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sightline_shared::camera::{Camera, CameraState, Rendition};
use sightline_shared::encoder::{RenditionInfo, RenditionState};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The window of the quantiles.
const WINDOW: Duration = Duration::from_secs(60);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "system", responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(State(app): State<App>) -> Response {
    let mut page = Page::default();
    page.add("sightline_build_info", "gauge", "The version that runs.", &[("version", VERSION)], 1.0);
    let uptime = app.clock.now().since(app.started).as_secs_f64();
    page.add("sightline_uptime_seconds", "gauge", "Time since the start.", &[], uptime);
    let viewers = app.viewers_now() as f64;
    page.add("sightline_viewers", "gauge", "Viewers connected to live pictures.", &[], viewers);
    let subscribers = app.telemetry.subscribers() as f64;
    page.add("sightline_telemetry_subscribers", "gauge", "Readers of /api/telemetry.", &[], subscribers);
    let spent = app.telemetry.spent().as_secs_f64();
    let help = "Time that taking samples for /api/telemetry has cost.";
    page.add("sightline_telemetry_sampling_seconds_total", "counter", help, &[], spent);
    devices::add(&mut page, &app);
    events::add(&mut page, &app);
    let now = app.clock.now();
    models::add(&mut page, &app, now);
    for handle in app.cameras.list() {
        camera(&mut page, &handle, now);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.text()).into_response()
}

fn camera(page: &mut Page, handle: &Arc<CameraHandle>, now: Mono) {
    let told = handle.describe();
    let of = [("camera", told.uid.as_str()), ("id", told.id.as_str())];
    for (name, state) in STATES {
        let labels = [of[0], of[1], ("state", name)];
        let here = if told.state == state { 1.0 } else { 0.0 };
        page.add("sightline_camera_state", "gauge", "1 for the state that a camera is in.", &labels, here);
    }
    vitals(page, &told, &of);
    events::camera(page, handle, &of);
    bus(page, &told, &of);
    for rendition in handle.renditions() {
        hub(page, handle, rendition, &of);
        ring(page, handle, rendition, &of);
    }
    for info in &told.renditions {
        rendition(page, info, &of);
    }
    for rendition in [Rendition::Source, Rendition::Main] {
        let labels = [of[0], of[1], ("rendition", rendition.name())];
        let Some(ring) = handle.ring(rendition) else { continue };
        page.add("sightline_kept_bytes", "gauge", "Bytes kept in memory for clips.", &labels, ring.bytes() as f64);
    }
    for (name, counters) in handle.stages() {
        stage(page, name, &counters, now, &of);
    }
}

fn stage(page: &mut Page, name: &str, counters: &StageCounters, now: Mono, of: &[(&str, &str); 2]) {
    let timings = counters.report(now, WINDOW);
    let labels = [of[0], of[1], ("stage", name)];
    let mut count = |name: &'static str, help: &'static str, kind, value: u64| {
        page.add(name, kind, help, &labels, value as f64);
    };
    count("sightline_stage_in_total", "Items that came to a stage.", "counter", timings.entered);
    count("sightline_stage_out_total", "Items that a stage passed on.", "counter", timings.left);
    count("sightline_stage_held", "Items waiting or being worked on.", "gauge", timings.held);
    for (cause, dropped) in &timings.dropped {
        let labels = [of[0], of[1], ("stage", name), ("cause", cause.as_str())];
        page.add("sightline_stage_dropped_total", "counter", "Items thrown away.", &labels, *dropped as f64);
    }
    // A summary and no histogram: a camera has up to nine stages, and a dozen buckets of each would make thousands of series of
    // fifty cameras. Sum and count give every mean that is wanted; the quantiles are exact, over the last minute.
    let mut summary = Summary::of(page, "sightline_stage_seconds", "Time of an item in a stage, waiting included.");
    for (quantile, ms) in [("0.5", timings.p50_ms), ("0.95", timings.p95_ms), ("0.99", timings.p99_ms)] {
        if let Some(ms) = ms {
            summary.quantile(&labels, quantile, ms / 1e3);
        }
    }
    let (passed, took) = counters.passed();
    summary.totals(&labels, took.as_secs_f64(), passed);
}

const STATES: [(&str, CameraState); 5] = [
    ("connecting", CameraState::Connecting),
    ("live", CameraState::Live),
    ("reconnecting", CameraState::Reconnecting),
    ("offline", CameraState::Offline),
    ("disabled", CameraState::Disabled),
];

fn vitals(page: &mut Page, told: &Camera, of: &[(&str, &str)]) {
    let help = "Looks whose frame had been told with predicted boxes when they ended.";
    page.add("sightline_detect_late_total", "counter", help, of, told.analysis.late as f64);
    let failures = f64::from(told.failures);
    page.add("sightline_camera_failures", "gauge", "Tries in a row that have failed.", of, failures);
    if let Some(fps) = told.fps {
        page.add("sightline_camera_frames_per_second", "gauge", "Measured over the last seconds.", of, fps);
    }
    if let Some(bitrate) = told.bitrate {
        page.add("sightline_camera_bits_per_second", "gauge", "Measured over the last seconds.", of, bitrate);
    }
}

/// What goes over the bus between the host and its device.
fn bus(page: &mut Page, told: &Camera, of: &[(&str, &str)]) {
    let hardware = &told.hardware;
    for (name, help, bytes) in [
        ("sightline_frames_to_host_bytes_total", "Frames from the device to the host.", hardware.frames_to_host_bytes),
        (
            "sightline_looks_to_host_bytes_total",
            "Pictures made small on the device for detectors, to the host.",
            hardware.looks_to_host_bytes,
        ),
        (
            "sightline_frames_to_device_bytes_total",
            "Pictures from the host to the device.",
            hardware.frames_to_device_bytes,
        ),
    ] {
        page.add(name, "counter", help, of, bytes as f64);
    }
}

fn hub(page: &mut Page, handle: &CameraHandle, rendition: Rendition, of: &[(&str, &str); 2]) {
    let Some(hub) = handle.hub(rendition) else { return };
    let labels = [of[0], of[1], ("rendition", rendition.name())];
    page.add("sightline_hub_viewers", "gauge", "Viewers of a rendition.", &labels, hub.viewers() as f64);
    page.add("sightline_hub_bytes", "gauge", "Bytes kept for viewers that join.", &labels, hub.bytes() as f64);
    page.add("sightline_hub_chunks_total", "counter", "Chunks made.", &labels, hub.chunks() as f64);
    let video = hub.total();
    for (name, help, value) in [
        ("sightline_rendition_frames_total", "Frames of video of a rendition.", video.frames),
        ("sightline_rendition_key_frames_total", "Key frames of a rendition.", video.key_frames),
        ("sightline_rendition_bytes_total", "Bytes of video of a rendition.", video.bytes),
    ] {
        page.add(name, "counter", help, &labels, value as f64);
    }
}

/// What clips can be made of.
fn ring(page: &mut Page, handle: &CameraHandle, rendition: Rendition, of: &[(&str, &str); 2]) {
    let Some(ring) = handle.ring(rendition) else { return };
    let labels = [of[0], of[1], ("rendition", rendition.name())];
    page.add("sightline_clip_ring_bytes", "gauge", "Bytes kept for clips.", &labels, ring.bytes() as f64);
}

fn rendition(page: &mut Page, info: &RenditionInfo, of: &[(&str, &str); 2]) {
    let labels = [of[0], of[1], ("rendition", info.rendition.name())];
    let running = if info.state == RenditionState::Running { 1.0 } else { 0.0 };
    page.add("sightline_rendition_running", "gauge", "1 while a rendition is made.", &labels, running);
    let asked = info.encoder.as_ref().and_then(|encoder| encoder.bitrate).map(|bits| bits as f64);
    for (name, help, value) in [
        ("sightline_rendition_bits_per_second", "Measured over the last seconds.", info.bitrate),
        ("sightline_rendition_asked_bits_per_second", "What its encoder was asked for.", asked),
        ("sightline_rendition_frames_per_second", "Measured over the last seconds.", info.fps),
        (
            "sightline_rendition_encode_seconds",
            "Median time from taking a frame up until it is encoded.",
            info.frame_ms.map(|ms| ms / 1e3),
        ),
    ] {
        if let Some(value) = value {
            page.add(name, "gauge", help, &labels, value);
        }
    }
}

/// Samples grouped by name, as the format wants them.
#[derive(Default)]
struct Page {
    groups: BTreeMap<&'static str, (&'static str, &'static str, String)>,
}

impl Page {
    fn add(&mut self, name: &'static str, kind: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        self.add_as(name, "", kind, help, labels, value);
    }

    /// A sample `name` + `suffix` of the group `name`.
    fn add_as(
        &mut self,
        name: &'static str,
        suffix: &str,
        kind: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let (_, _, samples) = self.groups.entry(name).or_insert_with(|| (kind, help, String::new()));
        let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(samples, "{name}{suffix}{labels} {value}").expect("a String takes all");
    }

    fn text(self) -> String {
        let mut out = String::new();
        for (name, (kind, help, samples)) in self.groups {
            write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}").expect("a String takes all");
        }
        out
    }
}

/// A summary of the page under construction.
struct Summary<'a> {
    page: &'a mut Page,
    name: &'static str,
    help: &'static str,
}

impl<'a> Summary<'a> {
    fn of(page: &'a mut Page, name: &'static str, help: &'static str) -> Self {
        Self { page, name, help }
    }

    fn quantile(&mut self, labels: &[(&str, &str)], quantile: &str, value: f64) {
        let mut labels = labels.to_vec();
        labels.push(("quantile", quantile));
        self.page.add_as(self.name, "", "summary", self.help, &labels, value);
    }

    fn totals(&mut self, labels: &[(&str, &str)], sum: f64, count: u64) {
        self.page.add_as(self.name, "_sum", "summary", self.help, labels, sum);
        self.page.add_as(self.name, "_count", "summary", self.help, labels, count as f64);
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_grouped_and_labels_escaped() {
        let mut page = Page::default();
        page.add("b", "gauge", "B.", &[("x", "a\"\\\n")], 1.5);
        page.add("a_total", "counter", "A.", &[], 2.0);
        page.add("b", "gauge", "B.", &[("x", "y"), ("z", "1")], 0.0);
        let expected = "# HELP a_total A.\n# TYPE a_total counter\na_total 2\n\
            # HELP b B.\n# TYPE b gauge\nb{x=\"a\\\"\\\\\\n\"} 1.5\nb{x=\"y\",z=\"1\"} 0\n";
        assert_eq!(page.text(), expected);
    }
}
