//! NVIDIA's devices: what was found at the start and why not, which camera uses which, and how that is said to people.
//!
//! This is no stage: bodies of stages ask here for a device and for tools to work on it. Nothing in here runs where no driver is.

mod card;
mod fetch;
mod loss;
mod seat;
mod tools;
mod watch;
mod words;

pub use card::Card;
pub use fetch::{DevicePicture, Fetcher, Home, Sight, bytes_of};
pub use seat::{Bus, Seat, Taken, Wish};
pub use sightline_nv::{DeviceReport, Error, Report, Switches};
pub use tools::Tools;
pub use watch::Watch;
pub use words::sentence;

use sightline_shared::system::Driver;
use std::sync::Arc;

/// The devices of this machine.
pub struct Devices {
    report: Option<Report>,
    cards: Vec<Arc<Card>>,
}

impl Devices {
    /// None, and none are looked for: everything is done in software.
    #[must_use]
    pub fn none() -> Arc<Self> {
        Arc::new(Self { report: None, cards: Vec::new() })
    }

    /// Looks for what there is; takes some hundred milliseconds where there is a device.
    #[must_use]
    pub fn find(switches: &Switches) -> Arc<Self> {
        let report = sightline_nv::probe(switches);
        let cards = match sightline_nv::Driver::load() {
            Ok(driver) if report.driver.is_ok() => {
                report.devices.iter().filter_map(|found| Card::new(&driver, found).ok()).map(Arc::new).collect()
            }
            _ => Vec::new(),
        };
        Arc::new(Self { report: Some(report), cards })
    }

    /// What was found, and why not; `None` where nothing was looked for.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// What the driver says of itself; all unknown where there is none.
    #[must_use]
    pub fn driver(&self) -> Driver {
        let Some(report) = &self.report else { return Driver::default() };
        Driver {
            release: report.release.clone().ok(),
            cuda: report.driver.as_ref().ok().map(|(major, minor)| format!("{major}.{minor}")),
            encoder_interface: report.encoder_interface.as_ref().ok().map(|(major, minor)| format!("{major}.{minor}")),
        }
    }

    /// Those that can be used.
    #[must_use]
    pub fn cards(&self) -> &[Arc<Card>] {
        &self.cards
    }

    /// The device for one more camera: the pinned one, else the one that fewest cameras use.
    ///
    /// # Errors
    /// Why there is none, in a sentence.
    fn take(&self, pinned: Option<u32>) -> Result<Taken, String> {
        if self.cards.is_empty() {
            return Err(self.why_none());
        }
        if let Some(number) = pinned {
            let found = self.cards.iter().find(|card| card.ordinal() == number);
            let card = found.ok_or_else(|| self.why_not(number))?;
            return card.lost().map_or_else(|| Ok(Taken::new(card)), Err);
        }
        let there = self.cards.iter().filter(|card| card.lost().is_none());
        match there.min_by_key(|card| card.seats()) {
            Some(card) => Ok(Taken::new(card)),
            None => Err(self.cards.iter().find_map(|card| card.lost()).unwrap_or_default()),
        }
    }

    /// Why a device that the settings ask for cannot be had.
    fn why_not(&self, number: u32) -> String {
        let known: Vec<_> = self.cards.iter().map(|card| card.ordinal().to_string()).collect();
        let asked = format!("The settings ask for device {number}; this machine has {}.", known.join(", "));
        let unusable = self.unusable().into_iter().find(|(found, _)| *found == number);
        unusable.map_or(asked.clone(), |(_, why)| format!("{asked} {why}"))
    }

    /// Devices that the driver counts beside those and that cannot be used: their numbers, and why, in a sentence.
    #[must_use]
    pub fn unusable(&self) -> Vec<(u32, String)> {
        let is_used = |number| self.cards.iter().any(|card| card.ordinal() == number);
        let told = |found: &DeviceReport| {
            let why = found.name.as_ref().err().map_or_else(|| "its kernels do not load".into(), ToString::to_string);
            (found.ordinal, format!("Device {} cannot be used: {}.", found.ordinal, why.trim_end_matches('.')))
        };
        let found = self.report.iter().flat_map(|report| &report.devices);
        found.filter(|found| !is_used(found.ordinal)).map(told).collect()
    }

    /// Why there is no device to use.
    #[must_use]
    pub fn why_none(&self) -> String {
        let Some(report) = &self.report else { return "No device is used here.".into() };
        let error = match &report.driver {
            Err(error) => Some(error),
            Ok(_) => report.devices.iter().find_map(|device| device.name.as_ref().err()),
        };
        error.map_or_else(|| "The driver finds no device that can be used.".into(), sentence)
    }
}
