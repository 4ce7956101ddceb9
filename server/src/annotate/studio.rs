//! From a frame and its tracks to the output: resized, turned upright, drawn on, encoded.

use super::brush::{Brush, BrushError};
use super::film::Film;
use super::lines::LineWriter;
use super::rows::RowWriter;
use super::{AnnotateError, Looked, Report};
use crate::device::{Bus, Seat};
use crate::encode::{self, EncodeError, Encoded, Encoder, EncoderPlan, PictureFacts, Planned, Purpose};
use crate::picture::turn;
use crate::pipeline::frame::{Frame, Input, PixelFormat, Samples, VecPicture};
use crate::process::{ProcessError, Resizer};
use sightline_shared::draw::{Item, Layers, Scene, Shape, draw_list};
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::time::{Pts, TIMESCALE};
use sightline_shared::tracks::Tracks;
use sightline_shared::trails::Trails;

/// Everything behind the tracker.
pub(super) struct Studio {
    asked: EncoderSettings,
    fps: f64,
    /// The input's time at which the output begins, in 90 kHz.
    from: i64,
    film: Film,
    notes: Notes,
    sheet: Sheet,
    trails: Trails,
    desk: Option<Desk>,
    resizer: Resizer,
    sideways: Option<[turn::Plane; 3]>,
    brush: Brush,
    /// Why the device does not encode.
    instead: Option<String>,
    /// When the next frame is due, where frames are left out.
    due: Option<i64>,
    frames: u64,
    boxes: u64,
    first: i64,
    newest: i64,
}

/// What is drawn, and who may encode.
pub(super) struct Sheet {
    pub(super) seat: Seat,
    pub(super) layers: Layers,
    pub(super) show_time: bool,
}

/// Where what was found is written down.
pub(super) struct Notes {
    pub(super) lines: Option<LineWriter>,
    pub(super) rows: Option<RowWriter>,
}

/// What is known once the first picture has come.
struct Desk {
    encoder: Box<dyn Encoder>,
    plan: EncoderPlan,
    /// Ticks from one frame of the output to the next.
    interval: i64,
}

impl Studio {
    pub(super) fn new(
        asked: EncoderSettings,
        (facts, from): (PictureFacts, i64),
        film: Film,
        notes: Notes,
        sheet: Sheet,
    ) -> Self {
        Self {
            asked,
            fps: facts.fps,
            from,
            film,
            notes,
            sheet,
            trails: Trails::default(),
            desk: None,
            resizer: Resizer::default(),
            sideways: None,
            brush: Brush::default(),
            instead: None,
            due: None,
            frames: 0,
            boxes: 0,
            first: 0,
            newest: 0,
        }
    }

    /// Frames so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Takes the next frame.
    pub(super) fn picture(&mut self, looked: Looked) -> Result<(), AnnotateError> {
        let frame = &looked.frame;
        if self.is_left_out(frame.pts) {
            return Ok(());
        }
        if self.frames == 0 {
            self.first = frame.pts.0;
            self.desk = Some(self.set_up(frame)?);
        }
        self.write(frame, &looked.tracks)?;
        if let Some(lines) = &mut self.notes.lines {
            lines.write(self.frames, &looked)?;
        }
        if let Some(rows) = &mut self.notes.rows {
            rows.write(self.frames, &looked)?;
        }
        self.boxes += looked.tracks.tracks.len() as u64;
        self.newest = frame.pts.0;
        self.frames += 1;
        Ok(())
    }

    /// Takes a packet of sound.
    pub(super) fn sound(&mut self, track: usize, packet: ffmpeg_next::Packet) -> Result<(), AnnotateError> {
        self.film.sound(track, packet)
    }

    /// With `--fps` frames are left out, never made.
    fn is_left_out(&mut self, pts: Pts) -> bool {
        let Some(fps) = self.asked.fps.filter(|fps| *fps < self.fps) else { return false };
        let interval = (f64::from(TIMESCALE) / fps).round() as i64;
        // A frame that is a quarter early is taken: times are rounded, and the next one would be later than this is early.
        if self.due.is_some_and(|due| pts.0 < due - interval / 4) {
            return true;
        }
        self.due = Some(self.due.map_or(pts.0, |due| due.max(pts.0 - interval)) + interval);
        false
    }

    fn set_up(&mut self, frame: &Frame) -> Result<Desk, AnnotateError> {
        let turned = !frame.rotation.is_multiple_of(180);
        let (across, down) = frame.sample_aspect;
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let (width, height) = (side(frame.width), side(frame.height));
        let facts = PictureFacts {
            width: if turned { height } else { width },
            height: if turned { width } else { height },
            rotation: 0,
            sample_aspect: if turned { (down, across) } else { (across, down) },
            fps: self.fps,
            colour: frame.colour,
        };
        let draws = self.sheet.layers.any() || self.sheet.show_time;
        let mut avoid = if draws { self.brush.why_not_on_device(&self.sheet.seat) } else { None };
        let (encoder, plan) = loop {
            let seat = &self.sheet.seat;
            let Planned { plan, instead } =
                encode::plan_on(&self.asked, &facts, Purpose::File, seat, avoid.as_deref())?;
            match encode::open(&plan, seat) {
                Ok(encoder) => {
                    self.instead = instead;
                    break (encoder, plan);
                }
                Err(EncodeError::Device { reason, .. }) if avoid.is_none() => avoid = Some(reason),
                Err(e) => return Err(AnnotateError::Failed(e.to_string())),
            }
        };
        let interval = (f64::from(TIMESCALE) / plan.fps).round() as i64;
        Ok(Desk { encoder, plan, interval })
    }

