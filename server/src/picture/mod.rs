//! Single pictures for people: a frame, upright and with square pixels, as JPEG; and the newest frame of a GOP.

mod gop;
mod jpeg;
pub mod turn;

pub use gop::{Limits, from_gop};

use crate::draw::{self, Canvas, Painter};
use crate::pipeline::frame::{Colour, Frame};
use sightline_shared::draw::Item;
use sightline_shared::scene::Mask;

/// The longest side of a picture: JPEG has room for 65535, but a sample aspect of 1:4000 is nobody's picture.
const MAX_SIDE: f64 = 16_384.0;
/// The narrowest picture that is made, whatever width is asked for.
const MIN_WIDTH: u32 = 16;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The samples cannot be read, or libavcodec refuses.
    #[error("the picture cannot be made: {0}")]
    Refused(String),
    /// Nothing that was offered could be decoded.
    #[error("none of the newest frames could be decoded: {0}")]
    NotDecoded(String),
}

/// An upright picture with square pixels, 8-bit I420, in the matrix and range of the frame that it was made of.
pub struct Still {
    width: usize,
    height: usize,
    planes: [turn::Plane; 3],
    colour: Colour,
}

impl Still {
    /// Turns `frame` upright, with square pixels, no wider than `max_width` and never enlarged beyond what its sample aspect asks for.
    ///
    /// # Errors
    /// [`PictureError`] where its samples cannot be read.
    pub fn of(frame: &Frame, max_width: Option<u32>) -> Result<Self, PictureError> {
        let (width, height) = shown(frame, max_width);
        let turned = !frame.rotation.is_multiple_of(180);
        let (across, down) = if turned { (height, width) } else { (width, height) };
        let planes = turn::turned(turn::resized(frame, across, down)?, across, down, frame.rotation);
        Ok(Self { width, height, planes, colour: frame.colour })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Hides masks: before anything is drawn on it.
    pub fn hide(&mut self, masks: &[Mask]) {
        if !masks.is_empty() {
            let mut picture = turn::picture_mut(&mut self.planes, self.width, self.height);
            draw::hide(&mut Canvas::new(&mut picture, 0, self.colour).expect("its own planes are whole"), masks);
        }
    }

    /// A part of it, from `left` and `top` on (of both the even number below), as far as it reaches.
    #[must_use]
    pub fn part(&self, (left, top): (usize, usize), (width, height): (usize, usize)) -> Self {
        let even = |at: usize, whole: usize| at.min(whole.saturating_sub(1)) & !1;
        let (left, top) = (even(left, self.width), even(top, self.height));
        let (width, height) = (width.clamp(1, self.width - left), height.clamp(1, self.height - top));
        let mut planes = turn::empty(width, height);
        for (index, ((to, columns), (from, stride))) in planes.iter_mut().zip(&self.planes).enumerate() {
            let (left, top) = if index == 0 { (left, top) } else { (left / 2, top / 2) };
            let rows = to.chunks_mut(*columns).zip(from.chunks(*stride).skip(top));
            rows.for_each(|(to, from)| to.copy_from_slice(&from[left..left + to.len()]));
        }
        Self { width, height, planes, colour: self.colour }
    }

    /// Draws a list on it, made for [`Self::size`].
    pub fn draw(&mut self, painter: &mut Painter, items: &[Item]) {
        let mut picture = turn::picture_mut(&mut self.planes, self.width, self.height);
        let mut canvas = Canvas::new(&mut picture, 0, self.colour).expect("its own planes are whole");
        painter.draw(&mut canvas, items);
    }

    /// As JPEG of `quality` 1 (smallest) to 100 (best), in JFIF's full-range BT.601.
    ///
    /// # Errors
    /// [`PictureError::Refused`] where libavcodec has no JPEG encoder, or no memory.
    pub fn jpeg(self, quality: u8) -> Result<Vec<u8>, PictureError> {
        jpeg::encode(self, quality)
    }
}

/// `frame` as JPEG of `quality` 1 to 100: upright, with square pixels, no wider than `max_width`.
///
/// # Errors
/// [`PictureError`] where its samples cannot be read, or libavcodec refuses.
pub fn jpeg(frame: &Frame, max_width: Option<u32>, quality: u8) -> Result<Vec<u8>, PictureError> {
    Still::of(frame, max_width)?.jpeg(quality)
}

/// Width and height of the picture as shown. A sample aspect stretches one side and shrinks none, so that no detail is lost.
fn shown(frame: &Frame, max_width: Option<u32>) -> (usize, usize) {
    let (across, down) = (f64::from(frame.sample_aspect.0.max(1)), f64::from(frame.sample_aspect.1.max(1)));
    let (width, height) =
        (frame.width as f64 * (across / down).max(1.0), frame.height as f64 * (down / across).max(1.0));
    let (width, height) = if frame.rotation.is_multiple_of(180) { (width, height) } else { (height, width) };
    let most = max_width.map_or(MAX_SIDE, |most| f64::from(most.max(MIN_WIDTH)));
    let scale = (most / width).min(MAX_SIDE / width).min(MAX_SIDE / height).min(1.0);
    let side = |pixels: f64| ((pixels * scale).round() as usize).max(1);
    (side(width), side(height))
}

#[cfg(test)]
pub(crate) mod tests;
