//! The newest frame as a picture, upright, with its own boxes drawn on it where they are asked for.

use super::App;
use super::cameras::find;
use super::error::Problem;
use super::live::wait_for_picture;
use super::{blocking, principal::Principal};
use crate::draw::Painter;
use crate::fragment::Chunk;
use crate::live::Feed;
use crate::live::hub::{Cursor, Item, Next};
use crate::picture::{self, Limits, PictureError, Still};
use crate::pipeline::camera::CameraHandle;
use crate::pipeline::clock::Clock;
use crate::pipeline::frame::Frame;
use crate::pipeline::packet::StreamParams;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sightline_shared::camera::{CameraState, Rendition};
use sightline_shared::draw::{Layers, Scene, draw_list};
use sightline_shared::scene::{Mask, Zone};
use sightline_shared::time::Pts;
use sightline_shared::tracks::Tracks;
use sightline_shared::wire::ServerMessage;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long the newest frame's boxes are waited for: analysis is a few frames behind at most, or does not look at this one.
const PATIENCE: Duration = Duration::from_millis(500);
/// Snapshots made at once, of all cameras: each takes a core for a part of a second.
static MAKING: Semaphore = Semaphore::const_new(2);
const QUALITY: u8 = 88;
const WIDTHS: RangeInclusive<u32> = 16..=8192;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(snapshot))
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Ask {
    /// 1: with boxes and labels drawn on it.
    overlay: Option<u8>,
    /// Pixels at most; never enlarged.
    width: Option<u32>,
}

/// The newest frame as JPEG, upright. With `overlay=1` it is the newest one whose boxes are known.
#[utoipa::path(get, path = "/api/cameras/{id}/snapshot.jpg", tag = "live", params(("id" = String, Path), Ask),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 304, description = "Not changed")))]
async fn snapshot(
    State(app): State<App>,
    Extension(_): Extension<Principal>,
    Path(id): Path<String>,
    ask: Result<Query<Ask>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let camera = find(&app, &id)?;
    let (overlay, width) = asked(ask)?;
    let hub = camera.hub(Rendition::Source).ok_or_else(|| no_picture(&camera))?;
    wait_for_picture(&app, &camera, Rendition::Source, &hub).await?;
    if camera.describe().state != CameraState::Live {
        return Err(no_picture(&camera));
    }
    let gathered = gather(hub.join(), overlay).await;
    let Some((chosen, tracks)) = gathered.choose(overlay) else { return Err(no_picture(&camera)) };
    let settings = camera.settings();
    let zones = if overlay { settings.zones } else { Vec::new() };
    let drawn = Drawn { masks: settings.privacy.masks.to_vec(), zones };
    let etag = format!(
        "\"{}-{}-{}-{}-{}-{:x}\"",
        camera.settings().uid,
        chosen.header.epoch.0,
        chosen.header.pts.0,
        u8::from(overlay) + u8::from(tracks.is_some()),
        width.unwrap_or(0),
        fingerprint(&drawn)
    );
    let modified = http_date(&*app.clock, &chosen);
    let name = file_name(&camera.settings().id, &*app.clock, &chosen);
    let facts = [
        (header::ETAG, etag.clone()),
        (header::LAST_MODIFIED, modified),
        (header::CACHE_CONTROL, "private, no-cache".into()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")),
        (header::CONTENT_TYPE, "image/jpeg".into()),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, facts).into_response());
    }
    let _place = MAKING.acquire().await.map_err(Problem::internal)?;
    let clock = app.clock.clone();
    let made = blocking(move || make(&gathered, &chosen, &tracks, width, (&clock, &drawn))).await?;
    let jpeg = made.map_err(|e| {
        let message = format!("There is no picture of {} now: {e}.", camera.describe().name);
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_picture", message)
    })?;
    Ok((facts, jpeg).into_response())
}

/// What people drew into the camera's picture, as far as it is in this one.
#[derive(Serialize)]
struct Drawn {
    masks: Vec<Mask>,
    zones: Vec<Zone>,
}

/// The same frame is another picture once other masks and zones lie on it.
fn fingerprint(drawn: &Drawn) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    serde_json::to_string(drawn).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

fn asked(ask: Result<Query<Ask>, QueryRejection>) -> Result<(bool, Option<u32>), Problem> {
    let Query(ask) = ask.map_err(|_| Problem::bad_request("`overlay` is 0 or 1, and `width` a number of pixels."))?;
    let overlay = match ask.overlay {
        None | Some(0) => false,
        Some(1) => true,
        Some(_) => return Err(Problem::bad_request("`overlay` is 0 or 1.").field("overlay")),
    };
    if ask.width.is_some_and(|width| !WIDTHS.contains(&width)) {
        let (least, most) = WIDTHS.into_inner();
        return Err(Problem::bad_request(format!("`width` is from {least} to {most} pixels.")).field("width"));
    }
    Ok((overlay, ask.width))
}

fn no_picture(camera: &CameraHandle) -> Problem {
    let told = camera.describe();
    let reason = told.reason.unwrap_or_else(|| match told.state {
        CameraState::Disabled => "The camera is switched off.".into(),
        _ => "It has not shown a picture yet.".into(),
    });
    let message = format!("There is no picture of {} now. {reason}", told.name);
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_picture", message).retry_after(Duration::from_secs(5))
}

