//! What the encoder can do.

use crate::codec::Codec;

/// The answer to one of `NV_ENC_CAPS`; 0 stands for what it cannot do. What differs by codec differs here, so that nobody takes one's
/// for the other's.
pub(crate) fn of(codec: Codec, number: u32) -> Option<i32> {
    let hevc = codec == Codec::Hevc;
    let or = |h264: i32, other: i32| if hevc { other } else { h264 };
    Some(match number {
        0 => or(4, 2),             // B-frames: their order and waiting, though not their kind
        1 => 0x3f,                 // rate control: constant QP, variable, constant, and their older names
        5 | 7 | 8 => or(1, 0),     // quarter pixels, CABAC, 8x8 transform
        13 => or(62, 186),         // highest level
        14 => or(10, 30),          // lowest
        16 | 17 => or(4096, 8192), // largest width and height
        19 | 20 => 1,              // size and bitrate may change while running
        26 => 1,                   // a buffer size of the client's own
        31 => or(65_536, 262_144), // macroblocks of a picture
        32 => 983_040,             // macroblocks of a second
        39 => codec.encodes_ten_bits().into(),
        42 => 100,          // capacity left
        45 => or(145, 129), // smallest width
        46 => or(49, 33),   // smallest height
        49 => 1,            // engines
        other if other <= 54 => 0,
        _ => return None,
    })
}

/// Whether an encoder of that size can be had.
pub(crate) fn fits(codec: Codec, width: u32, height: u32) -> bool {
    let bound = |number: u32| of(codec, number).and_then(|value| u32::try_from(value).ok());
    let within = |value: u32, least: u32, most: u32| {
        bound(least).is_some_and(|least| value >= least) && bound(most).is_some_and(|most| value <= most)
    };
    width.is_multiple_of(2) && height.is_multiple_of(2) && within(width, 45, 16) && within(height, 46, 17)
}
