//! Everything else that libavformat opens as a camera: HTTP (MPEG-TS, FLV, MP4, Motion JPEG), HLS, RTMP, rtsps, SRT, V4L2.
//!
//! Frames of a live stream are given on as they come. HLS brings them by the segment, seconds at once: they are given on by
//! their own clock. What has an end (a film over HTTP, an ended playlist) is played like a file, over and over.

use super::file::{Film, duration, scale};
use super::file_tracks::{FileTracks, is_carried};
use super::guard::Guard;
use super::network_error::{Clues, broke_off, not_opened, too_much};
pub use super::network_plan::Place;
use super::network_plan::{NetworkTerms, Plan};
use super::recode::{self, Mailbox, Recoder, Waiting};
use super::{Offered, RECODED, RawUnit, Sink, SourceError};
use crate::libav::within_bytes;
use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::pace::Pace;
use crate::pipeline::packet::Medium;
use ffmpeg::format::context::Input;
use ffmpeg::media::Type;
use ffmpeg::packet::side_data;
use ffmpeg_next as ffmpeg;
use std::sync::Arc;
use std::time::Duration;

/// Time to connect, to be let in and to see the first frames. The slowest cameras take 5 s.
const OPEN_LIMIT: Duration = Duration::from_secs(12);
/// Time for one packet. The watchdog of frames is faster; this one is for what comes without a picture in it.
const READ_LIMIT: Duration = Duration::from_secs(15);
/// Bytes that opening, or one packet, may take. A key frame of 8K has 4 MB, the index of a film of ten hours 8; a playlist of
/// this size is kept as a list of eight times as much.
const MOST_BYTES: u64 = 12 << 20;
/// Faults in a row after which a stream is given up.
const MAX_ERRORS: u32 = 50;
/// HLS: a frame that is due later than this is not early, but of another clock. Segments last 2 to 10 s.
const MAX_EARLY: Duration = Duration::from_secs(20);

/// Opens `place` and gives frames until the stream ends or breaks.
///
/// # Errors
/// Always ends with one: why.
pub fn run(
    place: Place<'_>,
    camera: &str,
    sink: &mut dyn Sink,
    clock: &Arc<dyn Clock>,
    pace: &Arc<Pace>,
) -> SourceError {
    let guard = Guard::new(clock, pace);
    let plan = match Plan::of(place) {
        Ok(plan) => plan,
        Err(error) => return error,
    };
    let input = match open(&plan, &guard) {
        Ok(input) => input,
        Err(error) => return error,
    };
    let session = Session { plan: &plan, guard: &guard, clock: &**clock, pace, camera };
    session.play(input, sink).unwrap_or_else(|error| error)
}

fn open(plan: &Plan, guard: &Arc<Guard>) -> Result<Input, SourceError> {
    let ((opened, full), late) = guard.within(OPEN_LIMIT, || {
        within_bytes(MOST_BYTES, || {
            crate::libav::open_address::<NetworkTerms, _>(&plan.url, plan.format, plan.dictionary(), guard.interrupt())
        })
    });
    opened.map_err(|error| {
        if full {
            return too_much(plan);
        }
        if guard.is_stopped() {
            return broke_off(ffmpeg::Error::Exit, plan, false);
        }
        let clues = guard.within(OPEN_LIMIT, || Clues::seek(error, plan, guard.interrupt())).0;
        not_opened(error, plan, late, clues)
    })
}

/// One connection.
struct Session<'a> {
    plan: &'a Plan,
    guard: &'a Arc<Guard>,
    clock: &'a dyn Clock,
    pace: &'a Arc<Pace>,
    camera: &'a str,
}

