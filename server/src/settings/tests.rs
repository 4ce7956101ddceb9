//! The settings file as a whole: what is read, and every mistake with its line.

use super::file::{Context, FileSettings, check};
use super::server::Keep;
use super::*;
use sightline_shared::camera::{DetectWhen, SecondModel};
use sightline_shared::scene::{Point, ZoneKind};
use std::path::Path;
use std::time::Duration;

fn checked(text: &str) -> Result<FileSettings, Vec<Mistake>> {
    let lookup = |name: &str| (name == "YARD_PASSWORD").then(|| "s3cret".to_owned());
    check(text, &Context { folder: Path::new("/etc/sightline"), lookup: &lookup, reserved: &["demo"] })
}

#[test]
fn a_whole_file_is_read() {
    let settings = checked(
        r#"
        version = 1
        [server]
        listen = "localhost:9000"
        allowed_hosts = ["Cameras.lan"]
        media_folders = ["clips", "/srv/video"]
        keep_s = 90
        keep_mb = 12.5

        [[camera]]
        id = "yard"
        name = "Yard"
        url = "rtsp://user:${YARD_PASSWORD}@10.0.0.7/stream1"
        transport = "udp"
        video = "passthrough"
        [camera.detect]
        fps = 2
        min_score = 0.5
        labels = ["motion"]
        key_frames_only = true

        [[camera]]
        url = "/srv/video/door.mp4"
        enabled = false

        [[camera]]
        name = "Two streams"
        [[camera.stream]]
        url = "rtsp://10.0.0.8/main"
        role = "view"
        [[camera.stream]]
        url = "rtsp://10.0.0.8/sub"
        role = ["detect"]
        "#,
    )
    .expect("no mistakes");
    assert_eq!(settings.server.listen.map(|a| a.to_string()).as_deref(), Some("127.0.0.1:9000"));
    assert_eq!(settings.server.allowed_hosts, ["cameras.lan"]);
    assert_eq!(settings.server.media_folders, [Path::new("/etc/sightline/clips"), Path::new("/srv/video")]);
    let keep = Keep { time: Duration::from_secs(90), bytes: 25 << 19, ..Keep::default() };
    assert_eq!(settings.server.keep, keep);
    for (line, words) in
        [("keep_s = -1", "0 to 3600"), ("keep_mb = \"8M\"", "1 to 4096"), ("keep_total_mb = 0", "1 to 262144")]
    {
        let mistakes = checked(&format!("[server]\n{line}\n")).expect_err("a mistake");
        assert!(mistakes[0].line == 2 && mistakes[0].message.contains(words), "{mistakes:?}");
    }
    let [yard, door, two] = &settings.cameras[..] else { panic!("three cameras") };
    assert_eq!(yard.streams[0].origin.masked(), "rtsp://user:***@10.0.0.7/stream1");
    assert!(matches!(&yard.streams[0].origin, Origin::Rtsp { credentials: Some(c), .. } if c.password == "s3cret"));
    assert_eq!((yard.transport, yard.video, yard.enabled), (Transport::Udp, VideoMode::Passthrough, true));
    assert_eq!((yard.detect.fps, yard.detect.min_score, yard.detect.key_frames_only), (2.0, 0.5, true));
    assert_eq!((door.id.as_str(), door.name.as_str(), door.enabled), ("door", "door", false));
    assert_eq!(two.id, "two-streams");
    assert_eq!(two.streams[0].roles, [Role::View]);
    assert_eq!(two.streams[1].roles, [Role::Detect]);
    assert_eq!(checked(""), Ok(FileSettings::default()));
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let text = r#"versoin = 1
[server]
listen = "8080"
colour = "red"
[[camera]]
id = "Yard"
url = "ftp://u:hidden@h/s"
transprot = "tcp"
transport = "tpc"
[camera.detect]
fps = -1
model = "yolo x"
[[camera]]
name = "B"
url = 5
video = "transkode"
[camera.record]
mode = "off"
[[camera]]
id = "c"
url = "rtsp://u:${MISSING}@h"
[[camera]]
id = "c"
[[camera]]
id = "demo"
url = "/x"
[[camera]]
id = "two"
[[camera.stream]]
url = "rtsp://h/1"
role = "view"
[[camera.stream]]
url = "rtsp://h/2"
role = ["view", "record"]
"#;
    let mistakes = checked(text).expect_err("mistakes");
    let expected = [
        (1, "Did you mean `version`"),
        (3, "127.0.0.1:8080"),
        (4, "It knows listen"),
        (6, "a to z"),
        (7, "ftp: is not a scheme"),
        (8, "Did you mean `transport`"),
        (9, "Did you mean \"tcp\""),
        (11, "from 0 to 120"),
        (12, "\"motion\", \"none\" or a model"),
        (15, "must be text"),
        (16, "Did you mean \"transcode\""),
        (17, "`record` in [[camera]] is not built yet"),
        (21, "MISSING} has no value"),
        (22, "needs a `url`"),
        (23, "used twice: also on line 19"),
        (25, "--demo"),
        (29, "Exactly one stream"),
        (34, "Recording is not built yet"),
    ];
    for (line, words) in expected {
        assert!(
            mistakes.iter().any(|m| m.line == line && m.message.contains(words)),
            "line {line}, {words}: not in {mistakes:#?}"
        );
    }
    assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
    assert!(!format!("{mistakes:?}").contains("hidden"));
}

