//! The safeties that a package can trip, at their boundaries, and the step for every row.

use super::*;
use crate::replica::Progress;
use crate::scene::{BYTES, INSIDE, OUTSIDE, carried, digest, document, head, held, manifest, package, replica_route, seen};
use alloc::vec;
use wire::manifest::Witness;

const OTHER: Incarnation = Incarnation([9; 16]);
/// Records in this ledger.
const RECORDS: u64 = 70;

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
    ] {
        let mut manifest = manifest(sequence, vec![]);
        (manifest.incarnation, manifest.ledger, manifest.acknowledged) = (incarnation, head(records), acknowledged);
        let fork = fork_of(&route, &OUTSIDE, RECORDS, package(id), &manifest);
        assert_eq!(fork.as_ref().map(|fork| fork.code), code, "{what}");
        assert!(fork.is_none_or(|fork| describe(&fork).starts_with(fork.code)), "{what}");
    }
}

#[test]
fn a_first_package_may_be_of_any_incarnation() {
    let manifest = manifest(9, vec![]);
    assert_eq!(fork_of(&replica_route(vec![]), &OUTSIDE, 1, package(9), &manifest), None);
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
        // An equal version is written where the disk differs.
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
        (Tombstone, 5, Some(1), None, nothing(Outcome::Superseded)),
        (Tombstone, 6, Some(1), None, Step::Write),
        (Tombstone, 4, None, None, nothing(Outcome::Superseded)),
        (Tombstone, 5, None, None, nothing(Outcome::Unchanged)),
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
        let row = Planner::new(&route).row(&carried("a", version, content.map(|content| document(content, None))), &mut |_| {
            asked = true;
            on_disk.unwrap_or(false)
        });
        assert_eq!((row.step, asked), (step, on_disk.is_some()), "{known:?} at 5, the package brings {version} with {content:?}");
        let new = matches!(known, Nothing);
        assert_eq!((row.item, row.id.is_some(), row.version), (u32::from(new), new, version), "{known:?} {version} {content:?}");
    }
}

#[test]
fn a_row_says_what_is_to_lie_there() {
    let route = replica_route(vec![]);
    let mut planner = Planner::new(&route);
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
        route.parts.insert((0, 1), (0..5).map(|place| part(place * 20)).collect());
        route.parts.insert((0, 2), before.into_iter().map(part).collect());
        let mut planner = Planner::new(&route);
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
        (5, true, 0, false, Step::Nothing(Outcome::Superseded.number())),
        (6, false, 0, true, Step::Hold),
        (6, true, 0, false, Step::Hold),
    ] {
        let route = replica_route(vec![Item { removed, damaged, ..held("a", 5, 1) }]);
        let row = Planner::new(&route).row(&carried("a", version, Some(document(1, Some((0, 20))))), &mut |_| on_disk);
        assert_eq!(row.step, step, "version {version}, removed {removed}, damaged {damaged}, on disk {on_disk}");
    }
}

#[test]
fn new_items_get_the_next_numbers_and_their_id_once() {
    let route = replica_route(vec![held("a", 1, 1)]);
    let mut planner = Planner::new(&route);
    let mut row = |name, part| {
        let row = planner.row(&carried(name, 2, Some(document(1, Some((part, 20))))), &mut |_| false);
        (row.item, row.id)
    };
    let id = |name: &str| Some(ItemId(name.as_bytes().to_vec()));
    assert_eq!([row("b", 0), row("a", 0), row("b", 20), row("c", 0)], [(1, id("b")), (0, None), (1, None), (2, id("c"))]);
}
