//! Drawing against a plain reference: pixel by pixel, on random sizes, at the edges, in both formats and all rotations.

use super::*;
use crate::pipeline::frame::{PictureMut, PlaneMut};
use proptest::prelude::*;
use sightline_shared::draw::{Layers, Shape, draw_list, label_text};
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::{Track, Tracks};

const BT709: Colour = Colour { full_range: false, matrix: 1, primaries: 1, transfer: 1 };

/// A picture that owns its planes: luma, and Cb and Cr apart.
#[derive(Clone, PartialEq)]
struct Picture {
    width: usize,
    height: usize,
    planes: [Vec<u8>; 3],
}

impl Picture {
    fn noise(width: usize, height: usize) -> Self {
        let mut state = (width * 31 + height) as u64;
        let mut bytes = |count: usize| {
            (0..count)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect::<Vec<_>>()
        };
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        Self { width, height, planes: [bytes(width * height), bytes(chroma), bytes(chroma)] }
    }

    /// Draws on planes of this picture's size: data and stride of each.
    fn draw(&self, format: PixelFormat, planes: [(&mut [u8], usize); 3], rotation: u16, items: &[Item]) {
        let planes = planes.map(|(data, stride)| PlaneMut { data, stride, width: 0, height: 0 });
        let mut picture = PictureMut { format, width: self.width, height: self.height, planes };
        Painter::new().draw(&mut Canvas::new(&mut picture, rotation, BT709).unwrap(), items);
    }

    /// Drawn on as I420, with rows longer than they need be.
    fn drawn_i420(&self, rotation: u16, items: &[Item]) -> Self {
        let widths = [self.width, self.width.div_ceil(2), self.width.div_ceil(2)];
        let mut padded: Vec<_> =
            self.planes.iter().zip(widths).map(|(plane, width)| pad(plane, width, width + 5)).collect();
        let [luma, cb, cr] = &mut padded[..] else { unreachable!() };
        let planes = [(&mut luma[..], widths[0] + 5), (&mut cb[..], widths[1] + 5), (&mut cr[..], widths[2] + 5)];
        self.draw(PixelFormat::I420, planes, rotation, items);
        let mut planes = padded.iter().zip(widths).map(|(plane, width)| unpad(plane, width, width + 5));
        Self { planes: std::array::from_fn(|_| planes.next().unwrap()), ..*self }
    }

    /// Drawn on as NV12, given back as I420.
    fn drawn_nv12(&self, rotation: u16, items: &[Item]) -> Self {
        let [luma, cb, cr] = &self.planes;
        let mut luma = luma.clone();
        let mut chroma: Vec<u8> = cb.iter().zip(cr).flat_map(|(cb, cr)| [*cb, *cr]).collect();
        let stride = 2 * self.width.div_ceil(2);
        let planes = [(&mut luma[..], self.width), (&mut chroma[..], stride), (&mut [][..], 0)];
        self.draw(PixelFormat::Nv12, planes, rotation, items);
        let every = |from: usize| chroma.iter().skip(from).step_by(2).copied().collect();
        Self { planes: [luma, every(0), every(1)], ..*self }
    }

