//! Files as cameras: ordinary ones loop, hostile ones lead to one clear message and hurt nobody.

use sightline_shared::camera::{Camera, CameraState};
use sightline_tests::media::{announce, ffmpeg, shared};
use sightline_tests::program::{PATIENCE, Program};
use sightline_tests::viewer::Viewer;
use sightline_tests::wait_for;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// `[[camera]]` for a file.
fn entry(id: &str, path: &Path) -> String {
    format!("[[camera]]\nid = \"{id}\"\nname = \"{id}\"\nurl = \"{}\"\n\n", path.display())
}

/// A file of three seconds with B-frames and sound is played by its own clock, over and over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_with_b_frames_loops_by_its_own_clock() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("clip.mp4");
    let name = path.display().to_string();
    let mut arguments = vec!["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine"];
    arguments
        .extend(["-t", "3", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-bf", "2", "-g", "25", "-c:a", "aac", &name]);
    drop(ffmpeg(&arguments));
    let program = Program::start_config(entry("clip", &path)).await;
    let camera = program.wait_live("clip").await;
    assert_eq!(camera.transport_in_use.as_deref(), Some("file"));
    let start = std::time::Instant::now();
    let chunks = Viewer::open(&program, "clip").await.videos(150).await;
    let took = start.elapsed();
    // The newest GOP comes at once, the rest at 25 frames a second.
    assert!(took > Duration::from_secs(4) && took < Duration::from_secs(30), "150 frames in {took:?}");
    assert!(
        chunks
            .windows(2)
            .all(|two| two[0].header.epoch != two[1].header.epoch || two[0].header.dts < two[1].header.dts)
    );
    assert!(chunks.iter().all(|chunk| chunk.header.dts.0 >= 0 && chunk.header.dts <= chunk.header.pts));
    assert!(chunks.iter().any(|chunk| chunk.header.dts < chunk.header.pts), "B-frames have no composition offset");
}

/// Everything of `media/broken`, and what must become of it.
const REFUSED: [&str; 9] = [
    "invalid_userdata.mp4",
    "bipbop_nonfragment_header.mp4",
    "chunk_out_of_range.mp4",
    "sample_malformed_free_box.mp4",
    "trunc_no_moov.mp4",
    "trunc_mid_moov.mp4",
    "zero_bytes.mp4",
    "random_bytes.mp4",
    "html_not_video.mp4",
];
const PLAYED: [&str; 7] = [
    "sample_mdat_too_long.mp4",
    "sample_missing_stsd.mp4",
    "sample_with_invalid_nalu.mp4",
    "sample_empty_track.mp4",
    "sample_without_stss.mp4",
    "iibbibb_editlist_videoonly.mp4",
    "8k24fps_300ms.mp4",
];
/// One frame, no durations, another codec in a strange box: a picture or a message, but one of them.
const EITHER: [&str; 5] = [
    "sample-with-large-length.avi",
    "h264_white_frame_sar_16_9.mp4",
    "container_says_65535x65535.mp4",
    "huge_16384x8704_1f.mp4",
    "stts_all_zero.mp4",
];

fn id(file: &str) -> String {
    file.split('.').next().unwrap_or(file).replace('_', "-").to_lowercase()
}

fn settled(camera: &Camera) -> bool {
    camera.state == CameraState::Live || camera.reason.as_deref().is_some_and(|reason| !reason.is_empty())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_files_lead_to_a_message_and_hurt_nobody() {
    let Some(folder) = shared("media/broken") else { return };
    let mut config = String::new();
    for file in REFUSED.iter().chain(&PLAYED).chain(&EITHER) {
        config.push_str(&entry(&id(file), &folder.join(file)));
    }
    let program = Program::start_with(sightline_tests::program::Options {
        config: Some(config),
        demo: true,
        ..Default::default()
    })
    .await;
    program.wait_live("demo").await;
    let mut beside = Viewer::open(&program, "demo").await;
    let watched = tokio::spawn(async move { beside.videos(300).await });
    let mut told = String::new();
    for file in REFUSED {
        let camera = program.wait_failed(&id(file)).await;
        let reason = camera.reason.clone().unwrap_or_default();
        assert!(reason.ends_with('.') && reason.split(' ').count() > 2, "{file}: not a sentence: {reason}");
        assert_ne!(camera.state, CameraState::Live, "{file}");
        let _ = writeln!(told, "{file}: {reason}");
    }
    for file in PLAYED {
        program.wait_camera(&id(file), "live or settled", |camera| camera.state == CameraState::Live).await;
    }
    for file in EITHER {
        let camera = program.wait_camera(&id(file), "live or explained", settled).await;
        let _ = writeln!(told, "{file}: {:?} {}", camera.state, camera.reason.unwrap_or_default());
    }
    announce(&told);
    let chunks = watched.await.expect("the demo camera goes on");
    assert!(
        chunks.windows(2).all(|two| two[1].header.sequence == two[0].header.sequence.wrapping_add(1)),
        "demo lost frames"
    );
    // The largest picture decodes to 214 MB and 8K to 100 MB each; without bounds this grows by the second.
    let most = 2 << 30;
    wait_for("memory within bounds", PATIENCE, async || (program.resident_bytes() < most).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(program.resident_bytes() < most, "{} MB resident", program.resident_bytes() >> 20);
    assert!(program.get("/api/health").await.status().is_success());
}

/// The API does not open any path for somebody who is not at this machine; `file:` is refused in words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_not_there_is_said() {
    let program = Program::start().await;
    let id = program.add("gone", "/no/such/file.mp4").await;
    let camera = program.wait_failed(&id).await;
    assert_eq!(camera.reason_code.as_deref(), Some("file"), "{camera:?}");
    assert!(camera.reason.unwrap_or_default().contains("/no/such/file.mp4"));
}

/// Real video of the shared folder, every container and codec that is carried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_files_play() {
    let files = [
        "car-detection.mp4",
        "one-by-one-person-detection.mp4",
        "asl_walk.mkv",
        "hevc_rotated_vfr_two_tracks.mp4",
        "hevc_main10_edit_list_1080p.mp4",
        "trim_optimization_failure.mp4",
        "sample.flv",
        "nasa_13013.mp4",
    ];
    if shared("media").is_none() {
        return;
    }
    let config: String =
        files.iter().filter_map(|file| Some(entry(&id(file), &shared(&format!("media/{file}"))?))).collect();
    let program = Program::start_config(config).await;
    for file in files {
        let camera = program.wait_camera(&id(file), "live or explained", settled).await;
        assert_eq!(camera.state, CameraState::Live, "{file}: {:?}", camera.reason);
        let chunks = Viewer::open(&program, &id(file)).await.videos(20).await;
        for chunk in &chunks {
            assert_eq!(sightline_tests::mp4::chunk(&chunk.mp4).sample_sizes.len(), 1, "{file}");
        }
    }
    let rotated = program.camera("hevc-rotated-vfr-two-tracks").await;
    assert!(rotated.height > rotated.width, "width and height are not those of the picture as shown: {rotated:?}");
}
