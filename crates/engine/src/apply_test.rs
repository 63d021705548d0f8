//! The safeties that a package can trip, at their boundaries, and the step for every row.

use super::*;
use crate::replica;
use crate::replica::Progress;
use crate::scene::{BYTES, INSIDE, OUTSIDE, carried, digest, document, head, held, id, manifest, package, replica_route, seen};
use alloc::vec;
use wire::Incarnation;
use wire::manifest::{Inventory, Span};

const OTHER: Incarnation = Incarnation([9; 16]);
/// An earlier life of ours.
const FORMER: Incarnation = Incarnation([8; 16]);
/// Records in this ledger.
const RECORDS: u64 = 70;

/// This replica, with one earlier life.
fn ours() -> Replica {
    Replica { incarnation: OUTSIDE, lives: vec![FORMER], ..Replica::default() }
}

#[test]
fn forks_at_their_boundaries() {
    // Sequences 2 and 6 were seen, with heads 20 and 60; four receipts were made.
    let mut route = replica_route(vec![]);
    route.incarnation = Some(INSIDE);
    route.packages.extend([2, 6].map(|sequence| seen(sequence, 1, Progress::Attested, 0)));
    route.receipts = 4;
    let told = |incarnation, receipt, records| Some(Witness { incarnation, receipt, ledger: head(records) });
    for (what, sequence, id, incarnation, records, acknowledged, code) in [
        ("one between", 4, 4, INSIDE, 40, None, None),
        ("another incarnation of the source", 4, 4, OTHER, 40, None, Some("FRK-04")),
        ("a replay", 2, 2, INSIDE, 20, None, None),
        ("another package of a sequence that was seen", 2, 3, INSIDE, 20, None, Some("FRK-03")),
        ("as long a ledger as the one before", 4, 4, INSIDE, 20, None, None),
        ("a shorter ledger than the one before", 4, 4, INSIDE, 19, None, Some("FRK-01")),
        ("as long a ledger as the one after", 4, 4, INSIDE, 60, None, None),
        ("a longer ledger than the one after", 4, 4, INSIDE, 61, None, Some("FRK-01")),
        ("before all", 1, 1, INSIDE, 20, None, None),
        ("before all, from a longer ledger", 1, 1, INSIDE, 21, None, Some("FRK-01")),
        ("after all", 7, 7, INSIDE, 60, None, None),
        ("after all, from a shorter ledger", 7, 7, INSIDE, 59, None, Some("FRK-01")),
        ("it has seen all of us", 7, 7, INSIDE, 70, told(OUTSIDE, 4, RECORDS), None),
        ("it has seen a receipt that was never made", 7, 7, INSIDE, 70, told(OUTSIDE, 5, RECORDS), Some("FRK-02")),
        ("it has seen a record that is not there", 7, 7, INSIDE, 70, told(OUTSIDE, 4, RECORDS + 1), Some("FRK-02")),
        ("it has seen another incarnation of us", 7, 7, INSIDE, 70, told(OTHER, 1, 1), Some("FRK-04")),
        ("it does not follow us any more", 7, 7, INSIDE, 70, told(OUTSIDE, NUMBER_MAX, 1), Some("FRK-04")),
        ("it did not follow an earlier life of us", 7, 7, INSIDE, 70, told(FORMER, NUMBER_MAX, 1), None),
        ("it has seen an earlier life of us only", 7, 7, INSIDE, 70, told(FORMER, 99, 99), None),
        ("as far above the last one as a sequence may be", 6 + STEP_MAX, 7, INSIDE, 70, None, None),
        ("one further", 7 + STEP_MAX, 7, INSIDE, 70, None, Some("FRK-05")),
    ] {
        let mut manifest = manifest(sequence, vec![]);
        (manifest.incarnation, manifest.ledger, manifest.acknowledged) = (incarnation, head(records), acknowledged);
        let fork = fork_of(&ours(), &route, RECORDS, package(id), &manifest);
        assert_eq!(fork.as_ref().map(|fork| fork.code), code, "{what}");
        assert!(fork.is_none_or(|fork| describe(&fork).starts_with(fork.code)), "{what}");
    }
}

