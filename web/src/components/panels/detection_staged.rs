//! What the parts of the detection panel share: what is staged, what cannot stand, and the models that there are.

use crate::catalogue::Catalogue;
use crate::state::detection::{DetectForm, Fault};
use leptos::prelude::*;
use sightline_shared::camera::{Camera, DetectSettings};

/// What is staged.
#[derive(Clone, Copy)]
pub(super) struct Staged {
    /// The camera's id.
    pub(super) id: StoredValue<String>,
    /// The form.
    pub(super) form: RwSignal<DetectForm>,
    /// What cannot stand.
    pub(super) faults: RwSignal<Vec<Fault>>,
    /// What stands in the settings.
    pub(super) asked: Memo<DetectSettings>,
    /// The models.
    pub(super) catalogue: Catalogue,
    /// The camera.
    pub(super) camera: Memo<Option<Camera>>,
}

impl Staged {
    /// Stages a change; a fault of the field is no longer of what stands there.
    pub(super) fn set(self, field: &'static str, change: impl FnOnce(&mut DetectForm)) {
        self.form.update(change);
        self.faults.update(|faults| faults.retain(|(at, _)| at != field));
    }

    /// What is wrong with a field.
    pub(super) fn fault(self, field: &'static str) -> Option<String> {
        self.faults.with(|faults| faults.iter().find(|(at, _)| at == field).map(|(_, words)| words.clone()))
    }

    /// A refusal of the server: `detect.fps`, `detect.second[0].model`.
    pub(super) fn refuse(self, field: Option<&str>, message: &str) {
        let field = field
            .map(|field| field.trim_start_matches("detect.").split(['.', '[']).next().unwrap_or_default().to_owned());
        self.faults.set(field.map(|field| (field, message.to_owned())).into_iter().collect());
    }
}
