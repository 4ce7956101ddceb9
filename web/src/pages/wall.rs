//! The wall: all cameras.

use crate::components::model_offer::ModelOffer;
use crate::components::tile::Tile;
use crate::context::{Dialog, shared};
use crate::state::geometry;
use leptos::html;
use leptos::prelude::*;

/// Space at the wall's edges and below its last row.
const EDGE: f64 = 16.0;

/// The wall.
#[component]
pub(crate) fn WallPage() -> impl IntoView {
    let shared = shared();
    let ids = Memo::new(move |_| {
        shared.cameras.with(|list| {
            list.as_ref().map(|list| list.iter().map(|c| (c.uid.clone(), c.id.clone())).collect::<Vec<_>>())
        })
    });
    let wall = NodeRef::<html::Section>::new();
    let size = RwSignal::new((0.0, 0.0));
    // Called a frame later, when who has to log in may have been led away and the page is gone.
    let measure = move || {
        if let Some(wall) = wall.try_get_untracked().flatten() {
            let rect = wall.get_bounding_client_rect();
            let height = window().inner_height().ok().and_then(|h| h.as_f64()).unwrap_or(0.0);
            size.try_set((rect.width() - 2.0 * EDGE, height - rect.top().max(0.0) - 2.0 * EDGE));
        }
    };
    Effect::new(move |_| {
        // Banners come and go above the wall.
        shared.session.track();
        shared.trouble.track();
        wall.track();
        request_animation_frame(measure);
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let columns = move || {
        let (width, height) = size.get();
        let count = ids.with(|ids| ids.as_ref().map_or(0, Vec::len));
        if width <= 0.0 {
            return String::new();
        }
        let (columns, tile) = geometry::wall(count, width, height);
        format!("--columns:{columns};--tile:{tile}px")
    };
    view! {
        <ModelOffer/>
        <section class="wall" node_ref=wall style=columns aria-label="Wall">
            <h1 class="sr-only">"Wall"</h1>
            <For each=move || ids.get().unwrap_or_default() key=|(uid, id)| (uid.clone(), id.clone()) let((_, id))>
                <Tile id=id/>
            </For>
            <Show when=move || ids.with(|ids| ids.as_ref().is_some_and(Vec::is_empty))>
                <FirstStart/>
            </Show>
        </section>
    }
}

/// Nothing yet.
#[component]
fn FirstStart() -> impl IntoView {
    let shared = shared();
    view! {
        <div class="first-start" data-testid="first-start">
            <svg viewBox="0 0 32 18" aria-hidden="true"><path d="M1 5V1h4M27 1h4v4M31 13v4h-4M5 17H1v-4"/></svg>
            <h2>"No cameras yet"</h2>
            <p>
                "Add the first by its RTSP address; most cameras show it in their network settings. The picture is here a second or two later, and never leaves this machine."
            </p>
            <button class="button primary" on:click=move |_| shared.dialog.set(Some(Dialog::Add))>"Add a camera"</button>
        </div>
    }
}
