//! Files and folders of a replica that the file system does not let be changed: each fails alone, by name, and everything else goes on.

use super::stand::Stand;
use super::{outcomes, rows, there};
use driver::World;
use std::io;
use std::sync::Arc;
use store::disk::{Dir, Disk, File, Rename};
use store::real::RealDisk;
use wire::manifest::Mark;

/// The real disk, on which files whose names begin with `their` are another owner's, and what lies in the folder `mounted` lies on another
/// file system.
struct Theirs(RealDisk);

/// A file of another owner.
struct OfAnother(Box<dyn File>);

fn may_not<T>() -> io::Result<T> {
    Err(io::Error::from_raw_os_error(1))
}

impl Theirs {
    fn open_as(file: io::Result<Box<dyn File>>, name: &[u8]) -> io::Result<Box<dyn File>> {
        let file = file?;
        Ok(if name.starts_with(b"their") { Box::new(OfAnother(file)) } else { file })
    }
}

impl Disk for Theirs {
    store::hand_on!(Disk to 0: root make_root list stat remove remove_dir sync_dir sync_all space walk lock);

    fn dir(&self, base: &Dir, path: &[u8], make: bool) -> io::Result<Dir> {
        if path == b"mounted" { Err(io::Error::from_raw_os_error(18)) } else { self.0.dir(base, path, make) }
    }
    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        Self::open_as(self.0.open(dir, name), name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        Self::open_as(self.0.open_write(dir, name), name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.0.create(dir, name, mode)
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        if [from.1, to.1].iter().any(|name| name.starts_with(b"their")) { may_not() } else { self.0.rename(from, to, how) }
    }
}

impl File for OfAnother {
    store::hand_on!(File to 0: read_at stat set_size drop_cache past_memory start_writeback);

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
    fn set_modified(&mut self, _: i64) -> io::Result<()> {
        may_not()
    }
    fn set_mode(&mut self, _: u32) -> io::Result<()> {
        may_not()
    }
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

/// One file of another owner, and no command on the replica ended any more.
#[test]
fn what_the_file_system_does_not_let_be_changed_fails_alone() {
    let stand = Stand::new();
    let names = ["their tool", "their text", "their removed", "mounted/c", "own"];
    let (items, content) = rows(&names.map(|name| (name, 1, Some("one"))));
    stand.bring(1, items, &content).unwrap();
    let world = World { disk: Arc::new(Theirs(RealDisk::new())), ..stand.world().clone() };
    let (mut items, content) = rows(&[
        ("their removed", 2, None),
        ("mounted/c", 2, Some("two")),
        ("own", 2, Some("two")),
        ("their text", 2, Some("two")),
        ("their tool", 2, Some("one")),
    ]);
    items[0].mark = Mark::Delete;
    items[4].documents[0].executable = true;
    let report = stand.bring_over(&world, 2, items, Vec::new(), &content).unwrap();
    assert_eq!(outcomes(&stand, 2), [19, 19, 1, 19, 19], "{report:?}");
    let refused: Vec<_> = report.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!(refused, [("IO-01", "their removed"), ("IO-01", "mounted/c"), ("IO-01", "their text"), ("IO-01", "their tool")]);
    assert_eq!(report.packages[0].failed, 4);
    assert_eq!(names.map(|name| there(&stand, name)), ["one", "one", "one", "one", "two"].map(|text| Some(text.to_owned())));
    // What is right already needs nobody's leave; and everything else is made good once it may be changed.
    let (items, content) = rows(&[("their tool", 3, Some("one"))]);
    stand.bring_over(&world, 3, items, Vec::new(), &content).unwrap();
    let (items, content) = rows(&[("mounted/c", 2, Some("two")), ("their text", 2, Some("two"))]);
    stand.bring(4, items, &content).unwrap();
    assert_eq!((outcomes(&stand, 3), outcomes(&stand, 4)), (vec![1], vec![1, 1]));
}
