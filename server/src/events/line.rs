//! The bounded line between analysis, which never waits, and the thread that cuts, writes and tells.

use super::watcher::Happened;
use super::watching::Tally;
use crate::pipeline::frame::Frame;
use sightline_shared::scene::Mask;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Events that wait to be written, of all cameras.
const MOST_WAITING: usize = 4096;
/// Frames that are held for pictures at once, of one camera and of all. A decoder lends them.
const MOST_FRAMES: (usize, usize) = (2, 8);
/// Reports that are written together.
const BATCH: usize = 32;

/// What happened in one frame of a camera.
pub struct Report {
    pub(super) camera: Arc<Tally>,
    pub(super) happened: Vec<Happened>,
    /// The frame, where there is something to cut from it.
    pub(super) frame: Option<Arc<Frame>>,
    /// What nobody is to see of it.
    pub(super) masks: Arc<[Mask]>,
}

/// Where reports go.
pub trait Reports: Send + Sync {
    /// Takes a report, or counts what it cannot take; never waits.
    fn report(&self, report: Report);
}

/// For a program that keeps no events: they are counted and forgotten.
pub(super) struct Nowhere;

impl Reports for Nowhere {
    fn report(&self, _: Report) {}
}

/// A frame that is held for its pictures.
pub(super) struct Held {
    pub(super) frame: Arc<Frame>,
    _places: [Place; 2],
}

/// A place among those that there are; given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(taken: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let more = |now: usize| (now < most).then_some(now + 1);
        taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok().map(|_| Self(taken.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A report in the line.
pub(super) struct Waiting {
    pub(super) camera: Arc<Tally>,
    pub(super) happened: Vec<Happened>,
    pub(super) frame: Option<Held>,
    pub(super) masks: Arc<[Mask]>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    events: usize,
    stopping: bool,
}

/// The line.
#[derive(Default)]
pub(super) struct Line {
    state: Mutex<State>,
    wake: Condvar,
    frames: Arc<AtomicUsize>,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a report at the end. Where too many frames are held it goes without its own; where too many events wait it is lost. Both
    /// are counted.
    pub(super) fn push(&self, report: Report) {
        let Report { camera, happened, frame, masks } = report;
        let mut state = self.lock();
        if state.stopping || state.events + happened.len() > MOST_WAITING {
            camera.lost(happened.len());
            return;
        }
        let frame = frame.and_then(|frame| self.hold(&camera, frame));
        state.events += happened.len();
        state.waiting.push_back(Waiting { camera, happened, frame, masks });
        drop(state);
        self.wake.notify_one();
    }

    fn hold(&self, camera: &Tally, frame: Arc<Frame>) -> Option<Held> {
        let own = Place::take(camera.frames(), MOST_FRAMES.0)?;
        let all = Place::take(&self.frames, MOST_FRAMES.1)?;
        Some(Held { frame, _places: [own, all] })
    }

    /// The next reports, once there are any; none after `patience`. `None` at the end, when all are taken.
    pub(super) fn next(&self, patience: Duration) -> Option<Vec<Waiting>> {
        let mut state = self.lock();
        if state.waiting.is_empty() && !state.stopping {
            state = self.wake.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.waiting.is_empty() && state.stopping {
            return None;
        }
        let count = state.waiting.len().min(BATCH);
        let batch: Vec<_> = state.waiting.drain(..count).collect();
        state.events -= batch.iter().map(|one| one.happened.len()).sum::<usize>();
        Some(batch)
    }

    /// No more are taken; those that wait are.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.wake.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::tests::quarters;
    use crate::pipeline::frame::{Colour, PixelFormat};
    use sightline_shared::events::Event;

    fn report(camera: &Arc<Tally>, events: usize) -> Report {
        let happened = Happened { event: Event::default(), at: Duration::ZERO, shown: true };
        let frame = Arc::new(quarters(PixelFormat::I420, (16, 16), Colour::default()));
        Report { camera: camera.clone(), happened: vec![happened; events], frame: Some(frame), masks: Arc::default() }
    }

    #[test]
    fn frames_are_held_by_few_and_events_by_many_and_the_rest_is_counted() {
        let (line, cameras) = (Line::default(), [(); 6].map(|()| Arc::new(Tally::default())));
        for _ in 0..3 {
            line.push(report(&cameras[0], 1));
        }
        cameras[1..].iter().for_each(|camera| (0..2).for_each(|_| line.push(report(camera, 1))));
        let batch = line.next(Duration::ZERO).expect("goes on");
        let held: Vec<bool> = batch.iter().map(|one| one.frame.is_some()).collect();
        assert_eq!(
            held,
            [vec![true, true, false], vec![true; 6], vec![false; 4]].concat(),
            "two of a camera, eight in all"
        );
        drop(batch);
        line.push(report(&cameras[5], 1));
        assert!(line.next(Duration::ZERO).expect("goes on")[0].frame.is_some(), "places are given back");

        line.push(report(&cameras[0], MOST_WAITING));
        line.push(report(&cameras[1], 3));
        assert_eq!((cameras[0].read().lost, cameras[1].read().lost), (0, 3));
        assert_eq!(line.next(Duration::ZERO).expect("goes on").len(), 1);
        assert!(line.next(Duration::ZERO).expect("goes on").is_empty(), "nothing waits");
        line.push(report(&cameras[1], 1));
        line.stop();
        line.push(report(&cameras[1], 1));
        assert_eq!(cameras[1].read().lost, 4);
        assert_eq!(line.next(Duration::ZERO).map(|batch| batch.len()), Some(1), "what waited is taken");
        assert!(line.next(Duration::ZERO).is_none());
    }
}
