//! The time model with exact numbers; it never asks a clock, so that source times alone drive it.

use super::*;

/// A timeline fed by a camera.
struct Camera {
    timeline: Timeline,
    reorder: Option<u8>,
}

impl Camera {
    fn new(reorder: Option<u8>) -> Self {
        Self { timeline: Timeline::new(), reorder }
    }

    fn frame(&mut self, raw: i64, key: bool) -> Result<Placed, DropCause> {
        let placed = self.timeline.video(raw, key, false, self.reorder);
        self.timeline.check_invariants();
        placed
    }

    /// Frames of the given times, the first of them a key frame; as `(epoch, pts, dts)`.
    fn gop(&mut self, raws: &[i64]) -> Vec<(u32, i64, i64)> {
        let placed = raws.iter().enumerate().map(|(index, &raw)| self.frame(raw, index == 0).unwrap());
        placed.map(|placed| (placed.epoch.0, placed.pts.0, placed.dts.0)).collect()
    }
}

/// `count` times from `start` on, 25 a second.
fn steady(start: i64, count: i64) -> Vec<i64> {
    (0..count).map(|index| start + 3600 * index).collect()
}

fn in_order(epoch: u32, start: i64, count: i64) -> Vec<(u32, i64, i64)> {
    steady(start, count).into_iter().map(|pts| (epoch, pts, pts)).collect()
}

#[test]
fn pts_are_the_source_times_from_zero_on() {
    let mut camera = Camera::new(Some(0));
    assert_eq!(camera.frame(99, false), Err(DropCause::WaitingForKeyFrame));
    let first = camera.frame(123_456_789, true).unwrap();
    assert_eq!((first.epoch, first.starts_epoch, first.pts, first.dts), (Epoch(0), true, Pts(0), Pts(0)));
    let second = camera.frame(123_456_789 + 3600, false).unwrap();
    let expected = Placed {
        epoch: Epoch(0),
        starts_epoch: false,
        pts: Pts(3600),
        dts: Pts(3600),
        duration: 3600,
        estimated: false,
    };
    assert_eq!(second, expected);
    // A pause below 5 s is a pause, and so is a key frame within an epoch no start of another.
    let after_pause = camera.frame(123_456_789 + 3600 + 449_999, true).unwrap();
    assert_eq!(after_pause, Placed { pts: Pts(453_599), dts: Pts(453_599), duration: 449_999, ..expected });
}

#[test]
fn thirty_two_bits_wrap_without_a_seam() {
    let mut unwrap = RtpUnwrap::default();
    let mut camera = Camera::new(Some(0));
    let start = u32::MAX - 5000;
    for index in 0..5_u32 {
        let raw = unwrap.unwrap(start.wrapping_add(index * 3600));
        let placed = camera.frame(raw, index == 0).unwrap();
        assert_eq!((placed.epoch, placed.pts), (Epoch(0), Pts(i64::from(index) * 3600)));
    }
    // Backwards over the seam, as B-frames go.
    assert_eq!(unwrap.unwrap(start), i64::from(start));
    assert_eq!(unwrap.unwrap(5), (1 << 32) + 5);
}

#[test]
fn a_glitch_of_one_or_two_frames_changes_nothing() {
    for wrong in [&[-900_000_000_i64][..], &[900_000_000], &[900_000_000, 900_003_600], &[7, 900_000_000]] {
        let mut camera = Camera::new(Some(0));
        camera.gop(&steady(500_000, 10));
        for (index, &raw) in wrong.iter().enumerate() {
            let placed = camera.frame(raw, false).unwrap();
            let expected = 36_000 + 3600 * i64::try_from(index).unwrap();
            assert_eq!((placed.epoch, placed.pts.0, placed.estimated), (Epoch(0), expected, true), "{wrong:?}");
        }
        let next = 36_000 + 3600 * i64::try_from(wrong.len()).unwrap();
        let placed = camera.frame(500_000 + next, false).unwrap();
        assert_eq!((placed.epoch, placed.pts.0, placed.estimated), (Epoch(0), next, false), "{wrong:?}");
        assert!(!camera.frame(500_000 + next + 3600, true).unwrap().starts_epoch, "{wrong:?}");
    }
}

