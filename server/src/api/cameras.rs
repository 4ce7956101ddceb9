//! Cameras: listed, added, changed, deleted. Adding never probes: what comes of it is told by the camera's state.

use super::error::Problem;
use super::json::Body;
use super::principal::Principal;
use super::{App, blocking};
use crate::live::Feed;
use crate::pipeline::camera::CameraHandle;
use crate::settings::CameraSettings;
use crate::settings::files::FileRule;
use crate::store::{Store, StoreError};
use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sightline_shared::api::{CameraPatch, NewCamera};
use sightline_shared::camera::Camera;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(get, change, remove))
}

/// The camera with this id.
pub(super) fn find(app: &App, id: &str) -> Result<Arc<CameraHandle>, Problem> {
    app.cameras.get(id).ok_or_else(|| Problem::not_found(format!("There is no camera with the id `{id}`.")))
}

/// Every camera, in the order of the settings.
#[utoipa::path(get, path = "/api/cameras", tag = "cameras", operation_id = "list_cameras", responses((status = 200, body = Vec<Camera>)))]
async fn list(State(app): State<App>) -> Response {
    let cameras: Vec<_> = app.cameras.list().iter().map(|camera| camera.describe()).collect();
    (etag(&app), Json(cameras)).into_response()
}

/// One camera.
#[utoipa::path(get, path = "/api/cameras/{id}", tag = "cameras", operation_id = "get_camera", params(("id" = String, Path)), responses((status = 200, body = Camera)))]
async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let camera = find(&app, &id)?.describe();
    Ok((etag(&app), Json(camera)).into_response())
}

/// Adds a camera. It answers at once and never probes: what comes of it is told by the camera's state.
#[utoipa::path(post, path = "/api/cameras", tag = "cameras", operation_id = "add_camera", request_body = NewCamera, responses((status = 201, body = Camera)))]
async fn add(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    Body(new): Body<NewCamera>,
) -> Result<Response, Problem> {
    let files = file_rule(&app, &principal);
    let camera = edit(&app, &headers, move |store, expected| store.add_camera(&new, &files, expected)).await?;
    let described = find(&app, &camera.id)?.describe();
    let location = [(header::LOCATION, format!("/api/cameras/{}", camera.id))];
    Ok((StatusCode::CREATED, location, etag(&app), Json(described)).into_response())
}

/// Changes a camera; what the change does not touch goes on without a lost frame.
#[utoipa::path(patch, path = "/api/cameras/{id}", tag = "cameras", operation_id = "change_camera", params(("id" = String, Path)), request_body = CameraPatch, responses((status = 200, body = Camera)))]
async fn change(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(patch): Body<CameraPatch>,
) -> Result<Response, Problem> {
    let files = file_rule(&app, &principal);
    let camera =
        edit(&app, &headers, move |store, expected| store.change_camera(&id, &patch, &files, expected)).await?;
    let described = find(&app, &camera.id)?.describe();
    Ok((etag(&app), Json(described)).into_response())
}

/// Removes a camera.
#[utoipa::path(delete, path = "/api/cameras/{id}", tag = "cameras", operation_id = "remove_camera", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    edit(&app, &headers, move |store, expected| store.delete_camera(&id, expected)).await?;
    Ok((StatusCode::NO_CONTENT, etag(&app)).into_response())
}

/// Runs an edit of the settings, then makes the running cameras equal to them.
pub(super) async fn edit(
    app: &App,
    headers: &HeaderMap,
    work: impl FnOnce(&Store, Option<&str>) -> Result<CameraSettings, StoreError> + Send + 'static,
) -> Result<CameraSettings, Problem> {
    let expected = if_match(headers)?;
    let store = app.store.clone();
    let edited = blocking(move || work(&store, expected.as_deref())).await?;
    // Also after a refusal: the store may have come upon a change made by hand.
    app.apply();
    Ok(edited?)
}

/// The one revision that the caller expects; `*` expects any.
fn if_match(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let revision = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|text| !text.contains('"'));
    let revision = revision.ok_or_else(|| Problem::bad_request("If-Match carries one ETag in quotes."))?;
    Ok(Some(revision.to_owned()))
}

/// The settings' revision: the same for all cameras, since they stand in one file.
pub(super) fn etag(app: &App) -> [(header::HeaderName, HeaderValue); 2] {
    let revision = format!("\"{}\"", app.store.snapshot().revision);
    let revision = HeaderValue::from_str(&revision).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    [(header::ETAG, revision), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}

/// Who sits at this machine may play any file of it; others only those of the media folders.
pub(super) fn file_rule(app: &App, principal: &Principal) -> FileRule {
    if *principal == Principal::Local {
        return FileRule::Any;
    }
    let mut folders = vec![app.store.places().media()];
    folders.extend(app.store.snapshot_server().media_folders.iter().cloned());
    FileRule::Within(folders)
}
