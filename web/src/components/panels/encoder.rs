//! The encoder panel: speed in seven steps, bitrate, the rest folded; what is staged is applied at once or with a new session.

use super::Panel;
use super::encoder_field::{EncoderField, Staged, Told};
use crate::api;
use crate::components::sparkline::Sparkline;
use crate::context::{Shared, shared};
use crate::feed::Feed;
use crate::player::PlayerView;
use crate::player::view::set_if_changed;
use crate::state::choice::Choice;
use crate::state::encoder::{BITRATE, EncoderForm, MORE, PRESET, PRESETS, told, word};
use crate::state::{bitrate, format};
use leptos::prelude::*;
use sightline_shared::camera::{Camera, Rendition};
use sightline_shared::encoder::{EncoderSettings, Limits, RenditionInfo, RenditionState};
use sightline_shared::system::System;
use std::collections::BTreeMap;

/// What the panel works on.
#[derive(Clone, Copy)]
struct Work {
    id: StoredValue<String>,
    staged: Staged,
    asked: Memo<EncoderSettings>,
    /// Milliseconds a frame, by preset, as far as they were seen while this page was open.
    costs: RwSignal<BTreeMap<String, f64>>,
    busy: RwSignal<bool>,
    result: RwSignal<Option<Result<String, String>>>,
    view: PlayerView,
    shared: Shared,
}

/// The panel.
#[component]
pub(crate) fn EncoderPanel(
    /// The camera's id.
    id: String,
    /// The camera.
    camera: Memo<Option<Camera>>,
    /// Its player, which is moved to `main` when something is applied.
    view: PlayerView,
    /// Its telemetry.
    feed: Feed,
) -> impl IntoView {
    let asked = Memo::new(move |_| camera.with(|c| c.as_ref().map(|c| c.encoder.clone())).unwrap_or_default());
    let main = Memo::new(move |_| camera.with(|c| of_main(c.as_ref())));
    let in_use = Memo::new(move |_| main.with(|main| main.as_ref().and_then(|main| main.encoder.clone())));
    let staged = Staged {
        form: RwSignal::new(EncoderForm::default()),
        caps: RwSignal::new(Vec::new()),
        in_use,
        faults: RwSignal::new(Vec::new()),
    };
    let costs = RwSignal::new(BTreeMap::new());
    let work = Work {
        id: StoredValue::new(id),
        staged,
        asked,
        costs,
        busy: RwSignal::new(false),
        result: RwSignal::new(None),
        view,
        shared: shared(),
    };
    leptos::task::spawn_local(async move {
        if let Ok(system) = api::get::<System>("/api/system").await {
            set_if_changed(staged.caps, system.encoders);
        }
    });
    // What somebody else has changed takes the place of what was there, but not of what is being typed.
    Effect::new(move |before: Option<EncoderSettings>| {
        let now = asked.get();
        let untouched = before.as_ref().is_none_or(|before| staged.form.get_untracked() == EncoderForm::of(before));
        if untouched {
            staged.form.set(EncoderForm::of(&now));
        }
        now
    });
    Effect::new(move |_| {
        let seen = main.with(|main| {
            let main = main.as_ref().filter(|main| main.state == RenditionState::Running)?;
            Some((word(&main.encoder.as_ref()?.preset), main.frame_ms?))
        });
        if let Some((preset, ms)) = seen {
            costs.update(|costs| {
                costs.insert(preset, ms);
            });
        }
    });
    let rates = Memo::new(move |_| feed.history.with(|history| bitrate::rates(history, Rendition::Main.name())));
    view! {
        <Panel title="Encoder">
            <div class="encoder" data-testid="encoder-panel">
                <p class="hint">{move || main.with(|main| state_words(main.as_ref()))}</p>
                <Presets work/>
                <Bitrate work/>
                <details class="encoder-more" data-testid="encoder-more">
                    <summary>"More"</summary>
                    <div class="encoder-fields">
                        {MORE.map(|field| view! { <EncoderField field staged/> }).collect_view()}
                    </div>
                </details>
                <Actions work/>
                <Show when=move || rates.with(|rates| !rates.is_empty())>
                    <Sparkline rates/>
                </Show>
            </div>
        </Panel>
    }
}

fn of_main(camera: Option<&Camera>) -> Option<RenditionInfo> {
    camera?.renditions.iter().find(|info| info.rendition == Rendition::Main).cloned()
}