#[test]
fn zones_are_read_and_every_mistake_in_them_has_its_line() {
    let zone = |text: &str| {
        let zones = text.replace('|', "\n");
        checked(&format!("[[camera]]\nurl = \"/x\"\n{zones}")).map(|settings| settings.cameras[0].zones.clone())
    };
    let good = "[[camera.zone]]|id = \"gate\"|points = [[0, 0.5], [1.0, 0.25]]|kind = \"line\"|labels = [\"car\"]";
    let read = zone(good).expect("no mistakes").remove(0);
    assert_eq!((read.id.as_str(), read.name.as_str(), read.kind), ("gate", "gate", ZoneKind::Line));
    assert_eq!((read.points, read.labels), (vec![[0.0, 0.5].into(), [1.0, 0.25].into()], vec!["car".to_owned()]));
    let area = "[[camera.zone]]|id = \"a\"|points = [[0, 0], [1, 0], [1, 1]]";
    for (text, line, words) in [
        ("zone = []", 3, "[[camera.zone]]"),
        ("[[camera.zone]]|id = \"a\"", 3, "needs `points`"),
        ("[[camera.zone]]|points = [[0, 0], [1, 0], [1, 1]]", 3, "needs an `id`"),
        ("[[camera.zone]]|id = \"a\"|points = [[0, 0], [1], [1, 1]]", 5, "a list of pairs"),
        ("[[camera.zone]]|id = \"a\"|points = [[0, 0], [2, 0], [1, 1]]", 5, "[2, 0] is not in the picture"),
        (&format!("{area}|kind = \"polygon\""), 6, "must be one of area, line"),
        (&format!("{area}|dwell_s = \"1 min\""), 6, "from 0 to 86400"),
        (&format!("{area}|dwel_s = 3"), 6, "Did you mean `dwell_s`"),
        (&format!("{area}|labels = \"car\""), 6, "a list of texts"),
        (&format!("{area}|{area}"), 7, "used twice: also on line 3"),
        (&format!("{good}|dwell_s = 5"), 8, "for areas"),
    ] {
        let told = zone(text).expect_err(text);
        assert_eq!(told.len(), 1, "{text}: {told:?}");
        assert!(told[0].line == line && told[0].message.contains(words), "{text}: {told:?}");
    }
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let mistakes = checked("[server]\nlisten = \n").expect_err("a mistake");
    assert_eq!((mistakes.len(), mistakes[0].line), (1, 2));
    for text in ["url = rtsp://u:hidden@h/s", "url = \"rtsp://u:hidden@h/s", "hidden\n", "a = 1\na = \"hidden\"\n"] {
        let mistakes = checked(text).expect_err("a mistake");
        assert!(text.starts_with("hidden") || !mistakes[0].message.contains("hidden"), "{mistakes:?}");
    }
    let mistakes = checked("version = 2").expect_err("a mistake");
    assert!(mistakes[0].message.contains("newer Sightline"));
}

#[test]
fn a_password_is_never_shown() {
    for text in ["rtsp://u:hidden@h/s", "rtsp://h/user=u&password=hidden", "rtsp://a%40b:hidden@h?token=hidden"] {
        let origin = address::read_literal(text).expect("an address");
        let shown =
            format!("{} {origin:?} {:?}", origin.masked(), StreamSettings { origin: origin.clone(), roles: vec![] });
        assert!(!shown.contains("hidden"), "{shown}");
        let credentials = Credentials { user: "u".into(), password: "hidden".into() };
        assert!(!format!("{credentials:?}").contains("hidden"));
    }
}

