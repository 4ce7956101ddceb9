//! What is read: a file or an address by libavformat, its video decoded, its sound as it is.

use super::on_device::FileDecoder;
use super::place::short;
use super::{AnnotateError, Item, Options};
use crate::decode::DecodeError;
use crate::decode::packets::{TrackClock, rescaled};
use crate::device::Seat;
use crate::encode::PictureFacts;
use crate::libav;
use crate::pipeline::frame::{Colour, Frame};
use crate::source::file_tracks;
use ffmpeg::format::context::Input as Container;
use ffmpeg::media::Type;
use ffmpeg_next as ffmpeg;
use sightline_shared::time::TIMESCALE;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

/// Containers that are read from files: none that names other files or addresses (HLS, DASH, concat, SDP).
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpegts,mpeg,mpegvideo,h264,hevc,ogg,obu,\
    ivf,asf,wtv,mxf,m4v,mjpeg,nut,dv,yuv4mpegpipe,gif,rm,vob";
/// Schemes of addresses, what libavformat may open for each, and whether what comes has an end.
const SCHEMES: [(&str, &str, bool); 8] = [
    ("http", "http,tcp,tls,https,httpproxy,crypto,hls", true),
    ("https", "http,tcp,tls,https,httpproxy,crypto,hls", true),
    ("rtsp", "rtsp,rtp,udp,tcp", false),
    ("rtsps", "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto", false),
    ("rtmp", "rtmp,tcp", false),
    ("rtmps", "rtmp,rtmps,tcp,tls", false),
    ("srt", "srt,udp", false),
    ("rtp", "rtp,udp", false),
];
/// Faults of reading in a row that are passed over.
const MAX_FAULTS: u32 = 100;

/// A track of sound that is copied.
pub(super) struct Sound {
    pub(super) index: usize,
    pub(super) parameters: ffmpeg::codec::Parameters,
    pub(super) base: ffmpeg::Rational,
}

/// How reading ended.
#[derive(Default)]
pub(super) struct End {
    damaged: u64,
    /// What decoded last, and why that is not the device; empty where reading was broken off.
    pub(super) decoder: String,
    instead: Option<String>,
    /// The first thing that was wrong.
    pub(super) wrong: Option<String>,
}

/// An open input.
pub(super) struct Input {
    container: Container,
    decoder: FileDecoder,
    video: usize,
    sounds: Vec<Sound>,
    facts: PictureFacts,
    /// Added to the container's times, in 90 kHz.
    shift: i64,
    /// The first and the end of what is taken, in 90 kHz from the start of the input.
    from: i64,
    to: i64,
    seconds: Option<f64>,
    cancel: Arc<AtomicBool>,
}

impl Input {
    pub(super) fn open(options: &Options, seat: &Seat, cancel: &Arc<AtomicBool>) -> Result<Self, AnnotateError> {
        let (mut container, clocked) = container(options, cancel)?;
        let wrong = |why: String| AnnotateError::Input(format!("{}: {why}", short(&options.input)));
        let video = container.streams().best(Type::Video).ok_or_else(|| wrong("there is no video in it.".into()))?;
        let start = libav::input_start(&container).unwrap_or(0);
        // Broadcast and live clocks begin anywhere; a file's begin is where its author put it.
        let shift = if clocked { -rescaled(start, 1, 1_000_000) } else { 0 };
        let rate = video.avg_frame_rate();
        let fps = f64::from(rate.numerator()) / f64::from(rate.denominator().max(1));
        let fps = if (0.1..=1000.0).contains(&fps) { fps } else { 25.0 };
        let facts = libav::track_facts(&video.parameters());
        let aspect = (u32::try_from(facts.sample_aspect.0), u32::try_from(facts.sample_aspect.1));
        let clock = TrackClock {
            base: (video.time_base().numerator(), video.time_base().denominator()),
            shift,
            interval: (f64::from(TIMESCALE) / fps).round() as i64,
            rotation: file_tracks::rotation(&video),
            sample_aspect: match aspect {
                (Ok(across), Ok(down)) if across > 0 && down > 0 => Some((across, down)),
                _ => None,
            },
        };
        let decoder = FileDecoder::open(&container, video.parameters(), clock, seat);
        let decoder = decoder.map_err(|e| wrong(e.to_string()))?;
        let sounds = container.streams().filter(|s| s.parameters().medium() == Type::Audio).map(|stream| Sound {
            index: stream.index(),
            parameters: libav::without_tag(&stream.parameters()),
            base: stream.time_base(),
        });
        let (video, sounds) = (video.index(), sounds.collect());
        let from = ticks(options.start_s);
        if from > 0 {
            // Where it cannot be sought, what comes before is decoded and left out.
            let target = (options.start_s * 1e6) as i64 + if clocked { start } else { 0 };
            let _ = container.seek(target, ..target);
        }
        let all = (container.duration() > 0).then(|| container.duration() as f64 / 1e6 - options.start_s);
        let seconds = match (all, options.duration_s) {
            (Some(all), Some(asked)) => Some(all.min(asked)),
            (all, asked) => asked.or(all),
        };
        Ok(Self {
            container,
            decoder,
            video,
            sounds,
            facts: PictureFacts {
                width: 0,
                height: 0,
                rotation: 0,
                sample_aspect: (1, 1),
                fps,
                colour: Colour::default(),
            },
            shift,
            from,
            to: options.duration_s.map_or(i64::MAX, |duration| from.saturating_add(ticks(duration))),
            seconds: seconds.map(|seconds| seconds.max(0.0)),
            cancel: cancel.clone(),
        })
    }

