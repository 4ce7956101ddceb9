//! The live WebSocket of one player: opened, read, and tried again when it is lost.

use super::bindings::{Listener, now_ms};
use super::view::{Phase, set_if_changed};
use super::{Player, media};
use crate::api;
use leptos::prelude::*;
use sightline_shared::wire::{Hello, PROTOCOL_VERSION, ServerMessage, ViewerMessage};
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{BinaryType, MessageEvent, WebSocket};

const RELOADED: &str = "sightline.reloaded";

/// An open (or opening) WebSocket; closed when dropped.
pub(crate) struct Socket {
    socket: WebSocket,
    _listeners: Vec<Listener>,
    /// Whether the server has said hello.
    pub(crate) greeted: bool,
}

impl Socket {
    /// Sends a message, if the connection is open; it is not kept for later.
    pub(crate) fn send(&self, message: &ViewerMessage) {
        if self.socket.ready_state() == WebSocket::OPEN
            && let Ok(text) = serde_json::to_string(message)
        {
            let _ = self.socket.send_with_str(&text);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self._listeners.clear();
        let _ = self.socket.close();
    }
}

fn address(camera: &str, rendition: &str) -> String {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|p| p == "https:") { "wss" } else { "ws" };
    let host = location.host().unwrap_or_default();
    format!("{scheme}://{host}/api/cameras/{}/live?v={PROTOCOL_VERSION}&rendition={rendition}", api::encode(camera))
}

impl Player {
    /// Opens a connection, in place of the one that may be there.
    pub(super) fn connect(&self) {
        self.cancel_retry();
        if !super::bindings::has_media_source() {
            return set_if_changed(self.view.phase, Phase::NoPlayer);
        }
        self.hold();
        self.clear_overlay();
        let Ok(socket) = WebSocket::new(&address(&self.camera, self.wanted())) else { return self.lost() };
        socket.set_binary_type(BinaryType::Arraybuffer);
        let me = self.me.clone();
        let message = Listener::new(&socket, "message", move |event| {
            if let (Some(player), Some(event)) = (me.upgrade(), event.dyn_ref::<MessageEvent>()) {
                player.message(event);
            }
        });
        let me = self.me.clone();
        // Deferred, because the listener itself goes with the socket.
        let closed = Listener::new(&socket, "close", move |_| {
            if let Some(player) = me.upgrade() {
                player.soon(Self::lost);
            }
        });
        let mut core = self.core.borrow_mut();
        core.media = None;
        core.init = None;
        core.starting = None;
        core.clock.reset();
        core.delay.reset();
        core.pairing.reset();
        core.presented.jump();
        core.pulse.connected();
        core.socket = Some(Socket { socket, _listeners: vec![message, closed], greeted: false });
    }

    fn message(&self, event: &MessageEvent) {
        let data = event.data();
        if let Some(buffer) = data.dyn_ref::<js_sys::ArrayBuffer>() {
            self.binary(js_sys::Uint8Array::new(buffer).to_vec());
        } else if let Some(text) = data.as_string() {
            match serde_json::from_str(&text) {
                Ok(message) => self.text(message),
                // A kind of message that a newer server of the same protocol has: not for this page.
                Err(_) => leptos::logging::debug_warn!("a message that this page does not know"),
            }
        }
    }

    fn text(&self, message: ServerMessage) {
        match message {
            ServerMessage::Hello(hello) => self.greeted(hello),
            ServerMessage::Init(init) => self.init(init),
            ServerMessage::Tracks(tracks) => self.tracks(tracks),
            ServerMessage::Dropped(dropped) => self.core.borrow_mut().left_out += dropped.count,
            ServerMessage::State(camera) => self.view.camera.set(Some(*camera)),
            ServerMessage::Stages(stages) => self.core.borrow_mut().delay.stamped(stages),
            ServerMessage::Clock(reply) => {
                let mut core = self.core.borrow_mut();
                core.clock.note(&reply, now_ms());
                core.pulse.answered();
            }
            ServerMessage::Reload => self.soon(Self::outdated),
        }
    }

