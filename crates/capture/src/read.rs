//! Reading one document whole, or saying that it could not be read whole.
//!
//! Guarantees: it is reached from the handle of the root, component by component, through no link and onto no other file
//! system; the attributes before and after the reading are those of the same open file; when they differ, or the bytes do not
//! add up to the size, the result is [`ReadFailure::Unstable`]. Not seen: a write through a memory map that the system has not stamped yet.
//! What the sink was given before a failure is worthless.

use std::fmt;
use std::io;
use std::sync::Arc;
use store::disk::{Dir, Disk, File, Kind, Stat};
use wire::ItemId;
use wire::name::check_path;
use wire::planted;
use wire::record::FileStat;

/// Bytes handed to the sink at most at once.
pub const READ_STEP_BYTES: usize = 1 << 20;

/// Why a document was not read whole. Equal when the codes are.
#[derive(Debug)]
pub enum ReadFailure {
    /// It is not there, or something else than a regular file has its place.
    Gone,
    /// It changed while it was read. To be tried again, and reported when it stays so.
    Unstable,
    /// The system refused.
    Io(io::Error),
}

impl PartialEq for ReadFailure {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Io(one), Self::Io(two)) => one.kind() == two.kind(),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl fmt::Display for ReadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the document is no longer there"),
            Self::Unstable => f.write_str("the document changed while it was read"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// What the ledger keeps of the file system's attributes.
pub fn stat_of(stat: &Stat) -> FileStat {
    FileStat {
        size: stat.size,
        modified: stat.modified,
        changed: if planted::is("ctime-ignored") { stat.modified } else { stat.changed },
        inode: stat.inode,
        executable: stat.executable(),
    }
}

/// Keeps the folder of the last document open, so that the next one of the same folder does not open it again; and a buffer.
/// One for each thread and pass: a folder that is renamed meanwhile is still read through its old handle (the attributes tell).
#[derive(Default)]
pub struct Parents {
    last: Option<Folder>,
    /// The folder of the last document that was opened.
    asked: Vec<u8>,
    buffer: Vec<u8>,
}

struct Folder {
    root: Dir,
    path: Vec<u8>,
    dir: Dir,
}

impl Parents {
    /// See [`open_document`].
    pub fn open(&mut self, disk: &dyn Disk, root: &Dir, id: &ItemId) -> Result<Box<dyn File>, ReadFailure> {
        let (parent, name) = split(id)?;
        // A folder of one document is not worth a handle of its own.
        let again = self.asked == parent;
        if !again {
            self.asked.clear();
            self.asked.extend_from_slice(parent);
        }
        let opened = if again { self.folder(disk, root, parent).and_then(|folder| disk.open(&folder, name)) } else { disk.open_beneath(root, &id.0) };
        opened.map_err(|error| judge(disk, root, id, error))
    }

    /// See [`read_document`].
    pub fn read(&mut self, disk: &dyn Disk, root: &Dir, id: &ItemId, sink: &mut dyn FnMut(&[u8])) -> Result<FileStat, ReadFailure> {
        let mut file = self.open(disk, root, id)?;
        read_whole(&mut *file, sink, &mut self.buffer)
    }

    /// See [`stat_document`].
    pub fn stat(&mut self, disk: &dyn Disk, root: &Dir, id: &ItemId) -> Result<FileStat, ReadFailure> {
        let (parent, name) = split(id)?;
        let stat = self.folder(disk, root, parent).and_then(|folder| disk.stat(&folder, name));
        match stat.map_err(|error| judge(disk, root, id, error))? {
            stat if stat.kind == Kind::File => Ok(stat_of(&stat)),
            _ => Err(ReadFailure::Gone),
        }
    }

    fn folder(&mut self, disk: &dyn Disk, root: &Dir, path: &[u8]) -> io::Result<Dir> {
        if let Some(last) = &self.last
            && last.path == path
            && Arc::ptr_eq(&last.root.0, &root.0)
        {
            return Ok(last.dir.clone());
        }
        let dir = disk.dir(root, path, false)?;
        self.last = Some(Folder { root: root.clone(), path: path.to_vec(), dir: dir.clone() });
        Ok(dir)
    }
}

/// Opens the document `id` below `root` for reading.
///
/// # Errors
/// [`ReadFailure::Gone`] when there is no regular file, [`ReadFailure::Io`] otherwise; an id that is no safe path (clause
/// PKG-07) is `Io` of kind `InvalidInput`.
pub fn open_document(disk: &dyn Disk, root: &Dir, id: &ItemId) -> Result<Box<dyn File>, ReadFailure> {
    Parents::default().open(disk, root, id)
}

/// Reads the document `id` below `root` to its end, handing every piece (1..=[`READ_STEP_BYTES`]) to `sink`; an empty
/// document gives none. `buffer` is grown once and can be used again. Returns its attributes, which held before and after.
/// For many documents see [`Parents`].
///
/// # Errors
/// [`ReadFailure`]; what `sink` was given is then to be thrown away. Otherwise as [`open_document`].
pub fn read_document(disk: &dyn Disk, root: &Dir, id: &ItemId, sink: &mut dyn FnMut(&[u8]), buffer: &mut Vec<u8>) -> Result<FileStat, ReadFailure> {
    read_whole(&mut *open_document(disk, root, id)?, sink, buffer)
}

/// The attributes of the document `id` as they are now. Errors as [`open_document`].
pub fn stat_document(disk: &dyn Disk, root: &Dir, id: &ItemId) -> Result<FileStat, ReadFailure> {
    Parents::default().stat(disk, root, id)
}

fn read_whole(file: &mut dyn File, sink: &mut dyn FnMut(&[u8]), buffer: &mut Vec<u8>) -> Result<FileStat, ReadFailure> {
    let before = stat_of(&file.stat_when_opened().map_err(ReadFailure::Io)?);
    let longest = usize::try_from(before.size).map_or(READ_STEP_BYTES, |size| size.min(READ_STEP_BYTES));
    if buffer.len() < longest {
        buffer.resize(longest, 0);
    }
    let mut bytes = 0;
    // To the size that it had, and no further: that it grew meanwhile the attributes tell.
    while bytes < before.size {
        let step = usize::try_from(before.size - bytes).map_or(longest, |left| left.min(longest));
        let read = file.read_at(&mut buffer[..step], bytes).map_err(ReadFailure::Io)?;
        bytes += read as u64;
        if read > 0 {
            sink(&buffer[..read]);
        }
        if read < step {
            break;
        }
    }
    let after = stat_of(&file.stat().map_err(ReadFailure::Io)?);
    if (before != after || bytes != before.size) && !planted::is("torn-reading-taken") {
        return Err(ReadFailure::Unstable);
    }
    Ok(after)
}

/// Says what an error means by looking again, one component after the other: systems name a link in the way differently.
fn judge(disk: &dyn Disk, root: &Dir, id: &ItemId, error: io::Error) -> ReadFailure {
    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
        return ReadFailure::Gone;
    }
    let mut folder = root.clone();
    let mut components = id.0.split(|byte| *byte == b'/').peekable();
    while let Some(component) = components.next() {
        let expected = if components.peek().is_some() { Kind::Dir } else { Kind::File };
        match disk.stat(&folder, component) {
            Ok(stat) if stat.kind != expected => return ReadFailure::Gone,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return ReadFailure::Gone,
            Ok(_) if expected == Kind::Dir => match disk.dir(&folder, component, false) {
                Ok(next) => folder = next,
                Err(_) => break,
            },
            _ => break,
        }
    }
    ReadFailure::Io(error)
}

/// The path of the folder (empty for the root) and the name in it.
fn split(id: &ItemId) -> Result<(&[u8], &[u8]), ReadFailure> {
    check_path(&id.0).map_err(|_| ReadFailure::Io(io::Error::new(io::ErrorKind::InvalidInput, "not an id of layout files")))?;
    Ok(match id.0.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&id.0[..slash], &id.0[slash + 1..]),
        None => (&[], &id.0),
    })
}

#[cfg(test)]
#[path = "read_test.rs"]
mod tests;
