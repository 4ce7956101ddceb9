//! Device memory and pinned host memory.

use sightline_standin::memory::{ALIGN, DEVICE, Kind};
use sightline_standin::status::put;
use sightline_standin::{Cu, abi, machine};

use crate::copy;

/// Allocates in the current context.
///
/// # Safety
/// The client's pointer, null or one that may be written.
unsafe fn allocate(out: *mut u64, size: u64, kind: Kind) -> Result<(), Cu> {
    let current = machine().current()?;
    let address = machine().memory.allocate(size, kind, current)?;
    // SAFETY: the client's pointer, as it promises.
    unsafe { put(out, address) }
}

/// A synchronous fill is one on the default stream, which the client does not wait for.
fn fill(address: u64, pitch: u64, pattern: &[u8], width: u64, height: u64, stream: u64) -> Result<(), Cu> {
    let row = width.checked_mul(pattern.len() as u64).ok_or(Cu::INVALID_VALUE)?;
    let length = if height == 0 { 0 } else { pitch * (height - 1) + row };
    if !address.is_multiple_of(pattern.len() as u64) || machine().memory.find(address, length).is_none() {
        return Err(Cu::INVALID_VALUE);
    }
    let line = pattern.repeat(usize::try_from(width).map_err(|_| Cu::INVALID_VALUE)?);
    let device = machine().current_device()?;
    machine().submit(stream, move || {
        let _busy = device.busy.copies.enter();
        machine().memory.with(address, length, |bytes| {
            for y in 0..height {
                let offset = usize::try_from(y * pitch).unwrap_or(0);
                // SAFETY: `with` gives memory of `length` bytes, and a row is `line.len()` of them.
                unsafe { bytes.add(offset).copy_from_nonoverlapping(line.as_ptr(), line.len()) };
            }
        })
    })?;
    Ok(())
}

