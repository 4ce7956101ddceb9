//! Adding a camera: one field; then what becomes of it, in words, with the mend.

use super::make_helper::MakeHelper;
use super::mend_form::{MendFields, MendForm};
use super::modal::Modal;
use super::picture::Picture;
use super::probe_card::ProbeCard;
use crate::api::{self, Failure};
use crate::context::{Shared, shared};
use crate::player::{Phase, PlayerView, now_ms};
use crate::state::probing::{self, Look, Probing, Step};
use crate::state::words::Mend;
use crate::state::{address, codec, format, words};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use sightline_shared::api::{CameraPatch, NewCamera};
use sightline_shared::camera::{Camera, CameraState, Transport};
use sightline_shared::probe::NewProbe;
use std::time::Duration;
use web_sys::AbortController;

/// What the dialog knows.
#[derive(Clone, Copy)]
struct Adding {
    shared: Shared,
    url: RwSignal<String>,
    fields: MendFields,
    /// The camera that was added, by id.
    id: RwSignal<Option<String>>,
    fault: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
    player: PlayerView,
    probing: RwSignal<Probing>,
    /// Lets go of the look that runs.
    abort: StoredValue<Option<AbortController>, LocalStorage>,
}

impl Adding {
    fn camera(self) -> Option<Camera> {
        let id = self.id.get()?;
        let listed = self.shared.cameras.with(|list| list.as_ref()?.iter().find(|camera| camera.id == id).cloned());
        self.player.camera.get().or(listed)
    }

    /// The mend for what is wrong now; `None` while nothing is.
    fn mend(self) -> Option<(Mend, &'static str)> {
        let camera = self.camera()?;
        let wrong = matches!(camera.state, CameraState::Offline | CameraState::Reconnecting);
        wrong.then(|| words::mend(camera.reason_code.as_deref().unwrap_or_default()))
    }

    /// The fields that mend what is wrong: of the camera once it was added, before that of what the look at its address found.
    fn mend_fields(self) -> Option<Mend> {
        if self.id.with(Option::is_some) {
            return self.mend().map(|(mend, _)| mend);
        }
        let code = self.probing.with(|probing| match &probing.look {
            Look::Done(probe) if !probe.usable => probe.reason_code.clone(),
            _ => None,
        })?;
        Some(words::mend(&code).0)
    }

    /// What the card shows: nothing where the same is said as the answer to a press of the button.
    fn look(self) -> Look {
        let look = self.probing.with(|probing| probing.look.clone());
        let said = matches!(look, Look::Refused(_)) && self.fault.with(Option::is_some);
        if said || self.id.with(Option::is_some) { Look::Idle } else { look }
    }

    /// The address with the credentials beside it.
    fn address(self, typed: &str) -> String {
        let tidy = address::tidy(typed);
        let (user, password) = (self.fields.user.get(), self.fields.password.get());
        // The user that is offered for mending is the address's own: as long as no password is typed nothing has changed.
        let same = password.is_empty() && address::user(&tidy).as_ref() == Some(&user);
        if user.is_empty() || same { tidy } else { address::with_credentials(&tidy, &user, &password) }
    }

    /// What is typed has changed: it is looked at once the typing stops.
    fn typed(self) {
        let address = self.address(&self.url.get());
        let transport = self.fields.transport.get();
        let open = self.id.with(Option::is_none) && !self.busy.get();
        let key = (open && probing::is_whole(&address)).then(|| format!("{transport:?} {address}"));
        if self.probing.try_update(|probing| probing.typed(key, now_ms())) == Some(Step::Cancel) {
            self.let_go();
        }
        // A little more than the pause, so that one look at the time is enough.
        let quiet = self.probing.with_untracked(Probing::quiet_ms);
        set_timeout(move || self.tick(), Duration::from_millis(quiet as u64 + 20));
    }

    fn let_go(self) {
        if let Some(abort) = self.abort.try_update_value(Option::take).flatten() {
            abort.abort();
        }
    }

