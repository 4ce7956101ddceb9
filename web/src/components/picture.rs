//! One picture: video, overlay, the canvas that holds the last frame, and the curtain of words in front.

use super::curtain::Curtain;
use crate::context::shared;
use crate::player::{Elements, Listener, Phase, Player, PlayerView};
use crate::state::choice::Choice;
use leptos::html;
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{IntersectionObserver, IntersectionObserverEntry, ResizeObserver};

/// What watches the elements of a picture; lets go of them when dropped.
struct Watch {
    player: Rc<Player>,
    resize: ResizeObserver,
    seen: IntersectionObserver,
    _resized: Closure<dyn FnMut()>,
    _crossed: Closure<dyn FnMut(js_sys::Array)>,
    _listener: Listener,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.resize.disconnect();
        self.seen.disconnect();
        self.player.stop();
    }
}

/// A camera's picture.
#[component]
pub(crate) fn Picture(
    /// The camera's id.
    id: String,
    /// The player's signals.
    view: PlayerView,
    /// Whether words are left to whoever shows this.
    #[prop(optional)]
    quiet: bool,
    /// Whether it goes on while it is scrolled out of sight: the panels around it are about what it plays.
    #[prop(optional)]
    stays: bool,
) -> impl IntoView {
    let shared = shared();
    let parent = NodeRef::<html::Div>::new();
    let video = NodeRef::<html::Video>::new();
    let overlay = NodeRef::<html::Canvas>::new();
    let hold = NodeRef::<html::Canvas>::new();
    let watch = StoredValue::new_local(None::<Watch>);
    let on_screen = RwSignal::new(true);
    let camera = id.clone();
    Effect::new(move |_| {
        let (Some(parent), Some(video), Some(overlay), Some(hold)) =
            (parent.get(), video.get(), overlay.get(), hold.get())
        else {
            return;
        };
        let elements = Elements { parent: parent.into(), video, overlay, hold };
        if let Some(player) = Player::new(camera.clone(), elements.clone(), view, shared.login_asked) {
            watch.set_value(observe(player, &elements, on_screen));
        }
    });
    let with_player = move |f: &dyn Fn(&Player)| {
        watch.try_with_value(|watch| {
            if let Some(watch) = watch {
                f(&watch.player);
            }
        });
    };
    Effect::new(move |_| {
        let awake = (stays || on_screen.get()) && !shared.asleep.get();
        view.awake.set(awake);
        with_player(&|player| player.wake(awake));
    });
    Effect::new(move |_| {
        let layers = shared.layers.get();
        // The editor shows what is drawn itself.
        view.layers.set(if view.editing.get() { layers.with("zones", false) } else { layers });
        with_player(&Player::place);
    });
    Effect::new(move |before: Option<bool>| {
        let sound = view.sound.get();
        if before.is_some_and(|before| before != sound) {
            with_player(&|player| player.set_sound(sound));
        }
        sound
    });
    Effect::new(move |before: Option<Choice>| {
        let choice = view.choice.get();
        if before.is_some_and(|before| before != choice) {
            with_player(&|player| player.choose(choice));
        }
        choice
    });
    Effect::new(move |_| {
        let limit = view.limit_ms.get();
        with_player(&|player| player.set_limit_ms(limit));
    });
    let listed = shared.camera(id.clone());
    let zones = Memo::new(move |_| {
        listed.with(|camera| camera.as_ref().map(|camera| camera.zones.clone())).unwrap_or_default()
    });
    Effect::new(move |_| {
        let zones = zones.get();
        with_player(&|player| player.set_zones(zones.clone()));
    });
    // A camera that was set to another codec may be playable now.
    Effect::new(move |_| {
        let told = listed.with(|camera| camera.as_ref().and_then(|camera| camera.codec.clone()));
        let refused = view.phase.with_untracked(|phase| match phase {
            Phase::Unplayable { codec } => Some(codec.clone()),
            _ => None,
        });
        if refused.is_some() && told.is_some() && told != refused {
            with_player(&Player::retry_now);
        }
    });
    let retry = Callback::new(move |()| with_player(&Player::retry_now));
    on_cleanup(move || {
        watch.try_update_value(|watch| watch.take());
    });
    view! {
        <div class="picture" node_ref=parent>
            <video node_ref=video data-testid="camera-video" playsinline disablepictureinpicture tabindex="-1" aria-hidden="true"></video>
            <canvas class="hold" node_ref=hold hidden aria-hidden="true"></canvas>
            <canvas class="overlay" node_ref=overlay data-testid="overlay-canvas" aria-hidden="true"></canvas>
            <Show when=move || !quiet>
                <Curtain id=id.clone() view retry/>
            </Show>
        </div>
    }
}

/// Watches size, place on the page and the tab, for a player.
fn observe(player: Rc<Player>, elements: &Elements, on_screen: RwSignal<bool>) -> Option<Watch> {
    let weak = Rc::downgrade(&player);
    let resized = Closure::<dyn FnMut()>::new(move || {
        if let Some(player) = weak.upgrade() {
            player.place();
        }
    });
    let crossed = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
        let last = entries.get(entries.length().saturating_sub(1)).dyn_into::<IntersectionObserverEntry>();
        if let Ok(entry) = last {
            on_screen.set(entry.is_intersecting());
        }
    });
    let resize = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok()?;
    resize.observe(&elements.parent);
    let seen = IntersectionObserver::new(crossed.as_ref().unchecked_ref()).ok()?;
    seen.observe(&elements.parent);
    let weak = Rc::downgrade(&player);
    let listener = Listener::new(&document(), "visibilitychange", move |_| {
        if let Some(player) = weak.upgrade().filter(|_| !document().hidden()) {
            player.seen_again();
        }
    });
    Some(Watch { player, resize, seen, _resized: resized, _crossed: crossed, _listener: listener })
}
