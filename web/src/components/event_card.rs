//! One event: its picture, what happened, when and where, and the way to the moment.

use super::icon::Icon;
use crate::context::{Dialog, local_time, parse_time, shared};
use crate::state::events;
use leptos::prelude::*;
use leptos_router::components::A;
use sightline_shared::draw::class_colour;
use sightline_shared::events::Event;

/// A line of a list.
#[component]
pub(crate) fn EventCard(
    /// The event.
    event: Event,
    /// Whether the camera is clear from where it stands.
    #[prop(optional)]
    of_camera: bool,
) -> impl IntoView {
    let shared = shared();
    let words = events::words(&event);
    let at_ms = parse_time(&event.at);
    let when = at_ms.map_or_else(|| event.at.clone(), local_time);
    let name = shared.camera(event.camera.clone());
    let id = event.camera.clone();
    let camera = move || name.with(|camera| camera.as_ref().map_or_else(|| id.clone(), |camera| camera.name.clone()));
    let moment = at_ms.map(|at| events::clip_span(at, js_sys::Date::now())).map(|(from, to)| {
        format!("/cameras/{}?clip={}", crate::api::encode(&event.camera), crate::api::encode(&format!("{from}/{to}")))
    });
    let (id, told) = (event.id.clone(), words.clone());
    let delete = move |_| shared.dialog.set(Some(Dialog::DeleteEvent(id.clone(), told.clone())));
    let colour = format!("background:#{:06x}", class_colour(&event.label));
    let (delete_label, clip_label) = (format!("Delete: {words}, {when}"), format!("Clip of: {words}, {when}"));
    view! {
        <li class="event" data-testid="event" data-event=event.id.clone() data-kind=events::word(event.kind)>
            <Crop address=event.crop.clone() label=event.label.clone()/>
            <div class="event-words">
                <p class="strong"><span class="swatch" style=colour aria-hidden="true"></span>{words}</p>
                <p class="figure quiet">
                    <time datetime=event.at.clone()>{when}</time>
                    {(!of_camera).then_some(" · ")}
                    {(!of_camera).then(|| view! { <A href=format!("/cameras/{}", crate::api::encode(&event.camera))>{camera}</A> })}
                </p>
                <p class="figure quiet">{events::sure(&event)}</p>
            </div>
            <div class="event-actions">
                {moment.map(|href| view! {
                    <A href=href attr:class="button ghost square" attr:aria-label=clip_label attr:title="Clip of this moment" attr:data-testid="event-clip"><Icon name="clip"/></A>
                })}
                <button class="button ghost square" data-testid="event-delete" title="Delete" aria-label=delete_label on:click=delete>
                    <Icon name="delete"/>
                </button>
            </div>
        </li>
    }
}

/// The picture; a quiet place where there is none, or it is gone.
#[component]
fn Crop(address: Option<String>, label: String) -> impl IntoView {
    let bare = RwSignal::new(address.is_none());
    let address = address.unwrap_or_default();
    let words = format!("Picture of {label}");
    view! {
        <div class="event-crop">
            <Show when=move || !bare.get() fallback=|| view! { <span class="quiet">"no picture"</span> }>
                <img src=address.clone() alt=words.clone() loading="lazy" on:error=move |_| bare.set(true)/>
            </Show>
        </div>
    }
}
