//! Ten labelled boxes drawn on NV12 and I420 pictures of 1080p, on one thread.
//!
//! `cargo bench -p sightline-server --bench draw`; `tests/bench/draw.py` compares it with OpenCV and Pillow.

use criterion::{Criterion, criterion_group, criterion_main};
use sightline::draw::{Facts, Painter, PictureMut};
use sightline::pipeline::frame::Colour;
use sightline_shared::draw::{Item, Layers, draw_list};
use sightline_shared::tracks::{Track, Tracks};
use std::hint::black_box;

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;
/// Pictures in turn: 100 MB, more than the caches hold, as from a decoder.
const PICTURES: usize = 32;

/// The boxes of `tests/bench/draw.py`: two rows of five, 200x320 pixels, none on another.
fn items(frame: usize, predicted: bool) -> Vec<Item> {
    let track = |k: usize| {
        let (x, y) = (60 + 370 * (k % 5) + frame % 8, 90 + 500 * (k / 5));
        let part = |pixels: usize, of: usize| pixels as f32 / of as f32;
        Track {
            id: k.to_string(),
            label: ["person", "car", "bicycle", "dog", "bus"][k % 5].into(),
            score: 0.5 + ((frame + k) % 50) as f32 / 100.0,
            x1: part(x, WIDTH),
            y1: part(y, HEIGHT),
            x2: part(x + 200, WIDTH),
            y2: part(y + 320, HEIGHT),
            predicted,
        }
    };
    let tracks = Tracks { tracks: (0..10).map(track).collect(), ..Tracks::default() };
    draw_list(&tracks, WIDTH as f32, HEIGHT as f32, Layers { boxes: true, labels: true })
}

fn draws(criterion: &mut Criterion) {
    let facts = Facts { width: WIDTH, height: HEIGHT, rotation: 0, colour: Colour { matrix: 1, ..Colour::default() } };
    let mut painter = Painter::new();
    for (name, pictures, predicted) in [
        ("10 labelled boxes, NV12 1080p, one picture (in cache)", 1, false),
        ("10 labelled boxes, NV12 1080p, pictures in turn (from memory)", PICTURES, false),
        ("10 labelled dashed boxes, NV12 1080p, pictures in turn", PICTURES, true),
    ] {
        let mut planes = vec![(vec![90_u8; WIDTH * HEIGHT], vec![120_u8; WIDTH * HEIGHT / 2]); pictures];
        let mut frame = 0;
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                frame += 1;
                let (luma, chroma) = &mut planes[frame % pictures];
                let list = items(frame, predicted);
                let mut picture = PictureMut::nv12(facts, [(luma, WIDTH), (chroma, WIDTH)]).expect("whole planes");
                painter.draw(black_box(&mut picture), &list);
            });
        });
    }
    let mut planes =
        vec![[vec![90_u8; WIDTH * HEIGHT], vec![120; WIDTH * HEIGHT / 4], vec![130; WIDTH * HEIGHT / 4]]; 32];
    let mut frame = 0;
    criterion.bench_function("10 labelled boxes, I420 1080p, pictures in turn", |bencher| {
        bencher.iter(|| {
            frame += 1;
            let [luma, cb, cr] = &mut planes[frame % PICTURES];
            let list = items(frame, false);
            let planes = [(&mut luma[..], WIDTH), (&mut cb[..], WIDTH / 2), (&mut cr[..], WIDTH / 2)];
            painter.draw(black_box(&mut PictureMut::i420(facts, planes).expect("whole planes")), &list);
        });
    });
}

criterion_group!(draw, draws);
criterion_main!(draw);
