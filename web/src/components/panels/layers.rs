//! Switches of what is drawn over the picture, and how exact that is.

use super::{Panel, Row};
use crate::context::shared;
use crate::player::PlayerView;
use crate::state::{format, layers};
use leptos::prelude::*;

/// The panel.
#[component]
pub(crate) fn LayersPanel(
    /// The player.
    view: PlayerView,
) -> impl IntoView {
    let shared = shared();
    let stats = view.stats;
    let switch = move |(name, word, key, about): (&'static str, &'static str, &'static str, &'static str)| {
        let set = move |event: leptos::ev::Event| {
            shared.set_layers(shared.layers.get_untracked().with(name, event_target_checked(&event)));
        };
        view! {
            <label class="switch" title=about>
                <span>{word}</span><kbd>{key}</kbd>
                <input type="checkbox" role="switch" data-testid=format!("layer-{name}") prop:checked=move || shared.layers.get().get(name) on:change=set/>
            </label>
        }
    };
    view! {
        <Panel title="Layers">
            <div class="layer-switches">{layers::TABLE.map(switch).into_iter().collect_view()}</div>
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
