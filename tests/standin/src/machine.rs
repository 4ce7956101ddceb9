//! The one driver of a process, with all that is behind it.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::context::Context;
use crate::counters::Counters;
use crate::device::Device;
use crate::fault::Faults;
use crate::memory::Memory;
use crate::status::Cu;
use crate::stream::{Event, Handles, Stream};

type WithStack = fn(&mut dyn FnMut(&mut Vec<u64>));

/// The driver's state.
pub struct Machine {
    /// What fails on demand from the start on.
    first_faults: Faults,
    faults: RwLock<Arc<Faults>>,
    /// What is counted.
    pub counters: Counters,
    /// The devices.
    pub devices: Vec<Arc<Device>>,
    /// Their memory.
    pub memory: Memory,
    /// Contexts.
    pub contexts: Handles<Context>,
    /// Streams that clients made.
    pub streams: Handles<Stream>,
    /// Events.
    pub events: Handles<Event>,
    pub(crate) with_stack: WithStack,
    initialized: AtomicU32,
}

impl Machine {
    /// A device as the environment asks for it. `libcuda` makes the only one; `with_stack` reaches its thread's contexts.
    ///
    /// # Errors
    /// The environment asks for something unknown; the text says what.
    pub fn from_environment(with_stack: WithStack) -> Result<Self, String> {
        let faults = Faults::parse(&std::env::var("SIGHTLINE_STANDIN_FAULTS").unwrap_or_default())?;
        let machine = Self {
            memory: Memory::new(faults.memory),
            first_faults: faults.clone(),
            counters: Counters::default(),
            devices: Device::all(faults.devices),
            faults: RwLock::new(Arc::new(faults)),
            contexts: Handles::starting_at(0x1000_0000),
            streams: Handles::starting_at(0x2000_0000),
            events: Handles::starting_at(0x3000_0000),
            with_stack,
            initialized: AtomicU32::new(0),
        };
        machine.set_faults(machine.first_faults.clone());
        Ok(machine)
    }

    /// What fails on demand now.
    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the environment asks for, which holds while nothing else is asked for.
    pub(crate) fn first_faults(&self) -> &Faults {
        &self.first_faults
    }

    /// Asks for other failures from now on.
    pub(crate) fn set_faults(&self, faults: Faults) {
        self.memory.set_limit(faults.memory);
        let lost = |device: &&Arc<Device>| faults.lost_devices.contains(&device.ordinal.unsigned_abs().into());
        self.devices.iter().filter(lost).for_each(|device| device.lose(Cu::ECC_UNCORRECTABLE));
        let back = |device: &&Arc<Device>| faults.back.contains(&device.ordinal.unsigned_abs().into());
        self.devices.iter().filter(back).for_each(|device| device.come_back());
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    /// Notes `cuInit`.
    pub fn initialize(&self) {
        self.initialized.store(1, Ordering::SeqCst);
    }

    /// Whether the driver may be used at all.
    ///
    /// # Errors
    /// `cuInit` was not called.
    pub fn alive(&self) -> Result<(), Cu> {
        if self.initialized.load(Ordering::SeqCst) == 0 { Err(Cu::NOT_INITIALIZED) } else { Ok(()) }
    }

    /// The CUDA version that the driver goes with.
    pub fn cuda_version(&self) -> i32 {
        if self.faults().old_driver { 11_020 } else { 12_020 }
    }
}

/// The device of this process, through the `libcuda.so.1` that is loaded.
///
/// # Panics
/// Another `libcuda.so.1` than the stand-in's was loaded before the other stand-in libraries.
#[must_use]
pub fn machine() -> &'static Machine {
    static FOUND: OnceLock<&'static Machine> = OnceLock::new();
    FOUND.get_or_init(|| {
        // SAFETY: plain loader calls with texts that end in a zero byte.
        let symbol: *mut c_void = unsafe {
            let library = libc::dlopen(c"libcuda.so.1".as_ptr(), libc::RTLD_NOW);
            assert!(!library.is_null(), "the stand-in's libcuda.so.1 is not where the loader looks");
            libc::dlsym(library, c"standin_machine".as_ptr())
        };
        assert!(!symbol.is_null(), "libcuda.so.1 is not the stand-in's, though another of its libraries is loaded");
        // SAFETY: the stand-in's libcuda exports the function with this signature, built from the same source as this.
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> &'static Machine>(symbol)() }
    })
}
