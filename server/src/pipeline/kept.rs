//! What is kept of a camera for clips: a ring for each rendition of which clips are made, filled by the tap of its hub.

use crate::live::hub::{Hub, HubLimits, Item, Tap};
use crate::record::ring::{Keeper, Ring};
use sightline_shared::camera::Rendition;
use std::sync::Arc;

/// The rings of one camera. They outlive changes of its settings, and stay as they are while it is away: what it saw last is what
/// people look for then.
pub struct Kept {
    source: Arc<Ring>,
    main: Arc<Ring>,
}

impl Kept {
    /// Empty rings.
    #[must_use]
    pub fn new(keeper: &Arc<Keeper>) -> Self {
        Self { source: Ring::new(keeper.clone()), main: Ring::new(keeper.clone()) }
    }

    /// Keeps `source` from now on, or forgets what was kept of it and keeps nothing more.
    pub fn keep_source(&self, keep: bool) {
        self.source.keep(keep);
    }

    /// The ring of a rendition, if it is one that is kept.
    #[must_use]
    pub fn ring(&self, rendition: Rendition) -> Option<&Arc<Ring>> {
        match rendition {
            Rendition::Source => Some(&self.source),
            Rendition::Main => Some(&self.main),
            Rendition::Small => None,
        }
    }

    /// A hub for a rendition that is kept as well where it is to be.
    #[must_use]
    pub fn new_hub(&self, rendition: Rendition) -> Arc<Hub> {
        match self.ring(rendition) {
            Some(ring) => Hub::with_tap(HubLimits::default(), Arc::new(Filler(ring.clone()))),
            None => Hub::new(HubLimits::default()),
        }
    }
}

struct Filler(Arc<Ring>);

/// How tracks messages begin; others (a frame's stamps) belong to live alone.
const TRACKS: &str = "{\"type\":\"tracks\"";

impl Tap for Filler {
    fn item(&self, item: &Item) {
        match item {
            Item::Init(init) => self.0.init(init),
            Item::Chunk(chunk) => self.0.chunk(chunk),
            Item::Text(text) if text.starts_with(TRACKS) => self.0.tracks(text),
            Item::Text(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::intake::text;
    use super::*;
    use crate::settings::server::Keep;
    use sightline_shared::wire::{ServerMessage, Stages};

    #[test]
    fn tracks_are_known_by_how_they_begin() {
        let begins = |message| matches!(text(&message), Item::Text(text) if text.starts_with(TRACKS));
        assert!(begins(ServerMessage::Tracks(Default::default())));
        let stages =
            Stages { epoch: Default::default(), pts: Default::default(), stamps: Vec::new(), captured_utc_ms: None };
        assert!(!begins(ServerMessage::Stages(stages)));
    }

    #[test]
    fn clips_are_made_of_source_and_main() {
        let keeper = Arc::new(Keeper::default());
        let kept = Kept::new(&keeper);
        let known = [Rendition::Source, Rendition::Main, Rendition::Small].map(|of| kept.ring(of).is_some());
        assert_eq!(known, [true, true, false]);
        assert_eq!(keeper.limits(), Keep::default());
    }
}
