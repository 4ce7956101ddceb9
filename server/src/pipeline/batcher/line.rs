//! The line before an engine: one slot a place, served in turn.

use super::place::Answer;
use super::{Called, ModelError};
use crate::detect::Area;
use crate::pipeline::clock::Mono;
use crate::pipeline::frame::Frame;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};

/// What a camera asked.
pub(super) struct Asked {
    pub(super) ticket: u64,
    /// The lowest score that is of use to it.
    pub(super) least: f32,
    pub(super) at: Mono,
    pub(super) frame: Arc<Frame>,
    /// The part of it that is looked at, where that is not all of it.
    pub(super) crop: Option<Area>,
}

pub(super) struct Slot {
    /// Posted, and not taken by the engine yet.
    asked: Option<Asked>,
    with_engine: bool,
    answer: Option<Answer>,
    called: Weak<dyn Called>,
}

/// What the engine took out of a slot.
pub(super) struct Taken {
    pub(super) id: u64,
    pub(super) asked: Asked,
}

#[derive(Default)]
pub(super) struct Line {
    slots: BTreeMap<u64, Slot>,
    /// Whose frames wait, the longest first.
    waiting: VecDeque<u64>,
    last_id: u64,
}

impl Line {
    pub(super) fn join(&mut self, called: Weak<dyn Called>) -> u64 {
        self.last_id += 1;
        self.slots.insert(self.last_id, Slot { asked: None, with_engine: false, answer: None, called });
        self.last_id
    }

    pub(super) fn leave(&mut self, id: u64) {
        self.slots.remove(&id);
        self.waiting.retain(|waiting| *waiting != id);
    }

    /// Puts a frame into the line; one that waits gives its turn to it. `false` while the engine has the one of before, or its answer was
    /// not fetched yet.
    pub(super) fn post(&mut self, id: u64, asked: Asked) -> bool {
        let Some(slot) = self.slots.get_mut(&id).filter(|slot| !slot.with_engine && slot.answer.is_none()) else {
            return false;
        };
        if slot.asked.replace(asked).is_none() {
            self.waiting.push_back(id);
        }
        true
    }

    /// The frames that wait, `most` at most, in turn.
    pub(super) fn take(&mut self, most: usize) -> Vec<Taken> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(id) = self.waiting.pop_front()
        {
            if let Some(slot) = self.slots.get_mut(&id)
                && let Some(asked) = slot.asked.take()
            {
                slot.with_engine = true;
                taken.push(Taken { id, asked });
            }
        }
        taken
    }

    /// Whether [`Self::take`] would find something.
    pub(super) fn is_any_ready(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes the answer for a place. Whom to call, once the lock is open.
    pub(super) fn answer(&mut self, id: u64, answer: Answer) -> Option<Weak<dyn Called>> {
        let slot = self.slots.get_mut(&id)?;
        slot.with_engine = false;
        slot.answer = Some(answer);
        Some(slot.called.clone())
    }

    /// Answers everything that waits with `error`.
    pub(super) fn refuse_all(&mut self, error: &ModelError) -> Vec<Weak<dyn Called>> {
        let mut call = Vec::new();
        for id in std::mem::take(&mut self.waiting) {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            if let Some(asked) = slot.asked.take() {
                slot.answer = Some(Answer::failed(asked.ticket, error.clone()));
                call.push(slot.called.clone());
            }
        }
        call
    }

    /// The answer of a place.
    pub(super) fn collect(&mut self, id: u64) -> Option<Answer> {
        self.slots.get_mut(&id)?.answer.take()
    }
}
