//! Events: listed, told as they happen, deleted, their pictures.

use super::cameras::find;
use super::clips::serve;
use super::error::Problem;
use super::live::until_ended;
use super::principal::Principal;
use super::{App, blocking};
use crate::events::board::{Listener, Next};
use crate::record::ask::moment;
use crate::store::EventQuery;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use sightline_shared::events::{Event, EventKind, Missed};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use ulid::Ulid;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Who listens at once.
pub(super) const MAX_LISTENERS: usize = 200;
/// Events of one answer, where nothing else is asked for, and at most.
const LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;
/// Events that somebody who was away is told; who has missed more loads the list anew.
const CATCH_UP: usize = 1000;
/// How often a quiet stream says that it is there: proxies end what is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, remove))
        .routes(routes!(picture))
        .routes(routes!(stream_events))
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// The camera's id, or its uid; all cameras where absent.
    camera: Option<String>,
    /// RFC 3339: events of this time and later.
    #[param(format = DateTime)]
    from: Option<String>,
    /// RFC 3339: events before this time.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Of this kind alone.
    kind: Option<EventKind>,
    /// Of this label alone.
    label: Option<String>,
    /// Of the zone with this id alone.
    zone: Option<String>,
    /// An event's id: those older than it. That of the last event of an answer gives the next answer.
    before: Option<String>,
    /// So many at most; 100 where absent, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// The uid of a camera: of one that runs by its id, or of any that ever ran by the uid itself.
fn uid_of(app: &App, camera: &str) -> Result<String, Problem> {
    match find(app, camera) {
        Ok(camera) => Ok(camera.names().0),
        Err(_) if Ulid::from_string(camera).is_ok() => Ok(camera.to_owned()),
        Err(problem) => Err(problem.field("camera")),
    }
}

/// The first id that an event of this time can have.
fn first_id(field: &'static str, text: &str) -> Result<String, Problem> {
    let millis = moment(field, text)?.as_millis();
    Ok(Ulid::from_parts(u64::try_from(millis).unwrap_or(u64::MAX).min((1 << 48) - 1), 0).to_string())
}

fn query(app: &App, ask: Ask) -> Result<EventQuery, Problem> {
    let limit = ask.limit.unwrap_or(LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::bad_request(format!("`limit` is from 1 to {MAX_LIMIT}.")).field("limit"));
    }
    let before = ask.before.map(|id| {
        let id = Ulid::from_string(&id).map(|id| id.to_string());
        id.map_err(|_| Problem::bad_request("`before` is the id of an event.").field("before"))
    });
    let to = ask.to.map(|to| first_id("to", &to)).transpose()?;
    Ok(EventQuery {
        camera_uid: ask.camera.map(|camera| uid_of(app, &camera)).transpose()?,
        from: ask.from.map(|from| first_id("from", &from)).transpose()?,
        before: before.transpose()?.into_iter().chain(to).min(),
        kind: ask.kind,
        label: ask.label,
        zone: ask.zone,
        limit,
    })
}

/// What happened, the newest first.
#[utoipa::path(get, path = "/api/events", tag = "events", operation_id = "list_events", params(Ask), responses((status = 200, body = Vec<Event>)))]
async fn list(State(app): State<App>, ask: Result<Query<Ask>, QueryRejection>) -> Result<Json<Vec<Event>>, Problem> {
    let Query(ask) = ask.map_err(|error| {
        let message =
            "Events are asked for by camera, from, to, kind, label, zone, before and limit, each once at most";
        Problem::bad_request(format!("{message}: {}.", error.body_text().trim_end_matches('.')))
    })?;
    let query = query(&app, ask)?;
    Ok(Json(blocking(move || app.events.find(&query)).await??))
}

fn missing() -> Problem {
    Problem::not_found("There is no such event. It may have been deleted, or be older than events are kept.")
}

async fn known(app: &App, id: String) -> Result<Event, Problem> {
    let events = app.events.clone();
    blocking(move || events.get(&id)).await??.ok_or_else(missing)
}

/// One event.
#[utoipa::path(get, path = "/api/events/{id}", tag = "events", operation_id = "get_event", params(("id" = String, Path)), responses((status = 200, body = Event)))]
async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Event>, Problem> {
    known(&app, id).await.map(Json)
}

/// Deletes an event and its picture.
#[utoipa::path(delete, path = "/api/events/{id}", tag = "events", operation_id = "remove_event", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let there = blocking(move || app.events.delete(&id)).await??;
    if there { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}

