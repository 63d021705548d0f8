//! Each attribute that shows a change, what proves a deletion, renames, and that what was captured is what was found.

use super::*;
use crate::scene::{Inside, Random, id, item};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec;
use wire::Digest;
use wire::record::{Captured, Read, ReadRow};

type Found = Vec<(ItemId, FileStat)>;

fn found(names: &[&str]) -> Found {
    let mut found: Found = names.iter().map(|name| (id(name), item(name, 1).stat)).collect();
    found.sort_by(|one, two| one.0.cmp(&two.0));
    found
}
fn capture(inside: &mut Inside, found: &[(ItemId, FileStat)], unproven: &[&str]) -> Changes {
    let unproven: Vec<Vec<u8>> = unproven.iter().map(|prefix| prefix.as_bytes().to_vec()).collect();
    let changes = compared(inside.archive(), found.to_vec(), &unproven, None);
    inside.tell(Captured { archive: "a".into(), root: None, rows: changes.rows.clone() });
    changes
}
fn counts(changes: &Changes) -> [u64; 4] {
    [changes.new_items, changes.added, changes.modified, changes.deleted]
}

#[test]
fn every_attribute_shows_a_change() {
    type Change = fn(&mut FileStat);
    let cases: [(&str, Change, u64); 6] = [
        ("nothing", |_| (), 0),
        ("size", |stat| stat.size += 1, 1),
        ("mtime, backwards too", |stat| stat.modified -= 1, 1),
        ("ctime", |stat| stat.changed += 1, 1),
        ("inode", |stat| stat.inode ^= 1, 1),
        ("the executable bit", |stat| stat.executable = true, 1),
    ];
    for (what, change, modified) in cases {
        let mut inside = Inside::new();
        capture(&mut inside, &found(&["a", "b"]), &[]);
        let mut scan = found(&["a", "b"]);
        change(&mut scan[1].1);
        let changes = capture(&mut inside, &scan, &[]);
        let rows = Vec::from_iter((modified > 0).then_some(CapturedRow { item: 1, id: None, version: 2, stat: Some(scan[1].1) }));
        assert_eq!(changes, Changes { rows, modified, ..Changes::default() }, "{what}");
    }
}

#[test]
fn a_rename_is_a_deletion_and_a_new_item() {
    let mut inside = Inside::new();
    capture(&mut inside, &found(&["a", "b"]), &[]);
    let moved = vec![(id("b"), item("b", 1).stat), (id("c"), item("a", 1).stat)];
    let changes = capture(&mut inside, &moved, &[]);
    let row = |item, id, version, stat| CapturedRow { item, id, version, stat };
    let rows = vec![row(0, None, 2, None), row(2, Some(id("c")), 1, Some(item("a", 1).stat))];
    assert_eq!(changes, Changes { rows, new_items: 1, added: 1, deleted: 1, ..Changes::default() });
    let back = capture(&mut inside, &found(&["a", "b"]), &[]);
    assert_eq!(counts(&back), [0, 1, 0, 1], "the ledger knows it: it is added and not new");
    assert_eq!(inside.archive().find(&id("a")).map(|(number, item)| (number, item.version, item.gone)), Some((0, 3, false)));
}

#[test]
fn what_could_not_be_read_proves_no_deletion() {
    // Items d/x, d/y/z, e and top are known; top alone is found.
    for (what, unproven, deleted) in [
        ("all could be read", vec![], 3),
        ("a folder", vec!["d"], 1),
        ("a folder within", vec!["d/y"], 2),
        ("two folders", vec!["d", "e"], 0),
        ("the root", vec![""], 0),
        ("a folder of which the name is a start", vec!["d/"], 3),
        ("a longer name", vec!["dd", "e/x"], 3),
        ("the file itself", vec!["e"], 2),
    ] {
        let mut inside = Inside::new();
        capture(&mut inside, &found(&["d/x", "d/y/z", "e", "top"]), &[]);
        let changes = capture(&mut inside, &found(&["top"]), &unproven);
        assert_eq!(counts(&changes), [0, 0, 0, deleted], "{what}");
        assert_eq!(inside.archive().items.iter().filter(|item| item.gone).count() as u64, deleted, "{what}");
    }
}

#[test]
fn what_is_found_below_an_unreadable_folder_is_still_a_change() {
    let mut inside = Inside::new();
    capture(&mut inside, &found(&["d/x", "d/y"]), &[]);
    let mut scan = found(&["d/x", "d/z"]);
    scan[0].1.size += 1;
    assert_eq!(counts(&capture(&mut inside, &scan, &["d"])), [1, 1, 1, 0]);
}

#[test]
fn an_archive_that_looks_empty_is_a_stop_and_no_deletion() {
    let mut inside = Inside::new();
    assert_eq!(capture(&mut inside, &[], &[]), Changes::default(), "nothing was ever there");
    capture(&mut inside, &found(&["a", "b"]), &[]);
    let emptied = Changes { emptied: true, ..Changes::default() };
    assert_eq!(capture(&mut inside, &[], &[]), emptied);
    assert_eq!(counts(&capture(&mut inside, &found(&["b"]), &[])), [0, 0, 0, 1], "what is left is enough");
    assert_eq!(capture(&mut inside, &[], &[]), emptied, "the last one too");
    inside.remove("b");
    assert_eq!(capture(&mut inside, &[], &[]), Changes::default(), "all were gone before");
}

