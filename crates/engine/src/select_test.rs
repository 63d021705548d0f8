//! What travels and in which order; parts of large documents; what must share a package; marks.

use super::*;
use crate::scene::{BYTES, Random, item, on_its_way, part_state, sent, world};
use crate::source::{PartState, Parts};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;

const NOW: i64 = 1000;
const DEADLINE: i64 = 100;

/// A medium that holds nothing.
fn blank() -> Carrier<'static> {
    static NO_ITEMS: Held = Held(BTreeMap::new());
    static NO_PARTS: BTreeSet<(u32, u64, u64)> = BTreeSet::new();
    static NO_URGENT: BTreeSet<u32> = BTreeSet::new();
    Carrier { holds: &NO_ITEMS, holds_parts: &NO_PARTS, urgent: &NO_URGENT, cumulative: true, now: NOW, deadline_seconds: DEADLINE }
}
/// A world whose sequences from 5 on are on their way.
fn travelling(items: Vec<(Item, RouteItem)>) -> (Archive, Route) {
    let (archive, mut route) = world(items);
    route.packages.extend((5..10).map(|sequence| (sequence, on_its_way(NOW))));
    (archive, route)
}
fn reasons(selected: &[Selected]) -> Vec<Because> {
    selected.iter().map(|selected| selected.because).collect()
}

#[test]
fn new_first_then_due_by_how_long_unsent_then_unproven() {
    let failed = RouteItem { failed: true, ..sent(1, 9, 0) };
    let (archive, mut route) = travelling(vec![
        (item("on-b", 1), sent(1, 5, 0)),
        (item("due-b", 1), sent(1, 7, 0)),
        (item("z", 1), RouteItem::default()),
        (item("due-c", 1), failed),
        (item("done", 1), sent(1, 2, 1)),
        (item("due-z", 1), sent(1, 3, 0)),
        (item("changed", 2), sent(1, 2, 1)),
        (item("on-a", 1), sent(1, 8, 0)),
        (item("due-a", 1), sent(1, 7, 0)),
    ]);
    route.packages.get_mut(&7).unwrap().lost = true;
    let selected = select(&archive, &route, &blank(), None);
    let found: Vec<_> = selected.iter().map(|selected| (alloc::format!("{}", archive.items[selected.item as usize].id), selected.because)).collect();
    let expected = [
        ("changed", Because::New),
        ("z", Because::New),
        ("due-z", Because::Due),
        ("due-a", Because::Due),
        ("due-b", Because::Due),
        ("due-c", Because::Due),
        ("on-a", Because::Unproven),
        ("on-b", Because::Unproven),
    ];
    assert_eq!(found, expected.map(|(name, because)| (String::from(name), because)));
}

#[test]
fn what_must_not_wait_goes_first_and_on_every_medium_until_it_is_proven() {
    let (archive, mut route) = travelling(vec![
        (item("new", 1), RouteItem::default()),
        (item("due", 1), sent(1, 7, 0)),
        (item("on-its-way", 1), sent(1, 5, 0)),
        (item("done", 1), sent(1, 2, 1)),
        (item("z-new", 1), RouteItem::default()),
        (Item { stat: wire::record::FileStat { size: UNPROVEN_BYTES_MAX, ..wire::record::FileStat::default() }, ..item("much", 1) }, sent(1, 5, 0)),
    ]);
    route.packages.get_mut(&7).unwrap().lost = true;
    let names = |urgent: &BTreeSet<u32>, cumulative: bool| {
        let selected = select(&archive, &route, &Carrier { urgent, cumulative, ..blank() }, None);
        selected.iter().map(|selected| alloc::format!("{}", archive.items[selected.item as usize].id)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&BTreeSet::new(), true), "new z-new due");
    assert_eq!(names(&BTreeSet::from([1]), true), "due new z-new");
    assert_eq!(names(&BTreeSet::from([1, 2, 3, 4]), true), "z-new due on-its-way new", "what is proven does not travel");
    assert_eq!(names(&BTreeSet::from([1, 2, 3, 4]), false), "z-new due new", "over a gateway it is on its way already");
}

