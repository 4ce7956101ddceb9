//! The layer over the picture: all shapes, the one that is drawn, and what a pointer or the keyboard does there.

use super::handles::Handles;
use super::{Scene, arrow, place};
use crate::state::scene::points::sides;
use crate::state::scene::shape::{Shape, What};
use leptos::prelude::*;
use sightline_shared::scene::Point;
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, PointerEvent};

/// Width of the drawing's own grid; its height follows the picture's ratio.
const GRID: f32 = 1000.0;

/// The layer.
#[component]
pub(crate) fn EditorCanvas(
    /// What is edited.
    scene: Scene,
) -> impl IntoView {
    let Scene { editor, layer, said, .. } = scene;
    let dragged = StoredValue::new(None::<Point>);
    let ratio = Memo::new(move |_| editor.with(|editor| editor.ratio));
    let box_of = move || format!("0 0 {GRID} {}", GRID / ratio.get());
    let drawing = Memo::new(move |_| editor.with(|editor| editor.drawing));
    let count = Memo::new(move |_| editor.with(|editor| editor.shapes().len()));
    let cursor = move || {
        let at = editor.with(|editor| editor.cursor);
        format!("left:{}%;top:{}%", at.x * 100.0, at.y * 100.0)
    };
    let down = move |event: PointerEvent| {
        let Some(at) = where_of(scene, &event).filter(|_| event.button() == 0) else { return };
        if drawing.get_untracked() {
            put(scene, at);
        } else if event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|target| !target.has_attribute("data-shape"))
        {
            scene.change(|editor| editor.choose(None));
        } else {
            dragged.set_value(Some(at));
        }
    };
    let moved = move |event: PointerEvent| {
        let Some(at) = where_of(scene, &event) else { return };
        if drawing.get_untracked() {
            editor.update(|editor| editor.cursor = at);
        } else if let Some(from) = dragged.get_value() {
            scene.change(|editor| editor.shift(at.x - from.x, at.y - from.y));
            dragged.set_value(Some(at));
        }
    };
    let up = move |_: PointerEvent| {
        if dragged.get_value().is_some() {
            dragged.set_value(None);
            scene.change(crate::state::scene::Editor::let_go);
        }
    };
    view! {
        <div class="editor-layer" data-testid="editor-layer" node_ref=layer tabindex="0" role="application" data-drawing=move || drawing.get().to_string()
            style=move || format!("--ratio:{}", ratio.get())
            aria-label="Picture to draw on" aria-describedby="editor-help"
            on:pointerdown=down on:pointermove=moved on:pointerup=up on:pointercancel=up on:pointerleave=up
            on:keydown=move |event| keys(scene, &event)>
            <svg viewBox=box_of aria-hidden="true">
                {move || (0..count.get()).map(|at| view! { <Outline scene at/> }).collect_view()}
            </svg>
            <Ends scene/>
            <Show when=move || drawing.get()>
                <span class="editor-cursor" style=cursor aria-hidden="true"></span>
            </Show>
            <Handles scene/>
            <span class="sr-only" role="status" aria-live="polite">{move || said.get()}</span>
        </div>
    }
}

/// Where a pointer is, in fractions of the picture.
pub(super) fn where_of(scene: Scene, event: &PointerEvent) -> Option<Point> {
    let rect = scene.layer.get_untracked()?.get_bounding_client_rect();
    let part = |at: i32, from: f64, size: f64| (((f64::from(at) - from) / size.max(1.0)) as f32).clamp(0.0, 1.0);
    Some(Point {
        x: part(event.client_x(), rect.left(), rect.width()),
        y: part(event.client_y(), rect.top(), rect.height()),
    })
}

/// The next point of what is drawn.
fn put(scene: Scene, at: Point) {
    let closed = scene.change(|editor| editor.put(at)).unwrap_or(false);
    let count = scene.editor.with_untracked(|editor| editor.shape().map_or(0, |shape| shape.points.len()));
    scene.said.set(if closed { "Closed.".into() } else { format!("Point {count}: {}.", place(at)) });
    if closed {
        scene.focus_point(0);
    }
}