#[test]
fn a_first_package_may_be_of_any_incarnation() {
    let manifest = manifest(9, vec![]);
    assert_eq!(fork_of(&ours(), &replica_route(vec![]), 1, package(9), &manifest), None);
}

/// FAULTS P09
#[test]
fn versions_have_a_ceiling_per_step() {
    let mut route = replica_route(vec![held("a", 3, 1), replica::Item { former: true, ..held("b", 9, 1) }]);
    route.incarnation = Some(INSIDE);
    for (what, name, version, floor, leap, code) in [
        ("as far above what is held as may be", "a", 3 + STEP_MAX, 0, false, None),
        ("one further", "a", 4 + STEP_MAX, 0, false, Some("FRK-05")),
        ("one further, and a person agreed", "a", 4 + STEP_MAX, 0, true, None),
        ("new, as far as may be", "c", STEP_MAX, 0, false, None),
        ("new, one further", "c", 1 + STEP_MAX, 0, false, Some("FRK-05")),
        ("new, of a life that began far above", "c", 1 + STEP_MAX, 1, false, None),
        ("held of a life that is over: its version counts for nothing", "b", 9 + STEP_MAX, 0, false, Some("FRK-05")),
        ("a floor that is too far above the last sequence", "a", 4, 1 + STEP_MAX, false, Some("FRK-05")),
    ] {
        route.leap = leap;
        let mut manifest = manifest(floor + 7, vec![carried(name, version, Some(document(1, None)))]);
        (manifest.floor, manifest.ledger) = (floor, head(70));
        assert_eq!(fork_of(&ours(), &route, RECORDS, package(7), &manifest).map(|fork| fork.code), code, "{what}");
    }
}

/// FAULTS C07
#[test]
fn the_packages_before_tell_a_fork_that_a_gap_would_hide() {
    let mut route = replica_route(vec![]);
    route.incarnation = Some(INSIDE);
    route.packages.extend([2, 3].map(|sequence| seen(sequence, 1, Progress::Attested, 0)));
    for (what, previous, code) in [
        ("those that were seen", vec![package(4), package(3), package(2)], None),
        ("another third", vec![package(4), package(30), package(2)], Some("FRK-03")),
        ("another one that was never seen", vec![package(40), package(3)], None),
        ("none", vec![], None),
    ] {
        let manifest = Manifest { previous, ..manifest(5, vec![]) };
        assert_eq!(fork_of(&ours(), &route, RECORDS, package(5), &manifest).map(|fork| fork.code), code, "{what}");
    }
}

/// FAULTS C07, P06: replica and source went back, and only one of them has been noticed.
#[test]
fn which_package_had_a_sequence_outlives_a_new_life_of_the_replica() {
    let mut route = replica_route(vec![]);
    (route.incarnation, route.before) = (Some(INSIDE), [(2, package(2))].into());
    for (what, sequence, id, previous, code) in [
        ("the same", 2, 2, vec![], None),
        ("another one", 2, 20, vec![], Some("FRK-03")),
        ("one after it", 3, 3, vec![package(2)], None),
        ("one after another one", 3, 3, vec![package(20)], Some("FRK-03")),
    ] {
        let manifest = Manifest { previous, ..manifest(sequence, vec![]) };
        assert_eq!(fork_of(&ours(), &route, RECORDS, package(id), &manifest).map(|fork| fork.code), code, "{what}");
    }
}

