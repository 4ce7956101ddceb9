//! The detection panel: what looks, how often and for what; staged, then applied. And what it does now.

use super::detection_figures::Figures;
use super::detection_more::More;
use super::detection_staged::Staged;
use super::{Panel, detection_lack::LackLine};
use crate::api;
use crate::catalogue;
use crate::components::chips::Chips;
use crate::context::{Shared, shared};
use crate::player::PlayerView;
use crate::state::analysis;
use crate::state::detection::{self, DetectForm};
use leptos::prelude::*;
use sightline_shared::api::CameraPatch;
use sightline_shared::camera::{Camera, DetectSettings};

/// The panel.
#[component]
pub(crate) fn DetectionPanel(
    /// The camera's id.
    id: String,
    /// The camera.
    camera: Memo<Option<Camera>>,
    /// Its player.
    view: PlayerView,
) -> impl IntoView {
    let asked = Memo::new(move |_| camera.with(|c| c.as_ref().map(|c| c.detect.clone())).unwrap_or_default());
    let staged = Staged {
        id: StoredValue::new(id),
        form: RwSignal::new(DetectForm::default()),
        faults: RwSignal::new(Vec::new()),
        asked,
        catalogue: catalogue::open(),
        camera,
    };
    // What somebody else has changed takes the place of what was there, but not of what is being typed.
    Effect::new(move |before: Option<DetectSettings>| {
        let now = asked.get();
        let untouched = before.as_ref().is_none_or(|before| staged.form.get_untracked() == DetectForm::of(before));
        if untouched {
            staged.form.set(DetectForm::of(&now));
        }
        now
    });
    let info = Memo::new(move |_| camera.with(|c| c.as_ref().map(|c| c.analysis.clone())).unwrap_or_default());
    let off = Memo::new(move |_| staged.form.with(|form| form.model == "none"));
    view! {
        <Panel title="Detection">
            <div class="encoder" data-testid="detection-panel">
                <p class="hint" data-testid="detection-runs">{move || info.with(analysis::runs)}</p>
                <ModelChoice staged/>
                <LackLine staged/>
                <Show when=move || !off.get()>
                    <Often staged/>
                    <Show when=move || staged.form.with(DetectForm::uses_model)>
                        <What staged/>
                    </Show>
                    <More staged view/>
                </Show>
                <Actions staged/>
                <Figures info/>
            </div>
        </Panel>
    }
}

/// The list of what can look.
#[component]
fn ModelChoice(staged: Staged) -> impl IntoView {
    let groups = move || {
        let chosen = staged.form.with(|form| form.model.clone());
        let groups = staged.catalogue.with(|models| detection::offers(models, &chosen));
        let option = |offer: detection::Offer, chosen: &str| {
            let selected = offer.name == chosen;
            view! { <option value=offer.name selected=selected disabled=offer.refused.is_some() title=offer.refused>{offer.words}</option> }
        };
        groups
            .into_iter()
            .map(|(name, offers)| {
                let options = offers.into_iter().map(|offer| option(offer, &chosen)).collect_view();
                view! { <optgroup label=name>{options}</optgroup> }
            })
            .collect_view()
    };
    view! {
        <div class="encoder-field wide" data-field="model">
            <label for="detect-model">"What looks"</label>
            <select id="detect-model" data-testid="detect-model" aria-describedby="detect-model-told"
                prop:value=move || staged.form.with(|form| form.model.clone())
                on:change=move |event| staged.set("model", move |form| form.choose(event_target_value(&event)))>
                {groups}
            </select>
            <p class="encoder-told fault" id="detect-model-told" role="status">{move || staged.fault("model")}</p>
        </div>
    }
}

/// A number, and under it what it means or what is wrong with it.
#[component]
fn Number(
    staged: Staged,
    /// Its name in the settings.
    field: &'static str,
    name: &'static str,
    unit: &'static str,
    hint: &'static str,
    /// Where the form has it.
    of: fn(&mut DetectForm) -> &mut String,
) -> impl IntoView {
    let id = format!("detect-{}", field.replace('_', "-"));
    let told = format!("{id}-told");
    let wrong = move || staged.fault(field).is_some();
    view! {
        <div class="encoder-field" data-field=field>
            <label for=id.clone()>{name}</label>
            <span class="encoder-number">
                <input type="text" inputmode="decimal" autocomplete="off" id=id.clone() data-testid=id aria-describedby=told.clone()
                    aria-invalid=move || wrong().to_string()
                    prop:value=move || of(&mut staged.form.get()).clone()
                    on:input=move |event| staged.set(field, move |form| *of(form) = event_target_value(&event))/>
                <span class="quiet">{unit}</span>
            </span>
            <p class="encoder-told" id=told role="status" class:fault=wrong class:hint=move || !wrong()>
                {move || staged.fault(field).unwrap_or_else(|| hint.into())}
            </p>
        </div>
    }
}

