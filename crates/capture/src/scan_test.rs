//! Scans of real trees in a scratch directory, and of walks that no file system shows on demand.

use super::*;
use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use store::disk::Stat;
use store::real::RealDisk;

fn entry(path: &[u8], kind: Kind, inode: u64) -> Met {
    Met::Entry { path: path.to_vec(), stat: Stat { kind, size: 1, modified: 2, changed: 3, inode, device: 4, mode: 0o644 } }
}
fn unreadable(path: &str, kind: io::ErrorKind) -> Met {
    Met::Unreadable { path: path.into(), error: kind.into() }
}
fn settled(met: Vec<Met>) -> Scan {
    let mut seen = Seen::default();
    met.into_iter().for_each(|met| seen.take(met, &mut ()));
    seen.settle(&mut ())
}
fn ids(scan: &Scan) -> Vec<&[u8]> {
    scan.found.iter().map(|found| found.id.0.as_slice()).collect()
}
fn left_out(paths: &[(&str, Why)]) -> Vec<LeftOut> {
    paths.iter().map(|(path, why)| LeftOut { path: path.as_bytes().to_vec(), why: *why }).collect()
}

#[test]
fn any_legal_name_in_order_of_bytes() {
    let scratch = tempfile::tempdir().unwrap();
    let long = [b'x'; 255];
    let names: [&[u8]; 10] = [b"-rf", b".gapferry/lock", b"a b", b"a-", b"a/b", b"a0", &long, "地契/一 张.json".as_bytes(), b"\xff\xfe", b"new\nline"];
    for name in names {
        let path = scratch.path().join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    fs::create_dir(scratch.path().join("empty")).unwrap();
    let met = Cell::new(0);
    let scan = scan(&RealDisk::new(), scratch.path(), &mut (), &|names| met.set(met.get() + names)).unwrap();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(ids(&scan), expected);
    assert_eq!((scan.left_out.len(), scan.unproven.len()), (0, 0));
    assert_eq!(met.get(), 10 + 4, "ten documents in three folders, and an empty one");
}

/// Knows one document.
struct One(&'static [u8], bool);

impl Known for One {
    fn take(&mut self, id: &ItemId, _: &FileStat) -> bool {
        self.1 |= id.0 == self.0;
        id.0 == self.0
    }
    fn give_back(&mut self, is_directory: &dyn Fn(&ItemId) -> bool) -> Vec<ItemId> {
        let id = ItemId(self.0.to_vec());
        let back = std::mem::take(&mut self.1) && is_directory(&id);
        Vec::from_iter(back.then_some(id))
    }
}

#[test]
fn what_is_as_it_is_known_is_left_to_who_knows_it() {
    for (folder, known, found, changing) in
        [(&b"d"[..], &b"a"[..], &[&b"b"[..]][..], &[][..]), (b"a", b"a", &[b"b"], &[("a", Why::Changing)]), (b"b", b"a", &[], &[("b", Why::Changing)])]
    {
        let mut one = One(known, false);
        let mut seen = Seen::default();
        for met in [entry(b"a", Kind::File, 1), entry(b"b", Kind::File, 2), entry(folder, Kind::Dir, 3)] {
            seen.take(met, &mut one);
        }
        let scan = seen.settle(&mut one);
        assert_eq!((ids(&scan), &scan.left_out), (found.to_vec(), &left_out(changing)), "{}", folder.escape_ascii());
        assert_eq!(scan.unproven.len(), changing.len());
    }
}

/// What an interruption left of a writing of our own is no document; what others call so is one.
#[test]
fn what_this_program_was_writing_is_left_out() {
    let scratch = tempfile::tempdir().unwrap();
    for name in ["record.json", "record.json.gapferry.part", "theirs.part", "gapferry.part"] {
        fs::write(scratch.path().join(name), name).unwrap();
    }
    let scan = scan(&RealDisk::new(), scratch.path(), &mut (), &|_| ()).unwrap();
    assert_eq!(ids(&scan), [&b"gapferry.part"[..], b"record.json", b"theirs.part"]);
    assert_eq!(scan.left_out, [LeftOut { path: b"record.json.gapferry.part".to_vec(), why: Why::Unfinished }]);
    assert!(scan.unproven.is_empty());
}

#[test]
fn attributes_are_those_of_the_file_system() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, content, mode) in [("empty", "", 0o600), ("tool", "#!", 0o755), ("text", "four", 0o644), ("group", "", 0o610)] {
        let path = scratch.path().join(name);
        fs::write(&path, content).unwrap();
        // The time that programs can set says something else than the one they cannot.
        fs::File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let scan = scan(&RealDisk::new(), scratch.path(), &mut (), &|_| ()).unwrap();
    assert_eq!(scan.found.len(), 4);
    for Found { id, stat } in &scan.found {
        let real = fs::symlink_metadata(scratch.path().join(OsStr::from_bytes(&id.0))).unwrap();
        let expected = FileStat {
            size: real.len(),
            modified: real.mtime() * 1_000_000_000 + real.mtime_nsec(),
            changed: real.ctime() * 1_000_000_000 + real.ctime_nsec(),
            inode: real.ino(),
            executable: real.mode() & 0o111 != 0,
        };
        assert_eq!(*stat, expected, "{id}");
    }
    assert_eq!(scan.found.iter().map(|found| found.stat.executable).collect::<Vec<_>>(), [false, true, false, true]);
}

#[test]
fn links_and_devices_are_left_out() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("folder/document"), "").unwrap();
    symlink("folder", at("to-folder")).unwrap();
    symlink("folder/document", at("to-document")).unwrap();
    symlink("nowhere", at("to-nothing")).unwrap();
    symlink("..", at("folder/up")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    let expected = [
        ("folder/up", Why::Link),
        ("pipe", Why::Device),
        ("socket", Why::Device),
        ("to-document", Why::Link),
        ("to-folder", Why::Link),
        ("to-nothing", Why::Link),
    ];
    let found = scan(&RealDisk::new(), scratch.path(), &mut (), &|_| ()).unwrap();
    assert_eq!(ids(&found), [b"folder/document"]);
    assert_eq!(found.left_out, left_out(&expected));
    assert!(found.unproven.is_empty());

    let through_a_link = scratch.path().join("to-folder");
    assert_eq!(ids(&scan(&RealDisk::new(), &through_a_link, &mut (), &|_| ()).unwrap()), [b"document"], "a root that a person named may be a link");
}

