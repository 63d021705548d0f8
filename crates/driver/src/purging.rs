//! Purging (spec/package.md): of an item that is purged, or withdrawn, nothing older is left on the replica but numbers and digests in its
//! ledger.
//!
//! What is older is found by its content wherever it lies in the dot folder, not only where the ledger has put it, and erased before the
//! package counts as applied; the answer says that it is gone only when the same search finds nothing. Files are unlinked: no claim is
//! made about what the file system or the disk keeps of them.

use engine::replica::Route;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use store::disk::{Dir, Disk, Kind};
use wire::manifest::Mark;
use wire::record::StagedRow;
use wire::{Digest, PackageId, planted};

use crate::home::Home;
use crate::report::Failure;
use crate::stage::digest_at;
use crate::tree::{Tree, remove_tree};

/// Where copies of sealed packages lie, below the home.
const COPIES: &[u8] = b"spool/parity";

/// What is to be found of one purged row.
struct Older {
    /// Its place in the package.
    row: u32,
    version: u64,
    /// Contents of its earlier versions, and their sizes.
    contents: BTreeMap<Digest, u64>,
    /// Whether sealed copies of packages go as well, and local changes that were kept aside: not with what is withdrawn.
    all: bool,
}

/// Of each item of which nothing older may stay, what that is.
type Purges = BTreeMap<u32, Older>;

/// The purges and withdrawals among rows, but for those that failed. Before a package is folded in, what it replaces is older, too.
fn purges(route: &Route, rows: &[StagedRow], failed: &dyn Fn(u32) -> bool) -> Purges {
    let older = |(row, staged): (u32, &StagedRow)| {
        let held = route.items.get(staged.item as usize).filter(|item| item.held() && item.version <= staged.version && item.digest != staged.digest);
        let contents = held.map(|item| (item.digest, item.size)).into_iter().collect();
        (staged.item, Older { row, version: staged.version, contents, all: staged.mark == Mark::Purge })
    };
    let erases = |staged: &StagedRow| staged.mark.erases() && !(staged.mark == Mark::Withdraw && planted::is("withdraw-keeps-the-history"));
    let mut purges: Purges = (0u32..).zip(rows).filter(|(row, staged)| erases(staged) && !failed(*row)).map(older).collect();
    for earlier in &route.history {
        if let Some(older) = purges.get_mut(&earlier.item).filter(|older| earlier.version <= older.version) {
            older.contents.insert(earlier.digest, earlier.size);
        }
    }
    purges
}

/// Erases what is older than the purged rows of a package, wherever it lies.
pub fn erase(home: &Home, name: &str, tree: &Tree, rows: &[StagedRow], failed: &dyn Fn(u32) -> bool) -> Result<(), Failure> {
    let purges = purges(&home.replica().routes[name], rows, failed);
    if purges.is_empty() || planted::is("purge-leaves-the-history") {
        return Ok(());
    }
    let disk = &*home.world.disk;
    let io = |error: io::Error| Failure::io(name, &error);
    for (_, dir, file) in find(home, name, tree, &purges)? {
        store::spool::remove_if_there(disk, &dir, &file).map_err(io)?;
    }
    if !purges.values().any(|older| older.all) {
        return Ok(());
    }
    // Which packages brought an item is not asked: copies are there to rebuild others, and those can be sent again.
    match disk.dir(&home.dir, COPIES, false) {
        Ok(copies) => remove_tree(disk, &copies, name.as_bytes()).map_err(io),
        Err(_) => Ok(()),
    }
}

/// The rows of a package that was applied of which something older is still there.
pub fn left(home: &Home, name: &str, tree: &Tree, package: &PackageId, rows: &[StagedRow], failed: &dyn Fn(u32) -> bool) -> Result<BTreeSet<u32>, Failure> {
    let purges = purges(&home.replica().routes[name], rows, failed);
    if purges.is_empty() || planted::is("purge-believed") {
        return Ok(BTreeSet::new());
    }
    let disk = &*home.world.disk;
    let own = carrier::package_name(package);
    let copies = disk.dir(&home.dir, &[COPIES, b"/", name.as_bytes()].concat(), false).and_then(|dir| disk.list(&dir)).unwrap_or_default();
    let copied = copies.iter().any(|entry| entry.name.ends_with(b".gfp") && entry.name != own.as_bytes());
    let in_copies = purges.values().filter(|older| older.all && copied).map(|older| older.row);
    Ok(find(home, name, tree, &purges)?.into_iter().map(|(row, ..)| row).chain(in_copies).collect())
}

type Found = (u32, Dir, Vec<u8>);