    /// Filled the plain way: pixel by pixel as shown, chroma by counting.
    fn filled(mut self, rotation: u16, fills: &[Fill]) -> Self {
        for fill in fills {
            let mut counts = vec![0_u32; self.planes[1].len()];
            let samples = BT709.samples(fill.colour, (self.width, self.height));
            let mix = |from: u8, to: u8, alpha: u32| {
                ((u32::from(from) * (256 - alpha) + u32::from(to) * alpha + 128) >> 8) as u8
            };
            for (xs, ys) in (fill.y0..fill.y1).flat_map(|y| (fill.x0..fill.x1).map(move |x| (x as usize, y as usize))) {
                let (x, y) = match rotation {
                    90 => (ys, self.height - 1 - xs),
                    180 => (self.width - 1 - xs, self.height - 1 - ys),
                    270 => (self.width - 1 - ys, xs),
                    _ => (xs, ys),
                };
                let luma = &mut self.planes[0][y * self.width + x];
                *luma = mix(*luma, samples[0], fill.alpha.into());
                counts[y / 2 * self.width.div_ceil(2) + x / 2] += 1;
            }
            for (at, count) in counts.into_iter().enumerate() {
                let (x, y) = (at % self.width.div_ceil(2) * 2, at / self.width.div_ceil(2) * 2);
                let there = (self.width - x).min(2) * (self.height - y).min(2);
                let alpha = u32::from(fill.alpha) * count / there as u32;
                for (plane, sample) in self.planes.iter_mut().zip(samples).skip(1) {
                    plane[at] = mix(plane[at], sample, alpha);
                }
            }
        }
        self
    }

    fn turned(&self, rotation: u16) -> Self {
        let turn = |plane: &[u8], width: usize, height: usize| -> Vec<u8> {
            let (across, down) = if rotation.is_multiple_of(180) { (width, height) } else { (height, width) };
            let from = |x: usize, y: usize| match rotation {
                90 => (y, height - 1 - x),
                180 => (width - 1 - x, height - 1 - y),
                270 => (width - 1 - y, x),
                _ => (x, y),
            };
            (0..down).flat_map(|y| (0..across).map(move |x| from(x, y))).map(|(x, y)| plane[y * width + x]).collect()
        };
        let half = (self.width.div_ceil(2), self.height.div_ceil(2));
        let planes = [
            turn(&self.planes[0], self.width, self.height),
            turn(&self.planes[1], half.0, half.1),
            turn(&self.planes[2], half.0, half.1),
        ];
        let upright = rotation.is_multiple_of(180);
        let (width, height) = if upright { (self.width, self.height) } else { (self.height, self.width) };
        Self { width, height, planes }
    }
}

fn pad(plane: &[u8], width: usize, stride: usize) -> Vec<u8> {
    plane.chunks(width).flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(77, stride - width))).collect()
}

fn unpad(plane: &[u8], width: usize, stride: usize) -> Vec<u8> {
    assert!(plane.chunks(stride).all(|row| row[width..].iter().all(|byte| *byte == 77)), "written beyond a row");
    plane.chunks(stride).flat_map(|row| row[..width].to_vec()).collect()
}

/// Luma is to be equal, chroma within rounding of one colour after the other.
fn check_near(got: &Picture, wanted: &Picture) -> Result<(), TestCaseError> {
    prop_assert!(got.planes[0] == wanted.planes[0], "luma differs");
    for plane in 1..3 {
        let most = got.planes[plane].iter().zip(&wanted.planes[plane]).map(|(a, b)| a.abs_diff(*b)).max();
        prop_assert!(most <= Some(2), "chroma differs by {most:?}");
    }
    Ok(())
}

fn item() -> impl Strategy<Value = Item> {
    let place = (-0.3_f32..1.2, -0.3_f32..1.2, 0.0_f32..1.1, 0.0_f32..1.1);
    let boxed =
        (place, any::<bool>()).prop_map(|((x, y, width, height), dashed)| Shape::Box { x, y, width, height, dashed });
    let line = prop::collection::vec((-0.3_f32..1.3, -0.3_f32..1.3), 0..6).prop_map(Shape::Line);
    (prop_oneof![boxed, line], 1.0_f32..4.0, 0_usize..8).prop_map(|(shape, stroke, colour)| Item {
        shape,
        stroke,
        colour: sightline_shared::draw::CLASS_COLOURS[colour],
        text: None,
    })
}

