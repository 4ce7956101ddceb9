//! The demo camera's picture: a street at dusk, a white square on its known path, and the frame's own number in its pixels.

use crate::pipeline::frame::HostPicture;
use sightline_shared::time::Pts;

/// Width of the picture.
pub const WIDTH: usize = 1280;
/// Height of the picture.
pub const HEIGHT: usize = 720;
/// Frames a second.
pub const FPS: u32 = 30;
/// Ticks of 90 kHz from one frame to the next.
pub const TICKS: i64 = 3000;
/// Side of the white square.
pub const SQUARE: usize = 96;
/// Side of one block of the frame number, and height of the strip that it stands on.
pub const BLOCK: usize = 16;
/// Blocks of the frame number.
pub const BLOCKS: usize = 24;

/// A colour as Y, Cb, Cr in video range (ITU-R BT.709).
type Yuv = (u8, u8, u8);

const WHITE: Yuv = (235, 128, 128);
const BLACK: Yuv = (16, 128, 128);
const HORIZON: usize = 430;
const KERB: usize = 548;

/// PTS of frame `n`.
#[must_use]
pub fn pts(n: u64) -> Pts {
    Pts(n as i64 * TICKS)
}

/// Top left corner of the white square in frame `n`.
#[must_use]
pub fn square(n: u64) -> (usize, usize) {
    let y = 300.0 + (150.0 * (n as f64 / 40.0).sin()).round();
    (100 + (7 * n % 1000) as usize, y as usize)
}

/// The street: what stands still is painted once.
pub struct Scene {
    still: Planes,
    painted: Planes,
}

type Planes = [Vec<u8>; 3];

fn width_of(plane: usize) -> usize {
    if plane == 0 { WIDTH } else { WIDTH / 2 }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// Paints what stands still.
    #[must_use]
    pub fn new() -> Self {
        let mut still = [vec![0; WIDTH * HEIGHT], vec![128; WIDTH * HEIGHT / 4], vec![128; WIDTH * HEIGHT / 4]];
        paint_sky(&mut still);
        paint_houses(&mut still);
        paint_road(&mut still);
        Self { painted: still.clone(), still }
    }

    /// Paints frame `n` whole; it then stands in this picture's planes.
    pub fn paint(&mut self, n: u64) {
        for (painted, still) in self.painted.iter_mut().zip(&self.still) {
            painted.copy_from_slice(still);
        }
        let planes = &mut self.painted;
        paint_traffic(n, planes);
        let (x, y) = square(n);
        fill(planes, x as i64, y as i64, SQUARE, SQUARE, WHITE);
        paint_number(n, planes);
    }
}

impl HostPicture for Scene {
    fn plane(&self, index: usize) -> (&[u8], usize) {
        (&self.painted[index], width_of(index))
    }
}

fn paint_number(n: u64, planes: &mut Planes) {
    fill(planes, 0, 0, WIDTH, BLOCK, BLACK);
    for bit in 0..BLOCKS {
        if n >> (BLOCKS - 1 - bit) & 1 == 1 {
            fill(planes, (bit * BLOCK) as i64, 0, BLOCK, BLOCK, WHITE);
        }
    }
}

fn paint_sky(planes: &mut Planes) {
    for y in (0..HORIZON).step_by(2) {
        let far = (y * 40 / HORIZON) as u8;
        fill(planes, 0, y as i64, WIDTH, 2, (46 + far, 142 - far / 4, 118 + far / 3));
    }
}

/// Houses from a fixed sequence, so that the street is the same everywhere.
fn paint_houses(planes: &mut Planes) {
    let mut random = 0x2545_f491_u32;
    let mut next = |limit: u32| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        (random % limit) as usize
    };
    let mut x = 0;
    while x < WIDTH {
        let (width, height) = (90 + next(90), 150 + next(170));
        let top = HORIZON + 40 - height;
        let wall = (38 + next(26) as u8, 124 + next(10) as u8, 126 + next(10) as u8);
        fill(planes, x as i64, top as i64, width, height, wall);
        for wy in (top + 14..HORIZON + 10).step_by(30) {
            for wx in (x + 12..(x + width).saturating_sub(18)).step_by(26) {
                let lit = next(5) == 0;
                fill(planes, wx as i64, wy as i64, 12, 16, if lit { (150, 96, 148) } else { (28, 130, 126) });
            }
        }
        x += width + next(14);
    }
    fill(planes, 0, HORIZON as i64 + 40, WIDTH, KERB - HORIZON - 40, (74, 127, 129));
}

