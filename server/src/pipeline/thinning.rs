//! Which frames of a stream are left out, so that a lower rate remains; evenly, by their PTS.

use sightline_shared::time::{Epoch, Pts, TIMESCALE};

/// Keeps about `fps` frames a second. A camera's PTS are not quite even: a frame is taken for the one that is due when it is
/// the nearest to it.
#[derive(Clone, Debug, Default)]
pub struct Thinning {
    /// Where the next frame is due, in ticks.
    next: Option<(Epoch, f64)>,
}

impl Thinning {
    /// Whether the frame at `pts`, `duration` ticks behind the one before it, is kept where `fps` are wanted; call it once for
    /// every frame. No rate keeps all.
    pub fn keeps(&mut self, fps: Option<f64>, epoch: Epoch, pts: Pts, duration: u32) -> bool {
        let Some(interval) = fps.filter(|fps| *fps > 0.0).map(|fps| f64::from(TIMESCALE) / fps) else {
            self.next = None;
            return true;
        };
        let at = pts.0 as f64;
        let next = match self.next {
            Some((known, next)) if known == epoch => next,
            _ => at,
        };
        if at < next - f64::from(duration) / 2.0 && next - at <= interval {
            return false;
        }
        // After a gap, or a jump back, counting begins anew.
        let follows = (at - next).abs() < interval;
        self.next = Some((epoch, if follows { next + interval } else { at + interval }));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(fps: f64, times: impl Iterator<Item = i64>) -> Vec<i64> {
        let mut thinning = Thinning::default();
        let mut before = None;
        times
            .filter(|time| {
                let duration = time - before.replace(*time).unwrap_or(time - 3000);
                thinning.keeps(Some(fps), Epoch(0), Pts(*time), duration as u32)
            })
            .collect()
    }

    #[test]
    fn rates_are_met_evenly() {
        let steady = || (0..300).map(|n| n * 3000);
        assert_eq!(kept(15.0, steady()), (0..150).map(|n| n * 6000).collect::<Vec<_>>());
        assert_eq!(kept(10.0, steady()), (0..100).map(|n| n * 9000).collect::<Vec<_>>());
        assert_eq!(kept(25.0, steady()).len(), 250);
        assert_eq!(kept(1.0, steady()).len(), 10);
        assert_eq!(kept(60.0, steady()).len(), 300, "never more than there are");
    }

    #[test]
    fn uneven_time_stamps_do_not_cost_frames() {
        let jitter = |n: i64| n * 3000 + (n * 7919 % 13 - 6) * 100;
        for fps in [5.0, 10.0, 15.0] {
            let kept = kept(fps, (0..300).map(jitter));
            assert_eq!(kept.len() as f64, fps * 10.0, "{fps}");
            let interval = 90_000.0 / fps;
            assert!(
                kept.windows(2).all(|two| ((two[1] - two[0]) as f64 - interval).abs() <= 1500.0),
                "{fps}: {kept:?}"
            );
        }
    }

    #[test]
    fn gaps_and_epochs_begin_anew() {
        let mut thinning = Thinning::default();
        let mut keeps = |epoch, pts| thinning.keeps(Some(10.0), Epoch(epoch), Pts(pts), 3000);
        assert!(keeps(0, 0) && !keeps(0, 3000) && keeps(0, 900_000) && !keeps(0, 903_000));
        assert!(keeps(1, 0) && !keeps(1, 3000));
        assert!(thinning.keeps(None, Epoch(1), Pts(3001), 3000));
    }
}
