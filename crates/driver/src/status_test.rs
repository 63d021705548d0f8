//! Where items stand and what comes next, from the first capture to the last proof, and what stops a route.

use super::scene::Scene;
use super::*;
use std::fs;
use wire::record::{Rotten, Stopped};

fn counts(numbers: [u64; 7]) -> Counts {
    let [total, pending, packed, done, failed, stale, cancelled] = numbers;
    Counts { total, pending, packed, done, failed, stale, cancelled }
}

/// The one route of a home.
fn of(scene: &Scene, home: &Path) -> RouteStatus {
    status(&scene.world, home).unwrap().routes.remove(0)
}

#[test]
fn from_pending_to_done_and_on() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    assert_eq!((of(&scene, &source).items, of(&scene, &source).next), (counts([0; 7]), "nothing"));
    scene.write("a", "alpha");
    scene.write("b/c", "gamma");
    crate::capture(&scene.world, &source, false).unwrap();
    scene.pass(100);
    let seen = of(&scene, &source);
    assert_eq!((seen.items, seen.bytes, seen.next), (counts([2, 2, 0, 0, 0, 0, 0]), 10, "pack"));
    assert!(seen.oldest_unpacked_seconds >= Some(100) && seen.oldest_unpacked_seconds == seen.oldest_unproven_seconds, "{seen:?}");
    assert_eq!((seen.route.as_str(), seen.other_zone.as_str(), seen.place.as_str(), seen.sequence), ("all", "outside", "archive", 0));

    scene.carry(&source);
    let seen = of(&scene, &source);
    assert_eq!((seen.items, seen.next, seen.packages_unanswered), (counts([2, 0, 2, 0, 0, 0, 0]), "wait-for-receipt", 1));
    assert_eq!((seen.oldest_unpacked_seconds, seen.sequence, seen.receipt), (None, 1, 0));
    assert!(seen.oldest_unproven_seconds >= Some(100));

    assert_eq!((of(&scene, &replica).items, of(&scene, &replica).next), (counts([0; 7]), "nothing"));
    scene.carry(&replica);
    let seen = of(&scene, &replica);
    assert_eq!((seen.items, seen.bytes, seen.next), (counts([2, 0, 0, 2, 0, 0, 0]), 10, "carry"));
    assert_eq!((seen.sequence, seen.receipt, seen.packages_unanswered, seen.other_zone.as_str()), (1, 1, 1, "inside"));

    scene.carry(&source);
    let seen = of(&scene, &source);
    assert_eq!((seen.items, seen.next, seen.packages_unanswered, seen.receipt), (counts([2, 0, 0, 2, 0, 0, 0]), "nothing", 0, 1));
    assert_eq!((seen.oldest_unpacked_seconds, seen.oldest_unproven_seconds), (None, None));
    scene.carry(&replica);
    assert_eq!(of(&scene, &replica).next, "nothing", "the acknowledgement has come");

    scene.write("a", "alpha two");
    scene.remove("b/c");
    crate::capture(&scene.world, &source, false).unwrap();
    let seen = of(&scene, &source);
    assert_eq!((seen.items, seen.bytes, seen.next), (counts([2, 0, 0, 0, 0, 2, 0]), 9, "pack"), "never shown as done");
    scene.round();
    assert_eq!(of(&scene, &source).items, counts([1, 0, 0, 1, 0, 0, 0]), "a deletion that is proven is not counted");
    assert_eq!(of(&scene, &replica).items, counts([1, 0, 0, 1, 0, 0, 0]));
}

#[test]
fn a_clock_that_went_back_makes_nothing_old() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    crate::capture(&scene.world, &scene.source(), false).unwrap();
    scene.pass(-1_000_000);
    assert_eq!(of(&scene, &scene.source()).oldest_unpacked_seconds, Some(0));
}

