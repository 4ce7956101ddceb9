//! Models: what can be had, what is here, and how they do on this machine.

use serde::{Deserialize, Serialize};

/// How far a model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// In the catalogue, and not here.
    #[default]
    Available,
    /// On its way.
    Pulling,
    /// Here, and fits.
    Ready,
    /// Here or not, and cannot be used; `reason` says why.
    Unusable,
}

/// A model, as `GET /api/models` lists it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Model {
    /// Its name in settings.
    pub name: String,
    /// One line of what it finds and how heavy it is.
    pub about: String,
    /// How far it is.
    pub state: ModelState,
    /// Why it cannot be used, or why the last pull failed.
    pub reason: Option<String>,
    /// SPDX expression of its weights' licence; absent where nobody said.
    pub licence: Option<String>,
    /// Where it is pulled from; absent for one that was added from a file.
    pub url: Option<String>,
    /// SHA-256 of its file, hexadecimal.
    pub sha256: Option<String>,
    /// Bytes of its file.
    pub bytes: Option<u64>,
    /// 0..1 while it is pulled.
    pub progress: Option<f64>,
    /// How its output is read, e.g. `yolox`.
    pub layout: Option<String>,
    /// Width and height that it looks at.
    pub input: Option<[u32; 2]>,
    /// Most pictures that it takes at once.
    pub batch: Option<u32>,
    /// What it can find.
    pub labels: Vec<String>,
    /// True for one that looks at crops of what another found.
    pub second: bool,
    /// Median time of one picture on this machine, where it was measured.
    pub ms: Option<f64>,
}

/// `GET /api/models`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Models {
    /// What runs models, e.g. `ONNX Runtime 1.31.1 (CPU)`; absent where there is none.
    pub runtime: Option<String>,
    /// Why there is none, and what to do; or what a provider could not do.
    pub reason: Option<String>,
    /// Every model that is here or in the catalogue.
    pub models: Vec<Model>,
}

/// What came of trying a model: `POST /api/models/{name}/check`, `sightline models check --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ModelCheck {
    /// Its name.
    pub name: String,
    /// What ran it, e.g. `ONNX Runtime 1.31.1 (CPU)`.
    pub runs_on: String,
    /// Why nothing faster did, where something was asked for.
    pub note: Option<String>,
    /// How its output is read.
    pub layout: String,
    /// Width and height that it looks at.
    pub input: [u32; 2],
    /// Most pictures that it takes at once.
    pub batch: u32,
    /// What it can find.
    pub labels: Vec<String>,
    /// True for one that looks at crops of what another found.
    pub second: bool,
    /// Median time of one picture: preparing, running, boxes.
    pub ms: f64,
    /// What it found in the picture, best first.
    pub found: Vec<ModelFound>,
    /// The picture with its boxes, as `data:image/jpeg;base64,...`; absent on the command line.
    pub picture: Option<String>,
}

/// A box of a tried model, in fractions 0..1 of the picture as shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ModelFound {
    /// What it is.
    pub label: String,
    /// How sure, 0..1.
    pub score: f32,
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
}
