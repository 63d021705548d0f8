//! Two homes over gateway folders, a clock that is moved, and files that somebody withholds.

use crate::daemon::{DaemonOptions, RoundReport, run};
use crate::status::scene::Scene;
use std::fs;
use std::path::PathBuf;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn once(scene: &Scene, home: PathBuf) -> RoundReport {
    run(&scene.world, &home, &DaemonOptions { once: true }).unwrap()
}

/// A round of either side; the codes of its problems.
fn rounds(scene: &Scene) -> (Vec<&'static str>, Vec<&'static str>) {
    let codes = |report: RoundReport| report.problems.iter().map(|problem| problem.code).collect();
    (codes(once(scene, scene.source())), codes(once(scene, scene.replica())))
}

fn files(scene: &Scene, folder: &str) -> usize {
    fs::read_dir(scene.path(folder)).unwrap().count()
}

/// Somebody withholds all that lies in the folders.
fn withhold(scene: &Scene) {
    for folder in ["over", "back"] {
        fs::read_dir(scene.path(folder)).unwrap().for_each(|entry| fs::remove_file(entry.unwrap().path()).unwrap());
    }
}

/// A round of either side while somebody withholds what they write.
fn withheld(scene: &Scene) -> (Vec<&'static str>, Vec<&'static str>) {
    let codes = |report: RoundReport| report.problems.iter().map(|problem| problem.code).collect();
    let source = codes(once(scene, scene.source()));
    withhold(scene);
    let replica = codes(once(scene, scene.replica()));
    withhold(scene);
    (source, replica)
}

fn silent(scene: &Scene) -> [Option<u64>; 2] {
    [scene.source(), scene.replica()].map(|home| crate::status(&scene.world, &home).unwrap().routes[0].silent_seconds)
}

/// One document that is proven and acknowledged.
fn settled() -> Scene {
    let scene = Scene::with_gateways();
    scene.write("a", "alpha");
    for _ in 0..3 {
        rounds(&scene);
    }
    assert_eq!((files(&scene, "over"), files(&scene, "back")), (0, 0));
    scene
}

/// FAULTS P08
#[test]
fn each_side_is_heard_once_in_a_period_and_no_more() {
    let scene = settled();
    let wrote = |scene: &Scene| once(scene, scene.source()).wrote + once(scene, scene.replica()).wrote;
    assert_eq!((0..4).map(|_| wrote(&scene)).sum::<u64>(), 0, "nothing is due");
    for _ in 0..3 {
        scene.pass(DAY + HOUR);
        let written: Vec<u64> = (0..6).map(|_| wrote(&scene)).collect();
        assert!((2..=3).contains(&written.iter().sum::<u64>()) && written[3..] == [0, 0, 0], "one each, and an acknowledgement at most: {written:?}");
        assert_eq!((files(&scene, "over"), files(&scene, "back")), (0, 0));
        assert_eq!(rounds(&scene), (vec![], vec![]));
    }
}

/// FAULTS P08
#[test]
fn both_sides_alarm_within_a_period_of_what_was_withheld() {
    let scene = settled();
    // The sign that was due after a day is withheld; a day later it is an alarm.
    for hours in [23, 1, 12, 11] {
        scene.pass(hours * HOUR);
        assert_eq!(withheld(&scene), (vec![], vec![]));
    }
    scene.pass(2 * HOUR);
    assert_eq!(withheld(&scene), (vec!["SRC-09"], vec!["RPL-07"]));
    assert!(silent(&scene).iter().all(|seconds| seconds.is_some_and(|seconds| (2 * DAY as u64..2 * DAY as u64 + 3 * HOUR as u64).contains(&seconds))));
    assert_eq!(crate::status(&scene.world, &scene.replica()).unwrap().problems[0].code, "RPL-07");
    // What is let through ends it on either side.
    scene.pass(DAY);
    rounds(&scene);
    rounds(&scene);
    assert_eq!(rounds(&scene), (vec![], vec![]));
    assert!(silent(&scene).iter().all(|seconds| seconds.is_some_and(|seconds| seconds < HOUR as u64)));
}

/// FAULTS P08
#[test]
fn an_archive_that_is_away_is_no_reason_to_seem_dead() {
    let scene = settled();
    fs::rename(scene.path("archive"), scene.path("elsewhere")).unwrap();
    scene.pass(DAY + HOUR);
    let (source, replica) = rounds(&scene);
    assert_eq!((source, replica), (vec!["SRC-01"], vec![]));
    let heard = silent(&scene)[1];
    assert!(heard.is_some_and(|seconds| seconds < HOUR as u64), "the replica heard of the source {heard:?} s ago");
}

