//! Zones in the settings file: written back as a person would.

use super::tests::{Home, new};
use super::*;
use crate::settings::files::FileRule;
use sightline_shared::api::CameraPatch;
use sightline_shared::scene::{Point, Zone, ZoneKind};

const WITH_ZONES: &str = r#"[[camera]]
id = "yard"
url = "/srv/yard.mp4"

# where the cars stand
[[camera.zone]]
id = "cars" # not the lorries
points = [[0, 0.5], [1, 0.5], [1, 1]] # by hand
dwell_s = 60

[[camera.zone]]
id = "gate"
kind = "line"
points = [[0.2, 0.2], [0.2, 0.9]]

[[camera]]
id = "door"
url = "/srv/door.mp4"
"#;

#[test]
fn zones_are_written_back_as_a_person_would() {
    let home = Home::new();
    home.write(WITH_ZONES);
    let store = home.open(false).expect("opens");
    let mut zones = store.snapshot().cameras[0].zones.clone();
    assert_eq!(zones.iter().map(|zone| zone.id.as_str()).collect::<Vec<_>>(), ["cars", "gate"]);
    let change = |id: &str, zones: &[Zone]| {
        let patch = CameraPatch { zones: Some(zones.to_vec()), ..CameraPatch::default() };
        store.change_camera(id, &patch, &FileRule::Any, None)
    };
    zones[0].points[1] = Point { x: 0.9, y: 0.1 };
    zones[0].labels = vec!["car".into()];
    let changed = change("yard", &zones).expect("changed");
    assert_eq!(changed.zones, zones);
    let expected = WITH_ZONES
        .replace("[[0, 0.5], [1, 0.5], [1, 1]] #", "[[0.0, 0.5], [0.9, 0.1], [1.0, 1.0]] #")
        .replace("dwell_s = 60\n", "dwell_s = 60.0\nlabels = [\"car\"]\n");
    assert_eq!(home.text(), expected);

    // One goes, one comes, and a camera that had none gets one.
    let fresh = Zone { id: "new".into(), name: "New one".into(), points: zones[0].points.clone(), ..Zone::default() };
    change("yard", &[zones[1].clone(), fresh.clone()]).expect("changed");
    change("door", std::slice::from_ref(&fresh)).expect("changed");
    let again = home.open(false).expect("opens").snapshot().cameras;
    assert_eq!(again[0].zones, [zones[1].clone(), fresh.clone()]);
    assert_eq!(again[1].zones, [fresh.clone()]);
    change("yard", &[]).expect("changed");
    let again = home.open(false).expect("opens").snapshot().cameras;
    assert_eq!((again[0].zones.len(), &again[1].zones), (0, &vec![fresh.clone()]), "{}", home.text());

    let wrong = Zone { points: zones[1].points.clone(), ..fresh };
    let refused = change("yard", &[wrong]).expect_err("two points are no area");
    assert!(matches!(refused, StoreError::Field { field: "zones", code: "bad_zones", .. }), "{refused}");
}

#[test]
fn the_demo_camera_takes_zones_until_the_program_ends() {
    let home = Home::new();
    let store = home.open(true).expect("opens");
    let points = [[0.5, 0.9], [0.5, 0.1]].map(Point::from).to_vec();
    let zone = Zone { id: "gate".into(), name: "Gate".into(), kind: ZoneKind::Line, points, ..Zone::default() };
    let patch = CameraPatch { zones: Some(vec![zone.clone()]), ..CameraPatch::default() };
    let demo = store.change_camera("demo", &patch, &FileRule::Any, None).expect("changed");
    assert_eq!(demo.zones, [zone.clone()]);
    let renamed = CameraPatch { name: Some("Mine".into()), ..patch };
    assert!(matches!(store.change_camera("demo", &renamed, &FileRule::Any, None), Err(StoreError::Demo)));
    store.add_camera(&new("rtsp://10.0.0.9/s"), &FileRule::Any, None).expect("added");
    assert_eq!(store.snapshot().cameras[0].zones, [zone], "another camera's change leaves them");
}
