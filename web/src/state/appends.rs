//! The bounded queue in front of a SourceBuffer, which takes one append at a time.

use std::collections::VecDeque;

/// Bytes that may wait: some seconds of 20 Mb/s. Beyond it the queue goes back to a key frame instead of growing.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// One thing to append.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Append {
    /// Media bytes: an init segment or a chunk.
    pub(crate) bytes: Vec<u8>,
    /// The `timestampOffset` to set before; `None` for an init segment.
    pub(crate) offset_us: Option<i64>,
    /// For an init segment of another codec: the type to change to before.
    pub(crate) change_type: Option<String>,
    /// Whether decoding can start here (an init segment or a key frame).
    pub(crate) entry: bool,
}

/// The queue.
#[derive(Default)]
pub(crate) struct Appends {
    queue: VecDeque<Append>,
    bytes: usize,
    waits_for_key: bool,
    dropped: u64,
}

impl Appends {
    /// Adds an item. When the queue is full, waiting frames are dropped, and all that follow up to the next key frame.
    pub(crate) fn push(&mut self, item: Append) {
        if self.waits_for_key && !item.entry {
            self.dropped += 1;
            return;
        }
        if item.offset_us.is_some() {
            self.waits_for_key = false;
        }
        if self.bytes + item.bytes.len() > MAX_BYTES {
            self.overflow();
            if !item.entry {
                self.dropped += 1;
                return;
            }
        }
        self.bytes += item.bytes.len();
        self.queue.push_back(item);
    }

    fn overflow(&mut self) {
        let before = self.queue.len();
        self.queue.retain(|waiting| waiting.offset_us.is_none());
        self.dropped += (before - self.queue.len()) as u64;
        self.bytes = self.queue.iter().map(|waiting| waiting.bytes.len()).sum();
        self.waits_for_key = true;
    }

    /// The next append: everything at the front that shares one offset goes in one call, so that the GOP a viewer joins with
    /// costs one append and not sixty.
    pub(crate) fn next(&mut self) -> Option<Append> {
        let mut first = self.queue.pop_front()?;
        while first.offset_us.is_some() && self.queue.front().is_some_and(|other| other.offset_us == first.offset_us) {
            if let Some(other) = self.queue.pop_front() {
                first.bytes.extend_from_slice(&other.bytes);
            }
        }
        self.bytes = self.bytes.saturating_sub(first.bytes.len());
        Some(first)
    }

    /// Puts an append back that could not be made now.
    pub(crate) fn put_back(&mut self, item: Append) {
        self.bytes += item.bytes.len();
        self.queue.push_front(item);
    }

    /// Frames dropped because the queue was full.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(len: usize, offset: i64, entry: bool) -> Append {
        Append { bytes: vec![7; len], offset_us: Some(offset), change_type: None, entry }
    }

    fn init() -> Append {
        Append { bytes: vec![1; 10], offset_us: None, change_type: None, entry: true }
    }

    #[test]
    fn frames_of_one_offset_go_together_and_others_apart() {
        let mut appends = Appends::default();
        for item in [init(), frame(1, 0, true), frame(2, 0, false), frame(3, 5, false), init(), frame(4, 5, true)] {
            appends.push(item);
        }
        let lens: Vec<usize> = std::iter::from_fn(|| appends.next()).map(|item| item.bytes.len()).collect();
        assert_eq!(lens, [10, 3, 3, 10, 4]);
        assert_eq!(appends.bytes, 0);
    }

    #[test]
    fn a_full_queue_goes_to_the_next_key_frame_and_counts_exactly() {
        let mut appends = Appends::default();
        appends.push(init());
        let size = MAX_BYTES / 4;
        let mut pushed = 0;
        for n in 0..8 {
            appends.push(frame(size, 0, n == 0));
            pushed += 1;
        }
        appends.push(frame(size, 0, true));
        appends.push(frame(size, 0, false));
        pushed += 2;
        assert!(appends.bytes <= MAX_BYTES);
        let kept = std::iter::from_fn(|| appends.next())
            .filter(|item| item.offset_us.is_some())
            .map(|item| item.bytes.len() / size);
        assert_eq!(kept.sum::<usize>() as u64 + appends.dropped(), pushed);
        assert_eq!(appends.dropped(), 8);
    }

    #[test]
    fn what_is_put_back_comes_first() {
        let mut appends = Appends::default();
        appends.push(frame(1, 0, true));
        appends.push(frame(2, 9, false));
        let first = appends.next().expect("a frame");
        appends.put_back(first.clone());
        assert_eq!(appends.next(), Some(first));
    }
}
