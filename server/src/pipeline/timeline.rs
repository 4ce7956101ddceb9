//! Places frames in time: the source's own time stamps in, epoch, PTS and DTS out. A pure state machine.
//!
//! An epoch begins at a key frame and its PTS start near zero. A jump of the source's clock is first doubted: for up to three
//! frames times are carried on at the typical rate; if the clock stays where it jumped to, they are carried on until the next
//! key frame, which then starts an epoch. So no picture is lost to a jump, and a glitch changes nothing. (The rule of three
//! frames and five seconds is the one that MediaMTX arrived at in its pull request 6255.)

use super::counters::DropCause;
use super::reorder::Reorder;
use sightline_shared::time::{Epoch, Pts, TIMESCALE};
use std::time::Duration;

/// Further ahead than this is a jump.
const JUMP_AHEAD: i64 = 5 * TIMESCALE as i64;
/// A frame this far before the newest may be a B-frame of a stream that does not say that it has any.
const UNSAID_REORDERING: i64 = TIMESCALE as i64;
/// A jump that is held over this many frames is believed.
const BELIEVED_AFTER: u32 = 3;
/// Taken for the time between frames until two have come: 25 a second.
const FIRST_INTERVAL: i64 = TIMESCALE as i64 / 25;
/// Sound further than this from the newest picture is of another time base and is left out.
const AUDIO_REACH: i64 = 10 * TIMESCALE as i64;

/// Where a frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its epoch.
    pub epoch: Epoch,
    /// It is the first of its epoch.
    pub starts_epoch: bool,
    /// Its presentation time.
    pub pts: Pts,
    /// Its decoding time.
    pub dts: Pts,
    /// Ticks from the frame before it in decoding order.
    pub duration: u32,
    /// The source's own time stamp was not believed.
    pub estimated: bool,
}

/// Times of one stream.
#[derive(Debug, Default)]
pub struct Timeline {
    now: Option<Running>,
    /// The next key frame starts an epoch, and what comes before it has no time.
    broken: bool,
    audio: Option<i64>,
    report: Option<(i64, Duration)>,
}

/// An epoch that has begun.
#[derive(Debug)]
struct Running {
    epoch: Epoch,
    /// The source's time at PTS zero.
    origin: i64,
    /// The newest of the source's times that was believed.
    newest: i64,
    /// The largest PTS given.
    last_pts: i64,
    last_dts: i64,
    /// Typical time between frames.
    interval: i64,
    /// Whether it was measured, or is only a first guess.
    measured: bool,
    doubt: Doubt,
    order: Reorder,
    /// B-frames were seen that the stream does not announce.
    learned: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    None,
    /// The clock jumped; `count` frames in a row agree about where to.
    Doubted {
        at: i64,
        count: u32,
    },
    /// It did jump: the next key frame starts an epoch.
    Believed,
}

impl Timeline {
    /// Nothing has come yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The connection is a new one: its times have nothing to do with those before, and the next key frame starts an epoch.
    pub fn reconnect(&mut self) {
        self.broken = true;
        self.report = None;
    }

    /// Places a video frame. `raw` is the source's time in ticks of 90 kHz; `new_parameters` may be set at key frames alone;
    /// `reorder` is the depth that the stream announces.
    ///
    /// # Errors
    /// It cannot be placed: a key frame has to come first.
    pub fn video(
        &mut self,
        raw: i64,
        key: bool,
        new_parameters: bool,
        reorder: Option<u8>,
    ) -> Result<Placed, DropCause> {
        let believed = self.now.as_ref().is_some_and(|now| now.doubt == Doubt::Believed);
        if self.now.is_none() || self.broken || (key && (new_parameters || believed)) {
            return if key { Ok(self.start(raw, reorder)) } else { Err(DropCause::WaitingForKeyFrame) };
        }
        let now = self.now.as_mut().ok_or(DropCause::WaitingForKeyFrame)?;
        let doubted = now.judge(raw, key, reorder);
        if now.doubt == Doubt::Believed && key {
            return Ok(self.start(raw, reorder));
        }
        Ok(now.place(raw, doubted))
    }

    /// Places a frame of sound, whose `raw` counts on the same clock as the video's; `None` where there is no picture near it.
    pub fn audio(&mut self, raw: i64) -> Option<Placed> {
        let now = self.now.as_ref().filter(|now| now.doubt == Doubt::None && !self.broken)?;
        let pts = raw - now.origin;
        let newest = now.newest - now.origin;
        let duration = self.audio.map_or(0, |last| pts - last);
        if pts < 0 || pts.abs_diff(newest) > AUDIO_REACH as u64 || self.audio.is_some_and(|last| pts <= last) {
            return None;
        }
        self.audio = Some(pts);
        Some(Placed {
            epoch: now.epoch,
            starts_epoch: false,
            pts: Pts(pts),
            dts: Pts(pts),
            duration: u32::try_from(duration.min(i64::from(TIMESCALE))).unwrap_or(0),
            estimated: false,
        })
    }

