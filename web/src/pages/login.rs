//! The login page.

use crate::api;
use crate::context::shared;
use leptos::prelude::*;

/// One field.
#[component]
pub(crate) fn LoginPage() -> impl IntoView {
    let shared = shared();
    let password = RwSignal::new(String::new());
    let fault = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        fault.set(None);
        leptos::task::spawn_local(async move {
            let answer = api::login(password.get_untracked()).await;
            busy.set(false);
            match answer {
                Ok(()) => {
                    password.set(String::new());
                    shared.refresh_session();
                    shared.refresh();
                }
                Err(failure) => fault.set(Some(failure.message)),
            }
        });
    };
    view! {
        <section class="login">
            <form class="form login-card" on:submit=submit>
                <h1>"Sightline"</h1>
                <input type="text" class="sr-only" name="username" autocomplete="username" value="sightline" tabindex="-1" aria-hidden="true" readonly/>
                <label>
                    "Password"
                    <input type="password" name="password" data-testid="login-password" autofocus required autocomplete="current-password"
                        aria-describedby="login-fault" aria-invalid=move || fault.with(Option::is_some).then_some("true") bind:value=password/>
                </label>
                <p class="fault" id="login-fault" role="alert">{move || fault.get()}</p>
                <button class="button primary" data-testid="login-submit" disabled=move || busy.get()>"Log in"</button>
                <p class="hint">"Lost it? "<code>"sightline password"</code>" on the server's machine sets another."</p>
            </form>
        </section>
    }
}
