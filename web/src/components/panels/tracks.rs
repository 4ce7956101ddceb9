//! Who is in the picture.

use super::Panel;
use crate::player::{Phase, PlayerView};
use leptos::prelude::*;
use sightline_shared::camera::Camera;
use sightline_shared::draw::class_colour;

/// The panel.
#[component]
pub(crate) fn TracksPanel(
    /// The camera.
    #[prop(into)]
    camera: Signal<Option<Camera>>,
    /// Its player.
    view: PlayerView,
) -> impl IntoView {
    let nobody = move || {
        if view.phase.get() != Phase::Playing {
            return "Unknown while there is no picture.".to_owned();
        }
        let analysis = camera.with(|c| c.as_ref().map(|c| c.analysis.clone())).unwrap_or_default();
        match analysis.state.as_str() {
            "off" => "Detection is off for this camera.".to_owned(),
            "failed" => format!("Detection failed. {}", analysis.reason.unwrap_or_default()),
            "waiting" => "Detection waits for the picture.".to_owned(),
            _ => "Nothing moves.".to_owned(),
        }
    };
    let rows = move || {
        view.tracks.with(|tracks| {
            let one = |track: &sightline_shared::tracks::Track| {
                let colour = format!("background:#{:06x}", class_colour(&track.label));
                // The end of a ULID is its random part.
                let short: String = track.id.chars().skip(track.id.len().saturating_sub(4)).collect();
                view! {
                    <li>
                        <span class="swatch" style=colour aria-hidden="true"></span>
                        {track.label.clone()}
                        <span class="figure quiet">{short}</span>
                        <span class="figure">{format!("{:.0} %", track.score * 100.0)}</span>
                    </li>
                }
            };
            tracks.iter().map(one).collect_view()
        })
    };
    let analysis = move || {
        camera.with(|c| {
            let analysis = &c.as_ref()?.analysis;
            let fps = analysis
                .fps
                .map(|fps| format!("{} looks a second", crate::state::format::rate(Some(fps)).trim_end_matches("/s")));
            Some(
                [fps, analysis.decoder.clone(), analysis.reason.clone()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" · "),
            )
        })
    };
    view! {
        <Panel title="In the picture">
            <ul class="tracks">{rows}</ul>
            <p class="hint">{move || view.tracks.with(Vec::is_empty).then(nobody)}</p>
            <p class="hint">{analysis}</p>
        </Panel>
    }
}
