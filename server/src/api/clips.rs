//! Clips: made, listed, renamed, deleted, downloaded.

use super::cameras::find;
use super::error::Problem;
use super::json::Body;
use super::{App, blocking};
use crate::live::Feed;
use crate::pipeline::camera::{CameraHandle, HIDDEN};
use crate::record::clips::Origin;
use crate::record::{No, Refusal};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sightline_shared::camera::{CameraState, Rendition};
use sightline_shared::clips::{Clip, ClipPatch, NewClip};
use std::path::PathBuf;
use std::time::Duration;
use tower_http::services::ServeFile;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(get, rename, remove))
        .routes(routes!(download))
        .routes(routes!(thumbnail))
}

/// When a full line is worth another try: a clip of a minute takes a tenth of this.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// How long, and how often, a picture that is being made is waited for.
const PICTURE_WAIT: Duration = Duration::from_millis(100);
const PICTURE_TRIES: usize = 50;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.kind {
            No::Wrong => StatusCode::BAD_REQUEST,
            No::Missing => StatusCode::NOT_FOUND,
            No::Conflict => StatusCode::CONFLICT,
            No::Busy => StatusCode::TOO_MANY_REQUESTS,
            No::Full => StatusCode::INSUFFICIENT_STORAGE,
            No::Broken => return Self::internal(refusal.message),
        };
        let problem = Self::new(status, refusal.code, refusal.message);
        let problem = if refusal.kind == No::Busy { problem.retry_after(TRY_AGAIN) } else { problem };
        refusal.field.into_iter().fold(problem, Self::field)
    }
}

/// Every clip, newest first.
#[utoipa::path(get, path = "/api/clips", tag = "clips", operation_id = "list_clips", responses((status = 200, body = Vec<Clip>)))]
async fn list(State(app): State<App>) -> Result<Json<Vec<Clip>>, Problem> {
    Ok(Json(blocking(move || app.clips.list()).await??))
}

/// One clip, and how far it is.
#[utoipa::path(get, path = "/api/clips/{id}", tag = "clips", operation_id = "get_clip", params(("id" = String, Path)), responses((status = 200, body = Clip)))]
async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Clip>, Problem> {
    Ok(Json(blocking(move || app.clips.get(&id)).await??))
}

/// Makes a clip of what is kept of a camera; it is worked on after the answer.
#[utoipa::path(post, path = "/api/clips", tag = "clips", operation_id = "make_clip", request_body = NewClip, responses((status = 201, body = Clip)))]
async fn make(State(app): State<App>, Body(new): Body<NewClip>) -> Result<Response, Problem> {
    if new.camera.is_empty() {
        return Err(Problem::bad_request("A clip is made of a camera: give its id as `camera`.").field("camera"));
    }
    let camera = find(&app, &new.camera).map_err(|problem| problem.field("camera"))?;
    let new = not_hidden(&camera, new)?;
    let told = camera.describe();
    if told.state == CameraState::Disabled
        && camera.ring(new.rendition.unwrap_or_default()).is_none_or(|r| r.bytes() == 0)
    {
        let message = format!("{} is switched off, and nothing is kept of it. Switch it on first.", told.name);
        return Err(Problem::new(StatusCode::CONFLICT, "disabled", message).field("camera"));
    }
    let origin = Origin { uid: told.uid, id: told.id, name: told.name };
    let clip = blocking(move || {
        // A rendition that is not kept is refused by what checks the request, whichever ring is looked into.
        let ring = camera.ring(new.rendition.unwrap_or_default()).or_else(|| camera.ring(Default::default()));
        ring.map(|ring| app.clips.make(&new, &origin, ring))
    });
    let clip = clip.await?.ok_or_else(|| Problem::internal("a camera without a ring"))??;
    let location = [(header::LOCATION, format!("/api/clips/{}", clip.id))];
    Ok((StatusCode::CREATED, location, Json(clip)).into_response())
}

/// A clip of what may be seen: of `main`, where masks hide `source` and nothing else is asked for.
fn not_hidden(camera: &CameraHandle, new: NewClip) -> Result<NewClip, Problem> {
    if !camera.settings().privacy.hides_source() {
        return Ok(new);
    }
    if new.rendition == Some(Rendition::Source) {
        let message = format!("{HIDDEN} Make a clip of `main`.");
        return Err(Problem::new(StatusCode::CONFLICT, "masked", message).field("rendition"));
    }
    Ok(NewClip { rendition: new.rendition.or(Some(Rendition::Main)), ..new })
}

