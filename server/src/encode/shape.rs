//! The shape of what is encoded: size, proportions and colour, from those of the picture.

use super::check::{Refusal, refuse};
use crate::pipeline::frame::Colour;
use sightline_shared::encoder::EncoderSettings;

/// What the encoder will be fed with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureFacts {
    /// Width in pixels as coded, before rotation.
    pub width: u32,
    /// Height in pixels as coded.
    pub height: u32,
    /// Clockwise rotation that it is shown with.
    pub rotation: u16,
    /// Sample aspect ratio as coded.
    pub sample_aspect: (u32, u32),
    /// Frames a second that come.
    pub fps: f64,
    /// What samples mean.
    pub colour: Colour,
}

/// Width and height as coded, even, and the sample aspect ratio that keeps the picture's proportions.
pub(super) fn size(asked: &EncoderSettings, facts: &PictureFacts) -> Result<(u32, u32, (u32, u32)), Refusal> {
    let sideways = facts.rotation % 180 == 90;
    // What is asked for is meant as shown.
    let (width, height) = if sideways { (asked.height, asked.width) } else { (asked.width, asked.height) };
    let follow = |side: u32, of: u32, other: u32| f64::from(side) * f64::from(other) / f64::from(of.max(1));
    let (exact_width, exact_height) = match (width, height) {
        (None, None) => fitted(facts),
        (Some(width), None) => (f64::from(width), follow(width, facts.width, facts.height)),
        (None, Some(height)) => (follow(height, facts.height, facts.width), f64::from(height)),
        (Some(width), Some(height)) => (f64::from(width), f64::from(height)),
    };
    let even = |side: f64| ((side / 2.0).round() as u32).max(8) * 2;
    let (width, height) = (even(exact_width), even(exact_height));
    let most = 7680;
    if width > most || height > most {
        let field = if asked.width.is_some() { "width" } else { "height" };
        return refuse(field, format!("The picture would be {width}x{height}: neither side may be more than {most}."));
    }
    let stretched = asked.width.is_some() && asked.height.is_some();
    let aspect = if stretched { squeezed(facts, (width, height)) } else { facts.sample_aspect };
    Ok((width, height, aspect))
}

/// The size up to which an encoder of a device is opened so that it can go over to it while it runs: the picture's own. A device keeps some
/// six pictures of that size for each session, 19 MB of 1080p in 8 bit and 75 MB of 2160p: beyond 1080p it is not worth its memory.
pub(super) fn most(facts: &PictureFacts, own: (u32, u32)) -> (u32, u32) {
    let (width, height) = (facts.width.next_multiple_of(2), facts.height.next_multiple_of(2));
    let fits = u64::from(width) * u64::from(height) <= 1920 * 1088 && own.0 <= width && own.1 <= height;
    if fits { (width, height) } else { own }
}

/// The picture's own size, or the largest that can be encoded.
fn fitted(facts: &PictureFacts) -> (f64, f64) {
    let (width, height) = (f64::from(facts.width), f64::from(facts.height));
    let by = (7680.0 / width.max(height)).min(1.0);
    (width * by, height * by)
}

/// The sample aspect ratio with which a picture of another shape still shows things in their proportions.
fn squeezed(facts: &PictureFacts, (width, height): (u32, u32)) -> (u32, u32) {
    let (across, down) = (u64::from(facts.sample_aspect.0), u64::from(facts.sample_aspect.1));
    let a = across * u64::from(facts.width) * u64::from(height);
    let b = down * u64::from(facts.height) * u64::from(width);
    // Sizes are made even, which is no change of shape.
    if a == 0 || b == 0 || a.abs_diff(b) * 200 < a {
        return if a == 0 || b == 0 { (1, 1) } else { facts.sample_aspect };
    }
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    let (mut a, mut b) = (a / x, b / x);
    // VUI has 16 bits for each (ITU-T H.264 section E.2.1).
    while a > 0xffff || b > 0xffff {
        (a, b) = ((a / 2).max(1), (b / 2).max(1));
    }
    (a as u32, b as u32)
}

/// What players guess of a stream that does not say: BT.601 below 720 lines, BT.709 above. A picture that comes to stand on the
/// other side of that line has it written out.
pub(super) fn told_colour(facts: &PictureFacts, (_, height): (u32, u32)) -> Colour {
    let mut colour = facts.colour;
    let hd = |height: u32| height >= 720;
    if unsaid(colour.matrix) && hd(facts.height) != hd(height) {
        colour.matrix = if hd(facts.height) { 1 } else { 6 };
    }
    colour
}

/// H.273: 2 is unspecified; 0 of a stream without VUI is libavcodec's reserved value.
pub(super) fn unsaid(code: u8) -> bool {
    matches!(code, 0 | 2)
}
