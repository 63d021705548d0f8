//! Files in a replica tree that no item accounts for (discrepancy Extra): found, counted, and set aside where somebody says so.
//! They are never removed.
//!
//! What lies in the place of an item, or of a folder of items, is damage to them and not extra. Nor is the dot folder.

use engine::replica::{Item, Route};
use std::collections::{BTreeMap, HashSet};
use std::io;
use store::disk::{Kind, Met, Rename};
use wire::ItemId;
use wire::id::Bytes;
use wire::planted;
use wire::record::ScrubStep;

use crate::home::Home;
use crate::report::Failure;
use crate::tree::{DOT_FOLDER, Tree, split};
use crate::world::World;

/// Paths of one record: bounds its size.
const PATHS_MAX: usize = 8192;

/// What was found.
#[derive(Default)]
pub struct Found {
    /// Below the root of the tree, in order; those that still lie there.
    pub paths: Vec<ItemId>,
    /// How many were set aside.
    pub set_aside: u64,
}

/// Looks for extra files and records how many there are, sets them aside if asked to.
pub fn look(home: &mut Home, name: &str, tree: &Tree, set_aside: bool) -> Result<Found, Failure> {
    let world = home.world.clone();
    let failed = |error: io::Error| Failure::io(name, &error);
    let mut found = Found { paths: find(&world, tree, &home.replica().routes[name]).map_err(failed)?, set_aside: 0 };
    if set_aside {
        let mut left = Vec::new();
        for paths in found.paths.chunks(PATHS_MAX) {
            let step = home.replica().routes[name].readings + 1;
            let named = paths.iter().map(|path| Bytes(path.0.clone())).collect();
            home.record(ScrubStep { set_aside: named, ..blank(name, step) })?;
            home.commit()?;
            for path in paths {
                // What cannot be moved stays where it is and is told of.
                match put_aside(&world, tree, step, &path.0) {
                    Ok(()) => found.set_aside += 1,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(_) => left.push(path.clone()),
                }
            }
        }
        found.paths = left;
        world.disk.sync_all(&tree.root).map_err(failed)?;
    }
    let step = home.replica().routes[name].readings + 1;
    home.record(ScrubStep { extra: Some(u32::try_from(found.paths.len()).unwrap_or(u32::MAX)), ..blank(name, step) })?;
    home.commit()?;
    Ok(found)
}

fn blank(name: &str, step: u64) -> ScrubStep {
    ScrubStep { route: name.into(), step, whole: false, read: Vec::new(), digests: Vec::new(), damaged: Vec::new(), extra: None, set_aside: Vec::new() }
}

/// The folder, below the dot folder, for what a step sets aside.
fn folder_of(step: u64) -> Vec<u8> {
    format!("kept/extra-{step:016x}").into_bytes()
}

/// The folders that lead to a path, the path itself left out.
fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at])
}

fn find(world: &World, tree: &Tree, route: &Route) -> io::Result<Vec<ItemId>> {
    // One list in order of path: tables of a million paths, of their folders and of what was met would be many times as large.
    let mut held: Vec<&Item> = route.items.iter().filter(|item| item.held()).collect();
    held.sort_unstable_by_key(|item| item.path());
    let place = |path: &[u8]| held.binary_search_by(|item| item.path().0.as_slice().cmp(path)).ok();
    let is_folder = |path: &[u8]| {
        let below = [path, b"/"].concat();
        held.get(held.partition_point(|item| item.path().0 < below)).is_some_and(|item| item.path().0.starts_with(&below))
    };
    let (mut met, mut extra) = (vec![false; held.len()], BTreeMap::new());
    world.disk.walk(&tree.path, &mut |seen| {
        let Met::Entry { path, stat } = seen else { return };
        if let Some(item) = place(&path) {
            met[item] = true;
        } else if stat.kind != Kind::Dir
            && path.split(|byte| *byte == b'/').next() != Some(DOT_FOLDER)
            && !is_folder(&path)
            && !above(&path).any(|folder| place(folder).is_some())
        {
            extra.insert(path, stat.inode);
        }
    })?;
    extra.retain(|path, _| !tree.is_ours(&*world.disk, path));
    if !extra.is_empty() {
        // A file system that folds names may give an item another one than it was given.
        let inode = |path: &[u8]| {
            let (parent, name) = split(path);
            let dir = world.disk.dir(&tree.root, parent, false).ok()?;
            world.disk.stat(&dir, name).ok().map(|stat| stat.inode)
        };
        let folded: HashSet<u64> = held.iter().zip(&met).filter(|(_, met)| !**met).filter_map(|(item, _)| inode(&item.path().0)).collect();
        extra.retain(|_, inode| !folded.contains(inode));
    }
    Ok(extra.into_keys().map(ItemId).collect())
}

/// Moves a file, under its own path, to the folder of the step, and removes the folders that it leaves empty.
fn put_aside(world: &World, tree: &Tree, step: u64, path: &[u8]) -> io::Result<()> {
    let disk = &*world.disk;
    let (parent, name) = split(path);
    let from = disk.dir(&tree.root, parent, false)?;
    let folder = folder_of(step);
    let to = tree.dot_dir(disk, &if parent.is_empty() { folder } else { [folder.as_slice(), b"/", parent].concat() }, true)?;
    if planted::is("extra-file-removed") {
        disk.remove(&from, name)?
    } else {
        disk.rename((&from, name), (&to, name), Rename::New)?
    }
    let mut folder = parent;
    while !folder.is_empty() {
        let (above, name) = split(folder);
        if disk.dir(&tree.root, above, false).and_then(|dir| disk.remove_dir(&dir, name)).is_err() {
            break;
        }
        folder = above;
    }
    Ok(())
}
