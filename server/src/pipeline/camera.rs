//! One camera: its streams, hubs, decoders, analysis, renditions and counters, put together.

mod feed;

pub use feed::HIDDEN;

use super::analysis::{Analysis, AnalysisCounters};
use super::batcher::Engines;
use super::clock::Clock;
use super::counters::StageCounters;
use super::decoding::{Consumer, Decoding, Surroundings};
use super::encoding::{Encoding, EncodingCounters};
use super::frame::Frame;
use super::inject::Inject;
use super::intake::{Intake, Outlets};
use super::kept::Kept;
use super::pool::Pool;
use super::recent::Recent;
use super::status::Status;
use super::stream::{StreamPlan, Supervisor};
use super::tracks_out::TracksOut;
use super::vitals::Vitals;
use crate::device::{Devices, Seat};
use crate::events::{Reports, Watching};
use crate::live::hub::Hub;
use crate::record::ring::{Keeper, Ring};
use crate::settings::{CameraSettings, Origin, Privacy, StreamSettings};
use sightline_shared::api::Timings;
use sightline_shared::camera::{CameraState, Rendition, Role};
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::time::Epoch;
use sightline_shared::tracks::Tracks;
use sightline_shared::wire::Playing;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What all cameras share.
#[derive(Clone)]
pub struct Common {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The pool that decodes, looks and encodes.
    pub pool: Arc<Pool>,
    /// How much is kept for clips.
    pub keeper: Arc<Keeper>,
    /// Delays of tests.
    pub inject: Arc<Inject>,
    /// What there is beside the processor.
    pub devices: Arc<Devices>,
    /// Where events go.
    pub reports: Arc<dyn Reports>,
    /// The models that look.
    pub engines: Arc<Engines>,
}

impl Common {
    fn around(&self, seat: &Seat) -> Surroundings {
        let Self { clock, pool, inject, .. } = self.clone();
        Surroundings { pool, clock, inject, seat: seat.clone() }
    }
}

/// Counters of every stage of one camera. `main` and `small` have their own for what they do not share.
#[derive(Default)]
struct Counters {
    source: Arc<StageCounters>,
    fragment: Arc<StageCounters>,
    decode: Arc<StageCounters>,
    analysis: Arc<AnalysisCounters>,
    process: [Arc<StageCounters>; 2],
    encode: [Arc<StageCounters>; 2],
    send: Arc<StageCounters>,
}

/// A camera. It outlives changes of its settings, and viewers stay connected over them.
pub struct CameraHandle {
    common: Common,
    settings: Mutex<CameraSettings>,
    status: Arc<Status>,
    hub: Arc<Hub>,
    /// `main` and `small`.
    encodings: [Arc<Encoding>; 2],
    kept: Kept,
    counters: Counters,
    watching: Arc<Watching>,
    /// The newest one of the viewed stream: a start is no way back to the first.
    epoch: Arc<Mutex<Option<Epoch>>>,
    seat: Seat,
    running: Mutex<Running>,
    playing: Mutex<Option<Playing>>,
}

#[derive(Default)]
struct Running {
    supervisors: Vec<Supervisor>,
    decodings: Vec<Arc<Decoding>>,
    analysis: Option<Arc<Analysis>>,
    /// The decoder of the viewed stream, and where the tracks of its frames go.
    viewed: Option<(Arc<Decoding>, Arc<TracksOut>)>,
}

/// What the streams of one start share.
struct Shared {
    analysis: Arc<Analysis>,
    out: Arc<TracksOut>,
    /// Where one stream is viewed and another looked at: the newest frames of both.
    pair: Option<(Arc<Recent>, Arc<Recent>)>,
}