impl Session<'_> {
    /// Ends with `Ok` of the reason where the stream was played, with `Err` where it cannot be.
    fn play(&self, input: Input, sink: &mut dyn Sink) -> Result<SourceError, SourceError> {
        let format = input.format().name().to_owned();
        if format.contains("jpeg_pipe") {
            let words = format!(
                "{} gives a single picture, not video. Look up the make's address for video (Motion JPEG or RTSP).",
                self.plan.host
            );
            return Err(SourceError::new("no_video", words));
        }
        let nothing = || {
            let words = format!("{} answers, but nothing in its stream is video.", self.plan.host);
            SourceError::new("no_video", words)
        };
        let video = input.streams().best(Type::Video).ok_or_else(nothing)?;
        let (index, id) = (video.index(), video.parameters().id());
        sink.offered(offered(&input));
        if !is_carried(id) {
            return self.recode(input, index, &format, sink);
        }
        let mut tracks = FileTracks::find(&input, "stream").map_err(|e| SourceError::new("codec", e.message))?;
        // What a short look saw is no promise: B-frames may come later.
        tracks.params.video.reorder = tracks.params.video.reorder.filter(|depth| *depth > 0 || tracks.told_reorder);
        self.connected(&format, sink);
        sink.parameters(tracks.params.clone());
        let over_http = matches!(self.plan.scheme, "http" | "https");
        if over_http && input.duration() > 0 {
            let film = Film {
                tracks: &tracks,
                read_limit: Some((READ_LIMIT, MOST_BYTES)),
                guard: self.guard,
                clock: self.clock,
                pace: self.pace,
            };
            return Ok(film.play_on(input, || open(self.plan, self.guard), sink));
        }
        let smooth = format.contains("hls").then(Smooth::default);
        Ok(Carry { session: self, tracks, smooth, given: None }.run(input, sink))
    }

    fn connected(&self, format: &str, sink: &mut dyn Sink) {
        sink.connected(match self.plan.scheme {
            _ if format.contains("hls") => "hls",
            "rtsp" => "tcp",
            scheme => scheme,
        });
        if let Some(note) = &self.plan.note {
            sink.note(note.clone());
        }
    }

    /// The next packet, however long it takes within reason.
    fn read(&self, input: &mut Input) -> Result<ffmpeg::Packet, SourceError> {
        let mut errors = 0;
        loop {
            let mut packet = ffmpeg::Packet::empty();
            let ((read, full), late) =
                self.guard.within(READ_LIMIT, || within_bytes(MOST_BYTES, || packet.read(input)));
            if full {
                return Err(too_much(self.plan));
            }
            match (read, late) {
                (Ok(()), _) => return Ok(packet),
                (Err(error @ (ffmpeg::Error::Eof | ffmpeg::Error::Exit)), late) => {
                    return Err(broke_off(error, self.plan, late && !self.guard.is_stopped()));
                }
                (Err(error), _) if errors > MAX_ERRORS => return Err(broke_off(error, self.plan, false)),
                (Err(_), _) => errors += 1,
            }
        }
    }

    /// Reads on this thread and encodes on another, so that a slow encoder costs pictures and not time.
    fn recode(
        &self,
        mut input: Input,
        index: usize,
        format: &str,
        sink: &mut dyn Sink,
    ) -> Result<SourceError, SourceError> {
        let stream = input.stream(index).ok_or_else(|| SourceError::new("no_video", "The stream's video is gone."))?;
        let (id, parameters, base) = (stream.parameters().id(), stream.parameters(), stream.time_base());
        let Some(codec) = recode::name(id) else {
            let words = format!(
                "The camera sends {}, which is neither carried nor decoded here. Choose H.264 (or H.265) in its video settings.",
                id.name().to_uppercase()
            );
            return Err(SourceError::new("codec", words));
        };
        let rate = stream.avg_frame_rate();
        let fps = f64::from(rate.numerator()) / f64::from(rate.denominator().max(1));
        let fps = if (1.0..=60.0).contains(&fps) { fps } else { 25.0 };
        self.connected(format, sink);
        sink.note(format!("The camera sends {codec}, which browsers do not play as video: it is {RECODED}."));
        // Motion JPEG over HTTP has no time stamps: libavformat would make them up, 25 a second.
        let own_time = !format.contains("mpjpeg");
        let mailbox = Mailbox::new(id);
        let mut ended = None;
        std::thread::scope(|scope| {
            let worker =
                std::thread::Builder::new().name(format!("recode-{}", self.camera)).spawn_scoped(scope, || {
                    let _close = CloseOnDrop(&mailbox);
                    encode_all(&mailbox, parameters, fps, sink).err()
                });
            let worker = match worker {
                Ok(worker) => worker,
                Err(e) => return ended = Some(SourceError::new("codec", format!("No thread to encode on: {e}."))),
            };
            let _close = CloseOnDrop(&mailbox);
            let read = loop {
                match self.read(&mut input) {
                    Ok(_) if mailbox.is_closed() => break None,
                    Ok(packet) if packet.stream() == index => self.post(packet, base, own_time, &mailbox),
                    Ok(_) => {}
                    Err(error) => break Some(error),
                }
            };
            mailbox.close();
            let encoded = worker.join().unwrap_or_else(|_| Some(SourceError::new("codec", "The encoder broke off.")));
            ended = encoded.or(read);
        });
        Ok(ended.unwrap_or_else(|| broke_off(ffmpeg::Error::Eof, self.plan, false)))
    }

    fn post(&self, packet: ffmpeg::Packet, base: ffmpeg::Rational, own_time: bool, mailbox: &Mailbox) {
        let arrived = self.clock.now();
        let by_arrival = (arrived.0.as_micros() * 9 / 100) as i64;
        let stamp = packet.pts().or(packet.dts()).filter(|_| own_time);
        let time = stamp.map_or(by_arrival, |time| scale(time, base.numerator(), base.denominator()));
        mailbox.push(Waiting { packet, time, arrived });
    }
}

/// A panic on either side must not leave the other one waiting.
struct CloseOnDrop<'a>(&'a Mailbox);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Encodes until the mailbox is closed; fails where nothing more can be encoded.
fn encode_all(
    mailbox: &Mailbox,
    parameters: ffmpeg::codec::Parameters,
    fps: f64,
    sink: &mut dyn Sink,
) -> Result<(), SourceError> {
    let mut recoder = Recoder::open(parameters, fps)?;
    while let Some(waiting) = mailbox.take() {
        let gone = mailbox.left_out();
        if gone > 0 {
            sink.left_out(gone);
        }
        recoder.take(waiting, sink)?;
    }
    Ok(())
}

