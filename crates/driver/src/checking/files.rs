//! The record files of an archive, or below a folder that is none: which they are, and read and checked by all cores in bounded steps. The
//! same tree gives the same order each time.

use rayon::prelude::*;
use rights::json::RECORD_BYTES_MAX;
use rights::{Fault, Record, fault};
use std::collections::HashSet;
use std::io;
use store::disk::{Dir, Disk, Entry, Kind};
use store::spool::read_whole;
use wire::ItemId;

use crate::records::Recognising;

/// Names that are looked at together.
const STEP: usize = 64;
/// The record of a folder; the rest of the folder are its documents.
const RECORD: &[u8] = b"record.json";
/// What the names of records end in where no archive says which files are some.
pub const RECORD_ENDS: &[u8] = b".json";

/// The entries of one folder that are records where no archive says which: `record.json` where there is one, else every file that ends
/// in `.json`.
fn record_files(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    let alone = entries.iter().any(|entry| entry.kind == Kind::File && entry.name == RECORD);
    entries.iter().filter(move |entry| entry.kind == Kind::File && if alone { entry.name == RECORD } else { entry.name.ends_with(RECORD_ENDS) })
}

/// What was met at a path below the root.
pub struct Met {
    /// The path.
    pub path: Vec<u8>,
    /// What lies there.
    pub what: What,
}

/// What lies at a path.
pub enum What {
    /// A right record, how many bytes it took, and whether it lacks a proof that it should have.
    Record(Box<Record<'static>>, u64, bool),
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

/// Whether a record lacks a proof that it should have.
pub type Lacks<'l> = dyn Fn(&Record) -> bool + Sync + 'l;

/// What is still to be looked at.
pub struct Files<'d> {
    disk: &'d dyn Disk,
    root: &'d Dir,
    recognising: Option<&'d Recognising>,
    lacks: &'d Lacks<'d>,
    /// The next one is the last.
    ahead: Vec<Node>,
}

impl<'d> Files<'d> {
    /// All below `root`; of an archive of records those that its pattern names.
    pub fn new(disk: &'d dyn Disk, root: &'d Dir, recognising: Option<&'d Recognising>, lacks: &'d Lacks<'d>) -> Self {
        Self { disk, root, recognising, lacks, ahead: vec![Node { path: Vec::new(), folder: true }] }
    }

    /// What is met in the next step; none at the end.
    pub fn step(&mut self) -> Option<Vec<Met>> {
        let nodes: Vec<Node> = std::iter::from_fn(|| self.ahead.pop()).take(STEP).collect();
        if nodes.is_empty() {
            return None;
        }
        let (disk, root, recognising, lacks) = (self.disk, self.root, self.recognising, self.lacks);
        let seen: Vec<Seen> = nodes.into_par_iter().map(|node| look(disk, root, recognising, lacks, node)).collect();
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

/// Whether a file may be a record, as far as its own name tells.
pub fn may_be_record(path: &[u8], recognising: Option<&Recognising>) -> bool {
    recognising.map_or_else(|| path.ends_with(RECORD_ENDS), |recognising| recognising.is_record(&ItemId(path.to_vec())))
}

/// Of all files of a tree that may be records those that are.
pub fn settle<T>(found: &mut Vec<(Vec<u8>, T)>, recognising: Option<&Recognising>) {
    if recognising.is_none() {
        let alone: HashSet<Vec<u8>> =
            found.iter().map(|(path, _)| split(path)).filter(|(_, name)| *name == RECORD).map(|(folder, _)| folder.to_vec()).collect();
        found.retain(|(path, _)| split(path).1 == RECORD || !alone.contains(split(path).0));
    }
}

fn look(disk: &dyn Disk, root: &Dir, recognising: Option<&Recognising>, lacks: &Lacks<'_>, node: Node) -> Seen {
    let what = if node.folder {
        match list(disk, root, recognising, &node.path) {
            Ok(nodes) => return Seen::Listed(nodes),
            Err(error) => What::Unread(error),
        }
    } else {
        match read(disk, root, &node.path) {
            Ok(bytes) => match Record::read(&bytes) {
                Ok(record) => {
                    let lacks = lacks(&record);
                    What::Record(Box::new(record.into_owned()), bytes.len() as u64, lacks)
                }
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

fn list(disk: &dyn Disk, root: &Dir, recognising: Option<&Recognising>, path: &[u8]) -> io::Result<Vec<Node>> {
    let entries = disk.list(&disk.dir(root, path, false)?)?;
    let below = |name: &[u8]| if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() };
    let folders = entries.iter().filter(|entry| entry.kind == Kind::Dir).map(|entry| Node { path: below(&entry.name), folder: true });
    let records: Vec<Vec<u8>> = match recognising {
        None => record_files(&entries).map(|entry| below(&entry.name)).collect(),
        Some(recognising) => {
            let files = entries.iter().filter(|entry| entry.kind == Kind::File).map(|entry| below(&entry.name));
            files.filter(|path| may_be_record(path, Some(recognising))).collect()
        }
    };
    let mut nodes: Vec<Node> = records.into_iter().map(|path| Node { path, folder: false }).chain(folders).collect();
    nodes.sort_unstable_by(|left, right| left.path.cmp(&right.path));
    Ok(nodes)
}

/// The folder and the name of a path.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    path.iter().rposition(|byte| *byte == b'/').map_or((&[], path), |slash| (&path[..slash], &path[slash + 1..]))
}

/// The bytes of a record file.
pub fn read(disk: &dyn Disk, root: &Dir, path: &[u8]) -> io::Result<Vec<u8>> {
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
        let mut tree: Vec<(Vec<u8>, ())> = ["a/record.json", "a/x.json", "b/x.json", "b/y.json", "x.json"].map(|path| (path.into(), ())).into();
        settle(&mut tree, None);
        let left: Vec<&[u8]> = tree.iter().map(|(path, ())| path.as_slice()).collect();
        assert_eq!(left, [&b"a/record.json"[..], b"b/x.json", b"b/y.json", b"x.json"], "the same of a whole tree");
    }
}
