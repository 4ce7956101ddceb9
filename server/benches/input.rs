//! A frame of NV12 becomes a model's input, and goes through a model: what `tests/bench/input.py` holds against OpenCV and Python.
//!
//! `cargo bench -p sightline-server --bench input` measures painted frames by itself. With `-- FRAMES WIDTH HEIGHT [MODEL]` it takes
//! raw NV12 from a file and does what standard input asks, a line each: `prepare SIZE`, `dump SIZE FILE`, `bare`, `whole`, `boxes`.

use sightline::detect::model::{self, Engine, Input, Letterbox, Options, Recipe, Spec, View};
use sightline::pipeline::frame::{Colour, Frame, PixelFormat};
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

/// Frames in turn: more than the caches hold, as from a decoder.
const FRAMES: usize = 16;
const TIMES: usize = 100;
const RUNS: usize = 20;

fn frame(samples: &[u8], width: usize, height: usize) -> Frame {
    let (luma, chroma) = samples.split_at(width * height);
    let planes = vec![(luma.to_vec(), width), (chroma.to_vec(), width)];
    Frame {
        // What OpenCV's conversion knows: BT.601 from 16 to 235.
        colour: Colour { matrix: 6, ..Colour::default() },
        ..Frame::of_planes(planes, PixelFormat::Nv12, (width, height))
    }
}

/// Ramps with noise on them.
fn painted(width: usize, height: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let one = |at: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        16 + ((at / 9000) as u8 % 200) + (state >> 60) as u8
    };
    (0..FRAMES * width * height * 3 / 2).map(one).collect()
}

/// Median of the times in microseconds.
fn median(times: usize, mut run: impl FnMut(usize)) -> f64 {
    let one = |n: usize| {
        let begun = Instant::now();
        run(n);
        begun.elapsed().as_secs_f64() * 1e6
    };
    let mut all: Vec<f64> = (0..times).map(one).collect();
    all.sort_by(f64::total_cmp);
    all[times / 2]
}

fn spec(size: usize) -> Spec {
    Spec {
        size: (size, size),
        batch: 1,
        view: View { letterbox: Letterbox::Centre, ..View::UNIT_RGB },
        ..Spec::default()
    }
}

fn prepare(frames: &[Frame], spec: &Spec) -> f64 {
    let mut input = Input::default();
    median(TIMES, |n| {
        spec.prepare(&frames[n % frames.len()], None, &mut input).expect("the planes hold the picture");
        black_box(&input.samples);
    })
}

fn answer(line: &str, frames: &[Frame], engine: &mut Option<Box<dyn Engine>>) -> Option<String> {
    let mut words = line.split_whitespace();
    let word = words.next()?;
    let mut size = || words.next().and_then(|size| size.parse().ok()).unwrap_or(640);
    if word == "prepare" {
        return Some(prepare(frames, &spec(size())).to_string());
    }
    let mut input = Input::default();
    if word == "dump" {
        spec(size()).prepare(&frames[0], None, &mut input).ok()?;
        let bytes: Vec<u8> = input.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        std::fs::write(words.next()?, bytes).ok()?;
        return Some("0".into());
    }
    let engine = engine.as_mut()?;
    let spec = engine.spec().clone();
    spec.prepare(&frames[0], None, &mut input).ok()?;
    match word {
        // What the session alone takes is measured beside it, in Python and here, with the same library.
        "bare" => Some(median(RUNS, |_| drop(black_box(engine.bare(&[&input])))).to_string()),
        "whole" => {
            let whole = median(RUNS, |n| {
                spec.prepare(&frames[n % frames.len()], None, &mut input).expect("the planes hold the picture");
                black_box(engine.run(&[&input], 0.35)).expect("it runs");
            });
            Some(whole.to_string())
        }
        "boxes" => Some(engine.run(&[&input], 0.35).ok()?[0].len().to_string()),
        _ => None,
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let mut out = std::io::stdout().lock();
    let [file, width, height, model @ ..] = &arguments[..] else {
        let bytes = painted(1920, 1080);
        let frames: Vec<Frame> = bytes.chunks(1920 * 1080 * 3 / 2).map(|one| frame(one, 1920, 1080)).collect();
        for size in [320, 416, 640] {
            let _ = writeln!(out, "NV12 1080p -> {size}x{size}: {:.0} us", prepare(&frames, &spec(size)));
        }
        return;
    };
    let side = |text: &String| text.parse::<usize>().expect("a number of pixels");
    let (width, height) = (side(width), side(height));
    let bytes = std::fs::read(file).expect("the file of frames is there");
    let frames: Vec<Frame> = bytes.chunks(width * height * 3 / 2).map(|one| frame(one, width, height)).collect();
    let mut engine = model.first().map(|model| {
        model::open("bench", Path::new(model), &Recipe::default(), &Options::default()).expect("the model can be used")
    });
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let told = answer(&line, &frames, &mut engine).unwrap_or_else(|| "?".into());
        let _ = writeln!(out, "{told}");
        let _ = out.flush();
    }
}
