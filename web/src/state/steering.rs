//! Steering of the playhead: a narrow band of playback rates around a target delay, and a jump only when far behind.
//!
//! The figures are those of the measurements with MSE at 30/s: proportional steering with rates of 0.93 to 1.12 and a dead
//! band of 12 ms holds 37 ms from `send()` to the screen with 50 ms from playhead to the end of the newest frame; 35 ms starves.

/// Slowest rate.
pub(crate) const RATE_MIN: f64 = 0.93;
/// Fastest rate.
pub(crate) const RATE_MAX: f64 = 1.12;
/// Half the dead band.
pub(crate) const DEAD_BAND_MS: f64 = 12.0;
/// Further behind the target than this it jumps.
pub(crate) const JUMP_MS: f64 = 400.0;
/// A correction ends this close to the target, not at the band's edge, or it would begin again at once.
const SETTLED_MS: f64 = 3.0;
/// Rate per millisecond of error: the full 1.12 at 200 ms.
const GAIN: f64 = 0.12 / 200.0;
/// Room for decoding and the next vsync behind the frame itself: 33 + 17 = the 50 ms above.
const GUARD_MS: f64 = 17.0;
/// What a starving adds to the guard, and its limit.
const STARVED_MS: f64 = 8.0;
const STARVED_MAX_MS: f64 = 160.0;
/// The extra guard fades by so much in a second.
const FADE_MS_PER_S: f64 = 0.4;
/// Browsers have no low-delay mode for sound: Chromium fills some 200 ms of it before it goes on after every seek.
const AUDIO_MS: f64 = 200.0;
/// With sound a jump costs that filling, so that jumping at 400 ms would lead to the next jump: it catches up by rate up to here.
const SOUND_JUMP_MS: f64 = 1500.0;
/// What a starving adds with sound, whose blocks are larger.
const SOUND_STARVED_MS: f64 = 40.0;
/// Two jumps are at least so far apart: the first must have its effect. The pause doubles while jumps do not help: a browser
/// that cannot keep up would spend itself on decoding from key frames.
const JUMP_PAUSE_MS: f64 = 1000.0;
const JUMP_PAUSE_MAX_MS: f64 = 16_000.0;
/// Beyond a second of jitter it is the link that is broken, not the target.
const JITTER_MAX_MS: f64 = 1000.0;

/// What the steering sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// The viewer's clock.
    pub(crate) now_ms: f64,
    /// How far the playhead is behind the line of earliest arrivals.
    pub(crate) behind_ms: f64,
    /// p99 of the chunks' jitter.
    pub(crate) jitter_p99_ms: f64,
    /// p99 of the tracks' lateness, where tracks come.
    pub(crate) tracks_p99_ms: Option<f64>,
    /// Whether a sound track plays.
    pub(crate) sound: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    /// Play at this rate.
    Rate(f64),
    /// Move the playhead to so many milliseconds behind the line.
    Jump(f64),
}

/// The steering of one player.
pub(crate) struct Steering {
    limit_ms: f64,
    extra_ms: f64,
    correcting: bool,
    last_ms: Option<f64>,
    jumped_ms: Option<f64>,
    jump_pause_ms: f64,
    jumps: u64,
    starved: u64,
    sound: bool,
}

impl Steering {
    /// Waits for tracks up to `limit_ms` (the viewer's own setting, 150 by default).
    pub(crate) fn new(limit_ms: f64) -> Self {
        Self {
            limit_ms,
            extra_ms: 0.0,
            correcting: false,
            last_ms: None,
            jumped_ms: None,
            jump_pause_ms: JUMP_PAUSE_MS,
            jumps: 0,
            starved: 0,
            sound: false,
        }
    }

    /// How far behind the line the playhead should be. One frame is in it already: a frame that is on the line has come whole.
    pub(crate) fn target_ms(&self, seen: &Seen) -> f64 {
        let jitter = seen.jitter_p99_ms.min(JITTER_MAX_MS);
        let tracks = seen.tracks_p99_ms.map_or(0.0, |late| late.min(self.limit_ms));
        jitter.max(tracks) + GUARD_MS + self.extra_ms + if seen.sound { AUDIO_MS } else { 0.0 }
    }