    fn tick(self) {
        let Some(Step::Start(key)) = self.probing.try_update(|probing| probing.tick(now_ms())) else { return };
        let Ok(abort) = AbortController::new() else { return };
        let signal = abort.signal();
        self.abort.set_value(Some(abort));
        let url = key.split_once(' ').map(|(_, url)| url.to_owned()).unwrap_or_default();
        let transport = self.fields.transport.get_untracked();
        let new = NewProbe { url, transport, seconds: Some(probing::WATCH_S), camera: None };
        leptos::task::spawn_local(async move {
            let answer = api::probe(&new, &signal).await.map_err(|failure| failure.message);
            // The dialog may have been closed.
            let _ = self.probing.try_update(|probing| probing.answered(&key, answer));
        });
    }

    fn submit(self) {
        let tidy = address::tidy(&self.url.get_untracked());
        if tidy.is_empty() {
            return self
                .fault
                .set(Some("Type the camera's address, for instance rtsp://user:password@10.0.0.7/stream1.".into()));
        }
        let tidy = untrack(|| self.address(&tidy));
        self.url.set(tidy.clone());
        self.fault.set(None);
        self.busy.set(true);
        // The camera itself connects from here on, and many serve one at a time.
        self.probing.update(|probing| drop(probing.typed(None, now_ms())));
        self.let_go();
        leptos::task::spawn_local(async move {
            let transport = self.fields.transport.get_untracked();
            let answer = match self.id.get_untracked() {
                None => api::add_camera(&NewCamera { url: Some(tidy), transport, ..NewCamera::default() }).await,
                Some(id) => {
                    let patch = CameraPatch { url: Some(tidy), transport: Some(transport), ..CameraPatch::default() };
                    api::patch_camera(&id, &patch, None).await
                }
            };
            self.busy.set(false);
            self.answered(answer);
        });
    }

    fn answered(self, answer: Result<Camera, Failure>) {
        match answer {
            Ok(camera) => {
                self.player.camera.set(Some(camera.clone()));
                self.id.set(Some(camera.id));
                self.shared.refresh();
            }
            Err(failure) => self.fault.set(Some(failure.message)),
        }
    }

    fn remove(self) {
        let Some(id) = self.id.get_untracked() else { return };
        leptos::task::spawn_local(async move {
            match api::delete(&api::camera_path(&id)).await {
                Ok(()) => {
                    self.shared.dialog.set(None);
                    self.shared.refresh();
                }
                Err(failure) => self.fault.set(Some(failure.message)),
            }
        });
    }
}

/// What was found, in one sentence; `note` is what the browser could not play of it.
fn findings(camera: &Camera, note: Option<String>) -> String {
    let what = [
        camera.codec.as_deref().map(codec::words),
        camera.width.map(|_| format::size(camera.width, camera.height)),
        camera.fps.map(|fps| format::rate(Some(fps))),
        camera.audio.as_ref().map(|audio| format!("sound in {}", codec::words(&audio.codec))),
    ];
    let what = what.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let plays = note.unwrap_or_else(|| "It plays in this browser without re-encoding.".into());
    format!("{} is live: {what}. {plays}", camera.name)
}

