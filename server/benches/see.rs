//! Motion, and the demo camera's second stage: time for one frame, on one thread.
//!
//! `cargo bench -p sightline-server --bench see` measures painted frames by itself. With `-- FRAMES WIDTH HEIGHT FPS` it takes raw
//! luma from a file, and for every line of standard input a new motion detector looks at all of it: what `tests/bench/motion.py`
//! holds against others.

use criterion::Criterion;
use sightline::detect::{self, Detector, MotionDetector};
use sightline::pipeline::frame::{Frame, PixelFormat};
use sightline_shared::time::{Pts, TIMESCALE};
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

/// Frames in turn; what is read of them is more than the caches hold, so that luma comes from memory as it does from a decoder.
const FRAMES: usize = 160;

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
    luma_frame(luma, width, height)
}

fn luma_frame(luma: Vec<u8>, width: usize, height: usize) -> Frame {
    Frame::of_planes(vec![(luma, width)], PixelFormat::Grey, (width, height))
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

/// A new detector looks at all frames: the median microseconds of a look, and the boxes of every one.
fn answer(frames: &mut [Frame], fps: i64) -> String {
    let mut detector = MotionDetector::new();
    let (mut times, mut boxes) = (Vec::new(), Vec::new());
    for (n, frame) in frames.iter_mut().enumerate() {
        frame.pts = Pts(n as i64 * i64::from(TIMESCALE) / fps);
        let begun = Instant::now();
        let found = detector.look(frame).expect("the plane holds the picture");
        times.push(begun.elapsed().as_secs_f64() * 1e6);
        boxes.push(found.iter().map(|one| [one.x1, one.y1, one.x2, one.y2]).collect::<Vec<_>>());
    }
    times.sort_by(f64::total_cmp);
    format!("{{\"us\": {:.2}, \"boxes\": {boxes:?}}}", times[times.len() / 2])
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [file, sizes @ ..] = &arguments[..] else { return measure() };
    let Ok([width, height, fps]) =
        <[usize; 3]>::try_from(sizes.iter().filter_map(|word| word.parse().ok()).collect::<Vec<_>>())
    else {
        return measure();
    };
    let luma = std::fs::read(file).expect("the file of frames is there");
    let mut frames: Vec<Frame> =
        luma.chunks_exact(width * height).map(|one| luma_frame(one.to_vec(), width, height)).collect();
    drop(luma);
    let mut out = std::io::stdout().lock();
    for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
        let _ = writeln!(out, "{}", answer(&mut frames, fps as i64));
        let _ = out.flush();
    }
}

fn measure() {
    let mut criterion = Criterion::default().configure_from_args();
    looks(&mut criterion);
    criterion.final_summary();
}
