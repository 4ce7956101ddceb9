//! One picture of a file or an address, decoded as `annotate` decodes it.

use super::input::Input;
use super::{AnnotateError, Boxes, Item, Options};
use crate::device::Seat;
use crate::pipeline::frame::Frame;
use sightline_shared::draw::Layers;
use sightline_shared::encoder::EncoderSettings;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;

/// The first picture from `start_s` on, in host memory.
///
/// # Errors
/// It cannot be read, or has no picture there.
pub fn frame_at(input: &str, start_s: f64) -> Result<Frame, AnnotateError> {
    let options = Options {
        input: input.into(),
        output: PathBuf::new(),
        encoder: EncoderSettings::default(),
        start_s,
        duration_s: None,
        boxes: Boxes::None,
        layers: Layers::NONE,
        show_time: false,
        detections: None,
        mot: None,
        force: false,
        seat: Seat::none(),
    };
    let opened = Input::open(&options, &options.seat, &Arc::new(AtomicBool::new(false)))?;
    let (to, from) = sync_channel(1);
    let reader = std::thread::Builder::new().name("first-picture".into());
    let failed = |error: std::io::Error| AnnotateError::Failed(format!("no thread can be had: {error}."));
    let reading = reader.spawn(move || opened.run(&to)).map_err(failed)?;
    let first = from.iter().find_map(|item| match item {
        Item::Picture(frame) => Some(frame),
        Item::Sound(..) => None,
    });
    // A closed channel ends the reading.
    drop(from);
    let ended = reading.join().map_err(|_| AnnotateError::Failed("reading failed.".into()))?;
    match first {
        Some(frame) => Ok(frame),
        None => Err(ended
            .err()
            .unwrap_or_else(|| AnnotateError::Input(format!("{input}: there is no picture at {start_s} s.")))),
    }
}
