//! All clips, the newest first: played in place, renamed, downloaded, deleted.

use crate::api::{self, Failure};
use crate::components::icon::Icon;
use crate::context::{Dialog, local_time, parse_time, shared};
use crate::player::view::set_if_changed;
use crate::state::clips;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use sightline_shared::clips::{Clip, JobState};
use std::time::Duration;

/// How often the list is asked for while something is being made, and otherwise.
const BUSY: u32 = 1;
const IDLE: u32 = 5;

/// The page.
#[component]
pub(crate) fn ClipsPage() -> impl IntoView {
    let shared = shared();
    let list = RwSignal::new(None::<Result<Vec<Clip>, Failure>>);
    let refresh = move || {
        leptos::task::spawn_local(async move {
            set_if_changed(list, Some(api::get("/api/clips").await));
        });
    };
    Effect::new(move |_| {
        shared.clips_changed.track();
        refresh();
    });
    let ticks = StoredValue::new(0_u32);
    let timer = set_interval_with_handle(
        move || {
            ticks.update_value(|ticks| *ticks = ticks.wrapping_add(1));
            let busy = list.with_untracked(|list| matches!(list, Some(Ok(list)) if list.iter().any(clips::is_open)));
            if !document().hidden() && ticks.get_value().is_multiple_of(if busy { BUSY } else { IDLE }) {
                refresh();
            }
        },
        Duration::from_secs(1),
    );
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
    let asked = use_query_map().with_untracked(|query| query.get("play"));
    let playing = RwSignal::new(asked);
    // Keyed by id, so that a picture or a film that plays is not made anew with every answer.
    let ids = Memo::new(move |_| {
        list.with(|list| match list {
            Some(Ok(list)) => list.iter().map(|clip| clip.id.clone()).collect(),
            _ => Vec::new(),
        })
    });
    let clip = move |id: String| {
        Memo::new(move |_| {
            list.with(|list| match list {
                Some(Ok(list)) => list.iter().find(|clip| clip.id == id).cloned(),
                _ => None,
            })
        })
    };
    document().set_title("Clips · Sightline");
    on_cleanup(|| document().set_title("Sightline"));
    view! {
        <section class="page clips" aria-label="Clips">
            <h1>"Clips"</h1>
            {move || list.with(|list| match list {
                None => Some(view! { <p class="hint">"Asking the server."</p> }.into_any()),
                Some(Err(failure)) => Some(view! { <p class="fault" role="alert">{failure.message.clone()}</p> }.into_any()),
                Some(Ok(list)) if list.is_empty() => Some(view! { <Empty/> }.into_any()),
                Some(Ok(_)) => None,
            })}
            <ul class="clip-list">
                <For each=move || ids.get() key=|id| id.clone() let:id>
                    <Card clip=clip(id) playing/>
                </For>
            </ul>
        </section>
    }
}

/// What is said before there is any.
#[component]
fn Empty() -> impl IntoView {
    view! {
        <div class="clips-empty" data-testid="clips-empty">
            <Icon name="clip"/>
            <p class="strong">"No clips yet."</p>
            <p class="quiet">
                "Sightline keeps the newest minutes of every camera. Open a camera and press " <kbd>"c"</kbd>
                " for a clip of the last 30 s, or choose another time in its panel \"Clip\"."
            </p>
        </div>
    }
}

