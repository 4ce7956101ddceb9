//! Models: those that are here, those that can be had, and what runs them.

use crate::catalogue;
use crate::components::icon::Icon;
use crate::components::model_card::ModelCard;
use crate::context::{Dialog, shared};
use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn ModelsPage() -> impl IntoView {
    let shared = shared();
    let catalogue = catalogue::open();
    let names = Memo::new(move |_| {
        catalogue.with(|models| {
            models.map(|models| models.models.iter().map(|model| model.name.clone()).collect::<Vec<_>>())
        })
    });
    document().set_title("Models · Sightline");
    on_cleanup(|| document().set_title("Sightline"));
    let runtime = move || catalogue.with(|models| models.and_then(|models| models.runtime.clone()));
    let reason = move || catalogue.with(|models| models.and_then(|models| models.reason.clone()));
    let known = move || catalogue.with(|models| models.is_some());
    let trouble = move || {
        catalogue
            .list
            .with(|list| list.as_ref().and_then(|list| list.as_ref().err()).map(|failure| failure.message.clone()))
    };
    view! {
        <section class="page models" aria-label="Models">
            <div class="events-head">
                <h1>"Models"</h1>
                <span class="spring"></span>
                <button class="button" data-testid="add-model" on:click=move |_| shared.dialog.set(Some(Dialog::AddModel))><Icon name="plus"/>"Add a file"</button>
            </div>
            <p class="fault" role="alert">{trouble}</p>
            <p class="hint">{move || catalogue.list.with(Option::is_none).then_some("Asking the server.")}</p>
            <Show when=known>
                <div class="told-box" data-testid="model-runtime" data-meaning=move || if runtime().is_some() { "live" } else { "warning" }>
                    <p>{move || runtime().map_or_else(|| "Nothing here runs models: motion is still looked for.".to_owned(), |runtime| format!("Runs on {runtime}."))}</p>
                    <p class="hint">{reason}</p>
                </div>
            </Show>
            <ul class="model-list">
                <For each=move || names.get().unwrap_or_default() key=|name| name.clone() let:name>
                    <ModelCard name catalogue/>
                </For>
            </ul>
            <Show when=move || names.with(|names| names.as_ref().is_some_and(Vec::is_empty))>
                <p class="quiet" data-testid="models-empty">"No model is here, and the catalogue is empty. Add an ONNX file."</p>
            </Show>
        </section>
    }
}