impl CameraHandle {
    /// Makes the camera and starts it.
    pub fn start(settings: CameraSettings, common: Common) -> Arc<Self> {
        let kept = Kept::new(&common.keeper);
        let status = Arc::new(Status::new(common.clock.clone()));
        let counters = Counters::default();
        let seat = Seat::new(&common.devices, settings.hardware, &settings.id);
        let CameraSettings { uid, id, zones, .. } = &settings;
        let watching = Watching::new(uid, id, zones, common.reports.clone(), common.clock.clone());
        let encoding = |index: usize, rendition, asked: EncoderSettings| {
            let counters = EncodingCounters {
                process: counters.process[index].clone(),
                encode: counters.encode[index].clone(),
                fragment: counters.fragment.clone(),
            };
            Encoding::new(
                rendition,
                kept.new_hub(rendition),
                asked,
                counters,
                status.clone(),
                common.around(&seat.of(rendition.name())),
            )
        };
        let encodings = [
            encoding(0, Rendition::Main, settings.encoder.clone()),
            encoding(1, Rendition::Small, EncoderSettings::default()),
        ];
        let handle = Arc::new(Self {
            hub: kept.new_hub(Rendition::Source),
            status,
            encodings,
            kept,
            counters,
            watching,
            epoch: Arc::default(),
            seat,
            running: Mutex::default(),
            playing: Mutex::default(),
            settings: Mutex::new(settings),
            common,
        });
        handle.hide(&handle.settings().privacy);
        handle.run();
        handle
    }

