//! The states, one by one, and that they are disjoint and add up.

use super::*;
use crate::scene::{Random, item, on_its_way, part_state, sent, world};
use crate::select::{Because, Carrier, Held, select};
use crate::source::{Parts, RouteItems};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

const NOW: i64 = 1000;
const DEADLINE: i64 = 100;

type Change = fn(&mut Item, &mut RouteItem, &mut Package);

#[test]
fn every_state() {
    // The item is at version 2, packed in sequence 5, which is on its way; then the change.
    let in_parts = |first: (u64, bool), second: (u64, bool)| {
        let list = vec![part_state(0, 50, first.0, first.1), part_state(50, 50, second.0, second.1)];
        Some(Box::new(Parts { version: 2, list }))
    };
    let parts = [
        ("both on their way", (5, false), (5, false), Standing::Packed),
        ("the first held, the second on its way", (4, true), (5, false), Standing::Packed),
        ("the second held, the first lost", (3, false), (4, true), Standing::Pending),
        ("the second on its way, the first lost", (3, false), (5, false), Standing::Pending),
    ];
    for (what, first, second, expected) in parts {
        let (archive, mut route) = world(vec![(item("a", 2), RouteItem { parts: in_parts(first, second), ..sent(2, second.0, 0) })]);
        route.packages.insert(5, on_its_way(NOW));
        route.packages.insert(3, Package { lost: true, ..on_its_way(NOW) });
        assert_eq!(all(&archive, &route, NOW, DEADLINE).map(|(_, _, _, standing)| standing).collect::<Vec<_>>(), [expected], "{what}");
    }
    let cases: [(&str, Change, Standing); 30] = [
        ("on its way", |_, _, _| (), Standing::Packed),
        ("never packed", |_, sent, _| *sent = RouteItem::default(), Standing::Pending),
        ("an older version on its way", |_, sent, _| sent.packed_version = 1, Standing::Pending),
        ("proven", |_, sent, _| sent.proven_version = 2, Standing::Done),
        ("an older version proven, this on its way", |_, sent, _| sent.proven_version = 1, Standing::Packed),
        ("an older version proven, this never packed", |_, sent, _| (sent.packed_version, sent.proven_version) = (1, 1), Standing::Stale),
        ("an older version proven, this one lost", |_, sent, package| (sent.proven_version, package.lost) = (1, true), Standing::Pending),
        ("failed", |_, sent, _| sent.failed = true, Standing::Failed),
        ("failed, an older version proven", |_, sent, _| (sent.failed, sent.proven_version) = (true, 1), Standing::Failed),
        ("proven, then not right", |_, sent, _| (sent.proven_version, sent.failed) = (2, true), Standing::Failed),
        ("put back on the way", |_, sent, _| sent.resend = true, Standing::Pending),
        ("put back when done", |_, sent, _| (sent.proven_version, sent.resend) = (2, true), Standing::Pending),
        ("given up", |_, sent, _| sent.cancelled_version = 2, Standing::Cancelled),
        ("given up when failed", |_, sent, _| (sent.cancelled_version, sent.failed) = (2, true), Standing::Cancelled),
        ("an older version given up", |_, sent, _| sent.cancelled_version = 1, Standing::Packed),
        ("given up and yet proven", |_, sent, _| (sent.cancelled_version, sent.proven_version) = (2, 2), Standing::Done),
        ("the package lost", |_, _, package| package.lost = true, Standing::Pending),
        ("one later package answered", |_, _, package| package.answered_later = 1, Standing::Packed),
        ("two later packages answered", |_, _, package| package.answered_later = 2, Standing::Pending),
        ("a second before the deadline", |_, _, package| package.packed_at = NOW - DEADLINE + 1, Standing::Packed),
        ("at the deadline", |_, _, package| package.packed_at = NOW - DEADLINE, Standing::Pending),
        ("packed by a clock that was ahead a little", |_, _, package| package.packed_at = NOW + DEADLINE - 1, Standing::Packed),
        ("packed by a clock that was ahead by the deadline", |_, _, package| package.packed_at = NOW + DEADLINE, Standing::Pending),
        ("packed at the end of time", |_, _, package| package.packed_at = i64::MAX, Standing::Pending),
        ("answered without proof", |_, sent, _| sent.packed_sequence = 4, Standing::Pending),
        (
            "answered, its parts held",
            |_, sent, _| (sent.packed_sequence, sent.parts) = (4, Some(Box::new(Parts { version: 2, list: vec![part_state(0, 50, 4, true)] }))),
            Standing::Packed,
        ),
        ("gone, never sent", |item, sent, _| (item.gone, *sent) = (true, RouteItem::default()), Standing::Left),
        ("gone, to be told", |item, sent, _| (item.gone, sent.packed_version, sent.proven_version) = (true, 1, 1), Standing::Stale),
        ("gone, on its way", |item, sent, _| (item.gone, sent.proven_version) = (true, 1), Standing::Packed),
        ("gone, proven", |item, sent, _| (item.gone, sent.proven_version, sent.proven_gone) = (true, 2, true), Standing::Left),
    ];
    for (what, change, expected) in cases {
        let (mut item, mut sent, mut package) = (item("a", 2), sent(2, 5, 0), on_its_way(NOW));
        change(&mut item, &mut sent, &mut package);
        let (archive, mut route) = world(vec![(item, sent)]);
        route.packages.insert(5, package);
        let found: Vec<_> = all(&archive, &route, NOW, DEADLINE).map(|(number, _, _, standing)| (number, standing)).collect();
        assert_eq!(found, [(0, expected)], "{what}");
    }
}

