//! The refiner that knows the demo camera's white square, to the pixel.
//!
//! It looks only where something moves. The demo camera is 1280x720, so that all sizes here are in pixels of that picture.

use super::{Area, DetectError, Detection, LABEL_DEMO, LABEL_MOTION, Refined, Refiner};
use crate::pipeline::frame::{Frame, PixelFormat, Plane};
use std::sync::Arc;

/// Side of the square, in pixels.
const SIDE: usize = 96;
/// By how much a side may be off: an encoder's blur moves an edge by one pixel at most.
const SIDE_TOLERANCE: usize = 3;
/// Luma from which a pixel is white: the square is 235, nothing else in the scene is above 200, and x264 at 2.5 Mb/s puts pixels
/// near an edge up to 30 off.
const WHITE: u8 = 208;
/// Rows between those that are searched: the square crosses at least two of them.
const ROW_STEP: usize = 32;
/// Pixels by which a moving region is grown before it is searched: its box is made of cells of 4 pixels and smoothed.
const MARGIN: f32 = 32.0;
/// Part of the square's inside that must be white.
const FILLED: f32 = 0.98;
/// Part of the ring around it that may be white: more, and it is a piece of something larger.
const RING_WHITE: f32 = 0.1;
/// Distance of that ring from the edges, in pixels: past the edge's own blur.
const RING: usize = 5;
/// How far inside a pixel is surely white, in pixels from the edge.
const DEPTH: usize = 4;
/// Part of a motion box that the square must cover for there to be nothing else in it.
const IS_WHAT_MOVES: f32 = 0.5;
/// At most this many squares in a frame.
const MOST: usize = 8;

/// Finds the square within what moves. A motion box that is mostly the square becomes the square; a larger one (the square passing
/// a car) stays beside it.
pub struct Marker {
    label: Arc<str>,
}

impl Default for Marker {
    fn default() -> Self {
        Self::new()
    }
}

impl Marker {
    /// A marker.
    #[must_use]
    pub fn new() -> Self {
        Self { label: Arc::from(LABEL_DEMO) }
    }
}

impl Refiner for Marker {
    fn name(&self) -> &str {
        "marker"
    }

    fn labels(&self) -> &[&str] {
        &[LABEL_MOTION]
    }

    fn refine(&mut self, frame: &Frame, seen: &[Detection]) -> Result<Vec<Vec<Refined>>, DetectError> {
        let plane = frame.luma().ok_or(DetectError::NotOnHost("marker"))?;
        if matches!(frame.format, PixelFormat::I42010 | PixelFormat::P010) {
            // The demo camera is 8 bit.
            return Ok(vec![Vec::new(); seen.len()]);
        }
        let picture = Picture { plane };
        let mut squares: Vec<Detection> = Vec::new();
        for moving in seen {
            let region = picture.region(&moving.area().turned_back(frame.rotation));
            for square in picture.squares(&region) {
                let area = square.area.turned(frame.rotation);
                if squares.len() < MOST && squares.iter().all(|known| known.area().iou(&area) < 0.5) {
                    squares.push(Detection::new(self.label.clone(), square.filled, area));
                }
            }
        }
        Ok(seen.iter().map(|moving| refined(&moving.area(), &squares)).collect())
    }
}

/// What the squares of the frame say of what moves in `area`.
fn refined(area: &Area, squares: &[Detection]) -> Vec<Refined> {
    let mut refined = Vec::new();
    for square in squares {
        let both = square.area().overlap(area);
        if both > 0.0 {
            let replaces = both >= area.size() * IS_WHAT_MOVES;
            refined.push(Refined { detection: square.clone(), replaces });
        }
    }
    refined
}

/// Where to search, in pixels.
struct Region {
    x1: usize,
    y1: usize,
    x2: usize,
    y2: usize,
}

/// A square that was found.
struct Square {
    /// In fractions of the picture as coded.
    area: Area,
    /// Part of it that is white.
    filled: f32,
}

/// A picture's luma.
struct Picture<'a> {
    plane: Plane<'a>,
}

