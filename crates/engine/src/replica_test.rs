//! The replica's fold: what switching in does to items, history and parts, what receipts cover, and the sum over what is right.

use super::*;
use crate::apply::fork_of;
use crate::scene::{OUTSIDE, Outside, Random, digest, head, manifest, package, range};
use alloc::vec;
use wire::id::Bytes;
use wire::manifest::{Manifest, Witness};
use wire::receipt::Row;
use wire::record::{Followed, Pruned, Reborn, Receipted, Scrubbed};

fn exception(row: u32, outcome: Outcome) -> AppliedRow {
    AppliedRow { row, outcome: outcome.number(), disk: None, kept: None }
}
fn receipted(number: u64, full: bool, answered: Vec<Range>) -> Receipted {
    Receipted { route: "r".into(), number, receipt: package(number), full, scrub: false, answered, more: false }
}
fn scrubbed(damaged: Vec<(u32, u16)>) -> Scrubbed {
    Scrubbed { route: "r".into(), items: 9, damaged }
}

#[test]
fn what_is_replaced_goes_to_the_history() {
    // The replica holds version 1 with content 1; then this comes.
    for (what, step, content, outcome, damaged, kept) in [
        ("other content", Step::Write, 2, None, false, true),
        ("a removal", Step::Remove, 0, None, false, true),
        ("the same content", Step::Write, 1, None, false, false),
        ("attributes", Step::Attributes, 1, None, false, false),
        ("what is damaged is worth nothing", Step::Write, 2, None, true, false),
        ("a local change was kept aside instead", Step::Write, 2, Some(Outcome::KeptAside), false, false),
        ("under an escaped name", Step::Write, 2, Some(Outcome::Escaped), false, true),
        ("it failed", Step::Write, 2, Some(Outcome::NoSpace), false, false),
        ("nothing to do", Step::Nothing(2), 2, None, false, false),
    ] {
        let mut outside = Outside::new();
        outside.bring(1, &[("a", 1, Step::Write, 1)]);
        if damaged {
            outside.tell(scrubbed(vec![(0, 32)]));
        }
        outside.now = 50;
        outside.begin(2, outside.staged(&[("a", 2, step, content)]));
        assert_eq!(outside.item("a").version, 1, "{what}: nothing is switched in yet");
        outside.apply(2, outcome.map(|outcome| exception(0, outcome)).into_iter().collect());
        let found: Vec<_> = outside.route().history.iter().map(|earlier| (earlier.item, earlier.version, earlier.digest, earlier.replaced_at)).collect();
        assert_eq!(found, Vec::from_iter(kept.then_some((0, 1, digest(1), 50))), "{what}");
        assert_eq!(outside.route().state, outside.state_of_items(), "{what}");
    }
}

#[test]
fn a_row_that_failed_leaves_the_old_version() {
    for (outcome, version) in [
        (None, 2),
        (Some(Outcome::KeptAside), 2),
        (Some(Outcome::Escaped), 2),
        (Some(Outcome::BaseMissing), 1),
        (Some(Outcome::NoSpace), 1),
        (Some(Outcome::NameRefused), 1),
        (Some(Outcome::Refused), 1),
        (Some(Outcome::PartsBroken), 1),
    ] {
        let mut outside = Outside::new();
        outside.bring(1, &[("a", 1, Step::Write, 1), ("b", 1, Step::Write, 1)]);
        outside.begin(2, outside.staged(&[("b", 2, Step::Write, 2), ("a", 2, Step::Write, 2)]));
        outside.apply(2, outcome.map(|outcome| exception(1, outcome)).into_iter().collect());
        let (item, other) = (outside.item("a"), outside.item("b"));
        assert_eq!((item.version, item.digest, other.version), (version, digest(version as u8), 2), "{outcome:?}");
        assert_eq!((item.sequence, item.row), if version == 2 { (2, 1) } else { (1, 0) }, "{outcome:?}: the package that brought it");
    }
}

