//! A disk in memory that is as bad as a disk may be.

mod fault;
mod file;
mod hands;
mod image;
mod pending;
mod state;
#[cfg(test)]
mod tests;
mod tree;
mod volume;

pub use fault::{Fault, Op, Planned, Rule, Which};
pub use hands::VolumeId;
pub use image::{Image, PageId, SeePage, Seen, Thing};
pub use pending::{Fate, Naming, Pending, SECTOR_BYTES};
pub use tree::{Ino, PAGE_BYTES};
pub use volume::VolumeOptions;

use fault::{busy, exists, not_a_directory};
use file::{Handle, Held, SimFile};
use state::{At, State, component, name_fits};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::disk::{Dir, Disk, Entry, File, Hold, Identity, Kind, Lock, Met, Rename, Space, Stat};

/// A disk in memory: one root volume, and others mounted on directories of it. Clones are the same disk.
///
/// # The model of durability
///
/// Every volume has what programs see and what is durable, and between them the changes that were made since, in
/// order. A loss of power keeps what is durable and, of each pending change, what the caller chooses:
///
/// - Bytes of a file ([`Pending::Write`]) come, do not come, or come in part: any set of 512 byte or 4 KiB pieces of a write,
///   in any order over writes ([`Fate::Torn`]). Or only the size comes and the bytes are zero ([`Fate::Hollow`]), as with delayed
///   allocation. Sizes, times and permission bits each come or do not.
/// - Names ([`Pending::Names`]) come or do not, each by itself and in any order, also within one directory, as
///   file systems without one ordered journal allow. A rename is one step: both names or neither, also across
///   directories. A node has one name: what is lost of its names takes the later namings of the same node with it.
/// - A file whose name is durable and whose content is not is empty or holds what was synced of it. A durable file or
///   directory without a durable name is gone, with everything below it.
/// - [`File::sync`] makes content, size and attributes of the file durable, and no name. [`Disk::sync_dir`] makes the
///   names of that directory durable, whatever they rest on with them, and nothing that the names stand for; a
///   rename is durable with either of its directories. [`Disk::sync_all`] makes the whole volume durable.
/// - A sync that fails by [`Fault::Poison`] loses what it was to make durable, at once and in memory too; the next one succeeds.
/// - The system's own times of changes move with this disk's clock and never come back after a crash.
///
/// A killed process ([`Fault::Halt`], [`SimDisk::kill`]) loses its handles and locks and nothing that it wrote.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl SimDisk {
    /// An empty disk: a root and nothing in it.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State::new())))
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dir_handle(&self, state: &mut State, at: At, path: Vec<u8>) -> Dir {
        Dir(Arc::new(Handle::new(self, state, at, path)))
    }

    fn open_file(&self, dir: &Dir, name: &[u8], writes: bool) -> io::Result<Box<dyn File>> {
        let (mut state, handle) = self.enter(dir)?;
        let path = joined(&handle.path, component(name)?);
        state.before(Op::Open, handle.at.0, &path)?;
        let at = state.lookup(handle.at, name)?;
        if state.node(at)?.kind() != Kind::File {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        if writes {
            state.volumes[at.0].writable()?;
        }
        let handle = Handle::new(self, &mut state, at, path);
        drop(state);
        Ok(Box::new(SimFile { handle, writes }))
    }

    /// The state and the directory behind a handle, if its process still lives.
    fn enter<'a>(&'a self, dir: &'a Dir) -> io::Result<(MutexGuard<'a, State>, &'a Handle)> {
        let handle: &Handle = dir.0.downcast_ref().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a handle of another disk"))?;
        let state = self.lock_state();
        if state.life != handle.life || state.halted {
            return Err(fault::halted());
        }
        Ok((state, handle))
    }
}

fn joined(path: &[u8], name: &[u8]) -> Vec<u8> {
    [path, b"/", name].concat()
}

impl Disk for SimDisk {
    fn root(&self, path: &Path) -> io::Result<Dir> {
        let mut state = self.lock_state();
        if state.halted {
            return Err(fault::halted());
        }
        let found = state.resolve(path, false)?;
        Ok(self.dir_handle(&mut state, found.at, found.path))
    }

    fn make_root(&self, path: &Path) -> io::Result<Dir> {
        let mut state = self.lock_state();
        if state.halted {
            return Err(fault::halted());
        }
        let found = state.resolve(path, true)?;
        Ok(self.dir_handle(&mut state, found.at, found.path))
    }

