//! Things: blobs joined, followed over looks, and told once they last.

use super::blobs::Blob;
use super::grid::Grid;
use super::{STILL_PART, STILL_S};
use crate::pipeline::detection::Area;

/// Fragments are joined across a gap of this part of the larger one's size.
const JOIN_GAP: f32 = 0.06;
/// The same for fragments one above the other: head, jacket and trousers, of which one has the colour of the wall.
const JOIN_GAP_STACKED: f32 = 0.35;
/// Fragments that lie within one known thing are joined while they fill it no more than this many times over.
const JOIN_KNOWN: f32 = 1.3;

/// What is joined must fill this part of its box. Head and trousers of a person whose jacket has the colour of the wall fill
/// 0.4 and more; without this bound each join makes the next one easier, until the whole street is one thing (four that pass
/// fill 0.13).
const JOIN_FILL: f32 = 0.3;

/// Seconds and looks for which a blob must last to be told.
const LAST_S: f32 = 0.09;
const LAST_LOOKS: u32 = 2;
/// A blob of this part of the picture (45 by 45 pixels at 1080p) and this contrast (luma) is told at its first look: it is no
/// noise. With 0.004 and 40 of the looks with movement of `tests/bench/motion.py` 94.9 % were found, with these 98.7 %, and no
/// more still ones.
const AT_ONCE_PART: f32 = 0.001;
const AT_ONCE_CONTRAST: f32 = 25.0;
/// Seconds for which a thing that is not seen stays known: it is told at once when it is seen again.
const REMEMBER_S: f32 = 0.5;

/// Seconds in which a drawn edge comes to where it is seen: cells flip at a thing's rim from look to look.
const EDGE_TAU_S: f32 = 0.12;
/// An edge that is off by more than this part of the thing's size is moved at once: things have met or parted.
const EDGE_SNAP: f32 = 0.1;
/// The least and the most that this comes to, in cells.
const EDGE_SNAP_CELLS: (f32, f32) = (3.0, 6.0);
/// Contrast, in luma, at which a thing has the score 0.5.
const HALF_SCORE_CONTRAST: f32 = 14.0;

/// One edge of a box, followed at constant velocity.
#[derive(Clone, Copy, Debug)]
struct Edge {
    at: f32,
    /// Cells a second.
    speed: f32,
    /// How many looks this is drawn from.
    looks: u32,
}

impl Edge {
    fn new(at: f32) -> Self {
        Self { at, speed: 0.0, looks: 1 }
    }

    fn moved(&self, seconds: f32) -> f32 {
        self.at + self.speed * seconds
    }

    /// Takes in where it was seen: an alpha-beta filter, whose share starts as that of a straight line through the few looks there
    /// are (2(2k-1)/k(k+1), least squares), so that a new thing's speed is known at once. Off by more than `snap`, it is there
    /// at once.
    fn see(&mut self, seen: f32, seconds: f32, snap: f32) {
        let expected = self.moved(seconds);
        let error = seen - expected;
        if error.abs() > snap || seconds <= 0.0 {
            *self = Self::new(seen);
            return;
        }
        self.looks = self.looks.saturating_add(1);
        let looks = self.looks as f32;
        let line = 2.0 * (2.0 * looks - 1.0) / (looks * (looks + 1.0));
        let share = line.max(seconds / (seconds + EDGE_TAU_S));
        self.at = expected + error * share;
        self.speed += error * share * share / (2.0 - share) / seconds;
    }
}

/// One thing that is followed; sides in cells.
struct Thing {
    /// Left, top, right, bottom.
    edges: [Edge; 4],
    /// Seconds since it was first seen, and since it was last seen.
    age: f32,
    unseen: f32,
    /// Seconds since something changed within it.
    still: f32,
    looks: u32,
    told: bool,
}

impl Thing {
    fn new(blob: &Blob) -> Self {
        let edges = [blob.x1, blob.y1, blob.x2, blob.y2].map(Edge::new);
        Self { edges, age: 0.0, unseen: 0.0, still: 0.0, looks: 0, told: false }
    }