impl Picture<'_> {
    fn white(&self, x: usize, y: usize) -> bool {
        self.at(x, y) >= WHITE
    }

    /// Luma, black outside.
    fn at(&self, x: usize, y: usize) -> u8 {
        let inside = x < self.plane.width && y < self.plane.height;
        if inside { self.plane.data.get(y * self.plane.stride + x).copied().unwrap_or(0) } else { 0 }
    }

    /// The pixels of `area`, grown by the margin.
    fn region(&self, area: &Area) -> Region {
        let (width, height) = (self.plane.width, self.plane.height);
        let low = |at: f32, size: usize| ((at * size as f32 - MARGIN).max(0.0) as usize).min(size);
        let high = |at: f32, size: usize| ((at * size as f32 + MARGIN).max(0.0) as usize).min(size);
        Region {
            x1: low(area.x1, width),
            y1: low(area.y1, height),
            x2: high(area.x2, width),
            y2: high(area.y2, height),
        }
    }

    /// The squares that have a part in `region`.
    fn squares(&self, region: &Region) -> Vec<Square> {
        let mut found: Vec<Square> = Vec::new();
        for y in (region.y1..region.y2).step_by(ROW_STEP).chain(region.y2.checked_sub(1)) {
            let mut x = region.x1;
            while x < region.x2 {
                if !self.white(x, y) {
                    // Shorter than the square by much: its blurred edges may count for nothing.
                    x += SIDE / 4;
                    continue;
                }
                let (start, end) = self.run(x, |x| self.white(x, y));
                if let Some(square) = self.square(start, end, y)
                    && found.iter().all(|known| known.area.iou(&square.area) < 0.5)
                {
                    found.push(square);
                }
                x = end + 1;
            }
        }
        found
    }

    /// The stretch around `at` on which `white` holds, single pixels left out (ringing along an edge); no longer than is of use.
    fn run(&self, at: usize, white: impl Fn(usize) -> bool) -> (usize, usize) {
        let most = SIDE + SIDE_TOLERANCE + 1;
        let (mut start, mut end) = (at, at + 1);
        while start > 1 && end - start <= most && (white(start - 1) || white(start - 2)) {
            start -= 1;
        }
        while end - start <= most && (white(end) || white(end + 1)) {
            end += 1;
        }
        (start, end)
    }

    /// The square that has the white run `x1..x2` in row `y`, if it is one.
    fn square(&self, x1: usize, x2: usize, y: usize) -> Option<Square> {
        let fits = |length: usize| length.abs_diff(SIDE) <= SIDE_TOLERANCE;
        let middle = (x1 + x2) / 2;
        let (y1, y2) = self.run(y, |y| self.white(middle, y));
        if !fits(x2 - x1) || !fits(y2 - y1) {
            return None;
        }
        let filled = self.filled(x1, y1, x2, y2);
        if filled < FILLED || self.ring(x1, y1, x2, y2) > RING_WHITE {
            return None;
        }
        let row = |along: usize, x: usize| self.at(x, y1 + along);
        let column = |along: usize, y: usize| self.at(x1 + along, y);
        let low = |at: usize, luma: &dyn Fn(usize, usize) -> u8| {
            let inside = at + DEPTH;
            inside as f32 + 1.0 - edge(|along, step| luma(along, inside.saturating_sub(step)))
        };
        let high = |at: usize, luma: &dyn Fn(usize, usize) -> u8| {
            let inside = at - 1 - DEPTH;
            inside as f32 + edge(|along, step| luma(along, inside + step))
        };
        let (width, height) = (self.plane.width as f32, self.plane.height as f32);
        let area = Area {
            x1: low(x1, &row) / width,
            y1: low(y1, &column) / height,
            x2: high(x2, &row) / width,
            y2: high(y2, &column) / height,
        };
        Some(Square { area, filled })
    }

    /// Part of the inside that is white; its rim of 3 pixels is the edge's blur.
    fn filled(&self, x1: usize, y1: usize, x2: usize, y2: usize) -> f32 {
        let (mut white, mut all) = (0_u32, 0_u32);
        for y in (y1 + 3..y2 - 3).step_by(3) {
            for x in (x1 + 3..x2 - 3).step_by(3) {
                white += u32::from(self.white(x, y));
                all += 1;
            }
        }
        white as f32 / all.max(1) as f32
    }

    /// Part of the ring around it that is white.
    fn ring(&self, x1: usize, y1: usize, x2: usize, y2: usize) -> f32 {
        let mut white = 0_u32;
        let mut all = 0_u32;
        let mut look = |x: Option<usize>, y: Option<usize>| {
            white += u32::from(x.zip(y).is_some_and(|(x, y)| self.white(x, y)));
            all += 1;
        };
        for x in (x1..x2).step_by(4) {
            look(Some(x), y1.checked_sub(RING));
            look(Some(x), Some(y2 + RING - 1));
        }
        for y in (y1..y2).step_by(4) {
            look(x1.checked_sub(RING), Some(y));
            look(Some(x2 + RING - 1), Some(y));
        }
        white as f32 / all.max(1) as f32
    }
}

/// How far out from a pixel `DEPTH` inside the edge the edge is, to a fraction of a pixel: where luma passes the middle between white
/// and what lies just outside. The median over the edge's length leaves the encoder's noise out. `luma` takes how far
/// along the edge, and how many steps outwards.
fn edge(luma: impl Fn(usize, usize) -> u8) -> f32 {
    let place = |along: usize| {
        let line = |step: usize| f32::from(luma(along, step));
        // One pixel alone that is not white is ringing within the square.
        let outside = (1..3 * DEPTH).find(|&step| luma(along, step) < WHITE && luma(along, step + 1) < WHITE)?;
        // The pixel after the first that is not white is past the blur, and too near to be of something else.
        let middle = (line(0) + line(outside + 1)) * 0.5;
        let first = (outside - 1..=outside + 1).find(|&step| line(step) < middle).filter(|&first| first > 0)?;
        let (white, dark) = (line(first - 1), line(first));
        (white > dark).then(|| first as f32 - 0.5 + ((white - middle) / (white - dark)).clamp(0.0, 1.0))
    };
    let mut places: Vec<f32> = (8..SIDE - 8).step_by(4).filter_map(place).collect();
    places.sort_unstable_by(f32::total_cmp);
    places.get(places.len() / 2).copied().unwrap_or(DEPTH as f32 + 1.0)
}

#[cfg(test)]
mod tests;
