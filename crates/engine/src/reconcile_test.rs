//! The safeties that a receipt can trip, at their boundaries, and what each form of it settles.

use super::*;
use crate::scene::{Inside, OUTSIDE, head, package, range};
use alloc::vec;
use wire::Incarnation;
use wire::receipt::Answer;

const OTHER: Incarnation = Incarnation([9; 16]);
/// A digest that nobody computed.
const WRONG: Digest = Digest([9; 32]);

#[test]
fn forks_at_their_boundaries() {
    // Sequences 1 to 3 were packed; receipt 5 was taken in, from a ledger of 50 records.
    let mut inside = Inside::with(&["a"]);
    (2..=3).for_each(|sequence| inside.pack(sequence, &["a"]));
    let first = inside.full(5, 1, &[Outcome::Applied]);
    inside.take(&first).unwrap();
    type Change = fn(&mut Receipt, &mut PackageId);
    let cases: [(&str, Change, Option<&str>); 24] = [
        ("the next one", |_, _| (), None),
        ("a replay", |receipt, id| (receipt.number, receipt.ledger, *id) = (5, head(50), package(1005)), None),
        ("another incarnation of the source", |receipt, _| receipt.source_seen.incarnation = OTHER, Some("FRK-04")),
        ("the first sequence that never was", |receipt, _| receipt.source_seen.sequence = 4, Some("FRK-01")),
        ("far ahead", |receipt, _| receipt.source_seen.sequence = 1 << 48, Some("FRK-01")),
        ("a sequence that is another package", |receipt, _| receipt.source_seen.package = package(2), Some("FRK-03")),
        ("an earlier sequence", |receipt, _| (receipt.source_seen.sequence, receipt.source_seen.package) = (1, package(1)), None),
        ("a sequence of long ago", |receipt, _| receipt.source_seen.sequence = 0, None),
        ("a number that was another receipt", |receipt, _| (receipt.number, receipt.ledger) = (5, head(50)), Some("FRK-02")),
        ("a newer one from as long a ledger", |receipt, _| receipt.ledger = head(50), None),
        ("a newer one from a shorter ledger", |receipt, _| receipt.ledger = head(49), Some("FRK-02")),
        ("an older one from as long a ledger", |receipt, _| (receipt.number, receipt.ledger) = (4, head(50)), None),
        ("an older one from a longer ledger", |receipt, _| (receipt.number, receipt.ledger) = (4, head(51)), Some("FRK-02")),
        ("an older one", |receipt, _| (receipt.number, receipt.ledger) = (1, head(1)), None),
        ("a newer one that has seen more", |receipt, _| receipt.source_seen.ledger = head(2), None),
        ("a newer one that has seen less", |receipt, _| receipt.source_seen.ledger = head(0), Some("FRK-02")),
        ("an older one that has seen less", |receipt, _| (receipt.number, receipt.ledger, receipt.source_seen.ledger) = (4, head(40), head(0)), None),
        ("an older one that has seen more", |receipt, _| (receipt.number, receipt.ledger, receipt.source_seen.ledger) = (4, head(40), head(2)), Some("FRK-02")),
        ("another incarnation of the replica", |receipt, _| receipt.incarnation = OTHER, Some("FRK-04")),
        ("as far above the last one as a number may be", |receipt, _| (receipt.number, receipt.ledger) = (5 + STEP_MAX, head(60)), None),
        ("one further", |receipt, _| (receipt.number, receipt.ledger) = (6 + STEP_MAX, head(60)), Some("FRK-05")),
        (
            "an answer that names another package of ours",
            |receipt, _| {
                receipt.form = Form::Scrub { answers: vec![Answer { sequence: 1, package: package(9), rows: vec![] }] };
            },
            Some("FRK-03"),
        ),
        ("another incarnation of both", |receipt, _| (receipt.incarnation, receipt.source_seen.incarnation) = (OTHER, OTHER), Some("FRK-04")),
        ("another incarnation, begun anew", |receipt, _| (receipt.incarnation, receipt.number, receipt.ledger) = (OTHER, 1, head(2)), Some("FRK-04")),
    ];
    for (what, change, code) in cases {
        let (mut receipt, mut id) = (inside.receipt(6, Form::Scrub { answers: vec![] }), package(1006));
        change(&mut receipt, &mut id);
        assert_eq!(fork_of(&inside.source, inside.route(), id, &receipt).map(|fork| fork.code), code, "{what}");
    }
}

