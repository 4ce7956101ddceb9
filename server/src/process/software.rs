//! Resizing on the processor by fast_image_resize, plane by plane.
//!
//! Against libswscale (bilinear), side by side by `cargo bench -p sightline-server --bench resize`: FIGURES

use super::ProcessError;
use crate::pipeline::frame::{Frame, HostPicture, PictureMut, PixelFormat, PlaneMut, Samples};
use fast_image_resize::images::{TypedCroppedImage, TypedCroppedImageMut, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{InnerPixel, U8, U8x2};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

/// The resizer and planes in between that live from frame to frame.
#[derive(Default)]
pub(super) struct Software {
    resizer: Resizer,
    /// Samples brought to 8 bit, in rows without gaps.
    narrow: Vec<u8>,
    /// Interleaved chroma at its target size.
    pairs: Vec<u8>,
}

/// A plane to be read: samples of `bytes` bytes, rows of `stride` bytes.
#[derive(Clone, Copy)]
struct Source<'a> {
    data: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
}

impl Software {
    pub(super) fn run(&mut self, frame: &Frame, to: &mut PictureMut<'_>) -> Result<(), ProcessError> {
        if to.format != PixelFormat::I420 {
            return Err(ProcessError::Layout(to.format));
        }
        let Samples::Host(picture) = &frame.samples;
        let (halves, deep, paired) = layout(frame.format);
        let [luma, first, second] = &mut to.planes;
        let bytes = if deep { 2 } else { 1 };
        self.plane(plane(&**picture, frame, 0, (1, 1), bytes)?, deep, frame.format, luma)?;
        match (halves, paired) {
            (None, _) => [first, second].into_iter().for_each(|plane| plane.data.fill(128)),
            (Some(by), true) => self.pairs(plane(&**picture, frame, 1, by, 2 * bytes)?, deep, first, second)?,
            (Some(by), false) => {
                self.plane(plane(&**picture, frame, 1, by, bytes)?, deep, frame.format, first)?;
                self.plane(plane(&**picture, frame, 2, by, bytes)?, deep, frame.format, second)?;
            }
        }
        Ok(())
    }

    fn plane(
        &mut self,
        from: Source<'_>,
        deep: bool,
        format: PixelFormat,
        to: &mut PlaneMut<'_>,
    ) -> Result<(), ProcessError> {
        let Self { resizer, narrow, .. } = self;
        let from = if deep { narrowed(from, from.width, high_bits(format), narrow) } else { from };
        let out = Target { data: to.data, stride: to.stride, width: to.width, height: to.height };
        resize::<U8>(resizer, from, out)
    }

    /// Interleaved chroma: resized as pairs, then taken apart.
    fn pairs(
        &mut self,
        from: Source<'_>,
        deep: bool,
        first: &mut PlaneMut<'_>,
        second: &mut PlaneMut<'_>,
    ) -> Result<(), ProcessError> {
        let Self { resizer, narrow, pairs } = self;
        let from = if deep { narrowed(from, 2 * from.width, true, narrow) } else { from };
        let (width, height) = (first.width, first.height);
        pairs.resize(2 * width * height, 0);
        resize::<U8x2>(resizer, from, Target { data: pairs, stride: 2 * width, width, height })?;
        let rows = first.data.chunks_mut(first.stride).zip(second.data.chunks_mut(second.stride));
        for ((first, second), pairs) in rows.zip(pairs.chunks_exact(2 * width.max(1))) {
            for ((first, second), pair) in first.iter_mut().zip(second).zip(pairs.chunks_exact(2)) {
                (*first, *second) = (pair[0], pair[1]);
            }
        }
        Ok(())
    }
}

