//! Scenes made by hand: what is told of them, and what is counted.

use super::*;
use EventKind::{Began, Crossed, Dwelt, Ended, Entered, Left};
use sightline_shared::scene::ZoneKind;

/// Ticks between two looks at five looks a second.
const LOOK: i64 = 18_000;

fn zone(id: &str, kind: ZoneKind, points: &[[f32; 2]]) -> Zone {
    let points = points.iter().map(|point| (*point).into()).collect();
    Zone { id: id.into(), name: id.to_uppercase(), kind, points, ..Zone::default() }
}

/// Upwards through the middle: who goes to the right crosses from a to b.
fn gate() -> Zone {
    zone("gate", ZoneKind::Line, &[[0.5, 1.0], [0.5, 0.0]])
}

/// The right half of the picture, below its middle.
fn lawn() -> Zone {
    zone("lawn", ZoneKind::Area, &[[0.5, 0.5], [1.0, 0.5], [1.0, 1.0], [0.5, 1.0]])
}

/// A thing of a tenth of the picture whose foot is at `x`, `y`.
fn track(id: &str, label: &str, x: f32, y: f32) -> Track {
    let (x1, y1, x2, y2) = (x - 0.05, y - 0.1, x + 0.05, y);
    Track { id: id.into(), label: label.into(), score: 0.8, x1, y1, x2, y2, ..Track::default() }
}

struct Scene {
    watcher: Watcher,
    epoch: u32,
    looks: i64,
    every: i64,
    told: Vec<Happened>,
}

impl Scene {
    fn new(zones: &[Zone]) -> Self {
        let mut watcher = Watcher::default();
        watcher.set_zones(zones);
        Self { watcher, epoch: 1, looks: 0, every: LOOK, told: Vec::new() }
    }

    fn look(&mut self, tracks: &[Track]) -> Vec<EventKind> {
        let pts = Pts(self.looks * self.every);
        let utc = Duration::from_secs_f64(1_000.0 + pts.seconds());
        self.looks += 1;
        let told = self.watcher.look(Moment { epoch: Epoch(self.epoch), pts, utc }, tracks);
        let kinds = told.iter().map(|one| one.event.kind).collect();
        self.told.extend(told);
        kinds
    }

    /// One thing whose foot goes along `x`, at `y`.
    fn walk(&mut self, id: &str, label: &str, y: f32, x: &[f32]) -> Vec<EventKind> {
        x.iter().flat_map(|x| self.look(&[track(id, label, *x, y)])).collect()
    }

    fn nothing(&mut self, looks: usize) -> Vec<EventKind> {
        (0..looks).flat_map(|_| self.look(&[])).collect()
    }

    fn event(&self, kind: EventKind) -> &Event {
        &self.told.iter().find(|one| one.event.kind == kind).unwrap_or_else(|| panic!("{kind:?}")).event
    }

    /// Inside, entered, left, a to b, b to a.
    fn counts(&self, zone: &str, label: &str) -> [u64; 5] {
        let found = self.watcher.counts().iter().find(|count| (&*count.zone, &*count.label) == (zone, label));
        found.map_or([0; 5], |c| [u64::from(c.inside), c.entered, c.left, c.a_to_b, c.b_to_a])
    }
}

fn steps(from: f32, to: f32, count: usize) -> Vec<f32> {
    (0..=count).map(|n| from + (to - from) * n as f32 / count as f32).collect()
}

#[test]
fn a_thing_begins_once_it_is_believed_and_ends_two_seconds_after_its_last_look() {
    let mut scene = Scene::new(&[]);
    assert_eq!(scene.walk("1", "person", 0.5, &[0.1, 0.12]), [], "a fifth of a second may be a flicker");
    assert_eq!(scene.walk("1", "person", 0.5, &[0.14, 0.16, 0.18]), [Began]);
    let mut strong = track("1", "person", 0.2, 0.5);
    strong.score = 0.95;
    strong.findings = vec![Finding { label: "face".into(), ..Finding::default() }];
    assert_eq!(scene.look(&[strong]), []);
    assert_eq!(scene.nothing(9), [], "it may be behind a post");
    assert_eq!(scene.nothing(1), [Ended]);
    assert_eq!(scene.nothing(20), []);
    let (began, ended) = (scene.event(Began), scene.event(Ended));
    assert_eq!((began.pts, began.epoch, began.stayed_s, began.score), (2 * LOOK, 1, None, 0.8));
    assert_eq!((ended.pts, ended.stayed_s, ended.score), (5 * LOOK, Some(1.0), 0.95), "of its last look");
    assert_eq!((ended.track.as_str(), ended.label.as_str(), ended.findings[0].label.as_str()), ("1", "person", "face"));
    assert_eq!(scene.told.iter().map(|one| one.shown).collect::<Vec<_>>(), [true, false]);
    assert_eq!(scene.told[1].at, Duration::from_secs(1_001));
}

