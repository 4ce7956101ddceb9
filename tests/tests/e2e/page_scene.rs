//! What is drawn into and over the picture, what happened there, and models, in a real browser.

use crate::page::{one_browser, run};
use serde_json::{Value, json};
use sightline_tests::browser;
use sightline_tests::media::announce;
use sightline_tests::program::Program;
use std::time::Duration;

fn silent(told: &Value, screenshots: &[&str]) {
    assert_eq!(told["axe"], json!([]), "serious findings of axe");
    for name in screenshots {
        assert!(browser::artifacts().join(format!("{name}.png")).is_file(), "no screenshot {name}");
    }
}

/// Zones by mouse and by keyboard alone, refused in words, there after a reload; every layer alone by its key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zones_are_drawn_on_the_live_picture() {
    let _alone = one_browser();
    let program = Program::start_demo().await;
    program.wait_live("demo").await;
    let told = run("scene", vec![("SIGHTLINE_URL", program.url(""))], Duration::from_secs(180)).await;
    announce(&format!("scene: {told}"));
    assert_eq!(told["zones"].as_array().map(Vec::len), Some(2), "{told}");
    assert!(told["words"].as_str().is_some_and(|words| words.contains("cross")), "{told}");
    silent(&told, &["editor-zone-1440", "editor-line-1440", "editor-1024", "editor-390"]);
}
