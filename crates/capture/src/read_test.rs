//! Reading documents on the real file system while they are still, and while something happens to them.

use super::*;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use store::real::RealDisk;

fn id(path: &str) -> ItemId {
    ItemId(path.as_bytes().to_vec())
}
fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn every_length_around_a_step() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = RealDisk::new();
    let root = disk.root(scratch.path()).unwrap();
    let mut buffer = Vec::new();
    fs::create_dir_all(scratch.path().join("a/b")).unwrap();
    for length in [0, 1, READ_STEP_BYTES - 1, READ_STEP_BYTES, READ_STEP_BYTES + 1, 2 * READ_STEP_BYTES] {
        let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        for path in ["document", "a/b/document"] {
            fs::write(scratch.path().join(path), &content).unwrap();
            let mut read = Vec::new();
            let mut sink = |piece: &[u8]| {
                assert!((1..=READ_STEP_BYTES).contains(&piece.len()));
                read.extend_from_slice(piece);
            };
            let stat = read_document(&disk, &root, &id(path), &mut sink, &mut buffer).unwrap();
            assert!(read == content, "{path} {length}");
            assert_eq!(stat.size, length as u64);
            assert_eq!(stat_document(&disk, &root, &id(path)), Ok(stat));
        }
    }
}

#[test]
fn what_changes_meanwhile_is_unstable() {
    type Happening = (&'static str, fn(&Path));
    let happenings: [Happening; 6] = [
        ("grows", |path| append(path, b"more")),
        ("is cut", |path| OpenOptions::new().write(true).open(path).unwrap().set_len(10).unwrap()),
        ("is emptied", |path| OpenOptions::new().write(true).open(path).unwrap().set_len(0).unwrap()),
        ("is rewritten in place", |path| {
            let file = OpenOptions::new().write(true).open(path).unwrap();
            (&file).write_all(b"X").unwrap();
            // Further than the clock's tick, as the next rewriting would be.
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }),
        ("changes its mode", |path| fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap()),
        ("is removed", |path| fs::remove_file(path).unwrap()),
    ];
    for (what, happens) in happenings {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("document");
        fs::write(&path, vec![7; 3 * READ_STEP_BYTES]).unwrap();
        // A change within the tick of the file's last one would bear the same ctime and not be seen (see `racy`).
        settle(&path);
        let disk = RealDisk::new();
        let root = disk.root(scratch.path()).unwrap();
        let mut pieces = 0;
        let mut sink = |_: &[u8]| {
            pieces += 1;
            if pieces == 2 {
                happens(&path);
            }
        };
        assert_eq!(read_document(&disk, &root, &id("document"), &mut sink, &mut Vec::new()), Err(ReadFailure::Unstable), "{what}");
    }
}

/// Returns when the file system's clock has passed the file's ctime: a probe beside it gets a later one.
fn settle(path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let stamp = |path: &Path| fs::metadata(path).map(|real| (real.ctime(), real.ctime_nsec())).unwrap();
    let probe = path.with_extension("probe");
    let stamped = stamp(path);
    loop {
        fs::write(&probe, "").unwrap();
        fs::set_permissions(&probe, fs::Permissions::from_mode(0o600)).unwrap();
        if stamp(&probe) > stamped {
            return fs::remove_file(probe).unwrap();
        }
    }
}

#[test]
fn what_is_replaced_by_renaming_was_read_whole_or_is_unstable() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("document");
    fs::write(&path, vec![7; 2 * READ_STEP_BYTES]).unwrap();
    fs::write(scratch.path().join("new"), "new").unwrap();
    let disk = RealDisk::new();
    let root = disk.root(scratch.path()).unwrap();
    let old = stat_document(&disk, &root, &id("document")).unwrap();
    let mut read = Vec::new();
    let mut sink = |piece: &[u8]| {
        read.extend_from_slice(piece);
        if read.len() == READ_STEP_BYTES {
            fs::rename(scratch.path().join("new"), &path).unwrap();
        }
    };
    match read_document(&disk, &root, &id("document"), &mut sink, &mut Vec::new()) {
        Ok(stat) => assert!(stat == old && read == vec![7; 2 * READ_STEP_BYTES]),
        Err(failure) => assert_eq!(failure, ReadFailure::Unstable),
    }
    assert_ne!(stat_document(&disk, &root, &id("document")).unwrap().inode, old.inode);
}

