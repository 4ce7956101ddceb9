//! Layouts: what the numbers of a model's output mean. One file each; `ALL` is the list that a graph is held against.

mod corners;
mod detr;
mod end2end;
mod ultraface;
mod yolov5;
mod yolov8;
mod yolox;

use super::nms::{Candidate, Candidates};
use super::view::View;
use std::fmt;

/// One way to write boxes into tensors.
pub(super) struct Layout {
    /// Its name in recipes.
    pub(super) name: &'static str,
    /// What its outputs look like, for people.
    pub(super) expected: &'static str,
    /// How many classes such outputs tell of; `None` where they are not of this layout. `Some(0)` where they do not say.
    pub(super) classes: fn(&Shapes) -> Option<usize>,
    /// Whether outputs that fit are surely of this layout, and not of another that looks alike.
    pub(super) surely: fn(&Shapes) -> bool,
    /// How such models want to see.
    pub(super) view: View,
    /// From which overlap on two boxes of a class are one; `None` where the graph has seen to that.
    pub(super) nms: Option<f32>,
    /// What its classes are called where nobody says.
    pub(super) labels: &'static [&'static str],
    /// Whether such models look at crops of what others found.
    pub(super) second: bool,
    /// Reads the boxes of one picture.
    pub(super) read: fn(&Answer<'_>, &mut Candidates),
}

/// Every layout. Those that are told by names come first, then those that are told by exact counts.
pub(super) const ALL: [Layout; 9] = [
    ultraface::LAYOUT,
    detr::RF_DETR,
    detr::RT_DETR,
    corners::LAYOUT,
    yolox::LAYOUT,
    yolov5::LAYOUT,
    detr::JOINED,
    yolov8::LAYOUT,
    end2end::LAYOUT,
];

impl Layout {
    /// The layout of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|layout| layout.name == name)
    }

    /// The layout of such outputs.
    pub(super) fn of(shapes: &Shapes) -> Option<&'static Self> {
        ALL.iter().find(|layout| (layout.classes)(shapes).is_some() && (layout.surely)(shapes))
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a model gave, without the numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shapes {
    /// Width and height of its input.
    pub(super) size: (usize, usize),
    /// Its outputs' names, rows and columns.
    pub(super) outputs: Vec<(String, usize, usize)>,
    /// How many labels its own metadata holds.
    pub(super) named: Option<usize>,
}

impl Shapes {
    /// How many cells grids of 8, 16 and 32 pixels have over the input.
    pub(super) fn cells(&self) -> usize {
        STRIDES.iter().map(|stride| (self.size.0 / stride) * (self.size.1 / stride)).sum()
    }

    /// Rows and columns, where there is one output.
    pub(super) fn one(&self) -> Option<(usize, usize)> {
        match &self.outputs[..] {
            [(_, rows, columns)] => Some((*rows, *columns)),
            _ => None,
        }
    }

    /// Rows and columns of the output whose name holds one of `words`.
    pub(super) fn like(&self, words: &[&str]) -> Option<(usize, usize)> {
        let named = |name: &str| words.iter().any(|word| name.to_ascii_lowercase().contains(word));
        self.outputs.iter().find(|(name, ..)| named(name)).map(|(_, rows, columns)| (*rows, *columns))
    }
}

/// Pixels of a cell, of each of the usual three grids.
pub(super) const STRIDES: [usize; 3] = [8, 16, 32];

/// One output for one picture: rows of columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    pub(super) name: &'a str,
    pub(super) columns: usize,
    pub(super) numbers: &'a [f32],
}

impl<'a> Table<'a> {
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a [f32]> {
        self.numbers.chunks_exact(self.columns.max(1))
    }
}

/// What a model gave for one picture. Its shapes are those that the layout said fit.
pub(super) struct Answer<'a> {
    /// Width and height of the input.
    pub(super) size: (usize, usize),
    /// The least score that is wanted.
    pub(super) least: f32,
    /// The outputs.
    pub(super) tables: &'a [Table<'a>],
}

impl<'a> Answer<'a> {
    /// Whether a box of this objectness may count. What is no number may: it is to be told.
    pub(super) fn wants(&self, objectness: f32) -> bool {
        objectness >= self.least || objectness.is_nan()
    }

    /// The output whose name holds one of `words`; the first where none does.
    pub(super) fn like(&self, words: &[&str]) -> Table<'a> {
        let named = |table: &&Table<'a>| words.iter().any(|word| table.name.to_ascii_lowercase().contains(word));
        *self.tables.iter().find(named).unwrap_or(&self.tables[0])
    }
}

/// The greatest of `scores` and which it is; NaN where one of them is none.
pub(super) fn best(scores: &[f32]) -> (usize, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    let mut broken = false;
    for (class, score) in scores.iter().enumerate() {
        broken |= score.is_nan();
        if *score > best.1 {
            best = (class, *score);
        }
    }
    if broken { (best.0, f32::NAN) } else { best }
}

/// A box around a middle.
pub(super) fn around(x: f32, y: f32, width: f32, height: f32, score: f32, class: usize) -> Candidate {
    let (x1, y1, x2, y2) = (x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0);
    Candidate { x1, y1, x2, y2, score, class, corners: None }
}
