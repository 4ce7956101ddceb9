//! Types of the CUDA driver's interface (`cuda.h`).

use super::layout;
use std::ffi::c_void;

pub(crate) type Ctx = *mut c_void;
pub(crate) type Stream = *mut c_void;
pub(crate) type Event = *mut c_void;
pub(crate) type Module = *mut c_void;
pub(crate) type Function = *mut c_void;
pub(crate) type DevicePtr = u64;

/// A waiting thread sleeps instead of burning a core.
pub(crate) const CTX_SCHED_BLOCKING_SYNC: u32 = 4;
pub(crate) const STREAM_NON_BLOCKING: u32 = 1;
/// Waiting sleeps.
pub(crate) const EVENT_BLOCKING_SYNC: u32 = 1;
/// An event that only orders: cheaper.
pub(crate) const EVENT_DISABLE_TIMING: u32 = 2;
pub(crate) const ATTRIBUTE_COMPUTE_MAJOR: i32 = 75;
pub(crate) const ATTRIBUTE_COMPUTE_MINOR: i32 = 76;
pub(crate) const OUT_OF_MEMORY: i32 = 2;
pub(crate) const NOT_READY: i32 = 600;
pub(crate) const NO_DEVICE: i32 = 100;
pub(crate) const MEMORY_HOST: u32 = 1;
pub(crate) const MEMORY_DEVICE: u32 = 2;

/// `CUDA_MEMCPY2D`.
#[repr(C)]
pub(crate) struct Memcpy2D {
    pub(crate) src_x_in_bytes: usize,
    pub(crate) src_y: usize,
    pub(crate) src_memory_type: u32,
    pub(crate) src_host: *const c_void,
    pub(crate) src_device: DevicePtr,
    pub(crate) src_array: *mut c_void,
    pub(crate) src_pitch: usize,
    pub(crate) dst_x_in_bytes: usize,
    pub(crate) dst_y: usize,
    pub(crate) dst_memory_type: u32,
    pub(crate) dst_host: *mut c_void,
    pub(crate) dst_device: DevicePtr,
    pub(crate) dst_array: *mut c_void,
    pub(crate) dst_pitch: usize,
    pub(crate) width_in_bytes: usize,
    pub(crate) height: usize,
}
layout!(Memcpy2D, 128, src_host: 24, src_pitch: 48, dst_memory_type: 72, dst_device: 88, dst_pitch: 104, height: 120);
