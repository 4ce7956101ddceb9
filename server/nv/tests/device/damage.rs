//! Damaged access units: never a hang, never a stale surface, and from the next whole key frame on the pictures of a software decoder.

use crate::clips::{Clip, decoder, same};
use crate::host::{device, everything_went_back};
use sightline_nv::{Context, Decoded, Error};

const GOP: usize = 15;

fn clip() -> Clip {
    Clip::h264((330, 250), 45, "keyint=15:min-keyint=15:scenecut=0:bframes=2:slices=2:open-gop=0")
}

/// Decodes units of which those of the second GOP are damaged. The third one's pictures have to be right.
fn recovers(context: &Context, clip: &Clip, units: &[Vec<u8>]) {
    let wanted = clip.software();
    let mut decoder = decoder(context, clip.codec, 4);
    let mut right = 0;
    let mut look = |decoded: Decoded| {
        // Shown in order within their GOP, since a GOP is closed: the place of a picture is that of its time.
        if decoded.pts >= 2 * GOP as i64 {
            same(&decoded, &wanted[2 * GOP + right], &format!("picture {right} after the damage"));
            right += 1;
        }
    };
    for (at, unit) in (0..).zip(units) {
        match decoder.decode(unit, at) {
            Ok(()) => {}
            Err(error) => {
                assert!(!error.is_device_lost() && !matches!(error, Error::AllHeld(_)), "unit {at}: {error}");
            }
        }
        while let Some(decoded) = decoder.next_picture().unwrap_or_else(|error| panic!("after unit {at}: {error}")) {
            look(decoded);
        }
    }
    decoder.flush().unwrap();
    while let Some(decoded) = decoder.next_picture().unwrap() {
        look(decoded);
    }
    assert_eq!(right, GOP, "pictures after the damage");
    drop(decoder);
    // A real driver maps a picture that it could not decode, the stand-in refuses to: either is right.
    everything_went_back();
}

#[test]
fn bits_are_flipped() {
    let Some(context) = device("damage::bits_are_flipped", "") else { return };
    let clip = clip();
    let mut seed = 7_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    let mut units = clip.units.clone();
    for unit in &mut units[GOP + 1..2 * GOP] {
        for _ in 0..20 {
            // Behind the delimiter, which parts access units from each other.
            let at = 6 + random(unit.len() - 6);
            unit[at] ^= 1 << random(8);
        }
    }
    recovers(&context, &clip, &units);
}

#[test]
fn units_are_cut_short_or_missing() {
    let Some(context) = device("damage::units_are_cut_short_or_missing", "") else { return };
    let clip = clip();
    let mut units = clip.units.clone();
    for (at, unit) in units.iter_mut().enumerate().take(2 * GOP).skip(GOP + 1) {
        match at % 4 {
            0 => unit.clear(),
            1 => unit.truncate(unit.len() / 2),
            2 => unit.truncate(7),
            _ => {}
        }
    }
    recovers(&context, &clip, &units);
}

#[test]
fn what_comes_is_no_video_at_all() {
    let Some(context) = device("damage::what_comes_is_no_video_at_all", "") else { return };
    let clip = clip();
    let mut units = clip.units.clone();
    for (at, unit) in units.iter_mut().enumerate().take(2 * GOP).skip(GOP) {
        let noise = (0..4000_usize).map(|n| (n * n * 31 + at * 7) as u8);
        // With start codes in between, as of units of every kind.
        *unit = noise.enumerate().map(|(n, byte)| if n % 97 < 3 { u8::from(n % 97 == 2) } else { byte }).collect();
    }
    recovers(&context, &clip, &units);
}

#[test]
fn a_stream_without_a_key_frame_gives_nothing_and_does_no_harm() {
    let Some(context) = device("damage::a_stream_without_a_key_frame_gives_nothing_and_does_no_harm", "") else {
        return;
    };
    let clip = clip();
    let mut decoder = decoder(&context, clip.codec, 4);
    for (at, unit) in (0..).zip(&clip.units[1..GOP]) {
        decoder.decode(unit, at).unwrap();
        assert!(decoder.next_picture().unwrap().is_none());
    }
    decoder.flush().unwrap();
    assert!(decoder.next_picture().unwrap().is_none());
    assert_eq!(decoder.format(), None);
}
