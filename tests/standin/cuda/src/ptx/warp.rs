//! A warp: 32 threads that take the same way as long as they can.
//!
//! Threads that went different ways are groups, each with its place in the code. The one that is furthest behind goes on, and groups
//! that meet become one again; since nothing waits for anything, any order would give the same.

use super::code::{Access, Act, COORDINATES, Instruction, Kernel, Place};
use super::lanes::{Active, Lanes, Narrow, WARP, bits};
use super::launch::Fault;
use super::space::{Space, Wrong};

/// Threads at one place of the code.
#[derive(Clone, Copy)]
struct Group {
    at: u32,
    threads: u32,
}

/// A warp, used for one group of threads after the other.
pub(super) struct Warp<'a> {
    kernel: &'a Kernel,
    parameters: &'a [u8],
    space: &'a Space,
    lanes: Lanes,
    /// By instruction, the allocation that it touched last.
    near: Vec<u32>,
    /// Those that wait, the furthest behind last.
    waiting: Vec<Group>,
    #[cfg(target_arch = "x86_64")]
    wide_vectors: bool,
}

impl<'a> Warp<'a> {
    pub(super) fn new(kernel: &'a Kernel, parameters: &'a [u8], space: &'a Space) -> Self {
        let (lanes, near) = (Lanes::new(kernel), vec![0; kernel.code.len()]);
        Self {
            kernel,
            parameters,
            space,
            lanes,
            near,
            waiting: Vec::new(),
            #[cfg(target_arch = "x86_64")]
            wide_vectors: is_x86_feature_detected!("avx2"),
        }
    }

    /// Sets a coordinate that all threads have in common, by its place in [`COORDINATES`].
    pub(super) fn set(&mut self, coordinate: usize, value: u32) {
        self.lanes.set(Place::try_from(coordinate.min(COORDINATES.len())).unwrap_or(0), value);
    }

    /// Sets the coordinates within the block.
    pub(super) fn place(&mut self, threads: &[Narrow; 3]) {
        self.lanes.narrow[..3].copy_from_slice(threads);
    }

    /// Runs these threads from the first instruction to their end.
    pub(super) fn run(&mut self, threads: u32) -> Result<(), Fault> {
        #[cfg(target_arch = "x86_64")]
        if self.wide_vectors {
            // SAFETY: the processor was asked for these instructions when the warp was made.
            return unsafe { self.run_with_wide_vectors(threads) };
        }
        self.run_inline(threads)
    }

