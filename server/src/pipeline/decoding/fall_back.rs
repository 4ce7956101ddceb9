//! From the device's decoder to another one while frames are wanted: nobody waits for the next key frame.

use super::super::catch_up::since_key_frame;
use super::super::counters::DropCause;
use super::{AccessUnit, Decoding, Inside, Refused, Worker};
use std::collections::VecDeque;

impl Decoding {
    /// The decoder that runs cannot take `failed`, nor anything after it: what it held and what that refers to is decoded again
    /// before anything else, in software, or on another device where this one is `lost`.
    pub(super) fn fall_back(&self, worker: &mut Worker, failed: Inside, reason: String, lost: bool) {
        tracing::warn!(holder = self.seat.holder(), "another decoder goes on: {reason}");
        worker.decoder = None;
        worker.params = None;
        let elsewhere = lost && self.seat.card().is_ok();
        worker.refused = (!elsewhere).then(|| Refused { params: failed.unit.params.clone(), reason, lost });
        let mut held: VecDeque<Inside> = worker.inside.drain(..).chain([failed]).collect();
        worker.again = self.decodable(&mut held);
        // What is left is of a GOP that is gone.
        let lost = held.iter().filter(|inside| inside.at.is_some()).count();
        self.counters.dropped(DropCause::DecodeError, lost as u64);
    }

    /// All of `held`, from the key frame on that its first one refers to; where the hub no longer has that, from the newest key frame
    /// among them.
    fn decodable(&self, held: &mut VecDeque<Inside>) -> VecDeque<Inside> {
        let (Some(first), Some(last), Some(hub)) = (held.front(), held.back(), &self.hub) else {
            return from_newest_key(held);
        };
        let units = since_key_frame(hub, &first.unit, &last.unit);
        if units.is_empty() {
            return from_newest_key(held);
        }
        let known = |unit: AccessUnit| {
            let at = held.iter().position(|inside| (inside.unit.epoch, inside.unit.pts) == (unit.epoch, unit.pts));
            at.and_then(|at| held.remove(at)).unwrap_or(Inside { unit, trace: None, at: None })
        };
        units.into_iter().map(known).collect()
    }
}

fn from_newest_key(held: &mut VecDeque<Inside>) -> VecDeque<Inside> {
    held.iter().rposition(|inside| inside.unit.key).map(|at| held.split_off(at)).unwrap_or_default()
}
