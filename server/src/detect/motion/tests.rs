//! Motion on scenes whose truth is known.

use super::super::tests_support::{Canvas, Noise, grey_frame, plane_frame};
use super::*;
use crate::pipeline::frame::PixelFormat;

const WIDTH: usize = 640;
const HEIGHT: usize = 360;
const TICKS: i64 = TIMESCALE as i64;

/// A detector, a street, noise, and time.
struct Scene {
    detector: MotionDetector,
    street: Vec<u8>,
    noise: Noise,
    bank: Vec<i8>,
    /// Ticks from look to look.
    step: i64,
    pts: i64,
}

impl Scene {
    fn new(fps: i64) -> Self {
        let street = Canvas::street(WIDTH, HEIGHT).luma;
        Self {
            detector: MotionDetector::new(),
            street,
            noise: Noise(42),
            bank: Noise::bank(3.0),
            step: TICKS / fps,
            pts: 0,
        }
    }

    fn seconds(&self) -> f64 {
        self.pts as f64 / TICKS as f64
    }

    /// The next look, at the street with what `draw` adds.
    fn look(&mut self, draw: impl FnOnce(&mut Canvas)) -> Vec<Area> {
        let mut canvas = Canvas { width: WIDTH, height: HEIGHT, luma: self.street.clone() };
        draw(&mut canvas);
        canvas.noise(&mut self.noise, &self.bank);
        let found = self.detector.look(&canvas.frame(self.pts)).expect("looked");
        self.pts += self.step;
        assert!(found.iter().all(|one| &*one.label == LABEL_MOTION && one.score > 0.0 && one.score <= 1.0));
        found.iter().map(Detection::area).collect()
    }

    /// Looks for so many seconds, and gives how many of the looks saw something.
    fn watch(&mut self, seconds: f64, mut draw: impl FnMut(f64, &mut Canvas)) -> usize {
        let until = self.seconds() + seconds;
        let mut seen = 0;
        while self.seconds() < until {
            let now = self.seconds();
            seen += usize::from(!self.look(|canvas| draw(now, canvas)).is_empty());
        }
        seen
    }
}

fn area(x: f64, y: f64, width: f64, height: f64) -> Area {
    let (w, h) = (WIDTH as f64, HEIGHT as f64);
    Area { x1: (x / w) as f32, y1: (y / h) as f32, x2: ((x + width) / w) as f32, y2: ((y + height) / h) as f32 }
}

fn lighter(canvas: &mut Canvas, gain: f64, offset: f64) {
    let table: Vec<u8> = (0..256).map(|luma| (f64::from(luma) * gain + offset).clamp(0.0, 255.0) as u8).collect();
    for luma in &mut canvas.luma {
        *luma = table[usize::from(*luma)];
    }
}

#[test]
fn noise_alone_is_nothing() {
    for (fps, sigma) in [(30, 3.0), (30, 8.0), (5, 8.0)] {
        let mut scene = Scene { bank: Noise::bank(sigma), ..Scene::new(fps) };
        assert_eq!(scene.watch(15.0, |_, _| {}), 0, "{fps} fps, sigma {sigma}");
    }
}

#[test]
fn a_walking_figure_is_one_box_of_its_own_frame_without_jitter() {
    for fps in [30, 10, 5] {
        let mut scene = Scene::new(fps);
        scene.watch(2.0, |_, _| {});
        let (mut looks, mut before): (u32, Option<(Area, f32)>) = (0, None);
        while scene.seconds() < 8.0 {
            // 60 pixels a second; jacket and trousers differ, and the belt has the road's luma.
            let x = 60.0 * (scene.seconds() - 2.0) + 40.0;
            let found = scene.look(|canvas| {
                canvas.rect(x as i64, 200, 24, 30, 30);
                canvas.rect(x as i64, 236, 24, 34, 180);
            });
            looks += 1;
            if f64::from(looks) < 0.1 * fps as f64 + 2.0 {
                continue;
            }
            assert_eq!(found.len(), 1, "{fps} fps at {x}: {found:?}");
            let truth = area(x.floor(), 200.0, 24.0, 70.0);
            assert!(found[0].iou(&truth) > 0.75, "{fps} fps at {x}: {:?} is not {truth:?}", found[0]);
            let step = before.map(|(last, _)| found[0].centre().0 - last.centre().0);
            if let (Some(step), Some((_, last))) = (step, before)
                && looks > 10
            {
                assert!((step - last).abs() * 640.0 < 3.0, "{fps} fps at {x}: the box jumps by {}", step - last);
            }
            before = step.map_or(Some((found[0], 0.0)), |step| Some((found[0], step)));
        }
    }
}

