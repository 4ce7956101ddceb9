//! Draw lists for pictures on the device: what is drawn, cut into the tiles that it touches.

use crate::{Buffer, Context, Error, Stream};
use std::collections::HashMap;

pub(crate) const FILL: u32 = 0;
pub(crate) const LETTERS: u32 = 1;
pub(crate) const POLYGON: u32 = 2;

/// Pixels of a tile: a chroma sample for each of 32x8 threads.
const TILE: (i32, i32) = (64, 16);
/// Side of the cells that pixelated parts of a picture become, unless another is asked for.
pub const PIXELATE_CELL: u32 = 16;

/// As in `kernels/draw.cu`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) kind: u32,
    pub(crate) x0: i32,
    pub(crate) y0: i32,
    pub(crate) x1: i32,
    pub(crate) y1: i32,
    pub(crate) samples: u32,
    pub(crate) alpha: u32,
    pub(crate) first: u32,
    pub(crate) more: u32,
}

/// As in `kernels/draw.cu`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) x: f32,
    pub(crate) y0: f32,
    pub(crate) y1: f32,
    pub(crate) slope: f32,
}

/// As in `kernels/draw.cu`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// As in `kernels/draw.cu`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pixelate {
    pub(crate) picture: u32,
    pub(crate) cell: i32,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) across: i32,
    pub(crate) down: i32,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// As in `kernels/draw.cu`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) picture: u32,
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// A colour as the picture codes it (Y, Cb, Cr), and how much of it covers what was there, in parts of 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Y, Cb, Cr.
    pub samples: [u8; 3],
    /// 256 hides all of it.
    pub alpha: u16,
}

impl Ink {
    fn packed(self) -> (u32, u32) {
        let [y, cb, cr] = self.samples;
        (u32::from_le_bytes([y, cb, cr, 0]), u32::from(self.alpha.min(256)))
    }
}

/// What is drawn on a batch of pictures, in order.
#[derive(Clone, Debug, Default)]
pub struct DrawList {
    sizes: Vec<(i32, i32)>,
    pub(crate) ops: Vec<(u32, Op)>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) outlines: Vec<Outline>,
    pub(crate) masks: Vec<Pixelate>,
}

impl DrawList {
    /// An empty list for pictures of these sizes; what is drawn says by its place in them which one it is for.
    #[must_use]
    pub fn new(sizes: &[(u32, u32)]) -> Self {
        let sizes = sizes.iter().map(|(width, height)| (width.cast_signed(), height.cast_signed())).collect();
        Self { sizes, ..Self::default() }
    }

    /// The sizes of its pictures.
    #[must_use]
    pub fn sizes(&self) -> Vec<(u32, u32)> {
        self.sizes.iter().map(|(width, height)| (width.unsigned_abs(), height.unsigned_abs())).collect()
    }

