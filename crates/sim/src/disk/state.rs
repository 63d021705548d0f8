//! Everything behind the lock of a [`super::SimDisk`]: volumes, mounts, handles, locks, faults, counts.

use super::fault::{Fault, Faults, Op, eio, exists, full, halted, not_a_directory, not_found, read_only};
use super::image::Image;
use super::tree::{Body, Ino, Names, Node, ROOT};
use super::volume::Volume;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use store::clock::Clock;
use store::disk::{Kind, Stat};

/// A node anywhere: volume and inode.
pub type At = (usize, Ino);

/// What this disk's own clock moves by with each change, ns.
const TICK_NS: i64 = 1_000_000;
/// Where it begins.
const START_NS: i64 = 1_600_000_000_000_000_000;
/// Links in one path that are followed.
const LINKS_MAX: u32 = 40;
/// What is taken off the mode of new files.
const MASK: u32 = 0o022;

/// The mount points, by the directory that they cover.
pub type Mounts = BTreeMap<At, usize>;

pub struct State {
    pub volumes: Vec<Volume>,
    pub mounts: Mounts,
    pub next_ino: Ino,
    pub now: i64,
    pub clock: Option<Arc<dyn Clock>>,
    /// Counts the lives of the process: handles of an earlier one are dead.
    pub life: u64,
    pub halted: bool,
    pub faults: Faults,
    /// Locks that are held: shared by how many, or alone.
    pub locks: BTreeMap<At, Option<u32>>,
    pub opened: BTreeMap<At, u32>,
    /// Without a name, kept by handles.
    pub nameless: BTreeSet<At>,
    /// Files (and directories) with a bad sector: reading fails.
    pub unreadable: BTreeSet<At>,
    pub counts: BTreeMap<Op, u64>,
    pub mutations: u64,
    /// What is called so when it gets its name is kept.
    pub watched: Option<Vec<u8>>,
    /// Paths and bytes of what was.
    pub renamed: Vec<(Vec<u8>, Vec<u8>)>,
    /// The image before each mutating call, while they are recorded.
    pub cuts: Option<Vec<(Op, Image)>>,
}

/// Where a path led.
pub struct Found {
    pub at: At,
    pub path: Vec<u8>,
}

impl State {
    pub fn new() -> Self {
        Self {
            volumes: vec![Volume::new(1, super::VolumeOptions::default(), START_NS)],
            mounts: Mounts::new(),
            next_ino: ROOT + 1,
            now: START_NS,
            clock: None,
            life: 0,
            halted: false,
            faults: Faults::default(),
            locks: BTreeMap::new(),
            opened: BTreeMap::new(),
            nameless: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            counts: BTreeMap::new(),
            mutations: 0,
            watched: None,
            renamed: Vec::new(),
            cuts: None,
        }
    }

    pub fn image(&self) -> Image {
        let nameless = !self.nameless.is_empty();
        Image { volumes: self.volumes.clone(), mounts: self.mounts.clone(), next_ino: self.next_ino, now: self.now, nameless }
    }

    /// Ends the process: handles and locks are gone, memory too.
    pub fn end_life(&mut self) {
        self.life += 1;
        self.halted = false;
        self.locks.clear();
        self.opened.clear();
        for (volume, ino) in std::mem::take(&mut self.nameless) {
            self.volumes[volume].forget(ino);
        }
    }

    pub fn tick(&mut self) -> i64 {
        self.now += TICK_NS;
        self.clock.as_ref().map_or(self.now, |clock| clock.now())
    }

    pub fn new_ino(&mut self) -> Ino {
        self.next_ino += 1;
        self.next_ino
    }

    /// What stands before every call: the process lives, the volume is there, and no fault strikes. Gives a fault that the
    /// call itself has to work.
    pub fn before(&mut self, op: Op, volume: usize, path: &[u8]) -> io::Result<Option<Fault>> {
        if self.halted {
            return Err(halted());
        }
        if self.cuts.is_some() && op.mutates() {
            let image = self.image();
            self.cuts.get_or_insert_default().push((op, image));
        }
        *self.counts.entry(op).or_default() += 1;
        self.mutations += u64::from(op.mutates());
        let fault = self.faults.strike(op, path);
        if fault == Some(Fault::Halt) {
            self.halted = true;
            return Err(halted());
        }
        if self.volumes[volume].dead {
            return Err(eio());
        }
        match fault {
            Some(Fault::Eio) => return Err(eio()),
            Some(Fault::ReadOnly) => return Err(read_only()),
            Some(Fault::Full) if op != Op::Write => return Err(full()),
            _ => {}
        }
        if op.mutates() && !matches!(op, Op::Sync | Op::SyncDir | Op::SyncAll) {
            self.volumes[volume].writable()?;
        }
        Ok(fault)
    }

    pub fn node(&self, at: At) -> io::Result<&Node> {
        self.volumes[at.0].live.get(at.1).ok_or_else(eio)
    }