/// The thing, cut from the full-size frame with a margin, upright. It never changes, so that the event's id is its ETag.
#[utoipa::path(get, path = "/api/events/{id}/crop.jpg", tag = "events", operation_id = "event_picture", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 206, body = Vec<u8>, content_type = "image/jpeg"), (status = 304), (status = 416)))]
async fn picture(State(app): State<App>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    let event = known(&app, id).await?;
    let etag = format!("\"{}\"", event.id);
    let path = blocking(move || app.events.picture(&event)).await?;
    let path = path.ok_or_else(|| {
        let message =
            "There is no picture of this event: the thing was not in sight any more, or there was no time or room.";
        Problem::new(StatusCode::NOT_FOUND, "no_picture", message)
    })?;
    serve(path, request, etag, None).await
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Listen {
    /// The camera's id; all cameras where absent.
    camera: Option<String>,
    /// An event's id: what came after it is told first. `Last-Event-ID`, which a browser sends when it connects again, goes before it.
    after: Option<String>,
}

/// Events as they happen, as Server-Sent Events: each message is an event as JSON under its id. `Last-Event-ID` goes on where a
/// connection broke. A reader that was too slow, or away for more than a thousand events, is told by a message `missed`.
#[utoipa::path(get, path = "/api/events/stream", tag = "events", operation_id = "stream_events", params(Listen), responses((status = 200, body = String, content_type = "text/event-stream")))]
async fn stream_events(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    ask: Result<Query<Listen>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(ask) = ask.map_err(|_| Problem::bad_request("`camera` and `after` are each given once at most."))?;
    let uid = ask.camera.map(|camera| uid_of(&app, &camera)).transpose()?;
    let place = app.listening.clone().try_acquire_owned().map_err(|_| {
        let message = "Too many listen to events at once. Close some dashboards and try again.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_listeners", message).retry_after(Duration::from_secs(5))
    })?;
    // First the ear, then what was missed: nothing is lost in between, and what comes by both ways is told once.
    let listener = app.events.board().listen();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned).or(ask.after);
    let last = last.filter(|id| Ulid::from_string(id).is_ok());
    let (events, camera) = (app.events.clone(), uid.clone());
    let after = move |id: &str| events.after(id, camera.as_deref(), CATCH_UP + 1);
    let behind = blocking(move || last.map(|id| after(&id)).transpose()).await??.unwrap_or_default();
    let ended = Box::pin(until_ended(app, principal));
    let telling = Telling::new(listener, uid, behind, ended, place);
    let messages = stream::unfold(telling, |mut telling| async {
        let message = telling.next().await?;
        Some((Ok::<_, Infallible>(message), telling))
    });
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    // Proxies (nginx) would collect messages until a page is full.
    Ok(([("x-accel-buffering", "no")], Sse::new(messages).keep_alive(heartbeat)).into_response())
}

/// One stream of events.
struct Telling {
    listener: Listener,
    /// Of this camera alone.
    uid: Option<String>,
    behind: VecDeque<Event>,
    /// Events that are not told since they are too many.
    missed: u64,
    /// The newest row among those that were behind.
    row: i64,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    _place: OwnedSemaphorePermit,
}

impl Telling {
    fn new(
        listener: Listener,
        uid: Option<String>,
        behind: Vec<(i64, Event)>,
        ended: Pin<Box<dyn Future<Output = ()> + Send>>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let row = behind.last().map_or(0, |(row, _)| *row);
        let missed = if behind.len() > CATCH_UP { behind.len() as u64 } else { 0 };
        let behind = behind.into_iter().map(|(_, event)| event).filter(|_| missed == 0).collect();
        Self { listener, uid, behind, missed, row, ended, _place: place }
    }

    /// The next message; `None` at the end of the program, or of the reader's rights.
    async fn next(&mut self) -> Option<Message> {
        if self.missed > 0 {
            return Some(missed(std::mem::take(&mut self.missed)));
        }
        if let Some(event) = self.behind.pop_front() {
            return Some(told(&event));
        }
        loop {
            let next = tokio::select! {
                next = self.listener.next() => next,
                () = &mut self.ended => Next::Closed,
            };
            match next {
                Next::Closed => return None,
                Next::Missed(count) => return Some(missed(count)),
                Next::Posted(posted) => {
                    let known = posted.row.is_some_and(|row| row <= self.row);
                    let wanted = self.uid.as_ref().is_none_or(|uid| *uid == posted.event.camera_uid);
                    if wanted && !known {
                        return Some(told(&posted.event));
                    }
                }
            }
        }
    }
}

fn told(event: &Event) -> Message {
    let text = serde_json::to_string(event).expect("an event has no map with keys that are no strings");
    Message::default().id(&event.id).data(text)
}

fn missed(missed: u64) -> Message {
    let text = serde_json::to_string(&Missed { missed }).expect("a number");
    Message::default().event("missed").data(text)
}
