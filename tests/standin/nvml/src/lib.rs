//! `libnvidia-ml.so.1` of the stand-in driver: names, and how busy the devices of this process really are.
//!
//! Every figure is what the stand-in did in the last second: shares of it in which kernels ran, pictures were decoded and
//! encoded, memory was copied. What the stand-in has no figure for (temperature, power, clocks) has no function here.
#![allow(non_snake_case, unsafe_code)]

mod status;

use std::ffi::{CStr, c_char};
use std::sync::atomic::{AtomicU32, Ordering};

use sightline_standin::device::{Device, NAME};
use sightline_standin::status::put;
use sightline_standin::{Cu, abi, machine};

use status::{INSUFFICIENT_SIZE, INVALID_ARGUMENT, LOST, NOT_FOUND, UNINITIALIZED};

/// How often `nvmlInit` was called more than `nvmlShutdown`.
static STARTED: AtomicU32 = AtomicU32::new(0);
/// Handles of devices count up from here.
const FIRST: u64 = 0x7d_0001;
/// What shares are of, in microseconds.
const SPAN: u32 = 1_000_000;

/// `nvmlUtilization_t`.
#[repr(C)]
struct Utilization {
    gpu: u32,
    memory: u32,
}

/// `nvmlMemory_t`.
#[repr(C)]
struct MemoryInfo {
    total: u64,
    free: u64,
    used: u64,
}

fn started() -> Result<(), Cu> {
    if STARTED.load(Ordering::SeqCst) == 0 { Err(UNINITIALIZED) } else { Ok(()) }
}

/// Checks a handle, and that the device is there still.
fn device(handle: u64) -> Result<&'static Device, Cu> {
    started()?;
    let ordinal = handle.checked_sub(FIRST).and_then(|ordinal| usize::try_from(ordinal).ok());
    let device = ordinal.and_then(|ordinal| machine().devices.get(ordinal)).ok_or(INVALID_ARGUMENT)?;
    device.alive().map_err(|_| LOST)?;
    Ok(device)
}

fn start() {
    STARTED.fetch_add(1, Ordering::SeqCst);
}

/// Writes a whole text or nothing.
///
/// # Safety
/// The client's pointer, null or with room for `room` characters.
unsafe fn text(out: *mut c_char, room: u32, text: &str) -> Result<(), Cu> {
    if out.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    if text.len() >= usize::try_from(room).unwrap_or(0) {
        return Err(INSUFFICIENT_SIZE);
    }
    // SAFETY: the client promises that much room, and the text and its zero were just held against it.
    unsafe {
        out.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len());
        out.add(text.len()).write(0);
    }
    Ok(())
}

/// A client's text.
///
/// # Safety
/// Null, or a text that ends in a zero byte.
unsafe fn given<'a>(text: *const c_char) -> Result<&'a str, Cu> {
    if text.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not null, and the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| INVALID_ARGUMENT)
}

/// Domain, bus and device of an address, however many digits each is written with.
fn bus(text: &str) -> Option<[u32; 3]> {
    let (place, function) = text.split_once('.').unwrap_or((text, "0"));
    let numbers: Option<Vec<u32>> = place.split(':').map(|part| u32::from_str_radix(part, 16).ok()).collect();
    let numbers = numbers.filter(|_| function == "0")?;
    match numbers.as_slice() {
        [domain, bus, device] => Some([*domain, *bus, *device]),
        [bus, device] => Some([0, *bus, *device]),
        _ => None,
    }
}

