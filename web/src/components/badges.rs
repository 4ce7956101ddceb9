//! State and delay in a few letters: a colour, a shape and a word for each state.

use crate::state::{format, words};
use leptos::prelude::*;
use sightline_shared::camera::CameraState;

/// The state of a camera.
#[component]
pub(crate) fn StateBadge(
    /// The state.
    #[prop(into)]
    state: Signal<CameraState>,
) -> impl IntoView {
    view! {
        <span class="badge" data-testid="state-badge" data-state=move || words::state(state.get())>
            <span class="badge-mark" aria-hidden="true"></span>
            {move || words::state(state.get())}
        </span>
    }
}

/// The delay from the server's ingress to the screen.
#[component]
pub(crate) fn DelayBadge(
    /// Milliseconds, where they are known.
    #[prop(into)]
    delay_ms: Signal<Option<f64>>,
) -> impl IntoView {
    let text = move || delay_ms.get().map_or_else(|| "– ms".to_owned(), |ms| format::ms(Some(ms)));
    view! {
        <span class="figure delay" data-testid="latency-badge" title="Delay: from the frame's last packet at the server to this screen, by comparison of the two clocks. What the camera and its network take comes before it; Now has the parts.">
            <span class="sr-only">"Delay "</span>
            {text}
        </span>
    }
}
