//! What H.265 and AV1 of 8 and 10 bit have in common: what comes out is decoded again, in software and on the device, and compared.

use crate::clips::{Clip, decode, decoder, psnr, rows, software};
use crate::encode::{bytes, encode, keys, settings};
use sightline_nv::reference::Host;
use sightline_nv::{
    Codec, Context, Encoded, Encoder, EncoderCaps, EncoderSettings, Error, Format, Pool, Rate, RateControl,
    Reconfigured, Stream,
};

const SIZE: (u32, u32) = (330, 250);

pub(crate) fn of(codec: Codec, format: Format) -> EncoderSettings {
    EncoderSettings { codec, format, ..settings() }
}

/// What the device says of a codec, in as many bits; `None` where it encodes nothing, or not that.
pub(crate) fn encodes(context: &Context, codec: Codec, format: Format) -> Option<EncoderCaps> {
    match Encoder::caps(context, codec) {
        Ok(caps) => caps.filter(|caps| caps.ten_bits || format == Format::Nv12),
        Err(error @ (Error::NoEncoder | Error::NoLibrary { .. })) => {
            println!("nothing to encode with: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// With a clip of each depth that is encoded, and its pictures.
pub(crate) fn both(context: &Context, codec: Codec, each: impl Fn(EncoderSettings, &Clip, &[Vec<u8>])) {
    for format in [Format::Nv12, Format::P016] {
        if encodes(context, codec, format).is_some() {
            let clip = Clip::hevc(SIZE, 30, format == Format::P016, "keyint=30:bframes=0:crf=14");
            each(of(codec, format), &clip, &clip.software());
        }
    }
}

/// How alike two pictures are, in dB, whatever the depth of their samples.
fn alike(format: Format, got: &[u8], wanted: &[u8]) -> f64 {
    if format == Format::Nv12 {
        return psnr(got, wanted);
    }
    let sample = |pair: &[u8]| i64::from(u16::from_le_bytes([pair[0], pair[1]]) >> 6);
    let pairs = got.chunks(2).zip(wanted.chunks(2)).map(|(a, b)| (sample(a) - sample(b)).pow(2));
    let (squares, count) = (pairs.sum::<i64>().max(1), got.len() / 2);
    10.0 * (1023.0 * 1023.0 * count as f64 / squares as f64).log10()
}

/// What software makes of a stream is like what was encoded.
fn is_like(out: &[Encoded], EncoderSettings { codec, format, .. }: EncoderSettings, wanted: &[Vec<u8>], least: f64) {
    let stream: Vec<u8> = out.iter().flat_map(|unit| unit.data.clone()).collect();
    let pictures = software(codec, format, &stream, SIZE);
    assert_eq!(pictures.len(), wanted.len(), "pictures of the encoded stream");
    for (number, (got, wanted)) in pictures.iter().zip(wanted).enumerate() {
        let alike = alike(format, got, wanted);
        assert!(alike > least, "picture {number}: {alike:.1} dB");
    }
}

/// Each way to spend bits, and how alike its pictures are at least, in dB; `headers` looks at what stands at key frames.
pub(crate) fn bits_are_spent(context: &Context, codec: Codec, ways: &[(RateControl, f64)], headers: fn(&[Encoded])) {
    both(context, codec, |settings, clip, wanted| {
        for (rate, least) in ways {
            let asked = EncoderSettings { rate: *rate, gop: Some(10), ..settings };
            let mut encoder = Encoder::new(context, asked).unwrap_or_else(|error| panic!("{error}"));
            let out = encode(context, &mut encoder, clip, |_, _| false);
            assert!(out.iter().map(|unit| unit.pts).eq(0..30), "each has its picture's time: {rate:?}");
            assert_eq!(keys(&out), [0, 10, 20], "{rate:?}");
            headers(&out);
            is_like(&out, settings, wanted, *least);
        }
    });
}

/// Key frames come where they are asked for, and decoding begins there.
pub(crate) fn keys_are_forced(context: &Context, codec: Codec, headers: fn(&[Encoded])) {
    both(context, codec, |settings, clip, wanted| {
        let mut encoder = Encoder::new(context, settings).unwrap_or_else(|error| panic!("{error}"));
        let out = encode(context, &mut encoder, clip, |_, at| at == 7 || at == 8 || at == 21);
        assert_eq!(keys(&out), [0, 7, 8, 21]);
        headers(&out);
        is_like(&out[21..], settings, &wanted[21..], 26.0);
        // The device's decoder says how deep the samples really are.
        let units: Vec<_> = out.into_iter().map(|unit| unit.data).collect();
        let (mut decoder, mut count) = (decoder(context, codec, 4), 0);
        decode(&mut decoder, &units, 0, |decoded| {
            assert_eq!(decoded.picture.format(), settings.format);
            count += 1;
        });
        assert_eq!(count, 30);
    });
}

/// The rate changes between two pictures.
pub(crate) fn rate_changes(context: &Context, codec: Codec) {
    both(context, codec, |settings, clip, wanted| {
        let low = RateControl { mode: Rate::Cbr, bitrate: 250_000, maximum: 250_000, vbv: 25_000 };
        let mut encoder = Encoder::new(context, settings).unwrap_or_else(|error| panic!("{error}"));
        let out = encode(context, &mut encoder, clip, |encoder, at| {
            let change = match at {
                10 => EncoderSettings { rate: low, ..settings },
                20 => settings,
                _ => return false,
            };
            assert_eq!(encoder.reconfigure(&change), Ok(Reconfigured::Live));
            false
        });
        assert_eq!(keys(&out), [0], "no change takes a key frame");
        let (before, during, after) = (bytes(&out, 4..10), bytes(&out, 14..20), bytes(&out, 24..30));
        assert!(during * 2 < before && during * 2 < after, "{before}, {during}, {after} bytes");
        is_like(&out, settings, wanted, 20.0);
    });
}

/// A picture that is easy to encode and is like no other.
fn slope(format: Format, (width, height): (u32, u32), number: i64) -> Host {
    let mut host = Host::new(format, width as usize, height as usize, 0);
    let up = if format == Format::P016 { 256 } else { 1 };
    for (y, x) in (0..height as usize).flat_map(|y| (0..width as usize).map(move |x| (y, x))) {
        host.set(0, x, y, (((x + y) / 4 + 3 * number as usize) as u16 % 200 + 20) * up);
        host.set(1, x, y / 2, if x % 2 == 0 { 100 } else { 150 } * up);
    }
    host
}

/// The size changes while it runs, up to the most; `small` is one of those sizes.
pub(crate) fn size_changes(context: &Context, codec: Codec, small: (u32, u32)) {
    for format in [Format::Nv12, Format::P016] {
        if encodes(context, codec, format).is_none_or(|caps| !caps.live_size) {
            continue;
        }
        let sizes = [SIZE, (640, 360), small, (640, 360)];
        let with = |(width, height)| EncoderSettings { width, height, most: (640, 360), ..of(codec, format) };
        let mut encoder = Encoder::new(context, with(sizes[0])).unwrap_or_else(|error| panic!("{error}"));
        let stream = Stream::new(context).unwrap();
        let mut out = Vec::new();
        for (part, size) in (0..).zip(sizes) {
            assert_eq!(encoder.reconfigure(&with(size)), Ok(Reconfigured::Live), "{size:?}");
            let pool = Pool::new(context, format, size, 2).unwrap();
            for number in part * 5..part * 5 + 5 {
                let picture = pool.lease().unwrap().unwrap();
                picture.upload(&stream, &slope(format, size, number)).unwrap();
                out.extend(encoder.encode(&picture, number, false).unwrap());
            }
        }
        assert_eq!(keys(&out), [0, 5, 10, 15], "a new size begins with a key frame");
        let (mut decoder, mut count) = (decoder(context, codec, 4), 0);
        let units: Vec<_> = out.iter().map(|unit| unit.data.clone()).collect();
        decode(&mut decoder, &units, 0, |decoded| {
            let size = sizes[count / 5];
            assert_eq!((decoded.format.width, decoded.format.height), size);
            let (got, wanted) = (decoded.picture.download(&stream).unwrap(), slope(format, size, count as i64));
            let alike = alike(format, &rows(&got), &rows(&wanted));
            assert!(alike > 30.0, "picture {count}: {alike:.1} dB");
            count += 1;
        });
        assert_eq!(count, 20);
        let larger = EncoderSettings { width: 642, ..with(sizes[1]) };
        assert!(matches!(encoder.reconfigure(&larger), Err(Error::Unsupported(_))), "more than the most");
    }
}
