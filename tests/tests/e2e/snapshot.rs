//! Snapshots of the demo camera: the number in the pixels says which frame it is, and its own box is on it or none.

use reqwest::StatusCode;
use sightline_tests::media::ffmpeg;
use sightline_tests::program::{PATIENCE, Program};
use std::path::Path;
use tempfile::TempDir;

/// A decoded picture: RGB, packed.
struct Picture {
    width: usize,
    rgb: Vec<u8>,
}

impl Picture {
    fn decode(folder: &TempDir, jpeg: &[u8], width: usize) -> Self {
        let path = folder.path().join("snapshot.jpg");
        std::fs::write(&path, jpeg).expect("the folder is ours");
        Self { width, rgb: ffmpeg(&["-i", text(&path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]) }
    }

    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// The frame's number: 24 blocks of 16x16 pixels, most significant bit first.
    fn number(&self) -> u64 {
        (0..24).fold(0, |number, bit| number << 1 | u64::from(self.at(bit * 16 + 8, 8)[1] > 128))
    }

    /// Whether there is a line of the label's colour along the lower edge of frame `n`'s square.
    fn has_box(&self, n: u64) -> bool {
        let (x, y) = (100 + (7 * n % 1000) as usize, 300.0 + (150.0 * (n as f64 / 40.0).sin()).round());
        let colour = sightline_shared::draw::class_colour("demo");
        let is_line = |x: usize, y: usize| {
            let near = |shift: u32, got: u8| (colour >> shift & 255).abs_diff(got.into()) < 60;
            let [r, g, b] = self.at(x, y);
            near(16, r) && near(8, g) && near(0, b)
        };
        let along = |y: usize| (x + 32..x + 64).filter(|x| is_line(*x, y)).count();
        (y as usize + 96 - 4..=y as usize + 96 + 4).any(|y| along(y) > 16)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_the_newest_frame_with_its_own_box_or_none() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let folder = TempDir::new().expect("a folder");
    // Motion is told from its second look on.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let mut newest = 0;
    for round in 0..4 {
        let plain = program.get("/api/cameras/demo/snapshot.jpg").await;
        assert_eq!(plain.headers()["content-type"], "image/jpeg");
        assert!(plain.headers()["content-disposition"].to_str().expect("text").contains("demo 20"));
        assert!(plain.headers()["last-modified"].to_str().expect("text").ends_with(" GMT"));
        let plain = Picture::decode(&folder, &plain.bytes().await.expect("bytes"), 1280);
        let n = plain.number();
        assert!(n > newest, "round {round}: frame {n} after {newest}");
        assert!(!plain.has_box(n), "round {round}: a box nobody asked for on frame {n}");
        // Until the square is known, and where a busy machine left it unlooked at, a frame has no box.
        let with_its_box = async || {
            let drawn = program.get("/api/cameras/demo/snapshot.jpg?overlay=1").await.bytes().await.expect("bytes");
            let drawn = Picture::decode(&folder, &drawn, 1280);
            drawn.has_box(drawn.number()).then(|| drawn.number())
        };
        let with_box = sightline_tests::wait_for("a frame with its own box", PATIENCE, with_its_box).await;
        // Where analysis is behind, as on a machine with other work, it is the newest frame whose boxes are known.
        assert!(with_box + 120 > n, "frame {with_box} after {n}");
        newest = n;
    }
    let small = program.get("/api/cameras/demo/snapshot.jpg?width=320").await.bytes().await.expect("bytes");
    let small = Picture::decode(&folder, &small, 320);
    assert_eq!(small.rgb.len(), 320 * 180 * 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_shown_is_said() {
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    for (query, field) in [("overlay=2", Some("overlay")), ("width=3", Some("width")), ("overlay=yes", None)] {
        let answer = program.get(&format!("/api/cameras/demo/snapshot.jpg?{query}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        let told: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!(told["error"]["field"].as_str(), field, "{told}");
    }
    assert_eq!(program.get("/api/cameras/none/snapshot.jpg").await.status(), StatusCode::NOT_FOUND);
    program.add("gone", "/no/such/file.mp4").await;
    program.wait_failed("gone").await;
    let answer = program.get("/api/cameras/gone/snapshot.jpg").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told: serde_json::Value = answer.json().await.expect("JSON");
    let message = told["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("/no/such/file.mp4"), "{message}");
}