    fn write(&mut self, frame: &Frame, tracks: &Tracks) -> Result<(), AnnotateError> {
        let Some(desk) = &mut self.desk else { return Ok(()) };
        let size = (desk.plan.width as f32, desk.plan.height as f32);
        self.trails.push(tracks);
        let scene = Scene { trails: Some(&self.trails), ..tracks.into() };
        let mut list = draw_list(scene, size.0, size.1, self.sheet.layers);
        if self.sheet.show_time {
            list.push(clock(frame.pts));
        }
        if !(list.is_empty() && frame.rotation == 0 && desk.encoder.take(frame)) {
            let mut picture = desk.encoder.input();
            let bus = self.sheet.seat.bus();
            fill(frame, &mut picture, &mut self.resizer, &mut self.sideways, bus).map_err(unfilled)?;
            self.brush.draw(&mut picture, desk.plan.colour, &list).map_err(undrawn)?;
        }
        let units = desk.encoder.encode(frame.pts.0 - self.from, false).map_err(unencoded)?;
        give(&mut self.film, &units, desk)
    }

    /// What people should know of the encoder.
    pub(super) fn note(&self) -> Option<String> {
        self.instead.as_ref().map(|reason| format!("The device does not encode: {reason}"))
    }

    /// Ends encoder and files.
    pub(super) fn finish(mut self, report: &mut Report) -> Result<(), AnnotateError> {
        if let Some(desk) = &mut self.desk {
            let units = desk.encoder.flush().map_err(unencoded)?;
            give(&mut self.film, &units, desk)?;
            report.encoder = desk.encoder.describe();
            report.size = (desk.plan.width, desk.plan.height);
            report.seconds = (self.newest - self.first + desk.interval) as f64 / f64::from(TIMESCALE);
        }
        report.frames = self.frames;
        report.boxes = self.boxes;
        report.sound = self.film.sound_names();
        self.film.finish()?;
        self.notes.rows.map_or(Ok(()), RowWriter::finish)?;
        self.notes.lines.map_or(Ok(()), LineWriter::finish)
    }
}

fn sentence(error: &dyn std::fmt::Display) -> String {
    format!("{}.", error.to_string().trim_end_matches('.'))
}

fn unfilled(error: ProcessError) -> AnnotateError {
    match error {
        ProcessError::Device(_) => AnnotateError::Device(sentence(&error)),
        other => AnnotateError::Failed(sentence(&other)),
    }
}

fn undrawn(error: BrushError) -> AnnotateError {
    match error {
        BrushError::Device(_) => AnnotateError::Device(sentence(&error)),
        other => AnnotateError::Failed(sentence(&other)),
    }
}

fn unencoded(error: EncodeError) -> AnnotateError {
    match error {
        EncodeError::Device { reason, .. } => AnnotateError::Device(reason),
        other => AnnotateError::Failed(sentence(&other)),
    }
}

fn give(film: &mut Film, units: &[Encoded], desk: &Desk) -> Result<(), AnnotateError> {
    units.iter().try_for_each(|unit| film.video(unit, &desk.plan, desk.interval))
}

/// Writes `frame` into `to`, in its size and upright.
fn fill(
    frame: &Frame,
    to: &mut Input<'_>,
    resizer: &mut Resizer,
    sideways: &mut Option<[turn::Plane; 3]>,
    bus: &Bus,
) -> Result<(), ProcessError> {
    if frame.rotation == 0 {
        return resizer.fill(frame, to, bus);
    }
    let (width, height) = match to {
        Input::Host(picture) => (picture.width, picture.height),
        Input::Device(picture) => (picture.size().0 as usize, picture.size().1 as usize),
    };
    let turned = !frame.rotation.is_multiple_of(180);
    let (across, down) = if turned { (height, width) } else { (width, height) };
    let planes = sideways.get_or_insert_with(|| turn::empty(across, down));
    resizer.run(frame, &mut turn::picture_mut(planes, across, down))?;
    match to {
        Input::Host(picture) => {
            turn::turn_into(planes, (across, down), frame.rotation, picture);
            Ok(())
        }
        Input::Device(_) => {
            // No kernel turns pictures: cameras that hang upside down are few.
            let mut upright = turn::empty(width, height);
            let mut picture = turn::picture_mut(&mut upright, width, height);
            turn::turn_into(planes, (across, down), frame.rotation, &mut picture);
            let samples = Samples::Host(Box::new(VecPicture { planes: upright.into() }));
            resizer.fill(&frame.with_samples(samples, PixelFormat::I420, (width, height)), to, bus)
        }
    }
}

/// The time in the input as a label in the upper left corner.
fn clock(pts: Pts) -> Item {
    let millis = pts.0.max(0) / 90;
    let (seconds, minutes, hours) = (millis / 1000 % 60, millis / 60_000 % 60, millis / 3_600_000);
    let text = Some(format!("{hours}:{minutes:02}:{seconds:02}.{:03}", millis % 1000));
    let shape = Shape::Box { x: 8.0, y: 8.0, width: 0.0, height: 0.0, dashed: false };
    Item { shape, stroke: 0.0, colour: 0xff_ffff, text }
}
