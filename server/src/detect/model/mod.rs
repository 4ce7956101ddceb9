//! Models: prepared pictures in, what is in them out. Who prepares pictures knows a [`Spec`], who runs models an [`Engine`].
//!
//! A model is an ONNX file. Its layout (how its output is read) is found by trying it once; a small TOML beside it overrides
//! everything that is found. How another layout is added stands in ARCHITECTURE.md, "Models".

mod fit;
mod labels;
mod layout;
mod nms;
mod onnx;
mod prepare;
mod provider;
mod recipe;
mod runtime;
mod view;

pub(crate) use labels::COCO;
pub use onnx::MAX_BYTES;
pub use prepare::{DeviceInput, Preparer};
pub use provider::{Options, Provider};
pub use recipe::{Labels, Recipe};
pub use runtime::{LIBRARY, Runtime, THREADS, runtime};
pub use view::{Colours, Letterbox, View};

use super::Detection;
use crate::pipeline::detection::Area;
use std::path::Path;
use std::sync::Arc;

/// What a class is called.
pub type Label = Arc<str>;

/// What a model wants to see and can find; the same for all who use it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// Its name in settings.
    pub name: String,
    /// What it can find, by its class numbers.
    pub labels: Vec<Label>,
    /// Width and height of its input.
    pub size: (usize, usize),
    /// Most pictures that it takes at once; 1 where the graph fixes that.
    pub batch: usize,
    /// How it wants to see.
    pub view: View,
    /// How its output is read.
    pub layout: &'static str,
    /// True for one that looks at crops of what another found.
    pub second: bool,
}

/// A prepared picture: its memory is used again from look to look.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Planar samples as the model wants them.
    pub samples: Vec<f32>,
    /// Where they lie in the picture as shown.
    pub placed: Placed,
    /// The samples in a device's memory, in place of those above.
    pub device: Option<DeviceInput>,
    /// How the frame before was prepared: the next one is mostly like it.
    pub(in crate::detect) plan: Option<Box<prepare::Plan>>,
}

impl Input {
    /// Samples that were made elsewhere.
    #[must_use]
    pub fn of(samples: Vec<f32>, placed: Placed) -> Self {
        Self { samples, placed, device: None, plan: None }
    }
}

/// The way from the model's pixels to the picture as shown: `fraction = origin + pixel * step`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Placed {
    /// What the model's pixel (0, 0) is in the picture, in fractions.
    pub origin: (f32, f32),
    /// Fractions of the picture in a pixel of the model.
    pub step: (f32, f32),
    /// What of the picture was given to it: boxes are cut at its edges.
    pub within: Area,
}

/// Why a model cannot be used, or could not look.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModelError(pub String);

/// A model that is loaded.
pub trait Engine: Send {
    /// What it wants and finds.
    fn spec(&self) -> &Arc<Spec>;

    /// What runs it, for people, e.g. `ONNX Runtime 1.31.1 (CPU)`.
    fn runs_on(&self) -> String;

    /// Why nothing faster runs it, where something was asked for.
    fn note(&self) -> Option<String> {
        None
    }

    /// The number of the device in whose memory it reads inputs that were prepared there; `None` where it reads the host's alone.
    fn reads_there(&self) -> Option<u32> {
        None
    }

    /// How many of its answers were no numbers, or of no class, so far.
    fn dropped(&self) -> u64 {
        0
    }

    /// Runs the model on `inputs` and looks at nothing of what it gives: what all else is measured against.
    ///
    /// # Errors
    /// As of [`Self::run`].
    fn bare(&mut self, inputs: &[&Input]) -> Result<(), ModelError> {
        self.run(inputs, f32::INFINITY).map(drop)
    }

    /// What is in each of `inputs`, [`Spec::batch`] at most, with scores of `least` and more, in fractions of the picture as shown, best first.
    ///
    /// # Errors
    /// The runtime failed, or gave what is no answer; the next batch may be tried.
    fn run(&mut self, inputs: &[&Input], least: f32) -> Result<Vec<Vec<Detection>>, ModelError>;
}

/// Loads the model in `file`. It takes from a tenth of a second to seconds, with TensorRT minutes at the first time.
///
/// # Errors
/// There is no runtime, or the file is no model that fits: what was expected and what was found.
pub fn open(name: &str, file: &Path, recipe: &Recipe, options: &Options) -> Result<Box<dyn Engine>, ModelError> {
    onnx::open(name, file, recipe, options).map(|engine| Box::new(engine) as Box<dyn Engine>)
}

#[cfg(test)]
pub(crate) mod tests;
