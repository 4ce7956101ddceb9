//! Switches of what is drawn over the picture, and how exact that is.

use super::{Panel, Row};
use crate::context::shared;
use crate::player::PlayerView;
use crate::state::format;
use leptos::prelude::*;
use sightline_shared::draw::Layers;

/// The panel.
#[component]
pub(crate) fn LayersPanel(
    /// The player.
    view: PlayerView,
) -> impl IntoView {
    let shared = shared();
    let stats = view.stats;
    let set = move |change: fn(Layers, bool) -> Layers| {
        move |event: leptos::ev::Event| {
            let on = event_target_checked(&event);
            shared.set_layers(change(shared.layers.get_untracked(), on));
        }
    };
    view! {
        <Panel title="Layers">
            <label class="switch">
                <span>"Boxes"</span><kbd>"b"</kbd>
                <input type="checkbox" role="switch" data-testid="layer-boxes" prop:checked=move || shared.layers.get().boxes
                    on:change=set(|layers, boxes| Layers { boxes, ..layers })/>
            </label>
            <label class="switch">
                <span>"Labels"</span><kbd>"l"</kbd>
                <input type="checkbox" role="switch" data-testid="layer-labels" prop:checked=move || shared.layers.get().labels
                    on:change=set(|layers, labels| Layers { labels, ..layers })/>
            </label>
            <label class="range">
                <span>"Wait for boxes at most"</span>
                <span class="figure">{move || format!("{:.0} ms", view.limit_ms.get())}</span>
                <input type="range" min="0" max="500" step="10" prop:value=move || view.limit_ms.get().to_string()
                    on:input=move |e| view.limit_ms.set(event_target_value(&e).parse().unwrap_or(150.0))/>
            </label>
            <dl class="rows">
                <Row name="Boxes come after" hint="p99 of how long after its frame a frame's boxes come."
                    value=Signal::derive(move || stats.with(|s| format::ms(s.tracks_late_ms)))/>
                <Row name="Shown without boxes" hint="Frames that came on screen before their boxes."
                    value=Signal::derive(move || stats.with(|s| format!("{} of {}", s.unpaired, s.shown)))/>
                <Row name="Boxes drawn late" hint="Of these, frames that got their boxes while still on screen."
                    value=Signal::derive(move || stats.with(|s| s.paired_late.to_string()))/>
                <Row name="Told after display" hint="Share of frames that the browser told of when they were on screen already: for that long the boxes before them stood."
                    value=Signal::derive(move || stats.with(|s| format!("{:.1} %", s.late_share * 100.0)))/>
            </dl>
        </Panel>
    }
}
