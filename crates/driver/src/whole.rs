//! A replica tree as its readers see it (spec/reading.md): under the lock it is whole, or a marker says that it is not.
//!
//! The lock alone does not do: the system drops it when a process is killed, and what was being switched is half there until the next
//! command brings it to its end. So the marker is durable before the first document is switched, and goes when the last one is.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use store::disk::{Disk, Hold, Lock};
use wire::card::Role;
use wire::planted;

use crate::report::Failure;
use crate::status::look;
use crate::tree::{DOT_FOLDER, Tree};
use crate::world::World;

/// Held alone while documents are switched, shared by readers. In the dot folder, as the marker is.
const LOCK: &[u8] = b"apply.lock";
/// There while the tree may not be whole, or is about to be switched.
const MARKER: &[u8] = b"switching";
/// Whether a file of the dot folder is the lock or the marker.
pub fn is_ours(file: &[u8]) -> bool {
    [LOCK, MARKER].contains(&file)
}

/// How long a package waits for readers to let go, s.
const READERS_WAIT_SECONDS: u64 = 5;
/// How long between two looks, ns.
const LOOK_AGAIN_NS: u64 = 20_000_000;

/// Takes the lock of a tree for switching: new readers wait from here on, and those that read are waited for. The marker is durable
/// with the next sync of the file system. With `again` documents may have been switched already: the marker stays whatever happens.
pub fn begin(world: &World, tree: &Tree, route: &str, again: bool) -> Result<Lock, Failure> {
    let failed = |error: io::Error| Failure::io(route, &error);
    if !planted::is("switching-unmarked") {
        mark(&*world.disk, tree).map_err(failed)?;
    }
    for _ in 0..READERS_WAIT_SECONDS * 1_000_000_000 / LOOK_AGAIN_NS {
        if let Some(lock) = world.disk.lock(&tree.dot, LOCK, Hold::Alone).map_err(failed)? {
            return Ok(lock);
        }
        world.clock.wait(LOOK_AGAIN_NS);
    }
    if !again {
        clear(&*world.disk, tree).map_err(failed)?;
    }
    Err(Failure::new("HOM-01", route, "somebody reads the replica under its apply lock"))
}

fn mark(disk: &dyn Disk, tree: &Tree) -> io::Result<()> {
    match disk.create(&tree.dot, MARKER, 0o644) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

/// The tree is whole, and durably so: readers may come.
pub fn clear(disk: &dyn Disk, tree: &Tree) -> io::Result<()> {
    store::spool::remove_if_there(disk, &tree.dot, MARKER)
}

/// A tree that is whole while this lives.
pub struct Reading {
    /// Where it lies.
    pub tree: PathBuf,
    _lock: Lock,
}

/// Takes the lock of a route's tree as a reader, once it is whole; waits so many seconds for that. Writes nothing but the lock's file
/// where there is none yet.
///
/// # Errors
/// `HOM-01` where it is not whole in that time, `USE-01` for an unknown route, `RPL-05` where the tree is not there; `HOM-*`, `LDG-*`,
/// `IO-01`.
pub fn read(world: &World, home: &Path, route: Option<&str>, wait_seconds: u64) -> Result<Reading, Failure> {
    let (name, path) = look(world, home, |home| {
        home.require(Role::Replica, "read")?;
        let name = crate::restore::route_of(home, route)?;
        let path = home.config.routes[&name].into.clone().unwrap_or_default();
        Ok((name, path))
    })?;
    let failed = |error: io::Error| Failure::new("RPL-05", path.display().to_string(), error.to_string());
    let root = world.disk.root(&path).map_err(failed)?;
    let dot = world.disk.dir(&root, DOT_FOLDER, false).map_err(failed)?;
    let looks = wait_seconds.saturating_mul(1_000_000_000) / LOOK_AGAIN_NS;
    for place in 0..=looks {
        if let Some(lock) = world.disk.lock(&dot, LOCK, Hold::Shared).map_err(failed)?
            && (world.disk.stat(&dot, MARKER).is_err_and(|error| error.kind() == ErrorKind::NotFound) || planted::is("marker-unread"))
        {
            return Ok(Reading { tree: path, _lock: lock });
        }
        if place < looks {
            world.clock.wait(LOOK_AGAIN_NS);
        }
    }
    Err(Failure::new("HOM-01", name, "the replica is being switched; the next `apply` or `carry` here brings to its end what was interrupted"))
}
