//! The scan: every regular file below the root of an archive, and what was left out and why.
//!
//! Guarantees: `found` ascends by the bytes of the ids, each once, each a legal id; every name the walk met is in `found` or
//! in `left_out`, but directories (which are no items) and what vanished meanwhile. What could not be looked into stands in
//! `unproven`. It opens no file, follows no link, leaves no file system, and does not look at content. A folder `.gapferry`
//! is one like any other here.

use rayon::prelude::*;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Disk, Entry, Kind, Met};
use wire::ItemId;
use wire::limits::{COMPONENT_BYTES_MAX, ID_BYTES_MAX};
use wire::planted;
use wire::record::FileStat;

use crate::read::stat_of;

/// Names between two calls of `progress`.
const PROGRESS_NAMES: u64 = 1024;

/// What the name of a file ends in that this program is writing into an archive, beside what it is to replace. What an interruption
/// left of it is no document.
pub const UNFINISHED: &[u8] = b".gapferry.part";

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its path relative to the root.
    pub id: ItemId,
    /// What the file system says of it.
    pub stat: FileStat,
}

/// What is known of the documents already, so that those that lie there as they are known need not be kept by the scan.
pub trait Known {
    /// Takes a document that was met; false when it is not as it is known: then it stands in `found`.
    fn take(&mut self, id: &ItemId, stat: &FileStat) -> bool;
    /// Gives back those that were taken and are a directory as well.
    fn give_back(&mut self, is_directory: &dyn Fn(&ItemId) -> bool) -> Vec<ItemId>;
}

/// Nothing is known.
impl Known for () {
    fn take(&mut self, _: &ItemId, _: &FileStat) -> bool {
        false
    }
    fn give_back(&mut self, _: &dyn Fn(&ItemId) -> bool) -> Vec<ItemId> {
        Vec::new()
    }
}

impl From<Found> for (ItemId, FileStat) {
    fn from(found: Found) -> Self {
        (found.id, found.stat)
    }
}

/// Why a name is not carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A symbolic link.
    Link,
    /// A device, pipe or socket.
    Device,
    /// Another file system is mounted there.
    Mount,
    /// The system refused to list or describe it.
    Unreadable,
    /// The path has more than 4095 bytes, with that of the root where the system counts it, or a component more than 255.
    TooLong,
    /// It became something else while it was looked at.
    Changing,
    /// This program was writing it.
    Unfinished,
}

/// A name that is not carried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Its path relative to the root; empty for the root.
    pub path: Vec<u8>,
    /// Why.
    pub why: Why,
}

/// What a scan saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Documents, ascending by id; without those that are as they are known.
    pub found: Vec<Found>,
    /// What is not carried, ascending by path.
    pub left_out: Vec<LeftOut>,
    /// Paths at and below which absence proves nothing, ascending, without a slash at the end; an empty one is the root.
    pub unproven: Vec<Vec<u8>>,
}

/// What is wrong with the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanTrouble {
    /// It is not there.
    Missing,
    /// It is not a directory.
    NotADirectory,
    /// It cannot be listed at all.
    Unreadable,
}

/// The root of an archive cannot be scanned (SRC-01). Equal when the troubles are.
#[derive(Debug)]
pub struct ScanFailure {
    /// What is wrong.
    pub trouble: ScanTrouble,
    /// The root.
    pub root: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl ScanFailure {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        "SRC-01"
    }

    fn of(root: &Path, error: io::Error) -> Self {
        let trouble = match error.kind() {
            io::ErrorKind::NotFound => ScanTrouble::Missing,
            io::ErrorKind::NotADirectory => ScanTrouble::NotADirectory,
            _ => ScanTrouble::Unreadable,
        };
        Self { trouble, root: root.into(), error }
    }
}

impl PartialEq for ScanFailure {
    fn eq(&self, other: &Self) -> bool {
        self.trouble == other.trouble
    }
}

impl fmt::Display for ScanFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.root.display();
        match self.trouble {
            ScanTrouble::Missing => write!(f, "{root}: the root is missing"),
            ScanTrouble::NotADirectory => write!(f, "{root}: the root is not a directory"),
            ScanTrouble::Unreadable => write!(f, "{root}: the root cannot be read: {}", self.error),
        }
    }
}

impl std::error::Error for ScanFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Scans the tree below `root`; documents that are as they are `known` are left to that. `now_progress` is called now and then with the
/// number of names met since the last call.
///
/// # Errors
/// [`ScanFailure`] (SRC-01) when the root is missing, not a directory, or not readable at all. A root whose listing breaks off
/// is no failure: what was met stands in the result, and the empty path in `unproven`.
pub fn scan(disk: &dyn Disk, root: &Path, known: &mut dyn Known, now_progress: &dyn Fn(u64)) -> Result<Scan, ScanFailure> {
    let mut seen = Seen::default();
    let mut names = 0u64;
    let walked = disk.walk(root, &mut |met| {
        seen.take(met, known);
        names += 1;
        if names.is_multiple_of(PROGRESS_NAMES) {
            now_progress(PROGRESS_NAMES);
        }
    });
    now_progress(names % PROGRESS_NAMES);
    walked.map_err(|error| ScanFailure::of(root, error))?;
    match seen.root_error.take() {
        Some(error) if names == 1 => Err(ScanFailure::of(root, error)),
        _ => Ok(seen.settle(known)),
    }
}

