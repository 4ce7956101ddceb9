//! Pictures of things: the piece of the full-size frame around a box, upright, as JPEG.

use crate::device::{Fetcher, Sight};
use crate::picture::{self, PictureError};
use crate::pipeline::detection::Area;
use crate::pipeline::frame::{Frame, HostPicture, PixelFormat, Samples};
use std::sync::Arc;

/// What is shown around a box: this part of its sides ...
const MARGIN: f32 = 0.15;
/// ... but no less than this many pixels.
const LEAST_MARGIN: f32 = 16.0;
const QUALITY: u8 = 90;

/// Cuts pieces from frames; keeps what it needs to bring those of a device to the host.
#[derive(Default)]
pub(super) struct Cutter {
    fetcher: Fetcher,
}

impl Cutter {
    /// The frame with its samples in the host's memory: brought there once for all pieces of it.
    ///
    /// # Errors
    /// The device fails.
    pub(super) fn at_hand(&mut self, frame: &Arc<Frame>) -> Result<Arc<Frame>, PictureError> {
        let fetched = self.fetcher.fetch(frame, Sight::Whole);
        let fetched = fetched.map_err(|error| PictureError::Refused(error.to_string()))?;
        Ok(fetched.map_or_else(|| frame.clone(), Arc::new))
    }
}

/// The piece of `frame` (in the host's memory) around `area`, as JPEG: upright, with square pixels, as large as it is in the frame.
///
/// # Errors
/// Its samples cannot be read, or libavcodec refuses.
pub(super) fn cut(frame: &Arc<Frame>, area: Area) -> Result<Vec<u8>, PictureError> {
    let piece = Piece::around(frame, area);
    let (format, size) = (frame.format, (piece.width, piece.height));
    // What a mask covers has to be covered here, on the still, before it is compressed.
    picture::jpeg(&frame.with_samples(Samples::Host(Box::new(piece)), format, size), None, QUALITY)
}

