//! Which frames are looked at, by their PTS.

use sightline_shared::time::{Epoch, Pts, TIMESCALE};

/// Picks frames so that about `fps` a second are looked at, evenly, whatever the rate they come at.
#[derive(Clone, Debug)]
pub struct Pace {
    interval: i64,
    last: Option<(Epoch, Pts)>,
    /// How many ticks later than due the last look was; taken off the next interval, so that the mean rate is met.
    late: i64,
}

impl Pace {
    /// `fps` of [`sightline_shared::camera::DetectSettings`]; 0 (or anything that is not a rate) means every frame.
    #[must_use]
    pub fn new(fps: f64) -> Self {
        let interval = if fps.is_finite() && fps > 0.0 { (f64::from(TIMESCALE) / fps).round() as i64 } else { 0 };
        Self { interval, last: None, late: 0 }
    }

    /// Whether the frame at `(epoch, pts)` is one to look at; call it once for every frame.
    pub fn due(&mut self, epoch: Epoch, pts: Pts) -> bool {
        if let Some((last_epoch, last)) = self.last
            && last_epoch == epoch
            && pts >= last
        {
            let waited = pts.0 - last.0 + self.late;
            if waited < self.interval {
                return false;
            }
            self.late = (waited - self.interval).min(self.interval.saturating_sub(1)).max(0);
        } else {
            self.late = 0;
        }
        self.last = Some((epoch, pts));
        true
    }
}

/// How long it goes on after something moved: who stands still for a moment is still there.
const HOLD: i64 = 2 * TIMESCALE as i64;

/// Opens while something moves, and for two seconds after that, by PTS.
#[derive(Clone, Debug, Default)]
pub struct Hold(Option<(Epoch, Pts)>);

impl Hold {
    /// Whether it is open at a frame in which something `moves`, or nothing does.
    pub fn is_open(&mut self, epoch: Epoch, pts: Pts, moves: bool) -> bool {
        if moves {
            self.0 = Some((epoch, pts));
        }
        self.0.is_some_and(|(of, since)| of == epoch && pts.0 - since.0 <= HOLD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_open_for_two_seconds_after_the_last_movement() {
        let mut hold = Hold::default();
        let mut at = |seconds: f64, moves| hold.is_open(Epoch(0), Pts((seconds * 90_000.0) as i64), moves);
        assert!(!at(0.0, false));
        assert!(at(1.0, true) && at(2.0, true) && at(3.9, false) && at(4.0, false));
        assert!(!at(4.1, false) && !at(9.0, false));
        assert!(at(10.0, true));
        assert!(!hold.is_open(Epoch(1), Pts(900_000), false), "another epoch has other times");
    }

    fn looks(fps: f64, step: i64, frames: i64) -> usize {
        let mut pace = Pace::new(fps);
        (0..frames).filter(|n| pace.due(Epoch(0), Pts(n * step))).count()
    }

    #[test]
    fn the_mean_rate_is_met() {
        assert_eq!(looks(0.0, 3000, 300), 300);
        assert_eq!(looks(5.0, 3000, 300), 50);
        assert_eq!(looks(25.0, 3000, 300), 250);
        assert_eq!(looks(100.0, 3000, 300), 300, "never more than there are");
        assert_eq!(looks(8.0, 3003, 300), 80, "29.97 fps");
    }

    #[test]
    fn a_new_epoch_is_looked_at_at_once() {
        let mut pace = Pace::new(1.0);
        assert!(pace.due(Epoch(0), Pts(900_000)));
        assert!(!pace.due(Epoch(0), Pts(903_000)));
        assert!(pace.due(Epoch(1), Pts(0)));
        assert!(!pace.due(Epoch(1), Pts(3000)));
    }
}