/// The dialog.
#[component]
pub(crate) fn AddCamera() -> impl IntoView {
    let shared = shared();
    let adding = Adding {
        shared,
        url: RwSignal::new(String::new()),
        fields: MendFields {
            user: RwSignal::new(String::new()),
            password: RwSignal::new(String::new()),
            transport: RwSignal::new(Transport::Auto),
        },
        id: RwSignal::new(None),
        fault: RwSignal::new(None),
        busy: RwSignal::new(false),
        player: PlayerView::new(shared.layers.get_untracked()),
        probing: RwSignal::new(Probing::default()),
        abort: StoredValue::new_local(None),
    };
    close_when_it_plays(adding);
    Effect::new(move |_| adding.typed());
    on_cleanup(move || adding.let_go());
    Effect::new(move |_| {
        let asks = adding.mend_fields() == Some(Mend::Credentials);
        if let Some(user) = address::user(&adding.url.get_untracked()).filter(|_| asks)
            && adding.fields.user.with_untracked(String::is_empty)
        {
            adding.fields.user.set(user);
        }
    });
    let title =
        Signal::derive(move || if adding.id.with(Option::is_some) { "New camera" } else { "Add a camera" }.to_owned());
    view! {
        <Modal title=title wide=true>
            <form class="form" on:submit=move |event| { event.prevent_default(); adding.submit(); }>
                <Follow adding/>
                <label>
                    "Address"
                    <input type="text" class="figure" data-testid="camera-url" name="url" autofocus autocomplete="off" autocapitalize="none"
                        spellcheck="false" placeholder="rtsp://user:password@10.0.0.7/stream1" aria-describedby="add-fault"
                        aria-invalid=move || adding.fault.with(Option::is_some).then_some("true") bind:value=adding.url/>
                </label>
                <ProbeCard look=Signal::derive(move || adding.look())/>
                <MendForm mend=Signal::derive(move || adding.mend_fields()) fields=adding.fields/>
                <p class="fault" id="add-fault" role="alert">{move || adding.fault.get()}</p>
                <Actions adding/>
            </form>
            <Show when=move || adding.id.with(Option::is_none)>
                <form class="form" on:submit=move |event| { event.prevent_default(); adding.submit(); }>
                    <MakeHelper url=adding.url fields=adding.fields/>
                </form>
            </Show>
        </Modal>
    }
}

/// Once the picture is there the dialog has nothing more to say than what it found.
fn close_when_it_plays(adding: Adding) {
    let navigate = use_navigate();
    let location = use_location();
    Effect::new(move |_| {
        let live = adding.camera().filter(|camera| camera.state == CameraState::Live);
        if let Some(camera) = live.filter(|_| adding.player.has_picture.get()) {
            adding.shared.tell(findings(&camera, adding.player.note.get_untracked()));
            adding.shared.dialog.set(None);
            adding.shared.refresh();
            if location.pathname.get_untracked() != "/" {
                navigate("/", NavigateOptions::default());
            }
        }
    });
}

/// The camera that was added, as it comes up, or what keeps it from that.
#[component]
fn Follow(adding: Adding) -> impl IntoView {
    let id = Memo::new(move |_| adding.id.get());
    let sentence = move || {
        let camera = adding.camera()?;
        if let Phase::Unplayable { codec } = adding.player.phase.get() {
            return Some(codec::unplayable(&codec));
        }
        let now = adding.shared.now_ms.get();
        let retry = camera.retry_at.as_deref().and_then(crate::context::parse_time);
        Some(match camera.state {
            CameraState::Live => "The camera answers. Waiting for its first frame.".into(),
            CameraState::Connecting => "Connecting to the camera. This takes a second or two.".into(),
            _ => words::explain(&camera, now, retry),
        })
    };
    // What is said to screen readers has no countdown in it, or they would hear every second.
    let calm = Memo::new(move |_| adding.camera().map(|camera| words::explain(&camera, 0.0, None)));
    let calm = move || calm.get();
    view! {
        {move || {
            id.get().map(|id| {
                view! {
                    <div class="follow" data-wrong=move || adding.mend().is_some().to_string()>
                        <Picture id=id view=adding.player quiet=true/>
                        <div class="follow-words">
                            <p>{sentence}</p>
                            <p class="sr-only" aria-live="polite">{calm}</p>
                            <p class="hint">{move || adding.mend().map(|(_, hint)| hint)}</p>
                        </div>
                    </div>
                }
            })
        }}
    }
}

/// Add; or try again, keep, remove.
#[component]
fn Actions(adding: Adding) -> impl IntoView {
    let added = Memo::new(move |_| adding.id.with(Option::is_some));
    let close = move |_| adding.shared.dialog.set(None);
    let word = move || if added.get() { "Try again" } else { "Add camera" };
    view! {
        <div class="form-actions">
            <Show when=move || added.get() fallback=move || view! { <button type="button" class="button" on:click=close>"Cancel"</button> }>
                <button type="button" class="button danger-quiet" on:click=move |_| adding.remove()>"Remove it"</button>
                <span class="spring"></span>
                <button type="button" class="button" on:click=close>"Keep it anyway"</button>
            </Show>
            <button class="button primary" data-testid="add-submit" disabled=move || adding.busy.get()>{word}</button>
        </div>
    }
}
