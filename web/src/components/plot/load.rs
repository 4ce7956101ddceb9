//! A device's load over two minutes: GPU, decoder, encoder and memory in percent, with a ruler, a legend and a table.

use super::canvas::{axis, function, labels, nothing, token, width_of};
use super::ruler_keys;
use super::uplot::{self, UPlot, json, put};
use crate::context::{local_time, shared};
use crate::player::Listener;
use crate::state::load::{LINES, Line, Loads, Summary, words};
use leptos::html;
use leptos::prelude::*;
use serde_json::json as object;
use sightline_shared::system::DeviceLoad;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

/// Height in CSS pixels; `.load-canvas` has the same, so that nothing moves when the plot comes.
const HEIGHT: f64 = 200.0;
/// A time of the day on the axis, and air beside it.
const WORD: u32 = 84;

/// What the parts of the plot share.
#[derive(Clone, Copy)]
struct Plot {
    loads: RwSignal<Loads>,
    device: u32,
    /// The sample under the ruler.
    ruler: RwSignal<Option<usize>>,
    /// Lines that are not drawn.
    hidden: RwSignal<[bool; LINES.len()]>,
}

impl Plot {
    /// The sample under the ruler, else the newest.
    fn read<T>(self, read: impl FnOnce(f64, &DeviceLoad) -> T) -> Option<T> {
        let ruler = self.ruler.get();
        self.loads.with(|loads| {
            let at = ruler.filter(|at| *at < loads.len()).or_else(|| loads.len().checked_sub(1))?;
            loads.get(at, self.device).map(|(utc_ms, load)| read(utc_ms, load))
        })
    }

    fn step(self, steps: i64) {
        let last = self.loads.with_untracked(Loads::len) as i64 - 1;
        let at = self.ruler.get_untracked().map_or(last, |at| (at as i64 + steps).clamp(0, last.max(0)));
        self.ruler.set(usize::try_from(at).ok());
    }

    fn spoken(self) -> String {
        if self.ruler.get().is_none() {
            return String::new();
        }
        let told = self.read(|utc_ms, load| {
            let lines = LINES.iter().enumerate().map(|(at, line)| format!("{} {}", line.name, words(load, at)));
            format!("{}: {}", local_time(utc_ms), lines.collect::<Vec<_>>().join("; "))
        });
        told.unwrap_or_default()
    }
}

/// The plot of one device.
#[component]
pub(crate) fn LoadPlot(
    /// What the server told.
    loads: RwSignal<Loads>,
    /// The device's number.
    device: u32,
) -> impl IntoView {
    let plot = Plot { loads, device, ruler: RwSignal::new(None), hidden: RwSignal::new([false; LINES.len()]) };
    let target = NodeRef::<html::Div>::new();
    let missing = draw(plot, target);
    let note = move || {
        missing.get().then_some("The plot could not be loaded from the server. The table below holds the same figures.")
    };
    let when = move || {
        let ruled = plot.ruler.get().is_some();
        let time =
            plot.read(|utc_ms, _| local_time(utc_ms)).map(|time| if ruled { time } else { format!("{time}, newest") });
        time.unwrap_or_else(|| "The first figures come within a second.".into())
    };
    let entries = LINES.iter().enumerate().map(|(at, line)| view! { <Entry plot at line=*line/> }).collect_view();
    view! {
        <div class="load" data-testid="load-plot" data-samples=move || loads.with(Loads::len)>
            <h3>"Load"</h3>
            <div class="load-canvas" node_ref=target tabindex="0" role="group" aria-roledescription="plot"
                aria-label="Load over two minutes, in percent. Arrow keys move the ruler, escape takes it away; the table below holds the same figures."
                on:keydown=move |event| keys(plot, &event)
            ></div>
            <p class="hint">{note}</p>
            <p class="sr-only" aria-live="polite">{move || plot.spoken()}</p>
            <p class="figure plot-when">{when}</p>
            <ul class="load-legend">{entries}</ul>
            <Table plot/>
        </div>
    }
}

/// A line's entry in the legend, which hides it.
#[component]
fn Entry(plot: Plot, at: usize, line: Line) -> impl IntoView {
    let shown = move || !plot.hidden.with(|hidden| hidden[at]);
    let value = move || plot.read(|_, load| words(load, at)).unwrap_or_else(|| "–".into());
    let dash = line.dash.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let dash = if dash.is_empty() { "none".to_owned() } else { dash };
    view! {
        <li>
            <button class="plot-stage" aria-pressed=move || shown().to_string()
                on:click=move |_| plot.hidden.update(|hidden| hidden[at] = !hidden[at])
                title=move || if shown() { format!("Hide {}", line.name) } else { format!("Show {}", line.name) }>
                <svg class="load-stroke" viewBox="0 0 24 4" aria-hidden="true" focusable="false">
                    <path d="M0 2h24" style=format!("stroke:var({});stroke-dasharray:{dash}", line.colour)/>
                </svg>
                <span class="plot-name">{line.name}</span>
                <span class="figure">{value}</span>
            </button>
        </li>
    }
}

