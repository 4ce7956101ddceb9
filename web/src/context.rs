//! What all components share: cameras, session, the open dialog, the theme, and the time.

use crate::api::{self, Failure};
use crate::player::{Listener, view::set_if_changed};
use crate::state::layers;
use leptos::prelude::*;
use sightline_shared::api::Session;
use sightline_shared::camera::Camera;
use sightline_shared::draw::Layers;
use std::time::Duration;

/// How often the list of cameras is asked for while the page is visible.
const POLL: Duration = Duration::from_millis(2000);
const THEME: &str = "sightline.theme";
const LAYERS: &str = "sightline.layers";

fn remembered_layers() -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(LAYERS).ok().flatten()
}

/// The dialog that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// Add a camera.
    Add,
    /// Settings of a camera, by id.
    Edit(String),
    /// Removing a camera, by id.
    Delete(String),
    /// The password.
    Password,
    /// Another name for a clip, by id and the name that it has.
    RenameClip(String, String),
    /// Deleting a clip, by id and name.
    DeleteClip(String, String),
    /// Deleting an event, by id and what it says.
    DeleteEvent(String, String),
    /// A model from a file.
    AddModel,
    /// Removing a model, by name.
    RemoveModel(String),
    /// Checking a model, by name.
    CheckModel(String),
    /// The keys.
    Help,
}

/// Dark, light, or as the system has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Dark.
    Dark,
    /// Light.
    Light,
    /// The system's.
    Auto,
}

impl Theme {
    /// The word in storage and on the root element.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Auto => "auto",
        }
    }

    fn now() -> Self {
        let root = document().document_element();
        match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
            Some("light") => Self::Light,
            Some("auto") => Self::Auto,
            _ => Self::Dark,
        }
    }

    /// The next in the round of the toggle.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Auto,
            Self::Auto => Self::Dark,
        }
    }
}

/// Shared state; copied freely.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    /// Cameras in the order of the wall; `None` until the first answer.
    pub(crate) cameras: RwSignal<Option<Vec<Camera>>>,
    /// Who is asking; `None` until the first answer.
    pub(crate) session: RwSignal<Option<Session>>,
    /// Why the newest request for the list failed.
    pub(crate) trouble: RwSignal<Option<Failure>>,
    /// Bumped where a login is asked for.
    pub(crate) login_asked: RwSignal<u64>,
    /// The open dialog.
    pub(crate) dialog: RwSignal<Option<Dialog>>,
    /// A line that is shown for a while.
    pub(crate) notice: RwSignal<Option<String>>,
    /// Said to screen readers, politely.
    pub(crate) announcement: RwSignal<String>,
    /// The theme.
    pub(crate) theme: RwSignal<Theme>,
    /// Layers of all pictures.
    pub(crate) layers: RwSignal<Layers>,
    /// Milliseconds since 1970, once a second.
    pub(crate) now_ms: RwSignal<f64>,
    /// Whether the tab has been hidden for more than half a minute.
    pub(crate) asleep: RwSignal<bool>,
    /// Bumped where a clip was changed from here.
    pub(crate) clips_changed: RwSignal<u64>,
    /// Bumped where a model was changed from here.
    pub(crate) models_changed: RwSignal<u64>,
    /// An event that was deleted from here.
    pub(crate) event_deleted: RwSignal<Option<String>>,
    /// What escape does in place of leading back, while something is open on the page.
    pub(crate) escape: RwSignal<Option<Callback<()>>>,
}

/// The shared state.
pub(crate) fn shared() -> Shared {
    expect_context::<Shared>()
}

impl Shared {
    /// Makes the shared state and starts what keeps it fresh.
    pub(crate) fn provide() -> Self {
        let query = window().location().search().ok().and_then(|q| web_sys::UrlSearchParams::new_with_str(&q).ok());
        let shared = Self {
            cameras: RwSignal::new(None),
            session: RwSignal::new(None),
            trouble: RwSignal::new(None),
            login_asked: RwSignal::new(0),
            dialog: RwSignal::new(None),
            notice: RwSignal::new(None),
            announcement: RwSignal::new(String::new()),
            theme: RwSignal::new(Theme::now()),
            layers: RwSignal::new(layers::from_query(
                query.and_then(|q| q.get("layers")).or_else(remembered_layers).as_deref(),
            )),
            now_ms: RwSignal::new(js_sys::Date::now()),
            asleep: RwSignal::new(false),
            clips_changed: RwSignal::new(0),
            models_changed: RwSignal::new(0),
            event_deleted: RwSignal::new(None),
            escape: RwSignal::new(None),
        };
        provide_context(shared);
        shared.refresh_session();
        shared.refresh();
        set_interval(move || shared.now_ms.set(js_sys::Date::now()), Duration::from_secs(1));
        set_interval(move || shared.poll(), POLL);
        shared.watch_visibility();
        Effect::new(move |before: Option<u64>| {
            let asked = shared.login_asked.get();
            if before.is_some_and(|before| before != asked) {
                shared.refresh_session();
            }
            asked
        });
        shared
    }