/// FAULTS P06
#[test]
fn a_later_package_that_says_the_same_outdates_what_came_between() {
    let mut outside = Outside::new();
    let unchanged = Step::Nothing(Outcome::Unchanged.number());
    outside.bring(1, &[("a", 1, Step::Write, 1), ("b", 1, Step::Write, 2), ("gone", 2, Step::Remove, 0), ("c", 2, Step::Write, 3)]);
    outside.bring(7, &[("b", 1, Step::Nothing(6), 9), ("a", 1, unchanged, 1), ("gone", 2, Step::Nothing(2), 0), ("c", 1, unchanged, 3)]);
    outside.bring(5, &[("a", 1, unchanged, 1)]);
    let said: Vec<_> = ["a", "b", "gone", "c"].into_iter().map(|name| (outside.item(name).sequence, outside.item(name).row)).collect();
    assert_eq!(said, [(7, 1), (1, 1), (7, 2), (1, 3)], "who is superseded, or says another version, has not said it");
    assert_eq!(outside.route().state, outside.state_of_items());
}

/// FAULTS P06, C07: a package from before the new life lies on some medium still, and says of the same version what is over.
#[test]
fn who_began_a_new_life_still_knows_which_package_said_what_is_held() {
    let followed = Followed { route: "r".into(), former: Some(Incarnation([9; 16])), life: None, anew: true, reason: "why".into() };
    let reborn = Reborn { incarnation: Incarnation([8; 16]), floor: 1 << 24, reason: "copied".into() };
    for (what, record, said_in) in [("a new life of its own", Record::from(reborn), [2, 3]), ("another life of the source", Record::from(followed), [0, 0])] {
        let mut outside = Outside::new();
        outside.bring(1, &[("a", 1, Step::Write, 1), ("gone", 1, Step::Write, 2)]);
        outside.bring(2, &[("a", 1, Step::Write, 3)]);
        outside.bring(3, &[("gone", 1, Step::Remove, 0)]);
        outside.tell(record);
        assert!(["a", "gone"].into_iter().all(|name| !outside.item(name).is_confirmed()), "{what}: no package counts");
        assert_eq!(["a", "gone"].map(|name| outside.item(name).sequence), said_in, "{what}");
        assert_eq!((outside.route().highest(), outside.route().state), (0, StateDigest::default()), "{what}");
        let before: Vec<u64> = outside.route().before.keys().copied().collect();
        assert_eq!(before, if said_in == [0, 0] { vec![] } else { vec![1, 2, 3] }, "{what}: a sequence is still that of one package");
    }
}

/// FAULTS C07, P07: two packages had one sequence, so both copies of the source are over; an old medium of the life before them comes first.
#[test]
fn where_nobody_told_which_life_is_next_an_earlier_one_waits_for_a_person() {
    let (over, earlier, next) = (Incarnation([9; 16]), Incarnation([7; 16]), Incarnation([8; 16]));
    let agreed = |former, life| Followed { route: "r".into(), former, life, anew: true, reason: "why".into() };
    let fork = |outside: &Outside, life, floor, sequence| {
        let manifest = Manifest { incarnation: life, floor, sequence, ledger: head(70), ..manifest(sequence, vec![]) };
        fork_of(&outside.replica, outside.route(), 70, package(99), &manifest)
    };
    let mut outside = Outside::new();
    outside.bring(5, &[("a", 1, Step::Write, 1)]);
    outside.tell(agreed(Some(over), None));
    assert_eq!((outside.route().incarnation, outside.route().floor), (None, 5));
    let stop = fork(&outside, earlier, 0, 9).expect("it began below what was seen");
    assert_eq!((stop.code, stop.whose, stop.life), ("FRK-04", Role::Source, Some(earlier)));
    assert_eq!(fork(&outside, next, 5, 9), None, "it began where the one that is over ended");
    assert_eq!(fork(&outside, next, 4, 9).map(|fork| fork.code), Some("FRK-04"));
    // A person asked there: it is the one.
    outside.tell(agreed(None, Some(earlier)));
    assert_eq!((outside.route().incarnation, outside.route().floor), (Some(earlier), 0));
    assert_eq!(fork(&outside, earlier, 0, 9), None);
}

