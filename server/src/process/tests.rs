//! Every layout at several sizes, against what the samples must be.

use super::*;
use crate::pipeline::frame::PlaneMut;

fn frame(format: PixelFormat, width: usize, height: usize, planes: Vec<(Vec<u8>, usize)>) -> Frame {
    Frame::of_planes(planes, format, (width, height))
}

/// A plane of samples `value(x, y)`, `gap` bytes behind each row.
fn plane(width: usize, height: usize, gap: usize, value: impl Fn(usize, usize) -> u8) -> (Vec<u8>, usize) {
    let stride = width + gap;
    let data = (0..height)
        .flat_map(|y| (0..stride).map(move |x| (x, y)))
        .map(|(x, y)| if x < width { value(x, y) } else { 7 });
    (data.collect(), stride)
}

/// The same value in 16 bits, of which 10 are used.
fn wide((data, stride): (Vec<u8>, usize), shift: u32) -> (Vec<u8>, usize) {
    (data.into_iter().flat_map(|value| (u16::from(value) << shift).to_le_bytes()).collect(), stride * 2)
}

fn interleaved((first, stride): (Vec<u8>, usize), (second, _): (Vec<u8>, usize)) -> (Vec<u8>, usize) {
    (first.into_iter().zip(second).flat_map(|(a, b)| [a, b]).collect(), stride * 2)
}

/// Luma rises to the right, blue downwards, red to the right.
fn every_layout(width: usize, height: usize, gap: usize) -> Vec<Frame> {
    let ramp = |at: usize, end: usize| (16 + at * 200 / end) as u8;
    let luma = || plane(width, height, gap, |x, _| ramp(x, width));
    let blue = |w: usize, h: usize| plane(w, h, gap, move |_, y| ramp(y, h));
    let red = |w: usize, h: usize| plane(w, h, gap, move |x, _| ramp(x, w));
    let (w2, h2) = (width.div_ceil(2), height.div_ceil(2));
    vec![
        frame(PixelFormat::I420, width, height, vec![luma(), blue(w2, h2), red(w2, h2)]),
        frame(PixelFormat::Nv12, width, height, vec![luma(), interleaved(blue(w2, h2), red(w2, h2))]),
        frame(PixelFormat::I422, width, height, vec![luma(), blue(w2, height), red(w2, height)]),
        frame(PixelFormat::I444, width, height, vec![luma(), blue(width, height), red(width, height)]),
        frame(PixelFormat::I42010, width, height, vec![wide(luma(), 2), wide(blue(w2, h2), 2), wide(red(w2, h2), 2)]),
        frame(PixelFormat::P010, width, height, vec![wide(luma(), 8), wide(interleaved(blue(w2, h2), red(w2, h2)), 8)]),
        frame(PixelFormat::Grey, width, height, vec![luma()]),
    ]
}

/// Resizes and gives the planes without what stands behind the rows, which must not be touched.
fn resized(frame: &Frame, width: usize, height: usize) -> [Vec<u8>; 3] {
    let sizes = [(width, height), (width / 2, height / 2), (width / 2, height / 2)];
    let mut data = sizes.map(|(w, h)| vec![99_u8; (w + 5) * h]);
    let [a, b, c] = &mut data;
    let to = |data, (width, height): (usize, usize)| PlaneMut { data, stride: width + 5, width, height };
    let planes = [to(a, sizes[0]), to(b, sizes[1]), to(c, sizes[2])];
    Resizer::default().run(frame, &mut PictureMut { format: PixelFormat::I420, width, height, planes }).unwrap();
    let mut out = [Vec::new(), Vec::new(), Vec::new()];
    for ((data, (width, _)), out) in data.iter().zip(sizes).zip(&mut out) {
        for row in data.chunks(width + 5) {
            out.extend_from_slice(&row[..width]);
            assert!(frame.format == PixelFormat::Grey || row[width..].iter().all(|byte| *byte == 99), "beyond the row");
        }
    }
    out
}

#[test]
fn every_layout_comes_out_as_the_same_picture() {
    for (from, to) in
        [((64, 48), (64, 48)), ((64, 48), (32, 24)), ((128, 96), (44, 34)), ((65, 49), (64, 48)), ((64, 48), (96, 72))]
    {
        for frame in every_layout(from.0, from.1, 6) {
            let what = format!("{:?} {from:?} to {to:?}", frame.format);
            let [luma, blue, red] = resized(&frame, to.0, to.1);
            let near = |value: u8, at: usize, end: usize| {
                let wanted = 16.0 + (at as f64 + 0.5) / end as f64 * 200.0;
                // At the edges the filter sees but one side; a step of the ramp is 200 / end.
                let allowed = 4.0 + 120.0 / end as f64;
                assert!((f64::from(value) - wanted).abs() < allowed, "{what}: {value} for {wanted} at {at} of {end}");
            };
            for y in [0, to.1 / 2, to.1 - 1] {
                (0..to.0).for_each(|x| near(luma[y * to.0 + x], x, to.0));
            }
            let (w, h) = (to.0 / 2, to.1 / 2);
            if frame.format == PixelFormat::Grey {
                assert!(blue.iter().chain(&red).all(|value| *value == 128), "{what}");
                continue;
            }
            (0..h).for_each(|y| near(blue[y * w + w / 2], y, h));
            (0..w).for_each(|x| near(red[h / 2 * w + x], x, w));
        }
    }
}

#[test]
fn nothing_aliases_when_a_picture_is_made_much_smaller() {
    let stripes = plane(640, 360, 0, |x, _| if x % 2 == 0 { 16 } else { 235 });
    let flat = || plane(320, 180, 0, |_, _| 128);
    let [luma, ..] = resized(&frame(PixelFormat::I420, 640, 360, vec![stripes, flat(), flat()]), 128, 72);
    // At the edges the filter sees but one side.
    let inner = luma.chunks(128).flat_map(|row| &row[2..126]);
    assert!(inner.clone().all(|value| value.abs_diff(125) < 12), "the mean of black and white: {:?}", &luma[..16]);
}

#[test]
fn a_plane_that_is_cut_off_is_refused() {
    let mut frame = every_layout(64, 48, 0).remove(0);
    frame.height = 60;
    let mut data = vec![0; 64 * 60];
    let (a, rest) = data.split_at_mut(32 * 30);
    let (b, c) = rest.split_at_mut(16 * 15);
    let to = |data, width, height| PlaneMut { data, stride: width, width, height };
    let planes = [to(a, 32, 30), to(b, 16, 15), to(c, 16, 15)];
    let mut picture = PictureMut { format: PixelFormat::I420, width: 32, height: 30, planes };
    let refused = Resizer::default().run(&frame, &mut picture).unwrap_err();
    assert!(matches!(refused, ProcessError::Short { height: 60, .. }), "{refused}");
}