#[test]
fn a_root_that_is_none() {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("file"), "").unwrap();
    for (root, trouble) in [("missing", ScanTrouble::Missing), ("file", ScanTrouble::NotADirectory), ("file/below", ScanTrouble::NotADirectory)] {
        let failure = scan(&RealDisk::new(), &scratch.path().join(root), &mut (), &|_| ()).unwrap_err();
        assert_eq!((failure.trouble, failure.code()), (trouble, "SRC-01"), "{root}");
    }
    fs::create_dir(scratch.path().join("empty")).unwrap();
    assert_eq!(scan(&RealDisk::new(), &scratch.path().join("empty"), &mut (), &|_| ()).unwrap(), Scan::default());
}

#[test]
fn what_cannot_be_looked_into_proves_nothing() {
    let scan = settled(vec![
        entry(b"x", Kind::File, 1),
        entry(b"closed", Kind::Dir, 2),
        unreadable("closed", io::ErrorKind::PermissionDenied),
        unreadable("strange", io::ErrorKind::InvalidData),
        Met::Mount { path: b"other".to_vec() },
        unreadable("swapped", io::ErrorKind::NotADirectory),
        unreadable("vanished", io::ErrorKind::NotFound),
        unreadable("deep", io::ErrorKind::InvalidFilename),
    ]);
    assert_eq!(ids(&scan), [b"x"]);
    let expected = [("closed", Why::Unreadable), ("deep", Why::TooLong), ("other", Why::Mount), ("strange", Why::Unreadable), ("swapped", Why::Changing)];
    assert_eq!(scan.left_out, left_out(&expected));
    assert_eq!(scan.unproven, [&b"closed"[..], b"deep", b"other", b"strange", b"swapped"]);
}

#[test]
fn the_file_systems_own_folder_is_no_part_of_an_archive() {
    let denied = || io::ErrorKind::PermissionDenied;
    assert_eq!(settled(vec![unreadable("lost+found", denied())]), Scan::default());
    // Anywhere else, or where it can be looked into, it is a folder like any other.
    let elsewhere = settled(vec![unreadable("a/lost+found", denied()), unreadable("lost+found", io::ErrorKind::Other)]);
    assert_eq!(elsewhere.unproven, [b"a/lost+found".to_vec(), b"lost+found".to_vec()]);

    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    assert!(is_empty(&RealDisk::new(), folder.path()).unwrap());
    fs::write(folder.path().join("lost+found/#12"), "found").unwrap();
    assert!(!is_empty(&RealDisk::new(), folder.path()).unwrap());
    assert_eq!(ids(&scan(&RealDisk::new(), folder.path(), &mut (), &|_| ()).unwrap()), [b"lost+found/#12"]);
}

#[test]
fn paths_at_the_limit_and_one_past_it() {
    let component = [b'c'; COMPONENT_BYTES_MAX];
    let component_over = [b'c'; COMPONENT_BYTES_MAX + 1];
    let path = [b"a/".repeat(2047), b"b".to_vec()].concat();
    let path_over = [b"a/".repeat(2047), b"bb".to_vec()].concat();
    for (path, legal) in [(&component[..], true), (&component_over, false), (&path, true), (&path_over, false)] {
        assert_eq!(wire::name::check_path(path).is_ok(), legal);
        let scan = settled(vec![entry(path, Kind::File, 1)]);
        assert_eq!((scan.found.len(), scan.left_out.len()), (usize::from(legal), usize::from(!legal)));
        assert!(scan.left_out.iter().all(|left_out| left_out.why == Why::TooLong));
        let folder = settled(vec![entry(path, Kind::Dir, 1)]);
        assert_eq!((folder.found.len(), folder.left_out.len()), (0, usize::from(!legal)));
    }
}

#[test]
fn a_name_met_twice() {
    let twice = settled(vec![entry(b"a", Kind::File, 1), entry(b"b", Kind::File, 2), entry(b"a", Kind::File, 3)]);
    assert_eq!(ids(&twice), [b"a", b"b"]);
    assert_eq!(twice.found[0].stat.inode, 3, "the later one");

    let both = settled(vec![entry(b"d", Kind::File, 1), entry(b"d", Kind::Dir, 2), entry(b"d/x", Kind::File, 3), entry(b"d-", Kind::File, 4)]);
    assert_eq!(ids(&both), [&b"d-"[..], b"d/x"], "never a document and a directory of one name");
    assert_eq!((both.left_out, both.unproven), (left_out(&[("d", Why::Changing)]), vec![b"d".to_vec()]));
}

#[test]
fn a_root_whose_listing_breaks_off() {
    let scan = settled(vec![entry(b"x", Kind::File, 1), unreadable("", io::ErrorKind::InvalidData)]);
    assert_eq!(ids(&scan), [b"x"]);
    assert_eq!((scan.left_out, scan.unproven), (left_out(&[("", Why::Unreadable)]), vec![Vec::new()]));
}
