//! A file through the same stages as a camera, as fast as it goes: decode, detect, track, draw, encode. Every edge blocks, nothing is dropped.
//!
//! `input.rs` reads and decodes on a thread of its own, `look.rs` detects and tracks on another, and `studio.rs` resizes, turns, draws and
//! encodes on the caller's; libavcodec and x264 bring their own threads. `film.rs` writes, `lines.rs` knows the JSONL, `mot.rs`, `mot_classes.rs` and `rows.rs` MOTChallenge text, `cli.rs` the arguments.

mod brush;
pub mod cli;
mod film;
mod first;
mod input;
pub mod lines;
mod look;
pub mod mot;
mod mot_classes;
mod on_device;
mod place;
pub mod rows;
mod studio;

pub use first::frame_at;

use crate::device::Seat;
use crate::encode::{self, Purpose, Refusal};
use crate::pipeline::batcher::Loader;
use crate::pipeline::detection::Detection;
use crate::pipeline::frame::Frame;
use ffmpeg_next as ffmpeg;
use film::Film;
use input::Input;
use lines::LineWriter;
use look::Looker;
use place::Place;
use rows::RowWriter;
use sightline_shared::camera::DetectSettings;
use sightline_shared::draw::Layers;
use sightline_shared::encoder::{Backend, EncoderSettings};
use sightline_shared::scene::ZoneCount;
use sightline_shared::time::{Pts, TIMESCALE};
use sightline_shared::tracks::{Track, Tracks};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use studio::{Notes, Sheet, Studio};

/// Pictures and packets of sound that wait between two threads; a picture of 4K takes 12 MB.
const EDGE: usize = 6;

/// What is to be done.
pub struct Options {
    /// A file, or an address.
    pub input: String,
    /// The file to be written: `.mp4`, `.mov` or `.mkv`.
    pub output: PathBuf,
    /// How it is encoded; width and height are those of the picture as shown.
    pub encoder: EncoderSettings,
    /// Seconds of the input that are left out.
    pub start_s: f64,
    /// Seconds that are taken; all where absent.
    pub duration_s: Option<f64>,
    /// Where boxes come from.
    pub boxes: Boxes,
    /// What of them is drawn.
    pub layers: Layers,
    /// Whether the time in the input is drawn.
    pub show_time: bool,
    /// Where what was found is written to, a line for every frame of the output.
    pub detections: Option<PathBuf>,
    /// Where tracks are written to as MOTChallenge text.
    pub mot: Option<PathBuf>,
    /// Whether files that are there already are overwritten.
    pub force: bool,
    /// The seat at the devices that may decode and encode.
    pub seat: Seat,
}

/// Where boxes come from.
pub enum Boxes {
    /// There are none.
    None,
    /// They are looked for in every frame; models come from the loader.
    Detect(DetectSettings, Arc<dyn Loader>),
    /// They are known already.
    Given(Open),
}

/// Begins to read tracks that are known.
pub type Open = Box<dyn Fn() -> Result<Box<dyn Given>, AnnotateError> + Send>;

/// What is known of a frame already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// What is in it.
    pub tracks: Vec<Track>,
    /// What zones had counted by then.
    pub counts: Vec<ZoneCount>,
}

/// Tracks that are known already.
pub trait Given: Send {
    /// Those of the frame at `pts` (90 kHz from the start of the input), whose picture as shown has `size` pixels. Asked once for every frame, in
    /// order.
    ///
    /// # Errors
    /// They cannot be read.
    fn known(&mut self, pts: Pts, size: (usize, usize)) -> Result<Known, AnnotateError>;
}

impl Given for HashMap<Pts, Vec<Track>> {
    fn known(&mut self, pts: Pts, _size: (usize, usize)) -> Result<Known, AnnotateError> {
        Ok(Known { tracks: self.remove(&pts).unwrap_or_default(), ..Known::default() })
    }
}

/// Why there is no output. Each is one line for people.
#[derive(Debug, thiserror::Error)]
pub enum AnnotateError {
    /// Options that contradict each other or are out of range.
    #[error("{0}")]
    Usage(String),
    /// The input cannot be read.
    #[error("{0}")]
    Input(String),
    /// The output cannot be written.
    #[error("{0}")]
    Output(String),
    /// A stage failed.
    #[error("{0}")]
    Failed(String),
    /// The device failed in the middle.
    #[error("{0}")]
    Device(String),
    /// Somebody asked for it to stop.
    #[error("Stopped before the end. Nothing was kept.")]
    Cancelled,
}

