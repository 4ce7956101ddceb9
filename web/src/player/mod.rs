//! The player: brings the live WebSocket, the MediaSource, the steering and the overlay together.
//!
//! What it decides is in [`crate::state`]; here is only what needs a browser. Every callback holds the player weakly, so that
//! it goes when its component goes.

mod bindings;
mod change;
mod chunks;
mod frames;
mod link;
mod media;
mod overlay;
mod pulse;
mod still;
pub(crate) mod view;

pub(crate) use bindings::{Listener, can_play, now_ms, tells_frames};
pub(crate) use view::{Phase, PlayerView};

use crate::state::arrival::ArrivalLine;
use crate::state::backoff::Backoff;
use crate::state::clock::ServerClock;
use crate::state::delay::DelayBook;
use crate::state::pairing::Pairing;
use crate::state::presented::PresentedCounts;
use crate::state::steering::Steering;
use crate::state::timeline::Timeline;
use bindings::FrameVideo;
use leptos::prelude::*;
use media::Media;
use overlay::Overlay;
use sightline_shared::camera::Rendition;
use sightline_shared::scene::Zone;
use sightline_shared::trails::Trails;
use sightline_shared::wire::Init;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use still::Still;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlCanvasElement, HtmlElement, HtmlVideoElement};

/// The elements a player plays in.
#[derive(Clone)]
pub(crate) struct Elements {
    /// The parent, which carries the data attributes.
    pub(crate) parent: HtmlElement,
    /// The picture.
    pub(crate) video: HtmlVideoElement,
    /// The overlay.
    pub(crate) overlay: HtmlCanvasElement,
    /// Carries the frame under its boxes, and keeps the last one while the media pipeline is made anew.
    pub(crate) hold: HtmlCanvasElement,
}

/// What changes while playing.
struct Core {
    timeline: Timeline,
    line: ArrivalLine,
    steering: Steering,
    pairing: Pairing,
    trails: Trails,
    zones: Vec<Zone>,
    presented: PresentedCounts,
    clock: ServerClock,
    delay: DelayBook,
    backoff: Backoff,
    overlay: Overlay,
    still: Still,
    media: Option<Media>,
    socket: Option<link::Socket>,
    init: Option<Init>,
    /// Renditions that the server offers, and the one it says it sends.
    offered: Vec<Rendition>,
    told: Option<Rendition>,
    /// The codec of `source` that this browser refused.
    refused: Option<String>,
    starting: Option<chunks::Starting>,
    /// Frames before this media time are what the browser decodes on its way to the live edge.
    show_from_s: f64,
    /// At the latest from this time of the page on, every frame is shown: an old picture is better than none.
    show_all_ms: f64,
    pulse: pulse::Pulse,
    rebuilds: u64,
    left_out: u64,
    faults: Backoff,
    fault: Option<String>,
    frame_handle: Option<u32>,
}

/// What the browser calls with the time and the metadata of a frame.
type FrameCallback = Closure<dyn FnMut(f64, JsValue)>;

/// One player on its elements.
pub(crate) struct Player {
    camera: String,
    elements: Elements,
    view: PlayerView,
    session: RwSignal<u64>,
    core: RefCell<Core>,
    on_frame: RefCell<Option<FrameCallback>>,
    listeners: RefCell<Vec<Listener>>,
    timers: RefCell<Vec<IntervalHandle>>,
    retry: RefCell<Option<TimeoutHandle>>,
    me: Weak<Player>,
}

impl Player {
    /// A player for the camera with this id; `session` is bumped where the server asks for a login. It connects at once if
    /// `view.awake` says that somebody looks.
    pub(crate) fn new(
        camera: String,
        elements: Elements,
        view: PlayerView,
        session: RwSignal<u64>,
    ) -> Option<Rc<Self>> {
        let overlay = Overlay::new(elements.overlay.clone())?;
        let still = Still::new(elements.hold.clone())?;
        let core = Core {
            timeline: Timeline::default(),
            line: ArrivalLine::default(),
            steering: Steering::new(view.limit_ms.get_untracked()),
            pairing: Pairing::default(),
            trails: Trails::default(),
            zones: Vec::new(),
            presented: PresentedCounts::default(),
            clock: ServerClock::default(),
            delay: DelayBook::default(),
            backoff: Backoff::default(),
            overlay,
            still,
            media: None,
            socket: None,
            init: None,
            offered: Vec::new(),
            told: None,
            refused: None,
            starting: None,
            show_from_s: f64::INFINITY,
            show_all_ms: f64::INFINITY,
            pulse: pulse::Pulse::default(),
            rebuilds: 0,
            left_out: 0,
            faults: Backoff::default(),
            fault: None,
            frame_handle: None,
        };
        let player = Rc::new_cyclic(|me| Self {
            camera,
            elements,
            view,
            session,
            core: RefCell::new(core),
            on_frame: RefCell::default(),
            listeners: RefCell::default(),
            timers: RefCell::default(),
            retry: RefCell::default(),
            me: me.clone(),
        });
        player.wire();
        player.wake(view.awake.get_untracked());
        Some(player)
    }

