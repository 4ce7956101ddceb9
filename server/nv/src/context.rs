//! The driver, and contexts on its devices.

use crate::Error;
use crate::checked::Cuda;
use crate::raw::cuda::{self, Ctx};
use std::ffi::{CStr, c_char};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// The CUDA driver, loaded.
#[derive(Clone)]
pub struct Driver {
    pub(crate) cuda: Arc<Cuda>,
}

impl Driver {
    /// Loads the driver.
    ///
    /// # Errors
    /// Where there is none, or it is too old, or it finds no device.
    pub fn load() -> Result<Self, Error> {
        Ok(Self { cuda: Arc::new(Cuda::load()?) })
    }

    /// The CUDA version that the driver goes with, as major and minor.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn version(&self) -> Result<(i32, i32), Error> {
        let mut version = 0;
        // SAFETY: writes one integer.
        unsafe { self.cuda.cuDriverGetVersion(&raw mut version) }?;
        Ok((version / 1000, version % 1000 / 10))
    }

    /// How many devices there are.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn devices(&self) -> Result<u32, Error> {
        let mut count = 0;
        // SAFETY: writes one integer.
        unsafe { self.cuda.cuDeviceGetCount(&raw mut count) }?;
        Ok(count.max(0).unsigned_abs())
    }
}

/// Bytes that went over the bus, by what they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Samples of pictures, from the device to the host.
    pub pictures_to_host: u64,
    /// Samples of pictures, from the host to the device.
    pub pictures_to_device: u64,
    /// Lists for kernels and letters: small, and not pictures.
    pub lists_to_device: u64,
    /// What a model gave, or other plain memory.
    pub others_to_host: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) pictures_to_host: AtomicU64,
    pub(crate) pictures_to_device: AtomicU64,
    pub(crate) lists_to_device: AtomicU64,
    pub(crate) others_to_host: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, bytes: usize) {
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Remembers a context without holding it.
pub struct Remembered(Weak<Inner>);

impl Remembered {
    /// Whether nobody holds it any more: the driver has then ended it, and the next one on its device is a new one.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// The primary context of a device: the one that other users of CUDA in this process share, so that pointers are valid for all of them.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    cuda: Arc<Cuda>,
    device: i32,
    ordinal: u32,
    handle: Ctx,
    counters: Counters,
}

// SAFETY: a context may be made current on any thread; nothing in here is changed after it was made, but for counters.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: retained once when this was made. A failure means that the driver is shutting down.
        let _ = unsafe { self.cuda.cuDevicePrimaryCtxRelease_v2(self.device) };
    }
}

impl Context {
    /// The context of device `ordinal`.
    ///
    /// # Errors
    /// Where there is no such device, or it takes no context.
    pub fn new(driver: &Driver, ordinal: u32) -> Result<Self, Error> {
        let count = driver.devices()?;
        if ordinal >= count {
            let words = format!("device {ordinal} was asked for, and the driver finds {count}");
            return Err(Error::NoDevice(words));
        }
        let cuda = Arc::clone(&driver.cuda);
        let (mut device, mut handle) = (0, std::ptr::null_mut());
        // SAFETY: the ordinal is one of the driver's; both calls write one handle. Flags may be refused where somebody else holds the context
        // already: then theirs stay, which costs a busy thread while it waits and nothing else.
        unsafe {
            cuda.cuDeviceGet(&raw mut device, ordinal.cast_signed())?;
            let _ = cuda.cuDevicePrimaryCtxSetFlags_v2(device, cuda::CTX_SCHED_BLOCKING_SYNC);
            cuda.cuDevicePrimaryCtxRetain(&raw mut handle, device)?;
        }
        Ok(Self { inner: Arc::new(Inner { cuda, device, ordinal, handle, counters: Counters::default() }) })
    }

    /// The device's number, from 0.
    #[must_use]
    pub fn ordinal(&self) -> u32 {
        self.inner.ordinal
    }

