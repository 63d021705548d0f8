//! A purge from the command to its proof: what goes, what stays, what is shown of what still holds it.

use super::*;
use crate::report::CarryReport;
use crate::status::scene::{Scene, copy, holding};
use crate::world::Actor;
use crate::{CarryOptions, HistoryOptions, RebaseOptions};
use std::fs;
use std::path::PathBuf;

fn options(items: &[&str]) -> PurgeOptions {
    PurgeOptions { items: items.iter().map(|item| (*item).to_owned()).collect(), reason: "a right to be forgotten".into(), ..PurgeOptions::default() }
}

fn asked(scene: &Scene, items: &[&str]) -> PurgeReport {
    purge(&scene.world, &scene.source(), &options(items)).unwrap()
}

/// State and sequence of each purge.
fn states(scene: &Scene) -> Vec<(String, &'static str, u64)> {
    let report = purges(&scene.world, &scene.source(), None, None).unwrap();
    report.routes.iter().flat_map(|route| &route.listed).map(|one| (one.item.to_string(), one.state, one.sequence)).collect()
}

/// Where the replica still has these bytes: tree, history, staging, home.
fn there(scene: &Scene, text: &str) -> Vec<PathBuf> {
    [holding(&scene.path("replica"), text), holding(&scene.replica(), text)].concat()
}

/// `a` has two versions at the replica, `gone` was deleted, `other` was never changed; all proven, in the sequences 1, 2, and an
/// acknowledgement that went before the second.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("a", "secret of a");
    scene.write("gone", "secret of gone");
    scene.write("other", "nothing");
    scene.round();
    scene.write("a", "a as it is now");
    scene.remove("gone");
    scene.round();
    assert_eq!(there(&scene, "secret of").len(), 2, "in the history");
    scene
}

fn sequences(route: &RoutePurge) -> Vec<(u64, u64, &'static str)> {
    route.packages.iter().map(|package| (package.sequence, package.items, package.state)).collect()
}

/// FAULTS K09
#[test]
fn older_versions_go_and_what_holds_them_is_named() {
    let scene = scene();
    let before = crate::status(&scene.world, &scene.source()).unwrap().ledger_records;
    let plan = purge(&scene.world, &scene.source(), &PurgeOptions { dry_run: true, ..options(&["a", "gone"]) }).unwrap();
    assert_eq!(crate::status(&scene.world, &scene.source()).unwrap().ledger_records, before, "a plan asks for nothing");
    assert_eq!((states(&scene), plan.dry_run), (vec![], true));
    let report = asked(&scene, &["a", "gone"]);
    let [route] = report.routes.as_slice() else { panic!("{report:?}") };
    let medium = route.packages[0].medium.clone().unwrap();
    assert_eq!((route.items, route.gone, route.open, route.packages_total, medium.len()), (2, 1, 2, 1, 32));
    assert_eq!(sequences(route), [(1, 2, "answered")]);
    let shape = |route: &RoutePurge| (route.items, route.gone, route.open, sequences(route), route.packages[0].package.clone());
    assert_eq!(shape(&plan.routes[0]), shape(route), "what was shown is what was done");
    assert_eq!(states(&scene), [("a".to_owned(), "asked", 0), ("gone".to_owned(), "asked", 0)]);
    let status = crate::status(&scene.world, &scene.source()).unwrap();
    assert_eq!((status.routes[0].purging, status.routes[0].next, status.routes[0].oldest_unproven_seconds.is_some()), (2, "pack", true));
    // It is asked for once, and nobody gives it up.
    asked(&scene, &["a", "gone"]);
    let given_up = crate::cancel(&scene.world, &scene.source(), "all", &crate::Chosen::Items(vec!["a".into()]), "enough").unwrap();
    assert_eq!(given_up.items, 0);
    let items = crate::items(&scene.world, &scene.source(), &crate::ItemsOptions::default()).unwrap().items;
    let marks: Vec<_> = items.iter().map(|item| (item.item.to_string(), item.state, item.mark)).collect();
    assert_eq!(marks[..2], [("a".to_owned(), "pending", "purge"), ("gone".to_owned(), "pending", "purge")]);

    let packed = scene.carry(&scene.source()).packed.unwrap().packages;
    let sequence = packed[0].sequence;
    assert_eq!((packed.len(), packed[0].items, packed[0].removals), (1, 2, 1));
    assert_eq!(states(&scene), [("a".to_owned(), "packed", sequence), ("gone".to_owned(), "packed", sequence)]);
    scene.carry(&scene.replica());
    assert_eq!((there(&scene, "secret of"), scene.on_replica("a").as_deref()), (vec![], Some(&b"a as it is now"[..])));
    scene.carry(&scene.source());
    let proven = purges(&scene.world, &scene.source(), Some("all"), Some("a")).unwrap();
    let [one] = proven.routes[0].listed.as_slice() else { panic!("{proven:?}") };
    assert_eq!((one.state, one.sequence, one.stays, one.asked_at.is_some(), one.proven_at.is_some()), ("proven", sequence, true, true, true));
    assert_eq!((proven.routes[0].open, sequences(&proven.routes[0])), (0, vec![(1, 1, "answered")]), "the media still hold it");
    let status = crate::status(&scene.world, &scene.source()).unwrap();
    assert_eq!((status.routes[0].purging, status.routes[0].next, status.routes[0].items.done), (0, "nothing", 2));
    assert!(scene.carry(&scene.source()).packed.unwrap().packages.is_empty(), "it does not travel again");
    // The index, made anew from the ledger, says the same.
    crate::ledger_rebuild(&scene.world, &scene.source()).unwrap();
    assert_eq!(states(&scene), [("a".to_owned(), "proven", sequence), ("gone".to_owned(), "proven", sequence)]);
}

