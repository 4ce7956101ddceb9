//! The devices in `GET /api/system`, their load over time, and how many more encode sessions one takes.

use super::error::Problem;
use super::{App, blocking, rfc3339};
use crate::device::{Card, Devices, sentence};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use sightline_nv::{Codec as Known, DecodeAbility, EncodeAbility};
use sightline_shared::camera::Camera;
use sightline_shared::encoder::Codec;
use sightline_shared::system::{Ability, Device, EncodeSession, Engine, LoadHistory, MoreSessions};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Sessions that are tried at most. No card for desktops takes as many; others are limited by their memory.
const MOST_TRIED: usize = 32;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(load)).routes(routes!(room))
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Ask {
    /// Only what came after this moment: the `at_ms` of a sample. One that has not come yet is of an earlier run of the program: then
    /// all samples are told.
    after_ms: Option<f64>,
}

/// How busy each device was: every second a sample, the last two minutes of them. For a plot that goes on, ask again with `after_ms`.
#[utoipa::path(get, path = "/api/system/load", tag = "system", params(Ask), responses((status = 200, body = LoadHistory)))]
async fn load(State(app): State<App>, ask: Result<Query<Ask>, QueryRejection>) -> Result<Json<LoadHistory>, Problem> {
    let wrong = |_| Problem::bad_request("`after_ms` is the `at_ms` of a sample.").field("after_ms");
    let Query(ask) = ask.map_err(wrong)?;
    Ok(Json(LoadHistory { samples: app.watch.since(ask.after_ms.unwrap_or(f64::NEG_INFINITY)) }))
}

/// Tries how many encode sessions a device takes beside those that are held, by opening them until it refuses or there are 32, and
/// closes them again. It takes some ten milliseconds a session. Encoders of Sightline that are to open meanwhile wait; other programs
/// may be refused theirs, so ask only when somebody wants to know.
#[utoipa::path(post, path = "/api/system/devices/{number}/room", tag = "system",
    params(("number" = u32, Path, description = "The device's number.")), responses((status = 200, body = MoreSessions)))]
async fn room(State(app): State<App>, number: Result<Path<u32>, PathRejection>) -> Result<Json<MoreSessions>, Problem> {
    let Path(number) = number.map_err(|_| Problem::not_found("A device has a number: 0, 1, ..."))?;
    let devices = app.cameras.devices();
    let Some(card) = devices.cards().iter().find(|card| card.ordinal() == number).cloned() else {
        let why = if devices.cards().is_empty() { devices.why_none() } else { String::new() };
        return Err(Problem::not_found(format!("There is no device {number}. {why}").trim_end()));
    };
    let Ok(alone) = app.trying_room.clone().try_acquire_owned() else {
        let message = "That is being tried at this moment. Ask again in a second.";
        return Err(Problem::new(StatusCode::CONFLICT, "busy", message).retry_after(Duration::from_secs(1)));
    };
    let app = app.clone();
    blocking(move || {
        let room = card.room(MOST_TRIED).map_err(|why| Problem::new(StatusCode::CONFLICT, "cannot", why))?;
        let more = MoreSessions {
            sessions: room.sessions as u32,
            at_least: room.more,
            held: sessions(number).len() as u32,
            tried_at: rfc3339(i64::try_from(app.clock.utc().as_secs()).unwrap_or_default()),
        };
        app.more_sessions().insert(number, more.clone());
        drop(alone);
        Ok(Json(more))
    })
    .await?
}

/// Every device that can be used.
pub(super) fn all(app: &App, cameras: &[Camera]) -> Vec<Device> {
    app.cameras.devices().cards().iter().map(|card| one(app, card, cameras)).collect()
}

/// What the driver counts and does not let us use, where another device can be used; else that is the reason why there is none.
pub(super) fn unusable(devices: &Devices) -> Vec<String> {
    if devices.cards().is_empty() {
        return Vec::new();
    }
    devices.unusable().into_iter().map(|(_, why)| why).collect()
}

fn one(app: &App, card: &Card, cameras: &[Camera]) -> Device {
    let (number, report) = (card.ordinal(), card.report());
    let (major, minor) = report.capability;
    let at_it = cameras.iter().filter(|camera| camera.hardware.device == Some(number));
    Device {
        number,
        name: card.name().to_owned(),
        bus_id: card.bus_id().map(str::to_owned),
        capability: format!("{major}.{minor}"),
        decoder: engine(report.decoder.as_ref().map(|all| all.iter().map(decoded).collect())),
        kernels: engine(report.kernels.as_ref().map(|()| Vec::new())),
        encoder: engine(report.encoder.as_ref().map(|all| all.iter().map(encoded).collect())),
        cameras: at_it.map(|camera| camera.id.clone()).collect(),
        lost: card.lost(),
        load: app.watch.newest(number),
        sessions: sessions(number),
        more_sessions: app.more_sessions().get(&number).cloned(),
    }
}

fn engine(codecs: Result<Vec<Ability>, &sightline_nv::Error>) -> Engine {
    match codecs {
        Ok(codecs) => Engine { reason: None, codecs },
        Err(error) => Engine { reason: Some(sentence(error)), codecs: Vec::new() },
    }
}

fn codec(known: Known) -> Codec {
    match known {
        Known::H264 => Codec::H264,
        Known::Hevc => Codec::Hevc,
        Known::Av1 => Codec::Av1,
    }
}

fn ability(of: Known, depth: u8, most: Result<(u32, u32), &sightline_nv::Error>) -> Ability {
    let (max_width, max_height) = most.map_or((None, None), |(width, height)| (Some(width), Some(height)));
    Ability { codec: codec(of), depth, max_width, max_height, reason: most.err().map(sentence) }
}

fn decoded(found: &DecodeAbility) -> Ability {
    ability(found.codec, found.depth, found.most.as_ref().map(|(most, _)| *most))
}

fn encoded(found: &EncodeAbility) -> Ability {
    let depth = if found.caps.as_ref().is_ok_and(|caps| caps.ten_bits) { 10 } else { 8 };
    ability(found.codec, depth, found.caps.as_ref().map(|caps| caps.most))
}

/// The encode sessions that are held on a device.
pub(super) fn sessions(number: u32) -> Vec<EncodeSession> {
    let held = sightline_nv::sessions().into_iter().filter(|held| held.device == number);
    let told = |held: sightline_nv::HeldSession| EncodeSession {
        holder: held.name,
        codec: codec(held.codec),
        width: held.width,
        height: held.height,
    };
    held.map(told).collect()
}
