//! A frame becomes a model's input: picked, blended, coloured and laid down in one pass over the frame's own rows.
//!
//! It is OpenCV's bilinear resize, which most models were trained with, done on luma and chroma before they are colours: the
//! four neighbours of each wanted point, chroma as it stands at each of them. Rows are blended first, into 16 bit; what is picked
//! from them becomes the three planes at once. Nothing is allocated where the next frame is like the one before.

mod device;
mod plan;
mod preparer;
mod rows;
mod simd;

pub use device::DeviceInput;
pub(in crate::detect) use plan::Plan;
pub use preparer::Preparer;

use super::{Input, Spec};
use crate::detect::{Area, DetectError};
use crate::pipeline::frame::{Frame, Samples};

impl Spec {
    /// Makes `input` of `frame`, or of the part `crop` of it (in fractions of the picture as shown), upright. The planes it wrote
    /// before are used again.
    ///
    /// # Errors
    /// [`DetectError`] where the samples are not in host memory, or fewer than the frame's size says.
    pub fn prepare(&self, frame: &Frame, crop: Option<Area>, input: &mut Input) -> Result<(), DetectError> {
        let Samples::Host(picture) = &frame.samples else { return Err(DetectError::NotOnHost("model")) };
        let asked = plan::Asked::new(self, frame, crop);
        let plan = match &mut input.plan {
            Some(plan) if *plan.asked() == asked => plan,
            other => {
                let plan = Box::new(Plan::new(asked));
                plan.pad(&mut input.samples);
                other.insert(plan)
            }
        };
        input.placed = plan.placed();
        input.device = None;
        let (data, stride) = picture.plane(0);
        let short = || DetectError::BadPlane { width: frame.width, height: frame.height, bytes: data.len(), stride };
        plan.run(&**picture, &mut input.samples).ok_or_else(short)
    }
}

#[cfg(test)]
mod tests;
