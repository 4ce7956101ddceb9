//! `libnvidia-encode.so.1`: encode sessions.

use super::open;
use crate::Error;
use crate::raw::nvenc::{self as raw, FunctionList};
use crate::raw::{Zeroed, cuda::Ctx};
use std::ffi::{CStr, c_void};
use std::sync::{Arc, OnceLock};

const LIBRARY: &str = "libnvidia-encode.so.1";
type CreateInstance = unsafe extern "C" fn(*mut FunctionList) -> i32;
type MaxVersion = unsafe extern "C" fn(*mut u32) -> i32;

/// The encoder's library and its table.
pub(crate) struct Nvenc {
    functions: FunctionList,
    version: (u32, u32),
    _library: std::mem::ManuallyDrop<libloading::Library>,
}

// SAFETY: the table holds functions of the driver, which may be called on any thread, and pointers that are never followed.
unsafe impl Send for Nvenc {}
// SAFETY: as above; it is never written after it was made.
unsafe impl Sync for Nvenc {}

impl Nvenc {
    /// Found once for all encoders of a process.
    pub(crate) fn load() -> Result<Arc<Self>, Error> {
        static FOUND: OnceLock<Arc<Nvenc>> = OnceLock::new();
        if let Some(found) = FOUND.get() {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(Self::find()?);
        Ok(Arc::clone(FOUND.get_or_init(|| found)))
    }

    /// Loads the library; a driver that is too old for the interface is told from one that is missing.
    fn find() -> Result<Self, Error> {
        let library = open(LIBRARY)?;
        let lacks = |symbol| Error::NoSymbol { library: LIBRARY, symbol };
        // SAFETY: both are declared so in nvEncodeAPI.h.
        let max: MaxVersion = *unsafe { library.get(b"NvEncodeAPIGetMaxSupportedVersion\0") }
            .map_err(|_| lacks("NvEncodeAPIGetMaxSupportedVersion"))?;
        // SAFETY: as above.
        let create: CreateInstance =
            *unsafe { library.get(b"NvEncodeAPICreateInstance\0") }.map_err(|_| lacks("NvEncodeAPICreateInstance"))?;
        let mut newest = 0;
        // SAFETY: the call writes one integer.
        check("NvEncodeAPIGetMaxSupportedVersion", unsafe { max(&raw mut newest) })?;
        // Here the minor version stands in the low four bits, other than in the version that calls are made with.
        let (found, wanted) = ((newest >> 4, newest & 0xf), (raw::API_VERSION & 0xff, raw::API_VERSION >> 24));
        if found < wanted {
            let words = |(major, minor): (u32, u32)| format!("{major}.{minor}");
            return Err(Error::OldEncoder { found: words(found), wanted: words(wanted) });
        }
        let mut functions = FunctionList::zeroed();
        functions.version = raw::FUNCTION_LIST_VERSION;
        // SAFETY: the structure is as large as its version says, and the driver fills it.
        check("NvEncodeAPICreateInstance", unsafe { create(&raw mut functions) })?;
        Ok(Self { functions, version: found, _library: std::mem::ManuallyDrop::new(library) })
    }

    /// Newest version of the interface that the driver knows.
    pub(crate) fn version(&self) -> (u32, u32) {
        self.version
    }
}

fn check(call: &'static str, code: i32) -> Result<(), Error> {
    if code == 0 { Ok(()) } else { Err(Error::of_encoder(call, code, "")) }
}

/// An open encode session; closed when dropped. Its context must be current in every call and when it is dropped.
pub(crate) struct Session {
    nvenc: Arc<Nvenc>,
    handle: *mut c_void,
}

// SAFETY: a session may be used by any thread, by one at a time; `&self` calls are made by its one owner.
unsafe impl Send for Session {}

/// Methods that call a function of the table with the session, where the driver has it.
macro_rules! calls {
    ($($name:ident = $call:literal ($($argument:ident: $kind:ty),*);)*) => {
        $(
            /// # Safety
            /// As nvEncodeAPI.h asks: structures are of their version, what they point to is alive, and the context is current.
            pub(crate) unsafe fn $name(&self, $($argument: $kind),*) -> Result<(), Error> {
                let Some(function) = self.nvenc.functions.$name else {
                    return Err(Error::NoSymbol { library: LIBRARY, symbol: $call });
                };
                // SAFETY: the caller's promise, and the session is open.
                let code = unsafe { function(self.handle, $($argument),*) };
                if code == 0 { Ok(()) } else { Err(self.failed($call, code)) }
            }
        )*
    };
}

impl Session {
    /// Opens a session on the current context `ctx`.
    ///
    /// # Safety
    /// `ctx` is alive and current, and outlives the session.
    pub(crate) unsafe fn open(nvenc: &Arc<Nvenc>, ctx: Ctx) -> Result<Self, Error> {
        const CALL: &str = "nvEncOpenEncodeSessionEx";
        let Some(open) = nvenc.functions.open_session else {
            return Err(Error::NoSymbol { library: LIBRARY, symbol: CALL });
        };
        let mut params = raw::OpenSession::zeroed();
        params.version = raw::OPEN_SESSION_VERSION;
        params.device_type = raw::DEVICE_TYPE_CUDA;
        params.device = ctx;
        params.api_version = raw::API_VERSION;
        let mut handle = std::ptr::null_mut();
        // SAFETY: the structure is filled as its version says and the handle is written.
        let code = unsafe { open(&raw mut params, &raw mut handle) };
        if code == 0 && !handle.is_null() {
            return Ok(Self { nvenc: Arc::clone(nvenc), handle });
        }
        if let (Some(destroy), false) = (nvenc.functions.destroy, handle.is_null()) {
            // The header: a session that failed to open is destroyed all the same. What that returns says nothing of the failure.
            // SAFETY: the handle was written by the failed call and is used nowhere else.
            unsafe { destroy(handle) };
        }
        Err(match code {
            raw::STATUS_UNSUPPORTED_DEVICE | raw::STATUS_NO_ENCODE_DEVICE => Error::NoEncoder,
            code => Error::of_encoder(CALL, code, ""),
        })
    }

