//! Where things were: the newest positions of every track, by PTS, bounded. The same in the browser and in the server.

use crate::scene::Point;
use crate::time::{Epoch, Pts, TIMESCALE};
use crate::tracks::{Track, Tracks};
use std::collections::{BTreeMap, VecDeque};

/// How far back trails go, in ticks: two seconds.
const LENGTH: i64 = 2 * TIMESCALE as i64;
/// How far apart the positions of a trail are at least, in ticks.
const STEP: i64 = TIMESCALE as i64 / 15;
/// Things that have a trail; of more, those that came last have none.
const MAX_TRAILS: usize = 256;

/// The trails of one camera's things. Tell it every frame that is shown, in order.
#[derive(Clone, Debug, Default)]
pub struct Trails {
    epoch: Epoch,
    newest: Option<Pts>,
    trails: BTreeMap<String, Trail>,
}

#[derive(Clone, Debug)]
struct Trail {
    /// Where looks saw it, the newest last.
    seen: VecDeque<(Pts, Point)>,
    /// Where it is in the newest frame that had it, seen or predicted.
    head: (Pts, Point),
}

impl Trails {
    /// Takes in the tracks of the next frame. Another epoch, or an earlier time, forgets everything.
    pub fn push(&mut self, tracks: &Tracks) {
        if tracks.epoch != self.epoch || self.newest.is_some_and(|newest| tracks.pts < newest) {
            self.clear();
        }
        (self.epoch, self.newest) = (tracks.epoch, Some(tracks.pts));
        let oldest = tracks.pts.0 - LENGTH;
        self.trails.retain(|_, trail| trail.head.0.0 >= oldest);
        for track in &tracks.tracks {
            let head = (tracks.pts, foot(track));
            if !self.trails.contains_key(&track.id) && self.trails.len() < MAX_TRAILS {
                self.trails.insert(track.id.clone(), Trail { seen: VecDeque::new(), head });
            }
            let Some(trail) = self.trails.get_mut(&track.id) else { continue };
            trail.head = head;
            let due = trail.seen.back().is_none_or(|(last, _)| tracks.pts.0 - last.0 >= STEP);
            if due && !track.predicted {
                trail.seen.push_back(head);
            }
            while trail.seen.front().is_some_and(|(pts, _)| pts.0 < oldest) {
                trail.seen.pop_front();
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.newest = None;
        self.trails.clear();
    }

    /// The positions of a thing, in fractions of the picture as shown, the newest first.
    pub fn newest_first(&self, id: &str) -> impl Iterator<Item = Point> {
        self.trails.get(id).into_iter().flat_map(|trail| {
            let seen = trail.seen.iter().rev().filter(|(pts, _)| *pts < trail.head.0);
            std::iter::once(trail.head.1).chain(seen.map(|(_, point)| *point))
        })
    }
}

/// Where a thing stands: the middle of its lower edge, which is what zones and lines go by.
fn foot(track: &Track) -> Point {
    Point { x: (track.x1 + track.x2) * 0.5, y: track.y2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracks(epoch: u32, pts: i64, ids: &[String], predicted: bool) -> Tracks {
        let x = pts as f32 / 1e6;
        let track = |id: &String| Track { id: id.clone(), x1: x, x2: x, y2: 0.5, predicted, ..Track::default() };
        Tracks { epoch: Epoch(epoch), pts: Pts(pts), tracks: ids.iter().map(track).collect(), ..Tracks::default() }
    }

    fn one() -> Vec<String> {
        vec!["a".into()]
    }

    fn xs(trails: &Trails) -> Vec<f32> {
        trails.newest_first("a").map(|point| point.x).collect()
    }

    #[test]
    fn a_trail_is_two_seconds_of_what_looks_saw_and_where_the_thing_is_now() {
        let mut trails = Trails::default();
        for n in 0..200_i64 {
            trails.push(&tracks(0, n * 3000, &one(), n % 5 != 0));
        }
        let xs = xs(&trails);
        // Frame 199 is predicted; looks were at 195, 190 .. 140.
        assert_eq!((xs[0], xs[1], xs.len()), (0.597, 0.585, 13));
        assert_eq!(xs[12], 0.42);
        assert!(trails.newest_first("b").next().is_none());
    }

    #[test]
    fn it_is_bounded_in_every_way() {
        let mut trails = Trails::default();
        for n in 0..1000_i64 {
            trails.push(&tracks(0, n * 900, &one(), false));
        }
        assert!(xs(&trails).len() <= 32, "{}", xs(&trails).len());
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        trails.push(&tracks(0, 1_000_000, &many, false));
        assert_eq!(trails.trails.len(), MAX_TRAILS);
        trails.push(&tracks(0, 2_000_000, &[], false));
        assert!(trails.trails.is_empty(), "what is gone for two seconds is forgotten");
    }

    #[test]
    fn another_epoch_and_a_step_back_forget() {
        let mut trails = Trails::default();
        for pts in [0, 9000, 18_000] {
            trails.push(&tracks(0, pts, &one(), false));
        }
        assert_eq!(xs(&trails), [0.018, 0.009, 0.0]);
        trails.push(&tracks(0, 9000, &one(), false));
        assert_eq!(xs(&trails), [0.009]);
        trails.push(&tracks(0, 18_000, &one(), false));
        trails.push(&tracks(1, 27_000, &one(), false));
        assert_eq!(xs(&trails), [0.027]);
    }
}
