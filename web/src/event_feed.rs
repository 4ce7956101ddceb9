//! Events of a component: the newest ones, those that are told live, older ones on demand.

use crate::api::{self, Failure};
use crate::context::{Shared, parse_time, shared};
use crate::player::Listener;
use crate::state::events::{EventList, Filter, PAGE};
use leptos::prelude::*;
use sightline_shared::events::Event;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{EventSource, MessageEvent};

/// A busy street is not read out event by event.
const SAY_EVERY_MS: f64 = 5000.0;

/// What came.
#[derive(Clone, Copy)]
pub(crate) struct EventFeed {
    /// The list; `None` until the first answer.
    pub(crate) list: RwSignal<Option<EventList>>,
    /// Why the newest question was not answered.
    pub(crate) trouble: RwSignal<Option<Failure>>,
    /// Whether new ones are told at once.
    pub(crate) live: RwSignal<bool>,
    /// A question is on its way.
    pub(crate) busy: RwSignal<bool>,
    filter: Memo<Filter>,
    shared: Shared,
    said_ms: StoredValue<f64>,
}

/// The open stream; closed when dropped.
struct Stream {
    source: EventSource,
    listeners: Vec<Listener>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.listeners.clear();
        self.source.close();
    }
}

/// Opens the events that `filter` takes for the component that calls; another filter begins anew.
pub(crate) fn open(filter: Memo<Filter>) -> EventFeed {
    let shared = shared();
    let feed = EventFeed {
        list: RwSignal::new(None),
        trouble: RwSignal::new(None),
        live: RwSignal::new(false),
        busy: RwSignal::new(false),
        filter,
        shared,
        said_ms: StoredValue::new(0.0),
    };
    let stream = Rc::new(RefCell::new(None::<Stream>));
    let kept = StoredValue::new_local(stream.clone());
    Effect::new(move |_| {
        filter.track();
        feed.list.set(None);
        feed.newest();
    });
    Effect::new(move |_| {
        let stream = &stream;
        if shared.asleep.get() {
            stream.replace(None);
            feed.live.set(false);
        } else {
            stream.replace(feed.listen());
        }
    });
    Effect::new(move |_| {
        if let Some(id) = shared.event_deleted.get() {
            feed.list.update(|list| {
                if let Some(list) = list {
                    list.without(&id);
                }
            });
        }
    });
    on_cleanup(move || kept.with_value(|stream| drop(stream.replace(None))));
    feed
}

impl EventFeed {
    /// The newest ones: at first, and after the stream was away.
    pub(crate) fn newest(self) {
        self.ask(None);
    }

    /// Older ones than those that are there.
    pub(crate) fn older(self) {
        let oldest = self.list.with_untracked(|list| list.as_ref().and_then(|list| list.oldest().map(str::to_owned)));
        self.ask(oldest);
    }

    fn ask(self, before: Option<String>) {
        let filter = self.filter.get_untracked();
        let mut query: Vec<_> =
            filter.pairs().into_iter().map(|(name, value)| format!("{name}={}", api::encode(value))).collect();
        query.extend(before.iter().map(|id| format!("before={}", api::encode(id))));
        query.push(format!("limit={PAGE}"));
        let path = format!("/api/events?{}", query.join("&"));
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = api::get::<Vec<Event>>(&path).await;
            self.busy.try_set(false);
            // The answer to a question that nobody asks any more.
            if self.filter.try_get_untracked() != Some(filter) {
                return;
            }
            match answer {
                Ok(page) => {
                    self.trouble.try_set(None);
                    self.list.try_update(|list| list.get_or_insert_default().older(page, PAGE));
                }
                Err(failure) => {
                    self.trouble.try_set(Some(failure));
                }
            }
        });
    }

    /// Opens the stream of all events; the browser connects again by itself.
    fn listen(self) -> Option<Stream> {
        let source = EventSource::new("/api/events/stream").ok()?;
        let told = Listener::new(&source, "message", move |event| {
            let text = event.dyn_ref::<MessageEvent>().and_then(|event| event.data().as_string());
            if let Some(event) = text.and_then(|text| serde_json::from_str::<Event>(&text).ok()) {
                self.told(event);
            }
        });
        let opened = Listener::new(&source, "open", move |_| {
            // What happened while it was away.
            if self.live.try_get_untracked() == Some(false) && self.list.with_untracked(Option::is_some) {
                self.newest();
            }
            self.live.try_set(true);
        });
        let broken = Listener::new(&source, "error", move |_| {
            self.live.try_set(false);
        });
        let missed = Listener::new(&source, "missed", move |_| self.newest());
        Some(Stream { source, listeners: vec![told, opened, broken, missed] })
    }

    fn told(self, event: Event) {
        let at = parse_time(&event.at);
        let takes = self
            .filter
            .try_with_untracked(|filter| filter.takes(&event, at, (parse_time(&filter.from), parse_time(&filter.to))));
        if takes == Some(true) {
            let words = crate::state::events::words(&event);
            let new = self.list.try_update(|list| list.as_mut().is_some_and(|list| list.told(event)));
            let now = js_sys::Date::now();
            if new == Some(true) && self.said_ms.try_get_value().is_some_and(|said| now - said > SAY_EVERY_MS) {
                self.said_ms.set_value(now);
                self.shared.announcement.set(words);
            }
        }
    }
}
