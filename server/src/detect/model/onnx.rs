//! A model in ONNX Runtime: loaded, tried with a grey picture, its layout found, and then run.

use super::layout::{ALL, Answer, Layout, Shapes, Table};
use super::nms::{Candidate, Candidates};
use super::provider::{self, Opened, Options, Provider};
use super::recipe::{MAX_BATCH, MAX_SIDE, Recipe};
use super::runtime::{Runtime, runtime, sentence};
use super::{Engine, Input, Label, ModelError, Placed, Spec, labels};
use crate::detect::{Area, Detection};
use ort::session::Session;
use ort::value::{TensorElementType, TensorRef, ValueType};
use sightline_nv::Buffer;
use sightline_shared::scene::Point;
use std::path::Path;
use std::sync::Arc;

/// The largest file that is taken for a model.
pub const MAX_BYTES: u64 = 1 << 30;
/// Pictures at once where the graph leaves it open and nobody says.
const USUAL_BATCH: usize = 8;
/// The input's side where the graph leaves it open and nobody says.
const USUAL_SIDE: usize = 640;

/// What a graph's input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wants {
    size: (usize, usize),
    /// Pictures at once, where the graph says so.
    fixed: Option<usize>,
    batch: usize,
}

/// A model that is loaded.
pub(super) struct Onnx {
    spec: Arc<Spec>,
    session: Session,
    layout: &'static Layout,
    nms: Option<f32>,
    classes: usize,
    wants: Wants,
    /// Inputs side by side, where more than one goes in.
    staged: Vec<f32>,
    found: Candidates,
    dropped: u64,
    runs_on: String,
    note: Option<String>,
    /// The device that it runs on.
    device: Option<u32>,
}

