//! The tracker on detections made by hand.

use super::*;
use crate::pipeline::clock::SimulatedClock;
use crate::pipeline::detection::Area;
use std::collections::BTreeSet;
use std::time::Duration;

const FRAME: i64 = 3000;

fn tracker(settings: &DetectSettings) -> Tracker {
    Tracker::new(settings, Arc::new(SimulatedClock::new(Duration::from_secs(1_700_000_000))))
}

fn at(label: &str, x: f32, y: f32) -> Detection {
    Detection::new(Arc::from(label), 0.8, Area { x1: x, y1: y, x2: x + 0.1, y2: y + 0.2 })
}

fn ids(tracks: &Tracks) -> Vec<String> {
    tracks.tracks.iter().map(|track| track.id.clone()).collect()
}

#[test]
fn looked_frames_carry_the_detections_own_boxes() {
    let mut tracker = tracker(&DetectSettings::default());
    let mut seen = BTreeSet::new();
    for n in 0..50_i64 {
        let found = at("person", 0.01 * n as f32, 0.3);
        let tracks = tracker.update(Epoch(3), Pts(n * FRAME), Some(vec![found.clone()]));
        assert_eq!((tracks.epoch, tracks.pts, tracks.tracks.len()), (Epoch(3), Pts(n * FRAME), 1));
        let track = &tracks.tracks[0];
        assert_eq!((track.x1, track.y1, track.x2, track.y2), (found.x1, found.y1, found.x2, found.y2));
        assert!(!track.predicted);
        seen.insert(track.id.clone());
    }
    assert_eq!(seen.len(), 1, "one thing, one id");
    let id: Ulid = seen.first().expect("one").parse().expect("a ULID");
    assert_eq!(id.timestamp_ms(), 1_700_000_000_000);
}

#[test]
fn between_looks_boxes_move_on_at_constant_velocity() {
    let mut tracker = tracker(&DetectSettings::default());
    let x = |n: i64| 0.1 + 0.004 * n as f32;
    for n in 0..60_i64 {
        let looked = (n % 6 == 0).then(|| vec![at("car", x(n), 0.5)]);
        let expect_predicted = looked.is_none();
        let tracks = tracker.update(Epoch(0), Pts(n * FRAME), looked);
        assert_eq!(tracks.tracks.len(), 1, "frame {n}");
        assert_eq!(tracks.tracks[0].predicted, expect_predicted, "frame {n}");
        if n >= 6 {
            assert!((tracks.tracks[0].x1 - x(n)).abs() < 1e-4, "frame {n}: {} not {}", tracks.tracks[0].x1, x(n));
        }
    }
}

#[test]
fn what_a_look_did_not_confirm_is_hidden_and_comes_back_under_its_id() {
    let mut tracker = tracker(&DetectSettings::default());
    let first = ids(&tracker.update(Epoch(0), Pts(0), Some(vec![at("car", 0.4, 0.4)])));
    assert!(tracker.update(Epoch(0), Pts(FRAME), Some(vec![])).tracks.is_empty(), "missed");
    assert!(tracker.update(Epoch(0), Pts(2 * FRAME), None).tracks.is_empty(), "and not predicted either");
    let again = ids(&tracker.update(Epoch(0), Pts(20 * FRAME), Some(vec![at("car", 0.41, 0.4)])));
    assert_eq!(again, first);
    let late = ids(&tracker.update(Epoch(0), Pts(20 * FRAME + 90_001), Some(vec![at("car", 0.41, 0.4)])));
    assert_ne!(late, first, "after more than a second it is another thing");
}

#[test]
fn a_jump_makes_a_new_identity() {
    let mut tracker = tracker(&DetectSettings::default());
    let before = ids(&tracker.update(Epoch(0), Pts(0), Some(vec![at("demo", 0.85, 0.4)])));
    let same = ids(&tracker.update(Epoch(0), Pts(FRAME), Some(vec![at("demo", 0.855, 0.4)])));
    let after = ids(&tracker.update(Epoch(0), Pts(2 * FRAME), Some(vec![at("demo", 0.08, 0.4)])));
    assert_eq!(before, same);
    assert_ne!(same, after);
    assert_eq!(after.len(), 1);
}

#[test]
fn two_things_that_cross_keep_their_identities() {
    let mut tracker = tracker(&DetectSettings::default());
    let mut first = Vec::new();
    for n in 0..80_i64 {
        let way = 0.01 * n as f32;
        let found = vec![at("car", 0.05 + way, 0.4), at("car", 0.85 - way, 0.45)];
        let now = ids(&tracker.update(Epoch(0), Pts(n * FRAME), Some(found)));
        if n == 0 {
            first = now.clone();
        }
        assert_eq!(now, first, "frame {n}");
    }
    assert_ne!(first[0], first[1]);
}

#[test]
fn labels_and_score_are_filtered() {
    let settings = DetectSettings { min_score: 0.5, labels: vec!["car".into()], ..DetectSettings::default() };
    let mut tracker = tracker(&settings);
    let mut weak = at("car", 0.5, 0.5);
    weak.score = 0.4;
    let tracks = tracker.update(Epoch(0), Pts(0), Some(vec![at("person", 0.1, 0.1), at("car", 0.3, 0.3), weak]));
    assert_eq!(tracks.tracks.iter().map(|track| track.x1).collect::<Vec<_>>(), [0.3]);
}

#[test]
fn labels_do_not_mix_and_an_epoch_forgets() {
    let mut tracker = tracker(&DetectSettings::default());
    let car = ids(&tracker.update(Epoch(0), Pts(0), Some(vec![at("car", 0.4, 0.4)])));
    let person = ids(&tracker.update(Epoch(0), Pts(FRAME), Some(vec![at("person", 0.4, 0.4)])));
    assert_ne!(car, person);
    assert!(tracker.update(Epoch(1), Pts(2 * FRAME), None).tracks.is_empty());
    let later = ids(&tracker.update(Epoch(1), Pts(3 * FRAME), Some(vec![at("car", 0.4, 0.4)])));
    assert_ne!(car, later);
}

#[test]
fn predictions_end_with_the_picture_and_after_a_second() {
    let mut tracker = tracker(&DetectSettings::default());
    for n in 0..3_i64 {
        tracker.update(Epoch(0), Pts(n * FRAME), Some(vec![at("car", 0.8 + 0.05 * n as f32, 0.4)]));
    }
    let tracks = tracker.update(Epoch(0), Pts(3 * FRAME), None).tracks;
    assert_eq!(tracks.len(), 1);
    assert!(tracks[0].x2 == 1.0 && tracks[0].x1 < 1.0, "{tracks:?}");
    assert!(tracker.update(Epoch(0), Pts(7 * FRAME), None).tracks.is_empty(), "it has left the picture");

    tracker.update(Epoch(0), Pts(100_000), Some(vec![at("car", 0.2, 0.4)]));
    assert_eq!(tracker.update(Epoch(0), Pts(190_000), None).tracks.len(), 1);
    assert!(tracker.update(Epoch(0), Pts(190_001), None).tracks.is_empty(), "looks that rare say nothing of now");
}
