//! `GET /api/timings`: what each stage of a camera did.

use super::App;
use super::cameras::find;
use super::error::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use sightline_shared::api::Timings;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const DEFAULT_LAST_S: f64 = 60.0;
const MAX_LAST_S: f64 = 3600.0;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(timings))
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Ask {
    /// The camera's id.
    #[param(required)]
    camera: Option<String>,
    /// Seconds of the window that times are told of; 60 where absent.
    #[param(minimum = 1, maximum = 3600)]
    last_s: Option<f64>,
}

/// What each stage of a camera did.
#[utoipa::path(get, path = "/api/timings", tag = "system", params(Ask), responses((status = 200, body = Timings)))]

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
