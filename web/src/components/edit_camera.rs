//! Settings of a camera.

use super::modal::Modal;
use crate::api;
use crate::context::{Dialog, shared};
use crate::state::edit::EditForm;
use leptos::prelude::*;
use sightline_shared::camera::{Camera, Transport, VideoMode};

/// The dialog: asks for the newest settings first, so that a change is made to what is really there.
#[component]
pub(crate) fn EditCamera(
    /// The camera's id.
    id: String,
) -> impl IntoView {
    let loaded = RwSignal::new(None::<Result<(Camera, Option<String>), api::Failure>>);
    leptos::task::spawn_local(async move { loaded.set(Some(api::camera_revision(&id).await)) });
    view! {
        <Modal title="Camera settings">
            {move || match loaded.get() {
                None => view! { <p class="hint">"Reading the settings."</p> }.into_any(),
                Some(Err(failure)) => view! { <p class="fault" role="alert">{failure.message}</p> }.into_any(),
                Some(Ok((camera, revision))) => view! { <EditFields camera revision/> }.into_any(),
            }}
        </Modal>
    }
}

/// The fields.
#[component]
fn EditFields(camera: Camera, revision: Option<String>) -> impl IntoView {
    let shared = shared();
    let form = RwSignal::new(EditForm::of(&camera));
    let fault = RwSignal::new(None::<(String, String)>);
    let busy = RwSignal::new(false);
    let id = camera.id.clone();
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let patch = match form.get_untracked().patch(&camera) {
            Ok(Some(patch)) => patch,
            Ok(None) => return shared.dialog.set(None),
            Err((field, sentence)) => return fault.set(Some((field.into(), sentence))),
        };
        let (id, revision) = (camera.id.clone(), revision.clone());
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = api::patch_camera(&id, &patch, revision.as_deref()).await;
            busy.set(false);
            match answer {
                Ok(camera) => {
                    shared.dialog.set(None);
                    shared.tell(format!("Settings of {} saved.", camera.name));
                    shared.refresh();
                }
                Err(failure) => fault.set(Some((failure.field.unwrap_or_default(), failure.message))),
            }
        });
    };
    let bad =
        move |field: &'static str| fault.with(|f| f.as_ref().is_some_and(|(at, _)| at == field)).then_some("true");
    view! {
        <form class="form" on:submit=submit>
            <label>
                "Name"
                <input type="text" name="name" maxlength="80" autocomplete="off" aria-invalid=move || bad("name")
                    prop:value=move || form.with(|f| f.name.clone())
                    on:input=move |e| form.update(|f| f.name = event_target_value(&e))/>
            </label>
            <label>
                "Address"
                <input type="text" name="url" class="figure" autocomplete="off" spellcheck="false" aria-invalid=move || bad("url")
                    aria-describedby="edit-url-hint"
                    prop:value=move || form.with(|f| f.url.clone())
                    on:input=move |e| form.update(|f| f.url = event_target_value(&e))/>
                <span class="hint" id="edit-url-hint">"*** stands for the password that is stored; leave it to keep it."</span>
            </label>
            <Choices form/>
            <label class="check">
                <input type="checkbox" prop:checked=move || form.with(|f| f.enabled)
                    on:change=move |e| form.update(|f| f.enabled = event_target_checked(&e))/>
                "Switched on"
            </label>
            <p class="fault" role="alert">{move || fault.get().map(|(_, sentence)| sentence)}</p>
            <div class="form-actions">
                <button type="button" class="button danger-quiet" on:click=move |_| shared.dialog.set(Some(Dialog::Delete(id.clone())))>
                    "Remove"
                </button>
                <span class="spring"></span>
                <button type="button" class="button" on:click=move |_| shared.dialog.set(None)>"Cancel"</button>
                <button class="button primary" disabled=move || busy.get()>"Save"</button>
            </div>
        </form>
    }
}

/// Transport and video mode.
#[component]
fn Choices(form: RwSignal<EditForm>) -> impl IntoView {
    let transport = move || match form.with(|f| f.transport) {
        Transport::Auto => "auto",
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    let video = move || match form.with(|f| f.video) {
        VideoMode::Auto => "auto",
        VideoMode::Passthrough => "passthrough",
        VideoMode::Transcode => "transcode",
    };
    let set_transport = move |value: String| {
        form.update(|f| {
            f.transport = match value.as_str() {
                "tcp" => Transport::Tcp,
                "udp" => Transport::Udp,
                _ => Transport::Auto,
            };
        });
    };
    let set_video = move |value: String| {
        form.update(|f| f.video = if value == "passthrough" { VideoMode::Passthrough } else { VideoMode::Auto });
    };
    view! {
        <div class="pair">
            <label>
                "Transport"
                <select prop:value=transport on:change=move |e| set_transport(event_target_value(&e))>
                    <option value="auto">"Automatic"</option>
                    <option value="tcp">"TCP"</option>
                    <option value="udp">"UDP"</option>
                </select>
            </label>
            <label>
                "Video"
                <select prop:value=video on:change=move |e| set_video(event_target_value(&e))>
                    <option value="auto">"Automatic"</option>
                    <option value="passthrough">"As the camera sends it"</option>
                    <option value="transcode" disabled>"Re-encoded (not built yet)"</option>
                </select>
            </label>
        </div>
    }
}
