//! The draw list as a whole.

use super::*;

#[test]
fn boxes_scale_with_the_picture_and_predictions_are_dashed() {
    let track = Track {
        id: "1".into(),
        label: "demo".into(),
        score: 0.98,
        x1: 0.25,
        y1: 0.5,
        x2: 0.5,
        y2: 1.0,
        predicted: true,
        ..Track::default()
    };
    let tracks = Tracks { tracks: vec![track], ..Tracks::default() };
    let list = draw_list(&tracks, 640.0, 360.0, Layers::default());
    let boxed = Shape::Box { x: 160.0, y: 180.0, width: 160.0, height: 180.0, dashed: true };
    assert_eq!(list[0].shape, boxed);
    assert_eq!(list[0].text.as_deref(), Some("demo 98%"));
    assert!(draw_list(&tracks, 640.0, 360.0, Layers::NONE).is_empty());
}

#[test]
fn a_label_keeps_its_colour() {
    assert_eq!(class_colour("person"), class_colour("person"));
    assert!(CLASS_COLOURS.contains(&class_colour("anything")));
}

#[test]
fn a_label_stays_within_the_picture() {
    let item = |x, y| Item {
        shape: Shape::Box { x, y, width: 50.0, height: 50.0, dashed: false },
        stroke: 2.0,
        colour: 0,
        text: None,
    };
    let above = label_plate(&item(100.0, 100.0), 60.0, 12.0, (640.0, 360.0));
    assert_eq!((above.x, above.y + above.height), (99.0, 99.0));
    let inside = label_plate(&item(620.0, 4.0), 60.0, 12.0, (640.0, 360.0));
    assert_eq!((inside.x + inside.width, inside.y), (640.0, 5.0));
    assert!(label_size(90.0) == 10.0 && label_size(4320.0) == 24.0);
}

/// A picture with one of everything: an area, a line, a trail, a track with a face and a plate.
fn everything() -> (Tracks, Vec<Zone>, Trails) {
    let point = |x, y| Point { x, y };
    let finding = |label: &str, corners| Finding {
        label: label.into(),
        score: 0.9,
        x1: 0.45,
        y1: 0.3,
        x2: 0.55,
        y2: 0.4,
        corners,
    };
    let plate = vec![point(0.45, 0.3), point(0.55, 0.31), point(0.55, 0.4), point(0.45, 0.39)];
    let track = |x1: f32| Track {
        id: "01KAJ3B4YV8Q5Z0M9X2C7RT4GE".into(),
        label: "car".into(),
        score: 0.8,
        x1,
        y1: 0.2,
        x2: x1 + 0.2,
        y2: 0.625,
        findings: vec![finding("face", Vec::new()), finding("plate", plate.clone())],
        ..Track::default()
    };
    let count = |zone: &str, inside, a_to_b| crate::scene::ZoneCount {
        zone: zone.into(),
        label: "car".into(),
        inside,
        a_to_b,
        ..crate::scene::ZoneCount::default()
    };
    let at = |pts, x1| Tracks {
        pts: crate::time::Pts(pts),
        tracks: vec![track(x1)],
        counts: vec![count("yard", 1, 0), count("gate", 0, 2)],
        ..Tracks::default()
    };
    let mut trails = Trails::default();
    [at(0, 0.2), at(9000, 0.3), at(18_000, 0.4)].iter().for_each(|tracks| trails.push(tracks));
    let zone = |id: &str, kind, points| Zone { id: id.into(), kind, points, ..Zone::default() };
    let area = vec![point(0.1, 0.5), point(0.9, 0.5), point(0.9, 0.9), point(0.1, 0.9)];
    let zones = vec![
        zone("yard", ZoneKind::Area, area),
        zone("gate", ZoneKind::Line, vec![point(0.0, 0.75), point(0.5, 0.75)]),
    ];
    (at(18_000, 0.4), zones, trails)
}

#[test]
fn every_layer_is_drawn_by_itself() {
    let (tracks, zones, trails) = everything();
    let scene = Scene { tracks: &tracks, zones: &zones, trails: Some(&trails) };
    let list = |names: &str| draw_list(scene, 1280.0, 720.0, Layers::parse(names).expect("known"));
    let texts = |names: &str| list(names).into_iter().filter_map(|item| item.text).collect::<Vec<_>>();
    let strokes = |names: &str| list(names).iter().filter(|item| item.stroke > 0.0).count();
    assert_eq!((list("none").len(), list("colours").len(), list("findings").len()), (0, 0, 0));
    assert_eq!((strokes("boxes"), strokes("boxes,findings"), strokes("trails"), strokes("zones")), (1, 3, 1, 3));
    assert_eq!(texts("labels"), ["car"]);
    assert_eq!(texts("labels,findings"), ["car", "face", "plate"]);
    assert_eq!((texts("scores"), texts("ids")), (vec!["80%".to_owned()], vec!["#T4GE".to_owned()]));
    assert_eq!(
        (texts("zones"), texts("counts")),
        (vec!["yard".to_owned(), "gate".into()], vec!["1 car".into(), "> 2 car".into()])
    );
    assert_eq!(strokes("labels,scores,ids,counts"), 0);
    // Zones lie under trails, trails under boxes.
    let all = list("all");
    assert!(
        all[..3].iter().all(|item| item.colour == ZONE_COLOUR) && matches!(all[3].shape, Shape::Line(_)),
        "{all:?}"
    );
    assert!(matches!(all[4].shape, Shape::Box { .. }) && all.len() == 7);
    // The area is closed, the trail begins at the thing's foot, the plate has its corners.
    let points = |item: &Item| if let Shape::Line(points) = &item.shape { points.clone() } else { Vec::new() };
    assert_eq!((points(&all[0]).len(), points(&all[0])[0]), (5, points(&all[0])[4]));
    assert_eq!((points(&all[3])[0], points(&all[3]).len()), ((640.0, 450.0), 3));
    assert_eq!(points(&all[6]).len(), 5);
    let colours = |names: &str| list(names).into_iter().map(|item| item.colour).collect::<Vec<_>>();
    assert_eq!(colours("boxes,findings"), [ONE_COLOUR; 3]);
    assert_eq!(colours("boxes,findings,colours"), ["car", "face", "plate"].map(class_colour));
}
