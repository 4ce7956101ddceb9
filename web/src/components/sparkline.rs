//! What a rendition did over two minutes, small: bitrate asked and measured, bytes of a frame, key frames.

use crate::state::bitrate::{self, Rate};
use crate::state::format;
use leptos::prelude::*;

/// Height of each line's box; the width is 240, half a second a unit.
const HEIGHT: f64 = 40.0;

/// The two small plots, with their newest values in words.
#[component]
pub(crate) fn Sparkline(
    /// The rates, oldest first.
    #[prop(into)]
    rates: Signal<Vec<Rate>>,
) -> impl IntoView {
    let last = Memo::new(move |_| rates.with(|rates| rates.last().copied()));
    let bits = move || {
        rates.with(|rates| {
            let top =
                rates.iter().flat_map(|rate| [rate.measured, rate.asked.unwrap_or(0.0)]).fold(0.0, f64::max) * 1.1;
            let asked: Vec<_> = rates.iter().filter_map(|rate| Some((rate.utc_s, rate.asked?))).collect();
            let end = rates.last().map_or(0.0, |rate| rate.utc_s);
            let measured: Vec<_> = rates.iter().map(|rate| (rate.utc_s, rate.measured)).collect();
            (bitrate::line(&asked, end, top, HEIGHT), bitrate::line(&measured, end, top, HEIGHT))
        })
    };
    let bytes = move || {
        rates.with(|rates| {
            let top = rates.iter().map(|rate| rate.largest).fold(0.0, f64::max) * 1.1;
            let end = rates.last().map_or(0.0, |rate| rate.utc_s);
            let line = |pick: fn(&Rate) -> f64| {
                let points: Vec<_> = rates.iter().map(|rate| (rate.utc_s, pick(rate))).collect();
                bitrate::line(&points, end, top, HEIGHT)
            };
            (line(|rate| rate.frame_bytes), line(|rate| rate.largest))
        })
    };
    let keys = move || {
        rates.with(|rates| {
            let end = rates.last().map_or(0.0, |rate| rate.utc_s);
            let at = |rate: &Rate| 240.0 - (end - rate.utc_s) * 2.0;
            rates
                .iter()
                .filter(|rate| rate.key_frames > 0)
                .map(|rate| format!("M{:.1} 36v4", at(rate)))
                .collect::<String>()
        })
    };
    let number = |pick: fn(&Rate) -> Option<f64>, words: fn(Option<f64>) -> String| {
        move || last.with(|rate| rate.as_ref().map_or_else(|| "–".to_owned(), |rate| words(pick(rate))))
    };
    let asked =
        number(|rate| rate.asked, |bits| bits.map_or_else(|| "by quality".into(), |bits| format::bitrate(Some(bits))));
    let size = |bytes: Option<f64>| bytes.map_or_else(|| "–".into(), format::bytes);
    view! {
        <div class="sparks" data-testid="encoder-spark"
            data-measured=move || last.with(|rate| rate.as_ref().map(|rate| format!("{:.0}", rate.measured)))
            data-asked=move || last.with(|rate| rate.as_ref().and_then(|rate| rate.asked).map(|bits| format!("{bits:.0}")))
        >
            <p class="spark-words">
                <span>"Bitrate asked "<b class="figure">{asked}</b></span>
                <span>"measured "<b class="figure">{number(|rate| Some(rate.measured), format::bitrate)}</b></span>
            </p>
            <svg viewBox="0 0 240 40" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <path class="spark-asked" d=move || bits().0/>
                <path class="spark-measured" d=move || bits().1/>
            </svg>
            <p class="spark-words">
                <span>"Frame, mean "<b class="figure">{number(|rate| Some(rate.frame_bytes), size)}</b></span>
                <span>"largest "<b class="figure">{number(|rate| Some(rate.largest), size)}</b></span>
            </p>
            <svg viewBox="0 0 240 40" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <path class="spark-largest" d=move || bytes().1/>
                <path class="spark-mean" d=move || bytes().0/>
                <path class="spark-keys" d=keys/>
            </svg>
            <p class="hint">"Two minutes of main; ticks on the axis are key frames."</p>
        </div>
    }
}