/// FAULTS K09: nothing is as long as the lock, and has its digest.
#[test]
fn a_purge_of_what_was_empty_leaves_the_lock_and_the_marker() {
    let scene = Scene::new();
    scene.write("a", "");
    scene.round();
    scene.write("a", "no more");
    scene.round();
    let lock = scene.path("replica/.gapferry/apply.lock");
    let inode = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(&lock).unwrap());
    let was = inode();
    asked(&scene, &["a"]);
    scene.round();
    scene.carry(&scene.source());
    assert_eq!((states(&scene)[0].1, inode()), ("proven", was));
}

/// FAULTS K09: what comes after a purge has a life of its own; what comes late does not bring anything back.
#[test]
fn it_does_not_come_back_but_a_new_version_travels() {
    let scene = scene();
    scene.policy(&scene.replica(), "parity_bytes_max = 100000000");
    let copies = || fs::read_dir(scene.replica().join("spool/parity/all")).map_or(0, |copies| copies.count());
    // Another medium took the first versions of `b`, and is under way for long.
    fs::create_dir(scene.path("late")).unwrap();
    scene.write("b", "secret of b");
    scene.carry_with(&scene.source(), "late");
    copy(&scene.path("late"), &scene.path("later"));
    scene.write("b", "b as it is now");
    scene.round();
    asked(&scene, &["*"]);
    let report = purges(&scene.world, &scene.source(), None, Some("b")).unwrap();
    assert_eq!(report.routes[0].packages.iter().map(|package| package.state).collect::<Vec<_>>(), ["open"], "the second brought what stays");
    scene.round();
    assert!(states(&scene).iter().all(|(_, state, _)| *state == "proven"), "{:?}", states(&scene));
    let kept = copies();
    let applied: CarryReport = scene.carry_with(&scene.replica(), "late");
    assert_eq!((applied.applied.unwrap().packages.len(), copies()), (1, kept), "no sealed copy of it is kept either");
    assert_eq!((there(&scene, "secret of"), scene.on_replica("b").as_deref()), (vec![], Some(&b"b as it is now"[..])));
    scene.round();
    // Nor does what is only touched, or sent again.
    crate::resend(&scene.world, &scene.source(), "all", &crate::Chosen::Items(vec!["*".into()]), "to be sure").unwrap();
    scene.write("a", "a as it is now");
    scene.round();
    assert_eq!((there(&scene, "secret of"), scene.on_replica("gone")), (vec![], None));
    // Somebody puts it there again.
    scene.write("gone", "new content of gone");
    scene.write("a", "newer still");
    scene.round();
    assert_eq!(scene.on_replica("gone").as_deref(), Some(&b"new content of gone"[..]));
    let history = crate::history(&scene.world, &scene.replica(), &HistoryOptions { pattern: Some("a".into()), ..HistoryOptions::default() }).unwrap();
    let kept: Vec<u64> = history.entries.iter().filter(|entry| entry.kept).map(|entry| entry.version).collect();
    assert_eq!(kept.len(), 1, "what changed since is kept: {:?}", history.entries);
}

