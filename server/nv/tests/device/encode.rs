//! Encoding: every way to spend bits, key frames on demand, changes while running. What comes out is decoded again and compared.

use crate::clips::{Clip, decode, decoder, psnr, software};
use crate::host::{device, nothing_is_left};
use sightline_nv::reference::Host;
use sightline_nv::{
    Codec, Colour, Context, Encoded, Encoder, EncoderSettings, Error, Format, Picture, Pool, Rate, RateControl,
    Reconfigured, Stream, Tuning,
};

pub(crate) const SIZE: (u32, u32) = (330, 250);

pub(crate) fn settings() -> EncoderSettings {
    EncoderSettings {
        codec: Codec::H264,
        format: Format::Nv12,
        width: SIZE.0,
        height: SIZE.1,
        most: SIZE,
        fps: (25, 1),
        preset: 3,
        tuning: Tuning::UltraLowLatency,
        rate: RateControl { mode: Rate::Cbr, bitrate: 1_500_000, maximum: 1_500_000, vbv: 150_000 },
        gop: None,
        b_frames: 0,
        aspect: (1, 1),
        colour: Colour { full_range: false, primaries: 1, transfer: 1, matrix: 1 },
    }
}

/// The encoder; `None` where the device has none, which H100 and the like have not.
pub(crate) fn encoder(context: &Context, settings: EncoderSettings) -> Option<Encoder> {
    match Encoder::new(context, settings) {
        Ok(encoder) => Some(encoder),
        Err(error @ (Error::NoEncoder | Error::NoLibrary { .. })) => {
            println!("nothing to encode with: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn clip() -> (Clip, Vec<Vec<u8>>) {
    let clip = Clip::h264(SIZE, 30, "keyint=30:bframes=0:crf=12");
    let wanted = clip.software();
    (clip, wanted)
}

/// Encodes the clip's pictures where they lie; `before` may change the encoder and says which are to be key frames.
pub(crate) fn encode(
    context: &Context,
    encoder: &mut Encoder,
    clip: &Clip,
    mut before: impl FnMut(&mut Encoder, i64) -> bool,
) -> Vec<Encoded> {
    let mut out = Vec::new();
    let mut decoder = decoder(context, clip.codec, 4);
    decode(&mut decoder, &clip.units, 0, |decoded| {
        let key = before(encoder, decoded.pts);
        out.extend(encoder.encode(&decoded.picture, decoded.pts, key).unwrap_or_else(|error| panic!("{error}")));
    });
    out.extend(encoder.finish().unwrap());
    out
}

/// What software makes of a stream is like what was encoded.
fn alike(out: &[Encoded], wanted: &[Vec<u8>], least: f64) {
    let stream: Vec<u8> = out.iter().flat_map(|unit| unit.data.clone()).collect();
    let pictures = software(Codec::H264, Format::Nv12, &stream, SIZE);
    assert_eq!(pictures.len(), wanted.len(), "pictures of the encoded stream");
    for (number, (got, wanted)) in pictures.iter().zip(wanted).enumerate() {
        let alike = psnr(got, wanted);
        assert!(alike > least, "picture {number}: {alike:.1} dB");
    }
}

pub(crate) fn keys(out: &[Encoded]) -> Vec<i64> {
    out.iter().filter(|unit| unit.key).map(|unit| unit.pts).collect()
}

pub(crate) fn bytes(out: &[Encoded], pictures: std::ops::Range<usize>) -> usize {
    out[pictures].iter().map(|unit| unit.data.len()).sum()
}

#[test]
fn every_way_to_spend_bits() {
    let Some(context) = device("encode::every_way_to_spend_bits", "") else { return };
    let (clip, wanted) = clip();
    let rate = settings().rate;
    let ways = [
        (RateControl { mode: Rate::Cbr, ..rate }, Tuning::UltraLowLatency, 28.0),
        (RateControl { mode: Rate::Vbr, maximum: 4_000_000, vbv: 0, ..rate }, Tuning::LowLatency, 28.0),
        (RateControl { mode: Rate::ConstQp(18, 20, 22), ..rate }, Tuning::HighQuality, 36.0),
    ];
    for (rate, tuning, least) in ways {
        let asked = EncoderSettings { rate, tuning, gop: Some(10), ..settings() };
        let Some(mut encoder) = encoder(&context, asked) else { return };
        let out = encode(&context, &mut encoder, &clip, |_, _| false);
        assert!(out.iter().map(|unit| unit.pts).eq(0..30), "each has its picture's time: {rate:?}");
        assert_eq!(keys(&out), [0, 10, 20], "{rate:?}");
        alike(&out, &wanted, least);
        let times: Vec<_> = out.iter().map(|unit| unit.timing.elapsed().unwrap()).collect();
        assert!(times[..20].iter().all(|time| time.is_some_and(|time| !time.is_zero())), "{times:?}");
        drop(encoder);
    }
    nothing_is_left();
}

#[test]
fn key_frames_come_when_they_are_asked_for_and_never_else() {
    let Some(context) = device("encode::key_frames_come_when_they_are_asked_for_and_never_else", "") else { return };
    let (clip, wanted) = clip();
    let Some(mut encoder) = encoder(&context, settings()) else { return };
    let out = encode(&context, &mut encoder, &clip, |_, at| at == 7 || at == 8 || at == 21);
    assert_eq!(keys(&out), [0, 7, 8, 21]);
    for unit in out.iter().filter(|unit| unit.key) {
        let kinds: Vec<_> = (0..unit.data.len() - 4)
            .filter(|at| unit.data[*at..].starts_with(&[0, 0, 1]))
            .map(|at| unit.data[at + 3] & 31)
            .collect();
        assert!(kinds.contains(&7) && kinds.contains(&8) && kinds.contains(&5), "a key frame of {kinds:?}");
    }
    // Whoever comes at a key frame sees the same pictures.
    alike(&out[21..], &wanted[21..], 26.0);
}

#[test]
fn the_rate_changes_between_two_pictures_and_without_a_key_frame() {
    let Some(context) = device("encode::the_rate_changes_between_two_pictures_and_without_a_key_frame", "") else {
        return;
    };
    let (clip, wanted) = clip();
    let low = RateControl { mode: Rate::Cbr, bitrate: 250_000, maximum: 250_000, vbv: 25_000 };
    let Some(mut encoder) = encoder(&context, settings()) else { return };
    let out = encode(&context, &mut encoder, &clip, |encoder, at| {
        let change = match at {
            10 => EncoderSettings { rate: low, ..settings() },
            20 => EncoderSettings { fps: (50, 1), ..settings() },
            _ => return false,
        };
        assert_eq!(encoder.reconfigure(&change), Ok(Reconfigured::Live));
        assert_eq!(*encoder.settings(), change);
        false
    });
    assert_eq!(keys(&out), [0], "no change takes a key frame");
    let (before, during, after) = (bytes(&out, 4..10), bytes(&out, 14..20), bytes(&out, 24..30));
    assert!(during * 2 < before && during < after, "{before}, {during}, {after} bytes");
    // Of twice as many pictures a second each has half the bits.
    assert!(after < before, "{before} bytes of 25 pictures a second, {after} of 50");
    alike(&out, &wanted, 20.0);
}

#[test]
fn the_size_changes_while_running_up_to_the_most() {
    let Some(context) = device("encode::the_size_changes_while_running_up_to_the_most", "") else { return };
    let sizes = [(330, 250), (640, 360), (160, 90), (640, 360)];
    let with = |(width, height)| EncoderSettings { width, height, most: (640, 360), ..settings() };
    let Some(mut encoder) = encoder(&context, with(sizes[0])) else { return };
    let stream = Stream::new(&context).unwrap();
    let pools = sizes.map(|size| Pool::new(&context, Format::Nv12, size, 2).unwrap());
    let mut out = Vec::new();
    for (part, (size, pool)) in (0..).zip(sizes.iter().zip(&pools)) {
        assert_eq!(encoder.reconfigure(&with(*size)), Ok(Reconfigured::Live), "{size:?}");
        for number in 0..5 {
            let picture = pool.lease().unwrap().unwrap();
            picture.upload(&stream, &slope(*size, part * 5 + number)).unwrap();
            out.extend(encoder.encode(&picture, part * 5 + number, false).unwrap());
        }
        // A picture of another size is refused, not read beyond its end.
        let other = pools[usize::from(*size == sizes[0])].lease().unwrap().unwrap();
        assert!(matches!(encoder.encode(&other, 99, false), Err(Error::Invalid(_))));
    }
    assert_eq!(keys(&out), [0, 5, 10, 15], "a new size begins with a key frame");
    let mut decoder = decoder(&context, Codec::H264, 4);
    let mut count = 0;
    let units: Vec<_> = out.iter().map(|unit| unit.data.clone()).collect();
    decode(&mut decoder, &units, 0, |decoded| {
        let size = sizes[count / 5];
        assert_eq!((decoded.format.width, decoded.format.height), size);
        let (got, wanted) = (decoded.picture.download(&stream).unwrap(), slope(size, count as i64));
        let alike = psnr(&crate::clips::rows(&got), &crate::clips::rows(&wanted));
        assert!(alike > 30.0, "picture {count}: {alike:.1} dB");
        count += 1;
    });
    assert_eq!(count, 20);
    let larger = EncoderSettings { width: 642, ..with(sizes[1]) };
    assert!(matches!(encoder.reconfigure(&larger), Err(Error::Unsupported(_))), "more than the most");
    drop((encoder, decoder, pools, stream, out));
    nothing_is_left();
}

/// A picture that is easy to encode and is like no other.
fn slope((width, height): (u32, u32), number: i64) -> Host {
    let mut host = Host::new(Format::Nv12, width as usize, height as usize, 0);
    for (y, x) in (0..height as usize).flat_map(|y| (0..width as usize).map(move |x| (y, x))) {
        host.set(0, x, y, ((x + y) / 4 + 3 * number as usize) as u16 % 200 + 20);
        host.set(1, x, y / 2, if x % 2 == 0 { 100 } else { 150 });
    }
    host
}

#[test]
fn what_takes_a_new_encoder_is_said_and_changes_nothing() {
    let Some(context) = device("encode::what_takes_a_new_encoder_is_said_and_changes_nothing", "") else { return };
    let Some(mut encoder) = encoder(&context, settings()) else { return };
    let quantiser = RateControl { mode: Rate::ConstQp(20, 20, 20), ..settings().rate };
    for (change, words) in [
        (EncoderSettings { gop: Some(25), ..settings() }, "GOP"),
        (EncoderSettings { preset: 5, ..settings() }, "preset"),
        (EncoderSettings { rate: quantiser, ..settings() }, "bits are spent"),
    ] {
        let answer = encoder.reconfigure(&change);
        assert!(matches!(&answer, Ok(Reconfigured::NeedsNew(why)) if why.contains(words)), "{answer:?}");
        assert_eq!(*encoder.settings(), settings());
    }
    assert_eq!(encoder.reconfigure(&settings()), Ok(Reconfigured::Live));
}

#[test]
fn b_frames_come_in_decoding_order_or_are_refused() {
    let Some(context) = device("encode::b_frames_come_in_decoding_order_or_are_refused", "") else { return };
    let (clip, wanted) = clip();
    let asked = EncoderSettings { b_frames: 2, tuning: Tuning::HighQuality, gop: Some(15), ..settings() };
    let caps = match Encoder::caps(&context, Codec::H264) {
        Ok(caps) => caps.expect("H.264 is encoded by every encoder"),
        Err(Error::NoEncoder) => return,
        Err(error) => panic!("{error}"),
    };
    if caps.b_frames < 2 {
        let words = Encoder::new(&context, asked).err().map(|error| error.to_string());
        let (most, wanted) = (caps.b_frames, 2);
        assert_eq!(words, Some(format!("this device encodes up to {most} B-frames in a row, not {wanted}")));
        return;
    }
    let Some(mut encoder) = encoder(&context, asked) else { return };
    let (mut out, mut calls) = (Vec::new(), Vec::new());
    let mut decoder = decoder(&context, clip.codec, 8);
    decode(&mut decoder, &clip.units, 0, |decoded| {
        let encoded = encoder.encode(&decoded.picture, decoded.pts, false).unwrap_or_else(|error| panic!("{error}"));
        calls.push(encoded.len());
        out.extend(encoded);
    });
    out.extend(encoder.finish().unwrap());
    let held_back = calls.contains(&0) && calls.iter().any(|units| *units > 1);
    assert!(held_back, "pictures are held back and come together: {calls:?}");
    let mut times: Vec<_> = out.iter().map(|unit| unit.pts).collect();
    times.sort_unstable();
    assert!(times.into_iter().eq(0..30), "the end gives what was held back, and each picture comes once");
    alike(&out, &wanted, 28.0);
    drop((encoder, decoder, out));
    nothing_is_left();
}

#[test]
fn pictures_stay_behind_only_where_that_is_asked_for() {
    let Some(context) = device("encode::pictures_stay_behind_only_where_that_is_asked_for", "") else { return };
    let (clip, wanted) = clip();
    let with = |(width, height)| EncoderSettings { width, height, most: (640, 360), ..settings() };
    let Some(mut encoder) = encoder(&context, with(SIZE)) else { return };
    let (mut out, mut calls) = (Vec::new(), Vec::new());
    encoder.behind(3);
    let mut decoder = decoder(&context, clip.codec, 8);
    decode(&mut decoder, &clip.units, 0, |decoded| {
        if decoded.pts == 20 {
            encoder.behind(1);
        }
        let encoded = encoder.encode(&decoded.picture, decoded.pts, decoded.pts == 25).unwrap();
        calls.push(encoded.len());
        out.extend(encoded);
    });
    assert_eq!((&calls[..4], &calls[19..22]), (&[0, 0, 0, 1][..], &[1, 3, 1][..]), "{calls:?}");
    // A new size is a new stream: what is behind comes first.
    assert_eq!(encoder.reconfigure(&with((640, 360))), Ok(Reconfigured::Live));
    let stream = Stream::new(&context).unwrap();
    let picture = Pool::new(&context, Format::Nv12, (640, 360), 1).unwrap().lease().unwrap().unwrap();
    picture.upload(&stream, &slope((640, 360), 1)).unwrap();
    let next = encoder.encode(&picture, 30, false).unwrap();
    assert_eq!(next.iter().map(|unit| unit.pts).collect::<Vec<_>>(), [29]);
    out.extend(next);
    assert_eq!(keys(&out), [0, 25]);
    alike(&out, &wanted, 24.0);
    let last = encoder.finish().unwrap();
    assert_eq!(last.iter().map(|unit| (unit.pts, unit.key)).collect::<Vec<_>>(), [(30, true)]);
    drop((encoder, decoder, out, last, picture, stream));
    nothing_is_left();
}

#[test]
fn pictures_of_pools_are_encoded_in_turn_and_an_early_end_is_clean() {
    let Some(context) = device("encode::pictures_of_pools_are_encoded_in_turn_and_an_early_end_is_clean", "") else {
        return;
    };
    let stream = Stream::new(&context).unwrap();
    let pool = Pool::new(&context, Format::Nv12, SIZE, 3).unwrap();
    for round in 0..3 {
        let Some(mut encoder) = encoder(&context, settings()) else { return };
        let held: Vec<Picture> = (0..round).map(|_| pool.lease().unwrap().unwrap()).collect();
        for at in 0..6 {
            let picture = pool.lease().unwrap().expect("an encoder keeps no picture for longer than it needs");
            picture.upload(&stream, &slope(SIZE, at)).unwrap();
            assert_eq!(encoder.encode(&picture, at, false).unwrap().len(), 1);
        }
        // Pool and pictures go while the encoder knows their memory; then the encoder, without having been told of an end.
        drop(held);
        if round == 2 {
            drop(pool);
            drop(stream);
            drop(encoder);
            return nothing_is_left();
        }
    }
}

#[test]
fn what_cannot_be_encoded_is_refused_in_words() {
    let Some(context) = device("encode::what_cannot_be_encoded_is_refused_in_words", "") else { return };
    if encoder(&context, settings()).is_none() {
        return;
    }
    let size = |width, height| EncoderSettings { width, height, most: (width, height), ..settings() };
    let rate = |rate| EncoderSettings { rate, ..settings() };
    let cases = [
        (size(331, 250), "331x250 cannot be encoded: sides have to be even"),
        (size(32, 32), "this device encodes H.264 from "),
        (size(16_384, 64), "this device encodes H.264 from "),
        (
            EncoderSettings { most: (320, 240), ..settings() },
            "330x250 is more than the 320x240 that were to be the most",
        ),
        (EncoderSettings { fps: (25, 0), ..settings() }, "25/0 is no frame rate to encode"),
        (EncoderSettings { format: Format::P016, ..settings() }, "this device does not encode H.264 of 10 bit"),
        (rate(RateControl { bitrate: 0, ..settings().rate }), "the bitrate has to be more than nothing"),
        (
            rate(RateControl { mode: Rate::Vbr, maximum: 1, ..settings().rate }),
            "the maximum has to be the average or more",
        ),
        (rate(RateControl { mode: Rate::ConstQp(60, 20, 20), ..settings().rate }), "quantisers are 0 to 51"),
    ];
    for (asked, wanted) in cases {
        let words = Encoder::new(&context, asked).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(words.starts_with(wanted), "{words:?} instead of {wanted:?}");
    }
    nothing_is_left();
}
