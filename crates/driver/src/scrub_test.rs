//! Damage on a replica is found, told and healed; and how answers are shared out to receipts.

use super::*;
use crate::status::scene::Scene;
use std::fs;
use wire::PackageId;
use wire::receipt::{Answer, Row};

fn scrubbed(scene: &Scene, to: Option<&str>) -> ScrubReport {
    scrub(&scene.world, &scene.replica(), &ScrubOptions { routes: Vec::new(), to: to.map(|to| scene.path(to)), ..ScrubOptions::default() }).unwrap()
}

fn items(scene: &Scene) -> crate::report::Counts {
    crate::status(&scene.world, &scene.source()).unwrap().routes[0].items
}

#[test]
fn a_sound_replica_is_proven_again() {
    let scene = Scene::new();
    assert!(scrubbed(&scene, None).receipts.is_empty(), "nothing was ever seen");
    scene.write("a", "alpha");
    scene.write("b/c", "gamma");
    scene.write("empty", "");
    scene.round();
    scene.write("a", "alpha two");
    scene.round();
    let report = scrubbed(&scene, Some("medium"));
    assert_eq!((report.items, report.bytes, report.damaged.len(), report.problems.len()), (3, 14, 0, 0));
    assert_eq!(report.receipts.iter().map(|receipt| (receipt.form, receipt.answers)).collect::<Vec<_>>(), [("scrub", 2)]);
    assert!(scene.path("medium/gapferry").join(&report.receipts[0].file).exists());
    scene.notices();
    let taken = scene.carry(&scene.source()).reconciled.unwrap();
    assert_eq!((taken.receipts.len(), taken.discrepancies.len(), taken.problems.len()), (2, 0, 0), "what is not known to have arrived goes along");
    assert_eq!(scene.notices(), [""; 0], "the acknowledgement that nobody took up was taken off here, and is not missed");
    assert_eq!(items(&scene).done, 3);
}

#[test]
fn damage_is_told_and_healed() {
    let scene = Scene::new();
    for name in ["a", "b", "c", "d"] {
        scene.write(name, name.repeat(100));
    }
    scene.round();
    fs::write(scene.path("replica/a"), "rot").unwrap();
    fs::remove_file(scene.path("replica/b")).unwrap();
    fs::remove_file(scene.path("replica/c")).unwrap();
    fs::create_dir(scene.path("replica/c")).unwrap();
    let report = scrubbed(&scene, None);
    let damaged: Vec<(String, &str)> = report.damaged.iter().map(|damaged| (damaged.item.to_string(), damaged.outcome)).collect();
    assert_eq!(damaged, [("a".to_owned(), "corrupt"), ("b".to_owned(), "missing"), ("c".to_owned(), "missing")]);
    let on_replica = crate::status(&scene.world, &scene.replica()).unwrap().routes[0].items;
    assert_eq!((on_replica.total, on_replica.done, on_replica.failed), (4, 1, 3));

    scene.carry(&scene.replica());
    let packed = scene.carry(&scene.source());
    assert_eq!(packed.reconciled.unwrap().discrepancies.len(), 3);
    assert_eq!((items(&scene).done, items(&scene).packed), (1, 3), "they travel again by themselves");
    scene.carry(&scene.replica());
    scene.carry(&scene.source());
    for name in ["a", "b", "c", "d"] {
        assert_eq!(scene.on_replica(name), Some(name.repeat(100).into_bytes()), "{name}");
    }
    assert_eq!((items(&scene).total, items(&scene).done), (4, 4));
    assert!(scrubbed(&scene, None).damaged.is_empty());
}