/// P2
#[test]
fn a_medium_that_is_lost_takes_no_purge_with_it() {
    let scene = scene();
    asked(&scene, &["a", "gone"]);
    scene.carry(&scene.source());
    scene.on_medium(".gfp").iter().for_each(|file| fs::remove_file(file).unwrap());
    scene.carry(&scene.source());
    let sequence = states(&scene)[0].2;
    fs::create_dir(scene.path("second")).unwrap();
    scene.carry_with(&scene.source(), "second");
    assert!(states(&scene)[0].2 > sequence, "while it is not proven it goes onto every medium");
    scene.carry_with(&scene.replica(), "second");
    scene.carry_with(&scene.source(), "second");
    assert_eq!((there(&scene, "secret of"), states(&scene)[0].1, states(&scene)[1].1), (vec![], "proven", "proven"));
}

/// Between the record and the package the command ends: nothing is lost, and what was half written is no package.
#[test]
fn what_was_asked_for_outlives_a_pack_that_fails() {
    let scene = scene();
    asked(&scene, &["a", "gone"]);
    let medium = scene.path("medium/gapferry");
    let broken = scene.world_at(crate::progress::Stage::ReadBack, move || {
        for entry in fs::read_dir(&medium).unwrap().map(Result::unwrap).filter(|entry| entry.file_name().to_string_lossy().ends_with(".part")) {
            fs::write(entry.path(), "torn").unwrap();
        }
    });
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    assert!(crate::carry(&broken, &scene.source(), &options).map_or(true, |report| !report.packed.unwrap().problems.is_empty()));
    assert_eq!(states(&scene), [("a".to_owned(), "asked", 0), ("gone".to_owned(), "asked", 0)]);
    scene.round();
    assert_eq!((there(&scene, "secret of"), states(&scene)[0].1), (vec![], "proven"));
}

/// FAULTS C07: a replica that was put back has its history back.
#[test]
fn a_replica_that_was_put_back_purges_again() {
    let scene = scene();
    copy(&scene.replica(), &scene.path("kept-home"));
    copy(&scene.path("replica"), &scene.path("kept-tree"));
    asked(&scene, &["a", "gone"]);
    scene.round();
    scene.carry(&scene.replica());
    assert_eq!((there(&scene, "secret of").len(), states(&scene)[0].1), (0, "proven"));
    for (from, to) in [("kept-home", "home-replica"), ("kept-tree", "replica")] {
        fs::remove_dir_all(scene.path(to)).unwrap();
        copy(&scene.path(from), &scene.path(to));
    }
    assert_eq!(there(&scene, "secret of").len(), 2);
    let rebase = |home: &Path, new_life| {
        let options = RebaseOptions { route: "all".into(), reason: "put back".into(), new_life, ..RebaseOptions::default() };
        crate::rebase(&scene.world, home, &options).unwrap()
    };
    rebase(&scene.replica(), true);
    scene.carry(&scene.replica());
    scene.write("late", "something to answer");
    scene.round();
    rebase(&scene.source(), false);
    assert_eq!(states(&scene)[0].1, "asked", "nobody knows what is there");
    for _ in 0..3 {
        scene.round();
    }
    assert_eq!((there(&scene, "secret of"), states(&scene)[0].1, states(&scene)[1].1), (vec![], "proven", "proven"));
}

