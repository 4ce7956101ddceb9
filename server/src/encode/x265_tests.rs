//! libx265 itself: what it writes, that a frame in is its access unit out, and that it follows nothing while it runs.

use super::super::software::SoftwareEncoder;
use super::super::x264::tests::{bits_a_second, encode, every_frame_comes, paint, plan};
use super::super::{Encoded, Encoder, changes_live};
use crate::codec;
use crate::pipeline::packet::{VideoCodec, VideoParams};
use serde_json::json;

fn params(unit: &Encoded) -> VideoParams {
    let data = codec::nal::annexb_to_lengths(&unit.data);
    codec::hevc::video_params_in_band(&data).unwrap().expect("parameter sets stand in front of a key frame")
}

fn is_key(unit: &Encoded) -> bool {
    codec::hevc::contains_irap(&codec::nal::annexb_to_lengths(&unit.data))
}

#[test]
fn a_frame_in_is_its_access_unit_out_and_nothing_is_reordered() {
    let asked = json!({ "codec": "hevc", "bitrate": 500_000, "gop": 10, "width": 320, "height": 320 });
    let mut encoder = SoftwareEncoder::open(&plan(asked)).unwrap();
    assert_eq!(encoder.describe(), "software (libx265 ultrafast)");
    for n in 0..25 {
        let units = encode(&mut encoder, n..n + 1);
        let [unit] = &units[..] else { panic!("{} units of one frame", units.len()) };
        assert_eq!((unit.pts, unit.dts, unit.key), (n as i64 * 3000, n as i64 * 3000, n % 10 == 0));
        assert_eq!((is_key(unit), unit.codec), (unit.key, sightline_shared::encoder::Codec::Hevc));
        if unit.key {
            let params = params(unit);
            assert_eq!((params.width, params.height, params.reorder), (320, 320, Some(0)));
            assert_eq!((params.codec, params.sample_aspect), (VideoCodec::Hevc, (16, 9)));
            assert!(params.codec_string.starts_with("hvc1.1.6.L"), "8 bit, Main: {}", params.codec_string);
        }
    }
    assert!(encoder.flush().unwrap().is_empty());
}

#[test]
fn a_bitrate_is_kept_and_a_key_frame_comes_when_it_is_asked_for() {
    let mut encoder =
        SoftwareEncoder::open(&plan(json!({ "codec": "hevc", "bitrate": 1_000_000, "gop": 100 }))).unwrap();
    encode(&mut encoder, 0..30);
    let measured = bits_a_second(&encode(&mut encoder, 30..60));
    assert!((measured / 1e6 - 1.0).abs() < 0.25, "{measured} bits a second of 1000000");
    paint(&mut encoder, 60);
    let unit = encoder.encode(180_000, true).unwrap().remove(0);
    assert!(unit.key && is_key(&unit));
    // So soon behind another one x265 would not make it a key frame of its own accord.
    paint(&mut encoder, 61);
    let unit = encoder.encode(183_000, true).unwrap().remove(0);
    assert!(unit.key && is_key(&unit), "asked for twice");
    assert!(encode(&mut encoder, 62..70).iter().all(|unit| !unit.key));
}

#[test]
fn it_follows_nothing_while_it_runs() {
    let of = |bitrate: u64| plan(json!({ "codec": "hevc", "bitrate": bitrate }));
    let mut encoder = SoftwareEncoder::open(&of(500_000)).unwrap();
    assert!(encoder.reconfigure(&of(500_000)).is_ok());
    assert!(encoder.reconfigure(&of(600_000)).is_err(), "libavcodec would take it and change nothing");
    assert!(!changes_live(&of(500_000), &of(600_000)));
    let h264 = plan(json!({ "bitrate": 500_000 }));
    assert!(encoder.reconfigure(&h264).is_err() && !changes_live(&h264, &of(500_000)), "another codec");
}

#[test]
fn every_preset_and_tuning_gives_every_frame_in_the_end() {
    every_frame_comes(&["p1", "p3", "p5"], &json!({ "codec": "hevc", "quality": 30 }));
}
