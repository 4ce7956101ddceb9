//! One camera: its streams, hub, analysis and counters, put together; what the API asks is answered here.

use super::analysis::{Analysis, AnalysisCounters, TracksSink};
use super::clock::Clock;
use super::counters::StageCounters;
use super::intake::{Intake, Outlets, text};
use super::kept::Kept;
use super::pool::Pool;
use super::recent::Recent;
use super::status::Status;
use super::stream::{StreamPlan, Supervisor};
use super::vitals::Vitals;
use crate::live::Feed;
use crate::live::hub::Hub;
use crate::record::ring::{Keeper, Ring};
use crate::settings::{CameraSettings, Origin};
use sightline_shared::api::Timings;
use sightline_shared::camera::{Camera, CameraState, Rendition, Role, StreamInfo};
use sightline_shared::tracks::Tracks;
use sightline_shared::wire::{Playing, ServerMessage};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What all cameras share.
#[derive(Clone)]
pub struct Common {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The analysis pool.
    pub pool: Arc<Pool>,
    /// How much is kept for clips.
    pub keeper: Arc<Keeper>,
}

/// A camera. It outlives changes of its settings, and viewers stay connected over them.
pub struct CameraHandle {
    common: Common,
    settings: Mutex<CameraSettings>,
    status: Arc<Status>,
    hub: Arc<Hub>,
    kept: Kept,
    source: Arc<StageCounters>,
    fragment: Arc<StageCounters>,
    counters: Arc<AnalysisCounters>,
    running: Mutex<Running>,
    playing: Mutex<Option<Playing>>,
}

#[derive(Default)]
struct Running {
    supervisors: Vec<Supervisor>,
    analysis: Option<Arc<Analysis>>,
}

impl CameraHandle {
    /// Makes the camera and starts it.
    pub fn start(settings: CameraSettings, common: Common) -> Arc<Self> {
        let kept = Kept::new(&common.keeper);
        let handle = Arc::new(Self {
            status: Arc::new(Status::new(common.clock.clone())),
            hub: kept.new_hub(Rendition::Source),
            kept,
            source: Arc::default(),
            fragment: Arc::default(),
            counters: Arc::default(),
            running: Mutex::default(),
            playing: Mutex::default(),
            settings: Mutex::new(settings),
            common,
        });
        handle.run();
        handle
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
            self.status.reset(CameraState::Disabled);
            return;
        }
        self.status.reset(CameraState::Connecting);
        let split = settings.streams.iter().any(|s| s.roles.contains(&Role::Detect) && !s.roles.contains(&Role::View));
        let (viewed, looked) = (Arc::new(Recent::default()), Arc::new(Recent::default()));
        let sink = if split { paired_sink(&self.hub, &viewed, &looked) } else { direct_sink(&self.hub) };
        let demo = settings.streams.iter().any(|s| s.origin == Origin::Demo);
        let Common { clock, pool, .. } = &self.common;
        let analysis = Analysis::new(&settings.detect, demo, pool.clone(), self.counters.clone(), clock.clone(), sink);
        for stream in &settings.streams {
            let (view, detect) = (stream.roles.contains(&Role::View), stream.roles.contains(&Role::Detect));
            if !view && !detect {
                continue;
            }
            let outlets = Outlets {
                hub: view.then(|| self.hub.clone()),
                analysis: detect.then(|| analysis.clone()),
                recent: split.then(|| if view { viewed.clone() } else { looked.clone() }),
                status: if view { self.status.clone() } else { Arc::new(Status::new(clock.clone())) },
                vitals: Arc::new(Vitals::default()),
                source: if view { self.source.clone() } else { Arc::default() },
                fragment: self.fragment.clone(),
            };
            let plan =
                StreamPlan { stream: stream.clone(), transport: settings.transport, camera: settings.id.clone() };
            let intake = Intake::new(outlets.clone(), clock.clone());
            running.supervisors.push(Supervisor::start(plan, outlets, intake, clock.clone()));
        }
        running.analysis = Some(analysis);
    }

    /// Stops the camera for good: viewers are told that it is gone.
    pub fn stop(&self) {
        self.running().stop();
        self.hub.close();
    }

    /// What is kept of a rendition, for clips; `None` for one that is not kept.
    pub fn ring(&self, rendition: Rendition) -> Option<&Arc<Ring>> {
        self.kept.ring(rendition)
    }

    /// The counters of every stage, in the order of a frame's way.
    pub fn stages(&self) -> Vec<(&'static str, Arc<StageCounters>)> {
        vec![
            ("source", self.source.clone()),
            ("fragment", self.fragment.clone()),
            ("decode", self.counters.decode.clone()),
            ("detect", self.counters.detect.clone()),
            ("track", self.counters.track.clone()),
        ]
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

impl Feed for CameraHandle {
    fn describe(&self) -> Camera {
        let settings = self.settings();
        let mut camera = Camera {
            uid: settings.uid,
            id: settings.id,
            name: settings.name,
            transport: settings.transport,
            video: settings.video,
            detect: settings.detect,
            editable: settings.editable,
            ..Camera::default()
        };
        for stream in settings.streams {
            let url = stream.origin.masked();
            if stream.roles.contains(&Role::View) {
                camera.url.clone_from(&url);
            }
            camera.streams.push(StreamInfo { url, roles: stream.roles });
        }
        self.status.describe(&mut camera);
        if let Some(analysis) = &self.running().analysis {
            camera.analysis = analysis.info();
        }
        camera
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.status.changes()
    }

    fn hub(&self, rendition: Rendition) -> Option<Arc<Hub>> {
        (rendition == Rendition::Source).then(|| self.hub.clone())
    }

    fn renditions(&self) -> Vec<Rendition> {
        vec![Rendition::Source]
    }

    fn note_playing(&self, playing: Playing) {
        *self.playing.lock().unwrap_or_else(PoisonError::into_inner) = Some(playing);
    }
}

impl Running {
    fn stop(&mut self) {
        self.supervisors.clear();
        if let Some(analysis) = self.analysis.take() {
            analysis.close();
        }
    }
}

/// Tracks of the stream that is viewed: they belong to its frames as they are.
fn direct_sink(hub: &Arc<Hub>) -> TracksSink {
    let hub = hub.clone();
    Arc::new(move |tracks| {
        hub.publish(text(&ServerMessage::Tracks(tracks)));
        true
    })
}

/// Tracks of another stream: they get the PTS of the viewed frame that was taken at the same moment, or go nowhere.
fn paired_sink(hub: &Arc<Hub>, viewed: &Arc<Recent>, looked: &Arc<Recent>) -> TracksSink {
    let (hub, viewed, looked) = (hub.clone(), viewed.clone(), looked.clone());
    Arc::new(move |tracks| {
        let moment = looked.moment(tracks.epoch, tracks.pts);
        let Some((epoch, pts)) = moment.and_then(|(arrived, captured)| viewed.closest(arrived, captured)) else {
            return false;
        };
        hub.publish(text(&ServerMessage::Tracks(Tracks { epoch, pts, tracks: tracks.tracks })));
        true
    })
}
