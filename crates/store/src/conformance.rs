//! The contract of [`Disk`] as a suite that every implementation runs: the real one and the simulated ones.
//!
//! Guarantee: an implementation that passes holds what the rest of the program builds on: names are bytes, links lead
//! nowhere, nothing blocks, nothing is replaced unasked. Durability cannot be seen from inside; who simulates power loss tests it.
//! The suite fails by panicking with what was expected.

use crate::disk::{Dir, Disk, File, Hold, Kind, Met, Rename};
use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What no part of the program ever makes, and so [`Disk`] cannot: the suite needs it planted.
#[derive(Clone, Copy, Debug)]
pub enum Plant<'a> {
    /// A symbolic link with this target.
    Link(&'a Path),
    /// A named pipe.
    Pipe,
}

/// Runs the suite in the empty directory `scratch` of this machine's file system.
///
/// # Panics
/// Where the disk does not do what [`Disk`] says.
pub fn run(disk: &dyn Disk, scratch: &Path) {
    run_with(disk, scratch, &|at, plant| match plant {
        Plant::Link(target) => std::os::unix::fs::symlink(target, at),
        Plant::Pipe => {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            Ok(mknodat(CWD, at, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?)
        }
    });
}

/// Runs the suite in the empty directory `scratch`, with `plant` to put links and pipes at a path.
///
/// # Panics
/// Where the disk does not do what [`Disk`] says.
pub fn run_with(disk: &dyn Disk, scratch: &Path, plant: &dyn Fn(&Path, Plant<'_>) -> io::Result<()>) {
    let suite = Suite { disk, scratch, plant };
    suite.names();
    suite.names_that_are_none();
    suite.content();
    suite.attributes();
    suite.create_is_exclusive();
    suite.only_regular_files_open();
    suite.directories_beneath();
    suite.directories_and_links();
    suite.renames();
    suite.removal();
    suite.locks();
    suite.walk();
    suite.space_and_sync();
    suite.roots();
}

struct Suite<'a> {
    disk: &'a dyn Disk,
    scratch: &'a Path,
    plant: &'a dyn Fn(&Path, Plant<'_>) -> io::Result<()>,
}

#[track_caller]
fn must<T>(result: io::Result<T>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}

#[track_caller]
fn refused<T>(result: io::Result<T>, kind: ErrorKind, what: &str) {
    match result {
        Ok(_) => panic!("{what}: was not refused"),
        Err(error) => assert_eq!(error.kind(), kind, "{what}: {error}"),
    }
}

#[track_caller]
fn same<T: PartialEq + Debug>(got: T, expected: T, what: &str) {
    assert!(got == expected, "{what}: got {got:?}, expected {expected:?}");
}