    /// The next step; to be asked about ten times a second.
    pub(crate) fn step(&mut self, seen: &Seen) -> Act {
        let passed_s = self.last_ms.map_or(0.0, |last| (seen.now_ms - last).max(0.0) / 1e3);
        self.last_ms = Some(seen.now_ms);
        self.extra_ms = (self.extra_ms - passed_s * FADE_MS_PER_S).max(0.0);
        let target = self.target_ms(seen);
        let error = seen.behind_ms - target;
        let rested = self.jumped_ms.is_none_or(|at| seen.now_ms - at > self.jump_pause_ms);
        self.sound = seen.sound;
        if error > if seen.sound { SOUND_JUMP_MS } else { JUMP_MS } && rested {
            let in_vain = self.jumped_ms.is_some_and(|at| seen.now_ms - at < 2.0 * self.jump_pause_ms);
            self.jump_pause_ms =
                if in_vain { (2.0 * self.jump_pause_ms).min(JUMP_PAUSE_MAX_MS) } else { JUMP_PAUSE_MS };
            self.jumped_ms = Some(seen.now_ms);
            self.jumps += 1;
            self.correcting = false;
            return Act::Jump(target);
        }
        self.correcting = error.abs() > if self.correcting { SETTLED_MS } else { DEAD_BAND_MS };
        Act::Rate(if self.correcting { (1.0 + error * GAIN).clamp(RATE_MIN, RATE_MAX) } else { 1.0 })
    }

    /// The first frames are in: the playhead is put at the target, which counts as no jump.
    pub(crate) fn start(&mut self, now_ms: f64) {
        self.jumped_ms = Some(now_ms);
        self.correcting = false;
    }

    /// The player ran out of frames: more room from here on, fading again.
    pub(crate) fn starve(&mut self) {
        self.starved += 1;
        let more = if self.sound { SOUND_STARVED_MS } else { STARVED_MS };
        self.extra_ms = (self.extra_ms + more).min(STARVED_MAX_MS);
    }

    /// Sets how long tracks are waited for.
    pub(crate) fn set_limit_ms(&mut self, limit_ms: f64) {
        self.limit_ms = limit_ms;
    }

    /// Jumps so far.
    pub(crate) fn jumps(&self) -> u64 {
        self.jumps
    }

