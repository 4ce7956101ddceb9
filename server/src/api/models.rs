//! Models: listed, pulled, brought, removed, tried.

use super::cameras::find;
use super::error::Problem;
use super::snapshot::newest_frame;
use super::{App, blocking};
use crate::detect::model::{ModelError, runtime};
use crate::doctor::painted;
use crate::models::{Entry, is_name};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use sightline_shared::models::{Model, ModelCheck, Models};
use std::io::Write;
use std::time::Duration;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The largest model that is taken over the network; a larger one is added on the machine itself.
const MAX_UPLOAD: u64 = 512 << 20;
/// Models that are brought at once, and that are tried at once.
static COMING: Semaphore = Semaphore::const_new(1);
static TRYING: Semaphore = Semaphore::const_new(1);
/// How long the next piece of a model is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Boxes that a trial shows, unless it is asked otherwise.
const LEAST: f32 = 0.35;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(get, remove))
        .routes(routes!(pull, cancel))
        .routes(routes!(check))
        // A model is larger than any other body; what is taken of it is counted below.
        .layer(DefaultBodyLimit::disable())
}

fn unknown(name: &str) -> Problem {
    Problem::not_found(format!("There is no model `{name}`, here or in the catalogue."))
}

/// What a model cannot, as a sentence.
fn refused(error: ModelError) -> Problem {
    let mut letters = error.0.chars();
    let message: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    Problem::new(StatusCode::CONFLICT, "model", message)
}

/// Every model that is here or in the catalogue, and what runs them.
#[utoipa::path(get, path = "/api/models", tag = "models", operation_id = "list_models", responses((status = 200, body = Models)))]
async fn list(State(app): State<App>) -> Result<Json<Models>, Problem> {
    Ok(Json(blocking(move || app.models.list()).await?))
}

/// One model.
#[utoipa::path(get, path = "/api/models/{name}", tag = "models", operation_id = "get_model", params(("name" = String, Path)), responses((status = 200, body = Model)))]
async fn get(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Model>, Problem> {
    let found = blocking(move || app.models.model(&name).ok_or(name)).await?;
    found.map(Json).map_err(|name| unknown(&name))
}

/// Fetches a model of the catalogue in the background; how far it is stands in the list.
#[utoipa::path(post, path = "/api/models/{name}/pull", tag = "models", operation_id = "pull_model", params(("name" = String, Path)), responses((status = 202, body = Model)))]
async fn pull(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    if Entry::named(&name).is_none() {
        return Err(Problem::not_found(format!("The catalogue has no model `{name}`.")));
    }
    let model = blocking(move || app.models.pull(&name)).await?.map_err(refused)?;
    Ok((StatusCode::ACCEPTED, Json(model)).into_response())
}

/// Calls a pull off; what came so far is kept for the next one.
#[utoipa::path(delete, path = "/api/models/{name}/pull", tag = "models", operation_id = "cancel_pull", params(("name" = String, Path)), responses((status = 204)))]
async fn cancel(State(app): State<App>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    if app.models.cancel(&name) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(format!("The model `{name}` is not on its way.")))
}

