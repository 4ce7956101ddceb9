//! The newest minutes of one rendition in memory: whole GOPs, sharing the hub's bytes, bounded by time and by bytes.

use crate::fragment::{Chunk, InitSet};
use crate::pipeline::clock::Mono;
use crate::settings::server::Keep;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What an item takes beside its bytes: its place in a list and its own head in memory.
pub const ITEM_OVERHEAD: usize = size_of::<Arc<Chunk>>() + size_of::<Chunk>() + 16;

/// What all rings of the program share: how much is kept, and how many rings keep something.
#[derive(Debug, Default)]
pub struct Keeper {
    keep: Mutex<Keep>,
    in_use: AtomicUsize,
}

impl Keeper {
    /// Takes other limits; a ring follows with its next frame.
    pub fn set(&self, keep: Keep) {
        *self.keep.lock().unwrap_or_else(PoisonError::into_inner) = keep;
    }

    /// The limits of one ring: the bytes of all are shared out evenly among those that hold something.
    #[must_use]
    pub fn limits(&self) -> Keep {
        let keep = *self.keep.lock().unwrap_or_else(PoisonError::into_inner);
        let share = keep.total_bytes / self.in_use.load(Ordering::Relaxed).max(1);
        Keep { bytes: keep.bytes.min(share), ..keep }
    }
}

/// From one key frame of the video to the next, with the sound and the tracks that came meanwhile.
#[derive(Clone, Debug)]
pub struct Gop {
    /// What the frames are coded with. The very same one as of the GOP before, unless an epoch began.
    pub init: Arc<InitSet>,
    /// In the order in which they came; the first is a key frame of the video.
    pub chunks: Vec<Arc<Chunk>>,
    /// Tracks messages, as they were sent. Those of the last frames may stand in the GOP behind.
    pub tracks: Vec<Arc<str>>,
    /// All of it, [`ITEM_OVERHEAD`] and the init segments included.
    pub bytes: usize,
}

/// The newest minutes of one rendition. It begins with a key frame or is empty.
#[derive(Debug)]
pub struct Ring {
    keeper: Arc<Keeper>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Oldest first. Those who make a clip share them, and the newest is copied when it grows meanwhile.
    gops: VecDeque<Arc<Gop>>,
    bytes: usize,
    /// Of the epoch that comes next or goes on.
    init: Option<Arc<InitSet>>,
    newest: Mono,
    /// False where frames are left out until a key frame comes.
    following: bool,
    /// A single GOP was larger than the limit.
    outgrown: bool,
    /// Nothing may be kept.
    off: bool,
}

impl Ring {
    /// An empty ring under the limits of `keeper`.
    #[must_use]
    pub fn new(keeper: Arc<Keeper>) -> Arc<Self> {
        Arc::new(Self { keeper, held: Mutex::default() })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An epoch begins.
    pub fn init(&self, init: &Arc<InitSet>) {
        let mut held = self.held();
        held.init = Some(Arc::clone(init));
        held.following = false;
    }

    /// A frame came. Costs a lock and a push; never waits for who makes a clip.
    pub fn chunk(&self, chunk: &Arc<Chunk>) {
        let limits = self.keeper.limits();
        let mut held = self.held();
        if held.off {
            return;
        }
        let was_empty = held.gops.is_empty();
        held.chunk(chunk);
        let gone = held.trim(&limits);
        let is_empty = held.gops.is_empty();
        drop(held);
        // Thousands of buffers may be given back here: not while the lock is held.
        drop(gone);
        match (was_empty, is_empty) {
            (true, false) => _ = self.keeper.in_use.fetch_add(1, Ordering::Relaxed),
            (false, true) => _ = self.keeper.in_use.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
    }

    /// What was found in a frame, as it was sent.
    pub fn tracks(&self, text: &Arc<str>) {
        let mut held = self.held();
        let Some(gop) = held.gops.back_mut().map(Arc::make_mut) else { return };
        gop.tracks.push(Arc::clone(text));
        let bytes = text.len() + ITEM_OVERHEAD;
        gop.bytes += bytes;
        held.bytes += bytes;
    }

    /// Keeps what comes from the next key frame on, or forgets all that is held and keeps nothing.
    pub fn keep(&self, keep: bool) {
        let mut held = self.held();
        held.off = !keep;
        if keep {
            return;
        }
        let fresh = Held { init: held.init.take(), off: true, ..Held::default() };
        let gone = std::mem::replace(&mut *held, fresh);
        drop(held);
        if !gone.gops.is_empty() {
            self.keeper.in_use.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Everything that is held now, oldest first; shares the bytes.
    #[must_use]
    pub fn gops(&self) -> Vec<Arc<Gop>> {
        self.held().gops.iter().cloned().collect()
    }

    /// Bytes that are held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.held().bytes
    }

    /// Whether nothing is held because the camera's GOP is larger than what may be kept.
    #[must_use]
    pub fn is_outgrown(&self) -> bool {
        let held = self.held();
        held.outgrown && held.gops.is_empty()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        if !self.held().gops.is_empty() {
            self.keeper.in_use.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Held {
    fn chunk(&mut self, chunk: &Arc<Chunk>) {
        let Some(init) = &self.init else { return };
        let begins = chunk.is_key() && !chunk.is_audio();
        if !begins && !self.following {
            return;
        }
        self.newest = self.newest.max(chunk.arrived);
        let bytes = chunk.message.len() + ITEM_OVERHEAD;
        if begins {
            self.following = true;
            self.outgrown = false;
            let gop = Gop {
                init: Arc::clone(init),
                chunks: vec![Arc::clone(chunk)],
                tracks: Vec::new(),
                bytes: bytes + init.bytes(),
            };
            self.bytes += gop.bytes;
            self.gops.push_back(Arc::new(gop));
        } else if let Some(gop) = self.gops.back_mut().map(Arc::make_mut) {
            gop.chunks.push(Arc::clone(chunk));
            gop.bytes += bytes;
            self.bytes += bytes;
        }
    }

    /// Lets go of the oldest GOPs: of those that the others do without and still cover the time, and of all that are too many
    /// bytes. Gives them to be dropped.
    fn trim(&mut self, limits: &Keep) -> Vec<Arc<Gop>> {
        let mut gone = Vec::new();
        while let Some(gop) = self.gops.front() {
            let enough = self.gops.get(1).is_some_and(|next| self.newest.since(next.chunks[0].arrived) >= limits.time);
            if self.bytes <= limits.bytes && !enough && !limits.time.is_zero() {
                break;
            }
            self.bytes -= gop.bytes;
            gone.extend(self.gops.pop_front());
        }
        if self.gops.is_empty() && self.following {
            self.outgrown = !limits.time.is_zero();
            self.following = false;
        }
        gone
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
