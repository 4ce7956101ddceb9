//! Renaming a clip.

use super::modal::Modal;
use crate::api;
use crate::context::shared;
use leptos::prelude::*;
use sightline_shared::clips::{Clip, ClipPatch};

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
        let path = api::clip_path(&id);
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