/// FAULTS K09: what no ledger lists is neither pruned nor erased when its item is withdrawn.
#[test]
fn what_was_found_damaged_and_can_be_read_again_leaves_nothing_behind_that_no_ledger_lists() {
    let scene = Scene::new();
    for name in ["a", "b"] {
        scene.write(name, "alpha");
    }
    scene.round();
    for name in ["replica/a", "replica/b"] {
        fs::write(scene.path(name), "rot").unwrap();
    }
    assert_eq!(scrubbed(&scene, None).damaged.len(), 2);
    for name in ["replica/a", "replica/b"] {
        fs::write(scene.path(name), "alpha").unwrap();
    }
    scene.write("a", "alpha two");
    scene.remove("b");
    scene.round();
    assert_eq!((scene.on_replica("a"), scene.on_replica("b")), (Some(b"alpha two".to_vec()), None));
    let listed = crate::history(&scene.world, &scene.replica(), &crate::HistoryOptions::default()).unwrap().entries;
    let folders = fs::read_dir(scene.path("replica/.gapferry/history")).map(|folders| folders.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let kept: usize = folders.iter().map(|folder| fs::read_dir(folder.path()).unwrap().count()).sum();
    assert_eq!((kept, listed.len()), (0, 0), "{listed:?}");
}

#[test]
fn over_a_gateway_the_receipt_goes_there() {
    let scene = Scene::with_gateways();
    scene.write("a", "alpha");
    let once = |home: PathBuf| crate::daemon::run(&scene.world, &home, &crate::daemon::DaemonOptions { once: true }).unwrap();
    once(scene.source());
    once(scene.replica());
    once(scene.source());
    fs::write(scene.path("replica/a"), "rot").unwrap();
    let report = scrubbed(&scene, None);
    assert_eq!((report.damaged.len(), report.problems.len()), (1, 0));
    assert!(scene.path("back").join(&report.receipts[0].file).exists());
    once(scene.source());
    once(scene.replica());
    once(scene.source());
    assert_eq!((scene.on_replica("a"), items(&scene).done), (Some(b"alpha".to_vec()), 1));
    fs::remove_dir_all(scene.path("back")).unwrap();
    let report = scrubbed(&scene, None);
    assert_eq!((report.receipts.len(), report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()), (1, vec!["MED-02"]));
}

#[test]
fn a_document_that_came_in_parts_is_proven() {
    let scene = Scene::new();
    let mut content = vec![0; 300_000];
    blake3::Hasher::new().update(b"parts").finalize_xof().fill(&mut content);
    scene.write("large", &content);
    let small = crate::CarryOptions { medium: scene.path("medium"), medium_size: Some(160 << 10), ..crate::CarryOptions::default() };
    for _ in 0..4 {
        crate::carry(&scene.world, &scene.source(), &small).unwrap();
        scene.carry(&scene.replica());
    }
    crate::carry(&scene.world, &scene.source(), &small).unwrap();
    assert_eq!((scene.on_replica("large"), items(&scene).done), (Some(content), 1));
    let report = scrubbed(&scene, Some("medium"));
    assert_eq!((report.damaged.len(), report.receipts.len()), (0, 1));
    assert!(scene.carry(&scene.source()).reconciled.unwrap().discrepancies.is_empty());
    assert_eq!(items(&scene).done, 1);
}

#[test]
fn wrong_use_is_refused_before_anything_is_read() {
    let scene = Scene::new();
    let options = |route: Option<&str>, to: Option<&str>| ScrubOptions {
        routes: route.into_iter().map(Into::into).collect(),
        to: to.map(|to| scene.path(to)),
        ..ScrubOptions::default()
    };
    for (home, options, code) in [
        (scene.replica(), options(Some("none"), None), "USE-01"),
        (scene.replica(), options(None, Some("not-inserted")), "MED-02"),
        (scene.source(), options(None, None), "USE-01"),
    ] {
        assert_eq!(scrub(&scene.world, &home, &options).unwrap_err().0.code, code);
    }
}

#[test]
fn receipts_hold_what_fits() {
    let answer = |sequence: u64, rows: u32| Answer {
        sequence,
        package: PackageId::ZERO,
        rows: (0..rows).map(|row| Row { row, outcome: 2, digest: Digest::ZERO }).collect(),
    };
    for (sizes, expected) in
        [(&[][..], &[&[][..]][..]), (&[10], &[&[1]]), (&[4, 6], &[&[1, 2]]), (&[4, 7], &[&[1], &[2]]), (&[4, 6, 1, 9, 1], &[&[1, 2], &[3, 4], &[5]])]
    {
        let answers = (1..).zip(sizes).map(|(sequence, rows)| answer(sequence, *rows)).collect();
        let receipts: Vec<Vec<u64>> = in_receipts(answers, 10).iter().map(|answers| answers.iter().map(|answer| answer.sequence).collect()).collect();
        assert_eq!(receipts, expected, "{sizes:?}");
    }
}

/// Opens the medium's receipts of the scrub form on the source; what they say of each item, by its name, and of extra files.
fn told(scene: &Scene) -> (Vec<(String, String)>, Vec<u64>) {
    let taken = scene.carry(&scene.source()).reconciled.unwrap();
    assert_eq!(taken.problems, []);
    let told = taken.discrepancies.iter().map(|found| (found.item.to_string(), found.outcome.to_owned())).collect();
    (told, taken.receipts.iter().map(|receipt| receipt.extra).collect())
}

/// FAULTS C08
#[test]
fn a_scrub_that_was_interrupted_goes_on_where_it_was() {
    let scene = Scene::new();
    for number in 0..9 {
        scene.write(number.to_string(), format!("content {number}"));
    }
    scene.round();
    fs::write(scene.path("replica/1"), "rot").unwrap();
    fs::write(scene.path("replica/7"), "rot").unwrap();
    scene.change(&scene.replica(), |home| {
        let tree = crate::applying::tree_of(home, "all")?;
        let step = home.replica().routes["all"].readings + 1;
        reading::record(home, "all", step, true, &[])?;
        let (world, items) = (home.world.clone(), [0, 1, 2, 3]);
        let throttle = Throttle::new(&*world.clock, Pace::of(90, 0));
        let stretches = reading::stretches(home, "all", &items)?;
        reading::step(home, "all", &tree, &items, &stretches, &throttle).map(|_| ())
    });
    scene.pass(80 * 86_400);
    let report = scrubbed(&scene, Some("medium"));
    assert_eq!((report.resumed, report.items, report.damaged.len()), (4, 5, 2), "what was read is not read again, and yet told");
    assert_eq!(told(&scene).0, [("1".into(), "corrupt".into()), ("7".into(), "corrupt".into())]);
    assert_eq!((items(&scene).done, items(&scene).packed), (7, 2));
    let report = scrubbed(&scene, None);
    assert_eq!((report.resumed, report.items), (0, 9), "one that came to its end is followed by a new one");
}

/// FAULTS C08
#[test]
fn a_reading_of_an_interrupted_scrub_does_not_count_for_ever() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    scene.change(&scene.replica(), |home| {
        let tree = crate::applying::tree_of(home, "all")?;
        let step = home.replica().routes["all"].readings + 1;
        reading::record(home, "all", step, true, &[])?;
        let world = home.world.clone();
        let stretches = reading::stretches(home, "all", &[0])?;
        reading::step(home, "all", &tree, &[0], &stretches, &Throttle::new(&*world.clock, Pace::of(90, 0))).map(|_| ())
    });
    scene.pass(91 * 86_400);
    let report = scrubbed(&scene, None);
    assert_eq!((report.resumed, report.items), (0, 1));
}

