//! libx264 itself: what it writes, what it changes while it runs, and that asking for it works.

use super::super::software::SoftwareEncoder;
use super::super::{Encoded, Encoder, PictureFacts, Purpose, resolve};
use super::*;
use crate::codec;
use crate::pipeline::frame::Colour;
use crate::pipeline::packet::{VideoCodec, VideoParams};
use serde_json::{Value, json};

pub(in crate::encode) const FACTS: PictureFacts = PictureFacts {
    width: 320,
    height: 180,
    rotation: 0,
    sample_aspect: (1, 1),
    fps: 30.0,
    colour: Colour { full_range: true, matrix: 1, primaries: 1, transfer: 1 },
};

pub(in crate::encode) fn plan(asked: Value) -> EncoderPlan {
    resolve(&serde_json::from_value(asked).unwrap(), &FACTS, Purpose::Live).unwrap()
}

/// Noise, so that every bit asked for is needed.
pub(in crate::encode) fn paint(encoder: &mut SoftwareEncoder, n: u64) {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let crate::pipeline::frame::Input::Host(picture) = encoder.input() else { unreachable!("x264 reads host memory") };
    for plane in picture.planes {
        for sample in plane.data {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *sample = (state >> 56) as u8;
        }
    }
}

pub(in crate::encode) fn encode(encoder: &mut SoftwareEncoder, frames: std::ops::Range<u64>) -> Vec<Encoded> {
    let mut out = Vec::new();
    for n in frames {
        paint(encoder, n);
        out.extend(encoder.encode(n as i64 * 3000, false).unwrap());
    }
    out
}

pub(in crate::encode) fn bits_a_second(units: &[Encoded]) -> f64 {
    units.iter().map(|unit| unit.data.len()).sum::<usize>() as f64 * 8.0 * FACTS.fps / units.len() as f64
}

fn params(unit: &Encoded) -> VideoParams {
    let data = codec::nal::annexb_to_lengths(&unit.data);
    let sets =
        codec::in_band_parameters(VideoCodec::H264, &data).expect("parameter sets stand in front of a key frame");
    codec::h264::video_params_from_sps_pps(sets.sps[0], sets.pps[0]).unwrap()
}

#[test]
fn a_frame_in_is_its_access_unit_out_and_nothing_is_reordered() {
    let mut encoder = SoftwareEncoder::open(&plan(json!({ "bitrate": 500_000, "gop": 10 }))).unwrap();
    assert_eq!(encoder.describe(), "software (libx264 superfast)");
    for n in 0..25 {
        let units = encode(&mut encoder, n..n + 1);
        let [unit] = &units[..] else { panic!("{} units of one frame", units.len()) };
        assert_eq!((unit.pts, unit.dts, unit.key), (n as i64 * 3000, n as i64 * 3000, n % 10 == 0));
        if unit.key {
            let params = params(unit);
            assert_eq!((params.width, params.height, params.reorder), (320, 180, Some(0)), "the VUI says so");
        }
    }
    assert!(encoder.flush().unwrap().is_empty());
}

#[test]
fn colour_and_proportions_are_written_into_the_stream() {
    use h264_reader::nal::{Nal, RefNal, sps::SeqParameterSet};
    let mut encoder = SoftwareEncoder::open(&plan(json!({ "width": 320, "height": 320 }))).unwrap();
    let unit = encode(&mut encoder, 0..1).remove(0);
    let data = codec::nal::annexb_to_lengths(&unit.data);
    let sets = codec::in_band_parameters(VideoCodec::H264, &data).unwrap();
    let sps = SeqParameterSet::from_bits(RefNal::new(sets.sps[0], &[], true).rbsp_bits()).unwrap();
    let vui = sps.vui_parameters.unwrap();
    let signal = vui.video_signal_type.unwrap();
    assert!(signal.video_full_range_flag);
    let colour = signal.colour_description.unwrap();
    assert_eq!((colour.matrix_coefficients, colour.colour_primaries, colour.transfer_characteristics), (1, 1, 1));
    assert_eq!(vui.aspect_ratio_info.unwrap().get(), Some((16, 9)));
    let restriction = vui.bitstream_restrictions.unwrap();
    assert_eq!(restriction.max_num_reorder_frames, 0);
}