/// FAULTS C07
#[test]
fn an_inventory_takes_up_what_is_right_and_changes_nothing_else() {
    let former = |item| replica::Item { former: true, confirmed: false, sequence: 0, ..item };
    let tombstone = |item| replica::Item { removed: true, ..item };
    let missing = Step::Nothing(Outcome::BaseMissing.number());
    let newer = Step::Nothing(Outcome::Superseded.number());
    for (what, known, version, right, step) in [
        ("not known, lies right", None, 5, true, Step::Adopt),
        ("not known, does not", None, 5, false, missing),
        ("held at this version, right", Some(held("a", 5, 1)), 5, true, Step::Adopt),
        ("held at this version, damaged", Some(held("a", 5, 1)), 5, false, missing),
        ("held at an older version, right by other means", Some(held("a", 4, 9)), 5, true, Step::Adopt),
        ("held at a newer version", Some(held("a", 6, 1)), 5, true, newer),
        ("held at a newer version of a life that is over", Some(former(held("a", 6, 1))), 5, true, Step::Adopt),
        ("removed at a newer version", Some(tombstone(held("a", 6, 1))), 5, true, newer),
        ("removed in a life that is over", Some(former(tombstone(held("a", 6, 1)))), 5, false, missing),
    ] {
        let route = replica_route(known.into_iter().collect());
        let row = Planner::new(&route, 9).claim(&carried("a", version, Some(document(1, None))), right);
        assert_eq!(row.step, step, "{what}");
    }
}

/// FAULTS C07, S05
#[test]
fn an_inventory_drops_what_its_span_does_not_name() {
    let items = ["a", "b", "c", "d", "e"].map(|name| held(name, 3, 1)).to_vec();
    let mut route = replica_route(items);
    route.items[3].sequence = 9;
    let span = Span { after: Some(id("a")), up_to: Some(id("d")) };
    let inventory = Inventory { span, unclaimed: vec![id("c")] };
    let manifest = Manifest { inventory: Some(inventory), ..manifest(8, vec![carried("bb", 1, Some(document(1, None)))]) };
    let dropped: Vec<(u32, u64, Step)> = unnamed(&route, &manifest).iter().map(|row| (row.item, row.version, row.step)).collect();
    assert_eq!(dropped, [(1, 3, Step::Drop)], "neither outside the span, nor unclaimed, nor brought later");
    assert_eq!(crate::breaker::weigh_package(&manifest, &route).waiting.changes, 1, "only what goes is weighed");
}

/// FAULTS C07
#[test]
fn what_another_life_held_is_older_than_anything() {
    let former = replica::Item { former: true, confirmed: false, sequence: 0, ..held("a", 90, 1) };
    for (what, content, on_disk, step) in
        [("the same content", 1, true, Step::Attributes), ("the same, but not there", 1, false, Step::Write), ("other content", 2, true, Step::Write)]
    {
        let route = replica_route(vec![former.clone()]);
        let row = Planner::new(&route, 9).row(&carried("a", 5, Some(document(content, None))), &mut |_| on_disk);
        assert_eq!(row.step, step, "{what}");
    }
    // An equal version that is not confirmed yet is taken up, and other content at an equal version is written.
    let route = replica_route(vec![replica::Item { confirmed: false, ..held("a", 5, 1) }]);
    for (content, step) in [(1, Step::Attributes), (2, Step::Write)] {
        assert_eq!(Planner::new(&route, 9).row(&carried("a", 5, Some(document(content, None))), &mut |_| true).step, step);
    }
}

