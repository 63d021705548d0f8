//! What is dropped, as a table; and what then lies on the disk.

use super::*;
use crate::status::scene::Scene;
use engine::replica::{Earlier, Item, Progress, Seen};
use std::fs;
use wire::manifest::Head;
use wire::record::Record;
use wire::{ItemId, PackageId, RouteId, ZoneId};

fn item(id: &str, sequence: u64) -> Item {
    let id = ItemId(id.into());
    Item {
        id,
        version: 9,
        removed: false,
        digest: Digest::ZERO,
        size: 0,
        modified: 0,
        executable: false,
        disk: None,
        former: false,
        confirmed: true,
        sequence,
        row: 0,
        damaged: 0,
        read_at: 0,
        read_in: 0,
    }
}

/// Two items: the first replaced at 1, 3, 5 and 7, the second at 2. The source knows the receipt that answers package 1.
fn route() -> Route {
    let mut route = Route::new(RouteId::ZERO, ZoneId::ZERO, b"/replica".to_vec());
    route.items = vec![item("hot", 1), item("cold", 1)];
    let was = |(item, at): (u32, i64)| Earlier {
        item,
        version: at.unsigned_abs(),
        digest: Digest([u8::try_from(at).unwrap(); 32]),
        size: 0,
        modified: 0,
        executable: false,
        replaced_at: at,
        mark: wire::manifest::Mark::Document,
        purged: false,
    };
    route.history = [(0, 1), (1, 2), (0, 3), (0, 5), (0, 7)].map(was).to_vec();
    route.acknowledged = 1;
    // The last one only acknowledges, and is never answered.
    for (sequence, covered_in, items) in [(1, 1, 1), (2, 2, 1), (3, 0, 1), (4, 0, 0)] {
        let ledger = Head { number: 0, digest: Digest::ZERO };
        route.packages.insert(sequence, Seen { package: PackageId::ZERO, ledger, nonce: [0; 32], items, progress: Progress::Attested, covered_in });
    }
    route
}

#[test]
fn old_and_more_than_enough() {
    for (keep_from, versions, sequence, expected) in [
        (0, 0, 1, &[][..]),
        (1, 0, 1, &[]),
        (9, 0, 1, &[0, 1, 2, 3, 4]),
        // What cannot go yet does not hold up what stands behind it.
        (9, 1, 1, &[0, 2, 3]),
        (9, 2, 1, &[0, 2]),
        (9, 4, 1, &[]),
        (9, u64::MAX, 1, &[]),
        (4, 0, 1, &[0, 1, 2]),
        (6, 2, 1, &[0, 2]),
        // Two packages are not acknowledged, and one of them replaced the item.
        (9, 0, 3, &[0, 1, 2]),
        (9, 0, 2, &[0, 1, 2]),
        (9, 3, 3, &[0]),
        // A package that is not known any more was acknowledged long ago.
        (9, 0, 77, &[0, 1, 2, 3, 4]),
    ] {
        let mut route = route();
        route.items[0].sequence = sequence;
        assert_eq!(superfluous(&route, keep_from, versions), expected, "{keep_from} {versions} {sequence}");
    }
}

#[test]
fn exactly_the_named_places_go() {
    for (entries, left) in [(&[][..], &[1, 2, 3, 5, 7][..]), (&[0], &[2, 3, 5, 7]), (&[1, 3], &[1, 3, 7]), (&[0, 1, 2, 3, 4], &[]), (&[4, 9], &[1, 2, 3, 5])] {
        let mut replica = engine::replica::Replica::default();
        replica.routes.insert("r".into(), route());
        replica.fold(0, &Record::from(Pruned { route: "r".into(), entries: entries.to_vec() }));
        let versions: Vec<u64> = replica.routes["r"].history.iter().map(|earlier| earlier.version).collect();
        assert_eq!(versions, left, "{entries:?}");
    }
}

#[test]
fn an_item_with_few_versions_holds_nothing_up() {
    let scene = Scene::new();
    scene.policy(&scene.replica(), "history_days = 1\nhistory_versions = 1");
    // The content of a version that goes is that of one that stays, too.
    scene.write("cold", "hot 1");
    scene.write("hot", "hot 1");
    scene.round();
    scene.write("cold", "cold 2");
    scene.round();
    for version in 2..=6 {
        scene.write("hot", format!("hot {version}"));
        scene.round();
        scene.pass(86_400 * 2);
    }
    let entries = || crate::history(&scene.world, &scene.replica(), &crate::HistoryOptions::default()).unwrap().entries;
    let shown = |name: &str| entries().iter().filter(|entry| entry.item.to_string() == name).map(|entry| entry.version).collect::<Vec<_>>();
    assert_eq!((shown("cold"), shown("hot")), (vec![1], vec![5]));
    let mut files = Vec::new();
    for folder in fs::read_dir(scene.path("replica/.gapferry/history")).unwrap() {
        files.extend(fs::read_dir(folder.unwrap().path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()));
    }
    files.sort();
    let mut expected: Vec<String> = entries().iter().map(|entry| entry.digest.clone()).collect();
    expected.sort();
    assert_eq!(files.len(), expected.len(), "{files:?} {expected:?}");
}
