//! Every layout is recognised by itself and read right; recipes override what is found.

use super::*;

/// Cells of a 64-pixel input: 8x8, 4x4, 2x2.
const CELLS: usize = 84;

/// Rows of zeros but for the given ones.
fn rows<const N: usize>(many: usize, set: &[(usize, [f32; N])]) -> Vec<f32> {
    let mut out = vec![[0.0; N]; many];
    set.iter().for_each(|(at, row)| out[*at] = *row);
    out.concat()
}

fn turned(numbers: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| numbers.iter().skip(column).step_by(columns).copied().collect::<Vec<_>>()).collect()
}

#[test]
fn yolox_cells_become_pixels() {
    if !can_run() {
        return;
    }
    // Cell (3, 2) of the first grid, and cell (1, 0) of the last one: e^ln(2) cells of 8 pixels, e^0 of 32.
    let ln2 = 2.0_f32.ln();
    let numbers =
        rows(CELLS, &[(2 * 8 + 3, [0.5, 0.25, ln2, ln2, 0.9, 0.1, 0.8]), (81, [0.5, 0.5, 0.0, 0.0, 0.5, 0.9, 0.2])]);
    let mut engine = load(&one_output(64, [1, 84, 7], &numbers).written(), "").expect("fits");
    assert_eq!((engine.spec().layout, engine.spec().labels.len(), engine.spec().batch), ("yolox", 2, 1));
    let wanted = [("class 1".to_owned(), 72, [20, 10, 36, 26]), ("class 0".to_owned(), 45, [32, 0, 64, 32])];
    assert_eq!(told(&found(&mut *engine, 0.3), 64.0), wanted);
    assert_eq!(found(&mut *engine, 0.5).len(), 1);
}

#[test]
fn one_class_of_yolox_is_not_taken_for_corners_and_class() {
    if !can_run() {
        return;
    }
    let numbers = rows(CELLS, &[(0, [0.5, 0.5, 0.0, 0.0, 0.9, 0.9])]);
    let mut engine = load(&one_output(64, [1, 84, 6], &numbers).written(), "labels = [\"person\"]").expect("fits");
    assert_eq!(engine.spec().layout, "yolox");
    assert_eq!(told(&found(&mut *engine, 0.3), 64.0), [("person".to_owned(), 81, [0, 0, 8, 8])]);
    // Another number of rows is no grid's: corners, score and class.
    let numbers = rows(100, &[(7, [8.0, 16.0, 24.0, 48.0, 0.7, 2.0])]);
    let mut engine = load(&one_output(64, [1, 100, 6], &numbers).written(), "").expect("fits");
    assert_eq!((engine.spec().layout, engine.spec().labels.len()), ("end2end", 80));
    assert_eq!(told(&found(&mut *engine, 0.3), 64.0), [("car".to_owned(), 70, [8, 16, 24, 48])]);
}

#[test]
fn yolov5_and_its_ten_classes() {
    if !can_run() {
        return;
    }
    let numbers = rows(3 * CELLS, &[(250, [32.0, 16.0, 20.0, 10.0, 0.8, 0.5, 0.9])]);
    let mut engine = load(&one_output(64, [1, 252, 7], &numbers).written(), "labels = [\"a\", \"b\"]").expect("fits");
    assert_eq!(engine.spec().layout, "yolov5");
    assert_eq!(told(&found(&mut *engine, 0.3), 64.0), [("b".to_owned(), 72, [22, 11, 42, 21])]);
    // Fifteen columns with ten names are a YOLOv5; without, plates with corners.
    let fifteen = one_output(64, [1, 252, 15], &vec![0.0; 252 * 15]);
    let names: Vec<String> = (0..10).map(|class| format!("{class}: 'n{class}'")).collect();
    let named = fifteen.clone().metadata("names", &format!("{{{}}}", names.join(", "))).written();
    let engine = load(&named, "").expect("fits");
    assert_eq!((engine.spec().layout, &*engine.spec().labels[9]), ("yolov5", "n9"));
    assert_eq!(load(&fifteen.written(), "").expect("fits").spec().layout, "corners");
    assert_eq!(load(&fifteen.written(), "layout = \"yolov5\"").expect("fits").spec().layout, "yolov5");
}

#[test]
fn yolov8_in_columns() {
    if !can_run() {
        return;
    }
    // More columns than are looked at together.
    let numbers =
        rows(2100, &[(2099, [32.0, 16.0, 20.0, 10.0, 0.2, 0.9, 0.1]), (3, [8.0, 8.0, 8.0, 8.0, 0.4, 0.1, 0.39])]);
    let graph = one_output(64, [1, 7, 2100], &turned(&numbers, 7)).metadata("names", "{0: 'x', 1: 'y', 2: 'z'}");
    let mut engine = load(&graph.written(), "").expect("fits");
    assert_eq!(engine.spec().layout, "yolov8");
    let wanted = [("y".to_owned(), 90, [22, 11, 42, 21]), ("x".to_owned(), 40, [4, 4, 12, 12])];
    assert_eq!(told(&found(&mut *engine, 0.3), 64.0), wanted);
}

