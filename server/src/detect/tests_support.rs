//! Frames made by hand, for the tests of this room.

use crate::pipeline::clock::Mono;
use crate::pipeline::frame::{Colour, Frame, PixelFormat, Samples, VecPicture};
use sightline_shared::time::{Epoch, Pts};

/// A picture of luma alone, at `pts` of epoch 0.
pub(super) fn grey_frame(width: usize, height: usize, luma: Vec<u8>, pts: i64) -> Frame {
    plane_frame(width, height, (luma, width), PixelFormat::Grey, pts)
}

/// A picture whose luma plane has the given stride.
pub(super) fn plane_frame(
    width: usize,
    height: usize,
    plane: (Vec<u8>, usize),
    format: PixelFormat,
    pts: i64,
) -> Frame {
    Frame {
        samples: Samples::Host(Box::new(VecPicture { planes: vec![plane] })),
        format,
        width,
        height,
        colour: Colour::default(),
        sample_aspect: (1, 1),
        rotation: 0,
        epoch: Epoch(0),
        pts: Pts(pts),
        arrived: Mono::default(),
        decoded: Mono::default(),
    }
}
