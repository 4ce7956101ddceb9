//! The system: version, what each stage uses, paths, the password, tokens.

use crate::api;
use crate::components::password::PasswordForm;
use crate::components::tokens::Tokens;
use crate::context::{local_time, parse_time, shared};
use crate::state::format;
use leptos::prelude::*;
use sightline_shared::system::System;

/// The page.
#[component]
pub(crate) fn SystemPage() -> impl IntoView {
    let shared = shared();
    let system = RwSignal::new(None::<Result<System, api::Failure>>);
    leptos::task::spawn_local(async move { system.set(Some(api::get("/api/system").await)) });
    let user = move || shared.session.with(|s| s.as_ref().is_some_and(|s| s.principal == "user"));
    let log_out = move |_| {
        leptos::task::spawn_local(async move {
            if let Err(failure) = api::logout().await {
                return shared.tell(failure.message);
            }
            shared.refresh_session();
        });
    };
    view! {
        <section class="page system">
            <h1>"System"</h1>
            {move || match system.get() {
                None => view! { <p class="hint">"Asking the server."</p> }.into_any(),
                Some(Err(failure)) => view! { <p class="fault" role="alert">{failure.message}</p> }.into_any(),
                Some(Ok(system)) => cards(system).into_any(),
            }}
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

fn row(name: &'static str, value: String) -> impl IntoView {
    view! {
        <div class="row">
            <dt>{name}</dt>
            <dd class="figure">{value}</dd>
        </div>
    }
}

fn cards(system: System) -> impl IntoView {
    let started = parse_time(&system.started_at).map_or_else(|| system.started_at.clone(), local_time);
    let disk = system.disk.as_ref().map_or_else(
        || "unknown".to_owned(),
        |disk| format!("{} of {} free", format::bytes(disk.free_bytes as f64), format::bytes(disk.total_bytes as f64)),
    );
    let read_only = system
        .settings
        .read_only
        .map(|why| view! { <p class="hint">"The settings file cannot be written: " {why}</p> });
    let mistakes = system.settings.mistakes.iter().map(|mistake| {
        view! { <li class="fault">{format!("Line {}: {}", mistake.line, mistake.message)}</li> }
    });
    let mistakes = mistakes.collect_view();
    let stages = system.stages.into_iter().map(|(name, stage)| {
        let missing = stage.backend.is_none();
        let what = stage.backend.or(stage.reason).unwrap_or_else(|| "unknown".into());
        view! {
            <div class="row">
                <dt>
                    <span class="swatch" style=format!("background:var(--stage-{name})") aria-hidden="true"></span>
                    {name}
                </dt>
                <dd class:quiet=missing>{what}</dd>
            </div>
        }
    });
    let stages = stages.collect_view();
    view! {
        <section class="card">
            <h2>"This machine"</h2>
            <dl class="rows">
                {row("Version", system.version)}
                {row("Running since", started)}
                {row("Address", system.listen)}
                {row("Cameras", format!("{} of {} live", system.cameras_live, system.cameras))}
                {row("Viewers", system.viewers.to_string())}
                {row("Settings", system.settings.path)}
                {row("Data", system.data_dir)}
                {row("Disk", disk)}
            </dl>
            {read_only}
            <ul>{mistakes}</ul>
        </section>
        <section class="card">
            <h2>"What each stage uses"</h2>
            <dl class="rows">{stages}</dl>
        </section>
    }
}
