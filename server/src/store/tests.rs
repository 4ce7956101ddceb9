//! The store as a whole, on real files.

use super::*;
use crate::device::Wish;
use crate::pipeline::clock::SimulatedClock;
use crate::settings::files::FileRule;
use sightline_shared::api::{CameraPatch, NewCamera, NewStream};
use sightline_shared::camera::{DetectWhen, SecondModel};
use sightline_shared::device::DecoderChoice;
use sightline_shared::scene::Point;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

pub(super) struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder") }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("sightline.toml")
    }

    pub(super) fn write(&self, text: &str) {
        std::fs::write(self.config(), text).expect("written");
    }

    pub(super) fn text(&self) -> String {
        std::fs::read_to_string(self.config()).expect("text")
    }

    fn secrets(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("data/secrets.toml")).unwrap_or_default()
    }

    pub(super) fn open(&self, demo: bool) -> Result<Store, StoreError> {
        let places = Places { config: self.config(), data_dir: self.dir.path().join("data") };
        Store::open(places, demo, Arc::new(SimulatedClock::new(Duration::from_secs(1_800_000_000))))
    }
}

pub(super) fn new(url: &str) -> NewCamera {
    NewCamera { url: Some(url.into()), ..NewCamera::default() }
}

const WITH_COMMENTS: &str = r#"# My cameras
version = 1 # of the file

[server]
allowed_hosts = ["cameras.lan"] # the router's name

# The first one
[[camera]]
name = "Yard" # over the gate
url = "rtsp://10.0.0.7/stream1" # main stream

[camera.detect]
fps = 2 # enough

# The second one
[[camera]]
id = "door"
url = "rtsp://10.0.0.8/stream1"
"#;

#[test]
fn comments_and_order_outlive_changes() {
    let home = Home::new();
    home.write(WITH_COMMENTS);
    let store = home.open(false).expect("opens");
    let yard = store.snapshot().cameras[0].clone();
    let patch = CameraPatch { name: Some("Back yard".into()), enabled: Some(false), ..CameraPatch::default() };
    let changed = store.change_camera("yard", &patch, &FileRule::Any, None).expect("changed");
    assert_eq!((changed.name.as_str(), changed.enabled, &changed.uid), ("Back yard", false, &yard.uid));
    let expected = WITH_COMMENTS
        .replace("name = \"Yard\" #", "name = \"Back yard\" #")
        .replace("stream1\" # main stream\n", "stream1\" # main stream\nid = \"yard\"\nenabled = false\n");
    assert_eq!(home.text(), expected);
    store.add_camera(&new("rtsp://10.0.0.9/s"), &FileRule::Any, None).expect("added");
    assert!(home.text().starts_with(&expected), "{}", home.text());
    store.delete_camera("10-0-0-9", None).expect("deleted");
    assert_eq!(home.text(), expected);
    store.delete_camera("door", None).expect("deleted");
    assert!(home.text().contains("# The first one") && !home.text().contains("door"), "{}", home.text());
}

#[test]
fn a_camera_with_a_password_is_added_changed_and_deleted() {
    let home = Home::new();
    let store = home.open(false).expect("opens");
    let body = NewCamera { name: Some("Front door".into()), ..new("rtsp://admin:hun%40ter2@10.0.0.7/s") };
    let camera = store.add_camera(&body, &FileRule::Any, None).expect("added");
    assert_eq!((camera.id.as_str(), camera.name.as_str(), camera.uid.len()), ("front-door", "Front door", 26));
    assert!(home.text().contains("url = \"rtsp://admin:${FRONT_DOOR_PASSWORD}@10.0.0.7/s\""), "{}", home.text());
    assert!(home.secrets().contains("FRONT_DOOR_PASSWORD = \"hun@ter2\""), "{}", home.secrets());
    assert_eq!(home.config().metadata().expect("meta").permissions().mode() & 0o777, 0o600);

    let patch = |url: &str| CameraPatch { url: Some(url.into()), ..CameraPatch::default() };
    let kept = store.change_camera("front-door", &patch("rtsp://admin:***@10.0.0.7/sub"), &FileRule::Any, None);
    assert!(format!("{:?}", kept.expect("kept").streams).contains("/sub"));
    assert!(home.secrets().contains("hun@ter2"));
    let elsewhere = store.change_camera("front-door", &patch("rtsp://admin:***@evil/sub"), &FileRule::Any, None);
    assert!(matches!(elsewhere, Err(StoreError::Field { field: "url", code: "password_needed", .. })));
    store.change_camera("front-door", &patch("rtsp://admin:new@10.0.0.7/s"), &FileRule::Any, None).expect("changed");
    assert!(home.secrets().contains("\"new\"") && !home.secrets().contains("hun@ter2"), "{}", home.secrets());

    // The same from a fresh start.
    let again = home.open(true).expect("opens").snapshot().cameras;
    assert_eq!(again.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["demo", "front-door"]);
    assert_eq!(again[1].uid, camera.uid);
    store.delete_camera("front-door", None).expect("deleted");
    assert!(!home.secrets().contains("PASSWORD"), "{}", home.secrets());
    let back = store.add_camera(&body, &FileRule::Any, None).expect("added");
    assert_ne!(back.uid, camera.uid);
}

