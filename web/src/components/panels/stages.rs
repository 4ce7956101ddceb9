//! What each stage of the server takes, from `GET /api/timings`.

use super::Panel;
use crate::api;
use crate::player::view::set_if_changed;
use crate::state::format;
use leptos::prelude::*;
use sightline_shared::api::Timings;
use std::time::Duration;

/// The panel: a line per stage, over the last minute.
#[component]
pub(crate) fn StagesPanel(
    /// The camera's id.
    id: String,
) -> impl IntoView {
    let timings = RwSignal::new(None::<Timings>);
    let ask = move || {
        if document().hidden() {
            return;
        }
        let path = format!("/api/timings?camera={}&last_s=60", api::encode(&id));
        leptos::task::spawn_local(async move {
            if let Ok(answer) = api::get::<Timings>(&path).await {
                set_if_changed(timings, Some(answer));
            }
        });
    };
    ask();
    if let Ok(timer) = set_interval_with_handle(ask, Duration::from_secs(3)) {
        on_cleanup(move || timer.clear());
    }
    let rows = move || {
        timings.get().map(|timings| {
            let one = |(stage, timing): (String, sightline_shared::api::StageTimings)| {
                let dropped: u64 = timing.dropped.values().sum();
                let causes =
                    timing.dropped.iter().map(|(cause, n)| format!("{cause} {n}")).collect::<Vec<_>>().join(", ");
                let colour = format!("background:var(--stage-{stage})");
                view! {
                    <tr>
                        <th scope="row"><span class="swatch" style=colour aria-hidden="true"></span>{stage}</th>
                        <td class="figure">{timing.p50_ms.map(format::fine_ms)}</td>
                        <td class="figure">{timing.p95_ms.map(format::fine_ms)}</td>
                        <td class="figure" title=causes>{dropped}</td>
                    </tr>
                }
            };
            timings.stages.into_iter().map(one).collect_view()
        })
    };
    view! {
        <Panel title="Stages at the server" open=false>
            <table class="stages">
                <thead>
                    <tr><th scope="col">"last minute"</th><th scope="col">"p50"</th><th scope="col">"p95"</th><th scope="col">"dropped"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Panel>
    }
}
