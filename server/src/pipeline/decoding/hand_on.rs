//! What came out of a decoder, to those who want it; what did not come out is counted.

use super::super::counters::DropCause;
use super::super::frame::Frame;
use super::{Decoded, Decoding, Inside, Worker, lock};
use sightline_shared::time::{Epoch, Pts};
use std::sync::Arc;

/// Access units that a decoder may hold back (H.264 and H.265 reorder over at most 16, H.264 A.3.1); what stays longer is lost.
const MAX_INSIDE: usize = 64;
/// The newest frames, kept for pictures of the moment: of the newest one the tracks may not be known yet.
const NEWEST: usize = 2;

impl Decoding {
    /// Hands on what came out of the decoder.
    pub(super) fn pass_on(&self, worker: &mut Worker) {
        if let Some(decoder) = &mut worker.decoder {
            self.counters.on_device(self.clock.now(), &decoder.device_times());
        }
        for frame in std::mem::take(&mut worker.frames) {
            let key = (frame.epoch, frame.pts);
            let Some(at) = worker.inside.iter().position(|inside| (inside.unit.epoch, inside.unit.pts) == key) else {
                // Made of a unit that was damaged, and is counted as such.
                continue;
            };
            if let Some(inside) = worker.inside.remove(at) {
                self.hand_on(frame, inside);
            }
            self.count_lost(worker, key);
        }
        while worker.inside.len() > MAX_INSIDE {
            let lost = worker.inside.pop_front().is_some_and(|inside| inside.at.is_some());
            self.counters.dropped(DropCause::DecodeError, u64::from(lost));
        }
    }

    /// Frames come in order of presentation: what is before the newest one will not come any more.
    fn count_lost(&self, worker: &mut Worker, (epoch, pts): (Epoch, Pts)) {
        let mut lost = 0;
        worker.inside.retain(|inside| {
            let gone = inside.unit.epoch == epoch && inside.unit.pts < pts;
            lost += u64::from(gone && inside.at.is_some());
            !gone
        });
        self.counters.dropped(DropCause::DecodeError, lost);
    }

    fn hand_on(&self, frame: Frame, inside: Inside) {
        let Some(offered) = inside.at else { return };
        let at = self.clock.now();
        self.counters.leave(at, at.since(offered));
        if let Some(trace) = &inside.trace {
            trace.mark("decode", None, at);
        }
        let unit = inside.unit;
        let claimed = unit.params.video.claimed_millifps.map(|rate| f64::from(rate) / 1e3);
        let decoded = Decoded {
            frame: Arc::new(frame),
            key: unit.key,
            duration: unit.duration,
            fps: self.fps().or(claimed.filter(|fps| (1.0..=240.0).contains(fps))).unwrap_or(25.0),
            sequence: unit.sequence,
            captured_utc: unit.captured_utc,
            params: unit.params,
            trace: inside.trace,
            at,
        };
        let mut newest = lock(&self.newest);
        if newest.len() == NEWEST {
            newest.pop_front();
        }
        newest.push_back(decoded.frame.clone());
        drop(newest);
        self.consumers.iter().for_each(|consumer| consumer.give(&decoded));
    }
}
