//! Re-reading spread over a period. FAULTS C08.

use super::*;
use alloc::vec;

const BLOCK: u64 = DOCUMENT_BYTES_MIN;
const PACE: Pace = Pace { period_seconds: 100, bytes_per_second: BLOCK };

fn all_read_at(at: &[i64]) -> Vec<LastRead> {
    at.iter().zip(0u32..).map(|(at, item)| LastRead { item, bytes: BLOCK, at: *at }).collect()
}

#[test]
fn what_is_due() {
    let ten_at = |at: i64| all_read_at(&[at; 10]);
    let sizes = |sizes: &[u64]| sizes.iter().zip(0u32..).map(|(blocks, item)| LastRead { item, bytes: blocks * BLOCK, at: 0 }).collect::<Vec<_>>();
    for (says, held, last, now, bytes_max, items, overdue) in [
        ("nothing is held", vec![], Some(0), 1000, u64::MAX, vec![], 0),
        ("no time has passed", ten_at(0), Some(0), 0, u64::MAX, vec![], 0),
        ("just not one", ten_at(0), Some(0), 9, u64::MAX, vec![], 0),
        ("a tenth of the period, a tenth", ten_at(0), Some(0), 10, u64::MAX, vec![0], 0),
        ("half", ten_at(0), Some(0), 50, u64::MAX, vec![0, 1, 2, 3, 4], 0),
        ("nobody knows of an earlier step", ten_at(0), None, 50, u64::MAX, vec![0, 1, 2, 3, 4], 0),
        ("one second before the end", ten_at(0), Some(0), 99, u64::MAX, (0..9).collect(), 0),
        ("the whole period", ten_at(0), Some(0), 100, u64::MAX, (0..10).collect(), 10),
        ("the whole period, little at once", ten_at(0), Some(0), 100, 3 * BLOCK, vec![0, 1, 2], 10),
        ("overdue, whenever the last step was", ten_at(0), Some(200), 200, u64::MAX, (0..10).collect(), 10),
        ("the oldest first", all_read_at(&[30, 10, 20]), Some(30), 110, u64::MAX, vec![1, 2], 1),
        ("new ones wait", all_read_at(&[100, 100, 0]), Some(100), 101, u64::MAX, vec![2], 1),
        ("a time to come proves nothing", all_read_at(&[0, 500, 0]), Some(40), 40, u64::MAX, vec![1], 1),
        ("never read", all_read_at(&[0, i64::MIN, 0]), Some(40), 40, u64::MAX, vec![1], 1),
        ("a last step to come proves nothing", ten_at(0), Some(i64::MAX), 50, u64::MAX, vec![0, 1, 2, 3, 4], 0),
        ("a clock at its ends", all_read_at(&[i64::MIN, i64::MAX]), Some(i64::MIN), i64::MAX, u64::MAX, vec![0], 1),
        ("a large one waits for its share", sizes(&[50, 50]), Some(0), 49, u64::MAX, vec![], 0),
        ("and gets it", sizes(&[50, 50]), Some(0), 50, u64::MAX, vec![0], 0),
        ("a large one alone is more than the limit", sizes(&[50, 50]), Some(0), 50, 49 * BLOCK, vec![0], 0),
        ("but no second one", sizes(&[50, 50]), Some(0), 100, 99 * BLOCK, vec![0], 2),
        ("at the limit", sizes(&[50, 50]), Some(0), 100, 100 * BLOCK, vec![0, 1], 2),
        ("empty ones count too", sizes(&[0; 10]), Some(0), 10, u64::MAX, vec![0], 0),
        (
            "sizes beyond all measure",
            all_read_at(&[0, 0]).into_iter().map(|held| LastRead { bytes: u64::MAX, ..held }).collect(),
            Some(0),
            50,
            u64::MAX,
            vec![0],
            0,
        ),
    ] {
        assert_eq!(due(&PACE, &held, last, now, bytes_max), Due { items, overdue }, "{says}");
    }
    assert_eq!(due(&Pace::of(0, 0), &ten_at(0), None, 1 << 40, u64::MAX), Due::default(), "no period, no scrub");
}

/// Whatever the steps are, each document is read again within the period (and the step that it falls into), and no step but
/// one after a pause reads much more than its share.
#[test]
fn each_is_read_in_time_and_evenly() {
    for step in [1, 3, 7] {
        let mut held = all_read_at(&[0; 50]);
        let mut last = 0;
        let mut most = 0;
        for now in (step..1000).step_by(usize::try_from(step).unwrap()) {
            let now_due = due(&PACE, &held, Some(last), now, u64::MAX);
            most = most.max(now_due.items.len());
            for item in now_due.items {
                held[item as usize].at = now;
                last = now;
            }
            let oldest = held.iter().map(|held| now - held.at).max().unwrap();
            assert!(oldest <= 100 + step, "step {step}, at {now}: one was read {oldest} ago");
        }
        let share = usize::try_from(step / 2 + 2).unwrap();
        assert!(most <= share, "step {step}: {most} at once, {share} are its share");
    }
}

/// A clock that jumps ten years on and back: everything is read once more, then all goes on. FAULTS C10.
#[test]
fn a_clock_that_jumps_costs_readings() {
    const TEN_YEARS: i64 = 10 * 365 * 86_400;
    let mut held = all_read_at(&[1000; 10]);
    for now in [1000 + TEN_YEARS, 1000] {
        assert_eq!(due(&PACE, &held, Some(held[0].at), now, u64::MAX).items.len(), 10, "at {now}");
        held.iter_mut().for_each(|held| held.at = now);
        assert_eq!(due(&PACE, &held, Some(now), now, u64::MAX), Due::default(), "at {now}");
    }
}

#[test]
fn no_faster_than_the_limit() {
    let limit = |bytes_per_second| Pace { period_seconds: 1, bytes_per_second };
    for (bytes_per_second, bytes, elapsed, pause) in [
        (0, u64::MAX, 0, 0),
        (10, 0, 0, 0),
        (10, 10, 0, SECOND_NS),
        (10, 10, SECOND_NS - 1, 1),
        (10, 10, SECOND_NS, 0),
        (10, 10, u64::MAX, 0),
        (1, u64::MAX, 0, u64::MAX),
    ] {
        assert_eq!(limit(bytes_per_second).pause_ns(bytes, elapsed), pause, "{bytes_per_second} {bytes} {elapsed}");
    }
    assert_eq!((limit(10).bytes_in(60), limit(0).bytes_in(60), limit(2).bytes_in(u64::MAX)), (600, u64::MAX, u64::MAX));
    assert_eq!(Pace::of(SCRUB_DAYS, SCRUB_BYTES_PER_SECOND), Pace { period_seconds: 7_776_000, bytes_per_second: 33_554_432 });
}
