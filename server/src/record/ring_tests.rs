//! The ring by exact bytes, against a plain list that is cut down anew after every item.

use super::*;
use crate::fragment::testing::{chunk, init};
use proptest::prelude::*;
use sightline_shared::chunk::{FLAG_AUDIO, FLAG_KEY};
use std::time::Duration;

const FRAME: Duration = Duration::from_millis(40);

fn keeper(time: Duration, bytes: usize) -> Arc<Keeper> {
    let keeper = Arc::new(Keeper::default());
    keeper.set(Keep { time, bytes, total_bytes: 1 << 30 });
    keeper
}

/// Frame `number` at 25 a second.
fn frame(number: u32, flags: u8, bytes: usize) -> Arc<Chunk> {
    Arc::new(chunk(0, i64::from(number) * 3600, 0, flags, bytes, Mono(FRAME * number)))
}

fn numbers(ring: &Ring) -> Vec<Vec<u32>> {
    let pts = |chunk: &Arc<Chunk>| u32::try_from(chunk.header.pts.0 / 3600).unwrap();
    ring.gops().iter().map(|gop| gop.chunks.iter().map(pts).collect()).collect()
}

#[test]
fn at_least_the_time_is_kept_in_whole_gops() {
    let ring = Ring::new(keeper(Duration::from_secs(2), 1 << 20));
    ring.init(&init(0));
    for n in 0..1000 {
        ring.chunk(&frame(n, if n % 25 == 0 { FLAG_KEY } else { 0 }, 100));
        let gops = numbers(&ring);
        assert_eq!(gops[0][0] % 25, 0, "it begins with a key frame");
        let kept = FRAME * (n - gops[0][0]);
        assert!(kept <= Duration::from_secs(3) && (n < 50 || kept >= Duration::from_secs(2)), "{n}: {kept:?}");
    }
}

#[test]
fn a_gop_that_outgrows_the_limit_is_let_go_and_said_to_be() {
    let ring = Ring::new(keeper(Duration::from_secs(60), 10_000));
    ring.init(&init(0));
    for n in 0..50 {
        ring.chunk(&frame(n, if n == 0 { FLAG_KEY } else { 0 }, 1000));
        assert!(ring.bytes() <= 10_000);
    }
    assert_eq!((numbers(&ring).len(), ring.bytes(), ring.is_outgrown()), (0, 0, true));
    ring.tracks(&"{\"type\":\"tracks\"}".into());
    assert_eq!(ring.bytes(), 0, "tracks of frames that are not there");
    ring.chunk(&frame(50, FLAG_KEY, 1000));
    assert_eq!((numbers(&ring), ring.is_outgrown()), (vec![vec![50]], false));
}

#[test]
fn an_epoch_waits_for_its_key_frame_and_keeps_its_own_init() {
    let ring = Ring::new(keeper(Duration::from_secs(60), 1 << 20));
    ring.chunk(&frame(0, FLAG_KEY, 10));
    assert!(ring.gops().is_empty(), "nothing before an init segment");
    let (first, second) = (init(0), init(1));
    ring.init(&first);
    ring.chunk(&frame(1, FLAG_AUDIO | FLAG_KEY, 10));
    ring.chunk(&frame(2, 0, 10));
    ring.chunk(&frame(3, FLAG_KEY, 10));
    ring.chunk(&frame(4, FLAG_AUDIO | FLAG_KEY, 10));
    ring.init(&second);
    ring.chunk(&frame(5, 0, 10));
    ring.chunk(&frame(6, FLAG_KEY, 10));
    assert_eq!(numbers(&ring), [vec![3, 4], vec![6]]);
    let gops = ring.gops();
    assert!(Arc::ptr_eq(&gops[0].init, &first) && Arc::ptr_eq(&gops[1].init, &second));
}

