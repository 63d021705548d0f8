//! Opening a directory or a file strictly beneath a directory: no link followed, no mount crossed, no way up.
//!
//! One `openat2` call where the kernel has it and the path fits; else one component at a time, which holds the same,
//! because each step starts at a handle and refuses a link. Bind mounts of the same file system are crossed only by the latter.

use super::DIRECTORY;
use rustix::fs::{self, Mode, OFlags, ResolveFlags};
use rustix::io::{Errno, retry_on_intr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use wire::planted;

/// A path of this length or more is not taken by one call.
const PATH_BYTES_MAX: usize = 4096;
/// The kernel asks to try again while names change around it.
const ATTEMPTS_MAX: u32 = 64;

/// Opens `path` below `base`; with `make`, missing components are made.
pub fn open(base: &OwnedFd, path: &[u8], make: bool) -> io::Result<OwnedFd> {
    for part in path.split(|byte| *byte == b'/') {
        super::component(part)?;
    }
    match whole(base.as_fd(), path, DIRECTORY) {
        Ok(found) => Ok(found),
        Err(Errno::NOENT) if make => by_component(base.as_fd(), path, true, step),
        Err(Errno::NOSYS | Errno::NAMETOOLONG) => by_component(base.as_fd(), path, make, step),
        Err(error) => Err(error.into()),
    }
}

/// Opens the file `path` below `base` in one call; none where that takes more than one.
pub fn open_file(base: &OwnedFd, path: &[u8], flags: OFlags) -> io::Result<Option<Result<OwnedFd, Errno>>> {
    for part in path.split(|byte| *byte == b'/') {
        super::component(part)?;
    }
    match whole(base.as_fd(), path, flags) {
        Err(Errno::NOSYS | Errno::NAMETOOLONG) => Ok(None),
        opened => Ok(Some(opened)),
    }
}

fn whole(base: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    if path.len() >= PATH_BYTES_MAX {
        return Err(Errno::NAMETOOLONG);
    }
    if planted::is("links-followed") {
        return retry_on_intr(|| fs::openat(base, path, flags, Mode::empty()));
    }
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
    let mut attempts = 0;
    loop {
        match retry_on_intr(|| fs::openat2(base, path, flags, Mode::empty(), resolve)) {
            Err(Errno::AGAIN) if attempts < ATTEMPTS_MAX => attempts += 1,
            // A sandbox that does not know the call answers like this.
            Err(Errno::PERM) => return Err(Errno::NOSYS),
            done => return done,
        }
    }
}

/// How one component is opened.
type Step = fn(BorrowedFd<'_>, &[u8]) -> Result<OwnedFd, Errno>;

/// One component at a time; the components were checked.
pub fn by_component(base: BorrowedFd<'_>, path: &[u8], make: bool, step: Step) -> io::Result<OwnedFd> {
    let device = super::stat::of_open(base)?.device;
    let mut current: Option<OwnedFd> = None;
    for part in path.split(|byte| *byte == b'/') {
        let here = current.as_ref().map_or(base, AsFd::as_fd);
        let next = match step(here, part) {
            Err(Errno::NOENT) if make => {
                match retry_on_intr(|| fs::mkdirat(here, part, Mode::from_raw_mode(0o755))) {
                    // Another thread made it first.
                    Ok(()) | Err(Errno::EXIST) => step(here, part)?,
                    Err(error) => return Err(error.into()),
                }
            }
            other => other?,
        };
        if super::stat::of_open(&next)?.device != device {
            return Err(Errno::XDEV.into());
        }
        current = Some(next);
    }
    current.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

fn step(here: BorrowedFd<'_>, part: &[u8]) -> Result<OwnedFd, Errno> {
    match whole(here, part, DIRECTORY) {
        Err(Errno::NOSYS) => old_step(here, part),
        done => done,
    }
}

/// The step of a kernel without `openat2`.
pub fn old_step(here: BorrowedFd<'_>, part: &[u8]) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| fs::openat(here, part, DIRECTORY | OFlags::NOFOLLOW, Mode::empty()))
}
