//! The tee behind a source: places every frame in time, wraps it for viewers, offers it to the decoder. Waits for nobody.

use super::anchors::Anchors;
use super::clock::{Clock, Mono};
use super::counters::{DropCause, StageCounters};
use super::decoding::Decoding;
use super::encoding::Encoding;
use super::inject::Inject;
use super::packet::{AccessUnit, Medium, StreamParams};
use super::recent::Recent;
use super::status::Status;
use super::timeline::{Placed, Timeline};
use super::trace::{TRACE_EVERY, Trace};
use super::vitals::Vitals;
use crate::fragment::Fragmenter;
use crate::live::hub::{Hub, Item};
use crate::source::{RawUnit, Sink, SourceError};
use sightline_shared::camera::Rendition;
use sightline_shared::time::Epoch;
use sightline_shared::wire::ServerMessage;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a stream's frames are given to; what is absent is not asked for.
#[derive(Clone)]
pub struct Outlets {
    /// Viewers, if the stream has the role.
    pub hub: Option<Arc<Hub>>,
    /// The decoder, and through it all who want frames.
    pub decoding: Arc<Decoding>,
    /// Renditions that the sound of the stream goes to as well.
    pub encodings: Vec<Arc<Encoding>>,
    /// Where the newest frames are remembered, for tracks of another stream.
    pub recent: Option<Arc<Recent>>,
    /// State and rates.
    pub status: Arc<Status>,
    /// Signs of life, for the watchdog.
    pub vitals: Arc<Vitals>,
    /// Frames from the source.
    pub source: Arc<StageCounters>,
    /// Access units in, chunks out.
    pub fragment: Arc<StageCounters>,
    /// Delays of tests.
    pub inject: Arc<Inject>,
    /// The newest epoch of the stream, over every start of its camera.
    pub epoch: Arc<Mutex<Option<Epoch>>>,
}

/// The tee of one stream.
pub struct Intake {
    outlets: Outlets,
    timeline: Timeline,
    anchors: Anchors,
    fragmenter: Fragmenter,
    params: Option<Arc<StreamParams>>,
    params_changed: bool,
    /// After a loss everything up to the next key frame would be shown broken.
    broken: bool,
    audio_carried: bool,
    sequence: u64,
    clock: Arc<dyn Clock>,
}

