//! Removing a camera, asked once more.

use super::modal::Modal;
use crate::api;
use crate::context::shared;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// The question.
#[component]
pub(crate) fn DeleteCamera(
    /// The camera's id.
    id: String,
) -> impl IntoView {
    let shared = shared();
    let navigate = use_navigate();
    let camera = shared.camera(id.clone());
    let name = camera.get_untracked().map_or_else(|| id.clone(), |camera| camera.name);
    let fault = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let remove = {
        let name = name.clone();
        move |_| {
            let (id, name, navigate) = (id.clone(), name.clone(), navigate.clone());
            busy.set(true);
            leptos::task::spawn_local(async move {
                match api::delete_camera(&id).await {
                    Ok(()) => {
                        shared.dialog.set(None);
                        shared.tell(format!("{name} was removed."));
                        shared.refresh();
                        navigate("/", NavigateOptions::default());
                    }
                    Err(failure) => {
                        busy.set(false);
                        fault.set(Some(failure.message));
                    }
                }
            });
        }
    };
    view! {
        <Modal title=format!("Remove {name}?")>
            <p>"Sightline lets go of the camera and forgets its settings. The camera itself is not touched."</p>
            <p class="fault" role="alert">{move || fault.get()}</p>
            <div class="form-actions">
                <button class="button" autofocus on:click=move |_| shared.dialog.set(None)>"Keep it"</button>
                <button class="button danger" data-testid="confirm-delete" disabled=move || busy.get() on:click=remove>"Remove"</button>
            </div>
        </Modal>
    }
}