abi! {
    fn cuMemGetInfo_v2(free: *mut usize, total: *mut usize) {
        let (memory, device) = (&machine().memory, machine().current_device()?);
        let left = memory.limit().saturating_sub(memory.used(device.ordinal));
        put(free, usize::try_from(left).unwrap_or(0))?;
        put(total, usize::try_from(memory.limit()).unwrap_or(0))
    }

    fn cuMemAlloc_v2(out: *mut u64, size: usize) { allocate(out, size as u64, Kind::Plain) }

    fn cuMemAllocPitch_v2(out: *mut u64, pitch: *mut usize, width: usize, height: usize, element: u32) {
        if ![4, 8, 16].contains(&element) || width == 0 || height == 0 {
            return Err(Cu::INVALID_VALUE);
        }
        let row = (width as u64).next_multiple_of(ALIGN);
        allocate(out, row.saturating_mul(height as u64), Kind::Plain)?;
        put(pitch, usize::try_from(row).unwrap_or(0))
    }

    fn cuMemFree_v2(address: u64) {
        machine().current()?;
        // The driver waits for the device first: what is under way may still touch the memory.
        let waited = machine().synchronize();
        machine().memory.free(address, &[Kind::Plain, Kind::Pooled])?;
        waited
    }

    fn cuMemAllocAsync(out: *mut u64, size: usize, stream: u64) {
        machine().stream(stream)?;
        allocate(out, size as u64, Kind::Pooled)
    }

    fn cuMemFreeAsync(address: u64, stream: u64) {
        machine().memory.find(address, 1).filter(|one| one.address == address).ok_or(Cu::INVALID_VALUE)?;
        machine().submit(stream, move || machine().memory.free(address, &[Kind::Plain, Kind::Pooled]))?;
        Ok(())
    }

    fn cuMemAllocHost_v2(out: *mut u64, size: usize) { allocate(out, size as u64, Kind::Host) }
    fn cuMemHostAlloc(out: *mut u64, size: usize, _flags: u32) { allocate(out, size as u64, Kind::Host) }

    fn cuMemFreeHost(address: u64) {
        machine().synchronize()?;
        machine().memory.free(address, &[Kind::Host])
    }

    fn cuMemHostGetDevicePointer_v2(out: *mut u64, address: u64, _flags: u32) {
        machine().memory.find(address, 1).filter(|one| one.kind == Kind::Host).ok_or(Cu::INVALID_VALUE)?;
        put(out, address)
    }

    fn cuMemGetAddressRange_v2(base: *mut u64, size: *mut usize, address: u64) {
        machine().current()?;
        let one = machine().memory.find(address, 1).ok_or(Cu::NOT_FOUND)?;
        if !base.is_null() {
            put(base, one.address)?;
        }
        if size.is_null() { Ok(()) } else { put(size, usize::try_from(one.size).unwrap_or(0)) }
    }

    fn cuPointerGetAttribute(out: *mut u64, attribute: i32, address: u64) {
        let one = machine().memory.find(address, 1).ok_or(Cu::INVALID_VALUE)?;
        match attribute {
            1 => put(out, one.context),
            2 => put(out.cast::<u32>(), if address >= DEVICE { 2 } else { 1 }),
            3 => put(out, address),
            9 => put(out.cast::<i32>(), one.device),
            11 => put(out, one.address),
            12 => put(out, one.size),
            _ => Err(Cu::NOT_SUPPORTED),
        }
    }

    fn cuMemsetD8_v2(address: u64, value: u8, count: usize) { fill(address, 0, &[value], count as u64, 1, 0) }
    fn cuMemsetD8Async(address: u64, value: u8, count: usize, stream: u64) {
        fill(address, 0, &[value], count as u64, 1, stream)
    }
    fn cuMemsetD16_v2(address: u64, value: u16, count: usize) {
        fill(address, 0, &value.to_le_bytes(), count as u64, 1, 0)
    }
    fn cuMemsetD16Async(address: u64, value: u16, count: usize, stream: u64) {
        fill(address, 0, &value.to_le_bytes(), count as u64, 1, stream)
    }
    fn cuMemsetD32_v2(address: u64, value: u32, count: usize) {
        fill(address, 0, &value.to_le_bytes(), count as u64, 1, 0)
    }
    fn cuMemsetD32Async(address: u64, value: u32, count: usize, stream: u64) {
        fill(address, 0, &value.to_le_bytes(), count as u64, 1, stream)
    }
    fn cuMemsetD2D8_v2(address: u64, pitch: usize, value: u8, width: usize, height: usize) {
        fill(address, pitch as u64, &[value], width as u64, height as u64, 0)
    }
    fn cuMemsetD2D8Async(address: u64, pitch: usize, value: u8, width: usize, height: usize, stream: u64) {
        fill(address, pitch as u64, &[value], width as u64, height as u64, stream)
    }

    fn cuMemcpyHtoD_v2(to: u64, from: u64, size: usize) { copy::flat(to, from, size, 0)?.finish() }
    fn cuMemcpyDtoH_v2(to: u64, from: u64, size: usize) { copy::flat(to, from, size, 0)?.finish() }
    fn cuMemcpyDtoD_v2(to: u64, from: u64, size: usize) { copy::flat(to, from, size, 0)?.finish() }
    fn cuMemcpy(to: u64, from: u64, size: usize) { copy::flat(to, from, size, 0)?.finish() }
    fn cuMemcpyHtoDAsync_v2(to: u64, from: u64, size: usize, stream: u64) { copy::flat(to, from, size, stream).map(drop) }
    fn cuMemcpyDtoHAsync_v2(to: u64, from: u64, size: usize, stream: u64) { copy::flat(to, from, size, stream).map(drop) }
    fn cuMemcpyDtoDAsync_v2(to: u64, from: u64, size: usize, stream: u64) { copy::flat(to, from, size, stream).map(drop) }
    fn cuMemcpyAsync(to: u64, from: u64, size: usize, stream: u64) { copy::flat(to, from, size, stream).map(drop) }
    fn cuMemcpy2D_v2(copy: *const copy::Copy2D) { copy::of_client(copy, 0)?.finish() }
    fn cuMemcpy2DUnaligned_v2(copy: *const copy::Copy2D) { copy::of_client(copy, 0)?.finish() }
    fn cuMemcpy2DAsync_v2(copy: *const copy::Copy2D, stream: u64) { copy::of_client(copy, stream).map(drop) }
}
