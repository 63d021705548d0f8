//! Handles: open files, open directories, locks.

use super::SimDisk;
use super::fault::{Fault, Op, eio, full, halted};
use super::pending::Pending;
use super::state::{At, State};
use super::tree::{Body, Node};
use std::io;
use store::disk::{File, Stat};

/// What keeps a node open.
pub struct Handle {
    disk: SimDisk,
    pub at: At,
    pub life: u64,
    /// Absolute, as it was when it was opened.
    pub path: Vec<u8>,
}

impl Handle {
    pub fn new(disk: &SimDisk, state: &mut State, at: At, path: Vec<u8>) -> Self {
        state.opened(at);
        Self { disk: disk.clone(), at, life: state.life, path }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.disk.lock_state().closed(self.at, self.life);
    }
}

/// Held while it lives.
pub struct Held(pub Handle);

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.disk.lock_state();
        if state.life == self.0.life {
            match state.locks.remove(&self.0.at) {
                Some(Some(holders)) if holders > 1 => drop(state.locks.insert(self.0.at, Some(holders - 1))),
                _ => {}
            }
        }
    }
}

/// An open regular file.
pub struct SimFile {
    pub handle: Handle,
    pub writes: bool,
}

impl SimFile {
    /// The state, after all that stands before a call.
    fn enter(&self, op: Op) -> io::Result<(std::sync::MutexGuard<'_, State>, Option<Fault>)> {
        let mut state = self.handle.disk.lock_state();
        if state.life != self.handle.life {
            return Err(halted());
        }
        if op.mutates() && !self.writes && op != Op::Sync {
            return Err(io::Error::from_raw_os_error(9));
        }
        let fault = state.before(op, self.handle.at.0, &self.handle.path)?;
        Ok((state, fault))
    }

    fn attribute(&self, op: Op, pending: Pending) -> io::Result<()> {
        let (mut state, _) = self.enter(op)?;
        let now = state.tick();
        state.volumes[self.handle.at.0].set_attribute(self.handle.at.1, pending, now)
    }
}

impl File for SimFile {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let (state, _) = self.enter(Op::Read)?;
        if state.unreadable.contains(&self.handle.at) {
            return Err(eio());
        }
        match &state.node(self.handle.at)?.body {
            Body::File(content) => Ok(content.read(buffer, offset)),
            _ => Err(eio()),
        }
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (mut state, fault) = self.enter(Op::Write)?;
        let now = state.tick();
        let (volume, ino) = self.handle.at;
        let volume = &mut state.volumes[volume];
        match fault {
            Some(Fault::Full) => volume.write(ino, &bytes[..bytes.len() / 2], offset, now).and(Err(full())),
            Some(Fault::Flip) if !bytes.is_empty() => {
                let mut bytes = bytes.to_vec();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                volume.write(ino, &bytes, offset, now)
            }
            Some(Fault::Poison) => Err(eio()),
            _ => volume.write(ino, bytes, offset, now),
        }
    }

    fn stat(&self) -> io::Result<Stat> {
        let (state, _) = self.enter(Op::Stat)?;
        state.stat(self.handle.at)
    }

    fn set_size(&mut self, size: u64) -> io::Result<()> {
        let (mut state, _) = self.enter(Op::SetSize)?;
        let now = state.tick();
        state.volumes[self.handle.at.0].set_size(self.handle.at.1, size, now)
    }

    fn set_modified(&mut self, modified: i64) -> io::Result<()> {
        self.attribute(Op::SetModified, Pending::Modified { ino: self.handle.at.1, modified })
    }

    fn set_mode(&mut self, mode: u32) -> io::Result<()> {
        self.attribute(Op::SetMode, Pending::Mode { ino: self.handle.at.1, mode: mode & 0o7777 })
    }

    fn sync(&mut self) -> io::Result<()> {
        let (mut state, fault) = self.enter(Op::Sync)?;
        let (volume, ino) = self.handle.at;
        let volume = &mut state.volumes[volume];
        match fault {
            Some(Fault::Poison) => {
                volume.lose(|one| one.file() == Some(ino));
                Err(eio())
            }
            Some(Fault::Flip) => {
                volume.sync(ino);
                // Below the memory only: seen once the cache is dropped.
                if let Some(Node { body: Body::File(content), .. }) = volume.durable.get_mut(ino)
                    && content.size > 0
                {
                    let middle = content.size / 2;
                    let mut byte = [0];
                    content.read(&mut byte, middle);
                    content.write(&[byte[0] ^ 1], middle);
                }
                Ok(())
            }
            _ => {
                volume.sync(ino);
                Ok(())
            }
        }
    }

    fn drop_cache(&mut self) -> io::Result<bool> {
        let (mut state, _) = self.enter(Op::Stat)?;
        let (volume, ino) = self.handle.at;
        let Volume { live, durable, pending, .. } = &mut state.volumes[volume];
        // Only what is clean leaves the cache.
        if !pending.iter().any(|one| one.file() == Some(ino)) {
            live.adopt(ino, durable);
        }
        Ok(true)
    }

    fn past_memory(&mut self) -> io::Result<bool> {
        self.drop_cache()
    }

    fn start_writeback(&mut self) -> io::Result<()> {
        Ok(())
    }
}

use super::volume::Volume;
