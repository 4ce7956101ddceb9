//! The scene editor: shapes on the live picture, what they are called below it, and saving.

mod canvas;
mod fields;
mod handles;
mod save;
mod tools;

use crate::context::{Shared, shared};
use crate::player::PlayerView;
use crate::state::scene::Editor;
use leptos::html;
use leptos::prelude::*;
use sightline_shared::camera::Camera;
use wasm_bindgen::JsCast;

pub(crate) use canvas::EditorCanvas;
pub(crate) use tools::EditorTools;

/// What the parts of the editor share.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    /// The camera's id.
    id: StoredValue<String>,
    /// The camera.
    camera: Memo<Option<Camera>>,
    view: PlayerView,
    /// What is drawn.
    editor: RwSignal<Editor>,
    /// What is wrong: the shape, its field, a sentence.
    fault: RwSignal<Option<(Option<usize>, String, String)>>,
    busy: RwSignal<bool>,
    /// The layer that takes clicks: what is drawn by keyboard is drawn while it has the focus.
    layer: NodeRef<html::Div>,
    /// Said to screen readers.
    said: RwSignal<String>,
}

impl Scene {
    /// For a camera; what is drawn is read when editing begins.
    pub(crate) fn new(id: String, camera: Memo<Option<Camera>>, view: PlayerView) -> Self {
        let scene = Self {
            id: StoredValue::new(id),
            camera,
            view,
            editor: RwSignal::new(Editor::of(&Camera::default())),
            fault: RwSignal::new(None),
            busy: RwSignal::new(false),
            layer: NodeRef::new(),
            said: RwSignal::new(String::new()),
        };
        let shared = shared();
        Effect::new(move |before: Option<bool>| {
            let editing = view.editing.get();
            if editing && before != Some(true) {
                let camera = camera.get_untracked().unwrap_or_default();
                scene.editor.set(Editor::of(&camera));
                scene.fault.set(None);
            }
            shared.escape.set(editing.then(|| Callback::new(move |()| scene.step_back(shared))));
            editing
        });
        on_cleanup(move || shared.escape.set(None));
        scene
    }

    /// Escape: out of what is being drawn, then out of the chosen shape, then out of the editor where nothing would be lost.
    fn step_back(self, shared: Shared) {
        let (drawing, chosen, touched) =
            self.editor.with_untracked(|editor| (editor.drawing, editor.chosen.is_some(), editor.touched()));
        if drawing || chosen {
            self.change(|editor| editor.choose(None));
            self.focus_picture();
        } else if touched {
            shared.tell("What is drawn is not saved yet: save it or discard it.".into());
        } else {
            self.view.editing.set(false);
        }
    }

    /// Changes what is drawn; a fault that was told is no longer of what stands there.
    fn change<T>(self, change: impl FnOnce(&mut Editor) -> T) -> Option<T> {
        self.fault.set(None);
        self.editor.try_update(change)
    }

    /// The same, for who does not ask what came of it.
    fn act<T>(self, change: impl FnOnce(&mut Editor) -> T) {
        let _ = self.change(change);
    }

    /// Says where a point is.
    fn say_point(self, point: usize) {
        let words = self
            .editor
            .with_untracked(|editor| editor.shape().and_then(|shape| shape.points.get(point)).map(|at| place(*at)));
        self.said.set(words.unwrap_or_default());
    }

    /// Gives a point's handle the focus, once it is there.
    fn focus_point(self, point: usize) {
        request_animation_frame(move || {
            let Some(layer) = self.layer.try_get_untracked().flatten() else { return };
            let handle = layer.query_selector(&format!("[data-point='{point}']")).ok().flatten();
            if let Some(handle) = handle.and_then(|handle| handle.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = handle.focus();
            }
        });
    }

    /// Gives the picture itself the focus.
    fn focus_picture(self) {
        request_animation_frame(move || {
            if let Some(layer) = self.layer.try_get_untracked().flatten() {
                let _ = layer.focus();
            }
        });
    }
}

/// `34 % from the left, 60 % from the top`.
fn place(at: sightline_shared::scene::Point) -> String {
    format!("{:.0} % from the left, {:.0} % from the top", at.x * 100.0, at.y * 100.0)
}

/// How far an arrow key moves what has the focus: a hundredth of the picture, five with shift.
fn arrow(event: &web_sys::KeyboardEvent) -> Option<(f32, f32)> {
    let step = if event.shift_key() { 0.05 } else { 0.01 };
    match event.key().as_str() {
        "ArrowLeft" => Some((-step, 0.0)),
        "ArrowRight" => Some((step, 0.0)),
        "ArrowUp" => Some((0.0, -step)),
        "ArrowDown" => Some((0.0, step)),
        _ => None,
    }
}