/// What the encoder does now, as a sentence.
fn state_words(main: Option<&RenditionInfo>) -> String {
    let Some(main) = main else { return "The server has not said what it can encode for this camera.".into() };
    let what = main
        .encoder
        .as_ref()
        .map(|encoder| format!("{}, {}", encoder.words, format::size(Some(encoder.width), Some(encoder.height))));
    let cost = main.frame_ms.map_or(String::new(), |ms| format!(", a frame is ready after {}", format::fine_ms(ms)));
    match (main.state, what) {
        (RenditionState::Idle, _) => {
            "Main is made while somebody looks at it: nobody does. A change moves this page to it.".into()
        }
        (RenditionState::Starting, _) => "Main is starting.".into(),
        (RenditionState::Running, Some(what)) => format!("Main: {what}{cost}."),
        (RenditionState::Running, None) => "Main is being made.".into(),
        (RenditionState::Failed, _) => {
            format!("Main cannot be made. {}", main.reason.as_deref().unwrap_or("The server does not say why."))
        }
    }
}

/// Seven steps from fastest to best, and the same as a list.
#[component]
fn Presets(work: Work) -> impl IntoView {
    let Work { staged, costs, .. } = work;
    let meant = move || {
        let form = staged.form.with(|form| form.get(PRESET.name).to_owned());
        if form.is_empty() { staged.used(PRESET.name).unwrap_or_default() } else { form }
    };
    let dearest = move || costs.with(|costs| costs.values().copied().fold(0.0, f64::max));
    let step = move |(value, words): (&'static str, &'static str)| {
        let cost = move || costs.with(|costs| costs.get(value).copied());
        let height =
            move || cost().map_or(String::new(), |ms| format!("height:{:.0}%", (ms / dearest() * 100.0).max(8.0)));
        view! {
            <span class="preset-step" data-preset=value data-on=move || (meant() == value).to_string() data-known=move || cost().is_some().to_string()
                title=move || cost().map_or_else(|| format!("{words}: not measured here yet"), |ms| format!("{words}: a frame is ready after {} here", format::fine_ms(ms)))
                on:click=move |_| if staged.refused(PRESET.name).is_none() { staged.set(PRESET.name, value.to_owned()) }>
                <span class="preset-cost" style=height></span>
                <span class="figure">{value}</span>
            </span>
        }
    };
    let options = move || {
        let offers = staged.caps.with(|caps| staged.form.with(|form| form.offers(PRESET, caps, |_| true)));
        let now = staged.form.with(|form| form.get(PRESET.name).to_owned());
        let used = staged.used(PRESET.name);
        let one = |offer: crate::state::encoder::Offer| {
            let cost = costs.with(|costs| costs.get(offer.value).copied());
            let cost = cost.map_or(String::new(), |ms| format!(" · ready after {}", format::fine_ms(ms)));
            let text = match (offer.value, used.as_deref()) {
                ("", Some(used)) => format!("default (now {used})"),
                ("", None) => "default".to_owned(),
                (value, _) => format!("{value} {}{cost}", offer.words),
            };
            view! {
                <option value=offer.value selected=offer.value == now disabled=offer.refused.is_some() title=offer.refused>{text}</option>
            }
        };
        offers.into_iter().map(one).collect_view()
    };
    view! {
        <div class="encoder-field wide" data-field="preset">
            <label for="encoder-preset">"Preset: from fastest to best"</label>
            <div class="preset-steps" aria-hidden="true">{PRESETS.map(step).collect_view()}</div>
            <select id="encoder-preset" data-testid="preset-select" aria-describedby="encoder-preset-told"
                disabled=move || staged.refused(PRESET.name).is_some()
                prop:value=move || staged.form.with(|form| form.get(PRESET.name).to_owned())
                on:change=move |event| staged.set(PRESET.name, event_target_value(&event))>
                {options}
            </select>
            <Told name="preset" staged id="encoder-preset-told".to_owned()/>
        </div>
    }
}

