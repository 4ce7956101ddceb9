//! The line above every page: where one is, how the cameras are, what can be done from everywhere.

use super::icon::Icon;
use crate::context::{Dialog, Theme, shared};
use crate::state::words;
use leptos::prelude::*;
use leptos_router::components::A;

/// The header.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let shared = shared();
    let summary = move || shared.cameras.with(|list| list.as_deref().map(words::summary).unwrap_or_default());
    view! {
        <header class="header">
            <A href="/" attr:class="brand" attr:aria-label="Sightline, wall">
                <svg viewBox="0 0 32 32" aria-hidden="true">
                    <path d="M6 11V6h5M21 6h5v5M26 21v5h-5M11 26H6v-5"/>
                    <circle cx="16" cy="16" r="4"/>
                </svg>
                <span>"Sightline"</span>
            </A>
            <nav aria-label="Pages">
                <A href="/" exact=true>"Wall"</A>
                <A href="/events">"Events"</A>
                <A href="/clips">"Clips"</A>
                <A href="/models">"Models"</A>
                <A href="/system">"System"</A>
            </nav>
            <p class="summary figure">{summary}</p>
            <div class="header-actions">
                <button class="button primary" data-testid="add-camera" aria-label="Add a camera" on:click=move |_| shared.dialog.set(Some(Dialog::Add))>
                    <Icon name="plus"/>
                    <span>"Camera"</span>
                </button>
                <button
                    class="button ghost square wide-only"
                    aria-label="Keys"
                    title="Keys (?)"
                    on:click=move |_| shared.dialog.set(Some(Dialog::Help))
                >
                    <Icon name="keys"/>
                </button>
                <ThemeButton/>
            </div>
        </header>
    }
}

/// Goes round dark, light and the system's own.
#[component]
fn ThemeButton() -> impl IntoView {
    let shared = shared();
    let icon = move || match shared.theme.get() {
        Theme::Dark => view! { <Icon name="dark"/> },
        Theme::Light => view! { <Icon name="light"/> },
        Theme::Auto => view! { <Icon name="auto"/> },
    };
    let label = move || format!("Theme: {}", shared.theme.get().word());
    view! {
        <button
            class="button ghost square"
            aria-label=label
            title=move || format!("{}. Press for {}.", label(), shared.theme.get().next().word())
            on:click=move |_| shared.set_theme(shared.theme.get_untracked().next())
        >
            {icon}
        </button>
    }
}
