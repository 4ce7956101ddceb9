//! Decoded pictures are bit for bit those of a software decoder, whatever the stream is made of, and stay so while they are held.

use crate::clips::{Clip, decode, decoder, drain, same};
use crate::host::{device, nothing_is_left};
use sightline_nv::{Codec, Context, Decoded, Error};
use std::thread;

/// Every picture, in order and with its time; and nothing is left behind.
fn like_software(context: &Context, clip: &Clip) {
    let wanted = clip.software();
    let mut times = Vec::new();
    let mut decoder = decoder(context, clip.codec, 4);
    decode(&mut decoder, &clip.units, 0, |decoded| {
        let format = decoded.format;
        assert_eq!((format.width, format.height, format.layout()), (clip.size.0, clip.size.1, clip.format));
        assert!(!decoded.damaged);
        same(&decoded, &wanted[times.len()], &format!("picture {}", times.len()));
        assert!(decoded.timing.elapsed().unwrap().is_some(), "it was downloaded, so that it is done");
        times.push(decoded.pts);
    });
    assert_eq!(times.len(), wanted.len(), "pictures");
    times.sort_unstable();
    assert!(times.into_iter().eq(0..clip.units.len() as i64), "each access unit's time is that of one picture");
    assert_eq!((decoder.lost(), decoder.overrun()), (0, 0));
    drop(decoder);
    nothing_is_left();
}

#[test]
fn h264_with_b_frames_and_slices() {
    let Some(context) = device("decode::h264_with_b_frames_and_slices", "") else { return };
    like_software(&context, &Clip::h264((330, 250), 50, "keyint=20:bframes=3:b-pyramid=normal:slices=3:weightp=2"));
}

#[test]
fn h264_without_reordering_comes_at_once() {
    let Some(context) = device("decode::h264_without_reordering_comes_at_once", "") else { return };
    let clip = Clip::h264((322, 182), 20, "keyint=10:bframes=0");
    like_software(&context, &clip);
    let mut decoder = decoder(&context, clip.codec, 2);
    for (at, unit) in (0..).zip(&clip.units) {
        decoder.decode(unit, at).unwrap();
        assert_eq!(decoder.next_picture().unwrap().map(|decoded| decoded.pts), Some(at), "no picture of delay");
    }
}

#[test]
fn h264_of_fields_is_woven() {
    let Some(context) = device("decode::h264_of_fields_is_woven", "") else { return };
    let clip = Clip::h264((320, 256), 20, "keyint=10:bframes=2:tff=1");
    let mut decoder = decoder(&context, clip.codec, 2);
    decoder.decode(&clip.units[0], 0).unwrap();
    assert!(!decoder.format().unwrap().progressive);
    drop(decoder);
    like_software(&context, &clip);
}

#[test]
fn hevc_of_8_bit() {
    let Some(context) = device("decode::hevc_of_8_bit", "") else { return };
    like_software(&context, &Clip::hevc((330, 250), 30, false, "keyint=15:bframes=3:slices=2"));
}

#[test]
fn hevc_of_10_bit() {
    let Some(context) = device("decode::hevc_of_10_bit", "") else { return };
    like_software(&context, &Clip::hevc((330, 250), 30, true, "keyint=15:bframes=3"));
}

#[test]
fn av1_of_8_bit() {
    let Some(context) = device("decode::av1_of_8_bit", "") else { return };
    like_software(&context, &Clip::av1((330, 250), 20, false));
}

#[test]
fn av1_of_10_bit() {
    let Some(context) = device("decode::av1_of_10_bit", "") else { return };
    like_software(&context, &Clip::av1((322, 182), 20, true));
}

#[test]
fn av1_that_the_device_does_not_decode_is_refused() {
    let Some(context) = device("decode::av1_that_the_device_does_not_decode_is_refused", "refuses=av1") else { return };
    let error = decoder(&context, Codec::Av1, 2).decode(&Clip::av1((192, 128), 1, false).units[0], 0).unwrap_err();
    assert!(error.to_string().contains("AV1"), "{error}");
}

#[test]
fn the_size_changes_in_mid_stream() {
    let Some(context) = device("decode::the_size_changes_in_mid_stream", "") else { return };
    let clips =
        [(330, 250), (640, 360), (176, 144), (330, 250)].map(|size| Clip::h264(size, 12, "keyint=12:bframes=2"));
    let wanted = clips.each_ref().map(Clip::software);
    let mut decoder = decoder(&context, clips[0].codec, 4);
    // One of each size is held to the end: its decoder is another's by then.
    let mut held: Vec<(usize, Decoded)> = Vec::new();
    let mut counts = [0; 4];
    let (mut part, mut units) = (0, 0);
    let mut each = |decoded: Decoded| {
        while counts[part] == wanted[part].len() {
            part += 1;
        }
        assert_eq!((decoded.format.width, decoded.format.height), clips[part].size, "picture {units}");
        same(&decoded, &wanted[part][counts[part]], &format!("picture {} of part {part}", counts[part]));
        if counts[part] == 5 {
            held.push((part, decoded));
        }
        counts[part] += 1;
        units += 1;
    };
    for (at, unit) in (0..).zip(clips.iter().flat_map(|clip| &clip.units)) {
        decoder.decode(unit, at).unwrap();
        drain(&mut decoder, &mut each);
    }
    decoder.flush().unwrap();
    drain(&mut decoder, &mut each);
    assert_eq!(counts, [12; 4]);
    assert_eq!(held.len(), 4);
    drop(decoder);
    for (part, decoded) in held {
        same(&decoded, &wanted[part][5], "held to the end");
    }
    nothing_is_left();
}