#[test]
fn bytes_are_shared_with_the_hub_and_what_a_clip_holds_does_not_change() {
    let ring = Ring::new(keeper(Duration::from_secs(60), 1 << 20));
    ring.init(&init(0));
    let key = frame(0, FLAG_KEY, 1000);
    ring.chunk(&key);
    let taken = ring.gops();
    assert!(Arc::ptr_eq(&taken[0].chunks[0], &key), "no copy");
    ring.chunk(&frame(1, 0, 1000));
    assert_eq!((taken[0].chunks.len(), ring.gops()[0].chunks.len()), (1, 2));
}

#[test]
fn rings_share_the_total_evenly_while_they_hold_something() {
    let keeper = Arc::new(Keeper::default());
    keeper.set(Keep { time: Duration::from_secs(60), bytes: 8_000, total_bytes: 10_000 });
    let rings: Vec<_> = (0..4).map(|_| Ring::new(keeper.clone())).collect();
    for ring in &rings[..2] {
        ring.init(&init(0));
        (0..100).for_each(|n| ring.chunk(&frame(n, FLAG_KEY, 100)));
    }
    assert_eq!(keeper.limits().bytes, 5_000);
    rings[0].chunk(&frame(100, FLAG_KEY, 100));
    assert!(rings[..2].iter().all(|ring| ring.bytes() <= 5_000 && ring.bytes() > 4_000));
    drop(rings);
    assert_eq!(keeper.limits().bytes, 8_000, "who is gone takes no share");
    let off = Ring::new(keeper.clone());
    keeper.set(Keep { time: Duration::ZERO, ..Keep::default() });
    off.init(&init(0));
    off.chunk(&frame(0, FLAG_KEY, 100));
    assert_eq!((off.bytes(), off.is_outgrown()), (0, false), "nothing is to be kept");
}

/// What the ring is to hold, said plainly: `(key, milliseconds, bytes)` of each item.
fn plain(items: &[(bool, u64, usize)], time: u64, bytes: usize) -> Vec<(bool, u64, usize)> {
    let mut held: Vec<(bool, u64, usize)> = Vec::new();
    for item in items {
        if held.is_empty() && !item.0 {
            continue;
        }
        held.push(*item);
        let newest = held.iter().map(|item| item.1).max().unwrap();
        loop {
            let second = held.iter().skip(1).position(|item| item.0).map(|at| at + 1);
            let total: usize = held.iter().map(|item| item.2).sum();
            let enough = second.is_some_and(|at| newest.saturating_sub(held[at].1) >= time);
            if total <= bytes && !enough {
                break;
            }
            held.drain(..second.unwrap_or(held.len()));
            if held.is_empty() {
                break;
            }
        }
    }
    held
}

proptest! {
    #[test]
    fn the_ring_holds_exactly_what_a_plain_list_would(
        items in prop::collection::vec((prop::bool::weighted(0.2), 0_u64..120, 0_usize..3000), 0..200),
        time in 1_u64..4000,
        bytes in 500_usize..40_000,
    ) {
        let ring = Ring::new(keeper(Duration::from_millis(time), bytes));
        let init = init(0);
        ring.init(&init);
        let mut now = 0;
        let mut told = Vec::new();
        for (key, step, size) in items {
            now += step;
            let chunk = chunk(0, 0, 0, u8::from(key) * FLAG_KEY, size, Mono(Duration::from_millis(now)));
            told.push((key, now, chunk.message.len() + ITEM_OVERHEAD + usize::from(key) * init.bytes()));
            ring.chunk(&Arc::new(chunk));
            let expected = plain(&told, time, bytes);
            prop_assert_eq!(ring.bytes(), expected.iter().map(|item| item.2).sum::<usize>());
            let held: Vec<_> = ring.gops().iter().flat_map(|gop| gop.chunks.clone()).collect();
            prop_assert_eq!(held.len(), expected.len());
            let same = held.iter().zip(&expected).all(|(chunk, item)| {
                chunk.is_key() == item.0 && chunk.arrived == Mono(Duration::from_millis(item.1))
            });
            prop_assert!(same);
        }
    }
}
