//! A clock that goes as it is told: stands, jumps, runs backwards.

use std::sync::atomic::{AtomicI64, Ordering};
use store::clock::Clock;

/// Stands still until it is set or moved.
#[derive(Debug)]
pub struct SimClock(AtomicI64);

impl SimClock {
    /// A clock that says `now`, ns since 1970.
    pub fn at(now: i64) -> Self {
        Self(AtomicI64::new(now))
    }

    /// Sets it.
    pub fn set(&self, now: i64) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// Moves it, backwards when negative; stops at the ends of time.
    pub fn pass(&self, nanoseconds: i64) {
        self.set(self.now().saturating_add(nanoseconds));
    }

    /// Moves it by seconds.
    pub fn pass_seconds(&self, seconds: i64) {
        self.pass(seconds.saturating_mul(1_000_000_000));
    }
}

impl Default for SimClock {
    /// A day in 2023.
    fn default() -> Self {
        Self::at(1_700_000_000_000_000_000)
    }
}

impl Clock for SimClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
    fn wait(&self, ns: u64) {
        self.pass(i64::try_from(ns).unwrap_or(i64::MAX));
    }
}
