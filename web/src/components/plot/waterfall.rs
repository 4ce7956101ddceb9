//! One frame's way as a waterfall: when it was in which stage, from its last packet to the screen.

use super::{Plot, legend, percent};
use crate::state::delay::{Bar, Way};
use crate::state::format;
use leptos::prelude::*;

/// A frame is of the sample under the ruler if it came within this of it.
const NEAR_MS: f64 = 1500.0;

/// The frame whose last packet came closest to the ruler; without a ruler the newest.
fn chosen(plot: Plot) -> Option<Way> {
    let at_ms = plot.ruler.get().and_then(|_| legend::read(plot, |point| point.at_ms));
    plot.ways.with(|ways| {
        let Some(at_ms) = at_ms else { return ways.back().cloned() };
        let distance = |way: &&Way| (way.at_ms - at_ms).abs();
        let nearest = ways.iter().min_by(|one, other| distance(one).total_cmp(&distance(other)))?;
        (distance(&nearest) <= NEAR_MS).then(|| nearest.clone())
    })
}

/// The waterfall.
#[component]
pub(super) fn Waterfall(
    /// The plot.
    plot: Plot,
) -> impl IntoView {
    let way = Memo::new(move |_| chosen(plot));
    let head = move || {
        way.with(|way| match way {
            Some(way) => {
                let to_ms = way.bars.iter().map(|bar| bar.to_ms).fold(0.0, f64::max);
                format!("One frame, from its last packet at the server: {} to the screen", format::ms(Some(to_ms)))
            }
            None => "No frame was sampled there. Frames are sampled while this page shows the picture.".to_owned(),
        })
    };
    let bars = move || {
        way.with(|way| {
            let Some(way) = way else { return Vec::new() };
            let whole = way.bars.iter().map(|bar| bar.to_ms).fold(1e-6, f64::max);
            way.bars.iter().map(|bar| one(bar, whole)).collect()
        })
    };
    view! {
        <div class="waterfall" data-testid="plot-waterfall">
            <p class="hint">{head}</p>
            <ul>{bars}</ul>
        </div>
    }
}

fn one(bar: &Bar, whole_ms: f64) -> impl IntoView + use<> {
    let (from, width) = (bar.from_ms / whole_ms, (bar.to_ms - bar.from_ms) / whole_ms);
    let style =
        format!("left:{};width:{};background:var(--stage-{})", percent(from), percent(width.max(0.002)), bar.stage);
    view! {
        <li data-stage=bar.stage.clone()>
            <span class="waterfall-name">{bar.stage.clone()}</span>
            <span class="waterfall-lane" aria-hidden="true"><span class="waterfall-bar" style=style></span></span>
            <span class="figure">{format::fine_ms(bar.to_ms - bar.from_ms)}</span>
        </li>
    }
}