    /// Where it should be now.
    fn expected(&self) -> Area {
        let [x1, y1, x2, y2] = self.edges.map(|edge| edge.moved(self.unseen));
        Area { x1, y1, x2: x2.max(x1), y2: y2.max(y1) }
    }

    fn see(&mut self, blob: &Blob, cells: f32) {
        let (width, height) = (blob.x2 - blob.x1, blob.y2 - blob.y1);
        let seen = [(blob.x1, width), (blob.y1, height), (blob.x2, width), (blob.y2, height)];
        for (edge, (seen, size)) in self.edges.iter_mut().zip(seen) {
            edge.see(seen, self.unseen, (size * EDGE_SNAP).clamp(EDGE_SNAP_CELLS.0, EDGE_SNAP_CELLS.1));
        }
        let changes = blob.active >= 2 && blob.active as f32 >= blob.cells as f32 * STILL_PART;
        self.still = if changes { 0.0 } else { self.still + self.unseen };
        self.unseen = 0.0;
        self.looks += 1;
        let large = blob.cells as f32 >= cells * AT_ONCE_PART && blob.contrast() >= AT_ONCE_CONTRAST;
        self.told |= large || (self.looks >= LAST_LOOKS && self.age >= LAST_S);
    }
}

/// The things of one camera.
#[derive(Default)]
pub(super) struct Things {
    known: Vec<Thing>,
}

impl Things {
    /// Forgets all.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Joins fragments of one thing: those near each other, and those within what was one thing at the look before.
    pub(super) fn join(&self, blobs: &mut Vec<Blob>) {
        let expected: Vec<Area> = self.known.iter().filter(|thing| thing.told).map(|thing| thing.expected()).collect();
        let mut first = 0;
        while first < blobs.len() {
            let found = (first + 1..blobs.len()).find(|&other| {
                let (a, b) = (&blobs[first], &blobs[other]);
                fill(a, b) >= JOIN_FILL && (near(a, b) || within_one(a, b, &expected))
            });
            match found {
                Some(other) => {
                    let taken = blobs.swap_remove(other);
                    blobs[first].take(&taken);
                    // What has grown may have come near to one that was passed over.
                    first = 0;
                }
                None => first += 1,
            }
        }
    }

    /// Follows the things over the blobs of a look, `seconds` after the one before, and tells those that last: their boxes in
    /// fractions of the picture, and scores. Beside them the blobs that have been still for so long that they are things no
    /// longer.
    pub(super) fn follow(&mut self, blobs: &[Blob], grid: &Grid, seconds: f32) -> (Vec<(Area, f32)>, Vec<Blob>) {
        for thing in &mut self.known {
            thing.age += seconds;
            thing.unseen += seconds;
        }
        self.known.retain(|thing| thing.unseen <= REMEMBER_S.max(seconds * 1.5));
        let owners = self.owners(blobs);
        let (mut told, mut still) = (Vec::with_capacity(blobs.len()), Vec::new());
        for (blob, owner) in blobs.iter().zip(owners) {
            let index = owner.unwrap_or_else(|| {
                let mut thing = Thing::new(blob);
                thing.told = self.known.iter().any(|known| known.told && splits_off(&area(blob), &known.expected()));
                self.known.push(thing);
                self.known.len() - 1
            });
            let thing = &mut self.known[index];
            thing.see(blob, grid.cells() as f32);
            if thing.still >= STILL_S {
                still.push(blob.clone());
            } else if thing.told {
                let Area { x1, y1, x2, y2 } = thing.expected();
                let area = Area { x1: x1 / grid.across, y1: y1 / grid.down, x2: x2 / grid.across, y2: y2 / grid.down };
                told.push((area, blob.contrast() / (blob.contrast() + HALF_SCORE_CONTRAST)));
            }
        }
        self.known.retain(|thing| thing.still < STILL_S);
        (told, still)
    }

