//! Plans: defaults, what follows from what, and refusals, as data.

use super::super::{PictureFacts, Refusal, check};
use super::*;
use serde_json::{Value, json};

const HD: PictureFacts = PictureFacts {
    width: 1920,
    height: 1080,
    rotation: 0,
    sample_aspect: (1, 1),
    fps: 30.0,
    colour: Colour { full_range: false, matrix: 2, primaries: 2, transfer: 2 },
};

fn asked(value: Value) -> EncoderSettings {
    serde_json::from_value(value).unwrap()
}

fn live(value: Value) -> EncoderPlan {
    resolve(&asked(value), &HD, Purpose::Live).unwrap()
}

#[test]
fn nothing_asked_is_a_low_delay_picture_of_the_same_size() {
    let plan = live(json!({}));
    assert_eq!((plan.width, plan.height, plan.fps, plan.gop, plan.b_frames), (1920, 1080, 30.0, 60, 0));
    assert_eq!((plan.preset, plan.tune, plan.threads), (Preset::P2, Tune::Ull, 1));
    assert_eq!(plan.rate, Rate::Cbr { bitrate: 5_600_000, buffer: 2_800_000 });
    let file = resolve(&asked(json!({})), &HD, Purpose::File).unwrap();
    assert_eq!((file.tune, file.rate, file.b_frames, file.threads), (Tune::Hq, Rate::Crf(23, None), 3, 0));
}

#[test]
fn the_codec_is_asked_for_by_its_name_or_by_its_encoder_s() {
    for (given, backend, codec) in [
        (json!({}), Backend::X264, Codec::H264),
        (json!({ "codec": "hevc" }), Backend::X265, Codec::Hevc),
        (json!({ "backend": "x265" }), Backend::X265, Codec::Hevc),
        (json!({ "backend": "nvenc", "codec": "hevc" }), Backend::X265, Codec::Hevc),
        (json!({ "codec": "av1" }), Backend::Svtav1, Codec::Av1),
        (json!({ "backend": "svtav1" }), Backend::Svtav1, Codec::Av1),
    ] {
        let plan = live(given.clone());
        assert_eq!((plan.backend, plan.codec), (backend, codec), "{given}");
        let library = match codec {
            Codec::H264 => "libx264",
            Codec::Hevc => "libx265",
            Codec::Av1 => "libsvtav1",
        };
        assert!(plan.words().contains(library), "{}", plan.words());
    }
    let preset = |given: Value| live(given).preset;
    assert_eq!((preset(json!({})), preset(json!({ "codec": "hevc" }))), (Preset::P2, Preset::P1));
    assert_eq!(preset(json!({ "codec": "av1" })), Preset::P1);
    let quality = |given: Value| resolve(&asked(given), &HD, Purpose::File).unwrap().rate;
    assert_eq!(quality(json!({ "codec": "hevc" })), Rate::Crf(28, None), "as good as x264's 23");
    assert_eq!(quality(json!({ "codec": "hevc", "quality": 23 })), Rate::Crf(23, None), "what is asked for is meant");
    let on_device = resolve_for(&asked(json!({ "codec": "hevc" })), &HD, Purpose::File, Backend::Nvenc, 2).unwrap();
    assert_eq!((on_device.backend, on_device.codec, on_device.b_frames), (Backend::Nvenc, Codec::Hevc, 2));
    let av1 = |backend| resolve_for(&asked(json!({ "codec": "av1" })), &HD, Purpose::File, backend, 2).unwrap();
    let (device, software) = (av1(Backend::Nvenc), av1(Backend::Svtav1));
    assert_eq!((device.b_frames, device.rate), (0, Rate::Crf(23, None)));
    assert_eq!((software.b_frames, software.rate, software.tune), (0, Rate::Crf(28, None), Tune::Hq));
}

#[test]
fn the_rate_control_follows_from_the_numbers_given() {
    for (given, rate) in [
        (json!({ "bitrate": 1_000_000 }), Rate::Cbr { bitrate: 1_000_000, buffer: 500_000 }),
        (
            json!({ "bitrate": 1_000_000, "max_bitrate": 3_000_000 }),
            Rate::Vbr { bitrate: 1_000_000, max: 3_000_000, buffer: 1_500_000 },
        ),
        (
            json!({ "rate_control": "vbr", "bitrate": 1_000_000, "buffer_size": 4_000_000 }),
            Rate::Vbr { bitrate: 1_000_000, max: 1_500_000, buffer: 4_000_000 },
        ),
        (json!({ "quality": 30 }), Rate::Crf(30, None)),
        (json!({ "quality_preset": "archive" }), Rate::Crf(17, None)),
        (json!({ "quality_preset": "archive", "quality": 25 }), Rate::Crf(25, None)),
        (json!({ "rate_control": "cqp", "quality": 0 }), Rate::Cqp(0)),
        (
            json!({ "rate_control": "crf", "max_bitrate": 2_000_000, "tune": "hq" }),
            Rate::Crf(23, Some((2_000_000, 4_000_000))),
        ),
    ] {
        assert_eq!(live(given.clone()).rate, rate, "{given}");
    }
    assert_eq!(live(json!({ "quality_preset": "quality", "bitrate": 900_000 })).preset, Preset::P5);
    assert_eq!(live(json!({ "quality_preset": "quality", "preset": "p1" })).preset, Preset::P1);
}