/// How often, and whether only while something moves.
#[component]
fn Often(staged: Staged) -> impl IntoView {
    view! {
        <Number staged field="fps" name="Looks a second" unit="/s" hint="0 looks at every frame. Between two looks boxes are predicted."
            of=|form| &mut form.fps/>
        <Show when=move || staged.form.with(DetectForm::uses_model)>
            <label class="switch" title="While nothing moves, and until two seconds after, the model is left alone.">
                <span>"Only while something moves"</span>
                <input type="checkbox" role="switch" data-testid="detect-motion" prop:checked=move || staged.form.with(|form| form.only_motion)
                    on:change=move |event| staged.set("when", move |form| form.only_motion = event_target_checked(&event))/>
            </label>
        </Show>
    }
}

/// For what, and how sure it has to be.
#[component]
fn What(staged: Staged) -> impl IntoView {
    let all = Memo::new(move |_| {
        let name = staged.form.with(|form| form.model.clone());
        staged
            .catalogue
            .with(|models| detection::find(models, &name).map(|model| model.labels.clone()).unwrap_or_default())
    });
    let chosen = Memo::new(move |_| staged.form.with(|form| form.labels.clone()));
    let toggle = Callback::new(move |label: String| staged.set("labels", move |form| form.toggle_label(&label)));
    view! {
        <Number staged field="min_score" name="Least score" unit="%" hint="A thing has to reach it once to be told. 0 leaves it to the tracker."
            of=|form| &mut form.min_score/>
        <Show when=move || all.with(|all| !all.is_empty()) || chosen.with(|chosen| !chosen.is_empty())>
            <Chips legend="Looks for" none="Everything that the model knows." all chosen toggle/>
        </Show>
        <p class="encoder-told fault" role="status">{move || staged.fault("labels")}</p>
    }
}

/// Apply and back, and what came of it.
#[component]
fn Actions(staged: Staged) -> impl IntoView {
    let shared = shared();
    let busy = RwSignal::new(false);
    let result = RwSignal::new(None::<Result<String, String>>);
    let touched =
        Memo::new(move |_| staged.asked.with(|asked| staged.form.with(|form| *form != DetectForm::of(asked))));
    let back = move |_| {
        staged.form.set(DetectForm::of(&staged.asked.get_untracked()));
        staged.faults.set(Vec::new());
        result.set(None);
    };
    let fixed = Memo::new(move |_| staged.camera.with(|camera| camera.as_ref().is_some_and(|camera| !camera.editable)));
    let said = move || match result.get() {
        Some(Ok(words) | Err(words)) => words,
        None if fixed.get() => {
            "This camera cannot be changed here: it is the demo camera, or the settings file is read-only.".into()
        }
        None => String::new(),
    };
    let failed = move || result.with(|result| matches!(result, Some(Err(_))));
    let off = move || busy.get() || !touched.get();
    view! {
        <div class="panel-actions">
            <button class="button small primary" data-testid="apply-detection" disabled=move || off() || fixed.get()
                on:click=move |_| leptos::task::spawn_local(apply(staged, busy, result, shared))>"Apply"</button>
            <button class="button small" data-testid="reset-detection" disabled=off on:click=back>"Back"</button>
        </div>
        <p data-testid="detection-result" role="status" class:fault=failed class:hint=move || !failed()>{said}</p>
    }
}

/// Sends what is staged as a change of the newest settings.
async fn apply(staged: Staged, busy: RwSignal<bool>, result: RwSignal<Option<Result<String, String>>>, shared: Shared) {
    busy.set(true);
    let id = staged.id.get_value();
    let answer = match api::camera_revision(&id).await {
        Ok((camera, revision)) => match staged.form.get_untracked().settings(&camera.detect) {
            Ok(detect) => {
                let patch = CameraPatch { detect: Some(detect), ..CameraPatch::default() };
                api::patch_camera(&id, &patch, revision.as_deref()).await
            }
            Err(faults) => {
                staged.faults.set(faults);
                result.set(Some(Err("Some fields cannot stand as they are.".into())));
                return busy.set(false);
            }
        },
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(camera) => {
            staged.faults.set(Vec::new());
            staged.form.set(DetectForm::of(&camera.detect));
            result.set(Some(Ok("Applied.".into())));
            shared.refresh();
        }
        Err(failure) => {
            staged.refuse(failure.field.as_deref(), &failure.message);
            result.set(Some(Err(failure.message)));
        }
    }
    busy.set(false);
}