/// Whether nothing at all lies in the root, without a look at what lies below it.
///
/// # Errors
/// As [`scan`].
pub fn is_empty(disk: &dyn Disk, root: &Path) -> Result<bool, ScanFailure> {
    let listed = disk.root(root).and_then(|dir| disk.list(&dir));
    let listed = listed.and_then(|entries| {
        let dir = disk.root(root)?;
        Ok(entries.iter().all(|entry| is_file_systems_own(disk, &dir, entry)))
    });
    listed.map_err(|error| ScanFailure::of(root, error))
}

/// The folder that ext4 makes in the root of each of its file systems, which only root may look into.
const LOST_AND_FOUND: &[u8] = b"lost+found";

/// Whether an entry of a root is the file system's own folder, with nothing in it that this user may see: a place that is the root of a
/// file system is as good as an empty one.
pub fn is_file_systems_own(disk: &dyn Disk, root: &Dir, entry: &Entry) -> bool {
    let listed = || disk.dir(root, &entry.name, false).and_then(|dir| disk.list(&dir));
    entry.name == LOST_AND_FOUND && entry.kind == Kind::Dir && listed().map_or_else(|error| is_denied(&error), |entries| entries.is_empty())
}

fn is_denied(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// What the walk met so far.
#[derive(Default)]
struct Seen {
    scan: Scan,
    /// How the paths of directories hash: they are needed only where a document has the same one. One that should hash as a directory
    /// does by chance is left for the next scan, which hashes otherwise.
    directories: Vec<u64>,
    hashing: RandomState,
    root_error: Option<io::Error>,
}

impl Seen {
    fn take(&mut self, met: Met, known: &mut dyn Known) {
        match met {
            Met::Entry { path, .. } if !fits(&path) => self.leave_out(path, Why::TooLong),
            Met::Entry { path, stat } if stat.kind == Kind::File && path.ends_with(UNFINISHED) => self.leave_out(path, Why::Unfinished),
            Met::Entry { path, stat } => match stat.kind {
                Kind::File => {
                    let found = Found { id: ItemId(path), stat: stat_of(&stat) };
                    if !known.take(&found.id, &found.stat) {
                        self.scan.found.push(found);
                    }
                }
                Kind::Dir => self.directories.push(self.hashing.hash_one(&path)),
                Kind::Link => self.leave_out(path, Why::Link),
                Kind::Other => self.leave_out(path, Why::Device),
            },
            Met::Mount { path } => self.leave_unproven(path, Why::Mount),
            Met::Unreadable { path, error } if path.is_empty() => {
                self.root_error = Some(error);
                self.leave_unproven(path, Why::Unreadable);
            }
            Met::Unreadable { path, error } if path == LOST_AND_FOUND && is_denied(&error) => {}
            Met::Unreadable { path, error } => match error.kind() {
                // It vanished between its listing and the question: as absent as if it had vanished before.
                io::ErrorKind::NotFound => {}
                io::ErrorKind::NotADirectory => self.leave_unproven(path, Why::Changing),
                // Longer than the system takes, with the root before it: a right to read would not help.
                io::ErrorKind::InvalidFilename => self.leave_unproven(path, Why::TooLong),
                _ => self.leave_unproven(path, Why::Unreadable),
            },
        }
    }

    fn leave_out(&mut self, path: Vec<u8>, why: Why) {
        self.scan.left_out.push(LeftOut { path, why });
    }

    fn leave_unproven(&mut self, path: Vec<u8>, why: Why) {
        if !planted::is("unreadable-passed-over") {
            self.scan.unproven.push(path.clone());
        }
        self.leave_out(path, why);
    }

    /// Sorts, and takes out what was met as two things: the listing of a directory that changes meanwhile may show a name
    /// twice, and a document and a directory of one name cannot both be carried.
    fn settle(mut self, known: &mut dyn Known) -> Scan {
        // Stable, so that of two the one that was met later stays.
        self.scan.found.par_sort_by(|one, two| one.id.cmp(&two.id));
        self.scan.found.dedup_by(|later, earlier| {
            let same = later.id == earlier.id;
            if same {
                earlier.stat = later.stat;
            }
            same
        });
        self.directories.sort_unstable();
        let is_directory = |id: &ItemId| self.directories.binary_search(&self.hashing.hash_one(&id.0)).is_ok();
        let mut twofold = known.give_back(&is_directory);
        if self.scan.found.par_iter().any(|found| is_directory(&found.id)) {
            twofold.extend(self.scan.found.extract_if(.., |found| is_directory(&found.id)).map(|found| found.id));
        }
        twofold.into_iter().for_each(|id| self.leave_unproven(id.0, Why::Changing));
        self.scan.left_out.sort_unstable();
        self.scan.left_out.dedup();
        self.scan.unproven.sort_unstable();
        self.scan.unproven.dedup();
        self.scan
    }
}

fn fits(path: &[u8]) -> bool {
    path.len() <= ID_BYTES_MAX && path.split(|byte| *byte == b'/').all(|component| component.len() <= COMPONENT_BYTES_MAX)
}

#[cfg(test)]
#[path = "scan_test.rs"]
mod tests;
