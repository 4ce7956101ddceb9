//! The scene editor: shapes, the one that is chosen, the one that is being drawn, and what was there before each change.

pub(crate) mod counts;
pub(crate) mod points;
pub(crate) mod shape;

use points::{apart, middle, nearest_piece, shift, within};
use shape::{Shape, What};
use sightline_shared::camera::Camera;
use sightline_shared::scene::Point;

/// Changes that can be taken back.
const MOST_UNDO: usize = 100;
/// A click so near to the first point closes the shape, in heights of the picture.
const CLOSES: f32 = 0.04;
/// Most points of a shape.
const MOST_POINTS: usize = 64;

#[derive(Clone, Debug, PartialEq)]
struct Drawing {
    shapes: Vec<Shape>,
    unmasked: bool,
}

/// The editor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Editor {
    now: Drawing,
    saved: Drawing,
    undo: Vec<Drawing>,
    /// The shape that is chosen.
    pub(crate) chosen: Option<usize>,
    /// Whether the chosen shape still gets its points, one by one.
    pub(crate) drawing: bool,
    /// Where the next point goes, for who draws by keyboard.
    pub(crate) cursor: Point,
    /// Width by height of the picture.
    pub(crate) ratio: f32,
    /// A drag goes on: all of it is one change.
    going_on: bool,
    /// The field that is being typed into: all of that is one change, too.
    typing: Option<&'static str>,
}

impl Editor {
    /// For what is drawn into a camera's picture.
    pub(crate) fn of(camera: &Camera) -> Self {
        let now = Drawing { shapes: shape::shapes(camera), unmasked: camera.unmasked_source };
        let ratio = match (camera.width, camera.height) {
            (Some(width), Some(height)) if width > 0 && height > 0 => width as f32 / height as f32,
            _ => 16.0 / 9.0,
        };
        Self {
            saved: now.clone(),
            now,
            undo: Vec::new(),
            chosen: None,
            drawing: false,
            cursor: Point { x: 0.5, y: 0.5 },
            ratio,
            going_on: false,
            typing: None,
        }
    }

    /// All shapes.
    pub(crate) fn shapes(&self) -> &[Shape] {
        &self.now.shapes
    }

    /// The chosen shape.
    pub(crate) fn shape(&self) -> Option<&Shape> {
        self.now.shapes.get(self.chosen?)
    }

    /// Whether `source` is served although there are masks.
    pub(crate) fn unmasked(&self) -> bool {
        self.now.unmasked
    }

    /// Whether anything is other than saved.
    pub(crate) fn touched(&self) -> bool {
        self.now != self.saved
    }

    /// Whether there is something to take back.
    pub(crate) fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// What a shape is called: its name, or its kind and its number among its kind.
    pub(crate) fn title(&self, at: usize) -> String {
        let Some(shape) = self.now.shapes.get(at) else { return String::new() };
        let before = self.now.shapes[..at].iter().filter(|other| other.what == shape.what).count();
        shape.title(before + 1)
    }

    fn remember(&mut self) {
        self.typing = None;
        if self.undo.len() == MOST_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(self.now.clone());
    }

    /// Takes the newest change back.
    pub(crate) fn undo(&mut self) {
        let Some(before) = self.undo.pop() else { return };
        self.now = before;
        self.typing = None;
        let last = self.now.shapes.len().checked_sub(1);
        self.chosen = self.chosen.zip(last).map(|(chosen, last)| chosen.min(last));
        let unfinished = self.shape().is_some_and(|shape| shape.points.len() < shape.what.least());
        self.drawing = unfinished || (self.drawing && self.chosen.is_some() && self.is_new());
    }

    fn is_new(&self) -> bool {
        self.shape().is_some_and(|shape| self.saved.shapes.iter().all(|saved| saved.points != shape.points))
    }

    /// Begins a new shape: its points come next.
    pub(crate) fn begin(&mut self, what: What) {
        self.stop_drawing();
        self.remember();
        let number = 1 + self.now.shapes.iter().filter(|shape| shape.what == what).count();
        let name = if what.counts() { format!("{} {number}", what.word()) } else { String::new() };
        self.now.shapes.push(Shape::new(what, name));
        self.chosen = Some(self.now.shapes.len() - 1);
        self.drawing = true;
    }

    /// Chooses a shape, or none.
    pub(crate) fn choose(&mut self, at: Option<usize>) {
        if self.chosen != at {
            self.stop_drawing();
            self.typing = None;
            self.chosen = at.filter(|at| *at < self.now.shapes.len());
        }
    }

    /// A click into the picture, or enter at the cursor: the next point of what is drawn. Gives whether that closed the shape.
    pub(crate) fn put(&mut self, at: Point) -> bool {
        self.cursor = at;
        let ratio = self.ratio;
        let Some(shape) = self.shape().filter(|_| self.drawing) else { return false };
        let whole = shape.points.len() >= shape.what.least();
        let back = shape.what.closed() && shape.points.first().is_some_and(|first| apart(*first, at, ratio) < CLOSES);
        if whole && (back || shape.points.len() >= MOST_POINTS) {
            self.drawing = false;
            return true;
        }
        // A double click is one point, not two in the same place.
        if shape.points.last().is_some_and(|last| apart(*last, at, ratio) < 0.005) {
            return false;
        }
        self.remember();
        self.change(|shape| shape.points.push(within(at.x, at.y)));
        false
    }

    /// Takes the newest point of what is drawn away.
    pub(crate) fn unput(&mut self) {
        if self.drawing && self.shape().is_some_and(|shape| !shape.points.is_empty()) {
            self.remember();
            self.change(|shape| shape.points.truncate(shape.points.len() - 1));
        }
    }