/// One route of two; the other keeps its history.
#[test]
fn only_the_routes_that_are_meant() {
    let scene = scene();
    let (world, into) = (&scene.world, scene.another_route("second", "archive"));
    scene.write("a", "secret of a, once more");
    scene.round();
    scene.write("a", "a");
    scene.round();
    let all = purge(world, &scene.source(), &PurgeOptions { dry_run: true, ..options(&["a", "gone"]) }).unwrap();
    let shape: Vec<_> = all.routes.iter().map(|route| (route.route.as_str(), route.items, route.packages_total)).collect();
    assert_eq!(shape, [("all", 2, 3), ("second", 1, 1)], "nothing of what was gone before was ever sent on the second");
    purge(world, &scene.source(), &PurgeOptions { routes: vec!["second".into()], ..options(&["a"]) }).unwrap();
    scene.round();
    assert_eq!(holding(&into, "secret of"), Vec::<PathBuf>::new());
    assert_eq!(holding(&scene.path("replica"), "secret of").len(), 3);
    let first = purge(world, &scene.source(), &PurgeOptions { archive: Some("archive".into()), ..options(&["a", "gone"]) }).unwrap();
    assert_eq!(first.routes.len(), 2);
    scene.round();
    assert_eq!(there(&scene, "secret of"), Vec::<PathBuf>::new());
}

/// FAULTS K09: a route that was given up brought it, too: nobody asks its replica, and that is said.
#[test]
fn a_route_that_was_given_up_is_named() {
    let scene = scene();
    scene.another_route("second", "archive");
    scene.round();
    let file = scene.source().join(crate::config::FILE);
    let text = fs::read_to_string(&file).unwrap();
    let from = text.find("[routes.second]").unwrap();
    let until = text[from + 1..].find("\n[").map_or(text.len(), |length| from + 1 + length);
    fs::write(&file, [&text[..from], &text[until..]].concat()).unwrap();
    let (world, source) = (&scene.world, &scene.source());
    for dry_run in [true, false] {
        let asked = purge(world, source, &PurgeOptions { dry_run, ..options(&["a"]) }).unwrap();
        let problems: Vec<_> = asked.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
        assert_eq!((asked.routes.len(), problems), (1, vec![("SRC-20", "second")]));
    }
    let chosen = crate::Chosen::Items(vec!["a".into()]);
    let again = RebaseOptions { route: "second".into(), reason: "given up".into(), ..RebaseOptions::default() };
    let refused = [
        crate::resend(world, source, "second", &chosen, "given up").unwrap_err(),
        crate::breaker_release(world, source, "second", "given up").unwrap_err(),
        crate::rebase(world, source, &again).unwrap_err(),
    ];
    assert_eq!(refused.map(|failure| failure.0.code), ["USE-01"; 3]);
}

/// FAULTS K04
#[test]
fn several_people_ask_for_the_same() {
    let scene = scene();
    scene.policy(&scene.source(), "release_people = 2");
    let by = |user: &str| World { actor: Actor { user: user.into(), ..scene.world.actor.clone() }, ..scene.world.clone() };
    let ask = |user: &str, items: &[&str]| {
        let report = purge(&by(user), &scene.source(), &options(items)).unwrap();
        let [route] = report.routes.as_slice() else { panic!("{report:?}") };
        (route.missing, route.agreed.clone(), route.listed[0].state, report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>())
    };
    let waits = |people: &[&str]| (1, people.iter().map(|user| (*user).to_owned()).collect::<Vec<_>>(), "agreed", vec!["ACT-01"]);
    assert_eq!(ask("li", &["a"]), waits(&["li"]));
    assert_eq!(ask("li", &["a"]), waits(&["li"]), "one person is not two");
    assert_eq!(ask("wang", &["*"]), waits(&["wang"]), "other items are another thing");
    assert_eq!(states(&scene)[0].1, "agreed");
    let seen = &purges(&scene.world, &scene.source(), None, None).unwrap().routes[0];
    assert_eq!((seen.agreed.as_slice(), seen.missing), (&["wang".to_owned()][..], 1));
    let status = || crate::status(&scene.world, &scene.source()).unwrap().routes[0].purge_agreed.clone();
    assert_eq!(status(), ["wang"]);
    scene.round();
    assert_eq!(there(&scene, "secret of").len(), 2);
    assert_eq!(ask("li", &["*"]), (0, vec!["wang".to_owned(), "li".to_owned()], "asked", vec![]));
    assert_eq!(status(), [""; 0]);
    scene.round();
    assert_eq!(there(&scene, "secret of"), Vec::<PathBuf>::new());
}

