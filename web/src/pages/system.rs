//! The system: version, what each stage uses, devices and their load, paths, the password, tokens.

use crate::api::{self, Failure};
use crate::components::device::Devices;
use crate::components::password::PasswordForm;
use crate::components::tokens::Tokens;
use crate::context::{local_time, parse_time, shared};
use crate::state::format;
use leptos::prelude::*;
use sightline_shared::system::System;
use std::time::Duration;

/// How often the server is asked again while somebody looks.
const AGAIN: Duration = Duration::from_secs(2);

/// The page.
#[component]
pub(crate) fn SystemPage() -> impl IntoView {
    let shared = shared();
    let (told, failure) = follow();
    let there = Memo::new(move |_| told.with(Option::is_some));
    let system = Signal::derive(move || told.get().unwrap_or_default());
    let user = move || shared.session.with(|s| s.as_ref().is_some_and(|s| s.principal == "user"));
    let log_out = move |_| {
        leptos::task::spawn_local(async move {
            if let Err(failure) = api::logout().await {
                return shared.tell(failure.message);
            }
            shared.refresh_session();
        });
    };
    let without = move || match (there.get(), failure.get()) {
        (true, _) => None,
        (false, Some(failure)) => Some(view! { <p class="fault" role="alert">{failure.message}</p> }.into_any()),
        (false, None) => Some(view! { <p class="hint">"Asking the server."</p> }.into_any()),
    };
    view! {
        <section class="page system">
            <h1>"System"</h1>
            {without}
            <Show when=move || there.get()>
                <Machine system/>
                <Stages system/>
                <Devices system/>
            </Show>
            <section class="card">
                <h2>"Password"</h2>
                <PasswordForm/>
                <Show when=user>
                    <div class="form-actions"><button class="button" on:click=log_out>"Log out"</button></div>
                </Show>
            </section>
            <Tokens/>
        </section>
    }
}

/// What the server told last, and why it told nothing the last time.
fn follow() -> (RwSignal<Option<System>>, RwSignal<Option<Failure>>) {
    let shared = shared();
    let (told, failure) = (RwSignal::new(None), RwSignal::new(None));
    let ask = move || {
        leptos::task::spawn_local(async move {
            match api::get("/api/system").await {
                Ok(system) => drop(told.try_set(Some(system))),
                Err(why) => drop(failure.try_set(Some(why))),
            }
        });
    };
    ask();
    let again = move || {
        if !document().hidden() && !shared.asleep.get_untracked() {
            ask();
        }
    };
    let timer = set_interval_with_handle(again, AGAIN);
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
    (told, failure)
}

/// A row whose text alone changes.
fn row(name: &'static str, system: Signal<System>, pick: fn(&System) -> String) -> impl IntoView {
    let value = Memo::new(move |_| system.with(pick));
    view! {
        <div class="row">
            <dt>{name}</dt>
            <dd class="figure">{move || value.get()}</dd>
        </div>
    }
}

fn disk(system: &System) -> String {
    let words = |disk: &sightline_shared::system::Disk| {
        format!("{} of {} free", format::bytes(disk.free_bytes as f64), format::bytes(disk.total_bytes as f64))
    };
    system.disk.as_ref().map_or_else(|| "unknown".to_owned(), words)
}

#[component]
fn Machine(system: Signal<System>) -> impl IntoView {
    let settings = Memo::new(move |_| system.with(|system| system.settings.clone()));
    let read_only = move || {
        settings.get().read_only.map(|why| view! { <p class="hint">"The settings file cannot be written: " {why}</p> })
    };
    let mistakes = move || {
        let line = |mistake: sightline_shared::system::SettingsMistake| {
            view! { <li class="fault">{format!("Line {}: {}", mistake.line, mistake.message)}</li> }
        };
        settings.get().mistakes.into_iter().map(line).collect_view()
    };
    view! {
        <section class="card">
            <h2>"This machine"</h2>
            <dl class="rows">
                {row("Version", system, |system| system.version.clone())}
                {row("Running since", system, |system| parse_time(&system.started_at).map_or_else(|| system.started_at.clone(), local_time))}
                {row("Address", system, |system| system.listen.clone())}
                {row("Cameras", system, |system| format!("{} of {} live", system.cameras_live, system.cameras))}
                {row("Viewers", system, |system| system.viewers.to_string())}
                {row("Settings", system, |system| system.settings.path.clone())}
                {row("Data", system, |system| system.data_dir.clone())}
                {row("Disk", system, disk)}
            </dl>
            {read_only}
            <ul>{mistakes}</ul>
        </section>
    }
}

#[component]
fn Stages(system: Signal<System>) -> impl IntoView {
    let stages = Memo::new(move |_| system.with(|system| system.stages.clone()));
    let names = Memo::new(move |_| stages.with(|stages| stages.keys().cloned().collect::<Vec<_>>()));
    let line = move |name: String| {
        let of = name.clone();
        let stage = Memo::new(move |_| stages.with(|stages| stages.get(&of).cloned().unwrap_or_default()));
        let what = move || {
            let stage = stage.get();
            stage.backend.or(stage.reason).unwrap_or_else(|| "unknown".into())
        };
        view! {
            <div class="row">
                <dt>
                    <span class="swatch" style=format!("background:var(--stage-{name})") aria-hidden="true"></span>
                    {name}
                </dt>
                <dd class:quiet=move || stage.with(|stage| stage.backend.is_none())>{what}</dd>
            </div>
        }
    };
    view! {
        <section class="card">
            <h2>"What each stage uses"</h2>
            <dl class="rows">
                <For each=move || names.get() key=Clone::clone let(name)>{line(name)}</For>
            </dl>
        </section>
    }
}