/// FAULTS P06, P07
#[test]
fn what_is_said_of_one_version_in_two_ways_is_as_the_later_package_says() {
    let tombstone = |item| replica::Item { removed: true, ..item };
    let unconfirmed = |item| replica::Item { confirmed: false, ..item };
    let superseded = Step::Nothing(Outcome::Superseded.number());
    let unchanged = Step::Nothing(Outcome::Unchanged.number());
    let missing = Step::Nothing(Outcome::BaseMissing.number());
    let other = |modified, executable| Some(Document { modified, executable, ..document(1, None) });
    // Version 5 with content 1 was brought, or removed, by package 4; what package 3 or 7 says, as an item and as a claim.
    let (held, gone) = (Item { sequence: 4, ..held("a", 5, 1) }, tombstone(Item { sequence: 4, ..held("a", 5, 1) }));
    for (what, known, sequence, says, step, claim) in [
        ("the same, later", &held, 7, Some(document(1, None)), unchanged, Step::Adopt),
        ("the same, earlier", &held, 3, Some(document(1, None)), unchanged, Step::Adopt),
        ("another content, later", &held, 7, Some(document(2, None)), Step::Write, Step::Adopt),
        ("another content, earlier", &held, 3, Some(document(2, None)), superseded, superseded),
        ("another time, later", &held, 7, other(8, false), Step::Attributes, Step::Adopt),
        ("another time, earlier", &held, 3, other(8, false), superseded, superseded),
        ("executable, later", &held, 7, other(7, true), Step::Attributes, Step::Adopt),
        ("removed, later", &held, 7, None, Step::Remove, missing),
        ("removed, earlier", &held, 3, None, superseded, missing),
        ("a part of other content, later", &held, 7, Some(document(2, Some((0, 20)))), Step::Hold, missing),
        ("a part of other content, earlier", &held, 3, Some(document(2, Some((0, 20)))), superseded, missing),
        ("brought again, later", &gone, 7, Some(document(1, None)), Step::Write, Step::Adopt),
        ("brought again, earlier", &gone, 3, Some(document(1, None)), superseded, superseded),
        ("removed again, later", &gone, 7, None, unchanged, missing),
        ("removed again, earlier", &gone, 3, None, unchanged, missing),
        ("since the route began anew, the same, later", &unconfirmed(held.clone()), 7, Some(document(1, None)), Step::Attributes, Step::Adopt),
        ("since the route began anew, the same, once more", &unconfirmed(held.clone()), 4, Some(document(1, None)), Step::Attributes, Step::Adopt),
        ("since the route began anew, the same, earlier", &unconfirmed(held.clone()), 3, Some(document(1, None)), unchanged, Step::Adopt),
        ("since the route began anew, another content, later", &unconfirmed(held.clone()), 7, Some(document(2, None)), Step::Write, Step::Adopt),
        ("since the route began anew, another content, earlier", &unconfirmed(held.clone()), 3, Some(document(2, None)), superseded, superseded),
        // The source was put back and packed this sequence twice, and the replica has forgotten which of them it took.
        ("since the route began anew, another content, of one sequence", &unconfirmed(held.clone()), 4, Some(document(2, None)), superseded, superseded),
        ("since the route began anew, brought again, earlier", &unconfirmed(gone.clone()), 3, Some(document(1, None)), superseded, superseded),
    ] {
        let route = replica_route(vec![known.clone()]);
        let item = carried("a", 5, says.clone());
        assert_eq!(Planner::new(&route, sequence).row(&item, &mut |_| true).step, step, "{what}");
        if says.is_some_and(|says| says.part.is_none()) {
            assert_eq!(Planner::new(&route, sequence).claim(&item, true).step, claim, "{what}, claimed");
        }
        let weighed = crate::breaker::weigh_package(&manifest(sequence, vec![item]), &route).waiting.changes;
        let changes = matches!(step, Step::Write | Step::Remove | Step::Hold) && known.held();
        assert_eq!(weighed, u64::from(changes), "{what}: what changes is weighed");
    }
    // Somebody put a file where one was removed: who says so last removes it again, and an earlier package leaves it to that one.
    for (sequence, nothing_there, step) in [(7, true, unchanged), (7, false, Step::Remove), (4, false, unchanged), (3, false, unchanged)] {
        let row = Planner::new(&replica_route(vec![gone.clone()]), sequence).row(&carried("a", 5, None), &mut |_| nothing_there);
        assert_eq!(row.step, step, "removed again by {sequence}, nothing there: {nothing_there}");
    }
    // What the later package said is damaged, or not there: it is not put right by the earlier one, or what came between would win.
    for (damaged, right, step) in [(32, true, unchanged), (32, false, superseded), (0, false, superseded)] {
        let route = replica_route(vec![Item { damaged, ..held.clone() }]);
        let row = Planner::new(&route, 3).row(&carried("a", 5, Some(document(1, None))), &mut |_| right);
        assert_eq!(row.step, step, "damaged {damaged}, right {right}");
    }
}

