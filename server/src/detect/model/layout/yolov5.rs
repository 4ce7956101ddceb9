//! YOLOv5 (and YOLOv6, v7, and YOLOX with its decoder inside): rows of boxes in pixels of the input, objectness, classes.

use super::{Answer, Candidates, Layout, around, best};
use crate::detect::model::view::View;

pub(super) const LAYOUT: Layout = Layout {
    name: "yolov5",
    expected: "one output [1, N, 5 + classes], three rows for each cell of 8, 16 and 32 pixels: cx cy w h in pixels, objectness, classes",
    classes: |shapes| {
        let (rows, columns) = shapes.one()?;
        (rows > 0 && columns > 5).then(|| columns - 5)
    },
    surely: |shapes| shapes.one().is_some_and(|(rows, _)| rows == 3 * shapes.cells()),
    view: View::UNIT_RGB,
    nms: Some(0.45),
    labels: &[],
    second: false,
    read,
};

fn read(answer: &Answer<'_>, found: &mut Candidates) {
    for row in answer.tables[0].rows().filter(|row| answer.wants(row[4])) {
        let (class, score) = best(&row[5..]);
        found.push(answer.least, around(row[0], row[1], row[2], row[3], row[4] * score, class));
    }
}