#[test]
fn a_device_is_pinned_and_let_go_of() {
    let home = Home::new();
    let store = home.open(false).expect("opens");
    let body = NewCamera { id: Some("yard".into()), device: Some("1".into()), ..new("rtsp://10.0.0.7/s") };
    let camera = store.add_camera(&body, &FileRule::Any, None).expect("added");
    assert_eq!(camera.hardware, Wish { device: Some(1), decoder: DecoderChoice::Auto });
    assert!(home.text().contains("device = 1") && !home.text().contains("decoder"), "{}", home.text());
    let change = |device: &str, decoder| {
        let patch = CameraPatch { device: Some(device.into()), decoder, ..CameraPatch::default() };
        store.change_camera("yard", &patch, &FileRule::Any, None).map(|camera| camera.hardware)
    };
    let free = change("auto", Some(DecoderChoice::Software)).expect("changed");
    assert_eq!(free, Wish { device: None, decoder: DecoderChoice::Software });
    let wrong = change("first", None);
    assert!(matches!(wrong, Err(StoreError::Field { field: "device", .. })), "{wrong:?}");
    let again = home.open(false).expect("opens").snapshot().cameras;
    assert_eq!(again[0].hardware, free);
}

#[test]
fn requests_that_are_wrong_change_nothing() {
    let home = Home::new();
    home.write(WITH_COMMENTS);
    let store = home.open(true).expect("opens");
    let media = FileRule::Within(vec![store.places().media()]);
    let with = |change: &dyn Fn(&mut NewCamera)| {
        let mut body = new("rtsp://h/s");
        change(&mut body);
        body
    };
    let stream = |roles: &[Role]| NewStream { url: "rtsp://h/s".into(), roles: roles.to_vec() };
    let cases = [
        (with(&|b| b.url = None), "bad_url"),
        (with(&|b| b.url = Some("exec:ls".into())), "bad_scheme"),
        (with(&|b| b.url = Some("gopher://h/s".into())), "bad_scheme"),
        (with(&|b| b.url = Some("/etc/passwd".into())), "outside_media"),
        (with(&|b| b.url = Some("rtsp://u:${HOME}@h/s".into())), "bad_url"),
        (with(&|b| b.url = Some("rtsp://u:***@h/s".into())), "password_needed"),
        (with(&|b| b.id = Some("../x".into())), "bad_id"),
        (with(&|b| b.name = Some("x".repeat(101))), "bad_name"),
        (with(&|b| b.encoder.quality = Some(99)), "bad_encoder"),
        (with(&|b| b.detect.fps = f64::NAN), "bad_detect"),
        (with(&|b| b.detect.model = "yolo x".into()), "bad_detect"),
        (with(&|b| b.detect.model = "/srv/a.onnx".into()), "outside_models"),
        (with(&|b| b.detect.second = vec![second("/srv/a.onnx")]), "outside_models"),
        (with(&|b| b.detect.regions = vec![vec![]]), "bad_detect"),
        (with(&|b| b.streams = vec![stream(&[Role::View])]), "bad_request"),
        (with(&|b| (b.url, b.streams) = (None, vec![stream(&[Role::Detect])])), "bad_roles"),
        (with(&|b| (b.url, b.streams) = (None, vec![stream(&[Role::View, Role::Record])])), "not_built"),
    ];
    for (body, code) in cases {
        match store.add_camera(&body, &media, None) {
            Err(StoreError::Field { code: found, .. }) => assert_eq!(found, code, "{body:?}"),
            other => panic!("{body:?}: {other:?}"),
        }
    }
    for id in ["door", "demo"] {
        let taken = store.add_camera(&with(&|b| b.id = Some(id.into())), &media, None);
        assert!(matches!(taken, Err(StoreError::Taken(_))), "{id}");
    }
    assert!(matches!(store.delete_camera("demo", None), Err(StoreError::Demo)));
    assert!(matches!(store.delete_camera("none", None), Err(StoreError::NoCamera(_))));
    let stale = store.add_camera(&new("rtsp://h/s"), &media, Some("0123456789abcdef"));
    assert!(matches!(stale, Err(StoreError::Conflict)));
    assert_eq!(home.text(), WITH_COMMENTS);
    assert_eq!(home.secrets(), "");
    let revision = store.snapshot().revision;
    store.add_camera(&new("rtsp://h/s"), &media, Some(&revision)).expect("added");
    assert_ne!(store.snapshot().revision, revision);
}

