//! Events of all cameras, the newest first, told as they happen; filtered by what the address says.

use crate::components::event_card::EventCard;
use crate::components::icon::Icon;
use crate::context::{iso_of_local, local_input, parse_time, shared};
use crate::event_feed::{self, EventFeed};
use crate::state::events::{Filter, KINDS};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use std::collections::BTreeSet;

/// The page.
#[component]
pub(crate) fn EventsPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        query.with(|query| {
            let of = |name: &str| query.get(name).unwrap_or_default();
            Filter {
                camera: of("camera"),
                kind: of("kind"),
                label: of("label"),
                zone: of("zone"),
                from: of("from"),
                to: of("to"),
            }
        })
    });
    let feed = event_feed::open(filter);
    document().set_title("Events · Sightline");
    on_cleanup(|| document().set_title("Sightline"));
    let state = move || if feed.live.get() { "Told as they happen" } else { "Not told live: connecting again" };
    view! {
        <section class="page events" aria-label="Events">
            <div class="events-head">
                <h1>"Events"</h1>
                <span class="badge" data-state=move || if feed.live.get() { "live" } else { "connecting" } data-testid="events-live">
                    <span class="badge-mark"></span>{state}
                </span>
            </div>
            <Filters filter feed/>
            <p class="fault" role="alert">{move || feed.trouble.with(|trouble| trouble.as_ref().map(|failure| failure.message.clone()))}</p>
            <List feed filter/>
        </section>
    }
}

/// The list, or why there is none.
#[component]
fn List(feed: EventFeed, filter: Memo<Filter>) -> impl IntoView {
    let events =
        Memo::new(move |_| feed.list.with(|list| list.as_ref().map(|list| list.events.clone())).unwrap_or_default());
    let empty = Memo::new(move |_| feed.list.with(|list| list.as_ref().is_some_and(|list| list.events.is_empty())));
    let waiting = move || feed.list.with(Option::is_none) && feed.trouble.with(Option::is_none);
    let more = Memo::new(move |_| feed.list.with(|list| list.as_ref().is_some_and(|list| list.more)));
    view! {
        <p class="hint">{move || waiting().then_some("Asking the server.")}</p>
        <Show when=move || empty.get()>
            <Empty filtered=filter.with_untracked(|filter| !filter.is_empty())/>
        </Show>
        <ul class="event-list" data-testid="events">
            <For each=move || events.get() key=|event| event.id.clone() let:event>
                <EventCard event/>
            </For>
        </ul>
        <Show when=move || more.get()>
            <button class="button events-more" data-testid="events-more" disabled=move || feed.busy.get() on:click=move |_| feed.older()>
                {move || if feed.busy.get() { "Asking for older ones" } else { "Older events" }}
            </button>
        </Show>
    }
}

/// What is said where there is none.
#[component]
fn Empty(filtered: bool) -> impl IntoView {
    view! {
        <div class="clips-empty" data-testid="events-empty">
            <Icon name="events"/>
            <p class="strong">{if filtered { "No such event." } else { "No events yet." }}</p>
            <p class="quiet">
                {if filtered {
                    "Nothing that happened fits these filters. New ones appear here by themselves."
                } else {
                    "What comes into a picture and leaves it is listed here, with a picture of it. Draw zones and lines on a camera's page to be told who enters, stays and crosses."
                }}
            </p>
        </div>
    }
}