/// FAULTS C07: a backup of the home was taken while a package was switched in; what it brought was answered for by a package of no life.
#[test]
fn what_a_package_from_before_a_new_life_brings_to_its_end_waits_to_be_confirmed() {
    let followed = Followed { route: "r".into(), former: Some(Incarnation([9; 16])), life: None, anew: true, reason: "why".into() };
    let reborn = Reborn { incarnation: Incarnation([8; 16]), floor: 1 << 24, reason: "copied".into() };
    for (what, record, sequence, former) in
        [("a new life of its own", Record::from(reborn), 2, false), ("another life of the source", followed.into(), 0, true)]
    {
        let mut outside = Outside::new();
        outside.bring(1, &[("a", 1, Step::Write, 1)]);
        outside.begin(2, outside.staged(&[("a", 2, Step::Write, 2)]));
        outside.tell(record);
        outside.apply(2, vec![]);
        let item = outside.item("a");
        assert_eq!((item.digest, item.version, item.is_confirmed()), (digest(2), 2, false), "{what}");
        assert_eq!((item.sequence, item.former, outside.route().state), (sequence, former, StateDigest::default()), "{what}");
    }
}

/// FAULTS C08: what an interrupted scrub had read under the key of one package was told as the answer to another.
#[test]
fn what_comes_again_unchanged_counts_as_read_with_its_package() {
    let mut outside = Outside::new();
    outside.bring(1, &[("a", 1, Step::Write, 1), ("b", 1, Step::Write, 2)]);
    let step = ScrubStep {
        route: "r".into(),
        step: 2,
        whole: true,
        read: vec![0, 1],
        digests: vec![digest(7), digest(8)],
        damaged: vec![],
        extra: None,
        set_aside: vec![],
    };
    outside.tell(step);
    outside.bring(2, &[("a", 1, Step::Nothing(Outcome::Unchanged.number()), 1)]);
    assert_eq!((outside.item("a").read_in, outside.item("b").read_in), (3, 2));
}

#[test]
fn a_package_begins_is_applied_and_read_back() {
    let mut outside = Outside::new();
    let progress = |outside: &Outside, sequence| outside.route().packages[&sequence].progress;
    outside.begin(3, outside.staged(&[("a", 1, Step::Write, 1)]));
    assert_eq!((progress(&outside, 3), outside.route().pending.as_ref().map(|pending| pending.sequence)), (Progress::Begun, Some(3)));
    outside.apply(4, vec![]);
    assert!(outside.route().pending.is_some(), "another package was applied");
    outside.apply(3, vec![]);
    assert_eq!((progress(&outside, 3), outside.route().pending.is_none()), (Progress::Applied, true));
    outside.attest(3, &[Outcome::Applied]);
    assert_eq!(progress(&outside, 3), Progress::Attested);
    outside.begin(5, vec![]);
    assert_eq!((progress(&outside, 5), outside.route().pending.is_none()), (Progress::Attested, true), "without items there is nothing to do");
    assert_eq!((outside.route().highest(), outside.route().missing()), (5, vec![range(1, 2), range(4, 4)]));
}

#[test]
fn a_tombstone_stays_and_is_not_held() {
    let mut outside = Outside::new();
    outside.bring(1, &[("a", 1, Step::Write, 1), ("b", 1, Step::Write, 2)]);
    outside.bring(2, &[("a", 2, Step::Remove, 0), ("never", 7, Step::Remove, 0)]);
    let states: Vec<_> =
        ["a", "b", "never"].into_iter().map(|name| (outside.item(name).version, outside.item(name).removed, outside.item(name).held())).collect();
    assert_eq!(states, [(2, true, false), (1, false, true), (7, true, false)]);
    assert_eq!((outside.route().state.items, outside.route().state), (1, outside.state_of_items()));
}

