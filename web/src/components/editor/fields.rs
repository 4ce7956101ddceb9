//! What is typed about the chosen shape: its name, labels, seconds, how it covers.

use super::Scene;
use crate::catalogue;
use crate::components::chips::Chips;
use crate::state::detection;
use crate::state::scene::Editor;
use crate::state::scene::shape::{Shape, What};
use leptos::prelude::*;
use sightline_shared::scene::MaskStyle;

/// The fields.
#[component]
pub(super) fn Fields(scene: Scene) -> impl IntoView {
    let Scene { editor, .. } = scene;
    let what = Memo::new(move |_| editor.with(|editor| editor.shape().map(|shape| shape.what)));
    let of =
        move |pick: fn(&Shape) -> String| move || editor.with(|editor| editor.shape().map(pick)).unwrap_or_default();
    let counts = move || what.get().is_some_and(What::counts);
    view! {
        <div class="form editor-fields" data-testid="editor-fields">
            <Show when=counts>
                <div class="pair">
                    <label>
                        "Name"
                        <input type="text" maxlength="60" autocomplete="off" data-testid="editor-name" aria-describedby="editor-name-told"
                            aria-invalid=move || bad(scene, "name") prop:value=of(|shape| shape.name.clone())
                            on:input=move |event| scene.act(|editor| editor.type_in("name", |shape| shape.name = event_target_value(&event)))/>
                        <Told scene field="name" id="editor-name-told"/>
                    </label>
                    <Show when=move || what.get() == Some(What::Zone)>
                        <label>
                            "Tell who stays longer than, in seconds"
                            <input type="text" inputmode="decimal" class="figure" autocomplete="off" placeholder="nobody" data-testid="editor-dwell" aria-describedby="editor-dwell-told"
                                aria-invalid=move || bad(scene, "dwell_s") prop:value=of(|shape| shape.dwell.clone())
                                on:input=move |event| scene.act(|editor| editor.type_in("dwell_s", |shape| shape.dwell = event_target_value(&event)))/>
                            <Told scene field="dwell_s" id="editor-dwell-told"/>
                        </label>
                    </Show>
                    <Show when=move || what.get() == Some(What::Line)>
                        <div class="editor-turn">
                            <button type="button" class="button small" data-testid="editor-turn" on:click=move |_| scene.act(Editor::turn_round)>"Swap a and b"</button>
                        </div>
                    </Show>
                </div>
                <Labels scene/>
            </Show>
            <Show when=move || what.get() == Some(What::Mask)>
                <MaskFields scene/>
            </Show>
            <p class="hint">{move || (what.get() == Some(What::Region)).then_some("A thing counts where the middle of its lower edge is in a region.")}</p>
            <p class="fault" role="status">
                {move || editor.with(|editor| editor.shape().is_some_and(Shape::is_tangled)).then_some("Its outline crosses itself: move a point, or take one away.")}
            </p>
            <Told scene field="points" id="editor-points-told"/>
            <div class="editor-row">
                <button type="button" class="button small danger-quiet" data-testid="editor-delete" on:click=move |_| scene.act(Editor::remove)>
                    {move || format!("Delete this {}", what.get().map_or("", What::word).to_lowercase())}
                </button>
            </div>
        </div>
    }
}

fn bad(scene: Scene, field: &str) -> Option<&'static str> {
    told(scene, field).map(|_| "true")
}

/// What is wrong with a field of the chosen shape.
fn told(scene: Scene, field: &str) -> Option<String> {
    let chosen = scene.editor.with(|editor| editor.chosen);
    scene.fault.with(|fault| {
        fault
            .as_ref()
            .filter(|(at, name, _)| *at == chosen && at.is_some() && name == field)
            .map(|(_, _, words)| words.clone())
    })
}

#[component]
fn Told(scene: Scene, field: &'static str, id: &'static str) -> impl IntoView {
    view! { <p class="fault" id=id role="alert">{move || told(scene, field)}</p> }
}

/// Labels that count.
#[component]
fn Labels(scene: Scene) -> impl IntoView {
    let catalogue = catalogue::open();
    let all = Memo::new(move |_| {
        let detect =
            scene.camera.with(|camera| camera.as_ref().map(|camera| camera.detect.clone())).unwrap_or_default();
        if !detect.labels.is_empty() {
            return detect.labels;
        }
        catalogue
            .with(|models| detection::find(models, &detect.model).map(|model| model.labels.clone()))
            .unwrap_or_default()
    });
    let chosen = Memo::new(move |_| {
        scene.editor.with(|editor| editor.shape().map(|shape| shape.labels.clone())).unwrap_or_default()
    });
    let toggle = Callback::new(move |label: String| {
        scene.act(|editor| editor.set(|shape| detection::toggle(&mut shape.labels, &label)));
    });
    view! {
        <Show when=move || all.with(|all| !all.is_empty()) || chosen.with(|chosen| !chosen.is_empty())>
            <Chips legend="What counts" none="Everything that is found." all chosen toggle/>
        </Show>
    }
}

/// How a mask covers, and what becomes of what it cannot cover.
#[component]
fn MaskFields(scene: Scene) -> impl IntoView {
    let style = move || scene.editor.with(|editor| editor.shape().map(|shape| shape.style)).unwrap_or_default();
    let option = move |words: &'static str, value: MaskStyle| {
        view! {
            <label class="segment">
                <input type="radio" name="mask-style" prop:checked=move || style() == value
                    on:change=move |_| scene.act(|editor| editor.set(|shape| shape.style = value))/>
                <span>{words}</span>
            </label>
        }
    };
    view! {
        <fieldset class="segments">
            <legend class="sr-only">"How it covers"</legend>
            {option("Filled", MaskStyle::Fill)}
            {option("Coarse cells", MaskStyle::Pixelate)}
        </fieldset>
        <p class="hint">
            "Masks are drawn into what is encoded here: main, small, and pictures and clips of them. The camera's own stream cannot be covered. While there is a mask it is neither served nor kept: viewers get main, which costs an encoder."
        </p>
        <label class="check">
            <input type="checkbox" data-testid="editor-unmasked" prop:checked=move || scene.editor.with(Editor::unmasked)
                on:change=move |event| scene.act(|editor| editor.set_unmasked(event_target_checked(&event)))/>
            "Serve and keep the camera's own stream all the same, without masks"
        </label>
    }
}