/// Loads the model in `file`.
pub(super) fn open(name: &str, file: &Path, recipe: &Recipe, options: &Options) -> Result<Onnx, ModelError> {
    let runtime = runtime()?;
    let unreadable = |error: std::io::Error| ModelError(format!("{} cannot be read: {error}.", file.display()));
    if std::fs::metadata(file).map_err(unreadable)?.len() > MAX_BYTES {
        return Err(ModelError(format!("{} has more than {MAX_BYTES} bytes.", file.display())));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let about = |error: ModelError| ModelError(format!("the model {name} cannot be used: {error}"));
    let opened = provider::open(runtime, &bytes, options).map_err(about)?;
    drop(bytes);
    let folder = file.parent().unwrap_or(Path::new("."));
    Onnx::new(runtime, name, opened, recipe, options, folder).map_err(about)
}

impl Onnx {
    fn new(
        runtime: &Runtime,
        name: &str,
        opened: Opened,
        recipe: &Recipe,
        options: &Options,
        folder: &Path,
    ) -> Result<Self, ModelError> {
        let Opened { mut session, provider, note } = opened;
        let own = |key: &str| session.metadata().ok().and_then(|metadata| metadata.custom(key));
        let named = own("names").and_then(|text| labels::metadata(&text));
        let wants = wants(&session, recipe, own("imgsz").as_deref())?;
        let shapes = try_grey(&mut session, wants, named.as_ref().map(Vec::len))?;
        let (layout, classes) = recognise(&shapes, recipe)?;
        let labels = match recipe.labels(folder)? {
            Some(labels) => labels,
            None => called(layout, classes, named),
        };
        // A layout that sorts out its boxes by itself tells class numbers and never how many there are.
        let classes = if classes == 0 { labels.len() } else { classes };
        if labels.len() != classes {
            let message = format!("it has {classes} classes and {} labels are named for them.", labels.len());
            return Err(ModelError(message));
        }
        let spec = Spec {
            name: name.into(),
            labels,
            size: wants.size,
            batch: wants.batch,
            view: recipe.view(layout.view),
            layout: layout.name,
            second: recipe.second.unwrap_or(layout.second),
        };
        let runs_on = match provider {
            Provider::Cpu => format!("{} (CPU)", runtime.name()),
            other => format!("{} ({}, device {})", runtime.name(), other.name(), options.device),
        };
        Ok(Self {
            spec: Arc::new(spec),
            session,
            layout,
            nms: recipe.nms.or(layout.nms),
            classes,
            wants,
            staged: Vec::new(),
            found: Candidates::default(),
            dropped: 0,
            runs_on,
            note,
            device: (provider != Provider::Cpu).then_some(options.device),
        })
    }

    /// Runs up to a batch.
    fn run_some(&mut self, inputs: &[&Input], least: f32) -> Result<Vec<Vec<Detection>>, ModelError> {
        let Self { spec, session, layout, classes, wants, staged, found, dropped, nms, .. } = self;
        let there = inputs.iter().find_map(|input| input.device.as_ref());
        if let Some(there) = there.filter(|there| Some(there.device()) != self.device) {
            return Err(ModelError(format!(
                "the picture lies on device {}, where the model {} does not run.",
                there.device(),
                spec.name
            )));
        }
        let (gave, batch) = match there {
            // What lies on the device is taken from there, one by one: it is fetched from nowhere and copied to nowhere.
            Some(there) => (there.with(|buffer| run_there(session, buffer, wants.size))?, 1),
            None => {
                let (samples, batch) = side_by_side(inputs, *wants, staged);
                (run(session, samples, batch, wants.size)?, batch)
            }
        };
        let shapes = Shapes { size: wants.size, named: None, outputs: gave.shapes(batch)? };
        // A layout that tells no number of classes has none to be held to.
        if (layout.classes)(&shapes).is_none_or(|many| many != 0 && many != *classes) {
            return Err(ModelError(format!("the model {} gave what is no answer: {}.", spec.name, told(&shapes))));
        }
        let mut out = Vec::with_capacity(inputs.len());
        for (at, input) in inputs.iter().enumerate() {
            let tables: Vec<Table<'_>> = gave.tables(at, batch);
            let answer = Answer { size: wants.size, least, tables: &tables };
            found.boxes.clear();
            found.broken = 0;
            (layout.read)(&answer, found);
            found.known(*classes);
            *dropped += found.broken as u64;
            if found.broken > 0 && tables.iter().any(|table| table.numbers.iter().all(|number| number.is_nan())) {
                return Err(ModelError(format!("the model {} gave no numbers (NaN).", spec.name)));
            }
            found.settle(*nms);
            out.push(found.boxes.iter().filter_map(|one| placed(one, &input.placed, &spec.labels)).collect());
        }
        Ok(out)
    }
}

impl Engine for Onnx {
    fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    fn runs_on(&self) -> String {
        self.runs_on.clone()
    }

    fn reads_there(&self) -> Option<u32> {
        self.device.filter(|_| self.wants.fixed.is_none_or(|fixed| fixed == 1))
    }

    fn note(&self) -> Option<String> {
        self.note.clone()
    }

    fn dropped(&self) -> u64 {
        self.dropped
    }

    fn bare(&mut self, inputs: &[&Input]) -> Result<(), ModelError> {
        let Self { session, staged, wants, .. } = self;
        for some in inputs.chunks(wants.batch) {
            let (samples, batch) = side_by_side(some, *wants, staged);
            run(session, samples, batch, wants.size)?;
        }
        Ok(())
    }

    fn run(&mut self, inputs: &[&Input], least: f32) -> Result<Vec<Vec<Detection>>, ModelError> {
        let wanted = 3 * self.wants.size.0 * self.wants.size.1;
        if let Some(wrong) = inputs.iter().find(|input| input.device.is_none() && input.samples.len() != wanted) {
            let many = wrong.samples.len();
            return Err(ModelError(format!(
                "the model {} takes {wanted} numbers a picture, not {many}.",
                self.spec.name
            )));
        }
        let mut out = Vec::with_capacity(inputs.len());
        // What lies on a device goes in by itself, what does not goes in together.
        for some in inputs
            .chunk_by(|a, b| a.device.is_none() && b.device.is_none())
            .flat_map(|some| some.chunks(self.wants.batch))
        {
            out.append(&mut self.run_some(some, least)?);
        }
        Ok(out)
    }
}

/// The samples of all inputs, and for how many pictures: one by itself is not copied; what a fixed batch lacks is zeros.
fn side_by_side<'a>(inputs: &[&'a Input], wants: Wants, staged: &'a mut Vec<f32>) -> (&'a [f32], usize) {
    let batch = wants.fixed.unwrap_or(inputs.len());
    if let ([input], 1) = (inputs, batch) {
        return (&input.samples, 1);
    }
    staged.clear();
    inputs.iter().for_each(|input| staged.extend_from_slice(&input.samples));
    staged.resize(batch * 3 * wants.size.0 * wants.size.1, 0.0);
    (staged, batch)
}

