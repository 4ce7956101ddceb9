//! `sightline doctor`: what each stage will use on this machine, why not the device where it does not, and a few frames through every
//! body that is there, with the time that they took.

mod asked;
pub mod command;
mod found;
mod street;
mod text;
mod trials;

pub(crate) use street::painted;

use crate::device::{Devices, Seat, Wish};
use crate::pipeline::clock::Clock;
use crate::settings::file::FileSettings;
use serde::Serialize;
use sightline_shared::device::DecoderChoice;
use std::sync::Arc;
use trials::Trials;

/// Everything that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Checkup {
    /// Of this program.
    pub version: &'static str,
    /// NVIDIA's driver.
    pub driver: Driver,
    /// Its devices.
    pub devices: Vec<Device>,
    /// What each stage will use by itself.
    pub stages: Vec<Stage>,
    /// Frames that were really decoded, resized, encoded.
    pub trials: Vec<Trial>,
    /// What the settings ask for by name and cannot have here.
    pub missing: Vec<Missing>,
}

/// NVIDIA's driver.
#[derive(Clone, Debug, Serialize)]
pub struct Driver {
    /// Whether there is one with a device.
    pub found: bool,
    /// What it says of itself.
    #[serde(flatten)]
    pub versions: sightline_shared::system::Driver,
    /// Why there is none, in a sentence.
    pub reason: Option<String>,
}

/// One device.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// Its number.
    pub device: u32,
    /// Its name.
    pub name: Option<String>,
    /// What it can do, a line each.
    pub can: Vec<String>,
    /// What it cannot, and why.
    pub cannot: Vec<String>,
}

/// What a stage uses.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    /// Its name.
    pub stage: &'static str,
    /// What it will use where the settings leave it the choice.
    pub uses: String,
    /// Why that is not a device; absent where it is, or where the stage has no other body.
    pub reason: Option<String>,
}

/// A few frames through one body of one stage.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// The stage.
    pub stage: &'static str,
    /// Its body, as `software (libx264 superfast)`.
    pub body: String,
    /// Number of the device; absent in software.
    pub device: Option<u32>,
    /// Frames that came out right.
    pub frames: u64,
    /// Milliseconds until it was ready for the first one.
    pub ready_ms: f64,
    /// Milliseconds a frame.
    pub frame_ms: f64,
    /// What is wrong, in a sentence.
    pub wrong: Option<String>,
}

/// Something that was asked for and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The camera whose settings ask for it.
    pub camera: String,
    /// What they say, as `decoder = "nvdec"`.
    pub asked: String,
    /// Why not, and what to do.
    pub reason: String,
}

/// Looks at everything; takes a second or two.
#[must_use]
pub fn checkup(devices: &Arc<Devices>, settings: Option<&FileSettings>, clock: &Arc<dyn Clock>) -> Checkup {
    let seat = Seat::new(devices, Wish::default(), "doctor");
    let mut trials = Trials::in_software(clock);
    for card in devices.cards() {
        let wish = Wish { device: Some(card.ordinal()), decoder: DecoderChoice::Nvdec };
        trials.on_device(&Seat::new(devices, wish, "doctor"), card);
    }
    let trials = trials.done();
    Checkup {
        version: env!("CARGO_PKG_VERSION"),
        driver: found::driver(devices),
        devices: found::devices(devices),
        stages: found::stages(devices, &seat),
        missing: settings.map(|settings| asked::missing(settings, devices, &trials)).unwrap_or_default(),
        trials,
    }
}
