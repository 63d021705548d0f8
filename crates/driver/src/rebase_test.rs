//! A new life of a home and the way back to a route whose sides agree.

use super::{RebaseOptions, begin_new_life};
use crate::CarryOptions;
use crate::home::{Access, Home};
use crate::progress::Stage;
use crate::status::scene::{Scene, copy};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wire::card::Role;

/// FAULTS C07
#[test]
fn a_new_life_has_another_incarnation_and_numbers_above_all_earlier_ones() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.round();
    for home in [scene.source(), scene.replica()] {
        let mut opened = Home::open(&scene.world, &home, Access::Change).unwrap();
        let before = opened.incarnation();
        let after = begin_new_life(&mut opened, "put back").unwrap();
        assert_ne!(before, after);
        opened.close("put back", "a new life").unwrap();
        // The checkpoint of the new life is taken; so is one that an earlier life left behind.
        let opened = Home::open(&scene.world, &home, Access::Read).unwrap();
        assert_eq!(opened.incarnation(), after);
    }
    let source = Home::open(&scene.world, &scene.source(), Access::Read).unwrap();
    let (route, archive) = (&source.source().routes["all"], &source.source().archives["archive"]);
    assert!(route.next_sequence > 1 << 24 && archive.items[0].version > 1 << 24);
    let replica = Home::open(&scene.world, &scene.replica(), Access::Read).unwrap();
    assert!(replica.replica().routes["all"].receipts > 1 << 24);
}

pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.ends_with(".gapferry") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

pub(crate) fn agree(scene: &Scene, home: &Path) -> &'static str {
    // Two people compare: a life of the other side that is not the one in use there is refused.
    let (at, other) = if home == scene.source() { (home, scene.replica()) } else { (home, scene.source()) };
    let (at, other) = [at, &other].map(|home| Home::open(&scene.world, home, Access::Read).unwrap()).into();
    let stop = match at.config.role {
        Role::Source => at.source().routes["all"].stopped.clone(),
        Role::Replica => at.replica().routes["all"].stopped.clone(),
    };
    let refuse = stop.is_some_and(|stop| stop.life.is_some_and(|life| life != other.incarnation()));
    let options = RebaseOptions { route: "all".into(), reason: "looked into".into(), refuse, ..RebaseOptions::default() };
    let foreseen = super::rebase(&scene.world, home, &RebaseOptions { dry_run: true, ..options.clone() }).unwrap();
    let done = super::rebase(&scene.world, home, &options).unwrap();
    assert_eq!((foreseen.way, foreseen.confirm_items), (done.way, done.confirm_items), "the dry run says what happens");
    done.way
}

