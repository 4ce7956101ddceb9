//! Ten times a second: steering, clock questions, reports to the server, figures for the components.

use super::bindings::now_ms;
use super::view::{Stats, set_if_changed};
use super::{Core, Player};
use crate::state::steering::Act;
use sightline_shared::wire::{Playing, ViewerMessage};

/// Length of a tick.
pub(super) const TICK_MS: u64 = 100;
const STATS_EVERY: u64 = 5;
const PLAYING_EVERY: u64 = 10;
const CLOCK_EVERY: u64 = 100;
/// The first questions come faster, so that the shortest round trip is found soon.
const CLOCK_AT: [u64; 3] = [3, 10, 30];
/// A question that is not answered for so long: the connection is dead, whatever the socket says.
const ANSWER_WITHIN_MS: f64 = 8000.0;
/// A stall right after a start or a jump is the seek itself.
const SEEK_MS: f64 = 1500.0;
/// Frames that come within this after the last ran out were late; later ones tell of a camera that had stopped.
const LATE_MS: f64 = 500.0;

/// Counts ticks and remembers when what was asked.
#[derive(Default)]
pub(crate) struct Pulse {
    ticks: u64,
    connected_ms: f64,
    asked_ms: Option<f64>,
    jumped_ms: f64,
    ran_out_ms: Option<f64>,
    shown_at_stats: Option<(f64, u64)>,
    fps: Option<f64>,
}

impl Pulse {
    /// A connection begins.
    pub(crate) fn connected(&mut self) {
        *self = Self { connected_ms: now_ms(), ..Self::default() };
    }

    /// A clock question was sent.
    pub(crate) fn asked(&mut self, now_ms: f64) {
        self.asked_ms.get_or_insert(now_ms);
    }

    /// It was answered.
    pub(crate) fn answered(&mut self) {
        self.asked_ms = None;
    }

    /// How long the connection stands.
    pub(crate) fn connected_for(&self, now_ms: f64) -> f64 {
        now_ms - self.connected_ms
    }

    /// Whether it plays long enough for a stall to mean something.
    pub(crate) fn plays_since(&self, now_ms: f64) -> bool {
        now_ms - self.jumped_ms.max(self.connected_ms) > SEEK_MS
    }

    /// The frames ran out.
    pub(crate) fn ran_out(&mut self, now_ms: f64) {
        self.ran_out_ms = Some(now_ms);
    }

    /// A frame came: whether it was the one that was missed when frames ran out.
    pub(crate) fn was_late(&mut self, now_ms: f64) -> bool {
        self.ran_out_ms.take().is_some_and(|at| now_ms - at < LATE_MS)
    }

    fn dead(&self, now_ms: f64) -> bool {
        self.asked_ms.is_some_and(|asked| now_ms - asked > ANSWER_WITHIN_MS)
    }
}

impl Player {
    pub(super) fn tick(&self) {
        let now = now_ms();
        let (ticks, dead, greeted) = {
            let mut core = self.core.borrow_mut();
            core.pulse.ticks += 1;
            let greeted = core.socket.as_ref().is_some_and(|socket| socket.greeted);
            (core.pulse.ticks, core.pulse.dead(now), greeted)
        };
        if greeted && dead {
            return self.lost();
        }
        if greeted && (ticks % CLOCK_EVERY == 0 || CLOCK_AT.contains(&ticks)) {
            self.ask_clock();
        }
        self.steer(now);
        if ticks % STATS_EVERY == 0 {
            self.publish(now);
        }
        if greeted && ticks % PLAYING_EVERY == 0 {
            self.report();
        }
    }

    /// Steers the playhead.
    pub(super) fn steer(&self, now: f64) {
        let video = &self.elements.video;
        let mut core = self.core.borrow_mut();
        if core.starting.is_some() || core.media.is_none() || video.ready_state() == 0 || video.seeking() {
            return;
        }
        if video.paused() {
            // The browser pauses muted video in hidden tabs by itself.
            drop(core);
            return self.play();
        }
        if let Some(beyond) = self.stuck_before(&core) {
            core.pulse.jumped_ms = now;
            core.presented.jump();
            return video.set_current_time(beyond);
        }
        let Some(seen) = self.seen(&core, now) else { return };
        match core.steering.step(&seen) {
            Act::Rate(rate) if (video.playback_rate() - rate).abs() > 0.002 => video.set_playback_rate(rate),
            Act::Rate(_) => {}
            Act::Jump(behind_ms) => {
                core.pulse.jumped_ms = now;
                core.presented.jump();
                let edge = (self.playhead_ms() + seen.behind_ms - behind_ms) / 1e3;
                let end = core.timeline.end_s() - 0.001;
                drop(core);
                video.set_current_time(edge.min(end).max(0.0));
            }
        }
    }

