//! What stands in the way of the chosen model, with the button that mends it.

use super::detection_staged::Staged;
use crate::components::icon::Icon;
use crate::state::detection::{Lack, lack};
use leptos::prelude::*;
use leptos_router::components::A;

/// The line; nothing where the model can look.
#[component]
pub(super) fn LackLine(staged: Staged) -> impl IntoView {
    let found = Memo::new(move |_| {
        let name = staged.form.with(|form| form.model.clone());
        staged.catalogue.with(|models| lack(models, &name))
    });
    let name = move || staged.form.with_untracked(|form| form.model.clone());
    let pull = move |_| staged.catalogue.pull(name());
    move || {
        let found = found.get()?;
        let meaning = if matches!(found, Lack::Coming(_)) { "working" } else { "warning" };
        let body = match found {
            Lack::Pull(words) => view! {
                <p>{words}</p>
                <button class="button small" data-testid="pull-model" on:click=pull><Icon name="download"/>{format!("Pull {}", name())}</button>
            }
            .into_any(),
            Lack::Coming(part) => view! {
                <p>{format!("{} is on its way.", name())}</p>
                <progress max="1" value=part.map(|part| part.to_string()) aria-label="Progress of the model"></progress>
            }
            .into_any(),
            Lack::No(words) => view! {
                <p>{words}</p>
                <A href="/models" attr:class="button small">"Models"</A>
            }
            .into_any(),
        };
        Some(view! { <div class="told-box" data-testid="model-lack" data-meaning=meaning>{body}</div> })
    }
}
