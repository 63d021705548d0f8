//! What a receipt answers, when one is needed, and which form it takes at the limits.

use super::*;
use crate::replica;
use crate::scene::{INSIDE, OUTSIDE, digest, head, held, package, range, replica_route, seen};
use alloc::vec;
use wire::ItemId;
use wire::id::Fixed;
use wire::keys::NextKeys;
use wire::limits::{ANNOUNCING_RANGES_MAX, DIGEST_ANSWERED_MAX, DIGEST_MISSING_MAX, PACKAGE_ITEMS_MAX};

fn route_with(packages: impl IntoIterator<Item = (u64, replica::Seen)>) -> Route {
    let mut route = replica_route(vec![]);
    route.incarnation = Some(INSIDE);
    route.packages.extend(packages);
    route
}
fn attested(sequence: u64, items: u32, covered_in: u64) -> (u64, replica::Seen) {
    seen(sequence, items, Progress::Attested, covered_in)
}
fn moment() -> Moment {
    Moment {
        source: ZoneId([3; 32]),
        replica: ZoneId([4; 32]),
        incarnation: OUTSIDE,
        ledger: head(77),
        free_bytes: 5,
        read_back: ReadBack::Medium,
        keys: KeyNotice::FIRST,
    }
}
/// An answer of so many rows, of which the first so many failed.
fn answer(sequence: u64, rows: u32, failed: u32) -> Answer {
    let row = |row| Row { row, outcome: if row < failed { 16 } else { 1 }, digest: if row < failed { Digest::ZERO } else { digest(7) } };
    Answer { sequence, package: package(sequence), rows: (0..rows).map(row).collect() }
}

#[test]
fn outstanding_is_what_no_receipt_is_known_to_have_answered() {
    // Receipts up to 3 are known to have arrived.
    for (what, package, is_open) in [
        ("in no receipt", attested(1, 1, 0), true),
        ("in one that has arrived", attested(1, 1, 3), false),
        ("in one that may be lost", attested(1, 1, 4), true),
        ("without items", attested(1, 0, 0), false),
        ("not applied yet", seen(1, 1, Progress::Begun, 0), false),
        ("not read back yet", seen(1, 1, Progress::Applied, 0), false),
    ] {
        let mut route = route_with([package, attested(2, 1, 0)]);
        route.acknowledged = 3;
        assert_eq!(outstanding(&route), if is_open { vec![1, 2] } else { vec![2] }, "{what}");
    }
}

#[test]
fn one_receipt_answers_no_more_rows_than_its_limit() {
    let most = PACKAGE_ITEMS_MAX as u32;
    let full = (RECEIPT_ROWS_MAX / PACKAGE_ITEMS_MAX) as u64;
    let route = route_with((1..=full).map(|sequence| attested(sequence, most, 0)));
    assert_eq!(outstanding(&route).len() as u64, full, "at the limit");
    let route = route_with((1..=full).map(|sequence| attested(sequence, most - u32::from(sequence == 1), 0)).chain([attested(full + 1, 2, 0)]));
    assert_eq!(outstanding(&route).len() as u64, full, "one past it waits");
}

#[test]
fn a_receipt_is_needed_for_what_none_covers_or_a_full_one_that_is_asked_for() {
    for (what, covered_in, acknowledged, want_full, needed) in [
        ("never answered", 0, 0, false, true),
        ("answered, on its way", 2, 1, false, false),
        ("answered, on its way, a full one is asked for", 2, 1, true, true),
        ("answered and arrived", 2, 2, false, false),
        ("answered and arrived, a full one is asked for", 2, 2, true, true),
    ] {
        let mut route = route_with([attested(1, 1, covered_in)]);
        (route.acknowledged, route.want_full) = (acknowledged, want_full);
        assert_eq!(is_needed(&route), needed, "{what}");
    }
    assert!(!is_needed(&route_with([])));
}

#[test]
fn rows_are_told_as_they_are_known_now() {
    let brought = |name, sequence, row, damaged| replica::Item { sequence, row, damaged, ..held(name, 1, 1) };
    let removed = replica::Item { removed: true, ..brought("removed", 1, 2, 33) };
    let mut route = replica_route(vec![brought("right", 1, 0, 0), brought("damaged", 1, 1, 32), removed, brought("elsewhere", 2, 0, 33)]);
    route.packages.extend([attested(1, 3, 1), attested(2, 1, 1)]);
    let rows = as_known_now(&route, 1, answer(1, 3, 0).rows);
    assert_eq!(rows.iter().map(|row| (row.outcome, row.digest)).collect::<Vec<_>>(), [(1, digest(7)), (32, Digest::ZERO), (1, digest(7))]);
    assert_eq!(as_known_now(&route, 3, answer(3, 1, 0).rows), answer(3, 1, 0).rows);
    assert_eq!(as_known_now(&route, 1, vec![]), vec![], "a row that is not there is no row");
}

