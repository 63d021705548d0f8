//! What counts as a change, how many pass, and what a person's agreement does, on both sides.

use super::*;
use crate::scene::{BYTES, Inside, Outside, carried, digest, document, held, item, manifest, package, replica_route, sent, world};
use crate::source::{Item, RouteItem, RouteItems};
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
    (Item { version: 2, content_since: if read == Some(content) { 1 } else { 2 }, digest: read.map(digest), ..item }, sent)
}
/// Of which the replica holds what the route made of it.
fn shown_otherwise((item, sent): (Item, RouteItem)) -> (Item, RouteItem) {
    (item, RouteItem { proven_digest: digest(200), proven_bytes: 3, ..sent })
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

/// With a template activated behind it.
fn unjudged((item, sent): (Item, RouteItem)) -> (Item, RouteItem) {
    (item, RouteItem { unjudged: true, ..sent })
}

const NONE: Allowance = Allowance { items: u64::MAX, percent: 0 };

#[test]
fn the_larger_of_count_and_share_may_change() {
    let Allowances { at_once, shrinking, suspicious } = Allowances::default();
    for (total, allowed) in [(0, [100, 100, 10]), (500, [100, 100, 10]), (505, [100, 101, 10]), (2020, [101, 404, 20]), (40_000, [2000, 8000, 400])] {
        assert_eq!([at_once, shrinking, suspicious].map(|allowance| allowance.of(total)), allowed, "{total}");
    }
    assert_eq!(at_once.of(u64::MAX), u64::MAX / 100, "no overflow");
}

#[test]
fn it_stops_one_past_what_is_allowed_or_agreed() {
    let allowances = Allowances { at_once: Allowance { items: 3, percent: 10 }, shrinking: NONE, suspicious: NONE };
    for (total, changes, agreed, tripped, stops) in [
        (0, 3, 0, None, None),
        (0, 4, 0, None, Some((4, 3))),
        (50, 5, 0, None, None),
        (50, 6, 0, None, Some((6, 5))),
        (50, 8, 8, None, None),
        (50, 9, 8, None, Some((9, 8))),
        (50, 5, 2, None, None),
        (50, 0, 8, Some(1), Some((1, 8))),
    ] {
        let tripped = tripped.map(|changes| Tripped { cause: Cause::AtOnce, changes });
        let breaker = Breaker { tripped, agreed, ..Breaker::default() };
        let weighed = Weighed { waiting: Waiting { changes, ..Waiting::default() }, total, ..Weighed::default() };
        let stop = stops.map(|(changes, allowed)| Stop { cause: Cause::AtOnce, changes, allowed });
        assert_eq!(must_stop(&breaker, &weighed, &allowances), stop, "{changes} of {total}, {agreed} agreed, tripped {tripped:?}");
    }
}

/// FAULTS S05, S06: the two meters, at their limit and one past it.
#[test]
fn it_stops_one_past_what_may_add_up() {
    let allowances = Allowances { at_once: NONE, shrinking: Allowance { items: 3, percent: 20 }, suspicious: Allowance { items: 2, percent: 10 } };
    let meter = |passed, agreed| Meter { passed, agreed };
    let none = meter(0, 0);
    // What shrank, what was suspicious; deletions, additions and suspicious changes that wait; how many the replica holds.
    for (shrunk, suspicious, removals, additions, suspected, total, cause) in [
        (none, none, 3, 0, 2, 0, None),
        (none, none, 4, 0, 0, 0, Some((Cause::Shrinking, 4, 3))),
        (none, none, 0, 0, 3, 0, Some((Cause::Suspicious, 3, 2))),
        (none, none, 20, 0, 0, 100, None),
        (none, none, 21, 0, 0, 100, Some((Cause::Shrinking, 21, 20))),
        (meter(19, 0), none, 1, 0, 0, 81, None),
        (meter(19, 0), none, 2, 0, 0, 81, Some((Cause::Shrinking, 21, 20))),
        (meter(19, 0), none, 2, 1, 0, 81, None),
        (meter(0, 50), none, 50, 0, 0, 100, None),
        (meter(0, 50), none, 71, 0, 0, 100, Some((Cause::Shrinking, 21, 20))),
        (none, meter(5, 0), 0, 0, 5, 100, None),
        (none, meter(5, 0), 0, 0, 6, 100, Some((Cause::Suspicious, 11, 10))),
        (none, meter(0, 9), 0, 0, 19, 100, None),
        (none, meter(0, 9), 0, 0, 20, 100, Some((Cause::Suspicious, 11, 10))),
        (none, meter(11, 0), 50, 0, 0, 100, Some((Cause::Suspicious, 11, 10))),
    ] {
        let breaker = Breaker { shrunk, suspicious, ..Breaker::default() };
        let waiting = Waiting { changes: removals, removals, suspicious: suspected };
        let weighed = Weighed { waiting, additions, total, ..Weighed::default() };
        let stop = cause.map(|(cause, changes, allowed)| Stop { cause, changes, allowed });
        assert_eq!(must_stop(&breaker, &weighed, &allowances), stop, "{shrunk:?} {suspicious:?} {weighed:?}");
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
        ("another template", vec![unjudged(kept("a", 1)), unjudged(packed(changed("b", 2, Some(3))))], 0, 2, vec![]),
        ("deleted or written before it", vec![unjudged(deleted("a", 1)), unjudged(changed("b", 2, Some(3)))], 2, 2, vec![]),
        ("shown otherwise, attributes", vec![shown_otherwise(changed("a", 1, Some(1)))], 0, 1, vec![]),
        ("shown otherwise, other content", vec![shown_otherwise(changed("a", 1, Some(3)))], 1, 1, vec![]),
        ("back after a proven deletion", vec![(item("a", 3), RouteItem { proven_gone: true, ..sent(2, 5, 2) })], 0, 0, vec![]),
    ] {
        let (archive, route) = world(items);
        let weighed = weigh_source(&archive, &route, &BTreeMap::new());
        assert_eq!((weighed.waiting.changes, weighed.total, weighed.unread), (changes, total, unread), "{what}");
        assert_eq!((weighed.unseen, weighed.suspects), (vec![], vec![]), "{what}: nobody knows what it looked like");
    }
}

#[test]
fn an_item_of_which_the_route_knows_nothing_is_no_change() {
    let (archive, mut route) = world(vec![added("a", None), added("b", None)]);
    route.items = RouteItems::default();
    assert_eq!(weigh_source(&archive, &route, &BTreeMap::new()), Weighed { additions: 2, ..Weighed::default() });
}

#[test]
fn a_replica_counts_what_a_package_would_delete_or_overwrite() {
    let brought = |name, version, content| carried(name, version, Some(document(content, None)));
    let gone = |name, version| carried(name, version, None);
    let cases: [(&str, Vec<CarriedItem>, u64); 13] = [
        ("nothing", vec![], 0),
        ("a deletion", vec![gone("a", 2)], 1),
        ("other content", vec![brought("a", 2, 9)], 1),
        ("attributes", vec![brought("a", 2, 1)], 0),
        ("what is there already", vec![gone("removed", 2), brought("b", 1, 2)], 0),
        ("a removal of the version that is held", vec![gone("a", 1)], 1),
        ("other content of the version that is held", vec![brought("b", 1, 9)], 1),
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
        let weighed = weigh_package(&manifest(2, items), &route);
        assert_eq!((weighed.waiting.changes, weighed.total), (changes, 3), "{what}");
    }
}

#[test]
fn deletions_and_additions_are_counted_without_renames() {
    for (what, items, removals, additions) in [
        ("a deletion and a new item", vec![deleted("a", 1), added("b", Some(2))], 1, 1),
        ("a rename", vec![deleted("a", 1), added("b", Some(1))], 0, 0),
        ("a rename and a new one of the same content", vec![deleted("a", 1), added("b", Some(1)), added("c", Some(1))], 0, 1),
        ("other content", vec![changed("a", 1, Some(2))], 0, 0),
    ] {
        let (archive, route) = world(items);
        let weighed = weigh_source(&archive, &route, &BTreeMap::new());
        assert_eq!((weighed.waiting.removals, weighed.additions), (removals, additions), "{what}");
    }
    let route = replica_route(vec![held("a", 1, 1), held("b", 1, 2)]);
    let weighed =
        weigh_package(&manifest(1, vec![carried("a", 2, None), carried("b", 1, Some(document(2, None))), carried("c", 1, Some(document(9, None)))]), &route);
    assert_eq!((weighed.waiting.removals, weighed.additions), (1, 1), "what is there already is not added");
}

/// FAULTS S06: the beginnings of what changed are asked for, of nothing else, and what they show counts.
#[test]
fn what_lost_its_form_is_suspicious() {
    let formed = |(item, sent): (Item, RouteItem)| (item, RouteItem { packed_shape: Shape::Known, ..sent });
    let (archive, route) = world(vec![
        formed(kept("kept", 1)),
        formed(changed("other size", 2, None)),
        changed("unknown before", 3, None),
        formed(changed("read", 4, Some(9))),
        formed(deleted("d/gone", 5)),
        sized(added("d/new", None), 1),
        sized(added("e/new", None), 1),
    ]);
    let weighed = weigh_source(&archive, &route, &BTreeMap::new());
    assert_eq!((weighed.unseen, weighed.waiting.suspicious), (vec![1, 5], 0));
    let heads: BTreeMap<u32, Shape> = [(1, Shape::Opaque), (5, Shape::Opaque), (6, Shape::Opaque)].into();
    let weighed = weigh_source(&archive, &route, &heads);
    assert_eq!((weighed.unseen, weighed.suspects, weighed.waiting.suspicious), (vec![], vec![1, 5], 2));
    let heads: BTreeMap<u32, Shape> = [(1, Shape::Plain), (5, Shape::Unknown)].into();
    let weighed = weigh_source(&archive, &route, &heads);
    assert_eq!((weighed.unseen, weighed.suspects), (vec![], vec![]), "seen once is enough");
}

fn proven(names: &[&str]) -> Inside {
    let mut inside = Inside::with(names);
    let full = inside.full(1, 1, &vec![wire::receipt::Outcome::Applied; names.len()]);
    inside.take(&full).unwrap();
    inside
}
fn stop_of(inside: &Inside, allowances: &Allowances) -> Option<Stop> {
    must_stop(&inside.route().breaker, &weigh_source(inside.archive(), inside.route(), &BTreeMap::new()), allowances)
}
fn trips(cause: Cause, changes: u64, package: Option<PackageId>, agreed: Option<Agreement>) -> BreakerTripped {
    BreakerTripped { route: "r".into(), cause, changes, allowed: 2, package, agreed }
}
fn released(over: Waiting, allowed: u64) -> BreakerReleased {
    BreakerReleased { route: "r".into(), over, allowed, moved: false, reason: "meant".into() }
}

#[test]
fn agreed_changes_pass_once_on_the_source() {
    let mut inside = proven(&["a", "b", "c"]);
    ["a", "b", "c"].into_iter().for_each(|name| inside.remove(name));
    let allowances = Allowances { at_once: Allowance { items: 2, percent: 0 }, shrinking: Allowance { items: 2, percent: 0 }, suspicious: NONE };
    assert_eq!(stop_of(&inside, &allowances), Some(Stop { cause: Cause::AtOnce, changes: 3, allowed: 2 }), "three vanish");
    inside.tell(trips(Cause::AtOnce, 3, None, None));
    inside.tell(trips(Cause::AtOnce, 1, None, None));
    assert_eq!(inside.route().breaker.tripped, Some(Tripped { cause: Cause::AtOnce, changes: 3 }), "the most that was seen");
    let over = Waiting { changes: 3, removals: 3, suspicious: 0 };
    inside.tell(released(over, 0));
    assert_eq!(stop_of(&inside, &allowances), None, "people agreed to three");
    inside.capture("new");
    inside.pack(2, &["a", "new"]);
    let agreement = Some(Agreement { number: 1, changes: 3 });
    let left = |agreed, deletions| Breaker { agreed, shrunk: Meter { passed: 0, agreed: deletions }, agreement, ..Breaker::default() };
    assert_eq!(inside.route().breaker, left(2, 3), "one has passed; what is new needed no agreement, and makes up for a deletion");
    inside.pack(3, &["b", "c"]);
    inside.pack(4, &["b", "c"]);
    assert_eq!(inside.route().breaker, left(0, 1), "all have passed, and what is packed again is not counted again");
    inside.tell(released(Waiting::default(), 0));
    assert_eq!(inside.route().breaker.agreement, Some(Agreement { number: 2, changes: 0 }), "agreements are numbered");
}

/// FAULTS S05: an archive that is deleted little by little, over fifty crossings, is stopped when a fifth of it is gone.
#[test]
fn a_slow_deletion_stops_once_a_fifth_is_gone() {
    let names: Vec<alloc::string::String> = (0..600).map(|number| alloc::format!("{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let mut inside = proven(&names);
    let (mut gone, mut stops) = (0, Vec::new());
    for crossing in 0..50u64 {
        let next = &names[gone..gone + 12];
        next.iter().for_each(|name| inside.remove(name));
        if let Some(stop) = stop_of(&inside, &Allowances::default()) {
            stops.push((crossing, stop));
            inside.tell(trips(stop.cause, stop.changes, None, None));
            inside.tell(released(Waiting { changes: 12, removals: 12, suspicious: 0 }, 100));
        }
        inside.pack(2 + crossing, next);
        let outcomes = vec![wire::receipt::Outcome::Applied; 12];
        let full = inside.full(2 + crossing, 2 + crossing, &outcomes);
        inside.take(&full).unwrap();
        gone += 12;
    }
    let shrinking = |changes, allowed| Stop { cause: Cause::Shrinking, changes, allowed };
    // 120 of 600; then, after people agreed to these 12 as well, 100 of what is left (the count), again and again.
    let expected: Vec<(u64, Stop)> =
        vec![(10, shrinking(132, 120)), (19, shrinking(108, 100)), (28, shrinking(108, 100)), (37, shrinking(108, 100)), (46, shrinking(108, 100))];
    assert_eq!(stops, expected);
}

/// Ordinary turnover, whatever its speed, never adds up: what comes makes up for what goes.
#[test]
fn a_busy_archive_is_not_stopped() {
    let names: Vec<alloc::string::String> = (0..200).map(|number| alloc::format!("{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let mut inside = proven(&names);
    for day in 0..100u64 {
        let come: Vec<alloc::string::String> = (0..50).map(|number| alloc::format!("{day}-{number}")).collect();
        let gone: Vec<alloc::string::String> = if day == 0 {
            names[..50].iter().map(|name| (*name).into()).collect()
        } else {
            (0..50).map(|number| alloc::format!("{}-{number}", day - 1)).collect()
        };
        come.iter().for_each(|name| inside.capture(name));
        gone.iter().for_each(|name| inside.remove(name));
        assert_eq!(stop_of(&inside, &Allowances::default()), None, "day {day}");
        let all: Vec<&str> = gone.iter().chain(&come).map(|name| name.as_str()).collect();
        inside.pack(2 + day, &all);
        let outcomes = vec![wire::receipt::Outcome::Applied; 100];
        let full = inside.full(2 + day, 2 + day, &outcomes);
        inside.take(&full).unwrap();
        assert_eq!(inside.route().breaker, Breaker::default(), "day {day}");
    }
}

#[test]
fn a_package_that_is_held_back_passes_once_when_released() {
    let mut outside = Outside::new();
    [1, 2, 1].into_iter().for_each(|number| outside.tell(trips(Cause::AtOnce, 9, Some(package(number)), None)));
    let tripped = Some(Tripped { cause: Cause::AtOnce, changes: 18 });
    assert_eq!((outside.route().breaker.tripped, &outside.route().breaker.held), (tripped, &vec![package(1), package(2)]));
    outside.tell(released(Waiting { changes: 18, ..Waiting::default() }, 0));
    let passed = |packages: &[u64]| Breaker { passed: packages.iter().map(|number| package(*number)).collect(), ..Breaker::default() };
    assert_eq!((&outside.route().breaker, outside.route().may_be_empty), (&passed(&[1, 2]), true));
    let nothing = Allowances { at_once: Allowance { items: 0, percent: 0 }, ..Allowances::default() };
    let one = Weighed { waiting: Waiting { changes: 1, ..Waiting::default() }, ..Weighed::default() };
    let holds = |outside: &Outside, number| must_hold(&outside.route().breaker, &package(number), &one, None, &nothing).is_some();
    assert_eq!([holds(&outside, 1), holds(&outside, 2), holds(&outside, 3)], [false, false, true]);
    outside.bring(2, &[("a", 1, Step::Write, 1)]);
    assert_eq!((&outside.route().breaker, outside.route().may_be_empty), (&passed(&[1]), false));
    assert_eq!([holds(&outside, 1), holds(&outside, 2)], [false, true]);
}

/// What the source's people agreed to and was cut into many packages needs one agreement here: not one for each, and not none.
#[test]
fn one_agreement_lets_all_packages_of_one_agreement_pass() {
    let mut outside = Outside::new();
    let names: Vec<alloc::string::String> = (0..40).map(|number| alloc::format!("{number:02}")).collect();
    outside.bring(1, &names.iter().map(|name| (name.as_str(), 1, Step::Write, 1)).collect::<Vec<_>>());
    let allowances = Allowances { at_once: Allowance { items: 5, percent: 0 }, shrinking: Allowance { items: 5, percent: 0 }, suspicious: NONE };
    let announced = Some(Agreement { number: 1, changes: 12 });
    let gone = |outside: &Outside, names: &[alloc::string::String]| {
        weigh_package(&manifest(2, names.iter().map(|name| carried(name, 2, None)).collect()), outside.route())
    };
    let hold = |outside: &Outside, number: u64, names: &[alloc::string::String], announced| {
        must_hold(&outside.route().breaker, &package(number), &gone(outside, names), announced, &allowances)
    };
    let remove = |outside: &mut Outside, number: u64, names: &[alloc::string::String]| {
        outside.bring(number, &names.iter().map(|name| (name.as_str(), 2, Step::Remove, 0)).collect::<Vec<_>>());
    };
    assert_eq!(hold(&outside, 2, &names[..4], None), None, "four alone are few");
    assert_eq!(hold(&outside, 2, &[], announced), None, "a package that changes nothing is not asked about");
    let stop = hold(&outside, 2, &names[..4], announced).expect("four of twelve are the first of many");
    assert_eq!(stop, Stop { cause: Cause::AtOnce, changes: 12, allowed: 5 });
    outside.tell(trips(Cause::AtOnce, 4, Some(package(2)), announced));
    outside.tell(released(Waiting { changes: 12, ..Waiting::default() }, 0));
    assert_eq!((outside.route().breaker.agreed, outside.route().breaker.agreement), (12, announced));
    for (number, some) in [(2, &names[..4]), (3, &names[4..8]), (4, &names[8..12])] {
        assert_eq!(hold(&outside, number, some, announced), None, "package {number}");
        remove(&mut outside, number, some);
    }
    assert_eq!((outside.route().breaker.agreed, outside.route().breaker.shrunk), (0, Meter::default()), "all twelve have passed, agreed to");
    assert_eq!(hold(&outside, 5, &names[12..17], announced), None, "five are allowed without asking");
    assert!(hold(&outside, 5, &names[12..18], announced).is_some(), "the thirteenth and more are not what was agreed to");
    assert!(hold(&outside, 5, &names[12..13], Some(Agreement { number: 2, changes: 6 })).is_some(), "nor is another agreement");
    remove(&mut outside, 5, &names[12..17]);
    assert_eq!(hold(&outside, 6, &names[17..18], None), Some(Stop { cause: Cause::Shrinking, changes: 6, allowed: 5 }), "slowly");
}

#[test]
fn agreements_of_several_people_are_kept_until_something_else_happens() {
    for side in ["source", "replica"] {
        let (mut inside, mut outside) = (Inside::new(), Outside::new());
        let mut tell = |record: wire::record::Record| -> Option<Consent<Waiting>> {
            inside.tell(record.clone());
            outside.tell(record);
            if side == "source" { inside.route().breaker.consent.clone() } else { outside.route().breaker.consent.clone() }
        };
        let agree = |who: &str, changes| wire::record::BreakerAgreed {
            route: "r".into(),
            who: who.into(),
            over: Waiting { changes, ..Waiting::default() },
            reason: "meant".into(),
        };
        let people = |consent: Option<Consent<Waiting>>| consent.map(|consent| (consent.over.changes, consent.people));
        assert_eq!(people(tell(agree("li", 7).into())), Some((7, vec!["li".into()])), "{side}");
        assert_eq!(people(tell(agree("li", 8).into())), Some((8, vec!["li".into()])), "{side}: another number voids what was said");
        assert_eq!(people(tell(agree("wang", 8).into())), Some((8, vec!["li".into(), "wang".into()])), "{side}");
        assert_eq!(people(tell(released(Waiting::default(), 0).into())), None, "{side}");
    }
}

/// FAULTS S06: what people let through counts against no allowance, by package as well.
#[test]
fn what_was_let_through_does_not_count_as_shrinking() {
    let mut outside = Outside::new();
    outside.bring(1, &[("a", 1, Step::Write, 1), ("b", 1, Step::Write, 1)]);
    outside.tell(trips(Cause::AtOnce, 1, Some(package(2)), None));
    outside.tell(released(Waiting { changes: 1, ..Waiting::default() }, 0));
    outside.bring(2, &[("a", 2, Step::Remove, 0)]);
    assert_eq!(outside.route().breaker, Breaker::default(), "it was agreed to");
    outside.bring(3, &[("b", 2, Step::Remove, 0)]);
    assert_eq!(outside.route().breaker.shrunk, Meter { passed: 1, agreed: 0 }, "nobody was asked about this one");
}