/// Gives a clip another name.
#[utoipa::path(patch, path = "/api/clips/{id}", tag = "clips", operation_id = "rename_clip", params(("id" = String, Path)), request_body = ClipPatch, responses((status = 200, body = Clip)))]
async fn rename(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(patch): Body<ClipPatch>,
) -> Result<Json<Clip>, Problem> {
    Ok(Json(blocking(move || app.clips.rename(&id, &patch.name)).await??))
}

/// Deletes a clip, or calls it off.
#[utoipa::path(delete, path = "/api/clips/{id}", tag = "clips", operation_id = "remove_clip", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    blocking(move || app.clips.delete(&id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// The file, or a range of it. A clip's file never changes, so its id is its ETag.
#[utoipa::path(get, path = "/api/clips/{id}/download", tag = "clips", operation_id = "download_clip", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "video/mp4"), (status = 206, body = Vec<u8>, content_type = "video/mp4"), (status = 304), (status = 416)))]
async fn download(State(app): State<App>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    let (clip, path) = blocking(move || app.clips.file(&id)).await??;
    let etag = format!("\"{}\"", clip.id);
    serve(path, request, etag, Some(&clip.file_name)).await
}

/// A file that never changes, or a range of it, to be saved under a name.
pub(super) async fn serve(
    path: PathBuf,
    request: Request,
    etag: String,
    name: Option<&str>,
) -> Result<Response, Problem> {
    let headers = file_headers(&etag, name);
    if is_known(request.headers(), &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let request = without_stale_range(request, &etag);
    let mut response = ServeFile::new(path).try_call(request).await.map_err(Problem::internal)?.into_response();
    response.headers_mut().extend(headers);
    Ok(response)
}

/// The clip's first picture, small. Waits a moment for one that is being made.
#[utoipa::path(get, path = "/api/clips/{id}/thumbnail.jpg", tag = "clips", operation_id = "clip_thumbnail", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 206, body = Vec<u8>, content_type = "image/jpeg"), (status = 304), (status = 416)))]
async fn thumbnail(State(app): State<App>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    for _ in 0..PICTURE_TRIES {
        let (asked, id) = (app.clone(), id.clone());
        if let Some(path) = blocking(move || asked.clips.picture(&id)).await?? {
            let etag = format!("\"{}\"", path.file_stem().unwrap_or_default().to_string_lossy());
            return serve(path, request, etag, None).await;
        }
        tokio::time::sleep(PICTURE_WAIT).await;
    }
    Err(Problem::new(StatusCode::NOT_FOUND, "no_picture", "The picture is still being made.").retry_after(TRY_AGAIN))
}

fn file_headers(etag: &str, name: Option<&str>) -> HeaderMap {
    // It is asked for anew, and answered by 304: a clip may be deleted at any time.
    let fixed = [(header::ETAG, etag.to_owned()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    let values = fixed.into_iter().chain(name.map(|name| (header::CONTENT_DISPOSITION, disposition(name))));
    values.filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?))).collect()
}

/// Whether the caller has this very file (RFC 9110 section 13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| {
        known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == etag || one == "*")
    })
}

/// A range asked for of another file than this one is not given: all of it is (RFC 9110 section 13.1.5).
fn without_stale_range(mut request: Request, etag: &str) -> Request {
    let headers = request.headers_mut();
    // The ETag says it all, and a date has only seconds.
    if headers.contains_key(header::IF_NONE_MATCH) {
        headers.remove(header::IF_MODIFIED_SINCE);
    }
    if headers.get(header::IF_RANGE).is_some_and(|expected| expected.as_bytes() != etag.as_bytes()) {
        headers.remove(header::RANGE);
    }
    request
}

/// `Content-Disposition` with a plain name for old clients and the true one in UTF-8 (RFC 6266, RFC 8187).
fn disposition(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '_' }).collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            exact.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads_are_plain_and_exact() {
        assert_eq!(
            disposition("Höf \"1\".mp4"),
            "attachment; filename=\"H_f _1_.mp4\"; filename*=UTF-8''H%C3%B6f%20%221%22.mp4"
        );
    }

    #[test]
    fn etags_are_compared_as_lists() {
        let headers = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, value.parse().expect("a value"));
            headers
        };
        for (value, known) in [("\"a\"", true), ("\"b\", W/\"a\"", true), ("*", true), ("\"b\"", false), ("a", false)] {
            assert_eq!(is_known(&headers(value), "\"a\""), known, "{value}");
        }
    }
}
