//! One device: its context, what was found of it, who uses it, and whether it is still there.

use super::sentence;
use sightline_nv::{Codec, Context, DeviceReport, Driver, Encoder, EncoderCaps, Error, Kernels, Room, Stream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// A device that can be used.
pub struct Card {
    context: Context,
    report: DeviceReport,
    name: String,
    /// The kernels, loaded once; every worker has its own stream for them.
    kernels: Option<Mutex<Kernels>>,
    seats: AtomicUsize,
    lost: Mutex<Option<String>>,
    /// Held shared while an encoder is opened, alone while it is tried how many more there could be.
    opening: RwLock<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Card {
    /// The device that was found.
    ///
    /// # Errors
    /// It takes no context.
    pub(super) fn new(driver: &Driver, report: &DeviceReport) -> Result<Self, Error> {
        let name = report.name.clone()?;
        let context = Context::new(driver, report.ordinal)?;
        let kernels = match report.kernels {
            Ok(()) => Some(Mutex::new(Kernels::new(&context)?)),
            Err(_) => None,
        };
        let (seats, lost, opening) = (AtomicUsize::new(0), Mutex::default(), RwLock::default());
        Ok(Self { context, report: report.clone(), name, kernels, seats, lost, opening })
    }

    /// Its number.
    #[must_use]
    pub fn ordinal(&self) -> u32 {
        self.report.ordinal
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its context.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// What was found of it at the start.
    #[must_use]
    pub fn report(&self) -> &DeviceReport {
        &self.report
    }

    /// The kernels with a stream of their own, for one worker.
    ///
    /// # Errors
    /// They could not be loaded, or the driver fails.
    pub fn kernels(&self) -> Result<Kernels, Error> {
        match &self.kernels {
            Some(kernels) => lock(kernels).another().inspect_err(|error| self.note(error)),
            None => Err(self.report.kernels.clone().err().unwrap_or(Error::Invalid("no kernels were loaded".into()))),
        }
    }

    /// What its encoder can do for a codec.
    ///
    /// # Errors
    /// Why it does not encode it, in a sentence.
    pub fn encodes(&self, codec: Codec) -> Result<EncoderCaps, String> {
        let all = self.report.encoder.as_ref().map_err(sentence)?;
        match all.iter().find(|ability| ability.codec == codec) {
            Some(ability) => ability.caps.clone().map_err(|error| sentence(&error)),
            None => Err(format!("This device does not encode {codec}.")),
        }
    }

    /// To be held while an encoder is opened: without it one could be refused for the sessions that [`Self::room`] holds for a moment.
    pub fn opening(&self) -> RwLockReadGuard<'_, ()> {
        self.opening.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many encode sessions the device takes beside those that are held: opened until it refuses or there are `at_most`, and
    /// closed again. Encoders of this program that want to open meanwhile wait; other programs may be refused.
    ///
    /// # Errors
    /// Why it cannot be tried, in a sentence.
    pub fn room(&self, at_most: usize) -> Result<Room, String> {
        if let Some(error) = self.report.encoder.as_ref().err().filter(|error| !error.is_session_limit()) {
            return Err(sentence(error));
        }
        if let Some(lost) = self.lost() {
            return Err(lost);
        }
        let _alone = self.opening.write().unwrap_or_else(PoisonError::into_inner);
        let room = Encoder::room(&self.context, at_most);
        room.inspect_err(|error| self.note(error)).map_err(|error| sentence(&error))
    }

    /// Looks at an error of this device: after some of them nothing on it works any more. Others sound like that, and are of one decoder
    /// or encoder alone: so the device is asked for something small.
    pub fn note(&self, error: &Error) {
        if error.is_device_lost() && Stream::new(&self.context).is_err() {
            let mut lost = lock(&self.lost);
            if lost.is_none() {
                let words =
                    format!("Device {} was lost ({error}). Start Sightline again to use it again.", self.ordinal());
                tracing::error!("{words}");
                *lost = Some(words);
            }
        }
    }

    /// That it was lost while running, in a sentence.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        lock(&self.lost).clone()
    }

    /// Cameras that use it.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.seats.load(Ordering::Relaxed)
    }

    pub(super) fn seat(&self) {
        self.seats.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.seats.fetch_sub(1, Ordering::Relaxed);
    }
}
