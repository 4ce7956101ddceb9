//! A model in ONNX Runtime: loaded, tried with a grey picture, its layout found, and then run.

use super::fit::{Wants, called, recognise, told, wants};
use super::layout::{Answer, Layout, Shapes, Table};
use super::nms::{Candidate, Candidates};
use super::provider::{self, Opened, Options, Provider};
use super::recipe::Recipe;
use super::runtime::{Runtime, runtime, sentence};
use super::{DeviceInput, Engine, Input, Label, ModelError, Placed, Spec, labels};
use crate::detect::{Area, Detection};
use ort::session::Session;
use ort::value::TensorRef;
use sightline_shared::scene::Point;
use std::path::Path;
use std::sync::Arc;

/// The largest file that is taken for a model.
pub const MAX_BYTES: u64 = 1 << 30;

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
            Some(first) => (run_there(session, first, inputs.len(), wants.size)?, inputs.len()),
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
        // What lies on a device one behind the other goes in as it lies; what is in host memory is put side by side.
        let batch = self.wants.batch;
        let together = inputs.chunk_by(|a, b| match (&a.device, &b.device) {
            (None, None) => true,
            (Some(a), Some(b)) => b.follows(a),
            _ => false,
        });
        for some in together.flat_map(|some| some.chunks(batch)) {
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

/// Runs the model on what a kernel wrote, where it lies: the runtime goes by what a tensor says of its memory. A binding of inputs and
/// outputs would do the same, but the crate copies what is borrowed before it binds it.
fn run_there<'a>(
    session: &'a mut Session,
    first: &DeviceInput,
    pictures: usize,
    size: (usize, usize),
) -> Result<Gave<'a>, ModelError> {
    let failed = |error: ort::Error| ModelError(sentence("the model failed", &error));
    first.with(|buffer| {
        let tensor = buffer.tensor(first.at(), [pictures, 3, size.1, size.0]);
        let tensor = tensor.map_err(|error| ModelError(format!("{error}.")))?;
        session.run(ort::inputs![tensor]).map(Gave).map_err(failed)
    })
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

/// Runs the model on a picture of the middle grey: what it gives has the shapes that graphs often leave open, and what cannot run
/// at all fails here and not in front of a camera.
fn try_grey(session: &mut Session, wants: Wants, named: Option<usize>) -> Result<Shapes, ModelError> {
    let batch = wants.fixed.unwrap_or(1);
    let grey = vec![0.5; batch * 3 * wants.size.0 * wants.size.1];
    let gave = run(session, &grey, batch, wants.size)?;
    Ok(Shapes { size: wants.size, named, outputs: gave.shapes(batch)? })
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
