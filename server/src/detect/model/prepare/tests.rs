//! What is prepared is what the plain arithmetic gives, whatever the layout, the part, the rotation and the processor.

use super::simd::Body;
use super::*;
use crate::detect::model::{Colours, Letterbox, Placed, View};
use crate::detect::tests_support::Noise;
use crate::pipeline::frame::{Colour, PixelFormat, VecPicture};
use proptest::prelude::*;

const FORMATS: [PixelFormat; 7] = [
    PixelFormat::I420,
    PixelFormat::Nv12,
    PixelFormat::I42010,
    PixelFormat::I422,
    PixelFormat::I444,
    PixelFormat::Grey,
    PixelFormat::P010,
];

/// A frame of noise, smooth enough that its colours exist: rows have a gap behind them.
fn noise(format: PixelFormat, width: usize, height: usize, rotation: u16) -> Frame {
    let mut noise = Noise(7 + width as u64);
    let (halved, down) = match format {
        PixelFormat::I422 => (true, false),
        PixelFormat::I444 | PixelFormat::Grey => (false, false),
        _ => (true, true),
    };
    let side = |all: usize, half: bool| if half { all.div_ceil(2) } else { all };
    let mut plane = |samples: usize, rows: usize, middle: u64, spread: u64| {
        let shift = match format {
            PixelFormat::I42010 => Some(2),
            PixelFormat::P010 => Some(8),
            _ => None,
        };
        let mut bytes = Vec::new();
        let gap = 6;
        for _ in 0..(samples + gap) * rows {
            let value = (middle + (noise.next() >> 20) % spread) as u16;
            match shift {
                None => bytes.push(value as u8),
                Some(shift) => bytes.extend_from_slice(&(value << shift).to_le_bytes()),
            }
        }
        let each = if shift.is_some() { 2 } else { 1 };
        (bytes, (samples + gap) * each)
    };
    let mut planes = vec![plane(width, height, 60, 120)];
    let (wide, high) = (side(width, halved), side(height, down));
    match format {
        PixelFormat::Grey => {}
        PixelFormat::Nv12 | PixelFormat::P010 => planes.push(plane(2 * wide, high, 118, 20)),
        _ => planes.extend([plane(wide, high, 118, 20), plane(wide, high, 118, 20)]),
    }
    Frame {
        colour: Colour { matrix: 1, ..Colour::default() },
        rotation,
        ..Frame::of_planes(planes, format, (width, height))
    }
}

/// Y, Cb and Cr of one pixel as coded.
fn samples(frame: &Frame, x: usize, y: usize) -> [f64; 3] {
    let Samples::Host(picture) = &frame.samples else { unreachable!("made here") };
    let wide = matches!(frame.format, PixelFormat::I42010 | PixelFormat::P010);
    let at = |plane: usize, column: usize, row: usize| {
        let (data, stride) = picture.plane(plane);
        if !wide {
            return f64::from(data[row * stride + column]);
        }
        let place = row * stride + 2 * column;
        let value = u16::from_le_bytes([data[place], data[place + 1]]);
        f64::from(if frame.format == PixelFormat::P010 { value >> 8 } else { value >> 2 })
    };
    let luma = at(0, x, y);
    match frame.format {
        PixelFormat::Grey => [luma, 128.0, 128.0],
        PixelFormat::I444 => [luma, at(1, x, y), at(2, x, y)],
        PixelFormat::I422 => [luma, at(1, x / 2, y), at(2, x / 2, y)],
        PixelFormat::Nv12 | PixelFormat::P010 => [luma, at(1, x / 2 * 2, y / 2), at(1, x / 2 * 2 + 1, y / 2)],
        PixelFormat::I420 | PixelFormat::I42010 => [luma, at(1, x / 2, y / 2), at(2, x / 2, y / 2)],
    }
}

/// BT.709, 16 to 235, as red, green and blue of 0 to 255 (H.273 equations 38 to 43).
fn rgb([y, cb, cr]: [f64; 3]) -> [f64; 3] {
    let (y, cb, cr) = ((y - 16.0) / 219.0, (cb - 128.0) / 224.0, (cr - 128.0) / 224.0);
    let (r, b) = (y + 1.5748 * cr, y + 1.8556 * cb);
    let g = (y - 0.2126 * r - 0.0722 * b) / 0.7152;
    [r, g, b].map(|value| value * 255.0)
}

