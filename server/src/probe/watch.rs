//! Watches a source through the same door as the graph does, and remembers what it gave.

use crate::codec;
use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::pace::Pace;
use crate::pipeline::packet::{Medium, StreamParams};
use crate::source::{Offered, RawUnit, Sink};
use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Frames that are remembered: a minute at 120 a second. What comes after is counted alone.
const MAX_FRAMES: usize = 7200;
/// How long after its first frame a stream has settled.
const SETTLED: Duration = Duration::from_secs(2);
/// Sender reports that are remembered.
const MAX_REPORTS: usize = 256;

/// One frame of video as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) time: i64,
    pub(super) arrived: Mono,
    pub(super) key: bool,
    pub(super) bytes: usize,
}

/// What a source gave so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    pub(super) connected: Option<(&'static str, Mono)>,
    pub(super) offered: Vec<Offered>,
    pub(super) notes: Vec<String>,
    pub(super) params: Option<StreamParams>,
    /// How often the parameters changed on the way.
    pub(super) changes: u32,
    /// Frames of video in the order they came.
    pub(super) frames: Vec<Seen>,
    pub(super) frame_count: u64,
    pub(super) lost_packets: u64,
    pub(super) left_out: u64,
    /// The camera's wall clock minus this machine's, in seconds, at each sender report.
    pub(super) reports: Vec<f64>,
    /// The first key frame, to make a picture of.
    pub(super) key_frame: Option<(Bytes, StreamParams)>,
    /// Parameter sets stood in an access unit.
    pub(super) sets_seen: bool,
}

impl Observed {
    /// Whether the stream is decoded and encoded anew on its way.
    pub(super) fn is_recoded(&self) -> bool {
        self.notes.iter().any(|note| note.contains(crate::source::RECODED))
    }

    /// When the first frame came.
    pub(super) fn first(&self) -> Option<Mono> {
        self.frames.first().map(|frame| frame.arrived)
    }

    /// When the first frame came at which decoding can start.
    pub(super) fn first_key(&self) -> Option<Mono> {
        self.frames.iter().find(|frame| frame.key).map(|frame| frame.arrived)
    }
}

/// The door: hands on nothing.
pub(super) struct Watcher {
    pub(super) observed: Arc<Mutex<Observed>>,
    pub(super) pace: Arc<Pace>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Watcher {
    fn lock(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Watcher {
    fn offered(&mut self, tracks: Vec<Offered>) {
        self.lock().offered = tracks;
    }

    fn connected(&mut self, transport: &'static str) {
        let now = self.clock.now();
        self.lock().connected = Some((transport, now));
    }

    fn note(&mut self, note: String) {
        self.lock().notes.push(note);
    }

    fn lost(&mut self, packets: u64) {
        self.lock().lost_packets += packets;
    }

    fn left_out(&mut self, frames: u64) {
        let (mut observed, now) = (self.lock(), self.clock.now());
        // What was kept while the stream was looked at comes at once, and is more than any encoder follows.
        if observed.first().is_some_and(|first| now.since(first) > SETTLED) {
            observed.left_out += frames;
        }
    }

    fn parameters(&mut self, params: StreamParams) {
        let mut observed = self.lock();
        observed.changes += u32::from(observed.params.as_ref().is_some_and(|known| *known != params));
        observed.params = Some(params);
    }

    fn unit(&mut self, unit: RawUnit) {
        let mut observed = self.lock();
        if unit.medium != Medium::Video || unit.data.is_empty() || self.pace.is_stopped() {
            return;
        }
        observed.frame_count += 1;
        if observed.frames.len() < MAX_FRAMES {
            let RawUnit { time, arrived, key, .. } = unit;
            observed.frames.push(Seen { time, arrived, key, bytes: unit.data.len() });
        }
        if let Some(params) = observed.params.clone().filter(|_| unit.key) {
            observed.sets_seen |= codec::in_band_parameters(params.video.codec, &unit.data).is_some();
            if observed.key_frame.is_none() && !unit.lost {
                observed.key_frame = Some((unit.data, params));
            }
        }
    }

    fn sender_report(&mut self, medium: Medium, _time: i64, utc: Duration) {
        let ahead = utc.as_secs_f64() - self.clock.utc().as_secs_f64();
        let mut observed = self.lock();
        if medium == Medium::Video && observed.reports.len() < MAX_REPORTS {
            observed.reports.push(ahead);
        }
    }
}
