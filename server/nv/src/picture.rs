//! Pictures in the device's memory, and who may touch them when.

use crate::context::Counters;
use crate::raw::Zeroed;
use crate::raw::cuda::{MEMORY_DEVICE, MEMORY_HOST, Memcpy2D};
use crate::reference::Host;
use crate::{Context, Error, Event, Stream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Layout of samples. Both have a luma plane and below it one of Cb and Cr in turn, halved in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// 8 bit.
    Nv12,
    /// 16 bit, of which the upper ones are used.
    P016,
}

impl Format {
    /// Bytes of a sample.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Nv12 => 1,
            Self::P016 => 2,
        }
    }
}

/// Where a picture lies. Kernels read this very structure (`kernels/prelude.h`).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Address of the first luma sample.
    pub luma: u64,
    /// Address of the first chroma sample.
    pub chroma: u64,
    /// Bytes from one row to the next, of both planes.
    pub pitch: u32,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    pub(crate) unused: u32,
}
const _: () = assert!(size_of::<View>() == 32);

/// A picture in the device's memory that is held: cheap to clone, and given back when the last clone and the last work on it are done.
///
/// Kernels and encoders of this crate order themselves by it: who reads waits for what wrote it, and who gets the memory next waits for all who read.
#[derive(Clone)]
pub struct Picture {
    inner: Arc<Inner>,
}

struct Inner {
    context: Context,
    view: View,
    format: Format,
    usage: Mutex<Usage>,
    owner: Box<dyn Owner>,
}

#[derive(Default)]
struct Usage {
    written: Option<Event>,
    readers: Vec<Event>,
}

/// As long as it lives, the memory of a picture is not given back to the device, whoever has it.
pub(crate) type Keeper = Arc<dyn Send + Sync>;

/// Who gets the memory back.
pub(crate) trait Owner: Send + Sync {
    /// Takes it back; whoever uses it next has to wait for `pending`.
    fn take_back(&mut self, pending: Vec<Event>);

    /// What keeps the memory at its place: an encoder knows it for longer than a picture lives there.
    fn keeper(&self) -> Keeper;
}

impl Drop for Inner {
    fn drop(&mut self) {
        let usage = std::mem::take(self.usage.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.owner.take_back(usage.readers.into_iter().chain(usage.written).collect());
    }
}

/// Above so many readers, those that are done are forgotten.
const MANY: usize = 8;

impl Picture {
    pub(crate) fn new(
        context: &Context,
        view: View,
        format: Format,
        (written, readers): (Option<Event>, Vec<Event>),
        owner: Box<dyn Owner>,
    ) -> Self {
        let usage = Mutex::new(Usage { written, readers });
        Self { inner: Arc::new(Inner { context: context.clone(), view, format, usage, owner }) }
    }

    /// Where it lies. For own kernels; they use [`Self::reading`] or [`Self::writing`] to be in order.
    #[must_use]
    pub fn view(&self) -> View {
        self.inner.view
    }

    /// Layout of the samples.
    #[must_use]
    pub fn format(&self) -> Format {
        self.inner.format
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.inner.view.width.unsigned_abs(), self.inner.view.height.unsigned_abs())
    }

