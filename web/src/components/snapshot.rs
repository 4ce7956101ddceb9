//! The button that saves the picture as it is now, with its boxes where they are shown.

use crate::components::icon::Icon;
use crate::context::shared;
use leptos::prelude::*;
use sightline_shared::camera::{Camera, CameraState};

/// Saves the newest frame; the server names the file.
#[component]
pub(crate) fn SnapshotButton(camera: Memo<Option<Camera>>) -> impl IntoView {
    let shared = shared();
    let live = move || camera.with(|c| c.as_ref().is_some_and(|c| c.state == CameraState::Live));
    let address = move || {
        let id = camera.with(|c| c.as_ref().map(|c| c.id.clone()))?;
        let overlay = u8::from(shared.layers.get().boxes);
        live().then(|| format!("/api/cameras/{id}/snapshot.jpg?overlay={overlay}"))
    };
    view! {
        <a class="button ghost" data-testid="snapshot" title="Save this picture" download="" href=address
            aria-disabled=move || (!live()).to_string()>
            <Icon name="snapshot"/><span>"Snapshot"</span>
        </a>
    }
}
