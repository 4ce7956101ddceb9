//! A dialog: the browser's own, which traps focus, closes on escape and gives focus back.

use super::icon::Icon;
use crate::context::shared;
use leptos::html;
use leptos::prelude::*;

/// A modal dialog with a title; closing it closes [`crate::context::Shared::dialog`].
#[component]
pub(crate) fn Modal(
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// Wide dialogs hold a picture.
    #[prop(optional)]
    wide: bool,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let shared = shared();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog
            node_ref=dialog
            class="modal"
            class:wide=wide
            aria-labelledby="dialog-title"
            on:close=move |_| shared.dialog.set(None)
        >
            <div class="modal-head">
                <h2 id="dialog-title">{move || title.get()}</h2>
                <button
                    type="button"
                    class="button ghost square"
                    aria-label="Close"
                    on:click=move |_| shared.dialog.set(None)
                >
                    <Icon name="close"/>
                </button>
            </div>
            {children()}
        </dialog>
    }
}
