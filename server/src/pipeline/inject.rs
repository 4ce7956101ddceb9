//! Delays put into stages on purpose, so that a test can see whether the figures tell the truth. Nothing else uses it.

use super::clock::Clock;
use std::collections::BTreeMap;
use std::time::Duration;

/// The stages that can be slowed down.
pub const STAGES: [&str; 8] = ["source", "fragment", "decode", "process", "detect", "track", "encode", "send"];

/// How long each frame is held up in which stage; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inject(BTreeMap<&'static str, Duration>);

impl Inject {
    /// From `STAGE=MILLISECONDS`, as the hidden option `--inject` of `serve` takes it.
    ///
    /// # Errors
    /// Words for a person.
    pub fn parse<'a>(given: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut delays = BTreeMap::new();
        for text in given {
            let (stage, ms) = text.split_once('=').unwrap_or((text, ""));
            let stage = STAGES.into_iter().find(|known| *known == stage);
            let ms = ms.parse::<u64>().ok().filter(|ms| *ms <= 10_000);
            let (Some(stage), Some(ms)) = (stage, ms) else {
                let stages = STAGES.join(", ");
                return Err(format!("--inject {text}: write STAGE=MILLISECONDS; the stages are {stages}."));
            };
            delays.insert(stage, Duration::from_millis(ms));
        }
        Ok(Self(delays))
    }

    /// The delay of a stage.
    #[must_use]
    pub fn of(&self, stage: &str) -> Duration {
        self.0.get(stage).copied().unwrap_or_default()
    }

    /// Holds the calling thread up for as long as `stage` is to take longer.
    pub fn pause(&self, stage: &str, clock: &dyn Clock) {
        if !self.0.is_empty() {
            let delay = self.of(stage);
            if !delay.is_zero() {
                clock.pause(delay);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_read_or_refused_in_words() {
        let inject = Inject::parse(["encode=50", "decode=7"]).unwrap();
        assert_eq!((inject.of("encode"), inject.of("track")), (Duration::from_millis(50), Duration::ZERO));
        for wrong in ["encode", "encode=", "paint=5", "encode=-1", "encode=99999"] {
            assert!(Inject::parse([wrong]).unwrap_err().contains("STAGE=MILLISECONDS"), "{wrong}");
        }
    }
}
