//! Streams and events.

use std::ffi::c_void;
use std::sync::Arc;

use sightline_standin::status::put;
use sightline_standin::stream::{Event, Stream};
use sightline_standin::{Cu, abi, machine};
use std::time::Duration;

/// A client's pointer that a worker thread hands back to the client's own function.
struct Opaque(*mut c_void);
// SAFETY: nothing here follows the pointer, and the client asked for it to be passed to its function on another thread.
unsafe impl Send for Opaque {}

/// A stream of the current context.
///
/// # Safety
/// The client's pointer, null or one that may be written.
unsafe fn create(out: *mut u64, flags: u32) -> Result<(), Cu> {
    let current = machine().current()?;
    if flags > 1 {
        return Err(Cu::INVALID_VALUE);
    }
    let delay = Duration::from_micros(machine().faults().delay);
    let handle = machine().streams.insert(Stream::start(current, flags == 0, delay)?);
    machine().counters.streams_live.add(1);
    // SAFETY: the client's pointer, as it promises.
    unsafe { put(out, handle) }
}

fn record(event: u64, stream: u64) -> Result<(), Cu> {
    let event = machine().events.get(event)?;
    // Looked up first, so that the closure below cannot fail.
    machine().stream(stream)?;
    let mut failed = None;
    event.record(|job| {
        machine()
            .submit(stream, move || {
                job();
                Ok(())
            })
            .unwrap_or_else(|code| {
                failed = Some(code);
                let nothing = machine().stream(stream).map(|stream| stream.now());
                nothing.expect("the stream was looked up above")
            })
    });
    failed.map_or(Ok(()), Err)
}

/// The time between two events in milliseconds.
///
/// # Safety
/// The client's pointer, null or one that may be written.
unsafe fn elapsed(out: *mut f32, from: u64, to: u64) -> Result<(), Cu> {
    let (from, to) = (machine().events.get(from)?.time()?, machine().events.get(to)?.time()?);
    let time = to.saturating_duration_since(from).as_secs_f32() - from.saturating_duration_since(to).as_secs_f32();
    // SAFETY: the client's pointer, as it promises.
    unsafe { put(out, time * 1000.0) }
}

abi! {
    fn cuStreamCreate(out: *mut u64, flags: u32) { create(out, flags) }
    fn cuStreamCreateWithPriority(out: *mut u64, flags: u32, _priority: i32) { create(out, flags) }

    fn cuStreamDestroy_v2(handle: u64) {
        let stream = machine().streams.remove(handle)?;
        machine().counters.streams_live.take(1);
        stream.close();
        Ok(())
    }

    fn cuStreamGetCtx(handle: u64, out: *mut u64) {
        let stream = machine().stream(handle)?;
        put(out, if stream.context == 0 { machine().current()? } else { stream.context })
    }

    fn cuStreamGetFlags(handle: u64, out: *mut u32) { put(out, u32::from(!machine().stream(handle)?.blocking)) }

    fn cuStreamQuery(handle: u64) {
        if machine().stream(handle)?.now().is_done() { Ok(()) } else { Err(Cu::NOT_READY) }
    }

    fn cuStreamSynchronize(handle: u64) {
        // The place behind the default stream's other half, too: a job of it waits for the blocking streams.
        machine().submit(handle, || Ok(()))?.wait();
        machine().current().map(drop)
    }

    fn cuStreamWaitEvent(handle: u64, event: u64, _flags: u32) {
        let ticket = machine().events.get(event)?.ticket();
        machine().submit(handle, move || {
            if let Some(ticket) = ticket { ticket.wait(); }
            Ok(())
        })?;
        Ok(())
    }

    fn cuStreamAddCallback(handle: u64, callback: Option<extern "C" fn(u64, u32, *mut c_void)>, data: *mut c_void, _flags: u32) {
        let callback = callback.ok_or(Cu::INVALID_VALUE)?;
        let (data, context) = (Opaque(data), machine().current()?);
        machine().submit(handle, move || {
            let data = data;
            let status = machine().usable(context).map_or_else(|code| code.0, |()| 0);
            callback(handle, status, data.0);
            Ok(())
        })?;
        Ok(())
    }

    fn cuLaunchHostFunc(handle: u64, callback: Option<extern "C" fn(*mut c_void)>, data: *mut c_void) {
        let callback = callback.ok_or(Cu::INVALID_VALUE)?;
        let data = Opaque(data);
        machine().submit(handle, move || {
            let data = data;
            callback(data.0);
            Ok(())
        })?;
        Ok(())
    }

    fn cuEventCreate(out: *mut u64, _flags: u32) {
        machine().current()?;
        machine().counters.events_live.add(1);
        put(out, machine().events.insert(Arc::new(Event::default())))
    }

    fn cuEventDestroy_v2(handle: u64) {
        machine().events.remove(handle)?;
        machine().counters.events_live.take(1);
        Ok(())
    }

    fn cuEventRecord(event: u64, stream: u64) { record(event, stream) }
    fn cuEventRecordWithFlags(event: u64, stream: u64, _flags: u32) { record(event, stream) }

    fn cuEventQuery(handle: u64) {
        machine().current()?;
        let reached = machine().events.get(handle)?.ticket().is_none_or(|ticket| ticket.is_done());
        if reached { Ok(()) } else { Err(Cu::NOT_READY) }
    }

    fn cuEventSynchronize(handle: u64) {
        if let Some(ticket) = machine().events.get(handle)?.ticket() {
            ticket.wait();
        }
        machine().current().map(drop)
    }

    fn cuEventElapsedTime(out: *mut f32, from: u64, to: u64) { elapsed(out, from, to) }
    fn cuEventElapsedTime_v2(out: *mut f32, from: u64, to: u64) { elapsed(out, from, to) }
}
