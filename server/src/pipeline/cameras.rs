//! All cameras: settings in, running cameras out. A change to one touches no other.

use super::batcher::Engines;
use super::camera::{CameraHandle, Common};
use super::clock::Clock;
use super::inject::Inject;
use super::pool::Pool;
use crate::device::Devices;
use crate::events::{Reports, Watching};
use crate::settings::CameraSettings;
use crate::settings::server::Keep;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The registry of cameras.
pub struct Cameras {
    common: Common,
    handles: Mutex<Vec<Arc<CameraHandle>>>,
}

impl Cameras {
    /// No cameras yet. The pool has a thread for each core.
    ///
    /// # Errors
    /// The operating system gives no threads.
    pub fn new(clock: Arc<dyn Clock>) -> std::io::Result<Arc<Self>> {
        let engines = Engines::none(clock.clone());
        Self::with(clock, Inject::default(), Devices::none(), engines, Watching::nowhere())
    }

    /// The same, with devices and models, with delays put into stages (see [`super::inject`]), and with a place where events go.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(
        clock: Arc<dyn Clock>,
        inject: Inject,
        devices: Arc<Devices>,
        engines: Arc<Engines>,
        reports: Arc<dyn Reports>,
    ) -> std::io::Result<Arc<Self>> {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (pool, inject) = (Arc::new(Pool::start(threads, clock.clone())?), Arc::new(inject));
        let common = Common { clock, pool, keeper: Arc::default(), inject, devices, engines, reports };
        Ok(Arc::new(Self { common, handles: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<CameraHandle>>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock that cameras go by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.common.clock.clone()
    }

    /// Makes what runs equal to `settings`: starts, stops, changes. Must be called on the runtime.
    pub fn apply(&self, settings: Vec<CameraSettings>) {
        let mut handles = self.lock();
        let mut old = std::mem::take(&mut *handles);
        for new in settings {
            let known = old.iter().position(|handle| handle.settings().uid == new.uid);
            handles.push(match known {
                Some(index) => {
                    let handle = old.swap_remove(index);
                    handle.change(new);
                    handle
                }
                None => CameraHandle::start(new, self.common.clone()),
            });
        }
        old.iter().for_each(|handle| handle.stop());
    }

    /// How much is kept of each rendition from now on.
    pub fn keep(&self, keep: Keep) {
        self.common.keeper.set(keep);
    }

    /// What there is beside the processor.
    pub fn devices(&self) -> &Arc<Devices> {
        &self.common.devices
    }

    /// The models that look.
    pub fn engines(&self) -> &Arc<Engines> {
        &self.common.engines
    }

    /// Every camera, in the order of the settings.
    pub fn list(&self) -> Vec<Arc<CameraHandle>> {
        self.lock().clone()
    }

    /// The camera with this id.
    pub fn get(&self, id: &str) -> Option<Arc<CameraHandle>> {
        self.lock().iter().find(|handle| handle.settings().id == id).cloned()
    }

    /// Stops every camera; viewers' connections end.
    pub fn shutdown(&self) {
        self.lock().drain(..).for_each(|handle| handle.stop());
    }

    /// After [`Self::shutdown`]: whether nothing decodes or looks any more, each within `patience`. Waits.
    pub fn finish(&self, patience: Duration) -> bool {
        let pool = self.common.pool.finish(patience);
        self.common.engines.finish(patience) && pool
    }
}
