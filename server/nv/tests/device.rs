//! Decoder, encoder, pools and kernels on whatever driver there is: the whole way of a picture, with what software gives as the measure.
//!
//! Where there is no driver, or one that cannot be made to fail on demand, the stand-in of `tests/standin` is built and taken; `SIGHTLINE_STANDIN`
//! names a folder with another one. Each test runs in a process of its own: a device that is lost is lost for a process.
#![allow(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, too, fail by panicking and say what they skip"
)]

#[path = "device/av1.rs"]
mod av1;
#[path = "device/clips.rs"]
mod clips;
#[path = "device/codecs.rs"]
mod codecs;
mod common;
#[path = "device/damage.rs"]
mod damage;
#[path = "device/decode.rs"]
mod decode;
#[path = "device/encode.rs"]
mod encode;
#[path = "device/failures.rs"]
mod failures;
#[path = "device/hevc.rs"]
mod hevc;
#[path = "device/host.rs"]
mod host;
#[path = "device/load.rs"]
mod load;
#[path = "device/pools.rs"]
mod pools;
#[path = "device/refusals.rs"]
mod refusals;
#[path = "device/sessions.rs"]
mod sessions;
#[path = "device/several.rs"]
mod several;
#[path = "device/stress.rs"]
mod stress;
#[path = "device/whole.rs"]
mod whole;
