//! The timings plot under a camera's picture: two minutes of every stage, a ruler through all of them, a frame's whole way.

mod canvas;
mod legend;
mod load;
mod table;
mod uplot;
mod waterfall;

use crate::api;
use crate::context::shared;
use crate::feed::Feed;
use crate::player::view::set_if_changed;
use crate::player::{Listener, PlayerView};
use crate::state::delay::Way;
use crate::state::format;
use crate::state::history::History;
use canvas::{Canvas, Events};
use legend::Legend;
use leptos::html;
use leptos::prelude::*;
pub(crate) use load::LoadPlot;
use std::collections::VecDeque;
use table::Table;
use waterfall::Waterfall;
use web_sys::HtmlElement;

/// Frames whose ways are remembered: two a second over the two minutes of the plot.
const MAX_WAYS: usize = 240;

/// What the parts of the plot share.
#[derive(Clone, Copy)]
struct Plot {
    live: RwSignal<History>,
    /// What is shown while it is frozen.
    frozen: RwSignal<Option<History>>,
    /// The sample under the ruler.
    ruler: RwSignal<Option<usize>>,
    /// The span that is shown, in seconds since 1970.
    span: RwSignal<(f64, f64)>,
    /// Whether the span goes with time; not where a person zoomed.
    follows: RwSignal<bool>,
    hidden: RwSignal<Vec<&'static str>>,
    logarithmic: RwSignal<bool>,
    ways: RwSignal<VecDeque<Way>>,
}

impl Plot {
    /// Reads what is shown, and is called again when that changes.
    fn with<T>(self, read: impl FnOnce(&History) -> T) -> T {
        self.frozen.with(|frozen| match frozen {
            Some(history) => read(history),
            None => self.live.with(read),
        })
    }

    fn freeze(self) {
        let frozen = self.frozen.with_untracked(Option::is_some);
        self.frozen.set((!frozen).then(|| self.live.get_untracked()));
        self.ruler.set(None);
    }

    fn reset(self) {
        self.follows.set(true);
        self.ruler.set(None);
    }

    /// The ruler goes by `steps` samples; without one it begins at the newest.
    fn step(self, steps: i64) {
        let last = self.with(History::len).saturating_sub(1) as i64;
        let at = self.ruler.get_untracked().map_or(last, |at| (at as i64 + steps).clamp(0, last));
        self.ruler.set(usize::try_from(at).ok());
    }
}

/// The plot.
#[component]
pub(crate) fn TimingsPlot(
    /// The camera's id.
    id: String,
    /// Its telemetry.
    feed: Feed,
    /// Its player, for the ways of frames.
    view: PlayerView,
) -> impl IntoView {
    let plot = Plot {
        live: feed.history,
        frozen: RwSignal::new(None),
        ruler: RwSignal::new(None),
        span: RwSignal::new((0.0, 0.0)),
        follows: RwSignal::new(true),
        hidden: RwSignal::new(Vec::new()),
        logarithmic: RwSignal::new(true),
        ways: RwSignal::new(VecDeque::new()),
    };
    Effect::new(move |_| {
        if let Some(way) = view.way.get() {
            plot.ways.update(|ways| {
                ways.push_back(way);
                if ways.len() > MAX_WAYS {
                    ways.pop_front();
                }
            });
        }
    });
    let target = NodeRef::<html::Div>::new();
    let missing = draw(plot, target);
    let frozen = Memo::new(move |_| plot.frozen.with(Option::is_some));
    let stages = Memo::new(move |_| plot.with(History::stages));
    let note = move || match (plot.with(History::len), feed.connected.get(), missing.get()) {
        (_, _, true) => Some("The plot could not be loaded from the server. The table below holds the same figures."),
        (0, true, _) => Some("The first sample comes within half a second."),
        (0, false, _) => Some("Waiting for the server's figures."),
        (_, false, _) => Some("The server tells no figures now: these are the last ones."),
        _ => None,
    };
    view! {
        <section class="plot" data-testid="timings-plot" aria-label="Timings of every stage"
            data-frozen=move || frozen.get().to_string()
            data-zoomed=move || (!plot.follows.get()).to_string()
            data-samples=move || plot.with(History::len)
            data-stages=move || stages.get().join(",")
        >
            <div class="plot-head">
                <h2>"Timings"</h2>
                <p class="hint">"Each stage over two minutes: median as a line, up to p95 as a band."</p>
                <span class="spring"></span>
                <Buttons plot id=id/>
            </div>
            <div class="plot-canvas" node_ref=target tabindex="0" role="group" aria-roledescription="plot"
                aria-label="Time in each stage. Arrow keys move the ruler, escape takes it away; the table below holds the same figures."
                on:dblclick=move |_| plot.reset()
                on:keydown=move |event| keys(plot, &event)
            ></div>
            <p class="hint" data-testid="plot-note">{note}</p>
            <p class="sr-only" aria-live="polite">{move || legend::spoken(plot)}</p>
            <Legend plot/>
            <Waterfall plot/>
            <Table plot/>
        </section>
    }
}

