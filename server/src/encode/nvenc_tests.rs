//! What is decided before a device is asked: decoding times, numbers, and what a session follows.

use super::super::{PictureFacts, plan_on};
use super::*;
use crate::pipeline::frame::Colour;
use serde_json::json;
use sightline_shared::encoder::Backend;

fn plan(asked: serde_json::Value) -> EncoderPlan {
    let colour = Colour { full_range: false, matrix: 0, primaries: 1, transfer: 2 };
    let facts = PictureFacts { width: 640, height: 360, rotation: 0, sample_aspect: (1, 1), fps: 30.0, colour };
    let asked = serde_json::from_value(asked).unwrap();
    super::super::plan::resolve_for(&asked, &facts, Purpose::Live, Backend::Nvenc, 4).unwrap()
}

const CAPS: EncoderCaps = EncoderCaps {
    codec: sightline_nv::Codec::H264,
    least: (32, 32),
    most: (4096, 4096),
    b_frames: 4,
    ten_bits: false,
    live_size: false,
    live_bitrate: true,
    vbv: true,
    engines: 1,
};

#[test]
fn decoding_times_grow_and_are_never_late() {
    // (B-frames, the order in which frames come out)
    for (b_frames, order) in [
        (0, vec![0, 1, 2, 3, 4, 5]),
        (1, vec![0, 2, 1, 4, 3, 5]),
        (2, vec![0, 3, 1, 2, 6, 4, 5]),
        // The middle one of three is referred to.
        (3, vec![0, 4, 2, 1, 3, 8, 6, 5, 7]),
    ] {
        let mut times = Times::new(&plan(json!({ "b_frames": b_frames, "tune": "ll" })));
        let mut given = 0;
        let mut dts = Vec::new();
        for n in order {
            while given <= n {
                times.enter(given * 3000);
                given += 1;
            }
            dts.push(times.leave(n * 3000));
            assert!(dts.last().is_some_and(|dts| *dts <= n * 3000), "{b_frames}: {dts:?}");
        }
        assert!(dts.windows(2).all(|two| two[0] < two[1]), "{b_frames}: {dts:?}");
        assert_eq!(dts[0], -3000 * b_frames.min(2), "no earlier than it has to be");
    }
}

#[test]
fn settings_are_the_device_s_numbers() {
    let asked = json!({ "rate_control": "vbr", "bitrate": 2_000_000, "max_bitrate": 3_000_000, "buffer_size": 500_000,
        "preset": "p6", "tune": "hq", "gop": 50, "b_frames": 2, "width": 320 });
    let made = settings(&plan(asked), &CAPS);
    assert_eq!((made.width, made.height, made.most, made.fps), (320, 180, (320, 180), (30_000, 1000)));
    assert_eq!((made.preset, made.tuning, made.gop, made.b_frames), (6, Tuning::HighQuality, Some(50), 2));
    let RateControl { mode, bitrate, maximum, vbv } = made.rate;
    assert_eq!((mode, bitrate, maximum, vbv), (sightline_nv::Rate::Vbr, 2_000_000, 3_000_000, 500_000));
    assert_eq!((made.colour.primaries, made.colour.transfer, made.colour.matrix), (1, 2, 2), "0 says nothing");
    let no_vbv = settings(&plan(json!({ "bitrate": 100_000 })), &EncoderCaps { vbv: false, ..CAPS });
    assert_eq!((no_vbv.rate.mode, no_vbv.rate.maximum, no_vbv.rate.vbv), (sightline_nv::Rate::Cbr, 100_000, 0));
    let constant = settings(&plan(json!({ "rate_control": "cqp", "quality": 30 })), &CAPS);
    assert_eq!(constant.rate.mode, sightline_nv::Rate::ConstQp(30, 30, 30));
    let quality = settings(&plan(json!({ "rate_control": "crf", "quality": 0, "max_bitrate": 900_000 })), &CAPS);
    assert_eq!((quality.rate.mode, quality.rate.maximum), (sightline_nv::Rate::Quality(1), 900_000), "0 is no target");
}