    pub(super) fn sounds(&self) -> &[Sound] {
        &self.sounds
    }

    /// What is known before the first picture: its rate. The rest is the picture's to say.
    pub(super) fn facts(&self) -> (PictureFacts, i64) {
        (self.facts, self.from)
    }

    pub(super) fn decoder_name(&self) -> String {
        self.decoder.describe()
    }

    pub(super) fn seconds(&self) -> Option<f64> {
        self.seconds
    }

    pub(super) fn first(&self) -> i64 {
        self.from
    }

    /// Reads to the end and gives everything on; a closed channel ends it.
    pub(super) fn run(mut self, to: &SyncSender<Item<Frame>>) -> Result<End, AnnotateError> {
        let (mut end, mut faults, mut frames, mut over) = (End::default(), 0, Vec::new(), false);
        loop {
            let mut packet = ffmpeg::Packet::empty();
            match packet.read(&mut self.container) {
                Ok(()) => faults = 0,
                Err(ffmpeg::Error::Eof) => break,
                Err(_) if self.cancel.load(Ordering::Relaxed) => return Err(AnnotateError::Cancelled),
                Err(e) => {
                    faults += 1;
                    end.wrong.get_or_insert_with(|| format!("reading fails: {e}"));
                    if faults > MAX_FAULTS || e == ffmpeg::Error::Exit {
                        break;
                    }
                    continue;
                }
            }
            if packet.stream() == self.video && over {
                if self.is_far_beyond(&packet) {
                    return Ok(end);
                }
            } else if packet.stream() == self.video {
                let decoded = self.decoder.decode(&packet, &mut frames);
                note(decoded, &mut end);
                // Sound of the same time may stand behind the picture.
                over = !self.give(&mut frames, to);
                if over && (self.sounds.is_empty() || self.cancel.load(Ordering::Relaxed)) {
                    return Ok(end);
                }
            } else if let Some(track) = self.sounds.iter().position(|sound| sound.index == packet.stream())
                && !self.sound(track, packet, to)
            {
                return Ok(end);
            }
        }
        if !over {
            note(self.decoder.flush(&mut frames), &mut end);
            self.give(&mut frames, to);
        }
        end.decoder = self.decoder.describe();
        end.instead = self.decoder.instead().map(str::to_owned);
        Ok(end)
    }

    /// A second behind the end there is no sound of before it any more: containers are interleaved more closely.
    fn is_far_beyond(&self, packet: &ffmpeg::Packet) -> bool {
        let base = self.container.stream(self.video).map(|stream| stream.time_base());
        let Some((base, dts)) = base.zip(packet.dts().or(packet.pts())) else { return false };
        let at = rescaled(dts, base.numerator(), base.denominator()) + self.shift;
        at > self.to.saturating_add(i64::from(TIMESCALE))
    }

    /// False once the part that is taken is over, or nobody takes any more.
    fn give(&self, frames: &mut Vec<Frame>, to: &SyncSender<Item<Frame>>) -> bool {
        for frame in frames.drain(..) {
            if self.cancel.load(Ordering::Relaxed) || frame.pts.0 >= self.to {
                return false;
            }
            if frame.pts.0 >= self.from && to.send(Item::Picture(frame)).is_err() {
                return false;
            }
        }
        true
    }