#[test]
fn a_constant_bitrate_changes_while_it_runs_without_a_key_frame() {
    let (low, high) = (plan(json!({ "bitrate": 400_000 })), plan(json!({ "bitrate": 2_000_000 })));
    let mut encoder = SoftwareEncoder::open(&low).unwrap();
    let mut n = 0;
    for (plan, expected) in [(&low, 400e3), (&high, 2e6), (&low, 400e3)] {
        encoder.reconfigure(plan).unwrap();
        // What the buffer of before allowed goes first.
        let settling = encode(&mut encoder, n..n + 30);
        let measured = bits_a_second(&encode(&mut encoder, n + 30..n + 60));
        n += 60;
        assert!((measured / expected - 1.0).abs() < 0.2, "{measured} bits a second of {expected}");
        assert!(
            n == 60 || settling.iter().all(|unit| !unit.key || unit.pts % 180_000 == 0),
            "a key frame nobody asked for"
        );
    }
}

#[test]
fn constant_quality_changes_while_it_runs() {
    let mut encoder = SoftwareEncoder::open(&plan(json!({ "quality": 40 }))).unwrap();
    let coarse = bits_a_second(&encode(&mut encoder, 0..20)[10..]);
    encoder.reconfigure(&plan(json!({ "quality": 20 }))).unwrap();
    let fine = bits_a_second(&encode(&mut encoder, 20..40)[10..]);
    assert!(fine > 2.0 * coarse, "{coarse} then {fine}");
}

#[test]
fn what_x264_cannot_change_needs_a_new_one() {
    let vbr = |bitrate: u64, max: u64| plan(json!({ "rate_control": "vbr", "bitrate": bitrate, "max_bitrate": max }));
    let cases = [
        (vbr(500_000, 900_000), vbr(500_000, 1_500_000), true),
        (vbr(500_000, 900_000), vbr(600_000, 900_000), false),
        (plan(json!({ "quality": 20 })), plan(json!({ "quality": 20, "max_bitrate": 900_000 })), false),
        (
            plan(json!({ "rate_control": "cqp", "quality": 20 })),
            plan(json!({ "rate_control": "cqp", "quality": 30 })),
            false,
        ),
        (plan(json!({})), plan(json!({ "preset": "p1" })), false),
        (plan(json!({})), plan(json!({ "gop": 17 })), false),
        (plan(json!({})), plan(json!({ "width": 160 })), false),
        (plan(json!({})), plan(json!({ "fps": 10 })), false),
        (plan(json!({})), plan(json!({})), true),
    ];
    for (from, to, live) in cases {
        assert_eq!(changes_live(&from, &to), live, "{from:?} to {to:?}");
        let mut encoder = SoftwareEncoder::open(&from).unwrap();
        assert_eq!(encoder.reconfigure(&to).is_ok(), live, "{from:?} to {to:?}");
    }
}

#[test]
fn a_key_frame_comes_when_it_is_asked_for() {
    let mut encoder = SoftwareEncoder::open(&plan(json!({ "gop": 100 }))).unwrap();
    encode(&mut encoder, 0..7);
    paint(&mut encoder, 7);
    let unit = encoder.encode(21_000, true).unwrap().remove(0);
    assert!(unit.key && codec::h264::contains_idr(&codec::nal::annexb_to_lengths(&unit.data)));
    assert!(encode(&mut encoder, 8..20).iter().all(|unit| !unit.key));
}

/// Of twenty frames each comes out once by the end, in an order that can be decoded; at the lowest delay at once.
pub(in crate::encode) fn every_frame_comes(presets: &[&str], further: &Value) {
    for preset in presets {
        for (tune, b_frames) in [("ull", 0), ("ll", 2), ("hq", 3)] {
            let mut asked = json!({ "preset": preset, "tune": tune, "b_frames": b_frames });
            asked.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
            let plan = plan(asked);
            let mut encoder = SoftwareEncoder::open(&plan).unwrap();
            let mut units = encode(&mut encoder, 0..20);
            assert!(tune != "ull" || units.len() == 20 || plan.codec == Codec::Av1);
            units.extend(encoder.flush().unwrap());
            let mut times: Vec<_> = units.iter().map(|unit| unit.pts).collect();
            times.sort_unstable();
            assert_eq!(times, (0..20).map(|n| n * 3000).collect::<Vec<_>>(), "{preset} {tune}");
            assert!(units.windows(2).all(|two| two[0].dts < two[1].dts), "{preset} {tune}: DTS go back");
            assert!(units.iter().all(|unit| unit.dts <= unit.pts), "{preset} {tune}");
        }
    }
}

#[test]
fn every_preset_and_tuning_gives_every_frame_in_the_end() {
    every_frame_comes(&["p1", "p2", "p3", "p4", "p5", "p6", "p7"], &json!({ "bitrate": 300_000 }));
}
