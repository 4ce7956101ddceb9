//! Status codes of NVML and their words.

use std::ffi::{CStr, c_char};

use sightline_standin::Cu;

// The codes are NVML's own; only the shape of the functions is shared with the driver's.
pub(crate) const UNINITIALIZED: Cu = Cu(1);
pub(crate) const INVALID_ARGUMENT: Cu = Cu(2);
pub(crate) const NOT_FOUND: Cu = Cu(6);
pub(crate) const INSUFFICIENT_SIZE: Cu = Cu(7);
pub(crate) const LOST: Cu = Cu(15);

// SAFETY: the name is the library's own, which this one stands in for.
#[unsafe(no_mangle)]
extern "C" fn nvmlErrorString(code: u32) -> *const c_char {
    let words: &CStr = match code {
        0 => c"The operation was successful",
        1 => c"NVML was not first initialized with nvmlInit()",
        2 => c"A supplied argument is invalid",
        3 => c"The requested operation is not available on target device",
        6 => c"A query to find an object was unsuccessful",
        7 => c"An input argument is not large enough",
        15 => c"The GPU has fallen off the bus or has otherwise become inaccessible",
        _ => c"An internal driver error occurred",
    };
    words.as_ptr()
}