#[test]
fn what_is_not_a_document_is_gone() {
    let scratch = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("file"), "").unwrap();
    symlink(outside.path(), at("link-to-folder")).unwrap();
    symlink(outside.path().join("secret"), at("link-to-file")).unwrap();
    symlink("file", at("link-inside")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let disk = RealDisk::new();
    let root = disk.root(scratch.path()).unwrap();
    for path in ["missing", "folder/missing", "missing/x", "file/x", "folder", "link-to-folder/secret", "link-to-file", "link-inside", "pipe"] {
        let mut sink = |_: &[u8]| panic!("nothing of {path} is read");
        assert_eq!(read_document(&disk, &root, &id(path), &mut sink, &mut Vec::new()), Err(ReadFailure::Gone), "{path}");
        assert_eq!(stat_document(&disk, &root, &id(path)), Err(ReadFailure::Gone), "{path}");
    }
    for path in ["..", "../x", "folder/../file", "/file", ""] {
        let refused = Err(ReadFailure::Io(io::ErrorKind::InvalidInput.into()));
        assert_eq!(read_document(&disk, &root, &id(path), &mut |_| (), &mut Vec::new()), refused, "{path}");
        assert_eq!(stat_document(&disk, &root, &id(path)), refused, "{path}");
    }
}

#[test]
fn one_folder_after_the_other() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = RealDisk::new();
    let root = disk.root(scratch.path()).unwrap();
    let mut parents = Parents::default();
    let mut stat = |root: &Dir, path: &str| parents.stat(&disk, root, &id(path)).map(|stat| stat.size);
    let paths = ["a/1", "a/22", "a/b/1", "b/1", "1", "a/1"];
    for path in paths {
        fs::create_dir_all(scratch.path().join(path).parent().unwrap()).unwrap();
        fs::write(scratch.path().join(path), path).unwrap();
    }
    for path in paths {
        assert_eq!(stat(&root, path), Ok(path.len() as u64));
    }
    assert_eq!(stat(&root, "c/1"), Err(ReadFailure::Gone));
    assert_eq!(stat(&root, "a/22"), Ok(4), "a failure leaves the cache right");

    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("a")).unwrap();
    fs::write(elsewhere.path().join("a/22"), "another root").unwrap();
    let other = disk.root(elsewhere.path()).unwrap();
    assert_eq!(stat(&other, "a/22"), Ok(12), "the same folder below another root is another folder");
    assert_eq!(stat(&root, "a/22"), Ok(4));
    // Removed and made anew: the handle stands for the old folder, in which nothing is.
    fs::remove_dir_all(scratch.path().join("a")).unwrap();
    assert_eq!(stat(&root, "a/22"), Err(ReadFailure::Gone));
}

#[test]
fn documents_through_the_cache() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = RealDisk::new();
    let root = disk.root(scratch.path()).unwrap();
    let mut parents = Parents::default();
    for path in ["x", "long", "y"] {
        fs::write(scratch.path().join(path), path).unwrap();
        let mut read = Vec::new();
        let stat = parents.read(&disk, &root, &id(path), &mut |piece| read.extend_from_slice(piece)).unwrap();
        assert_eq!((&*read, stat.size), (path.as_bytes(), path.len() as u64));
    }
    let file = open_document(&disk, &root, &id("long")).unwrap();
    assert_eq!(stat_document(&disk, &root, &id("long")), Ok(stat_of(&file.stat().unwrap())));
}
