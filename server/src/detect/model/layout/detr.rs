//! RT-DETR and RF-DETR: a fixed number of questions, each answered with a box in fractions and what is in it.

use super::{Answer, Candidates, Layout, Shapes, around, best};
use crate::detect::model::view::{Colours, Letterbox, View};

/// Names that boxes have.
const BOXES: [&str; 2] = ["box", "dets"];
/// Names that classes have.
const CLASSES: [&str; 3] = ["logit", "label", "class"];

const STRETCHED: View = View { letterbox: Letterbox::Stretch, ..View::UNIT_RGB };

/// As Transformers exports RT-DETR: pixels from 0 to 1.
pub(super) const RT_DETR: Layout = Layout {
    name: "rt-detr",
    expected: "two outputs, `logits` [1, N, classes] and `pred_boxes` [1, N, 4]: cx cy w h in fractions of the input",
    classes: two,
    surely: |shapes| shapes.like(&["logit"]).is_some(),
    view: STRETCHED,
    nms: None,
    labels: &[],
    second: false,
    read,
};

/// As Roboflow exports RF-DETR: pixels by the mean and spread of ImageNet.
pub(super) const RF_DETR: Layout = Layout {
    name: "rf-detr",
    expected: "two outputs, `dets` [1, N, 4]: cx cy w h in fractions of the input, and `labels` [1, N, classes]: logits",
    surely: |shapes| shapes.like(&["dets"]).is_some() && shapes.like(&["label"]).is_some(),
    view: View { colours: Colours::Rgb, mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], ..STRETCHED },
    ..RT_DETR
};

/// As Ultralytics exports RT-DETR: boxes in fractions and probabilities side by side.
pub(super) const JOINED: Layout = Layout {
    name: "rt-detr-joined",
    expected: "one output [1, 300, 4 + classes]: cx cy w h in fractions of the input, each class's score",
    classes: |shapes| shapes.one().filter(|(rows, columns)| *rows > 0 && *columns > 4).map(|(_, columns)| columns - 4),
    // Six columns are a model that has sorted out its boxes.
    surely: |shapes| shapes.one().is_some_and(|(rows, columns)| rows == 300 && columns != 6 && columns < 300),
    read: read_joined,
    ..RT_DETR
};

fn two(shapes: &Shapes) -> Option<usize> {
    let ((rows, columns), (others, classes)) = (shapes.like(&BOXES)?, shapes.like(&CLASSES)?);
    (shapes.outputs.len() == 2 && rows == others && columns == 4 && classes > 0).then_some(classes)
}

fn read(answer: &Answer<'_>, found: &mut Candidates) {
    let (boxes, classes) = (answer.like(&BOXES), answer.like(&CLASSES));
    for (place, logits) in boxes.rows().zip(classes.rows()) {
        let (class, logit) = best(logits);
        push(answer, found, place, class, 1.0 / (1.0 + (-logit).exp()));
    }
}

fn read_joined(answer: &Answer<'_>, found: &mut Candidates) {
    for row in answer.tables[0].rows() {
        let (class, score) = best(&row[4..]);
        push(answer, found, row, class, score);
    }
}

fn push(answer: &Answer<'_>, found: &mut Candidates, place: &[f32], class: usize, score: f32) {
    let (width, height) = (answer.size.0 as f32, answer.size.1 as f32);
    found.push(
        answer.least,
        around(place[0] * width, place[1] * height, place[2] * width, place[3] * height, score, class),
    );
}