/// What a way back took.
#[derive(Debug, Default)]
pub(crate) struct WayBack {
    /// Which side stopped and with which code, in order.
    stops: Vec<(&'static str, String)>,
    /// Bytes of documents that travelled as content.
    content_bytes: u64,
    /// Items that an inventory asked for.
    asked: u64,
}

/// Carries, and lets a person agree wherever it stops, until the replica is as the archive and every item is proven.
pub(crate) fn converge(scene: &Scene) -> WayBack {
    let mut way = WayBack::default();
    for _ in 0..12 {
        for (side, home) in [("source", scene.source()), ("replica", scene.replica())] {
            let carried = scene.carry(&home);
            for package in carried.packed.iter().flat_map(|packed| &packed.packages) {
                if package.inventory { way.asked += package.items } else { way.content_bytes += package.document_bytes }
            }
            let stopped = crate::status(&scene.world, &home).unwrap().routes[0].stopped.clone();
            if let Some(code) = stopped {
                if code == "RPL-01" {
                    crate::breaker_release(&scene.world, &home, "all", "meant").unwrap();
                } else {
                    agree(scene, &home);
                }
                way.stops.push((side, code));
            }
        }
        let (inside, outside) = (crate::status(&scene.world, &scene.source()).unwrap(), crate::status(&scene.world, &scene.replica()).unwrap());
        let counts = &inside.routes[0].items;
        let settled = counts.done == counts.total && inside.routes[0].unconfirmed + outside.routes[0].unconfirmed == 0;
        if settled && outside.routes[0].stopped.is_none() && files(&scene.path("archive")) == files(&scene.path("replica")) {
            let source = Home::open(&scene.world, &scene.source(), Access::Read).unwrap();
            let replica = Home::open(&scene.world, &scene.replica(), Access::Read).unwrap();
            assert_eq!(source.source().routes["all"].state, replica.replica().routes["all"].state, "both sides count the same state");
            return way;
        }
    }
    panic!("it does not come back: {way:?}, {:?}", crate::status(&scene.world, &scene.source()).unwrap().routes);
}

const BULK: usize = 30_000;
const STEPS: usize = 6;

/// A scene of so many crossings, each of which changes, adds and removes something, with a copy of both homes and of the tree
/// after each of them. Most of the content never changes.
fn history() -> Scene {
    let scene = Scene::new();
    for number in 0..20u8 {
        scene.write(format!("bulk/{number}"), vec![number; BULK]);
    }
    for step in 0..STEPS {
        scene.write("changing", format!("as of step {step}"));
        scene.write(format!("added/{step}"), format!("{step}"));
        if step > 1 {
            scene.remove(&format!("added/{}", step - 2));
        }
        scene.round();
        for folder in ["home-source", "home-replica", "replica"] {
            copy(&scene.path(folder), &scene.path(&format!("{folder}-{step}")));
        }
    }
    scene
}

pub(crate) fn put_back(scene: &Scene, folder: &str, step: usize) {
    copy(&scene.path(&format!("{folder}-{step}")), &scene.path(folder));
}

fn no_full_resend(way: &WayBack, what: &str) {
    assert!(way.content_bytes < BULK as u64, "{what}: {way:?}");
    assert!(way.asked >= 20, "{what}: {way:?}");
}

/// FAULTS C07
#[test]
fn a_source_that_was_put_back_is_named_and_comes_back() {
    let scene = history();
    for step in (0..STEPS - 1).rev() {
        put_back(&scene, "home-source", step);
        scene.write("changing", format!("after the one of step {step}"));
        let way = converge(&scene);
        assert!(way.stops.iter().any(|(_, code)| code.starts_with("FRK-0")), "step {step}: {way:?}");
        no_full_resend(&way, &format!("source at {step}"));
    }
}

/// FAULTS C07
#[test]
fn a_replica_that_was_put_back_is_named_and_comes_back() {
    let scene = history();
    for step in (0..STEPS - 1).rev() {
        for with_tree in [false, true] {
            put_back(&scene, "home-replica", step);
            if with_tree {
                put_back(&scene, "replica", step);
            }
            scene.write("changing", format!("after the one of step {step} {with_tree}"));
            let way = converge(&scene);
            assert!(way.stops.iter().any(|(_, code)| code.starts_with("FRK-0")), "step {step}: {way:?}");
            no_full_resend(&way, &format!("replica at {step}, tree {with_tree}"));
        }
    }
}

/// FAULTS C07, A08
#[test]
fn what_the_ledger_forgot_is_set_aside_when_it_is_deleted() {
    let scene = Scene::new();
    scene.write("a", "stays");
    scene.round();
    copy(&scene.replica(), &scene.path("home-replica-0"));
    scene.write("b", "arrives, and nobody hears of it");
    scene.carry(&scene.source());
    scene.carry(&scene.replica());
    put_back(&scene, "home-replica", 0);
    for file in fs::read_dir(scene.path("medium/gapferry")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|ending| ending == "gfr" || ending == "gfp") {
            fs::remove_file(file).unwrap();
        }
    }
    scene.remove("b");
    scene.carry(&scene.source());
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!(applied.kept_aside.iter().map(ToString::to_string).collect::<Vec<_>>(), ["b"], "{:?}", applied.problems);
    converge(&scene);
}

