//! The walk over a tree: every name below a root with its attributes, in no order.
//!
//! Guarantees: one call for the attributes of each entry; no link followed, no mount entered (bind mounts included); what
//! cannot be read is met as such, also what vanished between listing and asking, and the walk goes on. It goes by paths:
//! a directory that is swapped for a link during the walk may show names that are not below the root. Whoever opens
//! what was met goes through [`crate::disk::Disk::dir`], which does not follow.

use super::stat;
use crate::disk::{Kind, Met};
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use walkdir::WalkDir;
use wire::planted;

pub fn walk(root: &Path, visit: &mut dyn FnMut(Met)) -> io::Result<()> {
    // Asked through a handle that needs no right to read: only a missing root is an error here.
    let root_stat = stat::of_open(openat(CWD, root, super::DIRECTORY | OFlags::PATH, Mode::empty())?)?;
    let root_bytes = root.as_os_str().as_bytes();
    let prefix = root_bytes.len() + usize::from(!root_bytes.ends_with(b"/"));
    let relative = |path: &Path| path.as_os_str().as_bytes().get(prefix..).unwrap_or_default().to_vec();

    // The directories from the root down to the last one met: an error of a listing does not name its directory.
    let mut directories: Vec<Vec<u8>> = vec![Vec::new()];
    let mut entries = WalkDir::new(root).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = match error.path() {
                    Some(path) => relative(path),
                    None => directories.get(error.depth().saturating_sub(1)).cloned().unwrap_or_default(),
                };
                let error = error.into_io_error().unwrap_or_else(|| io::Error::other("a loop of links"));
                visit(Met::Unreadable { path, error });
                continue;
            }
        };
        if entry.depth() == 0 {
            continue;
        }
        let entered = entry.file_type().is_dir();
        let path = relative(entry.path());
        if entered {
            directories.truncate(entry.depth());
            directories.push(path.clone());
        }
        let met = match stat::of_name(CWD, entry.path()) {
            Ok(named) if !planted::is("mounts-entered") && (named.mounted || named.stat.kind == Kind::Dir && named.stat.device != root_stat.device) => {
                Met::Mount { path }
            }
            Ok(named) => Met::Entry { path, stat: named.stat },
            Err(error) => Met::Unreadable { path, error },
        };
        // The listing of what the walker took for a directory is open already.
        if entered && !matches!(met, Met::Entry { stat, .. } if stat.kind == Kind::Dir) {
            entries.skip_current_dir();
        }
        visit(met);
    }
    Ok(())
}
