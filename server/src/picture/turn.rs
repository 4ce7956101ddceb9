//! Planes of a still picture: made of any host format in the wanted size, and turned.

use super::PictureError;
use crate::pipeline::frame::{Frame, PictureMut, PixelFormat, PlaneMut};
use crate::process::Resizer;

/// Data and bytes from row to row.
pub(super) type Plane = (Vec<u8>, usize);

/// The frame's planes as packed I420 of `width` x `height`, in its own matrix and range.
pub(super) fn resized(frame: &Frame, width: usize, height: usize) -> Result<[Plane; 3], PictureError> {
    let sizes = [(width, height), (width.div_ceil(2), height.div_ceil(2)), (width.div_ceil(2), height.div_ceil(2))];
    let mut planes = sizes.map(|(width, height)| (vec![0; width * height], width));
    let mut to = picture_mut(&mut planes, width, height);
    Resizer::default().run(frame, &mut to).map_err(|e| PictureError::Refused(e.to_string()))?;
    Ok(planes)
}

/// Packed I420 planes as a picture to be written.
pub(super) fn picture_mut(planes: &mut [Plane; 3], width: usize, height: usize) -> PictureMut<'_> {
    let (halves, heights) = (width.div_ceil(2), height.div_ceil(2));
    let [luma, cb, cr] = planes;
    let planes = [
        PlaneMut { data: &mut luma.0, stride: luma.1, width, height },
        PlaneMut { data: &mut cb.0, stride: cb.1, width: halves, height: heights },
        PlaneMut { data: &mut cr.0, stride: cr.1, width: halves, height: heights },
    ];
    PictureMut { format: PixelFormat::I420, width, height, planes }
}

/// Turns packed I420 planes of `width` x `height` clockwise.
pub(super) fn turned(planes: [Plane; 3], width: usize, height: usize, rotation: u16) -> [Plane; 3] {
    let half = (width.div_ceil(2), height.div_ceil(2));
    let [luma, cb, cr] = planes;
    [turn(luma, (width, height), rotation), turn(cb, half, rotation), turn(cr, half, rotation)]
}

fn turn((data, stride): Plane, (width, height): (usize, usize), rotation: u16) -> Plane {
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