/// A part of a frame, without a copy: a window on its planes.
struct Piece {
    frame: Arc<Frame>,
    /// Left and top in pixels of the frame as coded; both even, so that they lie on a sample of chroma.
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Piece {
    /// The part around a box that is given in fractions of the picture as shown.
    fn around(frame: &Arc<Frame>, area: Area) -> Self {
        let coded = area.clamped().turned_back(frame.rotation);
        let side = |low: f32, high: f32, whole: usize| {
            let margin = ((high - low) * whole as f32 * MARGIN).max(LEAST_MARGIN);
            let low = ((low * whole as f32 - margin).max(0.0) as usize).min(whole.saturating_sub(2)) & !1;
            let high = ((high * whole as f32 + margin).ceil() as usize).clamp(low + 1, whole.max(low + 1));
            (low, high - low)
        };
        let (left, width) = side(coded.x1, coded.x2, frame.width);
        let (top, height) = side(coded.y1, coded.y2, frame.height);
        Self { frame: frame.clone(), left, top, width, height }
    }
}

/// Bytes from one sample of a plane to the next, and how many pixels one stands for, across and down.
fn samples(format: PixelFormat, plane: usize) -> (usize, usize, usize) {
    match (format, plane) {
        (PixelFormat::I42010 | PixelFormat::P010, 0) => (2, 1, 1),
        (_, 0) | (PixelFormat::I444 | PixelFormat::Grey, _) => (1, 1, 1),
        (PixelFormat::I420, _) => (1, 2, 2),
        (PixelFormat::I422, _) => (1, 2, 1),
        (PixelFormat::Nv12 | PixelFormat::I42010, _) => (2, 2, 2),
        (PixelFormat::P010, _) => (4, 2, 2),
    }
}

impl HostPicture for Piece {
    fn plane(&self, index: usize) -> (&[u8], usize) {
        let Samples::Host(whole) = &self.frame.samples else { return (&[], 0) };
        let (data, stride) = whole.plane(index);
        let (bytes, across, down) = samples(self.frame.format, index);
        let skipped = self.top / down * stride + self.left / across * bytes;
        (data.get(skipped..).unwrap_or_default(), stride)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::tests::{BLUE, GREEN, GREY, RED, Read, check, quarters};
    use crate::pipeline::frame::Colour;

    const WHOLE: (usize, usize) = (640, 320);

    fn frame(format: PixelFormat, rotation: u16) -> Arc<Frame> {
        let colour = Colour { matrix: 1, ..Colour::default() };
        Arc::new(Frame { rotation, ..quarters(format, WHOLE, colour) })
    }

    fn read(format: PixelFormat, rotation: u16, area: Area) -> Read {
        let jpeg = cut(&frame(format, rotation), area).unwrap_or_else(|error| panic!("{format:?} {area:?}: {error}"));
        Read::new(&jpeg)
    }

    /// Around the place where the four colours of the picture meet.
    const MIDDLE: Area = Area { x1: 0.375, y1: 0.375, x2: 0.625, y2: 0.625 };

    #[test]
    fn a_piece_is_what_lies_around_the_box() {
        use PixelFormat::{Grey, I420, I422, I444, I42010, Nv12, P010};
        for format in [I420, Nv12, I42010, I422, I444, P010] {
            let piece = read(format, 0, MIDDLE);
            // 160 pixels and 15 % of them at both sides; 80, and the least margin.
            assert_eq!(piece.size(), (208, 112), "{format:?}");
            check(&piece, [RED, GREEN, BLUE, GREY]);
        }
        assert_eq!(read(Grey, 0, MIDDLE).size(), (208, 112));
    }

    #[test]
    fn it_is_upright() {
        for (rotation, wanted) in
            [(90, [BLUE, RED, GREY, GREEN]), (180, [GREY, BLUE, GREEN, RED]), (270, [GREEN, GREY, RED, BLUE])]
        {
            let piece = read(PixelFormat::I420, rotation, MIDDLE);
            assert_eq!(piece.size(), if rotation == 180 { (208, 112) } else { (112, 208) }, "{rotation}");
            check(&piece, wanted);
        }
    }

    #[test]
    fn it_is_where_the_box_is_in_the_picture_as_shown() {
        // In the upper left quarter as shown.
        let corner = Area { x1: 0.1, y1: 0.1, x2: 0.3, y2: 0.3 };
        for (rotation, colour) in [(0, RED), (90, BLUE), (180, GREY), (270, GREEN)] {
            check(&read(PixelFormat::Nv12, rotation, corner), [colour; 4]);
        }
    }

    #[test]
    fn a_box_at_the_edge_or_beyond_it_gives_what_there_is() {
        for (area, size) in [
            (Area { x1: 0.0, y1: 0.0, x2: 0.1, y2: 0.1 }, (80, 48)),
            (Area { x1: 0.9, y1: 0.9, x2: 1.4, y2: 1.3 }, (80, 48)),
            (Area { x1: -3.0, y1: -3.0, x2: 3.0, y2: 3.0 }, (640, 320)),
            (Area { x1: 1.0, y1: 1.0, x2: 1.0, y2: 1.0 }, (16, 16)),
            (Area { x1: f32::NAN, y1: f32::NAN, x2: f32::NAN, y2: f32::NAN }, (1, 1)),
        ] {
            let (wide, high) = read(PixelFormat::Nv12, 0, area).size();
            assert!(
                wide.abs_diff(size.0) <= 2 && high.abs_diff(size.1) <= 2,
                "{area:?}: {wide} x {high}, not {size:?}"
            );
        }
    }

    #[test]
    fn odd_sizes_are_cut() {
        for format in [PixelFormat::I420, PixelFormat::Nv12, PixelFormat::I422] {
            let frame = Arc::new(quarters(format, (45, 33), Colour { matrix: 1, ..Colour::default() }));
            let jpeg = cut(&frame, Area { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 }).expect("cut");
            let whole = Read::new(&jpeg);
            assert_eq!(whole.size(), (45, 33));
            check(&whole, [RED, GREEN, BLUE, GREY]);
        }
    }
}
