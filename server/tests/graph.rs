//! The graph as a whole, in process: the demo camera from its painter to the hub, judged frame by frame.

use sightline::live::Feed;
use sightline::live::hub::{Item, Next};
use sightline::pipeline::cameras::Cameras;
use sightline::pipeline::clock::SystemClock;
use sightline::settings::{CameraSettings, Origin, StreamSettings};
use sightline::source::scene;
use sightline_shared::camera::{CameraState, DetectSettings, Rendition, Role};
use sightline_shared::chunk::ChunkHeader;
use sightline_shared::tracks::Tracks;
use sightline_shared::wire::ServerMessage;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn demo() -> CameraSettings {
    CameraSettings {
        uid: "01DEMO".into(),
        id: "demo".into(),
        name: "Demo".into(),
        enabled: true,
        streams: vec![StreamSettings { origin: Origin::Demo, roles: vec![Role::View, Role::Detect, Role::Record] }],
        transport: Default::default(),
        video: Default::default(),
        detect: DetectSettings { fps: 0.0, ..DetectSettings::default() },
        encoder: Default::default(),
        hardware: Default::default(),
        zones: Default::default(),
        privacy: Default::default(),
        editable: false,
    }
}

/// Whether the tracks hold exactly one square, where it stands in that very frame, found and not computed.
fn exact(tracks: &Tracks) -> bool {
    let n = (tracks.pts.0 / scene::TICKS) as u64;
    let (x, y) = scene::square(n);
    let found: Vec<_> = tracks.tracks.iter().filter(|t| t.label == "demo").collect();
    let [track] = found[..] else { return false };
    let near = |fraction: f32, pixels: usize, size: usize| (fraction * size as f32 - pixels as f32).abs() <= 2.0;
    !track.predicted
        && near(track.x1, x, scene::WIDTH)
        && near(track.y1, y, scene::HEIGHT)
        && near(track.x2, x + scene::SQUARE, scene::WIDTH)
        && near(track.y2, y + scene::SQUARE, scene::HEIGHT)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_camera_s_box_is_found_in_every_frame_and_every_item_is_accounted_for() {
    let cameras = Cameras::new(Arc::new(SystemClock::default())).unwrap();
    cameras.apply(vec![demo()]);
    let camera = cameras.get("demo").unwrap();
    let mut cursor = camera.hub(Rendition::Source).unwrap().join();
    let (mut chunks, mut found) = (Vec::new(), BTreeMap::new());
    while chunks.len() < 240 {
        let next =
            tokio::time::timeout(Duration::from_secs(20), cursor.next()).await.expect("the demo camera gives frames");
        match next {
            Next::Item(Item::Chunk(chunk)) => chunks.push(ChunkHeader::split(&chunk.message).unwrap().0),
            Next::Item(Item::Text(text)) => {
                if let ServerMessage::Tracks(tracks) = serde_json::from_str(&text).unwrap() {
                    assert!(found.insert(tracks.pts, tracks).is_none(), "one final message for every PTS");
                }
            }
            Next::Item(Item::Init(init)) => assert_eq!((init.text.width, init.text.height), (1280, 720)),
            other => panic!("{other:?}"),
        }
    }
    for (n, chunk) in chunks.iter().enumerate() {
        let n = n as u32;
        assert_eq!(chunk.pts, scene::pts(u64::from(n)), "frame n has PTS 3000 n");
        assert_eq!(chunk.sequence, chunks[0].sequence + n);
    }
    let analysed: Vec<_> = found.values().filter(|tracks| tracks.pts >= scene::pts(5)).collect();
    assert!(analysed.len() > 150, "only {} of {} frames were analysed", analysed.len(), chunks.len());
    let wrong: Vec<_> = analysed.iter().filter(|tracks| !exact(tracks)).collect();
    assert!(wrong.is_empty(), "{} of {} wrong, first {:?}", wrong.len(), analysed.len(), wrong.first());
    assert_eq!(camera.describe().state, CameraState::Live);

    cameras.shutdown();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for (name, stage) in camera.timings(Duration::from_secs(60)).stages {
        let dropped: u64 = stage.dropped.values().sum();
        assert_eq!(stage.entered, stage.left + stage.held + dropped, "{name}: {stage:?}");
        // Nobody asked for a rendition, so none was made.
        let is_idle = ["process", "encode"].iter().any(|stage| name.starts_with(stage)) || name == "send";
        assert_eq!(stage.entered > 0, !is_idle, "{name}: {stage:?}");
        assert_eq!(stage.held, 0, "{name} still holds items after the camera was stopped: {stage:?}");
    }
}
