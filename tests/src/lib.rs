//! What the end-to-end tests and the benches share: the built program, cameras real and scripted, viewers, the browser.

pub mod browser;
pub mod child;
pub mod clip;
pub mod fake_camera;
pub mod http_files;
pub mod lossy;
pub mod media;
pub mod media_server;
pub mod mp4;
pub mod program;
pub mod real_camera;
pub mod responder;
pub mod sse;
pub mod standin;
pub mod tiny_model;
pub mod tls;
pub mod transcode;
pub mod viewer;

use std::time::{Duration, Instant};

/// Asks `question` every 20 ms until it gives an answer; panics with `what` when `limit` is over.
///
/// # Panics
/// There was no answer within `limit`.
pub async fn wait_for<T, F, A>(what: &str, limit: Duration, mut question: F) -> T
where
    F: FnMut() -> A,
    A: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(answer) = question().await {
            return answer;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
