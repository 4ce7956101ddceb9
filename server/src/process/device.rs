//! Resizing on the device by its kernels, and pictures that come from it or go to it.

use super::ProcessError;
use super::software::Software;
use crate::device::{Bus, Error, Fetcher, Sight, bytes_of};
use crate::pipeline::frame::{Frame, PictureMut, PixelFormat, PlaneMut, Samples};
use sightline_nv::reference::Host;
use sightline_nv::{Format, Picture, Stream};
use std::time::Duration;

/// What one worker needs for it.
#[derive(Default)]
pub(super) struct OnDevice {
    fetcher: Fetcher,
    sender: Option<Sender>,
}

/// Brings pictures to a device.
struct Sender {
    stream: Stream,
    host: Host,
}

impl OnDevice {
    /// The frame in host memory, of that size if there are kernels, for who goes on with it there; `None` where it lies there already.
    pub(super) fn fetch(&mut self, frame: &Frame, size: (usize, usize)) -> Result<Option<Frame>, Error> {
        // Nothing is sent to the device any more, which may be lost, and can be had again once nothing of it is held.
        self.sender = None;
        self.fetcher.fetch(frame, Sight::Within(size.0, size.1))
    }

    pub(super) fn device_times(&mut self) -> Vec<Duration> {
        self.fetcher.device_times()
    }

    pub(super) fn fill(
        &mut self,
        software: &mut Software,
        frame: &Frame,
        to: &Picture,
        bus: &Bus,
    ) -> Result<(), ProcessError> {
        if let Samples::Device(lying) = &frame.samples
            && lying.home().card.ordinal() == to.context().ordinal()
        {
            let home = lying.home();
            let resized = self.fetcher.tools(home).and_then(|tools| tools.resize(lying.picture(), to));
            if resized.inspect_err(|error| home.card.note(error))? {
                return Ok(());
            }
        }
        let (width, height) = to.size();
        let fetched = self.fetcher.fetch(frame, Sight::Within(width as usize, height as usize))?;
        self.send(software, fetched.as_ref().unwrap_or(frame), to)?;
        bus.frame_to_device(self.sender.as_ref().map_or(0, |sender| bytes_of(&sender.host)));
        Ok(())
    }

    /// Resizes a frame in host memory and copies it to the device.
    fn send(&mut self, software: &mut Software, frame: &Frame, to: &Picture) -> Result<(), ProcessError> {
        let (width, height) = (to.size().0 as usize, to.size().1 as usize);
        if to.format() != Format::Nv12 {
            return Err(ProcessError::Layout(PixelFormat::P010));
        }
        let fits = |sender: &Sender| {
            sender.stream.context().ordinal() == to.context().ordinal()
                && (sender.host.width(), sender.host.height()) == (width, height)
        };
        let sender = match self.sender.take().filter(fits) {
            Some(sender) => sender,
            None => Sender { stream: Stream::new(to.context())?, host: Host::new(Format::Nv12, width, height, 0) },
        };
        let Sender { stream, host } = self.sender.insert(sender);
        let [(luma, stride), (chroma, chroma_stride)] = host.planes_mut();
        let plane = |data, stride, width, height| PlaneMut { data, stride, width, height };
        let planes = [
            plane(luma, stride, width, height),
            plane(chroma, chroma_stride, width.div_ceil(2), height.div_ceil(2)),
            plane(&mut [], 0, 0, 0),
        ];
        software.run(frame, &mut PictureMut { format: PixelFormat::Nv12, width, height, planes })?;
        Ok(to.upload(stream, host)?)
    }
}