    fn greeted(&self, hello: Hello) {
        let mut core = self.core.borrow_mut();
        core.backoff.succeeded();
        (core.offered, core.told) = (hello.renditions, Some(hello.rendition));
        let again = core.socket.as_mut().is_some_and(|socket| std::mem::replace(&mut socket.greeted, true));
        drop(core);
        if again {
            // The answer to a change of rendition: what is shown stays until its first frame.
            return;
        }
        if let Ok(Some(storage)) = window().session_storage() {
            let _ = storage.remove_item(RELOADED);
        }
        set_if_changed(self.view.phase, Phase::Connecting);
        self.ask_clock();
    }

    pub(super) fn ask_clock(&self) {
        let mut core = self.core.borrow_mut();
        core.pulse.asked(now_ms());
        if let Some(socket) = &core.socket {
            socket.send(&ViewerMessage::Clock { t0: now_ms() });
        }
    }

    /// The page is older or newer than the server: it reloads itself once, then says so.
    fn outdated(&self) {
        self.core.borrow_mut().socket = None;
        let storage = window().session_storage().ok().flatten();
        let reloaded = storage.as_ref().is_some_and(|s| s.get_item(RELOADED).ok().flatten().is_some());
        let noted = storage.is_some_and(|s| s.set_item(RELOADED, "1").is_ok());
        if !reloaded && noted {
            let _ = window().location().reload();
        } else {
            set_if_changed(self.view.phase, Phase::Outdated);
        }
    }

    /// The connection is gone: says so, finds out why, and comes back after a while.
    pub(super) fn lost(&self) {
        if matches!(self.view.phase.get_untracked(), Phase::Outdated | Phase::Unplayable { .. }) {
            return;
        }
        self.hold();
        let mut core = self.core.borrow_mut();
        core.socket = None;
        core.starting = None;
        let wait = core.backoff.failed(js_sys::Math::random());
        drop(core);
        self.again_in(wait, |retry_ms| Phase::Lost { retry_ms });
        let me = self.me.clone();
        leptos::task::spawn_local(async move {
            let Some(camera) = me.upgrade().map(|player| player.camera.clone()) else { return };
            let answer = api::camera(&camera).await;
            let Some(player) = me.upgrade() else { return };
            match answer.map_err(|failure| failure.status) {
                Ok(camera) => player.view.camera.set(Some(camera)),
                Err(401) => player.session.update(|n| *n += 1),
                Err(404) => player.gone(),
                Err(_) => {}
            }
        });
    }

    fn gone(&self) {
        self.cancel_retry();
        self.core.borrow_mut().media = None;
        set_if_changed(self.view.phase, Phase::Gone);
    }

    /// Sets a phase that ends with another try.
    pub(super) fn again_in(&self, wait_ms: f64, phase: impl FnOnce(f64) -> Phase) {
        self.cancel_retry();
        set_if_changed(self.view.phase, phase(now_ms() + wait_ms));
        let me = self.me.clone();
        let again = move || {
            if let Some(player) = me.upgrade() {
                player.connect();
            }
        };
        if let Ok(handle) = set_timeout_with_handle(again, Duration::from_millis(wait_ms as u64)) {
            *self.retry.borrow_mut() = Some(handle);
        }
    }

    /// The media pipeline failed: made anew at once the first time, later with growing pauses.
    pub(super) fn fault(&self, message: String) {
        let mut core = self.core.borrow_mut();
        core.rebuilds += 1;
        core.fault = Some(message.clone());
        let first = core.faults.failures() == 0;
        let wait = core.faults.failed(js_sys::Math::random());
        core.socket = None;
        core.starting = None;
        drop(core);
        if first {
            self.connect();
        } else {
            self.again_in(wait * 2.0, |retry_ms| Phase::Faulty { message, retry_ms });
        }
    }

    pub(super) fn media_failed(&self) {
        // Taking the source away is reported as an error without a code: only what the browser names is a fault.
        let Some(error) = self.elements.video.error() else { return };
        if self.core.borrow().media.is_some() {
            let said = error.message();
            self.fault(if said.is_empty() { format!("media error {}", error.code()) } else { said });
        }
    }

    pub(super) fn media_event(&self, event: media::Event) {
        match event {
            media::Event::Settled => self.settled(),
            media::Event::Fault(message) => self.fault(message),
        }
    }
}