#[test]
fn what_is_young_and_looks_the_same_is_read_again() {
    let mut inside = Inside::new();
    capture(&mut inside, &found(&["a", "b", "c"]), &[]);
    let rows = (0..2).map(|item| ReadRow { item, version: 1, digest: Digest::ZERO, young: true, shape: wire::record::Shape::Unknown }).collect();
    inside.tell(Read { archive: "a".into(), rows });
    let mut scan = found(&["a", "b", "c"]);
    scan[0].1.size += 1;
    let changes = capture(&mut inside, &scan, &[]);
    assert_eq!((changes.modified, changes.young), (1, vec![1]), "what changed is read anyway");
}

#[test]
fn what_was_captured_is_what_was_found() {
    for seed in 0..100 {
        let mut random = Random(seed);
        let mut inside = Inside::new();
        let mut versions: BTreeMap<ItemId, u64> = BTreeMap::new();
        for round in 0..8 {
            let mut scan: BTreeMap<ItemId, FileStat> = BTreeMap::new();
            for _ in 0..1 + random.below(12) {
                let name = format!("{}{}", random.pick(&["", "d/", "d/e/", "d-", "d0"]), random.below(4));
                scan.insert(id(&name), FileStat { modified: random.below(2) as i64, ..item(&name, 1).stat });
            }
            let before: BTreeMap<ItemId, FileStat> = inside.archive().items.iter().filter(|item| !item.gone).map(|item| (item.id.clone(), item.stat)).collect();
            let scan: Found = scan.into_iter().collect();
            let changes = capture(&mut inside, &scan, &[]);
            let now: Found = inside
                .archive()
                .order
                .numbers()
                .map(|number| &inside.archive().items[number as usize])
                .filter(|item| !item.gone)
                .map(|item| (item.id.clone(), item.stat))
                .collect();
            assert_eq!(now, scan, "seed {seed}, round {round}");
            let added = scan.iter().filter(|(id, _)| !before.contains_key(id)).count() as u64;
            let modified = scan.iter().filter(|(id, stat)| before.get(id).is_some_and(|known| known != stat)).count() as u64;
            let deleted = before.keys().filter(|id| !scan.iter().any(|(found, _)| found == *id)).count() as u64;
            assert_eq!((changes.added, changes.modified, changes.deleted), (added, modified, deleted), "seed {seed}, round {round}");
            assert_eq!(changes.rows.len() as u64, added + modified + deleted, "seed {seed}, round {round}");
            for row in &changes.rows {
                let version = versions.entry(inside.archive().items[row.item as usize].id.clone()).or_default();
                *version += 1;
                assert_eq!(row.version, *version, "seed {seed}, round {round}: versions count the changes");
            }
            assert_eq!(compared(inside.archive(), scan.clone(), &[], None), Changes::default(), "seed {seed}, round {round}: found again");
        }
    }
}

/// FAULTS S05: what is mounted in the place of an archive, or is under it when it is unmounted, deletes nothing.
#[test]
fn another_folder_in_the_place_of_the_root_deletes_nothing() {
    let names = ["a", "b", "c", "d"];
    let disk = |device, inode| Some(Place { device, inode, mark: 0 });
    let made = |device, inode, mark| Some(Place { device, inode, mark });
    let copied = |names: &[&str]| found(names).into_iter().map(|(id, stat)| (id, FileStat { inode: stat.inode ^ 1, ..stat })).collect::<Found>();
    let marker = || vec![(id("NOT MOUNTED"), item("x", 1).stat)];
    for (what, known, scan, now, moved, remembered) in [
        ("the same folder, something deleted", disk(1, 2), found(&["a"]), disk(1, 2), None, None),
        ("the same folder, all but one deleted", disk(1, 2), marker(), disk(1, 2), None, None),
        ("nobody knows where it was", None, marker(), disk(1, 2), None, disk(1, 2)),
        ("nobody knows where it is", disk(1, 2), marker(), None, None, None),
        ("a file below the mount point", disk(1, 2), marker(), disk(9, 131), Some(4), None),
        ("another folder of this disk", disk(1, 2), marker(), disk(1, 3), Some(4), None),
        ("another disk at the same inode", disk(1, 2), marker(), disk(2, 2), Some(4), None),
        ("another disk under the same number", made(1, 2, 3), marker(), made(1, 2, 4), Some(4), None),
        ("the same disk under another number", made(1, 2, 3), marker(), made(9, 2, 3), None, made(9, 2, 3)),
        ("a copy that lacks one", disk(1, 2), copied(&["a", "b", "c"]), disk(3, 4), Some(1), None),
        ("a whole copy", disk(1, 2), copied(&names), disk(3, 4), None, disk(3, 4)),
        ("the device got another number, half is deleted", disk(1, 2), found(&["a", "b"]), disk(7, 2), None, disk(7, 2)),
        ("and more than half", disk(1, 2), found(&["a"]), disk(7, 2), Some(3), None),
    ] {
        let mut inside = Inside::new();
        let first = compared(inside.archive(), found(&names), &[], known);
        assert_eq!(first.place, known);
        inside.tell(Captured { archive: "a".into(), root: first.place, rows: first.rows });
        let changes = compared(inside.archive(), scan.clone(), &[], now);
        assert_eq!((changes.moved, changes.place), (moved, remembered), "{what}");
        assert!(moved.is_none() || changes.rows.is_empty(), "{what}: nothing of it is captured");
    }
}
