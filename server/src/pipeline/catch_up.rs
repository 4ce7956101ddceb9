//! The GOP that runs, as access units: for a decoder that is wanted in the middle of it.

use super::packet::AccessUnit;
use crate::live::hub::{Hub, Item, Next};
use std::collections::VecDeque;
use std::sync::Arc;

/// The video of the hub from its newest key frame on, as access units with the parameters of `unit`.
#[must_use]
pub fn newest_gop(hub: &Arc<Hub>, unit: &AccessUnit) -> VecDeque<AccessUnit> {
    let mut cursor = hub.join();
    let mut gop = VecDeque::new();
    while let Some(Next::Item(item)) = cursor.try_next() {
        let Item::Chunk(chunk) = item else { continue };
        if chunk.is_audio() || chunk.header.epoch != unit.epoch {
            continue;
        }
        gop.extend(chunk.access_unit(&unit.params).map(|earlier| AccessUnit { sequence: 0, ..earlier }));
    }
    gop
}