#[test]
fn a_thing_of_some_size_and_contrast_is_told_at_its_first_look_and_others_at_the_second() {
    // The road shows 82 to 91 there; 48x48 of 640x360 are 1 % of the picture, 12x12 less than 0.1 %.
    for (size, luma, first) in [(48, 30, true), (48, 105, false), (12, 30, false)] {
        let mut scene = Scene::new(5);
        assert_eq!(scene.watch(4.0, |_, _| {}), 0);
        let seen: [usize; 2] =
            std::array::from_fn(|n| scene.look(|canvas| canvas.rect(300 + 4 * n as i64, 240, size, size, luma)).len());
        assert_eq!(seen, [usize::from(first), 1], "{size} pixels of luma {luma}");
    }
}

#[test]
fn light_that_changes_everywhere_is_nothing() {
    let mut scene = Scene::new(30);
    scene.watch(3.0, |_, _| {});
    assert_eq!(scene.watch(3.0, |_, canvas| lighter(canvas, 1.0, 45.0)), 0, "a lamp goes on");
    assert_eq!(scene.watch(3.0, |_, canvas| lighter(canvas, 0.5, 10.0)), 0, "contrast changes: night mode");
    assert_eq!(scene.watch(3.0, |_, _| {}), 0, "and back");
    let start = scene.seconds();
    assert_eq!(scene.watch(8.0, |now, canvas| lighter(canvas, 1.0 - 0.07 * (now - start), 0.0)), 0, "dusk");
    let seen = scene.watch(2.0, |now, canvas| {
        lighter(canvas, 0.44, 0.0);
        canvas.rect((now * 80.0) as i64 % 500, 220, 60, 40, 120);
    });
    assert!(seen >= 50, "and things are seen in the new light: {seen} of 60");
}

#[test]
fn mains_flicker_is_nothing() {
    let mut scene = Scene::new(30);
    let seen =
        scene.watch(10.0, |now, canvas| lighter(canvas, 1.0, 6.0 * (now * 2.0 * 3.0 * std::f64::consts::PI).sin()));
    assert_eq!(seen, 0);
}

#[test]
fn pumping_at_key_frames_is_nothing() {
    let mut scene = Scene { bank: Noise::bank(1.0), ..Scene::new(25) };
    let seen = scene.watch(20.0, |now, canvas| {
        // Every second another key frame, which puts every block of 8x8 up to 4 off.
        let mut noise = Noise(1000 + now as u64);
        for y in (0..HEIGHT).step_by(8) {
            for x in (0..WIDTH).step_by(8) {
                let off = (noise.next() >> 30) as i64 % 5;
                for row in canvas.luma[y * WIDTH..].chunks_mut(WIDTH).take(8) {
                    row[x..x + 8].iter_mut().for_each(|luma| *luma = (i64::from(*luma) + off).clamp(0, 255) as u8);
                }
            }
        }
    });
    assert_eq!(seen, 0);
}

#[test]
fn a_mast_in_the_wind_is_nothing() {
    let mut scene = Scene::new(30);
    let steady = scene.street.clone();
    let mut noise = Noise(5);
    let mut seen = 0;
    for _ in 0..300 {
        let (dx, dy) = ((noise.next() >> 20) as usize % 2, (noise.next() >> 20) as usize % 2);
        let luma = &steady;
        seen += usize::from(
            !scene
                .look(|canvas| {
                    for y in 0..HEIGHT - 1 {
                        let from = (y + dy) * WIDTH + dx;
                        canvas.luma[y * WIDTH..][..WIDTH - 1].copy_from_slice(&luma[from..from + WIDTH - 1]);
                    }
                })
                .is_empty(),
        );
    }
    assert_eq!(seen, 0);
}

