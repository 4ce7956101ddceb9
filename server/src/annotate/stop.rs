//! Signals end a film in order.

use super::AnnotateError;
use crate::api::StopSignal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ctrl-C and SIGTERM stop it, so that nothing unfinished stays behind.
pub(super) fn on_signal(cancel: &Arc<AtomicBool>) -> Result<(), AnnotateError> {
    let cancel = cancel.clone();
    let watched = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = runtime.block_on(async { StopSignal::take() })?;
        let wait = move || {
            runtime.block_on(stop.received());
            cancel.store(true, Ordering::Relaxed);
        };
        std::thread::Builder::new().name("annotate-stop".into()).spawn(wait)
    };
    watched().map(|_| ()).map_err(|e| AnnotateError::Failed(format!("The operating system gives no thread: {e}.")))
}
