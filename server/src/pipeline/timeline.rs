//! Places frames in time: epochs, PTS and DTS of 90 kHz from whatever time stamps a source has. A pure state machine.
//!
//! Within an epoch PTS are unique and DTS grow, whatever the source does. An epoch begins at a key frame. A time stamp that
//! jumps (ahead by more than 5 s, or back beyond reordering) is first not believed: the frame is placed behind the one before it
//! and marked as estimated. If the jump holds for three frames it is believed, frames go on being placed from the new time stamps
//! without a gap, and the next key frame begins an epoch; so a glitch changes nothing and no picture is lost.

use super::counters::DropCause;
use super::reorder::{Order, Reordering};
use sightline_shared::time::{Epoch, Pts, TIMESCALE};
use std::time::Duration;

/// A step ahead of more than this is suspected to be a jump.
const JUMP: i64 = 5 * TIMESCALE as i64;
/// Frames in a row that have to agree before a jump, or a clock that stands still, is believed.
const HELD: u32 = 3;
/// Time stamps beyond this are cut, so that sums of them cannot overflow: 400 000 years.
const FURTHEST: i64 = 1 << 60;
/// Duration of an audio frame before one was measured: 1024 samples at 48 kHz.
const TYPICAL_AUDIO: i64 = 1920;
/// Audio further than this from the newest picture is not placed: one of the two clocks has jumped.
const AUDIO_REACH: i64 = 2 * JUMP;

/// Where a frame belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its epoch.
    pub epoch: Epoch,
    /// Whether it is the first of it; then it is a key frame.
    pub starts_epoch: bool,
    /// Presentation time; 0, or the reordering delay, at the start of an epoch.
    pub pts: Pts,
    /// Decoding time: not negative, grows within the epoch, not later than `pts`.
    pub dts: Pts,
    /// DTS minus that of the frame before; of the first frame the typical one.
    pub duration: u32,
    /// The source's time stamp was not believed, or does not follow those before it in this epoch.
    pub estimated: bool,
}

/// How the next key frame is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Frames before it cannot be decoded: dropped. It begins an epoch.
    Needed,
    /// Frames before it are placed by estimate. It begins an epoch.
    BeginsEpoch,
    /// It is a frame like others.
    Ordinary,
}

/// What a time stamp is taken for.
enum Verdict {
    /// Goes where it says.
    Fits(i64),
    /// Advances, but estimates before it went further: right behind them.
    Overtaken,
    /// The same as the one before.
    Repeated,
    /// Goes back as it would with B-frames, of which the stream has said nothing.
    Back,
    /// A jump, if it holds.
    Suspected,
}

