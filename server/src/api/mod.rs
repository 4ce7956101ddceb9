//! The HTTP API: every route, who may ask it, and the running server.

mod bundle;
mod cameras;
mod clips;
mod connections;
mod devices;
mod encoder;
mod error;
mod events;
mod json;
mod live;
mod metrics;
mod models;
mod openapi;
pub mod password;
mod principal;
mod probe;
mod recordings;
mod serve;
mod session;
mod slowdown;
mod snapshot;
mod system;
mod telemetry;
mod timings;
mod tokens;
pub mod trust;

pub use serve::{ServeError, ServeOptions, Server, StopSignal, serve};

use crate::detect::model::Options;
use crate::device::Watch;
use crate::events::Events;
use crate::models::{Keeper, Shelf};
use crate::pipeline::cameras::Cameras;
use crate::pipeline::clock::{Clock, Mono};
use crate::record::clips::Clips;
use crate::record::disk::SystemDisk;
use crate::store::Store;
use crate::telemetry::Telemetry;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use error::Problem;
use sightline_shared::system::MoreSessions;
use slowdown::Slowdown;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use utoipa_axum::router::OpenApiRouter;

/// The program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Viewers at once, over all cameras.
const MAX_VIEWERS: usize = 1000;
/// Passwords hashed at once.
const MAX_HASHING: usize = 2;

/// What every handler works on.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    store: Arc<Store>,
    cameras: Arc<Cameras>,
    telemetry: Arc<Telemetry>,
    watch: Watch,
    /// Taken while it is tried how many encode sessions a device takes.
    trying_room: Arc<Semaphore>,
    /// What came of that, by the device's number.
    more_sessions: Mutex<BTreeMap<u32, MoreSessions>>,
    clock: Arc<dyn Clock>,
    slowdown: Slowdown,
    hashing: Arc<Semaphore>,
    viewers: Arc<Semaphore>,
    /// Names of `--allow-host`, in the form they are compared in.
    allow_hosts: Vec<String>,
    listen: SocketAddr,
    /// The API's description, as JSON.
    openapi: String,
    started: Mono,
    started_utc: Duration,
    /// True once the program is to end.
    stopping: watch::Receiver<bool>,
    /// Held while settings are put in force, so that an older state never comes after a newer one.
    applying: Mutex<()>,
    clips: Clips,
    models: Arc<Keeper>,
    events: Arc<Events>,
    /// Taken by those who listen to events.
    listening: Arc<Semaphore>,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    fn new(
        store: Arc<Store>,
        cameras: Arc<Cameras>,
        events: Arc<Events>,
        clock: Arc<dyn Clock>,
        listen: SocketAddr,
        allow_hosts: Vec<String>,
        stopping: watch::Receiver<bool>,
    ) -> std::io::Result<Self> {
        let clips = Clips::open(store.clone(), clock.clone(), Arc::new(SystemDisk))?;
        let shelf = Shelf::new(&store.places().data_dir);
        let device = cameras.devices().cards().first().map(|card| card.ordinal());
        let models = Keeper::new(shelf.clone(), Options::on(device, shelf.engines()), clock.clone());
        Ok(Self(Arc::new(Inner {
            store,
            telemetry: Telemetry::new(cameras.clone(), clock.clone()),
            watch: Watch::start(cameras.devices(), clock.clone())?,
            trying_room: Arc::new(Semaphore::new(1)),
            more_sessions: Mutex::default(),
            cameras,
            slowdown: Slowdown::new(clock.clone()),
            hashing: Arc::new(Semaphore::new(MAX_HASHING)),
            viewers: Arc::new(Semaphore::new(MAX_VIEWERS)),
            allow_hosts,
            listen,
            openapi: describe(),
            started: clock.now(),
            started_utc: clock.utc(),
            clock,
            stopping,
            applying: Mutex::default(),
            clips,
            models,
            events,
            listening: Arc::new(Semaphore::new(events::MAX_LISTENERS)),
        })))
    }
}

impl Inner {
    /// Makes the running cameras equal to the settings in force. Must be called on the runtime.
    fn apply(&self) {
        let _one = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = self.store.snapshot();
        self.cameras.keep(settings.server.keep);
        self.events.keep(settings.server.events);
        self.cameras.apply(settings.cameras);
    }

    fn more_sessions(&self) -> MutexGuard<'_, BTreeMap<u32, MoreSessions>> {
        self.more_sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn viewers_now(&self) -> usize {
        MAX_VIEWERS - self.viewers.available_permits()
    }
}

/// Routes for those who are known, with their description.
fn known() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::begin())
        .merge(session::protected())
        .merge(tokens::routes())
        .merge(cameras::routes())
        .merge(encoder::routes())
        .merge(live::routes())
        .merge(timings::routes())
        .merge(telemetry::routes())
        .merge(system::routes())
        .merge(devices::routes())
        .merge(metrics::routes())
        .merge(snapshot::routes())
        .merge(openapi::routes())
        .merge(clips::routes())
        .merge(recordings::routes())
        .merge(events::routes())
        .merge(probe::routes())
        .merge(models::routes())
}

fn describe() -> String {
    let open = session::open().into_openapi();
    openapi::finish(known().merge(session::open()).into_openapi(), &open)
}

/// Every route.
fn router(app: App) -> Router {
    let known = known().route_layer(middleware::from_fn(principal::require));
    let (routes, _) = OpenApiRouter::new().merge(session::open()).merge(known).split_for_parts();
    routes
        .method_not_allowed_fallback(wrong_method)
        .fallback(bundle::serve)
        .layer(DefaultBodyLimit::max(json::MAX_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), principal::identify))
        .layer(middleware::from_fn(headers))
        .with_state(app)
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", "This address does not take that method.")
}

/// What the dashboard may load, and that no other page may show it in a frame or read from it. Boxes are placed by style
/// attributes; the player plays from blob: addresses.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; style-src-attr 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

async fn headers(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api") || request.uri().path() == "/metrics";
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if api && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Runs what waits for the disk or hashes on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
}

/// Seconds since 1970 as RFC 3339 in UTC.
fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests;
