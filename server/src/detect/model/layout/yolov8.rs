//! YOLOv8, v9, 11, 12: columns of boxes in pixels of the input and a probability for each class.

use super::{Answer, Candidates, Layout, around};
use crate::detect::model::view::View;

/// Columns that are looked at together, so that the best of each stay in the first cache.
const TOGETHER: usize = 256;

pub(super) const LAYOUT: Layout = Layout {
    name: "yolov8",
    expected: "one output [1, 4 + classes, N]: rows of cx, cy, w, h in pixels and of each class's score, more columns than rows",
    classes: |shapes| {
        let (rows, columns) = shapes.one()?;
        (rows > 4 && columns > 0).then(|| rows - 4)
    },
    surely: |shapes| shapes.one().is_some_and(|(rows, columns)| columns > rows),
    view: View::UNIT_RGB,
    nms: Some(0.45),
    labels: &[],
    second: false,
    read,
};

fn read(answer: &Answer<'_>, found: &mut Candidates) {
    let many = answer.tables[0].columns;
    let mut rows = answer.tables[0].rows();
    let mut next = || rows.next().unwrap_or_default();
    let [x, y, w, h] = [next(), next(), next(), next()];
    let classes = &answer.tables[0].numbers[4 * many..];
    for first in (0..many).step_by(TOGETHER) {
        let (mut scores, mut best, mut sums) = ([f32::NEG_INFINITY; TOGETHER], [0_u16; TOGETHER], [0.0_f32; TOGETHER]);
        let last = many.min(first + TOGETHER);
        for (class, row) in classes.chunks_exact(many).enumerate() {
            let row = &row[first..last];
            for ((score, best), (sum, value)) in scores.iter_mut().zip(&mut best).zip(sums.iter_mut().zip(row)) {
                let better = *value > *score;
                *score = if better { *value } else { *score };
                *best = if better { class as u16 } else { *best };
                *sum += *value;
            }
        }
        for (at, score) in scores.iter().enumerate().take(last - first) {
            // What is no number makes its sum none.
            let score = if sums[at].is_nan() { f32::NAN } else { *score };
            if score < answer.least {
                continue;
            }
            let column = first + at;
            let class = usize::from(best[at]);
            found.push(answer.least, around(x[column], y[column], w[column], h[column], score, class));
        }
    }
}
