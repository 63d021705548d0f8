//! The real file system, through system calls that take directory handles.
//!
//! Guarantees: what [`crate::disk`] asks; interrupted calls are restarted; a write past the process's limit of file
//! sizes is an error (EFBIG) and never the signal that would end the process. It does not hide what a file system cannot
//! do: where names cannot be exchanged, [`Rename::Exchange`] is `Unsupported`.

mod beneath;
mod file;
mod rename;
mod stat;
mod walk;

use crate::disk::{Dir, Disk, Entry, File, Hold, Identity, Kind, Lock, Met, Rename, Space, Stat, split};
use file::RealFile;
use rustix::fs::{self, AtFlags, CWD, FlockOperation, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

/// File system type of FAT, whose files end below 4 GiB.
const FAT: fs::FsWord = 0x4d44;
const FAT_FILE_BYTES_MAX: u64 = u32::MAX as u64;

/// The file system of this machine.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk {
    /// The process's limit of file sizes (RLIMIT_FSIZE), as it was at the start.
    file_bytes_max: Option<u64>,
}

impl RealDisk {
    /// Asks once for the process's limits.
    pub fn new() -> Self {
        Self { file_bytes_max: rustix::process::getrlimit(rustix::process::Resource::Fsize).current }
    }

    fn open_file(&self, dir: &Dir, name: &[u8], access: OFlags, mode: u32) -> io::Result<Box<dyn File>> {
        let flags = access | FILE;
        let (handle, name) = (handle(dir)?, component(name)?);
        let file = retry_on_intr(|| fs::openat(handle, name, flags, Mode::from_raw_mode(mode))).map_err(not_opened)?;
        // What was just made is a regular file.
        if access.contains(OFlags::EXCL) { Ok(Box::new(RealFile::new(file, self.file_bytes_max, None))) } else { self.regular(file) }
    }

    /// An open file, if it is a regular one.
    fn regular(&self, file: OwnedFd) -> io::Result<Box<dyn File>> {
        let stat = stat::of_open(&file)?;
        if stat.kind == Kind::File { Ok(Box::new(RealFile::new(file, self.file_bytes_max, Some(stat)))) } else { Err(not_regular()) }
    }
}

impl Default for RealDisk {
    fn default() -> Self {
        Self::new()
    }
}

fn not_opened(error: Errno) -> io::Error {
    match error {
        Errno::LOOP | Errno::ISDIR | Errno::NXIO | Errno::NODEV => not_regular(),
        _ => error.into(),
    }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

/// The open directory behind a handle that this disk gave out.
fn handle(dir: &Dir) -> io::Result<&OwnedFd> {
    dir.0.downcast_ref().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a handle of another disk"))
}

fn new_handle(directory: OwnedFd) -> Dir {
    Dir(Arc::new(directory))
}

/// One name: not empty, no way up or down, nothing that would end a string early.
fn component(name: &[u8]) -> io::Result<&[u8]> {
    let whole = !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0);
    if whole { Ok(name) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "not a name of one component")) }
}

