//! A device that was lost: why, and when it is tried again.

use crate::pipeline::clock::Mono;
use sightline_nv::{Error, Remembered};
use std::time::Duration;

/// How long it is left alone before each try; the last one again and again.
const WAITS: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(300),
];

/// A loss, and what was tried since.
pub(super) struct Loss {
    number: u32,
    why: String,
    /// What broke, until nobody holds it any more.
    broken: Option<Remembered>,
    tries: usize,
    /// When it is tried again; `None` until somebody begins to wait for that.
    next: Option<Mono>,
    /// Why the newest try failed.
    failed: Option<String>,
}

impl Loss {
    pub(super) fn new(number: u32, error: &Error) -> Self {
        Self { number, why: error.to_string(), broken: None, tries: 0, next: None, failed: None }
    }

    /// In a sentence or three.
    pub(super) fn words(&self) -> String {
        let lost = format!("Device {} was lost ({}).", self.number, self.why);
        let times = if self.tries == 1 { "once".into() } else { format!("{} times", self.tries) };
        match (&self.failed, self.next) {
            (Some(failed), _) => format!(
                "{lost} It was tried again {times}, and will be every {}: {failed} If it stays so, start Sightline again.",
                spoken(self.wait())
            ),
            (None, Some(_)) => format!("{lost} It is tried again in {}.", spoken(self.wait())),
            (None, None) => lost,
        }
    }

    fn wait(&self) -> Duration {
        WAITS[self.tries.min(WAITS.len() - 1)]
    }

    /// Whether it is to be tried now.
    pub(super) fn is_due(&mut self, now: Mono) -> bool {
        let wait = self.wait();
        now >= *self.next.get_or_insert_with(|| now.after(wait))
    }

    /// A try has failed.
    pub(super) fn failed(&mut self, now: Mono, why: String) {
        (self.tries, self.failed) = (self.tries + 1, Some(why));
        self.next = Some(now.after(self.wait()));
    }

    /// What broke is held by this no longer.
    pub(super) fn let_go(&mut self, broken: Remembered) {
        self.broken = Some(broken);
    }

    /// Whether nobody holds what broke.
    pub(super) fn is_let_go(&self) -> bool {
        self.broken.as_ref().is_none_or(Remembered::is_gone)
    }
}

fn spoken(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_less_and_less_often_and_says_why_it_is_not_there() {
        let mut loss = Loss::new(2, &Error::Invalid("the bus broke".into()));
        let at = |seconds: u64| Mono(Duration::from_secs(seconds));
        assert_eq!(loss.words(), "Device 2 was lost (the bus broke).");
        assert!(!loss.is_due(at(100)), "the wait begins when somebody asks");
        assert_eq!(loss.words(), "Device 2 was lost (the bus broke). It is tried again in 10 s.");
        let mut tried = Vec::new();
        for second in 100..1500 {
            if loss.is_due(at(second)) {
                tried.push(second - 100);
                loss.failed(at(second), "It is not there.".into());
            }
        }
        assert_eq!(tried, [10, 40, 100, 220, 520, 820, 1120]);
        let words = "Device 2 was lost (the bus broke). It was tried again 7 times, and will be every 5 min: It is not there. If it \
                     stays so, start Sightline again.";
        assert_eq!(loss.words(), words);
        assert!(loss.is_let_go(), "nothing was held");
    }
}
