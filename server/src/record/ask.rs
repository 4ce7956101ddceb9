//! What is asked for -> what is cut: the request checked, the span found among what is kept, refusals and notes in words.

use super::cut::{Cut, certain_end, cut};
use super::reel::{Reel, reels, ticks};
use super::ring::Ring;
use super::{No, Refusal};
use crate::pipeline::clock::{Clock, Mono};
use crate::settings::file::check_name;
use jiff::Timestamp;
use sightline_shared::camera::Rendition;
use sightline_shared::clips::NewClip;
use sightline_shared::time::TIMESCALE;
use std::time::Duration;

/// The longest clip in seconds: no more is ever kept.
pub const LONGEST_S: f64 = 3600.0;
/// A picture older than this is not "now": the newest seconds are then counted from the clock.
const LIVE: i64 = 3 * TIMESCALE as i64;
/// How far a browser's clock may be ahead of this one.
const AHEAD: Duration = Duration::from_secs(2);
/// What is missing at an end is told from this on.
const MISSING: i64 = TIMESCALE as i64 / 2;

/// Ties the axis of reels to UTC, as the clock has it now.
#[derive(Clone, Copy, Debug)]
pub struct Wall {
    now: Mono,
    utc: Duration,
}

impl Wall {
    /// By the clock.
    #[must_use]
    pub fn of(clock: &dyn Clock) -> Self {
        Self { now: clock.now(), utc: clock.utc() }
    }

    /// Now, on the axis.
    #[must_use]
    pub fn now(&self) -> i64 {
        ticks(self.now)
    }

    /// The place of a moment since 1970 on the axis.
    #[must_use]
    pub fn ticks(&self, utc: Duration) -> i64 {
        let nanos = i128::try_from(utc.as_nanos()).unwrap_or(i128::MAX) - self.utc.as_nanos() as i128;
        let ticks = (nanos * i128::from(TIMESCALE)).div_euclid(1_000_000_000);
        self.now().saturating_add(i64::try_from(ticks).unwrap_or(if nanos < 0 { i64::MIN / 2 } else { i64::MAX / 2 }))
    }

    /// The moment since 1970 of a place on the axis.
    #[must_use]
    pub fn utc(&self, at: i64) -> Duration {
        let nanos = i128::from(at - self.now()) * 1_000_000_000 / i128::from(TIMESCALE) + self.utc.as_nanos() as i128;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
    }

    /// The same as RFC 3339 with milliseconds.
    #[must_use]
    pub fn rfc3339(&self, at: i64) -> String {
        rfc3339(self.utc(at))
    }
}

/// A moment since 1970 as RFC 3339 with milliseconds.
#[must_use]
pub fn rfc3339(utc: Duration) -> String {
    let nanos = i128::try_from(utc.as_nanos()).unwrap_or_default();
    format!("{:.3}", Timestamp::from_nanosecond(nanos).unwrap_or_default())
}

/// Reads a moment of the API.
///
/// # Errors
/// Words for the field.
pub fn moment(field: &'static str, text: &str) -> Result<Duration, Refusal> {
    let moment = text.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.as_nanosecond()).ok());
    moment.map(Duration::from_nanos).ok_or_else(|| {
        Refusal::wrong(field, format!("`{field}` is a time such as 2026-05-04T13:02:05Z, with its zone or Z."))
    })
}

/// Which time is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Span {
    /// The newest so many ticks.
    Last(i64),
    /// From and to, since 1970.
    Between(Duration, Duration),
}

/// Checks a request by itself.
///
/// # Errors
/// What cannot be meant.
pub fn check(new: &NewClip, now: Duration) -> Result<Span, Refusal> {
    if new.rendition == Some(Rendition::Small) {
        return Err(Refusal::wrong("rendition", "Clips are made of `source` or `main`: `small` is not kept."));
    }
    if let Some(wrong) = new.name.as_deref().map(str::trim).and_then(check_name) {
        return Err(Refusal::wrong("name", wrong));
    }
    match (new.last_s, &new.from, &new.to) {
        (Some(last_s), None, None) => {
            if !(0.1..=LONGEST_S).contains(&last_s) {
                return Err(Refusal::wrong(
                    "last_s",
                    format!("`last_s` is a number of seconds from 0.1 to {LONGEST_S}."),
                ));
            }
            Ok(Span::Last((last_s * f64::from(TIMESCALE)).round() as i64))
        }
        (None, Some(from), Some(to)) => between(moment("from", from)?, moment("to", to)?, now),
        (None, None, Some(_)) => Err(Refusal::wrong("from", "A clip has a `from` beside its `to`, or `last_s` alone.")),
        (None, Some(_), None) => Err(Refusal::wrong("to", "A clip has a `to` beside its `from`, or `last_s` alone.")),
        _ => Err(Refusal::wrong("last_s", "A clip has either `last_s`, or `from` and `to`.")),
    }
}