    calls! {
        guids = "nvEncGetEncodeGUIDs" (guids: *mut raw::Guid, room: u32, count: *mut u32);
        caps = "nvEncGetEncodeCaps" (codec: raw::Guid, cap: *mut raw::CapsParam, value: *mut i32);
        preset_config = "nvEncGetEncodePresetConfigEx"
            (codec: raw::Guid, preset: raw::Guid, tuning: u32, config: *mut raw::PresetConfig);
        initialize = "nvEncInitializeEncoder" (params: *mut raw::Initialize);
        reconfigure = "nvEncReconfigureEncoder" (params: *mut raw::Reconfigure);
        set_streams = "nvEncSetIOCudaStreams" (input: *mut c_void, output: *mut c_void);
        create_bitstream = "nvEncCreateBitstreamBuffer" (params: *mut raw::CreateBitstream);
        destroy_bitstream = "nvEncDestroyBitstreamBuffer" (buffer: *mut c_void);
        register = "nvEncRegisterResource" (params: *mut raw::Register);
        unregister = "nvEncUnregisterResource" (registered: *mut c_void);
        map_input = "nvEncMapInputResource" (params: *mut raw::MapInput);
        unmap_input = "nvEncUnmapInputResource" (mapped: *mut c_void);
        encode = "nvEncEncodePicture" (params: *mut raw::PicParams);
        lock_bitstream = "nvEncLockBitstream" (params: *mut raw::LockBitstream);
        unlock_bitstream = "nvEncUnlockBitstream" (buffer: *mut c_void);
    }

    fn failed(&self, call: &'static str, code: i32) -> Error {
        let detail = self.nvenc.functions.last_error.map(|last| {
            // SAFETY: the session is open; the string, where there is one, lives until the next call.
            let words = unsafe { last(self.handle) };
            // SAFETY: as above.
            if words.is_null() {
                String::new()
            } else {
                unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned()
            }
        });
        Error::of_encoder(call, code, detail.as_deref().unwrap_or_default().trim())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(destroy) = self.nvenc.functions.destroy {
            // SAFETY: the session is open, and its owner made the context current.
            unsafe { destroy(self.handle) };
        }
    }
}
