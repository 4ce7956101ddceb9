//! Sets or changes the password.

use super::modal::Modal;
use crate::api;
use crate::context::shared;
use leptos::prelude::*;
use sightline_shared::api::NewPassword;

/// The dialog with the form.
#[component]
pub(crate) fn PasswordDialog() -> impl IntoView {
    view! {
        <Modal title="Password">
            <PasswordForm/>
        </Modal>
    }
}

/// The form, for the dialog and for the system page.
#[component]
pub(crate) fn PasswordForm() -> impl IntoView {
    let shared = shared();
    let is_set = move || shared.session.with(|s| s.as_ref().is_some_and(|s| s.password_set));
    let (current, new, again) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let fault = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if new.get_untracked() != again.get_untracked() {
            return fault.set(Some("The two do not match. Type the new password once more.".into()));
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            let known = is_set().then(|| current.get_untracked());
            let answer = api::set_password(NewPassword { current: known, new: new.get_untracked() }).await;
            busy.set(false);
            match answer {
                Ok(()) => {
                    shared.dialog.set(None);
                    shared.tell("The password is set. It is asked for everywhere from now on, here too.".into());
                    shared.refresh_session();
                }
                Err(failure) => fault.set(Some(failure.message)),
            }
        });
    };
    view! {
        <form class="form" on:submit=submit>
            // For password managers, which file a password under a name.
            <input type="text" class="sr-only" autocomplete="username" value="sightline" tabindex="-1" aria-hidden="true" readonly/>
            <Show when=is_set>
                <label>
                    "Present password"
                    <input type="password" autocomplete="current-password" required bind:value=current/>
                </label>
            </Show>
            <label>
                "New password"
                <input type="password" autocomplete="new-password" required minlength="8" aria-describedby="password-hint" bind:value=new/>
            </label>
            <label>
                "New password again"
                <input type="password" autocomplete="new-password" required bind:value=again/>
            </label>
            <p class="hint" id="password-hint">
                "At least 8 characters; a few words are better than a few signs. Lost it? "
                <code>"sightline password"</code>" on the server's machine sets another."
            </p>
            <p class="fault" role="alert">{move || fault.get()}</p>
            <div class="form-actions">
                <button class="button primary" disabled=move || busy.get()>"Set password"</button>
            </div>
        </form>
    }
}
