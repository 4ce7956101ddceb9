//! The list of models, asked for while a component shows it: often while one is on its way, else now and then.

use crate::api::{self, Failure};
use crate::context::{Shared, shared};
use crate::player::view::set_if_changed;
use leptos::prelude::*;
use sightline_shared::models::{Model, ModelState, Models};
use std::time::Duration;

/// Seconds between two questions while one is on its way, and otherwise.
const BUSY: u32 = 1;
const IDLE: u32 = 10;

/// The list.
#[derive(Clone, Copy)]
pub(crate) struct Catalogue {
    /// The newest answer; `None` until the first.
    pub(crate) list: RwSignal<Option<Result<Models, Failure>>>,
    shared: Shared,
}

/// Opens the list for the component that calls.
pub(crate) fn open() -> Catalogue {
    let catalogue = Catalogue { list: RwSignal::new(None), shared: shared() };
    Effect::new(move |_| {
        catalogue.shared.models_changed.track();
        catalogue.refresh();
    });
    let ticks = StoredValue::new(0_u32);
    let tick = move || {
        ticks.update_value(|ticks| *ticks = ticks.wrapping_add(1));
        let every = if catalogue.is_busy() { BUSY } else { IDLE };
        if !document().hidden() && ticks.get_value().is_multiple_of(every) {
            catalogue.refresh();
        }
    };
    let timer = set_interval_with_handle(tick, Duration::from_secs(1));
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
    catalogue
}

fn path(name: &str) -> String {
    format!("/api/models/{}", api::encode(name))
}

impl Catalogue {
    /// What the server told; `None` before it has.
    pub(crate) fn with<T>(self, use_it: impl FnOnce(Option<&Models>) -> T) -> T {
        self.list.with(|list| use_it(list.as_ref().and_then(|list| list.as_ref().ok())))
    }

    fn is_busy(self) -> bool {
        self.list.with_untracked(|list| {
            let models = list.as_ref().and_then(|list| list.as_ref().ok());
            models.is_some_and(|models| models.models.iter().any(|model| model.state == ModelState::Pulling))
        })
    }

    /// Asks again.
    pub(crate) fn refresh(self) {
        leptos::task::spawn_local(async move { set_if_changed(self.list, Some(api::get("/api/models").await)) });
    }

    /// Loads a model from where the catalogue says; a refusal is told as a notice.
    pub(crate) fn pull(self, name: String) {
        leptos::task::spawn_local(async move {
            match api::post::<Model>(&format!("{}/pull", path(&name)), &serde_json::json!({})).await {
                Ok(_) => self.shared.announcement.set(format!("{name} is being loaded.")),
                Err(failure) => self.shared.tell(failure.message),
            }
            self.changed();
        });
    }

    /// Calls a pull off.
    pub(crate) fn cancel(self, name: String) {
        leptos::task::spawn_local(async move {
            match api::delete(&format!("{}/pull", path(&name))).await {
                Ok(()) => self.shared.tell(format!("Loading {name} was called off.")),
                Err(failure) => self.shared.tell(failure.message),
            }
            self.changed();
        });
    }

    /// Tells every component that shows the list.
    fn changed(self) {
        self.shared.models_changed.update(|n| *n += 1);
    }
}