/// The bitrate as slider and number.
#[component]
fn Bitrate(work: Work) -> impl IntoView {
    let staged = work.staged;
    let limits = Memo::new(move |_| {
        let told = staged.caps.with(|caps| staged.form.with(|form| form.limits("bitrate", caps)));
        // The slider leaves out what nobody drags to; the number takes all that the encoder does.
        let told = told.unwrap_or(Limits { min: 1e5, max: 5e7 });
        Limits { min: told.min.max(1e5), max: told.max.min(5e7) }
    });
    let now = move || {
        let staged_bits = staged.form.with(|form| bitrate::parse(form.get("bitrate")));
        staged_bits.or_else(|| bitrate::parse(&staged.used("bitrate")?))
    };
    let refused = move || staged.refused("bitrate").is_some();
    view! {
        <div class="encoder-field wide" data-field="bitrate">
            <label for="encoder-bitrate">"Bitrate"</label>
            <span class="encoder-number">
                <input type="range" min="0" max=bitrate::SLIDER step="1" aria-label="Bitrate, slider" data-testid="bitrate-slider"
                    disabled=refused
                    aria-valuetext=move || now().map(|bits| format::bitrate(Some(bits as f64)))
                    prop:value=move || now().map_or(0.0, |bits| bitrate::place(bits, limits.get())).to_string()
                    on:input=move |event| {
                        if let Ok(place) = event_target_value(&event).parse() {
                            staged.set("bitrate", bitrate::field(bitrate::at(place, limits.get_untracked())));
                        }
                    }/>
                <input type="text" inputmode="decimal" autocomplete="off" id="encoder-bitrate" class="figure" data-testid="bitrate-input"
                    aria-describedby="encoder-bitrate-told"
                    aria-invalid=move || staged.fault("bitrate").is_some().to_string()
                    disabled=refused
                    placeholder=move || staged.used("bitrate").unwrap_or_else(|| "default".into())
                    prop:value=move || staged.form.with(|form| form.get("bitrate").to_owned())
                    on:input=move |event| staged.set("bitrate", event_target_value(&event))/>
                <span class="quiet">{BITRATE.unit}</span>
            </span>
            <Told name="bitrate" staged id="encoder-bitrate-told".to_owned()/>
        </div>
    }
}

/// Apply, back, key frame, and what came of it.
#[component]
fn Actions(work: Work) -> impl IntoView {
    let Work { staged, busy, result, asked, .. } = work;
    let touched = Memo::new(move |_| asked.with(|asked| staged.form.with(|form| *form != EncoderForm::of(asked))));
    let key_frame = move |_| {
        leptos::task::spawn_local(async move {
            let answer = api::key_frame(&work.id.get_value()).await;
            result.set(Some(match answer {
                Ok(()) => Ok("A key frame was asked for.".into()),
                Err(failure) => Err(failure.message),
            }));
        });
    };
    let back = move |_| {
        staged.form.set(EncoderForm::of(&asked.get_untracked()));
        staged.faults.set(Vec::new());
        result.set(None);
    };
    let said = move || result.with(|result| result.clone().map(|result| result.unwrap_or_else(|words| words)));
    let failed = move || result.with(|result| matches!(result, Some(Err(_))));
    view! {
        <div class="panel-actions">
            <button class="button small primary" data-testid="apply-encoder" disabled=move || busy.get() || !touched.get() on:click=move |_| apply(work)>
                "Apply"
            </button>
            <button class="button small" data-testid="reset-encoder" disabled=move || busy.get() || !touched.get() on:click=back>"Back"</button>
            <span class="spring"></span>
            <button class="button small" data-testid="key-frame" title="The next frame of main becomes a key frame" on:click=key_frame>"Key frame"</button>
        </div>
        <p data-testid="encoder-result" role="status" class:fault=failed class:hint=move || !failed()>{said}</p>
    }
}

/// Sends what is staged; a viewer of another rendition is moved to the one that was changed.
fn apply(work: Work) {
    let Work { staged, busy, result, asked, view, .. } = work;
    let patch = staged.caps.with_untracked(|caps| {
        let in_use = staged.in_use.get_untracked();
        asked.with_untracked(|asked| staged.form.with_untracked(|form| form.patch(asked, caps, in_use.as_ref())))
    });
    let patch = match patch {
        Ok(Some(patch)) => patch,
        Ok(None) => return result.set(Some(Ok("Nothing has changed.".into()))),
        Err(faults) => {
            result.set(Some(Err("Some fields cannot stand as they are.".into())));
            return staged.faults.set(faults);
        }
    };
    busy.set(true);
    leptos::task::spawn_local(async move {
        match api::patch_encoder(&work.id.get_value(), &patch).await {
            Ok(changed) => {
                staged.faults.set(Vec::new());
                staged.form.set(EncoderForm::of(&changed.asked));
                let words = told(&changed);
                result.set(Some(Ok(words)));
                if view.rendition.get_untracked() != Some(Rendition::Main) {
                    view.choice.set(Choice::Only(Rendition::Main));
                }
                work.shared.refresh();
            }
            Err(failure) => {
                // A refusal stands at its field; one of a field that is folded away stands here too.
                staged
                    .faults
                    .set(failure.field.clone().map(|field| vec![(field, failure.message.clone())]).unwrap_or_default());
                result.set(Some(Err(failure.message)));
            }
        }
        busy.set(false);
    });
}