#[test]
fn sizes_keep_the_proportions_and_are_even() {
    let sized = |given: Value, facts: &PictureFacts| {
        let plan = resolve(&asked(given), facts, Purpose::Live).unwrap();
        (plan.width, plan.height, plan.sample_aspect)
    };
    assert_eq!(sized(json!({ "width": 1280 }), &HD), (1280, 720, (1, 1)));
    assert_eq!(sized(json!({ "height": 360 }), &HD), (640, 360, (1, 1)));
    assert_eq!(sized(json!({ "width": 641 }), &HD), (642, 360, (1, 1)), "made even");
    assert_eq!(sized(json!({ "width": 960, "height": 960 }), &HD), (960, 960, (16, 9)), "no circle becomes an egg");
    let odd = PictureFacts { width: 853, height: 479, ..HD };
    assert_eq!(sized(json!({}), &odd), (854, 480, (1, 1)));
    let sideways = PictureFacts { rotation: 90, ..HD };
    assert_eq!(sized(json!({ "width": 540 }), &sideways), (960, 540, (1, 1)), "540 wide as shown is 540 high as coded");
    let anamorphic = PictureFacts { width: 720, height: 576, sample_aspect: (16, 11), ..HD };
    assert_eq!(sized(json!({ "width": 360 }), &anamorphic), (360, 288, (16, 11)));
    let huge = PictureFacts { width: 15_360, height: 8640, ..HD };
    assert_eq!(sized(json!({}), &huge), (7680, 4320, (1, 1)));
    let column = PictureFacts { width: 64, height: 2000, ..HD };
    let refusal = resolve(&asked(json!({ "width": 640 })), &column, Purpose::Live).unwrap_err();
    assert_eq!(refusal.field, "width");
}

#[test]
fn frames_are_left_out_and_never_made() {
    assert_eq!(live(json!({ "fps": 10 })).fps, 10.0);
    assert_eq!(live(json!({ "fps": 10 })).gop, 20, "two seconds");
    assert_eq!(live(json!({ "fps": 60 })).fps, 30.0);
}

#[test]
fn colour_is_written_out_where_players_would_guess_another() {
    assert_eq!(live(json!({})).colour, HD.colour);
    assert_eq!(live(json!({ "height": 360 })).colour.matrix, 1);
    let told = PictureFacts { colour: Colour { full_range: true, matrix: 6, primaries: 5, transfer: 6 }, ..HD };
    assert_eq!(resolve(&asked(json!({ "height": 360 })), &told, Purpose::Live).unwrap().colour, told.colour);
}

#[test]
fn what_cannot_be_had_is_named_with_words() {
    let cases = [
        (json!({ "quality": 52 }), "quality", "0 to 51"),
        (json!({ "bitrate": 100 }), "bitrate", "20000"),
        (json!({ "fps": 0.0 }), "fps", "1 to 240"),
        (json!({ "width": 8 }), "width", "32 to 7680"),
        (json!({ "gop": 0 }), "gop", "1 to 1200"),
        (json!({ "b_frames": 9 }), "b_frames", "0 to 8"),
        (json!({ "tune": "ull", "b_frames": 2 }), "b_frames", "`ll`"),
        (json!({ "b_frames": 4, "gop": 4 }), "b_frames", "fewer"),
        (json!({ "codec": "hevc", "backend": "x264" }), "codec", "x265"),
        (json!({ "codec": "h264", "backend": "x265" }), "codec", "x264"),
        (json!({ "codec": "av1", "backend": "x265" }), "codec", "svtav1"),
        (json!({ "codec": "hevc", "backend": "svtav1" }), "codec", "x265"),
        (json!({ "codec": "av1", "tune": "hq", "b_frames": 2 }), "b_frames", "AV1"),
        (json!({ "backend": "svtav1", "tune": "hq", "bitrate": 1_000_000 }), "tune", "`ll`"),
        (json!({ "backend": "svtav1", "tune": "ull", "rate_control": "vbr" }), "rate_control", "`hq`"),
        (json!({ "backend": "vaapi" }), "backend", "VA-API"),
        (json!({ "rate_control": "crf", "bitrate": 1_000_000 }), "bitrate", "max_bitrate"),
        (json!({ "rate_control": "cbr", "quality": 20 }), "quality", "crf"),
        (json!({ "rate_control": "cbr", "bitrate": 1_000_000, "max_bitrate": 2_000_000 }), "max_bitrate", "vbr"),
        (json!({ "rate_control": "vbr", "bitrate": 2_000_000, "max_bitrate": 1_000_000 }), "max_bitrate", "less"),
        (json!({ "rate_control": "cqp", "max_bitrate": 1_000_000 }), "max_bitrate", "crf"),
        (json!({ "rate_control": "crf", "buffer_size": 1_000_000 }), "buffer_size", "max_bitrate"),
    ];
    for (given, field, word) in cases {
        let Refusal { field: named, message } = check(&asked(given.clone()), Purpose::Live).unwrap_err();
        assert_eq!(named, field, "{given}: {message}");
        assert!(message.contains(word) && message.ends_with('.'), "{given}: {message}");
    }
}

#[test]
fn what_is_in_use_answers_every_question() {
    let told = live(json!({ "rate_control": "vbr", "bitrate": 2_000_000 })).in_use("software".into());
    assert_eq!((told.bitrate, told.max_bitrate, told.buffer_size), (Some(2_000_000), Some(3_000_000), Some(1_500_000)));
    assert_eq!((told.rate_control, told.quality), (RateControl::Vbr, None));
    let (slow, fast) = (live(json!({ "bitrate": 1_000_000 })), live(json!({ "bitrate": 2_000_000 })));
    assert!(slow.differs_in_rate_alone(&fast));
    assert!(!slow.differs_in_rate_alone(&live(json!({ "bitrate": 2_000_000, "preset": "p1" }))));
}