/// What the replica holds of an item.
#[derive(Clone, Copy, Debug)]
enum Known {
    Nothing,
    Held,
    Damaged,
    Tombstone,
    /// Met, but never written: its rows failed or brought parts.
    Met,
}

#[test]
fn the_step_for_a_row() {
    use Known::{Damaged, Held, Met, Nothing, Tombstone};
    // The replica knows the item at version 5 with content 1. Its version and content in the package (none: a deletion), and whether
    // what lies on the disk is what the ledger says (none: nobody may ask).
    let nothing = |outcome: Outcome| Step::Nothing(outcome.number());
    for (known, version, content, on_disk, step) in [
        (Nothing, 1, Some(1), None, Step::Write),
        (Nothing, 1, None, None, Step::Remove),
        (Met, 1, Some(1), None, Step::Write),
        (Met, 1, None, None, Step::Remove),
        // An older version is superseded, whatever it brings.
        (Held, 4, Some(2), None, nothing(Outcome::Superseded)),
        (Held, 4, None, None, nothing(Outcome::Superseded)),
        (Damaged, 4, Some(1), None, nothing(Outcome::Superseded)),
        // An equal version is written where the disk differs, or where this later package says something else of it.
        (Held, 5, Some(2), None, Step::Write),
        (Held, 5, Some(1), Some(true), nothing(Outcome::Unchanged)),
        (Held, 5, Some(1), Some(false), Step::Write),
        (Damaged, 5, Some(1), Some(false), Step::Write),
        (Damaged, 5, Some(1), Some(true), Step::Attributes),
        (Held, 5, None, None, Step::Remove),
        // A newer version.
        (Held, 6, Some(2), None, Step::Write),
        (Held, 6, Some(1), Some(true), Step::Attributes),
        (Held, 6, Some(1), Some(false), Step::Write),
        (Damaged, 6, Some(1), None, Step::Write),
        (Held, 6, None, None, Step::Remove),
        (Damaged, 6, None, None, Step::Remove),
        // A tombstone wins over what is not newer.
        (Tombstone, 4, Some(1), None, nothing(Outcome::Superseded)),
        (Tombstone, 5, Some(1), None, Step::Write),
        (Tombstone, 6, Some(1), None, Step::Write),
        (Tombstone, 4, None, None, nothing(Outcome::Superseded)),
        (Tombstone, 5, None, Some(true), nothing(Outcome::Unchanged)),
        (Tombstone, 5, None, Some(false), Step::Remove),
        (Tombstone, 6, None, None, Step::Remove),
    ] {
        let item = match known {
            Nothing => held("other", 5, 1),
            Held => held("a", 5, 1),
            Damaged => Item { damaged: 32, ..held("a", 5, 1) },
            Tombstone => Item { removed: true, ..held("a", 5, 1) },
            Met => held("a", 0, 0),
        };
        let route = replica_route(vec![item]);
        let mut asked = false;
        let row = Planner::new(&route, 9).row(&carried("a", version, content.map(|content| document(content, None))), &mut |_| {
            asked = true;
            on_disk.unwrap_or(false)
        });
        assert_eq!((row.step, asked), (step, on_disk.is_some()), "{known:?} at 5, the package brings {version} with {content:?}");
        let new = matches!(known, Nothing);
        assert_eq!((row.item, row.id.is_some(), row.version), (u32::from(new), new, version), "{known:?} {version} {content:?}");
    }
}

