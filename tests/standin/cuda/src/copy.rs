//! Copies: late, counted, within bounds.

use std::sync::RwLockReadGuard;

use sightline_standin::memory::{DEVICE, Kind};
use sightline_standin::stream::Ticket;
use sightline_standin::{Cu, machine};

/// `CUDA_MEMCPY2D`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Copy2D {
    from: Place,
    to: Place,
    width: usize,
    height: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Place {
    x: usize,
    y: usize,
    memory: u32,
    host: u64,
    device: u64,
    array: u64,
    pitch: usize,
}

/// One side of a copy: the address of its first byte and the length of its rows.
#[derive(Clone, Copy)]
struct Side {
    address: u64,
    pitch: u64,
}

impl Side {
    fn new(place: &Place, width: usize) -> Result<Self, Cu> {
        let base = match place.memory {
            1 => place.host,
            2 | 4 => place.device,
            // Arrays are for textures, of which the stand-in has none.
            3 => return Err(Cu::NOT_SUPPORTED),
            _ => return Err(Cu::INVALID_VALUE),
        };
        // A host pointer given as the device's, or the other way round, is the commonest mistake of all.
        if place.memory == 1 && base >= DEVICE || place.memory == 2 && base < DEVICE {
            return Err(Cu::INVALID_VALUE);
        }
        let pitch = if place.pitch == 0 { width } else { place.pitch };
        if pitch < place.x + width {
            return Err(Cu::INVALID_VALUE);
        }
        Ok(Self { address: base + (place.y * pitch + place.x) as u64, pitch: pitch as u64 })
    }

    fn is_device(self) -> bool {
        self.address >= DEVICE
    }

    fn span(self, width: u64, height: u64) -> u64 {
        self.pitch * (height - 1) + width
    }

    /// Whether the driver copies it aside before an asynchronous call returns: host memory that is not pinned.
    fn is_pageable(self) -> bool {
        !self.is_device() && machine().memory.find(self.address, 1).is_none_or(|one| one.kind != Kind::Host)
    }

    /// The bytes of this side as the host sees them.
    fn view(self, held: &RwLockReadGuard<'_, ()>, span: u64) -> Result<*mut u8, Cu> {
        if self.is_device() { machine().memory.view(held, self.address, span) } else { Ok(self.address as *mut u8) }
    }
}

/// A copy that is under way.
pub(crate) struct Running(Ticket);

impl Running {
    /// Waits for it.
    pub(crate) fn finish(self) -> Result<(), Cu> {
        self.0.wait();
        machine().current().map(drop)
    }
}

pub(crate) fn flat(to: u64, from: u64, size: usize, stream: u64) -> Result<Running, Cu> {
    let pitch = size as u64;
    run(Side { address: from, pitch }, Side { address: to, pitch }, pitch, 1, stream)
}

/// Starts a client's copy of rows.
///
/// # Safety
/// The pointer is null or a client's structure, whose host memory stays as CUDA's documents ask.
pub(crate) unsafe fn of_client(copy: *const Copy2D, stream: u64) -> Result<Running, Cu> {
    if copy.is_null() {
        return Err(Cu::INVALID_VALUE);
    }
    // SAFETY: not null, and the caller's promise.
    let copy = unsafe { copy.read() };
    let (from, to) = (Side::new(&copy.from, copy.width)?, Side::new(&copy.to, copy.width)?);
    run(from, to, copy.width as u64, copy.height as u64, stream)
}

fn run(from: Side, to: Side, width: u64, height: u64, stream: u64) -> Result<Running, Cu> {
    if width == 0 || height == 0 {
        return machine().submit(stream, || Ok(())).map(Running);
    }
    for side in [from, to] {
        let inside = machine().memory.find(side.address, side.span(width, height)).is_some();
        if side.address == 0 || side.is_device() && !inside {
            return Err(Cu::INVALID_VALUE);
        }
    }
    let counters = &machine().counters;
    match (from.is_device(), to.is_device()) {
        (false, true) => counters.host_to_device.add(width * height),
        (true, false) => counters.device_to_host.add(width * height),
        (true, true) => counters.device_to_device.add(width * height),
        (false, false) => 0,
    };
    // A source that is not pinned is read before the call returns; everything else is read and written late.
    let aside = (!from.is_device() && from.is_pageable()).then(|| staged(from, width, height));
    let device = machine().current_device()?;
    let ticket = machine().submit(stream, move || {
        let held = machine().memory.hold();
        let target = to.view(&held, to.span(width, height))?;
        let (source, pitch) = match &aside {
            Some(bytes) => (bytes.as_ptr(), width),
            None => (from.view(&held, from.span(width, height))?.cast_const(), from.pitch),
        };
        device.busy.copies.during(|| rows(source, pitch, target, to.pitch, width, height));
        Ok(())
    })?;
    Ok(Running(ticket))
}

fn staged(from: Side, width: u64, height: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(width * height).unwrap_or(0)];
    rows(from.address as *const u8, from.pitch, bytes.as_mut_ptr(), width, width, height);
    bytes
}

fn rows(from: *const u8, from_pitch: u64, to: *mut u8, to_pitch: u64, width: u64, height: u64) {
    let size = |number: u64| usize::try_from(number).unwrap_or(0);
    for y in 0..height {
        // SAFETY: device sides were checked to lie inside a live allocation, host sides are as long as the client promises;
        // `copy` allows for both being the same memory.
        unsafe { to.add(size(y * to_pitch)).copy_from(from.add(size(y * from_pitch)), size(width)) };
    }
}