#[test]
fn detr_by_its_names() {
    if !can_run() {
        return;
    }
    let boxes = rows(300, &[(5, [0.5, 0.25, 0.25, 0.125])]);
    // sigmoid(0) is a half, everything else nothing.
    let logits: Vec<f32> = (0..300 * 80).map(|at| if at == 5 * 80 + 2 { 0.0 } else { -9.0 }).collect();
    let shapes = (&[1, 300, 4], &[1, 300, 80]);
    let rt = Graph::new([1, 3, 64, 64]).output("logits", shapes.1, &logits).output("pred_boxes", shapes.0, &boxes);
    let rf = Graph::new([1, 3, 64, 64]).output("dets", shapes.0, &boxes).output("labels", shapes.1, &logits);
    for (graph, layout, mean) in [(rt, "rt-detr", 0.0), (rf, "rf-detr", 123.675)] {
        let mut engine = load(&graph.written(), "").expect("fits");
        assert_eq!((engine.spec().layout, engine.spec().view.mean[0]), (layout, mean));
        assert_eq!(told(&found(&mut *engine, 0.3), 64.0), [("car".to_owned(), 50, [24, 12, 40, 20])]);
    }
    let mut joined = vec![0.0; 300 * 84];
    joined[84 * 7..84 * 7 + 4].copy_from_slice(&[0.5, 0.25, 0.25, 0.125]);
    joined[84 * 7 + 4] = 0.6;
    let mut engine = load(&one_output(64, [1, 300, 84], &joined).written(), "").expect("fits");
    assert_eq!(engine.spec().layout, "rt-detr-joined");
    assert_eq!(told(&found(&mut *engine, 0.3), 64.0), [("person".to_owned(), 60, [24, 12, 40, 20])]);
}

#[test]
fn second_models_of_faces_and_plates() {
    if !can_run() {
        return;
    }
    let scores = rows(50, &[(7, [0.1, 0.9])]);
    let boxes = rows(50, &[(7, [0.25, 0.25, 0.5, 0.75])]);
    let graph = Graph::new([1, 3, 64, 64]).output("scores", &[1, 50, 2], &scores).output("boxes", &[1, 50, 4], &boxes);
    let mut engine = load(&graph.written(), "").expect("fits");
    assert!(engine.spec().second && engine.spec().layout == "ultraface");
    assert_eq!(told(&found(&mut *engine, 0.3), 64.0), [("face".to_owned(), 90, [16, 16, 32, 48])]);
    let row = [32.0, 16.0, 20.0, 10.0, 0.9, 22.0, 11.0, 42.0, 12.0, 41.0, 21.0, 23.0, 20.0, 0.8, 0.1];
    let mut engine = load(&one_output(64, [1, 252, 15], &rows(252, &[(100, row)])).written(), "").expect("fits");
    let plates = found(&mut *engine, 0.3);
    assert_eq!(told(&plates, 64.0), [("plate".to_owned(), 72, [22, 11, 42, 21])]);
    let corners = plates[0].corners.expect("corners").map(|point| (point.x * 64.0, point.y * 64.0));
    assert_eq!(corners, [(22.0, 11.0), (42.0, 12.0), (41.0, 21.0), (23.0, 20.0)]);
}

#[test]
fn boxes_lie_where_the_picture_lay() {
    if !can_run() {
        return;
    }
    let numbers = rows(100, &[(0, [8.0, 16.0, 24.0, 48.0, 0.7, 0.0]), (1, [-50.0, 0.0, -1.0, 9.0, 0.6, 0.0])]);
    let mut engine = load(&one_output(64, [1, 100, 6], &numbers).written(), "").expect("fits");
    // The model saw the right half, twice as wide as high, in the middle of its input.
    let within = Area { x1: 0.5, y1: 0.0, x2: 1.0, y2: 1.0 };
    let placed = Placed { origin: (0.5, -0.5), step: (0.5 / 64.0, 1.0 / 32.0), within };
    let input = Input { placed, ..input(&*engine, 0.0) };
    let found = engine.run(&[&input], 0.3).expect("it runs").remove(0);
    // What lies outside of what was looked at is no box.
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].area(), Area { x1: 0.5625, y1: 0.0, x2: 0.6875, y2: 1.0 });
}

#[test]
fn each_picture_of_a_batch_has_its_own_answer() {
    if !can_run() {
        return;
    }
    let numbers = rows(100, &[(0, [8.0, 8.0, 16.0, 16.0, 0.1, 0.0])]);
    let mask = rows(100, &[(0, [0.0, 0.0, 0.0, 0.0, 1.0, 0.0])]);
    for (batch, wanted, recipe) in [(-1, 8, ""), (-1, 3, "batch = 3"), (2, 2, "")] {
        let graph = Graph::new([batch, 3, 64, 64]).output_by_picture("output0", [100, 6], &numbers, &mask);
        let mut engine = load(&graph.written(), recipe).expect("fits");
        assert_eq!(engine.spec().batch, wanted);
        // More than go in at once, and a last lot that is not full.
        let inputs: Vec<Input> = (0..9_u8).map(|n| input(&*engine, f32::from(n) / 10.0)).collect();
        let found = engine.run(&inputs.iter().collect::<Vec<_>>(), 0.05).expect("it runs");
        let scores: Vec<i32> = found.iter().map(|found| (found[0].score * 10.0).round() as i32).collect();
        assert_eq!(scores, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}

#[test]
fn open_sides_are_the_recipes_or_the_metadatas_to_say() {
    if !can_run() {
        return;
    }
    let graph = Graph::new([-1, 3, -1, -1]).output("output0", &[1, 100, 6], &[0.0; 600]);
    let size = |bytes: &[u8], recipe| load(bytes, recipe).expect("fits").spec().size;
    assert_eq!(size(&graph.written(), ""), (640, 640));
    assert_eq!(size(&graph.written(), "size = [96, 64]"), (96, 64));
    let told = graph.metadata("imgsz", "[64, 128]").written();
    assert_eq!(size(&told, ""), (128, 64));
    assert_eq!(size(&told, "size = [96, 64]"), (96, 64));
    let fixed = one_output(64, [1, 100, 6], &[0.0; 600]).written();
    assert!(refused(&fixed, "size = [96, 64]").contains("the graph takes 64x64"));
}
