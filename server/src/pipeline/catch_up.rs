//! The GOP that runs, as access units: for a decoder that is wanted in the middle of it.

use super::packet::{AccessUnit, Medium};
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
        let Some(sample) = chunk.sample().filter(|_| !chunk.is_audio() && chunk.header.epoch == unit.epoch) else {
            continue;
        };
        gop.push_back(AccessUnit {
            medium: Medium::Video,
            epoch: chunk.header.epoch,
            starts_epoch: false,
            pts: chunk.header.pts,
            dts: chunk.header.dts,
            duration: chunk.header.duration,
            key: chunk.is_key(),
            data: sample.data,
            params: unit.params.clone(),
            sequence: 0,
            arrived: chunk.arrived,
            captured_utc: None,
        });
    }
    gop
}
