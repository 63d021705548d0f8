//! Purging (spec/package.md): of an item that is purged, or withdrawn, nothing older is left on the replica but numbers and digests in its
//! ledger.
//!
//! What is older is found by its content wherever it lies in the dot folder, not only where the ledger has put it, and erased before the
//! package counts as applied; the answer says that it is gone only when the same search finds nothing. Files are unlinked: no claim is
//! made about what the file system or the disk keeps of them.

use engine::replica::Route;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use store::disk::{Dir, Disk, Kind};
use wire::manifest::Mark;
use wire::record::{StagedRow, Step};
use wire::{Digest, PackageId, planted};

use crate::attest::is_ours;
use crate::home::Home;
use crate::report::Failure;
use crate::stage::digest_at;
use crate::tree::{Tree, remove_tree};

/// Where copies of sealed packages lie, below the home.
const COPIES: &[u8] = b"spool/parity";
/// Where rebuilt packages lie there.
const REBUILT: &[u8] = b".rebuilt";

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

/// Erases what is older than the purged rows of a package, wherever it lies. What cannot be erased is found when the answer is made.
pub fn erase(home: &Home, name: &str, tree: &Tree, package: &PackageId, rows: &[StagedRow], failed: &dyn Fn(u32) -> bool) -> Result<(), Failure> {
    let purges = purges(&home.replica().routes[name], rows, failed);
    if purges.is_empty() || planted::is("purge-leaves-the-history") {
        return Ok(());
    }
    let disk = &*home.world.disk;
    let ours = |done: io::Result<()>| done.or_else(|error| if is_ours(&error) { Err(Failure::io(name, &error)) } else { Ok(()) });
    for (_, dir, file) in find(home, name, tree, rows, &purges)?.files {
        ours(store::spool::remove_if_there(disk, &dir, &file))?;
    }
    if !purges.values().any(|older| older.all) {
        return Ok(());
    }
    // Which packages brought an item is not asked: copies are there to rebuild others, and those can be sent again.
    match disk.dir(&home.dir, COPIES, false) {
        Ok(copies) => {
            // Where this one was rebuilt, those beside it are still to be applied, and go when that is done.
            let own = disk.dir(&copies, REBUILT, false).and_then(|dir| disk.stat(&dir, carrier::package_name(package).as_bytes())).is_ok();
            let folders = [name.as_bytes(), REBUILT].into_iter().filter(|folder| *folder != REBUILT || !own);
            folders.into_iter().try_for_each(|folder| ours(remove_tree(disk, &copies, folder)))
        }
        Err(_) => Ok(()),
    }
}

/// Rows of which something older is left.
#[derive(Default)]
pub struct Left {
    /// Those of which it is still there, or may be: what could not be looked at is not gone.
    pub rows: BTreeSet<u32>,
    /// Those of them of which a file of the tree could not be removed: sealed copies go with what they are kept for.
    pub stuck: BTreeSet<u32>,
}

/// The rows of a package that was applied of which something older is left.
pub fn left(home: &Home, name: &str, tree: &Tree, package: &PackageId, rows: &[StagedRow], failed: &dyn Fn(u32) -> bool) -> Result<Left, Failure> {
    let purges = purges(&home.replica().routes[name], rows, failed);
    if purges.is_empty() || planted::is("purge-believed") {
        return Ok(Left::default());
    }
    let disk = &*home.world.disk;
    let mut found = find(home, name, tree, rows, &purges)?;
    let own = carrier::package_name(package);
    for folder in [name.as_bytes(), REBUILT] {
        let listed = disk.dir(&home.dir, &[COPIES, b"/", folder].concat(), false).and_then(|dir| disk.list(&dir));
        let copied = looked(listed).map_err(|error| Failure::io(name, &error))?;
        if copied.is_none_or(|copies| copies.iter().any(|entry| entry.name.ends_with(b".gfp") && entry.name != own.as_bytes())) {
            found.unsure.extend(rows_of(&purges, true));
        }
    }
    let of_files = found.files.iter().flat_map(|(row, ..)| row.map_or_else(|| rows_of(&purges, false).collect(), |row| vec![row]));
    let stuck: BTreeSet<u32> = of_files.collect();
    Ok(Left { rows: stuck.union(&found.unsure).copied().collect(), stuck })
}

