//! How the camera itself moved between two frames that were looked at: a pole in the wind, a pan, a zoom.
//!
//! Both frames are made coarse, and each of forty blocks of the later one is looked for in the earlier one. Things that move are in few of the
//! blocks: the median of all says what the picture did.

use crate::pipeline::detection::Area;
use crate::pipeline::frame::Frame;
use sightline_shared::time::{Epoch, Pts};

/// Cells of the coarse picture at most, across and down.
const CELLS: (usize, usize) = (128, 72);
/// Blocks, across and down.
const BLOCKS: (usize, usize) = (8, 5);
/// How far the whole picture is looked for, in pairs of cells: an eighth of its width.
const FAR: i32 = 8;
/// How far a block is looked for around that, in cells.
const NEAR: i32 = 3;
/// Luma, in sixteenths, that neighbours of a block have to differ by in the mean: a wall shows no motion.
const TEXTURE: i32 = 24;
/// Blocks that have to be of use, in each direction.
const LEAST_BLOCKS: usize = 6;
/// How far a block may be off from what all do, in cells, and still agree.
const AGREES: f32 = 0.75;
/// What is less than this is noise: in cells, and in parts of the size.
const STILL: (f32, f32) = (0.08, 0.004);

/// How the picture moved because the camera did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraShift {
    /// The frame that it moved up to.
    pub pts: Pts,
    /// Since how long.
    pub seconds: f32,
    /// How far what was in the middle is to the right of it now, in fractions of the picture as shown.
    pub dx: f32,
    /// How far it is below.
    pub dy: f32,
    /// How many times as large everything is.
    pub zoom: f32,
}

impl CameraShift {
    /// Where what was at `area` is now.
    #[must_use]
    pub fn of(&self, area: Area) -> Area {
        let to = |at: f32, by: f32| (at - 0.5) * self.zoom + 0.5 + by;
        Area { x1: to(area.x1, self.dx), y1: to(area.y1, self.dy), x2: to(area.x2, self.dx), y2: to(area.y2, self.dy) }
    }
}

/// Watches the frames of one camera that are looked at.
#[derive(Default)]
pub struct Steady {
    last: Option<(Epoch, Pts, Coarse)>,
}

impl Steady {
    /// How the camera moved between the frame before and this one. `None` for the first frame of an epoch or a size, for samples that are
    /// not in host memory, and where the two have too little in common to tell.
    pub fn look(&mut self, frame: &Frame) -> Option<CameraShift> {
        let Some(now) = Coarse::of(frame) else {
            self.last = None;
            return None;
        };
        let last = self.last.replace((frame.epoch, frame.pts, now));
        let (epoch, pts, before) = last?;
        let (_, _, now) = self.last.as_ref()?;
        if epoch != frame.epoch || (before.width, before.height) != (now.width, now.height) || frame.pts <= pts {
            return None;
        }
        let (dx, dy, zoom) = between(&before, now)?;
        let (dx, dy) = (dx * now.cell as f32 / frame.width as f32, dy * now.cell as f32 / frame.height as f32);
        let (dx, dy) = match frame.rotation {
            90 => (-dy, dx),
            180 => (-dx, -dy),
            270 => (dy, -dx),
            _ => (dx, dy),
        };
        let seconds = (frame.pts.0 - pts.0) as f32 / 90_000.0;
        Some(CameraShift { pts: frame.pts, seconds, dx, dy, zoom })
    }
}

/// Luma in cells: in sixteenths, less its mean, so that what grows dark as a whole has not moved.
struct Coarse {
    /// Pixels of a cell's side.
    cell: usize,
    width: usize,
    height: usize,
    luma: Vec<i32>,
}

impl Coarse {
    fn of(frame: &Frame) -> Option<Self> {
        let plane = frame.luma()?;
        let cell = frame.width.div_ceil(CELLS.0).max(frame.height.div_ceil(CELLS.1)).max(1);
        let (width, height) = (frame.width / cell, frame.height / cell);
        // Every other row of large cells is enough for their mean.
        let step = if cell >= 4 { 2 } else { 1 };
        let mut luma = Vec::with_capacity(width * height);
        for y in 0..height {
            let mut sums = vec![0_u32; width];
            for row in (y * cell..(y + 1) * cell).step_by(step) {
                let row = plane.data.get(row * plane.stride..)?.get(..width * cell)?;
                for (sum, pixels) in sums.iter_mut().zip(row.chunks_exact(cell)) {
                    *sum += pixels.iter().map(|luma| u32::from(*luma)).sum::<u32>();
                }
            }
            let count = (cell.div_ceil(step) * cell) as u32;
            luma.extend(sums.into_iter().map(|sum| (sum * 16 / count).cast_signed()));
        }
        Some(Self { cell, width, height, luma }.without_mean())
    }

