//! Modules and kernels: nothing here can run PTX, and says so.

use std::ffi::{c_char, c_void};

use sightline_standin::{Cu, abi, machine};

fn refuse() -> Result<(), Cu> {
    machine().current().and(Err(Cu::NOT_SUPPORTED))
}

abi! {
    fn cuModuleLoadData(_out: *mut u64, _image: *const c_void) { refuse() }
    fn cuModuleLoadDataEx(_out: *mut u64, _image: *const c_void, _count: u32, _options: *mut u32, _values: *mut u64) { refuse() }
    fn cuModuleUnload(_module: u64) { refuse() }
    fn cuModuleGetFunction(_out: *mut u64, _module: u64, _name: *const c_char) { refuse() }
    fn cuModuleGetGlobal_v2(_out: *mut u64, _size: *mut usize, _module: u64, _name: *const c_char) { refuse() }
    // FFmpeg's loader asks for the name without a version.
    fn cuModuleGetGlobal(_out: *mut u64, _size: *mut usize, _module: u64, _name: *const c_char) { refuse() }
    fn cuLaunchKernel(
        _function: u64,
        _grid_x: u32,
        _grid_y: u32,
        _grid_z: u32,
        _block_x: u32,
        _block_y: u32,
        _block_z: u32,
        _shared: u32,
        _stream: u64,
        _parameters: *mut *mut c_void,
        _extra: *mut *mut c_void,
    ) { refuse() }
}
