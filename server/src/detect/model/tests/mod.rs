//! Models as a whole, by tiny graphs that are written here: every layout, hostile files, batches, and what the reference makes of the
//! same numbers. They need ONNX Runtime's library and say that they were skipped where it is not there.

mod graph;
mod hostile;
mod layouts;
mod reference;

use super::{Engine, Input, ModelError, Options, Placed, Recipe, open, runtime};
use crate::detect::{Area, Detection};
use graph::Graph;
use std::io::Write;

/// Says that a test was skipped.
fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Whether models can be run; says so where they cannot.
fn can_run() -> bool {
    runtime().inspect_err(|error| skip(&error.0)).is_ok()
}

/// Loads what a graph is written as, with a recipe.
fn load(bytes: &[u8], recipe: &str) -> Result<Box<dyn Engine>, ModelError> {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("tiny.onnx");
    std::fs::write(&file, bytes).expect("written");
    open("tiny", &file, &Recipe::parse(recipe)?, &Options::default())
}

/// Why it is refused.
fn refused(bytes: &[u8], recipe: &str) -> String {
    load(bytes, recipe).err().expect("refused").0
}

/// An input of one value, lying over all of the picture.
fn input(engine: &dyn Engine, value: f32) -> Input {
    let (width, height) = engine.spec().size;
    let step = (1.0 / width as f32, 1.0 / height as f32);
    let within = Area { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 };
    Input::of(vec![value; 3 * width * height], Placed { origin: (0.0, 0.0), step, within })
}

/// What it finds in one picture.
fn found(engine: &mut dyn Engine, least: f32) -> Vec<Detection> {
    let input = input(engine, 0.0);
    engine.run(&[&input], least).expect("it runs").remove(0)
}

/// Label, score and corners in pixels of the input, rounded for comparing.
fn told(found: &[Detection], side: f32) -> Vec<(String, i32, [i32; 4])> {
    let pixel = |part: f32| (part * side).round() as i32;
    let one = |found: &Detection| {
        let Detection { label, score, x1, y1, x2, y2, .. } = found;
        (label.to_string(), (score * 100.0).round() as i32, [*x1, *y1, *x2, *y2].map(pixel))
    };
    found.iter().map(one).collect()
}

/// A graph with one output of rows and columns.
fn one_output(side: i64, shape: [i64; 3], numbers: &[f32]) -> Graph {
    Graph::new([1, 3, side, side]).output("output0", &shape, numbers)
}

/// The file of a model that sees a car in the same place of every picture.
pub(crate) fn tiny_model() -> Vec<u8> {
    let mut numbers = [0.0; 600];
    numbers[..6].copy_from_slice(&[8.0, 16.0, 24.0, 48.0, 0.7, 2.0]);
    one_output(64, [1, 100, 6], &numbers).written()
}
