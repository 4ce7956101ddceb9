//! Encoding H.265: what is its own.

use crate::codecs::{bits_are_spent, encodes, keys_are_forced, of, rate_changes, size_changes};
use crate::encode::settings;
use crate::host::{device, nothing_is_left};
use sightline_nv::{Codec, Encoded, Encoder, Format, Rate, RateControl, Reconfigured};

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

#[test]
fn every_way_to_spend_bits() {
    let Some(context) = device("hevc::every_way_to_spend_bits", "") else { return };
    let rate = settings().rate;
    let ways = [
        (rate, 28.0),
        (RateControl { mode: Rate::Vbr, maximum: 4_000_000, vbv: 0, ..rate }, 28.0),
        (RateControl { mode: Rate::ConstQp(18, 20, 22), ..rate }, 36.0),
        (RateControl { mode: Rate::Quality(20), bitrate: 0, maximum: 0, vbv: 0 }, 34.0),
    ];
    bits_are_spent(&context, Codec::Hevc, &ways, sets_stand_at_key_frames_alone);
    nothing_is_left();
}

#[test]
fn key_frames_have_their_parameter_sets_and_decoding_begins_there() {
    let Some(context) = device("hevc::key_frames_have_their_parameter_sets_and_decoding_begins_there", "") else {
        return;
    };
    keys_are_forced(&context, Codec::Hevc, sets_stand_at_key_frames_alone);
    nothing_is_left();
}

#[test]
fn the_rate_changes_between_two_pictures_and_without_a_key_frame() {
    let Some(context) = device("hevc::the_rate_changes_between_two_pictures_and_without_a_key_frame", "") else {
        return;
    };
    rate_changes(&context, Codec::Hevc);
    nothing_is_left();
}

#[test]
fn the_size_changes_while_running_up_to_the_most() {
    let Some(context) = device("hevc::the_size_changes_while_running_up_to_the_most", "") else { return };
    size_changes(&context, Codec::Hevc, (160, 90));
    nothing_is_left();
}

#[test]
fn what_takes_a_new_encoder_is_said() {
    let Some(context) = device("hevc::what_takes_a_new_encoder_is_said", "") else { return };
    if encodes(&context, Codec::Hevc, Format::P016).is_none() {
        return;
    }
    let mut encoder = Encoder::new(&context, of(Codec::Hevc, Format::Nv12)).unwrap_or_else(|error| panic!("{error}"));
    for change in [of(Codec::Hevc, Format::P016), settings()] {
        let answer = encoder.reconfigure(&change);
        let said = match &answer {
            Ok(Reconfigured::NeedsNew(why)) => why.contains("codec, layout"),
            _ => false,
        };
        assert!(said && *encoder.settings() == of(Codec::Hevc, Format::Nv12), "{answer:?}");
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
    let words = Encoder::new(&context, of(Codec::Hevc, Format::Nv12)).err().map(|error| error.to_string());
    assert_eq!(words.as_deref(), Some("this device does not encode H.265"));
    nothing_is_left();
}

#[test]
fn ten_bits_are_refused_where_the_device_has_eight() {
    let Some(context) = device("hevc::ten_bits_are_refused_where_the_device_has_eight", "refuses=encode-hevc-10")
    else {
        return;
    };
    let words = Encoder::new(&context, of(Codec::Hevc, Format::P016)).err().map(|error| error.to_string());
    assert_eq!(words.as_deref(), Some("this device does not encode H.265 of 10 bit"));
    assert!(Encoder::new(&context, of(Codec::Hevc, Format::Nv12)).is_ok());
    nothing_is_left();
}