/// Of a cell of 8 pixels one row is read: what crosses it when the mast shakes changes the cell as a whole.
#[test]
fn a_mast_in_the_wind_is_nothing_at_1080p_and_a_walker_is_seen_from_it() {
    let (width, height) = (1920, 1080);
    let steady = Canvas::street(width, height).luma;
    let (mut detector, mut noise, bank) = (MotionDetector::new(), Noise(5), Noise::bank(3.0));
    let mut seen = [0; 2];
    for n in 0..100_i64 {
        let mut street = Canvas { width, height, luma: steady.clone() };
        if n >= 60 {
            street.rect(10 * n, 700, 40, 110, 30);
        }
        // The street's windows begin every 32 rows: 3 or 4 rows higher, they begin below or on the row that is read.
        let (dx, dy) = ((noise.next() >> 20) as usize % 2, 3 + (noise.next() >> 20) as usize % 2);
        let mut luma = steady.clone();
        for y in 0..height - 4 {
            let from = (y + dy) * width + dx;
            luma[y * width..][..width - 1].copy_from_slice(&street.luma[from..from + width - 1]);
        }
        let mut canvas = Canvas { width, height, luma };
        canvas.noise(&mut noise, &bank);
        let found = detector.look(&canvas.frame(n * TICKS / 5)).expect("looked");
        seen[usize::from(n >= 60)] += found.len();
    }
    assert_eq!(seen[0], 0, "the mast alone");
    assert!((38..=40).contains(&seen[1]), "the walker, from the second look on: {seen:?}");
}

#[test]
fn what_stops_is_absorbed_after_three_seconds_and_leaves_no_ghost() {
    for fps in [30, 5] {
        let mut scene = Scene::new(fps);
        scene.watch(25.0, |_, _| {});
        let park = |canvas: &mut Canvas| canvas.rect(300, 220, 80, 40, 30);
        let at = |x: f64| move |canvas: &mut Canvas| canvas.rect(x as i64, 220, 80, 40, 30);
        scene.watch(3.0, |now, canvas| at((now - 25.0) * 100.0)(canvas));
        let stopped = scene.watch(2.5, |_, canvas| park(canvas));
        assert!(stopped as f64 >= 2.5 * fps as f64 - 2.0, "it is told while it has just stopped: {stopped}");
        scene.watch(2.0, |_, canvas| park(canvas));
        assert_eq!(scene.watch(20.0, |_, canvas| park(canvas)), 0, "then it is part of the street");
        let start = scene.seconds();
        scene.watch(4.0, |now, canvas| at(300.0 + (now - start) * 100.0)(canvas));
        assert_eq!(scene.watch(5.0, |_, _| {}), 0, "and where it stood is the street as it was");
    }
}

#[test]
fn one_who_waits_and_moves_a_hand_keeps_the_box() {
    let mut scene = Scene::new(10);
    scene.watch(5.0, |_, _| {});
    scene.watch(1.0, |now, canvas| canvas.rect(((now - 5.0) * 300.0) as i64, 150, 60, 150, 20));
    let seen = scene.watch(7.0, |now, canvas| {
        canvas.rect(300, 150, 60, 150, 20);
        canvas.rect(290 + 16 * (now as i64 % 2), 200, 10, 30, 210);
    });
    assert_eq!(seen, 70);
}

#[test]
fn what_stands_in_the_first_picture_leaves_no_ghost_for_long() {
    let mut scene = Scene::new(30);
    for _ in 0..45 {
        let now = scene.seconds();
        scene.look(|canvas| canvas.rect(100 + (now * 150.0) as i64, 220, 60, 40, 30));
    }
    scene.watch(1.0, |_, _| {});
    assert_eq!(scene.watch(5.0, |_, _| {}), 0);
}

