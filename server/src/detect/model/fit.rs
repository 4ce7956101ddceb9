//! Whether a graph is a model: what its input is, how its output is read, and what its classes are called; what was expected and what was
//! found, where it is not.

use super::layout::{ALL, Layout, Shapes};
use super::recipe::{MAX_BATCH, MAX_SIDE, Recipe};
use super::{Label, ModelError, labels};
use ort::session::Session;
use ort::value::{TensorElementType, ValueType};
use std::sync::Arc;

/// Pictures at once where the graph leaves it open and nobody says.
const USUAL_BATCH: usize = 8;
/// The input's side where the graph leaves it open and nobody says.
const USUAL_SIDE: usize = 640;

/// What a graph's input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) size: (usize, usize),
    /// Pictures at once, where the graph says so.
    pub(super) fixed: Option<usize>,
    pub(super) batch: usize,
}

/// What the graph's input is; refuses what no picture can be put into.
pub(super) fn wants(session: &Session, recipe: &Recipe, own: Option<&str>) -> Result<Wants, ModelError> {
    let expected = "Expected: one input of 32-bit numbers, [pictures, 3, height, width].";
    let found = |what: String| ModelError(format!("{expected} Found: {what}."));
    let [input] = session.inputs() else {
        let names: Vec<&str> = session.inputs().iter().map(|input| input.name()).collect();
        return Err(found(format!("{} inputs ({})", names.len(), names.join(", "))));
    };
    let what = || found(format!("`{}`, {}", input.name(), input.dtype()));
    let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = input.dtype() else { return Err(what()) };
    let &[pictures, 3 | -1, height, width] = &shape[..] else { return Err(what()) };
    let asked = recipe.size.map(|[width, height]| (width, height));
    let open = asked.or_else(|| own.and_then(imgsz)).unwrap_or((USUAL_SIDE, USUAL_SIDE));
    let side = |side: i64, open: usize| usize::try_from(side).ok().filter(|side| *side > 0).unwrap_or(open);
    let size = (side(width, open.0), side(height, open.1));
    if let Some((width, height)) = asked.filter(|asked| *asked != size) {
        return Err(ModelError(format!(
            "the recipe says {width}x{height} pixels, and the graph takes {}x{}: leave `size` out of the recipe.",
            size.0, size.1
        )));
    }
    if [size.0, size.1].iter().any(|side| !(32..=MAX_SIDE).contains(side)) {
        return Err(what());
    }
    let fixed = usize::try_from(pictures).ok().filter(|pictures| *pictures > 0);
    if fixed.is_some_and(|fixed| fixed > MAX_BATCH) {
        return Err(what());
    }
    Ok(Wants { size, fixed, batch: fixed.unwrap_or(recipe.batch.unwrap_or(USUAL_BATCH)) })
}

/// Ultralytics' metadata `imgsz`: `[height, width]`.
fn imgsz(text: &str) -> Option<(usize, usize)> {
    let mut sides = text.trim().strip_prefix('[')?.strip_suffix(']')?.split(',').map(|side| side.trim().parse().ok());
    let (height, width) = (sides.next()??, sides.next()??);
    Some((width, height))
}

/// How such outputs are read, and of how many classes they tell.
pub(super) fn recognise(shapes: &Shapes, recipe: &Recipe) -> Result<(&'static Layout, usize), ModelError> {
    let layout = match recipe.layout.as_deref().and_then(Layout::named) {
        Some(layout) => Some(layout),
        None => Layout::of(shapes),
    };
    let refused = |expected: String| {
        let (width, height) = shapes.size;
        ModelError(format!(
            "its output is not understood. Expected {expected}. Found, for {width}x{height} pixels: {}. Export it in such \
             a form.",
            told(shapes)
        ))
    };
    let Some(layout) = layout else {
        let all: Vec<String> = ALL.iter().map(|layout| format!("{} ({})", layout.name, layout.expected)).collect();
        return Err(refused(format!("one of: {}", all.join("; "))));
    };
    match (layout.classes)(shapes) {
        Some(classes) => Ok((layout, classes)),
        None => Err(refused(format!("{}: {}", layout.name, layout.expected))),
    }
}

/// Shapes, for people.
pub(super) fn told(shapes: &Shapes) -> String {
    let one = |(name, rows, columns): &(String, usize, usize)| format!("`{name}` [1, {rows}, {columns}]");
    let many = shapes.outputs.len();
    let mut words: Vec<String> = shapes.outputs.iter().take(8).map(one).collect();
    if many > words.len() {
        words.push(format!("and {} more", many - words.len()));
    }
    if words.is_empty() { "nothing".into() } else { words.join(", ") }
}

/// What the classes are called where no recipe says.
pub(super) fn called(layout: &Layout, classes: usize, named: Option<Vec<Label>>) -> Vec<Label> {
    if let Some(named) = named {
        return named;
    }
    if !layout.labels.is_empty() {
        return layout.labels.iter().map(|label| Arc::from(*label)).collect();
    }
    // Nothing said how many classes there are: nearly all detectors that people have are of COCO's.
    let classes = if classes == 0 { labels::COCO.len() } else { classes };
    labels::coco(classes).unwrap_or_else(|| (0..classes).map(|class| Arc::from(format!("class {class}"))).collect())
}
