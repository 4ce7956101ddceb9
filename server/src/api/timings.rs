//! `GET /api/timings`: what each stage of a camera did.

use super::App;
use super::cameras::find;
use super::error::Problem;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::{Json, Router, routing};
use sightline_shared::api::Timings;
use std::time::Duration;

const DEFAULT_LAST_S: f64 = 60.0;
const MAX_LAST_S: f64 = 3600.0;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/timings", routing::get(timings))
}

#[derive(serde::Deserialize)]
struct Ask {
    camera: Option<String>,
    last_s: Option<f64>,
}

async fn timings(State(app): State<App>, ask: Result<Query<Ask>, QueryRejection>) -> Result<Json<Timings>, Problem> {
    let wrong = || Problem::bad_request("`last_s` is a number of seconds from 1 to 3600.").field("last_s");
    let Query(ask) = ask.map_err(|_| wrong())?;
    let last_s = ask.last_s.unwrap_or(DEFAULT_LAST_S);
    if !(1.0..=MAX_LAST_S).contains(&last_s) {
        return Err(wrong());
    }
    let id = ask.camera.ok_or_else(|| Problem::bad_request("Name a camera: ?camera=ID.").field("camera"))?;
    Ok(Json(find(&app, &id)?.timings(Duration::from_secs_f64(last_s))))
}