/// FAULTS C07, A08: what lies in the folder may be another item's that the ledger has forgotten.
#[test]
fn a_folder_that_lies_where_a_document_was_stays_when_that_is_deleted() {
    let scene = Scene::new();
    scene.write("stays", "stays");
    scene.write("a", "a document");
    scene.round();
    fs::remove_file(scene.path("replica/a")).unwrap();
    fs::create_dir(scene.path("replica/a")).unwrap();
    fs::write(scene.path("replica/a/within"), "what no ledger knows").unwrap();
    scene.remove("a");
    scene.carry(&scene.source());
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!(applied.kept_aside, [], "{:?}", applied.problems);
    assert_eq!(files(&scene.path("replica"))["a/within"], b"what no ledger knows");
    scene.carry(&scene.source());
    let counts = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
    assert_eq!((counts.done, counts.total), (1, 1), "the deletion is proven, and counts no more");
}

/// FAULTS C07
#[test]
fn both_put_back_come_back() {
    let scene = history();
    for (inside, outside) in [(1, 3), (3, 1), (2, 2), (0, 4)] {
        put_back(&scene, "home-source", inside);
        put_back(&scene, "home-replica", outside);
        put_back(&scene, "replica", outside);
        scene.write("changing", format!("after {inside} {outside}"));
        no_full_resend(&converge(&scene), &format!("source at {inside}, replica at {outside}"));
    }
}

/// FAULTS C07
#[test]
fn a_home_that_was_restored_by_the_program_needs_no_contact_to_know() {
    let scene = history();
    for (home, folder) in [(scene.source(), "home-source"), (scene.replica(), "home-replica")] {
        put_back(&scene, folder, 2);
        scene.change(&home, |home| begin_new_life(home, "restored").map(drop));
        scene.write("changing", format!("after {folder}"));
        let way = converge(&scene);
        assert!(way.stops.iter().any(|(_, code)| code == "FRK-04"), "the other side is asked: {way:?}");
        no_full_resend(&way, folder);
    }
}

/// FAULTS C07
#[test]
fn a_second_copy_of_the_source_is_found_and_shut_out() {
    let scene = history();
    copy(&scene.source(), &scene.path("clone"));
    // Both go on: the original crosses, and then the copy packs what it sees.
    scene.write("changing", "by the original");
    scene.round();
    scene.write("changing", "by the copy");
    fs::create_dir(scene.path("other-medium")).unwrap();
    let medium = || CarryOptions { medium: scene.path("other-medium"), ..CarryOptions::default() };
    crate::carry(&scene.world, &scene.path("clone"), &medium()).unwrap();
    let carried = crate::carry(&scene.world, &scene.replica(), &medium()).unwrap();
    let codes: Vec<&str> = carried.applied.iter().flat_map(|applied| &applied.problems).map(|problem| problem.code).collect();
    assert_eq!(codes, ["FRK-03"]);
    let refuse = RebaseOptions { route: "all".into(), reason: "a copy".into(), refuse: true, ..RebaseOptions::default() };
    let failure = super::rebase(&scene.world, &scene.replica(), &refuse).unwrap_err();
    assert!(failure.0.code == "USE-01" && failure.0.detail.contains("of no other life"), "{failure}");
    // Two people decide for the original.
    let newest = RebaseOptions { route: "all".into(), reason: "the copy is shut down".into(), new_life: true, ..RebaseOptions::default() };
    assert_eq!(super::rebase(&scene.world, &scene.source(), &newest).unwrap().way, "new-life");
    assert_eq!(agree(&scene, &scene.replica()), "follow");
    no_full_resend(&converge(&scene), "the original");
    // What the copy makes is refused, and stops nothing.
    scene.write("changing", "by the copy again");
    crate::carry(&scene.world, &scene.path("clone"), &medium()).unwrap();
    let carried = crate::carry(&scene.world, &scene.replica(), &medium()).unwrap();
    let applied = carried.applied.unwrap();
    assert!(
        applied.problems.iter().all(|problem| problem.code == "FRK-06" && problem.detail.contains(".gfp)")) && !applied.problems.is_empty(),
        "{:?}",
        applied.problems
    );
    assert_eq!(crate::status(&scene.world, &scene.replica()).unwrap().routes[0].stopped, None);
}

