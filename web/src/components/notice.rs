//! A line at the lower edge that stays for ten seconds.

use super::icon::Icon;
use crate::context::shared;
use leptos::prelude::*;

/// The notice; the announcement beside it says the same to screen readers.
#[component]
pub(crate) fn Notice() -> impl IntoView {
    let shared = shared();
    view! {
        {move || {
            shared.notice.get().map(|line| {
                view! {
                    <section class="notice" data-testid="notice" aria-label="Notice">
                        <p>{line}</p>
                        <button class="button ghost square small" aria-label="Close" on:click=move |_| shared.notice.set(None)>
                            <Icon name="close"/>
                        </button>
                    </section>
                }
            })
        }}
    }
}
