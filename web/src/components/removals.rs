//! Removing a camera, a clip, an event or a model, asked once more.

use super::modal::Modal;
use crate::api;
use crate::context::shared;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use sightline_shared::camera::Camera;

/// The question; what it removes and what that means are its children.
#[component]
fn Removal(
    /// The question itself.
    #[prop(into)]
    title: String,
    /// What the button says that does it.
    verb: &'static str,
    /// What the server is to remove.
    path: String,
    /// Run where the server has done it.
    #[prop(into)]
    done: Callback<()>,
    children: Children,
) -> impl IntoView {
    let shared = shared();
    let fault = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let remove = move |_| {
        busy.set(true);
        let path = path.clone();
        leptos::task::spawn_local(async move {
            match api::delete(&path).await {
                Ok(()) => {
                    shared.dialog.set(None);
                    done.run(());
                }
                Err(failure) => {
                    busy.set(false);
                    fault.set(Some(failure.message));
                }
            }
        });
    };
    view! {
        <Modal title>
            {children()}
            <p class="fault" role="alert">{move || fault.get()}</p>
            <div class="form-actions">
                <button class="button" autofocus on:click=move |_| shared.dialog.set(None)>"Keep it"</button>
                <button class="button danger" data-testid="confirm-delete" disabled=move || busy.get() on:click=remove>{verb}</button>
            </div>
        </Modal>
    }
}

/// Of a camera.
#[component]
pub(crate) fn RemoveCamera(
    /// The camera's id.
    id: String,
) -> impl IntoView {
    let shared = shared();
    let navigate = use_navigate();
    let name = shared.camera(id.clone()).get_untracked().map_or_else(|| id.clone(), |camera| camera.name);
    let told = format!("{name} was removed.");
    let done = move |()| {
        shared.tell(told.clone());
        shared.refresh();
        navigate("/", NavigateOptions::default());
    };
    view! {
        <Removal title=format!("Remove {name}?") verb="Remove" path=api::camera_path(&id) done>
            <p>"Sightline lets go of the camera and forgets its settings. The camera itself is not touched."</p>
        </Removal>
    }
}

/// Of a clip.
#[component]
pub(crate) fn DeleteClip(
    /// The clip's id.
    id: String,
    /// Its name.
    name: String,
) -> impl IntoView {
    let shared = shared();
    let told = format!("{name} was deleted.");
    let done = move |()| {
        shared.tell(told.clone());
        shared.clips_changed.update(|n| *n += 1);
    };
    view! {
        <Removal title="Delete clip?" verb="Delete" path=api::clip_path(&id) done>
            <p class="clip-name strong">{name}</p>
            <p>"The file is removed from the server. What you have downloaded stays yours."</p>
        </Removal>
    }
}

/// Of an event.
#[component]
pub(crate) fn DeleteEvent(
    /// The event's id.
    id: String,
    /// What it says.
    words: String,
) -> impl IntoView {
    let shared = shared();
    let path = format!("/api/events/{}", api::encode(&id));
    let done = move |()| {
        shared.tell("The event was deleted.".into());
        shared.event_deleted.set(Some(id.clone()));
    };
    view! {
        <Removal title="Delete event?" verb="Delete" path done>
            <p class="strong">{words}</p>
            <p>"The event and its picture are removed from the server. Counts and clips stay."</p>
        </Removal>
    }
}

/// Of a model.
#[component]
pub(crate) fn RemoveModel(
    /// The model's name.
    name: String,
) -> impl IntoView {
    let shared = shared();
    let path = format!("/api/models/{}", api::encode(&name));
    let (told, id) = (format!("{name} was removed."), name.clone());
    let done = move |()| {
        shared.tell(told.clone());
        shared.models_changed.update(|n| *n += 1);
    };
    let users = move || {
        let uses = |camera: &&Camera| {
            camera.detect.model == id || camera.detect.second.iter().any(|second| second.model == id)
        };
        let names = shared
            .cameras
            .with(|list| list.iter().flatten().filter(uses).map(|camera| camera.name.clone()).collect::<Vec<_>>());
        (!names.is_empty())
            .then(|| format!("It looks at {}: detection stops there, and the picture goes on.", names.join(", ")))
    };
    view! {
        <Removal title="Remove model?" verb="Remove" path done>
            <p class="strong">{name}</p>
            <p>"Its file is removed from the server."</p>
            <p>{users}</p>
        </Removal>
    }
}
