//! UltraFace: faces as corners in fractions of the input, and how sure it is that they are none and that they are one.

use super::{Answer, Candidates, Layout};
use crate::detect::model::nms::Candidate;
use crate::detect::model::view::{Colours, Letterbox, View};

pub(super) const LAYOUT: Layout = Layout {
    name: "ultraface",
    expected: "two outputs, `scores` [1, N, 2] and `boxes` [1, N, 4]: x1 y1 x2 y2 in fractions of the input",
    classes: |shapes| {
        let ((rows, two), (others, four)) = (shapes.like(&["score"])?, shapes.like(&["box"])?);
        (shapes.outputs.len() == 2 && rows == others && two == 2 && four == 4).then_some(1)
    },
    surely: |_| true,
    view: View { colours: Colours::Rgb, mean: [127.0; 3], std: [128.0; 3], letterbox: Letterbox::Stretch, pad: 127.0 },
    nms: Some(0.3),
    labels: &["face"],
    second: true,
    read,
};

fn read(answer: &Answer<'_>, found: &mut Candidates) {
    let (width, height) = (answer.size.0 as f32, answer.size.1 as f32);
    for (scores, place) in answer.like(&["score"]).rows().zip(answer.like(&["box"]).rows()) {
        let [x1, y1, x2, y2] = *place else { continue };
        let (x1, y1, x2, y2) = (x1 * width, y1 * height, x2 * width, y2 * height);
        found.push(answer.least, Candidate { x1, y1, x2, y2, score: scores[1], class: 0, corners: None });
    }
}