#[test]
fn what_is_damaged_is_told_by_package_and_row() {
    let brought = |name, sequence, row, damaged| replica::Item { sequence, row, damaged, ..held(name, 1, 1) };
    let removed = replica::Item { removed: true, ..brought("e", 1, 0, 33) };
    let items = vec![brought("a", 4, 7, 32), brought("b", 2, 1, 33), brought("c", 4, 3, 33), brought("d", 4, 1, 0), removed, brought("f", 3, 0, 32)];
    let mut route = replica_route(items);
    route.packages.extend([attested(2, 9, 1), attested(4, 9, 1)]);
    let told: Vec<_> = of_scrub(&route, &damaged(&route))
        .into_iter()
        .map(|answer| (answer.sequence, answer.package, answer.rows.iter().map(|row| (row.row, row.outcome, row.digest)).collect::<Vec<_>>()))
        .collect();
    let zero = Digest::ZERO;
    let twice = [(0, Outcome::Corrupt, zero), (2, Outcome::Missing, zero), (0, Outcome::Applied, digest(7))];
    let rows = of_scrub(&route, &twice)[0].rows.iter().map(|row| (row.row, row.outcome, row.digest)).collect::<Vec<_>>();
    assert_eq!(rows, [(3, Outcome::Missing.number(), zero), (7, Outcome::Applied.number(), digest(7))], "as it was read last");
    assert_eq!(told, [(2, package(2), vec![(1, 33, zero)]), (4, package(4), vec![(3, 33, zero), (7, 32, zero)])], "a package that is not known is left out");
}

/// How a receipt came out.
fn shape(receipt: &Receipt) -> (&'static str, bool) {
    receipt.check().unwrap_or_else(|rejection| panic!("{}: {receipt:?}", rejection.code()));
    (["full", "digest", "scrub"][matches!(receipt.form, Form::Digest { .. }) as usize + 2 * matches!(receipt.form, Form::Scrub { .. }) as usize], receipt.more)
}

#[test]
fn what_does_not_fit_the_digest_form_makes_a_receipt_full_or_says_more() {
    // Exceptions, answered ranges, missing ranges; then the form where any may be taken.
    for (what, exceptions, ranges, missing, fits) in [
        ("nothing special", 0, 1, 0, true),
        ("the most exceptions", DIGEST_EXCEPTIONS_MAX, 1, 0, true),
        ("an exception too many", DIGEST_EXCEPTIONS_MAX + 1, 1, 0, false),
        ("the most ranges", 0, DIGEST_ANSWERED_MAX, 0, true),
        ("a range too many", 0, DIGEST_ANSWERED_MAX + 1, 0, false),
        ("the most missing", 0, 1, DIGEST_MISSING_MAX, true),
        ("a missing one too many", 0, 1, DIGEST_MISSING_MAX + 1, false),
    ] {
        // Every second package has no items, so that each of the others is a range; every second of the last is missing.
        let answered = 2 * ranges as u64;
        let seen_items = (1..=answered).map(|sequence| attested(sequence, (sequence % 2) as u32 * 10, 0));
        let gaps = (1..=missing as u64).map(|gap| attested(answered + 2 * gap, 0, 0));
        let mut route = route_with(seen_items.chain(gaps));
        let failed = |sequence| if sequence == 1 { exceptions as u32 } else { 0 };
        let answers: Vec<Answer> = outstanding(&route).into_iter().map(|sequence| answer(sequence, 10, failed(sequence))).collect();
        assert_eq!((answers.len(), route.missing().len()), (ranges, missing), "{what}");
        let mut made = |wanted, scrub, want_full| {
            route.want_full = want_full;
            receipt(&route, &moment(), answers.clone(), wanted, scrub).unwrap()
        };
        let fitting = if fits { "digest" } else { "full" };
        for (wanted, scrub, want_full, expected) in [
            (Wanted::Fitting, false, false, (fitting, false)),
            (Wanted::Fitting, false, true, ("full", false)),
            (Wanted::Digest, false, false, ("digest", !fits)),
            (Wanted::Digest, false, true, ("full", false)),
            (Wanted::Full, false, false, ("full", false)),
            (Wanted::Digest, true, false, ("scrub", false)),
        ] {
            let receipt = made(wanted, scrub, want_full);
            assert_eq!(shape(&receipt), expected, "{what}: {wanted:?}, scrub {scrub}, want_full {want_full}");
            let in_digest = expected.0 == "digest" && missing > DIGEST_MISSING_MAX;
            assert_eq!((receipt.missing.len(), receipt.missing_more), (missing - usize::from(in_digest), in_digest), "{what}: {wanted:?}");
            let sequences: Vec<u64> = super::answered(&receipt.form).iter().flat_map(|range| range.first..=range.last).collect();
            let told = if receipt.more || scrub { vec![] } else { answers.iter().map(|answer| answer.sequence).collect() };
            assert_eq!(sequences, told, "{what}: {wanted:?}");
        }
    }
}

