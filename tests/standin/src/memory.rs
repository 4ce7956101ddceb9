//! Device memory: allocations that know their bounds, at addresses that no host program can follow.

use std::alloc::{Layout, alloc, dealloc};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use crate::status::Cu;

/// Added to the host's address. The sum is no address of the host's, so that a client which takes a device pointer for one of
/// its own crashes here as it would on a device.
pub const DEVICE: u64 = 1 << 56;
/// What memory holds before anything is written and after it was given back.
pub const POISON: u8 = 0xa5;
/// Alignment and pitch of allocations.
pub const ALIGN: u64 = 512;

/// How an allocation was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By `cuMemAlloc` or `cuMemAllocPitch`.
    Plain,
    /// From a pool by `cuMemAllocAsync`, which encoders refuse.
    Pooled,
    /// Pinned memory of the host.
    Host,
    /// A surface that a decoder mapped.
    Surface,
    /// Inside a decoder or encoder.
    Internal,
}

/// One allocation.
#[derive(Clone, Copy, Debug)]
pub struct Allocation {
    /// Its first byte as clients see it.
    pub address: u64,
    /// Its length in bytes.
    pub size: u64,
    /// How it was made.
    pub kind: Kind,
    /// The context it belongs to.
    pub context: u64,
    /// The number of the device that it is on.
    pub device: i32,
}

/// All memory of the devices.
#[derive(Debug)]
pub struct Memory {
    limit: AtomicU64,
    live: Mutex<BTreeMap<u64, Allocation>>,
    /// Held for reading while bytes are touched, for writing while an allocation goes.
    in_use: RwLock<()>,
}

impl Memory {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit: AtomicU64::new(limit), live: Mutex::default(), in_use: RwLock::default() }
    }

    /// Each device's size in bytes.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit.load(Ordering::SeqCst)
    }

    pub(crate) fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::SeqCst);
    }

    /// Bytes allocated on a device, pinned host memory left out.
    #[must_use]
    pub fn used(&self, device: i32) -> u64 {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.values().filter(|one| one.kind != Kind::Host && one.device == device).map(|one| one.size).sum()
    }

    fn layout(size: u64) -> Result<Layout, Cu> {
        let size = usize::try_from(size.max(1)).map_err(|_| Cu::OUT_OF_MEMORY)?;
        Layout::from_size_align(size, usize::try_from(ALIGN).unwrap_or(512)).map_err(|_| Cu::OUT_OF_MEMORY)
    }

    /// Takes poisoned memory.
    ///
    /// # Errors
    /// The device has no more, or nothing was asked for.
    pub fn allocate(&self, size: u64, kind: Kind, context: u64) -> Result<u64, Cu> {
        if size == 0 {
            return Err(Cu::INVALID_VALUE);
        }
        let device = Arc::clone(&crate::machine().contexts.get(context)?.device);
        if kind != Kind::Host && self.used(device.ordinal).saturating_add(size) > self.limit() {
            return Err(Cu::OUT_OF_MEMORY);
        }
        let layout = Self::layout(size)?;
        // SAFETY: the layout has a size; null is looked for.
        let bytes = unsafe { alloc(layout) };
        if bytes.is_null() {
            return Err(Cu::OUT_OF_MEMORY);
        }
        // SAFETY: just allocated at this size.
        unsafe { bytes.write_bytes(POISON, layout.size()) };
        let address = bytes as u64 + if kind == Kind::Host { 0 } else { DEVICE };
        let one = Allocation { address, size, kind, context, device: device.ordinal };
        self.live.lock().unwrap_or_else(PoisonError::into_inner).insert(address, one);
        let counters = &crate::machine().counters;
        if kind == Kind::Host {
            counters.pinned_live.add(1);
        } else {
            counters.allocations_made.add(1);
            counters.allocations_live.add(1);
            counters.memory_most.raise(counters.memory_live.add(size));
            device.counters.memory_live.add(size);
        }
        Ok(address)
    }

    /// Gives memory back, after whatever touches it just now.
    ///
    /// # Errors
    /// The address is not the first one of an allocation of one of these kinds.
    pub fn free(&self, address: u64, kinds: &[Kind]) -> Result<(), Cu> {
        let _nobody_touches_it = self.in_use.write().unwrap_or_else(PoisonError::into_inner);
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let one = *live.get(&address).filter(|one| kinds.contains(&one.kind)).ok_or(Cu::INVALID_VALUE)?;
        live.remove(&address);
        drop(live);
        let host = if one.kind == Kind::Host { address } else { address - DEVICE } as *mut u8;
        let layout = Self::layout(one.size)?;
        // SAFETY: allocated with this layout in `allocate`, taken out of the list just now, and nobody touches it.
        unsafe {
            host.write_bytes(POISON, layout.size());
            dealloc(host, layout);
        }
        let counters = &crate::machine().counters;
        if one.kind == Kind::Host {
            counters.pinned_live.take(1);
        } else {
            counters.allocations_live.take(1);
            counters.memory_live.take(one.size);
            if let Ok(device) = crate::machine().device(one.device) {
                device.counters.memory_live.take(one.size);
            }
        }
        Ok(())
    }

    /// Frees what a context leaves behind; the number of what clients had allocated themselves.
    pub fn free_context(&self, context: u64) -> u64 {
        let left: Vec<_> = {
            let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.values().filter(|one| one.context == context).copied().collect()
        };
        for one in &left {
            let _ = self.free(one.address, &[one.kind]);
        }
        left.len() as u64
    }

    /// The live allocation that holds all of `length` bytes at `address`.
    #[must_use]
    pub fn find(&self, address: u64, length: u64) -> Option<Allocation> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let one = *live.range(..=address).next_back()?.1;
        (address.checked_add(length)? <= one.address + one.size).then_some(one)
    }

    /// All live allocations.
    #[must_use]
    pub fn all(&self) -> Vec<Allocation> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).values().copied().collect()
    }

    /// Keeps all memory allocated while the guard lives. One guard a thread at a time.
    pub fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.in_use.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host's view of device memory, which stays allocated as long as the guard of [`Memory::hold`] does.
    ///
    /// # Errors
    /// The bytes are not all inside one live allocation.
    pub fn view(&self, _held: &RwLockReadGuard<'_, ()>, address: u64, length: u64) -> Result<*mut u8, Cu> {
        let one = self.find(address, length).ok_or(Cu::ILLEGAL_ADDRESS)?;
        Ok(if one.kind == Kind::Host { address } else { address - DEVICE } as *mut u8)
    }

    /// Runs `touch` with the host's view of device memory, which stays allocated meanwhile.
    ///
    /// # Errors
    /// The bytes are not all inside one live allocation.
    pub fn with<T>(&self, address: u64, length: u64, touch: impl FnOnce(*mut u8) -> T) -> Result<T, Cu> {
        let held = self.hold();
        self.view(&held, address, length).map(touch)
    }

    /// Overwrites device memory with poison.
    ///
    /// # Errors
    /// The bytes are not all inside one live allocation.
    pub fn poison(&self, address: u64, length: u64) -> Result<(), Cu> {
        self.with(address, length, |bytes| {
            // SAFETY: `with` gives memory of this length that is live.
            unsafe { bytes.write_bytes(POISON, usize::try_from(length).unwrap_or(0)) };
        })
    }
}