    fn dir(&self, base: &Dir, path: &[u8], make: bool) -> io::Result<Dir> {
        let (mut state, handle) = self.enter(base)?;
        if path.is_empty() {
            return Ok(base.clone());
        }
        path.split(|byte| *byte == b'/').try_for_each(|part| component(part).map(drop))?;
        let (mut at, mut whole) = (handle.at, handle.path.clone());
        for part in path.split(|byte| *byte == b'/') {
            whole = joined(&whole, part);
            at = state.step(at, part, &whole, make)?;
        }
        Ok(self.dir_handle(&mut state, at, whole))
    }

    fn identity(&self, dir: &Dir) -> io::Result<Option<Identity>> {
        let (mut state, handle) = self.enter(dir)?;
        state.before(Op::Stat, handle.at.0, &handle.path)?;
        let (volume, inode) = handle.at;
        // No inode is ever given twice, but that of the root of a volume: what a volume was first called tells those apart.
        Ok(Some(Identity { device: state.volumes[volume].device, inode, mark: volume as u64 + 1 }))
    }

    fn list(&self, dir: &Dir) -> io::Result<Vec<Entry>> {
        let (mut state, handle) = self.enter(dir)?;
        state.before(Op::List, handle.at.0, &handle.path)?;
        if state.unreadable.contains(&handle.at) {
            return Err(fault::eio());
        }
        let names = state.node(handle.at)?.names().ok_or_else(not_a_directory)?;
        names.iter().map(|(name, ino)| Ok(Entry { name: name.to_vec(), kind: state.node((handle.at.0, *ino))?.kind() })).collect()
    }

    fn stat(&self, dir: &Dir, name: &[u8]) -> io::Result<Stat> {
        let (mut state, handle) = self.enter(dir)?;
        let path = joined(&handle.path, component(name)?);
        state.before(Op::Stat, handle.at.0, &path)?;
        let at = state.lookup(handle.at, name)?;
        state.stat(at)
    }

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.open_file(dir, name, false)
    }

    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.open_file(dir, name, true)
    }

    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        let (mut state, handle) = self.enter(dir)?;
        let path = joined(&handle.path, component(name)?);
        name_fits(name)?;
        if state.volumes[handle.at.0].lookup(handle.at.1, name)?.is_some() {
            return Err(exists());
        }
        state.before(Op::Create, handle.at.0, &path)?;
        let at = state.make_file(handle.at, name, mode)?;
        let handle = Handle::new(self, &mut state, at, path);
        drop(state);
        Ok(Box::new(SimFile { handle, writes: true }))
    }

    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        let (mut state, from_dir) = self.enter(from.0)?;
        let to_dir: &Handle = to.0.0.downcast_ref().ok_or(io::ErrorKind::InvalidInput)?;
        if to_dir.life != state.life {
            return Err(fault::halted());
        }
        let path = joined(&to_dir.path, component(to.1)?);
        component(from.1)?;
        name_fits(to.1)?;
        if from_dir.at.0 != to_dir.at.0 {
            return Err(io::Error::from_raw_os_error(18));
        }
        state.before(Op::Rename, to_dir.at.0, &path)?;
        let volume = from_dir.at.0;
        let mounted = [(from_dir, from.1), (to_dir, to.1)].iter().any(|(dir, name)| state.lookup(dir.at, name).is_ok_and(|at| state.mounts.contains_key(&at)));
        if mounted {
            return Err(busy());
        }
        let removed = state.nameless.contains(&to_dir.at);
        let now = state.tick();
        let moved = state.lookup(from_dir.at, from.1)?;
        let replaced = state.volumes[volume].rename((from_dir.at.1, from.1), (to_dir.at.1, to.1), how, removed)?;
        if let Some(node) = state.volumes[volume].live.get_mut(moved.1) {
            node.changed = now;
        }
        if state.watched.as_ref().is_some_and(|part| path.windows(part.len()).any(|window| window == part.as_slice()))
            && let tree::Body::File(content) = &state.node(moved)?.body
        {
            let bytes = content.bytes();
            state.renamed.push((path, bytes));
        }
        if let Some(ino) = replaced {
            state.unnamed((volume, ino));
        }
        Ok(())
    }

    fn remove(&self, dir: &Dir, name: &[u8]) -> io::Result<()> {
        self.remove_any(dir, name, Op::Remove)
    }

    fn remove_dir(&self, dir: &Dir, name: &[u8]) -> io::Result<()> {
        self.remove_any(dir, name, Op::RemoveDir)
    }

    fn sync_dir(&self, dir: &Dir) -> io::Result<()> {
        let (mut state, handle) = self.enter(dir)?;
        let (volume, ino) = handle.at;
        if state.before(Op::SyncDir, volume, &handle.path)? == Some(Fault::Poison) {
            state.volumes[volume].lose(|one| matches!(one, Pending::Names { namings, .. } if namings.iter().any(|naming| naming.dir == ino)));
            return Err(fault::eio());
        }
        state.volumes[volume].sync_dir(ino);
        Ok(())
    }

    fn sync_all(&self, dir: &Dir) -> io::Result<()> {
        let (mut state, handle) = self.enter(dir)?;
        let volume = handle.at.0;
        if state.before(Op::SyncAll, volume, &handle.path)? == Some(Fault::Poison) {
            state.volumes[volume].lose(|_| true);
            return Err(fault::eio());
        }
        state.volumes[volume].sync_all();
        Ok(())
    }

    fn space(&self, dir: &Dir) -> io::Result<Space> {
        let (mut state, handle) = self.enter(dir)?;
        state.before(Op::Stat, handle.at.0, &handle.path)?;
        Ok(state.volumes[handle.at.0].space())
    }

    fn walk(&self, root: &Path, visit: &mut dyn FnMut(Met)) -> io::Result<()> {
        let mut met = Vec::new();
        {
            let mut state = self.lock_state();
            if state.halted {
                return Err(fault::halted());
            }
            let found = state.resolve(root, false)?;
            state.walk(found.at, &found.path, &mut Vec::new(), &mut met);
        }
        met.into_iter().for_each(visit);
        Ok(())
    }

    fn lock(&self, dir: &Dir, name: &[u8], hold: Hold) -> io::Result<Option<Lock>> {
        let (mut state, handle) = self.enter(dir)?;
        let path = joined(&handle.path, component(name)?);
        let at = match state.lookup(handle.at, name) {
            Ok(at) => at,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                name_fits(name)?;
                state.before(Op::Create, handle.at.0, &path)?;
                state.make_file(handle.at, name, 0o600)?
            }
            Err(error) => return Err(error),
        };
        if state.node(at)?.kind() != Kind::File {
            return Err(io::Error::from_raw_os_error(40));
        }
        let holders = match (state.locks.get(&at).copied(), hold) {
            (None, Hold::Alone) => None,
            (None, Hold::Shared) => Some(1),
            (Some(Some(holders)), Hold::Shared) => Some(holders + 1),
            _ => return Ok(None),
        };
        state.locks.insert(at, holders);
        let handle = Handle::new(self, &mut state, at, path);
        drop(state);
        Ok(Some(Box::new(Held(handle))))
    }
}