/// The rows of the purges; with `all` of those only with which sealed copies and local changes go.
fn rows_of(purges: &Purges, all: bool) -> impl Iterator<Item = u32> {
    purges.values().filter(move |older| older.all || !all).map(|older| older.row)
}

/// What a search came to.
#[derive(Default)]
struct Found {
    /// Files that hold something older, and of which row; none where nobody can tell: it may be of each.
    files: Vec<(Option<u32>, Dir, Vec<u8>)>,
    /// Rows of which something may be where nothing could be looked at.
    unsure: BTreeSet<u32>,
}

/// What was looked for where it is not there (the empty one), or none where nobody knows. An error of this process is none of the files'.
fn looked<T: Default>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Some(T::default())),
        Err(error) if is_ours(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Every file of the dot folder that holds something older than one of the purged rows, and every earlier version and part that no ledger lists:
/// a ledger that went back may have known whose it was.
fn find(home: &Home, name: &str, tree: &Tree, rows: &[StagedRow], purges: &Purges) -> Result<Found, Failure> {
    let (disk, route) = (&*home.world.disk, &home.replica().routes[name]);
    let mut found = Found::default();
    let by_item = kept_by_item(home, name, tree, purges)?;
    let of_purge = |item: u32, version: u64| purges.get(&item).filter(|older| version <= older.version);
    // What another item, or a later version, has for its own is not asked for; what this very package puts there is listed in a moment.
    let earlier = route.history.iter().filter(|earlier| !earlier.purged && of_purge(earlier.item, earlier.version).is_none()).map(|earlier| earlier.digest);
    let others = || rows.iter().filter(|row| of_purge(row.item, row.version).is_none());
    let replaced =
        others().filter_map(|row| route.items.get(row.item as usize).filter(|item| item.held() && item.digest != row.digest)).map(|item| item.digest);
    let listed: HashSet<Digest> = earlier.chain(replaced).collect();
    let held: HashSet<Digest> =
        route.items.iter().zip(0u32..).filter(|(item, number)| item.held() && of_purge(*number, item.version).is_none()).map(|(item, _)| item.digest).collect();
    let parts = route.parts.keys().filter(|(item, version, _)| of_purge(*item, *version).is_none()).map(|(.., digest)| *digest);
    let parts: HashSet<Digest> = parts.chain(others().filter(|row| row.step == Step::Hold).map(|row| row.digest)).collect();
    let contents: BTreeMap<Digest, (u64, u32)> =
        purges.values().flat_map(|older| older.contents.iter().map(|(digest, size)| (*digest, (*size, older.row)))).collect();
    let purged_parts: BTreeMap<Digest, u32> =
        route.parts.keys().filter_map(|(item, version, digest)| of_purge(*item, *version).map(|older| (*digest, older.row))).collect();
    let sizes: BTreeSet<u64> = contents.values().map(|(size, _)| *size).collect();
    let mut visit = |path: &[u8], dir: &Dir, file: &[u8]| -> io::Result<()> {
        // The lock and the marker are never another's content, as long as nothing is.
        if path.is_empty() && crate::whole::is_ours(file) && !planted::is("purge-takes-the-lock") {
            return Ok(());
        }
        let (folder, below) = path.split_at(path.iter().position(|byte| *byte == b'/').unwrap_or(path.len()));
        let digest_of_name = |name: &[u8]| std::str::from_utf8(name).ok().and_then(Digest::from_hex);
        let row = match folder {
            b"kept" if by_item.contains_key(file) => Some(by_item.get(file).copied()),
            b"history" if let Some(digest) = digest_of_name(file) => {
                let asked = contents.get(&digest).map(|(_, row)| *row);
                (!listed.contains(&digest) && (asked.is_some() || !held.contains(&digest))).then_some(asked)
            }
            b"parts"
                if let Some(digest) = digest_of_name(below.get(1..).unwrap_or_default())
                    && !parts.contains(&digest) =>
            {
                Some(purged_parts.get(&digest).copied().or(contents.get(&digest).map(|(_, row)| *row)))
            }
            _ if !sizes.contains(&disk.stat(dir, file)?.size) => None,
            _ => {
                let digest = digest_at(disk, dir, file)?.filter(|digest| !listed.contains(digest) && !held.contains(digest));
                digest.and_then(|digest| contents.get(&digest)).map(|(_, row)| Some(*row))
            }
        };
        found.files.extend(row.map(|row| (row, dir.clone(), file.to_vec())));
        Ok(())
    };
    if !walk(disk, &tree.dot, b"", &mut visit).map_err(|error| Failure::io(name, &error))? {
        found.unsure.extend(rows_of(purges, false));
    }
    Ok(found)
}

/// Is told of a file: its path, the folder it lies in, its name there.
type Visit<'v> = dyn FnMut(&[u8], &Dir, &[u8]) -> io::Result<()> + 'v;

/// Visits every file of a folder; false when not everything could be looked at.
fn walk(disk: &dyn Disk, dir: &Dir, path: &[u8], visit: &mut Visit<'_>) -> io::Result<bool> {
    let Some(entries) = looked(disk.list(dir))? else { return Ok(false) };
    let mut all = true;
    for entry in entries {
        all &= match entry.kind {
            Kind::Dir => {
                let below = [path, if path.is_empty() { b"" } else { b"/" }, &entry.name].concat();
                let inner = looked(disk.dir(dir, &entry.name, false).map(Some))?;
                inner.map_or(Ok(false), |inner| inner.map_or(Ok(true), |inner| walk(disk, &inner, &below, visit)))?
            }
            Kind::File => looked(visit(path, dir, &entry.name))?.is_some(),
            Kind::Link | Kind::Other => true,
        };
    }
    Ok(all)
}

/// Local changes of purged items that were kept aside: whatever somebody made of an earlier version; and where the ledger went back, what an
/// inventory put aside of items that are withdrawn: most likely a version that the ledger has forgotten. By the name of the file.
fn kept_by_item(home: &Home, name: &str, tree: &Tree, purges: &Purges) -> Result<BTreeMap<Vec<u8>, u32>, Failure> {
    let (mut by_name, went_back) = (BTreeMap::new(), !home.replica().lives.is_empty());
    if !went_back && !purges.values().any(|older| older.all) {
        return Ok(by_name);
    }
    let (disk, route) = (&*home.world.disk, &home.replica().routes[name]);
    let listed = tree.dot_dir(disk, b"kept", false).and_then(|folder| disk.list(&folder));
    // What cannot be listed the walk meets again.
    for entry in looked(listed).map_err(|error| Failure::io(name, &error))?.unwrap_or_default() {
        let text = String::from_utf8_lossy(&entry.name).into_owned();
        let mut words = text.split('-');
        let Some(package) = words.next().and_then(PackageId::from_hex) else { continue };
        let Some(place) = words.next().and_then(|row| usize::from_str_radix(row, 16).ok()) else { continue };
        // A ledger that went back has forgotten of which item it is: then it is a person's, who made it and may know. No purge could ever be
        // proven otherwise.
        let Some(begun) = home.begun_as(&package)?.filter(|begun| begun.route == name) else { continue };
        let is_older = |staged: &StagedRow, older: &Older| Some(begun.incarnation) != route.incarnation || staged.version <= older.version;
        let goes = |staged: &StagedRow, older: &Older| older.all || went_back && staged.step == Step::Drop;
        let purge = begun.rows.get(place).and_then(|staged| purges.get(&staged.item).filter(|older| goes(staged, older) && is_older(staged, older)));
        by_name.extend(purge.map(|older| (entry.name, older.row)));
    }
    Ok(by_name)
}
