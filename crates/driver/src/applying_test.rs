//! What a replica does with packages that it knows, that come late, or that meet something else than was left there.

use crate::home::{Access, Home};
use crate::progress::Stage;
use crate::status::scene::{Scene, copy};
use crate::world::World;
use crate::{CarryOptions, RebaseOptions};
use std::sync::Arc;
use std::{fs, io};
use store::disk::{Dir, Disk, File, Rename};
use wire::card::Role;
use wire::record::Stopped;

/// What became of the packages that the replica was brought on a medium.
fn results(scene: &Scene, medium: &str) -> Vec<&'static str> {
    let applied = scene.carry_with(&scene.replica(), medium).applied.unwrap();
    applied.packages.iter().map(|package| package.result).collect()
}

fn done(scene: &Scene) -> (u64, u64) {
    let items = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
    (items.done, items.total)
}

/// FAULTS P06
#[test]
fn a_package_that_comes_again_is_known_and_changes_nothing() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.carry(&scene.source());
    copy(&scene.path("medium"), &scene.path("late"));
    assert_eq!(results(&scene, "medium"), ["applied"]);
    scene.carry(&scene.source());
    scene.write("a", "two");
    scene.round();
    let begun = |scene: &Scene| Home::open(&scene.world, &scene.replica(), Access::Read).unwrap().begun("all", 1).unwrap();
    let before = begun(&scene);
    assert_eq!(results(&scene, "late"), ["replayed"]);
    assert_eq!((begun(&scene), scene.on_replica("a")), (before, Some(b"two".to_vec())));
}

/// FAULTS C07
#[test]
fn what_was_packed_before_the_route_began_anew_is_void() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.round();
    scene.write("a", "two");
    scene.carry(&scene.source());
    copy(&scene.path("medium"), &scene.path("late"));
    let anew = RebaseOptions { route: "all".into(), reason: "looked into".into(), ..RebaseOptions::default() };
    assert_eq!(crate::rebase(&scene.world, &scene.source(), &anew).unwrap().way, "ask");
    scene.round();
    assert_eq!(results(&scene, "late"), ["void", "void"], "what was packed and the acknowledgement before it");
    scene.round();
    scene.round();
    assert_eq!((done(&scene), scene.on_replica("a")), ((1, 1), Some(b"two".to_vec())));
}

/// FAULTS C07
#[test]
fn a_route_that_is_stopped_takes_nothing_in() {
    let scene = Scene::new();
    let stop = |whose| Stopped { route: "all".into(), code: "FRK-04".into(), seen: "a test".into(), whose, life: None };
    scene.write("a", "one");
    scene.carry(&scene.source());
    copy(&scene.replica(), &scene.path("kept"));
    scene.change(&scene.replica(), |home| home.record(stop(Role::Source)));
    assert_eq!((results(&scene, "medium"), scene.on_replica("a")), (vec!["stopped"], None));
    fs::remove_dir_all(scene.replica()).unwrap();
    copy(&scene.path("kept"), &scene.replica());
    assert_eq!(results(&scene, "medium"), ["applied"]);
    scene.change(&scene.source(), |home| home.record(stop(Role::Replica)));
    let taken: Vec<&str> = scene.carry(&scene.source()).reconciled.unwrap().receipts.iter().map(|receipt| receipt.result).collect();
    assert_eq!((taken, done(&scene)), (vec!["stopped"], (0, 1)));
}

/// FAULTS P05, P21: a document is whole and right or not there, whatever became of its parts.
#[test]
fn a_part_that_was_damaged_meanwhile_makes_no_document() {
    let scene = Scene::new();
    let mut content = vec![0; 300_000];
    blake3::Hasher::new().update(b"parts").finalize_xof().fill(&mut content);
    scene.write("large", &content);
    let small = CarryOptions { medium: scene.path("medium"), medium_size: Some(160 << 10), ..CarryOptions::default() };
    let mut damaged = false;
    for round in 0.. {
        assert!(round < 12, "it does not heal");
        crate::carry(&scene.world, &scene.source(), &small).unwrap();
        scene.carry(&scene.replica());
        assert!(scene.on_replica("large").is_none_or(|there| there == content), "round {round}");
        if done(&scene) == (1, 1) {
            break;
        }
        let parts = scene.path("replica/.gapferry/parts");
        let folder = fs::read_dir(parts).ok().and_then(|mut folders| folders.next()).map(|folder| folder.unwrap().path());
        if let Some(part) = folder.filter(|_| !damaged).map(|folder| fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()) {
            let mut bytes = fs::read(&part).unwrap();
            bytes[1000] ^= 1;
            fs::write(&part, bytes).unwrap();
            damaged = true;
        }
    }
    assert!(damaged, "there was a part to be damaged");
}