    fn wire(&self) {
        let video = &self.elements.video;
        video.set_muted(true);
        let _ = self.elements.parent.set_attribute("data-player", "mse");
        view::set_if_changed(self.view.exact, tells_frames(video));
        self.watch_frames();
        let on = |name: &'static str, f: fn(&Player)| {
            let me = self.me.clone();
            Listener::new(video, name, move |_| {
                if let Some(player) = me.upgrade() {
                    f(&player);
                }
            })
        };
        *self.listeners.borrow_mut() = vec![
            on("error", Self::media_failed),
            on("waiting", Self::starved),
            on("resize", Self::place),
            on("loadeddata", Self::place),
        ];
        let me = self.me.clone();
        let tick = move || {
            if let Some(player) = me.upgrade() {
                player.tick();
            }
        };
        if let Ok(timer) = set_interval_with_handle(tick, std::time::Duration::from_millis(pulse::TICK_MS)) {
            self.timers.borrow_mut().push(timer);
        }
    }

    /// Connects (`true`), or lets go of the connection and keeps the last picture (`false`).
    pub(crate) fn wake(&self, awake: bool) {
        let connected = self.core.borrow().socket.is_some();
        if awake && !connected {
            self.connect();
        } else if !awake {
            self.rest();
        }
    }

    fn rest(&self) {
        self.hold();
        self.clear_overlay();
        self.cancel_retry();
        let mut core = self.core.borrow_mut();
        core.socket = None;
        core.media = None;
        core.starting = None;
        drop(core);
        view::set_if_changed(self.view.phase, Phase::Resting);
    }

    /// Connects anew, with sound or without, holding the last picture meanwhile.
    pub(crate) fn set_sound(&self, on: bool) {
        self.view.sound.set(on);
        self.elements.video.set_muted(!on);
        if self.core.borrow().socket.is_some() {
            self.connect();
        }
    }

    /// Tries again at once, whatever it waits for.
    pub(crate) fn retry_now(&self) {
        self.connect();
    }

    /// How long frames wait for their tracks.
    pub(crate) fn set_limit_ms(&self, limit_ms: f64) {
        self.core.borrow_mut().steering.set_limit_ms(limit_ms);
    }

    /// Keeps the picture that is on screen on the canvas above the video, so that nothing flashes.
    fn hold(&self) {
        let core = self.core.borrow();
        let upright = core.init.as_ref().is_none_or(|init| init.rotation == 0);
        core.still.paint(&self.elements.video, core.overlay.device_width(), upright);
    }

    /// No boxes on a picture that is only held: they would be those of another frame, be it by one.
    fn clear_overlay(&self) {
        let mut guard = self.core.borrow_mut();
        let core = &mut *guard;
        core.pairing.show(None);
        core.overlay.draw(None, self.view.layers.get_untracked());
        self.mark(None, None);
    }

    /// Runs `f` on the player once the present callback is done.
    fn soon(&self, f: impl FnOnce(&Player) + 'static) {
        let me = self.me.clone();
        leptos::task::spawn_local(async move {
            if let Some(player) = me.upgrade() {
                f(&player);
            }
        });
    }

    fn cancel_retry(&self) {
        if let Some(handle) = self.retry.borrow_mut().take() {
            handle.clear();
        }
    }

    /// Stops everything. Dropping the last handle would do the same, but callbacks may hold one for an instant.
    pub(crate) fn stop(&self) {
        self.cancel_retry();
        for timer in self.timers.borrow_mut().drain(..) {
            timer.clear();
        }
        let mut core = self.core.borrow_mut();
        if let Some(handle) = core.frame_handle.take() {
            self.elements.video.unchecked_ref::<FrameVideo>().cancel_video_frame_callback(handle);
        }
        core.socket = None;
        core.media = None;
    }
}
