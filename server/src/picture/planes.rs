//! Planes of a still picture: any host format to 8-bit I420 of the wanted size, and turning.

use super::PictureError;
use crate::pipeline::frame::{Frame, PixelFormat, Samples};
use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;

/// Data and bytes from row to row.
type Plane = (Vec<u8>, usize);

/// The frame's planes as I420 of `width` x `height`, in its own matrix and range.
pub(super) fn resized(frame: &Frame, width: usize, height: usize) -> Result<Vec<Plane>, PictureError> {
    let (luma, chroma) = ((width, height), (width.div_ceil(2), height.div_ceil(2)));
    let read = copied(frame)?;
    if (frame.width, frame.height) == (width, height) && read.format() == Pixel::YUV420P {
        return Ok([luma, chroma, chroma]
            .iter()
            .enumerate()
            .map(|(index, size)| packed(&read, index, *size))
            .collect());
    }
    let refused = |e: ffmpeg::Error| PictureError::Refused(e.to_string());
    let (from, to) = ((read.format(), read.width(), read.height()), (Pixel::YUV420P, width as u32, height as u32));
    let flags = scaling::Flags::BICUBIC | scaling::Flags::ACCURATE_RND;
    let mut scaler = scaling::Context::get(from.0, from.1, from.2, to.0, to.1, to.2, flags).map_err(refused)?;
    let mut written = ffmpeg::frame::Video::new(to.0, to.1, to.2);
    scaler.run(&read, &mut written).map_err(refused)?;
    Ok([luma, chroma, chroma].iter().enumerate().map(|(index, size)| packed(&written, index, *size)).collect())
}

fn packed(picture: &ffmpeg::frame::Video, index: usize, (width, height): (usize, usize)) -> Plane {
    let rows = picture.data(index).chunks(picture.stride(index)).take(height);
    (rows.flat_map(|row| &row[..width]).copied().collect(), width)
}

/// The samples in a picture of libav's. Names without J: swscale then leaves the range as it is.
fn copied(frame: &Frame) -> Result<ffmpeg::frame::Video, PictureError> {
    let Samples::Host(samples) = &frame.samples;
    let format = match frame.format {
        // swscale takes grey for full range; with planes of no colour it is left alone.
        PixelFormat::I420 | PixelFormat::Grey => Pixel::YUV420P,
        PixelFormat::Nv12 => Pixel::NV12,
        PixelFormat::I42010 => Pixel::YUV420P10LE,
        PixelFormat::I422 => Pixel::YUV422P,
        PixelFormat::I444 => Pixel::YUV444P,
        PixelFormat::P010 => Pixel::P010LE,
    };
    let unreadable = PictureError::Unreadable { width: frame.width, height: frame.height };
    if frame.width == 0 || frame.height == 0 {
        return Err(unreadable);
    }
    let mut picture = ffmpeg::frame::Video::new(format, frame.width as u32, frame.height as u32);
    for index in 0..picture.planes() {
        let (bytes, rows) = row_bytes(frame, index);
        let stride = picture.stride(index);
        if frame.format == PixelFormat::Grey && index > 0 {
            picture.data_mut(index).fill(128);
            continue;
        }
        let (data, from_stride) = samples.plane(index);
        if from_stride < bytes || data.len() < from_stride * (rows - 1) + bytes {
            return Err(unreadable);
        }
        let to = picture.data_mut(index).chunks_mut(stride);
        for (to, from) in to.zip(data.chunks(from_stride)).take(rows) {
            to[..bytes].copy_from_slice(&from[..bytes]);
        }
    }
    Ok(picture)
}

/// Bytes in a row, and rows, of a plane.
fn row_bytes(frame: &Frame, index: usize) -> (usize, usize) {
    let (width, height) = (frame.width, frame.height);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    match (frame.format, index) {
        (PixelFormat::I42010 | PixelFormat::P010, 0) => (2 * width, height),
        (_, 0) | (PixelFormat::I444, _) => (width, height),
        (PixelFormat::I420 | PixelFormat::Grey, _) => (half_width, half_height),
        (PixelFormat::Nv12 | PixelFormat::I42010, _) => (2 * half_width, half_height),
        (PixelFormat::I422, _) => (half_width, height),
        (PixelFormat::P010, _) => (4 * half_width, half_height),
    }
}

/// Turns packed I420 planes of `width` x `height` clockwise.
pub(super) fn turn(planes: Vec<Plane>, width: usize, height: usize, rotation: u16) -> Vec<Plane> {
    let sizes = [(width, height), (width.div_ceil(2), height.div_ceil(2)), (width.div_ceil(2), height.div_ceil(2))];
    planes.into_iter().zip(sizes).map(|(plane, size)| turn_one(plane, size, rotation)).collect()
}

fn turn_one((data, stride): Plane, (width, height): (usize, usize), rotation: u16) -> Plane {
    let at = |x: usize, y: usize| data[y * stride + x];
    let built = |across: usize, down: usize, from: &dyn Fn(usize, usize) -> u8| {
        let pixels = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
        (pixels.map(|(x, y)| from(x, y)).collect(), across)
    };
    match rotation {
        90 => built(height, width, &|x, y| at(y, height - 1 - x)),
        180 => built(width, height, &|x, y| at(width - 1 - x, height - 1 - y)),
        270 => built(height, width, &|x, y| at(width - 1 - y, x)),
        _ => (data, stride),
    }
}