/// The same figures as a table, folded.
#[component]
fn Table(plot: Plot) -> impl IntoView {
    let open = RwSignal::new(false);
    let row = |summary: Summary| {
        let value = |at: usize| summary.values.map_or_else(|| "unknown".to_owned(), |all| format!("{:.0} %", all[at]));
        view! {
            <tr>
                <th scope="row">
                    <span class="swatch" style=format!("background:var({})", summary.colour) aria-hidden="true"></span>
                    {summary.name}
                </th>
                <td class="figure">{value(0)}</td>
                <td class="figure">{value(1)}</td>
                <td class="figure">{value(2)}</td>
            </tr>
        }
    };
    let rows = move || {
        let all = if open.get() { plot.loads.with(|loads| loads.summary(plot.device)) } else { Vec::new() };
        all.into_iter().map(row).collect_view()
    };
    view! {
        <details class="plot-table">
            <summary on:click=move |_| open.update(|open| *open = !*open)>"As a table"</summary>
            <table class="stages">
                <caption class="sr-only">"Load over the two minutes that the plot shows, in percent"</caption>
                <thead>
                    <tr><th scope="col">"Part"</th><th scope="col">"least"</th><th scope="col">"mean"</th><th scope="col">"most"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
}

fn keys(plot: Plot, event: &leptos::ev::KeyboardEvent) {
    ruler_keys(event, plot.ruler, plot.loads.with_untracked(Loads::len), |steps| plot.step(steps));
}

/// A uPlot on the page.
struct Canvas {
    plot: UPlot,
    target: HtmlElement,
}

impl Drop for Canvas {
    fn drop(&mut self) {
        self.plot.destroy();
    }
}

impl Canvas {
    fn new(target: &HtmlElement, ruler: impl Fn(Option<usize>) + 'static) -> Option<Self> {
        let hook = Closure::<dyn Fn(UPlot)>::new(move |plot: UPlot| ruler(plot.cursor_index()));
        let options = options(target);
        put(&options, &["hooks", "setCursor"], &js_sys::Array::of1(&function(hook)));
        let empty = json(&object!(vec![Vec::<f64>::new(); 1 + LINES.len()]));
        let plot = UPlot::new(&options, &empty, target)?;
        Some(Self { plot, target: target.clone() })
    }

    fn show(&self, loads: &Loads, device: u32) {
        self.plot.set_data(&json(&object!(loads.columns(device))), false);
        if let Some(span) = loads.span_s() {
            self.plot.set_range(span);
        }
    }
}

fn options(target: &HtmlElement) -> JsValue {
    let mut series = vec![object!({})];
    for line in LINES {
        series.push(object!({ "label": line.name, "stroke": token(line.colour), "width": 1.5, "dash": line.dash,
            "points": { "show": false } }));
    }
    let (grid, quiet) = (token("--line"), token("--quiet"));
    let mut time = axis(&grid, &quiet, 32);
    time["space"] = object!(WORD);
    let options = json(&object!({
        "width": width_of(target), "height": HEIGHT, "padding": [8, 32, 0, 0],
        "legend": { "show": false },
        "scales": { "x": { "time": true, "auto": false }, "y": { "range": [0, 100] } },
        "series": series, "axes": [time, axis(&grid, &quiet, 62)], "hooks": {},
        "cursor": { "y": false, "points": { "show": false }, "drag": { "x": false, "y": false }, "bind": {} },
    }));
    put(&options, &["axes", "0", "values"], &labels(|seconds| local_time(seconds * 1e3)));
    put(&options, &["axes", "1", "values"], &labels(|percent| format!("{percent:.0} %")));
    put(&options, &["cursor", "bind", "dblclick"], &nothing());
    options
}

/// Keeps a uPlot in `target` up to date; the signal is true where it cannot be had.
fn draw(plot: Plot, target: NodeRef<html::Div>) -> RwSignal<bool> {
    let (missing, loaded) = (RwSignal::new(false), RwSignal::new(false));
    leptos::task::spawn_local(async move {
        let there = uplot::load().await;
        loaded.try_set(there);
        missing.try_set(!there);
    });
    let drawn = StoredValue::new_local(None::<Canvas>);
    let shared = shared();
    // Other colours make the plot anew.
    let made = Memo::new(move |_| (loaded.get(), shared.theme.get().word()));
    Effect::new(move |_| {
        let (true, _) = made.get() else { return };
        let Some(target) = target.get().map(HtmlElement::from) else { return };
        drawn.update_value(|drawn| *drawn = None);
        let canvas = Canvas::new(&target, move |at| {
            if plot.ruler.try_get_untracked().is_some_and(|before| before != at) {
                plot.ruler.set(at);
            }
        });
        missing.set(canvas.is_none());
        drawn.set_value(canvas);
    });
    let with = move |f: &dyn Fn(&Canvas)| drawn.with_value(|canvas| canvas.iter().for_each(f));
    Effect::new(move |_| {
        made.track();
        plot.loads.with(|loads| with(&|canvas| canvas.show(loads, plot.device)));
    });
    Effect::new(move |_| {
        made.track();
        let hidden = plot.hidden.get();
        with(&|canvas| (0_u32..).zip(hidden).for_each(|(at, hidden)| canvas.plot.show_series(at + 1, !hidden)));
    });
    Effect::new(move |_| {
        let at = plot.ruler.get();
        let time = plot.loads.with_untracked(|loads| at.and_then(|at| Some(loads.get(at, plot.device)?.0 / 1e3)));
        with(&|canvas| canvas.plot.set_cursor(time.map_or(-10.0, |at| canvas.plot.position_of(at, "x", false))));
    });
    let resized = Listener::new(&window(), "resize", move |_| {
        with(&|canvas| canvas.plot.set_size(width_of(&canvas.target), HEIGHT));
    });
    let kept = StoredValue::new_local(Some(resized));
    on_cleanup(move || {
        kept.try_update_value(|kept| kept.take());
        drawn.try_update_value(|drawn| drawn.take());
    });
    missing
}
