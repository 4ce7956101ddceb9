//! Below the picture while it is drawn on: what can be drawn, what is chosen, and saving.

use super::fields::Fields;
use super::{Scene, save};
use crate::state::scene::Editor;
use crate::state::scene::shape::What;
use leptos::prelude::*;

/// The tools.
#[component]
pub(crate) fn EditorTools(
    /// What is edited.
    scene: Scene,
) -> impl IntoView {
    let Scene { editor, .. } = scene;
    let drawing = Memo::new(move |_| {
        editor.with(|editor| editor.drawing.then(|| editor.shape().map(|shape| shape.what)).flatten())
    });
    let chosen = Memo::new(move |_| editor.with(|editor| editor.chosen));
    let begin = move |what: What| {
        scene.change(|editor| editor.begin(what));
        scene.focus_picture();
    };
    let button = move |what: What| {
        view! {
            <button type="button" class="button small" data-testid=format!("draw-{}", what.word().to_lowercase()) title=what.about()
                aria-pressed=move || (drawing.get() == Some(what)).to_string() on:click=move |_| begin(what)>
                <span class="editor-key" data-kind=what.word() aria-hidden="true"></span>{what.word()}
            </button>
        }
    };
    let finish = move |_| {
        scene.change(Editor::stop_drawing);
        scene.focus_point(0);
    };
    view! {
        <section class="editor-tools" data-testid="editor-tools" aria-label="Draw on the picture">
            <div class="editor-row">
                <span class="quiet editor-word">"Draw"</span>
                {What::ALL.map(button).into_iter().collect_view()}
                <span class="spring"></span>
                <button type="button" class="button small" data-testid="editor-undo" title="Take the newest change back (Ctrl Z)"
                    disabled=move || !editor.with(Editor::can_undo) on:click=move |_| scene.act(Editor::undo)>"Undo"</button>
                <save::Bar scene/>
            </div>
            <p class="fault" role="alert">{move || save::general(scene)}</p>
            <p class="hint" id="editor-help">{move || help(drawing.get(), chosen.get().is_some())}</p>
            <Show when=move || drawing.get().is_some()>
                <div class="editor-row">
                    <button type="button" class="button small primary" data-testid="editor-finish" disabled=move || !editor.with(Editor::can_finish) on:click=finish>
                        {move || if drawing.get() == Some(What::Line) { "Done" } else { "Close the shape" }}
                    </button>
                    <button type="button" class="button small" on:click=move |_| scene.act(Editor::remove)>"Leave it"</button>
                </div>
            </Show>
            <List scene/>
            <Show when=move || chosen.get().is_some() && drawing.get().is_none()>
                <Fields scene/>
            </Show>
        </section>
    }
}

fn help(drawing: Option<What>, chosen: bool) -> String {
    match (drawing, chosen) {
        (Some(What::Line), _) => "Click its points, from one end to the other. By keyboard: arrows move the cross, Enter puts a point, Backspace takes one away.".into(),
        (Some(what), _) => format!(
            "{} Click its corners; a click on the first closes it. By keyboard: arrows move the cross, Enter puts a corner, Backspace takes one away.",
            what.about()
        ),
        (None, true) => "Drag points, or Tab to one and move it by arrows (Shift: faster). Enter on a point adds one behind it, Delete takes it away. A double click on the line adds a point there.".into(),
        (None, false) => "Choose a shape, or draw a new one.".into(),
    }
}

/// All shapes, to be chosen without a pointer.
#[component]
fn List(scene: Scene) -> impl IntoView {
    let Scene { editor, .. } = scene;
    let count = Memo::new(move |_| editor.with(|editor| editor.shapes().len()));
    let one = move |at: usize| {
        let title = move || editor.with(|editor| editor.title(at));
        let kind = move || editor.with(|editor| editor.shapes().get(at).map_or("", |shape| shape.what.word()));
        view! {
            <li>
                <button type="button" class="chip" data-testid="editor-shape" aria-pressed=move || editor.with(|editor| editor.chosen == Some(at)).to_string()
                    on:click=move |_| scene.act(|editor| editor.choose(Some(at)))>
                    <span class="editor-key" data-kind=kind aria-hidden="true"></span>
                    {title}
                    <span class="sr-only">{move || format!(", {}", kind().to_lowercase())}</span>
                </button>
            </li>
        }
    };
    view! {
        <Show when=move || count.get() != 0>
            <ul class="editor-list" aria-label="What is drawn">{move || (0..count.get()).map(one).collect_view()}</ul>
        </Show>
    }
}
