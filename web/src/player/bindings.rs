//! What web-sys does not have, and listeners that leave with their owner.

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget, HtmlVideoElement, MediaSource};

#[wasm_bindgen]
extern "C" {
    /// A `<video>` that tells which frame it shows (WICG `video-rvfc`).
    #[wasm_bindgen(extends = HtmlVideoElement)]
    pub(crate) type FrameVideo;

    #[wasm_bindgen(method, js_name = requestVideoFrameCallback)]
    pub(crate) fn request_video_frame_callback(this: &FrameVideo, callback: &js_sys::Function) -> u32;

    #[wasm_bindgen(method, js_name = cancelVideoFrameCallback)]
    pub(crate) fn cancel_video_frame_callback(this: &FrameVideo, handle: u32);

    /// `VideoFrameCallbackMetadata`.
    pub(crate) type FrameMetadata;

    #[wasm_bindgen(method, getter, js_name = mediaTime)]
    pub(crate) fn media_time(this: &FrameMetadata) -> f64;

    #[wasm_bindgen(method, getter, js_name = expectedDisplayTime)]
    pub(crate) fn expected_display_time(this: &FrameMetadata) -> f64;

    #[wasm_bindgen(method, getter, js_name = presentedFrames)]
    pub(crate) fn presented_frames(this: &FrameMetadata) -> f64;

    /// `VideoFrame` of WebCodecs; web-sys has it only as unstable.
    pub(crate) type VideoFrame;

    /// Media time in microseconds.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn timestamp(this: &VideoFrame) -> f64;

    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &VideoFrame);

    /// A 2D context that takes a [`VideoFrame`].
    pub(crate) type CanvasPainter;

    #[wasm_bindgen(method, catch, js_name = drawImage)]
    pub(crate) fn draw_video_frame(
        this: &CanvasPainter,
        frame: &VideoFrame,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    ) -> Result<(), JsValue>;
}

/// The frame that `video` has now; `None` outside secure contexts, and where the browser has no WebCodecs.
pub(crate) fn new_video_frame(video: &HtmlVideoElement) -> Option<VideoFrame> {
    let class =
        js_sys::Reflect::get(&js_sys::global(), &"VideoFrame".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    js_sys::Reflect::construct(&class, &js_sys::Array::of1(video)).ok().map(JsCast::unchecked_into)
}

/// The constructor of MediaSource, or on iPhones of ManagedMediaSource, which is the only one there.
fn media_source_class() -> Option<js_sys::Function> {
    let global = js_sys::global();
    ["MediaSource", "ManagedMediaSource"]
        .into_iter()
        .find_map(|name| js_sys::Reflect::get(&global, &name.into()).ok()?.dyn_into::<js_sys::Function>().ok())
}

/// A new MediaSource; `None` where the browser has none.
pub(crate) fn new_media_source() -> Option<MediaSource> {
    let class = media_source_class()?;
    js_sys::Reflect::construct(&class, &js_sys::Array::new()).ok().map(JsCast::unchecked_into)
}

/// Whether the browser has Media Source Extensions at all.
pub(crate) fn has_media_source() -> bool {
    media_source_class().is_some()
}

/// Whether the browser plays `mime` through Media Source Extensions.
pub(crate) fn can_play(mime: &str) -> bool {
    let Some(class) = media_source_class() else { return false };
    let ask = js_sys::Reflect::get(&class, &"isTypeSupported".into())
        .ok()
        .and_then(|f| f.dyn_into::<js_sys::Function>().ok());
    ask.and_then(|ask| ask.call1(&class, &mime.into()).ok()).is_some_and(|answer| answer.is_truthy())
}

/// Whether `video` can tell which frame it shows.
pub(crate) fn tells_frames(video: &HtmlVideoElement) -> bool {
    js_sys::Reflect::has(video, &"requestVideoFrameCallback".into()).unwrap_or(false)
}

/// Milliseconds of the page's monotonic clock, the one of `requestVideoFrameCallback`.
pub(crate) fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or_else(js_sys::Date::now, |clock| clock.now())
}

/// An event listener that is removed when this is dropped.
pub(crate) struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `f` on every event `name` of `target`.
    pub(crate) fn new(target: &EventTarget, name: &'static str, f: impl FnMut(Event) + 'static) -> Self {
        let closure = Closure::<dyn FnMut(Event)>::new(f);
        // Fails only for a closure that is no function.
        let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        Self { target: target.clone(), name, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.name, self.closure.as_ref().unchecked_ref());
    }
}
