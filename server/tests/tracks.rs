//! The tracker on synthetic scenes with ground truth, scored by `motmetrics` through MOTChallenge text.
//!
//! A scene is things that move by known rules, seen by a detector that errs by known rules: edges are off, looks miss, scores sink where
//! something stands in front, and noise is taken for things. What the tracker makes of it is held against the truth by a public tool, whose
//! Python packages set-up installs; where they are not, the test says so.

use sightline::annotate::mot::{Numbers, rows};
use sightline::pipeline::clock::SimulatedClock;
use sightline::pipeline::detection::{Area, Detection};
use sightline::track::{CameraShift, Tracker};
use sightline_shared::camera::DetectSettings;
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::Track;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// The picture's size in pixels, as MOTChallenge text has boxes.
const PICTURE: (usize, usize) = (1280, 720);
const FPS: i64 = 25;
const TICKS: i64 = 90_000 / FPS;
/// Of what is seen less than this nobody can say where it is.
const HIDDEN: f32 = 0.25;

/// A small generator: the same scenes on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    /// About normal, with a deviation of 1.
    fn noise(&mut self) -> f32 {
        (0..12).map(|_| self.next()).sum::<f32>() - 6.0
    }
}

/// A thing: where it is at a time in seconds, if it is there.
type Thing = Box<dyn Fn(f32) -> Option<Area>>;

/// What is there, how it is seen, and how well it is to be followed.
struct Scene {
    name: &'static str,
    seconds: f32,
    things: Vec<Thing>,
    /// Frames from one look to the next.
    every: i64,
    /// How many looks miss a thing that they should see, of all.
    missed: f32,
    /// False boxes in the mean look, of low scores.
    noise: f32,
    /// What stands in front of everything.
    post: Option<Area>,
    /// How far the camera has swung, in fractions of the picture.
    camera: fn(f32) -> (f32, f32),
    /// Whether frames between looks count: where the camera swings nobody can predict them.
    between: bool,
    /// IDF1 and MOTA at least, and switches of identity at most.
    wanted: (f64, f64, f64),
}

/// A box of `size` whose centre walks from `from` by `speed` a second.
fn walker(from: (f32, f32), speed: (f32, f32), size: (f32, f32)) -> Thing {
    Box::new(move |t| {
        let (x, y) = (from.0 + speed.0 * t, from.1 + speed.1 * t);
        let (w, h) = (size.0 * 0.5, size.1 * 0.5);
        let area = Area { x1: x - w, y1: y - h, x2: x + w, y2: y + h };
        let seen = area.clamped();
        (seen.size() > 0.4 * area.size()).then_some(seen)
    })
}

const PERSON: (f32, f32) = (0.045, 0.22);
const CAR: (f32, f32) = (0.16, 0.14);

/// Where somebody starts, how far they come in a second, and how large they are; in fractions of the picture.
type Walker = ((f32, f32), (f32, f32), (f32, f32));

/// Who walks in a scene.
fn things(name: &str) -> Vec<Thing> {
    let walkers: &[Walker] = match name {
        "crossing" => &[
            ((0.05, 0.50), (0.08, 0.004), PERSON),
            ((0.95, 0.53), (-0.075, -0.004), PERSON),
            ((0.30, 0.48), (0.045, 0.006), PERSON),
            ((0.80, 0.55), (-0.05, -0.003), PERSON),
        ],
        "entry" => &[
            ((-0.1, 0.65), (0.22, 0.0), CAR),
            ((-0.9, 0.65), (0.20, 0.0), CAR),
            ((1.2, 0.45), (-0.25, 0.0), CAR),
            ((2.1, 0.45), (-0.24, 0.0), CAR),
            ((0.5, -0.1), (0.0, 0.07), PERSON),
        ],
        "occlusion" => {
            &[((0.1, 0.5), (0.07, 0.0), PERSON), ((0.9, 0.52), (-0.06, 0.0), PERSON), ((0.0, 0.6), (0.10, 0.0), CAR)]
        }
        "missed looks" => {
            &[((0.2, 0.4), (0.04, 0.01), PERSON), ((0.8, 0.5), (-0.05, 0.0), PERSON), ((0.5, 0.7), (0.0, -0.02), CAR)]
        }
        "shake" => &[
            ((0.30, 0.4), (0.02, 0.0), PERSON),
            ((0.36, 0.42), (0.02, 0.0), PERSON),
            ((0.42, 0.40), (0.02, 0.0), PERSON),
            ((0.70, 0.6), (-0.03, 0.0), PERSON),
            ((0.76, 0.6), (-0.03, 0.0), PERSON),
        ],
        _ => &[
            ((0.05, 0.50), (0.12, 0.004), PERSON),
            ((0.95, 0.53), (-0.1, -0.004), PERSON),
            ((0.0, 0.6), (0.2, 0.0), CAR),
        ],
    };
    walkers.iter().map(|(from, speed, size)| walker(*from, *speed, *size)).collect()
}

