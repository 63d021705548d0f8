//! Restoring from a replica: all, one, then and now; what is there, what is in the way, what is gone.

use super::*;
use crate::status::scene::Scene;
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;
use std::{fs, io};
use store::disk::{Disk, File};

/// Files by path: content, mtime in ns, executable.
type Files = BTreeMap<Vec<u8>, (Vec<u8>, i64, bool)>;

/// Every file below a folder.
fn files(root: &Path) -> Files {
    fn walk(root: &Path, at: &Path, into: &mut Files) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, into);
            } else {
                let stat = fs::metadata(&path).unwrap();
                let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
                into.insert(name, (fs::read(&path).unwrap(), stat.mtime() * 1_000_000_000 + stat.mtime_nsec(), stat.mode() & 0o111 != 0));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

fn run(scene: &Scene, into: &str, at: Option<Moment>, patterns: &[&str]) -> Result<RestoreReport, Failure> {
    let options = RestoreOptions { into: scene.path(into), at, patterns: patterns.iter().map(|text| (*text).into()).collect(), ..RestoreOptions::default() };
    restore(&scene.world, &scene.replica(), &options)
}

/// A scene in which things changed four times; gives what the archive was after each, and the clock then.
fn history() -> (Scene, Vec<(Files, i64)>) {
    let scene = Scene::new();
    let mut states = Vec::new();
    let mut round = |scene: &Scene| {
        scene.round();
        states.push((files(&scene.path("archive")), scene.world.now_seconds()));
        scene.pass(3600);
    };
    scene.write("a/one", "1");
    scene.write("a/two", "22");
    scene.write("deep/er/file", vec![7; 3 << 20]);
    scene.write("bad:\n", "name");
    fs::set_permissions(scene.path("archive/a/two"), fs::Permissions::from_mode(0o755)).unwrap();
    round(&scene);
    scene.write("a/one", "one, changed");
    scene.write("twin", "22");
    round(&scene);
    scene.remove("a/two");
    scene.remove("bad:\n");
    scene.write("a/one", "one, a third time");
    round(&scene);
    // A file becomes a folder.
    scene.remove("twin");
    scene.write("twin/inner", "x");
    round(&scene);
    (scene, states)
}

#[test]
fn every_moment_comes_back_as_it_was() {
    let (scene, states) = history();
    for (at, (state, time)) in states.iter().enumerate() {
        let report = run(&scene, &format!("then-{at}"), Some(Moment::Time(*time)), &[]).unwrap();
        assert_eq!((report.problems.len(), report.restored, report.items), (0, state.len() as u64, state.len() as u64), "{report:?}");
        assert_eq!(&files(&scene.path(&format!("then-{at}"))), state, "moment {at}");
        // The same moment by the sequence that the answer names.
        let report = run(&scene, &format!("seq-{at}"), Some(Moment::Sequence(report.as_of.sequence)), &[]).unwrap();
        assert_eq!(&files(&scene.path(&format!("seq-{at}"))), state, "sequence {}", report.as_of.sequence);
    }
    let report = run(&scene, "now", None, &[]).unwrap();
    assert_eq!(files(&scene.path("now")), states[3].0, "{report:?}");
    let before = run(&scene, "before", Some(Moment::Time(1000)), &[]).unwrap_err();
    assert_eq!(before.0.code, "USE-01");
    assert_eq!(run(&scene, "before", Some(Moment::Sequence(9999)), &[]).unwrap_err().0.code, "USE-01");
}

#[test]
fn one_item_again_and_what_is_in_the_way() {
    let (scene, states) = history();
    let then = Some(Moment::Time(states[0].1));
    let report = run(&scene, "some", then, &["a/*"]).unwrap();
    assert_eq!((report.items, report.restored), (2, 2));
    // Again: all is there. A run that was interrupted goes on, and what it left in its stage does not matter.
    fs::create_dir(scene.path("some/.gapferry-restore.part")).unwrap();
    fs::write(scene.path("some/.gapferry-restore.part/00000000"), "half").unwrap();
    fs::remove_file(scene.path("some/a/one")).unwrap();
    let report = run(&scene, "some", then, &["a/*"]).unwrap();
    assert_eq!((report.restored, report.there, report.problems.len()), (1, 1, 0));
    assert!(!scene.path("some/.gapferry-restore.part").exists());
    // Something else has the name, or lies where a folder must be.
    fs::write(scene.path("some/a/one"), "2").unwrap();
    fs::write(scene.path("some/deep"), "no folder").unwrap();
    let report = run(&scene, "some", then, &[]).unwrap();
    assert_eq!((report.restored, report.there, report.occupied), (1, 1, 2), "{report:?}");
    assert!(report.problems.iter().all(|problem| problem.code == "RPL-11"));
    assert_eq!((fs::read(scene.path("some/a/one")).unwrap(), fs::read(scene.path("some/deep")).unwrap()), (b"2".to_vec(), b"no folder".to_vec()));
    // Nothing matches; nothing is made within what is ours.
    for patterns in [&["nothing"][..], &["a/**", "nothing"]] {
        let refused = run(&scene, "other", then, patterns).unwrap_err().0;
        assert_eq!((refused.code, refused.subject.as_str()), ("USE-01", "nothing"), "each pattern means something, or it is misspelt");
        assert!(!scene.path("other").exists());
    }
    for place in ["replica/x", "home-replica", "."] {
        assert_eq!(run(&scene, place, then, &[]).unwrap_err().0.code, "USE-01", "{place}");
    }
}

#[test]
fn what_is_there_gets_the_time_and_the_bit_of_its_version() {
    let (scene, states) = history();
    let then = Some(Moment::Time(states[0].1));
    run(&scene, "some", then, &[]).unwrap();
    for (name, mode) in [("a/one", 0o755), ("a/two", 0o640)] {
        fs::set_permissions(scene.path("some").join(name), fs::Permissions::from_mode(mode)).unwrap();
        fs::write(scene.path("some").join(name), &states[0].0[name.as_bytes()].0).unwrap();
    }
    assert_ne!(files(&scene.path("some")), states[0].0);
    let report = run(&scene, "some", then, &[]).unwrap();
    assert_eq!((report.there, report.restored, report.problems.len()), (4, 0, 0), "{report:?}");
    assert_eq!(files(&scene.path("some")), states[0].0);
}

/// The real disk, which takes nothing of one size.
struct Full(store::real::RealDisk);

struct FullFile(Box<dyn File>);

impl Disk for Full {
    store::hand_on!(Disk to 0: root make_root dir list stat rename remove remove_dir sync_dir sync_all space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        Ok(Box::new(FullFile(self.0.create(dir, name, mode)?)))
    }
}

impl File for FullFile {
    store::hand_on!(File to 0: read_at stat set_size set_modified set_mode drop_cache past_memory start_writeback);

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if bytes == b"1" { Err(io::ErrorKind::StorageFull.into()) } else { self.0.write_all_at(bytes, offset) }
    }
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

#[test]
fn what_cannot_be_written_is_named_and_the_rest_comes() {
    let (scene, states) = history();
    let world = World { disk: Arc::new(Full(store::real::RealDisk::new())), ..scene.world.clone() };
    let options = RestoreOptions { into: scene.path("some"), at: Some(Moment::Time(states[0].1)), ..RestoreOptions::default() };
    let report = restore(&world, &scene.replica(), &options).unwrap();
    let named: Vec<(&str, &str)> = report.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!((report.restored, report.refused, named), (3, 1, vec![("IO-01", "a/one")]));
    assert!(!scene.path("some/.gapferry-restore.part").exists());
}

#[test]
fn what_is_gone_is_named_and_the_rest_comes() {
    let (scene, states) = history();
    let then = Some(Moment::Time(states[0].1));
    // The history of one version is lost, one file of the tree was edited by hand, one copy is found under another name.
    let digest = wire::digest::of_bytes(b"1").to_string();
    fs::remove_file(scene.path(&format!("replica/.gapferry/history/{}/{digest}", &digest[..2]))).unwrap();
    fs::write(scene.path("replica/deep/er/file"), vec![8; 3 << 20]).unwrap();
    let dry = RestoreOptions { into: scene.path("some"), at: then, dry_run: true, ..RestoreOptions::default() };
    let foreseen = restore(&scene.world, &scene.replica(), &dry).unwrap();
    assert_eq!((foreseen.restored, foreseen.missing, foreseen.items), (3, 1, 4), "by names and sizes alone");
    assert!(!scene.path("some").exists());
    let report = run(&scene, "some", then, &[]).unwrap();
    let named: Vec<(&str, &str)> = report.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!((report.restored, report.missing), (2, 2));
    assert_eq!(named, [("RPL-06", "a/one"), ("RPL-06", "deep/er/file")]);
    assert!(report.problems[0].detail.contains("version 1"), "{}", report.problems[0].detail);
    let there = files(&scene.path("some"));
    assert!(there.iter().all(|(name, file)| states[0].0[name] == *file) && there.len() == 2, "{:?}", there.keys());
}

#[test]
fn of_what_was_purged_it_is_said() {
    let scene = Scene::new();
    scene.write("a", "secret");
    scene.round();
    let then = Moment::Sequence(1);
    scene.write("a", "plain");
    scene.round();
    let options = crate::PurgeOptions { items: vec!["a".into()], reason: "a right to be forgotten".into(), ..crate::PurgeOptions::default() };
    crate::purge(&scene.world, &scene.source(), &options).unwrap();
    scene.round();
    let report = run(&scene, "some", Some(then), &[]).unwrap();
    let named: Vec<(&str, &str)> = report.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!((report.missing, named), (1, vec![("RPL-06", "a")]));
    assert!(report.problems[0].detail.contains("purged, on purpose"), "{}", report.problems[0].detail);
}