/// FAULTS C07: a copy of the source's home was shut down; people agreed at the replica alone that its life is not followed any more, and the
/// source, for which all was done, sent nothing and never heard of it.
#[test]
fn a_life_that_is_not_followed_any_more_is_told_where_nothing_travels() {
    let scene = history();
    scene.write("changing", "by both");
    copy(&scene.source(), &scene.path("clone"));
    fs::create_dir(scene.path("other-medium")).unwrap();
    let medium = || CarryOptions { medium: scene.path("other-medium"), ..CarryOptions::default() };
    crate::carry(&scene.world, &scene.path("clone"), &medium()).unwrap();
    scene.round();
    fs::remove_dir_all(scene.path("medium/gapferry")).unwrap();
    crate::carry(&scene.world, &scene.replica(), &medium()).unwrap();
    assert_eq!(crate::status(&scene.world, &scene.replica()).unwrap().routes[0].stopped.as_deref(), Some("FRK-03"));
    assert_eq!(agree(&scene, &scene.replica()), "follow");
    let way = converge(&scene);
    assert_eq!(way.stops.first().map(|(side, _)| *side), Some("source"), "{way:?}");
    no_full_resend(&way, "the one source there is");
}

/// FAULTS C07, C08: what a killed scrub had found was to be told while nobody of the new life had been heard of: every command failed (USE-01).
#[test]
fn damage_that_nobody_was_told_of_does_not_stop_a_route_that_begins_anew() {
    let scene = history();
    scene.change(&scene.source(), |home| begin_new_life(home, "restored").map(drop));
    scene.write("changing", "after");
    scene.round();
    assert_eq!(crate::status(&scene.world, &scene.replica()).unwrap().routes[0].stopped.as_deref(), Some("FRK-04"));
    scene.change(&scene.replica(), |home| {
        let route = &home.replica().routes["all"];
        let number = route.items.iter().position(|item| item.held()).unwrap();
        let (step, read) = (route.readings + 1, (u32::try_from(number).unwrap(), wire::receipt::Outcome::Corrupt, wire::Digest([0; 32])));
        crate::scrub::reading::record(home, "all", step, false, &[read])
    });
    assert_eq!(agree(&scene, &scene.replica()), "follow");
    fs::create_dir_all(scene.path("other-medium/gapferry")).unwrap();
    let medium = CarryOptions { medium: scene.path("other-medium"), ..CarryOptions::default() };
    crate::carry(&scene.world, &scene.replica(), &medium).unwrap();
    converge(&scene);
}

/// FAULTS C07
#[test]
fn a_second_copy_of_the_replica_is_found() {
    let scene = history();
    copy(&scene.replica(), &scene.path("clone"));
    scene.write("changing", "once more");
    scene.carry(&scene.source());
    // Both copies apply the same medium and answer, each in its own way.
    copy(&scene.path("medium"), &scene.path("other-medium"));
    scene.carry(&scene.replica());
    let other = CarryOptions { medium: scene.path("other-medium"), ..CarryOptions::default() };
    crate::carry(&scene.world, &scene.path("clone"), &other).unwrap();
    scene.carry(&scene.source());
    crate::carry(&scene.world, &scene.source(), &other).unwrap();
    assert_eq!(crate::status(&scene.world, &scene.source()).unwrap().routes[0].stopped.as_deref(), Some("FRK-02"));
    no_full_resend(&converge(&scene), "the replica that stays");
    // What the copy goes on to say is refused, and the file is named.
    crate::scrub(&scene.world, &scene.path("clone"), &crate::ScrubOptions { to: Some(scene.path("other-medium")), ..Default::default() }).unwrap();
    let refused = crate::carry(&scene.world, &scene.source(), &other).unwrap().reconciled.unwrap().problems;
    assert!(refused.iter().any(|problem| problem.code == "FRK-06" && problem.detail.contains(".gfr)")), "{refused:?}");
}

