//! An address from make, host, user and password, for those who do not have one to paste.

use super::mend_form::MendFields;
use crate::state::address;
use leptos::prelude::*;

/// The fields; what is chosen stands in `url` at once, user and password in `fields`, so that the password is never shown.
#[component]
pub(crate) fn MakeHelper(
    /// The address field.
    url: RwSignal<String>,
    /// User and password.
    fields: MendFields,
) -> impl IntoView {
    let make = RwSignal::new(String::new());
    let host = RwSignal::new(String::new());
    let compose = move || {
        let (make, host) = (make.get_untracked(), host.get_untracked());
        if let Some(composed) = address::of_make(&make, &host) {
            url.set(composed);
        }
    };
    view! {
        <details class="makes">
            <summary>"Make, host, user and password instead"</summary>
            <div class="pair">
                <label>
                    "Make"
                    <select name="make" on:change=move |event| { make.set(event_target_value(&event)); compose(); }>
                        <option value="">"Choose"</option>
                        {address::MAKES.map(|(name, _)| view! { <option value=name>{name}</option> }).collect_view()}
                    </select>
                </label>
                <label>
                    "Host"
                    <input type="text" class="figure" name="make-host" autocomplete="off" autocapitalize="none" spellcheck="false"
                        placeholder="10.0.0.7" on:input=move |event| { host.set(event_target_value(&event)); compose(); }/>
                </label>
                <label>
                    "User"
                    <input type="text" name="make-user" autocomplete="off" autocapitalize="none" spellcheck="false" bind:value=fields.user/>
                </label>
                <label>
                    "Password"
                    <input type="password" name="make-password" autocomplete="off" bind:value=fields.password/>
                </label>
            </div>
            <p class="hint">
                "The address of the make is put into the field above; complete it where a word in capitals is left. A file on the \
                 server's machine is given by its whole path, a camera plugged into it as v4l2:/dev/video0."
            </p>
        </details>
    }
}