/// A copy that answers in the replica's name makes numbers that fit; what was seen stays seen.
///
/// FAULTS C07
#[test]
fn what_was_seen_is_not_missed_again() {
    let sight = |highest: u64, missing: &[(u64, u64)]| Sight { highest, missing: missing.iter().map(|(first, last)| range(*first, *last)).collect() };
    let many: Vec<(u64, u64)> = (1..=16).map(|number| (number * 2, number * 2)).collect();
    let cases = [
        ("nothing is missing", sight(9, &[]), sight(9, &[]), None),
        ("what came since", sight(9, &[(2, 4)]), sight(12, &[(3, 4)]), None),
        ("what came not yet", sight(9, &[(2, 4)]), sight(12, &[(2, 4), (10, 11)]), None),
        ("one that was there", sight(9, &[(2, 4)]), sight(12, &[(2, 5)]), Some(5)),
        ("the highest", sight(9, &[]), sight(12, &[(9, 11)]), Some(9)),
        ("one between two", sight(9, &[(2, 3), (5, 6)]), sight(12, &[(2, 6)]), Some(4)),
        ("the first", sight(9, &[(2, 3)]), sight(12, &[(1, 3)]), Some(1)),
        ("behind a list that may have been cut short", sight(99, &many), sight(99, &[(40, 40)]), None),
        ("within one", sight(99, &many), sight(99, &[(31, 31)]), Some(31)),
        ("before anything was seen", Sight::default(), sight(9, &[(1, 3)]), None),
    ];
    for (what, earlier, later, lost) in cases {
        assert_eq!(earlier.lost_by(&later), lost, "{what}");
    }

    // Receipt 5 misses sequence 2. One before it that has seen it, and one behind it that misses what it had seen, are another's.
    let mut inside = Inside::with(&["a"]);
    (2..=3).for_each(|sequence| inside.pack(sequence, &["a"]));
    let mut taken = inside.full(5, 1, &[Outcome::Applied]);
    taken.missing = vec![range(2, 2)];
    inside.take(&taken).unwrap();
    let cases = [
        ("an older one that misses it too", 4, vec![range(2, 2)], None),
        ("an older one that has seen it", 4, vec![], Some("FRK-02")),
        ("a newer one that misses it too", 6, vec![range(2, 2)], None),
        ("a newer one that has seen it", 6, vec![], None),
        ("a newer one that misses what was seen", 6, vec![range(1, 2)], Some("FRK-02")),
    ];
    for (what, number, missing, code) in cases {
        let mut receipt = inside.receipt(number, Form::Scrub { answers: vec![] });
        (receipt.missing, receipt.ledger) = (missing, head(number * 10));
        assert_eq!(fork_of(&inside.source, inside.route(), package(1000 + number), &receipt).map(|fork| fork.code), code, "{what}");
    }
}

/// FAULTS C07
#[test]
fn receipts_of_a_life_that_is_over_are_known() {
    let mut inside = Inside::with(&["a"]);
    let first = inside.full(5, 1, &[Outcome::Applied]);
    inside.take(&first).unwrap();
    type Change = fn(&mut Source, &mut Route, &mut Receipt);
    let cases: [(&str, Change, bool); 8] = [
        ("as ever", |_, _, _| (), false),
        ("a life of the replica that is not followed any more", |_, route, receipt| route.former.push(receipt.incarnation), true),
        ("another one of the replica", |_, route, _| route.former.push(OTHER), false),
        ("about an earlier life of this ledger", |source, _, receipt| source.lives.push(receipt.source_seen.incarnation), true),
        (
            "about another life, before the replica heard of this one",
            |_, route, receipt| (route.unheard, receipt.source_seen.incarnation) = (true, OTHER),
            true,
        ),
        ("about another life", |_, _, receipt| receipt.source_seen.incarnation = OTHER, false),
        (
            "about another life, said before it told that it follows this one",
            |_, _, receipt| (receipt.number, receipt.source_seen.incarnation) = (4, OTHER),
            true,
        ),
        ("it refuses another life", |_, _, receipt| (receipt.source_seen.sequence, receipt.source_seen.incarnation) = (NUMBER_MAX, OTHER), true),
    ];
    for (what, change, expected) in cases {
        let (mut source, mut route, mut receipt) = (inside.source.clone(), inside.route().clone(), inside.receipt(6, Form::Scrub { answers: vec![] }));
        change(&mut source, &mut route, &mut receipt);
        assert_eq!(is_former(&source, &route, &receipt), expected, "{what}");
    }
}