/// What the model's pixel shows, by the way back that `placed` tells: from the picture as shown to the samples as coded.
fn wanted(frame: &Frame, placed: &Placed, x: usize, y: usize) -> [f64; 3] {
    let fraction =
        (placed.origin.0 + (x as f32 + 0.5) * placed.step.0, placed.origin.1 + (y as f32 + 0.5) * placed.step.1);
    let (u, v) = match frame.rotation {
        90 => (fraction.1, 1.0 - fraction.0),
        180 => (1.0 - fraction.0, 1.0 - fraction.1),
        270 => (1.0 - fraction.1, fraction.0),
        _ => fraction,
    };
    let within = placed.within.turned_back(frame.rotation);
    let side = |part: f32, all: usize, from: f32, to: f32| {
        let all = all as f64;
        let (from, to) = ((f64::from(from) * all).round(), (f64::from(to) * all).round());
        (f64::from(part) * all - 0.5).clamp(from, to - 1.0)
    };
    let (u, v) = (side(u, frame.width, within.x1, within.x2), side(v, frame.height, within.y1, within.y2));
    let mut out = [0.0; 3];
    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let weight = |part: f64, far: usize| if far == 1 { part.fract() } else { 1.0 - part.fract() };
        let share = weight(u, dx) * weight(v, dy);
        if share > 1e-9 {
            let pixel = rgb(samples(frame, u as usize + dx, v as usize + dy));
            (0..3).for_each(|plane| out[plane] += share * pixel[plane]);
        }
    }
    out.map(|value| value.clamp(0.0, 255.0))
}

fn spec(size: (usize, usize), view: View) -> Spec {
    Spec { size, batch: 1, view, ..Spec::default() }
}

/// Where the part that `placed` tells of lies in whole pixels of the input.
fn laid(frame: &Frame, spec: &Spec, placed: &Placed) -> Placed {
    let within = placed.within;
    let shown =
        if frame.rotation.is_multiple_of(180) { (frame.width, frame.height) } else { (frame.height, frame.width) };
    let part = |part: f32, all: usize| (f64::from(part) * all as f64).round();
    let seen = (part(within.width(), shown.0), part(within.height(), shown.1));
    let ((width, height), (left, top)) = spec.view.place(seen, spec.size);
    let step = (within.width() / width as f32, within.height() / height as f32);
    Placed { origin: (within.x1 - left as f32 * step.0, within.y1 - top as f32 * step.1), step, within }
}

/// Prepares and compares every pixel; gives the greatest difference of 255.
fn worst(frame: &Frame, crop: Option<Area>, spec: &Spec) -> f64 {
    let mut input = Input::default();
    spec.prepare(frame, crop, &mut input).expect("prepared");
    let (width, height) = spec.size;
    let exact = laid(frame, spec, &input.placed);
    let Placed { origin, step, within } = exact;
    // The way back is off by what was cut off of the size, and no more.
    let cut = |all: f32, told: f32, exact: f32| (all / told - all / exact).abs() < 1.001;
    let told = input.placed.step;
    assert!(
        cut(within.width(), told.0, step.0) && cut(within.height(), told.1, step.1),
        "{told:?} is far from {exact:?}"
    );
    let mut worst = 0.0_f64;
    for y in 0..height {
        for x in 0..width {
            let middle = (origin.0 + (x as f32 + 0.5) * step.0, origin.1 + (y as f32 + 0.5) * step.1);
            let inside = (within.x1..within.x2).contains(&middle.0) && (within.y1..within.y2).contains(&middle.1);
            let mut pixel = if inside { wanted(frame, &exact, x, y) } else { [f64::from(spec.view.pad); 3] };
            if spec.view.colours == Colours::Bgr {
                pixel.reverse();
            }
            for (plane, value) in pixel.into_iter().enumerate() {
                let made = input.samples[(plane * height + y) * width + x];
                let made = f64::from(made * spec.view.std[plane] + spec.view.mean[plane]);
                worst = worst.max((made - value).abs());
            }
        }
    }
    worst
}

