//! Files as cameras: demuxed by libavformat, paced by their own clock, played in a loop.

use super::file_tracks::FileTracks;
use super::guard::Guard;
use super::{RawUnit, Sink, SourceError};
use crate::libav::within_bytes;
use crate::pipeline::clock::Clock;
use crate::pipeline::pace::Pace;
use crate::pipeline::packet::Medium;
use ffmpeg::format::context::Input;
use ffmpeg_next as ffmpeg;
use sightline_shared::time::TIMESCALE;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Containers that are read: none that names other files or addresses (HLS, DASH, concat, SDP).
const FORMATS: &str = "mov,mp4,matroska,webm,avi,flv,live_flv,mpegts,mpeg,h264,hevc,ogg,obu,ivf,asf,wtv,mxf";
/// Time to open a file. A cut-off one on a network disk may never answer.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);
/// A film shorter than this is repeated once in this time and not oftener.
const SHORTEST_LOOP: i64 = TIMESCALE as i64;

/// Plays the file at `path` in a loop until `pace` says stop.
///
/// # Errors
/// Always ends with one: why.
pub fn run(path: &Path, sink: &mut dyn Sink, clock: &Arc<dyn Clock>, pace: &Arc<Pace>) -> SourceError {
    let guard = Guard::new(clock, pace);
    let input = match open(path, &guard) {
        Ok(input) => input,
        Err(error) => return error,
    };
    let tracks = match FileTracks::find(&input, "file") {
        Ok(tracks) => tracks,
        Err(error) => return error,
    };
    sink.connected("file");
    sink.parameters(tracks.params.clone());
    let film = Film { tracks: &tracks, read_limit: None, guard: &guard, clock: &**clock, pace };
    film.play_on(input, || open(path, &guard), sink)
}

/// Something with an end, played by its own clock, over and over.
pub(super) struct Film<'a> {
    pub(super) tracks: &'a FileTracks,
    /// How long one packet may take to come, and how many bytes.
    pub(super) read_limit: Option<(Duration, u64)>,
    pub(super) guard: &'a Guard,
    pub(super) clock: &'a dyn Clock,
    pub(super) pace: &'a Pace,
}

impl Film<'_> {
    /// Plays `input` until it is told to stop, opening it again where it cannot be wound back.
    pub(super) fn play_on(
        &self,
        mut input: Input,
        mut again: impl FnMut() -> Result<Input, SourceError>,
        sink: &mut dyn Sink,
    ) -> SourceError {
        let start = self.clock.now().0;
        let mut offset = 0;
        loop {
            let mut round =
                Round { film: self, offset, start, origin: None, given: None, newest: None, end: offset, frames: 0 };
            round.play(&mut input, sink);
            if self.pace.is_stopped() {
                return SourceError::new("ended", "The file was stopped.");
            }
            if round.frames == 0 {
                return SourceError::new("file", "The header promises video, but no picture is in it: it is cut off.");
            }
            offset = round.end.max(offset + SHORTEST_LOOP);
            if input.seek(0, ..).is_err() {
                match again() {
                    Ok(opened) => input = opened,
                    Err(error) => return error,
                }
            }
        }
    }

    fn read(&self, input: &mut Input) -> Result<ffmpeg::Packet, ffmpeg::Error> {
        let mut packet = ffmpeg::Packet::empty();
        match self.read_limit {
            None => packet.read(input)?,
            Some((limit, bytes)) => self.guard.within(limit, || within_bytes(bytes, || packet.read(input))).0.0?,
        }
        Ok(packet)
    }
}

fn open(path: &Path, guard: &Arc<Guard>) -> Result<Input, SourceError> {
    crate::libav::init();
    let wrong = |message: String| SourceError::new("file", message);
    let name = path.to_str().filter(|name| !name.contains('\0'));
    let name = name.ok_or_else(|| wrong("The file's name is not UTF-8.".into()))?;
    let facts = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => wrong(format!("There is no file {name}.")),
        std::io::ErrorKind::PermissionDenied => wrong(format!("Sightline may not read {name}: see its permissions.")),
        _ => wrong(format!("{name} cannot be read: {e}.")),
    })?;
    if !facts.is_file() {
        return Err(wrong(format!("{name} is not a file.")));
    }
    if facts.len() == 0 {
        return Err(wrong(format!("{name} is empty.")));
    }
    let options: ffmpeg::Dictionary<'_> =
        [("protocol_whitelist", "file"), ("format_whitelist", FORMATS)].into_iter().collect();
    let url = format!("file:{name}");
    let opened = guard
        .within(OPEN_TIMEOUT, || ffmpeg::format::input_with_interrupt_and_dictionary(&url, guard.interrupt(), options));
    opened.0.map_err(|e| {
        tracing::debug!("{name}: {e}");
        wrong(format!("{name} is not a video file that can be read, or it is cut off at its start."))
    })
}

