//! Encoding H.265 of 8 and 10 bit: what comes out is decoded again, in software and on the device, and compared.

use crate::clips::{Clip, decode, decoder, psnr, rows, software};
use crate::encode::{bytes, encode, keys, settings};
use crate::host::{device, nothing_is_left};
use sightline_nv::reference::Host;
use sightline_nv::{
    Codec, Context, Encoded, Encoder, EncoderSettings, Error, Format, Pool, Rate, RateControl, Reconfigured, Stream,
};

pub(crate) const SIZE: (u32, u32) = (330, 250);

fn of(format: Format) -> EncoderSettings {
    EncoderSettings { codec: Codec::Hevc, format, ..settings() }
}

/// What the device says of H.265, in as many bits; `None` where it encodes nothing, or not that.
fn encodes(context: &Context, format: Format) -> Option<sightline_nv::EncoderCaps> {
    match Encoder::caps(context, Codec::Hevc) {
        Ok(caps) => caps.filter(|caps| caps.ten_bits || format == Format::Nv12),
        Err(error @ (Error::NoEncoder | Error::NoLibrary { .. })) => {
            println!("nothing to encode with: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// How alike two pictures are, in dB, whatever the depth of their samples.
pub(crate) fn alike(format: Format, got: &[u8], wanted: &[u8]) -> f64 {
    if format == Format::Nv12 {
        return psnr(got, wanted);
    }
    let sample = |pair: &[u8]| i64::from(u16::from_le_bytes([pair[0], pair[1]]) >> 6);
    let pairs = got.chunks(2).zip(wanted.chunks(2)).map(|(a, b)| (sample(a) - sample(b)).pow(2));
    let (squares, count) = (pairs.sum::<i64>().max(1), got.len() / 2);
    10.0 * (1023.0 * 1023.0 * count as f64 / squares as f64).log10()
}

/// What software makes of a stream is like what was encoded.
pub(crate) fn is_like(codec: Codec, out: &[Encoded], format: Format, wanted: &[Vec<u8>], least: f64) {
    let stream: Vec<u8> = out.iter().flat_map(|unit| unit.data.clone()).collect();
    let pictures = software(codec, format, &stream, SIZE);
    assert_eq!(pictures.len(), wanted.len(), "pictures of the encoded stream");
    for (number, (got, wanted)) in pictures.iter().zip(wanted).enumerate() {
        let alike = alike(format, got, wanted);
        assert!(alike > least, "picture {number}: {alike:.1} dB");
    }
}

/// Types of the NAL units of an access unit.
fn kinds(unit: &[u8]) -> Vec<u8> {
    let starts = (0..unit.len().saturating_sub(4)).filter(|at| unit[*at..].starts_with(&[0, 0, 1]));
    starts.map(|at| unit[at + 3] >> 1 & 63).collect()
}

fn sets_stand_at_key_frames_alone(out: &[Encoded]) {
    for unit in out {
        let kinds = kinds(&unit.data);
        let sets = [32, 33, 34].map(|set| kinds.contains(&set));
        let idr = kinds.iter().any(|kind| (19..=20).contains(kind));
        assert_eq!((sets, idr), ([unit.key; 3], unit.key), "picture {}: {kinds:?}", unit.pts);
    }
}

fn both(context: &Context, least: f64, each: impl Fn(EncoderSettings, &Clip, &[Vec<u8>], f64)) {
    for format in [Format::Nv12, Format::P016] {
        if encodes(context, format).is_none() {
            continue;
        }
        let clip = Clip::hevc(SIZE, 30, format == Format::P016, "keyint=30:bframes=0:crf=14");
        let wanted = clip.software();
        each(of(format), &clip, &wanted, least);
    }
}

#[test]
fn every_way_to_spend_bits() {
    let Some(context) = device("hevc::every_way_to_spend_bits", "") else { return };
    both(&context, 28.0, |settings, clip, wanted, least| {
        let rate = settings.rate;
        for (rate, more) in [
            (rate, 0.0),
            (RateControl { mode: Rate::Vbr, maximum: 4_000_000, vbv: 0, ..rate }, 0.0),
            (RateControl { mode: Rate::ConstQp(18, 20, 22), ..rate }, 8.0),
            (RateControl { mode: Rate::Quality(20), bitrate: 0, maximum: 0, vbv: 0 }, 6.0),
        ] {
            let asked = EncoderSettings { rate, gop: Some(10), ..settings };
            let mut encoder = Encoder::new(&context, asked).unwrap_or_else(|error| panic!("{error}"));
            let out = encode(&context, &mut encoder, clip, |_, _| false);
            assert!(out.iter().map(|unit| unit.pts).eq(0..30), "each has its picture's time: {rate:?}");
            assert_eq!(keys(&out), [0, 10, 20], "{rate:?}");
            sets_stand_at_key_frames_alone(&out);
            is_like(Codec::Hevc, &out, settings.format, wanted, least + more);
        }
    });
    nothing_is_left();
}

#[test]
fn key_frames_have_their_parameter_sets_and_decoding_begins_there() {
    let Some(context) = device("hevc::key_frames_have_their_parameter_sets_and_decoding_begins_there", "") else {
        return;
    };
    both(&context, 26.0, |settings, clip, wanted, least| {
        let mut encoder = Encoder::new(&context, settings).unwrap_or_else(|error| panic!("{error}"));
        let out = encode(&context, &mut encoder, clip, |_, at| at == 7 || at == 8 || at == 21);
        assert_eq!(keys(&out), [0, 7, 8, 21]);
        sets_stand_at_key_frames_alone(&out);
        is_like(Codec::Hevc, &out[21..], settings.format, &wanted[21..], least);
        // The device's decoder says how deep the samples really are.
        let units: Vec<_> = out.into_iter().map(|unit| unit.data).collect();
        let (mut decoder, mut count) = (decoder(&context, Codec::Hevc, 4), 0);
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
    let Some(context) = device("hevc::the_rate_changes_between_two_pictures_and_without_a_key_frame", "") else {
        return;
    };
    both(&context, 20.0, |settings, clip, wanted, least| {
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
        is_like(Codec::Hevc, &out, settings.format, wanted, least);
    });
    nothing_is_left();
}

/// A picture that is easy to encode and is like no other.
pub(crate) fn slope(format: Format, (width, height): (u32, u32), number: i64) -> Host {
    let mut host = Host::new(format, width as usize, height as usize, 0);
    let up = if format == Format::P016 { 256 } else { 1 };
    for (y, x) in (0..height as usize).flat_map(|y| (0..width as usize).map(move |x| (y, x))) {
        host.set(0, x, y, (((x + y) / 4 + 3 * number as usize) as u16 % 200 + 20) * up);
        host.set(1, x, y / 2, if x % 2 == 0 { 100 } else { 150 } * up);
    }
    host
}

#[test]
fn the_size_changes_while_running_up_to_the_most() {
    let Some(context) = device("hevc::the_size_changes_while_running_up_to_the_most", "") else { return };
    for format in [Format::Nv12, Format::P016] {
        if encodes(&context, format).is_none_or(|caps| !caps.live_size) {
            continue;
        }
        let sizes = [(330, 250), (640, 360), (160, 90), (640, 360)];
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
        let (mut decoder, mut count) = (decoder(&context, Codec::Hevc, 4), 0);
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
    nothing_is_left();
}

#[test]
fn what_takes_a_new_encoder_is_said() {
    let Some(context) = device("hevc::what_takes_a_new_encoder_is_said", "") else { return };
    if encodes(&context, Format::P016).is_none() {
        return;
    }
    let mut encoder = Encoder::new(&context, of(Format::Nv12)).unwrap_or_else(|error| panic!("{error}"));
    for change in [of(Format::P016), settings()] {
        let answer = encoder.reconfigure(&change);
        let said = match &answer {
            Ok(Reconfigured::NeedsNew(why)) => why.contains("codec, layout"),
            _ => false,
        };
        assert!(said && *encoder.settings() == of(Format::Nv12), "{answer:?}");
    }
    drop(encoder);
    nothing_is_left();
}

#[test]
fn a_device_without_it_is_told_apart_from_one_without_an_encoder() {
    let Some(context) =
        device("hevc::a_device_without_it_is_told_apart_from_one_without_an_encoder", "refuses=encode-hevc")
    else {
        return;
    };
    assert_eq!(Encoder::caps(&context, Codec::Hevc).unwrap(), None);
    assert!(Encoder::caps(&context, Codec::H264).unwrap().is_some());
    let words = Encoder::new(&context, of(Format::Nv12)).err().map(|error| error.to_string());
    assert_eq!(words.as_deref(), Some("this device does not encode H.265"));
    nothing_is_left();
}

#[test]
fn ten_bits_are_refused_where_the_device_has_eight() {
    let Some(context) = device("hevc::ten_bits_are_refused_where_the_device_has_eight", "refuses=encode-hevc-10")
    else {
        return;
    };
    let words = Encoder::new(&context, of(Format::P016)).err().map(|error| error.to_string());
    assert_eq!(words.as_deref(), Some("this device does not encode H.265 of 10 bit"));
    assert!(Encoder::new(&context, of(Format::Nv12)).is_ok());
    nothing_is_left();
}