/// An item of parts of the picture in its pixels.
fn scaled(item: &Item, across: f32, down: f32) -> Item {
    let shape = match &item.shape {
        Shape::Box { x, y, width, height, dashed } => {
            let (x, width, y, height) = (x * across, width * across, y * down, height * down);
            Shape::Box { x, y, width, height, dashed: *dashed }
        }
        Shape::Line(points) => Shape::Line(points.iter().map(|(x, y)| (x * across, y * down)).collect()),
    };
    Item { shape, ..item.clone() }
}

proptest! {
    #[test]
    fn boxes_are_the_fills_of_the_draw_list(
        size in (1_usize..90, 1_usize..70),
        rotation in prop::sample::select(vec![0_u16, 90, 180, 270]),
        items in prop::collection::vec(item(), 1..4),
    ) {
        let picture = Picture::noise(size.0, size.1);
        let (across, down) = if rotation.is_multiple_of(180) { size } else { (size.1, size.0) };
        let items: Vec<_> = items.iter().map(|item| scaled(item, across as f32, down as f32)).collect();
        let mut fills = Vec::new();
        items.iter().for_each(|item| outline(item, RIM, (across as f32, down as f32), &mut fills));
        let wanted = picture.clone().filled(rotation, &fills);
        check_near(&picture.drawn_i420(rotation, &items), &wanted)?;
        check_near(&picture.drawn_nv12(rotation, &items), &wanted)?;
    }

    #[test]
    fn labels_are_the_same_in_both_formats_and_every_rotation(
        x in -0.1_f32..1.0, y in -0.1_f32..1.0,
        rotation in prop::sample::select(vec![90_u16, 180, 270]),
        text in "[ -~äßЖλ]{0,24}",
    ) {
        let upright = Picture::noise(178, 96);
        let shape = Shape::Box { x: x * 178.0, y: y * 96.0, width: 40.0, height: 30.0, dashed: false };
        let item = Item { shape, stroke: 2.0, colour: 0xf0_e442, text: Some(text) };
        let items = [item];
        let wanted = upright.drawn_i420(0, &items);
        check_near(&upright.drawn_nv12(0, &items), &wanted)?;
        let coded = upright.turned((360 - rotation) % 360);
        check_near(&coded.drawn_i420(rotation, &items).turned(rotation), &wanted)?;
    }

    #[test]
    fn odd_sizes_take_labels_too(size in (1_usize..60, 1_usize..40), rotation in prop::sample::select(vec![0_u16, 90, 180, 270])) {
        let picture = Picture::noise(size.0, size.1);
        let shape = Shape::Box { x: 3.0, y: 2.0, width: 9.0, height: 9.0, dashed: true };
        let item = Item { shape, stroke: 1.5, colour: 0x56_b4e9, text: Some("gj 5%".into()) };
        let items = [item];
        check_near(&picture.drawn_nv12(rotation, &items), &picture.drawn_i420(rotation, &items))?;
    }
}

fn track(label: &str, predicted: bool) -> Track {
    Track {
        id: "1".into(),
        label: label.into(),
        score: 0.87,
        x1: 0.25,
        y1: 0.5,
        x2: 0.5,
        y2: 0.75,
        predicted,
        ..Track::default()
    }
}

