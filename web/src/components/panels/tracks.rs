//! Who is in the picture: since when, how sure, and what second models found on them.

use super::Panel;
use crate::context::local_time;
use crate::player::{Phase, PlayerView, view::set_if_changed};
use crate::state::presence::{Presence, Row};
use leptos::prelude::*;
use sightline_shared::camera::Camera;
use std::time::Duration;

/// How often the list is made anew: often enough to follow, seldom enough to be read.
const EVERY: Duration = Duration::from_secs(1);

/// The panel.
#[component]
pub(crate) fn TracksPanel(
    /// The camera.
    #[prop(into)]
    camera: Signal<Option<Camera>>,
    /// Its player.
    view: PlayerView,
) -> impl IntoView {
    let presence = RwSignal::new(Presence::default());
    let look = move || {
        let mut next = presence.get_untracked();
        view.tracks.with_untracked(|tracks| next.seen(tracks, js_sys::Date::now()));
        set_if_changed(presence, next);
    };
    let timer = set_interval_with_handle(look, EVERY);
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
    let nobody = move || {
        if view.phase.get() != Phase::Playing {
            return "Unknown while there is no picture.".to_owned();
        }
        match camera.with(|c| c.as_ref().map(|c| c.analysis.state.clone())).unwrap_or_default().as_str() {
            "off" => "Detection is off for this camera.".to_owned(),
            "failed" => "Detection does not run: its panel says why.".to_owned(),
            "waiting" => "Detection waits for the picture.".to_owned(),
            _ => "Nobody and nothing.".to_owned(),
        }
    };
    let ids = Memo::new(move |_| presence.with(|all| all.rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>()));
    view! {
        <Panel title="In the picture">
            <ul class="tracks" data-testid="tracks">
                <For each=move || ids.get() key=|id| id.clone() let:id>
                    <Someone presence id/>
                </For>
            </ul>
            <p class="hint">{move || ids.with(Vec::is_empty).then(nobody)}</p>
        </Panel>
    }
}

/// One of them.
#[component]
fn Someone(presence: RwSignal<Presence>, id: String) -> impl IntoView {
    let row = Memo::new(move |_| presence.with(|all| all.rows.iter().find(|row| row.id == id).cloned()));
    let of = move |pick: fn(&Row) -> String| move || row.with(|row| row.as_ref().map(pick)).unwrap_or_default();
    let colour = of(|row| format!("background:{}", row.colour));
    view! {
        <li>
            <span class="swatch" style=colour aria-hidden="true"></span>
            <span>{of(|row| row.label.clone())}<span class="quiet">{of(|row| row.findings.iter().map(|found| format!(" + {found}")).collect())}</span></span>
            <span class="figure quiet" title="The end of its id">{of(|row| row.short().to_owned())}</span>
            <span class="figure quiet" title="In the picture since">{of(|row| local_time(row.since_ms))}</span>
            <span class="figure">{of(Row::score)}</span>
        </li>
    }
}
