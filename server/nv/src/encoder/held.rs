//! Who holds which encode session in this process: cards for desktops have a few for all programs together, so that people ask.

use super::{Codec, EncoderSettings};
use crate::Context;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An encode session of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldSession {
    /// Who it is for, in the words of whoever opened it.
    pub name: String,
    /// The device's number.
    pub device: u32,
    /// What is encoded.
    pub codec: Codec,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl HeldSession {
    pub(super) fn of(context: &Context, settings: &EncoderSettings, name: &str) -> Self {
        let EncoderSettings { codec, width, height, .. } = *settings;
        Self { name: name.to_owned(), device: context.ordinal(), codec, width, height }
    }
}

/// How many sessions could be had beside those that are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many were opened at once, on top of those that are in use.
    pub sessions: usize,
    /// Whether there might be more: as many as were asked for could be had.
    pub more: bool,
}

struct Registry {
    next: u64,
    held: BTreeMap<u64, HeldSession>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { next: 0, held: BTreeMap::new() });

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The encode sessions of this process, in the order in which they were opened.
#[must_use]
pub fn sessions() -> Vec<HeldSession> {
    registry().held.values().cloned().collect()
}

/// A session's line in the list; gone with it.
pub(super) struct Entry(u64);

impl Entry {
    pub(super) fn new(held: HeldSession) -> Self {
        let mut registry = registry();
        registry.next += 1;
        let number = registry.next;
        registry.held.insert(number, held);
        Self(number)
    }

    pub(super) fn resized(&self, (width, height): (u32, u32)) {
        if let Some(held) = registry().held.get_mut(&self.0) {
            (held.width, held.height) = (width, height);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        registry().held.remove(&self.0);
    }
}
