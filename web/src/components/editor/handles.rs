//! The points of the chosen shape as buttons: dragged, moved by arrow keys, taken away by delete.

use super::canvas::where_of;
use super::{Scene, arrow, place};
use crate::state::scene::Editor;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, PointerEvent};

/// All of them.
#[component]
pub(super) fn Handles(scene: Scene) -> impl IntoView {
    let count = Memo::new(move |_| scene.editor.with(|editor| editor.shape().map_or(0, |shape| shape.points.len())));
    view! {
        <For each=move || 0..count.get() key=|point| *point let:point>
            <Handle scene point/>
        </For>
    }
}

/// One.
#[component]
fn Handle(scene: Scene, point: usize) -> impl IntoView {
    let Scene { editor, .. } = scene;
    let at = Memo::new(move |_| {
        editor.with(|editor| editor.shape().and_then(|shape| shape.points.get(point).copied())).unwrap_or_default()
    });
    let drawing = Memo::new(move |_| editor.with(|editor| editor.drawing));
    let held = StoredValue::new(false);
    let label = move || {
        let count = editor.with(|editor| editor.shape().map_or(0, |shape| shape.points.len()));
        format!("Point {} of {count}, {}", point + 1, place(at.get()))
    };
    let down = move |event: PointerEvent| {
        // While a shape is drawn a click on its first point closes it: the layer sees to that.
        if event.button() != 0 || drawing.get_untracked() {
            return;
        }
        event.stop_propagation();
        if let Some(handle) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) {
            let _ = handle.set_pointer_capture(event.pointer_id());
        }
        held.set_value(true);
        scene.change(Editor::hold);
    };
    let moved = move |event: PointerEvent| {
        if let Some(to) = where_of(scene, &event).filter(|_| held.get_value()) {
            event.stop_propagation();
            scene.change(|editor| editor.move_point(point, to));
        }
    };
    let up = move |_: PointerEvent| {
        if held.get_value() {
            held.set_value(false);
            scene.change(Editor::let_go);
        }
    };
    view! {
        <button type="button" class="editor-point" data-point=point data-first=(point == 0).to_string() aria-label=label
            tabindex=move || if drawing.get() { "-1" } else { "0" }
            style=move || format!("left:{}%;top:{}%", at.get().x * 100.0, at.get().y * 100.0)
            on:pointerdown=down on:pointermove=moved on:pointerup=up on:pointercancel=up
            on:keydown=move |event| keys(scene, point, &event)></button>
    }
}

/// Keys of a point that has the focus.
fn keys(scene: Scene, point: usize, event: &KeyboardEvent) {
    if event.ctrl_key() || event.alt_key() || event.meta_key() {
        return;
    }
    if let Some((dx, dy)) = arrow(event) {
        scene.change(|editor| editor.nudge(point, dx, dy));
        scene.say_point(point);
    } else {
        match event.key().as_str() {
            "Delete" | "Backspace" => remove(scene, point),
            "Insert" | "+" | "Enter" => {
                if let Some(Some(new)) = scene.change(|editor| editor.split_after(point)) {
                    scene.focus_point(new);
                }
            }
            _ => return,
        }
    }
    event.prevent_default();
    event.stop_propagation();
}

fn remove(scene: Scene, point: usize) {
    match scene.change(|editor| editor.remove_point(point)).flatten() {
        Some(next) => scene.focus_point(next),
        None => {
            scene.said.set("A shape keeps the points that it needs. Delete the whole shape below the picture.".into());
        }
    }
}