#[test]
fn announced_keys_leave_room_for_fewer_ranges_in_the_digest_form() {
    let next = NextKeys { generation: 2, sign: Fixed([1; 32].into()), seal: Fixed([2; 1216].into()), proof: Fixed([3; 64].into()) };
    for (ranges, missing, expected) in [
        (ANNOUNCING_RANGES_MAX, 0, "digest"),
        (ANNOUNCING_RANGES_MAX + 1, 0, "full"),
        (1, ANNOUNCING_RANGES_MAX, "digest"),
        (1, ANNOUNCING_RANGES_MAX + 1, "full"),
    ] {
        let answered = 2 * ranges as u64;
        let seen_items = (1..=answered).map(|sequence| attested(sequence, (sequence % 2) as u32, 0));
        let gaps = (1..=missing as u64).map(|gap| attested(answered + 2 * gap, 0, 0));
        let route = route_with(seen_items.chain(gaps));
        let answers: Vec<Answer> = outstanding(&route).into_iter().map(|sequence| answer(sequence, 1, 0)).collect();
        let moment = Moment { keys: KeyNotice { next: Some(next.clone()), ..KeyNotice::FIRST }, ..moment() };
        let receipt = receipt(&route, &moment, answers, Wanted::Fitting, false).unwrap();
        assert_eq!((shape(&receipt), receipt.missing.len()), ((expected, false), missing), "{ranges} {missing}");
    }
}

#[test]
fn the_digest_form_names_every_row_that_is_not_proven() {
    let route = route_with([attested(1, 3, 0), attested(2, 2, 0), attested(4, 1, 0)]);
    let answers = vec![answer(1, 3, 0), answer(2, 2, 1), answer(4, 1, 0)];
    let made = receipt(&route, &moment(), answers.clone(), Wanted::Fitting, false).unwrap();
    let mut expected = AnswersDigest::default();
    for answer in &answers {
        expected.package(answer.sequence, &answer.package, answer.rows.len() as u32);
        answer.rows.iter().for_each(|row| expected.row(Outcome::of(row.outcome).unwrap(), &row.digest));
    }
    let exceptions = vec![Exception { sequence: 2, row: 0, outcome: 16, digest: Digest::ZERO }];
    assert_eq!(made.form, Form::Digest { answered: vec![range(1, 2), range(4, 4)], digest: expected.finish(), exceptions });
}

#[test]
fn the_full_form_lists_so_many_missing_and_says_that_there_are_more() {
    for (missing, more) in [(FULL_MISSING_MAX, false), (FULL_MISSING_MAX + 1, true)] {
        let route = route_with((1..=missing as u64).map(|gap| attested(2 * gap, 0, 0)));
        let made = receipt(&route, &moment(), vec![], Wanted::Full, false).unwrap();
        assert_eq!((made.missing.len(), made.missing_more, made.check()), (FULL_MISSING_MAX, more, Ok(())), "{missing}");
    }
}

#[test]
fn a_receipt_says_what_was_seen_and_what_is_held() {
    assert_eq!(receipt(&route_with([]), &moment(), vec![], Wanted::Fitting, false), None, "nothing was ever seen");
    let mut escaped = held("a", 1, 1);
    escaped.disk = Some(ItemId(b"a_".to_vec()));
    let mut route = replica_route(vec![escaped, held("b", 1, 1)]);
    route.incarnation = Some(INSIDE);
    route.packages.extend([attested(1, 1, 0), attested(5, 1, 0)]);
    (route.receipts, route.kept_aside, route.state.items) = (6, 2, 9);
    let made = receipt(&route, &moment(), vec![answer(1, 1, 0)], Wanted::Fitting, false).unwrap();
    assert_eq!((made.number, made.escaped, made.kept_aside, made.state, made.missing), (7, 1, 2, route.state, vec![range(2, 4)]));
    assert_eq!(made.source_seen, SourceSeen { incarnation: INSIDE, sequence: 5, package: package(5), ledger: head(50) });
    assert_eq!((made.incarnation, made.ledger, made.source, made.replica), (OUTSIDE, head(77), ZoneId([3; 32]), ZoneId([4; 32])));
    assert_eq!((made.free_bytes, made.read_back), (5, ReadBack::Medium));
}
