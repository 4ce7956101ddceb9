//! Resizing on the processor by libswscale, bilinear.
//!
//! Side by side with fast_image_resize 6.1 (triangle filter, AVX2, plane by plane), one thread of a shared two-core machine,
//! 1080p to 720p and to 360p (`cargo bench -p sightline-server --bench resize`): I420 1.05 ms against 3.12, 0.79 against 1.51;
//! NV12 1.23 against 3.58, 1.02 against 1.46; 10 bit 1.34 against 3.69, 0.97 against 2.08. The faster one stands here.

use super::ProcessError;
use crate::libav::{self, Scaler};
use crate::pipeline::frame::{Frame, PictureMut, PixelFormat, Samples};
use ffmpeg_next::format::Pixel;

/// Layout and size.
type Shape = (PixelFormat, usize, usize);
/// What a scaler is made for: the shape of the frame, and of the picture.
type Key = (Shape, Shape);

/// The scaler that fits the frames so far.
#[derive(Default)]
pub(super) struct Software {
    scaler: Option<(Key, Scaler)>,
}

impl Software {
    pub(super) fn run(&mut self, frame: &Frame, to: &mut PictureMut<'_>) -> Result<(), ProcessError> {
        let target = match to.format {
            PixelFormat::I420 => Pixel::YUV420P,
            PixelFormat::Nv12 => Pixel::NV12,
            other => return Err(ProcessError::Layout(other)),
        };
        let Samples::Host(picture) = &frame.samples else {
            return Err(ProcessError::Refused("its samples are on a device".into()));
        };
        if frame.format == to.format && (frame.width, frame.height) == (to.width, to.height) {
            let short = ProcessError::Short { width: frame.width, height: frame.height, format: frame.format };
            return if to.copy_from(&**picture) { Ok(()) } else { Err(short) };
        }
        let pixel = pixel(frame.format);
        // libswscale takes grey for full range: as a plane of its own it stays what it is, and chroma is without colour.
        let (target, grey) = if pixel == Pixel::GRAY8 { (Pixel::GRAY8, true) } else { (target, false) };
        let planes: Vec<_> = (0..planes_of(frame.format)).map(|index| picture.plane(index)).collect();
        let key = ((frame.format, frame.width, frame.height), (to.format, to.width, to.height));
        let scaler = match &mut self.scaler {
            Some((known, scaler)) if *known == key => scaler,
            other => {
                libav::init();
                let new = Scaler::new((pixel, frame.width, frame.height), (target, to.width, to.height));
                let new = new.map_err(|e| ProcessError::Refused(e.to_string()))?;
                &mut other.insert((key, new)).1
            }
        };
        scaler.run(&planes, &mut to.planes).map_err(|_| ProcessError::Short {
            width: frame.width,
            height: frame.height,
            format: frame.format,
        })?;
        if grey {
            to.planes[1..].iter_mut().for_each(|plane| plane.data.fill(128));
        }
        Ok(())
    }
}

fn pixel(format: PixelFormat) -> Pixel {
    match format {
        PixelFormat::I420 => Pixel::YUV420P,
        PixelFormat::Nv12 => Pixel::NV12,
        PixelFormat::I42010 => Pixel::YUV420P10LE,
        PixelFormat::I422 => Pixel::YUV422P,
        PixelFormat::I444 => Pixel::YUV444P,
        PixelFormat::Grey => Pixel::GRAY8,
        PixelFormat::P010 => Pixel::P010LE,
    }
}

fn planes_of(format: PixelFormat) -> usize {
    match format {
        PixelFormat::Grey => 1,
        PixelFormat::Nv12 | PixelFormat::P010 => 2,
        PixelFormat::I420 | PixelFormat::I42010 | PixelFormat::I422 | PixelFormat::I444 => 3,
    }
}
