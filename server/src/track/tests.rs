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

/// A tracker behind a model.
fn behind_a_model() -> Tracker {
    tracker(&DetectSettings { model: "any".into(), ..DetectSettings::default() })
}

fn scored(label: &str, score: f32, x: f32) -> Detection {
    Detection { score, ..at(label, x, 0.4) }
}

/// Looks every 0.2 s.
const LOOK: i64 = 18_000;

#[test]
fn weak_detections_prolong_a_track_and_begin_none() {
    let mut tracker = behind_a_model();
    let first = ids(&tracker.update(Epoch(0), Pts(0), Some(vec![scored("car", 0.9, 0.3)])));
    for n in 1..12_i64 {
        let x = 0.3 + 0.01 * n as f32;
        let found = vec![scored("car", 0.15, x), scored("car", 0.3, 0.7), scored("car", 0.05, 0.1)];
        let tracks = tracker.update(Epoch(0), Pts(n * LOOK), Some(found)).tracks;
        assert_eq!(tracks.len(), 1, "look {n}: {tracks:?}");
        assert_eq!(
            (&tracks[0].id, tracks[0].score, tracks[0].best, tracks[0].looks),
            (&first[0], 0.15, 0.9, n as u32 + 1)
        );
        assert!(tracks[0].x1 == x && !tracks[0].predicted);
    }
    // What is lost is not found again by a faint box.
    tracker.update(Epoch(0), Pts(12 * LOOK), Some(vec![]));
    let faint = tracker.update(Epoch(0), Pts(13 * LOOK), Some(vec![scored("car", 0.15, 0.42)])).tracks;
    assert!(faint.iter().all(|track| track.predicted), "{faint:?}");
}

#[test]
fn what_a_model_is_not_sure_of_is_told_once_it_is_seen_again() {
    let mut tracker = behind_a_model();
    tracker.update(Epoch(0), Pts(0), Some(vec![]));
    let look = |tracker: &mut Tracker, n: i64, found: Vec<Detection>| {
        tracker.update(Epoch(0), Pts(n * LOOK), Some(found)).tracks
    };
    assert!(look(&mut tracker, 1, vec![scored("car", 0.45, 0.3)]).is_empty(), "not quite sure");
    assert!(tracker.update(Epoch(0), Pts(LOOK + FRAME), None).tracks.is_empty());
    let second = look(&mut tracker, 2, vec![scored("car", 0.45, 0.31)]);
    assert_eq!((second.len(), second[0].looks), (1, 2));
    assert_eq!(
        look(&mut tracker, 3, vec![scored("car", 0.45, 0.32), scored("car", 0.72, 0.7)]).len(),
        2,
        "sure at once"
    );
    // Noise that is not seen again was nothing, and gives its place to nobody.
    look(&mut tracker, 4, vec![scored("car", 0.45, 0.1)]);
    assert!(look(&mut tracker, 5, vec![]).iter().all(|track| track.x1 > 0.25));
    assert!(look(&mut tracker, 6, vec![scored("car", 0.45, 0.1)]).iter().all(|track| track.x1 > 0.25));
    // Looks that are rare do not wait for each other.
    assert_eq!(look(&mut tracker, 60, vec![scored("car", 0.45, 0.5)]).len(), 1);
}

#[test]
fn a_label_has_its_own_score_to_begin_with() {
    let settings = DetectSettings {
        model: "any".into(),
        min_score: 0.3,
        scores: [("car".to_owned(), 0.8)].into(),
        labels: vec!["car".into(), "dog".into()],
        ..DetectSettings::default()
    };
    let mut tracker = tracker(&settings);
    let found = vec![scored("car", 0.7, 0.1), scored("dog", 0.35, 0.4), scored("cat", 0.9, 0.7)];
    let told = tracker.update(Epoch(0), Pts(0), Some(found)).tracks;
    assert_eq!(told.iter().map(|track| track.label.as_str()).collect::<Vec<_>>(), ["dog"]);
}