/// Twelve people who mill about.
fn crowd() -> Vec<Thing> {
    let person = |n: f32| {
        walker((0.06 + 0.08 * n, 0.3 + 0.04 * (n % 4.0)), (0.05 * (n * 2.1).sin(), 0.02 * (n * 1.3).cos()), PERSON)
    };
    (0..12_u8).map(|n| person(n.into())).collect()
}

/// A scene of twelve seconds, looked at five times a second.
fn scene(name: &'static str, things: Vec<Thing>, wanted: (f64, f64, f64)) -> Scene {
    Scene {
        name,
        seconds: 12.0,
        things,
        every: 5,
        missed: 0.0,
        noise: 0.0,
        post: None,
        camera: |_| (0.0, 0.0),
        between: true,
        wanted,
    }
}

fn scenes() -> Vec<Scene> {
    let scene_of = |name, wanted| scene(name, things(name), wanted);
    let post = Some(Area { x1: 0.47, y1: 0.0, x2: 0.53, y2: 1.0 });
    let swing = |t: f32| (0.05 * (t * 9.0).sin(), 0.03 * (t * 7.0).cos());
    vec![
        scene_of("crossing", (0.96, 0.95, 2.0)),
        Scene { seconds: 10.0, ..scene_of("entry", (0.97, 0.95, 0.0)) },
        Scene { post, ..scene_of("occlusion", (0.96, 0.94, 0.0)) },
        Scene { missed: 0.25, noise: 0.3, ..scene_of("missed looks", (0.95, 0.93, 0.0)) },
        Scene { missed: 0.03, ..scene("crowd", crowd(), (0.97, 0.955, 0.0)) },
        Scene { camera: swing, between: false, ..scene_of("shake", (0.99, 0.99, 0.0)) },
        Scene { every: 1, missed: 0.1, ..scene_of("every frame", (0.98, 0.97, 1.0)) },
    ]
}

/// Everything that is there at `t`, with how much of it can be seen: things whose lower edge is lower stand nearer.
fn truth(scene: &Scene, t: f32) -> Vec<Option<(Area, f32)>> {
    let (dx, dy) = (scene.camera)(t);
    let places: Vec<_> = scene.things.iter().map(|thing| thing(t).map(|area| area.shifted(dx, dy))).collect();
    let seen = |area: &Area| {
        let before = places.iter().flatten().filter(|other| other.y2 > area.y2);
        let post = scene.post.map(|post| post.shifted(dx, dy));
        let hidden = before.chain(post.iter()).map(|other| area.overlap(other)).fold(0.0, f32::max);
        1.0 - hidden / area.size()
    };
    places.iter().map(|area| area.map(|area| (area, seen(&area)))).collect()
}

/// What a detector makes of it: edges off by a twentieth at most looks, scores by how much can be seen, misses, and false boxes.
fn look(scene: &Scene, there: &[Option<(Area, f32)>], chance: &mut Chance) -> Vec<Detection> {
    let label: Arc<str> = Arc::from("person");
    let mut found = Vec::new();
    for (area, seen) in there.iter().flatten() {
        let score = (0.9 * seen + 0.05 * chance.noise()).clamp(0.02, 0.98);
        let mut off = |size: f32| 0.025 * size * chance.noise();
        let area = Area {
            x1: area.x1 + off(area.width()),
            y1: area.y1 + off(area.height()),
            x2: area.x2 + off(area.width()),
            y2: area.y2 + off(area.height()),
        };
        if *seen > 0.12 && chance.next() >= scene.missed {
            found.push(Detection::new(label.clone(), score, area));
        }
    }
    if chance.next() < scene.noise {
        let (x, y, score) = (chance.next() * 0.9, chance.next() * 0.7, 0.12 + 0.4 * chance.next());
        found.push(Detection::new(label, score, Area { x1: x, y1: y, x2: x + 0.06, y2: y + 0.2 }));
    }
    found
}