#[test]
fn a_flicker_makes_no_event() {
    let mut scene = Scene::new(&[gate(), lawn()]);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.4, 0.6]), []);
    assert_eq!(scene.nothing(30), []);
    // At every frame looked at, six looks are a fifth of a second.
    scene.every = 3_000;
    assert_eq!(scene.walk("2", "person", 0.7, &steps(0.4, 0.7, 6)), []);
    assert_eq!(scene.nothing(100), []);
    assert_eq!(scene.watcher.counts(), []);
}

#[test]
fn predicted_boxes_are_nowhere() {
    let mut scene = Scene::new(&[gate()]);
    scene.walk("1", "person", 0.5, &[0.3, 0.3, 0.3]);
    let mut guess = track("1", "person", 0.9, 0.5);
    guess.predicted = true;
    assert_eq!(scene.look(&[guess]), []);
    assert_eq!(scene.walk("1", "person", 0.5, &[0.35]), []);
}

#[test]
fn a_crossing_between_two_looks_is_found_and_its_direction() {
    let mut scene = Scene::new(&[gate()]);
    scene.walk("1", "car", 0.6, &[0.1, 0.12, 0.14]);
    assert_eq!(scene.walk("1", "car", 0.6, &[0.8]), [Crossed], "two thirds of the picture at once");
    assert_eq!(
        (scene.event(Crossed).direction, scene.event(Crossed).zone_name.as_deref()),
        (Some(Direction::AToB), Some("GATE"))
    );
    scene.nothing(20);
    scene.told.clear();
    assert_eq!(scene.walk("2", "car", 0.6, &steps(0.9, 0.1, 8)), [Began, Crossed]);
    assert_eq!(scene.event(Crossed).direction, Some(Direction::BToA));
    assert_eq!(scene.counts("gate", "car"), [0, 0, 0, 1, 1]);
}

#[test]
fn what_was_crossed_before_it_was_believed_counts() {
    let mut scene = Scene::new(&[gate()]);
    assert_eq!(scene.walk("1", "car", 0.6, &[0.45, 0.6, 0.75]), [Began, Crossed]);
    assert_eq!(scene.event(Crossed).pts, 2 * LOOK);
}

#[test]
fn a_thing_that_trembles_on_a_line_has_crossed_it_at_most_once() {
    let mut scene = Scene::new(&[gate()]);
    scene.walk("1", "person", 0.6, &steps(0.3, 0.48, 5));
    let told = scene.walk("1", "person", 0.6, &[0.498, 0.503, 0.497, 0.504, 0.498, 0.502, 0.496, 0.503].repeat(5));
    assert_eq!(told, [], "it is not clear of the line");
    assert_eq!(scene.walk("1", "person", 0.6, &[0.51, 0.53, 0.6]), [Crossed]);
    assert_eq!(scene.nothing(20), [Ended]);
    assert_eq!(scene.counts("gate", "person"), [0, 0, 0, 1, 0]);
}

#[test]
fn a_wild_box_tells_once_a_second_at_most() {
    let mut scene = Scene::new(&[gate(), lawn()]);
    let wild: Vec<f32> = (0..50).map(|n| if n % 2 == 0 { 0.45 } else { 0.55 }).collect();
    let told = scene.walk("1", "person", 0.7, &wild);
    let count = |kinds: &[EventKind]| told.iter().filter(|kind| kinds.contains(kind)).count();
    assert!(count(&[Crossed]) <= 10 && count(&[Entered, Left]) <= 10, "ten seconds: {told:?}");
}

#[test]
fn who_stops_just_behind_the_line_has_crossed_it() {
    let mut scene = Scene::new(&[gate()]);
    scene.walk("1", "person", 0.6, &steps(0.3, 0.49, 5));
    assert_eq!(scene.walk("1", "person", 0.6, &[0.504; 3]), [], "not clear of it yet");
    assert_eq!(scene.walk("1", "person", 0.6, &[0.504; 3]), [Crossed], "half a second is no trembling");
}