/// FAULTS P07
#[test]
fn a_replica_where_nothing_is_stopped_has_nothing_to_agree_to() {
    let scene = Scene::new();
    let ask = |home: &Path, route: &str, reason: &str| {
        super::rebase(&scene.world, home, &RebaseOptions { route: route.into(), reason: reason.into(), ..RebaseOptions::default() }).map(|report| report.way)
    };
    let code = |result: Result<&str, crate::Failure>| result.unwrap_err().0.code;
    assert_eq!(code(ask(&scene.replica(), "all", "why not")), "USE-01");
    assert_eq!(code(ask(&scene.source(), "none", "no such route")), "USE-01");
    assert_eq!(code(ask(&scene.source(), "all", " ")), "USE-01");
    assert_eq!(ask(&scene.source(), "all", "filled by hand").unwrap(), "ask");
}

/// FAULTS C07
#[test]
fn a_life_that_people_read_out_is_followed_without_a_stop() {
    for went_back in [Role::Source, Role::Replica] {
        let scene = history();
        let (home, other) = if went_back == Role::Source { (scene.source(), scene.replica()) } else { (scene.replica(), scene.source()) };
        copy(&home, &scene.path("kept"));
        for content in ["lost one", "lost two"] {
            scene.write("changing", content);
            scene.round();
        }
        let former = Home::open(&scene.world, &home, Access::Read).unwrap().incarnation().to_string();
        copy(&scene.path("kept"), &home);
        let options =
            |life: Option<String>, new_life| RebaseOptions { route: "all".into(), reason: "restored".into(), life, new_life, ..RebaseOptions::default() };
        let refused = |home: &Path, life: &str| super::rebase(&scene.world, home, &options(Some(life.into()), false)).unwrap_err().0.code;
        let life = super::rebase(&scene.world, &home, &options(None, true)).unwrap().incarnation;
        assert_eq!(refused(&home, &life), "USE-01", "its own");
        assert_eq!(refused(&other, &former), "USE-01", "the one that is followed");
        assert_eq!(refused(&other, &life[1..]), "USE-01", "not whole");
        let agreed = super::rebase(&scene.world, &other, &options(Some(life.clone()), false)).unwrap();
        assert_eq!((agreed.life.as_deref(), agreed.way), (Some(life.as_str()), if went_back == Role::Source { "follow" } else { "ask" }));
        assert_eq!(refused(&other, &former), "USE-01", "what is over");
        // One crossing there and back, and nothing stops or is refused on the way, whatever an old medium holds.
        let way = converge(&scene);
        assert!(way.stops.is_empty(), "{went_back:?}: {way:?}");
        no_full_resend(&way, "a life that was told");
        let carried = scene.carry(&scene.source());
        assert_eq!(carried.reconciled.unwrap().problems, [], "{went_back:?}");
    }
}

/// FAULTS P07
#[test]
fn a_receipt_of_a_life_that_is_over_has_served_when_the_same_replica_says_more() {
    let scene = history();
    copy(&scene.source(), &scene.path("kept"));
    scene.write("changing", "lost");
    scene.round();
    copy(&scene.path("kept"), &scene.source());
    converge(&scene);
    // What the replica said while it stood still lies on the medium until the source has heard more.
    for _ in 0..2 {
        let carried = scene.carry(&scene.source());
        assert_eq!(carried.reconciled.unwrap().problems, []);
    }
    assert_eq!(scene.on_medium("gfr"), Vec::<std::path::PathBuf>::new());
}