const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Disk for RealDisk {
    fn root(&self, path: &Path) -> io::Result<Dir> {
        Ok(new_handle(retry_on_intr(|| fs::openat(CWD, path, DIRECTORY, Mode::empty()))?))
    }

    fn make_root(&self, path: &Path) -> io::Result<Dir> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        self.root(path)
    }

    fn dir(&self, base: &Dir, path: &[u8], make: bool) -> io::Result<Dir> {
        if path.is_empty() {
            return Ok(base.clone());
        }
        beneath::open(handle(base)?, path, make).map(new_handle)
    }

    fn identity(&self, dir: &Dir) -> io::Result<Option<Identity>> {
        stat::identity(handle(dir)?).map(Some)
    }

    fn list(&self, dir: &Dir) -> io::Result<Vec<Entry>> {
        let handle = handle(dir)?;
        let mut entries = Vec::new();
        for entry in fs::Dir::read_from(handle)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                // Not every file system says it in the listing.
                fs::FileType::Unknown => match stat::of_name(handle, name) {
                    Ok(met) => met.stat.kind,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                },
                known => stat::kind(known),
            };
            entries.push(Entry { name: name.to_vec(), kind });
        }
        Ok(entries)
    }

    fn stat(&self, dir: &Dir, name: &[u8]) -> io::Result<Stat> {
        Ok(stat::of_name(handle(dir)?, component(name)?)?.stat)
    }

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.open_file(dir, name, OFlags::RDONLY, 0)
    }

    fn open_beneath(&self, base: &Dir, path: &[u8]) -> io::Result<Box<dyn File>> {
        match beneath::open_file(handle(base)?, path, OFlags::RDONLY | FILE)? {
            Some(opened) => self.regular(opened.map_err(not_opened)?),
            None => {
                let (folder, name) = split(path);
                self.open(&self.dir(base, folder, false)?, name)
            }
        }
    }

    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.open_file(dir, name, OFlags::RDWR, 0)
    }

    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.open_file(dir, name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, mode)
    }

    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        let (from, to) = ((handle(from.0)?, component(from.1)?), (handle(to.0)?, component(to.1)?));
        rename::rename(from, to, how)
    }

    fn remove(&self, dir: &Dir, name: &[u8]) -> io::Result<()> {
        let (handle, name) = (handle(dir)?, component(name)?);
        Ok(retry_on_intr(|| fs::unlinkat(handle, name, AtFlags::empty()))?)
    }

    fn remove_dir(&self, dir: &Dir, name: &[u8]) -> io::Result<()> {
        let (handle, name) = (handle(dir)?, component(name)?);
        Ok(retry_on_intr(|| fs::unlinkat(handle, name, AtFlags::REMOVEDIR))?)
    }

    fn sync_dir(&self, dir: &Dir) -> io::Result<()> {
        let handle = handle(dir)?;
        Ok(retry_on_intr(|| fs::fsync(handle))?)
    }

    fn sync_all(&self, dir: &Dir) -> io::Result<()> {
        let handle = handle(dir)?;
        Ok(retry_on_intr(|| fs::syncfs(handle))?)
    }

    fn space(&self, dir: &Dir) -> io::Result<Space> {
        let handle = handle(dir)?;
        let room = retry_on_intr(|| fs::fstatvfs(handle))?;
        let system = retry_on_intr(|| fs::fstatfs(handle))?;
        let by_system = (system.f_type == FAT).then_some(FAT_FILE_BYTES_MAX);
        Ok(Space {
            free: room.f_bavail.saturating_mul(room.f_frsize),
            total: room.f_blocks.saturating_mul(room.f_frsize),
            file_bytes_max: [by_system, self.file_bytes_max].into_iter().flatten().min(),
        })
    }

    fn walk(&self, root: &Path, visit: &mut dyn FnMut(Met)) -> io::Result<()> {
        walk::walk(root, visit)
    }

    fn lock(&self, dir: &Dir, name: &[u8], hold: Hold) -> io::Result<Option<Lock>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let (handle, name) = (handle(dir)?, component(name)?);
        let file = retry_on_intr(|| fs::openat(handle, name, flags, Mode::from_raw_mode(0o600)))?;
        let operation = match hold {
            Hold::Alone => FlockOperation::NonBlockingLockExclusive,
            Hold::Shared => FlockOperation::NonBlockingLockShared,
        };
        match retry_on_intr(|| fs::flock(&file, operation)) {
            Ok(()) => Ok(Some(Box::new(Held(file)))),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// A lock that is let go when it is dropped, whoever else has the file open: a program that another thread is just starting holds a
/// copy of everything that we have open until it runs.
struct Held(OwnedFd);

impl Drop for Held {
    fn drop(&mut self) {
        let _closing_lets_go_as_well = fs::flock(&self.0, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests;