/// Every file of the dot folder that holds something older than one of the purged rows.
fn find(home: &Home, name: &str, tree: &Tree, purges: &Purges) -> Result<Vec<Found>, Failure> {
    let (disk, route) = (&*home.world.disk, &home.replica().routes[name]);
    let io = |error: io::Error| Failure::io(name, &error);
    let mut found = Vec::new();
    let of_purge = |item: u32, version: u64| purges.get(&item).filter(|older| version <= older.version);
    // What another item, or a later version, has for its own is not asked for.
    let listed: BTreeSet<Digest> =
        route.history.iter().filter(|earlier| of_purge(earlier.item, earlier.version).is_none()).map(|earlier| earlier.digest).collect();
    let held: BTreeSet<Digest> =
        route.items.iter().zip(0u32..).filter(|(item, number)| item.held() && of_purge(*number, item.version).is_none()).map(|(item, _)| item.digest).collect();
    for older in purges.values() {
        for digest in older.contents.keys().filter(|digest| !listed.contains(*digest)) {
            let (folder, file) = Tree::history(digest);
            if let Ok(dir) = tree.dot_dir(disk, &folder, false)
                && disk.stat(&dir, &file).is_ok()
            {
                found.push((older.row, dir, file));
            }
        }
    }
    for (item, version, digest) in route.parts.keys().filter(|(item, version, _)| of_purge(*item, *version).is_some()) {
        let used = route.parts.keys().any(|(other, of, whole)| whole == digest && of_purge(*other, *of).is_none());
        let (folder, _) = Tree::part(digest, 0);
        let Some((older, dir)) = of_purge(*item, *version).zip(tree.dot_dir(disk, &folder, false).ok()).filter(|_| !used) else { continue };
        found.extend(disk.list(&dir).map_err(io)?.into_iter().map(|entry| (older.row, dir.clone(), entry.name)));
    }
    let by_item = kept_by_item(home, name, tree, purges)?;
    let contents: BTreeMap<Digest, (u64, u32)> = purges
        .values()
        .flat_map(|older| older.contents.iter().map(|(digest, size)| (*digest, (*size, older.row))))
        .filter(|(digest, _)| !listed.contains(digest) && !held.contains(digest))
        .collect();
    let sizes: BTreeSet<u64> = contents.values().map(|(size, _)| *size).collect();
    let mut visit = |path: &[u8], dir: &Dir, file: &[u8], size: u64| -> io::Result<()> {
        let row = match by_item.get(file).filter(|_| path == b"kept") {
            Some(row) => Some(*row),
            None if sizes.contains(&size) => digest_at(disk, dir, file)?.and_then(|digest| contents.get(&digest)).map(|(_, row)| *row),
            None => None,
        };
        found.extend(row.map(|row| (row, dir.clone(), file.to_vec())));
        Ok(())
    };
    walk(disk, &tree.dot, b"", &mut visit).map_err(io)?;
    Ok(found)
}

/// Is told of a file: its path, the folder it lies in, its name there, its size in bytes.
type Visit<'v> = dyn FnMut(&[u8], &Dir, &[u8], u64) -> io::Result<()> + 'v;

/// Visits every file of the dot folder but the history's, which is looked up by its names.
fn walk(disk: &dyn Disk, dir: &Dir, path: &[u8], visit: &mut Visit<'_>) -> io::Result<()> {
    for entry in disk.list(dir)?.into_iter().filter(|entry| !(path.is_empty() && entry.name == b"history")) {
        if entry.kind == Kind::Dir {
            let below = [path, if path.is_empty() { b"" } else { b"/" }, &entry.name].concat();
            walk(disk, &disk.dir(dir, &entry.name, false)?, &below, visit)?;
        } else if entry.kind == Kind::File {
            visit(path, dir, &entry.name, disk.stat(dir, &entry.name)?.size)?;
        }
    }
    Ok(())
}

/// Local changes of purged items that were kept aside: whatever somebody made of an earlier version. By the name of the file.
fn kept_by_item(home: &Home, name: &str, tree: &Tree, purges: &Purges) -> Result<BTreeMap<Vec<u8>, u32>, Failure> {
    if !purges.values().any(|older| older.all) {
        return Ok(BTreeMap::new());
    }
    let (disk, route) = (&*home.world.disk, &home.replica().routes[name]);
    let Ok(folder) = tree.dot_dir(disk, b"kept", false) else { return Ok(BTreeMap::new()) };
    let mut rows = BTreeMap::new();
    for entry in disk.list(&folder).map_err(|error| Failure::io(name, &error))? {
        let text = String::from_utf8_lossy(&entry.name).into_owned();
        let mut words = text.split('-');
        let Some(package) = words.next().and_then(PackageId::from_hex) else { continue };
        let Some(place) = words.next().and_then(|row| usize::from_str_radix(row, 16).ok()) else { continue };
        let Some((sequence, _)) = route.packages.iter().find(|(_, seen)| seen.package == package) else { continue };
        let Some(begun) = home.begun(name, *sequence)? else { continue };
        let purge = begun.rows.get(place).and_then(|staged| purges.get(&staged.item).filter(|older| older.all && staged.version <= older.version));
        rows.extend(purge.map(|older| (entry.name, older.row)));
    }
    Ok(rows)
}
