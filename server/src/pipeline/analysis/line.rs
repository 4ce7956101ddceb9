//! A camera's frames on their way through analysis, in order: each leaves when its tracks can be told.

use super::AnalysisCounters;
use crate::detect::{Detection, Pace};
use crate::pipeline::clock::Mono;
use crate::pipeline::counters::DropCause;
use crate::pipeline::frame::Frame;
use crate::pipeline::trace::Trace;
use crate::track::CameraShift;
use sightline_shared::time::{Epoch, Pts};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Frames that wait to be looked at; the oldest is let go of when one more comes.
const FRAMES: usize = 4;
/// Frames of which only the time is known that wait for their turn: four seconds.
const MARKERS: usize = 128;
/// How long a frame waits for its look. Then it is told with predicted tracks, so that a slow model delays no boxes.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// When a frame is, and where it is traced.
#[derive(Clone)]
pub(super) struct Moment {
    pub(super) epoch: Epoch,
    pub(super) pts: Pts,
    /// When it came to the stage that it is in.
    pub(super) at: Mono,
    pub(super) trace: Option<Arc<Trace>>,
}

/// What a look found in a frame.
pub(super) struct Seen {
    pub(super) frame: Arc<Frame>,
    pub(super) found: Vec<Detection>,
    /// How the camera itself has moved since the look before.
    pub(super) shift: Option<CameraShift>,
}

/// What is known of a frame.
enum State {
    /// It is not looked at: its tracks are predicted.
    Unseen,
    /// It is to be looked at.
    Due(Arc<Frame>),
    /// It is being looked at, under this number.
    Asked(u64),
    /// It was looked at.
    Seen(Seen),
}

struct Entry {
    state: State,
    moment: Moment,
}

/// A frame whose tracks can be told.
pub(super) struct Resolved {
    pub(super) moment: Moment,
    pub(super) seen: Option<Seen>,
}

/// A frame that is to be looked at.
pub(super) struct Due {
    pub(super) number: u64,
    pub(super) frame: Arc<Frame>,
    pub(super) moment: Moment,
}

/// The frames, and who counts them: one that is to be looked at is in `detect` until its look ends or is called off, then in `track`.
pub(super) struct Line {
    entries: VecDeque<Entry>,
    pub(super) pace: Option<Pace>,
    pub(super) closed: bool,
    last_number: u64,
    counters: Arc<AnalysisCounters>,
}

impl Line {
    pub(super) fn new(counters: Arc<AnalysisCounters>) -> Self {
        Self { entries: VecDeque::new(), pace: None, closed: false, last_number: 0, counters }
    }

    /// Takes a frame; it is kept where it is to be looked at.
    pub(super) fn push(&mut self, frame: &Arc<Frame>, at: Mono, trace: Option<Arc<Trace>>) {
        if self.closed {
            return;
        }
        let (epoch, pts) = (frame.epoch, frame.pts);
        let due = self.pace.as_mut().is_none_or(|pace| pace.due(epoch, pts));
        let state = if due { State::Due(frame.clone()) } else { State::Unseen };
        let counters = if due { &self.counters.detect } else { &self.counters.track };
        counters.enter();
        self.entries.push_back(Entry { state, moment: Moment { epoch, pts, at, trace } });
        self.make_room();
    }

    /// Lets go of the oldest frame where too many wait: it will not be looked at, but has its tracks all the same.
    fn make_room(&mut self) {
        let is_due = |entry: &&mut Entry| matches!(entry.state, State::Due(_));
        if self.entries.iter_mut().filter(is_due).count() > FRAMES
            && let Some(oldest) = self.entries.iter_mut().find(is_due)
        {
            oldest.state = State::Unseen;
            self.counters.detect.dropped(DropCause::QueueFull, 1);
            self.counters.track.enter();
        }
        if self.entries.len() > MARKERS
            && let Some(oldest) = self.entries.pop_front()
        {
            self.throw_away(&oldest, DropCause::QueueFull);
        }
    }

    fn throw_away(&self, entry: &Entry, cause: DropCause) {
        match entry.state {
            State::Due(_) => self.counters.detect.dropped(cause, 1),
            State::Unseen | State::Seen(_) => self.counters.track.dropped(cause, 1),
            // Whoever looks at it has it in the count.
            State::Asked(_) => {}
        }
    }

    /// Throws everything away, and what comes.
    pub(super) fn close(&mut self) {
        self.closed = true;
        for entry in std::mem::take(&mut self.entries) {
            self.throw_away(&entry, DropCause::Stopped);
        }
    }

    /// The next frame that is to be looked at. [`Self::seen`] or [`Self::unseen`] has to follow.
    pub(super) fn next_due(&mut self) -> Option<Due> {
        let entry = self.entries.iter_mut().find(|entry| matches!(entry.state, State::Due(_)))?;
        self.last_number += 1;
        let number = self.last_number;
        let State::Due(frame) = std::mem::replace(&mut entry.state, State::Asked(number)) else { return None };
        Some(Due { number, frame, moment: entry.moment.clone() })
    }

    fn asked(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| matches!(entry.state, State::Asked(asked) if asked == number))
    }

    /// A look has ended: `Err` gives back what was found where the frame was told without it.
    pub(super) fn seen(&mut self, number: u64, seen: Seen, now: Mono) -> Result<(), Seen> {
        match self.asked(number) {
            Some(entry) => {
                (entry.state, entry.moment.at) = (State::Seen(seen), now);
                self.counters.track.enter();
                Ok(())
            }
            None => Err(seen),
        }
    }

    /// A look was called off.
    pub(super) fn unseen(&mut self, number: u64, now: Mono) {
        if let Some(entry) = self.asked(number) {
            (entry.state, entry.moment.at) = (State::Unseen, now);
            self.counters.track.enter();
        }
    }

    /// The oldest frame, if its tracks can be told: it is looked at, or it is not, or has waited for long enough.
    pub(super) fn next_resolved(&mut self, now: Mono) -> Option<Resolved> {
        let oldest = self.entries.front()?;
        match oldest.state {
            State::Due(_) => return None,
            State::Asked(_) if now.since(oldest.moment.at) < PATIENCE => return None,
            State::Asked(_) => self.counters.track.enter(),
            State::Unseen | State::Seen(_) => {}
        }
        let Entry { state, mut moment } = self.entries.pop_front()?;
        let seen = match state {
            State::Seen(seen) => Some(seen),
            State::Asked(_) => {
                moment.at = now;
                None
            }
            State::Unseen | State::Due(_) => None,
        };
        Some(Resolved { moment, seen })
    }

    /// Until when the oldest frame waits for its look, if it does.
    pub(super) fn waits_until(&self) -> Option<Mono> {
        let oldest = self.entries.front().filter(|entry| matches!(entry.state, State::Asked(_)))?;
        Some(oldest.moment.at.after(PATIENCE))
    }
}
