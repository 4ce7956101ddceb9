//! The legend: every stage with its values under the ruler (or the newest), and a button that hides it.

use super::Plot;
use crate::context::local_time;
use crate::state::format;
use crate::state::history::{History, Point, cause};
use leptos::prelude::*;
use sightline_shared::telemetry::StageSample;

/// The sample under the ruler, else the newest.
pub(super) fn read<T>(plot: Plot, read: impl FnOnce(&Point) -> T) -> Option<T> {
    let ruler = plot.ruler.get();
    plot.with(|history: &History| {
        let at = ruler.or_else(|| history.len().checked_sub(1))?;
        history.get(at).map(read)
    })
}

fn dropped(sample: &StageSample) -> String {
    let one = |(name, count): (&String, &u64)| format!("{count} dropped: {}", cause(name));
    sample.dropped.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a screen reader is told when the ruler moves; nothing while there is none.
pub(super) fn spoken(plot: Plot) -> String {
    if plot.ruler.get().is_none() {
        return String::new();
    }
    let words = read(plot, |point| {
        let one = |(name, sample): (&String, &StageSample)| {
            let median = sample.p50_ms.map_or_else(|| "nothing passed".into(), format::fine_ms);
            format!("{name} {median} {}", dropped(sample))
        };
        let stages: Vec<String> = point.camera.stages.iter().map(one).collect();
        format!("{}: {}", local_time(point.utc_ms), stages.join("; "))
    });
    words.unwrap_or_default()
}

/// The legend.
#[component]
pub(super) fn Legend(
    /// The plot.
    plot: Plot,
) -> impl IntoView {
    let stages = Memo::new(move |_| plot.with(History::stages));
    let when = move || {
        let ruled = plot.ruler.get().is_some();
        read(plot, |point| local_time(point.utc_ms)).map(|time| if ruled { time } else { format!("{time}, newest") })
    };
    view! {
        <div class="plot-legend" data-testid="plot-ruler" data-ruled=move || plot.ruler.get().is_some().to_string()>
            <p class="figure plot-when">{when}</p>
            <ul>
                <For each=move || stages.get() key=|stage| *stage let(stage)>
                    <Entry plot stage/>
                </For>
            </ul>
        </div>
    }
}

/// One stage.
#[component]
fn Entry(plot: Plot, stage: &'static str) -> impl IntoView {
    let shown = move || !plot.hidden.with(|hidden| hidden.contains(&stage));
    let toggle = move |_| {
        plot.hidden.update(|hidden| match hidden.iter().position(|one| *one == stage) {
            Some(at) => drop(hidden.remove(at)),
            None => hidden.push(stage),
        });
    };
    let of = move |pick: fn(&StageSample) -> Option<String>| {
        move || read(plot, |point| point.camera.stages.get(stage).and_then(pick)).flatten()
    };
    view! {
        <li>
            <button class="plot-stage" data-stage=stage aria-pressed=move || shown().to_string() on:click=toggle
                title=move || if shown() { format!("Hide {stage}") } else { format!("Show {stage}") }>
                <span class="swatch" style=format!("background:var(--stage-{stage})") aria-hidden="true"></span>
                <span class="plot-name">{stage}</span>
                <span class="figure">{of(|s| Some(s.p50_ms.map_or_else(|| "–".into(), format::fine_ms)))}</span>
                <span class="figure quiet">{of(|s| s.p95_ms.map(|ms| format!("p95 {}", format::fine_ms(ms))))}</span>
                <span class="plot-dropped">{of(|s| (!s.dropped.is_empty()).then(|| dropped(s)))}</span>
            </button>
        </li>
    }
}
