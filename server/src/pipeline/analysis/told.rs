//! What is told of a camera's analysis: what looks, how often, and why it is not otherwise.

use super::AnalysisCounters;
use crate::pipeline::batcher::{Condition, Model, Told as ModelTold};
use crate::pipeline::clock::Mono;
use sightline_shared::camera::{AnalysisInfo, DetectSettings};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The window of what is measured.
const WINDOW: Duration = Duration::from_secs(4);

/// What is known beside the counters.
#[derive(Default)]
pub(super) struct Told {
    /// False with the model `none`.
    pub(super) on: bool,
    /// What looks at movement, if the settings ask for that.
    pub(super) motion: Option<String>,
    /// The models in use, the first one first.
    pub(super) models: Vec<Model>,
    /// Why the newest look failed.
    pub(super) failed: Option<String>,
    pub(super) decoder: Option<Result<String, String>>,
    pub(super) asked_fps: Option<f64>,
}

impl Told {
    pub(super) fn set(&mut self, settings: &DetectSettings, motion: Option<String>, models: Vec<Model>) {
        (self.motion, self.models, self.failed) = (motion, models, None);
        self.asked_fps = (settings.fps > 0.0 && !settings.key_frames_only).then_some(settings.fps);
    }

    pub(super) fn info(&self, counters: &AnalysisCounters, now: Mono) -> AnalysisInfo {
        let state = match (self.on, &self.decoder) {
            (false, _) => "off",
            (true, Some(Err(_))) => "failed",
            (true, Some(Ok(_))) => "on",
            (true, None) => "waiting",
        };
        let told: Vec<ModelTold> = self.models.iter().map(|model| model.told(now)).collect();
        let first = (self.motion.is_none() && self.on).then(|| told.first()).flatten();
        let looks = || counters.detect.left_within(now, WINDOW) as f64 / WINDOW.as_secs_f64();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        AnalysisInfo {
            state: state.into(),
            reason: self.reason(&told),
            fps: (state == "on").then(looks),
            decoder: self.decoder.clone().and_then(Result::ok),
            detector: self.on.then(|| self.detector(&told)).filter(|words| !words.is_empty()),
            asked_fps: self.asked_fps.filter(|_| self.on),
            batch: first.and_then(|told| told.recent.batch),
            waiting_ms: first.and_then(|told| told.recent.waiting).map(ms),
            model_ms: first.and_then(|told| told.recent.model).map(ms),
            skipped: counters.detect.dropped_so_far(),
            late: counters.late.load(Ordering::Relaxed),
        }
    }

    /// What looks, and behind it what looks at what was found.
    fn detector(&self, told: &[ModelTold]) -> String {
        let mut parts: Vec<String> = self.motion.clone().into_iter().collect();
        for (index, told) in told.iter().enumerate() {
            match &told.condition {
                // A model that was named by its path is told by its name: where it lies is nobody's business.
                Condition::Ready { spec, runs_on, .. } => parts.push(format!("{} on {runs_on}", spec.name)),
                Condition::Failed(_) if index == 0 && self.motion.is_none() => parts.push("motion".into()),
                Condition::Failed(_) | Condition::Loading { .. } => {}
            }
        }
        parts.join(" + ")
    }

    /// Why it is not as the settings ask, in sentences.
    fn reason(&self, told: &[ModelTold]) -> Option<String> {
        if let Some(Err(reason)) = self.decoder.as_ref().filter(|_| self.on) {
            return Some(reason.clone());
        }
        let mut said: Vec<String> = Vec::new();
        for (index, (model, told)) in self.models.iter().zip(told).enumerate() {
            let is_first = index == 0 && self.motion.is_none();
            let words = match &told.condition {
                Condition::Ready { note, .. } => note.as_deref().map(sentence),
                Condition::Failed(reason) if is_first => Some(format!("{} Motion goes on instead.", sentence(reason))),
                Condition::Failed(reason) => Some(format!("{} Nothing is looked for by it.", sentence(reason))),
                Condition::Loading { again: Some(reason) } => Some(format!("{} It is loaded again.", sentence(reason))),
                Condition::Loading { again: None } => Some(format!("The model {} is being loaded.", model.name())),
            };
            said.extend(words);
            if told.totals.no_numbers > 0 {
                let count = told.totals.no_numbers;
                said.push(format!("{} gave {count} boxes that are no numbers; they are left out.", model.name()));
            }
        }
        said.extend(self.failed.iter().map(|e| format!("Some frames could not be looked at: {}", sentence(e))));
        (!said.is_empty()).then(|| said.join(" "))
    }
}

/// With a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.trim_end_matches('.').chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
