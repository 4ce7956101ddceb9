//! Each fault leads to its finding, and a good camera to none.

use super::*;
use crate::pipeline::packet::testing::params;
use crate::source::Offered;
use sightline_shared::probe::{BrowserPlays, Plays};

struct Case {
    probe: Probe,
    observed: Observed,
    measured: Measured,
}

fn good() -> Case {
    let plays = BrowserPlays { browser: "Chromium".into(), plays: Plays::Yes, note: None };
    let video = Offered {
        medium: Medium::Video,
        codec: "H264".into(),
        carried: true,
        claimed_fps: Some(25.0),
        parameter_sets: true,
    };
    let mut known = params();
    known.video.claimed_millifps = Some(25_000);
    Case {
        probe: Probe {
            transport: Some("tcp".into()),
            codec_words: Some("H.264 High, level 4.0".into()),
            clock_ahead_s: Some(0.1),
            parameter_sets_in_band: Some(true),
            first_picture_ms: Some(300.0),
            browsers: vec![plays],
            ..Probe::default()
        },
        observed: Observed { params: Some(known), offered: vec![video], ..Observed::default() },
        measured: Measured {
            fps: Some(25.0),
            gop_s: Some(2.0),
            gop_frames: Some(50.0),
            b_frames: Some(false),
            jitter_ms: Some(8.0),
            span_s: 6.0,
            peak: Some(9.0),
            ..Measured::default()
        },
    }
}

/// Codes of what is wrong after `change`, and the first finding's words.
fn wrong(change: impl FnOnce(&mut Case)) -> (Vec<String>, String) {
    let mut case = good();
    change(&mut case);
    let found = findings(&case.probe, &case.observed, &case.measured);
    assert!(found.is_sorted_by(|a, b| a.severity >= b.severity));
    let words =
        found.first().map(|finding| format!("{} {}", finding.message, finding.mend.clone().unwrap_or_default()));
    let codes = found.into_iter().filter(|finding| finding.severity > Severity::Good).map(|finding| finding.code);
    (codes.collect(), words.unwrap_or_default())
}

#[test]
fn nothing_is_found_in_a_good_camera() {
    assert_eq!(wrong(|_| {}).0, Vec::<String>::new());
}

#[test]
fn each_fault_has_its_finding_and_its_mend() {
    let check = |code: &str, words: &str, change: fn(&mut Case)| {
        let (codes, said) = wrong(change);
        assert_eq!(codes, [code], "{said}");
        assert!(said.contains(words), "{code}: {said}");
    };
    check("long_gop", "every 10 s", |case| case.measured.gop_s = Some(10.0));
    check("short_gop", "0.20 s", |case| case.measured.gop_s = Some(0.2));
    check("wrong_fps", "its SDP says 25", |case| {
        case.measured.fps = Some(20.0);
        case.observed.params.as_mut().unwrap().video.claimed_millifps = None;
    });
    check("wrong_fps", "its parameter sets say 12.5", |case| {
        case.observed.params.as_mut().unwrap().video.claimed_millifps = Some(12_500);
    });
    check("b_frames", "waits for 2 frames", |case| (case.measured.b_frames, case.measured.depth) = (Some(true), 2));
    check("b_frames", "do not promise", |case| case.observed.params.as_mut().unwrap().video.reorder = None);
    check("packet_loss", "the camera itself", |case| case.observed.lost_packets = 7);
    check("packet_loss", "Choose TCP", |case| {
        (case.observed.lost_packets, case.probe.transport) = (7, Some("udp".into()));
    });
    check("clock_jump", "NTP", |case| case.measured.jumps = 1);
    check("clock_drift", "2 % too slow", |case| case.measured.drift_ppm = Some(20_000.0));
    check("clock_wrong", "3600 s fast", |case| case.probe.clock_ahead_s = Some(3600.0));
    check("jitter", "400 ms", |case| case.measured.jitter_ms = Some(400.0));
    check("no_sender_reports", "in 6 s", |case| (case.probe.clock_ahead_s, case.probe.watched_s) = (None, 6.0));
    check("parameter_sets", "SDP alone", |case| case.probe.parameter_sets_in_band = Some(false));
    check("slow_start", "9 s", |case| case.probe.first_picture_ms = Some(9000.0));
    check("bitrate", "20 Mb/s", |case| case.probe.bitrate = Some(20e6));
    check("large_frames", "50 times", |case| case.measured.peak = Some(50.0));
    check("recoded", "RTSP", |case| case.observed.notes = vec![format!("It is {}.", crate::source::RECODED)]);
    check("too_slow", "30 pictures", |case| case.observed.left_out = 30);
    check("audio", "G.711 (PCMU)", |case| {
        let track = case.observed.offered[0].clone();
        case.observed.offered.push(Offered { medium: Medium::Audio, codec: "PCMU".into(), carried: false, ..track });
    });
    check("codec", "no browser", |case| case.probe.browsers[0].plays = Plays::No);
}

#[test]
fn figures_have_no_more_digits_than_they_deserve() {
    for (value, words) in [(25.0, "25"), (29.97, "30"), (12.5, "12.5"), (0.04, "0"), (1234.56, "1235")] {
        assert_eq!(figure(value), words);
    }
}
