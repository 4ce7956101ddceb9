//! A second model of a camera: it looks at crops of what is followed, one after the other, and what it finds stands on the track.
//!
//! The crops of a look go to the batcher one at a time, so that a camera has one input at each model, however much it sees. Those that
//! are not reached before the next look are not looked at, and are the first ones then.

use crate::detect::{Subject, Turns, findings};
use crate::pipeline::batcher::{Called, Engines, Model, Place, Refused};
use crate::pipeline::clock::Mono;
use crate::pipeline::counters::{DropCause, StageCounters};
use crate::pipeline::frame::Frame;
use crate::track::Tracker;
use sightline_shared::camera::{DetectSettings, SecondModel};
use sightline_shared::tracks::Track;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};

/// What a finding needs where the settings say nothing of its label.
const ENOUGH: f32 = 0.5;
/// The lowest score that a model is asked for.
const LEAST: f32 = 0.05;

pub(super) struct Second {
    place: Place,
    turns: Turns,
    scores: BTreeMap<String, f64>,
    counters: Arc<StageCounters>,
    /// The frame that is looked at, while there is something to do in it.
    frame: Option<Arc<Frame>>,
    waiting: VecDeque<Subject>,
    asked: Option<(u64, Subject, Mono)>,
    last_number: u64,
}

impl Second {
    pub(super) fn new(
        settings: &DetectSettings,
        second: &SecondModel,
        engines: &Arc<Engines>,
        called: Weak<dyn Called>,
        counters: Arc<StageCounters>,
    ) -> Self {
        Self {
            place: engines.place(&second.model, called),
            turns: Turns::new(&second.labels),
            scores: settings.scores.clone(),
            counters,
            frame: None,
            waiting: VecDeque::new(),
            asked: None,
            last_number: 0,
        }
    }

    pub(super) fn model(&self) -> Model {
        self.place.model()
    }

    /// The tracks of a frame that was looked at: what is in them comes next, in place of what is left of the frame before.
    pub(super) fn offer(&mut self, frame: &Arc<Frame>, tracks: &[Track]) {
        self.counters.dropped(DropCause::Busy, self.waiting.len() as u64);
        self.waiting = self.turns.choose(tracks).into();
        self.waiting.iter().for_each(|_| self.counters.enter());
        self.frame = (!self.waiting.is_empty()).then(|| frame.clone());
    }

    /// Does one thing, if there is one to do: takes an answer, or posts the next crop.
    pub(super) fn step(&mut self, tracker: &mut Tracker, now: Mono) -> bool {
        let answer = self.place.answer();
        if let Some(answer) = answer {
            let asked = self.asked.take_if(|(number, ..)| *number == answer.ticket);
            let Some((_, subject, at)) = asked else { return true };
            match answer.found {
                Ok(found) => {
                    self.counters.on_device(now, answer.on_device.as_slice());
                    self.counters.leave(now, now.since(at));
                    let enough = |label: &str| self.scores.get(label).map_or(ENOUGH, |score| *score as f32);
                    let found = findings(&found, |one| one.score >= enough(&one.label));
                    tracker.attach(&subject.track, subject.area, found);
                }
                Err(_) => self.counters.dropped(DropCause::LookFailed, 1),
            }
            return true;
        }
        self.asked.is_none() && self.post(now)
    }

    /// Posts the next crop; false where there is none.
    fn post(&mut self, now: Mono) -> bool {
        let Some(frame) = self.frame.clone() else { return false };
        let Some(subject) = self.waiting.pop_front() else {
            self.frame = None;
            return false;
        };
        self.last_number += 1;
        let posted = self.place.post(self.last_number, LEAST, frame, Some(subject.crop()));
        match posted {
            Ok(()) => {
                self.turns.looked(&subject.track);
                self.asked = Some((self.last_number, subject, now));
            }
            Err(Refused::NotReady) => self.counters.dropped(DropCause::Loading, 1),
            Err(Refused::Busy) => self.counters.dropped(DropCause::Busy, 1),
        }
        if self.waiting.is_empty() {
            self.frame = None;
        }
        true
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let held = self.waiting.len() + usize::from(self.asked.is_some());
        self.counters.dropped(DropCause::Stopped, held as u64);
    }
}
