//! The hub by exact count: what was published is delivered or told as dropped, and one reader never costs another.

use super::*;
use crate::fragment::testing;
use sightline_shared::chunk::{ChunkHeader, FLAG_AUDIO, FLAG_KEY};

/// 40 ms a frame.
const FRAME: u64 = 40;

fn init(epoch: u32) -> Item {
    Item::Init(testing::init(epoch))
}

fn chunk(epoch: u32, number: u64, flags: u8, bytes: usize) -> Item {
    let at = Mono(Duration::from_millis(number * FRAME));
    let chunk = testing::chunk(epoch, i64::try_from(number).unwrap() * 3600, 0, flags, bytes, at);
    let header = ChunkHeader { sequence: u32::try_from(number).unwrap(), ..chunk.header };
    Item::Chunk(Arc::new(Chunk { header, ..chunk }))
}

/// Publishes frames `numbers`, a key frame every `gop`, with a text behind each frame.
fn frames(hub: &Hub, numbers: std::ops::Range<u64>, gop: u64) {
    for number in numbers {
        hub.publish(chunk(0, number, if number.is_multiple_of(gop) { FLAG_KEY } else { 0 }, 1000));
        hub.publish(Item::Text(format!("{number}").into()));
    }
}

/// What a reader got: `i0` an init of epoch 0, `k3` a key frame, `3` another one, `a3` audio, `"3"` a text, `-2` two dropped.
fn read(cursor: &mut Cursor) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(next) = cursor.try_next() {
        out.push(match next {
            Next::Item(Item::Init(init)) => format!("i{}", init.text.epoch.0),
            Next::Item(Item::Chunk(chunk)) if chunk.is_key() => format!("k{}", chunk.header.sequence),
            Next::Item(Item::Chunk(chunk)) if chunk.is_audio() => format!("a{}", chunk.header.sequence),
            Next::Item(Item::Chunk(chunk)) => chunk.header.sequence.to_string(),
            Next::Item(Item::Text(text)) => format!("{text:?}"),
            Next::Dropped { count } => format!("-{count}"),
            Next::Closed => {
                out.push("closed".into());
                break;
            }
        });
    }
    out
}

fn chunks(read: &[String]) -> Vec<&str> {
    read.iter().map(String::as_str).filter(|word| !word.starts_with('"')).collect()
}

/// Chunks delivered and dropped.
fn count(read: &[String]) -> (u64, u64) {
    let dropped = read.iter().filter_map(|word| word.strip_prefix('-')?.parse::<u64>().ok()).sum();
    let delivered = read.iter().filter(|word| word.trim_start_matches(['k', 'a']).parse::<u64>().is_ok()).count();
    (delivered as u64, dropped)
}

#[test]
fn a_joiner_gets_the_current_gop_at_once() {
    let hub = Hub::new(HubLimits::default());
    hub.publish(init(0));
    frames(&hub, 0..8, 5);
    let mut cursor = hub.join();
    assert_eq!(read(&mut cursor), ["i0", "k5", "\"5\"", "6", "\"6\"", "7", "\"7\""]);
    frames(&hub, 8..9, 5);
    assert_eq!(read(&mut cursor), ["8", "\"8\""]);
    assert_eq!(hub.newest(), Some((Epoch(0), Pts(8 * 3600))));
    assert_eq!(hub.last_init().map(|init| init.epoch()), Some(Epoch(0)));
}

#[test]
fn a_joiner_of_an_empty_hub_starts_at_the_first_key_frame() {
    let hub = Hub::new(HubLimits::default());
    let mut cursor = hub.join();
    assert_eq!(read(&mut cursor), [""; 0]);
    hub.publish(init(0));
    hub.publish(chunk(0, 0, FLAG_AUDIO, 10));
    hub.publish(chunk(0, 1, 0, 10));
    assert_eq!(read(&mut cursor), [""; 0]);
    hub.publish(chunk(0, 2, FLAG_KEY, 10));
    hub.publish(chunk(0, 3, FLAG_AUDIO, 10));
    assert_eq!(read(&mut cursor), ["i0", "k2", "a3"]);
    assert_eq!(hub.newest(), Some((Epoch(0), Pts(2 * 3600))), "of the video");
}

