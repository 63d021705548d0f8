//! Rot: found wherever a document is read again, never carried, mended by the good file; and the part that is due.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use store::clock::{Clock, RealClock};
use wire::record::CapturedRow;

use super::*;
use crate::report::CaptureReport;
use crate::status::scene::Scene;
use crate::world::World;

fn capture(scene: &Scene, deep: bool) -> CaptureReport {
    crate::capture(&scene.world, &scene.source(), deep).unwrap()
}

fn rotten(report: &CaptureReport) -> Vec<String> {
    assert_eq!(report.problems.iter().filter(|problem| problem.code == "SRC-06").count(), report.archives[0].rotten.len());
    report.archives[0].rotten.iter().map(ToString::to_string).collect()
}

/// Other content behind the attributes that the ledger knows: a disk would do the same without a trace.
fn rot(scene: &Scene, name: &str, content: &str) {
    scene.write(name, content);
    let world = &scene.world;
    let root = world.disk.root(&scene.path("archive")).unwrap();
    let stat = capture::read::stat_document(&*world.disk, &root, &ItemId(name.into())).unwrap();
    scene.change(&scene.source(), |home| {
        let (number, item) = home.source().archives["archive"].find(&ItemId(name.into())).unwrap();
        let (item, version, digest, shape) = (number, item.version, item.digest.expect("it was read"), item.shape);
        home.record(Captured { archive: "archive".into(), root: None, rows: vec![CapturedRow { item, id: None, version, stat: Some(stat) }] })?;
        home.record(Read { archive: "archive".into(), rows: vec![ReadRow { item, version, digest, young: false, shape }] })
    });
}

/// FAULTS C08: what rots after it was proven, and what rots while it waits, is found and never carried.
#[test]
fn rot_is_found_and_never_carried() {
    let scene = Scene::new();
    for name in ["a", "b", "waits"] {
        scene.write(name, format!("{name} as it must be"));
    }
    scene.round();
    scene.write("waits", "a second version");
    // On a medium that is lost.
    scene.carry(&scene.source());
    std::fs::remove_dir_all(scene.path("medium/gapferry")).unwrap();
    rot(&scene, "a", "A as it must be");
    rot(&scene, "waits", "a second versi0n");
    assert_eq!(rotten(&capture(&scene, false)), [] as [&str; 0], "nothing shows");
    assert_eq!(rotten(&capture(&scene, true)), ["a", "waits"]);
    assert_eq!(rotten(&capture(&scene, false)), ["a", "waits"], "the alarm stays");
    let status = crate::status(&scene.world, &scene.source()).unwrap();
    assert_eq!(status.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect::<Vec<_>>(), [("SRC-06", "a"), ("SRC-06", "waits")]);
    scene.round();
    assert_eq!((scene.on_replica("a"), scene.on_replica("waits")), (Some(b"a as it must be".to_vec()), Some(b"waits as it must be".to_vec())));
    // The good files come back, as from a backup; what waited goes.
    scene.write("a", "a as it must be");
    scene.write("waits", "a second version");
    assert_eq!(rotten(&capture(&scene, false)), [] as [&str; 0]);
    scene.round();
    assert_eq!(scene.on_replica("waits"), Some(b"a second version".to_vec()));
    assert_eq!(crate::status(&scene.world, &scene.source()).unwrap().problems, []);
}

/// FAULTS C08: packing finds what nobody looked for; documents of all sizes.
#[test]
fn packing_finds_rot() {
    for bytes in [100, 3 << 20] {
        let scene = Scene::new();
        let content: String = std::iter::repeat_n("in order, ", bytes / 10).collect();
        scene.write("a", &content);
        scene.carry(&scene.source());
        std::fs::remove_dir_all(scene.path("medium/gapferry")).unwrap();
        rot(&scene, "a", &content.replacen("order", "0rder", 1));
        let report = scene.carry(&scene.source());
        let packed = report.packed.unwrap();
        let codes: Vec<&str> = packed.problems.iter().map(|problem| problem.code).collect();
        assert_eq!((codes, packed.packages.iter().map(|package| package.items).sum::<u64>()), (vec!["SRC-06"], 0), "{bytes} bytes");
        scene.carry(&scene.replica());
        assert_eq!(scene.on_replica("a"), None, "{bytes} bytes");
    }
}