fn second(model: &str) -> SecondModel {
    SecondModel { model: model.into(), labels: vec!["person".into()] }
}

#[test]
fn what_a_model_is_told_is_written_as_a_person_would() {
    let home = Home::new();
    home.write(WITH_COMMENTS);
    let store = home.open(false).expect("opens");
    let corners = [[0.1, 0.5], [1.0, 0.5], [0.25, 1.0]].map(Point::from);
    let mut detect = DetectSettings {
        model: "/srv/a.onnx".into(),
        fps: 2.0,
        scores: [("person".to_owned(), 0.4)].into(),
        regions: vec![corners.to_vec()],
        when: DetectWhen::Motion,
        second: vec![second("ultraface")],
        ..DetectSettings::default()
    };
    let change = |detect: &DetectSettings, files: &FileRule| {
        let patch = CameraPatch { detect: Some(detect.clone()), ..CameraPatch::default() };
        store.change_camera("yard", &patch, files, None).map(|camera| camera.detect)
    };
    assert_eq!(change(&detect, &FileRule::Any).expect("changed"), detect);
    let written = "fps = 2.0 # enough\nmodel = \"/srv/a.onnx\"\nwhen = \"motion\"\nscores = { person = 0.4 }\n\
                   regions = [[[0.1, 0.5], [1.0, 0.5], [0.25, 1.0]]]\n\
                   second = [{ model = \"ultraface\", labels = [\"person\"] }]\n";
    assert!(home.text().contains(written), "{}", home.text());

    // Whoever may name no path keeps the one that is known; what says the same stays as a person wrote it.
    let by_hand = home.text().replace("{ person = 0.4 }", "{person=0.4} # not less").replace("[[[0.1,", "[ [[0.1,");
    home.write(&by_hand);
    detect.fps = 3.0;
    let media = FileRule::Within(vec![store.places().media()]);
    assert_eq!(change(&detect, &media).expect("changed"), detect);
    assert_eq!(home.text(), by_hand.replace("fps = 2.0", "fps = 3.0"));
    detect.model = "/srv/b.onnx".into();
    assert!(matches!(change(&detect, &media), Err(StoreError::Field { code: "outside_models", .. })));

    change(&DetectSettings::default(), &media).expect("changed");
    let gone = ["person", "regions =", "second ="].iter().all(|word| !home.text().contains(word));
    assert!(gone, "{}", home.text());
}

#[test]
fn two_streams_are_written_and_read_back() {
    let home = Home::new();
    let store = home.open(false).expect("opens");
    let stream = |url: &str, roles: &[Role]| NewStream { url: url.into(), roles: roles.to_vec() };
    let streams = vec![stream("rtsp://u:a@h/1", &[Role::View]), stream("rtsp://u:b@h/2", &[Role::Detect])];
    let body = NewCamera { id: Some("c".into()), streams, ..NewCamera::default() };
    let camera = store.add_camera(&body, &FileRule::Any, None).expect("added");
    assert_eq!(camera.streams[1].roles, [Role::Detect]);
    assert!(home.text().contains("${C_PASSWORD}") && home.text().contains("${C_PASSWORD_2}"), "{}", home.text());
    let patch = CameraPatch { url: Some("rtsp://u:***@h/main".into()), ..CameraPatch::default() };
    let camera = store.change_camera("c", &patch, &FileRule::Any, None).expect("changed");
    assert_eq!(camera.streams[0].origin.masked(), "rtsp://u:***@h/main");
    assert_eq!(camera.streams[1].origin.masked(), "rtsp://u:***@h/2");
}

#[test]
fn a_file_changed_by_hand_is_taken_over_or_refused_as_a_whole() {
    let home = Home::new();
    home.write(WITH_COMMENTS);
    let store = home.open(false).expect("opens");
    let before = store.snapshot();
    assert!(!store.reload().expect("the same"));
    home.write(&WITH_COMMENTS.replace("id = \"door\"", "id = \"door\"\ncolour = 1"));
    let error = store.reload().expect_err("a mistake").to_string();
    assert!(error.contains("line 18") && error.contains("colour"), "{error}");
    assert!(!store.reload().expect("told once"));
    assert_eq!((store.snapshot().cameras, store.snapshot().mistakes.len()), (before.cameras.clone(), 1));
    let refused = store.add_camera(&new("rtsp://h/s"), &FileRule::Any, None);
    assert!(matches!(refused, Err(StoreError::Mistakes { .. })));
    home.write(&WITH_COMMENTS.replace("10.0.0.8", "10.0.0.88"));
    assert!(store.reload().expect("good again"));
    let after = store.snapshot();
    assert_eq!((after.mistakes.len(), &after.cameras[0]), (0, &before.cameras[0]));
    assert_eq!(after.cameras[1].streams[0].origin.masked(), "rtsp://10.0.0.88/stream1");
    assert!(home.open(false).is_ok());
    home.write("[[camera]]\n");
    assert!(matches!(home.open(false), Err(StoreError::Mistakes { .. })));
}

