//! How one thing stands to one zone: in or out of an area, at which hand of a line; and what of its moves counts.
//!
//! A box trembles by a few pixels, and a thing that stands on an edge would come and go with every look. So a move counts once the
//! thing is clear of the edge, by a tenth of its own size, or has been on the other side for half a second; and no sooner than a
//! second after the last one that counted. What was not clear when a thing was last seen counts then: the door that it went
//! through may lie on the line.

use sightline_shared::events::Direction;
use sightline_shared::scene::{Point, Zone, ZoneKind, contains, crossings, distance};
use sightline_shared::time::Pts;

/// How far from an edge is clear of it: this part of the smaller side of the thing's box ...
const CLEAR: f32 = 0.1;
/// ... but no less and no more than these parts of the picture.
const CLEAR_LEAST: f32 = 0.005;
const CLEAR_MOST: f32 = 0.02;
/// How long a thing has to be on the other side of an edge that it is not clear of, in ticks of 90 kHz: half a second.
const SETTLED: i64 = 45_000;
/// How long after a move that counted the next one may: a second.
const QUIET: i64 = 90_000;

/// Where a thing is seen now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Where it was seen before.
    pub(super) from: Option<Point>,
    /// Where it stands.
    pub(super) to: Point,
    /// Its box: x1, y1, x2, y2.
    pub(super) area: [f32; 4],
    /// When.
    pub(super) pts: Pts,
    /// Whether what it does counts by now.
    pub(super) believed: bool,
}

/// What counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Move {
    /// It came into the area, as this label.
    Entered,
    /// It left the area, which it had entered as `label`, after so many seconds.
    Left { label: String, stayed_s: f64 },
    /// It has stayed for so many seconds.
    Dwelt { stayed_s: f64 },
    /// It crossed the line.
    Crossed(Direction),
}

/// How a thing stands to a zone.
#[derive(Clone, Debug, Default)]
pub(super) struct Stand {
    /// In an area: as what it was counted, since when, and whether its stay was told.
    inside: Option<Stay>,
    /// The first of the looks in a row that saw it on the other side than it is counted on.
    other_side: Option<Pts>,
    /// Crossings of a line that have not counted yet: those to its right hand less those to its left hand.
    crossed: i32,
    /// When the last move counted.
    moved: Option<Pts>,
}

#[derive(Clone, Debug)]
struct Stay {
    label: String,
    since: Pts,
    told: bool,
}

fn seconds(from: Pts, to: Pts) -> f64 {
    Pts(to.0 - from.0).seconds()
}

/// Whether a label counts for a zone.
fn counts(zone: &Zone, label: &str) -> bool {
    zone.labels.is_empty() || zone.labels.iter().any(|one| one == label)
}

impl Stand {
    /// A look has seen the thing, as `label`.
    pub(super) fn step(&mut self, zone: &Zone, step: &Step, label: &str) -> Vec<Move> {
        match zone.kind {
            ZoneKind::Area => self.in_area(zone, step, label),
            ZoneKind::Line => self.at_line(zone, step, label).into_iter().collect(),
        }
    }

    /// The thing was last seen at `pts`: it leaves where it is, and what it did last counts.
    pub(super) fn end(&mut self, zone: &Zone, pts: Pts, label: &str) -> Option<Move> {
        match zone.kind {
            ZoneKind::Area => self.inside.take().map(|stay| stay.over(pts)),
            ZoneKind::Line => self.settle(zone, pts, label),
        }
    }

    fn may_move(&self, pts: Pts) -> bool {
        self.moved.is_none_or(|moved| pts.0 - moved.0 >= QUIET)
    }

    fn in_area(&mut self, zone: &Zone, step: &Step, label: &str) -> Vec<Move> {
        let seen = contains(&zone.points, step.to) && (self.inside.is_some() || counts(zone, label));
        let mut moves = Vec::new();
        if seen == self.inside.is_some() {
            self.other_side = None;
        } else {
            let since = *self.other_side.get_or_insert(step.pts);
            let settled = step.pts.0 - since.0 >= SETTLED || clear(zone, step);
            if step.believed && settled && self.may_move(step.pts) {
                self.other_side = None;
                self.moved = Some(step.pts);
                moves.push(match self.inside.take() {
                    Some(stay) => stay.over(since),
                    None => {
                        self.inside = Some(Stay { label: label.to_owned(), since, told: false });
                        Move::Entered
                    }
                });
            }
        }
        moves.extend(self.inside.as_mut().and_then(|stay| stay.dwelt(zone, step.pts)));
        moves
    }

    fn at_line(&mut self, zone: &Zone, step: &Step, label: &str) -> Option<Move> {
        self.crossed += step.from.map_or(0, |from| crossings(&zone.points, from, step.to));
        if self.crossed == 0 {
            self.other_side = None;
            return None;
        }
        let since = *self.other_side.get_or_insert(step.pts);
        let settled = step.pts.0 - since.0 >= SETTLED || clear(zone, step);
        if step.believed && settled && self.may_move(step.pts) { self.settle(zone, step.pts, label) } else { None }
    }

    /// The crossings so far count as one, or as none where they go there and back.
    fn settle(&mut self, zone: &Zone, pts: Pts, label: &str) -> Option<Move> {
        let crossed = std::mem::take(&mut self.crossed);
        self.other_side = None;
        if crossed == 0 || !counts(zone, label) {
            return None;
        }
        self.moved = Some(pts);
        Some(Move::Crossed(if crossed > 0 { Direction::AToB } else { Direction::BToA }))
    }
}

impl Stay {
    fn over(self, pts: Pts) -> Move {
        Move::Left { label: self.label, stayed_s: seconds(self.since, pts) }
    }

    fn dwelt(&mut self, zone: &Zone, pts: Pts) -> Option<Move> {
        let stayed_s = seconds(self.since, pts);
        let due = zone.dwell_s > 0.0 && stayed_s >= zone.dwell_s && !self.told;
        self.told |= due;
        due.then_some(Move::Dwelt { stayed_s })
    }
}

/// Whether a thing is clear of the edges of a zone.
fn clear(zone: &Zone, step: &Step) -> bool {
    let [x1, y1, x2, y2] = step.area;
    let needed = (CLEAR * (x2 - x1).min(y2 - y1)).clamp(CLEAR_LEAST, CLEAR_MOST);
    distance(&zone.points, zone.kind, step.to) > needed
}
