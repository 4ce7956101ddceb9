//! Every way that a device can fail us, in words.

use crate::raw::{cuda, nvenc};

/// Why something could not be done on the device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A library of the driver is missing.
    #[error("{}", no_library(library, reason))]
    NoLibrary {
        /// Its file name.
        library: &'static str,
        /// What the loader said.
        reason: String,
    },
    /// A library of the driver is there, but is older than what is called.
    #[error("the NVIDIA driver is too old: {library} has no {symbol}; install R530 or newer")]
    NoSymbol {
        /// Its file name.
        library: &'static str,
        /// The function that it lacks.
        symbol: &'static str,
    },
    /// The driver is older than the interface that is used.
    #[error("the NVIDIA driver is too old: it encodes by interface {found}, and {wanted} is needed (R530 or newer)")]
    OldEncoder {
        /// Newest interface that the driver knows.
        found: String,
        /// The one that is used here.
        wanted: String,
    },
    /// Somebody switched this stage off.
    #[error("switched off by the environment ({0})")]
    SwitchedOff(&'static str),
    /// The driver is there, but no device is.
    #[error("the NVIDIA driver is installed, but it finds no device ({0})")]
    NoDevice(String),
    /// A call failed.
    #[error("{call} failed: {meaning} ({code})")]
    Call {
        /// The function that was called.
        call: &'static str,
        /// Its status.
        code: i32,
        /// What the status means.
        meaning: String,
    },
    /// The device has no encoder.
    #[error("this device has no video encoder (NVENC)")]
    NoEncoder,
    /// All encode sessions of the system are taken, or the device's memory is.
    #[error(
        "the device takes no further encode session: its sessions (a limit over all programs on GeForce cards) or its \
         memory are used up"
    )]
    NoSession,
    /// The device's memory is used up.
    #[error("the device has no memory left ({call})")]
    NoMemory {
        /// The function that wanted some.
        call: &'static str,
    },
    /// The device cannot do what was asked for.
    #[error("{0}")]
    Unsupported(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// Every surface that the decoder may hand out is held by somebody.
    #[error("all {0} output surfaces of the decoder are held: let one go first")]
    AllHeld(usize),
}

/// The first library is the driver. The others come with it, but containers are given only those that they ask for.
fn no_library(library: &str, reason: &str) -> String {
    let capability = match library {
        "libcuda.so.1" => return format!("no NVIDIA driver: {library} could not be loaded ({reason})"),
        "libnvidia-ml.so.1" => "utility",
        _ => "video",
    };
    format!(
        "the NVIDIA driver lacks {library} ({reason}); a container gets it by NVIDIA_DRIVER_CAPABILITIES=compute,utility,video \
         (here `{capability}`)"
    )
}

/// Codes after which nothing works in this context: a fault of a kernel, of memory, of the device or of its bus.
const STICKY: [i32; 10] = [214, 219, 220, 700, 702, 714, 715, 716, 718, 719];
/// CUDA's codes for a device that fell off the bus, and the one for an unknown fault; the decoder's library gives the last one for less.
const LOST: [i32; 3] = [46, 101, 999];

impl Error {
    /// Whether the device, or all that was made on it, is gone, so that only starting anew helps.
    #[must_use]
    pub fn is_device_lost(&self) -> bool {
        match self {
            Self::Call { call, code, .. } if call.starts_with("nvEnc") => [4, 5].contains(code),
            Self::Call { call, code, .. } if call.starts_with("cuvid") => STICKY.contains(code),
            Self::Call { call, .. } if call.starts_with("nvml") => false,
            Self::Call { code, .. } => STICKY.contains(code) || LOST.contains(code),
            _ => false,
        }
    }

    /// Whether another encode session might be had once somebody else ends one.
    #[must_use]
    pub fn is_session_limit(&self) -> bool {
        matches!(self, Self::NoSession)
    }

    pub(crate) fn of_encoder(call: &'static str, code: i32, detail: &str) -> Self {
        if code == nvenc::STATUS_OUT_OF_MEMORY {
            return Self::NoSession;
        }
        let name = usize::try_from(code).ok().and_then(|code| nvenc::STATUS_NAMES.get(code));
        let name = name.copied().unwrap_or("a status that this version does not know");
        let meaning = if detail.is_empty() { name.to_owned() } else { format!("{name}: {detail}") };
        Self::Call { call, code, meaning }
    }

    pub(crate) fn is_no_device(&self) -> bool {
        matches!(self, Self::Call { code: cuda::NO_DEVICE, .. })
    }
}
