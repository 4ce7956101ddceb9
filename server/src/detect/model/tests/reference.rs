//! What detect.py makes of the same numbers, and of the same frames (`tests/models/reference.py` wrote both down).

use super::*;
use crate::annotate::frame_at;
use crate::detect::model::labels::COCO;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The reference's own thresholds.
const LEAST: f32 = 0.35;
/// Boxes so near to it may be on either side.
const NEAR: f32 = 0.1;

/// Class, score, and corners in pixels of the picture.
type Box = (usize, f32, f32, f32, f32, f32);

#[derive(Deserialize)]
struct Heads {
    size: (f32, f32),
    heads: Vec<Head>,
}

#[derive(Deserialize)]
struct Head {
    layout: String,
    shape: (usize, usize),
    rows: Vec<(usize, Vec<f32>)>,
    boxes: Vec<Box>,
}

#[derive(Deserialize)]
struct Shot {
    video: String,
    seconds: f64,
    size: (f32, f32),
    yolox: Vec<Box>,
    v8: Vec<Box>,
    end2end: Vec<Box>,
}

/// Label, score, corners in pixels.
fn pixels(found: &Detection, size: (f32, f32)) -> (String, f32, [f32; 4]) {
    let Detection { label, score, x1, y1, x2, y2, .. } = found;
    (label.to_string(), *score, [x1 * size.0, y1 * size.1, x2 * size.0, y2 * size.1])
}

/// The raw output with nothing in the rows that were left out.
fn whole(head: &Head) -> Vec<f32> {
    let (rows, columns) = head.shape;
    let mut numbers = vec![0.0; rows * columns];
    for (at, row) in &head.rows {
        for (column, value) in row.iter().enumerate() {
            let place = if head.layout == "v8" { column * columns + at } else { at * columns + column };
            numbers[place] = *value;
        }
    }
    numbers
}

#[test]
fn boxes_of_the_same_numbers_are_the_references() {
    if !can_run() {
        return;
    }
    let heads: Heads = serde_json::from_str(include_str!("../../../../../tests/models/heads.json")).expect("whole");
    assert_eq!(heads.heads.len(), 3);
    for head in &heads.heads {
        let shape = [1, head.shape.0 as i64, head.shape.1 as i64];
        let mut engine = load(&one_output(416, shape, &whole(head)).written(), "").expect("fits");
        let shown = (heads.size.0.into(), heads.size.1.into());
        let ((width, _), (left, top)) = engine.spec().view.place(shown, (416, 416));
        let scale = engine.spec().view.scale(shown, (416, 416)).0 as f32;
        let step = (1.0 / (scale * heads.size.0), 1.0 / (scale * heads.size.1));
        // Boxes that reach out of the picture are the reference's, too: nothing is cut here.
        let within = Area { x1: -9.0, y1: -9.0, x2: 9.0, y2: 9.0 };
        let placed = Placed { origin: (-(left as f32) * step.0, -(top as f32) * step.1), step, within };
        let input = Input { placed, ..input(&*engine, 0.0) };
        let found = engine.run(&[&input], LEAST).expect("it runs").remove(0);
        assert_eq!(found.len(), head.boxes.len(), "{}", head.layout);
        assert!(!found.is_empty());
        for (found, wanted) in found.iter().zip(&head.boxes) {
            let (label, score, corners) = pixels(found, heads.size);
            assert_eq!(label, COCO[wanted.0], "{}", head.layout);
            assert!((score - wanted.1).abs() < 1e-3, "{}: {score} for {wanted:?}", head.layout);
            // In pixels of the input, of which the picture has three.
            let apart = corners.iter().zip([wanted.2, wanted.3, wanted.4, wanted.5]).map(|(a, b)| (a - b).abs());
            let worst = apart.fold(0.0, f32::max) * width as f32 / heads.size.0;
            assert!(worst < 1e-3, "{}: {corners:?} for {wanted:?}", head.layout);
        }
    }
}

