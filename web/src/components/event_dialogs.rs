//! Deleting an event, asked once more.

use super::modal::Modal;
use crate::api;
use crate::context::shared;
use leptos::prelude::*;

/// The question.
#[component]
pub(crate) fn DeleteEvent(
    /// The event's id.
    id: String,
    /// What it says.
    words: String,
) -> impl IntoView {
    let shared = shared();
    let fault = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let remove = move |_| {
        busy.set(true);
        let id = id.clone();
        leptos::task::spawn_local(async move {
            match api::delete(&format!("/api/events/{}", api::encode(&id))).await {
                Ok(()) => {
                    shared.dialog.set(None);
                    shared.tell("The event was deleted.".into());
                    shared.event_deleted.set(Some(id));
                }
                Err(failure) => {
                    busy.set(false);
                    fault.set(Some(failure.message));
                }
            }
        });
    };
    view! {
        <Modal title="Delete event?">
            <p class="strong">{words}</p>
            <p>"The event and its picture are removed from the server. Counts and clips stay."</p>
            <p class="fault" role="alert">{move || fault.get()}</p>
            <div class="form-actions">
                <button class="button" autofocus on:click=move |_| shared.dialog.set(None)>"Keep it"</button>
                <button class="button danger" data-testid="confirm-delete" disabled=move || busy.get() on:click=remove>"Delete"</button>
            </div>
        </Modal>
    }
}
