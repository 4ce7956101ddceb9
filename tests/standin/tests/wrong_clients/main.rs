//! Each bite of the stand-in is shown by a client that makes the mistake, beside one that does not.
//!
//! Each test runs in a process of its own, since a device, its faults and its counts are those of a process.
#![allow(unsafe_code)]

mod av1;
#[path = "../common/mod.rs"]
mod common;
mod decoder;
mod decoders;
mod devices;
mod encoder;
mod encoders;
mod faults;
mod hevc;
mod kernels;
mod leaks;
mod library;
mod load;
mod memory;

/// What memory holds that nobody wrote to.
const POISON: u8 = 0xa5;
