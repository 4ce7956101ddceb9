//! The application: routes, what stands around every page, and the keys.

use crate::components::{banner::Banner, dialogs::Dialogs, header::Header, notice::Notice};
use crate::context::{Dialog, Shared};
use crate::pages::{
    camera::CameraPage, clips::ClipsPage, events::EventsPage, login::LoginPage, missing::Missing, models::ModelsPage,
    system::SystemPage, wall::WallPage,
};
use crate::player::Listener;
use crate::state::keys::{self, Key};
use leptos::html;
use leptos::prelude::*;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::hooks::{use_location, use_navigate};
use leptos_router::{NavigateOptions, path};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// The whole dashboard.
#[component]
pub(crate) fn App() -> impl IntoView {
    Shared::provide();
    view! {
        <Router>
            <Frame/>
        </Router>
    }
}

/// Everything within the router.
#[component]
fn Frame() -> impl IntoView {
    let shared = crate::context::shared();
    guard(shared);
    listen_for_keys(shared);
    let main = NodeRef::<html::Main>::new();
    let location = use_location();
    Effect::new(move |before: Option<String>| {
        let here = location.pathname.get();
        if before.is_some_and(|before| before != here)
            && let Some(main) = main.get_untracked()
        {
            // Screen readers and the tab key go on at the new page, not at the link that is gone.
            let _ = main.focus();
        }
        // Another page's address says nothing of the layers yet.
        shared.tell_layers();
        here
    });
    let anonymous = move || shared.session.with(|s| s.as_ref().is_some_and(|s| s.principal == "anonymous"));
    view! {
        <a class="skip" href="#content">"Skip to content"</a>
        <Show when=move || !anonymous()>
            <Header/>
            <Banner/>
        </Show>
        <main id="content" tabindex="-1" node_ref=main>
            <Routes fallback=Missing>
                <Route path=path!("/") view=WallPage/>
                <Route path=path!("/cameras/:id") view=CameraPage/>
                <Route path=path!("/events") view=EventsPage/>
                <Route path=path!("/clips") view=ClipsPage/>
                <Route path=path!("/models") view=ModelsPage/>
                <Route path=path!("/system") view=SystemPage/>
                <Route path=path!("/login") view=LoginPage/>
            </Routes>
        </main>
        <Dialogs/>
        <Notice/>
        <div class="sr-only" role="status" aria-live="polite">{move || shared.announcement.get()}</div>
    }
}

/// Sends those who have to log in to the login page, and back to where they wanted to go.
fn guard(shared: Shared) {
    let navigate = use_navigate();
    let location = use_location();
    Effect::new(move |_| {
        let Some(session) = shared.session.get() else { return };
        let here = location.pathname.get();
        let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
        if session.principal == "anonymous" && here != "/login" {
            let search = location.search.get_untracked();
            let query = if search.is_empty() { String::new() } else { format!("?{}", search.trim_start_matches('?')) };
            let next = crate::api::encode(&format!("{here}{query}"));
            navigate(&format!("/login?next={next}"), options);
        } else if session.principal != "anonymous" && here == "/login" {
            let next = location.query.with_untracked(|query| query.get("next")).unwrap_or_default();
            // Only paths of this very site: a link to the login page must lead nowhere else.
            let own = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
            navigate(if own { &next } else { "/" }, options);
        }
    });
}

fn listen_for_keys(shared: Shared) {
    let navigate = use_navigate();
    let location = use_location();
    let listener = Listener::new(&document(), "keydown", move |event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        if event.ctrl_key()
            || event.alt_key()
            || event.meta_key()
            || typing(event)
            || shared.dialog.get_untracked().is_some()
        {
            return;
        }
        let Some(key) = keys::action(&event.key()) else { return };
        let here = location.pathname.get_untracked();
        if here == "/login" {
            return;
        }
        let layers = shared.layers.get_untracked();
        match key {
            Key::Camera(at) => {
                let id = shared.cameras.with_untracked(|list| list.as_ref()?.get(at).map(|camera| camera.id.clone()));
                if let Some(id) = id {
                    navigate(&format!("/cameras/{}", crate::api::encode(&id)), NavigateOptions::default());
                }
            }
            Key::Layer(name) => shared.set_layers(layers.with(name, !layers.get(name))),
            Key::Help => shared.dialog.set(Some(Dialog::Help)),
            Key::Add => shared.dialog.set(Some(Dialog::Add)),
            Key::Back if shared.escape.with_untracked(Option::is_some) => {
                if let Some(escape) = shared.escape.get_untracked() {
                    escape.run(());
                }
            }
            // The browser leaves full screen by itself.
            Key::Back if document().fullscreen_element().is_none() && here != "/" => {
                navigate("/", NavigateOptions::default());
            }
            // On a button or a link the space bar presses that.
            Key::Freeze if on_control(event) => return,
            Key::FullScreen | Key::Sound | Key::Clip | Key::Freeze | Key::Draw => press(key),
            Key::Back => return,
        }
        event.prevent_default();
    });
    // Lives as long as the page.
    std::mem::forget(listener);
}

/// Presses the button that stands for a key on this page, if there is one, so that key and button cannot differ.
fn press(key: Key) {
    let name = match key {
        Key::Sound => "[data-key=m]",
        Key::Clip => "[data-key=c]",
        Key::Freeze => "[data-key=space]",
        Key::Draw => "[data-key=e]",
        _ => "[data-key=f]",
    };
    let within = document().query_selector(&format!("main {name}")).ok().flatten();
    if let Some(button) = within.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        button.click();
    }
}

fn on_control(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.closest("button, a, summary, input, select").ok().flatten().is_some())
}

fn typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let switch = |target: &HtmlElement| {
        let kind = target.get_attribute("type").unwrap_or_default();
        matches!(kind.as_str(), "checkbox" | "range")
    };
    target
        .is_some_and(|target| matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT") && !switch(&target))
}