#[test]
fn glitches_that_do_not_agree_are_no_jump() {
    let mut camera = Camera::new(Some(0));
    camera.gop(&steady(0, 10));
    for (index, raw) in [900_000_000, -900_000_000, 1 << 50, -5, 1 << 40].into_iter().enumerate() {
        let placed = camera.frame(raw, false).unwrap();
        assert_eq!(placed.pts.0, 36_000 + 3600 * i64::try_from(index).unwrap());
    }
    let placed = camera.frame(36_000 + 5 * 3600, true).unwrap();
    assert_eq!((placed.epoch, placed.pts.0, placed.starts_epoch), (Epoch(0), 54_000, false));
}

#[test]
fn a_jump_back_or_ahead_by_hours_is_believed_at_the_next_key_frame_and_loses_nothing() {
    for offset in [-3600 * 90_000, 7 * 3600 * 90_000, -90_000, 451_000] {
        let mut camera = Camera::new(Some(0));
        camera.gop(&steady(0, 10));
        let jumped = steady(36_000 + offset, 20);
        for (index, &raw) in jumped.iter().enumerate() {
            let placed = camera.frame(raw, false).unwrap();
            let expected = 36_000 + 3600 * i64::try_from(index).unwrap();
            assert_eq!((placed.epoch, placed.pts.0, placed.dts.0), (Epoch(0), expected, expected), "{offset}");
            assert!(placed.estimated, "{offset}");
        }
        let key = camera.frame(36_000 + offset + 20 * 3600, true).unwrap();
        assert_eq!((key.epoch, key.pts, key.starts_epoch, key.estimated), (Epoch(1), Pts(0), true, false), "{offset}");
        assert_eq!(camera.frame(36_000 + offset + 21 * 3600, false).unwrap().pts, Pts(3600), "{offset}");
    }
}

#[test]
fn after_a_jump_real_distances_are_kept_until_the_key_frame() {
    let mut camera = Camera::new(Some(0));
    camera.gop(&steady(0, 10));
    for raw in [9_000_000, 9_003_600, 9_007_200] {
        camera.frame(raw, false).unwrap();
    }
    assert_eq!(camera.frame(9_007_200 + 1234, false).unwrap().pts, Pts(36_000 + 7200 + 1234));
}

#[test]
fn key_frames_alone_jump_on_the_third() {
    let mut camera = Camera::new(Some(0));
    for (raw, epoch, pts, estimated) in [
        (0, 0, 0, false),
        (3600, 0, 3600, false),
        (90_000_000, 0, 7200, true),
        (90_003_600, 0, 10_800, true),
        (90_007_200, 1, 0, false),
        (90_010_800, 1, 3600, false),
    ] {
        let placed = camera.frame(raw, true).unwrap();
        assert_eq!((placed.epoch.0, placed.pts.0, placed.estimated), (epoch, pts, estimated), "{raw}");
    }
}

#[test]
fn a_new_connection_begins_an_epoch_with_its_key_frame() {
    let mut camera = Camera::new(Some(0));
    camera.gop(&steady(5_000, 3));
    camera.timeline.reconnect();
    assert_eq!(camera.frame(8_000_000_000, false), Err(DropCause::WaitingForKeyFrame));
    assert_eq!(camera.timeline.audio(8_000_000_000), None);
    assert_eq!(camera.gop(&steady(8_000_003_600, 3)), in_order(1, 0, 3));
}

#[test]
fn other_parameters_begin_an_epoch() {
    let mut camera = Camera::new(Some(0));
    camera.gop(&steady(0, 3));
    let placed = camera.timeline.video(10_800, true, true, Some(0)).unwrap();
    assert_eq!((placed.epoch, placed.starts_epoch, placed.pts), (Epoch(1), true, Pts(0)));
    let refused = camera.timeline.video(14_400, false, true, Some(0));
    assert_eq!(
        refused,
        Err(DropCause::WaitingForKeyFrame),
        "what comes before a key frame cannot be decoded with them"
    );
    assert_eq!(camera.frame(18_000, true).unwrap().epoch, Epoch(2));
}

