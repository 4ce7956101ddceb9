//! Cuts through every order of frames that an encoder may choose: nothing that is shown is missing, nothing hidden at the end.

use super::super::reel::{Frame, Reel, Sound};

use super::*;
use crate::fragment::InitSet;
use crate::fragment::testing::{chunk, init};
use crate::pipeline::clock::Mono;
use bytes::Bytes;
use proptest::prelude::*;
use sightline_shared::camera::AudioInfo;
use sightline_shared::time::Epoch;

const STEP: i64 = 3000;
/// At the newest end pictures may still come in front of those that are there: a group, and as much as reordering takes.
const UNCERTAIN: i64 = 8 * STEP;

/// A group of pictures that are decoded together: the last of them first, the rest in some order. `key`: that first one is
/// a key frame; where the group has more pictures, they are shown before it and need the GOP before (an open GOP).
#[derive(Clone, Debug)]
struct Group {
    key: bool,
    rest: Vec<i64>,
}

/// Frames in decoding order; DTS as `pipeline/timeline.rs` gives them: `pts >= dts`, growing.
fn film(groups: &[Group]) -> Vec<Frame> {
    let mut order = vec![(0, true)];
    let mut shown = 1;
    for group in groups {
        let size = group.rest.len() as i64 + 1;
        order.push((shown + size - 1, group.key));
        order.extend(group.rest.iter().map(|at| (shown + at, false)));
        shown += size;
    }
    let depth = order.iter().enumerate().map(|(at, (pts, _))| at as i64 - pts).max().unwrap_or(0).max(0);
    let frame = |(at, (pts, key)): (usize, (i64, bool))| Frame {
        epoch: Epoch(0),
        dts: at as i64 * STEP,
        pts: (pts + depth) * STEP,
        duration: STEP,
        key,
        data: Bytes::from(vec![0; at % 7 + 1]),
        chunk: Arc::new(chunk(0, pts, 0, 0, 0, Mono::default())),
    };
    order.into_iter().enumerate().map(frame).collect()
}

fn reel(frames: Vec<Frame>) -> Reel {
    Reel { init: init(0), frames, sounds: Vec::new(), tracks: Vec::new() }
}

fn groups() -> impl Strategy<Value = Vec<Group>> {
    let group = (0_i64..4, prop::bool::weighted(0.3)).prop_flat_map(|(size, key)| {
        Just((0..size).collect::<Vec<_>>()).prop_shuffle().prop_map(move |rest| Group { key, rest })
    });
    prop::collection::vec(group, 0..30)
}

proptest! {
    #[test]
    fn all_that_is_shown_is_there_and_nothing_else(groups in groups(), from in -20_i64..140, len in 1_i64..80, open: bool) {
        let frames = film(&groups);
        let (from, to) = (from * STEP / 2, (from + len) * STEP / 2);
        let reel = reel(frames.clone());
        let Some(cut) = cut(&reel, from, to, open) else {
            let end = frames.iter().map(|f| f.pts + STEP).max().unwrap();
            prop_assert!(to <= frames[0].pts || from >= end - if open { UNCERTAIN } else { 0 }, "{from} {to}");
            return Ok(());
        };
        prop_assert!(cut.frames[0].key);
        prop_assert!(cut.frames.windows(2).all(|pair| pair[0].dts < pair[1].dts));
        prop_assert!(cut.frames[0].pts <= cut.from);
        let showable = frames.iter().map(|f| f.pts).filter(|&pts| pts >= frames[0].pts);
        let on_screen = showable.clone().filter(|&pts| pts <= from).max().unwrap_or(frames[0].pts);
        prop_assert_eq!(cut.from, on_screen, "the picture on screen at the asked moment comes first");
        let mut shown: Vec<i64> = cut.frames.iter().map(|f| f.pts).filter(|&pts| pts >= cut.from).collect();
        shown.sort_unstable();
        let steady: Vec<i64> = (0..shown.len() as i64).map(|n| cut.from + n * STEP).collect();
        prop_assert_eq!(&shown, &steady, "without a hole");
        prop_assert_eq!(cut.to, shown.last().unwrap() + STEP);
        prop_assert_eq!(cut.shown(), shown.len() as u64);
        prop_assert!(cut.frames.iter().all(|f| f.pts < cut.to), "no frame behind the end");
        prop_assert!(cut.to <= to + 4 * STEP, "moved on by a group at most");
        let end = frames.iter().map(|f| f.pts + STEP).max().unwrap();
        let slack = if open { UNCERTAIN } else { 0 };
        prop_assert!(cut.to >= to.min(end - slack), "{} {to} {end}", cut.to);
        let leading = cut.frames.iter().skip(1).take_while(|f| !f.key).any(|f| f.pts < cut.frames[0].pts);
        prop_assert!(!leading, "no frame that needs the GOP before");
    }
}