#[test]
fn a_slow_reader_beside_a_fast_one_by_exact_count() {
    let hub = Hub::new(HubLimits::default());
    hub.publish(init(0));
    let (mut fast, mut slow) = (hub.join(), hub.join());
    let (mut fast_read, mut slow_read) = (Vec::new(), Vec::new());
    for number in 0..1000 {
        frames(&hub, number..number + 1, 25);
        fast_read.extend(read(&mut fast));
        // 3.2 s between two looks, each for 10 items: it never catches up by reading.
        if number % 80 == 0 {
            for _ in 0..10 {
                slow_read.extend(read_one(&mut slow));
            }
        }
    }
    slow_read.extend(read(&mut slow));
    let words: Vec<_> =
        (0..1000).map(|number| if number % 25 == 0 { format!("k{number}") } else { number.to_string() }).collect();
    assert_eq!(chunks(&fast_read)[0], "i0");
    assert_eq!(chunks(&fast_read)[1..], words, "the fast one loses nothing");
    let (delivered, dropped) = count(&slow_read);
    assert_eq!(delivered + dropped, 1000, "every chunk was delivered or told");
    assert!(dropped > 700 && delivered > 50, "{delivered} delivered, {dropped} dropped");
    for (index, word) in slow_read.iter().enumerate() {
        if word.starts_with('-') {
            assert!(
                slow_read[index + 1].starts_with('k'),
                "behind a drop comes a key frame: {:?}",
                &slow_read[index..index + 3]
            );
        }
    }
}

fn read_one(cursor: &mut Cursor) -> Vec<String> {
    match cursor.try_next() {
        Some(Next::Item(Item::Chunk(chunk))) => {
            vec![format!("{}{}", if chunk.is_key() { "k" } else { "" }, chunk.header.sequence)]
        }
        Some(Next::Item(Item::Init(_))) => vec!["i0".into()],
        Some(Next::Item(Item::Text(text))) => vec![format!("{text:?}")],
        Some(Next::Dropped { count }) => vec![format!("-{count}")],
        Some(Next::Closed) => panic!("nobody closed it"),
        None => Vec::new(),
    }
}

#[test]
fn within_the_newest_gop_a_late_reader_is_not_moved() {
    let hub = Hub::new(HubLimits::default());
    hub.publish(init(0));
    frames(&hub, 0..1, 1000);
    let mut cursor = hub.join();
    assert_eq!(chunks(&read(&mut cursor)), ["i0", "k0"]);
    // 20 s behind, but the only other place to go on is a key frame that has not come.
    frames(&hub, 1..500, 1000);
    let got = read(&mut cursor);
    assert_eq!(count(&got), (499, 0));
}

#[test]
fn being_a_little_late_over_a_key_frame_costs_nothing() {
    let hub = Hub::new(HubLimits::default());
    hub.publish(init(0));
    frames(&hub, 0..1, 25);
    let mut cursor = hub.join();
    read(&mut cursor);
    frames(&hub, 1..38, 25);
    assert_eq!(count(&read(&mut cursor)), (37, 0), "1.48 s of arrival behind");
    frames(&hub, 38..77, 25);
    let got = read(&mut cursor);
    assert_eq!(chunks(&got)[..2], ["-37", "k75"], "1.52 s behind");
    assert_eq!(count(&got), (2, 37));
}

#[test]
fn key_frames_alone_are_kept_for_as_long_as_readers_may_lag() {
    let hub = Hub::new(HubLimits::default());
    hub.publish(init(0));
    frames(&hub, 0..1, 1);
    let mut cursor = hub.join();
    read(&mut cursor);
    frames(&hub, 1..30, 1);
    assert_eq!(count(&read(&mut cursor)), (29, 0), "two GOPs would be two frames");
    frames(&hub, 30..400, 1);
    assert!(hub.bytes() < 60_000, "{}", hub.bytes());
    assert_eq!(chunks(&read(&mut cursor)), ["-369", "k399"]);
}