    fn without_mean(mut self) -> Self {
        let mean = self.luma.iter().sum::<i32>() / (self.luma.len().max(1) as i32);
        self.luma.iter_mut().for_each(|luma| *luma -= mean);
        self
    }

    /// Half as wide and half as high.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let four = |x: usize, y: usize| {
            let at = 2 * y * self.width + 2 * x;
            (self.luma[at] + self.luma[at + 1] + self.luma[at + self.width] + self.luma[at + self.width + 1]) / 4
        };
        let luma = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| four(x, y)).collect();
        Self { cell: 2 * self.cell, width, height, luma }
    }

    fn row(&self, y: usize, x: usize, length: usize) -> &[i32] {
        &self.luma[y * self.width + x..][..length]
    }
}

/// A rectangle of cells.
#[derive(Clone, Copy)]
struct Block {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// How unlike `block` of `now` is to what `before` has `by` cells to the left and above, for each cell; `None` where that is not within it.
fn unlike(before: &Coarse, now: &Coarse, block: Block, by: (i32, i32)) -> Option<f32> {
    let from = |at: usize, by: i32| usize::try_from(i32::try_from(at).ok()? - by).ok();
    let (x, y) = (from(block.x, by.0)?, from(block.y, by.1)?);
    if x + block.width > before.width || y + block.height > before.height {
        return None;
    }
    let rows = (0..block.height).map(|row| {
        let (a, b) = (before.row(y + row, x, block.width), now.row(block.y + row, block.x, block.width));
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<i32>()
    });
    Some(rows.sum::<i32>() as f32 / (block.width * block.height) as f32)
}

/// The shift of the whole picture in cells, roughly: of its middle, which stays within the other picture.
fn rough(before: &Coarse, now: &Coarse) -> Option<(i32, i32)> {
    let (before, now) = (before.halved(), now.halved());
    let margin = |size: usize| (FAR as usize).min(size / 4);
    let (left, top) = (margin(now.width), margin(now.height));
    let block = Block { x: left, y: top, width: now.width - 2 * left, height: now.height - 2 * top };
    let (far_x, far_y) = (left as i32, top as i32);
    let all = (-far_y..=far_y).flat_map(|dy| (-far_x..=far_x).map(move |dx| (dx, dy)));
    let likeness = all.filter_map(|by| Some((unlike(&before, &now, block, by)?, by)));
    likeness.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, (dx, dy))| (2 * dx, 2 * dy))
}

/// One block's shift in a direction, and where the block is from the middle in that direction; in cells.
type Vote = (f32, f32);

/// Shift of the middle in cells, and zoom.
fn between(before: &Coarse, now: &Coarse) -> Option<(f32, f32, f32)> {
    let (width, height) = (now.width / BLOCKS.0, now.height / BLOCKS.1);
    if width < 4 || height < 4 {
        return None;
    }
    let around = rough(before, now)?;
    let (mut across, mut down): (Vec<Vote>, Vec<Vote>) = Default::default();
    for (column, row) in (0..BLOCKS.1).flat_map(|row| (0..BLOCKS.0).map(move |column| (column, row))) {
        let block = Block { x: column * width, y: row * height, width, height };
        let Some((dx, dy)) = found(before, now, block, around) else { continue };
        let middle = |at: usize, size: usize, whole: usize| at as f32 + (size as f32 - whole as f32) * 0.5;
        let texture = texture(now, block);
        if texture.0 >= TEXTURE {
            across.push((dx, middle(block.x, width, now.width)));
        }
        if texture.1 >= TEXTURE {
            down.push((dy, middle(block.y, height, now.height)));
        }
    }
    if across.len() < LEAST_BLOCKS || down.len() < LEAST_BLOCKS {
        return None;
    }
    let growth = growth(&[(&across, now.width), (&down, now.height)]);
    let middle = |votes: &[Vote]| median(votes.iter().map(|(shift, from)| shift - growth * from));
    let (dx, dy) = (middle(&across), middle(&down));
    let agree = |votes: &[Vote], by: f32| {
        let near = votes.iter().filter(|(shift, from)| (shift - by - growth * from).abs() < AGREES).count();
        2 * near >= votes.len()
    };
    let moved = |by: f32| if by.abs() < STILL.0 { 0.0 } else { by };
    (agree(&across, dx) && agree(&down, dy)).then_some((moved(dx), moved(dy), 1.0 + growth))
}