#[test]
fn all_that_is_unproven_while_it_is_less_than_64_mib() {
    let half = UNPROVEN_BYTES_MAX / 2;
    for (what, sizes, gone, cumulative, held, count) in [
        ("one byte less", [half, half - 1], false, true, None, 2),
        ("as much", [half, half], false, true, None, 0),
        ("more than can be counted", [u64::MAX, u64::MAX], false, true, None, 0),
        ("deletions weigh nothing", [half, half], true, true, None, 2),
        ("a gateway gets what is due alone", [1, 1], false, false, None, 0),
        ("what the medium holds weighs nothing", [half, half], false, true, Some((1, 1)), 1),
    ] {
        let items = ["a", "b"].into_iter().zip(sizes).map(|(name, size)| {
            let mut item = Item { gone, ..item(name, 1) };
            item.stat.size = size;
            (item, sent(1, 5, 0))
        });
        let (archive, route) = travelling(items.collect());
        let holds = held.into_iter().collect();
        let carrier = Carrier { holds: &holds, cumulative, ..blank() };
        assert_eq!(reasons(&select(&archive, &route, &carrier, None)), vec![Because::Unproven; count], "{what}");
    }
}

#[test]
fn what_a_medium_holds_is_a_set_of_items_and_versions() {
    let (mut held, mut set, mut random) = (Held::default(), BTreeSet::new(), Random(7));
    let all = || (0..200).flat_map(|number| (0..4).map(move |version| (number, version)));
    for _ in 0..400 {
        let (number, version) = (random.below(200) as u32, random.below(4));
        assert_eq!(held.insert(number, version), set.insert((number, version)), "item {number}, version {version}");
    }
    for (number, version) in all() {
        assert_eq!(held.has(number, version), set.contains(&(number, version)), "item {number}, version {version}");
    }
}

#[test]
fn never_what_this_medium_holds() {
    let due = RouteItem { failed: true, ..sent(2, 5, 1) };
    let gone = Item { gone: true, ..item("gone", 2) };
    let (archive, route) = travelling(vec![(item("new", 2), sent(1, 5, 1)), (item("due", 2), due), (item("on", 2), sent(2, 5, 0)), (gone, sent(1, 5, 1))]);
    let select = |held: (u32, u64)| {
        let holds = &Held::from_iter([held]);
        let selected = select(&archive, &route, &Carrier { holds, ..blank() }, None);
        selected.iter().map(|selected| selected.item).collect::<BTreeSet<u32>>()
    };
    for number in 0..4 {
        assert!(!select((number, 2)).contains(&number), "item {number} is there");
        assert!(select((number, 1)).contains(&number), "an older version of item {number} is there");
    }
}

#[test]
fn what_never_travels_and_what_a_person_picks() {
    let mut rotten = item("a", 1);
    rotten.rotten = true;
    let gone = |version| Item { gone: true, ..item("a", version) };
    let cancelled = |version, sent| RouteItem { cancelled_version: version, ..sent };
    let proven_gone = RouteItem { proven_gone: true, ..sent(2, 5, 2) };
    let new = RouteItem::default();
    // Without a choice, and when a person picked it.
    for (what, item, sent, alone, picked) in [
        ("new", item("a", 1), new.clone(), Some(Because::New), Some(Because::New)),
        ("on its way", item("a", 1), sent(1, 5, 0), Some(Because::Unproven), Some(Because::Due)),
        ("done", item("a", 1), sent(1, 5, 1), None, Some(Because::Due)),
        ("rotten, new", rotten.clone(), new.clone(), None, None),
        ("rotten, on its way", rotten, sent(1, 5, 0), None, None),
        ("given up", item("a", 2), cancelled(2, sent(1, 5, 1)), None, None),
        ("given up on the way", item("a", 2), cancelled(2, sent(2, 5, 1)), None, None),
        ("given up before it changed", item("a", 2), cancelled(1, sent(1, 5, 0)), Some(Because::New), Some(Because::New)),
        ("gone, never sent", gone(2), new, None, None),
        ("gone, proven there", gone(2), sent(1, 5, 1), Some(Because::New), Some(Because::New)),
        ("gone, on its way", gone(2), sent(2, 5, 1), Some(Because::Unproven), Some(Because::Due)),
        ("gone, proven gone", gone(2), proven_gone, None, None),
    ] {
        let (archive, route) = travelling(vec![(item, sent)]);
        let select = |chosen: Option<&BTreeSet<u32>>| select(&archive, &route, &blank(), chosen);
        assert_eq!(reasons(&select(None)), Vec::from_iter(alone), "{what}");
        assert_eq!(reasons(&select(Some(&[0].into()))), Vec::from_iter(picked), "{what}, picked");
        assert_eq!(select(Some(&[1].into())), vec![], "{what}, another picked");
    }
}