/// Removes a model that is here; a camera that uses it says so, and its video goes on.
#[utoipa::path(delete, path = "/api/models/{name}", tag = "models", operation_id = "remove_model", params(("name" = String, Path)), responses((status = 204)))]
async fn remove(State(app): State<App>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    blocking(move || {
        if !(is_name(&name) && app.models.shelf().file(&name).is_file()) {
            return Err(Problem::not_found(format!("No model `{name}` is here.")));
        }
        app.models.shelf().remove(&name).map_err(refused)
    })
    .await??;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Name {
    /// What it is called here: small letters, digits, `.`, `_`, `-`.
    name: String,
}

/// Takes the bytes of an ONNX file. One that does not fit is refused with what was expected and what was found.
#[utoipa::path(post, path = "/api/models", tag = "models", operation_id = "add_model", params(Name),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 201, body = Model)))]
async fn add(
    State(app): State<App>,
    name: Result<Query<Name>, QueryRejection>,
    body: Body,
) -> Result<Response, Problem> {
    let Query(Name { name }) =
        name.map_err(|_| Problem::bad_request("`name` is given once: what the model is called.").field("name"))?;
    if !is_name(&name) {
        let message =
            "A model's name has small letters, digits, `.`, `_` and `-`, 64 at most, a letter or digit first.";
        return Err(Problem::bad_request(message).field("name"));
    }
    if app.models.shelf().file(&name).exists() || Entry::named(&name).is_some() {
        return Err(
            Problem::new(StatusCode::CONFLICT, "exists", format!("There is a model `{name}` already.")).field("name")
        );
    }
    let _place = COMING.acquire().await.map_err(Problem::internal)?;
    let mut file = received(&app, body).await?;
    let model = blocking(move || {
        use std::io::Seek;
        file.rewind().map_err(Problem::internal)?;
        runtime().map_err(refused)?;
        app.models.add(&name, &mut file).map_err(refused)
    })
    .await??;
    Ok((StatusCode::CREATED, Json(model)).into_response())
}

/// The body in a file without a name, on the disk where models lie.
async fn received(app: &App, body: Body) -> Result<std::fs::File, Problem> {
    let folder = app.models.shelf().make().map_err(refused)?.to_path_buf();
    let mut file = blocking(move || nameless(&folder)).await?.map_err(Problem::internal)?;
    let (mut stream, mut bytes) = (body.into_data_stream(), 0_u64);
    let broken = || Problem::bad_request("The file broke off on its way: send it again.");
    while let Some(piece) = tokio::time::timeout(PATIENCE, stream.next()).await.map_err(|_| broken())? {
        let piece = piece.map_err(|_| broken())?;
        bytes += piece.len() as u64;
        if bytes > MAX_UPLOAD {
            let message = format!(
                "A model of more than {} MB is added on the machine itself: `sightline models add FILE`.",
                MAX_UPLOAD >> 20
            );
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message));
        }
        file.write_all(&piece).map_err(|error| {
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk", format!("The file cannot be written: {error}."))
        })?;
    }
    Ok(file)
}

/// A file that is gone with its last user.
fn nameless(folder: &std::path::Path) -> std::io::Result<std::fs::File> {
    let path = folder.join(format!(".upload-{}", ulid::Ulid::generate()));
    let file = std::fs::File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Ask {
    /// The camera whose newest frame is looked at; a painted street without.
    camera: Option<String>,
    /// Boxes of this score and more.
    #[param(minimum = 0, maximum = 1)]
    min_score: Option<f32>,
}

/// Tries a model: how long a picture takes here, and what it finds in one.
#[utoipa::path(post, path = "/api/models/{name}/check", tag = "models", operation_id = "check_model", params(("name" = String, Path), Ask), responses((status = 200, body = ModelCheck)))]
async fn check(
    State(app): State<App>,
    Path(name): Path<String>,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Json<ModelCheck>, Problem> {
    let Query(ask) =
        ask.map_err(|_| Problem::bad_request("`camera` is a camera's id, and `min_score` a number from 0 to 1."))?;
    let least = ask.min_score.unwrap_or(LEAST);
    if !(0.0..=1.0).contains(&least) {
        return Err(Problem::bad_request("`min_score` is a number from 0 to 1.").field("min_score"));
    }
    if !(is_name(&name) && app.models.shelf().file(&name).is_file()) {
        return Err(Problem::not_found(format!("No model `{name}` is here: pull or add it first.")));
    }
    let camera = ask.camera.map(|id| find(&app, &id)).transpose()?;
    let _place = TRYING.acquire().await.map_err(Problem::internal)?;
    let (frame, masks) = match camera {
        // What a mask hides is hidden here, too, though the model has seen it.
        Some(camera) => (newest_frame(&app, &camera).await?, camera.settings().privacy.masks),
        None => (painted(30), [].into()),
    };
    let (mut told, picture) =
        blocking(move || app.models.check(&name, &frame, least, &masks)).await?.map_err(refused)?;
    told.picture = Some(format!("data:image/jpeg;base64,{}", STANDARD.encode(picture)));
    Ok(Json(told))
}
