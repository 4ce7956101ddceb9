//! `libnvidia-encode.so.1` of the stand-in driver: x264, x265 and libaom behind NVENC's interface, in the versions 11.1 and 12.1.
#![allow(non_snake_case, unsafe_code)]

mod aom;
mod calls;
mod caps;
mod codec;
mod coder;
mod governor;
mod lists;
mod pictures;
mod plan;
mod queries;
mod resources;
mod session;
mod status;
mod table;
mod version;
mod x264;
mod x265;