    /// The context whose memory it lies in.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.inner.context
    }

    pub(crate) fn keeper(&self) -> Keeper {
        self.inner.owner.keeper()
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.inner.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, stream: &Stream) -> Result<(), Error> {
        if self.inner.context.is(stream.context()) {
            return Ok(());
        }
        let (own, other) = (self.inner.context.ordinal(), stream.context().ordinal());
        Err(Error::Invalid(format!("a picture of device {own} was given to a stream of device {other}")))
    }

    /// Puts `work` that reads the picture into `stream`, in order with what wrote it.
    ///
    /// # Errors
    /// Those of the driver and of `work`.
    pub fn reading<T>(&self, stream: &Stream, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.of(stream)?;
        let written = self.usage().written.clone();
        written.iter().try_for_each(|event| stream.wait_for(event))?;
        let done = work();
        // Also after a failure: a part of the work may be in the stream.
        let event = stream.record()?;
        let mut usage = self.usage();
        if usage.readers.len() >= MANY {
            usage.readers.retain(|event| event.is_done() == Ok(false));
        }
        usage.readers.push(event);
        done
    }

    /// Puts `work` that writes the picture into `stream`, after all that wrote and read it.
    ///
    /// # Errors
    /// Those of the driver and of `work`.
    pub fn writing<T>(&self, stream: &Stream, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.of(stream)?;
        let before = std::mem::take(&mut *self.usage());
        before.written.iter().chain(&before.readers).try_for_each(|event| stream.wait_for(event))?;
        let done = work();
        let event = stream.record()?;
        // Who reads from here on waits for this, and this waited for all before.
        self.usage().written = Some(event);
        done
    }

    /// Has an encoder's own stream wait for what wrote the picture.
    pub(crate) fn written(&self) -> Option<Event> {
        self.usage().written.clone()
    }

    fn planes(&self) -> [(u64, usize, usize); 2] {
        let (width, height) = (self.inner.view.width as usize, self.inner.view.height as usize);
        let bytes = self.inner.format.bytes();
        let half = (2 * width.div_ceil(2) * bytes, height.div_ceil(2));
        [(self.inner.view.luma, width * bytes, height), (self.inner.view.chroma, half.0, half.1)]
    }

    /// Copies a picture of the same format and size from the host.
    ///
    /// # Errors
    /// When they are not the same, or the driver fails.
    pub fn upload(&self, stream: &Stream, host: &Host) -> Result<(), Error> {
        if host.format() != self.format()
            || (host.width(), host.height()) != (self.size().0 as usize, self.size().1 as usize)
        {
            return Err(Error::Invalid(
                "only a picture of the same layout and size can be copied to the device".into(),
            ));
        }
        self.writing(stream, || {
            for ((device, width, rows), (data, pitch)) in self.planes().into_iter().zip(host.planes()) {
                let mut copy = Memcpy2D::zeroed();
                (copy.src_memory_type, copy.dst_memory_type) = (MEMORY_HOST, MEMORY_DEVICE);
                (copy.src_host, copy.src_pitch) = (data.as_ptr().cast(), pitch);
                (copy.dst_device, copy.dst_pitch) = (device, self.inner.view.pitch as usize);
                (copy.width_in_bytes, copy.height) = (width, rows);
                self.copy(stream, &copy)?;
                Counters::add(&self.inner.context.counters().pictures_to_device, width * rows);
            }
            // The host's memory may go as soon as this returns.
            stream.synchronize()
        })
    }

    /// Copies the picture to the host, and waits for that.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn download(&self, stream: &Stream) -> Result<Host, Error> {
        let (width, height) = (self.size().0 as usize, self.size().1 as usize);
        let mut host = Host::new(self.format(), width, height, 0);
        self.reading(stream, || {
            for ((device, width, rows), (data, pitch)) in self.planes().into_iter().zip(host.planes_mut()) {
                let mut copy = Memcpy2D::zeroed();
                (copy.src_memory_type, copy.dst_memory_type) = (MEMORY_DEVICE, MEMORY_HOST);
                (copy.src_device, copy.src_pitch) = (device, self.inner.view.pitch as usize);
                (copy.dst_host, copy.dst_pitch) = (data.as_mut_ptr().cast(), pitch);
                (copy.width_in_bytes, copy.height) = (width, rows);
                self.copy(stream, &copy)?;
                Counters::add(&self.inner.context.counters().pictures_to_host, width * rows);
            }
            stream.synchronize()
        })?;
        Ok(host)
    }

    /// Copies another picture of the same format and size on the same device into this one, in order with what wrote it and what reads this one;
    /// nobody waits.
    ///
    /// # Errors
    /// When they are not the same, or the driver fails.
    pub fn copy_from(&self, stream: &Stream, from: &Self) -> Result<(), Error> {
        if from.format() != self.format() || from.size() != self.size() {
            return Err(Error::Invalid(
                "only a picture of the same layout and size can be copied on the device".into(),
            ));
        }
        from.reading(stream, || {
            self.writing(stream, || {
                let pitches = (from.inner.view.pitch as usize, self.inner.view.pitch as usize);
                for ((source, width, rows), (target, ..)) in from.planes().into_iter().zip(self.planes()) {
                    let mut copy = Memcpy2D::zeroed();
                    (copy.src_memory_type, copy.dst_memory_type) = (MEMORY_DEVICE, MEMORY_DEVICE);
                    (copy.src_device, copy.dst_device) = (source, target);
                    (copy.src_pitch, copy.dst_pitch) = pitches;
                    (copy.width_in_bytes, copy.height) = (width, rows);
                    self.copy(stream, &copy)?;
                }
                Ok(())
            })
        })
    }

    fn copy(&self, stream: &Stream, copy: &Memcpy2D) -> Result<(), Error> {
        let _current = self.inner.context.enter()?;
        // SAFETY: both sides are as large as the copy says, and the stream is waited for before the host's memory may go.
        unsafe { self.inner.context.cuda().cuMemcpy2DAsync_v2(copy, stream.handle()) }
    }
}
