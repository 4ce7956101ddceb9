//! The list of keys.

use super::modal::Modal;
use crate::state::{keys::HELP, layers};
use leptos::prelude::*;

/// What each key does.
#[component]
pub(crate) fn Help() -> impl IntoView {
    view! {
        <Modal title="Keys">
            <dl class="keys">
                {HELP
                    .into_iter()
                    .map(|(key, what)| (key, what.to_owned()))
                    .chain(layers::TABLE.map(|(_, word, key, what)| (key, format!("{}: {what}", word.to_lowercase()))))
                    .map(|(key, what)| {
                        view! {
                            <div>
                                <dt><kbd>{key}</kbd></dt>
                                <dd>{what}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
        </Modal>
    }
}
