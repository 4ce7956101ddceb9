//! Slows the guessing of passwords: a try costs time after a few failures, but nobody is ever locked out for good.

use crate::pipeline::clock::{Clock, Mono};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Failures of one address that cost nothing: people mistype.
const FREE: u32 = 3;
/// The longest wait of one address.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// An address that was quiet for this long starts anew.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// Addresses that are remembered.
const MAX_ADDRESSES: usize = 1024;
/// Tries of all unknown addresses together that may come at once, and how many a second after that: who has many addresses
/// guesses no faster than this.
const BURST: f64 = 30.0;
const PER_SECOND: f64 = 0.5;

/// Counts tries by address.
pub(super) struct Slowdown {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    addresses: HashMap<IpAddr, Entry>,
    /// Tries of all unknown addresses, leaking away at [`PER_SECOND`].
    level: f64,
    level_at: Mono,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    failures: u32,
    free_at: Mono,
    last: Mono,
    /// A login from here was right once: others' guessing does not slow it.
    trusted: bool,
}

impl Slowdown {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a try. It counts as a failure until [`Self::succeeded`] is called, so that many tries at once gain nothing.
    ///
    /// # Errors
    /// How long to wait before asking again.
    pub(super) fn try_now(&self, address: IpAddr) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut state = self.lock();
        let mut entry = state.addresses.get(&key(address)).copied().unwrap_or_default();
        if now.since(entry.last) >= FORGET {
            entry = Entry { trusted: entry.trusted, ..Entry::default() };
        }
        if now < entry.free_at {
            return Err(entry.free_at.since(now));
        }
        if !entry.trusted {
            state.pour(now)?;
        }
        entry.failures = entry.failures.saturating_add(1);
        entry.last = now;
        entry.free_at = Mono(now.0 + wait_after(entry.failures));
        state.remember(key(address), entry);
        Ok(())
    }

    /// The try was right.
    pub(super) fn succeeded(&self, address: IpAddr) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.level = (state.level - 1.0).max(0.0);
        state.remember(key(address), Entry { last: now, trusted: true, ..Entry::default() });
    }
}

impl State {
    fn pour(&mut self, now: Mono) -> Result<(), Duration> {
        self.level = (self.level - now.since(self.level_at).as_secs_f64() * PER_SECOND).max(0.0);
        self.level_at = now;
        let over = self.level + 1.0 - BURST;
        if over > 0.0 {
            return Err(Duration::from_secs_f64(over / PER_SECOND));
        }
        self.level += 1.0;
        Ok(())
    }

    fn remember(&mut self, address: IpAddr, entry: Entry) {
        if self.addresses.len() >= MAX_ADDRESSES && !self.addresses.contains_key(&address) {
            // The one that was quiet for longest makes room, strangers before those who know the password.
            let oldest = self.addresses.iter().min_by_key(|(_, e)| (e.trusted, e.last)).map(|(address, _)| *address);
            oldest.map(|oldest| self.addresses.remove(&oldest));
        }
        self.addresses.insert(address, entry);
    }
}

/// One customer's IPv6 network counts as one address.
fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        other => other,
    }
}

fn wait_after(failures: u32) -> Duration {
    match failures.checked_sub(FREE + 1) {
        None => Duration::ZERO,
        Some(more) => Duration::from_secs(1 << more.min(5)).min(MAX_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::clock::SimulatedClock;

    fn made() -> (Arc<SimulatedClock>, Slowdown) {
        let clock = Arc::new(SimulatedClock::new(Duration::from_secs(1_800_000_000)));
        (clock.clone(), Slowdown::new(clock))
    }

    fn ip(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn waits_grow_and_end() {
        let (clock, slow) = made();
        let mut waits = Vec::new();
        for _ in 0..12 {
            while let Err(wait) = slow.try_now(ip(1)) {
                waits.push(wait.as_secs());
                clock.advance(wait);
            }
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        clock.advance(FORGET);
        assert!((0..4).all(|_| slow.try_now(ip(1)).is_ok()));
        slow.try_now(ip(1)).expect_err("slowed again");
    }

    #[test]
    fn success_forgets_failures_and_others_are_not_slowed() {
        let (_clock, slow) = made();
        for _ in 0..4 {
            slow.try_now(ip(1)).expect("free");
        }
        slow.try_now(ip(1)).expect_err("slowed");
        slow.try_now(ip(2)).expect("another address");
        slow.succeeded(ip(2));
        assert!((0..4).all(|_| slow.try_now(ip(2)).is_ok()));
    }

    #[test]
    fn many_addresses_guess_no_faster_and_do_not_lock_out_who_knows_the_password() {
        let (clock, slow) = made();
        slow.try_now(ip(7)).expect("free");
        slow.succeeded(ip(7));
        let mut tries = 0;
        for n in 0..20_000 {
            tries += u32::from(slow.try_now(ip(1000 + n)).is_ok());
            clock.advance(Duration::from_millis(10));
        }
        assert!((100..=131).contains(&tries), "{tries} tries in 200 s");
        slow.try_now(ip(7)).expect("known before");
        let wait = slow.try_now(ip(8)).err().unwrap_or_default();
        assert!(wait <= Duration::from_secs(2), "{wait:?}");
        assert!(slow.lock().addresses.len() <= MAX_ADDRESSES);
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(key(address("2001:db8:1:2:3::4")), key(address("2001:db8:1:2:ffff::")));
        assert_eq!(key(address("::ffff:10.0.0.1")), address("10.0.0.1"));
        assert_eq!(key(address("::1")), address("::1"));
    }
}
