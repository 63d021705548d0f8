//! Heartbeat (P08): where the other side is expected to be heard of without anybody carrying anything, each side lets itself be
//! heard once in a period even if nothing changed, and an alarm says when the other one is not.
//!
//! Times only alarm and only call for a sign of life; they order nothing (P6). A time that lies ahead of the clock is void: the
//! clock went back. What was to be told is told then, and the other side is silent from now on, not from some day to come.

use wire::planted;

/// How often each side lets itself be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The period, s; 0: nobody expects anything.
    pub period_seconds: i64,
}

/// Periods without a sign of life after which it is an alarm: one for the sign to come, one for the way.
const SILENT_PERIODS: i64 = 2;
/// Periods after which a medium that is carried takes a sign of life along.
const MEDIUM_PERIODS: i64 = 30;

impl Heartbeat {
    /// As a policy says it.
    pub fn of(hours: u64) -> Self {
        Self { period_seconds: i64::try_from(hours.saturating_mul(3600)).unwrap_or(i64::MAX) }
    }

    /// Where only what people carry crosses: less often, and nobody waits for it.
    pub fn over_a_medium(self) -> Self {
        Self { period_seconds: self.period_seconds.saturating_mul(MEDIUM_PERIODS) }
    }

    /// Whether a sign of life is due at `now`, when the last was given at `told_at`.
    pub fn is_due(&self, told_at: i64, now: i64) -> bool {
        self.period_seconds > 0
            && !planted::is("heartbeat-not-sent")
            && (told_at > now && !planted::is("clock-that-went-back-silences") || now.saturating_sub(told_at) >= self.period_seconds)
    }

    /// Whether the other side, heard of at `heard_at`, has been silent for too long at `now`.
    pub fn is_silent(&self, heard_at: i64, now: i64) -> bool {
        self.period_seconds > 0 && !planted::is("silence-not-told") && now.saturating_sub(heard_at) > self.period_seconds.saturating_mul(SILENT_PERIODS)
    }
}

/// How long ago that was, s; a time to come was just now.
pub fn seconds_since(earlier: i64, now: i64) -> u64 {
    u64::try_from(now.saturating_sub(earlier)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_are_due_and_missed_at_their_time() {
        let (hour, day, decade) = (3600, 86_400, 10 * 365 * 86_400);
        // Period in hours; when it was last told or heard, from now; a sign is due; the other side is silent.
        for (hours, ago, due, silent) in [
            (24, 0, false, false),
            (24, day - 1, false, false),
            (24, day, true, false),
            (24, 2 * day, true, false),
            (24, 2 * day + 1, true, true),
            (1, hour, true, false),
            (1, 2 * hour + 1, true, true),
            (24, -1, true, false),
            (24, -decade, true, false),
            (24, decade, true, true),
            (0, decade, false, false),
            (0, -decade, false, false),
            (u64::MAX, decade, false, false),
        ] {
            for now in [0, -decade, 4 * decade] {
                let beat = Heartbeat::of(hours);
                assert_eq!((beat.is_due(now - ago, now), beat.is_silent(now - ago, now)), (due, silent), "{hours} h, {ago} s ago");
            }
        }
    }

    #[test]
    fn a_medium_takes_one_along_less_often() {
        let (beat, month) = (Heartbeat::of(24).over_a_medium(), 30 * 86_400);
        assert!(!beat.is_due(0, month - 1) && beat.is_due(0, month));
        assert!(!Heartbeat::of(0).over_a_medium().is_due(0, i64::MAX));
    }

    #[test]
    fn nothing_is_older_than_now() {
        for (earlier, now, seconds) in [(5, 9, 4), (9, 9, 0), (10, 9, 0), (i64::MIN, 0, i64::MAX as u64), (i64::MAX, i64::MIN, 0)] {
            assert_eq!(seconds_since(earlier, now), seconds);
        }
    }
}
