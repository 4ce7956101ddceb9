//! Files and answers that are wrong, on purpose or not: refused in words, or dropped and counted; never a panic.

use super::*;

fn end2end(rows: usize, numbers: &[f32]) -> Graph {
    one_output(64, [1, rows as i64, 6], numbers)
}

#[test]
fn what_does_not_fit_is_refused_with_expected_and_found() {
    if !can_run() {
        return;
    }
    let six =
        (0..6).fold(Graph::new([1, 3, 64, 64]), |graph, n| graph.output(&format!("cls{n}"), &[1, 10, 80], &[0.0; 800]));
    let error = refused(&six.written(), "");
    assert!(
        error.starts_with("the model tiny cannot be used: its output is not understood. Expected one of: ultraface ("),
        "{error}"
    );
    assert!(error.contains("Found, for 64x64 pixels: `cls0` [1, 10, 80], `cls1`"), "{error}");
    let error = refused(&end2end(100, &[0.0; 600]).written(), "layout = \"yolox\"");
    assert!(error.contains("Expected yolox: one output [1, cells, 5 + classes]"), "{error}");
    assert!(error.contains("Found, for 64x64 pixels: `output0` [1, 100, 6]."), "{error}");
    let flat = Graph::new([1, 3, 64, 64]).output("output0", &[1, 256], &[0.0; 256]).written();
    assert!(refused(&flat, "").contains("its output `output0` is [1, 256], and not [pictures, rows, columns]"));
}

#[test]
fn inputs_that_are_no_pictures_are_refused() {
    if !can_run() {
        return;
    }
    let expected = "Expected: one input of 32-bit numbers, [pictures, 3, height, width]. Found: ";
    let error = |graph: Graph| refused(&graph.output("output0", &[1, 100, 6], &[0.0; 600]).written(), "");
    for shape in [[1, 64, 64, 3], [1, 1, 64, 64], [1, 3, 8, 8], [1, 3, 64, 100_000], [1000, 3, 64, 64]] {
        let error = error(Graph::new(shape));
        assert!(error.contains(expected), "{shape:?}: {error}");
    }
    // 16-bit floats.
    let error = error(Graph::new([1, 3, 64, 64]).kind(10));
    assert!(error.contains(expected), "{error}");
}

#[test]
fn broken_files_are_refused() {
    if !can_run() {
        return;
    }
    let whole = end2end(100, &[0.5; 600]).written();
    assert!(load(&whole, "").is_ok());
    for length in [0, 1, 7, 60, whole.len() / 2, whole.len() - 1] {
        let error = refused(&whole[..length], "");
        assert!(error.contains("cannot be used"), "{length}: {error}");
        assert!(error.len() < 500 && !error.contains('\n'), "{length}: {error}");
    }
    // What was changed on its way is a model or it is not; it never ends the program.
    for at in 0..whole.len().min(200) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        if let Ok(mut engine) = load(&changed, "") {
            let input = input(&*engine, 0.0);
            let _ = engine.run(&[&input], 0.1);
        }
    }
    let error = refused(&end2end(100, &[0.0; 600]).opset(900).written(), "");
    assert!(error.contains("opset 900") || error.contains("900"), "{error}");
    assert!(open("gone", "/nowhere/gone.onnx".as_ref(), &Recipe::default(), &Options::default()).is_err());
}

#[test]
fn answers_that_are_no_numbers_are_dropped_and_counted_or_told() {
    if !can_run() {
        return;
    }
    let good = [8.0, 16.0, 24.0, 48.0, 0.7, 0.0];
    let mut numbers = vec![0.0; 600];
    numbers[..6].copy_from_slice(&good);
    numbers[6..12].copy_from_slice(&[f32::NAN, 0.0, 9.0, 9.0, 0.9, 0.0]);
    numbers[12..18].copy_from_slice(&[0.0, 0.0, 9.0, 9.0, f32::NAN, 0.0]);
    numbers[18..24].copy_from_slice(&[0.0, 0.0, f32::INFINITY, 9.0, 0.9, 0.0]);
    numbers[24..30].copy_from_slice(&[0.0, 0.0, 9.0, 9.0, 0.9, 80.0]);
    let mut engine = load(&end2end(100, &numbers).written(), "").expect("fits");
    assert_eq!(found(&mut *engine, 0.3).len(), 1);
    assert_eq!(engine.dropped(), 4);
    let broken = [
        one_output(64, [1, 100, 6], &[f32::NAN; 600]),
        one_output(64, [1, 84, 7], &[f32::NAN; 84 * 7]),
        one_output(64, [1, 252, 7], &[f32::NAN; 252 * 7]),
        one_output(64, [1, 7, 84], &[f32::NAN; 84 * 7]),
    ];
    for graph in broken {
        let mut engine = load(&graph.written(), "").expect("fits");
        let input = input(&*engine, 0.0);
        assert_eq!(engine.run(&[&input], 0.3).expect_err("no numbers").0, "the model tiny gave no numbers (NaN).");
    }
}

#[test]
fn ten_thousand_boxes_and_none() {
    if !can_run() {
        return;
    }
    let many: Vec<f32> = (0..10_000).flat_map(|n| [0.0, 0.0, 1.0 + (n % 60) as f32, 9.0, 0.9, 0.0]).collect();
    let mut engine = load(&end2end(10_000, &many).written(), "").expect("fits");
    assert_eq!(found(&mut *engine, 0.3).len(), 300);
    let mut engine = load(&end2end(10_000, &many).written(), "nms = 0.5").expect("fits");
    assert!((1..20).contains(&found(&mut *engine, 0.3).len()));
    let mut engine = load(&end2end(0, &[]).written(), "").expect("fits");
    assert!(found(&mut *engine, 0.0).is_empty());
}

#[test]
fn labels_of_another_length_are_refused() {
    if !can_run() {
        return;
    }
    let graph = one_output(64, [1, 84, 7], &[0.0; 84 * 7]);
    let error = refused(&graph.written(), "labels = [\"one\"]");
    assert_eq!(error, "the model tiny cannot be used: it has 2 classes and 1 labels are named for them.");
    let error = refused(&graph.metadata("names", "{0: 'a', 1: 'b', 2: 'c'}").written(), "");
    assert!(error.contains("2 classes and 3 labels"), "{error}");
}

#[test]
fn an_input_of_another_size_is_told() {
    if !can_run() {
        return;
    }
    let mut engine = load(&end2end(100, &[0.0; 600]).written(), "").expect("fits");
    let error = engine.run(&[&Input::default()], 0.3).expect_err("too few").0;
    assert_eq!(error, "the model tiny takes 12288 numbers a picture, not 0.");
}

#[test]
fn a_provider_that_is_not_there_says_so_and_the_processor_takes_over() {
    if !can_run() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("tiny.onnx");
    std::fs::write(&file, end2end(100, &[0.0; 600]).written()).expect("written");
    let options = Options::on(Some(0), dir.path().join("engines"));
    let engine = open("tiny", &file, &Recipe::default(), &options).expect("the processor is left");
    assert!(engine.runs_on().ends_with("(CPU)"), "{}", engine.runs_on());
    let note = engine.note().expect("a reason");
    assert!(note.starts_with("TensorRT: ") && note.contains("; CUDA: "), "{note}");
}