/// FAULTS C08
#[test]
fn all_is_read_within_the_period_by_carrying_alone() {
    let scene = Scene::new();
    for number in 0..30 {
        scene.write(format!("{number:02}"), format!("content {number}"));
    }
    scene.round();
    fs::write(scene.path("replica/07"), "rot").unwrap();
    fs::remove_file(scene.path("replica/21")).unwrap();
    fs::write(scene.path("replica/nobody sent it"), "extra").unwrap();
    let (mut read, mut found) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        scene.pass(15 * 86_400);
        let applied = scene.carry(&scene.replica()).applied.unwrap();
        read.push(applied.scrubbed.items);
        found.extend(applied.scrubbed.damaged.iter().map(|found| found.item.to_string()));
        assert_eq!(applied.scrubbed.extra, 1, "looked for as well");
        scene.carry(&scene.source());
    }
    assert_eq!(read.iter().sum::<u64>(), 30, "{read:?}");
    assert!(read.iter().all(|items| (3..=8).contains(items)), "spread over the period: {read:?}");
    assert_eq!(found, ["07", "21"]);
    scene.carry(&scene.replica());
    scene.carry(&scene.source());
    assert_eq!((scene.on_replica("07").unwrap(), scene.on_replica("21").unwrap()), (b"content 7".to_vec(), b"content 21".to_vec()));
    assert_eq!((items(&scene).total, items(&scene).done), (30, 30));
    assert_eq!(crate::status(&scene.world, &scene.source()).unwrap().routes[0].extra, 1);
    let status = crate::status(&scene.world, &scene.replica()).unwrap();
    assert!(status.routes[0].oldest_read_seconds.unwrap() <= 90 * 86_400);
    assert_eq!(status.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["RPL-09"]);
}

#[test]
fn what_nobody_read_for_longer_than_the_period_is_an_alarm() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    let codes = || crate::status(&scene.world, &scene.replica()).unwrap().problems.iter().map(|problem| problem.code).collect::<Vec<_>>();
    scene.pass(99 * 86_400 - 60);
    assert_eq!(codes(), [""; 0]);
    scene.pass(120);
    assert_eq!(codes(), ["RPL-08"]);
    scene.policy(&scene.replica(), "scrub_days = 100");
    assert_eq!(codes(), [""; 0]);
    scene.policy(&scene.replica(), "scrub_bytes_per_second = 1000");
    scene.carry(&scene.replica());
    scene.pass(111 * 86_400);
    assert_eq!(codes(), ["RPL-08"]);
    scene.carry(&scene.replica());
    assert_eq!(codes(), [""; 0]);
}

