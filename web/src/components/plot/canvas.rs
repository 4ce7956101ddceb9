//! The plot itself: what uPlot is told to draw, and the ticks of drops that it does not know.

use super::uplot::{UPlot, json, put};
use crate::context::local_time;
use crate::state::history::{Drop as DropMark, History, STAGES};
use leptos::prelude::{document, window};
use serde_json::json as object;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

/// Height in CSS pixels.
const HEIGHT: f64 = 240.0;
/// Height of a drop's tick.
const TICK: f64 = 9.0;

/// What the plot tells its component.
pub(super) struct Events {
    /// The ruler is on another sample, or on none.
    pub(super) ruler: Box<dyn Fn(Option<usize>)>,
    /// Another span of time is shown; true when a person chose it.
    pub(super) span: Box<dyn Fn((f64, f64), bool)>,
}

/// What draws ticks looks at.
#[derive(Default)]
struct Marks {
    drops: Vec<DropMark>,
    colours: Vec<String>,
    hidden: Vec<&'static str>,
    /// The span that was last set from here: another one was chosen by a person.
    live: Option<(f64, f64)>,
}

/// A plot on the page.
pub(super) struct Canvas {
    plot: UPlot,
    target: HtmlElement,
    marks: Rc<RefCell<Marks>>,
}

impl Drop for Canvas {
    fn drop(&mut self) {
        self.plot.destroy();
    }
}

pub(super) fn token(name: &str) -> String {
    let root = document().document_element();
    let style = root.and_then(|root| window().get_computed_style(&root).ok().flatten());
    style.and_then(|style| style.get_property_value(name).ok()).unwrap_or_default().trim().to_owned()
}

/// Milliseconds on the axis: `0.1`, `20`.
fn axis_ms(value: f64) -> String {
    if value >= 1.0 { format!("{value:.0} ms") } else { format!("{value} ms") }
}

/// A closure that lives as long as the page's garbage collector wants, as a function.
pub(super) fn function<T: ?Sized + wasm_bindgen::closure::WasmClosure>(closure: Closure<T>) -> JsValue {
    closure.into_js_value()
}

impl Canvas {
    /// Draws into `target`; a logarithmic scale where asked.
    pub(super) fn new(target: &HtmlElement, logarithmic: bool, events: Events) -> Option<Self> {
        let colours: Vec<String> = STAGES.iter().map(|stage| token(&format!("--stage-{stage}"))).collect();
        let marks = Rc::new(RefCell::new(Marks { colours, ..Marks::default() }));
        let options = options(target, logarithmic, &marks.borrow().colours);
        let events = Rc::new(events);
        let hooks = [
            ("draw", draw_hook(marks.clone())),
            ("setCursor", cursor_hook(events.clone())),
            ("setScale", scale_hook(events, marks.clone())),
        ];
        for (name, hook) in &hooks {
            put(&options, &["hooks", name], &js_sys::Array::of1(hook));
        }
        let empty = json(&object!(vec![Vec::<f64>::new(); 1 + 2 * STAGES.len()]));
        let plot = UPlot::new(&options, &empty, target)?;
        Some(Self { plot, target: target.clone(), marks })
    }

    /// Shows other data; `span` is the time to show, `None` keeps what a person zoomed to.
    pub(super) fn show(&self, history: &History, span: Option<(f64, f64)>) {
        let mut marks = self.marks.borrow_mut();
        marks.drops = history.drops();
        marks.live = span.or(marks.live);
        drop(marks);
        self.plot.set_data(&json(&object!(history.columns())), false);
        if let Some(span) = span.or_else(|| self.plot.range()) {
            self.plot.set_range(span);
        }
    }