#[test]
fn a_first_receipt_may_be_of_any_incarnation_and_number() {
    let inside = Inside::with(&["a"]);
    let mut receipt = inside.full(7, 1, &[Outcome::Applied]);
    receipt.incarnation = OTHER;
    assert_eq!(fork_of(&inside.source, inside.route(), package(1007), &receipt), None);
}

/// What a receipt settled: item and outcome.
fn settled(taken: &Taken) -> Vec<(u32, u16)> {
    taken.record.rows.iter().map(|row| (row.item, row.outcome)).collect()
}

#[test]
fn a_full_receipt_settles_row_by_row() {
    use Outcome::{Applied, BaseMissing, Corrupt, Held, PartsBroken, Superseded, Unchanged};
    for (what, outcomes, wrong, expected, proven) in [
        ("all right", [Applied, Unchanged, Outcome::Escaped], None, [1, 2, 3], 3),
        ("one failed", [Applied, BaseMissing, Outcome::KeptAside], None, [1, 16, 4], 2),
        ("a newer version is there", [Superseded, Applied, Applied], None, [6, 1, 1], 2),
        ("a wrong possession digest is the opposite of a proof", [Applied, Unchanged, Applied], Some(1), [1, 32, 1], 2),
        ("a part held", [Held, Applied, Applied], None, [5, 1, 1], 2),
        ("a part held with a wrong digest must come again", [Held, Applied, Applied], Some(0), [20, 1, 1], 2),
        ("what failed was never compared", [PartsBroken, Corrupt, Applied], Some(0), [20, 32, 1], 1),
    ] {
        let mut inside = Inside::with(&["a", "b", "c"]);
        let mut answer = inside.answer(1, &outcomes);
        if let Some(row) = wrong {
            answer.rows[row].digest = WRONG;
        }
        let receipt = inside.receipt(1, Form::Full { answers: vec![answer] });
        let taken = inside.take(&receipt).unwrap();
        assert_eq!(settled(&taken), [(0, expected[0]), (1, expected[1]), (2, expected[2])], "{what}");
        let failed: Vec<(u32, u16)> = taken.failed.iter().map(|(item, outcome)| (*item, outcome.number())).collect();
        let expected: Vec<(u32, u16)> = settled(&taken).into_iter().filter(|(_, outcome)| *outcome >= 16).collect();
        assert_eq!((taken.proven, failed, &taken.record.answered), (proven, expected, &vec![range(1, 1)]), "{what}");
    }
}

#[test]
fn what_is_settled_is_what_was_packed() {
    let mut inside = Inside::with(&["a"]);
    inside.remove("a");
    inside.pack(2, &["a"]);
    inside.pack_part(3, "a", (10, 20));
    let full = inside.full(1, 2, &[Outcome::Applied]);
    let row = inside.take(&full).unwrap().record.rows[0];
    assert_eq!((row.version, row.removed, row.digest, row.bytes, row.part), (2, true, Digest::ZERO, 0, None));
    let full = inside.full(2, 3, &[Outcome::Held]);
    assert_eq!(inside.take(&full).unwrap().record.rows[0].part, Some((10, 20)));
    let full = inside.full(3, 1, &[Outcome::Applied]);
    let taken = inside.take(&full).unwrap();
    let (row, packed) = (taken.record.rows[0], &inside.packed[&1].rows[0]);
    assert_eq!((row.version, row.removed, row.digest, row.projected, row.bytes), (1, false, packed.digest, packed.projected, packed.bytes));
    assert_eq!(taken.proven, 0, "a newer version is proven");
}

