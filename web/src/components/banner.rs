//! Lines under the header: the server does not answer; no password is set.

use crate::context::{Dialog, shared};
use leptos::prelude::*;

const LATER: &str = "sightline.password-later";

fn put_off() -> bool {
    window().session_storage().ok().flatten().is_some_and(|s| s.get_item(LATER).ok().flatten().is_some())
}

/// The banners.
#[component]
pub(crate) fn Banner() -> impl IntoView {
    let shared = shared();
    let later = RwSignal::new(put_off());
    let no_password = move || {
        let open = shared.session.with(|s| s.as_ref().is_some_and(|s| s.principal == "local" && !s.password_set));
        open && !later.get()
    };
    let put_off_now = move |_| {
        later.set(true);
        if let Ok(Some(storage)) = window().session_storage() {
            let _ = storage.set_item(LATER, "1");
        }
    };
    view! {
        {move || {
            shared.trouble.get().map(|failure| view! { <section class="banner bad" aria-label="Trouble"><p role="alert">{failure.message}</p></section> })
        }}
        <Show when=no_password>
            <section class="banner" aria-label="Password">
                <p>"No password is set: only this machine can open Sightline. Set one to open it to your network."</p>
                <span class="banner-actions">
                    <button class="button small" on:click=move |_| shared.dialog.set(Some(Dialog::Password))>"Set a password"</button>
                    <button class="button small ghost" on:click=put_off_now>"Later"</button>
                </span>
            </section>
        </Show>
    }
}
