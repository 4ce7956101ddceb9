//! Context locks, and what FFmpeg's loader wants to find and never calls.

use sightline_standin::status::put;
use sightline_standin::{Cu, abi, machine};

abi! {
    // One lock is as good as another: calls of the stand-in take care of themselves.
    fn cuvidCtxLockCreate(out: *mut u64, context: u64) {
        machine().contexts.get(context).map_err(|_| Cu::INVALID_CONTEXT)?;
        put(out, context)
    }
    fn cuvidCtxLockDestroy(_lock: u64) { Ok(()) }
    fn cuvidCtxLock(lock: u64, _flags: u32) {
        machine().contexts.get(lock).map_err(|_| Cu::INVALID_CONTEXT)?;
        machine().stack(|stack| stack.push(lock));
        Ok(())
    }
    fn cuvidCtxUnlock(_lock: u64, _flags: u32) {
        machine().stack(Vec::pop).map(drop).ok_or(Cu::INVALID_CONTEXT)
    }
}
