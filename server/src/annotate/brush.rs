//! Draws where the encoder's picture lies: in host memory, or on its device.

use crate::device::{Seat, sentence};
use crate::draw::{Canvas, DevicePainter, DrawError, Painter};
use crate::pipeline::frame::{Colour, Input};
use sightline_nv::Kernels;
use sightline_shared::draw::Item;

/// Painters for both places.
#[derive(Default)]
pub(super) struct Brush {
    painter: Painter,
    device: Option<(Kernels, DevicePainter)>,
}

/// Why nothing was drawn.
#[derive(Debug, thiserror::Error)]
pub(super) enum BrushError {
    /// In host memory.
    #[error(transparent)]
    Host(#[from] DrawError),
    /// On the device.
    #[error(transparent)]
    Device(#[from] crate::device::Error),
    /// The encoder's picture lies on a device that was not asked whether it can draw.
    #[error("nothing draws on this device")]
    NoKernels,
}

impl Brush {
    /// Has kernels ready; why there are none, where there is a device.
    pub(super) fn why_not_on_device(&mut self, seat: &Seat) -> Option<String> {
        let card = seat.card().ok()?;
        let made = card.kernels().and_then(|kernels| Ok((kernels, DevicePainter::new(&card.context()?)?)));
        match made {
            Ok(made) => {
                self.device = Some(made);
                None
            }
            Err(error) => Some(sentence(&error)),
        }
    }

    /// Draws `items` on an upright picture whose samples mean `colour`.
    pub(super) fn draw(&mut self, picture: &mut Input<'_>, colour: Colour, items: &[Item]) -> Result<(), BrushError> {
        if items.is_empty() {
            return Ok(());
        }
        match picture {
            Input::Host(picture) => self.painter.draw(&mut Canvas::new(picture, 0, colour)?, items),
            Input::Device(picture) => {
                let (kernels, painter) = self.device.as_mut().ok_or(BrushError::NoKernels)?;
                painter.draw(kernels, picture, colour, items)?;
            }
        }
        Ok(())
    }
}