    /// The same, compiled for eight numbers at a time; no result differs.
    ///
    /// # Safety
    /// The processor has AVX2.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn run_with_wide_vectors(&mut self, threads: u32) -> Result<(), Fault> {
        self.run_inline(threads)
    }

    #[inline(always)]
    fn run_inline(&mut self, threads: u32) -> Result<(), Fault> {
        let kernel = self.kernel;
        self.waiting.clear();
        let mut group = Group { at: 0, threads };
        let mut active = Active::of(threads);
        loop {
            let next = self.waiting.last().map_or(u32::MAX, |group| group.at);
            if group.at >= next || group.threads == 0 {
                let Some(next) = self.change(group) else { return Ok(()) };
                group = next;
                active = Active::of(group.threads);
                continue;
            }
            let Some(instruction) = kernel.code.get(group.at as usize) else { return Ok(()) };
            let held;
            let taken = match instruction.guard {
                None => &active,
                Some(guard) => {
                    held = self.guarded(guard, &active);
                    &held
                }
            };
            match &instruction.act {
                Act::Jump(to) if taken.bits == group.threads => group.at = *to,
                Act::Jump(to) if taken.bits != 0 => {
                    self.wait(Group { at: *to, threads: taken.bits });
                    self.wait(Group { at: group.at + 1, threads: group.threads & !taken.bits });
                    group.threads = 0;
                }
                Act::Return => {
                    group.threads &= !taken.bits;
                    active = Active::of(group.threads);
                    group.at += 1;
                }
                _ if taken.bits == 0 => group.at += 1,
                act => {
                    self.act(group.at, instruction, act, taken)?;
                    group.at += 1;
                }
            }
        }
    }

    #[inline(always)]
    fn guarded(&self, (place, negated): (Place, bool), active: &Active) -> Active {
        let bits = bits(&self.lanes.narrow[usize::from(place)]);
        Active::of(if negated { !bits } else { bits } & active.bits)
    }

    fn wait(&mut self, group: Group) {
        let at = self.waiting.partition_point(|other| other.at > group.at);
        match self.waiting.get_mut(at) {
            Some(other) if other.at == group.at => other.threads |= group.threads,
            _ => self.waiting.insert(at, group),
        }
    }

    /// Puts a group among those that wait and takes the one that is furthest behind.
    fn change(&mut self, group: Group) -> Option<Group> {
        if group.threads != 0 {
            self.wait(group);
        }
        self.waiting.pop()
    }

    #[inline(always)]
    fn act(&mut self, at: u32, instruction: &Instruction, act: &Act, active: &Active) -> Result<(), Fault> {
        match act {
            Act::Load(access, to, from) => self.load(at, instruction, access, *to, *from, active),
            Act::Store(access, value, to) => self.store(at, instruction, access, *value, *to, active),
            Act::Parameter(access, to) => {
                let first = usize::try_from(access.offset).unwrap_or(0);
                let mut word = [0; 8];
                for (to, from) in word.iter_mut().zip(self.parameters.iter().skip(first).take(access.size.into())) {
                    *to = *from;
                }
                let value = extended(u64::from_le_bytes(word), access);
                active.threads().for_each(|thread| self.put(access, *to, thread, value));
                Ok(())
            }
            other => {
                self.lanes.act(other, active);
                Ok(())
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, access: &Access, to: Place, thread: usize, value: u64) {
        if access.wide {
            self.lanes.wide[usize::from(to)][thread] = value;
        } else {
            self.lanes.narrow[usize::from(to)][thread] = value as u32;
        }
    }

    #[inline(always)]
    fn load(
        &mut self,
        at: u32,
        instruction: &Instruction,
        access: &Access,
        to: Place,
        from: Place,
        active: &Active,
    ) -> Result<(), Fault> {
        let addresses = self.lanes.wide[usize::from(from)];
        let mut near = self.near[at as usize];
        // Lists are read by all threads at one place.
        if active.bits == u32::MAX && addresses.iter().all(|address| *address == addresses[0]) {
            let address = addresses[0].wrapping_add_signed(access.offset);
            let value = self.space.load(&mut near, address, access);
            let value = value.map_err(|wrong| self.fault(instruction, access, address, 0, wrong))?;
            self.near[at as usize] = near;
            let value = extended(value, access);
            if access.wide {
                self.lanes.wide[usize::from(to)] = [value; WARP];
            } else {
                self.lanes.narrow[usize::from(to)] = [value as u32; WARP];
            }
            return Ok(());
        }
        for thread in active.threads() {
            let address = addresses[thread].wrapping_add_signed(access.offset);
            let value = self.space.load(&mut near, address, access);
            let value = value.map_err(|wrong| self.fault(instruction, access, address, thread, wrong))?;
            self.put(access, to, thread, extended(value, access));
        }
        self.near[at as usize] = near;
        Ok(())
    }

    #[inline(always)]
    fn store(
        &mut self,
        at: u32,
        instruction: &Instruction,
        access: &Access,
        value: Place,
        to: Place,
        active: &Active,
    ) -> Result<(), Fault> {
        let mut near = self.near[at as usize];
        for thread in active.threads() {
            let address = self.lanes.wide[usize::from(to)][thread].wrapping_add_signed(access.offset);
            let value = match access.wide {
                true => self.lanes.wide[usize::from(value)][thread],
                false => u64::from(self.lanes.narrow[usize::from(value)][thread]),
            };
            let stored = self.space.store(&mut near, address, access, value);
            stored.map_err(|wrong| self.fault(instruction, access, address, thread, wrong))?;
        }
        self.near[at as usize] = near;
        Ok(())
    }

    #[cold]
    fn fault(&self, instruction: &Instruction, access: &Access, address: u64, thread: usize, wrong: Wrong) -> Fault {
        let coordinate = |place: usize| self.lanes.narrow[place][thread];
        let threes = |first: usize| [coordinate(first), coordinate(first + 1), coordinate(first + 2)];
        let what = match wrong {
            Wrong::Outside => format!("is in no live allocation: {}", self.space.neighbour(address)),
            Wrong::Misaligned => format!("is no multiple of {}", access.aligned),
        };
        let reads = if matches!(instruction.act, Act::Load(..)) { "reads" } else { "writes" };
        let words = format!(
            "kernel {}, line {}: thread {:?} of block {:?} {reads} {} bytes at {address:#x}, which {what}",
            self.kernel.name,
            instruction.line,
            threes(0),
            threes(3),
            access.size
        );
        Fault { wrong, words }
    }
}

/// A loaded number at the width of its register.
#[inline(always)]
fn extended(value: u64, access: &Access) -> u64 {
    if !access.signed {
        return value;
    }
    let unused = 64 - 8 * u32::from(access.size);
    ((value << unused).cast_signed() >> unused).cast_unsigned()
}
