//! The devices: each with its primary context, its own loss, how busy its parts are, and what is counted of it alone.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use crate::context::Primary;
use crate::counters::DeviceCounters;
use crate::machine::Machine;
use crate::meter::Meter;
use crate::status::Cu;

/// What each device calls itself.
pub const NAME: &str = "Sightline stand-in (no GPU, for tests alone)";
/// The most that there can be.
pub const MOST: u64 = 8;

/// The parts of a device that work.
#[derive(Debug, Default)]
pub struct Busy {
    /// What runs kernels.
    pub kernels: Meter,
    /// The decoder.
    pub decoder: Meter,
    /// The encoder.
    pub encoder: Meter,
    /// What copies and fills memory.
    pub copies: Meter,
}

/// A device.
#[derive(Debug, Default)]
pub struct Device {
    /// Its number.
    pub ordinal: i32,
    /// How busy its parts are.
    pub busy: Busy,
    /// What is counted of it alone.
    pub counters: DeviceCounters,
    /// Its primary context.
    pub primary: Mutex<Primary>,
    broken: AtomicU32,
    /// How often it was lost and came back: contexts of before stay broken.
    lives: AtomicU32,
}

impl Device {
    pub(crate) fn all(count: u64) -> Vec<Arc<Self>> {
        let ordinals = 0..i32::try_from(count.clamp(1, MOST)).unwrap_or(1);
        ordinals.map(|ordinal| Arc::new(Self { ordinal, ..Self::default() })).collect()
    }

    /// Where it says that it is.
    #[must_use]
    pub fn bus_id(&self) -> String {
        format!("0000:{:02x}:00.0", self.ordinal + 1)
    }

    /// Its number among all devices of the world.
    #[must_use]
    pub fn uuid(&self) -> [u8; 16] {
        let mut uuid = *b"sightlineSTAND-0";
        uuid[15] += u8::try_from(self.ordinal).unwrap_or(0);
        uuid
    }

    /// The device is lost: every later call in its contexts answers with it, as the driver's do.
    pub fn lose(&self, code: Cu) {
        let _ = self.broken.compare_exchange(0, code.0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// It is there again, if it was lost.
    pub fn come_back(&self) {
        if self.broken.swap(0, Ordering::SeqCst) != 0 {
            self.lives.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A number that changes when it comes back.
    pub(crate) fn life(&self) -> u32 {
        self.lives.load(Ordering::SeqCst)
    }

    /// Whether it is there still.
    ///
    /// # Errors
    /// What it was lost with.
    pub fn alive(&self) -> Result<(), Cu> {
        match self.broken.load(Ordering::SeqCst) {
            0 => Ok(()),
            code => Err(Cu(code)),
        }
    }
}

impl Machine {
    /// The device of that number.
    ///
    /// # Errors
    /// The driver is not initialised, or there is no such device.
    pub fn device(&self, ordinal: i32) -> Result<&Arc<Device>, Cu> {
        self.alive()?;
        usize::try_from(ordinal).ok().and_then(|ordinal| self.devices.get(ordinal)).ok_or(Cu::INVALID_DEVICE)
    }

    /// Counts a finished picture, with which its device may be lost.
    pub fn count_picture(&self, device: &Device, encoded: bool) {
        let (all, own) = if encoded {
            (&self.counters.pictures_encoded, &device.counters.pictures_encoded)
        } else {
            (&self.counters.pictures_decoded, &device.counters.pictures_decoded)
        };
        own.add(1);
        all.add(1);
        let all = self.counters.pictures_encoded.get() + self.counters.pictures_decoded.get();
        if self.faults().lost_at.is_some_and(|at| all >= at) {
            device.lose(Cu::ECC_UNCORRECTABLE);
        }
    }
}
