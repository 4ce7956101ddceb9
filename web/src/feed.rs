//! The telemetry WebSocket of a camera's page: two minutes of what every stage did, kept fresh while somebody looks.

use crate::api;
use crate::context::shared;
use crate::player::Listener;
use crate::state::backoff::Backoff;
use crate::state::history::History;
use leptos::prelude::*;
use sightline_shared::telemetry::TelemetryMessage;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, WebSocket};

/// What came of the connection.
#[derive(Clone, Copy)]
pub(crate) struct Feed {
    /// The samples.
    pub(crate) history: RwSignal<History>,
    /// Whether the connection stands.
    pub(crate) connected: RwSignal<bool>,
}

/// An open (or opening) connection; closed when dropped.
struct Connection {
    socket: WebSocket,
    listeners: Vec<Listener>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.listeners.clear();
        let _ = self.socket.close();
    }
}

#[derive(Default)]
struct Inner {
    connection: Option<Connection>,
    backoff: Backoff,
    retry: Option<TimeoutHandle>,
}

impl Inner {
    fn let_go(&mut self) {
        self.connection = None;
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
    }
}

/// Opens the telemetry of a camera for the component that calls, and closes it with that component.
pub(crate) fn open(camera: &str) -> Feed {
    let shared = shared();
    let feed = Feed { history: RwSignal::new(History::default()), connected: RwSignal::new(false) };
    let inner = Rc::new(RefCell::new(Inner::default()));
    let path = format!("/api/telemetry?camera={}", api::encode(camera));
    let kept = StoredValue::new_local(inner.clone());
    Effect::new(move |_| {
        if shared.asleep.get() {
            inner.borrow_mut().let_go();
        } else {
            connect(&inner, &path, feed);
        }
    });
    on_cleanup(move || {
        kept.with_value(|inner| inner.borrow_mut().let_go());
    });
    feed
}

fn address(path: &str) -> String {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|p| p == "https:") { "wss" } else { "ws" };
    format!("{scheme}://{}{path}", location.host().unwrap_or_default())
}

fn connect(inner: &Rc<RefCell<Inner>>, path: &str, feed: Feed) {
    let Ok(socket) = WebSocket::new(&address(path)) else { return };
    let heard = Rc::downgrade(inner);
    let message = Listener::new(&socket, "message", move |event| {
        let text = event.dyn_ref::<MessageEvent>().and_then(|event| event.data().as_string());
        let parsed = text.and_then(|text| serde_json::from_str(&text).ok());
        if let (Some(inner), Some(message)) = (heard.upgrade(), parsed) {
            inner.borrow_mut().backoff.succeeded();
            take(feed, message);
        }
    });
    let (weak, again) = (Rc::downgrade(inner), path.to_owned());
    let closed = Listener::new(&socket, "close", move |_| {
        let Some(inner) = weak.upgrade() else { return };
        feed.connected.try_set(false);
        let wait = inner.borrow_mut().backoff.failed(js_sys::Math::random());
        let (weak, again) = (Rc::downgrade(&inner), again.clone());
        let retry = move || {
            if let Some(inner) = weak.upgrade() {
                connect(&inner, &again, feed);
            }
        };
        inner.borrow_mut().retry = set_timeout_with_handle(retry, Duration::from_millis(wait as u64)).ok();
    });
    // The connection before goes when nothing borrows any more: its own listener may be the caller.
    let before = inner.borrow_mut().connection.replace(Connection { socket, listeners: vec![message, closed] });
    leptos::task::spawn_local(async move { drop(before) });
}

fn take(feed: Feed, message: TelemetryMessage) {
    feed.connected.try_set(true);
    feed.history.try_update(|history| match message {
        TelemetryMessage::History { samples } => history.load(samples),
        TelemetryMessage::Sample(sample) => history.push(sample),
    });
}
