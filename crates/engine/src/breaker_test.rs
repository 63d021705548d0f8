//! What counts as a change, how many pass, and what a person's agreement does, on both sides.

use super::*;
use crate::scene::{BYTES, Inside, Outside, carried, digest, document, held, item, manifest, package, replica_route, sent, world};
use crate::source::{Item, RouteItem};
use alloc::vec;
use wire::manifest::Item as CarriedItem;
use wire::record::{BreakerReleased, BreakerTripped, Step};

/// Proven at version 1 with this content, and not changed since.
fn kept(name: &str, content: u8) -> (Item, RouteItem) {
    (Item { digest: Some(digest(content)), ..item(name, 1) }, RouteItem { proven_digest: digest(content), ..sent(1, 5, 1) })
}
fn deleted(name: &str, content: u8) -> (Item, RouteItem) {
    let (item, sent) = kept(name, content);
    (Item { version: 2, gone: true, digest: None, ..item }, sent)
}
/// Changed, and read since if there is a content.
fn changed(name: &str, content: u8, read: Option<u8>) -> (Item, RouteItem) {
    let (item, sent) = kept(name, content);
    (Item { version: 2, digest: read.map(digest), ..item }, sent)
}
fn added(name: &str, read: Option<u8>) -> (Item, RouteItem) {
    (Item { digest: read.map(digest), ..item(name, 1) }, RouteItem::default())
}
fn sized((mut item, sent): (Item, RouteItem), size: u64) -> (Item, RouteItem) {
    item.stat.size = size;
    (item, sent)
}
/// With the attributes of the file `name`: it was moved.
fn moved((added, sent): (Item, RouteItem), name: &str) -> (Item, RouteItem) {
    (Item { stat: item(name, 1).stat, ..added }, sent)
}
fn packed((item, sent): (Item, RouteItem)) -> (Item, RouteItem) {
    (item, RouteItem { packed_version: 2, ..sent })
}
fn cancelled((item, sent): (Item, RouteItem)) -> (Item, RouteItem) {
    (item, RouteItem { cancelled_version: 2, ..sent })
}

#[test]
fn the_larger_of_count_and_share_may_change() {
    let allowance = Allowance { items: 100, percent: 5 };
    for (total, allowed) in [(0, 100), (2000, 100), (2019, 100), (2020, 101), (40_000, 2000)] {
        assert_eq!(allowance.of(total), allowed, "{total}");
    }
    assert_eq!(Allowance::default(), allowance);
}

#[test]
fn it_stops_one_past_what_is_allowed_or_agreed() {
    let allowance = Allowance { items: 3, percent: 10 };
    for (total, changes, agreed, tripped, stops) in [
        (0, 3, 0, None, false),
        (0, 4, 0, None, true),
        (50, 5, 0, None, false),
        (50, 6, 0, None, true),
        (50, 8, 8, None, false),
        (50, 9, 8, None, true),
        (50, 5, 2, None, false),
        (50, 0, 8, Some(1), true),
    ] {
        let breaker = Breaker { tripped, agreed, ..Breaker::default() };
        let weighed = Weighed { changes, total, unread: vec![] };
        assert_eq!(must_stop(&breaker, &weighed, &allowance), stops, "{changes} of {total}, {agreed} agreed, tripped {tripped:?}");
    }
}

#[test]
fn a_source_counts_what_is_deleted_or_other_and_no_renames() {
    for (what, items, changes, total, unread) in [
        ("nothing happened", vec![kept("a", 1), kept("b", 2)], 0, 2, vec![]),
        ("deleted", vec![deleted("a", 1), kept("b", 2)], 1, 2, vec![]),
        ("other content", vec![changed("a", 1, Some(3))], 1, 1, vec![]),
        ("attributes", vec![changed("a", 1, Some(1))], 0, 1, vec![]),
        ("not read, the same size", vec![kept("b", 2), changed("a", 1, None)], 1, 2, vec![1]),
        ("not read, another size", vec![sized(changed("a", 1, None), BYTES + 1)], 1, 1, vec![]),
        ("added", vec![added("a", Some(1)), added("b", None)], 0, 0, vec![]),
        ("renamed, read", vec![deleted("a", 1), added("b", Some(1))], 0, 1, vec![]),
        ("renamed, not read, but the same file", vec![deleted("a", 1), moved(added("b", None), "a")], 0, 1, vec![]),
        ("perhaps renamed: another file of that size", vec![deleted("a", 1), added("b", None)], 1, 1, vec![1]),
        ("not renamed: another size", vec![deleted("a", 1), sized(added("b", None), 1)], 1, 1, vec![]),
        ("not renamed: other content", vec![deleted("a", 1), added("b", Some(2))], 1, 1, vec![]),
        ("two of the same deleted, one came", vec![deleted("a", 1), deleted("b", 1), added("c", Some(1))], 1, 2, vec![]),
        ("one deleted, two of the same came", vec![deleted("a", 1), added("b", Some(1)), added("c", Some(1))], 0, 1, vec![]),
        ("packed already", vec![packed(deleted("a", 1)), packed(changed("b", 1, None))], 0, 2, vec![]),
        ("given up", vec![cancelled(deleted("a", 1)), cancelled(changed("b", 1, None))], 0, 2, vec![]),
        ("deleted, never proven", vec![(Item { gone: true, ..item("a", 2) }, sent(1, 5, 0))], 0, 0, vec![]),
        ("back after a proven deletion", vec![(item("a", 3), RouteItem { proven_gone: true, ..sent(2, 5, 2) })], 0, 0, vec![]),
    ] {
        let (archive, route) = world(items);
        assert_eq!(weigh_source(&archive, &route), Weighed { changes, total, unread }, "{what}");
    }
}