/// The digest form over these sequences, as a replica that applied everything but the exceptions makes it.
fn digest_form(inside: &Inside, answered: Vec<Range>, exceptions: &[(u64, u32, Outcome)]) -> Form {
    let mut digest = AnswersDigest::default();
    for sequence in answered.iter().flat_map(|range| range.first..=range.last) {
        let packed = &inside.packed[&sequence];
        digest.package(sequence, &packed.package, packed.rows.len() as u32);
        for (row, place) in packed.rows.iter().zip(0u32..) {
            match exceptions.iter().find(|(of, row, _)| (*of, *row) == (sequence, place)) {
                Some((_, _, outcome)) => digest.row(*outcome, &Digest::ZERO),
                None => digest.row(Outcome::KeptAside, &row.expected),
            }
        }
    }
    let exceptions =
        exceptions.iter().map(|(sequence, row, outcome)| Exception { sequence: *sequence, row: *row, outcome: outcome.number(), digest: Digest::ZERO });
    Form::Digest { answered, digest: digest.finish(), exceptions: exceptions.collect() }
}

#[test]
fn a_digest_that_is_equal_proves_all_but_the_exceptions() {
    for (what, exceptions, expected, proven) in [
        ("none", vec![], [1, 1, 1], 3),
        ("one", vec![(1, 1, Outcome::Refused)], [1, 19, 1], 2),
        ("all", vec![(1, 0, Outcome::Missing), (1, 1, Outcome::NoSpace), (3, 0, Outcome::Superseded)], [33, 17, 6], 0),
    ] {
        let mut inside = Inside::with(&["a", "b"]);
        inside.capture("c");
        inside.pack(3, &["c"]);
        let receipt = inside.receipt(1, digest_form(&inside, vec![range(1, 1), range(3, 3)], &exceptions));
        let taken = inside.take(&receipt).unwrap();
        assert_eq!(settled(&taken), [(0, expected[0]), (1, expected[1]), (2, expected[2])], "{what}");
        assert_eq!((taken.proven, taken.record.more, &taken.record.answered), (proven, false, &vec![range(1, 1), range(3, 3)]), "{what}");
    }
}

#[test]
fn a_digest_that_differs_or_did_not_fit_settles_nothing_and_makes_the_next_receipt_full() {
    for what in ["another digest", "it did not fit"] {
        let mut inside = Inside::with(&["a"]);
        let mut receipt = inside.receipt(1, digest_form(&inside, vec![range(1, 1)], &[]));
        if what == "another digest" {
            let Form::Digest { digest, .. } = &mut receipt.form else { unreachable!() };
            *digest = WRONG;
        } else {
            receipt.form = Form::Digest { answered: vec![], digest: AnswersDigest::default().finish(), exceptions: vec![] };
            receipt.more = true;
        }
        receipt.state = inside.route().state;
        let taken = inside.take(&receipt).unwrap();
        assert_eq!((settled(&taken), taken.proven, taken.failed, taken.record.answered), (vec![], 0, vec![], vec![]), "{what}");
        let route = inside.route();
        assert_eq!((route.want_full, route.packages.len(), route.answered), (true, 1, 0), "{what}");
    }
}

#[test]
fn a_scrub_settles_rows_and_answers_no_package() {
    let mut inside = Inside::with(&["a", "b"]);
    let full = inside.full(1, 1, &[Outcome::Applied; 2]);
    inside.take(&full).unwrap();
    inside.pack(2, &["a"]);
    let mut answer = inside.answer(1, &[Outcome::Unchanged, Outcome::Missing]);
    for (what, rows, expected, proven_b) in
        [("a proof counts though the package was answered", 0..1, vec![(0, 2)], 1), ("rows of its choice", 1..2, vec![(1, 33)], 0)]
    {
        let answers = vec![Answer { rows: answer.rows[rows].to_vec(), ..answer.clone() }];
        let receipt = inside.receipt(2, Form::Scrub { answers });
        let taken = inside.take(&receipt).unwrap();
        assert_eq!((settled(&taken), taken.record.answered), (expected, vec![]), "{what}");
        assert_eq!((inside.sent("b").proven_version, inside.route().packages.len()), (proven_b, 1), "{what}");
    }
    answer.rows.truncate(1);
    answer.rows[0].digest = WRONG;
    let receipt = inside.receipt(3, Form::Scrub { answers: vec![answer] });
    assert_eq!(settled(&inside.take(&receipt).unwrap()), [(0, 32)], "a scrub proves nothing with a wrong digest either");
}