/// FAULTS C07: a source that went back packed a version a second time, and the package of its past comes behind it.
#[test]
fn of_one_version_the_later_package_counts() {
    let older = Step::Nothing(Outcome::Superseded.number());
    for (what, brought_in, content, step) in [
        ("as it is held, from a package before", 4, Some(1), Step::Nothing(Outcome::Unchanged.number())),
        ("something else, from a package before", 4, Some(2), older),
        ("its removal, from a package before", 4, None, older),
        ("something else, from a package behind", 2, Some(2), Step::Write),
        ("its removal, from a package behind", 2, None, Step::Remove),
    ] {
        let route = replica_route(vec![replica::Item { sequence: brought_in, ..held("a", 5, 1) }]);
        let row = Planner::new(&route, 3).row(&carried("a", 5, content.map(|content| document(content, None))), &mut |_| true);
        assert_eq!(row.step, step, "{what}");
    }
}

#[test]
fn a_row_says_what_is_to_lie_there() {
    let route = replica_route(vec![]);
    let mut planner = Planner::new(&route, 9);
    let mut brought = document(3, Some((0, 40)));
    (brought.modified, brought.executable) = (-1, true);
    let row = planner.row(&carried("a", 2, Some(brought.clone())), &mut |_| false);
    assert_eq!((row.digest, row.size, row.modified, row.executable, row.part), (digest(3), BYTES, -1, true, brought.part));
    let row = planner.row(&carried("b", 2, None), &mut |_| false);
    assert_eq!((row.digest, row.size, row.modified, row.executable, row.part), (Digest::ZERO, 0, 0, false, None));
}

#[test]
fn parts_are_held_until_they_are_whole() {
    // Offsets that were held before and in the package, each part 20 of 100 bytes.
    for (what, before, now, last) in [
        ("the first", vec![], vec![0], Step::Hold),
        ("all in one package", vec![], vec![0, 20, 40, 60, 80], Step::Write),
        ("the last of all", vec![0, 20, 40, 60], vec![80], Step::Write),
        ("the one between", vec![0, 20, 60, 80], vec![40], Step::Write),
        ("a gap is left", vec![0, 20, 80], vec![40], Step::Hold),
        ("the start is missing", vec![20, 40, 60], vec![80], Step::Hold),
        ("one that is held already", vec![0, 20, 40, 60], vec![60], Step::Hold),
        ("two that overlap do not stand for a third", vec![0, 20, 40, 41], vec![80], Step::Hold),
    ] {
        let part = |offset: u64| Part { offset, length: 20, digest: Digest::ZERO };
        // Of version 1 it holds all; they are of no use for version 2.
        let mut route = replica_route(vec![held("a", 0, 0)]);
        route.parts.insert((0, 1, digest(1)), (0..5).map(|place| part(place * 20)).collect());
        // Neither are those of what an earlier package said of version 2.
        route.parts.insert((0, 2, digest(2)), (0..5).map(|place| part(place * 20)).collect());
        route.parts.insert((0, 2, digest(1)), before.into_iter().map(part).collect());
        let mut planner = Planner::new(&route, 9);
        let mut step = |offset| planner.row(&carried("a", 2, Some(document(1, Some((offset, 20))))), &mut |_| false).step;
        let steps: Vec<Step> = now.iter().map(|offset| step(*offset)).collect();
        let (end, start) = steps.split_last().unwrap();
        assert_eq!((*end, start.iter().all(|step| *step == Step::Hold)), (last, true), "{what}: {steps:?}");
    }
}

#[test]
fn parts_of_what_is_there_are_taken_only_where_the_disk_differs() {
    for (version, removed, damaged, on_disk, step) in [
        (4, false, 0, false, Step::Nothing(Outcome::Superseded.number())),
        (5, false, 0, true, Step::Nothing(Outcome::Unchanged.number())),
        (5, false, 32, true, Step::Attributes),
        (5, false, 32, false, Step::Hold),
        (5, true, 0, false, Step::Hold),
        (6, false, 0, true, Step::Hold),
        (6, true, 0, false, Step::Hold),
    ] {
        let route = replica_route(vec![Item { removed, damaged, ..held("a", 5, 1) }]);
        let row = Planner::new(&route, 9).row(&carried("a", version, Some(document(1, Some((0, 20))))), &mut |_| on_disk);
        assert_eq!(row.step, step, "version {version}, removed {removed}, damaged {damaged}, on disk {on_disk}");
    }
}

