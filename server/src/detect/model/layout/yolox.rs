//! YOLOX as Megvii exports it: a row for each cell of three grids, in the cell's own measure.

use super::{Answer, Candidates, Layout, STRIDES, Shapes, around, best};
use crate::detect::model::view::{Colours, Letterbox, View};

pub(super) const LAYOUT: Layout = Layout {
    name: "yolox",
    expected: "one output [1, cells, 5 + classes], a row for each cell of 8, 16 and 32 pixels: x y w h in cells, objectness, classes",
    classes: |shapes| {
        let (rows, columns) = shapes.one()?;
        (rows == shapes.cells() && columns > 5).then(|| columns - 5)
    },
    surely: told_apart,
    // The release of 2021-08-18 and later ones: no mean, no scale.
    view: View { colours: Colours::Bgr, mean: [0.0; 3], std: [1.0; 3], letterbox: Letterbox::TopLeft, pad: 114.0 },
    nms: Some(0.45),
    labels: &[],
    second: false,
    read,
};

/// A YOLOv8 with as many numbers a cell as cells would be a wonder.
fn told_apart(shapes: &Shapes) -> bool {
    shapes.one().is_some_and(|(rows, columns)| rows != columns)
}

fn read(answer: &Answer<'_>, found: &mut Candidates) {
    let mut rows = answer.tables[0].rows();
    for stride in STRIDES {
        for y in 0..answer.size.1 / stride {
            for x in 0..answer.size.0 / stride {
                let Some(row) = rows.next() else { return };
                let objectness = row[4];
                // No class is surer than that there is anything.
                if !answer.wants(objectness) {
                    continue;
                }
                let (class, score) = best(&row[5..]);
                let step = stride as f32;
                let (middle, size) = ((row[0] + x as f32, row[1] + y as f32), (row[2].exp(), row[3].exp()));
                let score = objectness * score;
                found.push(
                    answer.least,
                    around(middle.0 * step, middle.1 * step, size.0 * step, size.1 * step, score, class),
                );
            }
        }
    }
}
