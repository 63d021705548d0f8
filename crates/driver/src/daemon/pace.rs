//! When the next round comes: pure, from what happened in the last one.

use std::time::Duration;

/// While not everything is watched, rounds come at least so often, s.
const LIMITED_SECONDS: u64 = 10;
/// Gateway folders, and whether the roots are the folders that are watched, are looked at so often, s.
const FOLDERS_SECONDS: u64 = 30;
/// What is left to be re-read goes on after so long: people's commands get in between, s.
const MORE_SECONDS: u64 = 1;
/// A home that another process held is tried again after so long: most commands are short.
const HELD: Duration = Duration::from_millis(20);
/// After so many times the command is a long one, and it is tried less often.
const HELD_TIMES: u32 = 100;
const HELD_LONG: Duration = Duration::from_secs(1);
/// The longest wait between rounds, whatever the configuration says, s: a year.
const ROUND_SECONDS_MAX: u64 = 366 * 86_400;
/// The longest wait after a round that failed, s.
const FAILED_SECONDS_MAX: u64 = 60;

/// What decides how often rounds come.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Seconds between full rounds, from the configuration.
    pub scan_seconds: u64,
    /// Whether folders are watched: gateway folders are often shares, where another machine's writing gives no hint.
    pub has_roots: bool,
    /// Whether not everything is watched.
    pub limited: bool,
    /// Whether the last round left something to be re-read.
    pub more: bool,
}

/// When the next round comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// At the latest after so long.
    pub round: Duration,
    /// How often the folders are looked at until then.
    pub look_at_folders: Option<Duration>,
    /// Whether a hint brings it at once.
    pub hints_count: bool,
}

/// After a round that came to its end.
pub fn after_a_round(timing: &Timing) -> Next {
    let seconds = timing.scan_seconds.clamp(1, ROUND_SECONDS_MAX);
    let round = if timing.limited { seconds.min(LIMITED_SECONDS) } else { seconds };
    let round = if timing.more { round.min(MORE_SECONDS) } else { round };
    let look_at_folders = (timing.has_roots && round > FOLDERS_SECONDS).then_some(Duration::from_secs(FOLDERS_SECONDS));
    Next { round: Duration::from_secs(round), look_at_folders, hints_count: true }
}

/// After a round that found the home held, so many times in a row: soon again, hints or not; the hint that called for it has
/// been used up.
pub fn after_a_held_home(times: u32) -> Next {
    Next { round: if times > HELD_TIMES { HELD_LONG } else { HELD }, look_at_folders: None, hints_count: false }
}

/// After so many rounds in a row with problems that may pass: sooner than after a good one, ever less so; a hint shortens it.
pub fn after_problems(rounds: u32, timing: &Timing) -> Next {
    let next = after_a_round(timing);
    let round = next.round.min(after_failures(rounds).round);
    Next { round, look_at_folders: next.look_at_folders.filter(|every| *every < round), hints_count: true }
}

/// After so many failures in a row: each wait twice as long, and no hint shortens it.
pub fn after_failures(failures: u32) -> Next {
    let seconds = 1u64.checked_shl(failures.saturating_sub(1)).unwrap_or(FAILED_SECONDS_MAX).clamp(1, FAILED_SECONDS_MAX);
    Next { round: Duration::from_secs(seconds), look_at_folders: None, hints_count: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_come_as_often_as_they_must() {
        for (scan_seconds, has_roots, limited, more, round, look) in [
            (300, false, false, false, 300, None),
            (u64::MAX, false, false, false, 366 * 86_400, None),
            (300, true, false, false, 300, Some(30)),
            (30, true, false, false, 30, None),
            (31, true, false, false, 31, Some(30)),
            (300, true, true, false, 10, None),
            (300, false, true, false, 10, None),
            (5, true, true, false, 5, None),
            (0, true, false, false, 1, None),
            (300, true, false, true, 1, None),
            (300, true, true, true, 1, None),
        ] {
            let next = after_a_round(&Timing { scan_seconds, has_roots, limited, more });
            let expected = Next { round: Duration::from_secs(round), look_at_folders: look.map(Duration::from_secs), hints_count: true };
            assert_eq!(next, expected, "{scan_seconds} {has_roots} {limited}");
        }
    }

    #[test]
    fn a_held_home_is_tried_again_soon() {
        for (times, milliseconds) in [(1, 20), (100, 20), (101, 1000)] {
            assert_eq!(after_a_held_home(times).round, Duration::from_millis(milliseconds), "{times}");
        }
    }

    #[test]
    fn what_may_pass_is_looked_at_soon() {
        for (rounds, scan_seconds, limited, round, look) in [
            (1, 300, false, 1, None),
            (5, 300, false, 16, None),
            (6, 300, false, 32, Some(30)),
            (99, 300, false, 60, Some(30)),
            (99, 300, true, 10, None),
            (99, 5, false, 5, None),
        ] {
            let next = after_problems(rounds, &Timing { scan_seconds, has_roots: true, limited, more: false });
            let expected = Next { round: Duration::from_secs(round), look_at_folders: look.map(Duration::from_secs), hints_count: true };
            assert_eq!(next, expected, "{rounds} {scan_seconds} {limited}");
        }
    }

    #[test]
    fn failures_slow_it_down() {
        for (failures, seconds) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (64, 60), (65, 60), (u32::MAX, 60)] {
            assert_eq!(after_failures(failures).round, Duration::from_secs(seconds), "{failures}");
            assert!(!after_failures(failures).hints_count);
        }
    }
}
