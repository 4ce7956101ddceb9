//! The canvas over the picture: sized in device pixels of the picture's own rectangle, draws the shared draw list.

use crate::state::geometry::{Rect, contain};
use sightline_shared::draw::{self, Layers};
use sightline_shared::tracks::Tracks;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, HtmlVideoElement};

/// A canvas that lies exactly on the picture.
pub(crate) struct Overlay {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    placed: Option<(Rect, f64)>,
    dirty: bool,
}

impl Overlay {
    /// Takes a canvas; `None` where the browser gives no 2D context.
    pub(crate) fn new(canvas: HtmlCanvasElement) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Self { canvas, context, placed: None, dirty: false })
    }

    /// Puts the canvas on the picture of `video` within `parent`. Where that moves it, it is empty until drawn on again.
    pub(crate) fn place(&mut self, parent: &HtmlElement, video: &HtmlVideoElement) {
        let picture = (f64::from(video.video_width()), f64::from(video.video_height()));
        let within = parent.get_bounding_client_rect();
        let Some(rect) = contain((within.width(), within.height()), picture) else { return };
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        if self.placed == Some((rect, ratio)) {
            return;
        }
        self.placed = Some((rect, ratio));
        let style = self.canvas.style();
        for (name, value) in [("left", rect.x), ("top", rect.y), ("width", rect.width), ("height", rect.height)] {
            let _ = style.set_property(name, &format!("{value}px"));
        }
        self.canvas.set_width((rect.width * ratio).round() as u32);
        self.canvas.set_height((rect.height * ratio).round() as u32);
        self.dirty = false;
    }

    /// Width of the picture in device pixels; 0 before it was placed.
    pub(crate) fn device_width(&self) -> f64 {
        f64::from(self.canvas.width())
    }

    /// Draws `tracks`, or nothing.
    pub(crate) fn draw(&mut self, tracks: Option<&Tracks>, layers: Layers) {
        let (width, height) = (self.canvas.width() as f32, self.canvas.height() as f32);
        if self.dirty {
            self.context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
            self.dirty = false;
        }
        let ratio = self.placed.map_or(1.0, |(_, ratio)| ratio) as f32;
        for item in tracks.into_iter().flat_map(|tracks| draw::draw_list(tracks, width, height, layers)) {
            self.item(&item, width, height, ratio);
            self.dirty = true;
        }
    }

    fn item(&self, item: &draw::Item, width: f32, height: f32, ratio: f32) {
        let context = &self.context;
        let colour = format!("#{:06x}", item.colour);
        if item.stroke > 0.0 {
            // A dark line under the coloured one keeps a box visible on a picture of its own colour.
            for (style, line) in [("rgba(0,0,0,0.55)", item.stroke + 2.0 * ratio), (colour.as_str(), item.stroke)] {
                context.set_stroke_style_str(style);
                context.set_line_width(f64::from(line));
                context.stroke_rect(
                    f64::from(item.x),
                    f64::from(item.y),
                    f64::from(item.width),
                    f64::from(item.height),
                );
            }
        }
        let Some(text) = item.text.as_deref() else { return };
        let size = draw::label_size(height / ratio) * ratio;
        context.set_font(&format!("600 {size}px Inter, system-ui, sans-serif"));
        let measured = context.measure_text(text).map_or(0.0, |metrics| metrics.width() as f32);
        let plate = draw::label_plate(item, measured, size, (width, height));
        // Dark plates with coloured words are calmer over hours than coloured plates.
        context.set_fill_style_str("rgba(14,17,20,0.74)");
        context.fill_rect(f64::from(plate.x), f64::from(plate.y), f64::from(plate.width), f64::from(plate.height));
        context.set_fill_style_str(&colour);
        let _ = context.fill_text(text, f64::from(plate.text_x), f64::from(plate.baseline));
    }
}