#[test]
fn proofs_of_packages_that_are_settled_are_history_and_later_readings_are_not() {
    for full in [true, false] {
        let mut inside = Inside::with(&["a", "b"]);
        let first = inside.full(1, 1, &[Outcome::Applied; 2]);
        inside.take(&first).unwrap();
        let form = if full {
            Form::Full { answers: vec![inside.answer(1, &[Outcome::Applied, Outcome::Missing])] }
        } else {
            digest_form(&inside, vec![range(1, 1)], &[(1, 1, Outcome::Missing)])
        };
        let receipt = inside.receipt(2, form);
        let taken = inside.take(&receipt).unwrap();
        assert_eq!((settled(&taken), taken.proven, taken.record.answered), (vec![(1, 33)], 0, vec![range(1, 1)]), "full {full}");
    }
}

#[test]
fn what_does_not_fit_a_package_is_refused_and_changes_nothing() {
    let mut inside = Inside::with(&["a", "b"]);
    inside.pack(2, &[]);
    let answer = |outcomes: &[Outcome]| inside.answer(1, outcomes);
    let (full, scrub) = (|answer| Form::Full { answers: vec![answer] }, |answer| Form::Scrub { answers: vec![answer] });
    let both = answer(&[Outcome::Applied; 2]);
    let behind = Answer { rows: answer(&[Outcome::Missing; 3]).rows[2..].to_vec(), ..both.clone() };
    let digest = |first, last: u64, exceptions: &[(u64, u32, Outcome)]| {
        let Form::Digest { digest, exceptions, .. } = digest_form(&inside, vec![range(1, 1)], exceptions) else { unreachable!() };
        let exceptions = exceptions.into_iter().chain((last == 0).then_some(Exception { sequence: 1, row: 2, outcome: 33, digest: Digest::ZERO })).collect();
        Form::Digest { answered: vec![range(first, last.max(1))], digest, exceptions }
    };
    for (what, form, refused) in [
        ("every row", full(both.clone()), None),
        ("a row too few", full(answer(&[Outcome::Applied])), Some("RCT-05")),
        ("a row too many", full(answer(&[Outcome::Applied; 3])), Some("RCT-05")),
        ("a sequence that was never sent", full(Answer { sequence: 3, ..both.clone() }), Some("RCT-08")),
        ("another package of that sequence", full(Answer { package: package(2), ..both.clone() }), Some("RCT-08")),
        ("the last row of a scrub", scrub(Answer { rows: both.rows[1..].to_vec(), ..both.clone() }), None),
        ("a scrub's row behind the last", scrub(behind), Some("RCT-05")),
        ("a scrub of a sequence that was never sent", scrub(Answer { sequence: 3, ..both.clone() }), Some("RCT-08")),
        ("a scrub of another package", scrub(Answer { package: package(2), ..both }), Some("RCT-08")),
        ("a digest", digest(1, 1, &[(1, 1, Outcome::Missing)]), None),
        ("an exception behind the last row", digest(1, 0, &[]), Some("RCT-05")),
        ("a digest over a package without items", digest(1, 2, &[]), Some("RCT-08")),
        ("a digest over a sequence that was never sent", digest(3, 3, &[]), Some("RCT-08")),
    ] {
        let receipt = inside.receipt(1, form);
        let taken = take("r", inside.route(), package(1001), &receipt, &|sequence| inside.was_packed(sequence));
        assert_eq!(taken.err().map(|rejection| rejection.code()), refused, "{what}");
    }
}

#[test]
fn the_record_says_what_the_receipt_said() {
    let mut inside = Inside::with(&["a"]);
    let mut receipt = inside.full(4, 1, &[Outcome::Applied]);
    receipt.missing = vec![range(1, 1)];
    receipt.state.items = 9;
    let record = inside.take(&receipt).unwrap().record;
    let expected = (package(1004), 4, OUTSIDE, head(40), 1, vec![range(1, 1)], receipt.state, false);
    assert_eq!((record.receipt, record.number, record.incarnation, record.ledger, record.highest, record.missing, record.state, record.more), expected);
}