#[test]
fn the_first_receipt_that_answered_a_package_covers_it() {
    let mut outside = Outside::new();
    (1..=4).for_each(|sequence| outside.bring(sequence, &[("a", sequence, Step::Write, 1)]));
    outside.tell(receipted(1, false, vec![range(1, 2)]));
    outside.tell(receipted(2, false, vec![range(1, 1), range(4, 4)]));
    let covered: Vec<u64> = outside.route().packages.values().map(|seen| seen.covered_in).collect();
    assert_eq!((covered, outside.route().receipts), (vec![1, 1, 0, 2], 2));
    outside.tell(receipted(1, false, vec![]));
    assert_eq!(outside.route().receipts, 2, "numbers only grow");
}

#[test]
fn what_the_source_tells_counts_for_this_incarnation_and_only_grows() {
    let mut outside = Outside::new();
    for (sequence, incarnation, receipt, records, expected) in
        [(1, OUTSIDE, 3, 30, (3, 30)), (2, OUTSIDE, 2, 40, (3, 40)), (3, OUTSIDE, 4, 20, (4, 40)), (4, Incarnation([9; 16]), 9, 90, (4, 40))]
    {
        outside.begin(sequence, vec![]);
        let mut begun = begun_of(sequence);
        begun.acknowledged = Some(Witness { incarnation, receipt, ledger: head(records) });
        outside.tell(begun);
        assert_eq!((outside.route().acknowledged, outside.route().acknowledged_head.number), expected, "sequence {sequence}");
    }
}

fn begun_of(sequence: u64) -> Begun {
    Begun {
        route: "r".into(),
        sequence,
        package: package(sequence),
        incarnation: crate::scene::INSIDE,
        floor: 0,
        ledger: head(sequence),
        acknowledged: None,
        full_receipt: false,
        nonce: [0; 32],
        rows: vec![],
    }
}

#[test]
fn a_full_receipt_is_wanted_until_one_is_made() {
    let mut outside = Outside::new();
    let asks = |sequence| Begun { full_receipt: true, ..begun_of(sequence) };
    outside.begin(5, vec![]);
    outside.tell(asks(4));
    assert!(!outside.route().want_full, "an old package asks for what is settled");
    outside.tell(asks(6));
    assert!(outside.route().want_full);
    outside.begin(7, vec![]);
    outside.tell(receipted(1, false, vec![]));
    assert!(outside.route().want_full, "a digest is not what was asked for");
    outside.tell(Receipted { scrub: true, ..receipted(2, true, vec![]) });
    assert!(outside.route().want_full, "what a scrub tells is not what was asked for");
    outside.tell(receipted(2, true, vec![]));
    assert!(!outside.route().want_full);
    outside.tell(Receipted { more: true, ..receipted(3, false, vec![]) });
    assert!(outside.route().want_full, "what did not fit makes the next one full");
}

#[test]
fn escaped_names_and_what_was_kept_aside_are_counted() {
    let mut outside = Outside::new();
    outside.begin(1, outside.staged(&[("a", 1, Step::Write, 1), ("b", 1, Step::Write, 1), ("c", 1, Step::Write, 1)]));
    let escaped =
        |row, outcome, kept: bool| AppliedRow { disk: Some(Bytes(b"x".to_vec())), kept: kept.then(|| Bytes(b"kept".to_vec())), ..exception(row, outcome) };
    outside.apply(1, vec![escaped(0, Outcome::Escaped, false), escaped(2, Outcome::Escaped, true)]);
    assert_eq!((outside.route().escaped(), outside.route().kept_aside), (2, 1));
    let paths: Vec<&[u8]> = ["a", "b", "c"].into_iter().map(|name| outside.item(name).path().0.as_slice()).collect();
    assert_eq!(paths, [b"x", b"b", b"x"]);
    outside.bring(2, &[("a", 2, Step::Attributes, 1), ("c", 2, Step::Remove, 0)]);
    assert_eq!(outside.route().escaped(), 1, "attributes move nothing; what is removed lies nowhere");
    outside.bring(3, &[("a", 3, Step::Write, 2)]);
    assert_eq!((outside.route().escaped(), outside.item("a").path()), (0, &outside.item("a").id), "written again under its own name");
    outside.tell(receipted(1, false, vec![]));
    assert_eq!(outside.route().kept_aside, 0, "since the last receipt");
}