/// A file of the shared folder; `None`, and a word about it, where it is not there.
fn shared(path: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("SIGHTLINE_SHARED").map_or(beside, PathBuf::from);
    let found = folder.join(path);
    found.exists().then_some(found).or_else(|| {
        skip(&format!("{path} is not in the shared folder"));
        None
    })
}

/// Each box of `wanted` has one of `found` to itself, and the other way round.
fn matched(found: &[Detection], wanted: &[Box], size: (f32, f32), what: &str) {
    let mut left: Vec<_> = found.iter().map(|found| pixels(found, size)).collect();
    for (class, score, x1, y1, x2, y2) in wanted {
        // The reference's corners may lie outside of the picture, ours never do.
        let area = |[x1, y1, x2, y2]: [f32; 4]| Area {
            x1: x1.clamp(0.0, size.0),
            y1: y1.clamp(0.0, size.1),
            x2: x2.clamp(0.0, size.0),
            y2: y2.clamp(0.0, size.1),
        };
        let wanted = area([*x1, *y1, *x2, *y2]);
        let fits = |(label, found, corners): &(String, f32, [f32; 4])| {
            label == COCO[*class] && (found - score).abs() <= 0.08 && area(*corners).iou(&wanted) >= 0.9
        };
        match left.iter().position(fits) {
            Some(at) => {
                left.remove(at);
            }
            None => {
                assert!(
                    *score < LEAST + NEAR,
                    "{what}: nothing for {} {score} at {wanted:?} in {left:?}",
                    COCO[*class]
                );
            }
        }
    }
    assert!(left.iter().all(|(_, score, _)| *score < LEAST + NEAR), "{what}: beyond the reference: {left:?}");
}

#[test]
fn twenty_frames_show_what_the_reference_sees() {
    if !can_run() {
        return;
    }
    let shots: Vec<Shot> =
        serde_json::from_str(include_str!("../../../../../tests/models/frames.json")).expect("whole");
    assert_eq!(shots.len(), 20);
    let models = ["yolox_nano_416x416", "yoloxnano_as_v8_416", "yoloxnano_end2end_416"];
    let mut boxes = 0;
    for (at, name) in models.iter().enumerate() {
        let Some(file) = shared(&format!("models/{name}.onnx")) else { return };
        let mut engine = open(name, &file, &Recipe::default(), &Options::default()).expect("it fits");
        let spec = engine.spec().clone();
        let mut input = Input::default();
        for shot in &shots {
            let Some(video) = shared(&format!("media/{}", shot.video)) else { return };
            let frame = frame_at(&video.display().to_string(), shot.seconds).expect("a picture");
            spec.prepare(&frame, None, &mut input).expect("prepared");
            let found = engine.run(&[&input], LEAST).expect("it runs").remove(0);
            let wanted = [&shot.yolox, &shot.v8, &shot.end2end][at];
            boxes += wanted.len();
            matched(&found, wanted, shot.size, &format!("{name}, {} at {} s", shot.video, shot.seconds));
        }
    }
    assert!(boxes >= 60, "only {boxes} boxes were compared");
}

#[test]
fn real_second_models_and_a_stranger() {
    if !can_run() {
        return;
    }
    let open_shared = |name: &str| shared(name).map(|file| open(name, &file, &Recipe::default(), &Options::default()));
    for (name, layout, classes) in
        [("light_person_detector", "yolox", 1), ("ultraface-RFB-320", "ultraface", 1), ("y5fu_320x_sim", "corners", 2)]
    {
        let Some(engine) = open_shared(&format!("models/{name}.onnx")) else { return };
        let spec = engine.expect("it fits").spec().clone();
        assert_eq!((spec.layout, spec.labels.len()), (layout, classes), "{name}");
    }
    let Some(engine) = open_shared("models/nanodet_m_320.onnx") else { return };
    let error = engine.err().expect("refused").0;
    assert!(error.contains("Found, for 320x320 pixels: `cls_pred_stride_8` [1, 1600, 80]"), "{error}");
}