#[test]
fn an_item_of_which_the_route_knows_nothing_is_no_change() {
    let (archive, mut route) = world(vec![added("a", None), added("b", None)]);
    route.items.clear();
    assert_eq!(weigh_source(&archive, &route), Weighed::default());
}

#[test]
fn a_replica_counts_what_a_package_would_delete_or_overwrite() {
    let brought = |name, version, content| carried(name, version, Some(document(content, None)));
    let gone = |name, version| carried(name, version, None);
    let cases: [(&str, Vec<CarriedItem>, u64); 11] = [
        ("nothing", vec![], 0),
        ("a deletion", vec![gone("a", 2)], 1),
        ("other content", vec![brought("a", 2, 9)], 1),
        ("attributes", vec![brought("a", 2, 1)], 0),
        ("what is there already", vec![gone("a", 1), brought("b", 1, 9)], 0),
        ("new items", vec![brought("x", 1, 8), brought("y", 1, 9)], 0),
        ("a rename", vec![gone("a", 2), brought("x", 1, 1)], 0),
        ("two of the same deleted, one comes", vec![gone("a", 2), gone("twin", 2), brought("x", 1, 1)], 1),
        ("a deletion and something else", vec![gone("a", 2), brought("x", 1, 9)], 1),
        ("what was removed comes back", vec![brought("removed", 3, 9)], 0),
        ("what was never here is removed", vec![gone("x", 2), gone("removed", 3)], 0),
    ];
    let removed = replica::Item { removed: true, ..held("removed", 2, 5) };
    let route = replica_route(vec![held("a", 1, 1), held("b", 1, 2), held("twin", 1, 1), removed]);
    for (what, items, changes) in cases {
        assert_eq!(weigh_package(&manifest(1, items), &route), Weighed { changes, total: 3, unread: vec![] }, "{what}");
    }
}

#[test]
fn agreed_changes_pass_once_on_the_source() {
    let mut inside = Inside::with(&["a", "b", "c"]);
    let full = inside.full(1, 1, &[wire::receipt::Outcome::Applied; 3]);
    inside.take(&full).unwrap();
    ["a", "b", "c"].into_iter().for_each(|name| inside.remove(name));
    let allowance = Allowance { items: 2, percent: 0 };
    let stops = |inside: &Inside| must_stop(&inside.route().breaker, &weigh_source(inside.archive(), inside.route()), &allowance);
    assert!(stops(&inside), "three vanish");
    inside.tell(BreakerTripped { route: "r".into(), changes: 3, allowed: 2, package: None });
    inside.tell(BreakerTripped { route: "r".into(), changes: 1, allowed: 2, package: None });
    assert_eq!(inside.route().breaker.tripped, Some(3), "the most that was seen");
    inside.tell(BreakerReleased { route: "r".into(), changes: 3, reason: "meant".into() });
    assert!(!stops(&inside), "a person agreed to three");
    inside.capture("new");
    inside.pack(2, &["a", "new"]);
    assert_eq!(inside.route().breaker, Breaker { agreed: 2, ..Breaker::default() }, "one has passed; what is new needed no agreement");
    inside.pack(3, &["b", "c"]);
    assert_eq!(inside.route().breaker, Breaker::default(), "all have passed");
}

#[test]
fn a_package_that_is_held_back_passes_once_when_released() {
    let mut outside = Outside::new();
    let tripped = |package| BreakerTripped { route: "r".into(), changes: 9, allowed: 2, package: Some(package) };
    [1, 2, 1].into_iter().for_each(|number| outside.tell(tripped(package(number))));
    assert_eq!((outside.route().breaker.tripped, &outside.route().breaker.held), (Some(9), &vec![package(1), package(2)]));
    outside.tell(BreakerReleased { route: "r".into(), changes: 9, reason: "meant".into() });
    let passed = |packages: &[u64]| Breaker { agreed: 9, passed: packages.iter().map(|number| package(*number)).collect(), ..Breaker::default() };
    assert_eq!((&outside.route().breaker, outside.route().may_be_empty), (&passed(&[1, 2]), true));
    outside.bring(2, &[("a", 1, Step::Write, 1)]);
    assert_eq!((&outside.route().breaker, outside.route().may_be_empty), (&passed(&[1]), false));
}
