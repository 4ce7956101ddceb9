//! What was found out of a model, kept beside it, so that a list of models loads none of them.

use super::shelf::Found;
use crate::detect::model::{Engine, Recipe};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The facts of one model's file with one recipe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Card {
    /// What the facts are of: bytes and time of the file, and the recipe.
    of: String,
    pub(super) layout: String,
    pub(super) input: [u32; 2],
    pub(super) batch: u32,
    pub(super) labels: Vec<String>,
    pub(super) second: bool,
    pub(super) ms: Option<f64>,
    /// Why it cannot be used.
    pub(super) reason: Option<String>,
}

fn place(model: &Path) -> PathBuf {
    model.with_extension("card.json")
}

/// What changes whenever the file or its recipe do.
fn of(file: &Path, recipe: &Recipe) -> Option<String> {
    let known = std::fs::metadata(file).ok()?;
    let time = known.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {} {recipe:?}", known.len(), time.as_nanos()))
}

impl Card {
    /// The card of a model; `None` where there is none that is true.
    pub(super) fn read(found: &Found) -> Option<Self> {
        let card: Self = serde_json::from_slice(&std::fs::read(place(&found.file)).ok()?).ok()?;
        (of(&found.file, &found.recipe)? == card.of).then_some(card)
    }

    /// The card of a model that was loaded, with the median time of a picture where it was measured.
    pub(super) fn loaded(found: &Found, engine: &dyn Engine, ms: Option<f64>) -> Option<Self> {
        let spec = engine.spec();
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        Some(Self {
            of: of(&found.file, &found.recipe)?,
            layout: spec.layout.into(),
            input: [side(spec.size.0), side(spec.size.1)],
            batch: side(spec.batch),
            labels: spec.labels.iter().map(ToString::to_string).collect(),
            second: spec.second,
            ms,
            reason: None,
        })
    }

    /// The card of one that was refused.
    pub(super) fn refused(found: &Found, reason: String) -> Option<Self> {
        Some(Self { of: of(&found.file, &found.recipe)?, reason: Some(reason), ..Self::default() })
    }

    /// Keeps the card; where that fails it is made again the next time.
    pub(super) fn write(&self, found: &Found) {
        if let Ok(text) = serde_json::to_vec(self) {
            let _ = std::fs::write(place(&found.file), text);
        }
    }
}
