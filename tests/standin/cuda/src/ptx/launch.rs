//! A launch: blocks shared out among threads of the host, each warp of a block one after the other.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::code::Kernel;
use super::lanes::{Narrow, WARP};
use super::space::{Space, Wrong};
use super::warp::Warp;

/// Threads of a launch below which one thread of the host does them all.
const SMALL: u64 = 8192;
/// Blocks that a thread of the host takes at once.
const SHARE: u64 = 8;

/// Blocks of a launch and threads of a block, in three directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) blocks: [u32; 3],
    pub(crate) threads: [u32; 3],
}

/// A launch that failed: what its threads did, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) wrong: Wrong,
    pub(crate) words: String,
}

impl Grid {
    fn count(sides: [u32; 3]) -> u64 {
        sides.iter().map(|side| u64::from(*side)).product()
    }

    /// Whether a device takes it.
    pub(crate) fn is_allowed(&self) -> bool {
        let [x, y, z] = self.threads;
        let block = (1..=1024).contains(&x) && (1..=1024).contains(&y) && (1..=64).contains(&z);
        let [_, down, deep] = self.blocks;
        block && Self::count(self.threads) <= 1024 && Self::count(self.blocks) > 0 && down <= 65_535 && deep <= 65_535
    }

    /// Of each warp of a block its threads' coordinates, and which of them there are.
    fn warps(&self) -> Vec<([Narrow; 3], u32)> {
        let count = usize::try_from(Self::count(self.threads)).unwrap_or(0);
        let [wide, high, _] = self.threads;
        let coordinates = |thread: usize| {
            let thread = u32::try_from(thread).unwrap_or(0);
            [thread % wide, thread / wide % high, thread / wide / high]
        };
        let warp = |first: usize| {
            let sides = [0, 1, 2].map(|side| std::array::from_fn(|thread| coordinates(first + thread)[side]));
            let there = count - first;
            (sides, if there < WARP { (1 << there) - 1 } else { u32::MAX })
        };
        (0..count).step_by(WARP).map(warp).collect()
    }
}

/// Runs a kernel over a grid.
pub(crate) fn run(kernel: &Kernel, grid: Grid, parameters: &[u8], space: &Space) -> Result<(), Fault> {
    let all = Grid::count(grid.blocks);
    let next = AtomicU64::new(0);
    let work = || blocks(kernel, grid, parameters, space, &next);
    let spare = thread::available_parallelism().is_ok_and(|count| count.get() > 1);
    if !spare || all * Grid::count(grid.threads) < SMALL {
        return work();
    }
    thread::scope(|scope| {
        let helper = thread::Builder::new().name("standin-blocks".into()).spawn_scoped(scope, work);
        let own = work();
        // Without a helper this thread has done all of it.
        let other = helper.map_or(Ok(()), |helper| helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        own.and(other)
    })
}

/// Runs blocks until none is left.
fn blocks(kernel: &Kernel, grid: Grid, parameters: &[u8], space: &Space, next: &AtomicU64) -> Result<(), Fault> {
    let (warps, [wide, high, _]) = (grid.warps(), grid.blocks.map(u64::from));
    let all = Grid::count(grid.blocks);
    let mut warp = Warp::new(kernel, parameters, space);
    for (side, (threads, blocks)) in grid.threads.iter().zip(grid.blocks).enumerate() {
        warp.set(6 + side, *threads);
        warp.set(9 + side, blocks);
    }
    loop {
        let first = next.fetch_add(SHARE, Ordering::Relaxed);
        if first >= all {
            return Ok(());
        }
        for block in first..all.min(first + SHARE) {
            let place = [block % wide, block / wide % high, block / wide / high];
            for (side, place) in place.into_iter().enumerate() {
                warp.set(3 + side, u32::try_from(place).unwrap_or(0));
            }
            for (threads, there) in &warps {
                warp.place(threads);
                // What one thread did wrong ends the launch for all.
                warp.run(*there).inspect_err(|_| next.store(all, Ordering::Relaxed))?;
            }
        }
    }
}
