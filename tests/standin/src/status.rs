//! Status codes of the driver, and the shape of its functions.

/// A failure of libcuda or libnvcuvid: the code that the driver gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cu(pub u32);

macro_rules! codes {
    ($($name:ident = $code:literal $label:literal $text:literal;)*) => {
        impl Cu {
            $(#[doc = $text] pub const $name: Self = Self($code);)*
            /// The driver's name of the code and its description, each ending in a zero byte.
            #[must_use]
            pub fn words(code: u32) -> Option<(&'static str, &'static str)> {
                match code {
                    0 => Some(("CUDA_SUCCESS\0", "no error\0")),
                    $($code => Some((concat!("CUDA_ERROR_", $label, "\0"), concat!($text, "\0"))),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    INVALID_VALUE = 1 "INVALID_VALUE" "invalid argument";
    OUT_OF_MEMORY = 2 "OUT_OF_MEMORY" "out of memory";
    NOT_INITIALIZED = 3 "NOT_INITIALIZED" "initialization error";
    NO_DEVICE = 100 "NO_DEVICE" "no CUDA-capable device is detected";
    INVALID_DEVICE = 101 "INVALID_DEVICE" "invalid device ordinal";
    INVALID_IMAGE = 200 "INVALID_IMAGE" "device kernel image is invalid";
    INVALID_CONTEXT = 201 "INVALID_CONTEXT" "invalid device context";
    MAP_FAILED = 205 "MAP_FAILED" "mapping of buffer object failed";
    NO_BINARY_FOR_GPU = 209 "NO_BINARY_FOR_GPU" "no kernel image is available for execution on the device";
    ECC_UNCORRECTABLE = 214 "ECC_UNCORRECTABLE" "uncorrectable ECC error encountered";
    INVALID_PTX = 218 "INVALID_PTX" "a PTX JIT compilation failed";
    UNSUPPORTED_PTX_VERSION = 222 "UNSUPPORTED_PTX_VERSION" "the provided PTX was compiled with an unsupported toolchain.";
    INVALID_HANDLE = 400 "INVALID_HANDLE" "invalid resource handle";
    NOT_FOUND = 500 "NOT_FOUND" "named symbol not found";
    NOT_READY = 600 "NOT_READY" "device not ready";
    ILLEGAL_ADDRESS = 700 "ILLEGAL_ADDRESS" "an illegal memory access was encountered";
    CONTEXT_IS_DESTROYED = 709 "CONTEXT_IS_DESTROYED" "context is destroyed";
    MISALIGNED_ADDRESS = 716 "MISALIGNED_ADDRESS" "misaligned address";
    LAUNCH_FAILED = 719 "LAUNCH_FAILED" "unspecified launch failure";
    NOT_SUPPORTED = 801 "NOT_SUPPORTED" "operation not supported";
    UNKNOWN = 999 "UNKNOWN" "unknown error";
}

/// Writes an answer through a client's pointer.
///
/// # Errors
/// The pointer is null.
///
/// # Safety
/// `out` is null or may be written.
pub unsafe fn put<T>(out: *mut T, value: T) -> Result<(), Cu> {
    if out.is_null() {
        return Err(Cu::INVALID_VALUE);
    }
    // SAFETY: not null, and the caller's promise.
    unsafe { out.write_unaligned(value) };
    Ok(())
}

/// Functions as the driver exports them: each gives the code of the `Result` that its body ends in.
#[macro_export]
macro_rules! abi {
    ($(fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block)*) => {$(
        // SAFETY: the name is the driver's own, which this library stands in for; callers keep the contract of its documents.
        #[unsafe(no_mangle)]
        #[allow(unused_unsafe, clippy::redundant_closure_call, clippy::too_many_arguments)]
        unsafe extern "C" fn $name($($arg: $ty),*) -> u32 {
            // SAFETY: bodies touch the client's pointers alone, on the promise above.
            let answer = unsafe { (move || -> ::core::result::Result<(), $crate::Cu> { $body })() };
            answer.map_or_else(|code| code.0, |()| 0)
        }
    )*};
}
