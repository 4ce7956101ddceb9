//! The server's clock as seen from here, by pings of four timestamps.

use sightline_shared::wire::ClockReply;
use std::collections::VecDeque;

/// Answers that are compared: over a minute with one every 10 s.
const KEEP: usize = 8;

/// Offset of the server's monotonic clock, taken from the answer with the shortest round trip of the last few.
#[derive(Default)]
pub(crate) struct ServerClock {
    answers: VecDeque<Answer>,
}

#[derive(Clone, Copy)]
struct Answer {
    offset_ms: f64,
    round_trip_ms: f64,
    utc_minus_server_ms: f64,
}

impl ServerClock {
    /// An answer came when the viewer's clock was `t3_ms`.
    pub(crate) fn note(&mut self, reply: &ClockReply, t3_ms: f64) {
        let answer = Answer {
            offset_ms: f64::midpoint(reply.t1 - reply.t0, reply.t2 - t3_ms),
            round_trip_ms: ((t3_ms - reply.t0) - (reply.t2 - reply.t1)).max(0.0),
            utc_minus_server_ms: reply.utc_ms - reply.t2,
        };
        if self.answers.len() == KEEP {
            self.answers.pop_front();
        }
        self.answers.push_back(answer);
    }

    fn best(&self) -> Option<Answer> {
        self.answers.iter().copied().min_by(|a, b| a.round_trip_ms.total_cmp(&b.round_trip_ms))
    }

    /// The server's monotonic clock at the viewer's time `viewer_ms`.
    pub(crate) fn server_ms(&self, viewer_ms: f64) -> Option<f64> {
        self.best().map(|answer| viewer_ms + answer.offset_ms)
    }

    /// The server's UTC at the viewer's time `viewer_ms`.
    pub(crate) fn utc_ms(&self, viewer_ms: f64) -> Option<f64> {
        self.best().map(|answer| viewer_ms + answer.offset_ms + answer.utc_minus_server_ms)
    }

    /// Shortest round trip of the last answers; the offset is true to half of it.
    pub(crate) fn round_trip_ms(&self) -> Option<f64> {
        self.best().map(|answer| answer.round_trip_ms)
    }

    /// Another connection may be another server: all is forgotten.
    pub(crate) fn reset(&mut self) {
        self.answers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_round_trip_wins() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.server_ms(0.0), None);
        // The server is 1000 ms ahead; the way back takes 40 ms in the first answer, 1 ms in the second.
        clock.note(&ClockReply { t0: 0.0, t1: 1001.0, t2: 1001.0, utc_ms: 51_001.0 }, 41.0);
        clock.note(&ClockReply { t0: 100.0, t1: 1101.0, t2: 1102.0, utc_ms: 51_102.0 }, 103.0);
        assert_eq!(clock.server_ms(200.0), Some(1200.0));
        assert_eq!(clock.utc_ms(200.0), Some(51_200.0));
        assert_eq!(clock.round_trip_ms(), Some(2.0));
        clock.reset();
        assert_eq!(clock.round_trip_ms(), None);
    }
}
