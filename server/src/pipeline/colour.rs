//! The arithmetic of colour: what a picture's samples say, and which samples say a colour (ITU-T H.273 section 8.3).

use super::frame::Colour;

/// Lines from which a picture that does not name its matrix is taken for BT.709, as browsers take it.
const HIGH_DEFINITION: usize = 720;

/// KR and KB of BT.601, which is also JFIF's matrix.
pub const BT601: (f64, f64) = (0.299, 0.114);
const BT709: (f64, f64) = (0.2126, 0.0722);

impl Colour {
    /// KR and KB of the matrix that a picture of this size was made with (H.273 table 4).
    #[must_use]
    pub fn weights(&self, (_, height): (usize, usize)) -> (f64, f64) {
        match self.matrix {
            1 => BT709,
            4 => (0.30, 0.11),
            5 | 6 => BT601,
            7 => (0.212, 0.087),
            9 | 10 => (0.2627, 0.0593),
            _ if height >= HIGH_DEFINITION => BT709,
            _ => BT601,
        }
    }

    /// The least luma, and the span of luma and of chroma, in steps of 8 bits.
    #[must_use]
    pub fn span(&self) -> (f64, f64, f64) {
        if self.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) }
    }

    /// The 8-bit samples Y, Cb, Cr of `0xrrggbb` in a picture of this size.
    #[must_use]
    pub fn samples(&self, rgb: u32, size: (usize, usize)) -> [u8; 3] {
        let (kr, kb) = self.weights(size);
        let (least, luma, chroma) = self.span();
        let part = |shift: u32| f64::from(rgb >> shift & 255) / 255.0;
        let (r, g, b) = (part(16), part(8), part(0));
        let y = kr * r + (1.0 - kr - kb) * g + kb * b;
        let (cb, cr) = ((b - y) / (2.0 - 2.0 * kb), (r - y) / (2.0 - 2.0 * kr));
        [least + luma * y, 128.0 + chroma * cb, 128.0 + chroma * cr].map(|value| value.round().clamp(0.0, 255.0) as u8)
    }
}

/// How samples of one matrix and range become those of another. Grey stays grey, so that luma takes from chroma, and chroma
/// never from luma.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    from: Colour,
    to: Colour,
    /// What luma takes from Cb and Cr; what Cb and Cr become: all in fractions of the span.
    luma: [f64; 2],
    cb: [f64; 2],
    cr: [f64; 2],
}

impl Conversion {
    /// From the meaning of `from` to that of `to`, in a picture of this size.
    #[must_use]
    pub fn new(from: Colour, to: Colour, size: (usize, usize)) -> Self {
        let ((fr, fb), (tr, tb)) = (from.weights(size), to.weights(size));
        let convert = |pb: f64, pr: f64| {
            // With Y = 0: red and blue follow from their own difference, green from what is left (H.273 equations 38 to 43).
            let (r, b) = (2.0 * (1.0 - fr) * pr, 2.0 * (1.0 - fb) * pb);
            let g = -(fr * r + fb * b) / (1.0 - fr - fb);
            let y = tr * r + (1.0 - tr - tb) * g + tb * b;
            (y, (b - y) / (2.0 - 2.0 * tb), (r - y) / (2.0 - 2.0 * tr))
        };
        let (by_cb, by_cr) = (convert(1.0, 0.0), convert(0.0, 1.0));
        Self { from, to, luma: [by_cb.0, by_cr.0], cb: [by_cb.1, by_cr.1], cr: [by_cb.2, by_cr.2] }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        let near = |pair: [f64; 2], to: [f64; 2]| pair.iter().zip(to).all(|(a, b)| (a - b).abs() < 1e-6);
        self.from.full_range == self.to.full_range
            && near(self.luma, [0.0, 0.0])
            && near(self.cb, [1.0, 0.0])
            && near(self.cr, [0.0, 1.0])
    }