fn uuid(device: &Device) -> String {
    let hex: Vec<String> = device.uuid().iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex[from..to].concat();
    format!("GPU-{}-{}-{}-{}-{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16))
}

/// The first device that is the one.
///
/// # Safety
/// The client's pointer, null or one that may be written.
unsafe fn find(out: *mut u64, is_it: impl Fn(&Device) -> bool) -> Result<(), Cu> {
    started()?;
    let devices = machine().devices.iter().filter(|_| !machine().faults().no_device);
    let found = devices.enumerate().find(|(_, device)| is_it(device));
    let (ordinal, device) = found.ok_or(NOT_FOUND)?;
    device.alive().map_err(|_| LOST)?;
    // SAFETY: the client's pointer, as it promises.
    unsafe { put(out, FIRST + ordinal as u64) }.map_err(|_| INVALID_ARGUMENT)
}

abi! {
    fn nvmlInit_v2() { start(); Ok(()) }
    fn nvmlInit() { start(); Ok(()) }
    fn nvmlInitWithFlags(_flags: u32) { start(); Ok(()) }

    fn nvmlShutdown() {
        let less = STARTED.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
        less.map(drop).map_err(|_| UNINITIALIZED)
    }

    fn nvmlSystemGetDriverVersion(out: *mut c_char, room: u32) {
        started()?;
        text(out, room, if machine().faults().old_driver { "460.00 (stand-in)" } else { "535.00 (stand-in)" })
    }

    fn nvmlSystemGetCudaDriverVersion_v2(out: *mut i32) {
        started()?;
        put(out, machine().cuda_version()).map_err(|_| INVALID_ARGUMENT)
    }

    fn nvmlDeviceGetCount_v2(out: *mut u32) {
        started()?;
        let count = if machine().faults().no_device { 0 } else { machine().devices.len() };
        put(out, u32::try_from(count).unwrap_or(0)).map_err(|_| INVALID_ARGUMENT)
    }

    fn nvmlDeviceGetHandleByIndex_v2(index: u32, out: *mut u64) {
        find(out, |device| device.ordinal.unsigned_abs() == index).map_err(|code| match code {
            NOT_FOUND => INVALID_ARGUMENT,
            other => other,
        })
    }

    fn nvmlDeviceGetHandleByPciBusId_v2(id: *const c_char, out: *mut u64) {
        let asked = bus(given(id)?).ok_or(INVALID_ARGUMENT)?;
        find(out, |device| bus(&device.bus_id()) == Some(asked))
    }

    fn nvmlDeviceGetHandleByUUID(id: *const c_char, out: *mut u64) {
        let id = given(id)?;
        find(out, |device| uuid(device) == id)
    }

    fn nvmlDeviceGetName(handle: u64, out: *mut c_char, room: u32) {
        device(handle)?;
        text(out, room, NAME)
    }

    fn nvmlDeviceGetUUID(handle: u64, out: *mut c_char, room: u32) {
        text(out, room, &uuid(device(handle)?))
    }

    fn nvmlDeviceGetUtilizationRates(handle: u64, out: *mut Utilization) {
        let busy = &device(handle)?.busy;
        let rates = Utilization { gpu: busy.kernels.percent(), memory: busy.copies.percent() };
        put(out, rates).map_err(|_| INVALID_ARGUMENT)
    }

    fn nvmlDeviceGetDecoderUtilization(handle: u64, out: *mut u32, span: *mut u32) {
        let percent = device(handle)?.busy.decoder.percent();
        put(out, percent).and_then(|()| put(span, SPAN)).map_err(|_| INVALID_ARGUMENT)
    }

    fn nvmlDeviceGetEncoderUtilization(handle: u64, out: *mut u32, span: *mut u32) {
        let percent = device(handle)?.busy.encoder.percent();
        put(out, percent).and_then(|()| put(span, SPAN)).map_err(|_| INVALID_ARGUMENT)
    }

    fn nvmlDeviceGetEncoderStats(handle: u64, sessions: *mut u32, fps: *mut u32, latency: *mut u32) {
        let device = device(handle)?;
        let (count, mean) = device.busy.encoder.pieces();
        let live = u32::try_from(device.counters.encoders_live.get()).unwrap_or(u32::MAX);
        let each = count.checked_div(live).unwrap_or(0);
        put(sessions, live)
            .and_then(|()| put(fps, each))
            .and_then(|()| put(latency, u32::try_from(mean.as_micros()).unwrap_or(u32::MAX)))
            .map_err(|_| INVALID_ARGUMENT)
    }

    fn nvmlDeviceGetMemoryInfo(handle: u64, out: *mut MemoryInfo) {
        let ordinal = device(handle)?.ordinal;
        let (total, used) = (machine().memory.limit(), machine().memory.used(ordinal));
        put(out, MemoryInfo { total, free: total.saturating_sub(used), used }).map_err(|_| INVALID_ARGUMENT)
    }
}
