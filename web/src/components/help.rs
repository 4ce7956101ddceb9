//! The list of keys.

use super::modal::Modal;
use crate::state::keys::HELP;
use leptos::prelude::*;

/// What each key does.
#[component]
pub(crate) fn Help() -> impl IntoView {
    view! {
        <Modal title="Keys">
            <dl class="keys">
                {HELP
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
