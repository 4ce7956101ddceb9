//! The encoder form: what is offered, what is refused and why, and the patch that comes of it.

use super::*;
use sightline_shared::encoder::{Backend, Codec, Preset, RateControl, Tune};

fn caps() -> Vec<EncoderCaps> {
    let limits = [("bitrate", 20_000.0, 2e8), ("quality", 0.0, 51.0), ("gop", 1.0, 1200.0), ("fps", 1.0, 240.0)];
    let x264 = EncoderCaps {
        backend: Backend::X264,
        reason: None,
        codecs: vec![Codec::H264],
        presets: vec![Preset::P1, Preset::P2],
        tunes: vec![Tune::Ull, Tune::Ll],
        rate_controls: vec![RateControl::Cbr, RateControl::Crf],
        limits: limits.map(|(name, min, max)| (name.to_owned(), Limits { min, max })).into_iter().collect(),
        live: vec!["bitrate".into()],
    };
    let reason = Some("This machine has no NVIDIA GPU.".to_owned());
    let none = EncoderCaps { backend: Backend::Nvenc, reason, presets: Vec::new(), ..x264.clone() };
    vec![none, x264]
}

fn asked() -> EncoderSettings {
    EncoderSettings { bitrate: Some(2_000_000), preset: Some(Preset::P2), gop: Some(60), ..EncoderSettings::default() }
}

#[test]
fn an_untouched_form_changes_nothing() {
    assert_eq!(EncoderForm::of(&asked()).patch(&asked(), &caps(), None), Ok(None));
    let form = EncoderForm::of(&asked());
    assert_eq!((form.get("bitrate"), form.get("preset"), form.get("gop"), form.get("tune")), ("2", "p2", "60", ""));
}

#[test]
fn the_patch_holds_what_differs_and_null_where_it_goes_back() {
    let mut form = EncoderForm::of(&asked());
    form.set("bitrate", "1.5".into());
    form.set("gop", " ".into());
    form.set("fps", "12,5".into());
    form.set("preset", "p1".into());
    let patch = form.patch(&asked(), &caps(), None).expect("valid").expect("a change");
    assert_eq!(patch, serde_json::json!({ "bitrate": 1_500_000, "gop": null, "fps": 12.5, "preset": "p1" }));
}

#[test]
fn what_a_rate_control_does_not_take_is_disabled_and_not_sent() {
    let mut form = EncoderForm::of(&asked());
    let refused = |form: &EncoderForm, name: &str| form.refused(name, &caps(), None).is_some();
    assert!(refused(&form, "quality") && !refused(&form, "bitrate") && refused(&form, "max_bitrate"));
    form.set("rate_control", "crf".into());
    form.set("quality", "23".into());
    assert!(refused(&form, "bitrate") && !refused(&form, "quality") && refused(&form, "buffer_size"));
    let patch = form.patch(&asked(), &caps(), None).expect("valid").expect("a change");
    assert_eq!(patch, serde_json::json!({ "bitrate": null, "rate_control": "crf", "quality": 23 }));
    form.set("tune", "ull".into());
    assert!(refused(&form, "b_frames"));
}

#[test]
fn faults_name_their_field_and_what_it_takes() {
    let mut form = EncoderForm::of(&asked());
    form.set("bitrate", "fast".into());
    form.set("gop", "1.5".into());
    form.set("fps", "500".into());
    let faults = form.patch(&asked(), &caps(), None).expect_err("faults");
    let wanted = [
        ("bitrate", "A number of Mb/s, from 20 kb/s to 200.0 Mb/s, such as 2.5."),
        ("gop", "A whole number, from 1 to 1200."),
        ("fps", "A number, from 1 to 240."),
    ];
    assert_eq!(faults, wanted.map(|(field, message)| (field.to_owned(), message.to_owned())));
}

