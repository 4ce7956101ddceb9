//! One camera on the wall: the whole tile leads to its page, a few buttons lie on top.

use super::badges::{DelayBadge, StateBadge};
use super::icon::Icon;
use super::picture::Picture;
use crate::context::shared;
use crate::player::{Phase, PlayerView};
use crate::state::{format, words};
use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;
use sightline_shared::camera::CameraState;

/// A tile.
#[component]
pub(crate) fn Tile(
    /// The camera's id.
    id: String,
) -> impl IntoView {
    let shared = shared();
    let view = PlayerView::new(shared.layers.get_untracked());
    let camera = shared.camera(id.clone());
    let name = Memo::new(move |_| camera.with(|camera| camera.as_ref().map(|c| c.name.clone())).unwrap_or_default());
    let listed = move || camera.with(|camera| camera.as_ref().map(|camera| camera.state));
    let state = Memo::new(move |_| listed().unwrap_or(CameraState::Connecting));
    let label = move || format!("{}, {}", name.get(), words::state(state.get()));
    let playing = move || (view.phase.get() == Phase::Playing).to_string();
    let fps = move || format::rate(view.stats.with(|stats| stats.fps));
    let href = format!("/cameras/{}", crate::api::encode(&id));
    let camera_id = id.clone();
    let tile = NodeRef::<html::Article>::new();
    let full = move |_| {
        if let Some(tile) = tile.get_untracked() {
            let _ = tile.request_fullscreen();
        }
    };
    view! {
        <article class="tile" node_ref=tile data-testid="camera-tile" data-camera=id>
            <Picture id=camera_id view/>
            <A href=href attr:class="tile-link" attr:aria-label=label>""</A>
            <div class="tile-foot">
                <span class="tile-name">{move || name.get()}</span>
                {move || {
                    view.note.get().map(|note| {
                        let title = note.clone();
                        view! {
                            <span class="tile-note" data-testid="rendition-note" title=title>
                                "re-encoded"<span class="sr-only">": "{note}</span>
                            </span>
                        }
                    })
                }}
                <StateBadge state/>
            </div>
            <div class="tile-more" data-playing=playing>
                <DelayBadge delay_ms=Signal::derive(move || view.stats.with(|stats| stats.delay_ms))/>
                <span class="figure">{fps}</span>
                <button class="button ghost square small" aria-label=move || format!("{} full screen", name.get()) title="Full screen" on:click=full>
                    <Icon name="full"/>
                </button>
            </div>
        </article>
    }
}