/// FAULTS C05
#[test]
fn what_was_to_be_removed_and_is_still_there_is_told() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.write("b", "two");
    scene.round();
    scene.remove("a");
    scene.carry(&scene.source());
    let place = scene.path("replica/a");
    let world = scene.world_at(Stage::Attest, move || fs::write(place, "somebody puts it back").unwrap());
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    let applied = crate::carry(&world, &scene.replica(), &options).unwrap().applied.unwrap();
    assert_eq!(applied.packages.iter().map(|package| package.failed).sum::<u64>(), 1, "the replica saw it itself");
    let taken = scene.carry(&scene.source()).reconciled.unwrap();
    assert_eq!(taken.discrepancies.iter().map(|told| told.outcome).collect::<Vec<_>>(), ["corrupt"]);
    // It comes again, and what somebody put there is set aside like any local change: then the removal is proven.
    scene.round();
    assert_eq!((done(&scene), scene.on_replica("a")), ((1, 1), None));
    let kept: Vec<_> = fs::read_dir(scene.path("replica/.gapferry/kept")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(kept, [b"somebody puts it back"]);
}

/// The real disk, on which one name cannot be renamed to.
struct Broken(&'static [u8], store::real::RealDisk, i32);

impl Disk for Broken {
    store::hand_on!(Disk to 1: root make_root dir list stat remove remove_dir sync_dir sync_all space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.1.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.1.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.1.create(dir, name, mode)
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        if to.1 == self.0 { Err(io::Error::from_raw_os_error(self.2)) } else { self.1.rename(from, to, how) }
    }
}

/// One file at which the disk fails stopped every route of the home.
#[test]
fn a_route_that_cannot_be_switched_stops_no_other() {
    let scene = Scene::new();
    let (world, into) = (&scene.world, scene.another_route("second", "another"));
    scene.write("broken", "one");
    fs::write(scene.path("another/other"), "two").unwrap();
    scene.carry(&scene.source());
    let broken = World { disk: Arc::new(Broken(b"broken", store::real::RealDisk::new(), 5)), ..world.clone() };
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    let carry = || crate::carry(&broken, &scene.replica(), &options);
    let failure = carry().unwrap_err().0;
    assert_eq!((failure.code, failure.subject.as_str()), ("IO-01", scene.path("replica/broken").to_str().unwrap()));
    for _ in 0..2 {
        let report = carry().unwrap().applied.unwrap();
        let about: Vec<_> = report.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
        assert_eq!(about[0], ("IO-01", scene.path("replica/broken").to_str().unwrap()));
        assert_eq!(fs::read(into.join("other")).unwrap(), b"two");
    }
    scene.write("broken", "two");
    scene.carry(&scene.source());
    assert!(carry().unwrap().applied.unwrap().packages.iter().all(|package| package.result == "stopped" || package.route == "second"));
    scene.carry(&scene.replica());
    assert_eq!(scene.on_replica("broken").as_deref(), Some(&b"two"[..]));
}

/// What the replica's file system does not let be written is counted as failed, and as nothing else.
#[test]
fn what_fails_is_not_counted_as_written() {
    let scene = Scene::new();
    for name in ["a", "denied", "z"] {
        scene.write(name, "four");
    }
    scene.carry(&scene.source());
    let denied = World { disk: Arc::new(Broken(b"denied", store::real::RealDisk::new(), 13)), ..scene.world.clone() };
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    let applied = crate::carry(&denied, &scene.replica(), &options).unwrap().applied.unwrap();
    let package = &applied.packages[0];
    assert_eq!((package.written, package.bytes, package.failed, package.removed), (2, 8, 1, 0), "{applied:?}");
}

/// FAULTS C01, A08: what was kept aside before a failure is told by whoever brings the package to its end.
#[test]
fn what_was_kept_aside_before_a_failure_is_told_all_the_same() {
    let scene = Scene::new();
    ["a", "z"].iter().for_each(|name| scene.write(name, "one"));
    scene.round();
    ["a", "z"].iter().for_each(|name| scene.write(name, "two"));
    scene.carry(&scene.source());
    fs::write(scene.path("replica/a"), "by hand").unwrap();
    let broken = World { disk: Arc::new(Broken(b"z", store::real::RealDisk::new(), 5)), ..scene.world.clone() };
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    assert_eq!(crate::carry(&broken, &scene.replica(), &options).unwrap_err().0.code, "IO-01");
    assert_eq!(scene.on_replica("a").as_deref(), Some(&b"two"[..]), "it was switched in before that");
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    let about: Vec<_> = applied.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!((about, applied.kept_aside), (vec![("RPL-03", "a")], vec![wire::ItemId("a".into())]));
}

/// FAULTS M01: a receipt that is lost on its way and damaged where it was kept is made anew.
#[test]
fn a_receipt_that_is_lost_and_damaged_is_made_anew() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.carry(&scene.source());
    scene.carry(&scene.replica());
    let kept: Vec<_> = fs::read_dir(scene.replica().join("spool/out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!((kept.len(), scene.on_medium(".gfr").len()), (1, 1));
    fs::write(&kept[0], "damaged").unwrap();
    scene.on_medium(".gfr").iter().for_each(|file| fs::remove_file(file).unwrap());
    scene.carry(&scene.replica());
    scene.carry(&scene.source());
    assert_eq!(done(&scene), (1, 1));
}

/// FAULTS C01: what an interrupted staging left goes with the next command.
#[test]
fn what_was_staged_and_never_begun_goes() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.round();
    let left = scene.path("replica/.gapferry/stage/00000000000000000000000000000009");
    fs::create_dir_all(left.join("00")).unwrap();
    fs::write(left.join("00/00"), "half").unwrap();
    scene.carry(&scene.replica());
    assert!(!left.exists());
}