/// FAULTS P07: a package of a life that was over and lay on the medium made one receipt after the other, and kept what a source that
/// was put back had to be told from being told.
#[test]
fn an_old_package_that_stays_on_its_medium_is_told_once() {
    let scene = history();
    copy(&scene.source(), &scene.path("kept"));
    scene.write("changing", "lost");
    scene.carry(&scene.source());
    let old = scene.on_medium("gfp").pop().unwrap();
    let content = fs::read(&old).unwrap();
    copy(&scene.path("kept"), &scene.source());
    scene.carry(&scene.replica());
    converge(&scene);
    fs::write(&old, content).unwrap();
    let mut written = Vec::new();
    for _ in 0..4 {
        let applied = scene.carry(&scene.replica()).applied.unwrap();
        assert!(applied.problems.iter().any(|problem| problem.code == "FRK-06"), "{:?}", applied.problems);
        written.push(applied.receipts.iter().filter(|receipt| receipt.written).count());
        scene.carry(&scene.source());
    }
    assert_eq!(written[1..], [0, 0, 0], "{written:?}");
}

/// FAULTS K04: where two people must agree, one alone begins nothing anew, on either side.
#[test]
fn two_people_begin_anew() {
    let scene = history();
    put_back(&scene, "home-source", 2);
    scene.write("changing", "after the old copy");
    for home in [scene.source(), scene.replica()] {
        scene.policy(&home, "release_people = 2");
    }
    let ask = |home: &Path, user: &str, new_life: bool| {
        let mut world = scene.world.clone();
        world.actor.user = user.into();
        let options = RebaseOptions { route: "all".into(), reason: "looked into".into(), new_life, ..RebaseOptions::default() };
        let report = super::rebase(&world, home, &options).unwrap();
        (report.agreed.join(" "), report.missing, report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>())
    };
    let status = |home: &Path| {
        let route = crate::status(&scene.world, home).unwrap().routes.remove(0);
        (route.stopped.is_some(), route.agreed.join(" "))
    };
    let life = |home: &Path| crate::status(&scene.world, home).unwrap().incarnation;
    let carry_on = |home: &Path| {
        for _ in 0..4 {
            if status(home).0 {
                return;
            }
            scene.carry(&scene.source());
            scene.carry(&scene.replica());
        }
        panic!("it does not stop");
    };
    let (alone, both) = (|who: &str| (who.to_owned(), 1, vec!["ACT-01"]), |who: &str| (who.to_owned(), 0, vec![]));
    // The replica sees it first. It stays stopped until the second one agrees to the same.
    let (source, replica) = (scene.source(), scene.replica());
    carry_on(&replica);
    let foresee = |home: &Path, user: &str| {
        let mut world = scene.world.clone();
        world.actor.user = user.into();
        let options = RebaseOptions { route: "all".into(), reason: "looked into".into(), dry_run: true, ..RebaseOptions::default() };
        let report = super::rebase(&world, home, &options).unwrap();
        assert!(report.problems.is_empty());
        (report.agreed.join(" "), report.missing)
    };
    assert_eq!(foresee(&replica, "li"), (String::new(), 1), "the dry run says how many others must");
    assert_eq!(ask(&replica, "li", false), alone("li"));
    assert_eq!((foresee(&replica, "li"), foresee(&replica, "wang")), (("li".into(), 1), ("li".into(), 0)));
    assert_eq!(ask(&replica, "li", false), alone("li"), "the same person twice is one");
    assert_eq!(status(&replica), (true, "li".into()));
    assert_eq!(ask(&replica, "wang", true), alone("wang"), "another way: it begins anew");
    assert_eq!(ask(&replica, "wang", false), alone("wang"));
    assert_eq!((ask(&replica, "li", false), status(&replica)), (both("wang li"), (false, String::new())));
    // The source: its ledger goes on as it is until then.
    let before = life(&source);
    assert_eq!((ask(&source, "wang", true), life(&source) == before), (alone("wang"), true));
    assert_eq!((ask(&source, "li", true), life(&source) == before), (both("wang li"), false));
    assert_eq!(ask(&source, "li", true), alone("li"), "the next time it begins anew");
}

