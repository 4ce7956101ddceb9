//! The bounded line of clips to be made: places in it, who is worked on and how far, calling off, and the moment after which that
//! is too late.

use crate::pipeline::clock::Mono;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A clip between its request and its end.
#[derive(Debug, Default)]
pub(super) struct Active {
    called_off: Arc<AtomicBool>,
    committed: AtomicBool,
    /// Of [`WHOLE`].
    done: AtomicU64,
    bytes: u64,
    started: Mutex<Option<Mono>>,
}

/// All of the work.
const WHOLE: u64 = 1 << 20;

impl Active {
    /// True once somebody called it off.
    pub(super) fn called_off(&self) -> &Arc<AtomicBool> {
        &self.called_off
    }

    /// Whether somebody called it off.
    pub(super) fn is_called_off(&self) -> bool {
        self.called_off.load(Ordering::Acquire)
    }

    /// Sets how far it is, 0..1.
    pub(super) fn set_progress(&self, part: f64) {
        self.done.store((part.clamp(0.0, 1.0) * WHOLE as f64) as u64, Ordering::Relaxed);
    }

    /// How far it is, 0..1.
    pub(super) fn progress(&self) -> f64 {
        self.done.load(Ordering::Relaxed) as f64 / WHOLE as f64
    }

    /// When work on it began, if it did.
    pub(super) fn started(&self) -> Option<Mono> {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Work on it begins.
    pub(super) fn start(&self, now: Mono) {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(now);
    }
}

/// The line. `J` is what there is to do for a clip.
pub(super) struct Lane<J> {
    state: Mutex<State<J>>,
    wake: Condvar,
    places: usize,
}

struct State<J> {
    /// By desk.
    waiting: [VecDeque<(String, J)>; 2],
    active: HashMap<String, Arc<Active>>,
    stopping: bool,
}

/// Who works: what takes long has a desk of its own, so that short work need not wait behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Desk {
    /// Writes files.
    Write,
    /// Encodes anew.
    Encode,
}

/// What calling off met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalledOff {
    /// It had not begun, and will not.
    Waiting,
    /// It is worked on, and will end soon without a result.
    Working,
}

impl<J> Lane<J> {
    /// A line with so many places, those of the ones worked on included.
    pub(super) fn new(places: usize) -> Self {
        let state = State { waiting: Default::default(), active: HashMap::new(), stopping: false };
        Self { state: Mutex::new(state), wake: Condvar::new(), places }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a clip of so many bytes; `None` where the line is full or ends.
    pub(super) fn enter(&self, id: &str, bytes: u64) -> Option<Arc<Active>> {
        let mut state = self.state();
        if state.active.len() >= self.places || state.stopping {
            return None;
        }
        let active = Arc::new(Active { bytes, ..Active::default() });
        state.active.insert(id.to_owned(), Arc::clone(&active));
        Some(active)
    }

    /// Gives a place back.
    pub(super) fn leave(&self, id: &str) {
        self.state().active.remove(id);
    }

    /// Puts the work of a clip that has a place at the end of the line.
    pub(super) fn push(&self, desk: Desk, id: &str, job: J) {
        self.state().waiting[desk as usize].push_back((id.to_owned(), job));
        self.wake.notify_all();
    }

    /// Waits for work; `None` once the line ends.
    pub(super) fn next(&self, desk: Desk) -> Option<(String, J, Arc<Active>)> {
        let mut state = self.state();
        loop {
            if state.stopping {
                return None;
            }
            if let Some((id, job)) = state.waiting[desk as usize].pop_front() {
                let active = state.active.get(&id).cloned().unwrap_or_default();
                return Some((id, job, active));
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether and how a clip is on its way.
    pub(super) fn active(&self, id: &str) -> Option<Arc<Active>> {
        self.state().active.get(id).cloned()
    }

    /// Bytes that clips on their way will still write.
    pub(super) fn bytes_to_come(&self) -> u64 {
        let left = |active: &Arc<Active>| active.bytes as f64 * (1.0 - active.progress());
        self.state().active.values().map(left).sum::<f64>() as u64
    }

    /// Calls a clip off; `None` where it is not on its way, or its last step is done.
    pub(super) fn call_off(&self, id: &str) -> Option<CalledOff> {
        let mut state = self.state();
        let active = state.active.get(id).filter(|active| !active.committed.load(Ordering::Acquire))?;
        active.called_off.store(true, Ordering::Release);
        let waits = |desk: &&mut VecDeque<(String, J)>| desk.iter().any(|(waiting, _)| waiting == id);
        let Some(desk) = state.waiting.iter_mut().find(waits) else { return Some(CalledOff::Working) };
        desk.retain(|(waiting, _)| waiting != id);
        state.active.remove(id);
        Some(CalledOff::Waiting)
    }

    /// Does the last step of a clip, unless it was called off before: a clip that is called off never appears afterwards.
    pub(super) fn commit<R>(&self, active: &Active, last_step: impl FnOnce() -> R) -> Option<R> {
        let _no_one_calls_off = self.state();
        if active.is_called_off() {
            return None;
        }
        active.committed.store(true, Ordering::Release);
        Some(last_step())
    }

    /// Ends the line: workers finish with what they have in hand, called off.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        state.waiting.iter_mut().for_each(VecDeque::clear);
        state.active.values().for_each(|active| active.called_off.store(true, Ordering::Release));
        drop(state);
        self.wake.notify_all();
    }

    /// Whether it was ended.
    pub(super) fn is_stopping(&self) -> bool {
        self.state().stopping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let lane: Lane<u8> = Lane::new(2);
        assert!(lane.enter("a", 100).is_some() && lane.enter("b", 50).is_some());
        assert!(lane.enter("c", 1).is_none());
        assert_eq!(lane.bytes_to_come(), 150);
        lane.push(Desk::Write, "a", 1);
        lane.push(Desk::Write, "b", 2);
        let (id, job, active) = lane.next(Desk::Write).expect("work");
        assert_eq!((id.as_str(), job), ("a", 1));
        active.set_progress(0.5);
        assert_eq!(lane.bytes_to_come(), 100);
        lane.leave("a");
        assert!(lane.enter("c", 1).is_some());
    }

    #[test]
    fn calling_off_removes_who_waits_and_stops_who_works_before_the_last_step() {
        let lane: Lane<u8> = Lane::new(4);
        lane.enter("a", 1);
        lane.enter("b", 1);
        lane.push(Desk::Write, "a", 1);
        lane.push(Desk::Write, "b", 2);
        let (_, _, active) = lane.next(Desk::Write).expect("work");
        assert_eq!(lane.call_off("b"), Some(CalledOff::Waiting));
        assert_eq!(lane.call_off("a"), Some(CalledOff::Working));
        assert_eq!(lane.commit(&active, || unreachable!("it was called off")), None::<()>);
        assert_eq!(lane.call_off("c"), None);
        let done = lane.enter("d", 1).expect("a place");
        assert_eq!(lane.commit(&done, || 7), Some(7));
        assert_eq!(lane.call_off("d"), None, "too late");
        lane.leave("a");
        assert!(lane.active("a").is_none() && lane.active("b").is_none());
        lane.stop();
        assert!(lane.next(Desk::Encode).is_none() && lane.enter("e", 1).is_none());
    }
}