#[test]
fn flushed_it_goes_on_with_the_next_key_frame() {
    let Some(context) = device("decode::flushed_it_goes_on_with_the_next_key_frame", "") else { return };
    let clip = Clip::h264((330, 250), 30, "keyint=15:min-keyint=15:scenecut=0:bframes=3");
    let wanted = clip.software();
    let mut decoder = decoder(&context, clip.codec, 4);
    for round in 0..3 {
        let mut count = 0;
        let (units, pictures) = if round == 1 { (15..30, 15..30) } else { (0..15, 0..15) };
        decode(&mut decoder, &clip.units[units], 1000 * round, |decoded| {
            assert!((1000 * round..1000 * round + 15).contains(&decoded.pts), "{}", decoded.pts);
            same(&decoded, &wanted[pictures.start + count], &format!("round {round}, picture {count}"));
            count += 1;
        });
        assert_eq!(count, 15);
    }
    decoder.flush().unwrap();
    decoder.flush().unwrap();
    assert!(decoder.next_picture().unwrap().is_none());
}

#[test]
fn all_surfaces_held_is_an_error_and_takes_nothing() {
    let Some(context) = device("decode::all_surfaces_held_is_an_error_and_takes_nothing", "") else { return };
    let clip = Clip::h264((322, 182), 30, "keyint=30:bframes=2");
    let wanted = clip.software();
    let mut decoder = decoder(&context, clip.codec, 3);
    let mut held: Vec<(usize, Decoded)> = Vec::new();
    let mut refused = 0;
    let mut count = 0;
    let mut at = 0;
    while at < clip.units.len() {
        match decoder.decode(&clip.units[at], at as i64) {
            Ok(()) => at += 1,
            Err(Error::AllHeld(3)) => {
                refused += 1;
                assert_eq!(held.len(), 3, "refused although there is room");
                // Held through all of this, they are what they were.
                for (number, decoded) in held.drain(..) {
                    same(&decoded, &wanted[number], &format!("held picture {number}"));
                }
            }
            Err(error) => panic!("{error}"),
        }
        loop {
            match decoder.next_picture() {
                Ok(Some(decoded)) => {
                    held.push((count, decoded));
                    count += 1;
                }
                Ok(None) | Err(Error::AllHeld(3)) => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(held.len() <= 3);
    }
    assert!(refused > 5, "it was refused {refused} times");
    drop(held);
    decoder.flush().unwrap();
    drain(&mut decoder, |decoded| {
        same(&decoded, &wanted[count], "one of the last");
        count += 1;
    });
    assert_eq!((count, decoder.lost(), decoder.overrun()), (30, 0, 0), "no picture was lost by it");
    drop(decoder);
    nothing_is_left();
}

#[test]
fn surfaces_outlive_their_decoder_and_go_in_any_order() {
    let Some(context) = device("decode::surfaces_outlive_their_decoder_and_go_in_any_order", "") else { return };
    let clip = Clip::h264((322, 182), 4, "keyint=8:bframes=0");
    let wanted = clip.software();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
        let mut decoder = decoder(&context, clip.codec, 4);
        let mut held = Vec::new();
        decode(&mut decoder, &clip.units, 0, |decoded| held.push(Some(decoded)));
        assert_eq!(held.len(), 4);
        drop(decoder);
        for (number, one) in order.into_iter().enumerate() {
            let decoded = held[one].take().unwrap();
            same(&decoded, &wanted[one], &format!("picture {one}"));
            let elsewhere = thread::Builder::new().name(format!("drop {number}"));
            elsewhere.spawn(move || drop(decoded)).unwrap().join().unwrap();
        }
    }
    nothing_is_left();
}

#[test]
fn decoders_come_and_go_on_many_threads() {
    let Some(context) = device("decode::decoders_come_and_go_on_many_threads", "") else { return };
    let clip = Clip::h264((176, 144), 10, "keyint=10:bframes=2");
    let wanted = clip.software();
    thread::scope(|scope| {
        for number in 0..4 {
            let (context, clip, wanted) = (&context, &clip, &wanted);
            let builder = thread::Builder::new().name(format!("decode {number}"));
            let work = move || {
                for round in 0..5 {
                    let mut decoder = decoder(context, clip.codec, 3);
                    let mut count = 0;
                    decode(&mut decoder, &clip.units, 0, |decoded| {
                        same(&decoded, &wanted[count], &format!("thread {number}, round {round}, picture {count}"));
                        count += 1;
                    });
                    assert_eq!(count, 10);
                    // Its end comes on another thread than its begin.
                    let end = thread::Builder::new().name("end".into());
                    end.spawn(move || drop(decoder)).unwrap().join().unwrap();
                }
            };
            builder.spawn_scoped(scope, work).unwrap();
        }
    });
    nothing_is_left();
}
