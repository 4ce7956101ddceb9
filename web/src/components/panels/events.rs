//! The newest events of this camera.

use super::Panel;
use crate::components::event_card::EventCard;
use crate::event_feed;
use crate::state::events::Filter;
use leptos::prelude::*;
use leptos_router::components::A;

/// How many are shown here.
const FEW: usize = 5;

/// The panel.
#[component]
pub(crate) fn EventsPanel(
    /// The camera's id.
    id: String,
) -> impl IntoView {
    let all = format!("/events?camera={}", crate::api::encode(&id));
    let filter = Memo::new(move |_| Filter { camera: id.clone(), ..Filter::default() });
    let feed = event_feed::open(filter);
    let few = Memo::new(move |_| {
        feed.list.with(|list| list.as_ref().map(|list| list.events.iter().take(FEW).cloned().collect::<Vec<_>>()))
    });
    let words = move || match (feed.trouble.get(), few.with(|few| few.as_ref().map(Vec::len))) {
        (Some(failure), None) => Some(failure.message),
        (None, None) => Some("Asking the server.".into()),
        (_, Some(0)) => Some("Nothing has happened yet. What comes, goes and crosses zones is listed here.".into()),
        _ => None,
    };
    view! {
        <Panel title="Events">
            <ul class="event-list narrow" data-testid="camera-events">
                <For each=move || few.get().unwrap_or_default() key=|event| event.id.clone() let:event>
                    <EventCard event of_camera=true/>
                </For>
            </ul>
            <p class="hint">{words}</p>
            <div class="panel-actions"><A href=all attr:class="button small">"All events"</A></div>
        </Panel>
    }
}
