//! What detection of a camera does now, in figures.

use super::Row;
use crate::state::{analysis, format};
use leptos::prelude::*;
use sightline_shared::camera::AnalysisInfo;

/// The figures; those of a model only where one looks.
#[component]
pub(super) fn Figures(info: Memo<AnalysisInfo>) -> impl IntoView {
    let of = move |pick: fn(&AnalysisInfo) -> String| Signal::derive(move || info.with(pick));
    let batched = Memo::new(move |_| info.with(|info| info.model_ms.is_some() || info.batch.is_some()));
    let late = Memo::new(move |_| info.with(|info| info.late > 0));
    let skips = Memo::new(move |_| info.with(|info| info.skipped.values().any(|count| *count > 0)));
    view! {
        <dl class="rows" data-testid="detection-figures">
            <Row name="Looks" hint="Frames looked at in a second: reached, and asked for." value=of(analysis::looks)/>
            <Show when=move || batched.get()>
                <Row name="Model takes" hint="Median time of the model for one batch." value=of(|info| info.model_ms.map_or_else(|| "unknown".into(), format::fine_ms))/>
                <Row name="Waits for it" hint="Median time that a picture waited for its turn with the model." value=of(|info| info.waiting_ms.map_or_else(|| "unknown".into(), format::fine_ms))/>
                <Row name="Pictures at once" hint="Pictures of all cameras that the model looked at together, in the mean of the last seconds." value=of(|info| analysis::batch(info).unwrap_or_else(|| "unknown".into()))/>
            </Show>
            <Show when=move || late.get()>
                <Row name="Late" hint="Answers of the model that came after their frame's boxes had to be told: those were predicted, and the answer corrected the next ones." value=of(|info| info.late.to_string())/>
            </Show>
            <Show when=move || skips.get()>
                <Row name="Not looked at" hint="Frames that were to be looked at since the start, and were not, by cause." value=of(analysis::skipped)/>
            </Show>
            <Row name="Decoded by" value=of(|info| info.decoder.clone().unwrap_or_else(|| "unknown".into()))/>
        </dl>
    }
}