#[test]
fn a_document_in_parts_is_due_until_each_part_was_packed() {
    for (what, version, list, because) in [
        ("the rest was never packed", 1, vec![part_state(0, 60, 5, false)], Because::Due),
        ("the start was never packed", 1, vec![part_state(60, 40, 5, true)], Because::Due),
        ("all on its way", 1, vec![part_state(0, 60, 5, true), part_state(60, 40, 6, false)], Because::Unproven),
        ("parts of an older version say nothing", 0, vec![part_state(0, 60, 5, false)], Because::Unproven),
    ] {
        let sent = RouteItem { parts: Some(Box::new(Parts { version, list })), ..sent(1, 6, 0) };
        let (archive, route) = travelling(vec![(item("a", 1), sent)]);
        assert_eq!(reasons(&select(&archive, &route, &blank(), None)), vec![because], "{what}");
    }
}

#[test]
fn parts_make_the_document_whole_and_none_overlaps() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let mut sent = sent(1, 5, 0);
        let mut list: Vec<PartState> = Vec::new();
        // Some were packed before, here and there; the packages of odd sequences are due.
        let mut at = random.below(30);
        while at < BYTES {
            let length = 1 + random.below(20).min(BYTES - at - 1);
            list.push(part_state(at, length, random.below(4), random.one_in(3)));
            at += length + random.below(30);
        }
        let (holds, due) = (BTreeSet::new(), |sequence: u64| sequence % 2 == 1);
        let item = item("a", 1);
        for _ in 0..=BYTES {
            sent.parts = Some(Box::new(Parts { version: 1, list: list.clone() }));
            let Some((offset, room)) = next_part(&item, &sent, &holds, 0, &due) else { break };
            let length = 1 + random.below(room);
            let replaced = list.iter().position(|part| part.offset == offset);
            if let Some(place) = replaced {
                let again = list.remove(place);
                assert!(!again.held && due(again.sequence) && again.length == room, "seed {seed}: {again:?} came again as {room}");
            }
            let clear = list.iter().all(|part| offset + room <= part.offset || part.offset + part.length <= offset);
            assert!(room > 0 && offset + room <= BYTES && clear, "seed {seed}: {offset} + {room} beside {list:?}");
            list.push(part_state(offset, length, 8, false));
            list.sort_by_key(|part| part.offset);
        }
        assert_eq!(list.iter().map(|part| part.length).sum::<u64>(), BYTES, "seed {seed}: {list:?}");
        assert!(list.iter().all(|part| part.held || !due(part.sequence)), "seed {seed}: {list:?}");
    }
}

#[test]
fn an_empty_document_has_no_parts() {
    let mut empty = item("a", 1);
    empty.stat.size = 0;
    assert_eq!(next_part(&empty, &sent(0, 0, 0), &BTreeSet::new(), 0, &|_| true), None);
}

#[test]
fn deletions_at_every_depth_make_room() {
    let gone = |name| (Item { gone: true, ..item(name, 2) }, sent(1, 5, 1));
    for (what, new, deleted, expected) in [
        ("a file above, two folders up", "a/b/c/d", ["a", "a/b/c"], vec![1, 2]),
        ("all that lay below, at any depth", "a", ["a/b", "a/c/d/e"], vec![1, 2]),
        ("above and below at once", "a/b", ["a", "a/b/c"], vec![1, 2]),
        ("names on either side of what lies below", "a", ["a0", "a."], vec![]),
        ("a name that is not a component", "ab/c", ["a", "ab0"], vec![]),
        ("its neighbours in the folder", "a/b", ["a/a", "a/c"], vec![]),
    ] {
        let (archive, route) = world(vec![(item(new, 1), RouteItem::default()), gone(deleted[0]), gone(deleted[1])]);
        assert_eq!(must_share(&archive, &route, 0), expected, "{what}");
    }
}

#[test]
fn the_mark_and_what_is_replaced_follow_from_what_is_proven() {
    let (one, two) = (Digest([1; 32]), Digest([2; 32]));
    let proven = |version, proven_gone| RouteItem { proven_digest: one, proven_projected: two, proven_gone, ..sent(version, 5, version) };
    let replaced = |version| Some(Replaced { version, digest: two });
    for (what, gone, sent, read, mark, replaces) in [
        ("nothing proven", false, sent(2, 5, 0), one, Mark::Add, None),
        ("proven gone", false, proven(2, true), one, Mark::Add, None),
        ("the same content", false, proven(2, false), one, Mark::Record, replaced(2)),
        ("other content", false, proven(2, false), two, Mark::Document, replaced(2)),
        ("gone", true, proven(2, false), one, Mark::Delete, replaced(2)),
        ("gone, nothing proven", true, sent(2, 5, 0), one, Mark::Delete, None),
        ("proven as it is", false, proven(3, false), one, Mark::Record, None),
    ] {
        let item = Item { gone, ..item("a", 3) };
        assert_eq!((mark_of(&item, &sent, &read), replaced_by(&item, &sent)), (mark, replaces), "{what}");
    }
}
