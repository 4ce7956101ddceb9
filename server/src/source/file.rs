//! Files as cameras: demuxed by libavformat, paced by their own clock, played in a loop.

use super::file_tracks::FileTracks;
use super::{RawUnit, Sink, SourceError};
use crate::pipeline::clock::Clock;
use crate::pipeline::pace::Pace;
use crate::pipeline::packet::Medium;
use bytes::Bytes;
use ffmpeg::format::context::Input;
use ffmpeg_next as ffmpeg;
use sightline_shared::time::TIMESCALE;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
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
    let mut input = match open(path, clock, pace) {
        Ok(input) => input,
        Err(error) => return error,
    };
    let tracks = match FileTracks::find(&input) {
        Ok(tracks) => tracks,
        Err(error) => return error,
    };
    sink.connected("file");
    sink.parameters(tracks.params.clone());
    let start = clock.now().0;
    let mut offset = 0;
    loop {
        let mut round =
            Round { tracks: &tracks, offset, start, origin: None, given: None, newest: None, end: offset, frames: 0 };
        round.play(&mut input, sink, &**clock, pace);
        if pace.is_stopped() {
            return SourceError::new("ended", "The file was stopped.");
        }
        if round.frames == 0 {
            return SourceError::new(
                "file",
                "The file's header promises video, but no picture is in it: it is cut off.",
            );
        }
        offset = round.end.max(offset + SHORTEST_LOOP);
        if input.seek(0, ..).is_err() {
            match open(path, clock, pace) {
                Ok(again) => input = again,
                Err(error) => return error,
            }
        }
    }
}

fn open(path: &Path, clock: &Arc<dyn Clock>, pace: &Arc<Pace>) -> Result<Input, SourceError> {
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
    let (opening, stop) = (Arc::new(Mutex::new(Some(clock.now()))), pace.clone());
    let (deadline, now) = (opening.clone(), clock.clone());
    let interrupt = move || {
        let opening = *deadline.lock().unwrap_or_else(PoisonError::into_inner);
        stop.is_stopped() || opening.is_some_and(|since| now.now().since(since) > OPEN_TIMEOUT)
    };
    let opened = ffmpeg::format::input_with_interrupt_and_dictionary(&format!("file:{name}"), interrupt, options)
        .map_err(|e| {
            tracing::debug!("{name}: {e}");
            wrong(format!("{name} is not a video file that can be read, or it is cut off at its start."))
        });
    *opening.lock().unwrap_or_else(PoisonError::into_inner) = None;
    opened
}

/// One way through the file.
struct Round<'a> {
    tracks: &'a FileTracks,
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
    fn play(&mut self, input: &mut Input, sink: &mut dyn Sink, clock: &dyn Clock, pace: &Pace) {
        let mut errors = 0;
        loop {
            let mut packet = ffmpeg::Packet::empty();
            match packet.read(input) {
                Ok(()) => errors = 0,
                Err(ffmpeg::Error::Eof | ffmpeg::Error::Exit) => return,
                Err(_) if errors > 100 => return,
                Err(_) => {
                    errors += 1;
                    continue;
                }
            }
            let index = packet.stream();
            let base = input.stream(index).map(|s| s.time_base());
            let (Some(base), Some(data)) = (base, packet.data()) else { continue };
            let scale = |time: i64| scale(time, base.numerator(), base.denominator());
            let (pts, dts) = (packet.pts().map(scale), packet.dts().map(scale));
            if index == self.tracks.video {
                if !self.video(data, packet.is_key(), pts, dts, sink, clock, pace) {
                    return;
                }
            } else if Some(index) == self.tracks.audio {
                self.audio(data, pts, scale(packet.duration()), sink, clock);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one packet, taken apart")]
    fn video(
        &mut self,
        data: &[u8],
        marked: bool,
        pts: Option<i64>,
        dts: Option<i64>,
        sink: &mut dyn Sink,
        clock: &dyn Clock,
        pace: &Pace,
    ) -> bool {
        let origin = *self.origin.get_or_insert(dts.or(pts).unwrap_or(0));
        let given = dts.map(|time| time - origin);
        // Files whose times stand still (every stts entry 0) are played at their claimed rate, and by it alone.
        let stands_still = given.is_some() && given <= self.given;
        self.given = given.or(self.given);
        let next = self.newest.map_or(0, |newest| newest + self.tracks.interval);
        let due = match given {
            Some(time) if !stands_still => time.max(self.newest.unwrap_or(0)),
            _ => next,
        };
        self.newest = Some(due);
        let Some(data) = self.tracks.access_unit(data) else { return true };
        if !pace.wait_until(clock, self.start + duration(self.offset + due)) {
            return false;
        }
        let shown = if stands_still { due } else { pts.map_or(due, |pts| pts - origin) };
        self.end = self.end.max(self.offset + shown + self.tracks.interval);
        self.frames += 1;
        let key = self.tracks.is_key(marked, &data);
        let time = self.offset + shown;
        sink.unit(RawUnit { medium: Medium::Video, time, key, data, arrived: clock.now(), lost: false });
        true
    }

    fn audio(&mut self, data: &[u8], pts: Option<i64>, duration: i64, sink: &mut dyn Sink, clock: &dyn Clock) {
        let (Some(pts), Some(origin)) = (pts, self.origin) else { return };
        let time = self.offset + pts - origin;
        self.end = self.end.max(time + duration);
        let data = Bytes::copy_from_slice(data);
        sink.unit(RawUnit { medium: Medium::Audio, time, key: true, data, arrived: clock.now(), lost: false });
    }
}

fn scale(time: i64, numerator: i32, denominator: i32) -> i64 {
    let ticks = i128::from(time) * i128::from(numerator) * i128::from(TIMESCALE) / i128::from(denominator.max(1));
    ticks.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
}

fn duration(ticks: i64) -> Duration {
    Duration::from_micros(u64::try_from(ticks).unwrap_or(0) * 100 / 9)
}