#[test]
fn a_scrub_marks_what_is_not_right_and_unmarks_the_rest() {
    let mut outside = Outside::new();
    outside.bring(1, &[("a", 1, Step::Write, 1), ("b", 1, Step::Write, 2), ("gone", 1, Step::Write, 3)]);
    outside.bring(2, &[("gone", 2, Step::Remove, 0)]);
    let whole = outside.route().state;
    for (damaged, expected) in [(vec![(0, 32), (2, 33), (9, 33)], [32, 0, 0]), (vec![(1, 33)], [0, 33, 0]), (vec![(1, 32)], [0, 32, 0]), (vec![], [0, 0, 0])] {
        outside.tell(scrubbed(damaged.clone()));
        assert_eq!(outside.route().items.iter().map(|item| item.damaged).collect::<Vec<u16>>(), expected, "{damaged:?}");
        assert_eq!((outside.route().state, outside.route().state == whole), (outside.state_of_items(), expected == [0; 3]), "{damaged:?}");
    }
}

#[test]
fn what_was_read_back_wrong_is_marked_if_that_package_brought_it() {
    for (what, outcome, newer, damaged) in [
        ("right", Outcome::Applied, false, 0),
        ("wrong", Outcome::Corrupt, false, 32),
        ("not there", Outcome::Missing, false, 33),
        ("it never came", Outcome::NoSpace, false, 0),
        ("replaced since", Outcome::Corrupt, true, 0),
    ] {
        let mut outside = Outside::new();
        outside.begin(1, outside.staged(&[("b", 1, Step::Write, 1), ("a", 1, Step::Write, 1)]));
        outside.apply(1, vec![]);
        if newer {
            outside.bring(2, &[("c", 1, Step::Write, 1), ("a", 2, Step::Write, 2)]);
        }
        outside.attest(1, &[Outcome::Applied, outcome]);
        assert_eq!((outside.item("a").damaged, outside.item("b").damaged), (damaged, 0), "{what}");
        assert_eq!(outside.route().state, outside.state_of_items(), "{what}");
    }
}

