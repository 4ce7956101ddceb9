//! The canvas over the picture: sized in device pixels of the picture's own rectangle, draws the shared draw list.

use crate::state::geometry::{Rect, contain};
use sightline_shared::draw::{self, Layers};
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

    /// Draws a frame's scene, or nothing.
    pub(crate) fn draw(&mut self, scene: Option<draw::Scene<'_>>, layers: Layers) {
        let (width, height) = (self.canvas.width() as f32, self.canvas.height() as f32);
        if self.dirty {
            self.context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
            self.dirty = false;
        }
        let ratio = self.placed.map_or(1.0, |(_, ratio)| ratio) as f32;
        for item in scene.into_iter().flat_map(|scene| draw::draw_list(scene, width, height, layers)) {
            self.item(&item, width, height, ratio);
            self.dirty = true;
        }
    }

    fn item(&self, item: &draw::Item, width: f32, height: f32, ratio: f32) {
        let mut fills = Vec::new();
        draw::outline(item, (ratio.round() as i32).max(1), (width, height), &mut fills);
        self.fill(&fills);
        let Some(text) = item.text.as_deref() else { return };
        let size = draw::label_size(height / ratio) * ratio;
        self.context.set_font(&format!("{} {size}px Inter, system-ui, sans-serif", draw::FONT_WEIGHT));
        let measured = self.context.measure_text(text).map_or(0.0, |metrics| metrics.width() as f32);
        let plate = draw::label_plate(item, measured, size, (width, height));
        self.fill(draw::plate_fill(&plate, (width, height)).as_slice());
        self.context.set_fill_style_str(&style(item.colour, draw::OPAQUE));
        let _ = self.context.fill_text(text, f64::from(plate.text_x), f64::from(plate.baseline));
    }

    fn fill(&self, fills: &[draw::Fill]) {
        let mut ink = None;
        for fill in fills {
            if ink.replace((fill.colour, fill.alpha)) != Some((fill.colour, fill.alpha)) {
                self.context.set_fill_style_str(&style(fill.colour, fill.alpha));
            }
            let (width, height) = (fill.x1 - fill.x0, fill.y1 - fill.y0);
            self.context.fill_rect(fill.x0.into(), fill.y0.into(), width.into(), height.into());
        }
    }
}

/// A colour of the draw list as CSS has it.
fn style(colour: u32, alpha: u16) -> String {
    let [_, red, green, blue] = colour.to_be_bytes();
    format!("rgb({red} {green} {blue} / {:.3})", f32::from(alpha) / f32::from(draw::OPAQUE))
}