#[test]
fn lists_offer_what_there_is_and_say_why_the_rest_is_not() {
    let mut form = EncoderForm::of(&asked());
    let presets = form.offers(PRESET, &caps(), |_| true);
    let open: Vec<_> = presets.iter().filter(|offer| offer.refused.is_none()).map(|offer| offer.value).collect();
    assert_eq!((presets.len(), &open[..]), (8, &["", "p1", "p2"][..]));
    let backends = form.offers(MORE[12], &caps(), |_| true);
    let nvenc = backends.iter().find(|offer| offer.value == "nvenc").expect("listed");
    assert_eq!(nvenc.refused.as_deref(), Some("This machine has no NVIDIA GPU."));
    assert_eq!(
        backends.iter().find(|offer| offer.value == "qsv").and_then(|o| o.refused.as_deref()),
        Some("Not on this machine.")
    );
    form.set("backend", "nvenc".into());
    assert_eq!(form.refused("preset", &caps(), None).as_deref(), Some("This machine has no NVIDIA GPU."));
    assert!(form.refused("bitrate", &[], None).is_some());
}

#[test]
fn the_answer_becomes_a_sentence() {
    let changed = |live: &[&str], restarted: &[&str]| EncoderChanged {
        live: live.iter().map(|name| (*name).to_owned()).collect(),
        restarted: restarted.iter().map(|name| (*name).to_owned()).collect(),
        asked: EncoderSettings::default(),
        encoder: None,
    };
    assert_eq!(told(&changed(&["bitrate"], &[])), "Applied live: bitrate.");
    assert!(told(&changed(&[], &["preset", "b_frames"])).starts_with("New session for preset, B-frames:"));
    assert_eq!(told(&changed(&["bitrate"], &["quality"])), "New session for quality; with it bitrate.");
    assert!(told(&changed(&[], &[])).starts_with("Kept."));
}

#[test]
fn a_codec_is_offered_where_an_encoder_makes_it_and_the_browser_plays_it() {
    let x265 = EncoderCaps { backend: Backend::X265, codecs: vec![Codec::Hevc], live: Vec::new(), ..caps()[1].clone() };
    let with = [caps(), vec![x265]].concat();
    let refused = |form: &EncoderForm, caps: &[EncoderCaps], plays: bool| {
        let offers = form.offers(MORE[11], caps, |codec| plays || codec.starts_with("avc1."));
        let of = |value: &str| offers.iter().find(|offer| offer.value == value).expect("listed").refused.clone();
        (of("h264"), of("hevc"))
    };
    let mut form = EncoderForm::default();
    assert_eq!(refused(&form, &with, true), (None, None));
    assert!(refused(&form, &caps(), true).1.is_some_and(|why| why.contains("No encoder")));
    assert!(refused(&form, &with, false).1.is_some_and(|why| why.contains("browser")));
    form.set("backend", "x264".into());
    assert!(refused(&form, &with, true).1.is_some(), "x264 makes H.264 alone");
    form.set("backend", "x265".into());
    assert!(refused(&form, &with, true).0.is_some() && refused(&form, &with, true).1.is_none());
    form.set("backend", String::new());
    form.set("codec", "hevc".into());
    assert_eq!(form.caps(&with).map(|one| one.backend), Some(Backend::X265), "whoever has the codec is meant");
}

#[test]
fn av1_is_offered_under_the_same_conditions_and_takes_no_b_frames() {
    let svtav1 =
        EncoderCaps { backend: Backend::Svtav1, codecs: vec![Codec::Av1], live: Vec::new(), ..caps()[1].clone() };
    let with = [caps(), vec![svtav1]].concat();
    let mut form = EncoderForm::default();
    let refused = |caps: &[EncoderCaps], plays: &str| {
        let offers = form.offers(MORE[11], caps, |codec| codec.starts_with(plays));
        offers.iter().find(|offer| offer.value == "av1").expect("listed").refused.clone()
    };
    assert_eq!(refused(&with, "av01."), None);
    assert!(refused(&with, "avc1.").is_some_and(|why| why.contains("browser")));
    assert!(refused(&caps(), "av01.").is_some_and(|why| why.contains("No encoder")));
    form.set("tune", "hq".into());
    assert_eq!(form.refused("b_frames", &with, None), None);
    form.set("codec", "av1".into());
    assert!(form.refused("b_frames", &with, None).is_some_and(|why| why.contains("AV1")));
    assert_eq!(form.caps(&with).map(|one| one.backend), Some(Backend::Svtav1));
}
