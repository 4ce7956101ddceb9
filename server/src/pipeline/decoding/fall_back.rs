//! From the device's decoder to another one while frames are wanted: nobody waits for the next key frame.

use super::super::catch_up::newest_gop;
use super::super::counters::DropCause;
use super::{Decoding, Inside, Refused, Worker};
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
        worker.again = self.since_key_frame(&mut held);
        // What is left is of a GOP that is gone.
        let lost = held.iter().filter(|inside| inside.at.is_some()).count();
        self.counters.dropped(DropCause::DecodeError, lost as u64);
    }

    /// From the key frame on that the last of `held` refers to: those of `held`, and what has come out of the decoder before;
    /// nothing where the hub has gone on to another GOP, whose key frame then waits in the edge.
    fn since_key_frame(&self, held: &mut VecDeque<Inside>) -> VecDeque<Inside> {
        if let Some(at) = held.iter().rposition(|inside| inside.unit.key) {
            return held.split_off(at);
        }
        let (Some(hub), Some(last)) = (&self.hub, held.back()) else { return VecDeque::new() };
        let gop = newest_gop(hub, &last.unit);
        let Some(end) = gop.iter().position(|unit| (unit.epoch, unit.pts) == (last.unit.epoch, last.unit.pts)) else {
            return VecDeque::new();
        };
        let mut again = VecDeque::with_capacity(end + 1);
        for unit in gop.into_iter().take(end + 1) {
            let known = held.iter().position(|inside| (inside.unit.epoch, inside.unit.pts) == (unit.epoch, unit.pts));
            let known = known.and_then(|at| held.remove(at));
            again.push_back(known.unwrap_or(Inside { unit, trace: None, at: None }));
        }
        again
    }
}
