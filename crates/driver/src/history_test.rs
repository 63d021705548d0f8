//! Which versions are meant, as a table; and restoring on a real disk.

use super::*;
use crate::status::scene::Scene;
use engine::replica::Item;
use std::fs;
use store::real::RealDisk;
use wire::{RouteId, ZoneId, digest};

fn item(id: &str) -> Item {
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
        sequence: 1,
        row: 0,
        damaged: 0,
        read_at: 0,
        read_in: 0,
    }
}

fn was(item: u32, version: u64, content: &[u8]) -> Earlier {
    Earlier {
        item,
        version,
        digest: digest::of_bytes(content),
        size: content.len() as u64,
        modified: 1_600_000_000_123_456_789,
        executable: version == 2,
        replaced_at: 7,
        mark: wire::manifest::Mark::Document,
        purged: false,
    }
}

fn route() -> Route {
    let mut route = Route::new(RouteId::ZERO, ZoneId::ZERO, b"/replica".to_vec());
    route.items = vec![item("b"), item("a/c"), item("a/d")];
    route.history = vec![was(0, 1, b"b1"), was(1, 1, b"c1"), was(0, 2, b"b2"), was(0, 5, b"b5")];
    route
}

#[test]
fn versions_are_chosen_per_item() {
    let route = route();
    for (prefix, version, back, expected) in [
        ("", None, None, &[("a/c", 1), ("b", 5), ("b", 2), ("b", 1)][..]),
        ("b", None, None, &[("b", 5), ("b", 2), ("b", 1)]),
        ("", None, Some(1), &[("a/c", 1), ("b", 5)]),
        ("", None, Some(2), &[("b", 2)]),
        ("", None, Some(4), &[]),
        ("", None, Some(u64::MAX), &[]),
        ("", Some(1), None, &[("a/c", 1), ("b", 1)]),
        ("", Some(2), Some(2), &[("b", 2)]),
        ("", Some(2), Some(1), &[]),
        ("a/d", None, None, &[]),
    ] {
        let found = earlier(&route, &|id| id.0.starts_with(prefix.as_bytes()), version, back);
        let found: Vec<(String, u64)> = found.iter().map(|earlier| (route.items[earlier.item as usize].id.to_string(), earlier.version)).collect();
        let expected: Vec<(String, u64)> = expected.iter().map(|(id, version)| ((*id).into(), *version)).collect();
        assert_eq!(found, expected, "{prefix} {version:?} {back:?}");
    }
}

#[test]
fn a_version_is_restored_whole_or_not_at_all() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = RealDisk::new();
    let (dot, to) = (scratch.path().join("dot"), scratch.path().join("to"));
    let keep = |earlier: &Earlier, content: &[u8]| {
        let (folder, name) = Tree::history(&earlier.digest);
        let folder = dot.join(String::from_utf8(folder).unwrap());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(String::from_utf8(name).unwrap()), content).unwrap();
    };
    let (good, empty, damaged, gone) = (was(0, 2, b"good"), was(0, 1, b""), was(0, 3, b"damaged"), was(0, 4, b"gone"));
    keep(&good, b"good");
    keep(&empty, b"");
    keep(&damaged, b"dAmaged");
    let (from, into) = (disk.root(&dot).unwrap(), disk.make_root(&to).unwrap());
    let restored = |id: &str, earlier: &Earlier| restore_one(&disk, &from, &into, &ItemId(id.into()), earlier);

    restored("村 一/good", &good).unwrap();
    assert_eq!(fs::read(to.join("村 一/good")).unwrap(), b"good");
    let stat = disk.stat(&disk.dir(&into, "村 一".as_bytes(), false).unwrap(), b"good").unwrap();
    assert_eq!((stat.modified, stat.executable()), (good.modified, true));
    restored("empty", &empty).unwrap();
    assert!(!disk.stat(&into, b"empty").unwrap().executable());

    fs::write(to.join("mine"), "mine").unwrap();
    assert!(matches!(restored("mine", &good), Err(NotRestored::There)));
    assert_eq!(fs::read(to.join("mine")).unwrap(), b"mine");
    // What was a file and a folder at different times cannot be both.
    assert!(matches!(restored("mine/below", &good), Err(NotRestored::There)));
    assert!(matches!(restored("村 一", &good), Err(NotRestored::There)));
    assert!(matches!(restored("damaged", &damaged), Err(NotRestored::Damaged)));
    assert!(matches!(restored("gone", &gone), Err(NotRestored::Gone)));
    assert!(!to.join("damaged").exists() && !to.join("gone").exists());
}

