//! Pictures of things: the piece of the full-size frame around a box, upright, as JPEG; what is masked is masked in them as well.

use crate::device::{Fetcher, Sight};
use crate::picture::{PictureError, Still};
use crate::pipeline::detection::Area;
use crate::pipeline::frame::Frame;
use sightline_shared::scene::Mask;

/// What is shown around a box: this part of its sides ...
const MARGIN: f32 = 0.15;
/// ... but no less than this many pixels.
const LEAST_MARGIN: f32 = 16.0;
const QUALITY: u8 = 90;

/// Makes the stills of a few frames. It is not kept for long: what it has of a device keeps one that was lost from being had again.
#[derive(Default)]
pub(super) struct Cutter {
    fetcher: Fetcher,
}

impl Cutter {
    /// All of a frame, upright, as large as it is, with its masks: they are hidden before anything is cut, since the cells of one that is
    /// pixelated are as large as the whole picture asks for. The frame is not needed any more then.
    ///
    /// # Errors
    /// Its samples cannot be read, or not be had of the device.
    pub(super) fn still(&mut self, frame: &Frame, masks: &[Mask]) -> Result<Still, PictureError> {
        let fetched = self.fetcher.fetch(frame, Sight::Whole);
        let fetched = fetched.map_err(|error| PictureError::Refused(error.to_string()))?;
        let mut still = Still::of(fetched.as_ref().unwrap_or(frame), None)?;
        still.hide(masks);
        Ok(still)
    }
}

/// The piece around a box, which is given in fractions of the picture as shown, as JPEG.
///
/// # Errors
/// libavcodec refuses.
pub(super) fn cut(still: &Still, area: Area) -> Result<Vec<u8>, PictureError> {
    let (width, height) = still.size();
    let side = |low: f32, high: f32, whole: usize| {
        let (low, high) = (low.clamp(0.0, 1.0) * whole as f32, high.clamp(0.0, 1.0) * whole as f32);
        let margin = ((high - low) * MARGIN).max(LEAST_MARGIN);
        let low = (low - margin).max(0.0) as usize & !1;
        (low, ((high + margin).ceil() as usize).saturating_sub(low))
    };
    let ((left, width), (top, height)) = (side(area.x1, area.x2, width), side(area.y1, area.y2, height));
    still.part((left, top), (width, height)).jpeg(QUALITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::tests::{BLUE, GREEN, GREY, RED, Read, check, quarters};
    use crate::pipeline::frame::{Colour, PixelFormat};
    use sightline_shared::scene::MaskStyle;

    const WHOLE: (usize, usize) = (640, 320);

    fn frame(format: PixelFormat, rotation: u16, size: (usize, usize)) -> Frame {
        Frame { rotation, ..quarters(format, size, Colour { matrix: 1, ..Colour::default() }) }
    }

    fn read_of(frame: &Frame, masks: &[Mask], area: Area) -> Read {
        let still = Cutter::default().still(frame, masks).expect("a still");
        Read::new(&cut(&still, area).expect("a piece"))
    }

    fn read(format: PixelFormat, rotation: u16, area: Area) -> Read {
        read_of(&frame(format, rotation, WHOLE), &[], area)
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
        let whole = Area { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 };
        for format in [PixelFormat::I420, PixelFormat::Nv12, PixelFormat::I422] {
            let read = read_of(&frame(format, 0, (45, 33)), &[], whole);
            assert_eq!(read.size(), (45, 33));
            check(&read, [RED, GREEN, BLUE, GREY]);
            let corner = Area { x1: 0.95, y1: 0.95, ..whole };
            check(&read_of(&frame(format, 0, (145, 133)), &[], corner), [GREY; 4]);
            // From 57, 51 on, which is not even: one more at the left and above, none less at the right and below.
            let inner = Area { x1: 0.51, y1: 0.51, x2: 0.605, y2: 0.605 };
            assert_eq!(read_of(&frame(format, 0, (145, 133)), &[], inner).size(), (104 - 56, 97 - 50));
        }
    }

    /// A mask over the lower half, and pieces of both halves.
    #[test]
    fn what_is_masked_is_masked_in_a_piece() {
        let points = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]].map(Into::into).to_vec();
        let below = Area { x1: 0.2, y1: 0.7, x2: 0.3, y2: 0.8 };
        let frame = frame(PixelFormat::I420, 0, WHOLE);
        let plain = read_of(&frame, &[], below).corners();
        let filled = [Mask { style: MaskStyle::Fill, points }];
        let hidden = read_of(&frame, &filled, below).corners();
        assert!(plain[0] != hidden[0] && hidden.iter().all(|corner| *corner == hidden[0]), "{hidden:?}");
        check(&read_of(&frame, &filled, MIDDLE), [RED, GREEN, DARK, DARK]);
    }

    /// What a filled mask shows.
    const DARK: u32 = 0x1e_252c;
}
