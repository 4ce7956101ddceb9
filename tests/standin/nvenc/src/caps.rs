//! What the encoder can do.

/// The answer to one of `NV_ENC_CAPS`; 0 stands for what it cannot do.
pub(crate) fn of(number: u32) -> Option<i32> {
    Some(match number {
        0 => 4,          // B-frames: their order and waiting, though not their kind
        1 => 0x3f,       // rate control: constant QP, variable, constant, and their older names
        5 | 7 | 8 => 1,  // quarter pixels, CABAC, 8x8 transform
        13 => 62,        // highest level
        14 => 10,        // lowest
        16 | 17 => 4096, // largest width and height
        19 | 20 => 1,    // size and bitrate may change while running
        26 => 1,         // a buffer size of the client's own
        31 => 65_536,    // macroblocks of a picture
        32 => 983_040,   // macroblocks of a second
        42 => 100,       // capacity left
        45 => 145,       // smallest width
        46 => 49,        // smallest height
        49 => 1,         // engines
        other if other <= 54 => 0,
        _ => return None,
    })
}

/// Whether an encoder of that size can be had.
pub(crate) fn fits(width: u32, height: u32) -> bool {
    let within = |value: u32, least: usize, most: usize| {
        let bound = |number: usize| of(u32::try_from(number).unwrap_or(0)).and_then(|value| u32::try_from(value).ok());
        bound(least).is_some_and(|least| value >= least) && bound(most).is_some_and(|most| value <= most)
    };
    width.is_multiple_of(2) && height.is_multiple_of(2) && within(width, 45, 16) && within(height, 46, 17)
}
