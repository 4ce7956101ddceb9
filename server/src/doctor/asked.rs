//! What the settings ask for by name: whether this machine has it.

use super::{Missing, Trial};
use crate::device::{Devices, Seat};
use crate::encode;
use crate::settings::CameraDraft;
use crate::settings::file::FileSettings;
use sightline_shared::device::DecoderChoice;
use sightline_shared::encoder::Backend;
use std::sync::Arc;

pub(super) fn missing(settings: &FileSettings, devices: &Arc<Devices>, trials: &[Trial]) -> Vec<Missing> {
    settings
        .cameras
        .iter()
        .filter(|camera| camera.enabled)
        .flat_map(|camera| of_camera(camera, devices, trials))
        .collect()
}

fn of_camera(camera: &CameraDraft, devices: &Arc<Devices>, trials: &[Trial]) -> Vec<Missing> {
    let seat = Seat::new(devices, camera.hardware, "doctor");
    let card = seat.card().map(|card| card.ordinal());
    let mut missing = Vec::new();
    let mut lacks = |asked: &str, reason: String| {
        missing.push(Missing { camera: camera.id.clone(), asked: asked.to_owned(), reason });
    };
    if let (Some(number), Err(reason)) = (camera.hardware.device, &card) {
        lacks(&format!("device = {number}"), format!("{reason} Without `device` any that is there is taken."));
    }
    if camera.hardware.decoder == DecoderChoice::Nvdec
        && let Some(reason) = card.clone().map_or_else(Some, |number| failed(trials, "decode", number))
    {
        lacks("decoder = \"nvdec\"", format!("{reason} With `auto` it is decoded in software where it has to be."));
    }
    if camera.encoder.backend == Some(Backend::Nvenc) {
        let had = encode::have(&camera.encoder, &seat).map_err(|refusal| refusal.message);
        if let Some(reason) = had.err().or_else(|| card.ok().and_then(|number| failed(trials, "encode", number))) {
            lacks("encoder.backend = \"nvenc\"", reason);
        }
    }
    missing
}

/// What was wrong when the device tried.
fn failed(trials: &[Trial], stage: &str, device: u32) -> Option<String> {
    let mut of_it = trials.iter().filter(|trial| trial.stage == stage && trial.device == Some(device));
    of_it.find_map(|trial| trial.wrong.clone())
}