/// How chroma is divided (none without chroma), whether samples have 16 bits, and whether chroma is interleaved.
fn layout(format: PixelFormat) -> (Option<(usize, usize)>, bool, bool) {
    match format {
        PixelFormat::I420 => (Some((2, 2)), false, false),
        PixelFormat::Nv12 => (Some((2, 2)), false, true),
        PixelFormat::I42010 => (Some((2, 2)), true, false),
        PixelFormat::I422 => (Some((2, 1)), false, false),
        PixelFormat::I444 => (Some((1, 1)), false, false),
        PixelFormat::Grey => (None, false, false),
        PixelFormat::P010 => (Some((2, 2)), true, true),
    }
}

/// Whether the 10 bits stand at the upper end of 16.
fn high_bits(format: PixelFormat) -> bool {
    format == PixelFormat::P010
}

fn plane<'a>(
    picture: &'a dyn HostPicture,
    frame: &Frame,
    index: usize,
    divided: (usize, usize),
    bytes: usize,
) -> Result<Source<'a>, ProcessError> {
    let (data, stride) = picture.plane(index);
    let (width, height) = (frame.width.div_ceil(divided.0), frame.height.div_ceil(divided.1));
    let needed = stride * height.saturating_sub(1) + width * bytes;
    if width == 0 || height == 0 || stride < width * bytes || data.len() < needed {
        let (width, height) = (frame.width, frame.height);
        return Err(ProcessError::Short { plane: index, width, height, bytes: data.len(), stride });
    }
    Ok(Source { data, stride, width, height })
}

/// Brings samples of 16 bit (of which 10 are used) to 8, rounded; `samples` stand in a row.
fn narrowed<'a>(from: Source<'_>, samples: usize, high: bool, into: &'a mut Vec<u8>) -> Source<'a> {
    into.resize(samples * from.height, 0);
    let shift = if high { 8 } else { 2 };
    let half = 1 << (shift - 1);
    for (from, to) in from.data.chunks(from.stride).zip(into.chunks_exact_mut(samples)) {
        for (from, to) in from.chunks_exact(2).zip(to) {
            let wide = u32::from(u16::from_le_bytes([from[0], from[1]]));
            *to = ((wide + half) >> shift).min(255) as u8;
        }
    }
    Source { data: into, stride: samples, ..from }
}

struct Target<'a> {
    data: &'a mut [u8],
    stride: usize,
    width: usize,
    height: usize,
}

/// Resizes one plane; rows are taken for an image as wide as the stride, of which a part is used.
fn resize<P: InnerPixel + fast_image_resize::PixelTrait>(
    resizer: &mut Resizer,
    from: Source<'_>,
    to: Target<'_>,
) -> Result<(), ProcessError> {
    let bytes = P::size();
    if (from.width, from.height) == (to.width, to.height) {
        let len = from.width * bytes;
        let rows = from.data.chunks(from.stride).zip(to.data.chunks_mut(to.stride)).take(to.height);
        rows.for_each(|(from, to)| to[..len].copy_from_slice(&from[..len]));
        return Ok(());
    }
    let refused = |e: &dyn std::fmt::Display| ProcessError::Refused(e.to_string());
    let count = |n: usize| u32::try_from(n).map_err(|e| refused(&e));
    // The last row may be short: then the picture is read without it, which nobody sees in a smaller one.
    let rows = from.height.min(from.data.len() / from.stride);
    let source = TypedImageRef::<P>::from_buffer(count(from.stride / bytes)?, count(rows)?, from.data);
    let source = source.map_err(|e| refused(&e))?;
    // Not by the crop of the options: that one lets the filter see what stands behind the rows.
    let source =
        TypedCroppedImage::from_ref(&source, 0, 0, count(from.width)?, count(rows)?).map_err(|e| refused(&e))?;
    let mut target =
        TypedImage::<P>::from_buffer(count(to.stride / bytes)?, count(to.height)?, to.data).map_err(|e| refused(&e))?;
    let mut target = TypedCroppedImageMut::from_ref(&mut target, 0, 0, count(to.width)?, count(to.height)?)
        .map_err(|e| refused(&e))?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
    resizer.resize_typed(&source, &mut target, &options).map_err(|e| refused(&e))
}
