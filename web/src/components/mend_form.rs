//! The part of the add-camera dialog that mends what is wrong: user and password, or the transport.

use crate::state::words::Mend;
use leptos::html;
use leptos::prelude::*;
use sightline_shared::camera::Transport;

/// What the person set to mend a fault.
#[derive(Clone, Copy)]
pub(crate) struct MendFields {
    /// User name.
    pub(crate) user: RwSignal<String>,
    /// Password.
    pub(crate) password: RwSignal<String>,
    /// Transport.
    pub(crate) transport: RwSignal<Transport>,
}

/// The fields for one mend.
#[component]
pub(crate) fn MendForm(
    /// Which mend.
    #[prop(into)]
    mend: Signal<Option<Mend>>,
    /// The fields.
    fields: MendFields,
) -> impl IntoView {
    let set_transport = move |value: String| {
        fields.transport.set(match value.as_str() {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            _ => Transport::Auto,
        });
    };
    let which = Memo::new(move |_| mend.get());
    let password = NodeRef::<html::Input>::new();
    let user = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let (Some(user), Some(password)) = (user.get(), password.get()) {
            // What is to be typed next, once the user name that was typed before stands in its field.
            request_animation_frame(move || {
                // Nobody is torn out of a field that is being typed into.
                if document().active_element().is_some_and(|element| element.tag_name() == "INPUT") {
                    return;
                }
                let next = if user.value().is_empty() { user } else { password };
                let _ = next.focus();
            });
        }
    });
    move || {
        match which.get() {
        Some(Mend::Credentials) => Some(
            view! {
                <div class="pair">
                    <label>
                        "User"
                        <input node_ref=user type="text" name="camera-user" autocomplete="off" autocapitalize="none" spellcheck="false" bind:value=fields.user/>
                    </label>
                    <label>
                        "Password"
                        <input node_ref=password type="password" name="camera-password" autocomplete="off" bind:value=fields.password/>
                    </label>
                </div>
            }
            .into_any(),
        ),
        Some(Mend::Transport) => Some(
            view! {
                <label>
                    "Transport"
                    <select on:change=move |e| set_transport(event_target_value(&e))>
                        <option value="auto">"Automatic"</option>
                        <option value="tcp">"TCP"</option>
                        <option value="udp">"UDP"</option>
                    </select>
                </label>
            }
            .into_any(),
        ),
        _ => None,
    }
    }
}