#[test]
fn what_a_thing_is_is_voted_on_and_a_box_has_one_word() {
    let mut tracker = behind_a_model();
    let words = [("car", 0.8), ("truck", 0.6), ("car", 0.7), ("truck", 0.65), ("truck", 0.9), ("truck", 0.9)];
    let mut told = Vec::new();
    for (n, (word, score)) in words.into_iter().enumerate() {
        let tracks = tracker.update(Epoch(0), Pts(n as i64 * LOOK), Some(vec![scored(word, score, 0.3)])).tracks;
        assert_eq!(tracks.len(), 1, "look {n}");
        told.push((tracks[0].id.clone(), tracks[0].label.clone()));
    }
    assert!(told.iter().all(|(id, _)| *id == told[0].0), "{told:?}");
    assert_eq!(
        told.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>(),
        ["car", "car", "car", "car", "truck", "truck"]
    );
    // Two words for one box are one thing; two things that overlap are two.
    let found = vec![scored("truck", 0.9, 0.3), scored("bus", 0.8, 0.301), scored("person", 0.9, 0.34)];
    assert_eq!(tracker.update(Epoch(0), Pts(6 * LOOK), Some(found)).tracks.len(), 2);
}

#[test]
fn what_a_model_misses_goes_on_for_half_a_second_and_comes_back_within_one() {
    let mut tracker = behind_a_model();
    let x = |n: i64| 0.2 + 0.02 * n as f32;
    let mut first = Vec::new();
    for n in 0..5 {
        first = ids(&tracker.update(Epoch(0), Pts(n * LOOK), Some(vec![scored("person", 0.9, x(n))])));
    }
    for n in 5..7 {
        let missed = tracker.update(Epoch(0), Pts(n * LOOK), Some(vec![])).tracks;
        assert_eq!((ids_of(&missed), missed[0].predicted), (first.clone(), true));
        assert!((missed[0].x1 - x(n)).abs() < 2e-3, "{} is not {}", missed[0].x1, x(n));
        assert_eq!(tracker.update(Epoch(0), Pts(n * LOOK + FRAME), None).tracks.len(), 1);
    }
    assert!(tracker.update(Epoch(0), Pts(7 * LOOK), Some(vec![])).tracks.is_empty(), "longer than half a second");
    assert!(tracker.update(Epoch(0), Pts(8 * LOOK), Some(vec![])).tracks.is_empty());
    let back = tracker.update(Epoch(0), Pts(9 * LOOK), Some(vec![scored("person", 0.9, x(9))])).tracks;
    assert_eq!((ids_of(&back), back[0].predicted), (first, false), "after one second less a look");
}

fn ids_of(tracks: &[Track]) -> Vec<String> {
    tracks.iter().map(|track| track.id.clone()).collect()
}

#[test]
fn a_late_answer_serves_the_frames_to_come() {
    let (mut prompt, mut late) = (behind_a_model(), behind_a_model());
    let x = |n: i64| 0.2 + 0.004 * n as f32;
    for n in 0..60_i64 {
        let pts = Pts(n * FRAME);
        let found = vec![scored("car", 0.9, x(n))];
        let expected = prompt.update(Epoch(0), pts, (n % 6 == 0).then(|| found.clone())).tracks;
        let got = late.update(Epoch(0), pts, None).tracks;
        if n % 6 == 3 {
            let told = late.late(Epoch(0), Pts((n - 3) * FRAME), vec![scored("car", 0.9, x(n - 3))]);
            assert!(told.len() == 1 && !told[0].predicted && told[0].x1 == x(n - 3));
        }
        if n > 18 {
            assert!((got[0].x1 - expected[0].x1).abs() < 2e-3 && got[0].predicted, "frame {n}");
        }
    }
    assert!(late.late(Epoch(0), Pts(0), vec![scored("car", 0.9, 0.9)]).is_empty(), "older than another answer");
    assert!(late.late(Epoch(7), Pts(9_999_999), vec![scored("car", 0.9, 0.9)]).is_empty(), "of another epoch");
}