/// FAULTS C08: a folder that is renamed takes what was read along: its rot is found, what is sound travels, and so does the good file.
#[test]
fn rot_under_another_name_is_rot() {
    let scene = Scene::new();
    ["folder/rots", "folder/sound"].iter().for_each(|name| scene.write(name, format!("{name} in order")));
    scene.round();
    scene.pass(10);
    capture(&scene, false);
    rot(&scene, "folder/rots", "folder/rots in 0rder");
    std::fs::rename(scene.path("archive/folder"), scene.path("archive/renamed")).unwrap();
    let packed = scene.carry(&scene.source()).packed.unwrap();
    let problems: Vec<_> = packed.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!(problems, [("SRC-06", "renamed/rots")]);
    scene.carry(&scene.replica());
    assert_eq!((scene.on_replica("renamed/rots"), scene.on_replica("renamed/sound").as_deref()), (None, Some(&b"folder/sound in order"[..])));
    assert_eq!(rotten(&capture(&scene, false)), ["renamed/rots"], "the alarm stays");
    scene.write("renamed/rots", "folder/rots in order");
    scene.round();
    assert_eq!(scene.on_replica("renamed/rots").as_deref(), Some(&b"folder/rots in order"[..]));
}

/// Everything is read again within the period by commands that capture, the part that is due each time, and rot shows.
#[test]
fn the_part_that_is_due_is_read_again() {
    const DAY: i64 = 86_400;
    let scene = Scene::new();
    scene.policy(&scene.source(), "scrub_days = 10");
    let names: Vec<String> = (0..20).map(|number| format!("{number:02}")).collect();
    names.iter().for_each(|name| scene.write(name, name));
    scene.round();
    // What was packed at once after it was written is read once more, for the clock's tick.
    scene.pass(10);
    capture(&scene, false);
    rot(&scene, "07", "7!");
    let (mut read, mut found) = (Vec::new(), Vec::new());
    for day in 1..=10 {
        scene.pass(DAY);
        let report = capture(&scene, false);
        read.push(report.archives[0].scrubbed);
        found.extend(rotten(&report).into_iter().map(|name| (day, name)));
    }
    assert!(read.iter().all(|read| (1..=3).contains(read)) && read.iter().sum::<u64>() >= 19, "two a day: {read:?}");
    assert_eq!(found.first().map(|(_, name)| name.as_str()), Some("07"));
    scene.pass(40 * DAY);
    let report = capture(&scene, false);
    assert_eq!((report.archives[0].scrubbed, report.archives[0].overdue), (19, 0), "after a long pause all of it, but what is rotten anyway");
    scene.policy(&scene.source(), "scrub_bytes_per_second = 1024");
    scene.pass(40 * DAY);
    let report = capture(&scene, false);
    assert_eq!((report.archives[0].scrubbed, report.archives[0].overdue), (7, 12), "30 seconds at 1 KiB are seven and a half times 4 KiB");
    let report = capture(&scene, false);
    assert_eq!((report.archives[0].scrubbed, report.archives[0].overdue), (7, 5), "the rest is due next time");
}

/// A clock that stands still but when somebody waits, and keeps for how long.
struct Standing {
    now: AtomicI64,
    waited: Mutex<Vec<u64>>,
}

impl Clock for Standing {
    fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }
    fn wait(&self, nanoseconds: u64) {
        self.now.fetch_add(nanoseconds as i64, Ordering::SeqCst);
        self.waited.lock().unwrap().push(nanoseconds);
    }
}

#[test]
fn it_reads_no_faster_than_the_limit() {
    const SECOND: u64 = 1_000_000_000;
    let scene = Scene::new();
    scene.write("large", vec![7; 5 << 20]);
    scene.round();
    let hundred_days_later = RealClock.now() + 100 * 86_400 * SECOND as i64;
    let clock = Arc::new(Standing { now: AtomicI64::new(hundred_days_later), waited: Mutex::default() });
    let world = World { clock: clock.clone(), ..scene.world.clone() };
    scene.policy(&scene.source(), "scrub_bytes_per_second = 1048576");
    // Written and packed within a tick: it is read once more, as fast as it goes.
    crate::capture(&world, &scene.source(), false).unwrap();
    clock.now.fetch_add(hundred_days_later, Ordering::SeqCst);
    clock.waited.lock().unwrap().clear();
    let report = crate::capture(&world, &scene.source(), false).unwrap();
    assert_eq!(report.archives[0].scrubbed, 1, "one document may be more than a step");
    assert_eq!(*clock.waited.lock().unwrap(), [SECOND; 5], "a second for each MiB");
}
