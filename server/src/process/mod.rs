//! Frames in, pictures of another size and layout out. The contract; bodies stand beside it under the name of what they use.
//!
//! Rotation is not done here: a rendition keeps the orientation that it was coded in, and its init segment says how it is shown,
//! as the one of `source` does. That saves a pass over every sample, and boxes mean the same in all renditions.

mod device;
mod simd;
mod software;
mod triangle;

use crate::device::{self as hardware, Bus};
use crate::pipeline::frame::{Frame, Input, PictureMut, PixelFormat};
use device::OnDevice;
use software::Software;
use std::time::Duration;

/// Why a picture could not be made of a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessError {
    /// Only I420 and NV12 are written.
    #[error("a picture of layout {0:?} cannot be written here")]
    Layout(PixelFormat),
    /// A plane is shorter than its size says.
    #[error("a plane of a picture of {width}x{height} ({format:?}) is cut off")]
    Short {
        /// Width of the picture in pixels.
        width: usize,
        /// Height of the picture in pixels.
        height: usize,
        /// Its layout.
        format: PixelFormat,
    },
    /// The body refused.
    #[error("the picture cannot be resized: {0}")]
    Refused(String),
    /// The device that the picture lies on, or is to lie on, failed.
    #[error("the picture cannot be had of the device: {0}")]
    Device(#[from] hardware::Error),
}

/// Makes pictures of one size of frames of any layout, in one pass over the samples. Keeps what it needs between frames.
#[derive(Default)]
pub struct Resizer {
    software: Software,
    device: OnDevice,
}

impl Resizer {
    /// Writes `frame` into `to` (I420 or NV12), resized to its size: a bilinear filter as wide as the reduction, so that nothing
    /// aliases. Samples of 10 bit are rounded to 8; grey gets chroma without colour. A frame on a device is resized there, and
    /// fetched then.
    ///
    /// # Errors
    /// See [`ProcessError`]; `to` then holds anything.
    pub fn run(&mut self, frame: &Frame, to: &mut PictureMut<'_>) -> Result<(), ProcessError> {
        let fetched = self.device.fetch(frame, (to.width, to.height))?;
        self.software.run(fetched.as_ref().unwrap_or(frame), to)
    }

    /// How long a device worked on each picture, of those that were not told yet.
    pub fn device_times(&mut self) -> Vec<Duration> {
        self.device.device_times()
    }

    /// Writes `frame` into `to`, wherever both lie. What has to go over the bus does so in the smaller of the two sizes where the
    /// device has kernels, and is counted on `bus`.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn fill(&mut self, frame: &Frame, to: &mut Input<'_>, bus: &Bus) -> Result<(), ProcessError> {
        match to {
            Input::Host(to) => self.run(frame, to),
            Input::Device(to) => self.device.fill(&mut self.software, frame, to, bus),
        }
    }
}

#[cfg(test)]
mod tests;