    /// The camera's clock showed `utc` at its time `raw`.
    pub fn sender_report(&mut self, raw: i64, utc: Duration) {
        self.report = Some((raw, utc));
    }

    /// UTC at which the camera took the frame of its time `raw`, by its newest sender report.
    #[must_use]
    pub fn captured_utc(&self, raw: i64) -> Option<Duration> {
        let (at, utc) = self.report?;
        let micros = raw.checked_sub(at)?.checked_mul(100)? / 9;
        let distance = Duration::from_micros(micros.unsigned_abs());
        if micros < 0 { utc.checked_sub(distance) } else { utc.checked_add(distance) }
    }

    fn start(&mut self, raw: i64, reorder: Option<u8>) -> Placed {
        let (epoch, interval, measured, learned) = match &self.now {
            Some(now) => (now.epoch.next(), now.interval, now.measured, now.learned),
            None => (Epoch(0), FIRST_INTERVAL, false, 0),
        };
        self.broken = false;
        self.audio = None;
        let depth = reorder.unwrap_or(learned);
        // PTS start late enough that no DTS is below zero.
        let first = i64::from(depth) * interval;
        let mut order = Reorder::new(depth, interval);
        let dts = order.decoding_time(first, first);
        let now = Running {
            epoch,
            origin: raw - first,
            newest: raw,
            last_pts: first,
            last_dts: dts,
            interval,
            measured,
            doubt: Doubt::None,
            order,
            learned,
        };
        self.now = Some(now);
        let duration = u32::try_from(interval).unwrap_or(1);
        Placed { epoch, starts_epoch: true, pts: Pts(first), dts: Pts(dts), duration, estimated: false }
    }
}

impl Running {
    /// Whether `raw` is doubted, and what that leads to.
    fn judge(&mut self, raw: i64, key: bool, reorder: Option<u8>) -> bool {
        if self.doubt == Doubt::Believed {
            return true;
        }
        if self.is_plausible(raw, key, reorder) {
            self.doubt = Doubt::None;
            return false;
        }
        let count = match self.doubt {
            // A clock that stands still jumps back by a frame each time.
            Doubt::Doubted { at, count } if (0..=JUMP_AHEAD).contains(&(raw - at)) => count + 1,
            _ => 1,
        };
        self.doubt = if count >= BELIEVED_AFTER { Doubt::Believed } else { Doubt::Doubted { at: raw, count } };
        true
    }

    fn is_plausible(&mut self, raw: i64, key: bool, reorder: Option<u8>) -> bool {
        if raw > self.newest {
            return raw - self.newest <= JUMP_AHEAD;
        }
        let pts = raw - self.origin;
        match reorder {
            Some(0) => false,
            Some(_) => pts > self.last_dts && !self.order.has(pts),
            None if key || self.newest - raw > UNSAID_REORDERING || self.order.has(pts) => false,
            None => {
                // The next epoch allows for it; until then such frames have a PTS before their DTS.
                self.learned = self.learned.max(self.order.seen_before(pts)).min(16);
                true
            }
        }
    }

    fn place(&mut self, raw: i64, doubted: bool) -> Placed {
        let pts = if doubted {
            self.last_pts + self.interval
        } else {
            self.newest = self.newest.max(raw);
            self.unused(raw - self.origin)
        };
        self.last_pts = self.last_pts.max(pts);
        let dts = self.order.decoding_time(pts, self.last_dts + 1);
        let duration = dts - self.last_dts;
        self.last_dts = dts;
        if !doubted && duration < i64::from(TIMESCALE) {
            let weight = if self.measured { 7 } else { 0 };
            self.interval = ((weight * self.interval + duration) / (weight + 1)).max(1);
            self.measured = true;
        }
        Placed {
            epoch: self.epoch,
            starts_epoch: false,
            pts: Pts(pts),
            dts: Pts(dts),
            duration: u32::try_from(duration).unwrap_or(u32::MAX),
            estimated: doubted,
        }
    }

    /// After a doubted frame its carried-on time may be that of the next one, and a PTS names one frame alone.
    fn unused(&self, pts: i64) -> i64 {
        if self.order.depth() == 0 && self.learned == 0 { pts.max(self.last_pts + 1) } else { pts }
    }
}

/// Unwraps 32-bit RTP time stamps (RFC 3550 section 5.1): each is taken to be the closest to the one before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtpUnwrap {
    last: Option<i64>,
}

impl RtpUnwrap {
    /// The time stamp without its wraps.
    pub fn unwrap(&mut self, stamp: u32) -> i64 {
        let unwrapped =
            self.last.map_or(i64::from(stamp), |last| last + i64::from(stamp.wrapping_sub(last as u32) as i32));
        self.last = Some(unwrapped);
        unwrapped
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
