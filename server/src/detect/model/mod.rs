//! Models: prepared pictures in, what is in them out. Who prepares pictures knows a [`Spec`], who runs models an [`Engine`].

use super::Detection;
use crate::pipeline::detection::Area;
use std::sync::Arc;

/// What a model wants to see and can find; the same for all who use it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// Its name in settings.
    pub name: String,
    /// What it can find, by its class numbers.
    pub labels: Vec<Arc<str>>,
    /// Width and height of its input.
    pub size: (usize, usize),
    /// Most pictures that it takes at once; 1 where the graph fixes that.
    pub batch: usize,
}

/// A prepared picture: re-used from look to look, so that a camera has one.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Planar samples as the model wants them.
    pub samples: Vec<f32>,
    /// Where they lie in the picture as shown.
    pub placed: Placed,
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

    /// What is in each of `inputs`, [`Spec::batch`] at most, with scores of `least` and more, in fractions of the picture as shown, best first.
    ///
    /// # Errors
    /// The runtime failed, or gave what is no answer; the next batch may be tried.
    fn run(&mut self, inputs: &[&Input], least: f32) -> Result<Vec<Vec<Detection>>, ModelError>;
}