impl Intake {
    /// A tee that has seen nothing yet.
    pub fn new(outlets: Outlets, clock: Arc<dyn Clock>) -> Self {
        let before = *outlets.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            outlets,
            timeline: Timeline::after(before),
            anchors: Anchors::default(),
            fragmenter: Fragmenter::new(Rendition::Source),
            params: None,
            params_changed: false,
            broken: false,
            audio_carried: false,
            sequence: 0,
            clock,
        }
    }

    /// A new connection begins: its time stamps have nothing to do with those before.
    pub fn reconnect(&mut self) {
        self.timeline.reconnect();
        self.broken = false;
    }

    fn video(&mut self, raw: RawUnit) {
        let counters = self.outlets.source.clone();
        counters.enter();
        self.outlets.vitals.unit(self.clock.now());
        match self.placed(&raw) {
            Ok((placed, params)) => {
                self.outlets.inject.pause("source", &*self.clock);
                let now = self.clock.now();
                counters.leave(now, now.since(raw.arrived));
                self.pass_on(raw, &placed, params, now);
            }
            Err(cause) => counters.dropped(cause, 1),
        }
    }

    fn placed(&mut self, raw: &RawUnit) -> Result<(Placed, Arc<StreamParams>), DropCause> {
        if raw.data.is_empty() {
            return Err(DropCause::Empty);
        }
        self.broken = !raw.key && (self.broken || raw.lost);
        if self.broken {
            return Err(DropCause::PacketLoss);
        }
        let params = self.params.clone().ok_or(DropCause::WaitingForKeyFrame)?;
        let changed = self.params_changed && raw.key;
        let placed = self.timeline.video(raw.time, raw.key, changed, params.video.reorder)?;
        self.params_changed &= !changed;
        Ok((placed, params))
    }

    fn pass_on(&mut self, raw: RawUnit, placed: &Placed, params: Arc<StreamParams>, at: Mono) {
        let unit = AccessUnit {
            medium: Medium::Video,
            epoch: placed.epoch,
            starts_epoch: placed.starts_epoch,
            pts: placed.pts,
            dts: placed.dts,
            duration: placed.duration,
            key: raw.key,
            data: raw.data,
            params,
            sequence: self.sequence,
            arrived: raw.arrived,
            captured_utc: self.timeline.captured_utc(raw.time),
        };
        self.sequence += 1;
        if unit.starts_epoch && !self.start_epoch(&unit) {
            return;
        }
        let trace = self.fragment(&unit, at);
        if let Some(recent) = &self.outlets.recent {
            recent.push(&unit);
        }
        self.outlets.decoding.push(&unit, trace);
        let now = self.clock.now();
        self.outlets.vitals.frame(now);
        self.anchors.frame(unit.epoch, unit.pts, unit.arrived);
        self.outlets.status.frame(now, unit.data.len(), unit.key, self.anchors.drift_ppm());
    }

    fn start_epoch(&mut self, unit: &AccessUnit) -> bool {
        *self.outlets.epoch.lock().unwrap_or_else(PoisonError::into_inner) = Some(unit.epoch);
        let Some(hub) = &self.outlets.hub else { return true };
        match self.fragmenter.start_epoch(unit.epoch, &unit.params) {
            Ok(init) => {
                self.audio_carried = init.audio.is_some();
                self.outlets.status.parameters(unit.params.clone());
                hub.publish(Item::Init(Arc::new(init)));
                true
            }
            Err(e) => {
                self.outlets.vitals.fail(SourceError::new("codec", format!("This stream cannot be carried: {e}.")));
                false
            }
        }
    }

    /// Publishes the unit, which left the stage before at `at`; gives its stamps where it is one of those that have some.
    fn fragment(&mut self, unit: &AccessUnit, at: Mono) -> Option<Arc<Trace>> {
        let Some(hub) = &self.outlets.hub else {
            if unit.starts_epoch {
                self.outlets.status.parameters(unit.params.clone());
            }
            return None;
        };
        self.outlets.fragment.enter();
        self.outlets.inject.pause("fragment", &*self.clock);
        let chunk = self.fragmenter.chunk(unit, self.clock.now());
        let fragmented = chunk.fragmented;
        hub.publish(Item::Chunk(Arc::new(chunk)));
        let now = self.clock.now();
        self.outlets.fragment.leave(now, now.since(at));
        if !unit.sequence.is_multiple_of(TRACE_EVERY) {
            return None;
        }
        let trace = Trace::new(unit.epoch, unit.pts, unit.captured_utc, unit.arrived);
        trace.mark("fragment", Some(Rendition::Source), fragmented);
        hub.publish(text(&trace.message(Rendition::Source)));
        Some(trace)
    }

    fn audio(&mut self, raw: RawUnit) {
        let (Some(hub), Some(params)) = (&self.outlets.hub, &self.params) else { return };
        if !self.audio_carried {
            return;
        }
        let Some(placed) = self.timeline.audio(raw.time) else { return };
        let unit = AccessUnit {
            medium: Medium::Audio,
            epoch: placed.epoch,
            starts_epoch: false,
            pts: placed.pts,
            dts: placed.dts,
            duration: placed.duration,
            key: true,
            data: raw.data,
            params: params.clone(),
            sequence: 0,
            arrived: raw.arrived,
            captured_utc: None,
        };
        hub.publish(Item::Chunk(Arc::new(self.fragmenter.chunk(&unit, self.clock.now()))));
        self.outlets.encodings.iter().for_each(|encoding| encoding.audio(&unit));
    }
}

/// A message as it goes into a hub.
pub(super) fn text(message: &ServerMessage) -> Item {
    Item::Text(serde_json::to_string(message).expect("wire types have string keys and no failing serializers").into())
}

impl Sink for Intake {
    fn connected(&mut self, transport: &'static str) {
        self.outlets.vitals.connected(self.clock.now());
        self.outlets.status.connected(transport);
    }

    fn note(&mut self, note: String) {
        self.outlets.status.note(note);
    }

    fn left_out(&mut self, frames: u64) {
        (0..frames).for_each(|_| self.outlets.source.enter());
        self.outlets.source.dropped(DropCause::QueueFull, frames);
    }

    fn parameters(&mut self, params: StreamParams) {
        if self.params.as_deref() != Some(&params) {
            self.params_changed = self.params.is_some();
            self.params = Some(Arc::new(params));
        }
    }

    fn unit(&mut self, unit: RawUnit) {
        match unit.medium {
            Medium::Video => self.video(unit),
            Medium::Audio => self.audio(unit),
        }
    }

    fn sender_report(&mut self, medium: Medium, time: i64, utc: Duration) {
        if medium == Medium::Video {
            self.timeline.sender_report(time, utc);
            self.outlets.status.camera_clock(utc.as_secs_f64() - self.clock.utc().as_secs_f64());
        }
    }
}
