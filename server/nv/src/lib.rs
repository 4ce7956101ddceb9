//! NVIDIA devices from Rust: decoder (NVDEC), kernels (CUDA) and encoder (NVENC), with frames that stay in the device's memory.
//!
//! Three layers: `raw` has the types of NVIDIA's interfaces, `checked` finds the driver's functions while running and makes a `Result` of every
//! status, and the modules that are public own what they make and cannot be used wrongly. No NVIDIA library is linked. Where one is missing or
//! old, or the device cannot do a thing, an [`Error`] says so in words; [`probe()`] tells all of it at once.
#![allow(unsafe_code, reason = "calls into the driver; each block says why it is sound")]

#[allow(dead_code, reason = "the structures are the interface's, whole")]
mod raw;

mod checked;
mod context;
mod decoder;
mod draw;
mod encoder;
mod error;
mod kernels;
mod load;
mod memory;
mod module;
mod picture;
mod pinned;
mod probe;
pub mod reference;
mod stream;
#[cfg(feature = "onnx")]
mod tensor;
mod timing;

pub use context::{Context, Copied, Driver, Remembered};
pub use decoder::{Decoded, Decoder, DecoderOptions, StreamFormat};
pub use draw::{Atlas, DrawList, Ink, Letters, PIXELATE_CELL};
pub use encoder::{
    Codec, Colour, Encoded, Encoder, EncoderCaps, EncoderSettings, HeldSession, Rate, RateControl, Reconfigured, Room,
    Tuning, sessions,
};
pub use error::Error;
pub use kernels::{Crop, Fit, Input, InputPicture, Kernels, Matrix, ModelInput, Samples, placed};
pub use load::{Load, Monitor};
pub use memory::{Buffer, Pool};
pub use picture::{Format, Picture, View};
pub use probe::{DecodeAbility, DeviceReport, EncodeAbility, Report, Switches, probe};
pub use stream::{Event, Stream};
pub use timing::{Timing, Timings};
