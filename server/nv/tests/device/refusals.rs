//! What a device cannot decode is refused in words that say what to do, and the decoder is good for the next stream.

use crate::clips::{Clip, decode, decoder, same};
use crate::host::device;
use sightline_nv::{Codec, Context, Decoder, DecoderOptions, Error};

/// The words of the refusal; after it the same decoder decodes a plain stream.
fn refusal(context: &Context, clip: &Clip) -> String {
    let mut decoder = decoder(context, clip.codec, 3);
    let error = (0..).zip(&clip.units).find_map(|(at, unit)| decoder.decode(unit, at).err()).expect("it is refused");
    assert!(matches!(error, Error::Unsupported(_)), "{error:?}");
    assert!(!error.is_device_lost() && !error.is_session_limit());
    if clip.codec == Codec::H264 {
        let plain = Clip::h264((322, 182), 6, "keyint=6:bframes=0");
        let wanted = plain.software();
        let mut count = 0;
        decode(&mut decoder, &plain.units, 0, |decoded| {
            same(&decoded, &wanted[count], "after a refusal");
            count += 1;
        });
        assert_eq!(count, 6);
    }
    error.to_string()
}

#[test]
fn chroma_of_another_shape() {
    let Some(context) = device("refusals::chroma_of_another_shape", "") else { return };
    for (pixels, name) in [("yuv444p", "4:4:4"), ("yuv422p", "4:2:2")] {
        let clip = Clip::made(Codec::H264, (320, 180), 2, pixels, "keyint=2");
        assert_eq!(refusal(&context, &clip), format!("H.264 with chroma of {name} is not decoded on the device"));
    }
}

#[test]
fn ten_bits_of_h264() {
    let Some(context) = device("refusals::ten_bits_of_h264", "") else { return };
    let clip = Clip::made(Codec::H264, (320, 180), 2, "yuv420p10le", "keyint=2");
    assert_eq!(refusal(&context, &clip), "this device does not decode H.264 of 10 bit");
}

#[test]
fn sizes_beyond_the_device() {
    let Some(context) = device("refusals::sizes_beyond_the_device", "") else { return };
    // No device decodes H.264 this wide, and none this small.
    let wide = refusal(&context, &Clip::h264((8208, 64), 1, "keyint=1"));
    assert!(wide.starts_with("8208x64 is more than this device decodes of H.264 (up to "), "{wide}");
    let small = refusal(&context, &Clip::h264((32, 32), 1, "keyint=1"));
    assert!(small.starts_with("32x32 is less than this device decodes of H.264 (from "), "{small}");
}

#[test]
fn numbers_of_surfaces_that_make_no_sense() {
    let Some(context) = device("refusals::numbers_of_surfaces_that_make_no_sense", "") else { return };
    for surfaces in [0, 17] {
        let made = Decoder::new(&context, DecoderOptions { codec: Codec::H264, surfaces });
        let words = made.err().map(|error| error.to_string());
        assert_eq!(words, Some(format!("a decoder has 1 to 16 output surfaces, not {surfaces}")));
    }
}
