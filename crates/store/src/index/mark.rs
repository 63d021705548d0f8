//! The mark of the index: what each of its files was when it was closed.
//!
//! A text file: the line `gapferry index 1`, then `open`, or `closed` and one line per file in the order of their
//! names: digest (64 hex digits), size, name relative to the index. An index that is not exactly what its mark says is not opened.

use super::Repair;
use crate::disk::{Dir, Disk, Kind, Met};
use crate::real::RealDisk;
use crate::spool;
use std::io;
use std::path::Path;
use wire::planted;

const TITLE: &str = "gapferry index 1";
const OPEN: &str = "gapferry index 1\nopen\n";
/// A mark is a line per file of the index; a larger one is none.
const MARK_BYTES_MAX: u64 = 1 << 20;
const READ_BYTES: usize = 1 << 20;

/// What comparing an index with its mark gives.
pub enum Marked {
    /// Neither is there.
    New,
    /// It is as it was closed.
    Closed,
    /// It cannot be used.
    Repair(Repair),
}

/// Where the mark lies.
pub struct Mark {
    dir: Dir,
    name: Vec<u8>,
}

impl Mark {
    pub fn new(disk: &RealDisk, path: &Path) -> io::Result<Self> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the mark needs a name"));
        };
        Ok(Self { dir: disk.make_root(parent)?, name: name.as_encoded_bytes().to_vec() })
    }

    pub fn write_open(&self, disk: &RealDisk) -> io::Result<()> {
        spool::write_whole(disk, &self.dir, &self.name, OPEN.as_bytes())
    }

    pub fn write_closed(&self, disk: &RealDisk, index: &Path) -> io::Result<()> {
        let (text, unreadable) = describe(disk, index);
        unreadable.map_or(Ok(()), Err)?;
        spool::write_whole(disk, &self.dir, &self.name, text.as_bytes())
    }

    /// Whatever cannot be read is as good as altered: all of it can be made anew.
    pub fn compare(&self, disk: &RealDisk, index: &Path) -> Marked {
        let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        let marked = match spool::read_whole(disk, &self.dir, &self.name, MARK_BYTES_MAX) {
            Err(error) if missing(&error) => None,
            read => Some(read.unwrap_or_default()),
        };
        if marked.as_deref() == Some(OPEN.as_bytes()) {
            return Marked::Repair(Repair::NotClosed);
        }
        let there = !disk.root(index).is_err_and(|error| missing(&error));
        let marked = match (marked, there) {
            (None, false) => return Marked::New,
            (None, true) => return Marked::Repair(Repair::Unmarked),
            (Some(_), false) => return Marked::Repair(Repair::Gone),
            (Some(marked), true) => marked,
        };
        let (found, _in_the_text) = describe(disk, index);
        if marked == found.as_bytes() || planted::is("index-mark-unchecked") {
            return Marked::Closed;
        }
        Marked::Repair(Repair::Altered { file: first_difference(&String::from_utf8_lossy(&marked), &found) })
    }
}

/// The name in the first line that differs.
fn first_difference(marked: &str, found: &str) -> String {
    let mut pairs = (marked.lines().map(Some).chain(std::iter::repeat(None))).zip(found.lines().map(Some).chain(std::iter::repeat(None)));
    let differs = pairs.find(|(one, two)| one != two || one.is_none());
    let line = match differs {
        Some((Some(one), Some(two))) => name_of(one).min(name_of(two)),
        Some((one, two)) => one.or(two).and_then(name_of),
        None => None,
    };
    line.unwrap_or("its mark").into()
}

fn name_of(line: &str) -> Option<&str> {
    line.splitn(3, ' ').nth(2).filter(|_| line != TITLE)
}

/// The text of a closed mark for the index as it is, and what could not be read of it, if anything: the text then
/// equals none that was ever written.
fn describe(disk: &RealDisk, index: &Path) -> (String, Option<io::Error>) {
    let mut lines = Vec::new();
    let mut unreadable = None;
    let mut failed = |error| {
        unreadable = Some(error);
        String::from("unreadable 0")
    };
    let walked = disk.walk(index, &mut |met| match met {
        Met::Entry { stat, .. } if stat.kind == Kind::Dir => {}
        Met::Entry { path, stat } if stat.kind == Kind::File => {
            let line = digest(disk, index, &path).map_or_else(&mut failed, |digest| format!("{digest} {}", stat.size));
            lines.push((path, line));
        }
        // sled makes nothing of the kind.
        Met::Entry { path, .. } | Met::Mount { path } => lines.push((path, "foreign 0".into())),
        Met::Unreadable { path, error } => lines.push((path, failed(error))),
    });
    if let Err(error) = walked {
        lines.push((b".".to_vec(), failed(error)));
    }
    lines.sort();
    let mut text = format!("{TITLE}\nclosed\n");
    for (path, what) in lines {
        text.push_str(&format!("{what} {}\n", path.escape_ascii()));
    }
    (text, unreadable)
}

fn digest(disk: &RealDisk, index: &Path, path: &[u8]) -> io::Result<blake3::Hash> {
    let (folder, name) = match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&path[..0], path),
    };
    let mut file = disk.open(&disk.dir(&disk.root(index)?, folder, false)?, name)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut offset = 0;
    loop {
        match file.read_at(&mut buffer, offset)? {
            0 => return Ok(hasher.finalize()),
            read => {
                hasher.update(&buffer[..read]);
                offset += read as u64;
            }
        }
    }
}

/// Removes whatever has this name; that nothing has is no error.
pub fn remove_tree(disk: &RealDisk, parent: &Dir, name: &[u8]) -> io::Result<()> {
    let kind = match disk.stat(parent, name) {
        Ok(stat) => stat.kind,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind != Kind::Dir {
        return disk.remove(parent, name);
    }
    let inner = disk.dir(parent, name, false)?;
    for entry in disk.list(&inner)? {
        remove_tree(disk, &inner, &entry.name)?;
    }
    disk.remove_dir(parent, name)
}
