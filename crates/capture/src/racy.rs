//! Whether a document was changed so shortly before it was read that a second change could bear the same time.
//!
//! Pure. A file system stamps changes with a clock that ticks coarsely: what changes twice within a tick, once before the
//! reading and once after it, looks unchanged. Such a document is read again next time. What counts is the time that no
//! program can set (ctime). One a little ahead of the reading (a server's clock) proves nothing either; one far ahead was
//! stamped by a clock that has been set back since, and no later change will bear it again.

use wire::record::FileStat;

/// The coarsest tick of the local file systems' clocks, ns: a jiffy is at most 10 ms (CONFIG_HZ = 100), doubled for what
/// lies between stamping and reading the clock. FAT (2 s) and shares need a longer one, which the caller gives.
pub const CLOCK_TICK_NS: i64 = 20_000_000;

/// How far a file server's clock may be ahead of ours, ns.
pub const CLOCK_SKEW_NS: i64 = 3_600_000_000_000;

/// Whether `stat` was changed within `tick_ns` before the reading began or within [`CLOCK_SKEW_NS`] after that, the edges
/// included.
pub fn is_young(stat: &FileStat, read_started_ns: i64, tick_ns: i64) -> bool {
    (read_started_ns.saturating_sub(tick_ns)..=read_started_ns.saturating_add(CLOCK_SKEW_NS)).contains(&stat.changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn around_the_tick() {
        const NOW: i64 = 1_700_000_000_000_000_000;
        let edge = NOW - CLOCK_TICK_NS;
        for (modified, changed, young) in [
            (0, 0, false),
            (edge - 1, edge - 1, false),
            (edge, 0, false),
            (0, edge, true),
            (edge - 1, edge, true),
            (NOW, NOW, true),
            (NOW + 1, 0, false),
            (0, NOW + 1, true),
            (0, NOW + CLOCK_SKEW_NS, true),
            (0, NOW + CLOCK_SKEW_NS + 1, false),
            (i64::MAX, 0, false),
            (i64::MIN, i64::MIN, false),
        ] {
            let stat = FileStat { modified, changed, ..FileStat::default() };
            assert_eq!(is_young(&stat, NOW, CLOCK_TICK_NS), young, "{modified} {changed}");
        }
        let before_all = FileStat { modified: i64::MIN, changed: i64::MIN, ..FileStat::default() };
        assert!(is_young(&before_all, i64::MIN, CLOCK_TICK_NS), "no overflow at the end of time");
    }

    #[test]
    fn the_tick_is_an_argument() {
        let stat = FileStat { modified: 1_000, changed: 1_000, ..FileStat::default() };
        for (tick, young) in [(0, false), (499, false), (500, true), (501, true)] {
            assert_eq!(is_young(&stat, 1_500, tick), young, "{tick}");
        }
    }
}
