//! Plays any origin into a sink: as a task (RTSP) or on a thread of its own (everything that blocks).

use super::rtsp_session::BY_LIBAV;
use super::{Sink, SourceError, demo, file, network, rtsp};
use crate::pipeline::clock::Clock;
use crate::pipeline::pace::Pace;
use crate::settings::Origin;
use sightline_shared::camera::Transport;
use std::sync::Arc;

/// Connects once and gives frames until the stream ends or breaks; dropped, the source ends, at the latest with the next word
/// of its library. `sink` makes what is given to: it must not be given anything once its [`Pace`] is stopped.
///
/// # Errors
/// Always ends with one: why.
pub async fn play<S: Sink + 'static>(
    origin: &Origin,
    transport: Transport,
    camera: &str,
    sink: impl FnOnce(Arc<Pace>) -> S,
    clock: &Arc<dyn Clock>,
) -> SourceError {
    let pace = Arc::new(Pace::default());
    let mut sink = sink(pace.clone());
    let (own, name) = (clock.clone(), camera.to_owned());
    match origin.clone() {
        Origin::Rtsp { url, credentials } => {
            let end = rtsp::run(&url, credentials.as_ref(), transport, &mut sink, &**clock).await;
            if end.code != BY_LIBAV {
                return end;
            }
            // Motion JPEG: the body that encodes takes over.
            let run = move |sink: &mut S, pace: &Arc<Pace>| {
                network::run(network::Place::Address(&url, credentials.as_ref()), &name, sink, &own, pace)
            };
            on_thread(camera, sink, pace, run).await
        }
        Origin::Network { url, credentials } => {
            let run = move |sink: &mut S, pace: &Arc<Pace>| {
                network::run(network::Place::Address(&url, credentials.as_ref()), &name, sink, &own, pace)
            };
            on_thread(camera, sink, pace, run).await
        }
        Origin::Device(path) => {
            let run = move |sink: &mut S, pace: &Arc<Pace>| {
                network::run(network::Place::Device(&path), &name, sink, &own, pace)
            };
            on_thread(camera, sink, pace, run).await
        }
        Origin::File(path) => {
            on_thread(camera, sink, pace, move |sink: &mut S, pace| file::run(&path, sink, &own, pace)).await
        }
        Origin::Demo => on_thread(camera, sink, pace, move |sink: &mut S, pace| demo::run(sink, &*own, pace)).await,
    }
}

/// Runs a source that blocks on a thread of its own; when the future is dropped the thread is told to end.
async fn on_thread<S: Sink + 'static>(
    camera: &str,
    mut sink: S,
    pace: Arc<Pace>,
    run: impl FnOnce(&mut S, &Arc<Pace>) -> SourceError + Send + 'static,
) -> SourceError {
    struct StopOnDrop(Arc<Pace>);
    impl Drop for StopOnDrop {
        fn drop(&mut self) {
            self.0.stop();
        }
    }
    let _stop = StopOnDrop(pace.clone());
    let (done, end) = tokio::sync::oneshot::channel();
    let started = std::thread::Builder::new().name(format!("source-{camera}")).spawn(move || {
        // Nobody may be waiting any more.
        let _ = done.send(run(&mut sink, &pace));
    });
    if let Err(e) = started {
        return SourceError::new("file", format!("The operating system gives no thread for this source: {e}."));
    }
    end.await.unwrap_or_else(|_| SourceError::new("file", "The source broke off; the log says where."))
}
