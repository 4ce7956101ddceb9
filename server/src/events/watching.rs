//! One camera as events see it: its zones, what it has counted, and the hook that analysis calls with every frame.

use super::line::{Nowhere, Report, Reports};
use super::watcher::{Happened, Moment, Watcher};
use crate::pipeline::analysis::Watch;
use crate::pipeline::clock::Clock;
use crate::pipeline::frame::Frame;
use sightline_shared::events::EventKind;
use sightline_shared::scene::{Mask, Zone, ZoneCount};
use sightline_shared::tracks::Tracks;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Every kind, with its word in metrics.
pub(super) const KINDS: [(EventKind, &str); 6] = [
    (EventKind::Began, "began"),
    (EventKind::Ended, "ended"),
    (EventKind::Entered, "entered"),
    (EventKind::Left, "left"),
    (EventKind::Dwelt, "dwelt"),
    (EventKind::Crossed, "crossed"),
];

/// Whose events these are, and how many there were.
#[derive(Default)]
pub struct Tally {
    /// The camera's uid.
    pub(super) uid: String,
    /// Its id.
    pub(super) id: String,
    told: [AtomicU64; KINDS.len()],
    without_picture: AtomicU64,
    lost: AtomicU64,
    /// Frames that are held for pictures.
    frames: Arc<AtomicUsize>,
}

/// What a [`Tally`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Events by the word of their kind.
    pub kinds: Vec<(&'static str, u64)>,
    /// Events that there was no time, or no room, to cut a picture for.
    pub without_picture: u64,
    /// Events that were not written down, since too many waited.
    pub lost: u64,
}

impl Tally {
    pub(super) fn new(uid: &str, id: &str) -> Self {
        Self { uid: uid.into(), id: id.into(), ..Self::default() }
    }

    pub(super) fn lost(&self, events: usize) {
        self.lost.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn without_picture(&self) {
        self.without_picture.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn frames(&self) -> &Arc<AtomicUsize> {
        &self.frames
    }

    fn count(&self, happened: &[Happened]) {
        for one in happened {
            if let Some(index) = KINDS.iter().position(|(kind, _)| *kind == one.event.kind) {
                self.told[index].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// What it says now.
    pub fn read(&self) -> Told {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let kinds = KINDS.iter().zip(&self.told).map(|((_, word), counter)| (*word, of(counter))).collect();
        Told { kinds, without_picture: of(&self.without_picture), lost: of(&self.lost) }
    }
}

/// A camera that is watched. It outlives starts of its analysis, so that counts do not begin anew with a change of its address.
pub struct Watching {
    tally: Arc<Tally>,
    watcher: Mutex<Watcher>,
    masks: Mutex<Arc<[Mask]>>,
    reports: Arc<dyn Reports>,
    clock: Arc<dyn Clock>,
}

impl Watching {
    /// Watches the camera `uid`, which people call `id`.
    pub fn new(uid: &str, id: &str, zones: &[Zone], reports: Arc<dyn Reports>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let tally = Arc::new(Tally::new(uid, id));
        let mut watcher = Watcher::default();
        watcher.set_zones(zones);
        Arc::new(Self { tally, watcher: Mutex::new(watcher), masks: Mutex::default(), reports, clock })
    }

    /// For cameras whose events nobody keeps.
    pub fn nowhere() -> Arc<dyn Reports> {
        Arc::new(Nowhere)
    }

    fn lock(&self) -> MutexGuard<'_, Watcher> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What analysis calls.
    pub fn hook(self: &Arc<Self>) -> Box<dyn Watch> {
        Box::new(Hook(self.clone()))
    }

    /// Takes other zones, from the next look on.
    pub fn set_zones(&self, zones: &[Zone]) {
        self.lock().set_zones(zones);
    }

    /// Hides masks in pictures that are cut from now on.
    pub fn hide(&self, masks: Arc<[Mask]>) {
        *self.masks.lock().unwrap_or_else(PoisonError::into_inner) = masks;
    }

    /// The camera is stopped: what was in its picture has ended.
    pub fn finish(&self) {
        let happened = self.lock().finish();
        self.tell(happened, None);
    }

    /// What its zones have counted.
    pub fn counts(&self) -> Vec<ZoneCount> {
        self.lock().counts().to_vec()
    }

    /// How many events there were.
    pub fn told(&self) -> Told {
        self.tally.read()
    }

    fn tell(&self, happened: Vec<Happened>, frame: Option<&Arc<Frame>>) {
        if happened.is_empty() {
            return;
        }
        self.tally.count(&happened);
        let frame = frame.filter(|_| happened.iter().any(|one| one.shown)).cloned();
        let masks = self.masks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.reports.report(Report { camera: self.tally.clone(), happened, frame, masks });
    }

    fn moment(&self, frame: &Frame) -> Moment {
        let utc = self.clock.utc().saturating_sub(self.clock.now().since(frame.arrived));
        Moment { epoch: frame.epoch, pts: frame.pts, utc }
    }
}

struct Hook(Arc<Watching>);

impl Watch for Hook {
    fn watch(&mut self, tracks: &mut Tracks, looked: Option<&Arc<Frame>>) {
        let mut watcher = self.0.lock();
        let happened = match looked {
            Some(frame) => watcher.look(self.0.moment(frame), &tracks.tracks),
            None => watcher.pass(tracks.epoch, tracks.pts),
        };
        tracks.counts = watcher.counts().to_vec();
        drop(watcher);
        self.0.tell(happened, looked);
    }
}
