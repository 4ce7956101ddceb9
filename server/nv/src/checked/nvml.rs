//! `libnvidia-ml.so.1`: what the driver measures of its devices. Its status codes are its own.

use super::table;
use crate::Error;
use std::ffi::{CStr, c_char, c_void};

pub(crate) type Device = *mut c_void;

/// `nvmlUtilization_t`, in percent.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Utilization {
    pub(crate) gpu: u32,
    pub(crate) memory: u32,
}

/// `nvmlMemory_t`, in bytes.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) total: u64,
    pub(crate) free: u64,
    pub(crate) used: u64,
}

table! {
    /// The functions. NVML has one for its words that gives no status, so that it stands apart.
    Nvml from "libnvidia-ml.so.1" {
        nvmlInit_v2();
        nvmlSystemGetDriverVersion(version: *mut c_char, length: u32);
        nvmlDeviceGetHandleByPciBusId_v2(id: *const c_char, device: *mut Device);
        nvmlDeviceGetUtilizationRates(device: Device, percent: *mut Utilization);
        nvmlDeviceGetDecoderUtilization(device: Device, percent: *mut u32, microseconds: *mut u32);
        nvmlDeviceGetEncoderUtilization(device: Device, percent: *mut u32, microseconds: *mut u32);
        nvmlDeviceGetMemoryInfo(device: Device, bytes: *mut Memory);
    }
}

type ErrorString = unsafe extern "C" fn(i32) -> *const c_char;

impl Nvml {
    /// Loads and initialises the library, which takes some ten milliseconds and is never undone.
    pub(crate) fn load() -> Result<Self, Error> {
        let nvml = Self::find()?;
        // SAFETY: takes nothing; the library counts how often.
        unsafe { nvml.nvmlInit_v2() }.map(|()| nvml)
    }

    fn failed(&self, call: &'static str, code: i32) -> Error {
        // SAFETY: nvml.h declares it so.
        let found = unsafe { self._library.get::<ErrorString>(b"nvmlErrorString\0") };
        let meaning = found.ok().and_then(|words| {
            // SAFETY: takes any number, and gives a string of the library's own that lives as long as it is loaded.
            let words = unsafe { words(code) };
            // SAFETY: as above, where it is not null.
            (!words.is_null()).then(|| unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned())
        });
        Error::Call { call, code, meaning: meaning.unwrap_or_else(|| "a status that it does not explain".to_owned()) }
    }

    /// A device's memory: in use, and all of it.
    pub(crate) fn memory(&self, device: Device) -> Result<(u64, u64), Error> {
        let mut bytes = Memory::default();
        // SAFETY: the device is the library's, and three numbers are written.
        unsafe { self.nvmlDeviceGetMemoryInfo(device, &raw mut bytes) }.map(|()| (bytes.used, bytes.total))
    }
}
