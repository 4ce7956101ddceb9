//! Who holds a device's encode sessions, and how many more it takes: tried when somebody asks.

use crate::api;
use crate::context::{local_time, parse_time};
use crate::state::device::{codec, holder, more};
use crate::state::format;
use leptos::prelude::*;
use sightline_shared::system::{Device, EncodeSession, MoreSessions};

/// The table, and the button that tries.
#[component]
pub(super) fn Sessions(
    /// The device's number.
    number: u32,
    /// What the server told last.
    device: Memo<Device>,
) -> impl IntoView {
    let held = Memo::new(move |_| device.with(|device| device.sessions.clone()));
    let tried = Memo::new(move |_| device.with(|device| device.more_sessions.clone()));
    let can = Memo::new(move |_| device.with(|device| device.encoder.reason.is_none() && device.lost.is_none()));
    view! {
        <div class="sessions">
            <h3>"Encode sessions"</h3>
            <Show when=move || held.with(|held| !held.is_empty())
                fallback=|| view! { <p class="hint">"Sightline holds none: nobody looks at a picture that is encoded on this device."</p> }>
                <table class="stages" data-testid="sessions">
                    <caption class="sr-only">"Encode sessions that Sightline holds"</caption>
                    <thead>
                        <tr><th scope="col">"Camera"</th><th scope="col">"Rendition"</th><th scope="col">"Codec"</th><th scope="col">"Size"</th></tr>
                    </thead>
                    <tbody>{move || held.get().into_iter().map(row).collect_view()}</tbody>
                </table>
            </Show>
            <Show when=move || can.get()><Room number tried/></Show>
        </div>
    }
}

fn row(session: EncodeSession) -> impl IntoView {
    let (camera, rendition) = holder(&session.holder);
    let link = format!("/cameras/{}", api::encode(camera));
    view! {
        <tr>
            <th scope="row"><a href=link>{camera.to_owned()}</a></th>
            <td>{rendition.to_owned()}</td>
            <td>{codec(session.codec)}</td>
            <td class="figure">{format::size(Some(session.width), Some(session.height))}</td>
        </tr>
    }
}

/// How many more there could be.
#[component]
fn Room(number: u32, tried: Memo<Option<MoreSessions>>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let fresh = RwSignal::new(None::<MoreSessions>);
    let fault = RwSignal::new(None::<String>);
    let try_it = move |_| {
        // Not `disabled` meanwhile: that would take the focus away from who pressed it by keyboard.
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        fault.set(None);
        leptos::task::spawn_local(async move {
            let answer = api::post::<MoreSessions>(&format!("/api/system/devices/{number}/room"), &()).await;
            busy.try_set(false);
            match answer {
                Ok(told) => drop(fresh.try_set(Some(told))),
                Err(failure) => drop(fault.try_set(Some(failure.message))),
            }
        });
    };
    let said = move || {
        match (busy.get(), fresh.get().or_else(|| tried.get())) {
        (true, _) => "Opening sessions until the device refuses one.".to_owned(),
        (false, Some(told)) => {
            let time = parse_time(&told.tried_at).map_or_else(|| told.tried_at.clone(), local_time);
            more(&told, &time)
        }
        (false, None) => "No driver tells its limit: it is found by opening sessions for a moment, in which other programs may be refused \
            theirs."
            .to_owned(),
    }
    };
    view! {
        <div class="room">
            <button class="button small" data-testid="try-room" aria-disabled=move || busy.get().to_string() on:click=try_it>"Try how many more"</button>
            <p class="hint" role="status" data-testid="room-told">{said}</p>
            <p class="fault" role="alert">{move || fault.get()}</p>
        </div>
    }
}