#[test]
fn findings_move_with_their_track_until_there_are_others() {
    let mut tracker = behind_a_model();
    let seen = scored("person", 0.9, 0.2);
    let id = ids(&tracker.update(Epoch(0), Pts(0), Some(vec![seen.clone()])))[0].clone();
    tracker.update(Epoch(0), Pts(LOOK), Some(vec![scored("person", 0.9, 0.3)]));
    // The face was found in the first frame's box, and is told at once in the newest one's.
    let corners = vec![sightline_shared::scene::Point { x: 0.22, y: 0.45 }];
    let face = Finding { label: "face".into(), score: 0.8, x1: 0.22, y1: 0.45, x2: 0.25, y2: 0.5, corners };
    tracker.attach(&id, seen.area(), vec![face]);
    tracker.attach("nobody", seen.area(), vec![Finding::default()]);
    let told = tracker.update(Epoch(0), Pts(LOOK + LOOK / 2), None).tracks.remove(0);
    let found = &told.findings[0];
    assert!((found.x1 - told.x1 - 0.02).abs() < 1e-3 && (found.y2 - 0.5).abs() < 1e-3, "{told:?}");
    assert!((found.corners[0].x - told.x1 - 0.02).abs() < 1e-3);
    for n in 2..15_i64 {
        let x = 0.3 + 0.01 * n as f32;
        let told = tracker.update(Epoch(0), Pts(n * LOOK), Some(vec![scored("person", 0.9, x)])).tracks.remove(0);
        assert_eq!(told.findings.len(), usize::from(n <= 11), "look {n}: for two seconds");
    }
    tracker.attach(&id, seen.area(), vec![]);
}

#[test]
fn a_swinging_camera_is_taken_out_and_a_pan_is_followed() {
    let mut tracker = behind_a_model();
    let mut first = Vec::new();
    for n in 0..12_i64 {
        // Two people side by side, and a camera that jumps by the distance between them.
        let swing = if n % 2 == 1 { 0.12 } else { 0.0 };
        let before = if n % 2 == 0 && n > 0 { 0.12 } else { 0.0 };
        tracker.shift(&CameraShift { pts: Pts(n * LOOK), seconds: 0.2, dx: swing - before, dy: 0.0, zoom: 1.0 });
        let found = vec![scored("person", 0.9, 0.3 + swing), scored("person", 0.9, 0.42 + swing)];
        let now = ids(&tracker.update(Epoch(0), Pts(n * LOOK), Some(found)));
        if n == 0 {
            first = now.clone();
        }
        assert_eq!(now, first, "look {n}");
    }
    let mut tracker = behind_a_model();
    for n in 0..12_i64 {
        let x = 0.2 + 0.03 * n as f32;
        if n > 0 {
            tracker.shift(&CameraShift { pts: Pts(n * LOOK), seconds: 0.2, dx: 0.03, dy: 0.0, zoom: 1.0 });
        }
        tracker.update(Epoch(0), Pts(n * LOOK), Some(vec![scored("person", 0.9, x)]));
    }
    let between = tracker.update(Epoch(0), Pts(11 * LOOK + LOOK / 2), None).tracks;
    assert!((between[0].x1 - 0.545).abs() < 2e-3, "{between:?}");
}

#[test]
fn what_no_detector_should_say_does_no_harm() {
    let mut tracker = behind_a_model();
    let odd = |x1: f32, x2: f32, score: f32| Detection::new(Arc::from("car"), score, Area { x1, y1: 0.1, x2, y2: 0.2 });
    let found =
        vec![odd(f32::NAN, 0.2, 0.9), odd(0.3, 0.2, 0.9), odd(0.1, f32::INFINITY, 0.9), odd(0.1, 0.2, f32::NAN)];
    assert!(tracker.update(Epoch(0), Pts(0), Some(found)).tracks.is_empty());
    for n in 1..4_i64 {
        let many =
            (0..10_000).map(|k| scored("car", 0.5 + (k % 97) as f32 / 200.0, (k % 100) as f32 / 110.0)).collect();
        let told = tracker.update(Epoch(0), Pts(n * LOOK), Some(many)).tracks;
        assert!(told.len() <= 600, "{}", told.len());
    }
}
