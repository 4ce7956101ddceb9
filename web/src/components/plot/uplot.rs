//! uPlot, as far as the timings plot needs it: loaded when first asked for, spoken to through these few lines.

use leptos::prelude::{document, window};
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, HtmlElement};

const SCRIPT: &str = "/uplot/uPlot.iife.min.js";

#[wasm_bindgen]
extern "C" {
    /// A plot on the page.
    #[wasm_bindgen(js_name = uPlot)]
    #[derive(Clone)]
    pub(super) type UPlot;

    #[wasm_bindgen(constructor, js_class = "uPlot", catch)]
    fn construct(options: &JsValue, data: &JsValue, target: &HtmlElement) -> Result<UPlot, JsValue>;

    #[wasm_bindgen(method, js_name = setData)]
    pub(super) fn set_data(this: &UPlot, data: &JsValue, reset_scales: bool);

    #[wasm_bindgen(method, js_name = setScale)]
    fn set_scale_to(this: &UPlot, scale: &str, limits: &JsValue);

    #[wasm_bindgen(method, js_name = setSize)]
    fn set_size_to(this: &UPlot, size: &JsValue);

    #[wasm_bindgen(method, js_name = setSeries)]
    fn set_series(this: &UPlot, index: u32, options: &JsValue);

    #[wasm_bindgen(method, js_name = setCursor)]
    fn set_cursor_to(this: &UPlot, place: &JsValue);

    #[wasm_bindgen(method, js_name = valToPos)]
    pub(super) fn position_of(this: &UPlot, value: f64, scale: &str, canvas_pixels: bool) -> f64;

    #[wasm_bindgen(method)]
    pub(super) fn destroy(this: &UPlot);

    /// The canvas' context, in whose pixels `bbox` and `position_of(.., true)` are.
    #[wasm_bindgen(method, getter)]
    pub(super) fn ctx(this: &UPlot) -> CanvasRenderingContext2d;
}

/// A value of an object's member, by names along the way.
fn member(of: &JsValue, names: &[&str]) -> JsValue {
    let step =
        |value: JsValue, name: &&str| js_sys::Reflect::get(&value, &(*name).into()).unwrap_or(JsValue::UNDEFINED);
    names.iter().fold(of.clone(), step)
}

/// JSON as a JavaScript value.
pub(super) fn json(value: &serde_json::Value) -> JsValue {
    js_sys::JSON::parse(&value.to_string()).unwrap_or(JsValue::NULL)
}

/// Puts `value` into an object, at names along the way that are there already.
pub(super) fn put(object: &JsValue, way: &[&str], value: &JsValue) {
    if let Some((last, before)) = way.split_last() {
        let _ = js_sys::Reflect::set(&member(object, before), &(*last).into(), value);
    }
}

impl UPlot {
    /// A plot in `target`.
    pub(super) fn new(options: &JsValue, data: &JsValue, target: &HtmlElement) -> Option<Self> {
        Self::construct(options, data, target).ok()
    }

    /// The left and the right end in seconds.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        let end = |name| member(self, &["scales", "x", name]).as_f64();
        Some((end("min")?, end("max")?))
    }

    /// Shows this span of seconds.
    pub(super) fn set_range(&self, (from, to): (f64, f64)) {
        self.set_scale_to("x", &json(&serde_json::json!({ "min": from, "max": to })));
    }

    /// Takes another size, in CSS pixels.
    pub(super) fn set_size(&self, width: f64, height: f64) {
        self.set_size_to(&json(&serde_json::json!({ "width": width, "height": height })));
    }

    /// Shows or hides a series.
    pub(super) fn show_series(&self, index: u32, show: bool) {
        self.set_series(index, &json(&serde_json::json!({ "show": show })));
    }

    /// Puts the ruler there, in CSS pixels from the left of the drawn area; below zero takes it away.
    pub(super) fn set_cursor(&self, left: f64) {
        self.set_cursor_to(&json(&serde_json::json!({ "left": left, "top": 0 })));
    }

    /// The sample under the ruler.
    pub(super) fn cursor_index(&self) -> Option<usize> {
        let left = member(self, &["cursor", "left"]).as_f64().filter(|left| *left >= 0.0);
        left.and_then(|_| member(self, &["cursor", "idx"]).as_f64()).map(|index| index as usize)
    }

    /// The drawn area in the canvas' pixels: left, top, width, height.
    pub(super) fn area(&self) -> [f64; 4] {
        ["left", "top", "width", "height"].map(|name| member(self, &["bbox", name]).as_f64().unwrap_or(0.0))
    }
}

/// Loads uPlot once; false where that fails.
pub(super) async fn load() -> bool {
    let there = || js_sys::Reflect::has(&js_sys::global(), &"uPlot".into()).unwrap_or(false);
    if there() {
        return true;
    }
    let selector = format!("script[src=\"{SCRIPT}\"]");
    if document().query_selector(&selector).ok().flatten().is_none() {
        let Ok(script) = document().create_element("script") else { return false };
        let _ = script.set_attribute("src", SCRIPT);
        if document().body().is_none_or(|body| body.append_child(&script).is_err()) {
            return false;
        }
    }
    // Looked at again and again instead of listening: another plot may have begun to load it.
    for _ in 0..200 {
        if there() {
            return true;
        }
        sleep(Duration::from_millis(25)).await;
    }
    false
}

async fn sleep(time: Duration) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, time.as_millis() as i32);
    });
    let _ = JsFuture::from(promise).await;
}
