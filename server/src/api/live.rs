//! Live pictures over WebSocket and plain HTTP, for as long as whoever asked may see them.

use super::App;
use super::cameras::find;
use super::error::Problem;
use super::principal::{Principal, still_valid};
use crate::live::hub::Hub;
use crate::live::viewer::{Asked, MAX_VIEWER_MESSAGE, serve};
use crate::live::{Feed, http};
use crate::pipeline::camera::{CameraHandle, HIDDEN};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use sightline_shared::camera::Rendition;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How often it is asked whether a viewer may still see what it sees.
const RECHECK: Duration = Duration::from_secs(5);
/// How long `live.mp4` waits for a camera that has not shown anything yet.
const FIRST_PICTURE: Duration = Duration::from_secs(10);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(websocket)).routes(routes!(mp4))
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Ask {
    /// Version of the WebSocket's protocol.
    v: Option<u32>,
    /// `auto` (default), `source`, `main` or `small`.
    rendition: Option<String>,
}

/// The live picture over WebSocket: text messages and chunks of fragmented MP4, as `shared/src/wire.rs` and `chunk.rs` say.
#[utoipa::path(get, path = "/api/cameras/{id}/live", tag = "live", params(("id" = String, Path), Ask), responses((status = 101, description = "WebSocket")))]
async fn websocket(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    ask: Result<Query<Ask>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let camera = find(&app, &id)?;
    let ask = asked(ask)?;
    let rendition = rendition(&camera, ask.rendition.as_deref())?;
    let asked = Asked { version: ask.v, rendition };
    let upgrade = upgrade.map_err(|_| {
        Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "websocket_only",
            "This is a WebSocket; live.mp4 is the same over plain HTTP.",
        )
    })?;
    let place = place(&app)?;
    let upgrade = upgrade.max_message_size(MAX_VIEWER_MESSAGE).max_frame_size(MAX_VIEWER_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let clock = app.clock.clone();
        tokio::select! {
            () = serve(socket, camera, asked, clock) => {}
            () = until_ended(app, principal) => {}
        }
        drop(place);
    }))
}

/// The live picture as one fragmented MP4, for ffprobe, VLC and curl; it ends with the epoch.
#[utoipa::path(get, path = "/api/cameras/{id}/live.mp4", tag = "live", params(("id" = String, Path), Ask), responses((status = 200, body = Vec<u8>, content_type = "video/mp4")))]
async fn mp4(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Response, Problem> {
    let camera = find(&app, &id)?;
    let rendition = rendition(&camera, asked(ask)?.rendition.as_deref())?;
    let rendition = rendition.or_else(|| camera.renditions().first().copied()).unwrap_or_default();
    let lease = camera.lease(rendition).ok_or_else(|| no_rendition(rendition))?;
    let place = place(&app)?;
    wait_for_picture(&app, &camera, rendition, &lease).await?;
    let ended =
        futures::future::select(Box::pin(until_ended(app, principal)), Box::pin(until_hidden(camera, rendition)));
    let stream = http::mp4(lease).take_until(ended).map(move |bytes| {
        // Held until the body is dropped.
        let _ = &place;
        bytes
    });
    let headers = [(header::CONTENT_TYPE, "video/mp4"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// Ends when the rendition is one that nobody may see any more.
async fn until_hidden(camera: Arc<CameraHandle>, rendition: Rendition) {
    let mut changes = camera.changes();
    while camera.renditions().contains(&rendition) && changes.changed().await.is_ok() {}
}

fn asked(ask: Result<Query<Ask>, QueryRejection>) -> Result<Ask, Problem> {
    ask.map(|Query(ask)| ask).map_err(|_| Problem::bad_request("`v` is a number.").field("v"))
}

/// The rendition that was asked for; `None` is `auto`.
fn rendition(camera: &CameraHandle, name: Option<&str>) -> Result<Option<Rendition>, Problem> {
    let rendition = match name {
        None | Some("auto") => return Ok(None),
        Some("source") => Rendition::Source,
        Some("main") => Rendition::Main,
        Some("small") => Rendition::Small,
        Some(_) => {
            return Err(Problem::bad_request("`rendition` is one of auto, source, main, small.").field("rendition"));
        }
    };
    if camera.renditions().contains(&rendition) { Ok(Some(rendition)) } else { Err(no_rendition(rendition)) }
}

fn no_rendition(rendition: Rendition) -> Problem {
    if rendition == Rendition::Source {
        let message = format!("{HIDDEN} Ask for `main` or `small`.");
        return Problem::new(StatusCode::NOT_FOUND, "masked", message).field("rendition");
    }
    let name = rendition.name();
    let message = format!(
        "This camera is set to show its own picture alone (video = \"passthrough\"), so there is no `{name}`: ask for `source`, or \
         set `video` to \"auto\"."
    );
    Problem::new(StatusCode::NOT_FOUND, "no_rendition", message).field("rendition")
}

/// A viewer's place, given back when it is dropped.
fn place(app: &App) -> Result<OwnedSemaphorePermit, Problem> {
    app.viewers.clone().try_acquire_owned().map_err(|_| {
        let message = "Too many viewers at once. Close some and try again.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_viewers", message).retry_after(RECHECK)
    })
}

pub(super) async fn wait_for_picture(
    app: &App,
    camera: &Arc<CameraHandle>,
    rendition: Rendition,
    hub: &Arc<Hub>,
) -> Result<(), Problem> {
    let mut changes = camera.changes();
    let mut stopping = app.stopping.clone();
    let arrived = async { while hub.last_init().is_none() && changes.changed().await.is_ok() {} };
    tokio::select! {
        _ = tokio::time::timeout(FIRST_PICTURE, arrived) => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    if hub.last_init().is_some() {
        return Ok(());
    }
    let told = camera.describe();
    let made = told.renditions.into_iter().find(|info| info.rendition == rendition).and_then(|info| info.reason);
    let reason = told.reason.or(made).unwrap_or_else(|| "It has not shown a picture yet.".into());
    let message = format!("There is no picture of {} now. {reason}", told.name);
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_picture", message).retry_after(RECHECK))
}

/// Ends when the principal may no longer see, or the program stops.
pub(super) async fn until_ended(app: App, principal: Principal) {
    let mut stopping = app.stopping.clone();
    let revoked = async {
        loop {
            tokio::time::sleep(RECHECK).await;
            if !still_valid(&app, &principal) {
                return;
            }
        }
    };
    tokio::select! {
        () = revoked => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}
