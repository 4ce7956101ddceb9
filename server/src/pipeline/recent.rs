//! The newest frames of the viewed stream, so that tracks found in another stream of the camera get the PTS of its frame.

use super::clock::Mono;
use super::packet::AccessUnit;
use sightline_shared::time::{Epoch, Pts};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Frames remembered: 4 s at 30 frames a second; analysis is never further behind.
const KEPT: usize = 128;

#[derive(Clone, Copy)]
struct Moment {
    epoch: Epoch,
    pts: Pts,
    duration: u32,
    arrived: Mono,
    captured: Option<Duration>,
}

/// The newest frames of a stream.
#[derive(Default)]
pub struct Recent {
    moments: Mutex<VecDeque<Moment>>,
}

impl Recent {
    /// Remembers a frame.
    pub fn push(&self, unit: &AccessUnit) {
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        if moments.len() == KEPT {
            moments.pop_front();
        }
        let AccessUnit { epoch, pts, duration, arrived, captured_utc, .. } = *unit;
        moments.push_back(Moment { epoch, pts, duration, arrived, captured: captured_utc });
    }

    /// When the frame `(epoch, pts)` of this stream was taken and came.
    pub fn moment(&self, epoch: Epoch, pts: Pts) -> Option<(Mono, Option<Duration>)> {
        let moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        moments.iter().rev().find(|m| m.epoch == epoch && m.pts == pts).map(|m| (m.arrived, m.captured))
    }

    /// The frame of this stream taken at the same moment, by the camera's clock where both streams have sender reports, else
    /// by arrival; `None` where the closest one is further than half a frame away.
    pub fn closest(&self, arrived: Mono, captured: Option<Duration>) -> Option<(Epoch, Pts)> {
        let moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let distance = |m: &Moment| match (captured, m.captured) {
            (Some(a), Some(b)) => a.abs_diff(b),
            _ => arrived.0.abs_diff(m.arrived.0),
        };
        let closest = moments.iter().min_by_key(|m| distance(m))?;
        let half = Duration::from_micros(u64::from(closest.duration) * 100 / 9 / 2);
        (distance(closest) <= half).then_some((closest.epoch, closest.pts))
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::testing::access_unit;
    use super::*;

    #[test]
    fn tracks_of_a_sub_stream_find_their_frame_or_none() {
        let recent = Recent::default();
        for n in 0..200 {
            let captured = Some(Duration::from_millis(1_000_000 + n * 33));
            let arrived = Mono(Duration::from_millis(n * 33 + 80));
            recent.push(&AccessUnit { captured_utc: captured, arrived, ..access_unit(n, false) });
        }
        let found = recent.closest(Mono::default(), Some(Duration::from_millis(1_000_000 + 150 * 33 + 10)));
        assert_eq!(found, Some((Epoch(0), Pts(150 * 3000))));
        let by_arrival = recent.closest(Mono(Duration::from_millis(150 * 33 + 80 + 12)), None);
        assert_eq!(by_arrival, Some((Epoch(0), Pts(150 * 3000))));
        assert_eq!(recent.closest(Mono::default(), Some(Duration::from_millis(2_000_000))), None);
        assert_eq!(recent.closest(Mono::default(), Some(Duration::from_millis(1_000_000))), None, "long forgotten");
        assert_eq!(recent.moment(Epoch(0), Pts(199 * 3000)).map(|(at, _)| at.millis()), Some(199.0 * 33.0 + 80.0));
    }
}
