//! The API in process: requests through the whole router, as the network would bring them.

mod cameras;
mod devices;
mod events;
mod live;
mod login;
mod models;
mod telemetry;
mod trust;

use super::trust::Peer;
use super::{App, router};
use crate::events::Events;
use crate::pipeline::cameras::Cameras;
use crate::pipeline::clock::SimulatedClock;
use crate::record::disk::SystemDisk;
use crate::store::{Places, Store};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt;

/// A server without a network.
struct Home {
    dir: tempfile::TempDir,
    clock: Arc<SimulatedClock>,
    store: Arc<Store>,
    events: Arc<Events>,
    router: Router,
    _stop: watch::Sender<bool>,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    /// The code of an error answer.
    fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The session of a `Set-Cookie`, as a browser sends it back.
    fn cookie(&self) -> String {
        self.header(header::SET_COOKIE).split(';').next().unwrap_or_default().to_owned()
    }
}

/// A request under construction: from this machine, by a good name.
struct Ask<'a> {
    home: &'a Home,
    request: Request<Body>,
}

impl Home {
    fn new() -> Self {
        Self::with_config("")
    }

    fn with_config(config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("sightline.toml"), config).expect("written");
        let places = Places { config: dir.path().join("sightline.toml"), data_dir: dir.path().join("data") };
        let clock = Arc::new(SimulatedClock::new(Duration::from_secs(1_800_000_000)));
        let store = Arc::new(Store::open(places, false, clock.clone()).expect("opens"));
        let cameras = Cameras::new(clock.clone()).expect("threads");
        let events = Events::open(store.clone(), clock.clone(), Arc::new(SystemDisk)).expect("events");
        let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        let (stop, stopping) = watch::channel(false);
        let app =
            App::new(store.clone(), cameras, events.clone(), clock.clone(), listen, vec!["by.option".into()], stopping)
                .expect("clips");
        app.apply();
        Self { dir, clock, store, events, router: router(app), _stop: stop }
    }

    fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        request.headers_mut().insert(header::HOST, "localhost:8080".parse().expect("a value"));
        Ask { home: self, request }.from("127.0.0.1:40000")
    }

    fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    fn post(&self, path: &str, body: &str) -> Ask<'_> {
        self.ask(Method::POST, path).body(body)
    }

    /// Sets the password and gives the session's cookie.
    async fn set_password(&self, password: &str) -> String {
        let answer = self.post("/api/password", &format!("{{\"new\": \"{password}\"}}")).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.cookie()
    }
}

impl Ask<'_> {
    fn from(mut self, remote: &str) -> Self {
        let peer =
            Peer { remote: remote.parse().expect("an address"), local: SocketAddr::from(([192, 168, 1, 5], 8080)) };
        self.request.extensions_mut().insert(ConnectInfo(peer));
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().expect("a value"));
        self
    }

    fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    fn body(mut self, body: &str) -> Self {
        *self.request.body_mut() = Body::from(body.to_owned());
        self.header("content-type", "application/json")
    }

    /// The answer before it is read.
    async fn open(self) -> Response {
        self.home.router.clone().oneshot(self.request).await.expect("infallible")
    }

    async fn send(self) -> Answer {
        let response = self.open().await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000_000).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}
