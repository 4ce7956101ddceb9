//! What a decoder needs to begin in the middle: the video that the hub still keeps, as access units.

use super::packet::AccessUnit;
use crate::live::hub::Hub;
use std::collections::VecDeque;

/// From the key frame that `first` refers to up to `last`, both of one epoch; none where the hub no longer has all of it.
#[must_use]
pub fn since_key_frame(hub: &Hub, first: &AccessUnit, last: &AccessUnit) -> VecDeque<AccessUnit> {
    let chunks = hub.since_key_frame(first.epoch, first.pts, last.pts);
    let units = chunks.iter().filter_map(|chunk| chunk.access_unit(&last.params));
    units.map(|unit| AccessUnit { sequence: 0, ..unit }).collect()
}
