//! Keeps readers together below a number of bytes per second: who has read waits until its bytes are paid for.

use engine::due::Pace;
use std::sync::{Mutex, PoisonError};
use store::clock::Clock;

/// Shorter debts are left to the next reader, ns: a system cannot wait so shortly.
const DEBT_NS_MIN: i64 = 5_000_000;

/// What all readers of one scrub share.
pub struct Throttle<'a> {
    clock: &'a dyn Clock,
    pace: Pace,
    account: Mutex<Account>,
}

/// The clock as it was last seen, and until when what was read is not paid for.
struct Account {
    seen: i64,
    until: i64,
}

impl<'a> Throttle<'a> {
    /// Nothing was read yet.
    pub fn new(clock: &'a dyn Clock, pace: Pace) -> Self {
        let seen = clock.now();
        Self { clock, pace, account: Mutex::new(Account { seen, until: seen }) }
    }

    /// So many bytes were read; returns when the next may be.
    pub fn took(&self, bytes: u64) {
        let cost = i64::try_from(self.pace.pause_ns(bytes, 0)).unwrap_or(i64::MAX);
        if cost == 0 {
            return;
        }
        let (debt, before) = {
            let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
            let now = self.clock.now();
            // A clock that goes back makes nobody wait for it.
            account.until = account.until.saturating_sub(account.seen.saturating_sub(now).max(0)).max(now).saturating_add(cost);
            account.seen = now;
            (account.until.saturating_sub(now), now)
        };
        if debt < DEBT_NS_MIN {
            return;
        }
        self.clock.wait(u64::try_from(debt).unwrap_or(0));
        if self.clock.now() <= before {
            // The clock stands, or went back: what was waited for is paid all the same.
            let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
            account.until = account.until.saturating_sub(debt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// A clock that only moves when somebody waits.
    struct Still(AtomicI64);

    impl Clock for Still {
        fn now(&self) -> i64 {
            self.0.load(Ordering::SeqCst)
        }
        fn wait(&self, ns: u64) {
            self.0.fetch_add(i64::try_from(ns).unwrap(), Ordering::SeqCst);
        }
    }

    #[test]
    fn bytes_take_their_time() {
        for (rate, reads, seconds) in [(1000, vec![500; 20], 10), (1 << 20, vec![3 << 20], 3), (10, vec![1, 1, 1, 7], 1), (0, vec![1 << 40], 0)] {
            let clock = Still(AtomicI64::new(77));
            let throttle = Throttle::new(&clock, Pace::of(90, rate));
            reads.into_iter().for_each(|bytes| throttle.took(bytes));
            assert_eq!(clock.now() - 77, seconds * 1_000_000_000, "{rate}");
        }
    }

    #[test]
    fn small_reads_are_paid_together() {
        let clock = Still(AtomicI64::new(0));
        let throttle = Throttle::new(&clock, Pace::of(90, 1_000_000));
        (0..1000).for_each(|_| throttle.took(100));
        assert_eq!(clock.now(), 100_000_000);
    }

    /// A clock that stands; counts what was waited.
    struct Standing(AtomicI64);

    impl Clock for Standing {
        fn now(&self) -> i64 {
            5
        }
        fn wait(&self, ns: u64) {
            self.0.fetch_add(i64::try_from(ns).unwrap(), Ordering::SeqCst);
        }
    }

    /// FAULTS C10
    #[test]
    fn a_clock_that_stands_makes_nobody_wait_twice() {
        let clock = Standing(AtomicI64::new(0));
        let throttle = Throttle::new(&clock, Pace::of(90, 1000));
        (0..20).for_each(|_| throttle.took(500));
        assert_eq!(clock.0.load(Ordering::SeqCst), 10_000_000_000);
    }

    #[test]
    fn a_clock_that_jumps_holds_nobody_up() {
        let year = 365 * 86_400 * 1_000_000_000i64;
        for jump in [10 * year, -10 * year] {
            let clock = Still(AtomicI64::new(0));
            let throttle = Throttle::new(&clock, Pace::of(90, 1000));
            throttle.took(1000);
            clock.0.fetch_add(jump, Ordering::SeqCst);
            let before = clock.now();
            throttle.took(1000);
            assert!((1_000_000_000..=2_000_000_000).contains(&(clock.now() - before)), "{jump}");
        }
    }
}
