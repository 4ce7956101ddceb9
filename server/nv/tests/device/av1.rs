//! Encoding AV1: what is its own.

use crate::codecs::{bits_are_spent, encodes, keys_are_forced, of, rate_changes, size_changes};
use crate::encode::settings;
use crate::host::{device, nothing_is_left};
use sightline_nv::{Codec, Encoded, Encoder, EncoderSettings, Error, Format, Rate, RateControl, Reconfigured};

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

#[test]
fn every_way_to_spend_bits() {
    let Some(context) = device("av1::every_way_to_spend_bits", "") else { return };
    let rate = settings().rate;
    let ways = [
        (rate, 28.0),
        (RateControl { mode: Rate::Vbr, maximum: 4_000_000, vbv: 0, ..rate }, 28.0),
        (RateControl { mode: Rate::ConstQp(60, 70, 80), ..rate }, 34.0),
        (RateControl { mode: Rate::Quality(24), bitrate: 0, maximum: 0, vbv: 0 }, 34.0),
    ];
    bits_are_spent(&context, Codec::Av1, &ways, headers_stand_at_key_frames_alone);
    nothing_is_left();
}

#[test]
fn key_frames_have_their_header_and_decoding_begins_there() {
    let Some(context) = device("av1::key_frames_have_their_header_and_decoding_begins_there", "") else { return };
    keys_are_forced(&context, Codec::Av1, headers_stand_at_key_frames_alone);
    nothing_is_left();
}

#[test]
fn the_rate_changes_between_two_pictures_and_without_a_key_frame() {
    let Some(context) = device("av1::the_rate_changes_between_two_pictures_and_without_a_key_frame", "") else {
        return;
    };
    rate_changes(&context, Codec::Av1);
    nothing_is_left();
}

#[test]
fn the_size_changes_while_running_up_to_the_most() {
    let Some(context) = device("av1::the_size_changes_while_running_up_to_the_most", "") else { return };
    size_changes(&context, Codec::Av1, (200, 130));
    nothing_is_left();
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let Some(context) = device("av1::what_cannot_be_is_refused_in_words", "") else { return };
    if encodes(&context, Codec::Av1, Format::P016).is_none() {
        return;
    }
    let refused = |settings: EncoderSettings| match Encoder::new(&context, settings) {
        Err(Error::Unsupported(words)) => words,
        other => panic!("{:?}", other.map(drop)),
    };
    let base = of(Codec::Av1, Format::Nv12);
    let rate = |mode| EncoderSettings { rate: RateControl { mode, ..base.rate }, ..base };
    assert!(refused(EncoderSettings { b_frames: 2, gop: Some(30), ..base }).contains("without B-frames"));
    assert!(refused(rate(Rate::ConstQp(256, 9, 9))).contains("0 to 255"));
    assert!(refused(rate(Rate::Quality(64))).contains("1 to 63"));
    let h264 = EncoderSettings { codec: Codec::H264, ..rate(Rate::ConstQp(52, 9, 9)) };
    assert!(refused(h264).contains("0 to 51"), "another scale");
    let mut encoder = Encoder::new(&context, base).unwrap_or_else(|error| panic!("{error}"));
    let answer = encoder.reconfigure(&of(Codec::Av1, Format::P016));
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
    let words = Encoder::new(&context, of(Codec::Av1, Format::Nv12)).err().map(|error| error.to_string());
    assert_eq!(words.as_deref(), Some("this device does not encode AV1"));
    nothing_is_left();
}