/// The timeline of one stream over all its connections.
#[derive(Debug)]
pub struct Timeline {
    epoch: Option<Epoch>,
    next: Next,
    /// PTS = source time + shift.
    shift: i64,
    last_raw: i64,
    /// The newest time stamp that was not believed, and how many agreed with it in a row.
    suspect: Option<(i64, u32)>,
    /// How many frames in a row had the time stamp of the one before.
    repeated: u32,
    /// DTS of the newest frame whose time stamp was believed.
    believed: i64,
    order: Order,
    reordering: Reordering,
    /// PTS of the newest audio in this epoch, and its usual duration.
    audio: Option<i64>,
    typical_audio: i64,
    /// Source time and UTC of the newest sender report.
    report: Option<(i64, Duration)>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeline {
    /// A timeline on which nothing stands yet.
    #[must_use]
    pub fn new() -> Self {
        Self::after(None)
    }

    /// A timeline of a stream that had epochs before, the last of them `epoch`.
    #[must_use]
    pub fn after(epoch: Option<Epoch>) -> Self {
        Self {
            epoch,
            next: Next::Needed,
            shift: 0,
            last_raw: 0,
            suspect: None,
            repeated: 0,
            believed: -1,
            order: Order::default(),
            reordering: Reordering::default(),
            audio: None,
            typical_audio: TYPICAL_AUDIO,
            report: None,
        }
    }

    /// Places a frame of video, in decoding order. `raw` is its presentation time on the source's clock in ticks of 90 kHz (see
    /// [`RtpUnwrap`]), `params_changed` says that it is coded with other parameters than the one before, and `reorder` is
    /// [`crate::pipeline::packet::VideoParams::reorder`].
    ///
    /// # Errors
    /// The frame comes before the key frame that an epoch has to begin with.
    pub fn video(
        &mut self,
        raw: i64,
        key: bool,
        params_changed: bool,
        reorder: Option<u8>,
    ) -> Result<Placed, DropCause> {
        let raw = raw.clamp(-FURTHEST, FURTHEST);
        if params_changed {
            self.next = Next::Needed;
        }
        if self.next == Next::Needed && !key {
            return Err(DropCause::WaitingForKeyFrame);
        }
        if self.next == Next::Needed {
            self.repeated = 0;
            return Ok(self.begin(raw, reorder));
        }
        let verdict = self.judge(raw);
        let (pts, estimated) = match verdict {
            Verdict::Fits(pts) => (pts, false),
            Verdict::Overtaken | Verdict::Back => (self.order.newest() + 1, true),
            Verdict::Repeated if self.repeated + 1 < HELD => (self.order.newest() + 1, true),
            Verdict::Repeated | Verdict::Suspected => (self.order.newest() + self.order.typical(), true),
        };
        let believed = self.weigh(&verdict, raw);
        if matches!(verdict, Verdict::Fits(_) | Verdict::Back) && self.reordering.see(raw) {
            self.next = Next::BeginsEpoch;
            // What was measured so far is the distance between the frames that did not go back.
            self.order.know(self.reordering.typical());
        }
        if key && self.next == Next::BeginsEpoch {
            return Ok(self.begin(raw, reorder));
        }
        if believed {
            self.shift = pts - raw;
            self.reordering.restart(raw);
            self.report = None;
        }
        Ok(self.place(raw, pts, estimated || self.next == Next::BeginsEpoch))
    }

    /// Counts agreement against the timeline; true where a new relation of the source's clock to it is now believed.
    fn weigh(&mut self, verdict: &Verdict, raw: i64) -> bool {
        self.repeated = if matches!(verdict, Verdict::Repeated) { self.repeated.saturating_add(1) } else { 0 };
        if self.repeated >= HELD {
            // A clock that stands still: frames go on at their usual distance, so that the relation moves with each.
            self.next = if self.repeated == HELD { Next::BeginsEpoch } else { self.next };
            return true;
        }
        if !matches!(verdict, Verdict::Suspected) {
            self.suspect = None;
            return false;
        }
        let held = match self.suspect {
            Some((before, held)) if raw.abs_diff(before) <= JUMP.unsigned_abs() => held + 1,
            _ => 1,
        };
        if held < HELD {
            self.suspect = Some((raw, held));
            return false;
        }
        self.suspect = None;
        self.next = Next::BeginsEpoch;
        true
    }

    fn judge(&self, raw: i64) -> Verdict {
        let pts = raw + self.shift;
        if raw == self.last_raw || self.order.holds(pts) {
            return Verdict::Repeated;
        }
        if pts > self.order.newest() + JUMP {
            return Verdict::Suspected;
        }
        if pts > self.order.floor() {
            return Verdict::Fits(pts);
        }
        if pts > self.believed {
            return Verdict::Overtaken;
        }
        if self.reordering.may_be(raw, self.order.typical()) { Verdict::Back } else { Verdict::Suspected }
    }

    /// Begins an epoch with a key frame.
    fn begin(&mut self, raw: i64, reorder: Option<u8>) -> Placed {
        let epoch = self.epoch.map_or(Epoch(0), Epoch::next);
        let depth = self.reordering.begin(raw, reorder);
        let first = self.order.begin(depth);
        self.epoch = Some(epoch);
        self.next = Next::Ordinary;
        self.shift = first - raw;
        self.suspect = None;
        self.audio = None;
        Placed { starts_epoch: true, ..self.place(raw, first, false) }
    }

    fn place(&mut self, raw: i64, pts: i64, estimated: bool) -> Placed {
        let (pts, dts, duration) = self.order.place(pts, !estimated);
        self.last_raw = raw;
        if !estimated {
            self.believed = self.order.floor();
        }
        Placed {
            epoch: self.epoch.unwrap_or_default(),
            starts_epoch: false,
            pts: Pts(pts),
            dts: Pts(dts),
            duration,
            estimated,
        }
    }

    /// Places audio whose time `raw` is on the same clock as the video's. `None` before the first picture of the epoch, where it
    /// goes back, and while the clocks of the two disagree by more than 10 s.
    pub fn audio(&mut self, raw: i64) -> Option<Placed> {
        let epoch = self.epoch.filter(|_| self.next != Next::Needed)?;
        let pts = raw.clamp(-FURTHEST, FURTHEST) + self.shift;
        if pts < 0 || (pts - self.order.newest()).abs() > AUDIO_REACH || self.audio.is_some_and(|last| pts <= last) {
            return None;
        }
        if let Some(last) = self.audio
            && pts - last <= JUMP / 10
        {
            self.typical_audio = pts - last;
        }
        self.audio = Some(pts);
        Some(Placed {
            epoch,
            starts_epoch: false,
            pts: Pts(pts),
            dts: Pts(pts),
            duration: u32::try_from(self.typical_audio).unwrap_or(u32::MAX),
            estimated: self.next == Next::BeginsEpoch,
        })
    }

    /// The source connects again: its clock has nothing to do with the one before, and frames before the next key frame cannot
    /// be decoded.
    pub fn reconnect(&mut self) {
        self.next = Next::Needed;
        self.report = None;
    }

    /// The camera's clock showed `utc` (since 1970) at the source time `raw` (RTCP sender report).
    pub fn sender_report(&mut self, raw: i64, utc: Duration) {
        self.report = Some((raw.clamp(-FURTHEST, FURTHEST), utc));
    }

    /// UTC since 1970 at which the camera says it took the frame of source time `raw`; `None` without sender reports since the
    /// source's clock last jumped, and while a jump is suspected.
    #[must_use]
    pub fn captured_utc(&self, raw: i64) -> Option<Duration> {
        let (at, utc) = self.report.filter(|_| self.suspect.is_none())?;
        let ticks = i128::from(raw.clamp(-FURTHEST, FURTHEST) - at);
        let nanos = i128::try_from(utc.as_nanos()).ok()? + ticks * 1_000_000_000 / i128::from(TIMESCALE);
        u64::try_from(nanos).ok().map(Duration::from_nanos)
    }

    /// Panics where an inner rule is broken; for fuzzing.
    pub fn check_invariants(&self) {
        self.order.check_invariants();
        assert!(self.believed <= self.order.floor(), "believed time ahead of the timeline");
        assert!(self.epoch.is_some() || self.next == Next::Needed, "no epoch, and no key frame asked for");
        assert!(self.suspect.is_none_or(|(_, held)| (1..HELD).contains(&held)), "a jump held and not believed");
    }
}

/// Continues 32-bit time stamps (RTP's) beyond their end, forwards and backwards, by the nearest way.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtpUnwrap {
    last: Option<i64>,
}

impl RtpUnwrap {
    /// The continued time stamp; the first one stays as it is.
    pub fn unwrap(&mut self, stamp: u32) -> i64 {
        let next = match self.last {
            None => i64::from(stamp),
            Some(last) => last + i64::from(stamp.wrapping_sub(last as u32) as i32),
        };
        self.last = Some(next);
        next
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