#[test]
fn the_version_before_last_comes_back() {
    let scene = Scene::new();
    for version in ["one", "two", "three"] {
        for name in ["a", "b/c"] {
            scene.write(name, format!("{name} {version}"));
        }
        scene.round();
    }
    scene.remove("b/c");
    scene.round();
    let list = |options: HistoryOptions| history(&scene.world, &scene.replica(), &options);
    let entries = list(HistoryOptions::default()).unwrap().entries;
    let shown: Vec<(String, u64)> = entries.iter().map(|entry| (entry.item.to_string(), entry.version)).collect();
    assert_eq!(shown, [("a".to_owned(), 2), ("a".to_owned(), 1), ("b/c".to_owned(), 3), ("b/c".to_owned(), 2), ("b/c".to_owned(), 1)]);
    assert_eq!((entries[0].bytes, entries[0].digest.as_str()), (5, digest::of_bytes(b"a two").to_string().as_str()));

    for (to, version, back, a, c) in
        [("newest", None, None, "a two", "b/c three"), ("before-last", None, Some(2), "a one", "b/c two"), ("second", Some(2), None, "a two", "b/c two")]
    {
        let folder = scene.path(to);
        let restored = list(HistoryOptions { restore: Some(folder.clone()), version, back, ..HistoryOptions::default() }).unwrap();
        assert_eq!((restored.restored, restored.problems.len(), restored.entries.len()), (2, 0, 2), "{to}");
        assert_eq!((fs::read_to_string(folder.join("a")).unwrap().as_str(), fs::read_to_string(folder.join("b/c")).unwrap().as_str()), (a, c));
        let again = list(HistoryOptions { restore: Some(folder.clone()), version, back, ..HistoryOptions::default() }).unwrap();
        assert_eq!((again.restored, again.problems.len()), (2, 0), "what is there already is what was asked for");
        fs::write(folder.join("a"), "something else").unwrap();
        fs::write(folder.join("b/c"), "something else").unwrap();
        let again = list(HistoryOptions { restore: Some(folder), version, back, ..HistoryOptions::default() }).unwrap();
        assert_eq!((again.restored, again.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()), (0, vec!["RPL-11", "RPL-11"]));
    }
    for options in [
        HistoryOptions { back: Some(0), ..HistoryOptions::default() },
        HistoryOptions { route: Some("none".into()), ..HistoryOptions::default() },
        HistoryOptions { pattern: Some("\\x".into()), ..HistoryOptions::default() },
        HistoryOptions { restore: Some(scene.path("replica/restored")), ..HistoryOptions::default() },
        HistoryOptions { restore: Some(scene.replica().join("restored")), ..HistoryOptions::default() },
        HistoryOptions { restore: Some(scene.replica()), ..HistoryOptions::default() },
    ] {
        assert_eq!(list(options.clone()).unwrap_err().0.code, "USE-01", "{options:?}");
    }
    assert_eq!(history(&scene.world, &scene.source(), &HistoryOptions::default()).unwrap_err().0.code, "USE-01");
}

#[test]
fn what_was_removed_by_hand_is_marked_and_the_others_come_back() {
    let scene = Scene::new();
    for version in ["one", "two"] {
        scene.write("a", format!("a {version}"));
        scene.write("b", format!("b {version}"));
        if version == "two" {
            fs::remove_file(scene.path("replica/a")).unwrap();
        }
        scene.round();
    }
    let to = scene.path("restored");
    let report = history(&scene.world, &scene.replica(), &HistoryOptions { restore: Some(to.clone()), ..HistoryOptions::default() }).unwrap();
    let kept: Vec<(String, bool)> = report.entries.iter().map(|entry| (entry.item.to_string(), entry.kept)).collect();
    assert_eq!(kept, [("a".to_owned(), false), ("b".to_owned(), true)]);
    let problems: Vec<(&str, &str)> = report.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!((report.restored, problems), (1, vec![("RPL-06", "a")]));
    assert_eq!((fs::read_to_string(to.join("b")).unwrap().as_str(), to.join("a").exists()), ("b one", false));
}
