//! Renaming a clip, and deleting one, asked once more.

use super::modal::Modal;
use crate::api;
use crate::context::shared;
use leptos::prelude::*;
use sightline_shared::clips::{Clip, ClipPatch};

fn path(id: &str) -> String {
    format!("/api/clips/{}", api::encode(id))
}

/// A field with the name.
#[component]
pub(crate) fn RenameClip(
    /// The clip's id.
    id: String,
    /// The name that it has.
    name: String,
) -> impl IntoView {
    let shared = shared();
    let fault = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let name = RwSignal::new(name);
    let rename = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let path = path(&id);
        leptos::task::spawn_local(async move {
            match api::patch::<Clip>(&path, &ClipPatch { name: name.get_untracked() }).await {
                Ok(_) => {
                    shared.dialog.set(None);
                    shared.clips_changed.update(|n| *n += 1);
                }
                Err(failure) => {
                    busy.set(false);
                    fault.set(Some(failure.message));
                }
            }
        });
    };
    view! {
        <Modal title="Rename clip">
            <form class="form" on:submit=rename>
                <label>
                    "Name"
                    <input type="text" name="clip-name" maxlength="100" required autocomplete="off" autofocus bind:value=name/>
                </label>
                <p class="hint">"The name of the download follows."</p>
                <p class="fault" role="alert">{move || fault.get()}</p>
                <div class="form-actions">
                    <button type="button" class="button ghost" on:click=move |_| shared.dialog.set(None)>"Leave it"</button>
                    <button class="button primary" data-testid="confirm-rename" disabled=move || busy.get()>"Rename"</button>
                </div>
            </form>
        </Modal>
    }
}

/// The question.
#[component]
pub(crate) fn DeleteClip(
    /// The clip's id.
    id: String,
    /// Its name.
    name: String,
) -> impl IntoView {
    let shared = shared();
    let fault = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let told = name.clone();
    let remove = move |_| {
        busy.set(true);
        let (path, name) = (path(&id), told.clone());
        leptos::task::spawn_local(async move {
            match api::delete(&path).await {
                Ok(()) => {
                    shared.dialog.set(None);
                    shared.tell(format!("{name} was deleted."));
                    shared.clips_changed.update(|n| *n += 1);
                }
                Err(failure) => {
                    busy.set(false);
                    fault.set(Some(failure.message));
                }
            }
        });
    };
    view! {
        <Modal title="Delete clip?">
            <p class="clip-name strong">{name}</p>
            <p>"The file is removed from the server. What you have downloaded stays yours."</p>
            <p class="fault" role="alert">{move || fault.get()}</p>
            <div class="form-actions">
                <button class="button" autofocus on:click=move |_| shared.dialog.set(None)>"Keep it"</button>
                <button class="button danger" data-testid="confirm-delete" disabled=move || busy.get() on:click=remove>"Delete"</button>
            </div>
        </Modal>
    }
}
