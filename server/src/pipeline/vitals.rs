//! Signs of life of one stream, and the watchdog that looks for them: at frames, not at sockets.

use super::clock::{Clock, Mono};
use crate::source::SourceError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Without any frame for this long, the connection is given up.
const FROZEN_AFTER: Duration = Duration::from_secs(10);
/// Frames come, but none that decoding could start at.
const NO_KEY_FRAME_AFTER: Duration = Duration::from_secs(40);
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Signs {
    connected: Option<Mono>,
    unit: Option<Mono>,
    frame: Option<Mono>,
    failed: Option<SourceError>,
}

/// When the stream last gave what.
#[derive(Default)]
pub struct Vitals {
    signs: Mutex<Signs>,
}

impl Vitals {
    fn lock(&self) -> MutexGuard<'_, Signs> {
        self.signs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new try begins.
    pub fn reset(&self) {
        *self.lock() = Signs::default();
    }

    /// The connection stands.
    pub fn connected(&self, now: Mono) {
        self.lock().connected = Some(now);
    }

    /// Something of the video track came.
    pub fn unit(&self, now: Mono) {
        self.lock().unit = Some(now);
    }

    /// A frame was passed on.
    pub fn frame(&self, now: Mono) {
        self.lock().frame = Some(now);
    }

    /// The stream cannot be used: the try ends with this.
    pub fn fail(&self, error: SourceError) {
        self.lock().failed.get_or_insert(error);
    }

    /// When this try passed on a frame last.
    pub fn last_frame(&self) -> Option<Mono> {
        self.lock().frame
    }

    /// Returns when the stream is dead: why.
    pub async fn watch(&self, clock: &dyn Clock) -> SourceError {
        loop {
            if let Some(error) = self.verdict(clock.now()) {
                return error;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn verdict(&self, now: Mono) -> Option<SourceError> {
        let signs = self.lock();
        if let Some(error) = &signs.failed {
            return Some(error.clone());
        }
        let connected = signs.connected?;
        let silent = now.since(signs.unit.unwrap_or(connected));
        if silent > FROZEN_AFTER {
            let seconds = silent.as_secs();
            return Some(if signs.unit.is_some() {
                SourceError::new(
                    "frozen",
                    format!("No picture for {seconds} s. The connection stands, but no frames come."),
                )
            } else {
                SourceError::new(
                    "frozen",
                    format!(
                        "The camera accepted the connection but sent no picture for {seconds} s. Where UDP is in use, a \
                         firewall may hold it back: choose TCP."
                    ),
                )
            });
        }
        let waiting = now.since(signs.frame.unwrap_or(connected));
        (waiting > NO_KEY_FRAME_AFTER).then(|| {
            SourceError::new(
                "frozen",
                format!(
                    "The camera sends frames, but no key frame for {} s, so that no picture can be shown. Set its key frame \
                     (I-frame) interval to 2 s and switch off \"smart\" coding.",
                    waiting.as_secs()
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn a_stream_is_judged_by_its_frames() {
        let vitals = Vitals::default();
        assert_eq!(vitals.verdict(at(1000)), None, "connecting has its own time limits");
        vitals.connected(at(1000));
        assert_eq!(vitals.verdict(at(1010)), None);
        assert!(vitals.verdict(at(1011)).unwrap().message.contains("sent no picture"));
        vitals.unit(at(1009));
        vitals.frame(at(1009));
        assert_eq!(vitals.verdict(at(1019)), None);
        assert!(vitals.verdict(at(1020)).unwrap().message.starts_with("No picture for 11 s."));
        vitals.unit(at(1050));
        assert!(vitals.verdict(at(1051)).unwrap().message.contains("no key frame"));
    }
}
