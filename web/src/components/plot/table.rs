//! The plot as a table, folded: for screen readers, and for whoever wants figures.

use super::Plot;
use crate::state::format;
use crate::state::history::Summary;
use leptos::prelude::*;

/// The table: a line a stage over what is shown.
#[component]
pub(super) fn Table(
    /// The plot.
    plot: Plot,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let rows = move || {
        if !open.get() {
            return Vec::new();
        }
        let span = plot.span.get();
        plot.with(|history| history.summary(span)).into_iter().map(row).collect()
    };
    view! {
        <details class="plot-table" data-testid="plot-table">
            <summary on:click=move |_| open.update(|open| *open = !*open)>"As a table"</summary>
            <table class="stages">
                <caption class="sr-only">"Time in each stage over what the plot shows"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Stage"</th><th scope="col">"p50"</th><th scope="col">"p95"</th><th scope="col">"slowest"</th>
                        <th scope="col">"passed"</th><th scope="col">"dropped"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
}

fn row(summary: Summary) -> impl IntoView {
    let time = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), format::fine_ms);
    let causes: Vec<String> = summary.dropped.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
    let dropped = if causes.is_empty() { "0".to_owned() } else { causes.join(", ") };
    view! {
        <tr>
            <th scope="row">
                <span class="swatch" style=format!("background:var(--stage-{})", summary.stage) aria-hidden="true"></span>
                {summary.stage}
            </th>
            <td class="figure">{time(summary.p50_ms)}</td>
            <td class="figure">{time(summary.p95_ms)}</td>
            <td class="figure">{time(summary.max_ms)}</td>
            <td class="figure">{summary.out}</td>
            <td class="figure">{dropped}</td>
        </tr>
    }
}
