//! Frames that lie on a device, and how their samples come to the host: counted, and as small as whoever reads them can do with.

use super::{Bus, Card, Error, Tools};
use crate::pipeline::frame::{Frame, HostPicture, PixelFormat, Samples};
use sightline_nv::reference::Host;
use sightline_nv::{Crop, Format, Picture};
use std::sync::Arc;
use std::time::Duration;

/// Most pixels of a picture for a detector that goes by coarse cells: twice as many as it has cells.
const LOOK_PIXELS: usize = 153_600;

/// Whose picture it is, and who counts what comes over the bus.
#[derive(Clone)]
pub struct Home {
    /// The device.
    pub card: Arc<Card>,
    /// The counters of its camera.
    pub bus: Arc<Bus>,
}

/// The samples of a frame on a device. It goes back to its decoder when the last holder lets go of it and all work on it is done.
pub struct DevicePicture {
    picture: Picture,
    home: Home,
    /// Lives as long as the picture is held: a decoder counts what it has handed out by it.
    _held: Arc<()>,
}

impl DevicePicture {
    /// A picture at home.
    #[must_use]
    pub fn new(picture: Picture, home: Home, held: Arc<()>) -> Self {
        Self { picture, home, _held: held }
    }

    /// The picture.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Whose it is.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }
}

/// How much of a frame somebody has to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Every sample.
    Whole,
    /// The picture in a size that coarse cells are made of.
    Coarse,
    /// The picture in this size; or in its own, for who resizes it anyway.
    Within(usize, usize),
    /// A part of it, by its upper left sample and its size, in the size `within`. It needs the device's kernels.
    Part {
        /// Its first sample, across and down.
        from: (usize, usize),
        /// Its samples, across and down.
        size: (usize, usize),
        /// The size that it is brought to.
        within: (usize, usize),
    },
}

/// Brings frames to the host, for one worker.
#[derive(Default)]
pub struct Fetcher {
    tools: Option<Tools>,
}

struct Fetched(Host);

impl HostPicture for Fetched {
    fn plane(&self, index: usize) -> (&[u8], usize) {
        self.0.planes()[index.min(1)]
    }
}

/// Bytes of a picture without gaps.
#[must_use]
pub fn bytes_of(host: &Host) -> usize {
    let (width, height) = (host.width(), host.height());
    (width * height + 2 * width.div_ceil(2) * height.div_ceil(2)) * host.format().bytes()
}

impl Fetcher {
    /// Tools for the device that the picture lies on.
    ///
    /// # Errors
    /// The driver fails.
    pub fn tools(&mut self, home: &Home) -> Result<&mut Tools, Error> {
        let tools = match self.tools.take().filter(|tools| Arc::ptr_eq(tools.card(), &home.card)) {
            Some(tools) => tools,
            None => Tools::new(&home.card)?,
        };
        Ok(self.tools.insert(tools))
    }

    /// Whether what it has is of a device that was lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.tools.as_ref().is_some_and(|tools| tools.card().lost().is_some())
    }

    /// How long the device worked on each picture, of those that were not told yet.
    pub fn device_times(&mut self) -> Vec<Duration> {
        self.tools.as_mut().map(Tools::device_times).unwrap_or_default()
    }

    /// `frame` with samples in host memory; `None` where they lie there already.
    ///
    /// # Errors
    /// The driver fails; the device may be lost.
    pub fn fetch(&mut self, frame: &Frame, sight: Sight) -> Result<Option<Frame>, Error> {
        let Samples::Device(lying) = &frame.samples else {
            // A device that was lost can be had again once nothing of it is held.
            if self.is_lost() {
                self.tools = None;
            }
            return Ok(None);
        };
        let home = lying.home();
        let whole = Crop::whole(lying.picture().size());
        let (part, size) = match sight {
            Sight::Whole => (whole, None),
            Sight::Coarse => (whole, Some(coarse(frame.width, frame.height))),
            Sight::Within(width, height) => (whole, Some((width, height))),
            Sight::Part { from, size, within } => (part(from, size), Some(within)),
        };
        let size = size.map(|(width, height)| (width as u32, height as u32));
        let fetched = self.tools(home).and_then(|tools| tools.fetch(lying.picture(), part, size));
        let host = fetched.inspect_err(|error| home.card.note(error))?;
        match sight {
            Sight::Coarse | Sight::Part { .. } => home.bus.look_to_host(bytes_of(&host)),
            Sight::Whole | Sight::Within(..) => home.bus.frame_to_host(bytes_of(&host)),
        }
        let format = if host.format() == Format::P016 { PixelFormat::P010 } else { PixelFormat::Nv12 };
        let (width, height) = (host.width(), host.height());
        Ok(Some(frame.with_samples(Samples::Host(Box::new(Fetched(host))), format, (width, height))))
    }
}

fn part((x, y): (usize, usize), (width, height): (usize, usize)) -> Crop {
    Crop { x: x as f32, y: y as f32, width: width as f32, height: height as f32 }
}

/// The size in which a picture is looked at by coarse cells: divided by a power of two, so that cells stay what they are.
fn coarse(width: usize, height: usize) -> (usize, usize) {
    let mut by = 1;
    while (width / by) * (height / by) > LOOK_PIXELS {
        by *= 2;
    }
    ((width / by).max(1), (height / by).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_costs_a_sixteenth_of_a_large_picture() {
        assert_eq!(coarse(1920, 1080), (480, 270));
        assert_eq!(coarse(1280, 720), (320, 180));
        assert_eq!(coarse(640, 360), (320, 180));
        assert_eq!(coarse(320, 240), (320, 240));
    }
}
