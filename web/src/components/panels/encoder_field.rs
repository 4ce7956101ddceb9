//! One field of the encoder panel: its control, why it cannot be set, and what is wrong with what was typed.

use crate::player::can_play;
use crate::state::encoder::{EncoderForm, Fault, Field, Kind, in_use_texts};
use leptos::prelude::*;
use sightline_shared::encoder::{EncoderCaps, EncoderInUse};

/// What all fields share.
#[derive(Clone, Copy)]
pub(super) struct Staged {
    /// What is staged.
    pub(super) form: RwSignal<EncoderForm>,
    /// What the encoders can do.
    pub(super) caps: RwSignal<Vec<EncoderCaps>>,
    /// What the encoder does now.
    pub(super) in_use: Memo<Option<EncoderInUse>>,
    /// What cannot stand.
    pub(super) faults: RwSignal<Vec<Fault>>,
}

impl Staged {
    /// Stages what was typed; a fault of the field is no longer of what stands there.
    pub(super) fn set(self, name: &'static str, text: String) {
        self.form.update(|form| form.set(name, text));
        self.faults.update(|faults| faults.retain(|(field, _)| field != name));
    }

    /// Why the field cannot be set.
    pub(super) fn refused(self, name: &'static str) -> Option<String> {
        self.caps
            .with(|caps| self.in_use.with(|in_use| self.form.with(|form| form.refused(name, caps, in_use.as_ref()))))
    }

    /// What is in use, as it would be typed.
    pub(super) fn used(self, name: &'static str) -> Option<String> {
        self.in_use.with(|in_use| in_use_texts(in_use.as_ref()).remove(name)).filter(|text| !text.is_empty())
    }

    /// What is wrong with it.
    pub(super) fn fault(self, name: &'static str) -> Option<String> {
        self.faults.with(|faults| faults.iter().find(|(field, _)| field == name).map(|(_, words)| words.clone()))
    }
}

/// A field with its label.
#[component]
pub(super) fn EncoderField(
    /// Which.
    field: Field,
    /// What is staged.
    staged: Staged,
) -> impl IntoView {
    let name = field.name;
    let id = format!("encoder-{name}");
    let told = format!("{id}-told");
    let control = match field.kind {
        Kind::Choice(_) => choice(field, staged, &id, &told).into_any(),
        Kind::Number | Kind::Bits => number(field, staged, &id, &told).into_any(),
    };
    view! {
        <div class="encoder-field" data-field=name data-refused=move || staged.refused(name).is_some().to_string()>
            <label for=id>{field.label}</label>
            {control}
            <Told name staged id=told/>
        </div>
    }
}

/// The fault of a field, or why it cannot be set.
#[component]
pub(super) fn Told(name: &'static str, staged: Staged, id: String) -> impl IntoView {
    let fault = Memo::new(move |_| staged.fault(name));
    view! {
        <p class="encoder-told" id=id role="status" class:fault=move || fault.get().is_some() class:hint=move || fault.get().is_none()>
            {move || fault.get().or_else(|| staged.refused(name))}
        </p>
    }
}

/// Whether this browser plays a codec as renditions come in it.
fn plays(codec: &str) -> bool {
    can_play(&format!("video/mp4; codecs=\"{codec}\""))
}

fn choice(field: Field, staged: Staged, id: &str, told: &str) -> impl IntoView + use<> {
    let name = field.name;
    let offers = move || {
        let now = staged.form.with(|form| form.get(name).to_owned());
        let used = staged.used(name);
        let offers = staged.caps.with(|caps| staged.form.with(|form| form.offers(field, caps, plays)));
        let words = |value: &str| match field.kind {
            Kind::Choice(all) => all.iter().find(|(one, _)| *one == value).map_or("", |(_, words)| *words),
            _ => "",
        };
        let one = |offer: crate::state::encoder::Offer| {
            let text = match (offer.value, used.as_deref()) {
                ("", Some(used)) => format!("default (now {})", words(used)),
                _ => offer.words.clone(),
            };
            view! {
                <option value=offer.value selected=offer.value == now disabled=offer.refused.is_some() title=offer.refused>{text}</option>
            }
        };
        offers.into_iter().map(one).collect_view()
    };
    view! {
        <select id=id.to_owned() aria-describedby=told.to_owned() disabled=move || staged.refused(name).is_some()
            prop:value=move || staged.form.with(|form| form.get(name).to_owned())
            on:change=move |event| staged.set(name, event_target_value(&event))>
            {offers}
        </select>
    }
}

fn number(field: Field, staged: Staged, id: &str, told: &str) -> impl IntoView + use<> {
    let name = field.name;
    view! {
        <span class="encoder-number">
            <input type="text" inputmode="decimal" autocomplete="off" id=id.to_owned() class="figure" aria-describedby=told.to_owned()
                aria-invalid=move || staged.fault(name).is_some().to_string()
                disabled=move || staged.refused(name).is_some()
                placeholder=move || staged.used(name).unwrap_or_else(|| "default".into())
                prop:value=move || staged.form.with(|form| form.get(name).to_owned())
                on:input=move |event| staged.set(name, event_target_value(&event))/>
            <span class="quiet">{field.unit}</span>
        </span>
    }
}