    /// Whether what is drawn has points enough.
    pub(crate) fn can_finish(&self) -> bool {
        self.drawing && self.shape().is_some_and(|shape| shape.points.len() >= shape.what.least())
    }

    /// Ends drawing: the shape stands where it has points enough, else it goes.
    pub(crate) fn stop_drawing(&mut self) {
        if !std::mem::take(&mut self.drawing) {
            return;
        }
        let short = self.shape().is_some_and(|shape| shape.points.len() < shape.what.least());
        if let Some(at) = self.chosen.filter(|_| short) {
            self.now.shapes.remove(at);
            self.chosen = None;
        }
    }

    /// Moves the cursor of who draws by keyboard.
    pub(crate) fn move_cursor(&mut self, dx: f32, dy: f32) {
        self.cursor = within(self.cursor.x + dx, self.cursor.y + dy);
    }

    /// Changes the chosen shape.
    fn change(&mut self, change: impl FnOnce(&mut Shape)) {
        if let Some(shape) = self.chosen.and_then(|at| self.now.shapes.get_mut(at)) {
            change(shape);
        }
    }

    /// Changes what is typed about the chosen shape; can be taken back.
    pub(crate) fn set(&mut self, change: impl FnOnce(&mut Shape)) {
        self.remember();
        self.change(change);
        if self.undo.last() == Some(&self.now) {
            self.undo.pop();
        }
    }

    /// Changes a field of the chosen shape letter by letter: taken back as one.
    pub(crate) fn type_in(&mut self, field: &'static str, change: impl FnOnce(&mut Shape)) {
        if self.typing != Some(field) {
            self.remember();
            self.typing = Some(field);
        }
        self.change(change);
    }

    /// Whether `source` is to be served although there are masks.
    pub(crate) fn set_unmasked(&mut self, unmasked: bool) {
        self.remember();
        self.now.unmasked = unmasked;
    }

    /// A drag begins: all that comes until it ends is one change.
    pub(crate) fn hold(&mut self) {
        self.remember();
        self.going_on = true;
    }

    /// It ends; where nothing moved there is nothing to take back.
    pub(crate) fn let_go(&mut self) {
        if std::mem::take(&mut self.going_on) && self.undo.last() == Some(&self.now) {
            self.undo.pop();
        }
    }

    fn step(&mut self) {
        if !self.going_on {
            self.remember();
        }
    }

    /// Moves a point of the chosen shape to a place.
    pub(crate) fn move_point(&mut self, point: usize, to: Point) {
        self.step();
        self.change(|shape| {
            if let Some(place) = shape.points.get_mut(point) {
                *place = within(to.x, to.y);
            }
        });
    }

    /// Moves a point by a step.
    pub(crate) fn nudge(&mut self, point: usize, dx: f32, dy: f32) {
        if let Some(at) = self.shape().and_then(|shape| shape.points.get(point).copied()) {
            self.move_point(point, Point { x: at.x + dx, y: at.y + dy });
        }
    }

    /// Moves the whole chosen shape.
    pub(crate) fn shift(&mut self, dx: f32, dy: f32) {
        self.step();
        self.change(|shape| shift(&mut shape.points, dx, dy));
    }

    /// Takes a point away; gives the one that has the focus then. A shape keeps the points that it needs.
    pub(crate) fn remove_point(&mut self, point: usize) -> Option<usize> {
        let shape = self.shape()?;
        if shape.points.len() <= shape.what.least() || point >= shape.points.len() {
            return None;
        }
        self.remember();
        self.change(|shape| {
            shape.points.remove(point);
        });
        self.shape().map(|shape| point.min(shape.points.len() - 1))
    }

    /// Puts a point into the middle between one and the next; gives its number.
    pub(crate) fn split_after(&mut self, point: usize) -> Option<usize> {
        let shape = self.shape()?;
        let count = shape.points.len();
        let last = if shape.what.closed() { count } else { count.checked_sub(1)? };
        let point = point.min(last.checked_sub(1)?);
        let at = middle(shape.points[point], shape.points[(point + 1) % count]);
        self.insert(point + 1, at)
    }

    /// Puts a point onto the edge that is nearest to a place; gives its number.
    pub(crate) fn split_at(&mut self, place: Point) -> Option<usize> {
        let shape = self.shape()?;
        let piece = nearest_piece(&shape.points, shape.what.closed(), place, self.ratio)?;
        self.insert(piece + 1, within(place.x, place.y))
    }

    fn insert(&mut self, point: usize, at: Point) -> Option<usize> {
        if self.shape()?.points.len() >= MOST_POINTS {
            return None;
        }
        self.step();
        self.change(|shape| shape.points.insert(point, at));
        Some(point)
    }

    /// Takes the chosen shape away.
    pub(crate) fn remove(&mut self) {
        let Some(at) = self.chosen.filter(|at| *at < self.now.shapes.len()) else { return };
        self.remember();
        self.drawing = false;
        self.now.shapes.remove(at);
        self.chosen = None;
    }

    /// Turns a line round: its sides change places.
    pub(crate) fn turn_round(&mut self) {
        self.set(|shape| shape.points.reverse());
    }

    /// The server has taken what is drawn; `camera` is what it is now.
    pub(crate) fn saved(&mut self, camera: &Camera) {
        let chosen = self.chosen;
        *self = Self { ratio: self.ratio, ..Self::of(camera) };
        self.choose(chosen);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
