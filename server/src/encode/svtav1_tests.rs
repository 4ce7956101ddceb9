//! SVT-AV1 itself: what it writes, that every frame comes, and how a key frame is had from it.

use super::super::software::SoftwareEncoder;
use super::super::x264::tests::{FACTS, bits_a_second, encode, every_frame_comes, paint, plan};
use super::super::{Encoded, Encoder, Purpose, changes_live, resolve};
use super::*;
use crate::codec::av1;
use crate::pipeline::packet::VideoCodec;
use serde_json::json;

/// Whether decoding can begin there: SVT-AV1 writes its sequence header nowhere else.
fn begins(unit: &Encoded) -> bool {
    av1::sequence_header(&unit.data).is_some()
}

#[test]
fn frames_come_three_later_in_their_order_with_key_frames_of_the_gop() {
    let mut encoder = SoftwareEncoder::open(&plan(json!({ "codec": "av1", "bitrate": 500_000, "gop": 10 }))).unwrap();
    assert_eq!(encoder.describe(), "software (libsvtav1 preset 12)");
    let mut units = encode(&mut encoder, 0..25);
    assert!(units.len() <= 22, "no fewer than three are with it");
    units.extend(encoder.flush().unwrap());
    assert_eq!(units.iter().map(|unit| unit.pts).collect::<Vec<_>>(), (0..25).map(|n| n * 3000).collect::<Vec<_>>());
    for (n, unit) in units.iter().enumerate() {
        assert_eq!((unit.dts, unit.key, begins(unit)), (unit.pts, n % 10 == 0, n % 10 == 0), "{n}");
    }
    let params = av1::video_params_in_band(&units[0].data).unwrap().unwrap();
    assert_eq!((params.codec, params.width, params.height, params.reorder), (VideoCodec::Av1, 320, 180, Some(0)));
    assert_eq!(params.codec_string, "av01.0.00M.08");
}

/// libavcodec hands nothing on that would make one, so that another encoder begins with it.
#[test]
fn a_key_frame_comes_when_it_is_asked_for_and_no_frame_is_lost() {
    let mut encoder = SoftwareEncoder::open(&plan(json!({ "codec": "av1", "gop": 100 }))).unwrap();
    let mut units = Vec::new();
    for n in 0..20 {
        paint(&mut encoder, n);
        // The very first one is a key frame by itself; 12 and 13 are one behind the other.
        units.extend(encoder.encode(n as i64 * 3000, matches!(n, 0 | 12 | 13)).unwrap());
    }
    units.extend(encoder.flush().unwrap());
    let keys: Vec<_> = units.iter().filter(|unit| unit.key).map(|unit| unit.pts / 3000).collect();
    assert_eq!(keys, [0, 12, 13]);
    assert!(units.iter().all(|unit| unit.key == begins(unit)));
    assert!(units.iter().map(|unit| unit.pts).eq((0..20).map(|n| n * 3000)), "in order and none missing");
    let headers: Vec<_> = units.iter().filter_map(|unit| av1::sequence_header(&unit.data)).collect();
    assert!(headers.windows(2).all(|two| two[0] == two[1]), "viewers need no other init segment");
}

#[test]
fn a_bitrate_is_kept() {
    let mut encoder =
        SoftwareEncoder::open(&plan(json!({ "codec": "av1", "bitrate": 2_000_000, "gop": 100 }))).unwrap();
    encode(&mut encoder, 0..30);
    let measured = bits_a_second(&encode(&mut encoder, 30..90));
    assert!((measured / 2e6 - 1.0).abs() < 0.25, "{measured} bits a second of 2000000");
}

#[test]
fn it_follows_nothing_while_it_runs() {
    let of = |bitrate: u64| plan(json!({ "codec": "av1", "bitrate": bitrate }));
    let mut encoder = SoftwareEncoder::open(&of(500_000)).unwrap();
    assert!(encoder.reconfigure(&of(500_000)).is_ok());
    assert!(encoder.reconfigure(&of(600_000)).is_err() && !changes_live(&of(500_000), &of(600_000)));
}

#[test]
fn one_that_was_never_used_is_closed() {
    for tune in ["ull", "hq"] {
        let asked = plan(json!({ "codec": "av1", "quality": 30, "tune": tune }));
        drop(SoftwareEncoder::open(&asked).unwrap());
        assert!(SoftwareEncoder::open(&asked).unwrap().flush().unwrap().is_empty());
    }
}

#[test]
fn every_preset_and_tuning_gives_every_frame_in_the_end() {
    every_frame_comes(&["p1", "p5"], &json!({ "codec": "av1", "quality": 40, "b_frames": 0 }));
}

#[test]
fn it_is_told_what_it_can() {
    let told = |asked: serde_json::Value| {
        let plan = plan(asked);
        let own = options(&plan).get("svtav1-params").unwrap_or_default().to_owned();
        (options(&plan), plan.in_use(plan.words()), own)
    };
    let (_, used, own) = told(json!({ "codec": "av1", "bitrate": 1_000_000, "buffer_size": 400_000 }));
    assert_eq!(own, "scd=0:lp=1:pred-struct=1:rc=2:buf-sz=400:buf-initial-sz=240:buf-optimal-sz=240");
    assert_eq!((used.tune, used.b_frames, used.bitrate), (Tune::Ull, 0, Some(1_000_000)));
    // What it cannot hold to as it is asked is what it does instead, and is told as such.
    let vbr = json!({ "codec": "av1", "rate_control": "vbr", "bitrate": 1_000_000, "max_bitrate": 2_000_000 });
    let (options, used, own) = told(vbr.clone());
    assert!(own.contains("rc=2") && options.get("maxrate").is_none(), "{own}");
    assert_eq!((used.rate_control, used.max_bitrate), (sightline_shared::encoder::RateControl::Cbr, Some(1_000_000)));
    let (_, used, own) = told(json!({ "codec": "av1", "bitrate": 1_000_000, "tune": "hq" }));
    assert!(own.contains("pred-struct=1") && used.tune == Tune::Ll, "{own}");
    let mut varied = vbr;
    varied["tune"] = json!("hq");
    let (options, _, own) = told(varied);
    assert_eq!(
        (own.as_str(), options.get("b"), options.get("maxrate")),
        ("scd=0:lp=1", Some("1000000"), Some("2000000"))
    );
    for (quality, on_its_scale) in [(0, "1"), (28, "35"), (51, "63")] {
        let (options, ..) = told(json!({ "codec": "av1", "quality": quality }));
        assert_eq!(options.get("crf"), Some(on_its_scale), "{quality}");
        let (options, ..) = told(json!({ "codec": "av1", "rate_control": "cqp", "quality": quality }));
        assert_eq!((options.get("qp"), options.get("crf")), (Some(on_its_scale), None), "{quality}");
    }
    let (_, used, _) = told(json!({ "codec": "av1", "preset": "p7" }));
    assert_eq!(used.words, "software (libsvtav1 preset 8)", "with low delay it knows no better one");
    let refused =
        resolve(&serde_json::from_value(json!({ "codec": "av1", "height": 40 })).unwrap(), &FACTS, Purpose::Live);
    let refused = refused.unwrap_err();
    assert!(refused.field == "height" && refused.message.contains("64x64"), "{refused}");
}