#[test]
fn a_blinking_light_becomes_background() {
    let mut scene = Scene::new(30);
    let blink = |now: f64, canvas: &mut Canvas| {
        if (now * 2.0) as i64 % 2 == 0 {
            canvas.rect(400, 60, 20, 20, 250);
        }
    };
    scene.watch(10.0, |_, _| {});
    assert!(scene.watch(10.0, blink) > 50, "it is told at first");
    scene.watch(50.0, blink);
    assert_eq!(scene.watch(20.0, blink), 0);
}

#[test]
fn a_new_epoch_and_a_new_size_start_anew() {
    let mut detector = MotionDetector::new();
    let mut pts = 0;
    let mut look = |detector: &mut MotionDetector, width: usize, x: i64, epoch: u32| {
        let mut canvas = Canvas::street(width, 360);
        canvas.rect(x, 100, 80, 80, 20);
        let mut frame = canvas.frame(pts);
        frame.epoch = Epoch(epoch);
        pts += 3000;
        detector.look(&frame).expect("looked").len()
    };
    assert_eq!([0, 1, 2, 3].map(|k| look(&mut detector, 640, 100 * k, 0)).map(usize::from)[0], 0);
    assert!(look(&mut detector, 640, 400, 0) > 0);
    assert_eq!(look(&mut detector, 640, 100, 1), 0, "nothing is known of a new epoch");
    assert!(look(&mut detector, 640, 400, 1) > 0);
    assert_eq!(look(&mut detector, 768, 100, 1), 0, "nor of another size");
}

#[test]
fn ten_bits_and_wide_strides_see_the_same() {
    let tall = |format: PixelFormat| {
        let mut detector = MotionDetector::new();
        let mut all = Vec::new();
        for n in 0..20_i64 {
            let mut canvas = Canvas::street(WIDTH, HEIGHT);
            if n > 2 {
                canvas.rect(100 + 10 * n, 200, 40, 60, 20);
            }
            let unit = match format {
                PixelFormat::P010 => 256,
                PixelFormat::I42010 => 4,
                _ => 1,
            };
            let bytes = if unit == 1 { 1 } else { 2 };
            let stride = WIDTH * bytes + 32;
            let mut data = vec![0x55; stride * HEIGHT];
            for (row, luma) in data.chunks_exact_mut(stride).zip(canvas.luma.chunks_exact(WIDTH)) {
                for (sample, luma) in row.chunks_exact_mut(bytes).zip(luma) {
                    sample.copy_from_slice(&(u16::from(*luma) * unit).to_le_bytes()[..bytes]);
                }
            }
            let frame = plane_frame(WIDTH, HEIGHT, (data, stride), format, n * 3000);
            all.push(detector.look(&frame).expect("looked"));
        }
        all
    };
    let plain = tall(PixelFormat::I420);
    assert!(plain[10..].iter().all(|found| found.len() == 1));
    assert_eq!(plain, tall(PixelFormat::I42010));
    assert_eq!(plain, tall(PixelFormat::P010));
}

#[test]
fn a_picture_that_is_cut_short_is_an_error_and_the_next_one_is_looked_at() {
    let mut detector = MotionDetector::new();
    let short = grey_frame(640, 360, vec![0; 640 * 359], 0);
    let error = detector.look(&short).expect_err("refused").to_string();
    let said = "a picture of 640x360 cannot be looked at: its luma plane has 229760 bytes in rows of 640";
    assert_eq!(error, said);
    assert!(detector.look(&grey_frame(0, 0, Vec::new(), 0)).is_err());
    assert_eq!(detector.look(&grey_frame(640, 360, vec![0; 640 * 360], 3000)), Ok(Vec::new()));
}

#[test]
fn the_smallest_pictures_are_looked_at() {
    for (width, height) in [(1, 1), (2, 1), (1, 5), (7, 3), (65, 2), (4097, 2)] {
        let mut detector = MotionDetector::new();
        for n in 0..8_i64 {
            let luma = (0..width * height).map(|k| (k as i64 * 31 * (n % 3)) as u8).collect();
            let found = detector.look(&grey_frame(width, height, luma, n * 3000)).expect("looked");
            assert!(found.iter().all(|one| one.x1 < one.x2 && one.y1 < one.y2 && one.x2 <= 1.0 && one.y2 <= 1.0));
        }
    }
}
