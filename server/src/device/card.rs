//! One device: its context, what was found of it, who uses it, and whether it is still there.

use super::loss::Loss;
use super::sentence;
use crate::pipeline::clock::Mono;
use sightline_nv::{Codec, Context, DeviceReport, Driver, Encoder, EncoderCaps, Error, Kernels, Room, Stream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// A device that can be used.
pub struct Card {
    driver: Driver,
    report: DeviceReport,
    name: String,
    bus_id: Option<String>,
    /// Absent while it is lost and was let go of.
    held: Mutex<Option<Held>>,
    seats: AtomicUsize,
    loss: Mutex<Option<Loss>>,
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
        let held = Held::new(driver, report)?;
        Ok(Self {
            driver: driver.clone(),
            report: report.clone(),
            name,
            bus_id: held.context.pci_bus_id().ok(),
            held: Mutex::new(Some(held)),
            seats: AtomicUsize::new(0),
            loss: Mutex::default(),
            opening: RwLock::default(),
        })
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

    /// Where it sits, e.g. `0000:65:00.0`.
    #[must_use]
    pub fn bus_id(&self) -> Option<&str> {
        self.bus_id.as_deref()
    }

    /// Its context.
    ///
    /// # Errors
    /// The device is lost.
    pub fn context(&self) -> Result<Context, Error> {
        lock(&self.held).as_ref().map(|held| held.context.clone()).ok_or_else(|| self.gone())
    }

    fn gone(&self) -> Error {
        Error::Invalid(self.lost().unwrap_or_else(|| format!("Device {} is being taken again.", self.ordinal())))
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
        self.report.kernels.clone()?;
        let another = lock(&self.held).as_ref().and_then(|held| held.kernels.as_ref()).map(Kernels::another);
        another.unwrap_or_else(|| Err(self.gone())).inspect_err(|error| self.note(error))
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
        let room = self.context().and_then(|context| Encoder::room(&context, at_most));
        room.inspect_err(|error| self.note(error)).map_err(|error| sentence(&error))
    }

    /// Looks at an error of this device: after some of them nothing on it works any more. Others sound like that, and are of one decoder
    /// or encoder alone: so the device is asked for something small.
    pub fn note(&self, error: &Error) {
        if error.is_device_lost() && self.context().is_ok_and(|context| Stream::new(&context).is_err()) {
            let mut loss = lock(&self.loss);
            if loss.is_none() {
                let new = Loss::new(self.ordinal(), error);
                tracing::error!("{}", new.words());
                *loss = Some(new);
            }
        }
    }

    /// That it was lost while running, in a sentence.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        lock(&self.loss).as_ref().map(Loss::words)
    }

    /// Takes it again if it was lost and the time for a try has come. What was made on it has to be let go of before: the driver ends a
    /// context, and whatever broke it, with its last holder.
    pub fn heal(&self, now: Mono) {
        if !lock(&self.loss).as_mut().is_some_and(|loss| loss.is_due(now)) {
            return;
        }
        match self.take_again() {
            Ok(()) => {
                *lock(&self.loss) = None;
                tracing::info!("device {} is there again", self.ordinal());
            }
            Err(why) => {
                if let Some(loss) = &mut *lock(&self.loss) {
                    loss.failed(now, why);
                    tracing::warn!("{}", loss.words());
                }
            }
        }
    }

    fn take_again(&self) -> Result<(), String> {
        if let Some(held) = lock(&self.held).take()
            && let Some(loss) = &mut *lock(&self.loss)
        {
            loss.let_go(held.context.remember());
        }
        if !lock(&self.loss).as_ref().is_none_or(Loss::is_let_go) {
            return Err("Parts of Sightline still hold what they made on it.".into());
        }
        let held = Held::new(&self.driver, &self.report).map_err(|error| sentence(&error))?;
        Stream::new(&held.context).map_err(|error| sentence(&error))?;
        *lock(&self.held) = Some(held);
        Ok(())
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

/// What is held of a device for all who use it.
struct Held {
    context: Context,
    /// Loaded once; every worker has its own stream for them.
    kernels: Option<Kernels>,
}

impl Held {
    fn new(driver: &Driver, report: &DeviceReport) -> Result<Self, Error> {
        let context = Context::new(driver, report.ordinal)?;
        let kernels = report.kernels.is_ok().then(|| Kernels::new(&context)).transpose()?;
        Ok(Self { context, kernels })
    }
}