#[test]
fn breakers_stop_both_sides_until_people_agree() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    for home in [&source, &replica] {
        scene.policy(home, "breaker_items = 2\nbreaker_percent = 0");
    }
    for name in ["a", "b", "c", "d", "e"] {
        scene.write(name, name);
    }
    scene.round();
    for name in ["a", "b", "c"] {
        scene.remove(name);
    }
    scene.carry(&source);
    let seen = status(&scene.world, &source).unwrap();
    assert_eq!((seen.routes[0].stopped.as_deref(), seen.routes[0].next), (Some("SRC-03"), "release-breaker"));
    assert_eq!(seen.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect::<Vec<_>>(), [("SRC-03", "all")]);

    let released = crate::breaker_release(&scene.world, &source, "all", "meant").unwrap();
    assert_eq!((released.act, released.items), ("breaker-release", 3));
    assert_eq!(crate::breaker_release(&scene.world, &source, "all", "again").unwrap().items, 0, "nothing is stopped any more");
    // Beside what was agreed to, the ordinary allowance goes on.
    scene.remove("d");
    scene.carry(&source);
    assert_eq!(of(&scene, &source).stopped, None);

    scene.carry(&replica);
    let seen = status(&scene.world, &replica).unwrap();
    assert_eq!((seen.routes[0].stopped.as_deref(), seen.routes[0].next, seen.problems[0].code), (Some("RPL-01"), "release-breaker", "RPL-01"));
    assert!(scene.on_replica("a").is_some(), "nothing was removed");
    assert_eq!(crate::breaker_release(&scene.world, &replica, "all", "meant").unwrap().items, 4);
    scene.carry(&replica);
    assert_eq!((of(&scene, &replica).stopped, scene.on_replica("a"), scene.on_replica("e")), (None, None, Some(b"e".to_vec())));
    scene.carry(&source);
    assert_eq!(of(&scene, &source).items, counts([1, 0, 0, 1, 0, 0, 0]));
}

#[test]
fn forks_and_rot_are_problems() {
    let scene = Scene::new();
    let source = scene.source();
    scene.write("a", "alpha");
    scene.write("b", "beta");
    scene.round();
    scene.write("b", "beta two");
    crate::capture(&scene.world, &source, false).unwrap();
    scene.change(&source, |home| home.record(Rotten { archive: "archive".into(), items: vec![0, 1] }));
    let seen = status(&scene.world, &source).unwrap();
    let found: Vec<(&str, &str)> = seen.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!(found, [("SRC-06", "a"), ("SRC-06", "b")]);
    assert_eq!((seen.routes[0].items, seen.routes[0].next), (counts([2, 0, 0, 1, 0, 1, 0]), "needs-person"), "rot does not cross");
    for home in [&source, &scene.replica()] {
        scene.change(home, |home| {
            home.record(Stopped { route: "all".into(), code: "FRK-02".into(), seen: "an old copy".into(), whose: wire::card::Role::Replica, life: None })
        });
        let seen = status(&scene.world, home).unwrap();
        assert_eq!((seen.routes[0].stopped.as_deref(), seen.routes[0].next), (Some("FRK-02"), "rebase"));
        assert!(seen.problems.iter().any(|problem| problem.code == "FRK-02" && problem.detail == "an old copy"));
    }
}

#[test]
fn a_held_home_is_read() {
    let scene = Scene::new();
    let source = scene.source();
    scene.write("a", "alpha");
    scene.round();
    scene.notices();
    let held = Home::open(&scene.world, &source, Access::Change).unwrap();
    assert_eq!(of(&scene, &source).items.done, 1, "no lock is needed");
    held.close("", "").unwrap();
    assert_eq!(scene.notices(), [""; 0]);
    assert_eq!(status(&scene.world, &scene.path("medium")).unwrap_err().0.code, "HOM-02");
}

#[test]
fn a_route_that_only_the_configuration_knows() {
    let scene = Scene::new();
    for (home, line) in [(scene.source(), "archive = \"archive\"\nto = \"outside\""), (scene.replica(), "from = \"inside\"\ninto = \"/nowhere\"")] {
        let file = home.join("gapferry.toml");
        fs::write(&file, format!("{}\n[routes.typed]\n{line}\n", fs::read_to_string(&file).unwrap())).unwrap();
        let seen = status(&scene.world, &home).unwrap();
        assert_eq!((seen.routes[1].route.as_str(), seen.routes[1].next, seen.problems[0].code), ("typed", "needs-person", "HOM-03"));
    }
}

