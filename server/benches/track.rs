//! The tracker on crowds of 10, 30 and 100 boxes, every frame looked at, on one thread.
//!
//! `cargo bench -p sightline-server --bench track`; `tests/bench/track.py` compares it with ByteTrack of `supervision`: `-- --told FOLDER` writes the
//! detections of each crowd, and what became of them, as MOTChallenge text, and prints the time of an update.

use sightline::annotate::mot::{Numbers, rows};
use sightline::pipeline::clock::SystemClock;
use sightline::pipeline::detection::{Area, Detection};
use sightline::track::Tracker;
use sightline_shared::camera::DetectSettings;
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::Track;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const PICTURE: (usize, usize) = (1920, 1080);
const FRAMES: i64 = 300;
const TICKS: i64 = 3000;
const CROWDS: [usize; 3] = [10, 30, 100];
const ROUNDS: usize = 5;

fn settings() -> DetectSettings {
    DetectSettings { model: "any".into(), min_score: 0.35, ..DetectSettings::default() }
}

/// Frame `n` of a crowd: people on ten lanes who walk to and fro and now and then stand before each other, their boxes off by a pixel
/// or two, every thirteenth unsure.
fn crowd(things: usize, n: i64) -> Vec<Detection> {
    let label: Arc<str> = Arc::from("person");
    let at = |k: usize| {
        let noise = |salt: u64| {
            let seed = (k as u64 * 7919 + n as u64 * 104_729 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (seed >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let (lane, place) = ((k % 10) as f32, (k / 10) as f32);
        let swing = 0.04 * (n as f32 * 0.02 + k as f32 * 1.7).sin();
        let (x, y) = (0.04 + 0.092 * place + swing, 0.02 + 0.097 * lane);
        let area = Area {
            x1: x + 0.002 * noise(1),
            y1: y + 0.002 * noise(2),
            x2: x + 0.03 + 0.002 * noise(3),
            y2: y + 0.085 + 0.002 * noise(4),
        };
        let score = if (k as i64 + n) % 13 == 0 { 0.2 } else { 0.6 + 0.3 * (noise(5) + 0.5) };
        Detection::new(label.clone(), score, area)
    };
    (0..things).map(at).collect()
}

/// Microseconds of one update, the median of all, of a tracker that is given the crowd frame by frame.
fn time(things: usize) -> f64 {
    let mut tracker = Tracker::new(&settings(), Arc::new(SystemClock::default()));
    let frames: Vec<_> = (0..FRAMES).map(|n| crowd(things, n)).collect();
    let mut times = Vec::new();
    for (n, found) in (0..).zip(frames) {
        let start = Instant::now();
        let tracks = tracker.update(Epoch(0), Pts(n * TICKS), Some(found));
        times.push(start.elapsed().as_secs_f64() * 1e6);
        black_box(tracks);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The detections of a crowd as rows, and what the tracker told.
fn told(things: usize) -> (String, String) {
    let mut tracker = Tracker::new(&settings(), Arc::new(SystemClock::default()));
    let (mut found, mut tracks) = (String::new(), String::new());
    let (mut people, mut numbers) = (Numbers::default(), Numbers::default());
    for n in 0..FRAMES {
        let detections = crowd(things, n);
        let one = |(k, found): (usize, &Detection)| {
            let Detection { x1, y1, x2, y2, score, .. } = *found;
            Track { id: k.to_string(), score, x1, y1, x2, y2, ..Track::default() }
        };
        let all: Vec<_> = detections.iter().enumerate().map(one).collect();
        found += &rows(n as u64 + 1, &all, PICTURE, &mut people);
        let now: Vec<Track> = tracker.update(Epoch(0), Pts(n * TICKS), Some(detections)).tracks;
        tracks += &rows(n as u64 + 1, &now, PICTURE, &mut numbers);
    }
    (found, tracks)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = arguments.iter().position(|word| word == "--told").and_then(|at| arguments.get(at + 1));
    let mut out = std::io::stdout();
    let mut line = String::from("{");
    for things in CROWDS {
        if let Some(folder) = folder {
            let (found, tracks) = told(things);
            let path = |kind: &str| Path::new(folder).join(format!("{things}.{kind}.txt"));
            std::fs::write(path("found"), found).expect("the folder can be written to");
            std::fs::write(path("tracks"), tracks).expect("the folder can be written to");
        }
        let mut times: Vec<f64> = (0..ROUNDS).map(|_| time(things)).collect();
        times.sort_by(f64::total_cmp);
        let comma = if line.len() > 1 { ", " } else { "" };
        write!(line, "{comma}\"{things}\": {:.3}", times[ROUNDS / 2]).expect("a String takes everything");
    }
    writeln!(out, "{line}}}").expect("somebody reads it");
}
