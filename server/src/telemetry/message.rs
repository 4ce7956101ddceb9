//! The JSON of telemetry: a camera's part is written once when it is sampled, messages are put together of these parts.

use crate::pipeline::clock::Mono;
use sightline_shared::telemetry::CameraSample;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// One sample of all cameras.
pub(super) struct Step {
    pub(super) at: Mono,
    pub(super) utc: Duration,
    /// Every camera that was there, in the order of the settings.
    pub(super) cameras: Vec<CameraStep>,
}

/// One camera's part of a sample.
pub(super) struct CameraStep {
    pub(super) uid: Arc<str>,
    /// `"id":{...}`; empty where nothing happened.
    json: Box<str>,
}

impl CameraStep {
    pub(super) fn new(uid: Arc<str>, id: &str, sample: &CameraSample) -> Self {
        if sample.stages.is_empty() && sample.renditions.is_empty() {
            return Self { uid, json: Box::default() };
        }
        let never = "wire types have string keys and no failing serializers";
        let (id, sample) = (serde_json::to_string(id).expect(never), serde_json::to_string(sample).expect(never));
        Self { uid, json: format!("{id}:{sample}").into() }
    }
}

/// Whose samples a subscriber wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Every camera's.
    All,
    /// Those of the camera with this uid.
    One(Arc<str>),
}

/// `sample`: of all cameras, or of the one at this place.
pub(super) fn sample(step: &Step, only: Option<usize>) -> String {
    let mut out = String::from("{\"type\":\"sample\",");
    body(&mut out, step, |at, _| only.is_none_or(|only| only == at));
    out
}

/// `history`: all of it for a group.
pub(super) fn history(steps: &VecDeque<Arc<Step>>, group: &Group) -> String {
    let mut out = String::from("{\"type\":\"history\",\"samples\":[");
    for (at, step) in steps.iter().enumerate() {
        out.push_str(if at == 0 { "{" } else { ",{" });
        body(&mut out, step, |_, camera| match group {
            Group::All => true,
            Group::One(uid) => camera.uid == *uid,
        });
    }
    out.push_str("]}");
    out
}

/// The members of a sample, and its closing brace.
fn body(out: &mut String, step: &Step, pick: impl Fn(usize, &CameraStep) -> bool) {
    let (at_ms, utc_ms) = (step.at.millis(), step.utc.as_secs_f64() * 1e3);
    write!(out, "\"at_ms\":{at_ms:.3},\"utc_ms\":{utc_ms:.3},\"cameras\":{{").expect("a String takes all");
    let mut first = true;
    for (at, camera) in step.cameras.iter().enumerate() {
        if camera.json.is_empty() || !pick(at, camera) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        out.push_str(&camera.json);
    }
    out.push_str("}}");
}