    /// Shows the stages that are not hidden.
    pub(super) fn hide(&self, hidden: &[&'static str]) {
        let before = std::mem::replace(&mut self.marks.borrow_mut().hidden, hidden.to_vec());
        for (at, stage) in STAGES.iter().enumerate() {
            let show = !hidden.contains(stage);
            if show == before.contains(stage) {
                let first = 1 + 2 * at as u32;
                self.plot.show_series(first, show);
                self.plot.show_series(first + 1, show);
            }
        }
    }

    /// Fits the width that there is.
    pub(super) fn fit(&self) {
        self.plot.set_size(width_of(&self.target), HEIGHT);
    }

    /// Puts the ruler onto a time.
    pub(super) fn rule(&self, utc_s: Option<f64>) {
        self.plot.set_cursor(utc_s.map_or(-10.0, |at| self.plot.position_of(at, "x", false)));
    }
}

pub(super) fn width_of(target: &HtmlElement) -> f64 {
    f64::from(target.client_width()).max(200.0)
}

/// An axis that takes `size` CSS pixels.
pub(super) fn axis(line: &str, quiet: &str, size: u32) -> serde_json::Value {
    object!({ "stroke": quiet, "font": "12px JetBrains Mono, monospace", "size": size,
        "grid": { "stroke": line, "width": 1 }, "ticks": { "stroke": line, "width": 1, "size": 4 } })
}

fn options(target: &HtmlElement, logarithmic: bool, colours: &[String]) -> JsValue {
    let mut series = vec![object!({})];
    let mut bands = Vec::new();
    for (at, (stage, colour)) in STAGES.iter().zip(colours).enumerate() {
        series.push(
            object!({ "label": format!("{stage} p50"), "stroke": colour, "width": 1.5, "points": { "show": false } }),
        );
        series.push(object!({ "label": format!("{stage} p95"), "stroke": format!("{colour}66"), "width": 1, "points": { "show": false } }));
        bands.push(object!({ "series": [2 + 2 * at, 1 + 2 * at], "fill": format!("{colour}26") }));
    }
    let (line, quiet) = (token("--line"), token("--quiet"));
    let axis = |size| axis(&line, &quiet, size);
    let options = json(&object!({
        "width": width_of(target), "height": HEIGHT, "padding": [8, 8, 0, 0],
        "legend": { "show": false },
        "scales": { "x": { "time": true, "auto": false }, "y": if logarithmic { object!({ "distr": 3 }) } else { object!({}) } },
        "series": series, "bands": bands, "axes": [axis(32), axis(62)], "hooks": {},
        "cursor": { "y": false, "points": { "show": false }, "drag": { "x": true, "y": false, "setScale": true }, "bind": {} },
    }));
    let time = |seconds: f64| local_time(seconds * 1e3);
    put(&options, &["axes", "0", "values"], &labels(time));
    put(&options, &["axes", "1", "values"], &labels(axis_ms));
    if logarithmic {
        for part in ["grid", "ticks"] {
            put(&options, &["axes", "1", part, "filter"], &powers_of_ten());
        }
    } else {
        put(&options, &["scales", "y", "range"], &from_zero());
    }
    put(&options, &["cursor", "bind", "dblclick"], &nothing());
    options
}

/// `(plot, splits) => words`; a logarithmic axis leaves splits out by making them null.
pub(super) fn labels(words: impl Fn(f64) -> String + 'static) -> JsValue {
    function(Closure::<dyn Fn(JsValue, js_sys::Array) -> js_sys::Array>::new(move |_, splits: js_sys::Array| {
        splits.iter().map(|split| JsValue::from(split.as_f64().map_or(String::new(), &words))).collect()
    }))
}

/// Nine lines between two powers of ten are more ink than the lines that are looked at.
fn powers_of_ten() -> JsValue {
    function(Closure::<dyn Fn(JsValue, js_sys::Array) -> js_sys::Array>::new(|_, splits: js_sys::Array| {
        let is_power = |value: f64| (value.log10() - value.log10().round()).abs() < 1e-6;
        splits.iter().map(|split| if split.as_f64().is_some_and(is_power) { split } else { JsValue::NULL }).collect()
    }))
}

/// A linear scale begins at zero.
fn from_zero() -> JsValue {
    function(Closure::<dyn Fn(JsValue, JsValue, JsValue) -> js_sys::Array>::new(|_, _, most: JsValue| {
        js_sys::Array::of2(&0.0.into(), &(most.as_f64().unwrap_or(1.0) * 1.1).max(0.1).into())
    }))
}

/// uPlot's own double click fits the data; the component's shows the two minutes up to now.
pub(super) fn nothing() -> JsValue {
    function(Closure::<dyn Fn() -> JsValue>::new(|| JsValue::NULL))
}

fn cursor_hook(events: Rc<Events>) -> JsValue {
    function(Closure::<dyn Fn(UPlot)>::new(move |plot: UPlot| (events.ruler)(plot.cursor_index())))
}

fn scale_hook(events: Rc<Events>, marks: Rc<RefCell<Marks>>) -> JsValue {
    function(Closure::<dyn Fn(UPlot, String)>::new(move |plot: UPlot, scale: String| {
        if scale != "x" {
            return;
        }
        let Some(span) = plot.range() else { return };
        let live = marks.try_borrow().ok().and_then(|marks| marks.live);
        let chosen = live.is_some_and(|live| (live.0 - span.0).abs() > 0.01 || (live.1 - span.1).abs() > 0.01);
        (events.span)(span, chosen);
    }))
}

/// Ticks of drops on the axis, one above the other where several stages dropped at once.
fn draw_hook(marks: Rc<RefCell<Marks>>) -> JsValue {
    function(Closure::<dyn Fn(UPlot)>::new(move |plot: UPlot| {
        let (context, [left, top, width, height]) = (plot.ctx(), plot.area());
        let marks = marks.borrow();
        let ratio = window().device_pixel_ratio();
        let mut last = (f64::NAN, 0.0);
        for mark in marks.drops.iter().filter(|mark| !marks.hidden.contains(&mark.stage)) {
            let x = plot.position_of(mark.utc_s, "x", true).round();
            if x < left || x > left + width {
                continue;
            }
            last = if (last.0 - x).abs() < 0.5 { (x, last.1 + 1.0) } else { (x, 0.0) };
            let at = STAGES.iter().position(|stage| *stage == mark.stage).unwrap_or(0);
            context.set_fill_style_str(&marks.colours[at]);
            let foot = top + height - last.1 * (TICK + 2.0) * ratio;
            context.fill_rect(x - ratio, foot - TICK * ratio, 2.0 * ratio, TICK * ratio);
            context.fill_rect(x - 3.0 * ratio, foot - 2.0 * ratio, 6.0 * ratio, 2.0 * ratio);
        }
    }))
}