    pub fn stat(&self, at: At) -> io::Result<Stat> {
        let at = self.mounts.get(&at).map_or(at, |volume| (*volume, ROOT));
        let node = self.node(at)?;
        Ok(Stat {
            kind: node.kind(),
            size: node.size(),
            modified: node.modified,
            changed: node.changed,
            inode: at.1,
            device: self.volumes[at.0].device,
            mode: node.mode,
        })
    }

    pub fn lookup(&self, dir: At, name: &[u8]) -> io::Result<At> {
        let ino = self.volumes[dir.0].lookup(dir.1, name)?.ok_or_else(not_found)?;
        Ok((dir.0, ino))
    }

    /// A node lost its name.
    pub fn unnamed(&mut self, at: At) {
        if self.opened.contains_key(&at) {
            self.nameless.insert(at);
        } else {
            self.volumes[at.0].forget(at.1);
        }
    }

    pub fn opened(&mut self, at: At) {
        *self.opened.entry(at).or_default() += 1;
    }

    pub fn closed(&mut self, at: At, life: u64) {
        if life != self.life {
            return;
        }
        let Some(count) = self.opened.get_mut(&at) else { return };
        *count -= 1;
        if *count == 0 {
            self.opened.remove(&at);
            if self.nameless.remove(&at) {
                self.volumes[at.0].forget(at.1);
            }
        }
    }

    pub fn make_file(&mut self, dir: At, name: &[u8], mode: u32) -> io::Result<At> {
        let now = self.tick();
        self.make(dir, name, Node::new(Body::File(super::tree::Content::default()), mode & !MASK & 0o7777, now))
    }

    pub fn make_dir(&mut self, dir: At, name: &[u8], mode: u32) -> io::Result<At> {
        let now = self.tick();
        self.make(dir, name, Node::new(Body::Dir(Names::new()), mode & !MASK, now))
    }

    pub fn make(&mut self, dir: At, name: &[u8], node: Node) -> io::Result<At> {
        if self.volumes[dir.0].lookup(dir.1, name)?.is_some() {
            return Err(exists());
        }
        let ino = self.new_ino();
        let removed = self.nameless.contains(&dir);
        self.volumes[dir.0].make(dir.1, name, ino, node, removed)?;
        Ok((dir.0, ino))
    }

    /// Follows a path that a person named; with `make`, missing directories are made.
    pub fn resolve(&mut self, path: &Path, make: bool) -> io::Result<Found> {
        let split = |bytes: &[u8]| bytes.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").map(<[u8]>::to_vec).collect();
        let mut todo: VecDeque<Vec<u8>> = split(path.as_os_str().as_bytes());
        let mut way: Vec<(At, usize)> = vec![((0, ROOT), 0)];
        let mut text: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop_front() {
            if part == b".." {
                if way.len() > 1 {
                    way.pop();
                }
                text.truncate(way.last().map_or(0, |last| last.1));
                continue;
            }
            let (dir, _) = way[way.len() - 1];
            let next = match self.lookup(dir, &part) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && make => {
                    name_fits(&part)?;
                    let whole = [&text[..], b"/", &part].concat();
                    self.before(Op::MakeDir, dir.0, &whole)?;
                    self.make_dir(dir, &part, 0o700)?
                }
                other => other?,
            };
            let next = self.mounts.get(&next).map_or(next, |volume| (*volume, ROOT));
            match &self.node(next)?.body {
                Body::Dir(_) => {
                    text.push(b'/');
                    text.extend_from_slice(&part);
                    way.push((next, text.len()));
                }
                Body::Link(target) => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(io::Error::from_raw_os_error(40));
                    }
                    let parts: VecDeque<Vec<u8>> = split(target);
                    if target.starts_with(b"/") {
                        way.truncate(1);
                        text.clear();
                    }
                    parts.into_iter().rev().for_each(|part| todo.push_front(part));
                }
                _ => return Err(not_a_directory()),
            }
        }
        let (at, _) = way[way.len() - 1];
        if self.volumes[at.0].dead {
            return Err(eio());
        }
        Ok(Found { at, path: text })
    }

    /// One component strictly beneath, for [`store::disk::Disk::dir`].
    pub fn step(&mut self, dir: At, part: &[u8], path: &[u8], make: bool) -> io::Result<At> {
        let next = match self.lookup(dir, part) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && make => {
                name_fits(part)?;
                self.before(Op::MakeDir, dir.0, path)?;
                self.make_dir(dir, part, 0o755)?
            }
            other => other?,
        };
        if self.mounts.contains_key(&next) {
            return Err(io::Error::from_raw_os_error(18));
        }
        match self.node(next)?.kind() {
            Kind::Dir => Ok(next),
            Kind::Link => Err(io::Error::from_raw_os_error(40)),
            _ => Err(not_a_directory()),
        }
    }
}

/// One name: not empty, no way up or down, nothing that would end a string early, not too long.
pub fn component(name: &[u8]) -> io::Result<&[u8]> {
    if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || name.contains(&0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a name of one component"));
    }
    Ok(name)
}

/// File systems take 255 bytes.
pub fn name_fits(name: &[u8]) -> io::Result<()> {
    if name.len() <= 255 { Ok(()) } else { Err(io::Error::from_raw_os_error(36)) }
}
