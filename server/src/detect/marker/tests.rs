//! The marker on whole scenes of the demo camera, through motion, and on white things that are not the square.

use super::super::tests_support::{Canvas, Noise, demo_canvas, demo_square};
use super::super::{Detector, motion};
use super::*;
use crate::pipeline::clock::SimulatedClock;
use crate::track::Tracker;
use sightline_shared::camera::DetectSettings;
use sightline_shared::time::{Epoch, Pts};
use std::collections::BTreeMap;
use std::time::Duration;

/// The first frame in which the square must be found: frame 0 is learnt, in frame 1 only two thin strips differ, and what is not
/// large must last for 0.09 s.
const FIRST: i64 = 4;
/// How far an edge may be from the truth, in pixels.
const EXACT: f32 = 1.0;

fn demo_detector() -> Box<dyn Detector> {
    motion(true)
}

/// What an encoder does to edges: a blur of one pixel to each side, and noise.
fn coded(canvas: Canvas, noise: &mut Noise, bank: &[i8]) -> Canvas {
    let width = canvas.width;
    let mut coded = Canvas { luma: canvas.luma.clone(), ..canvas };
    for y in 1..canvas.height - 1 {
        let row = |y: usize| &canvas.luma[y * width..(y + 1) * width];
        let (above, here, below) = (row(y - 1), row(y), row(y + 1));
        let sides = here.iter().zip(&here[1..]).zip(&here[2..]).zip(above[1..].iter().zip(&below[1..]));
        for (out, (((left, luma), right), (up, down))) in coded.luma[y * width + 1..].iter_mut().zip(sides) {
            let near = u16::from(*left) + u16::from(*right) + u16::from(*up) + u16::from(*down);
            *out = ((u16::from(*luma) * 4 + near) / 8) as u8;
        }
    }
    coded.noise(noise, bank);
    coded
}

#[test]
fn the_square_is_exact_on_every_frame_and_keeps_its_identity_until_it_jumps() {
    let street = Canvas::street(1280, 720).luma;
    let (mut noise, bank) = (Noise(7), Noise::bank(3.0));
    let mut detector = demo_detector();
    let clock = Arc::new(SimulatedClock::new(Duration::from_secs(1)));
    let mut tracker = Tracker::new(&DetectSettings::default(), clock);
    let mut wrong = Vec::new();
    let mut ids: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for n in 0..1200_i64 {
        let frame = coded(demo_canvas(n, &street), &mut noise, &bank).frame(3000 * n);
        let found = detector.look(&frame).expect("looked");
        let tracks = tracker.update(Epoch(0), Pts(3000 * n), Some(found));
        let demo: Vec<_> = tracks.tracks.iter().filter(|track| track.label == LABEL_DEMO).collect();
        if n < FIRST {
            continue;
        }
        let (x, y) = demo_square(n);
        let truth = [x, y, x + 96, y + 96].map(|at| at as f32);
        let exact = |track: &sightline_shared::tracks::Track| {
            let seen = [track.x1 * 1280.0, track.y1 * 720.0, track.x2 * 1280.0, track.y2 * 720.0];
            !track.predicted && seen.iter().zip(truth).all(|(seen, truth)| (seen - truth).abs() <= EXACT)
        };
        if demo.len() != 1 || !exact(demo[0]) {
            wrong.push((n, demo.into_iter().cloned().collect::<Vec<_>>()));
            continue;
        }
        let lap = (7 * n) / 1000;
        let ids = ids.entry(lap).or_default();
        if !ids.contains(&demo[0].id) {
            ids.push(demo[0].id.clone());
        }
    }
    assert_eq!(wrong.len(), 0, "{:?}", &wrong[..wrong.len().min(5)]);
    assert_eq!(ids.len(), 9);
    let mut all: Vec<&String> = ids.values().flatten().collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 9, "one id a lap, another one in each: {ids:?}");
}

