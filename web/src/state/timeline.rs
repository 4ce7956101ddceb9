//! The media timeline of one MediaSource: where each frame is put, and which frame a media time is.
//!
//! Epochs follow each other without a gap by way of `timestampOffset`. A gap within an epoch is closed in the same way:
//! Media Source Extensions (section 3.5.8, "coded frame processing") drop everything up to the next key frame when two
//! frames lie more than two durations apart, which a camera does whenever it slows its shutter or loses a packet.

use super::FrameKey;
use sightline_shared::chunk::ChunkHeader;
use sightline_shared::time::TIMESCALE;
use std::collections::VecDeque;

/// Frames that are remembered: more than two minutes at 30/s, or a GOP of one minute at 60/s.
const MAX_FRAMES: usize = 4096;
/// Offsets that are remembered for audio, which may come somewhat later than the video beside it.
const MAX_OFFSETS: usize = 64;
/// A media time within this of a frame's own is that frame: browsers keep whole microseconds, frames lie 4 ms or more apart.
const MATCH_US: i64 = 500;

/// Where a chunk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The SourceBuffer's `timestampOffset` for it, in microseconds; always whole milliseconds, so that no rounding is added.
    pub(crate) offset_us: i64,
    /// Media time of the frame in microseconds.
    pub(crate) media_us: i64,
    /// Whether media time here does not follow the camera's: a new epoch, or a gap that was closed.
    pub(crate) discontinuity: bool,
}

#[derive(Clone, Copy)]
struct Last {
    epoch: sightline_shared::time::Epoch,
    dts_us: i64,
    duration_us: i64,
    offset_us: i64,
}

/// The media timeline.
#[derive(Default)]
pub(crate) struct Timeline {
    frames: VecDeque<(i64, FrameKey)>,
    offsets: VecDeque<(FrameKey, i64)>,
    last: Option<Last>,
    end_us: i64,
    gaps_closed: u64,
}

fn us(ticks: i64) -> i64 {
    // Rounded down, as Chromium's MP4 parser does.
    (i128::from(ticks) * 1_000_000).div_euclid(i128::from(TIMESCALE)) as i64
}

fn ceil_ms(us: i64) -> i64 {
    us.div_euclid(1000) * 1000 + if us.rem_euclid(1000) == 0 { 0 } else { 1000 }
}

impl Timeline {
    /// Places the next video chunk.
    pub(crate) fn video(&mut self, header: &ChunkHeader) -> Place {
        let (pts_us, dts_us) = (us(header.pts.0), us(header.dts.0));
        let (offset_us, discontinuity) = self.offset_for(header, pts_us, dts_us);
        let key = FrameKey::new(header.epoch, header.pts);
        if discontinuity {
            self.offsets.push_back((key, offset_us));
            if self.offsets.len() > MAX_OFFSETS {
                self.offsets.pop_front();
            }
        }
        let duration_us = us(i64::from(header.duration)).max(1);
        self.last = Some(Last { epoch: header.epoch, dts_us, duration_us, offset_us });
        let media_us = pts_us + offset_us;
        self.end_us = self.end_us.max(media_us + duration_us);
        self.remember(media_us, key);
        Place { offset_us, media_us, discontinuity }
    }

    fn offset_for(&mut self, header: &ChunkHeader, pts_us: i64, dts_us: i64) -> (i64, bool) {
        let Some(last) = self.last else {
            // Media time begins at zero, and with reordering so much later that no DTS is below it.
            return (ceil_ms(-dts_us), true);
        };
        if last.epoch != header.epoch {
            return (ceil_ms(self.end_us - pts_us), true);
        }
        let step = dts_us - last.dts_us;
        // The limit of Media Source Extensions is 2; rounding to microseconds must not decide it.
        if step > last.duration_us * 2 - 1000 {
            self.gaps_closed += 1;
            return (ceil_ms(last.dts_us + last.duration_us + last.offset_us - dts_us), true);
        }
        (last.offset_us, false)
    }