/// The largest file of an index.
fn database(home: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(home.join("index")).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.metadata().unwrap().is_file());
    files.max_by_key(|entry| entry.metadata().unwrap().len()).unwrap().path()
}

/// Goes on when the file system's clock has ticked since the index was closed: what others do to it comes later than that.
fn after_the_next_tick(scene: &Scene, home: &Path) {
    let changed = |path: &Path| {
        std::fs::metadata(path).map(|met| (std::os::unix::fs::MetadataExt::ctime(&met), std::os::unix::fs::MetadataExt::ctime_nsec(&met))).unwrap()
    };
    let (probe, mark) = (scene.path("probe"), home.join("ledger/index.mark"));
    while fs::write(&probe, "tick").is_err() || changed(&probe) <= changed(&mark) {}
}

#[test]
fn who_only_looks_touches_nothing_and_yet_mends_the_index() {
    let scene = Scene::new();
    let source = scene.source();
    scene.write("a", "alpha");
    scene.round();
    let older = fs::read(database(&source)).unwrap();
    scene.write("a", "alpha two");
    scene.round();
    scene.notices();
    let mark = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(source.join("ledger/index.mark")).unwrap());
    let before = mark();
    assert_eq!(of(&scene, &source).items.done, 1);
    assert_eq!(mark(), before, "the home was not opened for a change");
    type Harm<'h> = (&'h str, &'h dyn Fn());
    let harms: [Harm<'_>; 7] = [
        ("deleted", &|| fs::remove_dir_all(source.join("index")).unwrap()),
        ("a file gone", &|| fs::remove_file(database(&source)).unwrap()),
        ("cut", &|| fs::File::options().write(true).open(database(&source)).unwrap().set_len(100).unwrap()),
        ("flipped", &|| {
            let mut bytes = fs::read(database(&source)).unwrap();
            bytes[5] ^= 1;
            fs::write(database(&source), bytes).unwrap();
        }),
        ("older", &|| fs::write(database(&source), &older).unwrap()),
        ("a stranger", &|| fs::write(source.join("index/stranger"), "").unwrap()),
        ("unmarked", &|| fs::remove_file(source.join("ledger/index.mark")).unwrap()),
    ];
    for (name, harm) in harms {
        after_the_next_tick(&scene, &source);
        harm();
        assert_eq!(of(&scene, &source).items.done, 1, "{name}");
        assert_eq!(scene.notices(), ["index-repaired"], "{name}");
        assert_eq!(of(&scene, &source).items.done, 1, "{name}");
        assert_eq!(scene.notices(), [""; 0], "{name}: mended for good");
    }
}

/// FAULTS S05: the disk was not mounted, and whoever only watched `status` saw nothing.
#[test]
fn what_is_not_mounted_is_seen() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    let codes = |home: &Path| status(&scene.world, home).unwrap().problems.into_iter().map(|problem| problem.code).collect::<Vec<_>>();
    for (home, folder, missing, empty) in [(scene.source(), "archive", "SRC-01", "SRC-02"), (scene.replica(), "replica", "RPL-05", "RPL-05")] {
        assert_eq!(codes(&home), [""; 0], "{folder}");
        std::fs::rename(scene.path(folder), scene.path("elsewhere")).unwrap();
        assert_eq!(codes(&home), [missing], "{folder}");
        std::fs::create_dir(scene.path(folder)).unwrap();
        assert_eq!(codes(&home), [empty], "{folder}");
        assert_eq!(of(&scene, &home).next, if folder == "archive" { "needs-person" } else { "carry" }, "{folder}");
        if folder == "replica" {
            let options = crate::RestoreOptions { into: scene.path("back"), ..Default::default() };
            assert_eq!(crate::restore(&scene.world, &home, &options).unwrap_err().0.code, "RPL-05");
        }
        std::fs::remove_dir(scene.path(folder)).unwrap();
        std::fs::rename(scene.path("elsewhere"), scene.path(folder)).unwrap();
    }
}

