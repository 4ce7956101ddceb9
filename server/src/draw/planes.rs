//! The planes that are drawn on, and where a place of the picture as shown lies on them.

use super::DrawError;
use super::parts::Area;
use crate::pipeline::frame::{Colour, PictureMut, PixelFormat, PlaneMut};
use sightline_shared::draw::Fill;

/// Bytes of a plane that may be changed, and from one row to the next.
pub(super) struct Plane<'a> {
    pub(super) data: &'a mut [u8],
    pub(super) stride: usize,
}

impl Plane<'_> {
    /// What lies in the plane from byte `x` of row `y` on.
    pub(super) fn from(&mut self, y: usize, x: usize) -> Plane<'_> {
        Plane { data: &mut self.data[y * self.stride + x..], stride: self.stride }
    }
}

pub(super) enum Chroma<'a> {
    Planar { cb: Plane<'a>, cr: Plane<'a> },
    Interleaved(Plane<'a>),
}

/// What the bytes of a plane's rows are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Samples {
    Luma,
    /// Cb and Cr in turn.
    Pairs,
    Blue,
    Red,
}

impl Samples {
    /// The byte that pixel `x` of a row belongs to, or the first of two.
    pub(super) fn byte(self, x: usize) -> usize {
        match self {
            Self::Luma => x,
            Self::Pairs => x / 2 * 2,
            Self::Blue | Self::Red => x / 2,
        }
    }

    /// Bytes of a row of `width` pixels.
    pub(super) fn bytes(self, width: usize) -> usize {
        self.byte(width - 1) + if matches!(self, Self::Pairs) { 2 } else { 1 }
    }

    /// Of a colour's samples those of even bytes and of odd ones.
    pub(super) fn of(self, [luma, blue, red]: [u8; 3]) -> (u8, u8) {
        match self {
            Self::Luma => (luma, luma),
            Self::Pairs => (blue, red),
            Self::Blue => (blue, blue),
            Self::Red => (red, red),
        }
    }
}

/// A picture that may be drawn on, how it is to be turned when it is shown, and what its samples mean.
pub struct Canvas<'a> {
    pub(super) luma: Plane<'a>,
    pub(super) chroma: Chroma<'a>,
    width: usize,
    height: usize,
    rotation: u16,
    colour: Colour,
}

impl<'a> Canvas<'a> {
    /// Takes an I420 or NV12 picture, shown turned clockwise by `rotation`: 0, 90, 180, 270.
    ///
    /// # Errors
    /// Another layout, or a plane that is too short.
    pub fn new(picture: &'a mut PictureMut<'_>, rotation: u16, colour: Colour) -> Result<Self, DrawError> {
        let (width, height) = (picture.width, picture.height);
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let [luma, first, second] = &mut picture.planes;
        let short = DrawError::ShortPlanes { width, height };
        let luma = plane(luma, (width, height)).ok_or(short)?;
        let chroma = match picture.format {
            PixelFormat::I420 => Chroma::Planar {
                cb: plane(first, (half_width, half_height)).ok_or(short)?,
                cr: plane(second, (half_width, half_height)).ok_or(short)?,
            },
            PixelFormat::Nv12 => Chroma::Interleaved(plane(first, (2 * half_width, half_height)).ok_or(short)?),
            other => return Err(DrawError::Layout(other)),
        };
        Ok(Self { luma, chroma, width, height, rotation, colour })
    }

    /// Width and height as coded.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub(super) fn rotation(&self) -> u16 {
        self.rotation
    }

    pub(super) fn colour(&self) -> Colour {
        self.colour
    }

    /// Width and height in pixels of the picture as shown: what draw lists are made for.
    #[must_use]
    pub fn shown(&self) -> (f32, f32) {
        let (width, height) = (self.width as f32, self.height as f32);
        if self.rotation.is_multiple_of(180) { (width, height) } else { (height, width) }
    }

    /// Does the same to each plane.
    pub(super) fn each(&mut self, mut with: impl FnMut(&mut Plane<'a>, Samples)) {
        with(&mut self.luma, Samples::Luma);
        match &mut self.chroma {
            Chroma::Interleaved(plane) => with(plane, Samples::Pairs),
            Chroma::Planar { cb, cr } => {
                with(cb, Samples::Blue);
                with(cr, Samples::Red);
            }
        }
    }

    /// Where `fill`, which lies within the picture as shown, lies on the planes.
    pub(super) fn area(&self, fill: &Fill) -> Area {
        let whole = |value: i32| usize::try_from(value).unwrap_or(0);
        let (x, y) = ((whole(fill.x0), whole(fill.x1)), (whole(fill.y0), whole(fill.y1)));
        let back = |(from, to): (usize, usize), most: usize| (most.saturating_sub(to), most.saturating_sub(from));
        let (x, y) = match self.rotation {
            90 => (y, back(x, self.height)),
            180 => (back(x, self.width), back(y, self.height)),
            270 => (back(y, self.width), x),
            _ => (x, y),
        };
        let area = Area { x0: x.0, y0: y.0, x1: x.1.min(self.width), y1: y.1.min(self.height) };
        debug_assert!(area.x0 < area.x1 && area.y0 < area.y1, "{fill:?} on {}x{}", self.width, self.height);
        area
    }
}

fn plane<'a>(plane: &'a mut PlaneMut<'_>, (bytes, rows): (usize, usize)) -> Option<Plane<'a>> {
    let fits = bytes > 0 && rows > 0 && plane.stride >= bytes && plane.data.len() >= plane.stride * (rows - 1) + bytes;
    fits.then_some(Plane { data: &mut *plane.data, stride: plane.stride })
}