/// Keys while the picture itself has the focus: the cursor, the next point, the last one away, the end.
fn keys(scene: Scene, event: &KeyboardEvent) {
    if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("z") {
        scene.change(crate::state::scene::Editor::undo);
        return event.prevent_default();
    }
    let drawing = scene.editor.with_untracked(|editor| editor.drawing);
    let own = scene.layer.get_untracked().is_some_and(|layer| event.target().as_ref() == Some(layer.as_ref()));
    if !drawing || !own || event.alt_key() {
        return;
    }
    if let Some((dx, dy)) = arrow(event) {
        scene.editor.update(|editor| editor.move_cursor(dx, dy));
        scene.said.set(place(scene.editor.with_untracked(|editor| editor.cursor)));
    } else {
        match event.key().as_str() {
            "Enter" | " " => put(scene, scene.editor.with_untracked(|editor| editor.cursor)),
            "Backspace" | "Delete" => scene.act(crate::state::scene::Editor::unput),
            _ => return,
        }
    }
    event.prevent_default();
    event.stop_propagation();
}

fn path(shape: &Shape, ratio: f32, close: bool) -> String {
    let place = |point: &Point| format!("{:.1} {:.1}", point.x * GRID, point.y * GRID / ratio);
    let places: Vec<_> = shape.points.iter().map(place).collect();
    match places.len() {
        0 => String::new(),
        _ => format!("M{}{}", places.join("L"), if close { "Z" } else { "" }),
    }
}

/// One shape: its area or line, wide enough to be hit.
#[component]
fn Outline(scene: Scene, at: usize) -> impl IntoView {
    let Scene { editor, .. } = scene;
    let shape = Memo::new(move |_| editor.with(|editor| editor.shapes().get(at).cloned()));
    let chosen = Memo::new(move |_| editor.with(|editor| editor.chosen == Some(at)));
    let tangled = Memo::new(move |_| shape.with(|shape| shape.as_ref().is_some_and(Shape::is_tangled)));
    let open = Memo::new(move |_| editor.with(|editor| editor.drawing && editor.chosen == Some(at)));
    let kind = move || shape.with(|shape| shape.as_ref().map_or("", |shape| shape.what.word()));
    let line = move || {
        let ratio = editor.with(|editor| editor.ratio);
        shape.with(|shape| shape.as_ref().map(|shape| path(shape, ratio, shape.what.closed() && !open.get())))
    };
    let down = move |event: PointerEvent| {
        if event.button() == 0 && !editor.with_untracked(|editor| editor.drawing) {
            scene.change(|editor| {
                editor.choose(Some(at));
                editor.hold();
            });
        }
    };
    // A double click on the line puts a point there.
    let split = move |event: web_sys::MouseEvent| {
        let Some(rect) = scene.layer.get_untracked().map(|layer| layer.get_bounding_client_rect()) else { return };
        let x = (f64::from(event.client_x()) - rect.left()) / rect.width();
        let y = (f64::from(event.client_y()) - rect.top()) / rect.height();
        let place = Point { x: x as f32, y: y as f32 };
        if let Some(Some(point)) = scene.change(|editor| (!editor.drawing).then(|| editor.split_at(place)).flatten()) {
            scene.focus_point(point);
        }
    };
    view! {
        <g class="editor-shape" data-kind=kind data-chosen=move || chosen.get().to_string()
            data-tangled=move || (tangled.get() && !open.get()).to_string()>
            <path class="editor-hit" data-shape=at d=line on:pointerdown=down on:dblclick=split></path>
            <path class="editor-rim" d=line></path>
            <path class="editor-line" d=line></path>
        </g>
    }
}

/// The sides of every line, and names of all but the chosen shape's handles.
#[component]
fn Ends(scene: Scene) -> impl IntoView {
    let Scene { editor, .. } = scene;
    let lines = move || {
        editor.with(|editor| {
            let lines = editor.shapes().iter().filter(|shape| shape.what == What::Line);
            lines.filter_map(|shape| sides(&shape.points, editor.ratio)).collect::<Vec<_>>()
        })
    };
    let style = |at: Point, more: &str| format!("left:{}%;top:{}%{more}", at.x * 100.0, at.y * 100.0);
    let one = move |sides: crate::state::scene::points::Sides| {
        view! {
            <span class="editor-side" style=style(sides.a, "")>"a"</span>
            <span class="editor-side" style=style(sides.b, "")>"b"</span>
            <span class="editor-arrow" style=style(sides.at, &format!(";rotate:{}deg", sides.degrees))></span>
        }
    };
    view! { <div aria-hidden="true">{move || lines().into_iter().map(one).collect_view()}</div> }
}