/// Follows a scene; the truth and what came of it, as MOTChallenge text.
fn run(scene: &Scene, steady: bool) -> (String, String) {
    let settings = DetectSettings { model: "any".into(), ..DetectSettings::default() };
    let mut tracker = Tracker::new(&settings, Arc::new(SimulatedClock::new(Duration::from_secs(1_700_000_000))));
    let (mut chance, mut before) = (Chance(scene.name.len() as u64), 0);
    let (mut expected, mut found) = (String::new(), String::new());
    let (mut expected_numbers, mut numbers) = (Numbers::default(), Numbers::default());
    for n in 0..(scene.seconds * FPS as f32) as i64 {
        let t = n as f32 / FPS as f32;
        let there = truth(scene, t);
        let looked = (n % scene.every == 0).then(|| look(scene, &there, &mut chance));
        if looked.is_some() && steady {
            let seconds = (n - before) as f32 / FPS as f32;
            let (then, now) = ((scene.camera)(t - seconds), (scene.camera)(t));
            let (dx, dy) = (now.0 - then.0, now.1 - then.1);
            tracker.shift(&CameraShift { pts: Pts(n * TICKS), seconds, dx, dy, zoom: 1.0 });
            before = n;
        }
        let counts = scene.between || looked.is_some();
        let tracks = tracker.update(Epoch(0), Pts(n * TICKS), looked).tracks;
        let visible = there.iter().enumerate().filter_map(|(k, thing)| Some((k, thing.filter(|one| one.1 >= HIDDEN)?)));
        let track = |(k, (area, _)): (usize, (Area, f32))| Track {
            id: k.to_string(),
            label: "person".into(),
            score: 1.0,
            x1: area.x1,
            y1: area.y1,
            x2: area.x2,
            y2: area.y2,
            ..Track::default()
        };
        let visible: Vec<_> = visible.map(track).collect();
        if !counts {
            continue;
        }
        expected += &rows(n as u64 + 1, &visible, PICTURE, &mut expected_numbers);
        found += &rows(n as u64 + 1, &tracks, PICTURE, &mut numbers);
    }
    (expected, found)
}

/// What motmetrics says of every pair of files in `folder`; `None` where its packages are not installed.
fn scored(folder: &Path) -> Option<BTreeMap<String, BTreeMap<String, f64>>> {
    let python = std::env::var_os("SIGHTLINE_PYTHON").map(|folder| Path::new(&folder).join("bin/python"));
    let Some(python) = python.filter(|python| python.exists()) else {
        // A closed stderr is no reason to fail a test.
        let _ = writeln!(std::io::stderr(), "skipped: motmetrics is not installed; `make test` installs it.");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mot/score.py");
    let output = Command::new(python).arg(script).arg(folder).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("a table"))
}

#[test]
fn scenes_are_followed_as_well_as_a_public_tool_can_tell() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let scenes = scenes();
    let keep = |name: &str, (expected, found): (String, String)| {
        std::fs::write(folder.path().join(format!("{name}.gt.txt")), expected).expect("the folder is ours");
        std::fs::write(folder.path().join(format!("{name}.txt")), found).expect("the folder is ours");
    };
    for scene in &scenes {
        keep(scene.name, run(scene, scene.name == "shake"));
    }
    let shaken = scenes.iter().find(|scene| scene.name == "shake").expect("there is such a scene");
    keep("untold", run(shaken, false));
    let Some(scores) = scored(folder.path()) else { return };
    let mut wrong = Vec::new();
    for Scene { name, wanted: (idf1, mota, switches), .. } in &scenes {
        let score = &scores[*name];
        println!("{name:14} {score:.3?}");
        if score["idf1"] < *idf1 || score["mota"] < *mota || score["switches"] > *switches {
            wrong.push(format!("{name}: {score:.3?}, wanted IDF1 {idf1}, MOTA {mota}, switches {switches}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(scores["untold"]["switches"] > 20.0, "nobody told how the camera moved, and nothing was lost: {scores:?}");
}
