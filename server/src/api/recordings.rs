//! `GET /api/cameras/{id}/recordings`: of which times clips can be made.

use super::cameras::find;
use super::error::Problem;
use super::{App, blocking};
use crate::pipeline::camera::CameraHandle;
use crate::record::ask::{Wall, moment};
use crate::record::reel::{Stretch, reels};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use sightline_shared::camera::Rendition;
use sightline_shared::clips::{Gap, Recordings, Span};
use sightline_shared::time::TIMESCALE;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(recordings))
}

#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Ask {
    /// RFC 3339; the oldest that is kept where absent.
    #[param(format = DateTime)]
    from: Option<String>,
    /// RFC 3339; now where absent.
    #[param(format = DateTime)]
    to: Option<String>,
}

/// Of which times clips can be made.
#[utoipa::path(get, path = "/api/cameras/{id}/recordings", tag = "clips", operation_id = "recordings", params(("id" = String, Path), Ask), responses((status = 200, body = Recordings)))]
async fn recordings(
    State(app): State<App>,
    Path(id): Path<String>,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Json<Recordings>, Problem> {
    let camera = find(&app, &id)?;
    let Query(ask) = ask.map_err(|_| Problem::bad_request("`from` and `to` are each given once at most."))?;
    let wall = Wall::of(&*app.clock);
    let bound = |field, text: Option<String>| text.map(|text| moment(field, &text)).transpose();
    let from = bound("from", ask.from)?.map_or(i64::MIN, |at| wall.ticks(at));
    let to = bound("to", ask.to)?.map_or(i64::MAX, |at| wall.ticks(at));
    if from >= to {
        return Err(Problem::bad_request("`to` has to be later than `from`.").field("to"));
    }
    Ok(Json(blocking(move || told(&camera, wall, from, to)).await?))
}

fn told(camera: &CameraHandle, wall: Wall, from: i64, to: i64) -> Recordings {
    let mut out = Recordings::default();
    for rendition in [Rendition::Source, Rendition::Main] {
        let Some(ring) = camera.ring(rendition) else { continue };
        // The end of what came before, and whether this begins with other parameters.
        let mut before: Option<i64> = None;
        for reel in reels(&ring.gops()) {
            for (at, stretch) in reel.stretches().into_iter().enumerate() {
                if let Some(end) = before.filter(|&end| end < to && stretch.from > from) {
                    let cause = cause(rendition, at == 0, stretch, end);
                    let (from, to) = (wall.rfc3339(end), wall.rfc3339(stretch.from));
                    out.gaps.push(Gap { from, to, rendition, cause: cause.into() });
                }
                if stretch.to > from && stretch.from < to {
                    let Stretch { from, to, bytes, .. } = stretch;
                    out.spans.push(Span { from: wall.rfc3339(from), to: wall.rfc3339(to), rendition, bytes });
                }
                before = Some(stretch.to);
            }
        }
    }
    out
}

/// Why there is nothing between `end` and the stretch.
fn cause(rendition: Rendition, other_parameters: bool, stretch: Stretch, end: i64) -> &'static str {
    let long = stretch.from - end > i64::from(TIMESCALE);
    match rendition {
        Rendition::Main | Rendition::Small if long => "not_running",
        _ if other_parameters => "parameters",
        _ if stretch.starts_epoch => "reconnect",
        _ => "lost",
    }
}