fn offered(input: &Input) -> Vec<Offered> {
    let tracks = input.streams().filter_map(|stream| {
        let (medium, id) = match stream.parameters().medium() {
            Type::Video => (Medium::Video, stream.parameters().id()),
            Type::Audio => (Medium::Audio, stream.parameters().id()),
            _ => return None,
        };
        let carried = is_carried(id) || medium == Medium::Audio && id == ffmpeg::codec::Id::AAC;
        let recoded = medium == Medium::Video && recode::name(id).is_some();
        let codec = id.name().to_uppercase();
        Some(Offered { medium, codec, carried: carried || recoded, claimed_fps: None, parameter_sets: false })
    });
    tracks.collect()
}

/// A live stream whose access units go on as they are.
struct Carry<'a> {
    session: &'a Session<'a>,
    tracks: FileTracks,
    smooth: Option<Smooth>,
    /// The time of the newest video frame.
    given: Option<i64>,
}

impl Carry<'_> {
    fn run(mut self, mut input: Input, sink: &mut dyn Sink) -> SourceError {
        loop {
            let packet = match self.session.read(&mut input) {
                Ok(packet) => packet,
                Err(error) => return error,
            };
            let index = packet.stream();
            let Some(base) = input.stream(index).map(|stream| stream.time_base()) else { continue };
            let scale = |time: i64| scale(time, base.numerator(), base.denominator());
            let (pts, dts) = (packet.pts().map(scale), packet.dts().map(scale));
            if index == self.tracks.video {
                if !self.video(&packet, pts, dts, sink) {
                    return broke_off(ffmpeg::Error::Exit, self.session.plan, false);
                }
            } else if Some(index) == self.tracks.audio
                && let (Some(time), Some(data)) = (pts.or(dts), packet.data())
            {
                let (data, arrived) = (self.tracks.sound(data), self.session.clock.now());
                sink.unit(RawUnit { medium: Medium::Audio, time, key: true, data, arrived, lost: false });
            }
        }
    }

    /// False where the source is to end.
    fn video(&mut self, packet: &ffmpeg::Packet, pts: Option<i64>, dts: Option<i64>, sink: &mut dyn Sink) -> bool {
        let Some(bytes) = packet.data() else { return true };
        let description = packet.side_data().find(|side| side.kind() == side_data::Type::NewExtraData);
        if let Some(params) = description.and_then(|side| self.tracks.changed(Some(side.data()), &[])) {
            sink.parameters(params);
        }
        let Some(data) = self.tracks.access_unit(bytes) else { return true };
        let key = self.tracks.is_key(packet.is_key(), &data);
        if let Some(params) = key.then(|| self.tracks.changed(None, &data)).flatten() {
            sink.parameters(params);
        }
        let next = self.given.map_or(0, |given| given + self.tracks.interval);
        let time = pts.or(dts).unwrap_or(next);
        self.given = Some(time);
        if let Some(smooth) = &mut self.smooth {
            let due = smooth.due(dts.unwrap_or(time), self.session.clock.now());
            if !self.session.pace.wait_until(self.session.clock, due.0) {
                return false;
            }
        }
        let (arrived, lost) = (self.session.clock.now(), packet.is_corrupt());
        sink.unit(RawUnit { medium: Medium::Video, time, key, data, arrived, lost });
        true
    }
}

/// Spreads what comes by the segment over the time that it lasts.
#[derive(Default)]
struct Smooth {
    /// When the frame of a decoding time was due.
    anchor: Option<(Mono, i64)>,
}

impl Smooth {
    /// When the frame of decoding time `dts` is due. One that comes late puts all that follow off by as much, so that the next
    /// segment finds a reserve.
    fn due(&mut self, dts: i64, now: Mono) -> Mono {
        let due = self.anchor.map(|(at, first)| match dts - first {
            ahead @ 0.. => Mono(at.0 + duration(ahead)),
            _ => Mono(Duration::ZERO),
        });
        match due.filter(|due| *due >= now && due.since(now) < MAX_EARLY) {
            Some(due) => due,
            None => {
                self.anchor = Some((now, dts));
                now
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono(Duration::from_millis(millis))
    }

    #[test]
    fn segments_are_spread_over_the_time_that_they_last() {
        let mut smooth = Smooth::default();
        let times: Vec<_> = (0..50).map(|n| smooth.due(90_000 + n * 3600, at(1000)).0.as_millis()).collect();
        assert_eq!((times[0], times[1], times[49]), (1000, 1040, 2960));
        // The next segment is 1 s late: from here on all is due 1 s later, and it is early again afterwards.
        assert_eq!(smooth.due(90_000 + 50 * 3600, at(4000)), at(4000));
        assert_eq!(smooth.due(90_000 + 51 * 3600, at(4000)), at(4040));
        // A jump of the clock, ahead and back, is followed at once.
        assert_eq!(smooth.due(90_000 * 3600, at(4100)), at(4100));
        assert_eq!(smooth.due(0, at(4200)), at(4200));
        assert_eq!(smooth.due(3600, at(4200)), at(4240));
    }
}