/// The filters; a change goes into the address, from where the list follows.
#[component]
fn Filters(filter: Memo<Filter>, feed: EventFeed) -> impl IntoView {
    let shared = shared();
    let navigate = StoredValue::new_local(use_navigate());
    let set = move |change: Box<dyn FnOnce(&mut Filter)>| {
        let mut next = filter.get_untracked();
        change(&mut next);
        let pairs: Vec<_> =
            next.pairs().into_iter().map(|(name, value)| format!("{name}={}", crate::api::encode(value))).collect();
        let path = if pairs.is_empty() { "/events".to_owned() } else { format!("/events?{}", pairs.join("&")) };
        navigate
            .with_value(|navigate| navigate(&path, NavigateOptions { scroll: false, ..NavigateOptions::default() }));
    };
    let cameras = Memo::new(move |_| {
        let list = shared.cameras.get().unwrap_or_default();
        list.into_iter().map(|camera| (camera.id, camera.name)).collect::<Vec<_>>()
    });
    let zones = Memo::new(move |_| {
        let wanted = filter.with(|filter| filter.camera.clone());
        let list = shared.cameras.get().unwrap_or_default();
        let of =
            list.into_iter().filter(|camera| wanted.is_empty() || camera.id == wanted).flat_map(|camera| camera.zones);
        let mut seen = BTreeSet::new();
        of.filter(|zone| seen.insert(zone.id.clone())).map(|zone| (zone.id, zone.name)).collect::<Vec<_>>()
    });
    // Labels of what was seen, and of what is asked for.
    let labels = Memo::new(move |_| {
        let mut labels: BTreeSet<_> = feed
            .list
            .with(|list| list.iter().flat_map(|list| list.events.iter().map(|event| event.label.clone())).collect());
        labels.extend(shared.cameras.get().unwrap_or_default().into_iter().flat_map(|camera| camera.detect.labels));
        labels.into_iter().map(|label| (label.clone(), label)).collect::<Vec<_>>()
    });
    let kinds = Signal::derive(|| KINDS.map(|(_, word, words)| (word.to_owned(), words.to_owned())).to_vec());
    let time = move |value: String| parse_time(&value).map(local_input).unwrap_or_default();
    view! {
        <div class="form event-filters" role="group" aria-label="Filters">
            <Choice name="camera" title="Camera" any="all cameras" options=cameras now=Signal::derive(move || filter.get().camera)
                set=Callback::new(move |value| set(Box::new(|filter| (filter.camera, filter.zone) = (value, String::new()))))/>
            <Choice name="kind" title="What" any="everything" options=kinds now=Signal::derive(move || filter.get().kind)
                set=Callback::new(move |value| set(Box::new(|filter| filter.kind = value)))/>
            <Choice name="label" title="Who" any="everyone" options=labels now=Signal::derive(move || filter.get().label)
                set=Callback::new(move |value| set(Box::new(|filter| filter.label = value)))/>
            <Choice name="zone" title="Where" any="everywhere" options=zones now=Signal::derive(move || filter.get().zone)
                set=Callback::new(move |value| set(Box::new(|filter| filter.zone = value)))/>
            <label>
                "From"
                <input type="datetime-local" step="1" class="figure" name="events-from" prop:value=move || time(filter.get().from)
                    on:change=move |event| { let value = iso_of_local(&event_target_value(&event)).unwrap_or_default(); set(Box::new(|filter| filter.from = value)); }/>
            </label>
            <label>
                "To"
                <input type="datetime-local" step="1" class="figure" name="events-to" prop:value=move || time(filter.get().to)
                    on:change=move |event| { let value = iso_of_local(&event_target_value(&event)).unwrap_or_default(); set(Box::new(|filter| filter.to = value)); }/>
            </label>
            <Show when=move || filter.with(|filter| !filter.is_empty())>
                <button type="button" class="button small" data-testid="events-clear" on:click=move |_| set(Box::new(|filter| *filter = Filter::default()))>"All events"</button>
            </Show>
        </div>
    }
}

/// One list of a filter.
#[component]
fn Choice(
    name: &'static str,
    title: &'static str,
    any: &'static str,
    #[prop(into)] options: Signal<Vec<(String, String)>>,
    now: Signal<String>,
    set: Callback<String>,
) -> impl IntoView {
    let all = move || {
        let now = now.get();
        let mut options = options.get();
        if !now.is_empty() && options.iter().all(|(value, _)| *value != now) {
            options.push((now.clone(), now.clone()));
        }
        options
            .into_iter()
            .map(|(value, words)| view! { <option value=value.clone() selected=value == now>{words}</option> })
            .collect_view()
    };
    view! {
        <label>
            {title}
            <select name=name data-testid=format!("events-{name}") prop:value=move || now.get() on:change=move |event| set.run(event_target_value(&event))>
                <option value="">{any}</option>
                {all}
            </select>
        </label>
    }
}
