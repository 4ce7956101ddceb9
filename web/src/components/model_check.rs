//! A model is tried on a picture, here and now: its shapes, its time on this machine, and what it found.

use super::modal::Modal;
use crate::api::{self, Failure};
use crate::context::shared;
use crate::state::format;
use leptos::prelude::*;
use sightline_shared::models::ModelCheck;

/// The dialog: asks when it is opened.
#[component]
pub(crate) fn CheckModel(
    /// The model's name.
    name: String,
) -> impl IntoView {
    let shared = shared();
    let told = RwSignal::new(None::<Result<ModelCheck, Failure>>);
    let path = format!("/api/models/{}/check", api::encode(&name));
    leptos::task::spawn_local(async move {
        let answer = api::post(&path, &serde_json::json!({})).await;
        // The catalogue has a measured time then.
        shared.models_changed.update(|n| *n += 1);
        told.try_set(Some(answer));
    });
    view! {
        <Modal title=format!("Check of {name}") wide=true>
            <div data-testid="model-check" aria-live="polite">
                {move || match told.get() {
                    None => view! { <p class="hint">"Opening the model and looking at a picture. The first time may take a while."</p> }.into_any(),
                    Some(Err(failure)) => view! { <p class="fault" role="alert">{failure.message}</p> }.into_any(),
                    Some(Ok(check)) => view! { <Told check/> }.into_any(),
                }}
            </div>
        </Modal>
    }
}

/// What came of it.
#[component]
fn Told(check: ModelCheck) -> impl IntoView {
    let found = check.found.iter().map(|found| format!("{} {:.0} %", found.label, found.score * 100.0));
    let found = found.collect::<Vec<_>>().join(", ");
    let found = if found.is_empty() { "nothing".to_owned() } else { found };
    let alt = format!("The picture with what was found: {found}");
    let row = |name: &'static str, value: String| view! { <div class="row"><dt>{name}</dt><dd class="figure">{value}</dd></div> };
    view! {
        <div class="check-told">
            {check.picture.map(|picture| view! { <img class="found-picture" src=picture alt=alt/> })}
            <dl class="rows">
                {row("Takes here", format!("{} a picture", format::fine_ms(check.ms)))}
                {row("Ran on", check.runs_on)}
                {row("Input", check.input)}
                {row("Output", check.outputs.join(", "))}
                {row("Found", found)}
            </dl>
        </div>
    }
}
