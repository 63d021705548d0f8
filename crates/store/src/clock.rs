//! Time and entropy as arguments, and the real ones.
//!
//! Nothing below the binary asks the system for either: whoever needs them is given a [`Clock`] or an [`Entropy`], so
//! that the same arguments give the same bytes. The real clock may be years wrong and may go back; nothing is ordered by it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// Nanoseconds since 1970-01-01 UTC; negative before. Not monotonic.
    fn now(&self) -> i64;

    /// Lets so many nanoseconds pass. Nothing depends on how exactly; a reader asks for it who must not be too fast.
    fn wait(&self, ns: u64) {
        std::thread::sleep(std::time::Duration::from_nanos(ns));
    }
}

/// Gives bytes that nobody can guess.
pub trait Entropy: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the system is asked for the time")]
    fn now(&self) -> i64 {
        let since = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => since(after),
            Err(before) => -since(before.duration()),
        }
    }
}

/// The operating system's entropy.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealEntropy;

impl Entropy for RealEntropy {
    /// # Panics
    /// When the system has no entropy to give: no key or id may be made then, and no caller could do anything else.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives entropy");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_ones_answer() {
        let now = RealClock.now();
        assert!(now > 1_500_000_000_000_000_000, "a clock of this century counts nanoseconds: {now}");
        let (mut one, mut two) = ([0; 32], [0; 32]);
        RealEntropy.fill(&mut one);
        RealEntropy.fill(&mut two);
        assert_ne!(one, two);
        assert_ne!(one, [0; 32]);
        RealEntropy.fill(&mut []);
    }
}
