//! Plates by a YOLOv5 with corners (HyperLPR's): a box, objectness, four corners from the upper left clockwise, two classes.

use super::{Answer, Candidates, Layout, around, best};
use crate::detect::model::nms::Candidate;
use crate::detect::model::view::View;

pub(super) const LAYOUT: Layout = Layout {
    name: "corners",
    expected: "one output [1, N, 15], three rows for each cell of 8, 16 and 32 pixels: cx cy w h, objectness, four corners, two classes",
    classes: |shapes| shapes.one().filter(|(_, columns)| *columns == 15).map(|_| 2),
    // A YOLOv5 of ten classes looks the same; its exports name them.
    surely: |shapes| shapes.named.is_none() && shapes.one().is_some_and(|(rows, _)| rows == 3 * shapes.cells()),
    view: View { pad: 0.0, ..View::UNIT_RGB },
    nms: Some(0.45),
    labels: &["plate", "plate"],
    second: true,
    read,
};

fn read(answer: &Answer<'_>, found: &mut Candidates) {
    for row in answer.tables[0].rows().filter(|row| answer.wants(row[4])) {
        let (class, score) = best(&row[13..]);
        let corners = std::array::from_fn(|at| (row[5 + 2 * at], row[6 + 2 * at]));
        let place = around(row[0], row[1], row[2], row[3], row[4] * score, class);
        found.push(answer.least, Candidate { corners: Some(corners), ..place });
    }
}