fn paint_road(planes: &mut Planes) {
    fill(planes, 0, KERB as i64, WIDTH, HEIGHT - KERB, (52, 129, 128));
    fill(planes, 0, KERB as i64, WIDTH, 4, (100, 128, 128));
    for x in (20..WIDTH).step_by(120) {
        fill(planes, x as i64, 634, 60, 4, (130, 126, 130));
    }
}

fn paint_traffic(n: u64, planes: &mut Planes) {
    let n = n as i64;
    // Paths are longer than the street is wide, so that each car leaves before it comes again.
    let along = |speed: i64, start: i64, path: i64| (start + speed * n).rem_euclid(path) - 260;
    walker(planes, along(1, 300, 1700), 470, (110, 118, 150));
    walker(planes, 1280 - along(2, 900, 2100), 476, (84, 150, 112));
    car(planes, along(5, 0, 2600), 566, (96, 108, 168));
    car(planes, along(8, 1400, 3900), 572, (70, 156, 110));
    car(planes, 1280 - along(6, 500, 3100), 646, (120, 122, 134));
    car(planes, 1280 - along(9, 2100, 4700), 652, (60, 126, 132));
}

fn car(planes: &mut Planes, x: i64, y: i64, body: Yuv) {
    fill(planes, x, y + 20, 180, 34, body);
    fill(planes, x + 36, y, 100, 22, body);
    fill(planes, x + 44, y + 4, 40, 16, (34, 132, 126));
    fill(planes, x + 90, y + 4, 38, 16, (34, 132, 126));
    for wheel in [26, 128] {
        fill(planes, x + wheel, y + 44, 28, 20, BLACK);
    }
    fill(planes, x + 172, y + 28, 8, 8, (180, 100, 140));
    fill(planes, x, y + 28, 6, 8, (90, 110, 190));
}

fn walker(planes: &mut Planes, x: i64, y: i64, coat: Yuv) {
    fill(planes, x + 6, y, 16, 18, (140, 116, 148));
    fill(planes, x, y + 18, 28, 40, coat);
    fill(planes, x + 4, y + 58, 8, 24, (36, 130, 128));
    fill(planes, x + 16, y + 58, 8, 24, (36, 130, 128));
}

/// Fills a rectangle, cut at the picture's edges. Luma is exact to the pixel, chroma to two.
fn fill(planes: &mut Planes, x: i64, y: i64, width: usize, height: usize, colour: Yuv) {
    let cut = |from: i64, len: usize, end: usize| {
        let last = (from + len as i64).clamp(0, end as i64) as usize;
        (from.clamp(0, end as i64) as usize, last)
    };
    let ((x1, x2), (y1, y2)) = (cut(x, width, WIDTH), cut(y, height, HEIGHT));
    for (index, value) in [colour.0, colour.1, colour.2].into_iter().enumerate() {
        let half = usize::from(index > 0);
        let stride = width_of(index);
        for row in y1 >> half..(y2 + half) >> half {
            planes[index][row * stride + (x1 >> half)..row * stride + ((x2 + half) >> half)].fill(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_and_the_square_stand_where_they_should() {
        let mut scene = Scene::new();
        for n in [0, 1, 142, 143, 5_000_000] {
            scene.paint(n);
            let (luma, _) = scene.plane(0);
            let read =
                (0..BLOCKS).fold(0, |number, bit| number << 1 | u64::from(luma[8 * WIDTH + bit * BLOCK + 8] > 128));
            assert_eq!(read, n % (1 << BLOCKS));
            let (x, y) = square(n);
            let white = luma.iter().skip(BLOCK * WIDTH).filter(|value| **value == 235).count();
            assert_eq!(white, SQUARE * SQUARE, "nothing else in the street is white");
            assert_eq!(luma[y * WIDTH + x], 235);
            assert!(luma[(y - 1) * WIDTH + x] < 200 && luma[y * WIDTH + x - 1] < 200);
            assert!(luma[(y + SQUARE) * WIDTH + x + SQUARE - 1] < 200);
        }
    }
}
