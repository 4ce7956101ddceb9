//! What the encoder can do.

use crate::codec::Codec;

/// The answer to one of `NV_ENC_CAPS`; 0 stands for what it cannot do. What differs by codec differs here, so that nobody takes one's
/// for the other's.
pub(crate) fn of(codec: Codec, number: u32) -> Option<i32> {
    let of = |h264: i32, hevc: i32, av1: i32| match codec {
        Codec::H264 => h264,
        Codec::Hevc => hevc,
        Codec::Av1 => av1,
    };
    Some(match number {
        0 => of(4, 2, 7),                   // B-frames: their order and waiting, though not their kind
        1 => 0x3f,                          // rate control: constant QP, variable, constant, and their older names
        5 | 7 | 8 => of(1, 0, 0),           // quarter pixels, CABAC, 8x8 transform
        13 => of(62, 186, 23),              // highest level
        14 => of(10, 30, 0),                // lowest
        16 | 17 => of(4096, 8192, 8192),    // largest width and height
        19 | 20 => 1,                       // size and bitrate may change while running
        26 => 1,                            // a buffer size of the client's own
        31 => of(65_536, 262_144, 262_144), // macroblocks of a picture
        32 => 983_040,                      // macroblocks of a second
        39 => codec.encodes_ten_bits().into(),
        42 => 100,               // capacity left
        45 => of(145, 129, 192), // smallest width
        46 => of(49, 33, 128),   // smallest height
        49 => 1,                 // engines
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
