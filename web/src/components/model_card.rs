//! One model: how far it is, what is known of it, and what can be done with it.

use super::icon::Icon;
use crate::catalogue::Catalogue;
use crate::context::{Dialog, shared};
use crate::state::models;
use leptos::prelude::*;
use leptos_router::components::A;
use sightline_shared::models::{Model, ModelState};

/// A card.
#[component]
pub(crate) fn ModelCard(
    /// Its name.
    name: String,
    /// Where it stands.
    catalogue: Catalogue,
) -> impl IntoView {
    let (id, shown) = (name.clone(), name.clone());
    let model = Memo::new(move |_| {
        catalogue
            .with(|all| all.and_then(|all| all.models.iter().find(|model| model.name == id).cloned()))
            .unwrap_or_default()
    });
    let state = Memo::new(move |_| model.with(|model| model.state));
    let facts = move || {
        let row = |(name, value): (&'static str, String)| view! { <div class="row"><dt>{name}</dt><dd class="figure">{value}</dd></div> };
        model.with(models::facts).into_iter().map(row).collect_view()
    };
    let progress = Memo::new(move |_| model.with(|model| model.progress));
    view! {
        <li class="card model" data-testid="model" data-model=shown data-state=move || models::word(state.get())>
            <div class="model-head">
                <h2>{name.clone()}</h2>
                <span class="badge" data-state=move || badge(state.get())><span class="badge-mark"></span>{move || model.with(models::state)}</span>
            </div>
            <p class="quiet">{move || model.with(|model| model.about.clone())}</p>
            <p class="fault">{move || model.with(|model| model.reason.clone())}</p>
            <Show when=move || state.get() == ModelState::Pulling>
                <progress max="1" prop:value=move || progress.get().unwrap_or_default() aria-label="Progress"></progress>
            </Show>
            <dl class="rows">{facts}</dl>
            <Used name=name.clone()/>
            <Actions name=name catalogue model state/>
        </li>
    }
}

fn badge(state: ModelState) -> &'static str {
    match state {
        ModelState::Ready => "live",
        ModelState::Pulling => "connecting",
        ModelState::Unusable => "offline",
        ModelState::Available => "disabled",
    }
}

/// Cameras that are set to it.
#[component]
fn Used(name: String) -> impl IntoView {
    let shared = shared();
    let cameras = Memo::new(move |_| {
        let list = shared.cameras.get().unwrap_or_default();
        let uses = |camera: &sightline_shared::camera::Camera| {
            camera.detect.model == name || camera.detect.second.iter().any(|second| second.model == name)
        };
        list.into_iter().filter(uses).map(|camera| (camera.id, camera.name)).collect::<Vec<_>>()
    });
    let link =
        |(id, name): (String, String)| view! { <A href=format!("/cameras/{}", crate::api::encode(&id))>{name}</A>" " };
    view! {
        <Show when=move || cameras.with(|cameras| !cameras.is_empty())>
            <p class="quiet">"Looks at "{move || cameras.get().into_iter().map(link).collect_view()}</p>
        </Show>
    }
}

/// Pull, call off, check, remove.
#[component]
fn Actions(name: String, catalogue: Catalogue, model: Memo<Model>, state: Memo<ModelState>) -> impl IntoView {
    let shared = shared();
    let name = StoredValue::new(name);
    let can_pull = Memo::new(move |_| {
        let (pullable, failed) = model.with(|model| (model.url.is_some(), model.state == ModelState::Unusable));
        state.get() == ModelState::Available || (failed && pullable)
    });
    let label = move |what: &str| format!("{what} {}", name.get_value());
    view! {
        <div class="panel-actions">
            <Show when=move || can_pull.get()>
                <button class="button small primary" data-testid="pull" aria-label=label("Pull") on:click=move |_| catalogue.pull(name.get_value())>
                    <Icon name="download"/>"Pull"
                </button>
            </Show>
            <Show when=move || state.get() == ModelState::Pulling>
                <button class="button small" data-testid="cancel-pull" aria-label=label("Call off loading") on:click=move |_| catalogue.cancel(name.get_value())>"Call off"</button>
            </Show>
            <Show when=move || state.get() == ModelState::Ready>
                <button class="button small" data-testid="check-model" aria-label=label("Check") on:click=move |_| shared.dialog.set(Some(Dialog::CheckModel(name.get_value())))>"Check"</button>
            </Show>
            <Show when=move || state.get() == ModelState::Ready || (state.get() == ModelState::Unusable && model.with(|model| model.bytes.is_some()))>
                <button class="button small danger-quiet" data-testid="remove-model" aria-label=label("Remove") on:click=move |_| shared.dialog.set(Some(Dialog::RemoveModel(name.get_value())))>"Remove"</button>
            </Show>
        </div>
    }
}
