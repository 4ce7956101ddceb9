//! A frame on a device becomes a model's input there, by a kernel: no sample goes over the bus.

use crate::detect::model::{Colours, Letterbox, Placed, Spec};
use crate::detect::{Area, DetectError};
use crate::pipeline::frame::{Frame, Samples};
use sightline_nv::{Buffer, Crop, Error, Fit, InputPicture, Kernels, Matrix, ModelInput, Samples as Numbers, placed};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Samples of a prepared picture in a device's memory.
#[derive(Clone)]
pub struct DeviceInput(Arc<Mutex<Buffer>>);

impl DeviceInput {
    /// The number of the device that it lies on.
    #[must_use]
    pub fn device(&self) -> u32 {
        self.with(|buffer| buffer.context().ordinal())
    }

    /// Works on the memory.
    pub(in crate::detect) fn with<T>(&self, work: impl FnOnce(&mut Buffer) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for DeviceInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceInput on {}", self.device())
    }
}

impl Spec {
    /// Makes `input` of a frame on a device, there; waits until it is done. `false`, and nothing done, where the kernel cannot: the frame
    /// is not on this device, is shown turned, or has pixels that are not square. It is then fetched and prepared as others are.
    ///
    /// # Errors
    /// The device fails.
    pub fn prepare_there(
        &self,
        kernels: &mut Kernels,
        frame: &Frame,
        crop: Option<Area>,
        input: &mut super::Input,
    ) -> Result<bool, DetectError> {
        let Samples::Device(picture) = &frame.samples else { return Ok(false) };
        let home = picture.home().card.context();
        let square = frame.sample_aspect.0 == frame.sample_aspect.1;
        if frame.rotation != 0 || !square || kernels.stream().context().ordinal() != home.ordinal() {
            return Ok(false);
        }
        let crop = crop.map_or(Area { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 }, |crop| crop.clamped());
        let model = self.on_device();
        let part = part(crop, (frame.width, frame.height));
        let matrix =
            Matrix { code: frame.colour.matrix, full_range: frame.colour.full_range, height: frame.height as u32 };
        let failed = |error: Error| DetectError::Device(error.to_string());
        let bytes = 4 * 3 * self.size.0 * self.size.1;
        let there = match input.device.take() {
            Some(there) if there.device() == home.ordinal() && there.with(|buffer| buffer.bytes() >= bytes) => there,
            _ => DeviceInput(Arc::new(Mutex::new(Buffer::new(home, bytes).map_err(failed)?))),
        };
        let picture = InputPicture { picture: picture.picture(), crop: part, matrix };
        there.with(|buffer| kernels.input(&model, &[picture], buffer)?.synchronize()).map_err(failed)?;
        input.placed = lies(placed(&model, part), part, (frame.width, frame.height));
        input.device = Some(there);
        Ok(true)
    }

    /// What the kernel is told of the model.
    fn on_device(&self) -> ModelInput {
        let view = &self.view;
        ModelInput {
            width: self.size.0 as u32,
            height: self.size.1 as u32,
            samples: Numbers::F32,
            pad: view.pad / 255.0,
            mean: view.mean.map(|mean| mean / 255.0),
            scale: view.std.map(|std| 255.0 / std),
            blue_first: view.colours == Colours::Bgr,
            fit: match view.letterbox {
                Letterbox::Centre => Fit::Centre,
                Letterbox::TopLeft => Fit::TopLeft,
                Letterbox::Stretch => Fit::Stretch,
            },
        }
    }
}

/// A part of the picture in samples, one at least.
fn part(crop: Area, (width, height): (usize, usize)) -> Crop {
    let side = |from: f32, to: f32, all: usize| {
        let all = all as f32;
        let first = (from * all).min(all - 1.0).max(0.0);
        (first, (to * all - first).clamp(1.0, all - first))
    };
    let ((x, width), (y, height)) = (side(crop.x1, crop.x2, width), side(crop.y1, crop.y2, height));
    Crop { x, y, width, height }
}

/// Where the model's pixels lie in the picture.
fn lies((left, top, wide, high): (i32, i32, i32, i32), part: Crop, (width, height): (usize, usize)) -> Placed {
    let (width, height) = (width as f32, height as f32);
    let within = Area {
        x1: part.x / width,
        y1: part.y / height,
        x2: (part.x + part.width) / width,
        y2: (part.y + part.height) / height,
    };
    let step = (within.width() / wide as f32, within.height() / high as f32);
    Placed { origin: (within.x1 - left as f32 * step.0, within.y1 - top as f32 * step.1), step, within }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_the_kernels_letterbox_lie_in_the_picture() {
        let whole = part(Area { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 }, (1920, 1080));
        assert_eq!(whole, Crop { x: 0.0, y: 0.0, width: 1920.0, height: 1080.0 });
        let spec = Spec { size: (640, 640), ..Spec::default() };
        let placed = lies(placed(&spec.on_device(), whole), whole, (1920, 1080));
        assert_eq!(placed.step, (1.0 / 640.0, 1.0 / 360.0));
        assert!((placed.origin.1 + 140.0 / 360.0).abs() < 1e-6 && placed.origin.0 == 0.0);
        // A crop of nothing is one sample.
        assert_eq!(part(Area { x1: 1.0, y1: 0.5, x2: 1.0, y2: 0.5 }, (64, 64)).width, 1.0);
    }
}
