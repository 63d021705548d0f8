//! Renaming, and what stands in for it where a file system knows only the oldest form.
//!
//! Guarantee: [`Rename::New`] never replaces what is there. Where neither RENAME_NOREPLACE nor hard links exist (FAT),
//! it looks first and then renames: between the two only a program that does not take our lock could slip in.

use crate::disk::Rename;
use rustix::fs::{self, AtFlags, RenameFlags};
use rustix::io::{Errno, retry_on_intr};
use std::io;
use std::os::fd::OwnedFd;
use wire::planted;

type Place<'a> = (&'a OwnedFd, &'a [u8]);

pub fn rename(from: Place<'_>, to: Place<'_>, how: Rename) -> io::Result<()> {
    let flags = match how {
        Rename::Replace => return Ok(plain(from, to)?),
        Rename::New if planted::is("rename-replaces") => return Ok(plain(from, to)?),
        Rename::New => RenameFlags::NOREPLACE,
        Rename::Exchange => RenameFlags::EXCHANGE,
    };
    match retry_on_intr(|| fs::renameat_with(from.0, from.1, to.0, to.1, flags)) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS) if how == Rename::Exchange => Err(io::ErrorKind::Unsupported.into()),
        Err(Errno::INVAL | Errno::NOSYS) => Ok(by_link(from, to)?),
        Err(error) => Err(error.into()),
    }
}

fn plain(from: Place<'_>, to: Place<'_>) -> Result<(), Errno> {
    retry_on_intr(|| fs::renameat(from.0, from.1, to.0, to.1))
}

/// A second name that fails when it is taken, then the first one goes. Killed between the two, both names stand
/// for the whole file.
pub fn by_link(from: Place<'_>, to: Place<'_>) -> Result<(), Errno> {
    match retry_on_intr(|| fs::linkat(from.0, from.1, to.0, to.1, AtFlags::empty())) {
        Ok(()) => retry_on_intr(|| fs::unlinkat(from.0, from.1, AtFlags::empty())),
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => by_looking(from, to),
        Err(error) => Err(error),
    }
}

/// Looks whether the name is taken, then renames.
pub fn by_looking(from: Place<'_>, to: Place<'_>) -> Result<(), Errno> {
    match retry_on_intr(|| fs::statat(to.0, to.1, AtFlags::SYMLINK_NOFOLLOW)) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => plain(from, to),
        Err(error) => Err(error),
    }
}
