//! The contract of drawing: a picture's planes in host memory and a draw list in, the same planes with boxes and labels on them out.
//!
//! The list is in pixels of the picture as shown (after rotation); planes are as coded. Edges are those of [`outline`] and [`label_plate`], to the
//! pixel, as in the browser; letters are set without kerning, so that a label is up to 2 % wider than
//! there, and one in capitals up to 6 %.

mod device;
mod fill;
mod hide;
mod letters;
mod outline;
mod parts;
mod planes;
mod simd;
mod stencil;

use crate::pipeline::frame::{Colour, PixelFormat};
pub use device::DevicePainter;

pub use hide::hide;
use letters::Letters;
use parts::{Ink, Patch};
pub use planes::Canvas;
use sightline_shared::draw::{Fill, Item, label_plate, label_size, outline, plate_fill};

/// Pixels of the dark rim of a line at scale 1.
const RIM: i32 = 1;

/// Why nothing was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// Only I420 and NV12 are drawn on.
    #[error("a picture of layout {0:?} cannot be drawn on")]
    Layout(PixelFormat),
    /// The planes are shorter than the size promises.
    #[error("a picture of {width}x{height} cannot be drawn on: its planes are too short")]
    ShortPlanes {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
}

/// Draws lists on pictures. It keeps letters that it has set once, and a few buffers: have one for each thread that draws.
pub struct Painter {
    letters: Letters,
    fills: Vec<Fill>,
    patches: Vec<Patch>,
    inks: Vec<(u32, [u8; 3])>,
}

impl Default for Painter {
    fn default() -> Self {
        Self::new()
    }
}

impl Painter {
    /// A painter with the dashboard's font.
    #[must_use]
    pub fn new() -> Self {
        Self { letters: Letters::new(), fills: Vec::new(), patches: Vec::new(), inks: Vec::new() }
    }

    /// Draws `items` in their order: each with its box, then its label.
    pub fn draw(&mut self, canvas: &mut Canvas<'_>, items: &[Item]) {
        let shown = canvas.shown();
        let size = label_size(shown.1);
        self.inks.clear();
        for item in items {
            self.fills.clear();
            outline(item, RIM, shown, &mut self.fills);
            self.fill(canvas);
            if let Some(text) = &item.text {
                self.label(canvas, item, text, size);
            }
        }
    }

    /// Fills what is listed.
    fn fill(&mut self, canvas: &mut Canvas<'_>) {
        self.patches.clear();
        for fill in &self.fills {
            let samples = ink(&mut self.inks, canvas.colour(), fill.colour, canvas.size());
            self.patches.push(Patch { area: canvas.area(fill), ink: Ink { samples, alpha: fill.alpha } });
        }
        fill::patches(canvas, &self.patches);
    }

    fn label(&mut self, canvas: &mut Canvas<'_>, item: &Item, text: &str, size: f32) {
        let shown = canvas.shown();
        let run = self.letters.set(text, size, canvas.rotation());
        let plate = label_plate(item, run.advance, size, shown);
        self.fills.clear();
        self.fills.extend(plate_fill(&plate, shown));
        self.fill(canvas);
        let samples = ink(&mut self.inks, canvas.colour(), item.colour, canvas.size());
        run.stencil.blend(canvas, (plate.text_x as i32 + run.left, plate.baseline as i32 + run.top), samples);
    }
}

/// The samples of a colour; computed once for a list.
fn ink(known: &mut Vec<(u32, [u8; 3])>, colour: Colour, rgb: u32, size: (usize, usize)) -> [u8; 3] {
    if let Some((_, samples)) = known.iter().find(|(known, _)| *known == rgb) {
        return *samples;
    }
    let samples = colour.samples(rgb, size);
    known.push((rgb, samples));
    samples
}

#[cfg(test)]
mod tests;
