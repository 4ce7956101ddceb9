//! `GET /api/system`: what runs, on what, and where it keeps things.

use super::{App, VERSION, devices, rfc3339};
use crate::encode;
use crate::live::Feed;
use axum::Json;
use axum::extract::State;
use sightline_shared::camera::{Camera, CameraState};
use sightline_shared::encoder::RenditionState;
use sightline_shared::system::{Disk, SettingsFile, SettingsMistake, Stage, System};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(system))
}

/// What runs, on what, and where it keeps things.
#[utoipa::path(get, path = "/api/system", tag = "system", responses((status = 200, body = System)))]
async fn system(State(app): State<App>) -> Json<System> {
    let cameras: Vec<Camera> = app.cameras.list().iter().map(|camera| camera.describe()).collect();
    let settings = app.store.snapshot();
    let places = app.store.places();
    let mistakes = settings.mistakes.into_iter();
    let found = app.cameras.devices();
    Json(System {
        version: VERSION.into(),
        started_at: rfc3339(i64::try_from(app.started_utc.as_secs()).unwrap_or_default()),
        uptime_s: app.clock.now().since(app.started).as_secs_f64(),
        listen: app.listen.to_string(),
        stages: stages(&cameras, !found.cards().is_empty()),
        encoders: encode::caps(found),
        driver: found.driver(),
        devices: devices::all(&app, &cameras),
        unusable_devices: devices::unusable(found),
        no_device: found.cards().is_empty().then(|| found.why_none()),
        settings: SettingsFile {
            path: places.config.display().to_string(),
            revision: settings.revision,
            read_only: settings.read_only,
            mistakes: mistakes.map(|m| SettingsMistake { line: m.line, message: m.message }).collect(),
        },
        data_dir: places.data_dir.display().to_string(),
        disk: disk(&places.data_dir),
        cameras: cameras.len() as u32,
        cameras_live: cameras.iter().filter(|camera| camera.state == CameraState::Live).count() as u32,
        viewers: app.viewers_now() as u32,
    })
}

/// What each stage uses now.
fn stages(cameras: &[Camera], on_device: bool) -> BTreeMap<String, Stage> {
    let in_use = |pick: &dyn Fn(&Camera) -> Option<String>, idle: &str| {
        let found: BTreeSet<String> = cameras.iter().filter_map(pick).collect();
        if found.is_empty() {
            Stage { backend: None, reason: Some(idle.into()) }
        } else {
            Stage { backend: Some(found.into_iter().collect::<Vec<_>>().join(", ")), reason: None }
        }
    };
    let process = if on_device { "kernels of the device for frames that lie there, else software" } else { "software" };
    let fixed = |backend: &str| Stage { backend: Some(backend.into()), reason: None };
    let analysed = |camera: &Camera| (camera.analysis.state == "on").then(|| camera.detect.model.clone());
    let encoding = |camera: &Camera| {
        let running =
            camera.renditions.iter().find(|info| info.state == RenditionState::Running && info.encoder.is_some());
        running.and_then(|info| info.encoder.as_ref()).map(|encoder| encoder.words.clone())
    };
    BTreeMap::from([
        ("source".into(), in_use(&|camera| camera.transport_in_use.clone(), "No camera is connected.")),
        ("fragment".into(), fixed("CMAF, one frame a chunk")),
        ("decode".into(), in_use(&|camera| camera.hardware.decoder.clone(), "No camera is decoded.")),
        ("detect".into(), in_use(&analysed, "No camera is analysed.")),
        ("live".into(), fixed("WebSocket and HTTP")),
        ("process".into(), fixed(process)),
        ("encode".into(), in_use(&encoding, "Nobody asks for a picture that is encoded here.")),
        ("record".into(), fixed("the newest minutes in memory, clips as MP4")),
    ])
}

fn disk(folder: &Path) -> Option<Disk> {
    let told = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    Some(Disk { total_bytes: bytes(told.f_blocks), free_bytes: bytes(told.f_bavail) })
}
