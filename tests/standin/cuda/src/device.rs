//! The device itself: initialization, names, attributes, counters.

use std::ffi::{CStr, c_char};

use sightline_standin::device::NAME;
use sightline_standin::status::put;
use sightline_standin::{Cu, abi, machine};

/// Writes a text as far as there is room.
///
/// # Safety
/// The client's pointer, null or with room for `length` characters.
unsafe fn text(out: *mut c_char, length: i32, text: &str) -> Result<(), Cu> {
    let room = usize::try_from(length).unwrap_or(0);
    if out.is_null() || room == 0 {
        return Err(Cu::INVALID_VALUE);
    }
    let bytes = &text.as_bytes()[..text.len().min(room - 1)];
    // SAFETY: the client promises room for `length` characters.
    unsafe {
        out.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        out.add(bytes.len()).write(0);
    }
    Ok(())
}

/// The numbers of `CUdevice_attribute` that have another answer than 0, which stands for "none" and "not supported".
fn attribute(number: i32) -> i32 {
    match number {
        1..=3 | 39 => 1024,   // threads in a block and its width and height; threads on a multiprocessor
        4 => 64,              // depth of a block
        5 => i32::MAX,        // width of a grid
        6 | 7 => 65_535,      // its height and depth
        8 | 81 => 49_152,     // shared memory of a block, of a multiprocessor
        9 | 12 => 65_536,     // constant memory, registers
        10 => 32,             // threads of a warp
        13 | 36 => 1_000_000, // clocks in kHz
        14 => 512,            // alignment of textures
        51 => 32,             // alignment of a texture's pitch
        11 => i32::MAX,       // widest pitch of a copy
        15 | 31 | 41 => 1,    // copies beside kernels, kernels beside each other, one address space
        16 => 2,              // multiprocessors
        37 => 128,            // bus width
        40 => 2,              // copy engines
        75 => 7,              // compute capability
        76 => 5,
        115 => 1, // memory pools: what comes from them is refused by encoders, as on a device
        _ => 0,
    }
}

abi! {
    fn cuInit(flags: u32) {
        if flags != 0 {
            return Err(Cu::INVALID_VALUE);
        }
        if let Err(text) = crate::own_machine() {
            // The client only sees a code: without this line nobody would find the misspelt word.
            #[allow(clippy::print_stderr)]
            { eprintln!("stand-in driver: SIGHTLINE_STANDIN_FAULTS: {text}"); }
            return Err(Cu::UNKNOWN);
        }
        if machine().faults().no_device {
            return Err(Cu::NO_DEVICE);
        }
        machine().initialize();
        Ok(())
    }

    fn cuDriverGetVersion(out: *mut i32) {
        put(out, machine().cuda_version())
    }

    fn cuDeviceGetCount(out: *mut i32) {
        machine().alive()?;
        put(out, i32::try_from(machine().devices.len()).unwrap_or(1))
    }

    fn cuDeviceGet(out: *mut i32, ordinal: i32) {
        put(out, machine().device(ordinal)?.ordinal)
    }

    fn cuDeviceGetName(out: *mut c_char, length: i32, ordinal: i32) {
        machine().device(ordinal)?;
        text(out, length, NAME)
    }

    fn cuDeviceGetPCIBusId(out: *mut c_char, length: i32, ordinal: i32) {
        text(out, length, &machine().device(ordinal)?.bus_id())
    }

    fn cuDeviceGetUuid(out: *mut [u8; 16], ordinal: i32) {
        put(out, machine().device(ordinal)?.uuid())
    }

    fn cuDeviceGetUuid_v2(out: *mut [u8; 16], ordinal: i32) {
        put(out, machine().device(ordinal)?.uuid())
    }

    fn cuDeviceTotalMem_v2(out: *mut usize, ordinal: i32) {
        machine().device(ordinal)?;
        put(out, usize::try_from(machine().memory.limit()).unwrap_or(usize::MAX))
    }

    fn cuDeviceComputeCapability(major: *mut i32, minor: *mut i32, ordinal: i32) {
        machine().device(ordinal)?;
        put(major, attribute(75))?;
        put(minor, attribute(76))
    }

    fn cuDeviceGetAttribute(out: *mut i32, number: i32, ordinal: i32) {
        machine().device(ordinal)?;
        if !(1..=160).contains(&number) {
            return Err(Cu::INVALID_VALUE);
        }
        put(out, attribute(number))
    }

    fn cuGetErrorName(code: u32, out: *mut *const c_char) {
        let words = Cu::words(code);
        put(out, words.map_or(std::ptr::null(), |(name, _)| name.as_ptr().cast()))?;
        words.map(|_| ()).ok_or(Cu::INVALID_VALUE)
    }

    fn cuGetErrorString(code: u32, out: *mut *const c_char) {
        let words = Cu::words(code);
        put(out, words.map_or(std::ptr::null(), |(_, text)| text.as_ptr().cast()))?;
        words.map(|_| ()).ok_or(Cu::INVALID_VALUE)
    }

    // The count of that name (`sightline_standin::counters`), for tests inside the process.
    fn standin_counter(name: *const c_char, out: *mut u64) {
        let name = CStr::from_ptr(name).to_str().map_err(|_| Cu::INVALID_VALUE)?;
        put(out, machine().count(name).ok_or(Cu::NOT_FOUND)?)
    }
}