impl Suite<'_> {
    /// A directory of its own for one test.
    fn ground(&self, name: &str) -> (Dir, std::path::PathBuf) {
        let path = self.scratch.join(name);
        (must(self.disk.make_root(&path), "make_root"), path)
    }

    fn write(&self, dir: &Dir, name: &[u8], bytes: &[u8]) -> Box<dyn File> {
        let mut file = must(self.disk.create(dir, name, 0o644), "create");
        must(file.write_all_at(bytes, 0), "write_all_at");
        file
    }

    fn read(&self, dir: &Dir, name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 1 << 16];
        let read = must(must(self.disk.open(dir, name), "open").read_at(&mut bytes, 0), "read_at");
        bytes.truncate(read);
        bytes
    }

    fn listed(&self, dir: &Dir) -> Vec<(Vec<u8>, Kind)> {
        let mut entries: Vec<_> = must(self.disk.list(dir), "list").into_iter().map(|entry| (entry.name, entry.kind)).collect();
        entries.sort_by(|one, two| one.0.cmp(&two.0));
        entries
    }

    fn plant(&self, at: &Path, plant: Plant<'_>) {
        must((self.plant)(at, plant), "planting");
    }

    fn names(&self) {
        let (dir, _) = self.ground("names");
        let longest = [b'n'; 255];
        let mut names: Vec<&[u8]> = vec![
            b"plain",
            b"with space",
            b"-leading-dash",
            b"--",
            b".hidden",
            b"...",
            b" ",
            b"new\nline",
            b"tab\t",
            b"back\\slash",
            b"a:b",
            b"*?",
            b"CON",
            b"Case",
            b"case",
            b"\xff\xfe\x80",
            b"\x01\x7f",
            "\u{6863}\u{6848}".as_bytes(),
            b"e\xcc\x81",
            b"\xc3\xa9",
            &longest,
        ];
        for name in &names {
            self.write(&dir, name, name);
        }
        names.sort_unstable();
        same(self.listed(&dir), names.iter().map(|name| (name.to_vec(), Kind::File)).collect(), "list gives every name as it was made");
        for name in &names {
            same(self.read(&dir, name), name.to_vec(), "each name stands for its own file");
            must(self.disk.dir(&dir, &[&b"d"[..], &name[..name.len().min(254)]].concat(), true), "a directory of such a name");
        }
        let too_long = [b'n'; 256];
        assert!(self.disk.create(&dir, &too_long, 0o644).is_err(), "a name of 256 bytes is refused");
        assert!(self.disk.dir(&dir, &too_long, true).is_err(), "a directory name of 256 bytes is refused");
    }

    fn names_that_are_none(&self) {
        let (dir, _) = self.ground("none");
        self.write(&dir, b"file", b"");
        let names: [&[u8]; 9] = [b"", b".", b"..", b"a/b", b"/", b"/etc", b"file/", b"nul\0", b"../none/file"];
        for name in names {
            let invalid = ErrorKind::InvalidInput;
            refused(self.disk.create(&dir, name, 0o644), invalid, "create");
            refused(self.disk.open(&dir, name), invalid, "open");
            refused(self.disk.open_write(&dir, name), invalid, "open_write");
            refused(self.disk.stat(&dir, name), invalid, "stat");
            refused(self.disk.remove(&dir, name), invalid, "remove");
            refused(self.disk.remove_dir(&dir, name), invalid, "remove_dir");
            refused(self.disk.lock(&dir, name, Hold::Alone), invalid, "lock");
            for how in [Rename::Replace, Rename::New, Rename::Exchange] {
                refused(self.disk.rename((&dir, b"file"), (&dir, name), how), invalid, "rename to");
                refused(self.disk.rename((&dir, name), (&dir, b"file"), how), invalid, "rename from");
            }
        }
        same(self.listed(&dir), vec![(b"file".to_vec(), Kind::File)], "nothing came of it");
    }

    fn content(&self) {
        let (dir, _) = self.ground("content");
        let mut file = self.write(&dir, b"file", b"0123456789");
        must(file.write_all_at(b"", 5), "an empty write");
        must(file.write_all_at(b"AB", 4), "a write in the middle");
        must(file.write_all_at(b"end", 12), "a write past the end");
        let mut buffer = [9; 20];
        same(must(file.read_at(&mut buffer, 0), "read"), 15, "a read stops at the end");
        same(&buffer[..15], &b"0123AB6789\0\0end"[..], "what was not written is zero");
        same(must(file.read_at(&mut buffer, 15), "read"), 0, "a read at the end");
        same(must(file.read_at(&mut buffer, 1 << 40), "read"), 0, "a read far past the end");
        same(must(file.read_at(&mut [], 0), "read"), 0, "an empty read");
        must(file.set_size(4), "cut");
        same(self.read(&dir, b"file"), b"0123".to_vec(), "what was cut");
        must(file.set_size(6), "extend");
        same(self.read(&dir, b"file"), b"0123\0\0".to_vec(), "what was extended");
        same(must(file.stat(), "stat").size, 6, "size");
        must(file.start_writeback(), "start_writeback");
        must(file.sync(), "sync");
        must(file.drop_cache(), "drop_cache");
        must(file.write_all_at(b"x", 0), "a write after all that");
        self.past_memory(&dir);
        same(self.read(&dir, b"file"), b"x123\0\0".to_vec(), "content");
        let mut again = must(self.disk.open_write(&dir, b"file"), "open_write");
        must(again.write_all_at(b"y", 1), "a write through another handle");
        let mut one = [0];
        must(file.read_at(&mut one, 1), "read");
        same(one, *b"y", "both handles see one file");
        let mut reader = must(self.disk.open(&dir, b"file"), "open");
        assert!(reader.write_all_at(b"z", 0).is_err(), "a file opened for reading takes no writes");
    }

    /// Reads and writes of every alignment, with and without the system's memory between, see one content.
    fn past_memory(&self, dir: &Dir) {
        let mut direct = must(self.disk.create(dir, b"direct", 0o644), "create");
        must(direct.past_memory(), "past_memory");
        let mut expected = vec![0; 50_000];
        for (offset, length) in [(0usize, 4096usize), (4096, 8192), (20_000, 30_000), (1, 1), (4095, 2), (3000, 10_000), (8192, 100), (0, 50_000)] {
            let bytes: Vec<u8> = (0..length).map(|at| ((at * 7 + offset) % 251) as u8).collect();
            must(direct.write_all_at(&bytes, offset as u64), "a write past memory");
            expected[offset..offset + length].copy_from_slice(&bytes);
            let end = must(direct.stat(), "stat").size as usize;
            assert!(self.read(dir, b"direct") == expected[..end], "what was written past memory, {length} at {offset}");
            for (from, wanted) in [(0, 50_000), (1, 100), (4096, 4096), (4000, 9000), (end, 10), (end + 5000, 10)] {
                let mut buffer = vec![9; wanted];
                let read = must(direct.read_at(&mut buffer, from as u64), "a read past memory");
                let there = &expected[from.min(end)..(from + wanted).min(end).max(from.min(end))];
                assert!(buffer[..read] == *there, "{wanted} from {from} of {end}");
            }
        }
    }

    fn attributes(&self) {
        let (dir, _) = self.ground("attributes");
        let mut file = self.write(&dir, b"file", b"12345");
        for modified in [0, 1, 1_700_000_000_123_456_789, -1, -2_000_000_001] {
            must(file.set_modified(modified), "set_modified");
            same(must(file.stat(), "stat").modified, modified, "the time that was set, to the nanosecond");
        }
        for mode in [0o600, 0o755, 0o644] {
            must(file.set_mode(mode), "set_mode");
            let stat = must(self.disk.stat(&dir, b"file"), "stat");
            same(stat.mode, mode, "mode");
            same(stat.executable(), mode & 0o111 != 0, "executable");
        }
        let (by_name, by_file) = (must(self.disk.stat(&dir, b"file"), "stat"), must(file.stat(), "stat"));
        same(by_name, by_file, "a name and its open file say the same");
        same((by_name.kind, by_name.size), (Kind::File, 5), "kind and size");
        assert!(by_name.changed > 0, "the time of the last change is the system's own");
        self.write(&dir, b"other", b"");
        let other = must(self.disk.stat(&dir, b"other"), "stat");
        assert!(other.inode != by_name.inode, "two files have two inodes");
        same(other.device, by_name.device, "one file system, one device");
        must(self.disk.dir(&dir, b"folder", true), "dir");
        same(must(self.disk.stat(&dir, b"folder"), "stat").kind, Kind::Dir, "kind of a directory");
        refused(self.disk.stat(&dir, b"missing"), ErrorKind::NotFound, "stat of a missing name");
    }

    fn create_is_exclusive(&self) {
        let (dir, path) = self.ground("exclusive");
        self.write(&dir, b"file", b"kept");
        self.plant(&path.join("dangling"), Plant::Link(Path::new("nowhere")));
        must(self.disk.dir(&dir, b"folder", true), "dir");
        for name in [&b"file"[..], b"dangling", b"folder"] {
            refused(self.disk.create(&dir, name, 0o644), ErrorKind::AlreadyExists, "create over what exists");
        }
        same(self.read(&dir, b"file"), b"kept".to_vec(), "what exists");
        refused(self.disk.stat(&dir, b"nowhere"), ErrorKind::NotFound, "the target of a dangling link");
    }

    fn only_regular_files_open(&self) {
        let (dir, path) = self.ground("regular");
        self.write(&dir, b"file", b"x");
        must(self.disk.dir(&dir, b"folder", true), "dir");
        self.plant(&path.join("link"), Plant::Link(Path::new("file")));
        self.plant(&path.join("pipe"), Plant::Pipe);
        for name in [&b"folder"[..], b"link", b"pipe"] {
            refused(self.disk.open(&dir, name), ErrorKind::InvalidInput, "open of what is no regular file");
            refused(self.disk.open_write(&dir, name), ErrorKind::InvalidInput, "open_write of what is no regular file");
        }
        for (name, kind) in [(&b"folder"[..], Kind::Dir), (b"link", Kind::Link), (b"pipe", Kind::Other)] {
            same(must(self.disk.stat(&dir, name), "stat").kind, kind, "kind by stat");
        }
        let expected = [(&b"file"[..], Kind::File), (b"folder", Kind::Dir), (b"link", Kind::Link), (b"pipe", Kind::Other)];
        same(self.listed(&dir), expected.map(|(name, kind)| (name.to_vec(), kind)).to_vec(), "kinds by list");
        refused(self.disk.open(&dir, b"missing"), ErrorKind::NotFound, "open of a missing name");
        refused(self.disk.open_write(&dir, b"missing"), ErrorKind::NotFound, "open_write of a missing name");
    }

    fn directories_beneath(&self) {
        let (dir, _) = self.ground("beneath");
        refused(self.disk.dir(&dir, b"a/b/c", false), ErrorKind::NotFound, "dir without make");
        let made = must(self.disk.dir(&dir, b"a/b/c", true), "dir with make");
        self.write(&made, b"file", b"deep");
        for path in [&b"a"[..], b"a/b", b"a/b/c"] {
            must(self.disk.dir(&dir, path, false), "what was made is there");
            must(self.disk.dir(&dir, path, true), "making it again");
        }
        let same_base = must(self.disk.dir(&dir, b"", false), "the empty path");
        same(self.listed(&same_base), self.listed(&dir), "the empty path is the base");
        let middle = must(self.disk.dir(&dir, b"a/b", false), "dir");
        same(self.read(&must(self.disk.dir(&middle, b"c", false), "dir"), b"file"), b"deep".to_vec(), "from a handle in the middle");
        let invalid: [&[u8]; 12] = [b"..", b"a/..", b"a/../a", b"../beneath", b".", b"./a", b"a//b", b"/", b"/a", b"/tmp", b"a/", b"a\0b"];
        for path in invalid {
            for make in [false, true] {
                refused(self.disk.dir(&dir, path, make), ErrorKind::InvalidInput, "a path that is not a plain way down");
            }
        }
        self.write(&dir, b"file", b"");
        for path in [&b"file"[..], b"file/a"] {
            for make in [false, true] {
                refused(self.disk.dir(&dir, path, make), ErrorKind::NotADirectory, "a way through a file");
            }
        }
        // A path of more than 4096 bytes, of components that are each allowed.
        let long = vec![b"c".repeat(200); 30].join(&b'/');
        let deep = must(self.disk.dir(&dir, &long, true), "a long way down");
        self.write(&deep, b"file", b"very deep");
        same(self.read(&must(self.disk.dir(&dir, &long, false), "dir"), b"file"), b"very deep".to_vec(), "a long way down again");
    }

    fn directories_and_links(&self) {
        let (outside, _) = self.ground("outside");
        self.write(&outside, b"secret", b"");
        let (dir, path) = self.ground("linked");
        let inner = must(self.disk.dir(&dir, b"real/inner", true), "dir");
        self.plant(&path.join("out"), Plant::Link(Path::new("../outside")));
        self.plant(&path.join("absolute"), Plant::Link(&self.scratch.join("outside")));
        self.plant(&path.join("inside"), Plant::Link(Path::new("real")));
        self.plant(&path.join("real/up"), Plant::Link(Path::new("..")));
        self.plant(&path.join("dangling"), Plant::Link(Path::new("new")));
        for way in [&b"out"[..], b"absolute", b"inside", b"inside/inner", b"real/up", b"real/up/real", b"dangling", b"dangling/x", b"out/x"] {
            for make in [false, true] {
                assert!(self.disk.dir(&dir, way, make).is_err(), "a way through a link is refused: {}", way.escape_ascii());
            }
        }
        refused(self.disk.stat(&dir, b"new"), ErrorKind::NotFound, "nothing is made through a link");
        same(self.listed(&outside), vec![(b"secret".to_vec(), Kind::File)], "nothing is made outside");
        // A handle stays with its directory when the name goes to a link.
        must(self.disk.rename((&dir, b"real"), (&dir, b"moved"), Rename::New), "rename");
        self.plant(&path.join("real"), Plant::Link(Path::new("../outside")));
        self.write(&inner, b"file", b"inside");
        let moved = must(self.disk.dir(&dir, b"moved/inner", false), "dir");
        same(self.read(&moved, b"file"), b"inside".to_vec(), "a handle holds what was opened");
        must(self.disk.remove(&dir, b"out"), "remove of a link");
        same(self.listed(&outside), vec![(b"secret".to_vec(), Kind::File)], "removing a link leaves its target");
    }

    fn renames(&self) {
        let (dir, path) = self.ground("renames");
        let sub = must(self.disk.dir(&dir, b"sub", true), "dir");
        self.write(&dir, b"one", b"1");
        self.write(&sub, b"two", b"2");
        refused(self.disk.rename((&dir, b"one"), (&sub, b"two"), Rename::New), ErrorKind::AlreadyExists, "New over what exists");
        self.plant(&path.join("dangling"), Plant::Link(Path::new("nowhere")));
        refused(self.disk.rename((&dir, b"one"), (&dir, b"dangling"), Rename::New), ErrorKind::AlreadyExists, "New over a link");
        same((self.read(&dir, b"one"), self.read(&sub, b"two")), (b"1".to_vec(), b"2".to_vec()), "a refused rename changes nothing");
        must(self.disk.rename((&dir, b"one"), (&sub, b"three"), Rename::New), "New to a free name");
        refused(self.disk.stat(&dir, b"one"), ErrorKind::NotFound, "the old name");
        match self.disk.rename((&sub, b"three"), (&sub, b"two"), Rename::Exchange) {
            Ok(()) => same((self.read(&sub, b"two"), self.read(&sub, b"three")), (b"1".to_vec(), b"2".to_vec()), "Exchange"),
            Err(error) => {
                same(error.kind(), ErrorKind::Unsupported, "Exchange is done or unsupported");
                must(self.disk.rename((&sub, b"three"), (&dir, b"aside"), Rename::New), "by hand");
                must(self.disk.rename((&sub, b"two"), (&sub, b"three"), Rename::New), "by hand");
                must(self.disk.rename((&dir, b"aside"), (&sub, b"two"), Rename::New), "by hand");
            }
        }
        assert!(self.disk.rename((&sub, b"two"), (&dir, b"free"), Rename::Exchange).is_err(), "Exchange needs both names");
        must(self.disk.rename((&sub, b"two"), (&sub, b"three"), Rename::Replace), "Replace over what exists");
        same(self.read(&sub, b"three"), b"1".to_vec(), "the new content");
        must(self.disk.rename((&sub, b"three"), (&dir, b"plain"), Rename::Replace), "Replace to a free name");
        must(self.disk.rename((&dir, b"sub"), (&dir, b"folder"), Rename::New), "a directory");
        self.write(&sub, b"later", b"");
        same(self.listed(&must(self.disk.dir(&dir, b"folder", false), "dir")).len(), 1, "its handle goes with it");
        for how in [Rename::Replace, Rename::New, Rename::Exchange] {
            let result = self.disk.rename((&dir, b"missing"), (&dir, b"plain"), how);
            assert!(result.is_err(), "what is missing cannot be renamed");
        }
        same(self.read(&dir, b"plain"), b"1".to_vec(), "what was not replaced");
    }

    fn removal(&self) {
        let (dir, path) = self.ground("removal");
        self.write(&dir, b"file", b"");
        let sub = must(self.disk.dir(&dir, b"sub", true), "dir");
        self.write(&sub, b"inner", b"");
        self.plant(&path.join("link"), Plant::Link(Path::new("sub")));
        assert!(self.disk.remove(&dir, b"sub").is_err(), "remove does not take directories");
        assert!(self.disk.remove_dir(&dir, b"file").is_err(), "remove_dir does not take files");
        assert!(self.disk.remove_dir(&dir, b"link").is_err(), "remove_dir does not take links");
        refused(self.disk.remove_dir(&dir, b"sub"), ErrorKind::DirectoryNotEmpty, "remove_dir of what is not empty");
        same(self.listed(&sub).len(), 1, "nothing was removed");
        must(self.disk.remove(&sub, b"inner"), "remove");
        must(self.disk.remove(&dir, b"link"), "remove of a link");
        must(self.disk.remove_dir(&dir, b"sub"), "remove_dir");
        must(self.disk.remove(&dir, b"file"), "remove");
        same(self.listed(&dir), vec![], "all is gone");
        refused(self.disk.remove(&dir, b"file"), ErrorKind::NotFound, "remove of a missing name");
        refused(self.disk.remove_dir(&dir, b"sub"), ErrorKind::NotFound, "remove_dir of a missing name");
    }

    fn locks(&self) {
        let (dir, path) = self.ground("locks");
        let take = |name: &[u8], hold| must(self.disk.lock(&dir, name, hold), "lock");
        let lock = take(b"lock", Hold::Alone);
        assert!(lock.is_some(), "a free lock is taken");
        for hold in [Hold::Alone, Hold::Shared, Hold::Alone] {
            assert!(take(b"lock", hold).is_none(), "a held lock is not taken");
        }
        assert!(take(b"another", Hold::Alone).is_some(), "another lock is free");
        drop(lock);
        let (one, two) = (take(b"lock", Hold::Shared), take(b"lock", Hold::Shared));
        assert!(one.is_some() && two.is_some(), "a dropped lock is free, and shared by many");
        drop(one);
        assert!(take(b"lock", Hold::Alone).is_none(), "one of many holds it still");
        assert!(take(b"lock", Hold::Shared).is_some(), "and another may");
        drop(two);
        assert!(take(b"lock", Hold::Alone).is_some(), "all have let go");
        self.plant(&path.join("link"), Plant::Link(Path::new("target")));
        assert!(self.disk.lock(&dir, b"link", Hold::Alone).is_err(), "a link is no lock");
        refused(self.disk.stat(&dir, b"target"), ErrorKind::NotFound, "the target of the link");
    }

    fn walk(&self) {
        let (dir, path) = self.ground("walk");
        let mut expected: Vec<(Vec<u8>, Kind)> = Vec::new();
        for folder in [&b"a"[..], b"a/b", b"a/b/\xff\xfe", b"-z"] {
            let made = must(self.disk.dir(&dir, folder, true), "dir");
            expected.push((folder.to_vec(), Kind::Dir));
            for name in [&b"file"[..], b" ", b"\x80"] {
                self.write(&made, name, folder);
                expected.push(([folder, b"/", name].concat(), Kind::File));
            }
        }
        self.plant(&path.join("a/loop"), Plant::Link(Path::new("..")));
        self.plant(&path.join("pipe"), Plant::Pipe);
        expected.push((b"a/loop".to_vec(), Kind::Link));
        expected.push((b"pipe".to_vec(), Kind::Other));
        expected.sort_by(|one, two| one.0.cmp(&two.0));
        self.plant(&self.scratch.join("walk-link"), Plant::Link(Path::new("walk")));
        let with_slash = std::ffi::OsString::from_iter([path.as_os_str(), std::ffi::OsStr::from_bytes(b"/")]);
        for root in [&path, &self.scratch.join("walk-link"), Path::new(&with_slash)] {
            let mut met = Vec::new();
            let mut sizes = 0;
            let mut visit = |thing: Met| match thing {
                Met::Entry { path, stat } => {
                    sizes += if stat.kind == Kind::File { stat.size } else { 0 };
                    met.push((path, stat.kind));
                }
                other => panic!("nothing here is mounted or unreadable: {other:?}"),
            };
            must(self.disk.walk(root, &mut visit), "walk");
            met.sort_by(|one, two| one.0.cmp(&two.0));
            same(met, expected.clone(), "the walk meets everything once, with its path");
            same(sizes, 3 * (1 + 3 + 6 + 2), "the walk gives attributes");
        }
        self.write(&dir, b"plain", b"");
        let mut nothing = |thing: Met| panic!("met {thing:?}");
        refused(self.disk.walk(&path.join("missing"), &mut nothing), ErrorKind::NotFound, "a walk over a missing root");
        refused(self.disk.walk(&path.join("plain"), &mut nothing), ErrorKind::NotADirectory, "a walk over a file");
        must(self.disk.make_root(&path.join("empty")), "make_root");
        must(self.disk.walk(&path.join("empty"), &mut nothing), "a walk over an empty root");
    }

    fn space_and_sync(&self) {
        let (dir, _) = self.ground("space");
        let space = must(self.disk.space(&dir), "space");
        assert!(space.free <= space.total && space.total > 0, "room: {space:?}");
        self.write(&dir, b"file", b"x");
        must(self.disk.sync_dir(&dir), "sync_dir");
        must(self.disk.sync_all(&dir), "sync_all");
    }

    fn roots(&self) {
        let path = self.scratch.join("roots");
        refused(self.disk.root(&path), ErrorKind::NotFound, "a missing root");
        let made = must(self.disk.make_root(&path.join("x/y")), "make_root");
        must(self.disk.make_root(&path.join("x/y")), "make_root again");
        let outer = must(self.disk.root(&path), "root");
        same(must(self.disk.stat(&outer, b"x"), "stat").mode & 0o077, 0, "what make_root makes is private");
        self.write(&made, b"file", b"");
        refused(self.disk.root(&path.join("x/y/file")), ErrorKind::NotADirectory, "a file is no root");
        self.plant(&path.join("link"), Plant::Link(Path::new("x/y")));
        let through = must(self.disk.root(&path.join("link")), "a root that a person named may be a link");
        same(self.listed(&through).len(), 1, "the root through the link");
    }
}
