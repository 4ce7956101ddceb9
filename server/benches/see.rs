//! Motion, and the demo camera's second stage: time for one frame, on one thread.
//!
//! `cargo bench -p sightline-server --bench see`

use criterion::{Criterion, criterion_group, criterion_main};
use sightline::detect::{self, Detector, MotionDetector};
use sightline::pipeline::clock::Mono;
use sightline::pipeline::frame::{Colour, Frame, PixelFormat, Samples, VecPicture};
use sightline_shared::time::{Epoch, Pts};
use std::hint::black_box;

/// Frames in turn; more than the caches hold, so that luma comes from memory as it does from a decoder.
const FRAMES: usize = 24;

/// A noisy picture with six things that move.
fn frame(width: usize, height: usize, n: usize) -> Frame {
    let mut state = n as u64 + 1;
    let mut luma: Vec<u8> = (0..width * height)
        .map(|at| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (80 + (at / width) * 80 / height + (state >> 61) as usize) as u8
        })
        .collect();
    for k in 0..6 {
        let (x, y) = ((k * 300 + n * (5 + k)) % (width - 160), height / 8 * (k + 1));
        for row in luma[y * width..].chunks_mut(width).take(90) {
            row[x..x + 96].fill(if k == 0 { 235 } else { 20 + 30 * k as u8 });
        }
    }
    Frame {
        samples: Samples::Host(Box::new(VecPicture { planes: vec![(luma, width)] })),
        format: PixelFormat::Grey,
        width,
        height,
        colour: Colour::default(),
        sample_aspect: (1, 1),
        rotation: 0,
        epoch: Epoch(0),
        pts: Pts(0),
        arrived: Mono::default(),
        decoded: Mono::default(),
    }
}

fn looks(criterion: &mut Criterion) {
    let motion = || Box::new(MotionDetector::new()) as Box<dyn Detector>;
    let demo = || detect::motion(true);
    let cases: [(&str, usize, usize, Box<dyn Detector>); 4] = [
        ("motion_1080p", 1920, 1080, motion()),
        ("motion_720p", 1280, 720, motion()),
        ("motion_2160p", 3840, 2160, motion()),
        ("motion_and_marker_720p", 1280, 720, demo()),
    ];
    for (name, width, height, mut detector) in cases {
        let mut frames: Vec<Frame> = (0..FRAMES).map(|n| frame(width, height, n)).collect();
        let mut n = 0_usize;
        criterion.bench_function(name, |bench| {
            bench.iter(|| {
                let frame = &mut frames[n % FRAMES];
                frame.pts = Pts(n as i64 * 3000);
                n += 1;
                black_box(detector.look(frame).expect("the plane holds the picture"))
            });
        });
    }
}

criterion_group!(see, looks);
criterion_main!(see);
