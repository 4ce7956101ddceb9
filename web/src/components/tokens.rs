//! Bearer tokens: made, listed, taken back.

use crate::api;
use crate::context::{local_time, parse_time};
use leptos::prelude::*;
use sightline_shared::api::{NewToken, Token};

/// The card with all tokens; a new one is shown once.
#[component]
pub(crate) fn Tokens() -> impl IntoView {
    let list = RwSignal::new(Vec::<Token>::new());
    let fault = RwSignal::new(None::<String>);
    let fresh = RwSignal::new(None::<Token>);
    let name = RwSignal::new(String::new());
    let refresh = move || {
        leptos::task::spawn_local(async move {
            match api::get("/api/tokens").await {
                Ok(tokens) => list.set(tokens),
                Err(failure) => fault.set(Some(failure.message)),
            }
        });
    };
    refresh();
    let make = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        leptos::task::spawn_local(async move {
            match api::post("/api/tokens", &NewToken { name: name.get_untracked() }).await {
                Ok(token) => {
                    fresh.set(Some(token));
                    name.set(String::new());
                    fault.set(None);
                    refresh();
                }
                Err(failure) => fault.set(Some(failure.message)),
            }
        });
    };
    let remove = move |id: String| {
        leptos::task::spawn_local(async move {
            match api::delete(&format!("/api/tokens/{}", api::encode(&id))).await {
                Ok(()) => refresh(),
                Err(failure) => fault.set(Some(failure.message)),
            }
        });
    };
    let line = move |token: Token| {
        let used = token
            .used_at
            .as_deref()
            .and_then(parse_time)
            .map_or_else(|| "never used".into(), |at| format!("used {}", local_time(at)));
        let label = format!("Take back {}", token.name);
        view! {
            <li>
                <span>{token.name}</span>
                <span class="hint">{used}</span>
                <button type="button" class="button small danger-quiet" aria-label=label on:click=move |_| remove(token.id.clone())>
                    "Take back"
                </button>
            </li>
        }
    };
    view! {
        <section class="card">
            <h2>"Tokens for programs"</h2>
            <ul class="tokens">{move || list.get().into_iter().map(line).collect_view()}</ul>
            {move || {
                fresh.get().and_then(|token| token.token).map(|secret| {
                    view! { <p class="token-secret" role="status">"Copy it now, it is not shown again: "<code>{secret}</code></p> }
                })
            }}
            <form class="form" on:submit=make>
                <label>
                    "What it is for"
                    <input type="text" name="token-name" maxlength="60" required autocomplete="off" bind:value=name/>
                </label>
                <p class="fault" role="alert">{move || fault.get()}</p>
                <div class="form-actions"><button class="button">"Make a token"</button></div>
            </form>
        </section>
    }
}
