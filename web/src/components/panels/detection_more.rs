//! The part of the detection panel that is folded: scores of labels, the camera's motion, key frames, regions, second models.

use super::detection_staged::Staged;
use crate::components::chips::Chips;
use crate::player::PlayerView;
use crate::state::detection::{self, DetectForm, toggle};
use leptos::prelude::*;
use sightline_shared::models::Models;

/// The fold.
#[component]
pub(super) fn More(staged: Staged, view: PlayerView) -> impl IntoView {
    let switch = move |name: &'static str,
                       words: &'static str,
                       title: &'static str,
                       get: fn(&DetectForm) -> bool,
                       set: fn(&mut DetectForm, bool)| {
        view! {
            <label class="switch" title=title>
                <span>{words}</span>
                <input type="checkbox" role="switch" data-testid=format!("detect-{name}") prop:checked=move || staged.form.with(get)
                    on:change=move |event| staged.set(name, move |form| set(form, event_target_checked(&event)))/>
            </label>
            <p class="encoder-told fault" role="status">{move || staged.fault(name)}</p>
        }
    };
    view! {
        <details class="encoder-more" data-testid="detection-more">
            <summary>"More"</summary>
            <div class="more-body">
                <Show when=move || staged.form.with(DetectForm::uses_model)>
                    <Scores staged/>
                    <Seconds staged/>
                </Show>
                {switch("moving_camera", "The camera itself moves", "A pole in the wind, a pan: its motion is taken out before things are matched.", |form| form.moving_camera, |form, on| form.moving_camera = on)}
                {switch("key_frames_only", "Key frames only", "Nearly free, and looks only as often as the camera sends key frames.", |form| form.key_frames_only, |form, on| form.key_frames_only = on)}
                <Regions staged view/>
            </div>
        </details>
    }
}

/// Least scores of single labels.
#[component]
fn Scores(staged: Staged) -> impl IntoView {
    let rows = Memo::new(move |_| staged.form.with(|form| form.scores.keys().cloned().collect::<Vec<_>>()));
    let others = move || {
        let form = staged.form.get();
        let labels =
            staged.catalogue.with(|models| detection::find(models, &form.model).map(|model| model.labels.clone()));
        let free = labels.unwrap_or_default().into_iter().filter(|label| !form.scores.contains_key(label));
        free.map(|label| view! { <option>{label}</option> }).collect_view()
    };
    let add = move |event: leptos::ev::Event| {
        let label = event_target_value(&event);
        if !label.is_empty() {
            staged.set("scores", move |form| {
                form.scores.entry(label).or_default();
            });
        }
    };
    let row = move |label: String| {
        let [shown, typed, named] = [label.clone(), label.clone(), label.clone()];
        let value = move || staged.form.with(|form| form.scores.get(&shown).cloned()).unwrap_or_default();
        let set = move |event: leptos::ev::Event| {
            let (label, text) = (typed.clone(), event_target_value(&event));
            staged.set("scores", move |form| drop(form.scores.insert(label, text)));
        };
        view! {
            <li class="score-row">
                <span>{label}</span>
                <input type="text" inputmode="decimal" autocomplete="off" class="figure" aria-label=format!("Least score of {named}, percent") prop:value=value on:input=set/>
                <span class="quiet">"%"</span>
            </li>
        }
    };
    view! {
        <div class="encoder-field" data-field="scores">
            <label for="detect-score-of">"Least score of single labels"</label>
            <ul class="score-rows">
                <For each=move || rows.get() key=|label| label.clone() children=row/>
            </ul>
            <select id="detect-score-of" data-testid="detect-score-of" on:change=add prop:value="">
                <option value="">"Another label…"</option>
                {others}
            </select>
            <p class="encoder-told" role="status" class:fault=move || staged.fault("scores").is_some() class:hint=move || staged.fault("scores").is_none()>
                {move || staged.fault("scores").or_else(|| rows.with(|rows| !rows.is_empty()).then(|| "An empty field goes by the least score above.".into()))}
            </p>
        </div>
    }
}

fn seconds(models: Option<&Models>) -> Vec<String> {
    let all = models.map_or(&[][..], |models| &models.models);
    all.iter().filter(|model| model.second).map(|model| model.name.clone()).collect()
}

/// Models that look at what the first one found.
#[component]
fn Seconds(staged: Staged) -> impl IntoView {
    let names = Memo::new(move |_| {
        let mut names = staged.catalogue.with(seconds);
        let chosen = staged.form.with(|form| form.second.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
        names.extend(chosen.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
        names
    });
    view! {
        <Show when=move || names.with(|names| !names.is_empty())>
            <fieldset class="seconds" data-field="second">
                <legend>"Second models"</legend>
                <For each=move || names.get() key=|name| name.clone() let:name>
                    <Second staged name/>
                </For>
                <p class="encoder-told fault" role="status">{move || staged.fault("second")}</p>
            </fieldset>
        </Show>
    }
}

/// One of them: on or off, and at what it looks.
#[component]
fn Second(staged: Staged, name: String) -> impl IntoView {
    let name = StoredValue::new(name);
    let mine = move |form: &DetectForm| {
        form.second.iter().find(|(one, _)| *one == name.get_value()).map(|(_, labels)| labels.clone())
    };
    let on = Memo::new(move |_| staged.form.with(|form| mine(form).is_some()));
    let chosen = Memo::new(move |_| staged.form.with(mine).unwrap_or_default());
    let all = Memo::new(move |_| {
        let first = staged.form.with(|form| form.model.clone());
        staged
            .catalogue
            .with(|models| detection::find(models, &first).map(|model| model.labels.clone()))
            .unwrap_or_default()
    });
    let press = Callback::new(move |label: String| {
        staged.set("second", move |form| {
            if let Some((_, labels)) = form.second.iter_mut().find(|(one, _)| *one == name.get_value()) {
                toggle(labels, &label);
            }
        });
    });
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=move || on.get() on:change=move |_| staged.set("second", move |form| form.toggle_second(&name.get_value()))/>
            {name.get_value()}
        </label>
        <Show when=move || on.get()>
            <Chips legend="Looks at" none="Everything that was found." all chosen toggle=press/>
        </Show>
    }
}

/// Where it looks, and the way to draw that.
#[component]
fn Regions(staged: Staged, view: PlayerView) -> impl IntoView {
    let words = move || match staged.asked.with(|asked| asked.regions.len()) {
        0 => "Looks at the whole picture.".to_owned(),
        1 => "Looks in one region.".to_owned(),
        count => format!("Looks in {count} regions."),
    };
    view! {
        <div class="region-row" data-field="regions">
            <p class="hint">{words}</p>
            <button class="button small" on:click=move |_| view.editing.set(true)>"Draw regions"</button>
        </div>
    }
}