/// A document that no medium takes travels in parts, and its purge behind them.
#[test]
fn a_document_in_parts() {
    let scene = Scene::new();
    let content =
        |salt: u64| -> Vec<u8> { (0..300_000u64).flat_map(|at| blake3::hash(&(at + salt * 1_000_000).to_le_bytes()).as_bytes()[..4].to_vec()).collect() };
    let crossing = || {
        for home in [scene.source(), scene.replica()] {
            let options = CarryOptions { medium: scene.path("medium"), medium_size: Some(800_000), ..CarryOptions::default() };
            crate::carry(&scene.world, &home, &options).unwrap();
        }
    };
    for salt in [1, 2] {
        scene.write("film", content(salt));
        for _ in 0..4 {
            crossing();
        }
    }
    scene.write("film", content(3));
    crossing();
    asked(&scene, &["film"]);
    for _ in 0..8 {
        crossing();
    }
    assert_eq!(states(&scene).iter().map(|(_, state, _)| *state).collect::<Vec<_>>(), ["proven"]);
    assert_eq!(scene.on_replica("film"), Some(content(3)));
    let history = fs::read_dir(scene.path("replica/.gapferry/history"))
        .map_or(0, |folders| folders.map(Result::unwrap).map(|folder| fs::read_dir(folder.path()).unwrap().count()).sum());
    assert_eq!(history, 0);
}

#[test]
fn wrong_use_is_refused_and_changes_nothing() {
    let scene = scene();
    scene.write("never", "it was captured and not sent");
    crate::capture(&scene.world, &scene.source(), false).unwrap();
    let records = || crate::status(&scene.world, &scene.source()).unwrap().ledger_records;
    let before = records();
    let with = |change: &dyn Fn(&mut PurgeOptions)| {
        let mut options = options(&["a"]);
        change(&mut options);
        purge(&scene.world, &scene.source(), &options).map(|_| ()).map_err(|failure| failure.0.code)
    };
    for change in [
        (&|options: &mut PurgeOptions| options.reason = " ".into()) as &dyn Fn(&mut PurgeOptions),
        &|options| options.routes = vec!["none".into()],
        &|options| options.archive = Some("none".into()),
        &|options| options.items = vec!["b".into()],
        &|options| options.items = vec!["[".into()],
        &|options| options.items = vec!["never".into()],
    ] {
        assert_eq!(with(change), Err("USE-01"));
    }
    assert_eq!(purge(&scene.world, &scene.replica(), &options(&["a"])).map(|_| ()).unwrap_err().0.code, "USE-01");
    assert_eq!(purges(&scene.world, &scene.source(), Some("none"), None).map(|_| ()).unwrap_err().0.code, "USE-01");
    assert_eq!(records(), before);
}

/// FAULTS K09: while it is not proven, a purge goes on each medium, also onto one that holds the same version with nothing purged.
#[test]
fn a_medium_that_holds_the_version_gets_its_purge_as_well() {
    let scene = scene();
    scene.write("a", "a third version");
    let items = |medium: &str| scene.carry_with(&scene.source(), medium).packed.unwrap().packages.iter().map(|package| package.items).sum::<u64>();
    fs::create_dir(scene.path("second")).unwrap();
    assert_eq!(items("medium"), 1);
    asked(&scene, &["a"]);
    assert_eq!(items("second"), 1);
    assert_eq!(items("medium"), 1, "what lies here purges nothing");
    assert_eq!(items("medium"), 0);
}
