//! The jumps of real cameras, frame by frame.

use super::*;

const STEP: i64 = 3000;

/// Places frames of `raws`, a key frame every ten, with no B-frames.
fn run(raws: impl IntoIterator<Item = i64>) -> Vec<Placed> {
    let mut timeline = Timeline::new();
    raws.into_iter().enumerate().map(|(n, raw)| timeline.video(raw, n % 10 == 0, false, Some(0)).unwrap()).collect()
}

fn pts(placed: &[Placed]) -> Vec<i64> {
    placed.iter().map(|p| p.pts.0).collect()
}

fn steps(from: i64, count: i64) -> impl Iterator<Item = i64> {
    (0..count).map(move |n| from + n * STEP)
}

/// What holds whatever a camera sends.
fn check(placed: &[Placed]) {
    for pair in placed.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        if b.starts_epoch {
            assert_eq!(b.epoch, a.epoch.next());
            assert!(b.dts.0 >= 0);
        } else {
            assert_eq!(a.epoch, b.epoch);
            assert!(b.dts > a.dts, "{a:?} {b:?}");
        }
    }
}

#[test]
fn times_start_at_zero_and_follow_the_source() {
    let placed = run(steps(987_654, 30));
    assert_eq!(pts(&placed), steps(0, 30).collect::<Vec<_>>());
    assert!(placed.iter().all(|p| p.pts == p.dts && p.epoch == Epoch(0) && !p.estimated));
    assert_eq!(placed.iter().filter(|p| p.starts_epoch).count(), 1);
    assert!(placed[1..].iter().all(|p| p.duration == STEP as u32));
}

#[test]
fn a_key_frame_has_to_come_first() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.video(0, false, false, Some(0)), Err(DropCause::WaitingForKeyFrame));
    assert!(timeline.video(STEP, true, false, Some(0)).unwrap().starts_epoch);
}

#[test]
fn rtp_time_stamps_wrap() {
    let mut unwrap = RtpUnwrap::default();
    let first = u32::MAX - 4000;
    let raws: Vec<_> = (0..20_u32).map(|n| unwrap.unwrap(first.wrapping_add(n * 3000))).collect();
    assert_eq!(pts(&run(raws)), steps(0, 20).collect::<Vec<_>>());
}

#[test]
fn a_jump_back_is_believed_after_three_frames_and_starts_an_epoch_at_the_next_key_frame() {
    // Frames 15.. jump back by an hour; 20 is the next key frame.
    let placed = run(steps(400_000_000, 15).chain(steps(400_000_000 - 3600 * 90_000, 15)));
    check(&placed);
    assert_eq!(pts(&placed[..20]), steps(0, 20).collect::<Vec<_>>(), "carried on at the typical rate");
    assert!(placed[15..20].iter().all(|p| p.estimated && p.epoch == Epoch(0)));
    assert!(placed[20].starts_epoch && placed[20].epoch == Epoch(1));
    assert_eq!(pts(&placed[20..]), steps(0, 10).collect::<Vec<_>>());
}

#[test]
fn a_jump_ahead_by_hours_is_treated_alike_and_one_of_five_seconds_is_not_a_jump() {
    let placed = run(steps(0, 15).chain(steps(5 * 3600 * 90_000, 15)));
    check(&placed);
    assert_eq!((placed[19].epoch, placed[20].epoch, placed[20].pts), (Epoch(0), Epoch(1), Pts(0)));
    let late = run(steps(0, 15).chain(steps(14 * STEP + JUMP_AHEAD, 15)));
    assert!(late.iter().all(|p| p.epoch == Epoch(0) && !p.estimated));
}

#[test]
fn a_glitch_of_one_or_two_frames_changes_nothing() {
    for glitch in [1, 2] {
        let raws = (0..30).map(|n| if (12..12 + glitch).contains(&n) { 9_000_000_000 + n * STEP } else { n * STEP });
        let placed = run(raws);
        check(&placed);
        assert_eq!(pts(&placed), steps(0, 30).collect::<Vec<_>>());
        assert_eq!(placed.iter().filter(|p| p.estimated).count(), glitch as usize);
    }
}

#[test]
fn a_reconnect_waits_for_a_key_frame_and_starts_an_epoch() {
    let mut timeline = Timeline::new();
    let mut placed: Vec<_> =
        steps(0, 5).enumerate().filter_map(|(n, raw)| timeline.video(raw, n == 0, false, Some(0)).ok()).collect();
    timeline.reconnect();
    assert_eq!(timeline.video(77, false, false, Some(0)), Err(DropCause::WaitingForKeyFrame));
    placed.push(timeline.video(77 + STEP, true, false, Some(0)).unwrap());
    check(&placed);
    assert_eq!((placed[5].epoch, placed[5].pts, placed[5].starts_epoch), (Epoch(1), Pts(0), true));
}

