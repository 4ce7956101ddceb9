//! From the order of decoding to that of showing.

/// A decoded picture that waits to be shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) order: i64,
    pub(crate) index: i32,
    pub(crate) progressive: bool,
    pub(crate) time: i64,
}

/// Pictures that wait, and the numbers that tell their order.
#[derive(Default)]
pub(crate) struct Order {
    waiting: Vec<Waiting>,
}

impl Order {
    pub(crate) fn holds(&self, index: i32) -> bool {
        self.waiting.iter().any(|one| one.index == index)
    }

    pub(crate) fn push(&mut self, one: Waiting) {
        self.waiting.push(one);
    }

    /// The next picture to be shown when at most `reorder` may wait.
    pub(crate) fn next(&mut self, reorder: usize) -> Option<Waiting> {
        if self.waiting.len() <= reorder {
            return None;
        }
        let first = self.waiting.iter().enumerate().min_by_key(|(_, one)| one.order)?.0;
        Some(self.waiting.remove(first))
    }
}
