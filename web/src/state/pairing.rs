//! Which tracks are drawn: those of exactly the frame on screen, or none.

use super::FrameKey;
use sightline_shared::scene::ZoneCount;
use sightline_shared::tracks::Tracks;
use std::collections::BTreeMap;

/// Tracks messages that are kept: 20 s at 30/s, more than any delay a player has.
const MAX_TRACKS: usize = 600;

/// The tracks that came, the frame on screen, and the count of frames that had to go without.
#[derive(Default)]
pub(crate) struct Pairing {
    known: BTreeMap<FrameKey, Tracks>,
    shown: Option<FrameKey>,
    drawn: Option<FrameKey>,
    unpaired: u64,
    late: u64,
    shown_count: u64,
    counts: Vec<ZoneCount>,
}

impl Pairing {
    /// A frame is on screen now (`None`: one that nothing is known of). Gives the tracks to draw; without any the overlay must
    /// be cleared.
    pub(crate) fn show(&mut self, key: Option<FrameKey>) -> Option<&Tracks> {
        // The browser may tell of a frame twice: once when it was painted early, once in its turn.
        let first = self.shown != key;
        self.shown = key;
        self.drawn = None;
        let key = key?;
        self.shown_count += u64::from(first);
        if !self.known.contains_key(&key) {
            // Where no tracks come at all, analysis is off, and nothing is missing.
            self.unpaired += u64::from(first && !self.known.is_empty());
            return None;
        }
        self.drawn = Some(key);
        let tracks = self.known.get(&key)?;
        self.counts.clone_from(&tracks.counts);
        Some(tracks)
    }

    /// Tracks came. Gives them back if they belong to the frame that is on screen, to be drawn now.
    pub(crate) fn arrive(&mut self, tracks: Tracks) -> Option<&Tracks> {
        let key = FrameKey::new(tracks.epoch, tracks.pts);
        self.known.insert(key, tracks);
        if self.known.len() > MAX_TRACKS {
            self.known.pop_first();
        }
        if self.shown != Some(key) {
            return None;
        }
        self.late += u64::from(self.drawn.is_none());
        self.drawn = Some(key);
        let tracks = self.known.get(&key)?;
        self.counts.clone_from(&tracks.counts);
        Some(tracks)
    }

    /// The stream begins anew (another connection): what was known may never be shown.
    pub(crate) fn reset(&mut self) {
        self.known.clear();
    }

    /// The frame on screen.
    pub(crate) fn shown(&self) -> Option<FrameKey> {
        self.shown
    }

    /// The frame whose tracks are drawn: that on screen, or none.
    pub(crate) fn drawn(&self) -> Option<FrameKey> {
        self.drawn
    }

    /// The tracks that are drawn.
    pub(crate) fn current(&self) -> Option<&Tracks> {
        self.drawn.and_then(|key| self.known.get(&key))
    }

    /// What zones had counted by the newest frame on screen whose tracks are known.
    pub(crate) fn counts(&self) -> &[ZoneCount] {
        &self.counts
    }

    /// Frames that came on screen before their tracks.
    pub(crate) fn unpaired(&self) -> u64 {
        self.unpaired
    }

    /// How many of these got their tracks while they were still on screen.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    /// Frames shown.
    pub(crate) fn shown_count(&self) -> u64 {
        self.shown_count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::time::{Epoch, Pts};

    fn key(epoch: u32, pts: i64) -> FrameKey {
        FrameKey::new(Epoch(epoch), Pts(pts))
    }

    fn tracks(epoch: u32, pts: i64) -> Tracks {
        Tracks { epoch: Epoch(epoch), pts: Pts(pts), ..Tracks::default() }
    }

    #[test]
    fn only_the_frames_own_tracks_are_drawn() {
        let mut pairing = Pairing::default();
        assert!(pairing.arrive(tracks(0, 3000)).is_none());
        assert_eq!(pairing.show(Some(key(0, 3000))).map(|t| t.pts), Some(Pts(3000)));
        assert!(pairing.show(Some(key(0, 6000))).is_none());
        assert_eq!(pairing.drawn(), None);
        assert!(pairing.show(Some(key(1, 3000))).is_none(), "the same PTS of another epoch is another frame");
        assert_eq!(pairing.unpaired(), 2);
    }

    #[test]
    fn tracks_that_come_while_the_frame_is_on_screen_are_drawn_then() {
        let mut pairing = Pairing::default();
        pairing.arrive(tracks(0, 0));
        pairing.show(Some(key(0, 3000)));
        assert!(pairing.arrive(tracks(0, 6000)).is_none());
        assert!(pairing.arrive(tracks(0, 3000)).is_some());
        assert_eq!((pairing.drawn(), pairing.unpaired(), pairing.late()), (Some(key(0, 3000)), 1, 1));
        pairing.show(Some(key(0, 9000)));
        pairing.show(Some(key(0, 9000)));
        assert_eq!((pairing.unpaired(), pairing.shown_count()), (2, 2), "told twice is shown once");
    }

    #[test]
    fn counts_stay_while_a_frame_has_none_of_its_own() {
        let counted =
            |pts, entered| Tracks { counts: vec![ZoneCount { entered, ..ZoneCount::default() }], ..tracks(0, pts) };
        let mut pairing = Pairing::default();
        pairing.arrive(counted(3000, 1));
        pairing.show(Some(key(0, 3000)));
        pairing.show(Some(key(0, 6000)));
        assert_eq!(pairing.counts()[0].entered, 1);
        pairing.arrive(counted(6000, 2));
        assert_eq!(pairing.counts()[0].entered, 2, "what came late for the frame on screen counts too");
    }

    #[test]
    fn without_analysis_nothing_is_unpaired() {
        let mut pairing = Pairing::default();
        pairing.show(Some(key(0, 0)));
        pairing.show(None);
        assert_eq!((pairing.unpaired(), pairing.shown(), pairing.shown_count()), (0, None, 1));
    }

    #[test]
    fn memory_stays_bounded() {
        let mut pairing = Pairing::default();
        for n in 0..5000 {
            pairing.arrive(tracks(0, n));
        }
        assert_eq!(pairing.known.len(), MAX_TRACKS);
        pairing.reset();
        assert!(pairing.show(Some(key(0, 4999))).is_none());
    }
}