/// The newest GOP and the tracks that are known of its frames.
#[derive(Default)]
struct Gathered {
    params: Option<Arc<StreamParams>>,
    chunks: Vec<Arc<Chunk>>,
    tracks: HashMap<Pts, Tracks>,
}

/// Reads what the hub has; where boxes are wanted, it waits a little for those of the frame that is the newest now.
async fn gather(mut cursor: Cursor, overlay: bool) -> Gathered {
    let mut gathered = Gathered::default();
    while let Some(next) = cursor.try_next() {
        if !gathered.take(next) {
            break;
        }
    }
    let Some(newest) = gathered.newest().map(|chunk| chunk.header.pts).filter(|_| overlay) else { return gathered };
    let known = async { while !gathered.tracks.contains_key(&newest) && gathered.take(cursor.next().await) {} };
    // Where they do not come, the newest frame whose boxes are known is shown.
    let _ = tokio::time::timeout(PATIENCE, known).await;
    gathered
}

impl Gathered {
    /// False at the end of the camera.
    fn take(&mut self, next: Next) -> bool {
        match next {
            Next::Closed => return false,
            Next::Dropped { .. } => {}
            Next::Item(Item::Init(init)) => {
                *self = Self { params: Some(init.params.clone()), ..Self::default() };
            }
            Next::Item(Item::Chunk(chunk)) if chunk.is_audio() => {}
            Next::Item(Item::Chunk(chunk)) => {
                if chunk.is_key() {
                    self.chunks.clear();
                }
                self.chunks.push(chunk);
            }
            Next::Item(Item::Text(text)) => {
                if let Ok(ServerMessage::Tracks(tracks)) = serde_json::from_str(&text) {
                    self.tracks.insert(tracks.pts, tracks);
                }
            }
        }
        true
    }

    fn newest(&self) -> Option<&Arc<Chunk>> {
        self.chunks.iter().max_by_key(|chunk| chunk.header.pts)
    }

    /// The frame to show and the boxes to draw on it: its own, by epoch and PTS.
    fn choose(&self, overlay: bool) -> Option<(Arc<Chunk>, Option<Tracks>)> {
        let of = |chunk: &Arc<Chunk>| {
            self.tracks.get(&chunk.header.pts).filter(|tracks| tracks.epoch == chunk.header.epoch).cloned()
        };
        let known = self.chunks.iter().filter(|chunk| of(chunk).is_some()).max_by_key(|chunk| chunk.header.pts);
        let chosen = known.filter(|_| overlay).or_else(|| self.newest())?;
        Some((chosen.clone(), of(chosen).filter(|_| overlay)))
    }
}

/// The newest frame of a camera, in host memory.
pub(super) async fn newest_frame(app: &App, camera: &Arc<CameraHandle>) -> Result<Frame, Problem> {
    let hub = camera.hub(Rendition::Source).ok_or_else(|| no_picture(camera))?;
    wait_for_picture(app, camera, Rendition::Source, &hub).await?;
    let gathered = gather(hub.join(), false).await;
    let (Some(params), Some(newest)) = (gathered.params.clone(), gathered.newest().map(|chunk| chunk.header.pts))
    else {
        return Err(no_picture(camera));
    };
    let _place = MAKING.acquire().await.map_err(Problem::internal)?;
    let clock = app.clock.clone();
    let decoded =
        blocking(move || picture::from_gop(&params, &gathered.chunks, Some(newest), Limits::default(), &clock));
    decoded.await?.map_err(|error| {
        let message = format!("There is no picture of {} now: {error}.", camera.describe().name);
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_picture", message)
    })
}

/// Decodes, turns upright, draws, compresses.
fn make(
    gathered: &Gathered,
    chosen: &Chunk,
    tracks: &Option<Tracks>,
    width: Option<u32>,
    (clock, drawn): (&Arc<dyn Clock>, &Drawn),
) -> Result<Vec<u8>, PictureError> {
    let params = gathered.params.as_ref().ok_or_else(|| PictureError::NotDecoded("its parameters are gone".into()))?;
    let frame = picture::from_gop(params, &gathered.chunks, Some(chosen.header.pts), Limits::default(), clock)?;
    let mut still = Still::of(&frame, width)?;
    still.hide(&drawn.masks);
    // A frame that could not be reached is not the one that the boxes are of.
    if let Some(tracks) = tracks.as_ref().filter(|tracks| (tracks.epoch, tracks.pts) == (frame.epoch, frame.pts)) {
        let (across, down) = still.size();
        let scene = Scene { zones: &drawn.zones, ..tracks.into() };
        let list = draw_list(scene, across as f32, down as f32, Layers::default());
        still.draw(&mut Painter::new(), &list);
    }
    still.jpeg(QUALITY)
}

fn arrived(clock: &dyn Clock, chunk: &Chunk) -> jiff::Timestamp {
    let at = clock.utc().saturating_sub(clock.now().since(chunk.arrived));
    jiff::Timestamp::from_second(i64::try_from(at.as_secs()).unwrap_or_default()).unwrap_or_default()
}

/// RFC 9110 section 5.6.7.
fn http_date(clock: &dyn Clock, chunk: &Chunk) -> String {
    arrived(clock, chunk).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `yard 2026-11-21 14-05-09.jpg`, in UTC; ids are of letters, digits and dashes.
fn file_name(id: &str, clock: &dyn Clock, chunk: &Chunk) -> String {
    format!("{id} {}.jpg", arrived(clock, chunk).strftime("%Y-%m-%d %H-%M-%SZ"))
}
