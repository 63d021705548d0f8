//! The real disk against the contract, and what only the real one can show.

use super::*;
use crate::conformance;
use rustix::fs::CWD;
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

fn ground() -> (tempfile::TempDir, RealDisk, Dir) {
    let scratch = tempfile::tempdir().unwrap();
    let disk = RealDisk::new();
    let dir = disk.root(scratch.path()).unwrap();
    (scratch, disk, dir)
}

#[test]
fn it_holds_the_contract() {
    let scratch = tempfile::tempdir().unwrap();
    conformance::run(&RealDisk::new(), scratch.path());
}

#[test]
fn it_holds_the_contract_where_nothing_lies_behind_the_memory() {
    let Ok(scratch) = tempfile::tempdir_in("/dev/shm") else { return };
    let disk = RealDisk::new();
    conformance::run(&disk, scratch.path());
    let dir = disk.root(scratch.path()).unwrap();
    let mut file = disk.create(&dir, b"file", 0o600).unwrap();
    if rustix::fs::statfs(scratch.path()).unwrap().f_type == 0x0102_1994 {
        assert!(!file.drop_cache().unwrap(), "a file system in memory cannot be read past it");
    }
}

#[test]
fn one_component_at_a_time_is_as_strict() {
    let (scratch, disk, dir) = ground();
    disk.dir(&dir, b"real/inner", true).unwrap();
    for (name, target) in [("inside", "real"), ("absolute", "/tmp"), ("out", ".."), ("real/up", ".."), ("dangling", "new")] {
        symlink(target, scratch.path().join(name)).unwrap();
    }
    disk.create(&dir, b"file", 0o600).unwrap();
    let base = handle(&dir).unwrap().as_fd();
    for path in ["inside", "inside/inner", "absolute", "out", "out/x", "real/up", "real/up/real", "dangling", "dangling/x", "file", "file/x"] {
        for make in [false, true] {
            assert!(beneath::by_component(base, path.as_bytes(), make, beneath::old_step).is_err(), "{path}");
        }
    }
    assert!(!scratch.path().join("new").exists());
    beneath::by_component(base, b"real/inner", false, beneath::old_step).unwrap();
    beneath::by_component(base, b"fresh/way/down", true, beneath::old_step).unwrap();
    assert!(scratch.path().join("fresh/way/down").is_dir());
    let root = disk.root(Path::new("/")).unwrap();
    let mounted = beneath::by_component(handle(&root).unwrap().as_fd(), b"proc", false, beneath::old_step);
    assert_eq!(mounted.unwrap_err().raw_os_error(), Some(Errno::XDEV.raw_os_error()));
}

#[test]
fn no_mount_is_crossed_below_a_handle() {
    let disk = RealDisk::new();
    let root = disk.root(Path::new("/")).unwrap();
    assert_eq!(disk.dir(&root, b"proc", false).err().unwrap().kind(), io::ErrorKind::CrossesDevices);
}

type Fallback = for<'a, 'b> fn((&'a OwnedFd, &'a [u8]), (&'b OwnedFd, &'b [u8])) -> Result<(), Errno>;

#[test]
fn what_stands_in_for_a_rename_never_replaces() {
    for fallback in [rename::by_link as Fallback, rename::by_looking] {
        let (scratch, disk, dir) = ground();
        let directory = handle(&dir).unwrap();
        disk.create(&dir, b"one", 0o600).unwrap().write_all_at(b"1", 0).unwrap();
        disk.create(&dir, b"two", 0o600).unwrap().write_all_at(b"2", 0).unwrap();
        symlink("nowhere", scratch.path().join("dangling")).unwrap();
        for taken in [&b"two"[..], b"dangling"] {
            assert_eq!(fallback((directory, b"one"), (directory, taken)), Err(Errno::EXIST));
        }
        fallback((directory, b"one"), (directory, b"three")).unwrap();
        assert_eq!(fallback((directory, b"one"), (directory, b"four")), Err(Errno::NOENT));
        fallback((directory, b"dangling"), (directory, b"link")).unwrap();
        assert_eq!(std::fs::read(scratch.path().join("three")).unwrap(), b"1");
        assert_eq!(std::fs::read(scratch.path().join("two")).unwrap(), b"2");
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 3);
        disk.dir(&dir, b"folder", true).unwrap();
        fallback((directory, b"folder"), (directory, b"renamed")).unwrap();
        assert!(scratch.path().join("renamed").is_dir());
    }
}