    /// Converts 8-bit I420 planes of `width` x `height` pixels in place: data and bytes from row to row of each.
    pub fn run(&self, planes: &mut [(Vec<u8>, usize)], width: usize, height: usize) {
        const ONE: f64 = 65536.0;
        let [(luma, luma_stride), (cb, stride), (cr, _)] = planes else { return };
        let ((from_least, from_luma, from_chroma), (to_least, to_luma, to_chroma)) = (self.from.span(), self.to.span());
        let fixed = |value: f64| (value * ONE).round() as i32;
        let gain = fixed(to_luma / from_luma);
        let offset = fixed(to_least) + fixed(0.5) - from_least as i32 * gain;
        let of_luma = self.luma.map(|part| fixed(part * to_luma / from_chroma));
        let chroma = |pair: [f64; 2]| pair.map(|part| fixed(part * to_chroma / from_chroma));
        let (of_cb, of_cr) = (chroma(self.cb), chroma(self.cr));
        let byte = |value: i32| (value >> 16).clamp(0, 255) as u8;
        for row in 0..height.div_ceil(2) {
            for column in 0..width.div_ceil(2) {
                let at = row * *stride + column;
                let (b, r) = (i32::from(cb[at]) - 128, i32::from(cr[at]) - 128);
                let added = of_luma[0] * b + of_luma[1] * r + offset;
                for y in 2 * row..(2 * row + 2).min(height) {
                    for x in 2 * column..(2 * column + 2).min(width) {
                        let sample = &mut luma[y * *luma_stride + x];
                        *sample = byte(i32::from(*sample) * gain + added);
                    }
                }
                let middle = fixed(128.5);
                (cb[at], cr[at]) =
                    (byte(of_cb[0] * b + of_cb[1] * r + middle), byte(of_cr[0] * b + of_cr[1] * r + middle));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (1920, 1080);

    fn colour(matrix: u8, full_range: bool) -> Colour {
        Colour { full_range, matrix, ..Colour::default() }
    }

    #[test]
    fn samples_of_known_colours() {
        // BT.709 and BT.601 colour bars at 100 %, as test generators give them.
        assert_eq!(colour(1, false).samples(0xff_ffff, SIZE), [235, 128, 128]);
        assert_eq!(colour(1, false).samples(0xff_0000, SIZE), [63, 102, 240]);
        assert_eq!(colour(6, false).samples(0x00_ff00, SIZE), [145, 54, 34]);
        assert_eq!(colour(6, true).samples(0x00_00ff, SIZE), [29, 255, 107]);
        assert_eq!(colour(2, false).samples(0xff_0000, SIZE), colour(1, false).samples(0xff_0000, SIZE));
        assert_eq!(colour(2, false).samples(0xff_0000, (704, 576)), colour(6, false).samples(0xff_0000, SIZE));
    }

    #[test]
    fn a_colour_stays_itself_over_every_conversion() {
        for (matrix, full) in [(1, false), (1, true), (6, false), (9, false), (7, true)] {
            let (from, to) = (colour(matrix, full), colour(6, true));
            let conversion = Conversion::new(from, to, SIZE);
            assert!(!conversion.is_identity(), "{matrix}");
            for rgb in [0, 0xff_ffff, 0x80_8080, 0xf0_e442, 0x56_b4e9, 0xcc_3020, 0x10_8040] {
                let [y, cb, cr] = from.samples(rgb, SIZE);
                let mut planes = [(vec![y; 9], 3), (vec![cb; 4], 2), (vec![cr; 4], 2)];
                conversion.run(&mut planes, 3, 3);
                let got = [planes[0].0[8], planes[1].0[3], planes[2].0[0]];
                let wanted = to.samples(rgb, SIZE);
                assert!(got.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 2), "{rgb:06x}: {got:?}, not {wanted:?}");
            }
        }
        assert!(Conversion::new(colour(5, true), colour(6, true), SIZE).is_identity());
    }
}