/// Frames in decoding order: I0 P3 b1 b2 P6 b4 b5 ..., in units of `step`.
fn with_b_frames(step: i64, groups: i64) -> Vec<i64> {
    let mut out = vec![0];
    for group in 0..groups {
        out.extend([3, 1, 2].map(|index| (group * 3 + index) * step));
    }
    out
}

#[test]
fn b_frames_get_the_delayed_smallest_pts_as_dts() {
    let mut camera = Camera::new(Some(1));
    camera.gop(&steady(0, 6)); // 25 a second is known from here on
    camera.timeline.reconnect();
    let placed = camera.gop(&with_b_frames(3600, 3));
    let pts: Vec<_> = placed.iter().map(|&(_, pts, _)| pts / 3600).collect();
    let dts: Vec<_> = placed.iter().map(|&(_, _, dts)| dts / 3600).collect();
    assert_eq!(pts, [1, 4, 2, 3, 7, 5, 6, 10, 8, 9]);
    assert_eq!(dts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(placed.iter().all(|&(epoch, pts, dts)| epoch == 1 && pts % 3600 == 0 && dts % 3600 == 0));
}

#[test]
fn a_pyramid_of_b_frames_has_depth_two() {
    let mut camera = Camera::new(Some(2));
    camera.gop(&steady(0, 8));
    camera.timeline.reconnect();
    // I0 P4 B2 b1 b3 P8 B6 b5 b7
    let placed = camera.gop(&[0, 4, 2, 1, 3, 8, 6, 5, 7].map(|index| index * 3600));
    let ticks = |pick: fn(&(u32, i64, i64)) -> i64| placed.iter().map(|unit| pick(unit) / 3600).collect::<Vec<_>>();
    assert_eq!(ticks(|&(_, pts, _)| pts), [2, 6, 4, 3, 5, 10, 8, 7, 9]);
    assert_eq!(ticks(|&(_, _, dts)| dts), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn untold_b_frames_are_learned_and_the_next_key_frame_makes_room() {
    let mut camera = Camera::new(None);
    let first = camera.gop(&with_b_frames(3600, 5));
    assert!(first.iter().all(|&(epoch, pts, dts)| epoch == 0 && pts == dts), "no picture is lost: {first:?}");
    let times: Vec<_> = with_b_frames(3600, 3).into_iter().map(|raw| raw + 16 * 3600).collect();
    let second = camera.gop(&times);
    assert_eq!(second.iter().map(|&(_, pts, _)| pts / 3600).collect::<Vec<_>>(), [1, 4, 2, 3, 7, 5, 6, 10, 8, 9]);
    assert!(second.iter().all(|&(epoch, pts, dts)| epoch == 1 && dts <= pts));
    // It is remembered over connections.
    camera.timeline.reconnect();
    let third = camera.gop(&with_b_frames(3600, 1));
    assert_eq!(third.iter().map(|&(_, pts, _)| pts / 3600).collect::<Vec<_>>(), [1, 4, 2, 3]);
}

#[test]
fn a_small_step_back_of_a_stream_without_b_frames_is_not_taken_for_them() {
    let mut camera = Camera::new(None);
    camera.gop(&steady(0, 10));
    let placed = camera.frame(20_000, false).unwrap();
    assert_eq!((placed.pts, placed.estimated), (Pts(9 * 3600 + 1), true));
    assert_eq!(camera.frame(36_000, false).unwrap().pts, Pts(36_000));
    assert!(!camera.frame(39_600, true).unwrap().starts_epoch);
}

#[test]
fn equal_times_are_told_apart_by_a_tick() {
    let mut camera = Camera::new(Some(0));
    let pts: Vec<_> = camera.gop(&[0, 3600, 3600, 7200, 10_800]).iter().map(|&(_, pts, _)| pts).collect();
    assert_eq!(pts, [0, 3600, 3601, 7200, 10_800]);
    let mut reordered = Camera::new(Some(1));
    let pts: Vec<_> = reordered.gop(&[0, 9000, 9000, 3000, 6000]).iter().map(|&(_, pts, _)| pts).collect();
    assert_eq!(pts, [3000, 12_000, 12_001, 12_002, 12_003], "a wrong order is kept as decoded");
}

#[test]
fn a_clock_that_stands_still_is_left_behind() {
    let mut camera = Camera::new(Some(0));
    camera.gop(&steady(0, 6));
    let mut stand = |key| camera.frame(18_000, key).map(|placed| (placed.epoch.0, placed.pts.0)).unwrap();
    assert_eq!([stand(false), stand(false)], [(0, 18_001), (0, 18_002)]);
    assert_eq!([stand(false), stand(false)], [(0, 21_602), (0, 25_202)], "at the usual distance from the third on");
    assert_eq!([stand(true), stand(false), stand(true), stand(false)], [(1, 0), (1, 3600), (1, 7200), (1, 10_800)]);
    assert_eq!(camera.frame(18_000 + 7200, false).unwrap().pts, Pts(18_000), "and it goes on when the clock does");
}

#[test]
fn audio_is_placed_on_the_video_clock() {
    let mut camera = Camera::new(Some(0));
    assert_eq!(camera.timeline.audio(1000), None, "before the first picture");
    camera.gop(&steady(1_000_000, 3));
    assert_eq!(camera.timeline.audio(999_999), None, "would be before the epoch");
    let audio = |timeline: &mut Timeline, raw| timeline.audio(raw).map(|placed| (placed.pts.0, placed.duration));
    assert_eq!(audio(&mut camera.timeline, 1_000_100), Some((100, 1920)));
    assert_eq!(audio(&mut camera.timeline, 1_000_100), None, "again the same");
    assert_eq!(audio(&mut camera.timeline, 1_002_190), Some((2190, 2090)));
    assert_eq!(audio(&mut camera.timeline, 99_000_000), None, "a clock that disagrees with the video's");
    assert_eq!(audio(&mut camera.timeline, 1_004_280), Some((4280, 2090)));
}

#[test]
fn sender_reports_tell_when_a_frame_was_taken() {
    let mut camera = Camera::new(Some(0));
    camera.gop(&steady(1_000_000, 3));
    assert_eq!(camera.timeline.captured_utc(1_000_000), None);
    let utc = Duration::from_millis(1_800_000_000_250);
    camera.timeline.sender_report(1_007_200, utc);
    assert_eq!(camera.timeline.captured_utc(1_007_200), Some(utc));
    assert_eq!(camera.timeline.captured_utc(1_097_200), Some(utc + Duration::from_secs(1)));
    assert_eq!(camera.timeline.captured_utc(1_007_200 - 45_000), Some(utc - Duration::from_millis(500)));
    // While a jump is suspected nothing is claimed; a glitch leaves the relation as it was, a jump ends it.
    camera.frame(900_000_000, false).unwrap();
    assert_eq!(camera.timeline.captured_utc(900_000_000), None);
    camera.frame(1_014_400, false).unwrap();
    assert_eq!(camera.timeline.captured_utc(1_097_200), Some(utc + Duration::from_secs(1)));
    steady(900_000_000, 3).into_iter().for_each(|raw| assert!(camera.frame(raw, false).unwrap().estimated));
    assert_eq!(camera.timeline.captured_utc(900_007_200), None);
    camera.timeline.sender_report(900_007_200, utc);
    assert_eq!(camera.timeline.captured_utc(900_007_200), Some(utc));
    camera.timeline.reconnect();
    assert_eq!(camera.timeline.captured_utc(900_007_200), None);
}

#[test]
fn absurd_times_neither_overflow_nor_stop_the_stream() {
    let mut camera = Camera::new(Some(2));
    let mut last = None;
    for (index, raw) in
        [i64::MIN, i64::MAX, 0, i64::MAX, i64::MAX, i64::MAX - 1, i64::MIN, -1].into_iter().cycle().take(64).enumerate()
    {
        let placed = camera.frame(raw, index % 7 == 0).unwrap();
        assert!(placed.dts <= placed.pts && placed.dts >= Pts(0) && placed.duration > 0);
        assert!(placed.starts_epoch || last < Some(placed.dts));
        last = Some(placed.dts);
    }
}
