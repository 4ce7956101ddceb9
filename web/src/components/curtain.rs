//! The words in front of a picture that is not live: what happened, since when, what comes next.

use crate::context::{local_time, parse_time, shared};
use crate::player::{Phase, PlayerView, now_ms};
use crate::state::{codec, words};
use leptos::prelude::*;
use sightline_shared::camera::{Camera, CameraState};
use sightline_shared::encoder::RenditionState;

/// Server and browser may disagree about the time: a countdown longer than any pause there is says nothing.
const LONGEST_MS: f64 = 15_000.0;

/// What the curtain says.
#[derive(Clone, Debug, PartialEq)]
struct Words {
    title: &'static str,
    text: String,
    meaning: &'static str,
    action: Option<Action>,
}

/// What the button under the words does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Connects again at once.
    Retry,
    /// Loads the page anew.
    Reload,
}

fn say(title: &'static str, text: impl Into<String>, meaning: &'static str, action: Option<Action>) -> Option<Words> {
    Some(Words { title, text: text.into(), meaning, action })
}

fn of_player(phase: &Phase) -> Option<Words> {
    let left = |retry_ms: f64| ((retry_ms - now_ms()) / 1e3).ceil().max(0.0) as u32;
    match phase {
        Phase::Lost { retry_ms } => {
            say("No connection", words::no_server(left(*retry_ms)), "warning", Some(Action::Retry))
        }
        Phase::Faulty { message, retry_ms } => {
            let text = format!(
                "The browser's decoder failed on this stream ({message}). Trying again in {} s. If it goes on, reload the page.",
                left(*retry_ms)
            );
            say("Cannot decode", text, "bad", Some(Action::Retry))
        }
        Phase::Unplayable { codec } => say("Cannot play here", codec::unplayable(codec), "warning", None),
        Phase::NoPlayer => {
            let text = "This browser has no Media Source Extensions, which live pictures need. Safari 17 on iPhones, and every \
                        other browser of the last years, has them.";
            say("Cannot play here", text, "warning", None)
        }
        Phase::Gone => say(
            "Gone",
            "This camera was removed, or its id was changed. The wall shows those that are there.",
            "quiet",
            None,
        ),
        Phase::Outdated => say(
            "Out of date",
            "This page is of another version than the server. Reload it.",
            "warning",
            Some(Action::Reload),
        ),
        Phase::Connecting | Phase::Playing | Phase::Resting => None,
    }
}

fn of_camera(camera: &Camera, shown: bool, now: f64) -> Option<Words> {
    let retry = camera.retry_at.as_deref().and_then(parse_time).filter(|at| at - now < LONGEST_MS);
    let text = words::explain(camera, now, retry);
    match camera.state {
        CameraState::Live if shown => None,
        CameraState::Live if failed(camera).is_some() => {
            say("Cannot encode", failed(camera).unwrap_or_default(), "bad", None)
        }
        CameraState::Live => say("Starting", "The camera is live. Waiting for a key frame.", "working", None),
        CameraState::Connecting => say("Connecting", text, "working", None),
        CameraState::Reconnecting => say("Reconnecting", text, "warning", None),
        CameraState::Offline => say("Offline", text, "bad", None),
        CameraState::Disabled => say("Switched off", text, "quiet", None),
    }
}

/// Why a rendition that was asked for cannot be made.
fn failed(camera: &Camera) -> Option<String> {
    let failed = camera.renditions.iter().find(|info| info.state == RenditionState::Failed)?;
    let reason = failed.reason.as_deref().unwrap_or("The server does not say why.");
    Some(format!("The server cannot make {} of this camera. {reason}", failed.rendition.name()))
}

/// The curtain; nothing while the picture is live.
#[component]
pub(crate) fn Curtain(
    /// The camera's id.
    id: String,
    /// The player's signals.
    view: PlayerView,
    /// Tries again now.
    retry: Callback<()>,
) -> impl IntoView {
    let shared = shared();
    let listed = shared.camera(id);
    // The connection tells at once, the list every two seconds; the list is there before and when there is no connection.
    let camera = move || {
        let connected = matches!(view.phase.get(), Phase::Playing | Phase::Connecting);
        let told = view.camera.get().filter(|_| connected);
        told.or_else(|| listed.get())
    };
    let said = Memo::new(move |_| {
        let now = shared.now_ms.get();
        let shown = view.has_picture.get() && matches!(view.phase.get(), Phase::Playing | Phase::Resting);
        of_player(&view.phase.get()).or_else(|| of_camera(&camera()?, shown, now))
    });
    let since = move || {
        let camera =
            camera().filter(|camera| camera.state != CameraState::Live && camera.state != CameraState::Connecting)?;
        let at = camera.since.as_deref().and_then(parse_time)?;
        Some(format!("Since {}", local_time(at)))
    };
    // Kept apart from the words, so that a countdown does not make the whole curtain anew every second.
    let open = Memo::new(move |_| said.with(Option::is_some));
    let action = Memo::new(move |_| said.with(|words| words.as_ref().and_then(|words| words.action)));
    let field =
        move |pick: fn(&Words) -> String| move || said.with(|words| words.as_ref().map(pick)).unwrap_or_default();
    view! {
        <Show when=move || open.get()>
            <div
                class="curtain"
                data-testid="curtain"
                data-meaning=field(|words| words.meaning.into())
                data-over-picture=move || view.has_picture.get().to_string()
            >
                <p class="curtain-title">{field(|words| words.title.into())}</p>
                <p class="curtain-text">{field(|words| words.text.clone())}</p>
                <p class="curtain-since figure">{since}</p>
                {move || {
                    action.get().map(|action| match action {
                        Action::Retry => button("Try now", move || retry.run(())).into_any(),
                        Action::Reload => button("Reload", || drop(window().location().reload())).into_any(),
                    })
                }}
            </div>
        </Show>
    }
}

fn button(word: &'static str, press: impl Fn() + 'static) -> impl IntoView {
    view! { <button class="button small" on:click=move |_| press()>{word}</button> }
}
