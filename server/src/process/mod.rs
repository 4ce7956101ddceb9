//! Frames in, pictures of another size and layout out. The contract; bodies stand beside it under the name of what they use.
//!
//! Rotation is not done here: a rendition keeps the orientation that it was coded in, and its init segment says how it is shown,
//! as the one of `source` does. That saves a pass over every sample, and boxes mean the same in all renditions.

mod simd;
mod software;
mod triangle;

use crate::pipeline::frame::{Frame, PictureMut, PixelFormat};
use software::Software;

/// Why a picture could not be made of a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessError {
    /// Only I420 is written.
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
}

/// Makes pictures of one size of frames of any layout, in one pass over the samples. Keeps what it needs between frames.
#[derive(Default)]
pub struct Resizer {
    software: Software,
}

impl Resizer {
    /// Writes `frame` into `to` (I420), resized to its size: a bilinear filter as wide as the reduction, so that nothing
    /// aliases. Samples of 10 bit are rounded to 8; grey gets chroma without colour.
    ///
    /// # Errors
    /// See [`ProcessError`]; `to` then holds anything.
    pub fn run(&mut self, frame: &Frame, to: &mut PictureMut<'_>) -> Result<(), ProcessError> {
        self.software.run(frame, to)
    }
}

#[cfg(test)]
mod tests;
