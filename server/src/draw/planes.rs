//! The planes that are drawn on, and where a place of the picture as shown lies on them.

use super::DrawError;
use super::fill::Area;
use crate::pipeline::frame::Colour;
use sightline_shared::draw::Fill;

/// Bytes of a plane that may be changed, and from one row to the next.
pub(super) struct PlaneMut<'a> {
    pub(super) data: &'a mut [u8],
    pub(super) stride: usize,
}

pub(super) enum ChromaMut<'a> {
    Planar { cb: PlaneMut<'a>, cr: PlaneMut<'a> },
    Interleaved(PlaneMut<'a>),
}

/// An 8-bit picture in host memory, I420 or NV12, that may be drawn on.
pub struct PictureMut<'a> {
    pub(super) luma: PlaneMut<'a>,
    pub(super) chroma: ChromaMut<'a>,
    width: usize,
    height: usize,
    rotation: u16,
    colour: Colour,
}

/// What a picture is, beside its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Width in pixels, as coded.
    pub width: usize,
    /// Height in pixels, as coded.
    pub height: usize,
    /// Clockwise rotation to show it with: 0, 90, 180, 270.
    pub rotation: u16,
    /// What its samples mean.
    pub colour: Colour,
}

impl<'a> PictureMut<'a> {
    /// I420: luma, Cb, Cr, each with its bytes from row to row.
    ///
    /// # Errors
    /// A plane is too short.
    pub fn i420(facts: Facts, planes: [(&'a mut [u8], usize); 3]) -> Result<Self, DrawError> {
        let (half_width, half_height) = (facts.width.div_ceil(2), facts.height.div_ceil(2));
        let [luma, cb, cr] = planes;
        let luma = plane(luma, (facts.width, facts.height), facts)?;
        let cb = plane(cb, (half_width, half_height), facts)?;
        let cr = plane(cr, (half_width, half_height), facts)?;
        Ok(Self::new(facts, luma, ChromaMut::Planar { cb, cr }))
    }

    /// NV12: luma, and Cb and Cr in turn, each with its bytes from row to row.
    ///
    /// # Errors
    /// A plane is too short.
    pub fn nv12(facts: Facts, planes: [(&'a mut [u8], usize); 2]) -> Result<Self, DrawError> {
        let [luma, chroma] = planes;
        let luma = plane(luma, (facts.width, facts.height), facts)?;
        let chroma = plane(chroma, (2 * facts.width.div_ceil(2), facts.height.div_ceil(2)), facts)?;
        Ok(Self::new(facts, luma, ChromaMut::Interleaved(chroma)))
    }

    fn new(facts: Facts, luma: PlaneMut<'a>, chroma: ChromaMut<'a>) -> Self {
        let Facts { width, height, rotation, colour } = facts;
        Self { luma, chroma, width, height, rotation, colour }
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

fn plane<'a>(
    (data, stride): (&'a mut [u8], usize),
    (bytes, rows): (usize, usize),
    facts: Facts,
) -> Result<PlaneMut<'a>, DrawError> {
    let short = DrawError::ShortPlanes { width: facts.width, height: facts.height };
    if bytes == 0 || rows == 0 || stride < bytes || data.len() < stride * (rows - 1) + bytes {
        return Err(short);
    }
    Ok(PlaneMut { data, stride })
}
