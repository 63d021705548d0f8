//! The one door to the file system: every file the outer ring touches is reached through [`Disk`].
//!
//! Guarantees asked of an implementation (and held by [`crate::conformance`]): names are bytes; a
//! [`Dir`] is a handle, so that a directory that is swapped for a link afterwards cannot lead
//! elsewhere; nothing below a handle ever follows a link; `create` never opens what exists.
//! Nothing is durable before [`File::sync`] (content) and [`Disk::sync_dir`] (names) or
//! [`Disk::sync_all`] (everything on that file system) has returned. What it does not do:
//! retry a failed sync. A failed sync is poison; the caller stops and recovers by reading.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A handle of an open directory. Cheap to clone; closes with the last clone.
#[derive(Clone)]
pub struct Dir(pub Arc<dyn Any + Send + Sync>);

/// What kind of thing a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A device, pipe or socket.
    Other,
}

/// What the file system says of one name. Times are nanoseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Last change of content (mtime), ns.
    pub modified: i64,
    /// Last change of content or attributes (ctime), ns; cannot be set by a program.
    pub changed: i64,
    /// Inode number.
    pub inode: u64,
    /// Number of the file system it lies on.
    pub device: u64,
    /// Permission bits (lowest 12).
    pub mode: u32,
}

impl Stat {
    /// Whether anybody may execute it: the one permission that crosses.
    pub fn executable(&self) -> bool {
        self.mode & 0o111 != 0
    }
}

/// Which directory one is, however it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Number of its file system: another one may bear it later, and it may bear another one when it is mounted again.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
    /// When the directory was made, ns since 1970, mixed with what its file system calls itself where that is a whole second or not told; 0 where neither is.
    pub mark: u64,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, one component.
    pub name: Vec<u8>,
    /// What it is, links not followed.
    pub kind: Kind,
}

/// Room on a file system, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Free for this user.
    pub free: u64,
    /// In all.
    pub total: u64,
    /// The largest file this process may write there (resource limit or file system), if known to be limited.
    pub file_bytes_max: Option<u64>,
}

/// What a rename may do to an existing target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rename {
    /// Replace it in one step.
    Replace,
    /// Fail with `AlreadyExists` (RENAME_NOREPLACE).
    New,
    /// Swap both names in one step (RENAME_EXCHANGE); `Unsupported` where the file system cannot.
    Exchange,
}

/// One thing met while walking a tree.
#[derive(Debug)]
pub enum Met {
    /// A name below the root: its path relative to the root and what `lstat` says.
    Entry {
        /// Relative path, components joined by `/`.
        path: Vec<u8>,
        /// Links not followed.
        stat: Stat,
    },
    /// A directory on another file system, or whatever else something is mounted on (a bind mount included); not entered.
    Mount {
        /// Relative path.
        path: Vec<u8>,
    },
    /// What could not be read (a directory's listing, or one entry's attributes). What vanished between the
    /// listing and the asking is met like this too, with an error of kind `NotFound`.
    Unreadable {
        /// Relative path; empty for the root itself.
        path: Vec<u8>,
        /// Why.
        error: io::Error,
    },
}

/// An open regular file.
pub trait File: Send + Sync {
    /// Reads at `offset` until `buffer` is full or the file ends; returns the bytes read. Restarts when interrupted.
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Attributes of the open file.
    fn stat(&self) -> io::Result<Stat>;
    /// Its attributes at a moment between its opening and the first reading through this handle.
    fn stat_when_opened(&self) -> io::Result<Stat> {
        self.stat()
    }
    /// Cuts or extends to `size` bytes.
    fn set_size(&mut self, size: u64) -> io::Result<()>;
    /// Sets mtime (and atime), ns since 1970.
    fn set_modified(&mut self, modified: i64) -> io::Result<()>;
    /// Sets the permission bits.
    fn set_mode(&mut self, mode: u32) -> io::Result<()>;
    /// Content and size are on stable storage when this returns.
    fn sync(&mut self) -> io::Result<()>;
    /// Asks that the next reads, through whatever handle, come from the medium and not from memory. Returns whether the
    /// system took the hint; call after `sync`.
    fn drop_cache(&mut self) -> io::Result<bool>;
    /// Asks that from now on reads and writes through this handle go between the caller's memory and the medium, without
    /// the system's memory between. Returns whether reads do; where the system cannot, like `drop_cache`. Makes nothing durable.
    fn past_memory(&mut self) -> io::Result<bool>;
    /// Asks the system to start writing back what has been written so far, once it is worth it; a hint.
    fn start_writeback(&mut self) -> io::Result<()>;
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// By nobody else.
    Alone,
    /// With others who hold it so: nobody holds it alone.
    Shared,
}

