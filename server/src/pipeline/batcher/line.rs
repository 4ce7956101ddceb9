//! The line before an engine: one slot a place, served in turn.

use super::place::Answer;
use super::{Called, Input, ModelError, Spec};
use crate::detect::Detection;
use crate::pipeline::clock::Mono;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};

/// What a camera asked.
pub(super) struct Asked {
    pub(super) ticket: u64,
    /// The lowest score that is of use to it.
    pub(super) least: f32,
    pub(super) at: Mono,
    /// For which the input was prepared.
    pub(super) spec: Arc<Spec>,
}

pub(super) struct Slot {
    /// The one input of the place; with the engine, or with who prepares it, while it is absent.
    input: Option<Input>,
    /// Posted, and not taken by the engine yet.
    asked: Option<Asked>,
    with_engine: bool,
    answer: Option<Answer>,
    called: Weak<dyn Called>,
}

/// What the engine took out of a slot.
pub(super) struct Taken {
    id: u64,
    pub(super) input: Input,
    pub(super) asked: Asked,
}

#[derive(Default)]
pub(super) struct Line {
    slots: BTreeMap<u64, Slot>,
    /// Whose inputs wait, the longest first.
    waiting: VecDeque<u64>,
    last_id: u64,
}

impl Line {
    pub(super) fn join(&mut self, called: Weak<dyn Called>) -> u64 {
        self.last_id += 1;
        self.slots.insert(self.last_id, Slot { input: None, asked: None, with_engine: false, answer: None, called });
        self.last_id
    }

    pub(super) fn leave(&mut self, id: u64) {
        self.slots.remove(&id);
        self.waiting.retain(|waiting| *waiting != id);
    }

    /// Lends the input of a place, for it to be prepared: `None` while the engine has it. An input that waits is lent as well, and keeps
    /// its turn.
    pub(super) fn lend(&mut self, id: u64) -> Option<Input> {
        let slot = self.slots.get_mut(&id).filter(|slot| !slot.with_engine)?;
        Some(slot.input.take().unwrap_or_default())
    }

    /// Takes an input back: with what is asked of it, or without, if it could not be prepared.
    pub(super) fn post(&mut self, id: u64, input: Input, asked: Option<Asked>) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        slot.input = Some(input);
        slot.asked = asked;
        let stands = self.waiting.contains(&id);
        match (slot.asked.is_some(), stands) {
            (true, false) => self.waiting.push_back(id),
            (false, true) => self.waiting.retain(|waiting| *waiting != id),
            _ => {}
        }
    }

    /// The inputs that wait, `most` at most, in turn. One that is just being prepared anew keeps its turn for the next time.
    pub(super) fn take(&mut self, most: usize) -> Vec<Taken> {
        let mut taken = Vec::new();
        let mut left = VecDeque::new();
        while taken.len() < most
            && let Some(id) = self.waiting.pop_front()
        {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            let Some(input) = slot.input.take() else {
                left.push_back(id);
                continue;
            };
            match slot.asked.take() {
                Some(asked) => {
                    slot.with_engine = true;
                    taken.push(Taken { id, input, asked });
                }
                None => slot.input = Some(input),
            }
        }
        left.append(&mut self.waiting);
        self.waiting = left;
        taken
    }

    /// Whether [`Self::take`] would find something.
    pub(super) fn is_any_ready(&self) -> bool {
        let ready = |id: &u64| self.slots.get(id).is_some_and(|slot| slot.input.is_some() && slot.asked.is_some());
        self.waiting.iter().any(ready)
    }

    /// Gives an input back with its answer. Whom to call, once the lock is open.
    pub(super) fn answer(
        &mut self,
        taken: Taken,
        found: Result<Vec<Detection>, ModelError>,
    ) -> Option<Weak<dyn Called>> {
        let slot = self.slots.get_mut(&taken.id)?;
        slot.with_engine = false;
        slot.input = Some(taken.input);
        slot.answer = Some(Answer { ticket: taken.asked.ticket, found });
        Some(slot.called.clone())
    }

    /// Answers everything that waits with `error`.
    pub(super) fn refuse_all(&mut self, error: &ModelError) -> Vec<Weak<dyn Called>> {
        let mut call = Vec::new();
        for id in std::mem::take(&mut self.waiting) {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            if let Some(asked) = slot.asked.take() {
                slot.answer = Some(Answer { ticket: asked.ticket, found: Err(error.clone()) });
                call.push(slot.called.clone());
            }
        }
        call
    }

    /// The answer of a place.
    pub(super) fn collect(&mut self, id: u64) -> Option<Answer> {
        self.slots.get_mut(&id)?.answer.take()
    }

    /// Whether the engine has the input of a place, or an answer is not fetched yet.
    pub(super) fn is_busy(&self, id: u64) -> bool {
        self.slots.get(&id).is_none_or(|slot| slot.with_engine || slot.answer.is_some())
    }

    /// Inputs that are not with the engine.
    #[cfg(test)]
    pub(super) fn inputs(&self) -> usize {
        self.slots.values().filter(|slot| slot.input.is_some()).count()
    }

    /// Bytes of all inputs that are not with the engine.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let inputs = self.slots.values().filter_map(|slot| slot.input.as_ref());
        inputs.map(|input| input.samples.capacity() * size_of::<f32>()).sum()
    }
}