#[test]
fn who_vanishes_on_the_line_has_crossed_it() {
    let mut scene = Scene::new(&[gate()]);
    scene.walk("1", "person", 0.6, &steps(0.3, 0.49, 5));
    assert_eq!(scene.walk("1", "person", 0.6, &[0.505]), []);
    assert_eq!(scene.nothing(12), [Crossed, Ended]);
    assert_eq!((scene.event(Crossed).pts, scene.event(Crossed).direction), (6 * LOOK, Some(Direction::AToB)));
}

#[test]
fn there_and_back_before_it_counts_is_no_crossing() {
    let mut scene = Scene::new(&[gate()]);
    scene.walk("1", "person", 0.6, &[0.4, 0.55]);
    assert_eq!(scene.walk("1", "person", 0.6, &[0.4, 0.3]), [Began]);
    assert_eq!(scene.counts("gate", "person"), [0; 5]);
}

#[test]
fn an_area_is_entered_stayed_in_and_left() {
    let mut scene = Scene::new(&[Zone { dwell_s: 3.0, ..lawn() }]);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.3, 0.35, 0.4]), [Began]);
    // The foot is on the grass from the fifth look on (0.8 s).
    assert_eq!(scene.walk("1", "person", 0.7, &[0.45, 0.6]), [Entered]);
    assert_eq!(scene.counts("lawn", "person"), [1, 1, 0, 0, 0]);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.7; 14]), []);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.7; 6]), [Dwelt], "once");
    assert_eq!(scene.walk("1", "person", 0.7, &[0.3, 0.2]), [Left]);
    assert_eq!(scene.event(Dwelt).stayed_s, Some(3.0));
    assert_eq!((scene.event(Left).stayed_s, scene.event(Left).zone.as_deref()), (Some(4.2), Some("lawn")));
    assert_eq!(scene.counts("lawn", "person"), [0, 1, 1, 0, 0]);
}

#[test]
fn where_a_thing_stands_counts_and_not_where_its_head_is() {
    let mut scene = Scene::new(&[lawn()]);
    // The whole box but its lower edge is in the area, and then the lower edge alone.
    let tall = |foot: f32| Track { y1: 0.55, ..track("1", "person", 0.8, foot) };
    let flat = |id: &str, top: f32| Track { y1: top, ..track(id, "person", 0.8, 0.6) };
    (0..5).for_each(|_| assert!(!scene.look(&[tall(1.1)]).contains(&Entered)));
    assert_eq!((0..5).flat_map(|_| scene.look(&[flat("2", 0.0)])).collect::<Vec<_>>(), [Began, Entered]);
}

#[test]
fn a_thing_that_ends_in_an_area_leaves_it() {
    let mut scene = Scene::new(&[lawn()]);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.7; 5]), [Began, Entered], "what appears in it enters it");
    assert_eq!(scene.nothing(10), [Left, Ended]);
    assert_eq!(scene.event(Left).stayed_s, Some(0.8));
    assert_eq!(scene.counts("lawn", "person"), [0, 1, 1, 0, 0]);
}

#[test]
fn a_thing_that_trembles_on_the_edge_does_not_come_and_go() {
    let mut scene = Scene::new(&[lawn()]);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.497, 0.503].repeat(30)), [Began]);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.52]), [Entered]);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.497, 0.503].repeat(30)), []);
    assert_eq!(scene.walk("1", "person", 0.7, &[0.495; 6]), [Left], "half a second outside");
    assert_eq!(scene.counts("lawn", "person"), [0, 1, 1, 0, 0]);
}

#[test]
fn a_zone_counts_the_labels_it_is_told_to() {
    let cars = Zone { labels: vec!["car".into()], ..gate() };
    let people = Zone { labels: vec!["person".into(), "dog".into()], ..lawn() };
    let mut scene = Scene::new(&[cars, people]);
    let told = scene.walk("1", "car", 0.7, &steps(0.3, 0.8, 6));
    assert_eq!(told, [Began, Crossed]);
    let told = scene.walk("2", "dog", 0.7, &steps(0.3, 0.8, 6));
    assert_eq!(told, [Began, Entered]);
    assert_eq!((scene.counts("gate", "car"), scene.counts("lawn", "dog")), ([0, 0, 0, 1, 0], [1, 1, 0, 0, 0]));
    assert_eq!(scene.watcher.counts().len(), 2);
}

#[test]
fn what_is_voted_to_be_something_else_leaves_as_what_it_came_as() {
    let mut scene = Scene::new(&[lawn()]);
    scene.walk("1", "dog", 0.7, &[0.7; 4]);
    assert_eq!(scene.walk("1", "sheep", 0.7, &[0.7, 0.7, 0.7, 0.3]), [Left]);
    assert_eq!((scene.counts("lawn", "dog"), scene.counts("lawn", "sheep")), ([0, 1, 1, 0, 0], [0; 5]));
    assert_eq!(scene.event(Left).label, "sheep");
}

