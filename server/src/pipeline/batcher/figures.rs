//! What an engine did in the last seconds: batches, how long inputs waited, how long the model took.

use crate::pipeline::clock::Mono;
use std::collections::VecDeque;
use std::time::Duration;

/// The window of means and medians.
const WINDOW: Duration = Duration::from_secs(10);
/// Batches and inputs remembered, 12 kB.
const MOST: usize = 512;

/// Sums since the engine was first opened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Batches that the model answered.
    pub batches: u64,
    /// Pictures in them.
    pub pictures: u64,
    /// Batches that failed.
    pub failures: u64,
    /// Boxes of the engine that is open that are no numbers, and were left out.
    pub no_numbers: u64,
    /// Time in the model.
    pub ran: Duration,
    /// Time that pictures waited for their turn.
    pub waited: Duration,
}

/// Collects them.
#[derive(Default)]
pub(super) struct Figures {
    batches: VecDeque<(Mono, usize, Duration)>,
    waits: VecDeque<(Mono, Duration)>,
    totals: Totals,
}

/// Of the last seconds; absent where nothing was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recent {
    /// Pictures in a batch, in the mean.
    pub batch: Option<f64>,
    /// Median of the time that a picture waited for its turn.
    pub waiting: Option<Duration>,
    /// Median of the model's time for a batch.
    pub model: Option<Duration>,
}

impl Figures {
    /// An input left the line.
    pub(super) fn waited(&mut self, now: Mono, wait: Duration) {
        push(&mut self.waits, (now, wait));
        self.totals.waited += wait;
    }

    /// The model answered a batch.
    pub(super) fn ran(&mut self, now: Mono, pictures: usize, took: Duration) {
        push(&mut self.batches, (now, pictures, took));
        self.totals.batches += 1;
        self.totals.pictures += pictures as u64;
        self.totals.ran += took;
    }

    /// So many boxes of the engine were no numbers.
    pub(super) fn no_numbers(&mut self, count: u64) {
        self.totals.no_numbers = count;
    }

    /// The model failed over a batch.
    pub(super) fn failed(&mut self) {
        self.totals.failures += 1;
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn recent(&self, now: Mono) -> Recent {
        let fresh = |at: Mono| now.since(at) <= WINDOW;
        let batches: Vec<_> = self.batches.iter().filter(|(at, ..)| fresh(*at)).collect();
        let pictures: usize = batches.iter().map(|(_, pictures, _)| pictures).sum();
        Recent {
            batch: (!batches.is_empty()).then(|| pictures as f64 / batches.len() as f64),
            waiting: median(self.waits.iter().filter(|(at, _)| fresh(*at)).map(|(_, wait)| *wait).collect()),
            model: median(batches.iter().map(|(.., took)| *took).collect()),
        }
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == MOST {
        list.pop_front();
    }
    list.push_back(item);
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_of_the_last_seconds_and_sums_of_all() {
        let mut figures = Figures::default();
        let at = |s| Mono(Duration::from_secs(s));
        figures.ran(at(0), 9, Duration::from_secs(3));
        for (second, pictures) in [(20, 1), (21, 2), (22, 6)] {
            figures.ran(at(second), pictures, Duration::from_millis(10 * second));
            figures.waited(at(second), Duration::from_millis(second));
        }
        let recent = figures.recent(at(25));
        assert_eq!(recent.batch, Some(3.0));
        assert_eq!((recent.waiting, recent.model), (Some(Duration::from_millis(21)), Some(Duration::from_millis(210))));
        assert_eq!((figures.totals().pictures, figures.totals().batches), (18, 4));
        assert_eq!(figures.recent(at(60)), Recent::default());
    }
}
