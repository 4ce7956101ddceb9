//! What a camera's analysis does in its turn, thing by thing: begins looks, takes answers, tells tracks.

use super::eye::{By, Look};
use super::line::{Due, Moment, Resolved, Seen};
use super::{Analysis, UnderWay, Worker, lock};
use crate::detect::Detection;
use crate::device::{Fetcher, Sight};
use crate::pipeline::batcher::Answer;
use crate::pipeline::counters::DropCause;
use crate::pipeline::frame::Frame;
use crate::track::{CameraShift, Tracker};
use sightline_shared::camera::DetectSettings;
use sightline_shared::tracks::Tracks;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How the camera itself moved, where it is asked. A frame on a device is made small there: cells are coarse.
fn steady(worker: &mut Worker, frame: &Frame) -> Option<CameraShift> {
    let steady = worker.steady.as_mut()?;
    // A device that fails tells so in the look that follows.
    let fetched = worker.fetcher.fetch(frame, Sight::Coarse).ok()?;
    steady.look(fetched.as_ref().unwrap_or(frame))
}

/// Shows tracks to zones and events, and to second models where their frame was looked at.
fn show(worker: &mut Worker, tracks: &mut Tracks, looked: Option<&Arc<Frame>>) {
    if let Some(watch) = &mut worker.watch {
        watch.watch(tracks, looked);
    }
    if let Some(frame) = looked {
        worker.seconds.iter_mut().for_each(|second| second.offer(frame, &tracks.tracks));
    }
}

impl Analysis {
    /// Forgets the looks that are under way.
    pub(super) fn call_off(&self, worker: &mut Worker) {
        for under_way in [worker.posted.take(), worker.next.take()].into_iter().flatten() {
            self.not_looked(&under_way, DropCause::Stopped);
        }
    }

    /// A frame that was to be looked at will not be.
    fn not_looked(&self, under_way: &UnderWay, cause: DropCause) {
        self.counters.detect.dropped(cause, 1);
        lock(&self.line).unseen(under_way.number, self.clock.now());
    }

    /// Does one thing; false where there is none to do.
    pub(super) fn step(&self, worker: &mut Worker) -> bool {
        if let Some(answer) = worker.eye.answer() {
            self.answered(worker, answer);
            return true;
        }
        let now = self.clock.now();
        let resolved = lock(&self.line).next_resolved(now);
        if let Some(resolved) = resolved {
            self.tell(worker, resolved);
            return true;
        }
        let due = lock(&self.line).next_due();
        if let Some(due) = due {
            self.begin(worker, due);
            return true;
        }
        let Worker { seconds, tracker, .. } = worker;
        seconds.iter_mut().any(|second| second.step(tracker, now))
    }

    /// Has a frame looked at.
    fn begin(&self, worker: &mut Worker, Due { number, frame, moment }: Due) {
        self.inject.pause("detect", &*self.clock);
        let by = self.look_by(worker);
        let shift = steady(worker, &frame);
        let under_way = UnderWay { number, frame, moment, shift };
        let look = worker.eye.look(by, number, &under_way.frame, &mut worker.fetcher);
        self.begun(worker, under_way, look);
    }

    /// What became of asking for a look.
    fn begun(&self, worker: &mut Worker, under_way: UnderWay, look: Look) {
        self.counters.detect.on_device(self.clock.now(), &worker.fetcher.device_times());
        if worker.fetcher.is_lost() {
            // The device can be had again once nothing of it is held.
            worker.fetcher = Fetcher::default();
        }
        match look {
            Look::Found(found) => self.looked(worker, under_way, found),
            Look::Asked => {
                // One that the model had not begun with gave its turn to this one.
                if let Some(before) = worker.posted.replace(under_way) {
                    self.not_looked(&before, DropCause::Busy);
                }
            }
            Look::Busy => {
                if let Some(before) = worker.next.replace(under_way) {
                    self.not_looked(&before, DropCause::Busy);
                }
            }
            Look::Not(cause) => self.not_looked(&under_way, cause),
            Look::Failed(reason) => self.failed(&under_way, reason),
        }
    }

    fn failed(&self, under_way: &UnderWay, reason: String) {
        self.not_looked(under_way, DropCause::LookFailed);
        lock(&self.info).failed = Some(reason);
    }

    /// Who looks now. With a model come other things than with movement, and other rules for them.
    fn look_by(&self, worker: &mut Worker) -> By {
        let by = worker.eye.by();
        if by != By::Nobody && by != worker.by {
            worker.by = by;
            let rules = match by {
                // Labels and scores are those of the model's things; what moves is shown in their place.
                By::MotionInstead => DetectSettings::default(),
                _ => worker.settings.clone(),
            };
            worker.tracker = Tracker::new(&rules, self.clock.clone());
        }
        by
    }

    /// The model has answered.
    fn answered(&self, worker: &mut Worker, answer: Answer) {
        self.counters.detect.on_device(self.clock.now(), answer.on_device.as_slice());
        if let Some(under_way) = worker.posted.take_if(|posted| posted.number == answer.ticket) {
            match answer.found {
                Ok(found) => self.looked(worker, under_way, found),
                Err(error) => self.failed(&under_way, error.0),
            }
        }
        if let Some(next) = worker.next.take() {
            let look = worker.eye.ask(next.number, &next.frame);
            self.begun(worker, next, look);
        }
    }

    /// A look has ended.
    fn looked(&self, worker: &mut Worker, under_way: UnderWay, found: Vec<Detection>) {
        let UnderWay { number, frame, moment, shift } = under_way;
        let now = self.clock.now();
        self.counters.detect.leave(now, now.since(moment.at));
        lock(&self.info).failed = None;
        let in_time = lock(&self.line).seen(number, Seen { frame, found, shift }, now);
        match in_time {
            Ok(()) => {
                if let Some(trace) = &moment.trace {
                    trace.mark("detect", None, now);
                }
            }
            Err(seen) => self.late(worker, &moment, seen),
        }
    }

    /// What was found in a frame that has been told with predicted boxes.
    fn late(&self, worker: &mut Worker, moment: &Moment, Seen { frame, found, shift }: Seen) {
        self.counters.late.fetch_add(1, Ordering::Relaxed);
        if let Some(shift) = &shift {
            worker.tracker.shift(shift);
        }
        let tracks = worker.tracker.late(moment.epoch, moment.pts, found);
        let mut tracks = Tracks { epoch: moment.epoch, pts: moment.pts, tracks, ..Tracks::default() };
        show(worker, &mut tracks, Some(&frame));
    }

    /// The final tracks of a frame.
    fn tell(&self, worker: &mut Worker, Resolved { moment, seen }: Resolved) {
        let Moment { epoch, pts, at, trace } = moment;
        let (frame, found) = match seen {
            Some(Seen { frame, found, shift }) => {
                if let Some(shift) = &shift {
                    worker.tracker.shift(shift);
                }
                (Some(frame), Some(found))
            }
            None => (None, None),
        };
        let mut tracks = worker.tracker.update(epoch, pts, found);
        show(worker, &mut tracks, frame.as_ref());
        self.inject.pause("track", &*self.clock);
        let told = self.sink.tracks(tracks);
        let now = self.clock.now();
        if !told {
            return self.counters.track.dropped(DropCause::Unpaired, 1);
        }
        self.counters.track.leave(now, now.since(at));
        if let Some(trace) = &trace {
            trace.mark("track", None, now);
            self.sink.traced(trace);
        }
    }
}
