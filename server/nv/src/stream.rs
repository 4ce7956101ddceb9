//! Streams, on which work is done in order, and events, which say how far a stream is.

use crate::raw::cuda::{self as raw};
use crate::{Context, Error};
use std::sync::Arc;
use std::time::Duration;

/// A queue of work of its own: what is put into one runs in order, and beside what others do.
pub struct Stream {
    context: Context,
    handle: raw::Stream,
}

// SAFETY: the driver takes calls for a stream from any thread.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

impl Stream {
    /// A new stream, which does not wait for the default one.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn new(context: &Context) -> Result<Self, Error> {
        let _current = context.enter()?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: the context is current and a handle is written.
        unsafe { context.cuda().cuStreamCreate(&raw mut handle, raw::STREAM_NON_BLOCKING) }?;
        Ok(Self { context: context.clone(), handle })
    }

    /// The context that it belongs to.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) fn handle(&self) -> raw::Stream {
        self.handle
    }

    /// Where the driver may read which stream it is, as long as this lives.
    pub(crate) fn handle_at(&self) -> *mut std::ffi::c_void {
        (&raw const self.handle).cast_mut().cast()
    }

    /// Waits until all that was put into it is done.
    ///
    /// # Errors
    /// When the driver fails, or something in the stream did.
    pub fn synchronize(&self) -> Result<(), Error> {
        let _current = self.context.enter()?;
        // SAFETY: the stream is alive and its context current.
        unsafe { self.context.cuda().cuStreamSynchronize(self.handle) }
    }

    /// The reason behind `error`: a device that is lost says so on its stream, other libraries only that they failed.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if error.is_device_lost() {
            return error;
        }
        let asked = self.context.enter().and_then(|_current| {
            // SAFETY: the stream is alive and its context current.
            unsafe { self.context.cuda().cuStreamQuery(self.handle) }
        });
        asked.err().filter(Error::is_device_lost).unwrap_or(error)
    }

    /// An event at the place that the stream has reached.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn record(&self) -> Result<Event, Error> {
        self.record_with(raw::EVENT_DISABLE_TIMING | raw::EVENT_BLOCKING_SYNC)
    }

    /// An event that can be asked how long before another it was.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn record_timed(&self) -> Result<Event, Error> {
        self.record_with(raw::EVENT_BLOCKING_SYNC)
    }

    fn record_with(&self, flags: u32) -> Result<Event, Error> {
        let _current = self.context.enter()?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: the context is current and a handle is written.
        unsafe { self.context.cuda().cuEventCreate(&raw mut handle, flags) }?;
        let event = Event { inner: Arc::new(Inner { context: self.context.clone(), handle }) };
        // SAFETY: event and stream are of the current context.
        unsafe { self.context.cuda().cuEventRecord(handle, self.handle) }?;
        Ok(event)
    }

    /// What comes into the stream from here on waits for `event`; the thread does not.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn wait_for(&self, event: &Event) -> Result<(), Error> {
        let _current = self.context.enter()?;
        // SAFETY: the stream is alive and its context current; the event is, too, and may be destroyed while it is waited for.
        unsafe { self.context.cuda().cuStreamWaitEvent(self.handle, event.inner.handle, 0) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Ok(_current) = self.context.enter() {
            // SAFETY: made once; what is still in it runs to its end all the same.
            let _ = unsafe { self.context.cuda().cuStreamDestroy_v2(self.handle) };
        }
    }
}

/// A place in a stream.
#[derive(Clone)]
pub struct Event {
    inner: Arc<Inner>,
}

struct Inner {
    context: Context,
    handle: raw::Event,
}

// SAFETY: the driver takes calls for an event from any thread.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Event {
    /// Whether the stream has come past it.
    ///
    /// # Errors
    /// When something in the stream failed.
    pub fn is_done(&self) -> Result<bool, Error> {
        let _current = self.inner.context.enter()?;
        // SAFETY: the event is alive and its context current.
        match unsafe { self.inner.context.cuda().cuEventQuery(self.inner.handle) } {
            Err(Error::Call { code: raw::NOT_READY, .. }) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Waits until the stream has come past it.
    ///
    /// # Errors
    /// When something in the stream failed.
    pub fn synchronize(&self) -> Result<(), Error> {
        let _current = self.inner.context.enter()?;
        // SAFETY: the event is alive and its context current.
        unsafe { self.inner.context.cuda().cuEventSynchronize(self.inner.handle) }
    }

    /// Time on the device from `earlier` to this; both made by [`Stream::record_timed`], and both done.
    ///
    /// # Errors
    /// When they are not.
    pub fn since(&self, earlier: &Self) -> Result<Duration, Error> {
        let _current = self.inner.context.enter()?;
        let mut milliseconds = 0.0_f32;
        // SAFETY: both are alive, and a number is written.
        unsafe {
            let cuda = self.inner.context.cuda();
            cuda.cuEventElapsedTime(&raw mut milliseconds, earlier.inner.handle, self.inner.handle)
        }?;
        Ok(Duration::from_secs_f64(f64::from(milliseconds).max(0.0) / 1e3))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Ok(_current) = self.context.enter() {
            // SAFETY: made once. The driver keeps what is still waited for until it is done.
            let _ = unsafe { self.context.cuda().cuEventDestroy_v2(self.handle) };
        }
    }
}