#[test]
fn an_epoch_change_is_seen_by_all_in_order() {
    let hub = Hub::new(HubLimits::default());
    hub.publish(init(0));
    frames(&hub, 0..3, 25);
    let (mut follower, mut slow) = (hub.join(), hub.join());
    assert_eq!(chunks(&read(&mut follower)), ["i0", "k0", "1", "2"]);
    read_one(&mut slow);
    read_one(&mut slow);
    hub.publish(init(1));
    let mut joiner = hub.join();
    assert_eq!(read(&mut joiner), [""; 0], "the key frame in the ring is of the epoch before");
    hub.publish(chunk(1, 3, FLAG_KEY, 10));
    assert_eq!(read(&mut follower), ["i1", "k3"]);
    assert_eq!(read(&mut joiner), ["i1", "k3"]);
    for number in 4..60 {
        hub.publish(chunk(1, number, 0, 10));
    }
    // Two chunks of the old epoch were left, and the new epoch is 2.3 s old.
    assert_eq!(chunks(&read(&mut slow))[..4], ["-2", "i1", "k3", "4"]);
    let mut late = hub.join();
    assert_eq!(chunks(&read(&mut late))[..3], ["i1", "k3", "4"]);
}

#[test]
fn bytes_are_bounded_even_when_no_key_frame_comes() {
    let limits = HubLimits { max_bytes: 20_000, ..HubLimits::default() };
    let hub = Hub::new(limits);
    hub.publish(init(0));
    let mut early = hub.join();
    frames(&hub, 0..1, 1000);
    assert_eq!(chunks(&read(&mut early)), ["i0", "k0"]);
    for number in 1..500 {
        frames(&hub, number..number + 1, 1000);
        assert!(hub.bytes() <= limits.max_bytes);
    }
    let mut late = hub.join();
    assert_eq!(read(&mut late), [""; 0], "the key frame fell out: a joiner waits for the next one");
    assert_eq!(read(&mut early), [""; 0], "overrun: so does the reader");
    hub.publish(chunk(0, 1000, FLAG_KEY, 1000));
    assert_eq!(read(&mut late), ["i0", "k1000"]);
    assert_eq!(read(&mut early), ["-499", "k1000"]);
    // One item larger than the bound is kept alone.
    hub.publish(chunk(0, 1001, FLAG_KEY, 30_000));
    assert_eq!(hub.bytes(), 30_000);
    assert_eq!(read(&mut hub.join()), ["i0", "k1001"]);
}

#[test]
fn closing_ends_readers_after_what_is_left() {
    let hub = Hub::new(HubLimits { max_bytes: 5_000, ..HubLimits::default() });
    hub.publish(init(0));
    frames(&hub, 0..1, 1000);
    let (mut reader, mut lost) = (hub.join(), hub.join());
    assert_eq!(chunks(&read(&mut reader)), ["i0", "k0"]);
    read(&mut lost);
    frames(&hub, 1..3, 1000);
    assert_eq!(chunks(&read(&mut reader)), ["1", "2"]);
    frames(&hub, 3..20, 1000);
    hub.close();
    hub.publish(chunk(0, 99, FLAG_KEY, 10));
    assert_eq!(read(&mut lost), ["-19", "closed"], "dropped chunks are told even then");
    assert_eq!(read(&mut reader), ["-17", "closed"]);
    assert_eq!(hub.chunks(), 20);
}

#[tokio::test]
async fn readers_wait_without_missing_a_wake_up() {
    let hub = Hub::new(HubLimits::default());
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let mut cursor = hub.join();
            tokio::spawn(async move {
                let mut delivered = 0;
                loop {
                    match cursor.next().await {
                        Next::Item(Item::Chunk(_)) => delivered += 1,
                        Next::Item(_) => {}
                        Next::Dropped { .. } => panic!("nobody is slow here"),
                        Next::Closed => return delivered,
                    }
                }
            })
        })
        .collect();
    assert_eq!(hub.viewers(), 8);
    hub.publish(init(0));
    for number in 0..200 {
        frames(&hub, number..number + 1, 50);
        tokio::task::yield_now().await;
    }
    hub.close();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 200);
    }
    assert_eq!(hub.viewers(), 0);
}

