//! The one device of a process.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use crate::context::{Context, Primary};
use crate::counters::Counters;
use crate::fault::Faults;
use crate::memory::Memory;
use crate::meter::Meter;
use crate::status::Cu;
use crate::stream::{Event, Handles, Stream};

/// What the device calls itself.
pub const NAME: &str = "Sightline stand-in (no GPU, for tests alone)";

/// Where it says that it is.
pub const BUS_ID: &str = "0000:01:00.0";
/// Its number among all devices.
pub const UUID: [u8; 16] = *b"sightlineSTANDIN";

type WithStack = fn(&mut dyn FnMut(&mut Vec<u64>));

/// The parts of the device that work.
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

/// The device's state.
pub struct Machine {
    /// What fails on demand from the start on.
    first_faults: Faults,
    faults: RwLock<Arc<Faults>>,
    /// What is counted.
    pub counters: Counters,
    /// How busy its parts are.
    pub busy: Busy,
    /// Device memory.
    pub memory: Memory,
    /// Contexts.
    pub contexts: Handles<Context>,
    /// Streams that clients made.
    pub streams: Handles<Stream>,
    /// Events.
    pub events: Handles<Event>,
    pub(crate) primary: Mutex<Primary>,
    pub(crate) with_stack: WithStack,
    broken: AtomicU32,
    initialized: AtomicU32,
}

impl Machine {
    /// A device as the environment asks for it. `libcuda` makes the only one; `with_stack` reaches its thread's contexts.
    ///
    /// # Errors
    /// The environment asks for something unknown; the text says what.
    pub fn from_environment(with_stack: WithStack) -> Result<Self, String> {
        let faults = Faults::parse(&std::env::var("SIGHTLINE_STANDIN_FAULTS").unwrap_or_default())?;
        Ok(Self {
            memory: Memory::new(faults.memory),
            first_faults: faults.clone(),
            faults: RwLock::new(Arc::new(faults)),
            counters: Counters::default(),
            busy: Busy::default(),
            contexts: Handles::starting_at(0x1000_0000),
            streams: Handles::starting_at(0x2000_0000),
            events: Handles::starting_at(0x3000_0000),
            primary: Mutex::default(),
            with_stack,
            broken: AtomicU32::new(0),
            initialized: AtomicU32::new(0),
        })
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
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    /// Notes `cuInit`.
    pub fn initialize(&self) {
        self.initialized.store(1, Ordering::SeqCst);
    }

    /// Whether the device may be used at all.
    ///
    /// # Errors
    /// `cuInit` was not called, or an earlier failure stays.
    pub fn alive(&self) -> Result<(), Cu> {
        if self.initialized.load(Ordering::SeqCst) == 0 {
            return Err(Cu::NOT_INITIALIZED);
        }
        match self.broken.load(Ordering::SeqCst) {
            0 => Ok(()),
            code => Err(Cu(code)),
        }
    }

    /// Whether the device is lost, whoever asks.
    pub fn is_lost(&self) -> bool {
        self.broken.load(Ordering::SeqCst) != 0
    }

    /// The CUDA version that the driver goes with.
    pub fn cuda_version(&self) -> i32 {
        if self.faults().old_driver { 11_020 } else { 12_020 }
    }

    /// The device is lost: every later call of the process answers with it, as the driver's do.
    pub fn break_down(&self, code: Cu) {
        let _ = self.broken.compare_exchange(0, code.0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Counts a finished picture, with which the device may be lost.
    pub fn count_picture(&self, encoded: bool) {
        let counter = if encoded { &self.counters.pictures_encoded } else { &self.counters.pictures_decoded };
        counter.add(1);
        let all = self.counters.pictures_encoded.get() + self.counters.pictures_decoded.get();
        if self.faults().lost_at.is_some_and(|at| all >= at) {
            self.break_down(Cu::ECC_UNCORRECTABLE);
        }
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
