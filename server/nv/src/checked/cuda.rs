//! `libcuda.so.1`: devices, contexts, streams, memory, modules.

use super::table;
use crate::Error;
use crate::raw::cuda::{Ctx, DevicePtr, Event, Function, Memcpy2D, Module, OUT_OF_MEMORY, Stream};
use std::ffi::{CStr, c_char, c_void};

table! {
    /// The CUDA driver.
    Cuda from "libcuda.so.1" {
        cuInit(flags: u32);
        cuDriverGetVersion(version: *mut i32);
        cuDeviceGetCount(count: *mut i32);
        cuDeviceGet(device: *mut i32, ordinal: i32);
        cuDeviceGetName(name: *mut c_char, len: i32, device: i32);
        cuDeviceGetPCIBusId(id: *mut c_char, len: i32, device: i32);
        cuDeviceGetAttribute(value: *mut i32, attribute: i32, device: i32);
        cuDevicePrimaryCtxRetain(ctx: *mut Ctx, device: i32);
        cuDevicePrimaryCtxRelease_v2(device: i32);
        cuDevicePrimaryCtxSetFlags_v2(device: i32, flags: u32);
        cuCtxPushCurrent_v2(ctx: Ctx);
        cuCtxPopCurrent_v2(ctx: *mut Ctx);
        cuStreamCreate(stream: *mut Stream, flags: u32);
        cuStreamDestroy_v2(stream: Stream);
        cuStreamSynchronize(stream: Stream);
        cuStreamQuery(stream: Stream);
        cuStreamWaitEvent(stream: Stream, event: Event, flags: u32);
        cuEventCreate(event: *mut Event, flags: u32);
        cuEventDestroy_v2(event: Event);
        cuEventRecord(event: Event, stream: Stream);
        cuEventQuery(event: Event);
        cuEventSynchronize(event: Event);
        cuEventElapsedTime(milliseconds: *mut f32, start: Event, end: Event);
        cuMemAlloc_v2(pointer: *mut DevicePtr, bytes: usize);
        cuMemAllocPitch_v2(pointer: *mut DevicePtr, pitch: *mut usize, width: usize, height: usize, element: u32);
        cuMemHostAlloc(pointer: *mut *mut c_void, bytes: usize, flags: u32);
        cuMemFreeHost(pointer: *mut c_void);
        cuMemFree_v2(pointer: DevicePtr);
        cuMemGetInfo_v2(free: *mut usize, total: *mut usize);
        cuMemcpy2DAsync_v2(copy: *const Memcpy2D, stream: Stream);
        cuMemcpyDtoDAsync_v2(to: DevicePtr, from: DevicePtr, bytes: usize, stream: Stream);
        cuMemcpyHtoDAsync_v2(to: DevicePtr, from: *const c_void, bytes: usize, stream: Stream);
        cuMemcpyDtoHAsync_v2(to: *mut c_void, from: DevicePtr, bytes: usize, stream: Stream);
        cuModuleLoadData(module: *mut Module, image: *const c_void);
        cuModuleUnload(module: Module);
        cuModuleGetFunction(function: *mut Function, module: Module, name: *const c_char);
        cuLaunchKernel(
            function: Function, grid_x: u32, grid_y: u32, grid_z: u32, block_x: u32, block_y: u32, block_z: u32,
            shared: u32, stream: Stream, arguments: *mut *mut c_void, extra: *mut *mut c_void
        );
        cuGetErrorString(code: i32, words: *mut *const c_char);
    }
}

impl Cuda {
    /// Loads and initialises the driver.
    pub(crate) fn load() -> Result<Self, Error> {
        let cuda = Self::find()?;
        // SAFETY: the first call of all, with the only flags there are.
        match unsafe { cuda.cuInit(0) } {
            Err(error) if error.is_no_device() => Err(Error::NoDevice(error.to_string())),
            other => other.map(|()| cuda),
        }
    }

    /// A failed call, with what the driver says of the code.
    pub(crate) fn failed(&self, call: &'static str, code: i32) -> Error {
        if code == OUT_OF_MEMORY {
            return Error::NoMemory { call };
        }
        let mut words: *const c_char = std::ptr::null();
        // SAFETY: the pointer is written with a string of the driver's own that lives as long as it is loaded, or left null.
        let status = unsafe { (self.cuGetErrorString)(code, &raw mut words) };
        let meaning = if status == 0 && !words.is_null() {
            // SAFETY: it was just written.
            unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned()
        } else {
            "a status that the driver does not explain".to_owned()
        };
        Error::Call { call, code, meaning }
    }
}