#[test]
fn publishing_never_waits_for_a_reader_that_stands_still() {
    let hub = Hub::new(HubLimits { max_bytes: 100_000, ..HubLimits::default() });
    hub.publish(init(0));
    let idle: Vec<_> = (0..100).map(|_| hub.join()).collect();
    frames(&hub, 0..5_000, 50);
    assert_eq!(hub.viewers(), 100);
    assert!(hub.bytes() <= 100_000);
    for mut cursor in idle {
        assert_eq!(chunks(&read(&mut cursor))[..2], ["i0", "k4950"], "not begun yet: nothing was dropped");
    }
}

/// Writes down what it sees.
#[derive(Default)]
struct Scribe(std::sync::Mutex<Vec<String>>);

impl Tap for Scribe {
    fn item(&self, item: &Item) {
        let word = match item {
            Item::Init(init) => format!("i{}", init.text.epoch.0),
            Item::Chunk(chunk) => chunk.header.sequence.to_string(),
            Item::Text(text) => format!("{text:?}"),
        };
        self.0.lock().unwrap().push(word);
    }
}

#[test]
fn a_tap_sees_every_item_once_and_in_order_whatever_readers_do() {
    let scribe = Arc::new(Scribe::default());
    let hub = Hub::with_tap(HubLimits { max_bytes: 2_500, ..HubLimits::default() }, scribe.clone());
    let _idle = hub.join();
    hub.publish(init(0));
    frames(&hub, 0..40, 10);
    hub.close();
    hub.publish(chunk(0, 99, FLAG_KEY, 10));
    let expected: Vec<_> = (0..40).flat_map(|number| [number.to_string(), format!("\"{number}\"")]).collect();
    let seen = scribe.0.lock().unwrap();
    assert_eq!(seen[0], "i0");
    assert_eq!(seen[1..], expected, "and nothing after the hub was closed");
}

#[test]
fn the_flow_counts_video_alone_and_a_step_is_taken_once() {
    let hub = Hub::new(HubLimits::default());
    frames(&hub, 0..10, 5);
    hub.publish(chunk(0, 10, 0, 5000));
    hub.publish(chunk(0, 11, FLAG_AUDIO, 9000));
    // A message of these tests has no `moof`: the header and the head of `mdat` are not of the frame.
    let wanted = Flow { frames: 11, key_frames: 2, bytes: 10 * 960 + 4960, largest: 4960 };
    assert_eq!((hub.take_step(), hub.take_step(), hub.total()), (wanted, Flow::default(), wanted));
}

#[test]
fn who_joins_after_it_forgot_waits_for_what_is_new() {
    let hub = Hub::new(HubLimits::default());
    hub.publish(init(0));
    frames(&hub, 0..10, 5);
    let mut before = hub.join();
    assert_eq!(chunks(&read(&mut before))[..2], ["i0", "k5"]);
    hub.forget();
    assert_eq!((hub.bytes(), hub.newest(), hub.last_init().is_none()), (0, None, true));
    let mut after = hub.join();
    assert!(read(&mut after).is_empty());
    hub.publish(init(0));
    frames(&hub, 10..12, 5);
    assert_eq!(chunks(&read(&mut after)), ["i0", "k10", "11"]);
    assert_eq!(chunks(&read(&mut before)), ["i0", "k10", "11"], "and who was there goes on");
}

#[test]
fn a_decoder_that_is_late_gets_all_that_its_frames_refer_to() {
    let hub = Hub::new(HubLimits::default());
    hub.publish(init(0));
    frames(&hub, 0..27, 10);
    let run = |first: i64, last: i64| {
        let chunks = hub.since_key_frame(Epoch(0), Pts(first * 3600), Pts(last * 3600));
        chunks.iter().map(|chunk| chunk.header.pts.0 / 3600).collect::<Vec<_>>()
    };
    assert_eq!(run(26, 26), (20..27).collect::<Vec<_>>());
    assert_eq!(run(13, 14), (10..15).collect::<Vec<_>>());
    assert_eq!(run(18, 22), (10..23).collect::<Vec<_>>(), "over a key frame");
    assert_eq!(run(20, 20), [20]);
    assert!(run(26, 27).is_empty() && run(14, 13).is_empty(), "not there, or in no order");
    assert!(hub.since_key_frame(Epoch(1), Pts(0), Pts(0)).is_empty());
    frames(&hub, 27..100, 10);
    assert!(run(13, 14).is_empty(), "no longer kept");
}
