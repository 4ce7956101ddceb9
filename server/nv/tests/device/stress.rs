//! Everything at once and in random order: decoders, held surfaces, kernels and encoders on several threads.

use crate::clips::{Clip, decoder, rows};
use crate::encode::{encoder, settings};
use crate::host::{device, nothing_is_left};
use sightline_nv::{Context, Crop, Decoded, EncoderSettings, Error, Format, Kernels, Pool, Stream};
use std::thread;

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// A picture that is held, as it was when it came.
struct Held {
    decoded: Decoded,
    then: Vec<u8>,
}

fn play(context: &Context, clips: &[Clip], seed: u64) {
    let mut random = Random(seed);
    let stream = Stream::new(context).unwrap();
    let mut kernels = Kernels::new(context).unwrap();
    let size = (160, 90);
    let pool = Pool::new(context, Format::Nv12, size, 3).unwrap();
    let (width, height) = size;
    let mut encoder = encoder(context, EncoderSettings { width, height, most: size, ..settings() });
    let mut held: Vec<Held> = Vec::new();
    let mut let_go = |held: &mut Vec<Held>, random: &mut Random| {
        if held.is_empty() {
            return;
        }
        let one = held.swap_remove(random.below(held.len()));
        assert!(rows(&one.decoded.picture.download(&stream).unwrap()) == one.then, "a held picture changed");
        let small = pool.lease().unwrap().expect("pictures come back");
        let whole = Crop::whole(one.decoded.picture.size());
        kernels.resize(&[(&one.decoded.picture, whole, &small)]).unwrap();
        drop(one);
        if let Some(encoder) = &mut encoder {
            assert_eq!(encoder.encode(&small, 0, random.below(5) == 0).unwrap().len(), 1);
        }
    };
    for _ in 0..4 {
        let clip = &clips[random.below(clips.len())];
        let surfaces = 1 + random.below(4);
        let mut decoder = decoder(context, clip.codec, surfaces);
        let stays = random.below(surfaces + 1);
        let mut at = 0;
        while at < clip.units.len() {
            match decoder.decode(&clip.units[at], at as i64) {
                Ok(()) => at += 1,
                Err(Error::AllHeld(_)) => let_go(&mut held, &mut random),
                Err(error) => panic!("{error}"),
            }
            while decoder.ready() > random.below(2) {
                match decoder.next_picture() {
                    Ok(Some(decoded)) => {
                        let then = rows(&decoded.picture.download(&Stream::new(context).unwrap()).unwrap());
                        held.push(Held { decoded, then });
                    }
                    Ok(None) => break,
                    Err(Error::AllHeld(_)) => let_go(&mut held, &mut random),
                    Err(error) => panic!("{error}"),
                }
            }
            if held.len() > stays {
                let_go(&mut held, &mut random);
            }
            if random.below(12) == 0 {
                break;
            }
        }
        assert_eq!((decoder.lost(), decoder.overrun()), (0, 0));
    }
    while !held.is_empty() {
        let_go(&mut held, &mut random);
    }
}

#[test]
fn any_order_on_any_thread() {
    let Some(context) = device("stress::any_order_on_any_thread", "delay=100") else { return };
    let clips = [
        Clip::h264((176, 144), 12, "keyint=12:bframes=2"),
        Clip::h264((330, 250), 12, "keyint=6:bframes=0"),
        Clip::hevc((192, 128), 12, false, "keyint=12:bframes=3"),
    ];
    thread::scope(|scope| {
        for seed in 0..4_u64 {
            let (context, clips) = (&context, &clips);
            let builder = thread::Builder::new().name(format!("player {seed}"));
            builder.spawn_scoped(scope, move || play(context, clips, seed * 77 + 5)).unwrap();
        }
    });
    nothing_is_left();
}
