//! A model from a file.

use super::modal::Modal;
use crate::api;
use crate::context::shared;
use crate::state::{format, models};
use leptos::html;
use leptos::prelude::*;

/// The form: a file, and the name that settings have for it.
#[component]
pub(crate) fn AddModel() -> impl IntoView {
    let shared = shared();
    let input = NodeRef::<html::Input>::new();
    let (name, told) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let fault = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let file = move || input.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
    let choose = move |_| {
        fault.set(None);
        if let Some(file) = file() {
            told.set(format::bytes(file.size()));
            name.set(models::name_of_file(&file.name()));
        }
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(file) = file() else { return fault.set(Some("Choose a file first.".into())) };
        busy.set(true);
        leptos::task::spawn_local(async move {
            let name = name.get_untracked();
            match api::add_model(name.trim(), &file).await {
                Ok(model) => {
                    shared.dialog.set(None);
                    shared.tell(format!("{} is here.", model.name));
                    shared.models_changed.update(|n| *n += 1);
                }
                Err(failure) => fault.set(Some(failure.message)),
            }
            busy.set(false);
        });
    };
    view! {
        <Modal title="Add a model">
            <form class="form" on:submit=submit>
                <label>
                    "ONNX file"
                    <input type="file" accept=".onnx" data-testid="model-file" node_ref=input on:change=choose/>
                    <span class="hint">{move || told.get()}</span>
                </label>
                <label>
                    "Name"
                    <input type="text" name="model-name" maxlength="60" required autocomplete="off" spellcheck="false" bind:value=name/>
                </label>
                <p class="hint">"Detectors of the YOLO and DETR families are recognised from the file itself. What does not fit is refused with what was expected and what was found."</p>
                <p class="fault" role="alert">{move || fault.get()}</p>
                <div class="form-actions">
                    <button type="button" class="button ghost" on:click=move |_| shared.dialog.set(None)>"Cancel"</button>
                    <button class="button primary" data-testid="confirm-add-model" disabled=move || busy.get()>{move || if busy.get() { "Sending the file" } else { "Add" }}</button>
                </div>
            </form>
        </Modal>
    }
}
