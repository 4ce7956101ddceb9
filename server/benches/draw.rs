//! Ten labelled boxes drawn on NV12 and I420 pictures of 1080p, on one thread.
//!
//! `cargo bench -p sightline-server --bench draw`; `tests/bench/draw.py` compares it with OpenCV and Pillow.

use criterion::{Criterion, criterion_group};
use sightline::draw::{Canvas, Painter};
use sightline::pipeline::frame::{Colour, PictureMut, PixelFormat, PlaneMut};
use sightline_shared::draw::{Item, Layers, Scene, draw_list};
use sightline_shared::time::Pts;
use sightline_shared::tracks::{Track, Tracks};
use sightline_shared::trails::Trails;
use std::hint::black_box;
use std::io::Write;

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;
/// Pictures in turn: 100 MB, more than the caches hold, as from a decoder.
const PICTURES: usize = 32;

/// What is drawn beside boxes and labels.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Dashed,
    /// A trail of two seconds behind each box, 350 pixels of it.
    Trailed,
}

/// The boxes of `tests/bench/draw.py`: two rows of five, 200x320 pixels, none on another.
fn items(frame: usize, kind: Kind) -> Vec<Item> {
    let track = |k: usize, back: usize| {
        let (x, y) = (60 + 370 * (k % 5) + frame % 8, 90 + 500 * (k / 5));
        let (x, y) = (x as f32 - 7.0 * back as f32, y as f32 + 9.0 * back as f32);
        let part = |pixels: f32, of: usize| pixels / of as f32;
        Track {
            id: k.to_string(),
            label: ["person", "car", "bicycle", "dog", "bus"][k % 5].into(),
            score: 0.5 + ((frame + k) % 50) as f32 / 100.0,
            x1: part(x, WIDTH),
            y1: part(y, HEIGHT),
            x2: part(x + 200.0, WIDTH),
            y2: part(y + 320.0, HEIGHT),
            predicted: kind == Kind::Dashed,
            ..Track::default()
        }
    };
    let at = |back: usize| {
        let pts = Pts((30 - back) as i64 * 6000);
        Tracks { pts, tracks: (0..10).map(|k| track(k, back)).collect(), ..Tracks::default() }
    };
    let mut trails = Trails::default();
    (0..=30).rev().for_each(|back| trails.push(&at(back)));
    let layers = Layers { trails: kind == Kind::Trailed, ..Layers::default() };
    let tracks = at(0);
    draw_list(Scene { trails: Some(&trails), ..(&tracks).into() }, WIDTH as f32, HEIGHT as f32, layers)
}

/// A picture of three planes, the third one empty for NV12.
type Planes = [Vec<u8>; 3];

fn draw(painter: &mut Painter, format: PixelFormat, planes: &mut Planes, items: &[Item]) {
    let chroma = if format == PixelFormat::Nv12 { WIDTH } else { WIDTH / 2 };
    let [luma, first, second] = planes;
    let plane = |data, stride| PlaneMut { data, stride, width: stride, height: 0 };
    let planes = [plane(luma, WIDTH), plane(first, chroma), plane(second, chroma)];
    let mut picture = PictureMut { format, width: WIDTH, height: HEIGHT, planes };
    let colour = Colour { matrix: 1, ..Colour::default() };
    painter.draw(&mut Canvas::new(black_box(&mut picture), 0, colour).expect("whole planes"), items);
}

fn draws(criterion: &mut Criterion) {
    let mut painter = Painter::new();
    let (nv12, i420) = (PixelFormat::Nv12, PixelFormat::I420);
    for (name, format, pictures, kind) in [
        ("10 labelled boxes, NV12 1080p, one picture (in cache)", nv12, 1, Kind::Plain),
        ("10 labelled boxes, NV12 1080p, pictures in turn (from memory)", nv12, PICTURES, Kind::Plain),
        ("10 labelled dashed boxes, NV12 1080p, one picture", nv12, 1, Kind::Dashed),
        ("10 labelled boxes, I420 1080p, one picture", i420, 1, Kind::Plain),
        ("10 labelled boxes with trails, NV12 1080p, one picture", nv12, 1, Kind::Trailed),
    ] {
        let mut all: Vec<Planes> = (0..pictures).map(|_| picture(format)).collect();
        let lists: Vec<_> = (0..64).map(|frame| items(frame, kind)).collect();
        let mut frame = 0;
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                frame += 1;
                draw(&mut painter, format, &mut all[frame % pictures], &lists[frame % lists.len()]);
            });
        });
    }
}

/// Median of the processor time of a draw in microseconds, over batches: what `tests/bench/draw.py` compares, on machines that do
/// other work beside it. Pictures are taken anew now and then: which of the caches' lines their pages share moves a figure by half.
fn cpu_time(format: PixelFormat, pictures: usize, kind: Kind) -> f64 {
    const BATCH: usize = 64;
    const BATCHES: usize = 20;
    const TIMES: usize = 8;
    let lists: Vec<_> = (0..BATCH).map(|frame| items(frame, kind)).collect();
    let mut painter = Painter::new();
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let mut all: Vec<Planes> = (0..pictures).map(|_| picture(format)).collect();
        let mut batch = || {
            let start = thread_time();
            for (frame, list) in lists.iter().enumerate() {
                draw(&mut painter, format, &mut all[frame % pictures], list);
            }
            (thread_time() - start) / BATCH as f64
        };
        batch();
        times.extend((0..BATCHES).map(|_| batch()));
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Processor time of this thread in microseconds.
fn thread_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 * 1e-3
}

fn picture(format: PixelFormat) -> Planes {
    let pixels = WIDTH * HEIGHT;
    let (first, second) = if format == PixelFormat::Nv12 { (pixels / 2, 0) } else { (pixels / 4, pixels / 4) };
    [vec![90; pixels], vec![120; first], vec![130; second]]
}

criterion_group!(benches, draws);

fn main() {
    if !std::env::args().any(|argument| argument == "--cpu") {
        benches();
        Criterion::default().configure_from_args().final_summary();
        return;
    }
    let told = serde_json::json!({
        "ours, NV12": cpu_time(PixelFormat::Nv12, 1, Kind::Plain),
        "ours, I420": cpu_time(PixelFormat::I420, 1, Kind::Plain),
        "ours, NV12, dashed": cpu_time(PixelFormat::Nv12, 1, Kind::Dashed),
        "ours, NV12, pictures from memory": cpu_time(PixelFormat::Nv12, PICTURES, Kind::Plain),
        "ours, NV12, with trails": cpu_time(PixelFormat::Nv12, 1, Kind::Trailed),
    });
    // A closed stdout is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{told}");
}