#[test]
fn the_codec_is_the_plan_s_and_decides_what_encodes_without_a_device() {
    assert_eq!(settings(&plan(json!({})), &CAPS).codec, sightline_nv::Codec::H264);
    assert_eq!(settings(&plan(json!({ "codec": "hevc" })), &CAPS).codec, sightline_nv::Codec::Hevc);
    let av1 = |asked| settings(&plan(asked), &CAPS);
    let coarse = av1(json!({ "codec": "av1", "rate_control": "cqp", "quality": 51 }));
    assert_eq!(
        (coarse.codec, coarse.rate.mode),
        (sightline_nv::Codec::Av1, sightline_nv::Rate::ConstQp(255, 255, 255))
    );
    let worst = av1(json!({ "codec": "av1", "quality": 51 })).rate.mode;
    assert_eq!(worst, sightline_nv::Rate::Quality(63), "its own scale");
    let facts = PictureFacts {
        width: 640,
        height: 360,
        rotation: 0,
        sample_aspect: (1, 1),
        fps: 30.0,
        colour: Colour::default(),
    };
    for (codec, backend) in [("hevc", Backend::X265), ("av1", Backend::Svtav1)] {
        let asked = serde_json::from_value(json!({ "codec": codec })).unwrap();
        let planned = plan_on(&asked, &facts, Purpose::Live, &Seat::none(), None).unwrap();
        assert_eq!(planned.plan.backend, backend);
    }
    assert!(!changes_live(&plan(json!({})), &plan(json!({ "codec": "hevc" }))));
}

#[test]
fn a_session_follows_numbers_and_nothing_else() {
    let from = plan(json!({ "bitrate": 1_000_000, "gop": 60 }));
    for (to, live) in [
        (json!({ "bitrate": 300_000, "gop": 60 }), true),
        (json!({ "bitrate": 1_000_000, "buffer_size": 100_000, "gop": 60 }), true),
        (json!({ "bitrate": 1_000_000, "gop": 60, "fps": 15.0 }), true),
        (json!({ "bitrate": 1_000_000, "gop": 30 }), false),
        (json!({ "bitrate": 1_000_000, "gop": 60, "preset": "p7" }), false),
        (json!({ "bitrate": 1_000_000, "gop": 60, "width": 320 }), false),
        (json!({ "rate_control": "vbr", "bitrate": 1_000_000, "gop": 60 }), false),
        (json!({ "rate_control": "cqp", "quality": 20, "gop": 60 }), false),
    ] {
        assert_eq!(changes_live(&from, &plan(to.clone())), live, "{to}");
    }
}

#[test]
fn the_size_follows_up_to_the_largest_of_the_start() {
    let facts = |width, height| PictureFacts {
        width,
        height,
        rotation: 0,
        sample_aspect: (1, 1),
        fps: 30.0,
        colour: Colour::default(),
    };
    assert_eq!(super::super::shape::most(&facts(1919, 1080), (640, 360)), (1920, 1080), "the picture's own");
    assert_eq!(super::super::shape::most(&facts(3840, 2160), (640, 360)), (640, 360), "no memory for 2160p");
    assert_eq!(super::super::shape::most(&facts(640, 360), (1280, 720)), (1280, 720), "an enlarged one");
    let of = |asked| EncoderPlan { most: (640, 360), ..plan(asked) };
    let from = of(json!({ "height": 180, "gop": 60 }));
    assert_eq!(settings(&from, &CAPS).most, (640, 360));
    assert!(changes_live(&from, &of(json!({ "height": 360, "gop": 60 }))), "the usual bitrate of a size follows it");
    assert!(!changes_live(&from, &of(json!({ "height": 362, "gop": 60 }))), "more than the largest");
    assert!(!changes_live(&from.clone().of_one_size(), &of(json!({ "height": 90, "gop": 60 }))), "`small`");
    assert!(!changes_live(&from, &of(json!({ "width": 180, "height": 180, "gop": 60 }))), "pixels of another shape");
}

#[test]
fn without_a_device_x264_encodes_and_says_why() {
    let colour = Colour::default();
    let facts = PictureFacts { width: 640, height: 360, rotation: 0, sample_aspect: (1, 1), fps: 30.0, colour };
    for (asked, told) in
        [(json!({}), false), (json!({ "backend": "nvenc" }), true), (json!({ "backend": "x264" }), false)]
    {
        let asked = serde_json::from_value(asked).unwrap();
        let planned = plan_on(&asked, &facts, Purpose::Live, &Seat::none(), None).unwrap();
        assert_eq!((planned.plan.backend, planned.instead.is_some()), (Backend::X264, told));
    }
}
