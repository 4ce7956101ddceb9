//! Privacy masks on the picture that an encoder is about to read, wherever it lies.

use crate::device::{Card, Error, Tools};
use crate::draw::{self, Canvas, DevicePainter};
use crate::pipeline::frame::{Colour, Input};
use crate::process::ProcessError;
use sightline_shared::scene::Mask;
use std::sync::Arc;

/// What hides on pictures of one device.
struct OnDevice {
    tools: Tools,
    painter: DevicePainter,
}

/// Hides masks; keeps what it needs of a device between pictures.
#[derive(Default)]
pub(super) struct Hider {
    device: Option<OnDevice>,
}

impl Hider {
    /// Hides `masks` on a picture that is shown turned clockwise by `rotation`.
    ///
    /// # Errors
    /// It cannot be done: the picture is then not to be shown.
    pub(super) fn hide(
        &mut self,
        input: &mut Input<'_>,
        (rotation, colour): (u16, Colour),
        masks: &[Mask],
        card: Option<Arc<Card>>,
    ) -> Result<(), ProcessError> {
        match input {
            Input::Host(picture) => {
                // It may be lost, and can be had again once nothing of it is held.
                self.device = None;
                let canvas = Canvas::new(picture, rotation, colour);
                draw::hide(&mut canvas.map_err(|e| ProcessError::Refused(e.to_string()))?, masks);
                Ok(())
            }
            Input::Device(picture) => {
                let gone = || Error::Invalid("the device of a picture that is to be masked is gone".into());
                let OnDevice { tools, painter } = self.on(card.ok_or_else(gone)?)?;
                let none = || Error::Invalid("masks need the device's kernels, and it has none".into());
                painter.hide(tools.kernels().ok_or_else(none)?, picture, (rotation, colour), masks)?;
                Ok(())
            }
        }
    }

    fn on(&mut self, card: Arc<Card>) -> Result<&mut OnDevice, Error> {
        if let Some(device) = self.device.take_if(|device| Arc::ptr_eq(device.tools.card(), &card)) {
            return Ok(self.device.insert(device));
        }
        let (tools, painter) = (Tools::new(&card)?, DevicePainter::new(&card.context()?)?);
        Ok(self.device.insert(OnDevice { tools, painter }))
    }
}
