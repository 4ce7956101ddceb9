//! Tests of the scene editor.

use super::*;
use sightline_shared::scene::{Zone, ZoneKind};

fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

fn camera() -> Camera {
    let points = vec![at(0.1, 0.1), at(0.5, 0.1), at(0.5, 0.5)];
    let gate = Zone { id: "gate".into(), name: "Gate".into(), points, ..Zone::default() };
    Camera { zones: vec![gate], width: Some(1280), height: Some(720), ..Camera::default() }
}

#[test]
fn a_zone_is_drawn_point_by_point_and_closed_at_its_first() {
    let mut editor = Editor::of(&camera());
    editor.begin(What::Zone);
    for (x, y) in [(0.2, 0.2), (0.8, 0.2), (0.8, 0.2), (0.8, 0.8)] {
        assert!(!editor.put(at(x, y)));
    }
    assert!(editor.can_finish());
    assert!(editor.put(at(0.205, 0.21)), "a click on the first point closes");
    assert!(!editor.drawing);
    let shape = editor.shape().expect("chosen");
    assert_eq!((shape.points.len(), shape.name.as_str()), (3, "Zone 2"), "a double click is one point");
    assert!(editor.touched());
}

#[test]
fn what_is_not_finished_goes_without_a_trace() {
    let mut editor = Editor::of(&camera());
    editor.begin(What::Line);
    editor.put(at(0.2, 0.2));
    assert!(!editor.can_finish());
    editor.stop_drawing();
    assert_eq!((editor.shapes().len(), editor.chosen, editor.touched()), (1, None, false));
    editor.begin(What::Line);
    editor.put(at(0.2, 0.2));
    editor.put(at(0.9, 0.2));
    editor.choose(Some(0));
    assert_eq!((editor.shapes().len(), editor.chosen), (2, Some(0)), "a line of two points stands");
}

#[test]
fn every_change_is_taken_back_and_a_drag_is_one() {
    let mut editor = Editor::of(&camera());
    editor.choose(Some(0));
    editor.hold();
    for n in 1..=9 {
        editor.move_point(0, at(0.1 * n as f32, 0.3));
    }
    editor.let_go();
    editor.nudge(1, 0.01, -0.5);
    assert_eq!(editor.shape().map(|shape| shape.points[1]), Some(at(0.51, 0.0)), "the edge holds");
    editor.undo();
    editor.undo();
    assert!(!editor.touched() && !editor.can_undo());
    editor.hold();
    editor.let_go();
    editor.set(|shape| shape.name = "Gate".into());
    assert!(!editor.can_undo(), "what changed nothing is nothing to take back");
}

#[test]
fn what_is_typed_is_taken_back_field_by_field() {
    let mut editor = Editor::of(&camera());
    editor.choose(Some(0));
    for name in ["D", "Do", "Door"] {
        editor.type_in("name", |shape| shape.name = name.into());
    }
    editor.type_in("dwell_s", |shape| shape.dwell = "2".into());
    editor.hold();
    editor.move_point(0, at(0.9, 0.9));
    editor.let_go();
    editor.undo();
    assert_eq!(editor.shape().map(|shape| (shape.name.as_str(), shape.dwell.as_str())), Some(("Door", "2")));
    editor.undo();
    assert_eq!(editor.shape().map(|shape| (shape.name.as_str(), shape.dwell.as_str())), Some(("Door", "")));
    editor.undo();
    assert!(!editor.touched());
}

#[test]
fn points_come_in_between_and_go_but_not_below_what_is_needed() {
    let mut editor = Editor::of(&camera());
    editor.choose(Some(0));
    assert_eq!(editor.remove_point(0), None, "a zone of two points is none");
    assert_eq!(editor.split_after(2), Some(3), "between the last and the first");
    assert_eq!(editor.shape().map(|shape| shape.points[3]), Some(at(0.3, 0.3)));
    assert_eq!(editor.split_at(at(0.3, 0.12)), Some(1));
    assert_eq!(editor.remove_point(4), Some(3));
    assert_eq!(editor.remove_point(9), None);
}

#[test]
fn a_line_is_not_split_behind_its_end() {
    let mut editor = Editor::of(&camera());
    editor.begin(What::Line);
    editor.put(at(0.0, 0.5));
    editor.put(at(1.0, 0.5));
    editor.stop_drawing();
    assert_eq!(editor.split_after(1), Some(1));
    assert_eq!(editor.shape().map(|shape| shape.points.clone()), Some(vec![at(0.0, 0.5), at(0.5, 0.5), at(1.0, 0.5)]));
    editor.turn_round();
    assert_eq!(editor.shape().map(|shape| shape.points[0]), Some(at(1.0, 0.5)));
}

#[test]
fn undo_while_drawing_takes_points_away_and_goes_on() {
    let mut editor = Editor::of(&camera());
    editor.begin(What::Zone);
    editor.put(at(0.2, 0.2));
    editor.put(at(0.8, 0.2));
    editor.undo();
    assert!(editor.drawing);
    assert_eq!(editor.shape().map(|shape| shape.points.len()), Some(1));
    editor.undo();
    editor.undo();
    assert!(!editor.drawing && !editor.touched());
}

#[test]
fn a_saved_scene_keeps_what_is_chosen() {
    let mut editor = Editor::of(&camera());
    editor.choose(Some(0));
    editor.shift(0.9, 0.0);
    assert_eq!(editor.shape().map(|shape| shape.points[1].x), Some(1.0), "as far as all points stay in");
    let mut now = camera();
    now.zones[0].points.clone_from(&editor.shapes()[0].points);
    editor.saved(&now);
    assert_eq!((editor.touched(), editor.can_undo(), editor.chosen), (false, false, Some(0)));
    now.zones[0].kind = ZoneKind::Line;
    editor.remove();
    editor.undo();
    assert_eq!(editor.shapes().len(), 1);
}
