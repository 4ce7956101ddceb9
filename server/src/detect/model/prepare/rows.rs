//! Two rows of a frame blended into one of 16 bit, luma and chroma by themselves, whatever their layout.

use super::simd::{Body, SLACK};
use crate::pipeline::frame::{HostPicture, PixelFormat};
use std::ops::Range;

/// A row of each, blended.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    format: PixelFormat,
    /// What is read of a row of luma, and of one of chroma.
    luma: Range<usize>,
    chroma: Range<usize>,
    y: Vec<i16>,
    cb: Vec<i16>,
    cr: Vec<i16>,
}

/// Chroma halved across, and down.
fn halves(format: PixelFormat) -> (bool, bool) {
    match format {
        PixelFormat::I420 | PixelFormat::Nv12 | PixelFormat::I42010 | PixelFormat::P010 => (true, true),
        PixelFormat::I422 => (true, false),
        PixelFormat::I444 | PixelFormat::Grey => (false, false),
    }
}

impl Rows {
    pub(super) fn new(format: PixelFormat, luma: Range<usize>) -> Self {
        let halved = halves(format).0;
        let side = |at: usize| if halved { at.div_ceil(2) } else { at };
        let first = if halved { luma.start / 2 } else { luma.start };
        let chroma = first..side(luma.end);
        // Grey is the middle of both.
        let row = |many: usize| vec![super::simd::MIDDLE; many + SLACK];
        Self { format, y: row(luma.len()), cb: row(chroma.len()), cr: row(chroma.len()), luma, chroma }
    }

    /// Whether chroma has half the samples of luma in a row.
    pub(super) fn halved(&self) -> bool {
        halves(self.format).0
    }

    /// The blended rows.
    pub(super) fn samples(&self) -> [&[i16]; 3] {
        [&self.y, &self.cb, &self.cr]
    }

    /// Asks for the rows that are blended next.
    pub(super) fn soon(&self, body: Body, picture: &dyn HostPicture, row: usize) {
        let (chroma, wide) = (if halves(self.format).1 { row / 2 } else { row }, self.format_bytes());
        let pairs = matches!(self.format, PixelFormat::Nv12 | PixelFormat::P010);
        let planes = match self.format {
            PixelFormat::Grey => 1,
            _ if pairs => 2,
            _ => 3,
        };
        for plane in 0..planes {
            let (data, stride) = picture.plane(plane);
            let (row, of, each) = match plane {
                0 => (row, &self.luma, wide),
                _ => (chroma, &self.chroma, if pairs { 2 * wide } else { wide }),
            };
            let bytes = data.get(row * stride..).and_then(|rest| rest.get(of.start * each..of.end * each));
            body.soon(bytes.unwrap_or_default());
        }
    }

    /// Bytes of a sample.
    fn format_bytes(&self) -> usize {
        if matches!(self.format, PixelFormat::I42010 | PixelFormat::P010) { 2 } else { 1 }
    }

    /// Blends two rows of luma and what belongs to them, with `part` of 256 of the lower one; `None` where the picture is shorter.
    pub(super) fn blend(
        &mut self,
        body: Body,
        picture: &dyn HostPicture,
        rows: (usize, usize),
        part: u16,
    ) -> Option<()> {
        let pairs = matches!(self.format, PixelFormat::Nv12 | PixelFormat::P010);
        // How far samples of two bytes are shifted to be eight bits.
        let shift = match self.format {
            PixelFormat::I42010 => Some(2),
            PixelFormat::P010 => Some(8),
            _ => None,
        };
        let down = halves(self.format).1;
        let of_chroma = if down { (rows.0 / 2, rows.1 / 2) } else { rows };
        let bytes = self.format_bytes();
        let two = |plane: usize, rows: (usize, usize), of: &Range<usize>, each: usize| {
            let (data, stride) = picture.plane(plane);
            let row = |row: usize| data.get(row * stride..)?.get(of.start * each..of.end * each);
            Some([row(rows.0)?, row(rows.1)?])
        };
        let luma = two(0, rows, &self.luma, bytes)?;
        let (y, cb, cr) =
            (&mut self.y[..self.luma.len()], &mut self.cb[..self.chroma.len()], &mut self.cr[..self.chroma.len()]);
        match shift {
            None => body.down(luma, part, y),
            Some(shift) => body.down_wide(luma, shift, part, y),
        }
        match (self.format, shift) {
            (PixelFormat::Grey, _) => {}
            (_, None) if pairs => body.down_pairs(two(1, of_chroma, &self.chroma, 2)?, part, cb, cr),
            (_, Some(shift)) if pairs => body.down_wide_pairs(two(1, of_chroma, &self.chroma, 4)?, shift, part, cb, cr),
            (_, None) => {
                body.down(two(1, of_chroma, &self.chroma, 1)?, part, cb);
                body.down(two(2, of_chroma, &self.chroma, 1)?, part, cr);
            }
            (_, Some(shift)) => {
                body.down_wide(two(1, of_chroma, &self.chroma, 2)?, shift, part, cb);
                body.down_wide(two(2, of_chroma, &self.chroma, 2)?, shift, part, cr);
            }
        }
        Some(())
    }
}
