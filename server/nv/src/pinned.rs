//! Host memory that the device reads by itself. From any other the driver may wait for the stream before it takes a copy, and so would the
//! thread that launches a kernel.

use crate::context::Counters;
use crate::{Buffer, Context, Error, Event, Stream};
use std::ffi::c_void;

/// Copies that may be under way at once; the next one waits for the first of them, which is long done by then.
const SLOTS: usize = 4;

/// A ring of slots of one size.
pub(crate) struct Pinned {
    context: Context,
    start: *mut c_void,
    slot: usize,
    busy: [Option<Event>; SLOTS],
    next: usize,
}

// SAFETY: the memory is this one's alone, and the driver takes calls for it from any thread.
unsafe impl Send for Pinned {}

impl Pinned {
    /// Reserves slots of `slot` bytes.
    pub(crate) fn new(context: &Context, slot: usize) -> Result<Self, Error> {
        let _current = context.enter()?;
        let mut start = std::ptr::null_mut();
        // SAFETY: the context is current and an address is written.
        unsafe { context.cuda().cuMemHostAlloc(&raw mut start, slot * SLOTS, 0) }?;
        Ok(Self { context: context.clone(), start, slot, busy: Default::default(), next: 0 })
    }

    /// Copies `data` to the beginning of `to`, in order with the stream; nobody waits for it.
    pub(crate) fn send(&mut self, stream: &Stream, data: &[u8], to: &Buffer) -> Result<(), Error> {
        if data.len() > self.slot.min(to.bytes()) {
            return Err(Error::Invalid(format!("a list of {} bytes is more than {}", data.len(), self.slot)));
        }
        let slot = self.next;
        self.next = (slot + 1) % SLOTS;
        if let Some(before) = self.busy[slot].take() {
            before.synchronize()?;
        }
        let _current = self.context.enter()?;
        // SAFETY: the slot is as large as was looked at, and the copy that read it before is done; the driver reads it until the event.
        unsafe {
            let from = self.start.byte_add(slot * self.slot);
            from.cast::<u8>().copy_from_nonoverlapping(data.as_ptr(), data.len());
            self.context.cuda().cuMemcpyHtoDAsync_v2(to.pointer(), from, data.len(), stream.handle())?;
        }
        Counters::add(&self.context.counters().lists_to_device, data.len());
        self.busy[slot] = Some(stream.record()?);
        Ok(())
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        for event in self.busy.iter().flatten() {
            // One that failed reads no more.
            let _ = event.synchronize();
        }
        let _current = self.context.enter();
        // SAFETY: reserved once, and nothing reads it any more.
        let _ = unsafe { self.context.cuda().cuMemFreeHost(self.start) };
    }
}