/// FAULTS C07: a copy of the replica's home answered everything and was shut down; the home itself, which holds nothing, began a
/// new life and had nothing to answer, so the source never heard of it and held everything for proven.
#[test]
fn a_new_life_that_has_nothing_to_answer_is_told_all_the_same() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.carry(&scene.source());
    copy(&scene.replica(), &scene.path("kept"));
    scene.carry(&scene.replica());
    scene.carry(&scene.source());
    copy(&scene.path("kept"), &scene.replica());
    fs::remove_dir_all(scene.path("replica")).unwrap();
    fs::create_dir(scene.path("replica")).unwrap();
    let way = converge(&scene);
    assert_eq!(way.stops.iter().map(|(side, code)| (*side, code.as_str())).collect::<Vec<_>>(), [("replica", "FRK-02"), ("source", "FRK-04")]);
    assert_eq!(scene.on_replica("a").as_deref(), Some(&b"one"[..]));
}

/// FAULTS C07: the first thing that a new life of the replica had to tell was that it refuses an old package, and the source took that
/// for nothing new.
#[test]
fn a_new_life_that_only_refuses_is_told_all_the_same() {
    let scene = history();
    scene.write("changing", "for an old medium");
    scene.carry(&scene.source());
    copy(&scene.path("medium"), &scene.path("old-medium"));
    scene.change(&scene.source(), |home| begin_new_life(home, "restored").map(drop));
    converge(&scene);
    scene.change(&scene.replica(), |home| begin_new_life(home, "restored").map(drop));
    scene.carry_with(&scene.replica(), "old-medium");
    scene.carry_with(&scene.source(), "old-medium");
    let stopped = crate::status(&scene.world, &scene.source()).unwrap().routes[0].stopped.clone();
    assert_eq!(stopped, None, "a refusal alone is no news");
    let way = converge(&scene);
    assert!(way.stops.iter().any(|(side, code)| (*side, code.as_str()) == ("source", "FRK-04")), "{way:?}");
}

/// FAULTS C07: the home alone went back, to the middle of a switch that came to its end on the tree: the next command gave up
/// for ever, because what it was to switch in lay nowhere.
#[test]
fn a_home_that_went_back_into_a_switch_goes_on() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.write("b", "two");
    scene.carry(&scene.source());
    let (replica, kept) = (scene.replica(), scene.path("kept"));
    let world = scene.world_at(Stage::Apply, move || copy(&replica, &kept));
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    crate::carry(&world, &scene.replica(), &options).unwrap();
    fs::remove_dir_all(scene.replica()).unwrap();
    copy(&scene.path("kept"), &scene.replica());
    fs::remove_file(scene.path("replica/b")).unwrap();
    scene.carry(&scene.replica());
    assert_eq!(scene.on_replica("a").as_deref(), Some(&b"one"[..]));
    converge(&scene);
    assert_eq!(scene.on_replica("b").as_deref(), Some(&b"two"[..]));
}

/// FAULTS C07: a copy of the home was taken while a package was switched in, and its new life began before the tree was there: the
/// package that was to be read back was of no life, and every command ended in a panic.
#[test]
fn a_new_life_that_begins_in_a_switch_goes_on() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.round();
    scene.write("b", "two");
    scene.carry(&scene.source());
    let (replica, kept) = (scene.replica(), scene.path("kept"));
    let world = scene.world_at(Stage::Apply, move || copy(&replica, &kept));
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    crate::carry(&world, &scene.replica(), &options).unwrap();
    fs::remove_dir_all(scene.replica()).unwrap();
    copy(&scene.path("kept"), &scene.replica());
    fs::rename(scene.path("replica"), scene.path("elsewhere")).unwrap();
    let anew = RebaseOptions { route: "all".into(), reason: "put back".into(), new_life: true, ..RebaseOptions::default() };
    crate::rebase(&scene.world, &scene.replica(), &anew).unwrap();
    fs::rename(scene.path("elsewhere"), scene.path("replica")).unwrap();
    scene.carry(&scene.replica());
    converge(&scene);
    assert_eq!(scene.on_replica("b").as_deref(), Some(&b"two"[..]));
}
