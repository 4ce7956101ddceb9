//! `sightline models`: lists, pulls, adds, checks and removes.

use super::{CATALOGUE, Entry, Keeper, MIRROR, Shelf, is_name, pull};
use crate::annotate;
use crate::detect::model::{ModelError, Options, runtime};
use crate::doctor::painted;
use crate::pipeline::clock::{Clock, Mono};
use clap::Subcommand;
use sightline_shared::models::{Model, ModelCheck, ModelState, Models};
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Progress is told so often: a bar ten times a second, a line every second.
const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(1);

/// What is done with models.
#[derive(Subcommand)]
pub enum Command {
    /// Tell which models are here, and which can be had.
    List {
        /// The list as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model of the catalogue: from where it broke off, with its checksum.
    Pull {
        /// Its name.
        name: String,
    },
    /// Take a model from an ONNX file; a TOML and labels beside it come along.
    Add {
        /// The file.
        file: PathBuf,
        /// What it is called here [default: the file's name].
        #[arg(long)]
        name: Option<String>,
    },
    /// Tell what a model is, how long a picture takes on this machine, and what it finds in one.
    Check {
        /// A model's name, or an ONNX file.
        #[arg(value_name = "FILE|NAME")]
        model: String,
        /// Look at a picture of this video or JPEG instead of a painted street.
        #[arg(long, value_name = "VIDEO")]
        on: Option<String>,
        /// At this second of it.
        #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
        at: f64,
        /// Leave out what is less sure than this.
        #[arg(long, value_name = "SCORE", default_value_t = 0.35)]
        min_score: f32,
        /// Write the picture with its boxes to this file.
        #[arg(long, value_name = "OUT.jpg")]
        picture: Option<PathBuf>,
        /// The result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a model that is here.
    Remove {
        /// Its name.
        name: String,
    },
}

/// Runs the command on the models of `data_dir`; without one, the list.
///
/// # Errors
/// A sentence.
pub fn run(command: Option<Command>, data_dir: &Path, clock: &Arc<dyn Clock>) -> Result<(), ModelError> {
    let shelf = Shelf::new(data_dir);
    let keeper = Keeper::new(shelf.clone(), Options::default(), clock.clone());
    match command.unwrap_or(Command::List { json: false }) {
        Command::List { json } => list(&keeper.list(), json),
        Command::Pull { name } => fetch(&shelf, &name, clock),
        Command::Add { file, name } => add(&keeper, &file, name),
        Command::Remove { name } => shelf.remove(&name),
        Command::Check { model, on, at, min_score, picture, json } => {
            let frame = match &on {
                Some(video) => annotate::frame_at(video, at).map_err(|error| ModelError(error.to_string()))?,
                None => painted(30),
            };
            let (told, jpeg) = keeper.check(&model, &frame, min_score, &[])?;
            if let Some(path) = &picture {
                std::fs::write(path, jpeg)
                    .map_err(|error| ModelError(format!("{} cannot be written: {error}.", path.display())))?;
            }
            if json { say(&as_json(&told)) } else { say(&words(&told, frame.width, frame.height)) }
        }
    }
}

fn say(text: &str) -> Result<(), ModelError> {
    writeln!(std::io::stdout(), "{text}").map_err(|error| ModelError(format!("standard output is gone: {error}.")))
}

fn as_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain structs become JSON")
}

fn list(models: &Models, json: bool) -> Result<(), ModelError> {
    if json {
        return say(&as_json(models));
    }
    let runtime = models.runtime.as_ref().or(models.reason.as_ref()).map_or("", String::as_str);
    let rows: Vec<String> = models.models.iter().map(row).collect();
    say(&format!("{runtime}\n{}", rows.join("\n")))
}

fn row(model: &Model) -> String {
    let state = match model.state {
        ModelState::Available => "not here",
        ModelState::Pulling => "on its way",
        ModelState::Ready => "here",
        ModelState::Unusable => "unusable",
    };
    let size = model.bytes.map(|bytes| format!("{:.1} MB", bytes as f64 / 1e6)).unwrap_or_default();
    let licence = model.licence.as_deref().unwrap_or("licence not told");
    let about = model.reason.as_deref().unwrap_or(&model.about);
    format!("{:<20} {state:<10} {size:>9}  {licence:<12} {about}", model.name)
}

fn fetch(shelf: &Shelf, name: &str, clock: &Arc<dyn Clock>) -> Result<(), ModelError> {
    let entry = Entry::named(name).ok_or_else(|| {
        let names: Vec<&str> = CATALOGUE.iter().map(|entry| entry.name).collect();
        ModelError(format!(
            "the catalogue has no model {name:?}, but {}. Others are added: `sightline models add FILE`.",
            names.join(", ")
        ))
    })?;
    let stderr = std::io::stderr();
    let bar = stderr.is_terminal();
    let _ = writeln!(
        &stderr,
        "{name}: {:.1} MB, {} by {}, from {}",
        entry.bytes as f64 / 1e6,
        entry.licence,
        entry.by,
        entry.url
    );
    let mut last: Option<Mono> = None;
    let mut tell = |done: u64, all: u64| {
        let now = clock.now();
        let every = if bar { BAR_EVERY } else { LINE_EVERY };
        if done < all && last.is_some_and(|last| now.since(last) < every) {
            return;
        }
        last = Some(now);
        let part = done as f64 / all.max(1) as f64;
        let line = format!("{:3.0} %, {:.1} of {:.1} MB", part * 100.0, done as f64 / 1e6, all as f64 / 1e6);
        let _ = if bar {
            let filled = (part * 30.0) as usize;
            let end = if done == all { "\n" } else { "" };
            write!(&stderr, "\r[{}{}] {line}\x1b[K{end}", "#".repeat(filled), " ".repeat(30 - filled))
        } else {
            writeln!(&stderr, "{line}")
        };
    };
    let mirror = std::env::var(MIRROR).ok().filter(|mirror| !mirror.is_empty());
    let file = pull(shelf, entry, mirror.as_deref(), &mut tell, &AtomicBool::new(false))?;
    say(&format!("{}: its SHA-256 is right. Use it as `model = \"{name}\"` in [camera.detect].", file.display()))
}

fn add(keeper: &Keeper, file: &Path, name: Option<String>) -> Result<(), ModelError> {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().to_lowercase().replace(' ', "-")).unwrap_or_default();
    let name = name.unwrap_or(stem);
    if !is_name(&name) {
        return Err(ModelError(format!(
            "{name:?} is no name for a model: give one with --name, of small letters, digits, `.`, `_` and `-`."
        )));
    }
    let found = keeper.shelf().find(&file.display().to_string())?;
    runtime()?;
    let mut bytes =
        File::open(file).map_err(|error| ModelError(format!("{} cannot be read: {error}.", file.display())))?;
    keeper.shelf().put_recipe(&found, &name)?;
    let model = keeper.add(&name, &mut bytes)?;
    let (input, labels) = (model.input.unwrap_or_default(), model.labels.len());
    let layout = model.layout.unwrap_or_default();
    say(&format!(
        "{name}: {layout}, {}x{} pixels, {labels} labels. Use it as `model = \"{name}\"` in [camera.detect].",
        input[0], input[1]
    ))
}

fn words(told: &ModelCheck, width: usize, height: usize) -> String {
    let ModelCheck { name, runs_on, layout, input, batch, labels, ms, .. } = told;
    let few: Vec<&str> = labels.iter().take(6).map(String::as_str).collect();
    let more = if labels.len() > few.len() { ", ..." } else { "" };
    let mut lines = vec![
        format!(
            "{name}: layout {layout}, {}x{} pixels, {batch} at once, {} labels ({}{more})",
            input[0],
            input[1],
            labels.len(),
            few.join(", ")
        ),
        format!("runs on {runs_on}: {ms:.1} ms a picture of {width}x{height}, preparing and boxes included"),
    ];
    lines.extend(told.note.clone());
    let found = |one: &sightline_shared::models::ModelFound| {
        let pixel = |part: f32, all: usize| (part * all as f32).round();
        let (x1, y1) = (pixel(one.x1, width), pixel(one.y1, height));
        format!("  {} {:.2} at {x1}, {y1} to {}, {}", one.label, one.score, pixel(one.x2, width), pixel(one.y2, height))
    };
    lines.push(format!("found {} in the picture", told.found.len()));
    lines.extend(told.found.iter().map(found));
    lines.join("\n")
}