    /// Hides what is to be hidden, in everything that is shown and kept from now on.
    fn hide(&self, privacy: &Privacy) {
        self.kept.keep_source(!privacy.hides_source());
        self.encodings.iter().for_each(|encoding| encoding.hide(privacy.masks.clone()));
        self.watching.hide(privacy.masks.clone());
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings in force.
    pub fn settings(&self) -> CameraSettings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its uid and its id.
    pub fn names(&self) -> (String, String) {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        (settings.uid.clone(), settings.id.clone())
    }

    /// Takes other settings; what they do not touch goes on without a lost frame.
    pub fn change(&self, new: CameraSettings) {
        let old = std::mem::replace(&mut *self.settings.lock().unwrap_or_else(PoisonError::into_inner), new.clone());
        if old == new {
            return;
        }
        if old.encoder != new.encoder {
            self.encodings[0].configure(new.encoder.clone());
        }
        if old.zones != new.zones {
            self.watching.set_zones(&new.zones);
        }
        if old.privacy != new.privacy {
            self.hide(&new.privacy);
        }
        if self.seat.set(new.hardware) {
            self.running().decodings.iter().for_each(|decoding| decoding.choose_again());
        }
        if old.streams != new.streams || old.transport != new.transport || old.enabled != new.enabled {
            self.run();
        } else if old.detect != new.detect
            && let Some(analysis) = &self.running().analysis
        {
            analysis.configure(&new.detect);
        }
        self.status.touch();
    }

    /// (Re)starts everything by the settings in force.
    fn run(&self) {
        let settings = self.settings();
        let mut running = self.running();
        running.stop();
        if !settings.enabled {
            self.watching.finish();
            self.status.reset(CameraState::Disabled);
            return;
        }
        self.status.reset(CameraState::Connecting);
        let split = settings.streams.iter().any(|s| s.roles.contains(&Role::Detect) && !s.roles.contains(&Role::View));
        let pair = split.then(|| (Arc::new(Recent::default()), Arc::new(Recent::default())));
        let out = TracksOut::new(self.hub.clone(), self.encodings.to_vec(), pair.clone());
        let demo = settings.streams.iter().any(|s| s.origin == Origin::Demo);
        let counters = self.counters.analysis.clone();
        let (around, engines) = (self.common.around(&self.seat), self.common.engines.clone());
        let analysis = Analysis::new(&settings.detect, demo, counters, around, engines, out.clone());
        analysis.watched_by(self.watching.hook());
        let shared = Shared { analysis, out, pair };
        for stream in &settings.streams {
            self.run_stream(&mut running, &settings, stream, &shared);
        }
        running.analysis = Some(shared.analysis);
    }

    fn run_stream(&self, running: &mut Running, settings: &CameraSettings, stream: &StreamSettings, shared: &Shared) {
        let (view, detect) = (stream.roles.contains(&Role::View), stream.roles.contains(&Role::Detect));
        if !view && !detect {
            return;
        }
        let clock = &self.common.clock;
        let encodings = if view { self.encodings.to_vec() } else { Vec::new() };
        let mut consumers: Vec<Arc<dyn Consumer>> = Vec::new();
        if detect {
            consumers.push(shared.analysis.clone());
        }
        consumers.extend(encodings.iter().map(|encoding| encoding.clone() as Arc<dyn Consumer>));
        let hub = view.then(|| self.hub.clone());
        let decoding =
            Decoding::new(consumers, hub.clone(), self.counters.decode.clone(), self.common.around(&self.seat));
        let recent = shared.pair.as_ref().map(|(viewed, looked)| if view { viewed.clone() } else { looked.clone() });
        let outlets = Outlets {
            hub,
            decoding: decoding.clone(),
            encodings,
            recent,
            status: if view { self.status.clone() } else { Arc::new(Status::new(clock.clone())) },
            vitals: Arc::new(Vitals::default()),
            source: if view { self.counters.source.clone() } else { Arc::default() },
            fragment: self.counters.fragment.clone(),
            inject: self.common.inject.clone(),
            epoch: if view { self.epoch.clone() } else { Arc::default() },
        };
        let plan = StreamPlan { stream: stream.clone(), transport: settings.transport, camera: settings.id.clone() };
        let intake = Intake::new(outlets.clone(), clock.clone());
        running.supervisors.push(Supervisor::start(plan, outlets, intake, clock.clone()));
        if view {
            running.viewed = Some((decoding.clone(), shared.out.clone()));
        }
        running.decodings.push(decoding);
    }

    /// Stops the camera for good: viewers are told that it is gone.
    pub fn stop(&self) {
        self.running().stop();
        self.watching.finish();
        self.encodings.iter().for_each(|encoding| encoding.close());
        self.hub.close();
    }

    /// What is kept of a rendition, for clips; `None` for one that is not kept.
    pub fn ring(&self, rendition: Rendition) -> Option<&Arc<Ring>> {
        self.kept.ring(rendition)
    }

    /// The newest frame that was decoded, and its tracks where they are known; the one before it where only that one's are.
    /// `None` while nothing decodes the viewed stream.
    pub fn latest_frame(&self) -> Option<(Arc<Frame>, Option<Tracks>)> {
        let running = self.running();
        let (decoding, out) = running.viewed.as_ref()?;
        let newest = decoding.newest();
        let known = newest.iter().rev().find_map(|frame| Some((frame.clone(), Some(out.of(frame.epoch, frame.pts)?))));
        known.or_else(|| newest.last().map(|frame| (frame.clone(), None)))
    }

    /// Its zones, and what happened in its picture.
    pub fn watching(&self) -> &Watching {
        &self.watching
    }

    /// The counters of every stage, in the order of a frame's way.
    pub fn stages(&self) -> Vec<(&'static str, Arc<StageCounters>)> {
        let Counters { source, fragment, decode, analysis, process, encode, send } = &self.counters;
        let mut stages = vec![
            ("source", source.clone()),
            ("fragment", fragment.clone()),
            ("decode", decode.clone()),
            ("detect", analysis.detect.clone()),
            ("track", analysis.track.clone()),
            ("process", process[0].clone()),
            ("encode", encode[0].clone()),
            ("process_small", process[1].clone()),
            ("encode_small", encode[1].clone()),
            ("send", send.clone()),
        ];
        let has_second = !self.settings.lock().unwrap_or_else(PoisonError::into_inner).detect.second.is_empty();
        if has_second {
            stages.push(("second", analysis.second.clone()));
        }
        stages
    }

    /// What each stage did, times over the last `window`.
    pub fn timings(&self, window: Duration) -> Timings {
        let now = self.common.clock.now();
        let report = |(name, counters): (&str, Arc<StageCounters>)| (name.to_owned(), counters.report(now, window));
        Timings { stages: self.stages().into_iter().map(report).collect() }
    }

    /// What the newest report of a player said.
    pub fn last_playing(&self) -> Option<Playing> {
        *self.playing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn stop(&mut self) {
        self.supervisors.clear();
        self.viewed = None;
        self.decodings.drain(..).for_each(|decoding| decoding.close());
        if let Some(analysis) = self.analysis.take() {
            analysis.close();
        }
    }
}
