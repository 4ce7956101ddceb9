//! Packed I420 planes: made of any host format in the wanted size, and turned.

use super::PictureError;
use crate::pipeline::frame::{Frame, PictureMut, PixelFormat, PlaneMut};
use crate::process::Resizer;

/// Data and bytes from row to row.
pub type Plane = (Vec<u8>, usize);
/// Rows and columns that are turned at a time: both sides of the copy stay in the first cache.
const BLOCK: usize = 32;

/// Planes of a picture of `width` x `height`, all 0.
#[must_use]
pub fn empty(width: usize, height: usize) -> [Plane; 3] {
    let half = (width.div_ceil(2), height.div_ceil(2));
    [(width, height), half, half].map(|(width, height)| (vec![0; width * height], width))
}

/// The frame's planes as packed I420 of `width` x `height`, in its own matrix and range.
///
/// # Errors
/// The frame cannot be read or resized.
pub fn resized(frame: &Frame, width: usize, height: usize) -> Result<[Plane; 3], PictureError> {
    let mut planes = empty(width, height);
    let mut to = picture_mut(&mut planes, width, height);
    Resizer::default().run(frame, &mut to).map_err(|e| PictureError::Refused(e.to_string()))?;
    Ok(planes)
}

/// Packed I420 planes as a picture to be written.
#[must_use]
pub fn picture_mut(planes: &mut [Plane; 3], width: usize, height: usize) -> PictureMut<'_> {
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
    if rotation == 0 {
        return planes;
    }
    let (across, down) = if rotation.is_multiple_of(180) { (width, height) } else { (height, width) };
    let mut out = empty(across, down);
    turn_into(&planes, (width, height), rotation, &mut picture_mut(&mut out, across, down));
    out
}

/// Turns packed I420 planes of `size` clockwise by 90, 180 or 270 degrees into `to`, an I420 picture of the turned size.
pub fn turn_into(planes: &[Plane; 3], size: (usize, usize), rotation: u16, to: &mut PictureMut<'_>) {
    let half = (size.0.div_ceil(2), size.1.div_ceil(2));
    for ((from, size), to) in planes.iter().zip([size, half, half]).zip(&mut to.planes) {
        turn_plane(from, size, rotation, to);
    }
}

fn turn_plane((data, stride): &Plane, (width, height): (usize, usize), rotation: u16, to: &mut PlaneMut<'_>) {
    if rotation == 180 {
        for (row, to) in data.chunks(*stride).take(height).rev().zip(to.data.chunks_mut(to.stride)) {
            to[..width].iter_mut().zip(row[..width].iter().rev()).for_each(|(to, from)| *to = *from);
        }
        return;
    }
    for y0 in (0..width).step_by(BLOCK) {
        for x0 in (0..height).step_by(BLOCK) {
            for y in y0..(y0 + BLOCK).min(width) {
                let row = &mut to.data[y * to.stride..];
                for (x, to) in row[x0..(x0 + BLOCK).min(height)].iter_mut().enumerate() {
                    let x = x0 + x;
                    let (column, line) = if rotation == 90 { (y, height - 1 - x) } else { (width - 1 - y, x) };
                    *to = data[line * stride + column];
                }
            }
        }
    }
}
