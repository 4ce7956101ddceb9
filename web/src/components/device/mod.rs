//! The devices on the system page: what each can do and why not, its load, who encodes on it; or why there is none.

mod sessions;

use crate::api;
use crate::components::plot::LoadPlot;
use crate::context::shared;
use crate::state::device::{Words, abilities, state};
use crate::state::load::Loads;
use leptos::prelude::*;
use sessions::Sessions;
use sightline_shared::system::{Device, Driver, LoadHistory, System};
use std::time::Duration;

/// Every device, or why there is none.
#[component]
pub(crate) fn Devices(
    /// What the server told last.
    system: Signal<System>,
) -> impl IntoView {
    let loads = RwSignal::new(Loads::default());
    let numbers = Memo::new(move |_| system.with(|told| told.devices.iter().map(|one| one.number).collect::<Vec<_>>()));
    let none = Memo::new(move |_| system.with(|told| told.no_device.clone()));
    let unusable = Memo::new(move |_| system.with(|told| told.unusable_devices.clone()));
    follow(loads, move || numbers.with_untracked(|numbers| !numbers.is_empty()));
    view! {
        {move || none.get().map(|why| view! { <NoDevice why/> })}
        <For each=move || numbers.get() key=|number| *number let(number)>
            <Card number system loads/>
        </For>
        {move || unusable.get().into_iter().map(|why| view! { <p class="hint" data-testid="unusable-device">{why}</p> }).collect_view()}
    }
}

/// Asks for the load every second while somebody looks.
fn follow(loads: RwSignal<Loads>, wanted: impl Fn() -> bool + 'static) {
    let asking = StoredValue::new(false);
    let shared = shared();
    let ask = move || {
        if document().hidden() || shared.asleep.get_untracked() || asking.get_value() || !wanted() {
            return;
        }
        asking.set_value(true);
        let after = loads.with_untracked(Loads::last_ms).map_or_else(String::new, |ms| format!("?after_ms={ms}"));
        leptos::task::spawn_local(async move {
            let answer = api::get::<LoadHistory>(&format!("/api/system/load{after}")).await;
            asking.try_update_value(|asking| *asking = false);
            if let Ok(told) = answer
                && !told.samples.is_empty()
            {
                loads.try_update(|loads| loads.take(told.samples));
            }
        });
    };
    ask();
    let timer = set_interval_with_handle(ask, Duration::from_secs(1));
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
}

/// No device is no fault: what is done without, why, and what to do where one is wanted.
#[component]
fn NoDevice(why: String) -> impl IntoView {
    view! {
        <section class="card device" data-testid="no-device">
            <h2>"No NVIDIA device"</h2>
            <p>{why}</p>
            <p class="hint">
                "Nothing is wrong: the processor decodes what is looked at and encodes what is asked for."
            </p>
            <p class="hint">
                "To use an NVIDIA card of this machine, install its driver (R530 or newer). A container is given the card by "
                <code class="whole">"--gpus all"</code>" and "<code>"NVIDIA_DRIVER_CAPABILITIES=compute,utility,video"</code>
                ". Then start Sightline again; "<code class="whole">"sightline doctor"</code>" tells what each stage finds."
            </p>
        </section>
    }
}

fn versions(driver: &Driver) -> String {
    let unknown = || "unknown".to_owned();
    let Driver { release, cuda, encoder_interface } = driver.clone();
    let encoder = encoder_interface.map_or_else(String::new, |version| format!(", NVENC interface {version}"));
    format!("{}, CUDA {}{encoder}", release.unwrap_or_else(unknown), cuda.unwrap_or_else(unknown))
}

/// One device.
#[component]
fn Card(number: u32, system: Signal<System>, loads: RwSignal<Loads>) -> impl IntoView {
    let device = Memo::new(move |before: Option<&Device>| {
        let found = system.with(|told| told.devices.iter().find(|one| one.number == number).cloned());
        found.or_else(|| before.cloned()).unwrap_or_default()
    });
    let text = move |pick: fn(&Device) -> String| move || device.with(pick);
    let badge = Memo::new(move |_| device.with(state));
    let lost = Memo::new(move |_| device.with(|device| device.lost.clone()));
    let missing =
        Memo::new(move |_| device.with(|device| device.load.reason.clone().filter(|_| device.lost.is_none())));
    let driver = Memo::new(move |_| system.with(|told| versions(&told.driver)));
    let parts = Memo::new(move |_| {
        device.with(|device| {
            [
                ("Decoder", "decode", abilities(&device.decoder, "")),
                ("Kernels", "process", abilities(&device.kernels, "Resizing, drawing, input of models")),
                ("Encoder", "encode", abilities(&device.encoder, "")),
            ]
        })
    });
    let heading = format!("device-{number}");
    let labelled = heading.clone();
    view! {
        <section class="card device" data-testid="device" aria-labelledby=labelled>
            <div class="device-head">
                <h2 id=heading>{text(|device| device.name.clone())}</h2>
                <span class="badge" data-state=move || badge.get().0>
                    <span class="badge-mark" aria-hidden="true"></span>{move || badge.get().1}
                </span>
            </div>
            {move || lost.get().map(|why| view! { <p class="fault" role="alert">{why}</p> })}
            <div class="device-columns">
                <div class="device-column">
                    <dl class="rows">
                        <Row name="Number" value=text(|device| device.number.to_string())/>
                        <Row name="Bus" value=text(|device| device.bus_id.clone().unwrap_or_else(|| "unknown".into()))/>
                        <Row name="Capability" value=text(|device| device.capability.clone())/>
                        <Row name="Driver" value=move || driver.get()/>
                        {move || parts.get().map(|(name, stage, lines)| view! { <Part name stage lines/> })}
                    </dl>
                    <Sessions number device/>
                </div>
                <div class="device-column">
                    <LoadPlot loads device=number/>
                    <p class="hint">{move || missing.get()}</p>
                </div>
            </div>
        </section>
    }
}

#[component]
fn Row(name: &'static str, value: impl Fn() -> String + Send + Sync + 'static) -> impl IntoView {
    view! {
        <div class="row">
            <dt>{name}</dt>
            <dd class="figure">{value}</dd>
        </div>
    }
}

/// What one part of the device does, and why not.
#[component]
fn Part(name: &'static str, stage: &'static str, lines: Vec<Words>) -> impl IntoView {
    let line = |Words { what, why_not }: Words| {
        let quiet = why_not.is_some();
        // "AV1: This device does not ..." says it twice: the sentence stands alone where it is one about the codec.
        let words = match why_not {
            Some(why) if what == "Not used" || why.contains(&what) => why,
            Some(why) => format!("{what}: {why}"),
            None => what,
        };
        view! { <li class:quiet=quiet data-can=(!quiet).to_string()>{words}</li> }
    };
    view! {
        <div class="row">
            <dt><span class="swatch" style=format!("background:var(--stage-{stage})") aria-hidden="true"></span>{name}</dt>
            <dd><ul>{lines.into_iter().map(line).collect_view()}</ul></dd>
        </div>
    }
}