/// Runs the model on what a kernel wrote.
fn run_there<'a>(session: &'a mut Session, buffer: &mut Buffer, size: (usize, usize)) -> Result<Gave<'a>, ModelError> {
    let tensor = buffer.tensor([1, 3, size.1, size.0]).map_err(|error| ModelError(format!("{error}.")))?;
    session.run(ort::inputs![tensor]).map(Gave).map_err(|error| ModelError(sentence("the model failed", &error)))
}

/// What was given, as long as the session is not run again.
struct Gave<'a>(ort::session::SessionOutputs<'a>);

fn run<'a>(
    session: &'a mut Session,
    samples: &[f32],
    batch: usize,
    size: (usize, usize),
) -> Result<Gave<'a>, ModelError> {
    let shape = [batch, 3, size.1, size.0];
    let failed = |error: ort::Error| ModelError(sentence("the model failed", &error));
    let tensor = TensorRef::from_array_view((shape, samples)).map_err(failed)?;
    session.run(ort::inputs![tensor]).map(Gave).map_err(failed)
}

impl Gave<'_> {
    /// Names, rows and columns of all outputs.
    fn shapes(&self, batch: usize) -> Result<Vec<(String, usize, usize)>, ModelError> {
        let mut shapes = Vec::new();
        for (name, value) in self.0.iter() {
            let name: String = name.chars().take(64).collect();
            let Ok((shape, numbers)) = value.try_extract_tensor::<f32>() else {
                return Err(ModelError(format!(
                    "its output `{name}` is {}, and not of 32-bit numbers.",
                    value.dtype()
                )));
            };
            let sides: Vec<usize> = shape.iter().map(|side| usize::try_from(*side).unwrap_or_default()).collect();
            let [pictures, rows, columns] = sides[..] else {
                return Err(ModelError(format!(
                    "its output `{name}` is {sides:?}, and not [pictures, rows, columns]."
                )));
            };
            if pictures != batch || numbers.len() != pictures * rows * columns {
                return Err(ModelError(format!("its output `{name}` is {sides:?} for {batch} pictures.")));
            }
            shapes.push((name, rows, columns));
        }
        Ok(shapes)
    }

    /// The outputs for picture `at` of `batch`.
    fn tables(&self, at: usize, batch: usize) -> Vec<Table<'_>> {
        self.0
            .keys()
            .filter_map(|name| Some((name, self.0.get(name)?.try_extract_tensor::<f32>().ok()?)))
            .map(|(name, (shape, numbers))| {
                let one = numbers.len() / batch;
                let columns = shape.last().map_or(1, |side| usize::try_from(*side).unwrap_or(1));
                Table { name, columns, numbers: &numbers[at * one..(at + 1) * one] }
            })
            .collect()
    }
}