    fn remember(&mut self, media_us: i64, key: FrameKey) {
        let at = self.frames.iter().rposition(|(other, _)| *other <= media_us).map_or(0, |i| i + 1);
        self.frames.insert(at, (media_us, key));
        if self.frames.len() > MAX_FRAMES {
            self.frames.pop_front();
        }
    }

    /// Places an audio chunk beside the video of its epoch; `None` where that epoch's video has not begun.
    pub(crate) fn audio(&self, header: &ChunkHeader) -> Option<Place> {
        let key = FrameKey::new(header.epoch, header.pts);
        let before = self.offsets.iter().rev().find(|(start, _)| start.epoch == key.epoch && start.pts <= key.pts);
        let (_, offset_us) = before.or_else(|| self.offsets.iter().find(|(start, _)| start.epoch == key.epoch))?;
        Some(Place { offset_us: *offset_us, media_us: us(header.pts.0) + offset_us, discontinuity: false })
    }

    /// The frame that is shown at `media_s`, as `requestVideoFrameCallback` tells its `mediaTime`.
    pub(crate) fn key_at(&self, media_s: f64) -> Option<FrameKey> {
        let wanted = (media_s * 1e6).round() as i64;
        let at = self.frames.partition_point(|(media, _)| *media < wanted - MATCH_US);
        self.frames.get(at).filter(|(media, _)| (media - wanted).abs() <= MATCH_US).map(|(_, key)| *key)
    }

    /// Media time of a frame in milliseconds, where it is remembered.
    pub(crate) fn media_ms(&self, key: FrameKey) -> Option<f64> {
        self.frames.iter().rev().find(|(_, other)| *other == key).map(|(media, _)| *media as f64 / 1e3)
    }

    /// How many frames were placed strictly between two media times.
    pub(crate) fn frames_between(&self, after_s: f64, before_s: f64) -> u64 {
        let (after, before) = ((after_s * 1e6).round() as i64 + MATCH_US, (before_s * 1e6).round() as i64 - MATCH_US);
        let from = self.frames.partition_point(|(media, _)| *media <= after);
        let to = self.frames.partition_point(|(media, _)| *media < before);
        to.saturating_sub(from) as u64
    }

    /// End of the newest frame in seconds of media time.
    pub(crate) fn end_s(&self) -> f64 {
        self.end_us as f64 / 1e6
    }

    /// Duration of the newest frame in seconds; 0 before the first.
    pub(crate) fn frame_s(&self) -> f64 {
        self.last.map_or(0.0, |last| last.duration_us as f64 / 1e6)
    }

    /// How many gaps within epochs were closed.
    pub(crate) fn gaps_closed(&self) -> u64 {
        self.gaps_closed
    }

