//! Follows the things of one camera from look to look: what began, ended, came, went, stayed and crossed, and how many.

use super::stand::{Move, Stand, Step};
use crate::detect::LABEL_MOTION;
use sightline_shared::events::{Direction, Event, EventKind};
use sightline_shared::scene::{Zone, ZoneCount, foot};
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::{Finding, Track};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// From the first look at a thing to the one from which on it is believed, in ticks of 90 kHz: three tenths of a second. What is
/// seen once, or flickers for less, makes no event.
const BELIEVED: i64 = 27_000;
/// A thing that no look has seen for two seconds has ended.
const ENDED: i64 = 180_000;
/// Where nothing is looked at any more (a model failed, or was switched off), everything ends after ten seconds.
const BLIND: i64 = 900_000;
/// Things that are followed at once; more make no events. A square full of people has some hundreds.
const MOST_THINGS: usize = 512;
/// Counts that are kept, of all zones and labels.
const MOST_COUNTS: usize = 512;

/// When a frame was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moment {
    pub(super) epoch: Epoch,
    pub(super) pts: Pts,
    /// When it came, since 1970.
    pub(super) utc: Duration,
}

/// An event that has no id, camera and picture yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Happened {
    pub(super) event: Event,
    /// [`Event::at`], since 1970.
    pub(super) at: Duration,
    /// Whether the thing is seen in the very frame that was looked at, so that its picture can be cut from it.
    pub(super) shown: bool,
}

/// One thing that is followed.
struct Thing {
    label: String,
    score: f32,
    first: Moment,
    last: Moment,
    believed: bool,
    area: [f32; 4],
    findings: Vec<Finding>,
    /// One for each zone, in their order.
    stands: Vec<Stand>,
}

/// What it keeps in mind of one camera.
#[derive(Default)]
pub(super) struct Watcher {
    zones: Vec<Arc<Zone>>,
    things: BTreeMap<String, Thing>,
    counts: Vec<ZoneCount>,
    epoch: Epoch,
    /// Of the newest look.
    looked: Pts,
}

impl Watcher {
    /// Takes other zones. Those that lie where they lay and count what they counted go on counting; nothing is told of the others.
    pub(super) fn set_zones(&mut self, zones: &[Zone]) {
        let same = |a: &Zone, b: &Zone| (&a.id, a.kind, &a.points, &a.labels) == (&b.id, b.kind, &b.points, &b.labels);
        let kept: Vec<Option<usize>> =
            zones.iter().map(|zone| self.zones.iter().position(|old| same(old, zone))).collect();
        let still = |id: &str| zones.iter().zip(&kept).any(|(zone, kept)| kept.is_some() && zone.id == id);
        self.counts.retain(|count| still(&count.zone));
        for thing in self.things.values_mut() {
            let mut old = std::mem::take(&mut thing.stands);
            let stand = |kept: &Option<usize>| kept.map(|index| std::mem::take(&mut old[index])).unwrap_or_default();
            thing.stands = kept.iter().map(stand).collect();
        }
        self.zones = zones.iter().cloned().map(Arc::new).collect();
    }

    /// What the zones have counted.
    pub(super) fn counts(&self) -> &[ZoneCount] {
        &self.counts
    }

    /// A frame was looked at, and these are its tracks; what is predicted among them is left alone.
    pub(super) fn look(&mut self, now: Moment, tracks: &[Track]) -> Vec<Happened> {
        // A late answer, or an analysis that is just being stopped: what it saw has ended.
        if now.epoch < self.epoch {
            return Vec::new();
        }
        let mut out = self.begin(now.epoch);
        self.looked = now.pts;
        for track in tracks.iter().filter(|track| !track.predicted) {
            self.see(now, track, &mut out);
        }
        self.end_those(|thing| now.pts.0 - thing.last.pts.0 >= ENDED, &mut out);
        out
    }

    /// A frame that was not looked at.
    pub(super) fn pass(&mut self, epoch: Epoch, pts: Pts) -> Vec<Happened> {
        if epoch < self.epoch {
            return Vec::new();
        }
        let mut out = self.begin(epoch);
        if pts.0 - self.looked.0 >= BLIND {
            self.end_those(|_| true, &mut out);
        }
        out
    }

    /// The camera is stopped: everything ends.
    pub(super) fn finish(&mut self) -> Vec<Happened> {
        let mut out = Vec::new();
        self.end_those(|_| true, &mut out);
        out
    }

    /// Tracks do not outlive their epoch.
    fn begin(&mut self, epoch: Epoch) -> Vec<Happened> {
        let out = if epoch == self.epoch { Vec::new() } else { self.finish() };
        if epoch != self.epoch {
            self.epoch = epoch;
            self.looked = Pts(0);
        }
        out
    }

