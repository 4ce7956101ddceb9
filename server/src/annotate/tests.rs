//! Lines that are written are read back as the same tracks, and wrong ones are refused with their number.

use super::lines::LineReader;
use super::*;
use crate::pipeline::detection::Area;
use crate::pipeline::frame::PixelFormat;
use sightline_shared::scene::Point;
use sightline_shared::tracks::Finding;

fn looked(n: i64, rotation: u16, tracks: Vec<Track>) -> Looked {
    let frame = Frame { rotation, pts: Pts(n * 3000), ..Frame::of_planes(Vec::new(), PixelFormat::I420, (1280, 720)) };
    let found = Detection::new(Arc::from("car"), 0.75, Area { x1: 0.1, y1: 0.2, x2: 0.3, y2: 0.4 });
    let detections = (n % 2 == 0).then(|| vec![found]);
    Looked { tracks: Tracks { epoch: frame.epoch, pts: frame.pts, tracks, ..Tracks::default() }, frame, detections }
}

fn track(label: &str, score: f32, x1: f32) -> Track {
    Track {
        id: "01J".into(),
        label: label.into(),
        score,
        x1,
        y1: 0.25,
        x2: 0.75,
        y2: 0.5,
        predicted: score < 0.5,
        ..Track::default()
    }
}

#[test]
fn lines_are_read_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("found.jsonl");
    let place = Place::reserve(&name, false).unwrap();
    let mut writer = LineWriter::create(&place).unwrap();
    for n in 0..4 {
        let tracks = vec![track("car", 0.875, 0.125 * n as f32 / 2.0), track("person", 0.25, 1.0 / 3.0)];
        writer.write(n as u64, &looked(n, if n == 3 { 90 } else { 0 }, tracks)).unwrap();
    }
    writer.finish().unwrap();
    place.keep(false).unwrap();
    let text = std::fs::read_to_string(&name).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((&first["frame"], &first["pts"], &first["time_s"]), (&0.into(), &0.into(), &0.0.into()));
    assert_eq!(first["tracks"][1]["x1"], 426.666679);
    assert_eq!(first["tracks"][1]["predicted"], true);
    assert_eq!(first["detections"][0]["label"], "car");
    let second: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert!(second.get("detections").is_none(), "it was not looked at");
    assert_eq!(second["time_s"], 0.033333);

    let mut reader = LineReader::open(&name, 0.0, &[]).unwrap();
    let size = (1280, 720);
    // A frame of the output may be left out, and one of another film has none.
    assert_eq!(reader.known(Pts(0), size).unwrap().tracks[0], track("car", 0.875, 0.0));
    assert!(reader.known(Pts(1500), size).unwrap().tracks.is_empty());
    let third = reader.known(Pts(6000), size).unwrap().tracks;
    assert_eq!(third[0], track("car", 0.875, 0.125));
    assert_eq!(third[1], track("person", 0.25, 1.0 / 3.0), "not a bit is lost");
    // The last one was turned: its picture as shown is 720 wide.
    assert_eq!(reader.known(Pts(9000), (720, 1280)).unwrap().tracks[1].x1, 1.0 / 3.0);
    assert!(reader.known(Pts(12_000), size).unwrap().tracks.is_empty());
    let mut cars = LineReader::open(&name, 0.5, &["car".into()]).unwrap();
    assert_eq!(cars.known(Pts(3000), size).unwrap().tracks.len(), 1);
}

/// What second models found, and what zones had counted, go through a file, too.
#[test]
fn findings_and_counts_are_read_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("found.jsonl");
    let place = Place::reserve(&name, false).unwrap();
    let corners = [[0.125, 0.25], [0.375, 0.25], [0.375, 0.75], [0.125, 0.75]].map(Point::from).to_vec();
    let plate = Finding { label: "plate".into(), score: 0.625, x1: 0.1, y1: 0.2, x2: 0.3, y2: 0.7, corners };
    let face = Finding { label: "face".into(), corners: Vec::new(), ..plate };
    let car = Track { findings: vec![plate, face], ..track("car", 0.875, 0.125) };
    let gate = ZoneCount { zone: "gate".into(), label: "car".into(), a_to_b: 3, ..ZoneCount::default() };
    let mut seen = looked(0, 90, vec![car.clone()]);
    seen.tracks.counts.push(gate.clone());
    let mut writer = LineWriter::create(&place).unwrap();
    writer.write(0, &seen).unwrap();
    writer.write(1, &looked(1, 90, vec![track("car", 0.875, 0.125)])).unwrap();
    writer.finish().unwrap();
    place.keep(false).unwrap();

    let text = std::fs::read_to_string(&name).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = &lines[0]["tracks"][0]["findings"];
    assert_eq!(
        (&found[0]["label"], &found[0]["corners"][2][1]),
        (&"plate".into(), &960.0.into()),
        "in pixels as shown"
    );
    assert_eq!((found[1].get("corners"), &lines[0]["counts"][0]["a_to_b"]), (None, &3.into()));
    assert_eq!(
        (lines[1]["tracks"][0].get("findings"), lines[1].get("counts")),
        (None, None),
        "absent where there are none"
    );

    let mut reader = LineReader::open(&name, 0.0, &[]).unwrap();
    let size = (720, 1280);
    assert_eq!(reader.known(Pts(0), size).unwrap(), Known { tracks: vec![car], counts: vec![gate] });
    assert_eq!(reader.known(Pts(3000), size).unwrap().counts, []);
}

#[test]
fn wrong_lines_are_refused_with_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("found.jsonl");
    let said = |text: &str| {
        std::fs::write(&name, text).unwrap();
        let mut reader = match LineReader::open(&name, 0.0, &[]) {
            Ok(reader) => reader,
            Err(e) => return e.to_string(),
        };
        reader.known(Pts(i64::MAX), (16, 16)).err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert_eq!(said("{\"frame\":0,\"pts\":0}\n\n{\"frame\":1,\"pts\":3000,\"tracks\":[]}\n"), "");
    assert!(said("nonsense").starts_with("Line 1 of "), "{}", said("nonsense"));
    assert!(said("{\"frame\":0,\"pts\":0}\n{\"frame\":1}\n").starts_with("Line 2 of "));
    let back = said("{\"frame\":0,\"pts\":9}\n{\"frame\":1,\"pts\":9}\n");
    assert!(back.starts_with("Line 2 of ") && back.contains("goes back in time"), "{back}");
    assert!(LineReader::open(&folder.path().join("no.jsonl"), 0.0, &[]).is_err());
}

#[test]
fn a_place_is_kept_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let wanted = folder.path().join("a.mp4");
    drop(Place::reserve(&wanted, false).unwrap());
    assert!(names().is_empty(), "{:?}", names());
    Place::reserve(&wanted, false).unwrap().keep(false).unwrap();
    assert_eq!(names(), ["a.mp4"]);
    let refused = Place::reserve(&wanted, false).err().unwrap().to_string();
    assert!(refused.ends_with("is there already: choose another name, or overwrite it with --force."), "{refused}");
    Place::reserve(&wanted, true).unwrap().keep(true).unwrap();
    let said = |path: &str| Place::reserve(&folder.path().join(path), false).err().unwrap().to_string();
    assert!(said("none/b.mp4").contains("is not there: make it first."), "{}", said("none/b.mp4"));
    assert!(said(".").contains("is a folder") || said(".").contains("is not the name"), "{}", said("."));
    assert_eq!(names(), ["a.mp4"]);
}