    fn watch_visibility(self) {
        let hidden_since = StoredValue::new(None::<f64>);
        let check = move || {
            let now = js_sys::Date::now();
            let since = document().hidden().then(|| hidden_since.get_value().unwrap_or(now));
            hidden_since.set_value(since);
            set_if_changed(self.asleep, since.is_some_and(|since| now - since > 30_000.0));
        };
        set_interval(check, Duration::from_secs(5));
        // Lives as long as the page.
        std::mem::forget(Listener::new(&document(), "visibilitychange", move |_| {
            check();
            if !document().hidden() {
                self.refresh();
            }
        }));
    }

    fn poll(self) {
        let known = self.session.with_untracked(|s| s.as_ref().is_some_and(|s| s.principal != "anonymous"));
        if !document().hidden() {
            if known {
                self.refresh();
            } else if self.session.with_untracked(Option::is_none) {
                self.refresh_session();
            }
        }
    }

    /// Asks for the list of cameras.
    pub(crate) fn refresh(self) {
        leptos::task::spawn_local(async move {
            match api::cameras().await {
                Ok(cameras) => {
                    set_if_changed(self.trouble, None);
                    self.announce_changes(&cameras);
                    set_if_changed(self.cameras, Some(cameras));
                }
                Err(failure) if failure.status == 401 => self.refresh_session(),
                Err(failure) => set_if_changed(self.trouble, Some(failure)),
            }
        });
    }

    fn announce_changes(self, new: &[Camera]) {
        let changed = self.cameras.with_untracked(|old| {
            let old = old.as_ref()?;
            let said = new.iter().filter_map(|camera| {
                let before = old.iter().find(|before| before.uid == camera.uid)?;
                let word = crate::state::words::state(camera.state);
                (before.state != camera.state).then(|| format!("{} is {word}.", camera.name))
            });
            Some(said.collect::<Vec<_>>().join(" "))
        });
        if let Some(said) = changed.filter(|said| !said.is_empty()) {
            self.announcement.set(said);
        }
    }

    /// Asks who is asking.
    pub(crate) fn refresh_session(self) {
        leptos::task::spawn_local(async move {
            match api::session().await {
                Ok(session) => set_if_changed(self.session, Some(session)),
                Err(failure) => set_if_changed(self.trouble, Some(failure)),
            }
        });
    }

    /// A camera by id, as the list has it.
    pub(crate) fn camera(self, id: String) -> Memo<Option<Camera>> {
        Memo::new(move |_| self.cameras.with(|list| list.as_ref()?.iter().find(|camera| camera.id == id).cloned()))
    }

    /// Shows a line for a while, and says it.
    pub(crate) fn tell(self, line: String) {
        self.announcement.set(line.clone());
        self.notice.set(Some(line.clone()));
        let clear = move || {
            if self.notice.with_untracked(|now| now.as_ref() == Some(&line)) {
                self.notice.set(None);
            }
        };
        set_timeout(clear, Duration::from_secs(10));
    }

    /// Sets the theme, here and for the next visit.
    pub(crate) fn set_theme(self, theme: Theme) {
        self.theme.set(theme);
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", theme.word());
        }
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(THEME, theme.word());
        }
    }

    /// Sets the layers, here, in the address bar, and for the next visit.
    pub(crate) fn set_layers(self, layers: Layers) {
        self.layers.set(layers);
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(LAYERS, &layers.names());
        }
        self.tell_layers();
    }

    /// Puts the layers into the address bar.
    pub(crate) fn tell_layers(self) {
        let layers = self.layers.get_untracked();
        let Ok(url) = web_sys::Url::new(&window().location().href().unwrap_or_default()) else { return };
        match layers::to_query(layers) {
            Some(value) => url.search_params().set("layers", &value),
            None => url.search_params().delete("layers"),
        }
        if let Ok(history) = window().history() {
            let state = history.state().unwrap_or(wasm_bindgen::JsValue::NULL);
            let _ = history.replace_state_with_url(&state, "", Some(&url.href()));
        }
    }
}

/// Milliseconds since 1970 of an RFC 3339 time.
pub(crate) fn parse_time(text: &str) -> Option<f64> {
    let ms = js_sys::Date::parse(text);
    ms.is_finite().then_some(ms)
}

/// A local time as a form's field has it: `2026-05-04T13:02:05`.
pub(crate) fn local_input(ms: f64) -> String {
    let date = js_sys::Date::new(&ms.into());
    let day = format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date());
    format!("{day}T{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
}

/// RFC 3339 of a field's local time.
pub(crate) fn iso_of_local(field: &str) -> Option<String> {
    let ms = js_sys::Date::parse(field);
    ms.is_finite().then(|| js_sys::Date::new(&ms.into()).to_iso_string().into())
}

/// Local time of day with seconds, and the date where it is not today's.
pub(crate) fn local_time(ms: f64) -> String {
    let date = js_sys::Date::new(&ms.into());
    let time = format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds());
    let today = js_sys::Date::new_0();
    let same_day = |a: &js_sys::Date, b: &js_sys::Date| {
        (a.get_full_year(), a.get_month(), a.get_date()) == (b.get_full_year(), b.get_month(), b.get_date())
    };
    if same_day(&date, &today) {
        time
    } else {
        format!("{}-{:02}-{:02} {time}", date.get_full_year(), date.get_month() + 1, date.get_date())
    }
}