fn between(from: Duration, to: Duration, now: Duration) -> Result<Span, Refusal> {
    if from >= to {
        return Err(Refusal::wrong("to", "`to` has to be later than `from`."));
    }
    if (to - from).as_secs_f64() > LONGEST_S {
        return Err(Refusal::wrong("from", format!("A clip is at most {LONGEST_S} seconds long; ask for several.")));
    }
    if to > now + AHEAD {
        return Err(Refusal::wrong("to", "`to` lies in the future: ask again when that time has come."));
    }
    Ok(Span::Between(from, to))
}

/// Finds the span in what the ring holds.
///
/// # Errors
/// Nothing of it is there.
pub fn find(ring: &Ring, rendition: Rendition, span: Span, wall: Wall) -> Result<(Cut, Option<String>), Refusal> {
    let reels = reels(&ring.gops());
    let Some(newest) = reels.last().map(certain_end) else { return Err(nothing(ring, rendition)) };
    let (from, to) = match span {
        Span::Last(length) => {
            let to = if wall.now() - newest < LIVE { newest } else { wall.now() };
            (to - length, to)
        }
        Span::Between(from, to) => (wall.ticks(from), wall.ticks(to)),
    };
    let overlap = |reel: &Reel| to.min(reel.end()) - from.max(reel.start());
    // The longest part, and of equal ones the newest.
    let best = (0..reels.len()).max_by_key(|&at| (overlap(&reels[at]), at)).filter(|&at| overlap(&reels[at]) > 0);
    let open = |at: usize| at + 1 == reels.len();
    let Some((at, cut)) = best.and_then(|at| Some((at, cut(&reels[at], from, to, open(at))?))) else {
        return Err(outside(&reels, wall));
    };
    let note = note(&reels, at, &cut, (from, to));
    Ok((cut, note))
}

fn nothing(ring: &Ring, rendition: Rendition) -> Refusal {
    if ring.is_outgrown() {
        return Refusal::new(
            No::Conflict,
            "gop_too_long",
            "Nothing is kept of this camera: its key frames are so far apart that what lies between them does not fit into the \
             memory for clips. Set a key frame interval of a few seconds in the camera, or raise `keep_mb` of [server].",
        );
    }
    if rendition == Rendition::Main {
        let message =
            "`main` has not run lately, so nothing of it is kept. Make the clip of `source`, or watch `main` first.";
        return Refusal { field: Some("rendition"), ..Refusal::new(No::Conflict, "not_running", message) };
    }
    let message = "Nothing is kept of this camera yet: it has sent no picture since Sightline was started, or `keep_s` of \
        [server] is 0.";
    Refusal::new(No::Conflict, "nothing_kept", message)
}

fn outside(reels: &[Reel], wall: Wall) -> Refusal {
    let from = reels.first().map_or(0, Reel::start);
    let to = reels.last().map_or(0, Reel::end);
    let message = format!(
        "Nothing of that time is kept. Of this camera there is {} to {}; older pictures are gone.",
        wall.rfc3339(from),
        wall.rfc3339(to)
    );
    Refusal::new(No::Missing, "no_such_span", message)
}

fn seconds(ticks: i64) -> String {
    format!("{:.1} s", ticks as f64 / f64::from(TIMESCALE))
}

/// What is different from what was asked for.
fn note(reels: &[Reel], at: usize, cut: &Cut, (from, to): (i64, i64)) -> Option<String> {
    let mut told = Vec::new();
    let picture =
        |reel: &Reel| format!("{} x {} {}", reel.init.text.width, reel.init.text.height, reel.init.text.codec);
    let before = at.checked_sub(1).map(|at| &reels[at]).filter(|before| before.end() > from);
    if let Some(before) = before {
        let (old, new) = (picture(before), picture(&reels[at]));
        told.push(format!(
            "The camera's picture changed {} after the asked begin ({old} to {new}); a file holds one kind, so this clip \
             begins at the change.",
            seconds(cut.from - from)
        ));
    } else if cut.from - from > MISSING {
        told.push(format!("The first {} that were asked for are not there.", seconds(cut.from - from)));
    }
    let after = reels.get(at + 1).filter(|after| after.start() < to);
    if let Some(after) = after {
        let (old, new) = (picture(&reels[at]), picture(after));
        told.push(format!(
            "The camera's picture changed after {} ({old} to {new}); a file holds one kind, so this clip ends at the change.",
            seconds(cut.duration())
        ));
    } else if to - cut.to > MISSING {
        told.push(format!("The last {} that were asked for are not there.", seconds(to - cut.to)));
    }
    for (into, length) in cut.holes.iter().take(3) {
        let (into, length) = (seconds(*into), seconds(*length));
        told.push(format!("At {into} the camera sent nothing for {length}; the picture stands still there."));
    }
    (!told.is_empty()).then(|| told.join(" "))
}