    /// Forgets frames that lie before `media_s`.
    pub(crate) fn forget_before(&mut self, media_s: f64) {
        let limit = (media_s * 1e6) as i64;
        while self.frames.len() > 1 && self.frames.front().is_some_and(|(media, _)| *media < limit) {
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use sightline_shared::chunk::{FLAG_KEY, Kind};
    use sightline_shared::time::{Epoch, Pts};

    pub(crate) fn chunk(epoch: u32, pts: i64, key: bool) -> ChunkHeader {
        ChunkHeader {
            kind: Kind::Chunk,
            flags: if key { FLAG_KEY } else { 0 },
            rendition: 0,
            epoch: Epoch(epoch),
            pts: Pts(pts),
            dts: Pts(pts),
            duration: 3000,
            sequence: 0,
        }
    }

    /// What a browser makes of a chunk: microseconds of PTS rounded down, plus the offset, as a double of seconds.
    fn media_time(place: Place, pts: i64) -> f64 {
        ((pts * 1_000_000).div_euclid(90_000) + place.offset_us) as f64 / 1e6
    }

    #[test]
    fn every_media_time_is_its_own_frame_over_days() {
        let mut timeline = Timeline::default();
        let start = 90_000 * 3600 * 24 * 9 + 1501;
        for n in 0..2000 {
            let pts = start + n * 3003;
            let place = timeline.video(&chunk(4, pts, n % 60 == 0));
            assert_eq!(place.offset_us % 1000, 0);
            assert_eq!(timeline.key_at(media_time(place, pts)), Some(FrameKey::new(Epoch(4), Pts(pts))));
        }
        assert!(timeline.key_at(timeline.end_s() + 1.0).is_none());
        let newest = FrameKey::new(Epoch(4), Pts(start + 1999 * 3003));
        assert!((timeline.frame_s() - 1.0 / 30.0).abs() < 1e-4);
        assert!(timeline.media_ms(newest).is_some_and(|ms| (ms / 1e3 - timeline.end_s()).abs() < 0.04));
    }

    #[test]
    fn an_epoch_continues_where_the_last_one_ended() {
        let mut timeline = Timeline::default();
        timeline.video(&chunk(0, 500_000, true));
        let last = timeline.video(&chunk(0, 503_000, false));
        let next = timeline.video(&chunk(1, 0, true));
        assert!(next.discontinuity);
        let step = next.media_us - last.media_us;
        assert!((33_333..=34_334).contains(&step), "{step}");
        assert_eq!(timeline.key_at(next.media_us as f64 / 1e6), Some(FrameKey::new(Epoch(1), Pts(0))));
        assert_eq!(timeline.key_at(last.media_us as f64 / 1e6), Some(FrameKey::new(Epoch(0), Pts(503_000))));
    }

    #[test]
    fn a_gap_is_closed_so_that_no_frame_waits_for_a_key_frame() {
        let mut timeline = Timeline::default();
        timeline.video(&chunk(0, 0, true));
        let before = timeline.video(&chunk(0, 3000, false));
        let after = timeline.video(&chunk(0, 30_000, false));
        assert!(after.discontinuity);
        assert!(after.media_us - before.media_us <= 2 * 33_333);
        assert_eq!(timeline.key_at(after.media_us as f64 / 1e6), Some(FrameKey::new(Epoch(0), Pts(30_000))));
        assert_eq!(timeline.gaps_closed(), 1);
        let steady = timeline.video(&chunk(0, 33_000, false));
        assert!(!steady.discontinuity);
    }

    #[test]
    fn reordered_frames_are_found_too() {
        let mut timeline = Timeline::default();
        let mut places = Vec::new();
        for (pts, dts) in [(6000, 0), (15_000, 3000), (9000, 6000), (12_000, 9000), (18_000, 12_000)] {
            let place = timeline.video(&ChunkHeader { dts: Pts(dts), ..chunk(0, pts, pts == 6000) });
            places.push((pts, place));
        }
        for (pts, place) in places {
            assert_eq!(timeline.key_at(media_time(place, pts)), Some(FrameKey::new(Epoch(0), Pts(pts))));
        }
    }

    #[test]
    fn audio_takes_the_offset_of_the_video_beside_it() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.audio(&chunk(0, 0, true)), None);
        let video = timeline.video(&chunk(0, 90_000, true));
        assert_eq!(timeline.audio(&chunk(0, 91_000, true)).map(|place| place.offset_us), Some(video.offset_us));
        let gap = timeline.video(&chunk(0, 190_000, false));
        assert_eq!(timeline.audio(&chunk(0, 191_000, true)).map(|place| place.offset_us), Some(gap.offset_us));
        assert_eq!(timeline.audio(&chunk(0, 100_000, true)).map(|place| place.offset_us), Some(video.offset_us));
    }

    #[test]
    fn frames_between_counts_what_was_passed_over() {
        let mut timeline = Timeline::default();
        for n in 0..10 {
            timeline.video(&chunk(0, n * 3000, n == 0));
        }
        assert_eq!(timeline.frames_between(0.0, 0.033_333), 0);
        assert_eq!(timeline.frames_between(0.0, 0.1), 2);
        timeline.forget_before(0.2);
        assert_eq!(timeline.key_at(0.0), None);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut timeline = Timeline::default();
        for n in 0..20_000 {
            timeline.video(&chunk(n as u32, 0, true));
        }
        assert_eq!((timeline.frames.len(), timeline.offsets.len()), (MAX_FRAMES, MAX_OFFSETS));
    }
}
