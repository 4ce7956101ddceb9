//! How one stream is doing: state, reason, what it is and how fast it comes; watched by whoever shows it.

use super::clock::{Clock, Mono};
use super::packet::StreamParams;
use crate::source::SourceError;
use sightline_shared::camera::{Camera, CameraState};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Rates are measured over this time.
const RATE_WINDOW: Duration = Duration::from_secs(4);
/// A camera that was live and has been gone for this long is called offline.
const OFFLINE_AFTER: Duration = Duration::from_secs(180);

struct Facts {
    state: CameraState,
    reason: Option<SourceError>,
    since: Duration,
    retry_at: Option<Duration>,
    failures: u32,
    transport: Option<&'static str>,
    params: Option<Arc<StreamParams>>,
    was_live: bool,
    lost_at: Option<Mono>,
    newest: VecDeque<(Mono, usize)>,
    key_frames: [Option<Mono>; 2],
    drift_ppm: Option<f64>,
    clock_off_s: Option<f64>,
    notes: Vec<String>,
}

/// The status of one stream.
pub struct Status {
    facts: Mutex<Facts>,
    changed: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
}

impl Status {
    /// Connecting, since now.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let facts = Facts {
            state: CameraState::Connecting,
            reason: None,
            since: clock.utc(),
            retry_at: None,
            failures: 0,
            transport: None,
            params: None,
            was_live: false,
            lost_at: None,
            newest: VecDeque::new(),
            key_frames: [None, None],
            drift_ppm: None,
            clock_off_s: None,
            notes: Vec::new(),
        };
        Self { facts: Mutex::new(facts), changed: watch::Sender::new(0), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Tells of every change of state, reason or parameters.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Something that [`Self::describe`] does not hold has changed too (analysis, settings).
    pub fn touch(&self) {
        self.tell();
    }

    /// The stream was (re)started or switched off by a person: all that was known of it is forgotten.
    pub fn reset(&self, state: CameraState) {
        let mut facts = self.lock();
        facts.set(state, self.clock.utc());
        (facts.reason, facts.retry_at, facts.failures) = (None, None, 0);
        (facts.was_live, facts.lost_at, facts.params, facts.transport) = (false, None, None, None);
        drop(facts);
        self.tell();
    }

    /// A try begins.
    pub fn trying(&self) {
        self.lock().retry_at = None;
        self.tell();
    }

    /// The connection stands.
    pub fn connected(&self, transport: &'static str) {
        let mut facts = self.lock();
        facts.transport = Some(transport);
        facts.notes.clear();
    }

    /// What is done to the stream beside carrying it, for people; holds until the next connection.
    pub fn note(&self, note: String) {
        self.lock().notes.push(note);
        self.tell();
    }

    /// A sender report came: the camera's clock is this many seconds ahead of the server's, its way over the network left out.
    pub fn camera_clock(&self, ahead_s: f64) {
        self.lock().clock_off_s = Some(ahead_s);
    }

    /// New parameters hold from now on.
    pub fn parameters(&self, params: Arc<StreamParams>) {
        self.lock().params = Some(params);
        self.tell();
    }

    /// A frame of video was passed on.
    pub fn frame(&self, now: Mono, bytes: usize, key: bool, drift_ppm: Option<f64>) {
        let mut facts = self.lock();
        facts.drift_ppm = drift_ppm;
        facts.newest.push_back((now, bytes));
        while facts.newest.front().is_some_and(|(at, _)| now.since(*at) > RATE_WINDOW) {
            facts.newest.pop_front();
        }
        if key {
            facts.key_frames = [facts.key_frames[1], Some(now)];
        }
        if facts.state != CameraState::Live {
            facts.set(CameraState::Live, self.clock.utc());
            (facts.reason, facts.retry_at, facts.lost_at) = (None, None, None);
            (facts.was_live, facts.failures) = (true, 0);
            drop(facts);
            self.tell();
        }
    }

    /// A try ended; the next one starts in `wait`.
    pub fn failed(&self, error: SourceError, wait: Duration) {
        let (now, utc) = (self.clock.now(), self.clock.utc());
        let mut facts = self.lock();
        facts.failures += 1;
        let lost_at = *facts.lost_at.get_or_insert(now);
        let gone = now.since(lost_at) > OFFLINE_AFTER;
        let state = if facts.was_live && !gone { CameraState::Reconnecting } else { CameraState::Offline };
        facts.set(state, utc);
        facts.reason = Some(error);
        facts.retry_at = Some(utc + wait);
        facts.newest.clear();
        facts.key_frames = [None, None];
        (facts.drift_ppm, facts.clock_off_s) = (None, None);
        drop(facts);
        self.tell();
    }

    /// The parameters of the picture, once one has come.
    pub fn params(&self) -> Option<Arc<StreamParams>> {
        self.lock().params.clone()
    }

    /// How many tries in a row have failed.
    pub fn failures(&self) -> u32 {
        self.lock().failures
    }

    /// Writes what is known into `camera`.
    pub fn describe(&self, camera: &mut Camera) {
        let now = self.clock.now();
        let facts = self.lock();
        camera.state = facts.state;
        camera.reason = facts.reason.as_ref().map(|e| e.message.clone());
        camera.reason_code = facts.reason.as_ref().map(|e| e.code.to_owned());
        camera.since = Some(rfc3339(facts.since));
        camera.retry_at = facts.retry_at.map(rfc3339);
        camera.failures = facts.failures;
        camera.transport_in_use = facts.transport.map(str::to_owned);
        if let Some(params) = &facts.params {
            let video = &params.video;
            let sideways = video.rotation % 180 == 90;
            camera.codec = Some(video.codec_string.clone());
            camera.width = Some(if sideways { video.height } else { video.width });
            camera.height = Some(if sideways { video.width } else { video.height });
            camera.audio = params.audio.as_ref().map(super::packet::AudioParams::info);
        }
        camera.note = (!facts.notes.is_empty()).then(|| facts.notes.join(" "));
        camera.clock_drift_ppm = facts.drift_ppm;
        camera.clock_ahead_s = facts.clock_off_s;
        facts.rates(now, camera);
    }
}

