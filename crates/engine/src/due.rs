//! Re-reading spread over a period (P11): which documents are due to be read again, and how fast they may be read.
//!
//! Whoever scrubs says when each document was last read; nothing else is remembered, so that a scrub which was interrupted
//! goes on where it was. The pace is the smallest even one that reads each document again within a period after it was last
//! read. Time is an argument and decides nothing but this (P6): a clock that jumps costs readings, never one too few.

use alloc::vec::Vec;
use wire::planted;

/// Days within which everything is read again, unless a home says otherwise. For both roles.
pub const SCRUB_DAYS: u64 = 90;
/// Bytes per second that a scrub reads at most, unless a home says otherwise.
pub const SCRUB_BYTES_PER_SECOND: u64 = 32 << 20;
/// What a document counts at least: opening it costs as much as reading so many bytes.
pub const DOCUMENT_BYTES_MIN: u64 = 4096;

const DAY_SECONDS: u64 = 86_400;
const SECOND_NS: u64 = 1_000_000_000;

/// How re-reading is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Within how many seconds everything is read again; 0: nothing is.
    pub period_seconds: u64,
    /// How many bytes are read per second at most; 0: as fast as it goes.
    pub bytes_per_second: u64,
}

impl Pace {
    /// As a policy says it.
    pub fn of(days: u64, bytes_per_second: u64) -> Self {
        Self { period_seconds: days.saturating_mul(DAY_SECONDS), bytes_per_second }
    }

    /// How many bytes `seconds` of reading are at most; all there are where nothing limits them.
    pub fn bytes_in(&self, seconds: u64) -> u64 {
        if self.bytes_per_second == 0 { u64::MAX } else { self.bytes_per_second.saturating_mul(seconds) }
    }

    /// How many nanoseconds a reader must wait now, when it has read `bytes` within the `elapsed_ns` since it began.
    pub fn pause_ns(&self, bytes: u64, elapsed_ns: u64) -> u64 {
        let Some(needed) = (u128::from(bytes) * u128::from(SECOND_NS)).checked_div(u128::from(self.bytes_per_second)) else { return 0 };
        u64::try_from(needed.saturating_sub(u128::from(elapsed_ns))).unwrap_or(u64::MAX)
    }
}

/// A document and when it was last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRead {
    /// Its number.
    pub item: u32,
    /// Its size.
    pub bytes: u64,
    /// When it was last read, s since 1970. A time that is still to come proves nothing: it counts as never.
    pub at: i64,
}

/// What is to be read now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The documents, the one that was read longest ago first.
    pub items: Vec<u32>,
    /// How many documents were last read longer ago than a period, whether they are among `items` or not.
    pub overdue: u64,
}

/// What is to be read at `now`, when the last step of this scrub was at `last` (none: there was none, or nobody knows).
///
/// A step reads no more than `bytes_max`, but one document that is due even if it alone is larger. What a step leaves is due in
/// the next one.
pub fn due(pace: &Pace, held: &[LastRead], last: Option<i64>, now: i64, bytes_max: u64) -> Due {
    if pace.period_seconds == 0 {
        return Due::default();
    }
    let read_at = |held: &LastRead| if held.at > now && !planted::is("time-to-come-counts") { i64::MIN } else { held.at };
    let mut order: Vec<&LastRead> = held.iter().collect();
    order.sort_by_key(|held| (read_at(held), held.item));
    let last = last.filter(|last| *last <= now).or_else(|| order.first().map(|oldest| read_at(oldest))).unwrap_or(now);
    let since = |earlier: i64| u128::from(now.abs_diff(earlier));
    let (period, step) = (u128::from(pace.period_seconds), since(last));
    // How much of what was read longest ago must be read now: for each document in turn, the share of all up to it that falls
    // to this step, were they read evenly from the last step to the moment it is due.
    let (mut sum, mut wanted, mut overdue) = (0u128, 0u128, 0u64);
    for held in &order {
        sum += weight(held);
        let left = period.saturating_sub(since(read_at(held)));
        overdue += u64::from(left == 0);
        wanted = wanted.max(if left == 0 { sum } else { sum * step / (step + left) });
    }
    let mut taken = 0u128;
    let within = |held: &&&LastRead| {
        let before = taken;
        taken += weight(held);
        taken <= wanted && (before == 0 || taken <= u128::from(bytes_max))
    };
    Due { items: order.iter().take_while(within).map(|held| held.item).collect(), overdue }
}

fn weight(held: &LastRead) -> u128 {
    u128::from(held.bytes.max(DOCUMENT_BYTES_MIN))
}

#[cfg(test)]
#[path = "due_test.rs"]
mod tests;
