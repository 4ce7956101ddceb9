//! Reads the counters of every camera and keeps where each was read to.

use super::message::CameraStep;
use crate::live::Feed;
use crate::pipeline::camera::CameraHandle;
use crate::pipeline::counters::StepMark;
use sightline_shared::camera::Rendition;
use sightline_shared::telemetry::{CameraSample, RenditionSample};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Where the counters of every camera were read to, by uid.
#[derive(Default)]
pub(super) struct Sampler {
    marks: HashMap<Arc<str>, HashMap<&'static str, StepMark>>,
}

impl Sampler {
    /// What every camera did since the last call.
    pub(super) fn sample(&mut self, handles: &[Arc<CameraHandle>]) -> Vec<CameraStep> {
        let mut known = std::mem::take(&mut self.marks);
        let mut steps = Vec::with_capacity(handles.len());
        for handle in handles {
            let (uid, id) = handle.names();
            // What is not put back belongs to cameras that are gone.
            let (uid, mut marks) = known.remove_entry(&*uid).unwrap_or_else(|| (uid.into(), HashMap::new()));
            let sample = CameraSample { stages: stages(handle, &mut marks), renditions: renditions(handle) };
            steps.push(CameraStep::new(uid.clone(), &id, &sample));
            self.marks.insert(uid, marks);
        }
        steps
    }
}

fn stages(
    handle: &CameraHandle,
    marks: &mut HashMap<&'static str, StepMark>,
) -> BTreeMap<String, sightline_shared::telemetry::StageSample> {
    let step = |(name, counters): (&'static str, Arc<crate::pipeline::counters::StageCounters>)| {
        Some((name.to_owned(), counters.step(marks.entry(name).or_default())?))
    };
    handle.stages().into_iter().filter_map(step).collect()
}

fn renditions(handle: &CameraHandle) -> BTreeMap<String, RenditionSample> {
    let mut told = BTreeMap::new();
    for rendition in handle.renditions() {
        let Some(step) = handle.hub(rendition).map(|hub| hub.take_step()).filter(|step| step.frames > 0) else {
            continue;
        };
        let sample = RenditionSample {
            asked_bitrate: asked(handle, rendition),
            bytes: step.bytes,
            frames: step.frames,
            key_frames: step.key_frames,
            max_bytes: step.largest,
        };
        told.insert(rendition.name().to_owned(), sample);
    }
    told
}

/// What its encoder was asked for; `source` has none.
fn asked(handle: &CameraHandle, rendition: Rendition) -> Option<u64> {
    if rendition == Rendition::Source {
        return None;
    }
    let info = handle.describe().renditions.into_iter().find(|info| info.rendition == rendition)?;
    info.encoder?.bitrate
}