impl Facts {
    fn set(&mut self, state: CameraState, utc: Duration) {
        if self.state != state {
            self.state = state;
            self.since = utc;
        }
    }

    fn rates(&self, now: Mono, camera: &mut Camera) {
        let recent: Vec<_> = self.newest.iter().filter(|(at, _)| now.since(*at) <= RATE_WINDOW).collect();
        let (Some((first, _)), Some((last, _))) = (recent.first(), recent.last()) else { return };
        let seconds = last.since(*first).as_secs_f64();
        if recent.len() > 2 && seconds > 0.2 {
            camera.fps = Some((recent.len() - 1) as f64 / seconds);
            // The first frame's bytes came before the time that is measured.
            let bytes: usize = recent.iter().skip(1).map(|(_, bytes)| bytes).sum();
            camera.bitrate = Some(bytes as f64 * 8.0 / seconds);
        }
        if let [Some(before), Some(newest)] = self.key_frames {
            camera.gop_s = Some(newest.since(before).as_secs_f64());
        }
    }
}

/// A time since 1970 as RFC 3339 in UTC, to the millisecond.
#[must_use]
pub fn rfc3339(utc: Duration) -> String {
    let millis = i64::try_from(utc.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    use super::super::clock::SimulatedClock;
    use super::*;

    fn described(status: &Status) -> Camera {
        let mut camera = Camera::default();
        status.describe(&mut camera);
        camera
    }

    #[test]
    fn states_follow_what_happens() {
        let clock = Arc::new(SimulatedClock::new(Duration::from_secs(1_800_000_000)));
        let status = Status::new(clock.clone());
        assert_eq!(described(&status).state, CameraState::Connecting);
        status.failed(SourceError::new("refused", "Nothing listens."), Duration::from_secs(2));
        let camera = described(&status);
        assert_eq!((camera.state, camera.failures), (CameraState::Offline, 1));
        assert_eq!(camera.retry_at.as_deref(), Some("2027-01-15T08:00:02.000Z"));
        status.frame(clock.now(), 1000, true, None);
        assert_eq!((described(&status).state, described(&status).reason), (CameraState::Live, None));
        status.failed(SourceError::new("ended", "Closed."), Duration::from_secs(1));
        assert_eq!(described(&status).state, CameraState::Reconnecting);
        clock.advance(OFFLINE_AFTER + Duration::from_secs(1));
        status.failed(SourceError::new("ended", "Closed."), Duration::from_secs(1));
        assert_eq!(described(&status).state, CameraState::Offline);
    }

    #[test]
    fn rates_are_measured() {
        let clock = Arc::new(SimulatedClock::new(Duration::ZERO));
        let status = Status::new(clock.clone());
        for n in 0..100 {
            status.frame(clock.now(), 5000, n % 50 == 0, None);
            clock.advance(Duration::from_millis(40));
        }
        let camera = described(&status);
        assert!((camera.fps.unwrap() - 25.0).abs() < 0.01);
        assert!((camera.bitrate.unwrap() - 1e6).abs() < 1.0);
        assert_eq!(camera.gop_s, Some(2.0));
    }
}
