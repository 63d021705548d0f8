//! `history`: the earlier versions that a replica keeps, listed or restored as plain files below a folder.
//!
//! Restoring never overwrites and never touches the replica; what is restored has the digest, mtime and executable bit of its
//! version, or is not there. What somebody had removed by hand before it was replaced never came into the history: it is listed,
//! marked, and cannot be restored; nor can what was purged. A version that differed only in its attributes is not kept: its content is the next one's.

use engine::replica::{Earlier, Route};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Disk, Kind};
use wire::card::Role;
use wire::{Digest, ItemId};

use crate::acts::patterns;
use crate::home::Home;
use crate::report::{Failure, HistoryEntry, HistoryReport, Problem};
use crate::status::look;
use crate::tree::{DOT_FOLDER, Tree, split};
use crate::world::World;

/// Which earlier versions are meant, and what is to be done with them.
#[derive(Clone, Debug, Default)]
pub struct HistoryOptions {
    /// Only those of this route.
    pub route: Option<String>,
    /// Only items that match this pattern.
    pub pattern: Option<String>,
    /// Only this version.
    pub version: Option<u64>,
    /// Folder below which they are restored; when neither `version` nor `back` says which, the newest of each item.
    pub restore: Option<PathBuf>,
    /// Only the so-many-th version before the current one of each item: 1 is the one before it (of a removed item its last
    /// one), 2 the one before that.
    pub back: Option<u64>,
}

/// Lists earlier versions, by item and newest first, and restores them where a folder is given.
///
/// # Errors
/// `USE-01` for an unknown route, a pattern that is not well formed, `back` 0, a folder within the replica or the home, or a restoring of
/// several routes at once; `HOM-*`, `LDG-*`, `IO-01`.
pub fn history(world: &World, path: &Path, options: &HistoryOptions) -> Result<HistoryReport, Failure> {
    if options.back == Some(0) {
        return Err(Failure::new("USE-01", "--back", "it counts from 1, the version before the current one"));
    }
    look(world, path, |home| {
        home.require(Role::Replica, "history")?;
        report(home, options)
    })
}

fn report(home: &Home, options: &HistoryOptions) -> Result<HistoryReport, Failure> {
    let matcher = options.pattern.as_ref().map(|pattern| patterns(std::slice::from_ref(pattern))).transpose()?;
    let back = options.back.or((options.restore.is_some() && options.version.is_none()).then_some(1));
    if let Some(name) = options.route.as_ref().filter(|name| !home.config.routes.contains_key(*name)) {
        return Err(Failure::new("USE-01", name, "no route of this name"));
    }
    let mut report = HistoryReport::default();
    let mut chosen: Vec<(&String, &Route, Vec<&Earlier>)> = Vec::new();
    for (name, route) in
        home.replica().routes.iter().filter(|(name, _)| home.config.routes.contains_key(*name) && options.route.as_ref().is_none_or(|route| route == *name))
    {
        let is_meant = |id: &ItemId| matcher.as_ref().is_none_or(|matcher| matcher.is_match(id));
        let earlier = earlier(route, &is_meant, options.version, back);
        let kept = kept(home, name);
        report.entries.extend(earlier.iter().map(|earlier| entry(name, route, earlier, kept(earlier))));
        if !earlier.is_empty() {
            chosen.push((name, route, earlier));
        }
    }
    let Some(folder) = &options.restore else { return Ok(report) };
    match chosen.as_slice() {
        [] => Ok(report),
        [(name, route, earlier)] => restore(home, name, route, earlier, folder, report),
        _ => Err(Failure::new("USE-01", "--restore", "several routes have such versions; name one with --route")),
    }
}

/// Tells of a version whether its content is there.
fn kept<'h>(home: &'h Home, name: &str) -> impl Fn(&Earlier) -> bool + 'h {
    let disk = &*home.world.disk;
    let tree = home.config.routes[name].into.clone().unwrap_or_default();
    let dot = disk.root(&tree).and_then(|root| disk.dir(&root, DOT_FOLDER, false)).ok();
    move |earlier| {
        let (folder, file) = Tree::history(&earlier.digest);
        !earlier.purged && dot.as_ref().is_some_and(|dot| disk.dir(dot, &folder, false).and_then(|dir| disk.stat(&dir, &file)).is_ok())
    }
}

fn entry(name: &str, route: &Route, earlier: &Earlier, kept: bool) -> HistoryEntry {
    HistoryEntry {
        route: name.into(),
        item: route.items[earlier.item as usize].id.clone(),
        version: earlier.version,
        // Of what is to be gone nobody is handed what it could be guessed from.
        digest: if earlier.purged { String::new() } else { earlier.digest.to_string() },
        bytes: if earlier.purged { 0 } else { earlier.size },
        replaced_at: earlier.replaced_at,
        replaced_by: earlier.mark.word(),
        kept,
        purged: earlier.purged,
    }
}

