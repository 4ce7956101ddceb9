//! Media time: presentation time stamps, epochs, and the one timescale.

use serde::{Deserialize, Serialize};

/// Ticks per second of every [`Pts`] and of every video track: 90 kHz, RTP's own clock for video (RFC 6184 section 8.2.1).
pub const TIMESCALE: u32 = 90_000;

/// A presentation (or decoding) time in ticks of [`TIMESCALE`], counted from the start of its [`Epoch`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pts(pub i64);

impl Pts {
    /// Seconds since the start of the epoch.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / f64::from(TIMESCALE)
    }

    /// The nearest tick to `seconds`. Chromium keeps media time in whole microseconds, a tenth of a tick, so that
    /// `Pts::from_seconds(pts.seconds())` through a `<video>` element gives `pts` back.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * f64::from(TIMESCALE)).round() as i64)
    }
}

/// Counts the discontinuities of one camera's stream. Within an epoch PTS never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The epoch that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
