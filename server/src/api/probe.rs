//! `POST /api/probe`: the camera doctor, before a camera is added.

use super::cameras::file_rule;
use super::error::Problem;
use super::json::Body;
use super::principal::Principal;
use super::{App, blocking};
use crate::probe::{DEFAULT_SECONDS, MAX_SECONDS, Request, probe};
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use sightline_shared::probe::{NewProbe, Probe};
use std::time::Duration;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Looks at once, over all who ask: each may decode, and each is a connection to somewhere.
const MAX_PROBES: usize = 4;
static PROBES: Semaphore = Semaphore::const_new(MAX_PROBES);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(look))
}

/// Looks at a stream for some seconds: what it is, what is wrong with it, and the mend. Nothing is kept. Let go of the request,
/// and the stream is let go of.
#[utoipa::path(post, path = "/api/probe", tag = "cameras", request_body = NewProbe,
    responses((status = 200, description = "What was found, also where there is no picture.", body = Probe)))]
async fn look(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Body(new): Body<NewProbe>,
) -> Result<Json<Probe>, Problem> {
    let seconds = new.seconds.unwrap_or(DEFAULT_SECONDS);
    if !(1.0..=MAX_SECONDS).contains(&seconds) {
        return Err(Problem::bad_request("`seconds` is a number from 1 to 60.").field("seconds"));
    }
    let files = file_rule(&app, &principal);
    let store = app.store.clone();
    let (url, camera) = (new.url, new.camera);
    let origin = blocking(move || store.read_typed(&url, camera.as_deref(), &files)).await??;
    let Ok(_one) = PROBES.try_acquire() else {
        let words = "Other streams are being looked at already; try again in a few seconds.";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", words).retry_after(Duration::from_secs(3)));
    };
    let request = Request { origin, transport: new.transport, watch: Duration::from_secs_f64(seconds) };
    let (mut stopping, mut nobody) = (app.stopping.clone(), |_| {});
    tokio::select! {
        probe = probe(&request, &app.clock, &mut nobody) => Ok(Json(probe)),
        _ = stopping.wait_for(|stopping| *stopping) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "Sightline is being stopped."))
        }
    }
}
