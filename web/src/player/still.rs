//! The canvas under the overlay: holds the last picture when the pipeline goes, and carries the frame under its boxes.
//!
//! A `<video>` goes to the screen past the page: its next frame may be visible while the boxes of the one before still are,
//! for a refresh or more. So while boxes are on, the frame is painted here in the very task that draws its boxes on the
//! canvas above; the browser shows both canvases together. Where the page is a secure context the frame is taken as a
//! `VideoFrame`, whose time stamp says which one it is; elsewhere it is the one that the video has at that moment.

use super::bindings::{CanvasPainter, VideoFrame, new_video_frame};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement};

/// Paints frames of a video.
pub(crate) struct Still {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl Still {
    /// Takes a canvas; `None` where the browser gives no 2D context.
    pub(crate) fn new(canvas: HtmlCanvasElement) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Self { canvas, context })
    }

    /// Paints the video's present frame, at most as large as it is shown (`shown_width` in device pixels), and shows it. Gives
    /// its media time in seconds where the browser says it. A picture that is turned is taken from the element, which turns it;
    /// a `VideoFrame` is as it was coded.
    pub(crate) fn paint(&self, video: &HtmlVideoElement, shown_width: f64, upright: bool) -> Option<f64> {
        let (width, height) = (f64::from(video.video_width()), f64::from(video.video_height()));
        if width == 0.0 || video.ready_state() < 2 {
            return None;
        }
        let scale = (shown_width / width).clamp(0.05, 1.0);
        let (width, height) = ((width * scale).round(), (height * scale).round());
        // Setting a size, even the same, makes the canvas anew.
        if (f64::from(self.canvas.width()), f64::from(self.canvas.height())) != (width, height) {
            self.canvas.set_width(width as u32);
            self.canvas.set_height(height as u32);
        }
        let (painted, media_s) = match upright.then(|| new_video_frame(video)).flatten() {
            Some(frame) => (self.paint_frame(&frame, width, height), Some(frame.timestamp() / 1e6)),
            None => {
                let context = &self.context;
                let drawn = context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, width, height);
                (drawn.is_ok(), None)
            }
        };
        self.canvas.set_hidden(!painted);
        media_s.filter(|_| painted)
    }

    fn paint_frame(&self, frame: &VideoFrame, width: f64, height: f64) -> bool {
        let painter: &CanvasPainter = self.context.unchecked_ref();
        let painted = painter.draw_video_frame(frame, 0.0, 0.0, width, height).is_ok();
        // The decoder has few frames to lend.
        frame.close();
        painted
    }

    /// Shows the video itself again.
    pub(crate) fn hide(&self) {
        if !self.canvas.hidden() {
            self.canvas.set_hidden(true);
        }
    }
}