/// FAULTS P08
#[test]
fn nobody_takes_them_out_and_yet_they_do_not_pile_up() {
    let scene = settled();
    for _ in 0..5 {
        scene.pass(DAY + HOUR);
        once(&scene, scene.source());
    }
    assert_eq!(files(&scene, "over"), 1, "the replica was off");
    once(&scene, scene.replica());
    for _ in 0..5 {
        scene.pass(DAY + HOUR);
        once(&scene, scene.replica());
    }
    assert_eq!(files(&scene, "back"), 1, "the source was off");
    rounds(&scene);
    assert_eq!((rounds(&scene), rounds(&scene)), ((vec![], vec![]), (vec![], vec![])));
    scene.write("b", "beta");
    rounds(&scene);
    rounds(&scene);
    let items = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
    assert_eq!((items.total, items.done), (2, 2));
}

/// FAULTS C10, P08
#[test]
fn a_clock_that_jumps_neither_raises_nor_hides_an_alarm_for_good() {
    let decade = 10 * 365 * DAY;
    for (there, back) in [(decade, -decade), (-decade, decade)] {
        let scene = settled();
        scene.pass(there);
        rounds(&scene);
        rounds(&scene);
        assert_eq!(rounds(&scene), (vec![], vec![]), "{there}: both are alive");
        scene.pass(back);
        rounds(&scene);
        rounds(&scene);
        assert_eq!(rounds(&scene), (vec![], vec![]), "{there}: both are alive");
        for _ in 0..3 {
            scene.pass(DAY + HOUR);
            withheld(&scene);
        }
        assert_eq!(withheld(&scene), (vec!["SRC-09"], vec!["RPL-07"]), "{there}: nothing comes any more");
    }
}

/// FAULTS C07: where a copy of the replica's home answered and nothing changes any more, nothing else would ever ask the replica.
#[test]
fn after_a_long_silence_a_medium_asks_what_the_replica_holds() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    scene.round();
    let packed = |scene: &Scene| scene.carry(&scene.source()).packed.unwrap().packages;
    assert!(packed(&scene).is_empty());
    scene.pass(29 * DAY);
    assert!(packed(&scene).is_empty(), "not yet");
    scene.pass(2 * DAY);
    let asks = packed(&scene);
    assert_eq!(asks.iter().map(|package| package.items).collect::<Vec<_>>(), [0]);
    scene.carry(&scene.replica());
    let told = scene.carry(&scene.source());
    assert_eq!(told.reconciled.unwrap().receipts.iter().filter(|receipt| receipt.result == "taken").count(), 1, "it answers");
    for _ in 0..3 {
        scene.carry(&scene.replica());
        let told = scene.carry(&scene.source());
        assert!(told.reconciled.unwrap().receipts.is_empty() && told.packed.unwrap().packages.is_empty(), "once");
    }
}

#[test]
fn over_a_medium_and_without_a_period_nothing_is_expected() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    scene.pass(1000 * DAY);
    assert_eq!(silent(&scene), [None, None]);
    let scene = settled();
    scene.policy(&scene.source(), "heartbeat_hours = 0");
    scene.policy(&scene.replica(), "heartbeat_hours = 0");
    scene.pass(1000 * DAY);
    assert_eq!((rounds(&scene), silent(&scene)), ((vec![], vec![]), [None, None]));
    assert_eq!((files(&scene, "over"), files(&scene, "back")), (0, 0));
}

/// FAULTS P08
#[test]
fn a_stopped_breaker_does_not_seem_dead() {
    let scene = Scene::with_gateways();
    scene.policy(&scene.source(), "breaker_items = 1\nbreaker_percent = 1");
    (0..8).for_each(|number| scene.write(number.to_string(), "old"));
    (0..3).for_each(|_| drop(rounds(&scene)));
    (0..8).for_each(|number| scene.write(number.to_string(), "changed by somebody"));
    assert_eq!(rounds(&scene), (vec!["SRC-03"], vec![]));
    for _ in 0..4 {
        scene.pass(DAY + HOUR);
        assert_eq!(rounds(&scene), (vec!["SRC-03"], vec![]));
    }
    assert_eq!(scene.on_replica("0").unwrap(), b"old");
}

/// FAULTS P08: a fork is a reason to seem dead: somebody else may speak in our name.
#[test]
fn who_is_stopped_at_a_fork_gives_no_sign_of_life() {
    let scene = settled();
    scene.change(&scene.source(), |home| {
        home.record(wire::record::Stopped { route: "all".into(), code: "FRK-02".into(), seen: "a test".into(), whose: wire::card::Role::Replica, life: None })
    });
    scene.pass(2 * DAY);
    assert_eq!((once(&scene, scene.source()).wrote, files(&scene, "over")), (0, 0));
}