/// One way through the file.
struct Round<'a> {
    film: &'a Film<'a>,
    /// What this round adds to the file's own times.
    offset: i64,
    /// When the first round began, on the monotonic axis.
    start: Duration,
    /// The first decoding time in the file.
    origin: Option<i64>,
    /// The newest decoding time that the file gave.
    given: Option<i64>,
    /// When the newest frame was due.
    newest: Option<i64>,
    /// The end of the last frame so far, with the offset.
    end: i64,
    frames: u64,
}

impl Round<'_> {
    fn play(&mut self, input: &mut Input, sink: &mut dyn Sink) {
        let mut errors = 0;
        loop {
            let packet = match self.film.read(input) {
                Ok(packet) => packet,
                Err(ffmpeg::Error::Eof | ffmpeg::Error::Exit) => return,
                Err(_) if errors > 100 => return,
                Err(_) => {
                    errors += 1;
                    continue;
                }
            };
            errors = 0;
            let index = packet.stream();
            let base = input.stream(index).map(|s| s.time_base());
            let (Some(base), Some(data)) = (base, packet.data()) else { continue };
            let scale = |time: i64| scale(time, base.numerator(), base.denominator());
            let (pts, dts) = (packet.pts().map(scale), packet.dts().map(scale));
            if index == self.film.tracks.video {
                if !self.video(data, packet.is_key(), pts, dts, sink) {
                    return;
                }
            } else if Some(index) == self.film.tracks.audio {
                self.audio(data, pts, scale(packet.duration()), sink);
            }
        }
    }

    fn video(&mut self, data: &[u8], marked: bool, pts: Option<i64>, dts: Option<i64>, sink: &mut dyn Sink) -> bool {
        let Film { tracks, clock, pace, .. } = *self.film;
        let origin = *self.origin.get_or_insert(dts.or(pts).unwrap_or(0));
        let given = dts.map(|time| time - origin);
        // Files whose times stand still (every stts entry 0) are played at their claimed rate, and by it alone.
        let stands_still = given.is_some() && given <= self.given;
        self.given = given.or(self.given);
        let next = self.newest.map_or(0, |newest| newest + tracks.interval);
        let due = match given {
            Some(time) if !stands_still => time.max(self.newest.unwrap_or(0)),
            _ => next,
        };
        self.newest = Some(due);
        let Some(data) = tracks.access_unit(data) else { return true };
        if !pace.wait_until(clock, self.start + duration(self.offset + due)) {
            return false;
        }
        let shown = if stands_still { due } else { pts.map_or(due, |pts| pts - origin) };
        self.end = self.end.max(self.offset + shown + tracks.interval);
        self.frames += 1;
        let key = tracks.is_key(marked, &data);
        let time = self.offset + shown;
        sink.unit(RawUnit { medium: Medium::Video, time, key, data, arrived: clock.now(), lost: false });
        true
    }

    fn audio(&mut self, data: &[u8], pts: Option<i64>, duration: i64, sink: &mut dyn Sink) {
        let (Some(pts), Some(origin)) = (pts, self.origin) else { return };
        let time = self.offset + pts - origin;
        self.end = self.end.max(time + duration);
        let data = self.film.tracks.sound(data);
        let arrived = self.film.clock.now();
        sink.unit(RawUnit { medium: Medium::Audio, time, key: true, data, arrived, lost: false });
    }
}

pub(super) fn scale(time: i64, numerator: i32, denominator: i32) -> i64 {
    let ticks = i128::from(time) * i128::from(numerator) * i128::from(TIMESCALE) / i128::from(denominator.max(1));
    ticks.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
}

pub(super) fn duration(ticks: i64) -> Duration {
    Duration::from_micros(u64::try_from(ticks).unwrap_or(0) * 100 / 9)
}