/// What rows of a transaction (0: of none) come to, given what each of them comes to alone.
#[test]
fn all_items_of_a_transaction_have_one_outcome() {
    use Outcome::{Applied, BaseMissing, Corrupt, NameRefused, Superseded, TransactionFailed as Fails, Unchanged};
    for (what, transactions, alone, together) in [
        ("all are right", [1, 1, 1, 0], [Applied, Unchanged, Applied, BaseMissing], [Applied, Unchanged, Applied, BaseMissing]),
        ("a base is missing", [1, 1, 1, 0], [Applied, BaseMissing, Unchanged, Applied], [Fails, BaseMissing, Fails, Applied]),
        ("two fail, each in its way", [1, 1, 1, 1], [NameRefused, Applied, BaseMissing, Applied], [NameRefused, Fails, BaseMissing, Fails]),
        ("one is superseded", [1, 1, 1, 0], [Applied, Superseded, Applied, Applied], [Applied, Superseded, Applied, Applied]),
        ("one is superseded and another fails", [1, 1, 1, 0], [Applied, Superseded, BaseMissing, Applied], [Fails, Superseded, BaseMissing, Applied]),
        ("another transaction fails", [1, 2, 1, 2], [Applied, BaseMissing, Applied, Applied], [Applied, BaseMissing, Applied, Fails]),
        ("it is found only when it is read back", [1, 1, 0, 0], [Applied, Corrupt, Applied, Corrupt], [Fails, Corrupt, Applied, Corrupt]),
    ] {
        let route = replica_route(vec![]);
        let mut planner = Planner::new(&route, 9);
        let mut staged: Vec<StagedRow> = ["a", "b", "c", "d"].map(|name| planner.row(&carried(name, 1, Some(document(1, None))), &mut |_| false)).into();
        for ((row, transaction), outcome) in staged.iter_mut().zip(transactions).zip(alone) {
            row.transaction = (transaction > 0).then_some(TransactionId([transaction; 16]));
            row.step = if outcome == Applied { Step::Write } else { Step::Nothing(outcome.number()) };
        }
        let mut rows: Vec<Row> = (0u32..).zip(alone).map(|(row, outcome)| Row { row, outcome: outcome.number(), digest: digest(7) }).collect();
        one_answer(&staged, &mut rows);
        assert_eq!(rows.iter().map(|row| row.outcome).collect::<Vec<_>>(), together.map(Outcome::number), "{what}, answered");
        assert!(rows.iter().all(|row| (row.outcome == Fails.number()) == (row.digest == Digest::ZERO)), "{what}: nothing is proven of what did not come");
        one_outcome(&mut staged);
        let step = |outcome: Outcome| if outcome == Applied { Step::Write } else { Step::Nothing(outcome.number()) };
        assert_eq!(staged.iter().map(|row| row.step).collect::<Vec<_>>(), together.map(step), "{what}, planned");
    }
}

#[test]
fn new_items_get_the_next_numbers_and_their_id_once() {
    let route = replica_route(vec![held("a", 1, 1)]);
    let mut planner = Planner::new(&route, 9);
    let mut row = |name, part| {
        let row = planner.row(&carried(name, 2, Some(document(1, Some((part, 20))))), &mut |_| false);
        (row.item, row.id)
    };
    let id = |name: &str| Some(ItemId(name.as_bytes().to_vec()));
    assert_eq!([row("b", 0), row("a", 0), row("b", 20), row("c", 0)], [(1, id("b")), (0, None), (1, None), (2, id("c"))]);
}
