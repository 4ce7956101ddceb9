//! Kernels from PTX: read once into arrays of instructions, then run by warps of 32 threads in step.
//!
//! The subset is what clang makes of the kernels in `server/nv/kernels` and its nearest neighbours. Anything else is refused when the
//! module is loaded, with its line: nothing is guessed. There are no barriers and there is no shared memory.

mod code;
mod compare;
mod convert;
mod lanes;
mod launch;
mod lower;
mod memory;
mod number;
mod operand;
mod parse;
mod space;
mod token;
mod warp;

#[cfg(test)]
mod tests;

pub(crate) use code::Kernel;
pub(crate) use launch::{Grid, run};
pub(crate) use parse::parse;
pub(crate) use space::{Region, Space, Wrong};

/// Why a module was not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) line: u32,
    pub(crate) what: String,
    /// Made for a newer driver, rather than not understood.
    pub(crate) newer: bool,
}

impl Refusal {
    pub(crate) fn new(line: u32, what: impl Into<String>) -> Self {
        Self { line, what: what.into(), newer: false }
    }
}