#[test]
fn new_parameters_start_an_epoch() {
    let mut timeline = Timeline::new();
    timeline.video(0, true, false, Some(0)).unwrap();
    let placed = timeline.video(STEP, true, true, Some(0)).unwrap();
    assert_eq!((placed.epoch, placed.pts, placed.starts_epoch), (Epoch(1), Pts(0), true));
}

#[test]
fn doubles_and_a_clock_that_stands_still_never_give_one_time_twice() {
    let placed = run((0..30).map(|n| if n == 12 { 11 * STEP } else { n * STEP }));
    check(&placed);
    assert!(placed[12].estimated);
    let still = run(std::iter::repeat_n(500, 30));
    check(&still);
    assert!(still.iter().skip(1).all(|p| p.estimated || p.starts_epoch));
}

/// PTS of I0 P3 B1 B2 P6 B4 B5 ... in decoding order.
fn with_b_frames(count: i64) -> Vec<i64> {
    let group = |g: i64| [3 * g + 3, 3 * g + 1, 3 * g + 2];
    std::iter::once(0).chain((0..count).flat_map(group)).map(|n| n * STEP).collect()
}

#[test]
fn announced_b_frames_get_decoding_times_that_grow_and_never_pass_their_pts() {
    let mut timeline = Timeline::new();
    let place = |(n, raw)| timeline.video(raw, n == 0, false, Some(1)).unwrap();
    let placed: Vec<Placed> = with_b_frames(20).into_iter().enumerate().map(place).collect();
    check(&placed);
    assert!(placed.iter().all(|p| p.dts <= p.pts && p.epoch == Epoch(0) && !p.estimated));
    let first = placed[0].pts.0;
    assert_eq!(pts(&placed), with_b_frames(20).iter().map(|raw| raw + first).collect::<Vec<_>>());
    let mut sorted = pts(&placed);
    sorted.sort_unstable();
    let dts: Vec<_> = placed[1..].iter().map(|p| p.dts.0).collect();
    assert_eq!(dts, sorted[..dts.len()], "the DTS of frame k is the (k-1)th smallest PTS");
}

#[test]
fn b_frames_that_are_not_announced_are_learned_for_the_next_epoch() {
    let mut timeline = Timeline::new();
    let mut place = |raw: i64, key: bool| timeline.video(raw, key, false, None).unwrap();
    let first: Vec<_> = with_b_frames(10).into_iter().enumerate().map(|(n, raw)| place(raw, n == 0)).collect();
    check(&first);
    assert!(first.iter().all(|p| !p.estimated && p.epoch == Epoch(0)), "no frame was taken for a jump");
    timeline.reconnect();
    let mut place = |raw: i64, key: bool| timeline.video(raw, key, false, None).unwrap();
    let second: Vec<_> = with_b_frames(10).into_iter().enumerate().map(|(n, raw)| place(raw, n == 0)).collect();
    assert!(second.iter().all(|p| p.dts <= p.pts));
}

#[test]
fn sound_is_on_the_picture_s_time_base_or_left_out() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.audio(0), None, "no picture yet");
    timeline.video(1_000_000, true, false, Some(0)).unwrap();
    assert_eq!(timeline.audio(999_000), None, "before the epoch");
    assert_eq!(timeline.audio(1_000_500).map(|p| p.pts), Some(Pts(500)));
    assert_eq!(timeline.audio(1_002_420).map(|p| (p.pts, p.duration)), Some((Pts(2420), 1920)));
    assert_eq!(timeline.audio(1_002_420), None, "the same again");
    assert_eq!(timeline.audio(900_000_000), None, "hours away");
}

#[test]
fn sender_reports_say_when_a_frame_was_taken() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.captured_utc(0), None);
    timeline.sender_report(90_000, Duration::from_secs(1_800_000_000));
    assert_eq!(timeline.captured_utc(180_000), Some(Duration::from_secs(1_800_000_001)));
    assert_eq!(timeline.captured_utc(45_000), Some(Duration::from_millis(1_799_999_999_500)));
    timeline.reconnect();
    assert_eq!(timeline.captured_utc(0), None, "the next connection counts from elsewhere");
}
