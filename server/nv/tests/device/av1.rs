//! Encoding AV1 of 8 and 10 bit: what comes out is decoded again, in software and on the device, and compared.

use crate::clips::{Clip, decode, decoder, rows};
use crate::encode::{bytes, encode, keys, settings};
use crate::hevc::{SIZE, alike, is_like, slope};
use crate::host::{device, nothing_is_left};
use sightline_nv::{
    Codec, Context, Encoded, Encoder, EncoderSettings, Error, Format, Pool, Rate, RateControl, Reconfigured, Stream,
};

fn of(format: Format) -> EncoderSettings {
    EncoderSettings { codec: Codec::Av1, format, ..settings() }
}

/// What the device says of AV1, in as many bits; `None` where it encodes nothing, or not that.
fn encodes(context: &Context, format: Format) -> Option<sightline_nv::EncoderCaps> {
    match Encoder::caps(context, Codec::Av1) {
        Ok(caps) => caps.filter(|caps| caps.ten_bits || format == Format::Nv12),
        Err(error @ (Error::NoEncoder | Error::NoLibrary { .. })) => {
            println!("nothing to encode with: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Types of the OBUs of a temporal unit, each of which says its size.
fn kinds(unit: &[u8]) -> Vec<u8> {
    let (mut kinds, mut rest) = (Vec::new(), unit);
    while let Some(header) = rest.first() {
        assert_eq!(header & 6, 2, "sized and without an extension: {rest:?}");
        let length = 1 + rest[1..].iter().position(|byte| byte & 0x80 == 0).expect("a size ends");
        let size = rest[1..=length].iter().rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        kinds.push(header >> 3);
        rest = &rest[1 + length + size..];
    }
    kinds
}

/// A delimiter begins each unit, and a sequence header stands behind it in those of key frames.
fn headers_stand_at_key_frames_alone(out: &[Encoded]) {
    for unit in out {
        let kinds = kinds(&unit.data);
        assert_eq!((kinds[0], kinds[1] == 1), (2, unit.key), "picture {}: {kinds:?}", unit.pts);
        assert_eq!(kinds.iter().filter(|kind| **kind <= 2).count(), 1 + usize::from(unit.key), "{kinds:?}");
    }
}

fn both(context: &Context, each: impl Fn(EncoderSettings, &Clip, &[Vec<u8>])) {
    for format in [Format::Nv12, Format::P016] {
        if encodes(context, format).is_some() {
            let clip = Clip::hevc(SIZE, 30, format == Format::P016, "keyint=30:bframes=0:crf=14");
            each(of(format), &clip, &clip.software());
        }
    }
}

#[test]
fn every_way_to_spend_bits() {
    let Some(context) = device("av1::every_way_to_spend_bits", "") else { return };
    both(&context, |settings, clip, wanted| {
        let rate = settings.rate;
        for (rate, least) in [
            (rate, 28.0),
            (RateControl { mode: Rate::Vbr, maximum: 4_000_000, vbv: 0, ..rate }, 28.0),
            (RateControl { mode: Rate::ConstQp(60, 70, 80), ..rate }, 34.0),
            (RateControl { mode: Rate::Quality(24), bitrate: 0, maximum: 0, vbv: 0 }, 34.0),
        ] {
            let asked = EncoderSettings { rate, gop: Some(10), ..settings };
            let mut encoder = Encoder::new(&context, asked).unwrap_or_else(|error| panic!("{error}"));
            let out = encode(&context, &mut encoder, clip, |_, _| false);
            assert!(out.iter().map(|unit| unit.pts).eq(0..30), "each has its picture's time: {rate:?}");
            assert_eq!(keys(&out), [0, 10, 20], "{rate:?}");
            headers_stand_at_key_frames_alone(&out);
            is_like(Codec::Av1, &out, settings.format, wanted, least);
        }
    });
    nothing_is_left();
}

#[test]
fn key_frames_have_their_header_and_decoding_begins_there() {
    let Some(context) = device("av1::key_frames_have_their_header_and_decoding_begins_there", "") else { return };
    both(&context, |settings, clip, wanted| {
        let mut encoder = Encoder::new(&context, settings).unwrap_or_else(|error| panic!("{error}"));
        let out = encode(&context, &mut encoder, clip, |_, at| at == 7 || at == 8 || at == 21);
        assert_eq!(keys(&out), [0, 7, 8, 21]);
        headers_stand_at_key_frames_alone(&out);
        is_like(Codec::Av1, &out[21..], settings.format, &wanted[21..], 26.0);
        // The device's decoder says how deep the samples really are.
        let units: Vec<_> = out.into_iter().map(|unit| unit.data).collect();
        let (mut decoder, mut count) = (decoder(&context, Codec::Av1, 4), 0);
        decode(&mut decoder, &units, 0, |decoded| {
            assert_eq!(decoded.picture.format(), settings.format);
            count += 1;
        });
        assert_eq!(count, 30);
    });
    nothing_is_left();
}

#[test]
fn the_rate_changes_between_two_pictures_and_without_a_key_frame() {
    let Some(context) = device("av1::the_rate_changes_between_two_pictures_and_without_a_key_frame", "") else {
        return;
    };
    both(&context, |settings, clip, wanted| {
        let low = RateControl { mode: Rate::Cbr, bitrate: 250_000, maximum: 250_000, vbv: 25_000 };
        let mut encoder = Encoder::new(&context, settings).unwrap_or_else(|error| panic!("{error}"));
        let out = encode(&context, &mut encoder, clip, |encoder, at| {
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
        is_like(Codec::Av1, &out, settings.format, wanted, 20.0);
    });
    nothing_is_left();
}

#[test]
fn the_size_changes_while_running_up_to_the_most() {
    let Some(context) = device("av1::the_size_changes_while_running_up_to_the_most", "") else { return };
    for format in [Format::Nv12, Format::P016] {
        if encodes(&context, format).is_none_or(|caps| !caps.live_size) {
            continue;
        }
        let sizes = [(330, 250), (640, 360), (200, 130), (640, 360)];
        let with = |(width, height)| EncoderSettings { width, height, most: (640, 360), ..of(format) };
        let mut encoder = Encoder::new(&context, with(sizes[0])).unwrap_or_else(|error| panic!("{error}"));
        let stream = Stream::new(&context).unwrap();
        let mut out = Vec::new();
        for (part, size) in (0..).zip(sizes) {
            assert_eq!(encoder.reconfigure(&with(size)), Ok(Reconfigured::Live), "{size:?}");
            let pool = Pool::new(&context, format, size, 2).unwrap();
            for number in part * 5..part * 5 + 5 {
                let picture = pool.lease().unwrap().unwrap();
                picture.upload(&stream, &slope(format, size, number)).unwrap();
                out.extend(encoder.encode(&picture, number, false).unwrap());
            }
        }
        assert_eq!(keys(&out), [0, 5, 10, 15], "a new size begins with a key frame");
        let (mut decoder, mut count) = (decoder(&context, Codec::Av1, 4), 0);
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
    }
    nothing_is_left();
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let Some(context) = device("av1::what_cannot_be_is_refused_in_words", "") else { return };
    if encodes(&context, Format::P016).is_none() {
        return;
    }
    let refused = |settings: EncoderSettings| match Encoder::new(&context, settings) {
        Err(Error::Unsupported(words)) => words,
        other => panic!("{:?}", other.map(drop)),
    };
    let base = of(Format::Nv12);
    let rate = |mode| EncoderSettings { rate: RateControl { mode, ..base.rate }, ..base };
    assert!(refused(EncoderSettings { b_frames: 2, gop: Some(30), ..base }).contains("without B-frames"));
    assert!(refused(rate(Rate::ConstQp(256, 9, 9))).contains("0 to 255"));
    assert!(refused(rate(Rate::Quality(64))).contains("1 to 63"));
    let h264 = EncoderSettings { codec: Codec::H264, ..rate(Rate::ConstQp(52, 9, 9)) };
    assert!(refused(h264).contains("0 to 51"), "another scale");
    let mut encoder = Encoder::new(&context, base).unwrap_or_else(|error| panic!("{error}"));
    let answer = encoder.reconfigure(&of(Format::P016));
    assert!(matches!(&answer, Ok(Reconfigured::NeedsNew(why)) if why.contains("codec, layout")), "{answer:?}");
    drop(encoder);
    nothing_is_left();
}

#[test]
fn a_device_without_it_is_told_apart_from_one_without_an_encoder() {
    let Some(context) =
        device("av1::a_device_without_it_is_told_apart_from_one_without_an_encoder", "refuses=encode-av1")
    else {
        return;
    };
    assert_eq!(Encoder::caps(&context, Codec::Av1).unwrap(), None);
    assert!(Encoder::caps(&context, Codec::Hevc).unwrap().is_some());
    let words = Encoder::new(&context, of(Format::Nv12)).err().map(|error| error.to_string());
    assert_eq!(words.as_deref(), Some("this device does not encode AV1"));
    nothing_is_left();
}