    /// Whether nothing is drawn.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty() && self.masks.is_empty()
    }

    /// Fills the pixels `x0..x1` of the rows `y0..y1`; what lies outside of the picture is cut off.
    pub fn fill(&mut self, picture: usize, (x0, y0, x1, y1): (i32, i32, i32, i32), ink: Ink) {
        let Some((width, height)) = self.sizes.get(picture).copied() else { return };
        let (samples, alpha) = ink.packed();
        let (x0, y0, x1, y1) = (x0.max(0), y0.max(0), x1.min(width), y1.min(height));
        if x0 < x1 && y0 < y1 {
            self.ops.push((picture as u32, Op { kind: FILL, x0, y0, x1, y1, samples, alpha, first: 0, more: 0 }));
        }
    }

    /// Sets letters of an atlas with their upper left corner at `x`, `y`.
    pub fn letters(&mut self, picture: usize, (x, y): (i32, i32), letters: Letters, ink: Ink) {
        let Some((width, height)) = self.sizes.get(picture).copied() else { return };
        let (samples, alpha) = ink.packed();
        let cut = |at: i32, size: u32| (at.max(0), at.saturating_add_unsigned(size));
        let ((x0, x1), (y0, y1)) = (cut(x, letters.width), cut(y, letters.height));
        let (x1, y1) = (x1.min(width), y1.min(height));
        if x0 < x1 && y0 < y1 {
            let first = letters.first + (y0 - y).unsigned_abs() * letters.width + (x0 - x).unsigned_abs();
            let more = letters.width;
            self.ops.push((picture as u32, Op { kind: LETTERS, x0, y0, x1, y1, samples, alpha, first, more }));
        }
    }

    /// Fills a polygon: the pixels whose middle is within it, where its lines cross by the even-odd rule.
    pub fn polygon(&mut self, picture: usize, points: &[(f32, f32)], ink: Ink) {
        let Some(size) = self.sizes.get(picture).copied() else { return };
        let (samples, alpha) = ink.packed();
        let Some((outline, (x0, y0, x1, y1))) = self.outline(points, size) else { return };
        let (first, more) = (outline.first, outline.count);
        self.ops.push((picture as u32, Op { kind: POLYGON, x0, y0, x1, y1, samples, alpha, first, more }));
    }

    /// Hides what lies in any of `polygons`: cells of `cell` pixels (even) become their mean. It is done before anything is drawn.
    pub fn pixelate(&mut self, picture: usize, polygons: &[Vec<(f32, f32)>], cell: u32) {
        let Some(size) = self.sizes.get(picture).copied() else { return };
        let cell = cell.clamp(2, 1024).next_multiple_of(2).cast_signed();
        let first = self.outlines.len() as u32;
        let mut around: Option<(i32, i32, i32, i32)> = None;
        for points in polygons {
            let Some((outline, bounds)) = self.outline(points, size) else { continue };
            self.outlines.push(outline);
            around = Some(around.map_or(bounds, |(x0, y0, x1, y1)| {
                (x0.min(bounds.0), y0.min(bounds.1), x1.max(bounds.2), y1.max(bounds.3))
            }));
        }
        let Some((x0, y0, x1, y1)) = around else { return };
        let (x, y) = (x0 / cell, y0 / cell);
        let (across, down) = ((x1 - 1) / cell + 1 - x, (y1 - 1) / cell + 1 - y);
        let count = self.outlines.len() as u32 - first;
        self.masks.push(Pixelate { picture: picture as u32, cell, x, y, across, down, first, count });
    }

    /// A polygon's edges, and the pixels around it that are within the picture; `None` where none are.
    fn outline(
        &mut self,
        points: &[(f32, f32)],
        (width, height): (i32, i32),
    ) -> Option<(Outline, (i32, i32, i32, i32))> {
        if points.len() < 3 || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return None;
        }
        let bound = |values: &mut dyn Iterator<Item = f32>, most: i32| {
            let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
            (low.clamp(0.0, most as f32).floor() as i32, high.clamp(0.0, most as f32).ceil() as i32)
        };
        let (x0, x1) = bound(&mut points.iter().map(|point| point.0), width);
        let (y0, y1) = bound(&mut points.iter().map(|point| point.1), height);
        if x0 >= x1 || y0 >= y1 {
            return None;
        }
        let first = self.edges.len();
        for (a, b) in points.iter().zip(points.iter().cycle().skip(1)) {
            let (a, b) = if a.1 <= b.1 { (a, b) } else { (b, a) };
            if a.1 < b.1 {
                self.edges.push(Edge { x: a.0, y0: a.1, y1: b.1, slope: (b.0 - a.0) / (b.1 - a.1) });
            }
        }
        let count = (self.edges.len() - first) as u32;
        Some((Outline { first: first as u32, count }, (x0, y0, x1, y1)))
    }

    /// The tiles that something is drawn in, and for each which operations, in order.
    pub(crate) fn tiles(&self) -> (Vec<Tile>, Vec<u32>) {
        let mut at: HashMap<(u32, i32, i32), Vec<u32>> = HashMap::new();
        for (index, (picture, op)) in self.ops.iter().enumerate() {
            for y in op.y0 / TILE.1..=(op.y1 - 1) / TILE.1 {
                for x in op.x0 / TILE.0..=(op.x1 - 1) / TILE.0 {
                    at.entry((*picture, y, x)).or_default().push(index as u32);
                }
            }
        }
        let mut places: Vec<_> = at.into_iter().collect();
        // Tiles side by side share rows of memory.
        places.sort_unstable_by_key(|(place, _)| *place);
        let mut order = Vec::new();
        let tiles = places.into_iter().map(|((picture, y, x), ops)| {
            let (first, count) = (order.len() as u32, ops.len() as u32);
            order.extend(ops);
            Tile { picture, x: x.unsigned_abs(), y: y.unsigned_abs(), first, count }
        });
        (tiles.collect(), order)
    }
}

/// Where letters, or words set of them, lie in an atlas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    first: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Letters on the device: how much of each pixel they cover, 0 to 255. When it is full it starts anew.
pub struct Atlas {
    buffer: Buffer,
    bytes: Vec<u8>,
    known: HashMap<u64, Letters>,
    /// Bytes that the device has already.
    sent: usize,
}

/// Bytes of an atlas: the labels of some hundred things at 24 pixels.
const ATLAS: usize = 1 << 20;

impl Atlas {
    /// An empty one.
    ///
    /// # Errors
    /// When the device has no memory left.
    pub fn new(context: &Context) -> Result<Self, Error> {
        Ok(Self { buffer: Buffer::new(context, ATLAS)?, bytes: Vec::new(), known: HashMap::new(), sent: 0 })
    }

    /// The letters of `key` (of the caller's making: what they say and their size), if they are here still.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<Letters> {
        self.known.get(&key).copied()
    }

    /// Takes coverage in rows of `width`. `None` where it does not fit beside what is here: draw the list so far, then [`Self::clear`].
    pub fn put(&mut self, key: u64, width: u32, cover: &[u8]) -> Option<Letters> {
        if width == 0 || !cover.len().is_multiple_of(width as usize) || self.bytes.len() + cover.len() > ATLAS {
            return None;
        }
        let height = (cover.len() / width as usize) as u32;
        let letters = Letters { first: self.bytes.len() as u32, width, height };
        self.bytes.extend_from_slice(cover);
        self.known.insert(key, letters);
        Some(letters)
    }

    /// Forgets everything; lists made before are not to be drawn after.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.known.clear();
        self.sent = 0;
    }

    /// Its address, after what is new was sent.
    pub(crate) fn ready(&mut self, stream: &Stream) -> Result<u64, Error> {
        self.buffer.upload(stream, self.sent, &self.bytes[self.sent..])?;
        self.sent = self.bytes.len();
        Ok(self.buffer.pointer())
    }
}

#[cfg(test)]
pub(crate) mod test {
    //! Letters without a device.

    use super::Letters;

    pub(crate) fn letters(first: u32, width: u32, height: u32) -> Letters {
        Letters { first, width, height }
    }
}
