//! Clips of this camera: of the last seconds, or of a time that is still kept; how far one is, and its download.

use super::Panel;
use crate::api;
use crate::components::icon::Icon;
use crate::context::{Shared, iso_of_local, local_input, local_time, parse_time, shared};
use crate::player::view::set_if_changed;
use crate::state::clips::{self, LENGTHS, USUAL};
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;
use sightline_shared::clips::{Clip, JobState, NewClip, Overlay, Recordings};
use std::time::Duration;

/// How often a clip that is being made is asked after.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// Makes clips of one camera; its buttons share it.
#[derive(Clone, Copy)]
pub(crate) struct ClipMaker {
    shared: Shared,
    camera: StoredValue<String>,
    /// The newest one that was asked for here.
    clip: RwSignal<Option<Clip>>,
    fault: RwSignal<Option<String>>,
    /// A request is on its way.
    asking: RwSignal<bool>,
    /// It was asked for by the button below the picture, or its key: what comes of it is shown there.
    in_bar: RwSignal<bool>,
}

impl ClipMaker {
    /// For a camera by its id.
    pub(crate) fn new(camera: String) -> Self {
        Self {
            shared: shared(),
            camera: StoredValue::new(camera),
            clip: RwSignal::new(None),
            fault: RwSignal::new(None),
            asking: RwSignal::new(false),
            in_bar: RwSignal::new(false),
        }
    }

    /// A clip of the usual length, asked for below the picture.
    pub(crate) fn usual(self) {
        self.make(NewClip { last_s: Some(f64::from(USUAL)), ..NewClip::default() }, true);
    }

    fn make(self, new: NewClip, in_bar: bool) {
        if self.asking.get_untracked() {
            return;
        }
        self.in_bar.set(in_bar);
        self.asking.set(true);
        self.fault.set(None);
        let new = NewClip { camera: self.camera.get_value(), ..new };
        leptos::task::spawn_local(async move {
            match api::post::<Clip>("/api/clips", &new).await {
                Ok(clip) => {
                    self.shared.announcement.set("A clip is being made.".into());
                    self.clip.try_set(Some(clip));
                    self.follow();
                }
                Err(failure) => {
                    self.shared.announcement.set(failure.message.clone());
                    self.fault.try_set(Some(failure.message));
                }
            }
            self.asking.try_set(false);
        });
    }

    /// Asks until it is made.
    fn follow(self) {
        set_timeout(
            move || {
                let Some(clip) = self.clip.try_get_untracked().flatten().filter(clips::is_open) else { return };
                leptos::task::spawn_local(async move {
                    // A missed answer is asked for again.
                    if let Ok(now) = api::get::<Clip>(&format!("/api/clips/{}", api::encode(&clip.id))).await {
                        if now.state == JobState::Done {
                            self.shared.announcement.set("The clip is ready.".into());
                        }
                        self.clip.try_set(Some(now));
                    }
                    self.follow();
                });
            },
            ASK_EVERY,
        );
    }
}

/// What the panel's choice stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Last(u32),
    Between,
}

/// The panel.
#[component]
pub(crate) fn ClipPanel(
    /// Who makes them.
    maker: ClipMaker,
) -> impl IntoView {
    let choice = RwSignal::new(Choice::Last(USUAL));
    let (from, to) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let place = NodeRef::<leptos::html::Div>::new();
    let query = use_query_map();
    // A link to a moment: `?clip=FROM/TO`.
    Effect::new(move |_| {
        let asked = query.with(|query| query.get("clip")).unwrap_or_default();
        let times = asked.split_once('/').and_then(|(from, to)| Some((parse_time(from)?, parse_time(to)?)));
        let (Some((first, last)), Some(place)) = (times, place.get()) else { return };
        choice.set(Choice::Between);
        from.set(local_input(first));
        // A field knows whole seconds.
        to.set(local_input(last + 999.0));
        place.scroll_into_view();
    });
    let burned = RwSignal::new(false);
    let overlay = move || if burned.get_untracked() { Overlay::Burned } else { Overlay::None };
    let make = move |_| match choice.get_untracked() {
        Choice::Last(seconds) => {
            let last_s = Some(f64::from(seconds));
            maker.make(NewClip { last_s, overlay: overlay(), ..NewClip::default() }, false);
        }
        Choice::Between => match (iso_of_local(&from.get_untracked()), iso_of_local(&to.get_untracked())) {
            (Some(from), Some(to)) => {
                let new = NewClip { from: Some(from), to: Some(to), overlay: overlay(), ..NewClip::default() };
                maker.make(new, false);
            }
            _ => maker.fault.set(Some("Give both times, with seconds.".into())),
        },
    };
    let option = move |name: String, value: Choice| {
        view! {
            <label class="segment">
                <input type="radio" name="clip-span" prop:checked=move || choice.get() == value on:change=move |_| choice.set(value)/>
                <span>{name}</span>
            </label>
        }
    };
    view! {
        <Panel title="Clip">
            <div node_ref=place></div>
            <fieldset class="segments">
                <legend class="sr-only">"Which time"</legend>
                {LENGTHS.map(|seconds| option(format!("Last {seconds} s"), Choice::Last(seconds))).collect_view()}
                {option("From, to".into(), Choice::Between)}
            </fieldset>
            <Show when=move || choice.get() == Choice::Between>
                <Between maker from to/>
            </Show>
            <label class="switch" title="Encodes the clip anew, which takes a while; without, it is exactly what the camera sent.">
                <span>"Draw the boxes into it"</span>
                <input type="checkbox" role="switch" data-testid="clip-burned" prop:checked=move || burned.get()
                    on:change=move |event| burned.set(event_target_checked(&event))/>
            </label>
            <div class="panel-actions">
                <button class="button" data-testid="make-clip" disabled=move || maker.asking.get() on:click=make>
                    <Icon name="clip"/>"Make clip"
                </button>
                <A href="/clips" attr:class="button ghost">"All clips"</A>
            </div>
            <Show when=move || !maker.in_bar.get()>
                <Made maker/>
            </Show>
        </Panel>
    }
}