/// The earlier versions that are meant, by item and newest first.
fn earlier<'r>(route: &'r Route, is_meant: &dyn Fn(&ItemId) -> bool, version: Option<u64>, back: Option<u64>) -> Vec<&'r Earlier> {
    let mut by_item: BTreeMap<&ItemId, Vec<&Earlier>> = BTreeMap::new();
    // Newest last in the ledger, newest first here.
    for earlier in route.history.iter().rev() {
        let id = &route.items[earlier.item as usize].id;
        if is_meant(id) {
            by_item.entry(id).or_default().push(earlier);
        }
    }
    let mut chosen = Vec::new();
    for versions in by_item.values() {
        let place = back.map(|back| usize::try_from(back - 1).unwrap_or(usize::MAX));
        let meant = versions
            .iter()
            .enumerate()
            .filter(|(at, earlier)| place.is_none_or(|place| place == *at) && version.is_none_or(|version| version == earlier.version));
        chosen.extend(meant.map(|(_, earlier)| *earlier));
    }
    chosen
}

fn restore(home: &Home, name: &str, route: &Route, chosen: &[&Earlier], folder: &Path, mut report: HistoryReport) -> Result<HistoryReport, Failure> {
    let disk = &*home.world.disk;
    let place = |path: &Path| path.display().to_string();
    let tree = home.config.routes[name].into.clone().unwrap_or_default();
    let folder = std::path::absolute(folder).map_err(|error| Failure::io(place(folder), &error))?;
    crate::setup::overlap::outside(home, &folder, "what is restored")?;
    let dot = disk.root(&tree).and_then(|root| disk.dir(&root, DOT_FOLDER, false)).map_err(|error| Failure::io(place(&tree), &error))?;
    let to = disk.make_root(&folder).map_err(|error| Failure::io(place(&folder), &error))?;
    for earlier in chosen {
        let id = &route.items[earlier.item as usize].id;
        match restore_one(disk, &dot, &to, id, earlier) {
            Ok(()) => report.restored += 1,
            Err(NotRestored::There) => report.problems.push(Problem {
                code: "RPL-11",
                subject: id.to_string(),
                detail: format!("{} holds something of this name already; nothing is overwritten", folder.display()),
            }),
            Err(NotRestored::Gone) => report.problems.push(Problem {
                code: "RPL-06",
                subject: id.to_string(),
                detail: format!("version {} was removed on the replica before it was replaced, and is not in the history", earlier.version),
            }),
            Err(NotRestored::Purged) => report.problems.push(Problem {
                code: "RPL-06",
                subject: id.to_string(),
                detail: format!("version {} was purged, on purpose: its content is not here any more, and is not to come back", earlier.version),
            }),
            Err(NotRestored::Damaged) => report.problems.push(Problem {
                code: "IO-01",
                subject: id.to_string(),
                detail: format!("version {} in the history differs from its digest", earlier.version),
            }),
            Err(NotRestored::Io(error)) => {
                report.problems.push(Problem { code: "IO-01", subject: id.to_string(), detail: format!("version {}: {error}", earlier.version) })
            }
        }
    }
    disk.sync_all(&to).map_err(|error| Failure::io(place(&folder), &error))?;
    Ok(report)
}

/// Why a version was not restored.
#[derive(Debug)]
enum NotRestored {
    There,
    Gone,
    Purged,
    Damaged,
    Io(io::Error),
}

impl From<io::Error> for NotRestored {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Name of a file that is being restored: it gets its own when it is whole.
const RESTORING: &[u8] = b".gapferry-restore.part";

fn restore_one(disk: &dyn Disk, dot: &Dir, to: &Dir, id: &ItemId, earlier: &Earlier) -> Result<(), NotRestored> {
    if earlier.purged {
        return Err(NotRestored::Purged);
    }
    let (history, kept) = Tree::history(&earlier.digest);
    let mut from = disk.dir(dot, &history, false).and_then(|dir| disk.open(&dir, &kept)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NotRestored::Gone,
        _ => NotRestored::Io(error),
    })?;
    let (parent, name) = split(&id.0);
    // Where a file was restored of which this has made a folder, or the other way round, one of them is there already.
    let parent = disk.dir(to, parent, true).map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => NotRestored::There,
        _ => NotRestored::Io(error),
    })?;
    if let Ok(there) = disk.stat(&parent, name) {
        if there.kind != Kind::File {
            return Err(NotRestored::There);
        }
        // Restored by an earlier run that was interrupted or by the same command: that is what was asked for.
        let there = crate::stage::digest_at(disk, &parent, name)?;
        return if there == Some(earlier.digest) { Ok(()) } else { Err(NotRestored::There) };
    }
    store::spool::remove_if_there(disk, &parent, RESTORING)?;
    let mut file = disk.create(&parent, RESTORING, if earlier.executable { 0o755 } else { 0o644 })?;
    let (mut hasher, mut buffer, mut at) = (blake3::Hasher::new(), store::aligned::lend(), 0);
    let copied = loop {
        let step = from.read_at(&mut buffer, at).and_then(|read| file.write_all_at(&buffer[..read], at).map(|()| read));
        match step {
            Ok(0) => break Ok(()),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                at += read as u64;
            }
            Err(error) => break Err(NotRestored::Io(error)),
        }
    };
    let whole = copied.and_then(|()| if Digest(*hasher.finalize().as_bytes()) == earlier.digest { Ok(()) } else { Err(NotRestored::Damaged) });
    let finished = whole.and_then(|()| Ok(file.set_modified(earlier.modified)?));
    drop(file);
    match finished {
        Ok(()) => disk.rename((&parent, RESTORING), (&parent, name), store::disk::Rename::New).map_err(NotRestored::Io),
        Err(reason) => {
            disk.remove(&parent, RESTORING)?;
            Err(reason)
        }
    }
}

#[cfg(test)]
#[path = "history_test.rs"]
mod tests;
