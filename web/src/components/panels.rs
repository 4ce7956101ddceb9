//! The quiet panels beside a camera's picture.

mod about;
mod clip;
mod detection;
mod detection_figures;
mod detection_lack;
mod detection_more;
mod detection_staged;
mod encoder;
mod encoder_field;
mod events;
mod hardware;
mod layers;
mod now;
mod scene;
mod tracks;

pub(crate) use about::AboutPanel;
pub(crate) use clip::{ClipBar, ClipMaker, ClipPanel};
pub(crate) use detection::DetectionPanel;
pub(crate) use encoder::EncoderPanel;
pub(crate) use events::EventsPanel;
pub(crate) use hardware::HardwarePanel;
pub(crate) use layers::LayersPanel;
pub(crate) use now::{NowPanel, PlayerPanel};
pub(crate) use scene::ScenePanel;
pub(crate) use tracks::TracksPanel;

use leptos::prelude::*;

/// A panel that folds.
#[component]
fn Panel(
    /// Its title.
    title: &'static str,
    /// Whether it is open at first.
    #[prop(default = true)]
    open: bool,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="panel" open=open>
            <summary><h2>{title}</h2></summary>
            <div class="panel-body">{children()}</div>
        </details>
    }
}

/// A line of a panel: what it is, and its figure.
#[component]
fn Row(
    /// What it is.
    name: &'static str,
    /// Where it comes from, as a tooltip.
    #[prop(optional)]
    hint: &'static str,
    /// The figure.
    #[prop(into)]
    value: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="row" title=hint>
            <dt>{name}</dt>
            <dd class="figure">{move || value.get()}</dd>
        </div>
    }
}