/// From and to, within what is kept.
#[component]
fn Between(maker: ClipMaker, from: RwSignal<String>, to: RwSignal<String>) -> impl IntoView {
    let kept = RwSignal::new(None::<Result<(f64, f64), String>>);
    let camera = maker.camera.get_value();
    leptos::task::spawn_local(async move {
        let path = format!("/api/cameras/{}/recordings", api::encode(&camera));
        kept.set(Some(api::get::<Recordings>(&path).await.map_err(|failure| failure.message).and_then(|all| {
            let first = all.spans.iter().filter_map(|span| parse_time(&span.from)).fold(f64::INFINITY, f64::min);
            let last = all.spans.iter().filter_map(|span| parse_time(&span.to)).fold(0.0, f64::max);
            if last > 0.0 { Ok((first, last)) } else { Err("Nothing is kept of this camera yet.".into()) }
        })));
    });
    Effect::new(move |_| {
        if let Some(Ok((first, last))) = kept.get() {
            if from.get_untracked().is_empty() {
                from.set(local_input((last - 60_000.0).max(first)));
            }
            if to.get_untracked().is_empty() {
                to.set(local_input(last));
            }
        }
    });
    let words = move || match kept.get() {
        None => "Asking what is kept.".to_owned(),
        Some(Err(wrong)) => wrong,
        Some(Ok((first, last))) => format!("Kept when asked: {} to {}.", local_time(first), local_time(last)),
    };
    let at = |text: String| iso_of_local(&text).as_deref().and_then(parse_time);
    let wrong = Memo::new(move |_| {
        let kept = kept.get().and_then(Result::ok)?;
        clips::wrong_span(at(from.get()), at(to.get()), Some(kept))
    });
    view! {
        <div class="form span-form">
            <label>"From"<input type="datetime-local" step="1" class="figure" name="clip-from" bind:value=from/></label>
            <label>"To"<input type="datetime-local" step="1" class="figure" name="clip-to" bind:value=to/></label>
            <p class="hint">{words}</p>
            <p class="fault">{move || wrong.get()}</p>
        </div>
    }
}

/// What came of the button below the picture, right there.
#[component]
pub(crate) fn ClipBar(
    /// Who makes them.
    maker: ClipMaker,
) -> impl IntoView {
    view! {
        <Show when=move || maker.in_bar.get()>
            <div class="clip-bar"><Made maker/></div>
        </Show>
    }
}

/// The newest clip that was made here, or why there is none.
#[component]
fn Made(maker: ClipMaker) -> impl IntoView {
    let open = Memo::new(move |_| maker.clip.with(|clip| clip.as_ref().is_some_and(clips::is_open)));
    let part = RwSignal::new(0.0);
    Effect::new(move |_| set_if_changed(part, maker.clip.with(|clip| clip.as_ref().map_or(0.0, |clip| clip.progress))));
    let line = move || maker.clip.with(|clip| clip.as_ref().and_then(clips::progress));
    let done = move || maker.clip.get().filter(|clip| clip.state == JobState::Done);
    let said = move || maker.clip.with(|clip| clip.as_ref().and_then(|clip| clip.error.clone()));
    let note = move || maker.clip.with(|clip| clip.as_ref().and_then(|clip| clip.note.clone()));
    view! {
        <p class="fault" role="alert">{move || maker.fault.get()}</p>
        <Show when=move || maker.clip.with(Option::is_some)>
            <div class="made" data-testid="made-clip">
                <Show when=move || open.get()>
                    <progress max="1" prop:value=move || part.get() aria-label="Progress of the clip"></progress>
                </Show>
                <p class="figure quiet">{line}</p>
                {move || done().map(|clip| view! {
                    <p class="strong made-name">{clip.name.clone()}</p>
                    <p class="figure quiet">{clips::facts(&clip)}</p>
                    <div class="panel-actions">
                        <a class="button primary" data-testid="download-clip" href=format!("/api/clips/{}/download", clip.id) download>
                            <Icon name="download"/>"Download"
                        </a>
                        <A href=format!("/clips?play={}", clip.id) attr:class="button ghost"><Icon name="play"/>"Play"</A>
                    </div>
                })}
                <p class="hint">{note}</p>
                <p class="fault">{said}</p>
            </div>
        </Show>
    }
}
