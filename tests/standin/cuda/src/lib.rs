//! `libcuda.so.1` of the stand-in driver: the part of CUDA's driver API that video programs use, on the CPU.
#![allow(non_snake_case, unsafe_code)]

mod context;
mod copy;
mod device;
mod memory;
mod module;
mod ptx;
mod stream;
mod unsupported;

use std::cell::RefCell;
use std::sync::OnceLock;

use sightline_standin::{Machine, watch};

thread_local! {
    static STACK: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn with_stack(change: &mut dyn FnMut(&mut Vec<u64>)) {
    STACK.with(|stack| change(&mut stack.borrow_mut()));
}

static MACHINE: OnceLock<Result<Machine, String>> = OnceLock::new();

fn own_machine() -> &'static Result<Machine, String> {
    let mut first = false;
    let made = MACHINE.get_or_init(|| {
        first = true;
        Machine::from_environment(with_stack)
    });
    if first && let Ok(machine) = made {
        watch::start(machine);
    }
    made
}

/// The device, for the other stand-in libraries.
// SAFETY: no other library has a symbol of this name.
#[unsafe(no_mangle)]
extern "C" fn standin_machine() -> &'static Machine {
    match own_machine() {
        Ok(machine) => machine,
        Err(text) => panic!("SIGHTLINE_STANDIN_FAULTS: {text}"),
    }
}