/// The pin: at scale 1 the edges that are found in the pixels are the draw list's, and so the browser's, which fills the same list.
#[test]
fn the_edges_in_the_pixels_are_those_of_the_draw_list() {
    let tracks = Tracks { epoch: Epoch(0), pts: Pts(0), tracks: vec![track("demo", false)], ..Tracks::default() };
    let list = draw_list(&tracks, 640.0, 360.0, Layers::default());
    let grey = Picture { width: 640, height: 360, planes: [vec![90; 640 * 360], vec![128; 57_600], vec![128; 57_600]] };
    let drawn = grey.drawn_i420(0, &list);
    let colour = BT709.samples(list[0].colour, (640, 360))[0];
    let lit: Vec<usize> = (0..640).filter(|x| drawn.planes[0][220 * 640 + x] == colour).collect();
    // The box is 160 to 320 wide, its line 1.5 rounded to 2 pixels, half on either side.
    assert_eq!(lit, [159, 160, 319, 320]);
    let lit: Vec<usize> = (182..360).filter(|y| drawn.planes[0][y * 640 + 240] == colour).collect();
    assert_eq!(lit, [269, 270]);
    let rim = |x: usize| drawn.planes[0][220 * 640 + x];
    assert!(rim(158) < 60 && rim(161) < 60 && rim(157) == 90 && rim(162) == 90);
    // The plate stands on the line's upper edge, and letters are on it.
    let text = label_text(&track("demo", false), Layers::default()).expect("it has a label");
    let plate = label_plate(&list[0], Letters::new().set(&text, 10.0, 0).advance, 10.0, (640.0, 360.0));
    assert_eq!((plate.x, plate.y + plate.height), (159.0, 179.0));
    let inside = |y: usize| &drawn.planes[0][y * 640..][plate.x as usize..(plate.x + plate.width) as usize];
    let words = (plate.y as usize..(plate.y + plate.height) as usize).flat_map(inside);
    assert!(words.clone().filter(|luma| **luma > colour - 25).count() > 40, "no letters");
    assert!(words.clone().filter(|luma| **luma < 50).count() > 300, "no plate");
}

#[test]
fn widths_are_the_fonts_and_what_is_not_in_it_has_a_sign() {
    let mut letters = Letters::new();
    // Advances of Inter 600 at 20 pixels, summed by fontTools.
    for (text, width) in [("person 87%", 117.1), ("motion 100%", 126.87), ("car 5%", 68.45), ("", 0.0)] {
        assert!(
            (letters.set(text, 20.0, 0).advance - width).abs() < 0.02,
            "{text}: {}",
            letters.set(text, 20.0, 0).advance
        );
    }
    assert_eq!(letters.set("", 20.0, 0).stencil.width, 0);
    let unknown = letters.set("人", 20.0, 0);
    assert!(unknown.advance > 0.0 && unknown.stencil.pixels().iter().any(|cover| *cover > 200));
    assert_eq!(letters.set("a\u{7}\nb", 20.0, 0).advance, letters.set("ab", 20.0, 0).advance);
    for size in 0..20 {
        assert!(letters.set("bounded", 10.0 + size as f32, 0).advance > 0.0);
    }
}

#[test]
fn planes_that_are_too_short_are_refused() {
    let refused = |format, size: (usize, usize), lengths: [usize; 3], strides: [usize; 3]| {
        let mut data = lengths.map(|length| vec![0; length]);
        let mut all = data.iter_mut().zip(strides);
        let planes = std::array::from_fn(|_| {
            let (data, stride) = all.next().unwrap();
            PlaneMut { data, stride, width: 0, height: 0 }
        });
        let mut picture = PictureMut { format, width: size.0, height: size.1, planes };
        Canvas::new(&mut picture, 0, BT709).err().map(|e| e.to_string())
    };
    let short = Some("a picture of 16x8 cannot be drawn on: its planes are too short".to_owned());
    assert_eq!(refused(PixelFormat::I420, (16, 8), [128, 32, 32], [16, 8, 8]), None);
    assert_eq!(refused(PixelFormat::I420, (16, 8), [127, 32, 32], [16, 8, 8]), short);
    assert_eq!(refused(PixelFormat::I420, (16, 8), [128, 32, 31], [16, 8, 8]), short);
    assert_eq!(refused(PixelFormat::Nv12, (16, 8), [128, 64, 0], [16, 16, 0]), None);
    assert_eq!(refused(PixelFormat::Nv12, (16, 8), [128, 64, 0], [16, 15, 0]), short);
    assert!(refused(PixelFormat::I420, (0, 8), [128, 32, 32], [16, 8, 8]).is_some());
    assert!(refused(PixelFormat::Grey, (16, 8), [128, 0, 0], [16, 0, 0]).is_some());
}