/// What the graph's input is; refuses what no picture can be put into.
fn wants(session: &Session, recipe: &Recipe, own: Option<&str>) -> Result<Wants, ModelError> {
    let expected = "Expected: one input of 32-bit numbers, [pictures, 3, height, width].";
    let found = |what: String| ModelError(format!("{expected} Found: {what}."));
    let [input] = session.inputs() else {
        let names: Vec<&str> = session.inputs().iter().map(|input| input.name()).collect();
        return Err(found(format!("{} inputs ({})", names.len(), names.join(", "))));
    };
    let what = || found(format!("`{}`, {}", input.name(), input.dtype()));
    let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = input.dtype() else { return Err(what()) };
    let &[pictures, 3 | -1, height, width] = &shape[..] else { return Err(what()) };
    let stated = own.and_then(|text| imgsz(text)).or(recipe.size.map(|[width, height]| (width, height)));
    let open = recipe.size.map(|[width, height]| (width, height)).or(stated).unwrap_or((USUAL_SIDE, USUAL_SIDE));
    let side = |side: i64, open: usize| usize::try_from(side).ok().filter(|side| *side > 0).unwrap_or(open);
    let size = (side(width, open.0), side(height, open.1));
    if recipe.size.is_some_and(|[width, height]| (width, height) != size) {
        return Err(ModelError(format!(
            "the recipe says {:?} pixels, and the graph takes {}x{}.",
            recipe.size, size.0, size.1
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

/// Runs the model on a picture of the middle grey: what it gives has the shapes that graphs often leave open, and what cannot run
/// at all fails here and not in front of a camera.
fn try_grey(session: &mut Session, wants: Wants, named: Option<usize>) -> Result<Shapes, ModelError> {
    let batch = wants.fixed.unwrap_or(1);
    let grey = vec![0.5; batch * 3 * wants.size.0 * wants.size.1];
    let gave = run(session, &grey, batch, wants.size)?;
    Ok(Shapes { size: wants.size, named, outputs: gave.shapes(batch)? })
}

fn recognise(shapes: &Shapes, recipe: &Recipe) -> Result<(&'static Layout, usize), ModelError> {
    let layout = match recipe.layout.as_deref().and_then(Layout::named) {
        Some(layout) => Some(layout),
        None => Layout::of(shapes),
    };
    let refused = |expected: String| {
        let (width, height) = shapes.size;
        ModelError(format!(
            "its output is not understood. Expected {expected}. Found, for {width}x{height} pixels: {}.",
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
fn told(shapes: &Shapes) -> String {
    let one = |(name, rows, columns): &(String, usize, usize)| format!("`{name}` [1, {rows}, {columns}]");
    let many = shapes.outputs.len();
    let mut words: Vec<String> = shapes.outputs.iter().take(8).map(one).collect();
    if many > words.len() {
        words.push(format!("and {} more", many - words.len()));
    }
    if words.is_empty() { "nothing".into() } else { words.join(", ") }
}

/// What the classes are called where no recipe says.
fn called(layout: &Layout, classes: usize, named: Option<Vec<Label>>) -> Vec<Label> {
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

/// A box in the picture as shown; `None` where nothing of it lies in what was looked at.
fn placed(one: &Candidate, placed: &Placed, labels: &[Label]) -> Option<Detection> {
    let Placed { origin, step, within } = *placed;
    let (x, y) = (|x: f32| origin.0 + x * step.0, |y: f32| origin.1 + y * step.1);
    let area = Area {
        x1: x(one.x1).max(within.x1),
        y1: y(one.y1).max(within.y1),
        x2: x(one.x2).min(within.x2),
        y2: y(one.y2).min(within.y2),
    };
    if !(area.width() > 0.0 && area.height() > 0.0) {
        return None;
    }
    let mut detection = Detection::new(labels[one.class].clone(), one.score.clamp(0.0, 1.0), area);
    let corner = |(at, down): (f32, f32)| Point { x: x(at).clamp(0.0, 1.0), y: y(down).clamp(0.0, 1.0) };
    detection.corners = one.corners.map(|corners| corners.map(corner));
    Some(detection)
}