    fn see(&mut self, now: Moment, track: &Track, out: &mut Vec<Happened>) {
        if !self.things.contains_key(&track.id) {
            if self.things.len() >= MOST_THINGS {
                return;
            }
            self.things.insert(track.id.clone(), Thing::new(now, self.zones.len()));
        }
        let Some(thing) = self.things.get_mut(&track.id) else { return };
        let before = thing.saw(now, track);
        let step = Step {
            from: before.map(foot),
            to: foot(thing.area),
            area: thing.area,
            pts: now.pts,
            believed: thing.believes(now),
        };
        let tell = |event: Event| Happened { event, at: now.utc, shown: true };
        if step.believed && !std::mem::replace(&mut thing.believed, step.believed) && thing.has_a_life() {
            out.push(tell(thing.event(&track.id, EventKind::Began)));
        }
        let mut stands = std::mem::take(&mut thing.stands);
        for (stand, zone) in stands.iter_mut().zip(&self.zones) {
            for done in stand.step(zone, &step, &thing.label) {
                count(&mut self.counts, zone, &thing.label, &done);
                out.push(tell(thing.moved(&track.id, zone, &done)));
            }
        }
        thing.stands = stands;
    }

    fn end_those(&mut self, gone: impl Fn(&Thing) -> bool, out: &mut Vec<Happened>) {
        let ended: Vec<_> = self.things.extract_if(.., |_, thing| gone(thing)).collect();
        for (id, mut thing) in ended.into_iter().filter(|(_, thing)| thing.believed) {
            let at = thing.last.utc;
            let tell = |event: Event| Happened { event, at, shown: false };
            for (stand, zone) in std::mem::take(&mut thing.stands).iter_mut().zip(&self.zones) {
                let Some(done) = stand.end(zone, thing.last.pts, &thing.label) else { continue };
                count(&mut self.counts, zone, &thing.label, &done);
                out.push(tell(thing.moved(&id, zone, &done)));
            }
            if thing.has_a_life() {
                let stayed_s = Some(Pts(thing.last.pts.0 - thing.first.pts.0).seconds());
                out.push(tell(Event { stayed_s, ..thing.event(&id, EventKind::Ended) }));
            }
        }
    }
}

impl Thing {
    fn new(first: Moment, zones: usize) -> Self {
        Self {
            label: String::new(),
            score: 0.0,
            first,
            last: first,
            believed: false,
            area: [0.0; 4],
            findings: Vec::new(),
            stands: vec![Stand::default(); zones],
        }
    }

    /// Takes in that a look has seen it; gives where it was before.
    fn saw(&mut self, now: Moment, track: &Track) -> Option<[f32; 4]> {
        let before = (!self.label.is_empty()).then_some(self.area);
        self.label.clone_from(&track.label);
        self.score = self.score.max(track.score);
        self.area = [track.x1, track.y1, track.x2, track.y2];
        self.last = now;
        if !track.findings.is_empty() {
            self.findings.clone_from(&track.findings);
        }
        before
    }

    fn believes(&self, now: Moment) -> bool {
        self.believed || now.pts.0 - self.first.pts.0 >= BELIEVED
    }

    /// Whether its beginning and its end are told. What merely moves would fill the disk of whoever has set nothing up: leaves in
    /// the wind begin and end all day. It is told of where somebody has drawn a zone.
    fn has_a_life(&self) -> bool {
        self.label != LABEL_MOTION
    }

    fn event(&self, id: &str, kind: EventKind) -> Event {
        Event {
            kind,
            track: id.to_owned(),
            label: self.label.clone(),
            score: self.score,
            epoch: self.last.epoch.0,
            pts: self.last.pts.0,
            area: self.area,
            findings: self.findings.clone(),
            ..Event::default()
        }
    }

    fn moved(&self, id: &str, zone: &Zone, done: &Move) -> Event {
        let (kind, direction, stayed_s) = match done {
            Move::Entered => (EventKind::Entered, None, None),
            Move::Left { stayed_s, .. } => (EventKind::Left, None, Some(*stayed_s)),
            Move::Dwelt { stayed_s } => (EventKind::Dwelt, None, Some(*stayed_s)),
            Move::Crossed(direction) => (EventKind::Crossed, Some(*direction), None),
        };
        let (zone, zone_name) = (Some(zone.id.clone()), Some(zone.name.clone()));
        Event { zone, zone_name, direction, stayed_s, ..self.event(id, kind) }
    }
}

/// Adds to what a zone has counted. A thing leaves as what it came as, whatever it was taken for in between.
fn count(counts: &mut Vec<ZoneCount>, zone: &Zone, label: &str, done: &Move) {
    let label = if let Move::Left { label, .. } = done { label } else { label };
    let known = counts.iter().position(|count| count.zone == zone.id && count.label == label);
    let index = match known {
        Some(index) => index,
        None if counts.len() >= MOST_COUNTS => return,
        None => {
            let fresh = ZoneCount { zone: zone.id.clone(), label: label.to_owned(), ..ZoneCount::default() };
            let place = counts.partition_point(|count| (&count.zone, &count.label) < (&fresh.zone, &fresh.label));
            counts.insert(place, fresh);
            place
        }
    };
    let count = &mut counts[index];
    match done {
        Move::Entered => (count.inside, count.entered) = (count.inside + 1, count.entered + 1),
        Move::Left { .. } => (count.inside, count.left) = (count.inside.saturating_sub(1), count.left + 1),
        Move::Dwelt { .. } => {}
        Move::Crossed(Direction::AToB) => count.a_to_b += 1,
        Move::Crossed(Direction::BToA) => count.b_to_a += 1,
    }
}

#[cfg(test)]
#[path = "watcher_tests.rs"]
mod tests;