    /// Where the playhead stands in no buffered range: the start of the range ahead of it.
    fn stuck_before(&self, core: &Core) -> Option<f64> {
        let now = self.elements.video.current_time();
        let ranges = core.media.as_ref()?.buffered();
        if ranges.iter().any(|(from, to)| (*from - 0.05..=*to - 0.001).contains(&now)) {
            return None;
        }
        ranges.iter().map(|(from, _)| *from).find(|from| *from > now)
    }

    fn publish(&self, now: f64) {
        let mut core = self.core.borrow_mut();
        let shown = core.pairing.shown_count();
        if let Some((at, count)) = core.pulse.shown_at_stats
            && now - at > 900.0
        {
            core.pulse.fps = Some((shown - count) as f64 * 1e3 / (now - at));
            core.pulse.shown_at_stats = Some((now, shown));
        } else if core.pulse.shown_at_stats.is_none() {
            core.pulse.shown_at_stats = Some((now, shown));
        }
        let stats = self.stats(&core, now);
        let way = core.delay.way().cloned();
        let tracks = core.pairing.current().map(|tracks| tracks.tracks.clone()).unwrap_or_default();
        let counts = core.pairing.counts().to_vec();
        drop(core);
        self.mark_stats(&stats);
        set_if_changed(self.view.stats, stats);
        set_if_changed(self.view.tracks, tracks);
        set_if_changed(self.view.counts, counts);
        set_if_changed(self.view.way, way);
    }

    fn stats(&self, core: &Core, now: f64) -> Stats {
        let seen = self.seen(core, now);
        let delay = core.delay.newest();
        Stats {
            delay_ms: delay.map(|delay| delay.total_ms),
            captured_ms: delay.and_then(|delay| delay.captured_ms),
            parts: delay.map(|delay| delay.parts.clone()).unwrap_or_default(),
            fps: core.pulse.fps.filter(|_| core.socket.is_some() && core.pairing.shown().is_some()),
            buffer_ms: (core.timeline.end_s() * 1e3 - self.playhead_ms()).max(0.0),
            target_ms: seen.as_ref().map_or(0.0, |seen| core.steering.target_ms(seen)),
            behind_ms: seen.as_ref().map_or(0.0, |seen| seen.behind_ms),
            rate: self.elements.video.playback_rate(),
            jitter_ms: core.line.jitter_p99_ms(),
            tracks_late_ms: core.line.tracks_p99_ms(),
            round_trip_ms: core.clock.round_trip_ms(),
            shown: core.pairing.shown_count(),
            drops: core.presented.drops() + core.media.as_ref().map_or(0, super::media::Media::dropped),
            unpaired: core.pairing.unpaired(),
            paired_late: core.pairing.late(),
            missed: core.presented.missed(),
            late_share: core.presented.late_share(),
            left_out: core.left_out,
            rebuilds: core.rebuilds,
            jumps: core.steering.jumps(),
            starved: core.steering.starved(),
            gaps: core.timeline.gaps_closed(),
        }
    }

    /// The figures as data attributes beside the PTS, for tests and for whoever looks with the browser's tools.
    fn mark_stats(&self, stats: &Stats) {
        let optional = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.1}"));
        for (name, value) in [
            ("data-delay-ms", optional(stats.delay_ms)),
            ("data-behind-ms", format!("{:.1}", stats.behind_ms)),
            ("data-target-ms", format!("{:.1}", stats.target_ms)),
            ("data-buffer-ms", format!("{:.1}", stats.buffer_ms)),
            ("data-rate", format!("{:.3}", stats.rate)),
            ("data-shown", stats.shown.to_string()),
            ("data-drops", stats.drops.to_string()),
            ("data-missed", stats.missed.to_string()),
            ("data-unpaired", stats.unpaired.to_string()),
            ("data-late-share", format!("{:.4}", stats.late_share)),
            ("data-rebuilds", stats.rebuilds.to_string()),
            ("data-jumps", stats.jumps.to_string()),
            ("data-starved", stats.starved.to_string()),
        ] {
            let _ = self.elements.parent.set_attribute(name, &value);
        }
    }

    fn report(&self) {
        let core = self.core.borrow();
        let (Some(key), Some(socket)) = (core.pairing.shown(), &core.socket) else { return };
        socket.send(&ViewerMessage::Playing(Playing {
            epoch: key.epoch,
            pts: key.pts,
            drops: core.presented.drops(),
            unpaired: core.pairing.unpaired(),
            delay_ms: core.delay.newest().map(|delay| delay.total_ms),
        }));
    }
}