/// One clip.
#[component]
fn Card(clip: Memo<Option<Clip>>, playing: RwSignal<Option<String>>) -> impl IntoView {
    let id = clip.with_untracked(|clip| clip.as_ref().map(|clip| clip.id.clone())).unwrap_or_default();
    let state = Memo::new(move |_| clip.with(|clip| clip.as_ref().map(|clip| clip.state).unwrap_or_default()));
    let word = move || match state.get() {
        JobState::Queued => "queued",
        JobState::Working => "working",
        JobState::Done => "done",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
    };
    let of = move |get: fn(&Clip) -> Option<String>| move || clip.with(|clip| clip.as_ref().and_then(get));
    let name = of(|clip| Some(clip.name.clone()));
    let when = of(|clip| {
        let at = parse_time(&clip.from).map_or_else(|| clip.from.clone(), local_time);
        Some(format!("{} · {at}", clip.camera))
    });
    view! {
        <li class="clip" data-testid="clip" data-clip=id data-state=word>
            <Face id=id.clone() clip state playing/>
            <div class="clip-body">
                <h2 class="clip-name">{name}</h2>
                <p class="figure quiet">{when}</p>
                <p class="figure quiet">{of(|clip| (clip.state == JobState::Done).then(|| clips::facts(clip)))}</p>
                <p class="hint">{of(|clip| clip.note.clone())}</p>
                <p class="fault">{of(|clip| clip.error.clone())}</p>
            </div>
            <Actions id=id.clone() clip state/>
        </li>
    }
}

/// The picture, the film in its place, or how far it is.
#[component]
fn Face(
    id: String,
    clip: Memo<Option<Clip>>,
    state: Memo<JobState>,
    playing: RwSignal<Option<String>>,
) -> impl IntoView {
    let id = StoredValue::new(id);
    let plays = Memo::new(move |_| state.get() == JobState::Done && playing.get() == Some(id.get_value()));
    let name = move || clip.with(|clip| clip.as_ref().map(|clip| clip.name.clone()).unwrap_or_default());
    let bare = RwSignal::new(false);
    let line = move || clip.with(|clip| clip.as_ref().and_then(clips::progress));
    let part = move || clip.with(|clip| clip.as_ref().map_or(0.0, |clip| clip.progress));
    move || {
        if plays.get() {
            let source = format!("/api/clips/{}/download", id.get_value());
            return view! {
                <div class="clip-face">
                    <video data-testid="clip-video" src=source controls autoplay playsinline aria-label=name></video>
                </div>
            }
            .into_any();
        }
        if state.get() == JobState::Done {
            let source = format!("/api/clips/{}/thumbnail.jpg", id.get_value());
            return view! {
                <button class="clip-face" data-testid="play-clip" aria-label=move || format!("Play {}", name())
                    on:click=move |_| playing.set(Some(id.get_value()))>
                    <Show when=move || !bare.get()>
                        <img src=source.clone() alt="" loading="lazy" on:error=move |_| bare.set(true)/>
                    </Show>
                    <span class="clip-play"><Icon name="play"/></span>
                </button>
            }
            .into_any();
        }
        view! {
            <div class="clip-face clip-words">
                <p>{line}</p>
                <Show when=move || state.get() == JobState::Working>
                    <progress max="1" prop:value=part aria-label="Progress"></progress>
                </Show>
            </div>
        }
        .into_any()
    }
}

/// What can be done with a clip.
#[component]
fn Actions(id: String, clip: Memo<Option<Clip>>, state: Memo<JobState>) -> impl IntoView {
    let shared = shared();
    let id = StoredValue::new(id);
    let name = move || clip.with_untracked(|clip| clip.as_ref().map(|clip| clip.name.clone()).unwrap_or_default());
    let done = move || state.get() == JobState::Done;
    let open = move || matches!(state.get(), JobState::Queued | JobState::Working);
    view! {
        <div class="clip-actions">
            <Show when=done>
                <a class="button small" data-testid="download-clip" href=format!("/api/clips/{}/download", id.get_value()) download>
                    <Icon name="download"/>"Download"
                </a>
            </Show>
            <span class="spring"></span>
            <button class="button ghost square" title="Rename" aria-label=move || format!("Rename {}", name()) data-testid="rename-clip"
                on:click=move |_| shared.dialog.set(Some(Dialog::RenameClip(id.get_value(), name())))>
                <Icon name="edit"/>
            </button>
            <button class="button ghost square" data-testid="delete-clip"
                title=move || if open() { "Call off" } else { "Delete" }
                aria-label=move || format!("{} {}", if open() { "Call off" } else { "Delete" }, name())
                on:click=move |_| shared.dialog.set(Some(Dialog::DeleteClip(id.get_value(), name())))>
                <Icon name="delete"/>
            </button>
        </div>
    }
}
