//! One camera, large, with what there is to know and to set about it.

use crate::components::badges::{DelayBadge, StateBadge};
use crate::components::editor::{EditorCanvas, EditorTools, Scene};
use crate::components::icon::Icon;
use crate::components::panels::{
    AboutPanel, ClipBar, ClipMaker, ClipPanel, DetectionPanel, EncoderPanel, EventsPanel, HardwarePanel, LayersPanel,
    NowPanel, PlayerPanel, ScenePanel, TracksPanel,
};
use crate::components::picture::Picture;
use crate::components::plot::TimingsPlot;
use crate::components::snapshot::SnapshotButton;
use crate::context::shared;
use crate::feed;
use crate::player::{Phase, PlayerView};
use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;
use sightline_shared::camera::{Camera, CameraState};

/// The page; another id makes it anew.
#[component]
pub(crate) fn CameraPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    move || view! { <OneCamera id=id.get()/> }
}

/// A camera by id.
#[component]
fn OneCamera(id: String) -> impl IntoView {
    let shared = shared();
    let view = PlayerView::new(shared.layers.get_untracked());
    let listed = shared.camera(id.clone());
    let camera = Memo::new(move |_| {
        let connected = matches!(view.phase.get(), Phase::Playing | Phase::Connecting);
        let told = view.camera.get();
        match (told.clone().filter(|_| connected), listed.get()) {
            // The connection tells of changes at once; the list has the newer figures while nothing has changed.
            (Some(told), Some(listed)) if told.state == listed.state && told.encoder == listed.encoder => Some(listed),
            (now, listed) => now.or(listed).or(told),
        }
    });
    let name = move || camera.with(|c| c.as_ref().map(|c| c.name.clone())).unwrap_or_else(|| "Camera".into());
    let state = Memo::new(move |_| camera.with(|c| c.as_ref().map_or(CameraState::Connecting, |c| c.state)));
    let maker = ClipMaker::new(id.clone());
    let stage = NodeRef::<html::Div>::new();
    let feed = feed::open(&id);
    let scene = Scene::new(id.clone(), camera, view);
    Effect::new(move |_| document().set_title(&format!("{} · Sightline", name())));
    on_cleanup(|| document().set_title("Sightline"));
    view! {
        <div class="camera-page">
            <section class="camera-main" aria-label="Picture">
                <div class="camera-head">
                    <A href="/" attr:class="button ghost square" attr:aria-label="Back to the wall">
                        <Icon name="back"/>
                    </A>
                    <h1>{name}</h1>
                    <StateBadge state/>
                    <span class="spring"></span>
                    <DelayBadge delay_ms=Signal::derive(move || view.stats.with(|stats| stats.delay_ms))/>
                </div>
                <div class="stage" node_ref=stage>
                    <Picture id=id.clone() view stays=true/>
                    <Show when=move || view.editing.get()>
                        <EditorCanvas scene/>
                    </Show>
                </div>
                <Show when=move || view.editing.get()>
                    <EditorTools scene/>
                </Show>
                <Controls view camera stage maker/>
                <ClipBar maker/>
                <TimingsPlot id=id.clone() feed view/>
            </section>
            <aside class="camera-side" aria-label="About this camera">
                <NowPanel camera view/>
                <LayersPanel view/>
                <TracksPanel camera view/>
                <EventsPanel id=id.clone()/>
                <ScenePanel camera view/>
                <DetectionPanel id=id.clone() camera view/>
                <EncoderPanel id=id.clone() camera view feed/>
                <ClipPanel maker/>
                <HardwarePanel camera/>
                <PlayerPanel view/>
                <AboutPanel camera id/>
            </aside>
        </div>
    }
}

/// The buttons under the picture.
#[component]
fn Controls(
    view: PlayerView,
    camera: Memo<Option<Camera>>,
    stage: NodeRef<html::Div>,
    maker: ClipMaker,
) -> impl IntoView {
    let shared = shared();
    let has_sound = Memo::new(move |_| camera.with(|c| c.as_ref().is_some_and(|c| c.audio.is_some())));
    let toggle = move |name: &'static str| {
        move |_: leptos::ev::MouseEvent| {
            let layers = shared.layers.get_untracked();
            shared.set_layers(layers.with(name, !layers.get(name)));
        }
    };
    let full = move |_| {
        if document().fullscreen_element().is_some() {
            document().exit_fullscreen();
        } else if let Some(stage) = stage.get_untracked() {
            let _ = stage.request_fullscreen();
        }
    };
    let sound_title = move || match (has_sound.get(), view.sound.get()) {
        (false, _) => "This camera sends no sound",
        (true, false) => "Sound on (m)",
        (true, true) => "Sound off (m)",
    };
    view! {
        <div class="controls" role="toolbar" aria-label="Picture">
            <button class="button ghost" aria-pressed=move || shared.layers.get().boxes.to_string() title="Boxes (b)"
                on:click=toggle("boxes")>
                <Icon name="boxes"/><span>"Boxes"</span>
            </button>
            <button class="button ghost" aria-pressed=move || shared.layers.get().labels.to_string() title="Labels (l)"
                on:click=toggle("labels")>
                <Icon name="labels"/><span>"Labels"</span>
            </button>
            <button class="button ghost" data-key="m" aria-pressed=move || view.sound.get().to_string() title=sound_title
                disabled=move || !has_sound.get() on:click=move |_| view.sound.update(|on| *on = !*on)>
                {move || if view.sound.get() { view! { <Icon name="sound"/> } } else { view! { <Icon name="mute"/> } }}
                <span>"Sound"</span>
            </button>
            <button class="button ghost" data-key="c" title="Clip of the last 30 s (c)" on:click=move |_| maker.usual()>
                <Icon name="clip"/><span>"Clip"</span>
            </button>
            <span class="spring"></span>
            <SnapshotButton camera/>
            <button class="button ghost" data-key="f" title="Full screen (f)" on:click=full>
                <Icon name="full"/><span>"Full screen"</span>
            </button>
        </div>
    }
}