    fn sound(&self, track: usize, mut packet: ffmpeg::Packet, to: &SyncSender<Item<Frame>>) -> bool {
        let base = self.sounds[track].base;
        let Some(pts) = packet.pts().or(packet.dts()) else { return true };
        let at = rescaled(pts, base.numerator(), base.denominator()) + self.shift;
        let end = at + rescaled(packet.duration().max(1), base.numerator(), base.denominator());
        if at >= self.to || (self.from > 0 && end <= self.from) {
            return true;
        }
        // Back into the track's own clock, which is finer than 90 kHz for some.
        let moved = self.shift - self.from;
        let own = i128::from(moved) * i128::from(base.denominator())
            / (i128::from(TIMESCALE) * i128::from(base.numerator().max(1)));
        let own = own as i64;
        packet.set_pts(Some(pts + own));
        packet.set_dts(Some(packet.dts().unwrap_or(pts) + own));
        to.send(Item::Sound(track, packet)).is_ok()
    }
}

impl End {
    /// What people should know.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(reason) = &self.instead {
            notes.push(format!("The device does not decode: {reason}"));
        }
        match (self.damaged, &self.wrong) {
            (0, Some(wrong)) => notes.push(format!("The input ends early: {wrong}.")),
            (damaged, Some(wrong)) => notes
                .push(format!("{damaged} packets of the input are damaged and were passed over; the first: {wrong}.")),
            _ => {}
        }
        notes
    }
}

fn note(decoded: Result<(), DecodeError>, end: &mut End) {
    if let Err(e) = decoded {
        end.damaged += 1;
        end.wrong.get_or_insert_with(|| e.to_string());
    }
}

fn ticks(seconds: f64) -> i64 {
    (seconds * f64::from(TIMESCALE)).round() as i64
}

/// Opens what is to be read; true where its clock begins anywhere.
fn container(options: &Options, cancel: &Arc<AtomicBool>) -> Result<(Container, bool), AnnotateError> {
    libav::init();
    let wrong = AnnotateError::Input;
    let (name, protocols, formats) = match scheme(&options.input) {
        Some(&(_, protocols, has_end)) => {
            if !has_end && options.duration_s.is_none() {
                let name = short(&options.input);
                return Err(AnnotateError::Usage(format!("{name} has no end: say with --duration how many seconds.")));
            }
            (options.input.clone(), protocols, None)
        }
        None => (format!("file:{}", file(Path::new(&options.input))?), "file", Some(FORMATS)),
    };
    let mut dictionary = ffmpeg::Dictionary::new();
    dictionary.set("protocol_whitelist", protocols);
    if let Some(formats) = formats {
        dictionary.set("format_whitelist", formats);
    }
    let stop = cancel.clone();
    let interrupt = move || stop.load(Ordering::Relaxed);
    let opened = ffmpeg::format::input_with_interrupt_and_dictionary(&name, interrupt, dictionary);
    let shown = short(&options.input);
    let opened = opened.map_err(|e| match formats {
        _ if cancel.load(Ordering::Relaxed) => AnnotateError::Cancelled,
        Some(_) => wrong(format!("{shown} is not a video file that can be read, or it is cut off at its start: {e}.")),
        None => wrong(format!("{shown} cannot be opened: {e}.")),
    })?;
    let format = opened.format().name().to_owned();
    let clocked = formats.is_none() || ["mpegts", "mpeg"].contains(&format.as_str());
    Ok((opened, clocked))
}

fn scheme(input: &str) -> Option<&'static (&'static str, &'static str, bool)> {
    let (scheme, _) = input.split_once("://")?;
    SCHEMES.iter().find(|(known, ..)| scheme.eq_ignore_ascii_case(known))
}

/// The name of a file that can be read.
fn file(path: &Path) -> Result<&str, AnnotateError> {
    let shown = short(&path.display().to_string());
    let wrong = |why: String| AnnotateError::Input(why);
    if let Some((scheme, _)) = shown.split_once("://") {
        let known: Vec<_> = SCHEMES.iter().map(|(known, ..)| *known).collect();
        return Err(wrong(format!(
            "Addresses that begin with {scheme}: are not read; these are: {}.",
            known.join(", ")
        )));
    }
    let facts = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => wrong(format!("There is no file {shown}.")),
        std::io::ErrorKind::PermissionDenied => wrong(format!("Sightline may not read {shown}: see its permissions.")),
        _ => wrong(format!("{shown} cannot be read: {e}.")),
    })?;
    if facts.is_dir() {
        return Err(wrong(format!("{shown} is a folder.")));
    }
    if facts.is_file() && facts.len() == 0 {
        return Err(wrong(format!("{shown} is empty.")));
    }
    path.to_str().filter(|name| !name.contains('\0')).ok_or_else(|| wrong(format!("The name {shown} is not UTF-8.")))
}
