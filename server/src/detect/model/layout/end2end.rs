//! Models that sort out their boxes themselves (YOLOv10, YOLO26, exports with NMS inside): rows of corners, score and class.

use super::{Answer, Candidates, Layout};
use crate::detect::model::nms::Candidate;
use crate::detect::model::view::View;

pub(super) const LAYOUT: Layout = Layout {
    name: "end2end",
    expected: "one output [1, N, 6]: x1 y1 x2 y2 in pixels, score, class",
    classes: |shapes| shapes.one().filter(|(_, columns)| *columns == 6).map(|_| 0),
    surely: |_| true,
    view: View::UNIT_RGB,
    nms: None,
    labels: &[],
    second: false,
    read,
};

fn read(answer: &Answer<'_>, found: &mut Candidates) {
    for row in answer.tables[0].rows() {
        let [x1, y1, x2, y2, score, class] = *row else { continue };
        // A class is a whole number, or the row is none: -1 marks what is left over in some exports.
        if class.is_nan() {
            found.push(answer.least, Candidate { score: f32::NAN, ..Candidate::default() });
        } else if class >= 0.0 {
            let class = (class + 0.5) as usize;
            found.push(answer.least, Candidate { x1, y1, x2, y2, score, class, corners: None });
        }
    }
}