#[test]
fn a_write_past_the_process_limit_is_an_error() {
    let (_scratch, _, dir) = ground();
    let disk = RealDisk { file_bytes_max: Some(100) };
    assert_eq!(disk.space(&dir).unwrap().file_bytes_max, Some(100));
    let mut file = disk.create(&dir, b"file", 0o600).unwrap();
    file.write_all_at(&[1; 100], 0).unwrap();
    file.set_size(100).unwrap();
    for (bytes, offset) in [(&[1][..], 100), (&[1; 101], 0), (&[1; 2], 99), (&[1], u64::MAX)] {
        assert_eq!(file.write_all_at(bytes, offset).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
    assert_eq!(file.set_size(101).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(file.stat().unwrap().size, 100);
}

#[test]
fn a_handle_of_another_disk_is_refused() {
    let disk = RealDisk::new();
    let foreign = Dir(Arc::new("not a directory"));
    assert_eq!(disk.list(&foreign).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(disk.dir(&foreign, b"a", true).err().unwrap().kind(), io::ErrorKind::InvalidInput);
}

/// What a walk meets: path and a word for it.
fn met(disk: &RealDisk, root: &Path) -> BTreeMap<Vec<u8>, String> {
    let mut all = BTreeMap::new();
    let visit = &mut |thing: Met| {
        let (path, word) = match thing {
            Met::Entry { path, stat } => (path, format!("{:?}", stat.kind)),
            Met::Mount { path } => (path, "Mount".into()),
            Met::Unreadable { path, error } => (path, format!("{:?}", error.kind())),
        };
        assert_eq!(all.insert(path, word), None, "everything is met once");
    };
    disk.walk(root, visit).unwrap();
    all
}

#[test]
fn a_walk_goes_on_behind_what_it_cannot_read() {
    let (scratch, disk, dir) = ground();
    // Deeper than a path may be long: the walk, which goes by paths, cannot get there; handles can.
    let long = vec![b"c".repeat(250); 20].join(&b'/');
    let deep = disk.dir(&dir, &long, true).unwrap();
    disk.create(&deep, b"file", 0o600).unwrap();
    disk.dir(&dir, b"a", true).unwrap();
    disk.dir(&dir, b"z", true).unwrap();
    let all = met(&disk, scratch.path());
    let unreadable: Vec<_> = all.iter().filter(|(_, word)| *word == "InvalidFilename").collect();
    assert_eq!(unreadable.len(), 1, "{all:?}");
    assert!(long.starts_with(unreadable[0].0) && unreadable[0].0.len() > 3000);
    assert_eq!((all[&b"a"[..]].as_str(), all[&b"z"[..]].as_str()), ("Dir", "Dir"));
}

#[test]
fn a_walk_meets_what_it_may_not_list() {
    let (scratch, disk, dir) = ground();
    disk.dir(&dir, b"closed/inner", true).unwrap();
    disk.create(&dir, b"file", 0o600).unwrap();
    let mode = |mode| rustix::fs::chmodat(CWD, scratch.path().join("closed"), Mode::from_raw_mode(mode), AtFlags::empty()).unwrap();
    mode(0o000);
    // For the superuser nothing is closed.
    let superuser = std::fs::read_dir(scratch.path().join("closed")).is_ok();
    let mut words = Vec::new();
    disk.walk(scratch.path(), &mut |thing| {
        words.push(match thing {
            Met::Entry { path, .. } => (path, "entry"),
            Met::Mount { path } => (path, "mount"),
            Met::Unreadable { path, error } => {
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
                (path, "unreadable")
            }
        });
    })
    .unwrap();
    mode(0o700);
    words.sort();
    let closed = |word| (b"closed".to_vec(), word);
    let file = (b"file".to_vec(), "entry");
    if superuser {
        assert_eq!(words, [closed("entry"), (b"closed/inner".to_vec(), "entry"), file]);
    } else {
        assert_eq!(words, [closed("entry"), closed("unreadable"), file]);
    }
}

#[test]
fn a_walk_does_not_enter_mounts() {
    let below_dev = |line: &str| line.split(' ').nth(4).and_then(|at| at.strip_prefix("/dev/")).map(|at| at.as_bytes().to_vec());
    let mounts: Vec<_> = std::fs::read_to_string("/proc/self/mountinfo").unwrap().lines().filter_map(below_dev).collect();
    let all = met(&RealDisk::new(), Path::new("/dev"));
    for mount in mounts {
        let inside = [&mount[..], b"/"].concat();
        assert_eq!(all[&mount], "Mount", "{}", mount.escape_ascii());
        assert!(!all.keys().any(|path| path.starts_with(&inside)), "{}", mount.escape_ascii());
    }
    assert_eq!(all[&b"null"[..]], "Other");
    assert!(!all.contains_key(std::ffi::OsStr::new("").as_bytes()), "the root itself is not met");
}

/// FAULTS M07
#[test]
fn a_read_goes_on_until_the_buffer_is_full() {
    // The system gives this file in pieces of less than a page, whatever is asked for.
    let disk = RealDisk::new();
    let dir = disk.root(Path::new("/proc/self")).unwrap();
    let mut buffer = vec![0; 64 << 10];
    let read = disk.open(&dir, b"smaps").unwrap().read_at(&mut buffer, 0).unwrap();
    assert!(read > 8192, "{read} bytes");
}

/// FAULTS S05: a folder is the same under another name, and no other one is, whatever takes its place.
#[test]
fn a_folder_is_known_again_and_told_from_another() {
    let (scratch, disk, dir) = ground();
    let identity = |name: &str| disk.identity(&disk.root(&scratch.path().join(name)).unwrap()).unwrap().unwrap();
    disk.dir(&dir, b"first", true).unwrap();
    let first = identity("first");
    assert_eq!(identity("first"), first);
    disk.rename((&dir, b"first"), (&dir, b"moved"), Rename::New).unwrap();
    assert_eq!(identity("moved"), first);
    disk.dir(&dir, b"first", true).unwrap();
    assert_ne!(identity("first"), first);
    symlink("moved", scratch.path().join("link")).unwrap();
    assert_eq!(identity("link"), first, "a person's link leads to it");
}

/// FAULTS C04: what the system says of a sync is believed. No file of procfs can be synced.
#[test]
fn a_sync_that_fails_is_an_error() {
    let disk = RealDisk::new();
    let dir = disk.root(Path::new("/proc/self")).unwrap();
    assert!(disk.open_write(&dir, b"comm").unwrap().sync().is_err());
    assert!(disk.sync_dir(&dir).is_err());
}

#[test]
fn a_lock_that_is_dropped_is_free_whoever_else_has_the_file_open() {
    let (_scratch, disk, dir) = ground();
    let file = fs::openat(handle(&dir).unwrap(), "lock", OFlags::RDWR | OFlags::CREATE, Mode::from_raw_mode(0o600)).unwrap();
    fs::flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
    let _copy_of_a_program_that_is_starting = file.try_clone().unwrap();
    let held = Held(file);
    assert!(disk.lock(&dir, b"lock", Hold::Alone).unwrap().is_none());
    drop(held);
    assert!(disk.lock(&dir, b"lock", Hold::Alone).unwrap().is_some());
}
