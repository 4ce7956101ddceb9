//! `GET /api/telemetry`: a WebSocket that tells the last two minutes of every stage, then a sample every half second.

use super::App;
use super::cameras::find;
use super::error::Problem;
use super::live::until_ended;
use super::principal::Principal;
use crate::telemetry::Subscriber;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Subscribers at once.
const MAX_SUBSCRIBERS: usize = 200;
/// Nothing that a subscriber says is listened to.
const MAX_MESSAGE: usize = 1024;
/// A subscriber that takes nothing for this long is gone.
const STUCK_AFTER: Duration = Duration::from_secs(20);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(telemetry))
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Ask {
    /// The camera's id; all cameras where absent.
    camera: Option<String>,
}

/// What every stage and rendition did, over WebSocket: the last two minutes, then a sample every half second, as
/// `shared/src/telemetry.rs` says. A reader that is slow skips samples.
#[utoipa::path(get, path = "/api/telemetry", tag = "system", params(Ask), responses((status = 101, description = "WebSocket")))]
async fn telemetry(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    ask: Result<Query<Ask>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let Query(ask) = ask.map_err(|_| Problem::bad_request("Name a camera once: ?camera=ID.").field("camera"))?;
    let uid = ask.camera.map(|id| find(&app, &id).map(|camera| camera.names().0)).transpose()?;
    let upgrade = upgrade.map_err(|_| {
        let message = "This is a WebSocket; /api/timings and /metrics tell of the stages over plain HTTP.";
        Problem::new(StatusCode::UPGRADE_REQUIRED, "websocket_only", message)
    })?;
    if app.telemetry.subscribers() >= MAX_SUBSCRIBERS {
        let message = "Too many dashboards ask for telemetry at once. Close some and try again.";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_subscribers", message)
            .retry_after(Duration::from_secs(5)));
    }
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    Ok(upgrade.on_upgrade(move |mut socket| async move {
        let (history, subscriber) = app.telemetry.subscribe(uid.as_deref());
        tokio::select! {
            () = tell(&mut socket, history, subscriber) => {}
            () = until_ended(app, principal) => {}
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), socket.send(Message::Close(None))).await;
    }))
}

/// Tells history and samples until the other end or the camera is gone.
async fn tell(socket: &mut WebSocket, history: Utf8Bytes, mut subscriber: Subscriber) {
    let mut next = Some(history);
    while let Some(text) = next {
        let sent = tokio::time::timeout(STUCK_AFTER, socket.send(Message::Text(text))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
        next = loop {
            tokio::select! {
                text = subscriber.next() => break text,
                said = socket.recv() => match said {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
            }
        };
    }
}
