//! The camera's address and state, and the way to its settings.

use super::{Panel, Row};
use crate::components::icon::Icon;
use crate::context::{Dialog, local_time, parse_time, shared};
use crate::state::words;
use leptos::prelude::*;
use sightline_shared::camera::Camera;

/// The panel.
#[component]
pub(crate) fn AboutPanel(
    /// The camera.
    #[prop(into)]
    camera: Signal<Option<Camera>>,
    /// Its id.
    id: String,
) -> impl IntoView {
    let shared = shared();
    let of = move |pick: fn(&Camera) -> Option<String>| {
        Signal::derive(move || camera.with(|c| c.as_ref().and_then(pick)).unwrap_or_else(|| "unknown".into()))
    };
    let editable = Memo::new(move |_| camera.with(|c| c.as_ref().is_some_and(|c| c.editable)));
    let delete_id = id.clone();
    let edit = move |_| shared.dialog.set(Some(Dialog::Edit(id.clone())));
    let delete = move |_| shared.dialog.set(Some(Dialog::Delete(delete_id.clone())));
    view! {
        <Panel title="Camera">
            <dl class="rows">
                <Row name="Address" value=of(|c| Some(c.url.clone()))/>
                <Row name="State" value=of(|c| {
                    let since = c.since.as_deref().and_then(parse_time).map(|at| format!(" since {}", local_time(at)));
                    Some(format!("{}{}", words::state(c.state), since.unwrap_or_default()))
                })/>
            </dl>
            <div class="panel-actions">
                <button class="button small" data-testid="edit-camera" disabled=move || !editable.get() on:click=edit>
                    <Icon name="edit"/>"Settings"
                </button>
                <button class="button small danger-quiet" data-testid="delete-camera" disabled=move || !editable.get() on:click=delete>
                    <Icon name="delete"/>"Remove"
                </button>
            </div>
            <p class="hint">
                {move || (!editable.get() && camera.with(Option::is_some)).then_some("This camera cannot be changed here: it is the demo camera, or the settings file is read-only.")}
            </p>
        </Panel>
    }
}
