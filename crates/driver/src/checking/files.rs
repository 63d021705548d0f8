//! The record files below a folder, read and checked by all cores in bounded steps. The same tree gives the same order each time.

use rayon::prelude::*;
use rights::json::RECORD_BYTES_MAX;
use rights::{Fault, Record, fault};
use std::io;
use store::disk::{Dir, Disk, Entry, Kind};
use store::spool::read_whole;

/// Names that are looked at together.
const STEP: usize = 64;
/// The record of a folder; the rest of the folder are its documents.
const RECORD: &[u8] = b"record.json";

/// The entries of one folder that are records: `record.json` where there is one, else every file that ends in `.json`.
pub(super) fn record_files(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    let alone = entries.iter().any(|entry| entry.kind == Kind::File && entry.name == RECORD);
    entries.iter().filter(move |entry| entry.kind == Kind::File && if alone { entry.name == RECORD } else { entry.name.ends_with(b".json") })
}

/// What was met at a path below the root.
pub(super) struct Met {
    pub path: Vec<u8>,
    pub what: What,
}

pub(super) enum What {
    /// A right record, and how many bytes it took.
    Record(Box<Record>, u64),
    /// A file that holds none.
    Faulty(Vec<Fault>),
    /// A file or folder that could not be read.
    Unread(io::Error),
}

struct Node {
    path: Vec<u8>,
    folder: bool,
}

enum Seen {
    Listed(Vec<Node>),
    Met(Met),
    /// It vanished since its folder was listed.
    Gone,
}

/// What is still to be looked at.
pub(super) struct Files<'d> {
    disk: &'d dyn Disk,
    root: &'d Dir,
    /// The next one is the last.
    ahead: Vec<Node>,
}

impl<'d> Files<'d> {
    pub(super) fn new(disk: &'d dyn Disk, root: &'d Dir) -> Self {
        Self { disk, root, ahead: vec![Node { path: Vec::new(), folder: true }] }
    }

    /// What is met in the next step; none at the end.
    pub(super) fn step(&mut self) -> Option<Vec<Met>> {
        let nodes: Vec<Node> = std::iter::from_fn(|| self.ahead.pop()).take(STEP).collect();
        if nodes.is_empty() {
            return None;
        }
        let (disk, root) = (self.disk, self.root);
        let seen: Vec<Seen> = nodes.into_par_iter().map(|node| look(disk, root, node)).collect();
        let mut met = Vec::new();
        let mut below = Vec::new();
        for seen in seen {
            match seen {
                Seen::Listed(nodes) => below.extend(nodes),
                Seen::Met(one) => met.push(one),
                Seen::Gone => {}
            }
        }
        self.ahead.extend(below.into_iter().rev());
        Some(met)
    }
}

fn look(disk: &dyn Disk, root: &Dir, node: Node) -> Seen {
    let what = if node.folder {
        match list(disk, root, &node.path) {
            Ok(nodes) => return Seen::Listed(nodes),
            Err(error) => What::Unread(error),
        }
    } else {
        match read(disk, root, &node.path) {
            Ok(bytes) => match Record::read(&bytes) {
                Ok(record) => What::Record(Box::new(record), bytes.len() as u64),
                Err(faults) => What::Faulty(faults),
            },
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => What::Faulty(vec![Fault::limited(&fault::TOO_LARGE, "", RECORD_BYTES_MAX as u64)]),
            Err(error) => What::Unread(error),
        }
    };
    match what {
        What::Unread(error) if error.kind() == io::ErrorKind::NotFound && !node.path.is_empty() => Seen::Gone,
        what => Seen::Met(Met { path: node.path, what }),
    }
}

fn list(disk: &dyn Disk, root: &Dir, path: &[u8]) -> io::Result<Vec<Node>> {
    let entries = disk.list(&disk.dir(root, path, false)?)?;
    let below = |name: &[u8]| if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() };
    let folders = entries.iter().filter(|entry| entry.kind == Kind::Dir).map(|entry| Node { path: below(&entry.name), folder: true });
    let mut nodes: Vec<Node> = record_files(&entries).map(|entry| Node { path: below(&entry.name), folder: false }).chain(folders).collect();
    nodes.sort_unstable_by(|left, right| left.path.cmp(&right.path));
    Ok(nodes)
}

/// The folder and the name of a path.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    path.iter().rposition(|byte| *byte == b'/').map_or((&[], path), |slash| (&path[..slash], &path[slash + 1..]))
}

/// The bytes of a record file.
pub(super) fn read(disk: &dyn Disk, root: &Dir, path: &[u8]) -> io::Result<Vec<u8>> {
    let (folder, name) = split(path);
    read_whole(disk, &disk.dir(root, folder, false)?, name, RECORD_BYTES_MAX as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_its_record_or_many() {
        let entry = |name: &str, kind| Entry { name: name.into(), kind };
        let names = |entries: &[Entry]| record_files(entries).map(|entry| String::from_utf8(entry.name.clone()).unwrap()).collect::<Vec<_>>();
        let many =
            [entry("a.json", Kind::File), entry("b.png", Kind::File), entry("c.json", Kind::Dir), entry("d.json", Kind::Link), entry("e.json", Kind::File)];
        assert_eq!(names(&many), ["a.json", "e.json"]);
        let one = [entry("a.json", Kind::File), entry("record.json", Kind::File)];
        assert_eq!(names(&one), ["record.json"]);
        let folder = [entry("a.json", Kind::File), entry("record.json", Kind::Dir)];
        assert_eq!(names(&folder), ["a.json"]);
    }
}