impl SimDisk {
    fn remove_any(&self, dir: &Dir, name: &[u8], op: Op) -> io::Result<()> {
        let (mut state, handle) = self.enter(dir)?;
        let path = joined(&handle.path, component(name)?);
        let at = state.lookup(handle.at, name)?;
        if state.mounts.contains_key(&at) {
            return Err(busy());
        }
        state.before(op, handle.at.0, &path)?;
        state.volumes[at.0].remove(handle.at.1, name, op == Op::RemoveDir)?;
        state.unnamed(at);
        Ok(())
    }
}

impl State {
    fn walk(&mut self, dir: At, whole: &[u8], path: &mut Vec<u8>, met: &mut Vec<Met>) {
        let refused = match self.before(Op::List, dir.0, whole) {
            Ok(_) => self.unreadable.contains(&dir).then(fault::eio),
            Err(error) => Some(error),
        };
        if let Some(error) = refused {
            met.push(Met::Unreadable { path: path.clone(), error });
            return;
        }
        let names: Vec<(Box<[u8]>, u64)> = match self.volumes[dir.0].live.names(dir.1) {
            Some(names) => names.iter().map(|(name, ino)| (name.clone(), *ino)).collect(),
            None => return,
        };
        let length = path.len();
        for (name, ino) in names {
            if length != 0 {
                path.push(b'/');
            }
            path.extend_from_slice(&name);
            if self.mounts.contains_key(&(dir.0, ino)) {
                met.push(Met::Mount { path: path.clone() });
            } else {
                match self.stat((dir.0, ino)) {
                    Ok(stat) => {
                        met.push(Met::Entry { path: path.clone(), stat });
                        if stat.kind == Kind::Dir {
                            self.walk((dir.0, ino), &joined(whole, &name), path, met);
                        }
                    }
                    Err(error) => met.push(Met::Unreadable { path: path.clone(), error }),
                }
            }
            path.truncate(length);
        }
    }
}
