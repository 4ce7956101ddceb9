//! What one worker does on a device: kernels on a stream of its own, and a few pictures that they write.

use super::Card;
use sightline_nv::reference::Host;
use sightline_nv::{Context, Crop, Error, Format, Kernels, Picture, Pool, Stream, Timings};
use std::sync::Arc;
use std::time::Duration;

/// Pictures of one worker's own: one that is written while the one before is still read.
const OWN: usize = 2;
/// Pictures whose time on the device is waited for at most.
const TIMES: usize = 32;

/// Tools of one worker.
pub struct Tools {
    card: Arc<Card>,
    kernels: Option<Kernels>,
    stream: Arc<Stream>,
    times: Timings<()>,
    pool: Option<((u32, u32), Pool)>,
}

impl Tools {
    /// Tools for this device; without kernels where they cannot be loaded.
    ///
    /// # Errors
    /// The driver fails.
    pub fn new(card: &Arc<Card>) -> Result<Self, Error> {
        let kernels = card.report().kernels.is_ok().then(|| card.kernels()).transpose()?;
        let stream = match &kernels {
            Some(kernels) => kernels.stream().clone(),
            None => Arc::new(Stream::new(&card.context()?)?),
        };
        Ok(Self { card: card.clone(), kernels, stream, times: Timings::new(TIMES), pool: None })
    }

    /// The device.
    #[must_use]
    pub fn card(&self) -> &Arc<Card> {
        &self.card
    }

    /// Its context.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.stream.context()
    }

    /// The stream that all of it is done on.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The kernels, where there are any.
    pub fn kernels(&mut self) -> Option<&mut Kernels> {
        self.kernels.as_mut()
    }

    /// Brings a picture to the size and layout of `to`; nobody waits for it. False without kernels.
    ///
    /// # Errors
    /// The driver fails.
    pub fn resize(&mut self, from: &Picture, to: &Picture) -> Result<bool, Error> {
        self.resize_part(from, Crop::whole(from.size()), to)
    }

    fn resize_part(&mut self, from: &Picture, part: Crop, to: &Picture) -> Result<bool, Error> {
        if part == Crop::whole(to.size()) && from.size() == to.size() && from.format() == to.format() {
            let ((), timing) = self.stream.timed(|| to.copy_from(&self.stream, from))?;
            self.times.push((), timing);
            return Ok(true);
        }
        let Some(kernels) = &mut self.kernels else { return Ok(false) };
        kernels.resize(&[(from, part, to)])?;
        kernels.last().iter().for_each(|timing| self.times.push((), timing.clone()));
        Ok(true)
    }

    /// How long the device worked on each picture, of those that were not told yet.
    pub fn device_times(&mut self) -> Vec<Duration> {
        self.times.finished().into_iter().map(|((), took)| took).collect()
    }

    /// A part of the picture in host memory: as it is, or of another size and 8 bit where that is asked for. Without kernels all of the
    /// picture comes as it is. Waits for it.
    ///
    /// # Errors
    /// The driver fails.
    pub fn fetch(&mut self, from: &Picture, part: Crop, size: Option<(u32, u32)>) -> Result<Host, Error> {
        let is_as_it_is = |size: &(u32, u32)| *size == from.size() && part == Crop::whole(*size);
        match size.filter(|size| !is_as_it_is(size) && self.kernels.is_some()) {
            None => from.download(&self.stream),
            Some(size) => {
                let small = self.own(size)?;
                self.resize_part(from, part, &small)?;
                small.download(&self.stream)
            }
        }
    }

    /// A picture of this worker's own, NV12: in the memory of the largest one so far, since parts of pictures have any size.
    fn own(&mut self, size: (u32, u32)) -> Result<Picture, Error> {
        let known = self.pool.as_ref().map_or((0, 0), |(known, _)| *known);
        let pool = match &self.pool {
            Some((_, pool)) if size.0 <= known.0 && size.1 <= known.1 => pool.clone(),
            _ => {
                let size = (size.0.max(known.0), size.1.max(known.1));
                let pool = Pool::new(self.context(), Format::Nv12, size, OWN)?;
                self.pool.insert((size, pool)).1.clone()
            }
        };
        pool.lease_of(size)?.ok_or_else(|| Error::Invalid("a worker holds more pictures than it has".into()))
    }
}