/// The buttons above the plot.
#[component]
fn Buttons(plot: Plot, id: String) -> impl IntoView {
    let frozen = move || plot.frozen.with(Option::is_some);
    view! {
        <div class="plot-buttons">
            <button class="button ghost small" data-testid="plot-scale" aria-pressed=move || plot.logarithmic.get().to_string()
                title="Equal ratios are equal distances, so that microseconds and tens of milliseconds are seen together"
                on:click=move |_| plot.logarithmic.update(|on| *on = !*on)>"Logarithmic"</button>
            <button class="button ghost small" data-testid="plot-reset" disabled=move || plot.follows.get() title="Double click on the plot does the same"
                on:click=move |_| plot.reset()>"All two minutes"</button>
            <button class="button ghost small" data-testid="plot-freeze" data-key="space" aria-pressed=move || frozen().to_string() title="Freeze (space)"
                on:click=move |_| plot.freeze()>{move || if frozen() { "Go on" } else { "Freeze" }}</button>
            <button class="button ghost small" data-testid="plot-csv" title="What is shown, as comma-separated values"
                on:click=move |_| export(plot, &id)>"CSV"</button>
        </div>
    }
}

fn keys(plot: Plot, event: &leptos::ev::KeyboardEvent) {
    ruler_keys(event, plot.ruler, plot.with(History::len), |steps| plot.step(steps));
}

/// The keys of a plot's ruler, over `len` samples: arrows step (ten with shift), the ends, and escape.
fn ruler_keys(event: &leptos::ev::KeyboardEvent, ruler: RwSignal<Option<usize>>, len: usize, step: impl Fn(i64)) {
    match event.key().as_str() {
        "ArrowLeft" => step(if event.shift_key() { -10 } else { -1 }),
        "ArrowRight" => step(if event.shift_key() { 10 } else { 1 }),
        "Home" => ruler.set(Some(0)),
        "End" => ruler.set(len.checked_sub(1)),
        "Escape" if ruler.get_untracked().is_some() => ruler.set(None),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}

/// Keeps a uPlot in `target` up to date; the signal is true where it cannot be had.
fn draw(plot: Plot, target: NodeRef<html::Div>) -> RwSignal<bool> {
    let missing = RwSignal::new(false);
    let loaded = RwSignal::new(false);
    leptos::task::spawn_local(async move {
        let there = uplot::load().await;
        loaded.try_set(there);
        missing.try_set(!there);
    });
    let drawn = StoredValue::new_local(None::<Canvas>);
    let shared = shared();
    // Another scale or other colours make the plot anew.
    let made = Memo::new(move |_| (loaded.get(), plot.logarithmic.get(), shared.theme.get().word()));
    Effect::new(move |_| {
        let (true, logarithmic, _) = made.get() else { return };
        let Some(target) = target.get().map(HtmlElement::from) else { return };
        drawn.update_value(|drawn| *drawn = None);
        let events = Events {
            ruler: Box::new(move |at| {
                if plot.ruler.try_get_untracked().is_some_and(|before| before != at) {
                    plot.ruler.set(at);
                }
            }),
            span: Box::new(move |span, chosen| {
                plot.span.try_set(span);
                if chosen {
                    plot.follows.try_set(false);
                }
            }),
        };
        let canvas = Canvas::new(&target, logarithmic, events);
        missing.set(canvas.is_none());
        drawn.set_value(canvas);
    });
    let with = move |f: &dyn Fn(&Canvas)| drawn.with_value(|canvas| canvas.iter().for_each(f));
    Effect::new(move |_| {
        made.track();
        let follows = plot.follows.get();
        plot.with(|history| {
            let span = history.span_s().filter(|_| follows);
            if let Some(span) = span {
                set_if_changed(plot.span, span);
            }
            with(&|canvas| canvas.show(history, span));
        });
    });
    Effect::new(move |_| {
        made.track();
        let hidden = plot.hidden.get();
        with(&|canvas| canvas.hide(&hidden));
    });
    Effect::new(move |_| {
        let at = plot.ruler.get();
        let time = at.and_then(|at| plot.time_of(at));
        with(&|canvas| canvas.rule(time));
    });
    // Lives as long as the component: its closure is dropped with the value.
    let resized = Listener::new(&window(), "resize", move |_| with(&|canvas| canvas.fit()));
    let kept = StoredValue::new_local(Some(resized));
    on_cleanup(move || {
        kept.try_update_value(|kept| kept.take());
        drawn.try_update_value(|drawn| drawn.take());
    });
    missing
}

impl Plot {
    /// The time of a sample in seconds since 1970.
    fn time_of(self, at: usize) -> Option<f64> {
        let time = |history: &History| history.get(at).map(|point| point.utc_ms / 1e3);
        self.frozen.with_untracked(|frozen| match frozen {
            Some(history) => time(history),
            None => self.live.with_untracked(time),
        })
    }
}

/// Saves what is shown as a file.
fn export(plot: Plot, id: &str) {
    let (span, hidden) = (plot.span.get_untracked(), plot.hidden.get_untracked());
    let csv = plot.with(|history| {
        let stages: Vec<&str> = history.stages().into_iter().filter(|stage| !hidden.contains(stage)).collect();
        history.csv(span, &stages)
    });
    let time = format::rfc3339(span.1 * 1e3).replace(':', "-");
    api::save_file(&format!("sightline-{id}-timings-{time}.csv"), "text/csv", &csv);
}

/// The value of a style property that no token has: a place along a bar.
fn percent(share: f64) -> String {
    format!("{:.2}%", (share * 100.0).clamp(0.0, 100.0))
}
