//! Resizing on the processor: by our own filter where it is made for the sizes, otherwise by libswscale, bilinear.
//!
//! Side by side, one thread of a shared two-core machine, I420 of 1080p (`cargo bench -p sightline-server --bench resize`): to 720p 0.85 ms,
//! libswscale 1.37, fast_image_resize 6.1 (triangle filter, AVX2) 3.25; to 360p, which is not ours, libswscale 0.89 to 1.01 and
//! fast_image_resize 1.59.

use super::ProcessError;
use super::triangle::Plan;
use crate::libav::{self, Scaler};
use crate::pipeline::frame::{Frame, PictureMut, PixelFormat, PlaneMut, Samples};
use ffmpeg_next::format::Pixel;

/// Layout and size.
type Shape = (PixelFormat, usize, usize);
/// What a scaler is made for: the shape of the frame, and of the picture.
type Key = (Shape, Shape);

/// The scaler that fits the frames so far.
#[derive(Default)]
pub(super) struct Software {
    scaler: Option<(Key, Way)>,
}

/// Who resizes.
enum Way {
    /// A plan for each plane.
    Triangle(Vec<Plan>),
    Swscale(Scaler),
}

impl Way {
    fn new(frame: &Frame, to: &PictureMut<'_>, target: Pixel) -> Result<Self, ProcessError> {
        let pixel = pixel(frame.format);
        let halves = (frame.width.div_ceil(2), frame.height.div_ceil(2));
        let sizes = match pixel {
            Pixel::YUV420P if target == pixel => vec![(frame.width, frame.height), halves, halves],
            Pixel::GRAY8 => vec![(frame.width, frame.height)],
            _ => Vec::new(),
        };
        let plans = sizes.iter().zip(&to.planes).map(|(from, to)| Plan::new(*from, (to.width, to.height)));
        if let Some(plans) = plans.collect::<Option<Vec<_>>>().filter(|plans| !plans.is_empty()) {
            return Ok(Self::Triangle(plans));
        }
        // libswscale takes grey for full range: as a plane of its own it stays what it is.
        let target = if pixel == Pixel::GRAY8 { Pixel::GRAY8 } else { target };
        libav::init();
        Scaler::new((pixel, frame.width, frame.height), (target, to.width, to.height))
            .map(Self::Swscale)
            .map_err(|e| ProcessError::Refused(e.to_string()))
    }

    /// False where a plane is shorter than its size says.
    fn run(&mut self, planes: &[(&[u8], usize)], to: &mut [PlaneMut<'_>; 3]) -> bool {
        match self {
            Self::Triangle(plans) => plans.iter_mut().zip(planes).zip(to).all(|((plan, from), to)| plan.run(*from, to)),
            Self::Swscale(scaler) => scaler.run(planes, to).is_ok(),
        }
    }
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
        let planes: Vec<_> = (0..planes_of(frame.format)).map(|index| picture.plane(index)).collect();
        let key = ((frame.format, frame.width, frame.height), (to.format, to.width, to.height));
        let way = match &mut self.scaler {
            Some((known, way)) if *known == key => way,
            other => &mut other.insert((key, Way::new(frame, to, target)?)).1,
        };
        if !way.run(&planes, &mut to.planes) {
            return Err(ProcessError::Short { width: frame.width, height: frame.height, format: frame.format });
        }
        if frame.format == PixelFormat::Grey {
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
