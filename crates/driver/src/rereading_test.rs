//! Rot: found wherever a document is read again, never carried, mended by the good file; and the part that is due.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, Once};
use store::clock::{Clock, RealClock};
use store::disk::{Disk, File, Identity, Met};
use store::real::RealDisk;
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
    fs::remove_dir_all(scene.path("medium/gapferry")).unwrap();
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
        fs::remove_dir_all(scene.path("medium/gapferry")).unwrap();
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
    fs::rename(scene.path("archive/folder"), scene.path("archive/renamed")).unwrap();
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

/// Is told the name of each file before it is opened, and none before a folder is walked.
type Before = dyn Fn(&[u8]) + Send + Sync;

/// The real disk, which tells that.
struct Telling(Box<Before>, RealDisk);

impl Disk for Telling {
    store::hand_on!(Disk to 1: root make_root dir list stat rename remove remove_dir sync_dir sync_all space lock);

    fn identity(&self, dir: &Dir) -> io::Result<Option<Identity>> {
        self.1.identity(dir)
    }
    fn walk(&self, root: &Path, visit: &mut dyn FnMut(Met)) -> io::Result<()> {
        self.0(b"");
        self.1.walk(root, visit)
    }
    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0(name);
        self.1.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.1.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.1.create(dir, name, mode)
    }
}

/// A world in which this happens before a file is opened (its name) or a folder is walked (none).
fn before(world: &World, act: impl Fn(&[u8]) + Send + Sync + 'static) -> World {
    World { disk: Arc::new(Telling(Box::new(act), RealDisk::new())), ..world.clone() }
}

/// FAULTS S01: what counts is when a reading began, however long it took: what changed shortly before that is read once more.
#[test]
fn what_was_young_when_a_long_reading_began_is_read_again() {
    let scene = Scene::new();
    scene.write("slow", "one");
    let metadata = fs::metadata(scene.path("archive/slow")).unwrap();
    let changed = metadata.ctime() * 1_000_000_000 + metadata.ctime_nsec();
    let clock = Arc::new(Standing { now: AtomicI64::new(changed + 5_000_000), waited: Mutex::default() });
    let world = |slow: bool| {
        let (world, ticks) = (World { clock: clock.clone(), ..scene.world.clone() }, clock.clone());
        before(&world, move |name| {
            if slow && name == b"slow" {
                ticks.now.fetch_add(1_000_000_000, Ordering::SeqCst);
            }
        })
    };
    let options = crate::CarryOptions { medium: scene.path("medium"), ..Default::default() };
    let packed = crate::carry(&world(true), &scene.source(), &options).unwrap().packed.unwrap();
    assert_eq!(packed.packages[0].items, 1);
    for (slow, reread, what) in [(true, 1, "packed"), (false, 1, "read again"), (false, 0, "read when it was not young")] {
        clock.now.store(changed + if slow { 5_000_000 } else { 10_000_000_000 }, Ordering::SeqCst);
        let report = crate::capture(&world(slow), &scene.source(), false).unwrap();
        assert_eq!(report.archives[0].reread, reread, "{what}");
    }
}

/// FAULTS S01, S03: what was read too shortly after a change is not known under another name either.
#[test]
fn what_is_young_is_not_known_under_another_name() {
    let scene = Scene::new();
    scene.write("folder/a", "one");
    scene.round();
    scene.change(&scene.source(), |home| {
        let (number, item) = home.source().archives["archive"].find(&ItemId("folder/a".into())).unwrap();
        let row = ReadRow { item: number, version: item.version, digest: item.digest.unwrap(), young: true, shape: item.shape };
        home.record(Read { archive: "archive".into(), rows: vec![row] })
    });
    // Written in the tick in which it was read: no attribute shows it.
    let world = &scene.world;
    scene.write("folder/a", "two");
    scene.change(&scene.source(), |home| {
        let root = world.disk.root(&scene.path("archive")).unwrap();
        let stat = capture::read::stat_document(&*world.disk, &root, &ItemId("folder/a".into())).unwrap();
        let (number, item) = home.source().archives["archive"].find(&ItemId("folder/a".into())).unwrap();
        let (version, digest, shape) = (item.version, item.digest.unwrap(), item.shape);
        home.record(Captured { archive: "archive".into(), root: None, rows: vec![CapturedRow { item: number, id: None, version, stat: Some(stat) }] })?;
        home.record(Read { archive: "archive".into(), rows: vec![ReadRow { item: number, version, digest, young: true, shape }] })
    });
    fs::rename(scene.path("archive/folder"), scene.path("archive/renamed")).unwrap();
    let packed = scene.carry(&scene.source()).packed.unwrap();
    assert_eq!(packed.problems.len(), 0, "{:?}", packed.problems);
    scene.round();
    assert_eq!(scene.on_replica("renamed/a").as_deref(), Some(&b"two"[..]));
}

/// FAULTS S05: another folder comes to the place of the root between the look at where it lies and the scan, as when a disk is unmounted
/// at that moment.
#[test]
fn another_root_while_it_is_scanned_deletes_nothing() {
    let scene = Scene::new();
    (0..9).for_each(|number| scene.write(number.to_string(), "here"));
    capture(&scene, false);
    let (archive, away) = (scene.path("archive"), scene.path("away"));
    let swap = move || {
        fs::rename(&archive, &away).unwrap();
        fs::create_dir(&archive).unwrap();
        fs::write(archive.join("other"), "another").unwrap();
    };
    let once = Once::new();
    let world = before(&scene.world, move |name| {
        if name.is_empty() {
            once.call_once(&swap)
        }
    });
    let report = crate::capture(&world, &scene.source(), false).unwrap();
    assert_eq!(report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["SRC-10"]);
    assert!(report.archives.is_empty(), "{report:?}");
    fs::remove_dir_all(scene.path("archive")).unwrap();
    fs::rename(scene.path("away"), scene.path("archive")).unwrap();
    assert_eq!(capture(&scene, false).archives[0].deleted, 0);
}

/// FAULTS S05, K09: from a folder that came to the place of the root nothing is packed, whatever has the name of what waits.
#[test]
fn from_another_folder_in_the_place_of_the_root_nothing_is_packed() {
    let scene = Scene::new();
    (0..9).for_each(|number| scene.write(number.to_string(), "here"));
    capture(&scene, false);
    fs::rename(scene.path("archive"), scene.path("away")).unwrap();
    scene.write("0", "of somebody else");
    let packed = scene.carry(&scene.source()).packed.unwrap();
    assert_eq!(packed.captured.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["SRC-10"]);
    assert_eq!(packed.packages.len(), 0, "{packed:?}");
}

/// FAULTS S01: who writes a document between the scan and the reading changes it: that is no rot.
#[test]
fn what_changes_before_it_is_read_again_is_no_rot() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.round();
    scene.pass(10);
    capture(&scene, false);
    let file = scene.path("archive/a");
    let once = Once::new();
    let world = before(&scene.world, move |name| {
        if name == b"a" {
            once.call_once(|| fs::write(&file, "two").unwrap())
        }
    });
    let report = crate::capture(&world, &scene.source(), true).unwrap();
    assert_eq!((report.archives[0].reread, rotten(&report), fs::read(scene.path("archive/a")).unwrap()), (1, vec![], b"two".to_vec()));
    scene.round();
    assert_eq!(scene.on_replica("a").as_deref(), Some(&b"two"[..]));
}
