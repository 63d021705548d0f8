//! What the system says of a name or an open file, in the words of [`crate::disk::Stat`].
//!
//! One system call each. Links are not followed and nothing is mounted by asking. Where the kernel has no `statx`, mount
//! points of the same file system are not told apart.

use crate::disk::{Identity, Kind, Stat};
use rustix::fs::{self, AtFlags, FileType, StatxAttributes, StatxFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::path::Arg;
use std::io;
use std::os::fd::AsFd;

/// Attributes, and whether something is mounted here.
pub struct Named {
    pub stat: Stat,
    /// A mount point, a bind mount of the same file system included.
    pub mounted: bool,
}

pub fn kind(raw: FileType) -> Kind {
    match raw {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

/// Attributes of `name` below `directory`.
pub fn of_name(directory: impl AsFd, name: impl Arg + Copy) -> io::Result<Named> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    match retry_on_intr(|| fs::statx(&directory, name, flags, StatxFlags::BASIC_STATS)) {
        Ok(stat) => Ok(from_statx(&stat)),
        Err(Errno::NOSYS) => {
            let stat = retry_on_intr(|| fs::statat(&directory, name, flags))?;
            Ok(Named { stat: from_stat(&stat), mounted: false })
        }
        Err(error) => Err(error.into()),
    }
}

/// Attributes of an open file.
pub fn of_open(file: impl AsFd) -> io::Result<Stat> {
    Ok(from_stat(&retry_on_intr(|| fs::fstat(&file))?))
}

/// Which directory an open one is.
pub fn identity(directory: impl AsFd) -> io::Result<Identity> {
    let Stat { device, inode, .. } = of_open(&directory)?;
    let flags = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let told = retry_on_intr(|| fs::statx(&directory, "", AtFlags::EMPTY_PATH, flags)).ok();
    let made = told.filter(|stat| StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME));
    let made = made.map(|stat| nanoseconds(stat.stx_btime.tv_sec, i64::from(stat.stx_btime.tv_nsec)).cast_unsigned());
    // A root is made in the whole second in which mkfs ran, so another disk's may be of the same one.
    let mark = match made {
        Some(made) if made % 1_000_000_000 != 0 => made,
        _ => made.unwrap_or(0) ^ retry_on_intr(|| fs::fstatvfs(&directory))?.f_fsid,
    };
    Ok(Identity { device, inode, mark })
}

fn from_statx(stat: &fs::Statx) -> Named {
    let mode = u32::from(stat.stx_mode);
    Named {
        stat: Stat {
            kind: kind(FileType::from_raw_mode(mode)),
            size: stat.stx_size,
            modified: nanoseconds(stat.stx_mtime.tv_sec, i64::from(stat.stx_mtime.tv_nsec)),
            changed: nanoseconds(stat.stx_ctime.tv_sec, i64::from(stat.stx_ctime.tv_nsec)),
            inode: stat.stx_ino,
            device: fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
            mode: mode & 0o7777,
        },
        mounted: stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
    }
}

// The widths of these fields differ between architectures.
#[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
fn from_stat(stat: &fs::Stat) -> Stat {
    Stat {
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        size: stat.st_size as u64,
        modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        inode: stat.st_ino,
        device: stat.st_dev,
        mode: stat.st_mode & 0o7777,
    }
}

/// Times that do not fit (before 1677 or after 2262) become the nearest that does.
fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}