/// FAULTS C07
#[test]
fn parts_are_kept_until_the_document_or_a_newer_one_is_there() {
    let hold = |outside: &Outside, version, offset| {
        let part = Part { offset, length: 20, digest: Digest::ZERO };
        outside.staged(&[("a", version, Step::Hold, 1)]).into_iter().map(|row| StagedRow { part: Some(part), ..row }).collect::<Vec<_>>()
    };
    let mut outside = Outside::new();
    for (sequence, version, offset) in [(1, 2, 40), (2, 2, 0), (3, 2, 40), (4, 3, 20)] {
        outside.begin(sequence, hold(&outside, version, offset));
        outside.apply(sequence, vec![]);
    }
    let offsets = |outside: &Outside| {
        outside.route().parts.iter().map(|((item, version, _), parts)| ((*item, *version), parts.iter().map(|part| part.offset).collect())).collect::<Vec<_>>()
    };
    assert_eq!(offsets(&outside), [((0, 2), vec![0, 40]), ((0, 3), vec![20])]);
    assert_eq!((outside.item("a").held(), outside.route().state), (false, StateDigest::default()), "a part is no document");
    let longer = Part { offset: 0, length: 30, digest: Digest::ZERO };
    let again = hold(&outside, 2, 0).into_iter().map(|row| StagedRow { part: Some(longer), ..row }).collect();
    outside.begin(7, again);
    outside.apply(7, vec![]);
    assert_eq!(outside.route().parts[&(0, 2, digest(1))].iter().map(|part| part.length).collect::<Vec<_>>(), [30, 20], "the part as it lies there now");
    let before = offsets(&outside);
    outside.begin(8, outside.staged(&[("a", 3, Step::Drop, 1)]));
    outside.apply(8, vec![]);
    assert_eq!(offsets(&outside), before, "a version of a life that is over, which an inventory left unclaimed");
    outside.begin(5, outside.staged(&[("a", 2, Step::Write, 1)]));
    outside.apply(5, vec![]);
    assert_eq!(offsets(&outside), [((0, 3), vec![20])], "whole, and a newer version is on its way");
    outside.begin(6, outside.staged(&[("a", 3, Step::Write, 1)]));
    outside.apply(6, vec![exception(0, Outcome::PartsBroken)]);
    assert_eq!((offsets(&outside), outside.item("a").version), (vec![], 2), "all must come again");
}

#[test]
fn pruning_drops_the_named_places() {
    let mut outside = Outside::new();
    (1..=5).for_each(|version| outside.bring(version, &[("a", version, Step::Write, version as u8)]));
    for (entries, left) in [(vec![], vec![1, 2, 3, 4]), (vec![0, 2], vec![2, 4]), (vec![1, 7], vec![2]), (vec![0], vec![])] {
        outside.tell(Pruned { route: "r".into(), entries: entries.clone() });
        assert_eq!(outside.route().history.iter().map(|earlier| earlier.version).collect::<Vec<u64>>(), left, "{entries:?}");
    }
}

#[test]
fn the_state_is_the_sum_over_what_is_held_and_right() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let mut outside = Outside::new();
        for sequence in 1..60 {
            let steps = [Step::Write, Step::Write, Step::Attributes, Step::Remove, Step::Hold, Step::Nothing(2), Step::Nothing(6)];
            let names: Vec<&str> = ["a", "b", "c", "d", "e"].into_iter().filter(|_| random.one_in(2)).collect();
            let rows: Vec<_> = names.iter().map(|name| (*name, sequence, random.pick(&steps), random.below(3) as u8)).collect();
            outside.begin(sequence, outside.staged(&rows));
            assert_eq!(outside.route().state, outside.state_of_items(), "seed {seed}, sequence {sequence} begun");
            if random.one_in(10) {
                continue;
            }
            let differs: Vec<u32> = (0..rows.len() as u32).filter(|_| random.one_in(4)).collect();
            outside.apply(sequence, differs.into_iter().map(|row| exception(row, random.pick(&Outcome::ALL))).collect());
            assert_eq!(outside.route().state, outside.state_of_items(), "seed {seed}, sequence {sequence} applied");
            let of = 1 + random.below(sequence);
            let rows = (0..3).map(|row| Row { row, outcome: random.pick(&Outcome::ALL).number(), digest: Digest::ZERO }).collect();
            outside.tell(Attested { route: "r".into(), sequence: of, read_back: wire::receipt::ReadBack::Memory, rows });
            assert_eq!(outside.route().state, outside.state_of_items(), "seed {seed}, sequence {of} read back");
            if random.one_in(4) {
                let numbers: Vec<u32> = (0..6).filter(|_| random.one_in(3)).collect();
                outside.tell(scrubbed(numbers.into_iter().map(|number| (number, random.pick(&[32, 33]))).collect()));
                assert_eq!(outside.route().state, outside.state_of_items(), "seed {seed}, after a scrub");
            }
        }
        assert_eq!(outside.replica.clone().restored(), outside.replica, "seed {seed}: what a snapshot leaves out is made again");
    }
}