/// FAULTS C08, A08
#[test]
fn extra_files_are_told_and_set_aside_when_asked() {
    let scene = Scene::new();
    for name in ["a", "b/c", "b/d", "e/f"] {
        scene.write(name, name);
    }
    scene.round();
    let there = |name: &str| scene.path("replica").join(name);
    fs::create_dir_all(there("x/y")).unwrap();
    fs::write(there("x/y/z"), "work of an hour").unwrap();
    fs::write(there("b/extra"), "beside").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", there("link")).unwrap();
    // In the place of an item, and of a folder of items: damage, not extra.
    fs::remove_file(there("a")).unwrap();
    fs::create_dir(there("a")).unwrap();
    fs::write(there("a/below"), "below").unwrap();
    fs::remove_dir_all(there("e")).unwrap();
    std::os::unix::fs::symlink("/etc", there("e")).unwrap();
    fs::write(there(".gapferry/ours"), "ours").unwrap();
    let report = scrubbed(&scene, Some("medium"));
    let extra: Vec<String> = report.extra.iter().map(|extra| extra.path.to_string()).collect();
    assert_eq!((extra, report.extra_total, report.set_aside), (vec!["b/extra".into(), "link".into(), "x/y/z".into()], 3, 0));
    assert_eq!(report.damaged.iter().map(|found| found.item.to_string()).collect::<Vec<_>>(), ["a", "e/f"]);
    assert_eq!(report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["RPL-09"]);
    assert!(told(&scene).1.contains(&3), "the source hears of them");
    let options = ScrubOptions { set_aside_extra: true, ..ScrubOptions::default() };
    let report = scrub(&scene.world, &scene.replica(), &options).unwrap();
    assert_eq!((report.extra_total, report.set_aside, report.problems.len()), (0, 3, 0));
    assert!(!there("x").exists() && !there("b/extra").exists() && there("b/c").exists());
    let kept = fs::read_dir(there(".gapferry/kept")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read(kept.join("x/y/z")).unwrap(), b"work of an hour");
    assert_eq!(fs::read_link(kept.join("link")).unwrap(), std::path::Path::new("/etc/passwd"));
    for _ in 0..2 {
        scene.carry(&scene.replica());
        scene.carry(&scene.source());
    }
    assert_eq!((scene.on_replica("a").unwrap(), scene.on_replica("e/f").unwrap()), (b"a".to_vec(), b"e/f".to_vec()));
    let states = [scene.source(), scene.replica()].map(|home| crate::status(&scene.world, &home).unwrap().routes[0].extra);
    assert_eq!((states, items(&scene).done), ([0, 0], 4));
}

/// FAULTS C08: the first tree that was not mounted ended the scrub of all.
#[test]
fn a_tree_that_is_not_there_stops_no_other() {
    let scene = Scene::new();
    scene.another_route("second", "archive");
    scene.write("a", "one");
    scene.round();
    fs::rename(scene.path("replica"), scene.path("elsewhere")).unwrap();
    let report = scrubbed(&scene, None);
    assert_eq!(report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["RPL-05"]);
    assert_eq!((report.items, report.damaged.len()), (1, 0));
}

/// What an interrupted scrub has to read again takes seconds, however slowly it is to go.
#[test]
fn a_slow_scrub_goes_by_small_steps() {
    let scene = Scene::new();
    ["a", "b", "c", "d"].iter().for_each(|name| scene.write(name, vec![7; 300_000]));
    scene.round();
    let home = Home::open(&scene.world, &scene.replica(), Access::Read).unwrap();
    let route = &home.replica().routes["all"];
    for (rate, steps) in [(0, 1), (1_000_000, 1), (60_000, 2), (50_000, 4), (1, 4)] {
        assert_eq!(reading::steps(route, &[0, 1, 2, 3], &Pace::of(90, rate)).len(), steps, "{rate}");
    }
}

/// FAULTS C08: what a scrub puts right of a document is its executable bit as well.
#[test]
fn the_executable_bit_is_put_right() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    scene.write("program", "runs");
    scene.write("text", "is read");
    std::fs::set_permissions(scene.path("archive/program"), std::fs::Permissions::from_mode(0o755)).unwrap();
    scene.round();
    let mode = |name: &str| std::fs::metadata(scene.path("replica").join(name)).unwrap().permissions().mode() & 0o111 != 0;
    let set = |name: &str, mode: u32| std::fs::set_permissions(scene.path("replica").join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    set("program", 0o644);
    set("text", 0o755);
    let report = scrub(&scene.world, &scene.replica(), &ScrubOptions::default()).unwrap();
    assert_eq!((report.attributes, mode("program"), mode("text")), (2, true, false));
    assert_eq!(report.damaged.len(), 0);
}