#[test]
fn every_layout_and_rotation_is_prepared_upright() {
    let imagenet = View {
        colours: Colours::Bgr,
        mean: [103.53, 116.28, 123.675],
        std: [57.375, 57.12, 58.395],
        letterbox: Letterbox::TopLeft,
        pad: 77.0,
    };
    let stretched = View { letterbox: Letterbox::Stretch, ..View::UNIT_RGB };
    for format in FORMATS {
        for rotation in [0, 90, 180, 270] {
            let frame = noise(format, 86, 46, rotation);
            for view in [View::UNIT_RGB, imagenet, stretched] {
                let worst = worst(&frame, None, &spec((64, 48), view));
                // Two halves of a weight's 256th part, on colours of 120 steps.
                assert!(worst < 1.0, "{format:?} turned by {rotation}, {:?}: {worst}", view.letterbox);
            }
        }
    }
}

#[test]
fn a_part_of_a_picture_fills_the_input() {
    let crop = Area { x1: 0.25, y1: 0.125, x2: 0.75, y2: 0.625 };
    for rotation in [0, 90, 180, 270] {
        let frame = noise(PixelFormat::Nv12, 96, 64, rotation);
        let spec = spec((40, 32), View::UNIT_RGB);
        assert!(worst(&frame, Some(crop), &spec) < 1.0, "{rotation}");
        let mut input = Input::default();
        spec.prepare(&frame, Some(crop), &mut input).expect("prepared");
        assert_eq!(input.placed.within, crop);
    }
    // One that begins at an odd sample, and one of a single sample.
    let frame = noise(PixelFormat::I420, 64, 64, 0);
    for crop in [Area { x1: 3.0 / 64.0, y1: 5.0 / 64.0, x2: 0.5, y2: 0.5 }, Area { x1: 0.5, y1: 0.5, x2: 0.5, y2: 0.5 }]
    {
        assert!(worst(&frame, Some(crop), &spec((32, 32), View::UNIT_RGB)) < 1.0, "{crop:?}");
    }
}

#[test]
fn pixels_that_are_not_square_are_shown_as_they_are() {
    let mut frame = noise(PixelFormat::I420, 64, 64, 0);
    frame.sample_aspect = (2, 1);
    let mut input = Input::default();
    spec((64, 64), View::UNIT_RGB).prepare(&frame, None, &mut input).expect("prepared");
    // Twice as wide as high.
    assert_eq!(input.placed.step, (1.0 / 64.0, 1.0 / 32.0));
}

#[test]
fn short_planes_are_refused_and_the_next_frame_goes_on() {
    let spec = spec((32, 32), View::UNIT_RGB);
    let mut input = Input::default();
    let whole = noise(PixelFormat::Nv12, 64, 48, 0);
    spec.prepare(&whole, None, &mut input).expect("prepared");
    let (room, kept) = (input.samples.capacity(), input.samples.as_ptr());
    let short = Frame {
        samples: Samples::Host(Box::new(VecPicture { planes: vec![(vec![0; 64 * 40], 64), (vec![0; 64 * 24], 64)] })),
        ..noise(PixelFormat::Nv12, 64, 48, 0)
    };
    let error = spec.prepare(&short, None, &mut input).expect_err("short");
    assert!(matches!(error, DetectError::BadPlane { width: 64, height: 48, .. }), "{error}");
    spec.prepare(&whole, None, &mut input).expect("prepared");
    assert_eq!((room, kept), (input.samples.capacity(), input.samples.as_ptr()), "memory was taken again");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn bodies_agree(width in 2_usize..90, height in 2_usize..60, side in 9_usize..50, format in 0_usize..7) {
        let frame = noise(FORMATS[format], width, height, 0);
        let Samples::Host(picture) = &frame.samples else { unreachable!("made here") };
        let spec = spec((side, side), View::UNIT_RGB);
        let made = |body: Body| {
            let mut plan = Plan::new(plan::Asked::new(&spec, &frame, None)).by(body);
            let mut samples = Vec::new();
            plan.run(&**picture, &mut samples).expect("whole");
            samples
        };
        for (fast, plain) in made(Body::best()).into_iter().zip(made(Body::Plain)) {
            prop_assert!((fast - plain).abs() < 1e-5, "{fast} for {plain}");
        }
    }
}
