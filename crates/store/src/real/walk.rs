//! The walk over a tree: every name below a root with its attributes, in no order, on all cores.
//!
//! Guarantees: one call for the attributes of each entry; no link followed, no mount entered (bind mounts included); what
//! cannot be read is met as such, also what vanished between listing and asking, and the walk goes on; a folder is met before what
//! lies in it. It goes by paths: a directory that is swapped for a link during the walk may show names that are not below the root.
//! Whoever opens what was met goes through [`crate::disk::Disk::dir`], which does not follow.

use super::stat;
use crate::disk::{Kind, Met};
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use walkdir::WalkDir;
use wire::planted;

/// The upper folders are listed one by one until there are so many below them: enough to keep all cores busy to the end.
const SHARED_MIN: usize = 64;
/// What is handed over at once, and how often that may wait.
const HANDED_OVER: usize = 512;
const WAITING_MAX: usize = 8;

pub fn walk(root: &Path, visit: &mut dyn FnMut(Met)) -> io::Result<()> {
    // Asked through a handle that needs no right to read: only a missing root is an error here.
    let root_stat = stat::of_open(openat(CWD, root, super::DIRECTORY | OFlags::PATH, Mode::empty())?)?;
    let root_bytes = root.as_os_str().as_bytes();
    let walking = Walking { prefix: root_bytes.len() + usize::from(!root_bytes.ends_with(b"/")), device: root_stat.device };
    let mut folders = vec![root.to_path_buf()];
    while !folders.is_empty() && folders.len() < SHARED_MIN {
        let mut below = Vec::new();
        for folder in &folders {
            walking.list(folder, 1, &mut |path, met| {
                if is_folder(&met) {
                    below.push(path.to_path_buf());
                }
                visit(met);
            });
        }
        folders = below;
    }
    if !folders.is_empty() {
        walking.share(&folders, visit);
    }
    Ok(())
}

fn is_folder(met: &Met) -> bool {
    matches!(met, Met::Entry { stat, .. } if stat.kind == Kind::Dir)
}

struct Walking {
    /// Bytes of a path before those below the root.
    prefix: usize,
    device: u64,
}

impl Walking {
    fn relative(&self, path: &Path) -> Vec<u8> {
        path.as_os_str().as_bytes().get(self.prefix..).unwrap_or_default().to_vec()
    }

    /// Walks what lies below these folders, each core one of them after the other.
    fn share(&self, folders: &[PathBuf], visit: &mut dyn FnMut(Met)) {
        let (next, (to, from)) = (AtomicUsize::new(0), sync_channel::<Vec<Met>>(WAITING_MAX));
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                let (to, next) = (to.clone(), &next);
                scope.spawn(move || {
                    let mut handing = Handing { met: Vec::with_capacity(HANDED_OVER), to };
                    while let Some(folder) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.list(folder, usize::MAX, &mut |_, met| handing.push(met));
                    }
                });
            }
            drop(to);
            from.iter().flatten().for_each(visit);
        });
    }

    /// Meets everything below a folder, so many levels deep.
    fn list(&self, folder: &Path, depth: usize, meet: &mut dyn FnMut(&Path, Met)) {
        // The directories from the folder down to the last one met: an error of a listing does not name its directory.
        let mut directories: Vec<Vec<u8>> = vec![self.relative(folder)];
        let is_root = directories[0].is_empty();
        let mut entries = WalkDir::new(folder).follow_root_links(is_root).max_depth(depth).into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = match error.path() {
                        Some(path) => self.relative(path),
                        None => directories.get(error.depth().saturating_sub(1)).cloned().unwrap_or_default(),
                    };
                    let error = error.into_io_error().unwrap_or_else(|| io::Error::other("a loop of links"));
                    meet(folder, Met::Unreadable { path, error });
                    continue;
                }
            };
            if entry.depth() == 0 {
                if !is_root && !entry.file_type().is_dir() {
                    // It was one when it was met.
                    meet(folder, Met::Unreadable { path: self.relative(folder), error: io::ErrorKind::NotADirectory.into() });
                }
                continue;
            }
            let entered = entry.file_type().is_dir();
            let path = self.relative(entry.path());
            if entered {
                directories.truncate(entry.depth());
                directories.push(path.clone());
            }
            let met = match stat::of_name(CWD, entry.path()) {
                Ok(named) if !planted::is("mounts-entered") && (named.mounted || named.stat.kind == Kind::Dir && named.stat.device != self.device) => {
                    Met::Mount { path }
                }
                Ok(named) => Met::Entry { path, stat: named.stat },
                Err(error) => Met::Unreadable { path, error },
            };
            // The listing of what the walker took for a directory is open already.
            if entered && !is_folder(&met) {
                entries.skip_current_dir();
            }
            meet(entry.path(), met);
        }
    }
}

/// What a thread has met and not handed over yet.
struct Handing {
    met: Vec<Met>,
    to: SyncSender<Vec<Met>>,
}

impl Handing {
    fn push(&mut self, met: Met) {
        self.met.push(met);
        if self.met.len() == HANDED_OVER {
            let full = std::mem::replace(&mut self.met, Vec::with_capacity(HANDED_OVER));
            // Who receives is there to the end, unless it panics: then nobody asks for more.
            let _received = self.to.send(full);
        }
    }
}

impl Drop for Handing {
    fn drop(&mut self) {
        let _received = self.to.send(std::mem::take(&mut self.met));
    }
}
