//! A device of NVIDIA's, played by the CPU, for tests alone: what libcuda, libnvcuvid, libnvidia-encode and libnvidia-ml of the
//! stand-in share.
//!
//! There is one [`Machine`] in a process, with one device or as many as are asked for. `libcuda.so.1` owns it; the others find it through the symbol `standin_machine`.
//! All of them are built together and never mixed with others, which is what lets them share Rust types.
//! What it is strict about, so that a mistake shows on a machine without a GPU: device addresses are no host addresses, work
//! happens late on a thread for each stream, fresh and given back memory is poisoned, and calls are refused as the driver does.
#![allow(unsafe_code)]

pub mod context;
pub mod counters;
pub mod device;
pub mod fault;
pub mod machine;
pub mod memory;
pub mod meter;
pub mod status;
pub mod stream;
pub mod watch;

pub use machine::{Machine, machine};
pub use status::Cu;
