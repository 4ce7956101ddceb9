//! Decoded pictures: where they lie, what their samples mean, and when they belong.

use super::clock::Mono;
use crate::device::DevicePicture;
use sightline_shared::time::{Epoch, Pts};

/// Where the samples lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The host's memory.
    Host,
    /// Memory of the device with this index.
    Device(u32),
}

/// Layout of the samples. libavcodec gives I420 and NVDEC NV12: neither is converted only to please a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// 8 bit, three planes, chroma halved in both directions.
    I420,
    /// 8 bit, luma plane and interleaved chroma plane, halved in both directions.
    Nv12,
    /// 10 bit in the low bits of 16, three planes, chroma halved in both directions.
    I42010,
    /// 8 bit, three planes, chroma halved horizontally.
    I422,
    /// 8 bit, three planes, full chroma.
    I444,
    /// 8 bit, luma alone.
    Grey,
    /// 10 bit in the high bits of 16, NV12's layout.
    P010,
}

/// How samples map to light (ITU-T H.273).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Colour {
    /// True for 0..255, false for 16..235.
    pub full_range: bool,
    /// MatrixCoefficients.
    pub matrix: u8,
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
}

/// One plane of a picture in host memory.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// Rows of `stride` bytes; the last may be short.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// One plane of a picture in host memory that is written.
#[derive(Debug)]
pub struct PlaneMut<'a> {
    /// Rows of `stride` bytes; the last may be short.
    pub data: &'a mut [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Samples in a row; for the chroma plane of NV12 pairs of them.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// A picture in host memory that is written: I420, or NV12 with an empty third plane.
#[derive(Debug)]
pub struct PictureMut<'a> {
    /// Layout of the samples.
    pub format: PixelFormat,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Luma, then chroma.
    pub planes: [PlaneMut<'a>; 3],
}

impl PictureMut<'_> {
    /// Copies a picture of the same layout and size, row by row; false where its planes are shorter than that, and some rows
    /// stay what they were.
    pub fn copy_from(&mut self, picture: &dyn HostPicture) -> bool {
        let mut whole = true;
        for (index, to) in self.planes.iter_mut().enumerate().filter(|(_, to)| to.width > 0) {
            let (data, stride) = picture.plane(index);
            let bytes = to.width * if self.format == PixelFormat::Nv12 && index == 1 { 2 } else { 1 };
            let rows = to.data.chunks_mut(to.stride.max(1)).zip(data.chunks(stride.max(1))).take(to.height);
            let mut copied = 0;
            for (to, from) in rows {
                if let (Some(to), Some(from)) = (to.get_mut(..bytes), from.get(..bytes)) {
                    to.copy_from_slice(from);
                    copied += 1;
                }
            }
            whole &= copied == to.height;
        }
        whole
    }
}

/// Samples in host memory that somebody owns: a libavcodec frame, or plain vectors.
pub trait HostPicture: Send + Sync {
    /// Bytes and stride of plane `index` (0 is luma).
    fn plane(&self, index: usize) -> (&[u8], usize);
}

/// The samples of a frame.
pub enum Samples {
    /// In host memory.
    Host(Box<dyn HostPicture>),
    /// In the memory of a device.
    Device(DevicePicture),
}

/// Where a picture is to be written.
pub enum Input<'a> {
    /// Into host memory.
    Host(PictureMut<'a>),
    /// Into the memory of a device.
    Device(&'a sightline_nv::Picture),
}

impl Input<'_> {
    /// Copies a picture of the same layout and size; false where it is not as large, or the place is not in host memory.
    pub fn copy_from(&mut self, picture: &dyn HostPicture) -> bool {
        match self {
            Self::Host(to) => to.copy_from(picture),
            Self::Device(_) => false,
        }
    }
}

/// One decoded picture.
pub struct Frame {
    /// The samples.
    pub samples: Samples,
    /// Their layout.
    pub format: PixelFormat,
    /// Width in pixels, before rotation.
    pub width: usize,
    /// Height in pixels, before rotation.
    pub height: usize,
    /// What they mean.
    pub colour: Colour,
    /// Sample aspect ratio.
    pub sample_aspect: (u32, u32),
    /// Clockwise rotation to show it with: 0, 90, 180, 270.
    pub rotation: u16,
    /// Epoch it belongs to.
    pub epoch: Epoch,
    /// When it is shown.
    pub pts: Pts,
    /// When its last packet had arrived.
    pub arrived: Mono,
    /// When it was decoded.
    pub decoded: Mono,
}

impl Frame {
    /// A picture of no stream, in host memory: upright, of square samples, in the colours usual for its size.
    #[must_use]
    pub fn of_planes(planes: Vec<(Vec<u8>, usize)>, format: PixelFormat, (width, height): (usize, usize)) -> Self {
        Self {
            samples: Samples::Host(Box::new(VecPicture { planes })),
            format,
            width,
            height,
            colour: Colour::default(),
            sample_aspect: (1, 1),
            rotation: 0,
            epoch: Epoch(0),
            pts: Pts(0),
            arrived: Mono::default(),
            decoded: Mono::default(),
        }
    }

    /// Where the samples lie.
    #[must_use]
    pub fn place(&self) -> Place {
        match &self.samples {
            Samples::Host(_) => Place::Host,
            Samples::Device(picture) => Place::Device(picture.home().card.ordinal()),
        }
    }

    /// Width and height as shown, in pixels.
    #[must_use]
    pub fn size_shown(&self) -> (usize, usize) {
        if self.rotation.is_multiple_of(180) { (self.width, self.height) } else { (self.height, self.width) }
    }

    /// The luma plane, if the samples are in host memory.
    #[must_use]
    pub fn luma(&self) -> Option<Plane<'_>> {
        let Samples::Host(picture) = &self.samples else { return None };
        let (data, stride) = picture.plane(0);
        Some(Plane { data, stride, width: self.width, height: self.height })
    }

    /// The same frame with its samples elsewhere, in another layout or size.
    #[must_use]
    pub fn with_samples(&self, samples: Samples, format: PixelFormat, (width, height): (usize, usize)) -> Self {
        let Self { colour, sample_aspect, rotation, epoch, pts, arrived, decoded, .. } = *self;
        Self { samples, format, width, height, colour, sample_aspect, rotation, epoch, pts, arrived, decoded }
    }
}

/// Planes in plain vectors, for pictures made here.
pub struct VecPicture {
    /// Bytes and stride of each plane.
    pub planes: Vec<(Vec<u8>, usize)>,
}

impl HostPicture for VecPicture {
    fn plane(&self, index: usize) -> (&[u8], usize) {
        let (data, stride) = &self.planes[index];
        (data, *stride)
    }
}
