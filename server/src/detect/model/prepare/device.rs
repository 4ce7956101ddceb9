//! Frames on a device become a model's inputs there, by one launch of a kernel: no sample goes over the bus.

use crate::detect::Area;
use crate::detect::model::{Colours, Input, Letterbox, Placed, Spec};
use crate::pipeline::frame::{Frame, Samples};
use sightline_nv::{
    Buffer, Crop, Error, Fit, InputPicture, Kernels, Matrix, ModelInput, Picture, Samples as Numbers, placed,
};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The inputs of a batch in a device's memory, one behind the other.
pub(super) type There = Arc<Mutex<Buffer>>;

/// Samples of a prepared picture in a device's memory.
#[derive(Clone)]
pub struct DeviceInput {
    batch: There,
    at: usize,
}

impl DeviceInput {
    /// The number of the device that it lies on.
    #[must_use]
    pub fn device(&self) -> u32 {
        self.with(|buffer| buffer.context().ordinal())
    }

    /// Which one of the inputs in its memory it is, from 0.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether it lies right behind `before`: both go into a model as they lie.
    #[must_use]
    pub fn follows(&self, before: &Self) -> bool {
        Arc::ptr_eq(&self.batch, &before.batch) && self.at == before.at + 1
    }

    /// Works on the memory.
    pub fn with<T>(&self, work: impl FnOnce(&mut Buffer) -> T) -> T {
        work(&mut self.batch.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for DeviceInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "input {} on device {}", self.at, self.device())
    }
}

/// Whether the kernel can make an input of a frame: it is not for pictures that are shown turned, or whose pixels are not square.
pub(super) fn is_plain(frame: &Frame) -> bool {
    frame.rotation == 0 && frame.sample_aspect.0 == frame.sample_aspect.1
}

impl Spec {
    /// Bytes of one input.
    fn bytes(&self) -> usize {
        4 * 3 * self.size.0 * self.size.1
    }

    /// Makes inputs of plain frames of one format on the device of `kernels`, and waits until it is done. The memory of before is used
    /// again where it is large enough.
    pub(super) fn prepare_there(
        &self,
        kernels: &mut Kernels,
        frames: &[(&Frame, Option<Area>)],
        memory: &mut Option<There>,
    ) -> Result<Vec<Input>, Error> {
        let model = self.on_device();
        let jobs: Vec<(InputPicture<'_>, Placed)> =
            frames.iter().filter_map(|(frame, crop)| job(&model, frame, *crop)).collect();
        let pictures: Vec<InputPicture<'_>> = jobs.iter().map(|(picture, _)| *picture).collect();
        let context = kernels.stream().context().clone();
        let fits = |there: &There| {
            let buffer = there.lock().unwrap_or_else(PoisonError::into_inner);
            buffer.bytes() >= pictures.len() * self.bytes() && buffer.context().is(&context)
        };
        let batch = match memory.take().filter(fits) {
            Some(there) => there,
            None => Arc::new(Mutex::new(Buffer::new(&context, pictures.len() * self.bytes())?)),
        };
        {
            let buffer = batch.lock().unwrap_or_else(PoisonError::into_inner);
            kernels.input(&model, &pictures, &buffer)?.synchronize()?;
        }
        *memory = Some(batch.clone());
        let input = |(at, (_, placed)): (usize, &(InputPicture<'_>, Placed))| Input {
            placed: *placed,
            device: Some(DeviceInput { batch: batch.clone(), at }),
            ..Input::default()
        };
        Ok(jobs.iter().enumerate().map(input).collect())
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

/// What the kernel is told of a frame, and where the model's pixels come to lie in it; `None` where it is in host memory.
fn job<'a>(model: &ModelInput, frame: &'a Frame, crop: Option<Area>) -> Option<(InputPicture<'a>, Placed)> {
    let Samples::Device(lying) = &frame.samples else { return None };
    let picture: &Picture = lying.picture();
    let size = (frame.width, frame.height);
    let crop = part(crop.map_or(WHOLE, |crop| crop.clamped()), size);
    let matrix = Matrix { code: frame.colour.matrix, full_range: frame.colour.full_range, height: frame.height as u32 };
    Some((InputPicture { picture, crop, matrix }, lies(placed(model, crop), crop, size)))
}

/// All of a picture.
pub(super) const WHOLE: Area = Area { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 };

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
        let whole = part(WHOLE, (1920, 1080));
        assert_eq!(whole, Crop { x: 0.0, y: 0.0, width: 1920.0, height: 1080.0 });
        let spec = Spec { size: (640, 640), ..Spec::default() };
        let placed = lies(placed(&spec.on_device(), whole), whole, (1920, 1080));
        assert_eq!(placed.step, (1.0 / 640.0, 1.0 / 360.0));
        assert!((placed.origin.1 + 140.0 / 360.0).abs() < 1e-6 && placed.origin.0 == 0.0);
        // A crop of nothing is one sample.
        assert_eq!(part(Area { x1: 1.0, y1: 0.5, x2: 1.0, y2: 0.5 }, (64, 64)).width, 1.0);
    }
}
