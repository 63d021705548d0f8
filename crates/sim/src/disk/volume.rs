//! One file system: what programs see, what is durable, and what lies between.

use super::fault::{eio, exists, full, is_a_directory, not_a_directory, not_empty, not_found, read_only, too_large};
use super::pending::{self, Fate, Naming, Pending};
use super::tree::{Body, Ino, Node, Tree};
use std::io;
use store::disk::{Rename, Space};

/// What a volume is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeOptions {
    /// Bytes that fit; none for no bound.
    pub capacity: Option<u64>,
    /// The largest file it takes.
    pub file_bytes_max: Option<u64>,
    /// Whether two names can be exchanged in one step (FAT cannot).
    pub exchanges: bool,
    /// Write-protected.
    pub read_only: bool,
}

impl Default for VolumeOptions {
    fn default() -> Self {
        Self { capacity: None, file_bytes_max: None, exchanges: true, read_only: false }
    }
}

/// Room of a volume without bound.
const ROOMY_BYTES: u64 = 1 << 40;

/// A file system.
#[derive(Clone, Debug)]
pub struct Volume {
    pub device: u64,
    pub options: VolumeOptions,
    /// Everything fails: it was pulled out.
    pub dead: bool,
    pub live: Tree,
    pub durable: Tree,
    pub pending: Vec<Pending>,
    pub used: u64,
}

impl Volume {
    pub fn new(device: u64, options: VolumeOptions, now: i64) -> Self {
        let tree = Tree::new(now);
        Self { device, options, dead: false, live: tree.clone(), durable: tree, pending: Vec::new(), used: 0 }
    }

    pub fn space(&self) -> Space {
        let total = self.options.capacity.unwrap_or(ROOMY_BYTES);
        Space { free: total.saturating_sub(self.used), total, file_bytes_max: self.options.file_bytes_max }
    }

    pub fn writable(&self) -> io::Result<()> {
        if self.options.read_only { Err(read_only()) } else { Ok(()) }
    }

    pub fn lookup(&self, dir: Ino, name: &[u8]) -> io::Result<Option<Ino>> {
        match self.live.get(dir) {
            None => Err(not_found()),
            Some(node) => node.names().map(|names| names.get(name).copied()).ok_or_else(not_a_directory),
        }
    }

    /// Whether a directory can still be reached (one that was removed takes no names).
    fn takes_names(&self, dir: Ino, removed: bool) -> io::Result<()> {
        if removed || self.live.get(dir).is_none() { Err(not_found()) } else { Ok(()) }
    }

    pub fn make(&mut self, dir: Ino, name: &[u8], ino: Ino, node: Node, dir_removed: bool) -> io::Result<()> {
        self.takes_names(dir, dir_removed)?;
        // The node itself is there, empty; what it holds and that it has a name is not durable.
        let empty = match &node.body {
            Body::File(_) => Node::new(Body::File(super::tree::Content::default()), node.mode, node.modified),
            _ => node.clone(),
        };
        self.durable.insert(ino, empty);
        self.live.insert(ino, node);
        self.name(vec![Naming { dir, name: name.into(), to: Some(ino) }], vec![ino]);
        Ok(())
    }

    pub fn name(&mut self, namings: Vec<Naming>, moved: Vec<Ino>) {
        let pending = Pending::Names { namings, moved };
        pending::apply(&mut self.live, &pending, &Fate::Kept);
        self.pending.push(pending);
    }

    /// Renames; gives the node that lost its name by it, if one did.
    pub fn rename(&mut self, from: (Ino, &[u8]), to: (Ino, &[u8]), how: Rename, to_removed: bool) -> io::Result<Option<Ino>> {
        let moved = self.lookup(from.0, from.1)?.ok_or_else(not_found)?;
        self.takes_names(to.0, to_removed)?;
        let there = self.lookup(to.0, to.1)?;
        if self.is_below(to.0, moved) || how == Rename::Exchange && there.is_some_and(|there| self.is_below(from.0, there)) {
            return Err(io::Error::from_raw_os_error(22));
        }
        let naming = |place: (Ino, &[u8]), to: Option<Ino>| Naming { dir: place.0, name: place.1.into(), to };
        match (how, there) {
            (Rename::New, Some(_)) => Err(exists()),
            (Rename::Exchange, None) => Err(not_found()),
            (Rename::Exchange, Some(_)) if !self.options.exchanges => Err(io::ErrorKind::Unsupported.into()),
            (Rename::Exchange, Some(there)) => {
                self.name(vec![naming(from, Some(there)), naming(to, Some(moved))], vec![moved, there]);
                Ok(None)
            }
            (Rename::Replace, Some(there)) if there == moved => Ok(None),
            (Rename::Replace, Some(there)) => {
                let is_dir = |ino| self.live.names(ino).is_some();
                match (is_dir(moved), is_dir(there)) {
                    (false, true) => return Err(is_a_directory()),
                    (true, false) => return Err(not_a_directory()),
                    (true, true) if self.live.names(there).is_some_and(|names| !names.is_empty()) => return Err(not_empty()),
                    _ => {}
                }
                self.name(vec![naming(from, None), naming(to, Some(moved))], vec![moved]);
                Ok(Some(there))
            }
            (_, None) => {
                self.name(vec![naming(from, None), naming(to, Some(moved))], vec![moved]);
                Ok(None)
            }
        }
    }

