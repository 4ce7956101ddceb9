//! What is hidden in host memory is what the device's reference hides, sample by sample; and nothing of it is left.

use super::super::Canvas;
use super::*;
use crate::pipeline::frame::{PictureMut, PixelFormat, PlaneMut};
use proptest::prelude::*;
use sightline_nv::Format;
use sightline_nv::reference::{self, Host};
use sightline_shared::scene::Point;

const BT709: Colour = Colour { full_range: false, matrix: 1, primaries: 1, transfer: 1 };

fn noise(width: usize, height: usize) -> Host {
    let mut host = Host::new(Format::Nv12, width, height, 6);
    let mut state = (width * 31 + height) as u64;
    for byte in host.bytes_mut() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    host
}

fn hidden_nv12(host: &Host, rotation: u16, masks: &[Mask]) -> Host {
    let mut host = host.clone();
    let (width, height) = (host.width(), host.height());
    let [(luma, stride), (chroma, chroma_stride)] = host.planes_mut();
    let plane = |data, stride| PlaneMut { data, stride, width, height };
    let planes = [plane(luma, stride), plane(chroma, chroma_stride), plane(&mut [][..], 0)];
    let mut picture = PictureMut { format: PixelFormat::Nv12, width, height, planes };
    hide(&mut Canvas::new(&mut picture, rotation, BT709).expect("whole planes"), masks);
    host
}

/// The same by way of I420.
fn hidden_i420(host: &Host, rotation: u16, masks: &[Mask]) -> Host {
    let (width, height) = (host.width(), host.height());
    let (across, down) = (width.div_ceil(2), height.div_ceil(2));
    let take = |plane: usize, columns: usize, rows: usize, step: usize, first: usize| -> Vec<u8> {
        let all = (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y)));
        all.map(|(x, y)| host.sample(plane, x * step + first, y) as u8).collect()
    };
    let mut planes = [take(0, width, height, 1, 0), take(1, across, down, 2, 0), take(1, across, down, 2, 1)];
    let [luma, cb, cr] = &mut planes;
    let plane = |data, stride| PlaneMut { data, stride, width: stride, height };
    let parts = [plane(&mut luma[..], width), plane(&mut cb[..], across), plane(&mut cr[..], across)];
    let mut picture = PictureMut { format: PixelFormat::I420, width, height, planes: parts };
    hide(&mut Canvas::new(&mut picture, rotation, BT709).expect("whole planes"), masks);
    let mut out = host.clone();
    for (y, row) in planes[0].chunks(width).enumerate() {
        row.iter().enumerate().for_each(|(x, byte)| out.set(0, x, y, (*byte).into()));
    }
    for (channel, plane) in planes[1..].iter().enumerate() {
        for (y, row) in plane.chunks(across).enumerate() {
            row.iter().enumerate().for_each(|(x, byte)| out.set(1, 2 * x + channel, y, (*byte).into()));
        }
    }
    out
}

fn by_reference(host: &Host, rotation: u16, masks: &[Mask]) -> Host {
    let size = (host.width() as u32, host.height() as u32);
    let mut draw = DrawList::new(&[size]);
    list(&mut draw, size, rotation, BT709, masks);
    let mut pictures = [host.clone()];
    reference::draw(&draw, &[], &mut pictures);
    let [out] = pictures;
    out
}

fn some_masks() -> impl Strategy<Value = Vec<Mask>> {
    let point = (-0.1_f32..1.1, -0.1_f32..1.1).prop_map(|(x, y)| Point { x, y });
    let style = prop_oneof![Just(MaskStyle::Fill), Just(MaskStyle::Pixelate)];
    let mask = (style, proptest::collection::vec(point, 3..7)).prop_map(|(style, points)| Mask { style, points });
    proptest::collection::vec(mask, 1..4)
}

proptest! {
    #[test]
    fn both_bodies_hide_the_same_samples(
        masks in some_masks(), (width, height) in (16_usize..90, 16_usize..70), turn in 0_u16..4,
    ) {
        let host = noise(width, height);
        let wanted = by_reference(&host, 90 * turn, &masks);
        prop_assert!(hidden_nv12(&host, 90 * turn, &masks) == wanted);
        prop_assert!(hidden_i420(&host, 90 * turn, &masks) == wanted);
    }
}

#[test]
fn nothing_of_what_is_hidden_is_left() {
    let corners = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]];
    for style in [MaskStyle::Fill, MaskStyle::Pixelate] {
        let masks = [Mask { style, points: corners.map(Point::from).to_vec() }];
        let (first, mut second) = (noise(96, 96), noise(96, 96));
        // Cells lie on the picture's own grid: what stands in one has to come from all of it.
        for (x, y) in (24..72).flat_map(|y| (24..72).map(move |x| (x, y))) {
            second.set(0, x, y, 255 - second.sample(0, x, y));
        }
        let (a, b) = (hidden_nv12(&first, 0, &masks), hidden_nv12(&second, 0, &masks));
        let inside = (24..72).flat_map(|y| (24..72).map(move |x| (x, y)));
        let differ = inside.clone().map(|(x, y)| a.sample(0, x, y).abs_diff(b.sample(0, x, y))).max();
        // Noise and its opposite have nearly the same mean: 64 samples of a cell leave little of either.
        assert!(
            differ.is_some_and(|most| most <= if style == MaskStyle::Fill { 0 } else { 60 }),
            "{style:?}: {differ:?}"
        );
        let values: std::collections::HashSet<u16> = inside.map(|(x, y)| a.sample(0, x, y)).collect();
        assert!(values.len() <= if style == MaskStyle::Fill { 1 } else { 36 }, "{}", values.len());
        assert!(a.sample(0, 23, 40) == first.sample(0, 23, 40) && a.sample(0, 40, 72) == first.sample(0, 40, 72));
    }
}
