//! Tests of shapes: from the settings and back, and what cannot stand.

use super::*;

fn points(count: usize) -> Vec<Point> {
    (0..count).map(|n| Point { x: n as f32 / 10.0, y: 0.5 }).collect()
}

fn camera() -> Camera {
    let gate = Zone { id: "gate".into(), name: "Gate".into(), points: points(4), dwell_s: 2.5, ..Zone::default() };
    let kerb =
        Zone { id: "kerb".into(), name: "Kerb".into(), kind: ZoneKind::Line, points: points(2), ..Zone::default() };
    Camera {
        zones: vec![gate, kerb],
        masks: vec![Mask { style: MaskStyle::Pixelate, points: points(3) }],
        detect: DetectSettings { regions: vec![points(5)], ..DetectSettings::default() },
        ..Camera::default()
    }
}

#[test]
fn what_is_not_touched_changes_nothing() {
    let shapes = shapes(&camera());
    let kinds: Vec<_> = shapes.iter().map(|shape| shape.what).collect();
    assert_eq!(kinds, [What::Zone, What::Line, What::Mask, What::Region]);
    assert_eq!(shapes[0].dwell, "2.5");
    assert_eq!(patch(&shapes, false, &camera()), Ok(None));
}

#[test]
fn the_patch_holds_only_the_lists_that_differ() {
    let mut drawn = shapes(&camera());
    drawn[2].style = MaskStyle::Fill;
    let change = patch(&drawn, true, &camera()).expect("valid").expect("a change");
    assert_eq!((change.zones, change.detect, change.unmasked_source), (None, None, Some(true)));
    assert_eq!(change.masks.map(|masks| masks[0].style), Some(MaskStyle::Fill));
    drawn.remove(3);
    let change = patch(&drawn, false, &camera()).expect("valid").expect("a change");
    assert_eq!(change.detect.map(|detect| detect.regions), Some(Vec::new()));
}

#[test]
fn new_zones_get_ids_of_their_own() {
    let mut drawn = shapes(&camera());
    for name in ["Gate", "  Gate! ", "Höfe & Gärten", "门"] {
        drawn.insert(0, Shape { points: points(3), ..Shape::new(What::Zone, name.into()) });
    }
    let zones = patch(&drawn, false, &camera()).expect("valid").and_then(|change| change.zones).expect("zones");
    let ids: Vec<_> = zones.iter().map(|zone| zone.id.as_str()).collect();
    assert_eq!(ids, ["zone", "h-fe-g-rten", "gate-2", "gate-3", "gate", "kerb"]);
}

#[test]
fn what_cannot_stand_is_named_with_its_field() {
    let one = |change: fn(&mut Vec<Shape>)| {
        let mut drawn = shapes(&camera());
        change(&mut drawn);
        patch(&drawn, false, &camera()).map_err(|(at, field, _)| (at, field))
    };
    assert_eq!(one(|drawn| drawn[0].name = " ".into()), Err((0, "name".into())));
    assert_eq!(one(|drawn| drawn[0].dwell = "long".into()), Err((0, "dwell_s".into())));
    assert_eq!(one(|drawn| drawn[1].points.truncate(1)), Err((1, "points".into())));
    assert_eq!(one(|drawn| drawn[2].points.truncate(2)), Err((2, "points".into())));
}

#[test]
fn a_refusal_finds_its_shape() {
    let drawn = shapes(&camera());
    for (field, wanted) in [
        ("zones[1].name", Some((1, "name"))),
        ("zones.0.dwell_s", Some((0, "dwell_s"))),
        ("masks[0]", Some((2, "points"))),
        ("detect.regions[0]", Some((3, "points"))),
        ("zones[7].name", None),
        ("masks", None),
        ("name", None),
        ("zones[].name", None),
    ] {
        assert_eq!(refused(&drawn, field, "No."), wanted.map(|(at, field)| (at, field.to_owned())), "{field}");
    }
    let told = refused(&drawn, "zones", "`zones[1].points`: the line crosses itself.");
    assert_eq!(told, Some((1, "points".to_owned())));
}

#[test]
fn an_outline_that_crosses_itself_is_tangled() {
    let at = |list: [(f32, f32); 4]| list.map(|(x, y)| Point { x, y }).to_vec();
    let zone = |points| Shape { points, ..Shape::new(What::Zone, String::new()) };
    let bow = at([(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)]);
    assert!(zone(bow.clone()).is_tangled());
    assert!(!zone(at([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)])).is_tangled());
    assert!(!Shape { points: bow, ..Shape::new(What::Line, String::new()) }.is_tangled(), "a line may");
}

#[test]
fn shapes_without_a_name_have_a_number() {
    assert_eq!(Shape::new(What::Mask, "unseen".into()).title(2), "Mask 2");
    assert_eq!(Shape::new(What::Line, String::new()).title(1), "Line 1");
    assert_eq!(Shape::new(What::Line, " Kerb ".into()).title(1), "Kerb");
}