#[test]
fn an_item_of_which_the_route_knows_nothing_is_pending() {
    let (archive, mut route) = world(vec![(item("a", 1), RouteItem::default()), (item("b", 1), sent(1, 5, 1))]);
    route.items = RouteItems::default();
    assert!(all(&archive, &route, NOW, DEADLINE).all(|(_, _, sent, standing)| sent == RouteItem::default() && standing == Standing::Pending));
}

/// An item with what may be known of it: proven at most what was packed, packed at most what was captured.
fn any_item(random: &mut Random, number: u64) -> (Item, RouteItem) {
    let version = 1 + random.below(3);
    let packed_version = random.below(version + 1);
    let packed_sequence = if packed_version > 0 { 1 + random.below(6) } else { 0 };
    let proven_version = if random.one_in(2) { random.below(packed_version + 1) } else { 0 };
    let gone = random.one_in(4);
    let route_item = RouteItem {
        failed: packed_version > 0 && random.one_in(5),
        resend: random.one_in(6),
        cancelled_version: if random.one_in(4) { random.below(version + 1) } else { 0 },
        proven_gone: gone && proven_version == version,
        parts: (packed_version > 0 && random.one_in(5))
            .then(|| Box::new(Parts { version: packed_version, list: vec![part_state(0, 50, packed_sequence, true)] })),
        ..sent(packed_version, packed_sequence, proven_version)
    };
    (Item { gone, ..item(&alloc::format!("{number}"), version) }, route_item)
}

#[test]
fn states_are_disjoint_and_add_up() {
    let mut met = BTreeSet::new();
    for seed in 0..300 {
        let mut random = Random(seed);
        let count = random.below(40);
        let (archive, mut route) = world((0..count).map(|number| any_item(&mut random, number)).collect());
        for sequence in (1..6).filter(|sequence| (seed >> sequence) % 2 == 0) {
            let package = Package { lost: random.one_in(5), answered_later: random.below(4) as u32, ..on_its_way(NOW - random.below(120) as i64) };
            route.packages.insert(sequence, package);
        }
        let mut counts: BTreeMap<Standing, u64> = BTreeMap::new();
        let mut travels = BTreeSet::new();
        for ((number, item, sent, standing), expected) in all(&archive, &route, NOW, DEADLINE).zip(0u32..) {
            let at = |version: u64| version == item.version;
            let package = route.packages.get(&sent.packed_sequence);
            // Its one part is held.
            let waits =
                sent.parts.is_some() || package.is_some_and(|package| !package.lost && package.answered_later < 2 && NOW - package.packed_at < DEADLINE);
            let told = at(sent.proven_version);
            let holds = [
                (Standing::Done, told && !item.gone && !sent.failed && !sent.resend),
                (Standing::Left, item.gone && (told || sent.packed_version == 0)),
                (Standing::Cancelled, !told && at(sent.cancelled_version) && !(item.gone && sent.packed_version == 0)),
                (Standing::Failed, sent.failed && !(told && item.gone) && (told || !at(sent.cancelled_version))),
                (Standing::Packed, !told && at(sent.packed_version) && !at(sent.cancelled_version) && !sent.failed && !sent.resend && waits),
            ];
            let true_of_it: Vec<Standing> = holds.into_iter().filter(|(_, holds)| *holds).map(|(standing, _)| standing).collect();
            match true_of_it.as_slice() {
                [] => {
                    let stale = sent.proven_version > 0 && !told && !at(sent.packed_version);
                    assert_eq!(standing, if stale { Standing::Stale } else { Standing::Pending }, "seed {seed}, item {number}: {item:?} {sent:?}");
                }
                one => assert_eq!(one, [standing], "seed {seed}, item {number}: {item:?} {sent:?}"),
            }
            assert_eq!(number, expected, "seed {seed}");
            *counts.entry(standing).or_default() += 1;
            met.insert(standing);
            if matches!(standing, Standing::Pending | Standing::Failed | Standing::Stale) {
                travels.insert(number);
            }
        }
        assert_eq!(counts.values().sum::<u64>(), count, "seed {seed}: {counts:?}");
        // What is shown as open travels again by itself, and nothing else does unless it is on its way.
        let carrier = Carrier {
            holds: &Held::default(),
            holds_parts: &BTreeSet::new(),
            urgent: &BTreeSet::new(),
            cumulative: false,
            now: NOW,
            deadline_seconds: DEADLINE,
        };
        let is_in_parts = |number: &u32| route.item(*number).parts.is_some() && !travels.contains(number);
        let selected: BTreeSet<u32> = select(&archive, &route, &carrier, None)
            .into_iter()
            .filter(|selected| selected.because != Because::Due || !is_in_parts(&selected.item))
            .map(|selected| selected.item)
            .collect();
        assert_eq!(selected, travels, "seed {seed}");
    }
    assert_eq!(met.len(), 7, "all were met: {met:?}");
}
