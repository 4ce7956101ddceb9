//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_router::components::A;

/// Says so, and leads back.
#[component]
pub(crate) fn Missing() -> impl IntoView {
    view! {
        <section class="page empty">
            <h1>"There is no such page"</h1>
            <p>"The address may be of a later version, or mistyped."</p>
            <A href="/" attr:class="button">"To the wall"</A>
        </section>
    }
}
