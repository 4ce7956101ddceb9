//! The encoder of the rendition `main`: changed while it plays, and key frames on demand.

use super::App;
use super::cameras::{edit, etag, find};
use super::error::Problem;
use super::json::Body;
use crate::encode::{self, Refusal};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sightline_shared::encoder::{EncoderChanged, EncoderSettings};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change)).routes(routes!(key_frame))
}

/// Changes some settings of the encoder of `main`: absent members stay, `null` goes back to the default. What the encoder that
/// runs can follow is applied between two frames, for the rest another one is started; viewers stay.
#[utoipa::path(patch, path = "/api/cameras/{id}/encoder", tag = "cameras", params(("id" = String, Path)),
    request_body = EncoderSettings, responses((status = 200, body = EncoderChanged)))]
async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(patch): Body<serde_json::Value>,
) -> Result<Response, Problem> {
    let camera = find(&app, &id)?;
    let old = camera.settings().encoder;
    let merged = encode::merge(&old, &patch).map_err(refused)?;
    camera.plan(&merged).map_err(refused)?;
    let before = camera.main_plan();
    edit(&app, &headers, move |store, expected| store.change_encoder(&id, &patch, expected)).await?;
    Ok((etag(&app), Json(camera.encoder_changed(&old, before.as_ref()))).into_response())
}

fn refused(refusal: Refusal) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_encoder", refusal.message).field(refusal.field)
}

/// A key frame of `main` now. Refused while nobody looks at `main`: then none is made, and the first frame of whoever comes is a key
/// frame anyway.
#[utoipa::path(post, path = "/api/cameras/{id}/keyframe", tag = "cameras", params(("id" = String, Path)),
    responses((status = 204, description = "The next frame is one.")))]
async fn key_frame(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if find(&app, &id)?.key_frame() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let message = "Nobody looks at `main` now, so that it is not being made. Its first frame will be a key frame.";
    Err(Problem::new(StatusCode::CONFLICT, "not_running", message))
}