    /// How often the player ran out of frames.
    pub(crate) fn starved(&self) -> u64 {
        self.starved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(now_ms: f64, behind_ms: f64) -> Seen {
        Seen { now_ms, behind_ms, jitter_p99_ms: 0.0, tracks_p99_ms: None, sound: false }
    }

    #[test]
    fn within_the_dead_band_nothing_happens() {
        let mut steering = Steering::new(150.0);
        for error in [-11.9, 0.0, 11.9] {
            assert_eq!(steering.step(&seen(0.0, GUARD_MS + error)), Act::Rate(1.0));
        }
    }

    #[test]
    fn the_rate_is_proportional_and_bounded() {
        let mut steering = Steering::new(150.0);
        assert_eq!(steering.step(&seen(0.0, GUARD_MS + 100.0)), Act::Rate(1.06));
        assert_eq!(steering.step(&seen(1.0, GUARD_MS + 399.0)), Act::Rate(RATE_MAX));
        assert_eq!(steering.step(&seen(2.0, GUARD_MS - 500.0)), Act::Rate(RATE_MIN));
    }

    #[test]
    fn a_correction_goes_on_to_the_middle_of_the_band() {
        let mut steering = Steering::new(150.0);
        assert_ne!(steering.step(&seen(0.0, GUARD_MS + 13.0)), Act::Rate(1.0));
        assert_ne!(steering.step(&seen(1.0, GUARD_MS + 5.0)), Act::Rate(1.0));
        assert_eq!(steering.step(&seen(2.0, GUARD_MS + 2.0)), Act::Rate(1.0));
        assert_eq!(steering.step(&seen(3.0, GUARD_MS + 5.0)), Act::Rate(1.0));
    }

    #[test]
    fn it_jumps_only_when_far_behind_and_not_twice_at_once() {
        let mut steering = Steering::new(150.0);
        assert_eq!(steering.step(&seen(0.0, GUARD_MS + 401.0)), Act::Jump(GUARD_MS));
        assert_eq!(steering.step(&seen(500.0, GUARD_MS + 401.0)), Act::Rate(RATE_MAX));
        assert_eq!(steering.step(&seen(1100.0, GUARD_MS + 401.0)), Act::Jump(GUARD_MS));
        assert_eq!(steering.step(&seen(2900.0, GUARD_MS + 401.0)), Act::Rate(RATE_MAX), "the first jumps did not help");
        assert_eq!(steering.step(&seen(3200.0, GUARD_MS + 401.0)), Act::Jump(GUARD_MS));
        assert_eq!(steering.step(&seen(13_200.0, GUARD_MS + 401.0)), Act::Jump(GUARD_MS));
        assert_eq!(
            steering.step(&seen(14_300.0, GUARD_MS + 401.0)),
            Act::Jump(GUARD_MS),
            "it played for a while: as at first"
        );
        assert_eq!(steering.jumps(), 5);
    }

    #[test]
    fn with_sound_it_catches_up_by_rate_instead_of_jumping_again_and_again() {
        let mut steering = Steering::new(150.0);
        let sound = |now_ms, behind_ms| Seen { sound: true, ..seen(now_ms, behind_ms) };
        let target = steering.target_ms(&sound(0.0, 0.0));
        assert_eq!(target, GUARD_MS + AUDIO_MS);
        assert_eq!(steering.step(&sound(0.0, target + 1400.0)), Act::Rate(RATE_MAX));
        steering.starve();
        assert_eq!(steering.target_ms(&sound(0.0, 0.0)), target + SOUND_STARVED_MS);
        assert_eq!(
            steering.step(&sound(100.0, target + 1600.0)),
            Act::Jump(target + SOUND_STARVED_MS - 0.1 * FADE_MS_PER_S)
        );
    }

    #[test]
    fn the_target_covers_jitter_and_tracks_up_to_the_limit() {
        let mut steering = Steering::new(150.0);
        let base = seen(0.0, 0.0);
        assert_eq!(steering.target_ms(&Seen { jitter_p99_ms: 30.0, ..base }), 30.0 + GUARD_MS);
        assert_eq!(
            steering.target_ms(&Seen { jitter_p99_ms: 30.0, tracks_p99_ms: Some(60.0), ..base }),
            60.0 + GUARD_MS
        );
        assert_eq!(steering.target_ms(&Seen { tracks_p99_ms: Some(900.0), ..base }), 150.0 + GUARD_MS);
        steering.set_limit_ms(0.0);
        assert_eq!(steering.target_ms(&Seen { tracks_p99_ms: Some(900.0), ..base }), GUARD_MS);
    }

    #[test]
    fn starving_widens_the_target_and_fades() {
        let mut steering = Steering::new(150.0);
        steering.starve();
        let wide = steering.target_ms(&seen(0.0, 0.0));
        assert_eq!(wide, GUARD_MS + STARVED_MS);
        steering.step(&seen(0.0, wide));
        steering.step(&seen(60_000.0, wide));
        assert_eq!(steering.target_ms(&seen(0.0, 0.0)), GUARD_MS);
        for _ in 0..1000 {
            steering.starve();
        }
        assert_eq!(steering.target_ms(&seen(0.0, 0.0)), GUARD_MS + STARVED_MAX_MS);
    }

    #[test]
    fn a_simulated_playhead_settles_at_the_target_and_stays() {
        let mut steering = Steering::new(150.0);
        let mut behind = 300.0;
        let mut now = 0.0;
        let mut changes = 0;
        let mut last = 1.0;
        while now < 60_000.0 {
            let Act::Rate(rate) = steering.step(&seen(now, behind)) else { panic!("no jump is needed") };
            behind -= (rate - 1.0) * 100.0;
            changes += u32::from(now > 20_000.0 && rate != last);
            last = rate;
            now += 100.0;
        }
        assert!((behind - GUARD_MS).abs() <= DEAD_BAND_MS, "{behind}");
        assert_eq!(changes, 0);
    }
}