/// How much larger everything has become: only what is well off the middle tells.
fn growth(directions: &[(&[Vote], usize)]) -> f32 {
    let slopes = directions.iter().flat_map(|(votes, whole)| {
        let by = median(votes.iter().map(|vote| vote.0));
        let outer = votes.iter().filter(|vote| vote.1.abs() * 4.0 >= *whole as f32);
        outer.map(move |(shift, from)| (shift - by) / from)
    });
    let growth = median(slopes);
    if growth.abs() < STILL.1 { 0.0 } else { growth }
}

/// Where `block` came from, to a part of a cell; `None` where that is at the edge of what was searched.
fn found(before: &Coarse, now: &Coarse, block: Block, around: (i32, i32)) -> Option<(f32, f32)> {
    let at = |dx: i32, dy: i32| unlike(before, now, block, (around.0 + dx, around.1 + dy));
    let all = (-NEAR..=NEAR).flat_map(|dy| (-NEAR..=NEAR).map(move |dx| (dx, dy)));
    let least = all.filter_map(|(dx, dy)| Some((at(dx, dy)?, (dx, dy)))).min_by(|a, b| a.0.total_cmp(&b.0))?;
    let (middle, (dx, dy)) = least;
    if dx.abs() == NEAR || dy.abs() == NEAR {
        return None;
    }
    // Sums of differences form a tip and no parabola: its sides have the same slope.
    let tip = |low: f32, high: f32| {
        let slope = (low - middle).max(high - middle);
        if slope > 0.0 { (low - high) / (2.0 * slope) } else { 0.0 }
    };
    let x = tip(at(dx - 1, dy)?, at(dx + 1, dy)?);
    let y = tip(at(dx, dy - 1)?, at(dx, dy + 1)?);
    Some(((around.0 + dx) as f32 + x, (around.1 + dy) as f32 + y))
}