/// Held while it lives; released when dropped or when the process ends.
pub type Lock = Box<dyn Any + Send + Sync>;

/// A file system. See the module for what every implementation guarantees.
/// A name is one component; what is empty, `.`, `..`, or holds `/` or NUL is refused with `InvalidInput`, like each
/// component of a path.
pub trait Disk: Send + Sync {
    /// Opens a directory that a person named (links in that path are followed).
    fn root(&self, path: &Path) -> io::Result<Dir>;
    /// Makes a directory that a person named, with its parents, mode 0700 for what is new; then opens it.
    fn make_root(&self, path: &Path) -> io::Result<Dir>;
    /// Opens the directory `path` (relative, `/`-joined, possibly empty) strictly beneath `base`, no link
    /// followed, no file system left. With `make`, missing components are made (mode 0755).
    fn dir(&self, base: &Dir, path: &[u8], make: bool) -> io::Result<Dir>;
    /// Which directory this is. None where the file system cannot tell.
    fn identity(&self, _: &Dir) -> io::Result<Option<Identity>> {
        Ok(None)
    }
    /// Names in a directory, in no order, without `.` and `..`.
    fn list(&self, dir: &Dir) -> io::Result<Vec<Entry>>;
    /// Attributes of a name, links not followed.
    fn stat(&self, dir: &Dir, name: &[u8]) -> io::Result<Stat>;
    /// Opens an existing regular file for reading; refuses everything else (`InvalidInput`), never blocks.
    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>>;
    /// Opens an existing regular file beneath `base` for reading, like `dir` and then `open`.
    fn open_beneath(&self, base: &Dir, path: &[u8]) -> io::Result<Box<dyn File>> {
        let (folder, name) = split(path);
        self.open(&self.dir(base, folder, false)?, name)
    }
    /// Opens an existing regular file for reading and writing; refuses like `open`.
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>>;
    /// Makes a new file for reading and writing; `AlreadyExists` if the name is taken (by a link, too). The
    /// process's mask applies to `mode`.
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>>;
    /// Renames within one file system.
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()>;
    /// Removes a file (or link).
    fn remove(&self, dir: &Dir, name: &[u8]) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_dir(&self, dir: &Dir, name: &[u8]) -> io::Result<()>;
    /// Names in this directory are on stable storage when this returns.
    fn sync_dir(&self, dir: &Dir) -> io::Result<()>;
    /// Everything on the file system of `dir` is on stable storage when this returns (syncfs).
    fn sync_all(&self, dir: &Dir) -> io::Result<()>;
    /// Room on the file system of `dir`.
    fn space(&self, dir: &Dir) -> io::Result<Space>;
    /// Visits every entry below `root` (not `root` itself), never following links or leaving its file system.
    /// An unreadable entry is met as such and the walk goes on; only a missing root is an error.
    fn walk(&self, root: &Path, visit: &mut dyn FnMut(Met)) -> io::Result<()>;
    /// Takes a lock on a file (made if missing); `None` if it is held otherwise. Never blocks.
    fn lock(&self, dir: &Dir, name: &[u8], hold: Hold) -> io::Result<Option<Lock>>;
}

/// The folder of a path, and its last component.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    path.iter().rposition(|byte| *byte == b'/').map_or((&[], path), |at| (&path[..at], &path[at + 1..]))
}