    /// The device's name.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn name(&self) -> Result<String, Error> {
        let mut name = [0; 256];
        // SAFETY: writes at most 256 characters and ends them with a zero.
        unsafe { self.cuda().cuDeviceGetName(name.as_mut_ptr(), 255, self.inner.device) }?;
        name[255] = 0;
        let start: *const c_char = name.as_ptr();
        // SAFETY: there is a zero at the end at the latest.
        Ok(unsafe { CStr::from_ptr(start) }.to_string_lossy().into_owned())
    }

    /// Where the device sits, as `0000:65:00.0`: the name by which other libraries know it.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn pci_bus_id(&self) -> Result<String, Error> {
        let mut id = [0; 32];
        // SAFETY: writes at most 32 characters and ends them with a zero.
        unsafe { self.cuda().cuDeviceGetPCIBusId(id.as_mut_ptr(), 31, self.inner.device) }?;
        id[31] = 0;
        let start: *const c_char = id.as_ptr();
        // SAFETY: there is a zero at the end at the latest.
        Ok(unsafe { CStr::from_ptr(start) }.to_string_lossy().into_owned())
    }

    /// Compute capability, as major and minor.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn capability(&self) -> Result<(i32, i32), Error> {
        let one = |attribute| {
            let mut value = 0;
            // SAFETY: writes one integer.
            unsafe { self.cuda().cuDeviceGetAttribute(&raw mut value, attribute, self.inner.device) }.map(|()| value)
        };
        Ok((one(cuda::ATTRIBUTE_COMPUTE_MAJOR)?, one(cuda::ATTRIBUTE_COMPUTE_MINOR)?))
    }

    /// The device's memory in bytes: free, and all of it.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn memory(&self) -> Result<(usize, usize), Error> {
        let _current = self.enter()?;
        let (mut free, mut total) = (0, 0);
        // SAFETY: the context is current, and two integers are written.
        unsafe { self.cuda().cuMemGetInfo_v2(&raw mut free, &raw mut total) }?;
        Ok((free, total))
    }

    /// Bytes that went over the bus by this crate's hands, since the context was made.
    #[must_use]
    pub fn copied(&self) -> Copied {
        let counters = &self.inner.counters;
        Copied {
            pictures_to_host: counters.pictures_to_host.load(Ordering::Relaxed),
            pictures_to_device: counters.pictures_to_device.load(Ordering::Relaxed),
            lists_to_device: counters.lists_to_device.load(Ordering::Relaxed),
            others_to_host: counters.others_to_host.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    pub(crate) fn cuda(&self) -> &Arc<Cuda> {
        &self.inner.cuda
    }

    pub(crate) fn handle(&self) -> Ctx {
        self.inner.handle
    }

    /// Whether both are the context of one device: pointers of one are good on the other.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.inner.handle == other.inner.handle
    }

    /// Remembers it, to see when the last one has let go of it.
    #[must_use]
    pub fn remember(&self) -> Remembered {
        Remembered(Arc::downgrade(&self.inner))
    }

    /// Makes the context current on this thread until the guard goes.
    pub(crate) fn enter(&self) -> Result<Current<'_>, Error> {
        // SAFETY: the context is retained.
        unsafe { self.cuda().cuCtxPushCurrent_v2(self.inner.handle) }?;
        Ok(Current { context: self, _thread: std::marker::PhantomData })
    }
}

/// While this lives the context is current on its thread, which it does not leave.
pub(crate) struct Current<'a> {
    context: &'a Context,
    _thread: std::marker::PhantomData<*mut ()>,
}

impl Drop for Current<'_> {
    fn drop(&mut self) {
        let mut popped = std::ptr::null_mut();
        // SAFETY: pushed on this thread when the guard was made.
        let _ = unsafe { self.context.cuda().cuCtxPopCurrent_v2(&raw mut popped) };
    }
}

/// Held while decoders and encode sessions are made and destroyed: drivers were seen to crash when that happens on several threads at once.
pub(crate) fn lifecycle() -> std::sync::MutexGuard<'static, ()> {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
