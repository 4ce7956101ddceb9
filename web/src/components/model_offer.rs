//! Above the wall, while no camera uses a model: the offer to load one. Never needed, and gone for good when it is declined.

use super::icon::Icon;
use crate::catalogue::{self, Catalogue};
use crate::context::shared;
use crate::state::format;
use crate::state::models::{self, FIRST, FirstOffer};
use leptos::prelude::*;
use leptos_router::components::A;

const DECLINED: &str = "sightline.model-offer";

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// The offer, where it has not been declined in this browser.
#[component]
pub(crate) fn ModelOffer() -> impl IntoView {
    let declined = storage().and_then(|storage| storage.get_item(DECLINED).ok().flatten()).is_some();
    (!declined).then(|| view! { <Open/> })
}

#[component]
fn Open() -> impl IntoView {
    let shared = shared();
    let catalogue = catalogue::open();
    let declined = RwSignal::new(false);
    let offer = Memo::new(move |_| {
        let cameras = shared.cameras.get().filter(|_| !declined.get())?;
        catalogue.with(|models| models::first_offer(models?, &cameras))
    });
    let decline = move |_| {
        if let Some(storage) = storage() {
            let _ = storage.set_item(DECLINED, "declined");
        }
        declined.set(true);
    };
    move || {
        let offer = offer.get()?;
        let first = shared.cameras.with_untracked(|list| {
            list.as_ref()?
                .iter()
                .find(|camera| camera.editable)
                .or(list.as_ref()?.first())
                .map(|camera| camera.id.clone())
        });
        Some(view! {
            <section class="banner offer" data-testid="model-offer" aria-label="Offer of a model">
                <Told offer catalogue camera=first.unwrap_or_default()/>
                <button class="button ghost small" data-testid="decline-offer" on:click=decline>"Not now"</button>
            </section>
        })
    }
}

/// What is offered, how far it is, or that it is there.
#[component]
fn Told(offer: FirstOffer, catalogue: Catalogue, camera: String) -> impl IntoView {
    let pull = move || {
        view! {
            <button class="button small primary" data-testid="accept-offer" on:click=move |_| catalogue.pull(FIRST.into())><Icon name="download"/>"Pull it"</button>
        }
    };
    match offer {
        FirstOffer::Pull(model) => {
            let size =
                model.bytes.map(|bytes| format!(", {} to load", format::bytes(bytes as f64))).unwrap_or_default();
            let licence = model.licence.map(|licence| format!(", {licence}")).unwrap_or_default();
            view! {
                <p>{format!("Sightline sees that something moves. With the model {FIRST}{size}{licence}, it also sees what: people, cars, animals.")}</p>
                {pull()}
            }
            .into_any()
        }
        FirstOffer::Failed(_, why) => {
            view! { <p>{format!("{FIRST} could not be loaded. {why}")}</p>{pull()} }.into_any()
        }
        FirstOffer::Coming(part) => view! {
            <p>{format!("{FIRST} is on its way.")}</p>
            <progress max="1" value=part.map(|part| part.to_string()) aria-label="Progress of the model"></progress>
        }
        .into_any(),
        FirstOffer::Ready => view! {
            <p>{format!("{FIRST} is here. Choose it for a camera in its panel \"Detection\".")}</p>
            <A href=format!("/cameras/{}", crate::api::encode(&camera)) attr:class="button small">"Open a camera"</A>
        }
        .into_any(),
    }
}