/// How much neighbours in a block differ in the mean, across and down.
fn texture(coarse: &Coarse, block: Block) -> (i32, i32) {
    let (mut across, mut down) = (0, 0);
    for y in block.y..block.y + block.height {
        let row = coarse.row(y, block.x, block.width);
        across += row.windows(2).map(|two| (two[0] - two[1]).abs()).sum::<i32>();
        if y > block.y {
            let above = coarse.row(y - 1, block.x, block.width);
            down += row.iter().zip(above).map(|(a, b)| (a - b).abs()).sum::<i32>();
        }
    }
    let count = (block.width * block.height) as i32;
    (across / count, down / count)
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::pipeline::frame::PixelFormat;

    const SIZE: (usize, usize) = (640, 360);

    /// A frame whose luma at a place is `scene` of that place.
    fn frame(n: i64, rotation: u16, scene: impl Fn(f32, f32) -> f32) -> Frame {
        let luma = (0..SIZE.0 * SIZE.1).map(|at| scene((at % SIZE.0) as f32, (at / SIZE.0) as f32) as u8).collect();
        Frame {
            rotation,
            pts: Pts(n * 18_000),
            ..Frame::of_planes(vec![(luma, SIZE.0)], PixelFormat::Grey, (SIZE.0, SIZE.1))
        }
    }

    /// A street of patches, smooth enough to lie between pixels.
    fn street(x: f32, y: f32) -> f32 {
        let patch = |x: f32, y: f32| {
            let hash = (x.floor() as i64 * 374_761_393 + y.floor() as i64 * 668_265_263) as u64;
            ((hash ^ (hash >> 13)).wrapping_mul(1_274_126_177) >> 24 & 0xff) as f32
        };
        let smooth = |x: f32, y: f32| {
            let (fx, fy) = (x - x.floor(), y - y.floor());
            let row = |y: f32| patch(x, y) * (1.0 - fx) + patch(x + 1.0, y) * fx;
            row(y) * (1.0 - fy) + row(y + 1.0) * fy
        };
        0.5 * smooth(x / 31.0 + 400.0, y / 31.0 + 400.0) + 0.4 * smooth(x / 9.0 + 700.0, y / 9.0 + 700.0)
    }

    fn shifted(by: (f32, f32), zoom: f32) -> impl Fn(f32, f32) -> f32 {
        let middle = (SIZE.0 as f32 * 0.5, SIZE.1 as f32 * 0.5);
        move |x, y| street((x - middle.0 - by.0) / zoom + middle.0, (y - middle.1 - by.1) / zoom + middle.1)
    }

    #[track_caller]
    fn check(shift: Option<CameraShift>, by: (f32, f32), zoom: f32) {
        let shift = shift.expect("it can be told");
        let pixels = (shift.dx * SIZE.0 as f32, shift.dy * SIZE.1 as f32);
        assert!((pixels.0 - by.0).abs() < 0.9 && (pixels.1 - by.1).abs() < 0.9, "{pixels:?} is not {by:?}");
        assert!((shift.zoom - zoom).abs() < 0.006, "{} is not {zoom}", shift.zoom);
        assert!((shift.seconds - 0.2).abs() < 1e-6);
    }

    #[test]
    fn shifts_and_zooms_are_found_to_a_pixel() {
        for (by, zoom) in [
            ((0.0, 0.0), 1.0),
            ((3.4, -2.2), 1.0),
            ((-41.0, 17.5), 1.0),
            ((55.0, -30.0), 1.0),
            ((0.0, 0.0), 1.03),
            ((7.0, 4.0), 0.97),
        ] {
            let mut steady = Steady::default();
            assert_eq!(steady.look(&frame(0, 0, street)), None, "the first frame");
            check(steady.look(&frame(1, 0, shifted(by, zoom))), by, zoom);
        }
    }

    #[test]
    fn what_moves_in_the_picture_is_not_the_camera() {
        let mut steady = Steady::default();
        let bus = |left: f32| move |x: f32, y: f32| (x - left).abs() < 110.0 && (y - 200.0).abs() < 90.0;
        let with = |left: f32, by: (f32, f32)| {
            let (bus, street_now) = (bus(left), shifted(by, 1.0));
            move |x: f32, y: f32| if bus(x, y) { street(x - left + 9000.0, y) } else { street_now(x, y) }
        };
        steady.look(&frame(0, 0, with(150.0, (0.0, 0.0))));
        check(steady.look(&frame(1, 0, with(190.0, (0.0, 0.0)))), (0.0, 0.0), 1.0);
        steady.look(&frame(2, 0, with(230.0, (0.0, 0.0))));
        check(steady.look(&frame(3, 0, with(270.0, (-12.0, 6.0)))), (-12.0, 6.0), 1.0);
    }

    #[test]
    fn it_says_nothing_where_it_cannot_tell() {
        let mut steady = Steady::default();
        steady.look(&frame(0, 0, |_, _| 90.0));
        assert_eq!(steady.look(&frame(1, 0, |_, _| 90.0)), None, "a wall");
        assert_eq!(steady.look(&frame(2, 0, street)), None, "another scene");
        assert_eq!(steady.look(&frame(3, 0, |x, y| street(x + 5000.0, y - 3000.0))), None, "and another");
        let mut other = frame(4, 0, street);
        other.epoch = Epoch(1);
        assert_eq!(steady.look(&other), None, "another epoch");
    }

    #[test]
    fn a_darker_picture_has_not_moved_and_a_turned_one_moves_as_shown() {
        let mut steady = Steady::default();
        steady.look(&frame(0, 90, street));
        check(steady.look(&frame(1, 90, |x, y| street(x, y) - 15.0)), (0.0, 0.0), 1.0);
        steady.look(&frame(2, 90, street));
        let shift = steady.look(&frame(3, 90, shifted((20.0, 0.0), 1.0))).expect("it can be told");
        // Turned clockwise, what moves to the right moves down.
        assert!(shift.dx.abs() < 0.003 && (shift.dy * 640.0 - 20.0).abs() < 1.0, "{shift:?}");
    }
}
