//! What the probe of the devices found, and what the stages make of it, in words.

use super::{Device, Driver, Stage};
use crate::device::{Card, Devices, Seat, sentence};
use crate::encode;
use sightline_nv::{Codec, DecodeAbility, DeviceReport, EncodeAbility, Error};
use sightline_shared::encoder::Backend;

pub(super) fn driver(devices: &Devices) -> Driver {
    let reason = devices.cards().is_empty().then(|| devices.why_none());
    Driver { found: reason.is_none(), versions: devices.driver(), reason }
}

pub(super) fn devices(devices: &Devices) -> Vec<Device> {
    devices.report().map(|report| report.devices.iter().map(device).collect()).unwrap_or_default()
}

fn device(found: &DeviceReport) -> Device {
    let (mut can, mut cannot) = (Vec::new(), Vec::new());
    if let Err(error) = &found.name {
        cannot.push(sentence(error));
        return Device { device: found.ordinal, name: None, can, cannot };
    }
    match &found.decoder {
        Ok(all) => all.iter().for_each(|one| decodes(one, &mut can, &mut cannot)),
        Err(error) => cannot.push(format!("decode: {}", sentence(error))),
    }
    match &found.kernels {
        Ok(()) => can.push("resize, look and draw: our kernels are loaded".into()),
        Err(error) => cannot.push(format!("resize, look and draw: {}", sentence(error))),
    }
    match &found.encoder {
        Ok(all) => all.iter().for_each(|one| encodes(one, &mut can, &mut cannot)),
        Err(error) => cannot.push(format!("encode: {}", sentence(error))),
    }
    let mib = |bytes: usize| bytes >> 20;
    let ((major, minor), (free, all)) = (found.capability, found.memory);
    can.push(format!("compute capability {major}.{minor}, {} of {} MiB of memory free", mib(free), mib(all)));
    Device { device: found.ordinal, name: found.name.clone().ok(), can, cannot }
}

fn decodes(one: &DecodeAbility, can: &mut Vec<String>, cannot: &mut Vec<String>) {
    let what = format!("decode {} of {} bit", one.codec, one.depth);
    match &one.most {
        Ok(((width, height), engines)) => {
            let engines = if *engines == 1 { "1 engine".into() } else { format!("{engines} engines") };
            can.push(format!("{what} up to {width}x{height} on {engines}"));
        }
        Err(error) => cannot.push(format!("{what}: {}", sentence(error))),
    }
}

fn encodes(one: &EncodeAbility, can: &mut Vec<String>, cannot: &mut Vec<String>) {
    match &one.caps {
        Ok(caps) => can.push(format!("encode {} up to {}x{}", one.codec, caps.most.0, caps.most.1)),
        Err(error) => cannot.push(format!("encode {}: {}", one.codec, sentence(error))),
    }
}

/// What each stage uses where nothing but `auto` is asked for.
pub(super) fn stages(devices: &Devices, seat: &Seat) -> Vec<Stage> {
    let card = seat.card();
    let on_card = |words: &str, found: &dyn Fn(&Card) -> Result<(), String>, instead: &str| match &card {
        Err(reason) => (instead.to_owned(), Some(reason.clone())),
        Ok(card) => match found(card) {
            Ok(()) => (format!("{words} on device {}, {}; else {instead}", card.ordinal(), card.name()), None),
            Err(reason) => (instead.to_owned(), Some(reason)),
        },
    };
    let kernels = |card: &Card| card.report().kernels.as_ref().map(drop).map_err(sentence);
    let x264 = encode::caps(devices).into_iter().find(|caps| caps.backend == Backend::X264);
    let in_software = match x264.and_then(|caps| caps.reason) {
        None => "libx264".to_owned(),
        Some(reason) => format!("nothing ({reason})"),
    };
    let decode = on_card("NVDEC", &decoder, "libavcodec");
    let process = on_card("kernels", &kernels, "the processor");
    let draw = on_card("kernels", &kernels, "the processor");
    let encode = on_card("NVENC", &|card| card.encodes(Codec::H264).map(drop), &in_software);
    let detect = ("motion, on the processor".to_owned(), None);
    [("decode", decode), ("process", process), ("detect", detect), ("draw", draw), ("encode", encode)]
        .map(|(stage, (uses, reason))| Stage { stage, uses, reason })
        .into()
}

fn decoder(card: &Card) -> Result<(), String> {
    let all = card.report().decoder.as_ref().map_err(sentence)?;
    let first: Option<&Error> = all.iter().find_map(|one| one.most.as_ref().err());
    match (all.iter().any(|one| one.most.is_ok()), first) {
        (true, _) | (false, None) => Ok(()),
        (false, Some(error)) => Err(sentence(error)),
    }
}
