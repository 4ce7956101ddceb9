//! A model of a few kilobytes: it finds one person in every picture, surer the brighter the picture is.

#[path = "../../server/src/detect/model/tests/graph.rs"]
#[allow(dead_code, reason = "the server's own tests write graphs of every kind by it")]
mod graph;

use graph::Graph;

/// Rows of the answer: as many as exports of its layout have.
const ROWS: usize = 100;

/// The file. It looks at squares of `side` pixels, as many at once as there are.
#[must_use]
pub fn tiny_model(side: i64) -> Vec<u8> {
    let (mut numbers, mut brightness) = (vec![0.0; 6 * ROWS], vec![0.0; 6 * ROWS]);
    let side_px = side as f32;
    numbers[..6].copy_from_slice(&[side_px * 0.25, side_px * 0.4, side_px * 0.5, side_px * 0.6, 0.5, 0.0]);
    brightness[4] = 0.5;
    Graph::new([-1, 3, side, side]).output_by_picture("output0", [ROWS as i64, 6], &numbers, &brightness).written()
}
