//! How busy a device is, as its driver measures it: the figures of `nvidia-smi`, each with the reason where it is missing.

use crate::checked::{Nvml, NvmlDevice, Utilization};
use crate::{Context, Error};
use std::ffi::{CStr, CString, c_char};

/// Load of one device over the last part of a second; percent are of its own time, not of what it might do at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Percent of the time in which kernels ran.
    pub gpu: Result<u32, Error>,
    /// Percent of the time in which NVDEC was busy, over all of its engines.
    pub decoder: Result<u32, Error>,
    /// Percent of the time in which NVENC was busy, over all of its engines.
    pub encoder: Result<u32, Error>,
    /// Bytes of its memory: in use by all programs, and all of it.
    pub memory: Result<(u64, u64), Error>,
}

/// The driver's measurements (NVML).
pub struct Monitor {
    nvml: Nvml,
}

// SAFETY: the library may be called on any thread at any time, as its documents say.
unsafe impl Send for Monitor {}
// SAFETY: as above.
unsafe impl Sync for Monitor {}

impl Monitor {
    /// Loads NVML, which comes with the driver but may be missing in a container.
    ///
    /// # Errors
    /// Where it is missing, or finds no driver.
    pub fn new() -> Result<Self, Error> {
        Ok(Self { nvml: Nvml::load()? })
    }

    /// The driver's release, as `535.261.03`.
    ///
    /// # Errors
    /// When the library fails.
    pub fn driver_version(&self) -> Result<String, Error> {
        let mut version = [0; 96];
        // SAFETY: writes at most 96 characters and ends them with a zero.
        unsafe { self.nvml.nvmlSystemGetDriverVersion(version.as_mut_ptr(), 95) }?;
        version[95] = 0;
        let start: *const c_char = version.as_ptr();
        // SAFETY: there is a zero at the end at the latest.
        Ok(unsafe { CStr::from_ptr(start) }.to_string_lossy().into_owned())
    }

    /// The device's load by now.
    #[must_use]
    pub fn load(&self, context: &Context) -> Load {
        let device = match self.device(context) {
            Ok(device) => device,
            Err(error) => {
                let (gpu, decoder, encoder) = (Err(error.clone()), Err(error.clone()), Err(error.clone()));
                return Load { gpu, decoder, encoder, memory: Err(error) };
            }
        };
        let (mut rates, mut period) = (Utilization::default(), 0);
        let (mut decoder, mut encoder) = (0, 0);
        // SAFETY: the device is the library's; each call writes the numbers that its documents name.
        unsafe {
            let nvml = &self.nvml;
            Load {
                gpu: nvml.nvmlDeviceGetUtilizationRates(device, &raw mut rates).map(|()| rates.gpu),
                decoder: nvml
                    .nvmlDeviceGetDecoderUtilization(device, &raw mut decoder, &raw mut period)
                    .map(|()| decoder),
                encoder: nvml
                    .nvmlDeviceGetEncoderUtilization(device, &raw mut encoder, &raw mut period)
                    .map(|()| encoder),
                memory: nvml.memory(device),
            }
        }
    }

    /// The two libraries count devices differently (`CUDA_VISIBLE_DEVICES`), so that the place on the bus has to tell.
    fn device(&self, context: &Context) -> Result<NvmlDevice, Error> {
        let id = context.pci_bus_id()?;
        let text = CString::new(id).map_err(|_| Error::Invalid("a bus address ends at a zero".into()))?;
        let mut device = std::ptr::null_mut();
        // SAFETY: the text ends with a zero and a handle is written.
        unsafe { self.nvml.nvmlDeviceGetHandleByPciBusId_v2(text.as_ptr(), &raw mut device) }?;
        Ok(device)
    }
}