#[test]
fn the_encoder_is_read_with_units_and_checked_as_a_whole() {
    let camera =
        |lines: &str| format!("[[camera]]\nurl = \"rtsp://h/s\"\nvideo = \"transcode\"\n[camera.encoder]\n{lines}");
    let read = checked(&camera("bitrate = \"2.5M\"\nmax_bitrate = 4000000\npreset = \"p3\"\nfps = 12.5\ngop = 25\n"));
    let encoder = &read.expect("no mistakes").cameras[0].encoder;
    assert_eq!((encoder.bitrate, encoder.max_bitrate), (Some(2_500_000), Some(4_000_000)));
    assert_eq!((encoder.fps, encoder.gop, encoder.quality), (Some(12.5), Some(25), None));
    for (line, words) in [
        ("bitrate = \"8Mbit\"", "such as 2500000"),
        ("bitrate = -5", "such as 2500000"),
        ("preset = \"fast\"", "one of p1, p2"),
        ("qualty = 20", "Did you mean `quality`"),
        ("quality = 52", "from 0 to 51"),
        ("gop = 12.5", "whole number"),
        ("codec = \"av1\"\nbackend = \"x264\"", "svtav1"),
        ("codec = \"hevc\"\nbackend = \"x264\"", "H.264 alone"),
        ("rate_control = \"crf\"\nbitrate = 100000", "max_bitrate"),
    ] {
        let mistakes = checked(&camera(line)).expect_err(line);
        assert!(mistakes.iter().any(|m| m.line >= 5 && m.message.contains(words)), "{line}: {mistakes:?}");
    }
}

#[test]
fn what_a_model_is_told_is_read_and_every_mistake_has_its_line() {
    let camera = |lines: &str| format!("[[camera]]\nurl = \"rtsp://h/s\"\n[camera.detect]\n{lines}");
    let lines = r#"
model = "yolox-nano"
scores = { person = 0.4, car = 1 }
regions = [
  [[0.0, 0.5], [1, 0.5], [0.5, 1.0]],
  [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2], [0.1, 0.2]],
]
when = "motion"
moving_camera = true
[[camera.detect.second]]
model = "ultraface"
labels = ["person"]
[[camera.detect.second]]
model = "/srv/models/plates.onnx"
"#;
    let detect = checked(&camera(lines)).expect("no mistakes").cameras[0].detect.clone();
    assert_eq!((detect.model.as_str(), detect.when, detect.moving_camera), ("yolox-nano", DetectWhen::Motion, true));
    assert_eq!(detect.scores, [("person".to_owned(), 0.4), ("car".to_owned(), 1.0)].into());
    assert_eq!((detect.regions.len(), detect.regions[0][1]), (2, Point { x: 1.0, y: 0.5 }));
    let second = |model: &str, labels: &[&str]| SecondModel {
        model: model.into(),
        labels: labels.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(detect.second, [second("ultraface", &["person"]), second("/srv/models/plates.onnx", &[])]);
    for (lines, line, words) in [
        ("model = \"models/a.onnx\"", 4, "from the root on"),
        ("model = \"/srv/a.pt\"", 4, "its .onnx file"),
        ("fps = 5\nscores = { person = 1.5 }", 5, "`person` must be a number from 0 to 1"),
        ("scores = 0.5", 4, "{ person = 0.4, car = 0.6 }"),
        ("regions = [\n  [[0, 0], [1, 0], [1, 1]],\n  [[0, 0], [1, 1]],\n]", 6, "this one has 2"),
        ("regions = [[[0, 0], [1, 0], [1, 2]]]", 4, "[1, 2] is not in the picture"),
        ("regions = [[1, 2, 3]]", 4, "list of corners"),
        ("regions = \"all\"", 4, "at most 16 polygons"),
        ("when = \"moving\"", 4, "one of always, motion"),
        ("moving_camera = 1", 4, "true or false"),
        ("second = \"ultraface\"", 4, "[{ model ="),
        ("second = [\n{ model = \"a\" },\n{ labels = [] }]", 6, "needs a `model`"),
        ("[[camera.detect.second]]\nmodle = \"a\"", 5, "Did you mean `model`"),
        ("second = [{ model = \"motion\" }]", 4, "`model` of a second model must be"),
        ("second = [{ model = \"a\" }, { model = \"a\" }]", 4, "stands there twice"),
        ("model = \"none\"\nsecond = [{ model = \"a\" }]", 5, "nothing is found"),
    ] {
        let mistakes = checked(&camera(lines)).expect_err(lines);
        assert!(mistakes.iter().any(|m| m.line == line && m.message.contains(words)), "{lines}: {mistakes:?}");
    }
}