impl From<Refusal> for AnnotateError {
    fn from(refusal: Refusal) -> Self {
        Self::Usage(refusal.message)
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Frames done.
    pub frames: u64,
    /// Seconds of the input done.
    pub done_s: f64,
    /// Seconds to be done, where that is known.
    pub total_s: Option<f64>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Frames written.
    pub frames: u64,
    /// Their time in seconds.
    pub seconds: f64,
    /// Width and height of the output.
    pub size: (u32, u32),
    /// What decoded and what encoded.
    pub decoder: String,
    /// The same.
    pub encoder: String,
    /// Size of the output.
    pub bytes: u64,
    /// Boxes drawn or written, over all frames.
    pub boxes: u64,
    /// Codecs of the tracks of sound that were copied.
    pub sound: Vec<String>,
    /// What was left out, damaged or cut off: sentences.
    pub notes: Vec<String>,
}

/// What flows from thread to thread.
enum Item<T> {
    Picture(T),
    /// A packet of the n-th track of sound.
    Sound(usize, ffmpeg::Packet),
}

/// A frame and what is in it.
struct Looked {
    frame: Frame,
    tracks: Tracks,
    /// What the model said of it; `None` where it was not looked at.
    detections: Option<Vec<Detection>>,
}

/// Does what `options` say. `progress` is called after each frame; `cancel` set, it stops soon and leaves nothing behind.
///
/// Where the device fails in the middle it is done anew in software, from the first frame on: a file has the parameters of one encoder, and
/// what lies on a lost device cannot be had any more.
///
/// # Errors
/// See [`AnnotateError`]; nothing stands under the names of the outputs then that did not stand there before.
pub fn run(
    options: &Options,
    progress: &mut dyn FnMut(Progress),
    cancel: &Arc<AtomicBool>,
) -> Result<Report, AnnotateError> {
    encode::check(&options.encoder, Purpose::File)?;
    encode::have(&options.encoder, &options.seat)?;
    place::check(options)?;
    let reason = match once(options, &options.seat, progress, cancel) {
        Err(AnnotateError::Device(reason)) if options.encoder.backend != Some(Backend::Nvenc) => reason,
        done => return done,
    };
    let mut report = once(options, &Seat::none(), progress, cancel)?;
    let reason = reason.trim_end_matches('.');
    report.notes.insert(0, format!("The device failed, and everything was done anew in software: {reason}."));
    Ok(report)
}

/// From the first frame to the last.
fn once(
    options: &Options,
    seat: &Seat,
    progress: &mut dyn FnMut(Progress),
    cancel: &Arc<AtomicBool>,
) -> Result<Report, AnnotateError> {
    let input = Input::open(options, seat, cancel)?;
    let place = Place::reserve(&options.output, options.force)?;
    let (film, mut notes) = Film::create(&place, &options.output, encode::codec_of(&options.encoder), input.sounds())?;
    let beside = |path: &Option<PathBuf>| path.as_deref().map(|path| Place::reserve(path, options.force)).transpose();
    let (lines_place, rows_place) = (beside(&options.detections)?, beside(&options.mot)?);
    let lines = lines_place.as_ref().map(LineWriter::create).transpose()?;
    let rows = rows_place.as_ref().map(RowWriter::create).transpose()?;
    let looker = Looker::new(&options.boxes)?;
    let sheet = Sheet { seat: seat.clone(), layers: options.layers, show_time: options.show_time };
    let mut studio = Studio::new(options.encoder.clone(), input.facts(), film, Notes { lines, rows }, sheet);
    let mut report = Report { decoder: input.decoder_name(), ..Report::default() };
    let total_s = input.seconds();
    let first = input.first();
    let read = {
        let mut tell = |frames: u64, pts: Pts| {
            let done_s = (pts.0 - first) as f64 / f64::from(TIMESCALE);
            progress(Progress { frames, done_s, total_s });
        };
        stages(input, looker, &mut studio, &mut tell, cancel)?
    };
    if studio.frames() == 0 {
        let name = place::short(&options.input);
        let why = read.wrong.unwrap_or_else(|| "there is none in the part that was asked for".into());
        return Err(AnnotateError::Input(format!("No picture of {name} could be decoded: {why}.")));
    }
    notes.extend(read.notes());
    if !read.decoder.is_empty() {
        report.decoder.clone_from(&read.decoder);
    }
    notes.extend(studio.note());
    studio.finish(&mut report)?;
    place.keep(options.force)?;
    for place in [lines_place, rows_place].into_iter().flatten() {
        place.keep(options.force)?;
    }
    report.bytes = std::fs::metadata(&options.output).map_or(0, |facts| facts.len());
    report.notes = notes;
    Ok(report)
}

/// Runs the three threads to their end.
fn stages(
    input: Input,
    looker: Looker,
    studio: &mut Studio,
    tell: &mut dyn FnMut(u64, Pts),
    cancel: &AtomicBool,
) -> Result<input::End, AnnotateError> {
    thread::scope(|scope| {
        let no_thread =
            |e: std::io::Error| AnnotateError::Failed(format!("The operating system gives no thread: {e}."));
        let (to_look, read) = sync_channel(EDGE);
        let (to_studio, looked) = sync_channel(EDGE);
        let reader = thread::Builder::new().name("annotate-read".into());
        let reader = reader.spawn_scoped(scope, move || input.run(&to_look)).map_err(no_thread)?;
        let watcher = thread::Builder::new().name("annotate-look".into());
        let watcher = watcher.spawn_scoped(scope, move || looker.run(&read, &to_studio)).map_err(no_thread)?;
        let shown = show(studio, looked, tell, cancel);
        let broke_off = |_| AnnotateError::Failed("A stage broke off; this is a mistake in Sightline.".into());
        let (read, watched) = (reader.join().map_err(broke_off)?, watcher.join().map_err(broke_off)?);
        let end = read?;
        watched?;
        shown?;
        Ok(end)
    })
}

/// Takes the receiver, so that the others stop when this ends.
fn show(
    studio: &mut Studio,
    looked: Receiver<Item<Looked>>,
    tell: &mut dyn FnMut(u64, Pts),
    cancel: &AtomicBool,
) -> Result<(), AnnotateError> {
    for item in looked {
        if cancel.load(Ordering::Relaxed) {
            return Err(AnnotateError::Cancelled);
        }
        match item {
            Item::Picture(looked) => {
                let pts = looked.frame.pts;
                studio.picture(looked)?;
                tell(studio.frames(), pts);
            }
            Item::Sound(track, packet) => studio.sound(track, packet)?,
        }
    }
    if cancel.load(Ordering::Relaxed) { Err(AnnotateError::Cancelled) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