#[test]
fn other_white_things_are_not_the_square() {
    // Width, height of white rectangles; the last one has the right size and a dark stripe, and one is a disc.
    let shapes: [(i64, i64); 7] = [(200, 60), (96, 130), (130, 96), (80, 80), (112, 112), (96, 96), (96, 96)];
    for (shape, (width, height)) in shapes.into_iter().enumerate() {
        let mut detector = demo_detector();
        let mut motion = 0;
        for n in 0..60_i64 {
            let mut canvas = Canvas::street(1280, 720);
            let (x, y) = (100 + 9 * n, 300 + n);
            canvas.rect(x, y, width, height, 235);
            match shape {
                5 => canvas.rect(x + 30, y, 20, 96, 40),
                6 => cut_to_disc(&mut canvas, x, y),
                _ => {}
            }
            let found = detector.look(&canvas.frame(3000 * n)).expect("looked");
            motion += found.iter().filter(|one| &*one.label == LABEL_MOTION).count();
            assert!(found.iter().all(|one| &*one.label != LABEL_DEMO), "shape {shape}, frame {n}: {found:?}");
        }
        assert!(motion >= 55, "shape {shape} moves: {motion}");
    }
}

fn cut_to_disc(canvas: &mut Canvas, x: i64, y: i64) {
    for dy in 0..96_i64 {
        for dx in 0..96_i64 {
            if (2 * dx - 95).pow(2) + (2 * dy - 95).pow(2) > 96 * 96 {
                canvas.rect(x + dx, y + dy, 1, 1, 100);
            }
        }
    }
}

#[test]
fn ringing_along_an_edge_does_not_hide_the_square() {
    // As x264 superfast at 2.5 Mb/s leaves it: a dark line within the edge, a light one outside.
    let mut detector = demo_detector();
    for n in 0..20_i64 {
        let mut canvas = Canvas::street(1280, 720);
        let x = 300 + 7 * n;
        canvas.rect(x, 300, 96, 96, 235);
        canvas.rect(x + 94, 300, 1, 96, 203);
        canvas.rect(x, 302, 96, 1, 206);
        canvas.rect(x + 97, 300, 1, 96, 207);
        let found = detector.look(&canvas.frame(3000 * n)).expect("looked");
        let square = found.iter().find(|one| &*one.label == LABEL_DEMO);
        if n >= FIRST {
            let square = square.unwrap_or_else(|| panic!("frame {n}: {found:?}"));
            let off = [square.x1 * 1280.0 - x as f32, square.y1 * 720.0 - 300.0, square.x2 * 1280.0 - x as f32 - 96.0];
            assert!(off.iter().all(|off| off.abs() <= EXACT), "frame {n}: {off:?}");
        }
    }
}

#[test]
fn a_square_that_stands_still_is_not_looked_for() {
    let mut detector = demo_detector();
    for n in 0..30_i64 {
        let mut canvas = Canvas::street(1280, 720);
        canvas.rect(400, 300, 96, 96, 235);
        assert_eq!(detector.look(&canvas.frame(3000 * n)).expect("looked"), []);
    }
}

#[test]
fn the_square_is_found_in_a_turned_picture() {
    let mut detector = demo_detector();
    let mut found = Vec::new();
    for n in 0..10_i64 {
        let mut canvas = Canvas::street(1280, 720);
        canvas.rect(400 + 7 * n, 300, 96, 96, 235);
        let mut frame = canvas.frame(3000 * n);
        frame.rotation = 90;
        found = detector.look(&frame).expect("looked");
    }
    let square = found.iter().find(|one| &*one.label == LABEL_DEMO).expect("found").area();
    let truth = Area { x1: 463.0 / 1280.0, y1: 300.0 / 720.0, x2: 559.0 / 1280.0, y2: 396.0 / 720.0 }.turned(90);
    assert!((square.x1 - truth.x1).abs() < 0.001 && (square.y2 - truth.y2).abs() < 0.001, "{square:?} {truth:?}");
}
