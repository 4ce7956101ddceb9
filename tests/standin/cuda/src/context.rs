//! Contexts: made, current on a thread, primary.

use std::sync::PoisonError;

use sightline_standin::status::put;
use sightline_standin::{Cu, abi, machine};

use crate::module;

fn known(handle: u64) -> Result<(), Cu> {
    machine().contexts.get(handle).map(|_| ()).map_err(|_| Cu::INVALID_CONTEXT)
}

fn push(handle: u64) {
    machine().stack(|stack| stack.push(handle));
}

fn flags_of_primary(device: i32, flags: u32) -> Result<(), Cu> {
    machine().device(device)?.primary.lock().unwrap_or_else(PoisonError::into_inner).flags = flags;
    Ok(())
}

fn release(device: i32, all: bool) -> Result<(), Cu> {
    machine().release_primary(machine().device(device)?, all)?;
    module::forget();
    Ok(())
}

/// Retains the primary context.
///
/// # Safety
/// The client's pointer, null or one that may be written.
unsafe fn retain(out: *mut u64, device: i32) -> Result<(), Cu> {
    let handle = machine().retain_primary(machine().device(device)?)?;
    // SAFETY: the client's pointer, as it promises.
    unsafe { put(out, handle) }
}

abi! {
    fn cuCtxCreate_v2(out: *mut u64, flags: u32, device: i32) {
        let handle = machine().create_context(flags, machine().device(device)?)?;
        put(out, handle)?;
        push(handle);
        Ok(())
    }

    fn cuCtxDestroy_v2(handle: u64) {
        // Ending a context works on a lost device too: clients must be able to clean up.
        machine().destroy_context(handle).map_err(|_| Cu::INVALID_CONTEXT)?;
        module::forget();
        machine().stack(|stack| if stack.last() == Some(&handle) { stack.pop(); });
        Ok(())
    }

    fn cuCtxPushCurrent_v2(handle: u64) {
        known(handle)?;
        push(handle);
        Ok(())
    }

    fn cuCtxPopCurrent_v2(out: *mut u64) {
        let handle = machine().stack(Vec::pop).ok_or(Cu::INVALID_CONTEXT)?;
        if !out.is_null() {
            put(out, handle)?;
        }
        Ok(())
    }

    fn cuCtxSetCurrent(handle: u64) {
        if handle != 0 {
            known(handle)?;
        }
        machine().stack(|stack| {
            stack.pop();
            if handle != 0 { stack.push(handle); }
        });
        Ok(())
    }

    fn cuCtxGetCurrent(out: *mut u64) {
        put(out, machine().stack(|stack| stack.last().copied()).unwrap_or(0))
    }

    fn cuCtxGetDevice(out: *mut i32) {
        put(out, machine().current_device()?.ordinal)
    }

    fn cuCtxGetFlags(out: *mut u32) {
        let current = machine().current()?;
        put(out, machine().contexts.get(current)?.flags)
    }

    fn cuCtxGetApiVersion(handle: u64, out: *mut u32) {
        if handle != 0 {
            known(handle)?;
        }
        put(out, 3020)
    }

    // Limits of the device's own stack and heap, of which nothing here has any.
    fn cuCtxSetLimit(_limit: u32, _value: usize) {
        machine().current().and(Err(Cu::NOT_SUPPORTED))
    }

    fn cuCtxSynchronize() {
        machine().synchronize()
    }

    fn cuCtxGetStreamPriorityRange(least: *mut i32, greatest: *mut i32) {
        machine().current()?;
        put(least, 0)?;
        put(greatest, 0)
    }

    fn cuDevicePrimaryCtxRetain(out: *mut u64, device: i32) { retain(out, device) }
    fn cuDevicePrimaryCtxRelease(device: i32) { release(device, false) }
    fn cuDevicePrimaryCtxRelease_v2(device: i32) { release(device, false) }
    fn cuDevicePrimaryCtxReset(device: i32) { release(device, true) }
    fn cuDevicePrimaryCtxReset_v2(device: i32) { release(device, true) }
    fn cuDevicePrimaryCtxSetFlags(device: i32, flags: u32) { flags_of_primary(device, flags) }
    fn cuDevicePrimaryCtxSetFlags_v2(device: i32, flags: u32) { flags_of_primary(device, flags) }

    fn cuDevicePrimaryCtxGetState(device: i32, flags: *mut u32, active: *mut i32) {
        let primary = machine().device(device)?.primary.lock().unwrap_or_else(PoisonError::into_inner);
        put(flags, primary.flags)?;
        put(active, i32::from(primary.retained > 0))
    }
}