#[test]
fn a_read_only_file_is_said_to_be_so() {
    let home = Home::new();
    home.write(WITH_COMMENTS);
    std::fs::set_permissions(home.config(), std::fs::Permissions::from_mode(0o444)).expect("mode");
    let store = home.open(false).expect("opens");
    let snapshot = store.snapshot();
    assert!(snapshot.read_only.expect("said").contains("read-only"));
    assert!(snapshot.cameras.iter().all(|camera| !camera.editable));
    let refused = store.delete_camera("door", None);
    assert!(matches!(refused, Err(StoreError::ReadOnly(_))));
    assert_eq!(home.text(), WITH_COMMENTS);
}

#[test]
fn a_file_behind_a_link_stays_behind_it() {
    let home = Home::new();
    let real = home.dir.path().join("real.toml");
    std::fs::write(&real, WITH_COMMENTS).expect("written");
    std::os::unix::fs::symlink(&real, home.config()).expect("a link");
    home.open(false).expect("opens").delete_camera("door", None).expect("deleted");
    assert!(home.config().symlink_metadata().expect("meta").is_symlink());
    assert!(!std::fs::read_to_string(&real).expect("text").contains("door"));
}

#[test]
fn a_file_that_is_being_written_or_gone_loses_no_camera() {
    let home = Home::new();
    home.write(WITH_COMMENTS);
    let store = home.open(false).expect("opens");
    let uids = || store.snapshot().cameras.into_iter().map(|camera| camera.uid).collect::<Vec<_>>();
    let before = uids();
    std::fs::remove_file(home.config()).expect("removed");
    assert!(matches!(store.reload(), Err(StoreError::Gone(_))));
    assert!(matches!(store.add_camera(&new("rtsp://h/s"), &FileRule::Any, None), Err(StoreError::Gone(_))));
    // As an editor saves: emptied first, then filled.
    home.write("");
    std::thread::scope(|scope| {
        let filled = std::thread::Builder::new().name("editor".into()).spawn_scoped(scope, || {
            std::thread::sleep(Duration::from_millis(20));
            home.write(&WITH_COMMENTS.replace("10.0.0.8", "10.0.0.88"));
        });
        assert!(store.reload().expect("good"));
        filled.expect("a thread").join().expect("no panic");
    });
    assert_eq!(uids(), before);
    home.write("");
    assert!(store.reload().expect("emptied for good"));
    assert!(uids().is_empty());
}

#[test]
fn the_encoder_is_changed_by_a_merge_patch_and_written_as_it_was() {
    let home = Home::new();
    home.write("[[camera]]\nid = \"a\"\nurl = \"rtsp://h/s\"\n[camera.encoder]\nbitrate = \"2M\" # uplink\ngop = 50\n");
    let store = home.open(true).expect("opens");
    let change = |patch: serde_json::Value| store.change_encoder("a", &patch, None);
    let camera = change(serde_json::json!({ "preset": "p1", "gop": null })).expect("changed");
    assert_eq!((camera.encoder.bitrate, camera.encoder.gop), (Some(2_000_000), None));
    let text = home.text();
    assert!(
        text.contains("bitrate = \"2M\" # uplink") && text.contains("preset = \"p1\"") && !text.contains("gop"),
        "{text}"
    );
    change(serde_json::json!({ "bitrate": 800_000 })).expect("changed");
    assert!(home.text().contains("bitrate = 800000 # uplink"), "{}", home.text());
    let refused = change(serde_json::json!({ "bitrate": 5 })).expect_err("too little");
    assert!(matches!(refused, StoreError::Field { field: "bitrate", code: "bad_encoder", .. }), "{refused:?}");
    // The demo camera stands in no file: it takes the change, and keeps it when the file is read again.
    store.change_encoder(DEMO_ID, &serde_json::json!({ "fps": 10 }), None).expect("changed");
    change(serde_json::json!({ "bitrate": null, "preset": null })).expect("changed");
    assert!(!home.text().contains("encoder"), "{}", home.text());
    let demo = store.snapshot().cameras.remove(0);
    assert_eq!((demo.id.as_str(), demo.encoder.fps), (DEMO_ID, Some(10.0)));
}
