//! The memory that a kernel can reach: live allocations, and nothing else.

use std::sync::atomic::{AtomicU64, Ordering};

use super::code::Access;

/// A live allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    pub(crate) address: u64,
    pub(crate) size: u64,
    /// Where its bytes are.
    pub(crate) bytes: *mut u8,
    /// Pinned memory of the host: what is read and written crosses the bus.
    pub(crate) host: bool,
}

/// All that a launch can reach while it runs.
pub(crate) struct Space {
    regions: Vec<Region>,
    pub(crate) from_host: AtomicU64,
    pub(crate) to_host: AtomicU64,
}

// SAFETY: the regions stay allocated while the launch runs, and each access is one of plain numbers inside them; that threads of a
// launch do not touch the same number is the kernel's affair, as it is on a device.
unsafe impl Sync for Space {}

/// What was wrong with an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Outside,
    Misaligned,
}

impl Space {
    /// Memory made of these allocations.
    ///
    /// # Safety
    /// Their bytes are there, and nobody frees them, as long as the value lives.
    pub(crate) unsafe fn new(mut regions: Vec<Region>) -> Self {
        regions.sort_by_key(|region| region.address);
        Self { regions, from_host: AtomicU64::new(0), to_host: AtomicU64::new(0) }
    }

    /// Where an access goes. `near` is the region of the last one, with which the search begins.
    #[inline(always)]
    fn reach(&self, near: &mut u32, address: u64, access: &Access) -> Result<(*mut u8, bool), Wrong> {
        // A power of two, so that no division is needed.
        if address & (u64::from(access.aligned) - 1) != 0 {
            return Err(Wrong::Misaligned);
        }
        let inside = |region: &Region| {
            let offset = address.wrapping_sub(region.address);
            let fits = offset < region.size && region.size - offset >= u64::from(access.size);
            // SAFETY: inside the region, as was just looked at.
            fits.then(|| (unsafe { region.bytes.add(usize::try_from(offset).unwrap_or(0)) }, region.host))
        };
        if let Some(found) = self.regions.get(*near as usize).and_then(inside) {
            return Ok(found);
        }
        let behind = self.regions.partition_point(|region| region.address <= address);
        let at = behind.checked_sub(1).ok_or(Wrong::Outside)?;
        *near = u32::try_from(at).unwrap_or(u32::MAX);
        inside(&self.regions[at]).ok_or(Wrong::Outside)
    }

    /// Reads a number without regard to its sign.
    #[inline(always)]
    pub(super) fn load(&self, near: &mut u32, address: u64, access: &Access) -> Result<u64, Wrong> {
        let (bytes, host) = self.reach(near, address, access)?;
        if host {
            self.from_host.fetch_add(u64::from(access.size), Ordering::Relaxed);
        }
        // SAFETY: `reach` gives memory of the access's size.
        Ok(unsafe {
            match access.size {
                1 => u64::from(bytes.read()),
                2 => u64::from(bytes.cast::<u16>().read_unaligned()),
                4 => u64::from(bytes.cast::<u32>().read_unaligned()),
                _ => bytes.cast::<u64>().read_unaligned(),
            }
        })
    }

    /// Writes the lowest bits of a number.
    #[inline(always)]
    pub(super) fn store(&self, near: &mut u32, address: u64, access: &Access, value: u64) -> Result<(), Wrong> {
        let (bytes, host) = self.reach(near, address, access)?;
        if host {
            self.to_host.fetch_add(u64::from(access.size), Ordering::Relaxed);
        }
        // SAFETY: `reach` gives memory of the access's size.
        unsafe {
            match access.size {
                1 => bytes.write(value as u8),
                2 => bytes.cast::<u16>().write_unaligned(value as u16),
                4 => bytes.cast::<u32>().write_unaligned(value as u32),
                _ => bytes.cast::<u64>().write_unaligned(value),
            }
        }
        Ok(())
    }

    /// What is near an address that is in no allocation, in words.
    pub(crate) fn neighbour(&self, address: u64) -> String {
        let behind = self.regions.partition_point(|region| region.address <= address);
        match behind.checked_sub(1).map(|at| self.regions[at]) {
            Some(region) => {
                let beyond = address - region.address;
                format!("byte {beyond} from where an allocation of {} bytes begins", region.size)
            }
            None => "in front of all allocations".to_owned(),
        }
    }
}