#[test]
fn motion_is_told_of_by_zones_alone() {
    let mut scene = Scene::new(&[]);
    scene.walk("1", "motion", 0.7, &[0.7; 5]);
    scene.nothing(20);
    assert_eq!(scene.told, []);
    let mut scene = Scene::new(&[lawn()]);
    assert_eq!(scene.walk("1", "motion", 0.7, &[0.7; 5]), [Entered]);
    assert_eq!(scene.nothing(20), [Left]);
}

#[test]
fn an_epoch_ends_everything() {
    let mut scene = Scene::new(&[lawn()]);
    scene.walk("1", "person", 0.7, &[0.7; 5]);
    scene.epoch = 2;
    scene.looks = 0;
    assert_eq!(scene.nothing(1), [Left, Ended]);
    assert_eq!(scene.event(Ended).epoch, 1);
    scene.walk("2", "person", 0.7, &[0.7; 5]);
    scene.epoch = 1;
    assert_eq!(scene.walk("3", "person", 0.7, &[0.7; 5]), [], "what comes late from the epoch before");
    scene.epoch = 2;
    assert_eq!(scene.walk("2", "person", 0.7, &[0.7]), [], "goes on");
}

#[test]
fn everything_ends_where_nobody_looks_any_more() {
    let mut scene = Scene::new(&[lawn()]);
    scene.walk("1", "person", 0.7, &[0.7; 5]);
    let looked = 4 * LOOK;
    assert_eq!(scene.watcher.pass(Epoch(1), Pts(looked + 899_999)), [], "looks may be far apart");
    assert_eq!(scene.watcher.pass(Epoch(1), Pts(looked + 900_000)).len(), 2);
    assert_eq!(scene.watcher.finish(), []);
}

/// Looks at key frames alone are seconds apart: what is seen in each has not ended in between.
#[test]
fn rare_looks_end_nothing() {
    let mut scene = Scene::new(&[gate()]);
    scene.every = 4 * 90_000;
    assert_eq!(scene.walk("1", "person", 0.7, &[0.2, 0.3, 0.4, 0.6]), [Began, Crossed]);
}

#[test]
fn other_zones_cost_no_track_and_those_that_stay_go_on_counting() {
    let mut scene = Scene::new(&[gate(), lawn()]);
    scene.walk("1", "person", 0.7, &steps(0.3, 0.7, 6));
    assert_eq!((scene.counts("gate", "person"), scene.counts("lawn", "person")), ([0, 0, 0, 1, 0], [1, 1, 0, 0, 0]));
    // The gate moves, the lawn has another name and another place in the list, the pond is new.
    let pond = zone("pond", ZoneKind::Area, &[[0.6, 0.6], [0.8, 0.6], [0.8, 0.8], [0.6, 0.8]]);
    let moved = Zone { points: vec![[0.9, 1.0].into(), [0.9, 0.0].into()], ..gate() };
    scene.watcher.set_zones(&[pond, Zone { name: "Meadow".into(), ..lawn() }, moved]);
    assert_eq!((scene.counts("gate", "person"), scene.counts("lawn", "person")), ([0; 5], [1, 1, 0, 0, 0]));
    scene.told.clear();
    assert_eq!(scene.walk("1", "person", 0.7, &[0.7, 0.7]), [Entered], "the same track, in the pond");
    assert_eq!(scene.walk("1", "person", 0.7, &[0.85, 0.85, 0.85, 0.85, 0.95]), [Left, Crossed]);
    assert_eq!(scene.walk("1", "person", 0.4, &[0.95, 0.95]), [Left]);
    assert_eq!(scene.told.last().and_then(|one| one.event.zone_name.as_deref()), Some("Meadow"));
    assert_eq!(scene.counts("lawn", "person"), [0, 1, 1, 0, 0]);
}

#[test]
fn ten_thousand_boxes_are_bounded() {
    let mut scene = Scene::new(&[gate(), lawn()]);
    let crowd: Vec<Track> =
        (0..10_000).map(|n| track(&format!("{n:05}"), "person", (n % 100) as f32 / 100.0, 0.7)).collect();
    for _ in 0..3 {
        scene.look(&crowd);
    }
    assert_eq!(scene.watcher.things.len(), MOST_THINGS);
    assert_eq!(scene.told.iter().filter(|one| one.event.kind == Began).count(), MOST_THINGS);
    scene.nothing(11);
    assert!(scene.watcher.things.is_empty());
}
