//! Contexts: which are alive, which one is the primary, and which one a thread has current.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::device::Device;
use crate::machine::Machine;
use crate::status::Cu;
use crate::stream::{Stream, Ticket};

/// One context with its default stream.
pub struct Context {
    /// Its default stream, which all blocking streams of the context are in step with.
    pub default_stream: Arc<Stream>,
    /// The flags it was made with.
    pub flags: u32,
    /// The device that it is on.
    pub device: Arc<Device>,
    /// The device's life that it was made in.
    life: u32,
    broken: AtomicU32,
}

impl Context {
    /// A failure of its work: every later call in this context answers with it, as the driver's do. Another context goes on.
    pub fn break_down(&self, code: Cu) {
        let _ = self.broken.compare_exchange(0, code.0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Whether its work went well so far.
    ///
    /// # Errors
    /// The first failure, which stays, or the loss of its device.
    pub fn healthy(&self) -> Result<(), Cu> {
        self.device.alive()?;
        if self.device.life() != self.life {
            return Err(Cu::ECC_UNCORRECTABLE);
        }
        match self.broken.load(Ordering::SeqCst) {
            0 => Ok(()),
            code => Err(Cu(code)),
        }
    }
}

/// The primary context: one for each device, counted.
#[derive(Debug, Default)]
pub struct Primary {
    /// How often it is retained.
    pub retained: u64,
    /// Its handle while it is retained.
    pub handle: u64,
    /// The flags of the next one.
    pub flags: u32,
}

impl Machine {
    /// A new context's handle.
    ///
    /// # Errors
    /// The device is lost, or the context's stream cannot be started.
    pub fn create_context(&self, flags: u32, device: &Arc<Device>) -> Result<u64, Cu> {
        device.alive()?;
        // The default stream is made first; it is told apart by its context's handle, which the next line gives.
        let stream = Stream::start(0, true, self.delay())?;
        self.counters.contexts_live.add(1);
        self.counters.contexts_made.add(1);
        device.counters.contexts_live.add(1);
        let (device, life, broken) = (Arc::clone(device), device.life(), AtomicU32::new(0));
        Ok(self.contexts.insert(Arc::new(Context { default_stream: stream, flags, device, life, broken })))
    }

    /// Waits for a context's work and frees what it leaves behind.
    ///
    /// # Errors
    /// There is no such context.
    pub fn destroy_context(&self, handle: u64) -> Result<(), Cu> {
        let context = self.contexts.remove(handle)?;
        for stream in self.streams.remove_where(|stream| stream.context == handle) {
            stream.now().wait();
            stream.close();
            self.counters.streams_live.take(1);
        }
        context.default_stream.now().wait();
        context.default_stream.close();
        self.counters.left_behind.add(self.memory.free_context(handle));
        self.counters.contexts_live.take(1);
        context.device.counters.contexts_live.take(1);
        Ok(())
    }

    /// Retains a device's primary context.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn retain_primary(&self, device: &Arc<Device>) -> Result<u64, Cu> {
        let mut primary = device.primary.lock().unwrap_or_else(PoisonError::into_inner);
        if primary.retained == 0 {
            primary.handle = self.create_context(primary.flags, device)?;
        }
        primary.retained += 1;
        Ok(primary.handle)
    }

    /// Releases the primary context, or ends it whoever still holds it.
    ///
    /// # Errors
    /// It is not retained.
    pub fn release_primary(&self, device: &Device, all: bool) -> Result<(), Cu> {
        let mut primary = device.primary.lock().unwrap_or_else(PoisonError::into_inner);
        if primary.retained == 0 {
            return if all { Ok(()) } else { Err(Cu::INVALID_CONTEXT) };
        }
        primary.retained = if all { 0 } else { primary.retained - 1 };
        let handle = primary.handle;
        if primary.retained == 0 { self.destroy_context(handle) } else { Ok(()) }
    }

    /// The device of the calling thread's current context.
    ///
    /// # Errors
    /// As [`Machine::current`].
    pub fn current_device(&self) -> Result<Arc<Device>, Cu> {
        Ok(Arc::clone(&self.contexts.get(self.current()?)?.device))
    }

    /// The calling thread's stack of contexts.
    pub fn stack<T>(&self, change: impl FnOnce(&mut Vec<u64>) -> T) -> T {
        let mut change = Some(change);
        let mut result = None;
        (self.with_stack)(&mut |stack| result = change.take().map(|change| change(stack)));
        result.expect("the function is called once")
    }

    /// The calling thread's current context.
    ///
    /// # Errors
    /// It has none, or it is destroyed or broken, or the device is lost.
    pub fn current(&self) -> Result<u64, Cu> {
        let handle = self.current_anyhow()?;
        self.contexts.get(handle).map_err(|_| Cu::CONTEXT_IS_DESTROYED)?.healthy()?;
        Ok(handle)
    }

    fn current_anyhow(&self) -> Result<u64, Cu> {
        self.alive()?;
        let handle = self.stack(|stack| stack.last().copied()).filter(|handle| *handle != 0);
        handle.ok_or(Cu::INVALID_CONTEXT)
    }

    /// Whether a context that is still there may be used.
    ///
    /// # Errors
    /// It is gone or broken, or the device is lost.
    pub fn usable(&self, handle: u64) -> Result<(), Cu> {
        self.alive()?;
        self.contexts.get(handle).map_err(|_| Cu::INVALID_CONTEXT)?.healthy()
    }

    /// The stream behind a client's handle; 0 and 1 are the current context's default stream.
    ///
    /// # Errors
    /// No context is current, or there is no such stream.
    pub fn stream(&self, handle: u64) -> Result<Arc<Stream>, Cu> {
        let current = self.current()?;
        match handle {
            0 | 1 => Ok(Arc::clone(&self.contexts.get(current)?.default_stream)),
            // A default stream for each thread: nobody here asks for one.
            2 => Err(Cu::NOT_SUPPORTED),
            other => self.streams.get(other),
        }
    }

    /// Adds work to a stream, in step with the context's default stream where the stream is a blocking one.
    ///
    /// # Errors
    /// As [`Machine::stream`].
    pub fn submit(
        &'static self,
        handle: u64,
        job: impl FnOnce() -> Result<(), Cu> + Send + 'static,
    ) -> Result<Ticket, Cu> {
        let stream = self.stream(handle)?;
        let current = self.current()?;
        let before: Vec<Ticket> = if handle <= 1 {
            let others = self.streams.all();
            others.iter().filter(|other| other.context == current && other.blocking).map(Stream::now).collect()
        } else if stream.blocking {
            self.contexts.get(stream.context).map(|context| context.default_stream.now()).into_iter().collect()
        } else {
            Vec::new()
        };
        let context = self.contexts.get(current)?;
        Ok(stream.submit(move || {
            before.iter().for_each(Ticket::wait);
            if let Err(code) = job() {
                context.break_down(code);
            }
        }))
    }

    /// Waits for everything that was submitted in the current context.
    ///
    /// # Errors
    /// No context is current, or its work failed.
    pub fn synchronize(&self) -> Result<(), Cu> {
        let current = self.current()?;
        let own = self.streams.all().into_iter().filter(|stream| stream.context == current);
        let tickets: Vec<_> = own.map(|stream| stream.now()).collect();
        tickets.iter().for_each(Ticket::wait);
        self.contexts.get(current)?.default_stream.now().wait();
        self.current().map(drop)
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_micros(self.faults().delay)
    }
}
