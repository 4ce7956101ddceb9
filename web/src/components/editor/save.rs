//! Saving what is drawn, or leaving it; a refusal goes to the shape that it is about.

use super::Scene;
use crate::api;
use crate::context::{Shared, shared};
use crate::state::scene::{Editor, shape};
use leptos::prelude::*;

/// What is wrong, where it is with no shape in particular, or its shape is not the chosen one.
pub(super) fn general(scene: Scene) -> Option<String> {
    let chosen = scene.editor.with(|editor| editor.chosen);
    scene.fault.with(|fault| {
        let (_, _, words) =
            fault.as_ref().filter(|(at, field, _)| at.is_none() || *at != chosen || field.is_empty())?;
        Some(words.clone())
    })
}

/// Save and leave.
#[component]
pub(super) fn Bar(scene: Scene) -> impl IntoView {
    let shared = shared();
    let Scene { editor, busy, .. } = scene;
    let touched = Memo::new(move |_| editor.with(Editor::touched));
    view! {
        <button type="button" class="button small" data-testid="editor-close" on:click=move |_| leave(scene)>
            {move || if touched.get() { "Discard" } else { "Close" }}
        </button>
        <button type="button" class="button small primary" data-testid="editor-save" disabled=move || busy.get() || !touched.get()
            on:click=move |_| leptos::task::spawn_local(save(scene, shared))>"Save"</button>
    }
}

/// The button: out of what is being drawn first, then out of the editor.
fn leave(scene: Scene) {
    if scene.editor.with_untracked(|editor| editor.drawing) {
        scene.act(Editor::stop_drawing);
        return;
    }
    scene.view.editing.set(false);
}

async fn save(scene: Scene, shared: Shared) {
    scene.act(Editor::stop_drawing);
    scene.busy.set(true);
    let id = scene.id.get_value();
    let answer = match api::camera_revision(&id).await {
        Ok((camera, revision)) => {
            let patch = scene.editor.with_untracked(|editor| shape::patch(editor.shapes(), editor.unmasked(), &camera));
            match patch {
                Ok(Some(patch)) => api::patch_camera(&id, &patch, revision.as_deref()).await,
                Ok(None) => Ok(camera),
                Err((at, field, words)) => {
                    refuse(scene, Some(at), field, words);
                    return scene.busy.set(false);
                }
            }
        }
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(camera) => {
            scene.editor.update(|editor| editor.saved(&camera));
            scene.fault.set(None);
            shared.tell("Saved: it counts from now on.".into());
            shared.refresh();
        }
        Err(failure) => {
            let at = failure.field.as_deref().and_then(|field| {
                scene.editor.with_untracked(|editor| shape::refused(editor.shapes(), field, &failure.message))
            });
            let (at, field) = at.map_or((None, String::new()), |(at, field)| (Some(at), field));
            refuse(scene, at, field, failure.message);
        }
    }
    scene.busy.set(false);
}

fn refuse(scene: Scene, at: Option<usize>, field: String, words: String) {
    if at.is_some() {
        scene.editor.update(|editor| editor.choose(at));
    }
    scene.fault.set(Some((at, field, words)));
}