    /// Whether `dir` is `above` or lies below it.
    fn is_below(&self, dir: Ino, above: Ino) -> bool {
        if dir == above {
            return true;
        }
        let mut found = false;
        if self.live.names(above).is_some() {
            self.live.visit_below(above, &mut Vec::new(), &mut |_, ino, _| found |= ino == dir);
        }
        found
    }

    pub fn remove(&mut self, dir: Ino, name: &[u8], directory: bool) -> io::Result<Ino> {
        let ino = self.lookup(dir, name)?.ok_or_else(not_found)?;
        match (directory, self.live.names(ino)) {
            (false, Some(_)) => return Err(is_a_directory()),
            (true, None) => return Err(not_a_directory()),
            (true, Some(names)) if !names.is_empty() => return Err(not_empty()),
            _ => {}
        }
        self.name(vec![Naming { dir, name: name.into(), to: None }], vec![ino]);
        Ok(ino)
    }

    /// Forgets a node that has neither name nor handle.
    pub fn forget(&mut self, ino: Ino) {
        self.used = self.used.saturating_sub(self.live.get(ino).map_or(0, Node::size));
        self.live.remove(ino);
    }

    fn bounded(&self, size: u64) -> io::Result<()> {
        let limit = self.options.file_bytes_max.unwrap_or(i64::MAX as u64);
        if size <= limit { Ok(()) } else { Err(too_large()) }
    }

    pub fn write(&mut self, ino: Ino, bytes: &[u8], offset: u64, now: i64) -> io::Result<()> {
        let end = offset.checked_add(bytes.len() as u64).ok_or_else(too_large)?;
        self.bounded(end)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let free = self.space().free;
        let size = self.size(ino)?;
        // A full disk takes what still fits.
        let fits = end.min(size.saturating_add(free)).saturating_sub(offset);
        let taken = &bytes[..usize::try_from(fits).unwrap_or(usize::MAX).min(bytes.len())];
        if !taken.is_empty() {
            let Some(Node { body: Body::File(content), modified, changed, .. }) = self.live.get_mut(ino) else { return Err(eio()) };
            content.write(taken, offset);
            (*modified, *changed) = (now, now);
            self.used += content.size.saturating_sub(size);
            self.pending.push(Pending::Write { ino, offset, bytes: taken.into() });
        }
        if taken.len() == bytes.len() { Ok(()) } else { Err(full()) }
    }

    fn size(&self, ino: Ino) -> io::Result<u64> {
        self.live.get(ino).map(Node::size).ok_or_else(eio)
    }

    pub fn set_size(&mut self, ino: Ino, size: u64, now: i64) -> io::Result<()> {
        self.bounded(size)?;
        let before = self.size(ino)?;
        let Some(Node { body: Body::File(content), modified, changed, .. }) = self.live.get_mut(ino) else { return Err(eio()) };
        content.set_size(size);
        (*modified, *changed) = (now, now);
        self.used = (self.used + size).saturating_sub(before);
        self.pending.push(Pending::Size { ino, size });
        Ok(())
    }

    pub fn set_attribute(&mut self, ino: Ino, pending: Pending, now: i64) -> io::Result<()> {
        pending::apply(&mut self.live, &pending, &Fate::Kept);
        self.live.get_mut(ino).ok_or_else(eio)?.changed = now;
        self.pending.push(pending);
        Ok(())
    }

    pub fn sync(&mut self, ino: Ino) {
        self.durable.adopt(ino, &self.live);
        self.pending.retain(|one| one.file() != Some(ino));
    }

    pub fn sync_dir(&mut self, dir: Ino) {
        pending::settle_dir(&mut self.durable, &mut self.pending, dir);
    }

    pub fn sync_all(&mut self) {
        self.durable = self.live.clone();
        self.pending.clear();
    }

    /// What a failed sync leaves: the pending changes that `lost` names are gone, on the medium and in memory.
    pub fn lose(&mut self, lost: impl Fn(&Pending) -> bool) {
        let fate = |_: usize, one: &Pending| if lost(one) { Fate::Dropped } else { Fate::Kept };
        self.live = pending::left(&self.durable, &self.pending, &mut { fate });
        self.pending.retain(|one| !lost(one));
        self.used = self.live.bytes();
    }

    /// Loss of power.
    pub fn crash(&mut self, now: i64, choose: &mut dyn FnMut(usize, &Pending) -> Fate) {
        let mut tree = pending::left(&self.durable, &self.pending, choose);
        // The system's own time of a change is never lost: who compares it reads the file again.
        let touched: std::collections::BTreeSet<Ino> = self.pending.iter().filter_map(Pending::file).collect();
        for ino in touched {
            if let Some(node) = tree.get_mut(ino) {
                node.changed = now;
            }
        }
        self.pending.clear();
        self.used = tree.bytes();
        (self.live, self.durable) = (tree.clone(), tree);
    }
}