/// What a person or a medium has to mend is what comes next.
#[test]
fn what_is_damaged_or_away_is_work() {
    let scene = Scene::new();
    (0..5).for_each(|number| scene.write(format!("{number}"), "alpha"));
    scene.round();
    scene.round();
    let of = |home: &Path| {
        let report = status(&scene.world, home).unwrap();
        (report.routes[0].next, report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>())
    };
    assert_eq!((of(&scene.source()).0, of(&scene.replica()).0), ("nothing", "nothing"));
    fs::write(scene.path("replica/1"), "other").unwrap();
    crate::scrub(&scene.world, &scene.replica(), &crate::ScrubOptions::default()).unwrap();
    assert_eq!(of(&scene.replica()).0, "carry", "the receipt of the scrub");
    fs::rename(scene.path("replica"), scene.path("away")).unwrap();
    assert_eq!(of(&scene.replica()), ("carry", vec!["RPL-05"]), "it waits all the same");
    fs::rename(scene.path("away"), scene.path("replica")).unwrap();
    scene.carry(&scene.replica());
    scene.round();
    scene.round();
    fs::rename(scene.path("replica"), scene.path("away")).unwrap();
    assert_eq!(of(&scene.replica()), ("needs-person", vec!["RPL-05"]));
    // Its items are in another folder, and each of them has changed: capture takes that.
    fs::rename(scene.path("archive"), scene.path("before")).unwrap();
    fs::create_dir(scene.path("archive")).unwrap();
    (0..5).for_each(|number| scene.write(format!("{number}"), "changed since"));
    assert_eq!(of(&scene.source()), ("nothing", vec![]));
    let captured = crate::capture(&scene.world, &scene.source(), false).unwrap();
    assert_eq!((captured.problems.len(), captured.archives[0].modified), (0, 5));
    // Another disk where the archive was, with something on it.
    fs::rename(scene.path("archive"), scene.path("unmounted")).unwrap();
    fs::create_dir(scene.path("archive")).unwrap();
    scene.write("1", "of another disk");
    assert_eq!(of(&scene.source()), ("needs-person", vec!["SRC-10"]));
    assert_eq!(crate::capture(&scene.world, &scene.source(), false).unwrap().problems[0].code, "SRC-10", "capture stops at it, too");
}

/// FAULTS S05: a replica disk that people say is new is read at once: the source hears what is missing, and sends it again.
#[test]
fn a_tree_that_is_new_is_filled_by_carrying_alone() {
    let scene = Scene::new();
    ["a", "b"].iter().for_each(|name| scene.write(name, name));
    scene.round();
    scene.round();
    fs::remove_dir_all(scene.path("replica")).unwrap();
    fs::create_dir(scene.path("replica")).unwrap();
    let released = crate::breaker_release(&scene.world, &scene.replica(), "all", "a new disk").unwrap();
    assert_eq!((released.items, released.absent), (0, 2));
    assert_eq!(status(&scene.world, &scene.replica()).unwrap().routes[0].next, "carry");
    scene.carry(&scene.replica());
    scene.round();
    assert_eq!((scene.on_replica("a").as_deref(), scene.on_replica("b").as_deref()), (Some(&b"a"[..]), Some(&b"b"[..])));
}

/// A gateway folder that is not mounted is seen on both sides.
#[test]
fn a_gateway_folder_that_is_away_is_seen() {
    let scene = Scene::with_gateways();
    scene.write("a", "one");
    let of = |home: &Path| {
        let report = status(&scene.world, home).unwrap();
        (report.routes[0].gateway, report.problems.iter().map(|problem| (problem.code, problem.subject.clone())).collect::<Vec<_>>())
    };
    for home in [scene.source(), scene.replica()] {
        assert_eq!(of(&home), (true, vec![]));
        for folder in ["over", "back"] {
            fs::rename(scene.path(folder), scene.path("away")).unwrap();
            assert_eq!(of(&home), (true, vec![("MED-02", scene.path(folder).display().to_string())]));
            fs::rename(scene.path("away"), scene.path(folder)).unwrap();
        }
    }
}