    /// For every blob the thing that it is, the best overlap first, each used once.
    fn owners(&self, blobs: &[Blob]) -> Vec<Option<usize>> {
        let mut pairs = Vec::new();
        for (t, thing) in self.known.iter().enumerate() {
            let expected = thing.expected();
            for (b, blob) in blobs.iter().enumerate() {
                let overlap = grown(&expected).overlap(&grown(&area(blob)));
                if overlap > 0.0 {
                    pairs.push((overlap / expected.size().max(area(blob).size()), t, b));
                }
            }
        }
        pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut owners = vec![None; blobs.len()];
        let mut taken = vec![false; self.known.len()];
        for (_, t, b) in pairs {
            if !taken[t] && owners[b].is_none() {
                taken[t] = true;
                owners[b] = Some(t);
            }
        }
        owners
    }
}

fn area(blob: &Blob) -> Area {
    Area { x1: blob.x1, y1: blob.y1, x2: blob.x2, y2: blob.y2 }
}

/// Whether a blob comes out of a known thing: two that met part again, and neither is new.
fn splits_off(blob: &Area, known: &Area) -> bool {
    blob.overlap(known) >= blob.size() * 0.5
}

/// Grown by a cell, so that small fast things still meet themselves.
fn grown(area: &Area) -> Area {
    Area { x1: area.x1 - 1.0, y1: area.y1 - 1.0, x2: area.x2 + 1.0, y2: area.y2 + 1.0 }
}

/// Whether two blobs are so near that they are one thing.
fn near(a: &Blob, b: &Blob) -> bool {
    let (gap_x, gap_y) = (gap(a.x1, a.x2, b.x1, b.x2), gap(a.y1, a.y2, b.y1, b.y2));
    let size = (a.x2 - a.x1).max(a.y2 - a.y1).max(b.x2 - b.x1).max(b.y2 - b.y1);
    let narrower = (a.x2 - a.x1).min(b.x2 - b.x1);
    let stacked = -gap_x >= narrower * 0.5;
    let tall = (a.y2 - a.y1).max(b.y2 - b.y1);
    (gap_x <= size * JOIN_GAP && gap_y <= size * JOIN_GAP) || (stacked && gap_y <= tall * JOIN_GAP_STACKED)
}

/// The box around two blobs.
fn around(a: &Area, b: &Area) -> Area {
    Area { x1: a.x1.min(b.x1), y1: a.y1.min(b.y1), x2: a.x2.max(b.x2), y2: a.y2.max(b.y2) }
}

/// The part of the box around two blobs that is foreground.
fn fill(a: &Blob, b: &Blob) -> f32 {
    (a.cells + b.cells) as f32 / around(&area(a), &area(b)).size().max(1.0)
}

/// Whether two blobs lie within one known thing, and fill it.
fn within_one(a: &Blob, b: &Blob, known: &[Area]) -> bool {
    let (a, b) = (area(a), area(b));
    let both = around(&a, &b);
    known.iter().any(|thing| {
        let inside = |part: &Area| thing.overlap(part) >= part.size() * 0.7;
        inside(&a) && inside(&b) && both.size() <= thing.size() * JOIN_KNOWN
    })
}

/// The gap between two stretches; negative by how much they overlap.
fn gap(a1: f32, a2: f32, b1: f32, b2: f32) -> f32 {
    a1.max(b1) - a2.min(b2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solid(x1: f32, y1: f32, x2: f32, y2: f32) -> Blob {
        let cells = ((x2 - x1) * (y2 - y1)) as u32;
        Blob { x1, y1, x2, y2, cells, strong: cells, active: cells, difference: cells as f32 * 40.0 }
    }

    #[test]
    fn the_parts_of_a_person_are_one_thing_and_a_street_is_not() {
        let mut person = vec![solid(10.0, 10.0, 16.0, 16.0), solid(8.0, 21.0, 18.0, 37.0)];
        Things::default().join(&mut person);
        assert_eq!(person.len(), 1);
        // A square in the air, a walker under it, cars under the walker: each near enough to the one before.
        let mut street = vec![
            solid(60.0, 20.0, 72.0, 32.0),
            solid(58.0, 35.0, 62.0, 45.0),
            solid(40.0, 49.0, 70.0, 57.0),
            solid(4.0, 62.0, 60.0, 70.0),
        ];
        Things::default().join(&mut street);
        assert!(street.len() > 1, "{street:?}");
    }
}