#[test]
fn a_leading_picture_takes_the_gop_before_its_key_frame() {
    let group = |key, rest: &[i64]| Group { key, rest: rest.to_vec() };
    // Shown: 0 | 1 2 | 3 4 5k | 6
    let frames = film(&[group(false, &[0]), group(true, &[0, 1]), group(false, &[])]);
    let depth = frames[0].pts;
    let cut = cut(&reel(frames.clone()), depth + 4 * STEP, depth + 6 * STEP, false).expect("a cut");
    assert_eq!((cut.frames[0].pts, cut.from, cut.shown()), (depth, depth + 4 * STEP, 2));
    let cut = super::cut(&reel(frames), depth + 5 * STEP, depth + 7 * STEP, false).expect("a cut");
    assert_eq!(
        (cut.frames[0].pts, cut.frames.len()),
        (depth + 5 * STEP, 2),
        "and the leading ones are left out behind it"
    );
}

/// 48 kHz sound of 1024 samples a frame from sample `from` on.
fn with_sound(from: i64, numbers: &[i64]) -> Reel {
    let mut reel = reel(film(&vec![Group { key: true, rest: Vec::new() }; 59]));
    let text = sightline_shared::wire::Init {
        audio: Some(AudioInfo { codec: "mp4a.40.2".into(), sample_rate: 48_000, channels: 1 }),
        ..reel.init.text.clone()
    };
    reel.init = Arc::new(InitSet { text, ..(*reel.init).clone() });
    let sound = |n: &i64| Sound { start: from + n * 1024, duration: 1024, data: Bytes::from_static(b"aac") };
    reel.sounds = numbers.iter().map(sound).collect();
    reel
}

#[test]
fn sound_begins_and_ends_with_the_picture() {
    let all: Vec<i64> = (0..100).collect();
    let audio = cut(&with_sound(0, &all), 10 * STEP, 40 * STEP, false).and_then(|cut| cut.audio).expect("sound");
    // 30 000 ticks are 16 000 samples: frame 15 begins at 15 360.
    assert_eq!((audio.sounds[0].start, audio.skip), (14 * 1024, 16_000 - 14 * 1024), "one frame to warm up");
    assert_eq!((audio.silence, audio.heard), (0, 30 * STEP));
    let end = audio.sounds.last().map_or(0, |sound| sound.start);
    assert!((63_000..64_000).contains(&end), "{end}");
}

#[test]
fn sound_that_comes_late_is_waited_for_and_none_is_none() {
    let all: Vec<i64> = (0..100).collect();
    let audio = cut(&with_sound(24_000, &all), 0, 60 * STEP, false).and_then(|cut| cut.audio).expect("sound");
    assert_eq!((audio.silence, audio.skip, audio.sounds[0].start), (45_000, 0, 24_000));
    assert_eq!(audio.heard, 60 * STEP - 45_000);
    let early = cut(&with_sound(0, &all[..5]), 0, 60 * STEP, false).and_then(|cut| cut.audio).expect("sound");
    assert_eq!((early.silence, early.skip, early.heard), (0, 0, 5 * 1024 * 90_000 / 48_000), "and it may end early");
    let late = cut(&with_sound(48_000 * 5, &all), 0, 60 * STEP, false).expect("a cut");
    assert!(late.audio.is_none());
    // A frame that was lost right before the asked moment: there is nothing to warm up with.
    let torn: Vec<i64> = (0..100).filter(|n| *n != 14).collect();
    let audio = cut(&with_sound(0, &torn), 10 * STEP, 40 * STEP, false).and_then(|cut| cut.audio).expect("sound");
    assert_eq!((audio.sounds[0].start, audio.skip), (15 * 1024, 16_000 - 15 * 1024));
}

#[test]
fn a_pause_within_is_told() {
    let mut frames = film(&vec![Group { key: true, rest: Vec::new() }; 59]);
    for frame in &mut frames[30..] {
        frame.pts += 5 * 90_000;
        frame.dts += 5 * 90_000;
    }
    let cut = cut(&reel(frames), 0, 100 * 90_000, false).expect("a cut");
    assert_eq!(cut.holes, [(90_000, 5 * 90_000)]);
}
