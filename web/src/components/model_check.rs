//! A model is tried on a camera's picture, here and now: what it takes, its time on this machine, and what it found.

use super::modal::Modal;
use crate::api::{self, Failure};
use crate::context::shared;
use crate::state::{format, models};
use leptos::prelude::*;
use sightline_shared::camera::CameraState;
use sightline_shared::models::ModelCheck;

/// The dialog: asks when it is opened, and again for another camera's picture.
#[component]
pub(crate) fn CheckModel(
    /// The model's name.
    name: String,
) -> impl IntoView {
    let shared = shared();
    let told = RwSignal::new(None::<Result<ModelCheck, Failure>>);
    let cameras = shared.cameras.get_untracked().unwrap_or_default();
    let live: Vec<_> = cameras.into_iter().filter(|camera| camera.state == CameraState::Live).collect();
    let chosen = RwSignal::new(live.first().map(|camera| camera.id.clone()).unwrap_or_default());
    let path = format!("/api/models/{}/check", api::encode(&name));
    Effect::new(move |_| {
        let camera = chosen.get();
        let query = if camera.is_empty() { String::new() } else { format!("?camera={}", api::encode(&camera)) };
        let path = format!("{path}{query}");
        told.set(None);
        leptos::task::spawn_local(async move {
            let answer = api::post(&path, &serde_json::json!({})).await;
            // The catalogue has a measured time then.
            shared.models_changed.update(|n| *n += 1);
            if chosen.try_get_untracked() == Some(camera) {
                told.try_set(Some(answer));
            }
        });
    });
    let options = live.into_iter().map(|camera| {
        let selected = chosen.get_untracked() == camera.id;
        view! { <option value=camera.id selected=selected>{camera.name}</option> }
    });
    let options = options.collect_view();
    view! {
        <Modal title=format!("Check of {name}") wide=true>
            <div class="form">
                <label>
                    "Looks at the picture of"
                    <select data-testid="check-camera" on:change=move |event| chosen.set(event_target_value(&event))>
                        {options}
                        <option value="">"a painted street"</option>
                    </select>
                </label>
                <div data-testid="model-check" aria-live="polite">
                    {move || match told.get() {
                        None => view! { <p class="hint">"Opening the model and looking at a picture. The first time may take a while."</p> }.into_any(),
                        Some(Err(failure)) => view! { <p class="fault" role="alert">{failure.message}</p> }.into_any(),
                        Some(Ok(check)) => view! { <Told check/> }.into_any(),
                    }}
                </div>
            </div>
        </Modal>
    }
}

/// What came of it.
#[component]
fn Told(check: ModelCheck) -> impl IntoView {
    let found = models::found(&check);
    let alt = format!("The picture with what was found: {found}");
    let row = |name: &'static str, value: String| view! { <div class="row"><dt>{name}</dt><dd class="figure">{value}</dd></div> };
    view! {
        <div class="check-told">
            {check.picture.map(|picture| view! { <img class="found-picture" src=picture alt=alt/> })}
            <dl class="rows">
                {row("Takes here", format!("{} a picture", format::fine_ms(check.ms)))}
                {row("Ran on", check.runs_on)}
                {row("Looks at", models::takes(check.input, Some(check.batch)))}
                {row("Read as", check.layout)}
                {row("Found", found)}
            </dl>
            <p class="hint">{check.note}</p>
        </div>
    }
}
