//! Switches staged rows in, under the apply record: removals first, then what is written, each item by one rename, so that it
//! is wholly old or wholly new at every moment. May be repeated after an interruption until it has reached its end.
//!
//! What is replaced goes to the history; what somebody changed by hand is kept aside and reported, never overwritten.

use engine::replica::{Item, Route};
use rayon::prelude::*;
use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use store::disk::{Dir, Disk, Kind, Rename};
use wire::id::Bytes;
use wire::manifest::Mark;
use wire::receipt::Outcome;
use wire::record::{AppliedRow, StagedRow, Step};
use wire::{Digest, ItemId, PackageId, planted};

use crate::stage::digest_at;
use crate::tree::{Tree, escaped, exists_exactly, is_name_refused, split};
use crate::world::World;

/// Switches the rows of one package.
pub struct Switch<'a> {
    /// The outer world.
    pub world: &'a World,
    /// The replica tree.
    pub tree: &'a Tree,
    /// What the route knew before.
    pub route: &'a Route,
    /// The package.
    pub package: PackageId,
    /// Its rows.
    pub rows: &'a [StagedRow],
    /// The staging folder.
    pub stage: Dir,
    /// Whether an earlier run may have switched some rows.
    pub again: bool,
    /// Whether this ledger went back once: what lies there may be what packages brought that it has forgotten.
    pub went_back: bool,
    /// Items that lie under an escaped name, by that name.
    pub escaped: HashMap<&'a ItemId, u32>,
    /// Where something was moved out of the way of a directory; held meanwhile.
    pub clearing: Mutex<Vec<Vec<u8>>>,
    /// Rows that the file system refused, and what it said.
    pub refused: Mutex<Vec<(u32, io::Error)>>,
}

/// What kept a switch from its end, and at which item.
pub type Stuck = (ItemId, io::Error);

/// Items of a route that lie under an escaped name, by that name.
pub fn escaped_items(route: &Route) -> HashMap<&ItemId, u32> {
    (0u32..).zip(&route.items).filter_map(|(number, item)| Some((item.disk.as_ref()?, number))).collect()
}

/// What became of one row, where it differs from the plan.
type Differs = Option<AppliedRow>;

impl Switch<'_> {
    /// Switches all rows; gives those that went otherwise than planned. One that the file system refuses fails alone: another owner's file, a
    /// folder that cannot be written, another file system below it.
    pub fn run(&self) -> Result<Vec<AppliedRow>, Stuck> {
        let numbered: Vec<(u32, &StagedRow)> = (0u32..).zip(self.rows).collect();
        let of = |wanted: fn(&Step) -> bool| numbered.iter().copied().filter(move |(_, row)| wanted(&row.step)).collect::<Vec<_>>();
        let mut differs = Vec::new();
        let removals = of(|step| matches!(step, Step::Remove | Step::Drop));
        let remove =
            |this: &Self, parents: &mut Handles, place: u32, row: &StagedRow| this.remove(parents, place, row).or_else(|error| this.refused(place, error));
        differs.extend(self.each(&removals, remove)?);
        let left = |row: &StagedRow| self.held(row).map(Item::path).or_else(|| row.mark.erases().then(|| self.id_of(row))).cloned();
        let mut parents: Vec<Vec<u8>> = removals.iter().filter_map(|(_, row)| left(row)).map(|path| split(&path.0).0.to_vec()).collect();
        parents.sort_unstable();
        parents.dedup();
        parents.iter().rev().for_each(|path| self.remove_empty(path));
        differs.extend(self.each(&of(|step| matches!(step, Step::Write)), |this, parents, place, row| this.write(parents, place, row))?);
        differs.extend(self.each(&of(|step| matches!(step, Step::Attributes)), |this, _, place, row| this.attributes(place, row))?);
        differs.extend(self.each(&of(|step| matches!(step, Step::Adopt)), |this, _, place, row| this.adopt(place, row))?);
        for (place, row) in of(|step| matches!(step, Step::Hold)) {
            self.hold(place, row).map_err(|error| (self.id_of(row).clone(), error))?;
        }
        differs.sort_by_key(|row| row.row);
        Ok(differs)
    }

    /// Runs `one` over rows on all cores, rows of one directory on one thread.
    fn each(
        &self,
        rows: &[(u32, &StagedRow)],
        one: impl Fn(&Self, &mut Handles, u32, &StagedRow) -> io::Result<Differs> + Sync,
    ) -> Result<Vec<AppliedRow>, Stuck> {
        let same = |one: &(u32, &StagedRow), two: &(u32, &StagedRow)| split(&self.id_of(one.1).0).0 == split(&self.id_of(two.1).0).0;
        let groups: Vec<&[(u32, &StagedRow)]> = rows.chunk_by(same).collect();
        let done: Vec<Vec<AppliedRow>> = groups
            .par_iter()
            .map(|group| {
                let mut handles = Handles::default();
                let mut differs = Vec::new();
                for (place, row) in *group {
                    differs.extend(one(self, &mut handles, *place, row).map_err(|error| (self.id_of(row).clone(), error))?);
                    self.world.progress.advance(1, 0);
                }
                Ok(differs)
            })
            .collect::<Result<_, _>>()?;
        Ok(done.concat())
    }

    fn id_of<'r>(&'r self, row: &'r StagedRow) -> &'r ItemId {
        row.id.as_ref().unwrap_or_else(|| &self.route.items[row.item as usize].id)
    }

    /// The item that the route held before, if it held it.
    fn held(&self, row: &StagedRow) -> Option<&Item> {
        self.route.items.get(row.item as usize).filter(|item| item.held())
    }

    fn disk(&self) -> &dyn Disk {
        &*self.world.disk
    }

    /// The outcome of a row of which nothing was changed, where the file system refuses that; another error ends the switch.
    fn refused(&self, place: u32, error: io::Error) -> io::Result<Differs> {
        if !is_refused(&error) {
            return Err(error);
        }
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).push((place, error));
        Ok(Some(failed(place)))
    }

    fn remove(&self, handles: &mut Handles, place: u32, row: &StagedRow) -> io::Result<Differs> {
        let known = self.held(row);
        // A ledger that went back, or somebody's hand: a document lies where none is known. It is set aside like any other that the
        // ledger does not know as it is; else its deletion would never be proven.
        let path = self.route.items.get(row.item as usize).map_or_else(|| self.id_of(row), Item::path).clone();
        if known.is_none() && (self.tree.is_ours(self.disk(), &path.0) || self.belongs_to_another(row, &path)) {
            return Ok(None);
        }
        let (parent, name) = split(&path.0);
        let gone = || self.kept_before(place).map(|kept| kept.and_then(|kept| applied(place, None, Some(kept))));
        let dir = match handles.dir(self.disk(), &self.tree.root, parent, false) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return gone(),
            Err(error) if is_not_dir(&error) => return gone(),
            Err(error) => return Err(error),
        };
        match self.disk().stat(&dir, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return gone(),
            Err(error) => return Err(error),
            // A folder has taken the document's place: that is gone. What lies in it may be other items', which a ledger that was put back does
            // not know yet.
            Ok(stat) if stat.kind == Kind::Dir => return gone(),
            Ok(_) => {}
        }
        if let Some(item) = known.filter(|item| self.digest_at(&dir, name) == Some(item.digest) || planted::is("edit-removed")) {
            self.to_history(&dir, name, item)?;
            return Ok(None);
        }
        // Of what is withdrawn nothing stays, and what packages brought that the ledger has forgotten looks like a local change.
        let forgotten = self.went_back && known.is_none_or(|item| !item.is_confirmed()) && !planted::is("forgotten-withdrawn-kept");
        if row.mark == Mark::Withdraw && forgotten && self.disk().stat(&dir, name)?.kind == Kind::File {
            return self.disk().remove(&dir, name).map(|()| None);
        }
        let kept = self.keep_aside(&dir, name, place)?;
        Ok(Some(AppliedRow { row: place, outcome: Outcome::KeptAside.number(), disk: None, kept: Some(kept) }))
    }

    fn to_history(&self, dir: &Dir, name: &[u8], item: &Item) -> io::Result<()> {
        // Of what was found damaged the ledger keeps no earlier version, though it can be read by now: nobody would ever take it away.
        if item.damaged != 0 && !planted::is("damaged-kept-unlisted") || planted::is("history-not-kept") {
            return self.disk().remove(dir, name);
        }
        let (folder, kept) = Tree::history(&item.digest);
        let history = self.tree.dot_dir(self.disk(), &folder, true)?;
        match self.disk().rename((dir, name), (&history, &kept), Rename::New) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.disk().remove(dir, name),
            other => other,
        }
    }

    /// After an interruption: where the earlier run kept a local change of this row.
    fn kept_before(&self, place: u32) -> io::Result<Option<Bytes>> {
        if !self.again || planted::is("kept-aside-forgotten") {
            return Ok(None);
        }
        let (folder, kept) = (self.tree.dot_dir(self.disk(), b"kept", true)?, Tree::kept(&self.package, place));
        Ok(self.disk().stat(&folder, &kept).is_ok().then(|| Bytes([b"kept/", kept.as_slice()].concat())))
    }

    fn keep_aside(&self, dir: &Dir, name: &[u8], place: u32) -> io::Result<Bytes> {
        let folder = self.tree.dot_dir(self.disk(), b"kept", true)?;
        let first = Tree::kept(&self.package, place);
        let mut kept = first.clone();
        for more in 1.. {
            match self.disk().rename((dir, name), (&folder, &kept), Rename::New) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => kept = [first.as_slice(), format!("-{more}").as_bytes()].concat(),
                other => {
                    other?;
                    break;
                }
            }
        }
        Ok(Bytes([b"kept/", kept.as_slice()].concat()))
    }

    /// Items that lie below a path or come to lie there, by number.
    fn items_below(&self, path: &ItemId) -> impl Iterator<Item = u32> {
        let below = |end: u8| ItemId([path.0.as_slice(), &[end]].concat());
        let there = |number: &u32| self.route.items[*number as usize].held() || self.route.items[*number as usize].version == 0;
        self.route.order.between(&self.route.items, &below(b'/'), below(b'/' + 1)).filter(there)
    }

    /// Digest of what lies there; none for what is no file or cannot be read: it is moved away all the same.
    fn digest_at(&self, dir: &Dir, name: &[u8]) -> Option<Digest> {
        digest_at(self.disk(), dir, name).unwrap_or_default()
    }

    /// Removes directories that deletions left empty, upward.
    fn remove_empty(&self, path: &[u8]) {
        let mut path = path;
        while !path.is_empty() {
            let (parent, name) = split(path);
            let removed = self.disk().dir(&self.tree.root, parent, false).and_then(|dir| self.disk().remove_dir(&dir, name));
            // One that is gone already may have left those above it empty.
            if removed.is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
                return;
            }
            path = parent;
        }
    }

    fn write(&self, handles: &mut Handles, place: u32, row: &StagedRow) -> io::Result<Differs> {
        let (folder, staged) = Tree::staged(place);
        let stage = match handles.stage(self.disk(), &self.stage, &folder) {
            // A ledger that went back: the package came to its end after the copy was made, and its stage is cleared away.
            Err(error) if self.again && error.kind() == io::ErrorKind::NotFound => {
                return Ok(applied(place, self.where_it_lies(row), self.kept_before(place)?));
            }
            other => other?,
        };
        if self.again {
            if !planted::is("exchange-not-ended") {
                self.end_exchange(&stage, &staged, place)?;
            }
            let staged_now = digest_at(self.disk(), &stage, &staged);
            if staged_now.is_err() && self.place_of(row).is_none() {
                // What was staged cannot be read any more, and nothing shows that the earlier run had swapped it in.
                return Ok(Some(failed(place)));
            }
            if !matches!(staged_now, Ok(Some(digest)) if digest == row.digest) {
                // The earlier run had swapped it in; what lies here now, if anything, is what was there before.
                let kept = self.put_away(&stage, &staged, place, row)?.or(self.kept_before(place)?);
                return Ok(applied(place, self.where_it_lies(row), kept));
            }
        }
        let id = self.id_of(row).clone();
        let first = self.held(row).map_or(id.clone(), |item| item.path().clone());
        let ours = self.tree.is_ours(self.disk(), &first.0);
        let candidates = [(!ours).then_some(first), Some(escaped(&id, false)), Some(escaped(&id, true))];
        for path in candidates.into_iter().flatten() {
            match self.put(handles, &stage, &staged, place, row, &path) {
                Ok(Put::There { kept, over }) => {
                    let kept = if over { kept.or(self.put_away(&stage, &staged, place, row)?) } else { kept };
                    return Ok(applied(place, (path != id).then_some(path), kept));
                }
                Ok(Put::Taken) => {}
                Err(error) if is_name_refused(&error) => {}
                Err(error) => return self.refused(place, error),
            }
        }
        Ok(Some(AppliedRow { row: place, outcome: Outcome::NameRefused.number(), disk: None, kept: None }))
    }

    /// Renames a staged file to a path; what lay there is staged then. An error has changed nothing there.
    fn put(&self, handles: &mut Handles, stage: &Dir, staged: &[u8], place: u32, row: &StagedRow, path: &ItemId) -> io::Result<Put> {
        // An escaped name that is the own name of another row of this package stays free for that.
        if self.id_of(row) != path && self.rows.iter().any(|other| other.step == Step::Write && self.id_of(other) == path) {
            return Ok(Put::Taken);
        }
        let (parent, name) = split(&path.0);
        let mut kept = None;
        let dir = match handles.dir(self.disk(), &self.tree.root, parent, true) {
            Err(error) if is_not_dir(&error) || error.kind() == io::ErrorKind::AlreadyExists => {
                kept = self.clear_way(parent, place)?;
                handles.dir(self.disk(), &self.tree.root, parent, true)?
            }
            other => other?,
        };
        if self.held(row).is_none_or(|item| item.path() != path) {
            match self.disk().rename((stage, staged), (&dir, name), Rename::New) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => return other.map(|()| Put::There { kept, over: false }),
            }
            if (!exists_exactly(self.disk(), &dir, name)? || self.belongs_to_another(row, path)) && !planted::is("clash-overwritten") {
                return Ok(Put::Taken);
            }
        }
        let removed = |number: u32| self.rows.iter().any(|other| other.item == number && other.step == Step::Remove);
        if self.disk().stat(&dir, name).is_ok_and(|stat| stat.kind == Kind::Dir) && self.items_below(path).any(|number| !removed(number)) {
            // The deletions of what lies in this folder come with another package.
            return Ok(Put::Taken);
        }
        self.remove_hollow(&dir, name);
        self.exchange(stage, staged, &dir, name)?;
        Ok(Put::There { kept, over: true })
    }

    /// Removes a folder that holds nothing but folders: what a failure left of removals is nobody's local change.
    fn remove_hollow(&self, dir: &Dir, name: &[u8]) {
        let Ok(folder) = self.disk().dir(dir, name, false) else { return };
        for entry in self.disk().list(&folder).unwrap_or_default().into_iter().filter(|entry| entry.kind == Kind::Dir) {
            self.remove_hollow(&folder, &entry.name);
        }
        // It stays where something lies in it, and is kept aside then.
        let _stays = self.disk().remove_dir(dir, name);
    }

    /// Whether another item lies at this path.
    fn belongs_to_another(&self, row: &StagedRow, path: &ItemId) -> bool {
        let lies_here = |number: u32| number != row.item && self.route.items[number as usize].held() && self.route.items[number as usize].path() == path;
        [self.route.order.find(&self.route.items, path), self.escaped.get(path).copied()].into_iter().flatten().any(lies_here)
    }

    /// Brings to its end what an interruption left of an exchange without that step: `.old` is a copy of what is still there, or
    /// what was there.
    fn end_exchange(&self, stage: &Dir, staged: &[u8], place: u32) -> io::Result<()> {
        let old = [staged, b".old"].concat();
        let Ok(found) = self.disk().stat(stage, &old) else { return Ok(()) };
        if self.disk().stat(stage, staged).is_err() {
            return self.disk().rename((stage, &old), (stage, staged), Rename::New);
        }
        if found.kind == Kind::File { self.disk().remove(stage, &old) } else { self.keep_aside(stage, &old, place).map(drop) }
    }

    /// Swaps the staged file with what lies at its place, in one step; on file systems without that step the old content is
    /// copied first and then replaced in one step.
    fn exchange(&self, stage: &Dir, staged: &[u8], dir: &Dir, name: &[u8]) -> io::Result<()> {
        match self.disk().rename((stage, staged), (dir, name), Rename::Exchange) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.disk().rename((stage, staged), (dir, name), Rename::New),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                let copy = [staged, b".old"].concat();
                if self.disk().stat(dir, name)?.kind == Kind::File {
                    let (mut from, mut to) = (self.disk().open(dir, name)?, self.disk().create(stage, &copy, 0o644)?);
                    let (mut buffer, mut at) = (store::aligned::lend(), 0);
                    loop {
                        let read = from.read_at(&mut buffer, at)?;
                        if read == 0 {
                            break;
                        }
                        to.write_all_at(&buffer[..read], at)?;
                        at += read as u64;
                    }
                    to.sync()?;
                } else {
                    self.disk().rename((dir, name), (stage, &copy), Rename::New)?;
                }
                self.disk().rename((stage, staged), (dir, name), Rename::Replace)?;
                self.disk().rename((stage, &copy), (stage, staged), Rename::Replace)
            }
            other => other,
        }
    }

    /// What was at an item's place goes to the history if it is what the ledger says, else aside.
    fn put_away(&self, stage: &Dir, staged: &[u8], place: u32, row: &StagedRow) -> io::Result<Option<Bytes>> {
        if self.disk().stat(stage, staged).is_err() {
            return Ok(None);
        }
        let found = self.digest_at(stage, staged);
        let expected = self.held(row).filter(|item| Some(item.digest) == found && item.digest != row.digest);
        match (found, expected) {
            (_, Some(item)) => self.to_history(stage, staged, item).map(|()| None),
            (Some(found), _) if found == row.digest || planted::is("edit-overwritten") => self.disk().remove(stage, staged).map(|()| None),
            _ => self.keep_aside(stage, staged, place).map(Some),
        }
    }

    /// Something that is no directory stands where a directory must be: it is not an item of ours any more, so it goes aside.
    /// One at a time: the directory that another thread has just made there must stay.
    fn clear_way(&self, parent: &[u8], place: u32) -> io::Result<Option<Bytes>> {
        let mut cleared = self.clearing.lock().unwrap_or_else(PoisonError::into_inner);
        for end in parent.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([parent.len()]) {
            let (above, name) = split(&parent[..end]);
            let dir = match self.disk().dir(&self.tree.root, above, false) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                other => other?,
            };
            if self.disk().stat(&dir, name).is_ok_and(|stat| stat.kind != Kind::Dir) {
                let kept = self.keep_aside(&dir, name, place)?;
                cleared.push(parent[..end].to_vec());
                return Ok(Some(kept));
            }
        }
        Ok(None)
    }

    /// After an interruption: under which name a switched row lies, if not under its own; reading back finds what lies nowhere.
    fn where_it_lies(&self, row: &StagedRow) -> Option<ItemId> {
        self.place_of(row).filter(|path| path != self.id_of(row))
    }

    /// Under which of its names the content of a row lies in the tree, if it does.
    fn place_of(&self, row: &StagedRow) -> Option<ItemId> {
        let id = self.id_of(row);
        let first = self.held(row).map_or(id, |item| item.path());
        let lies_there = |path: &ItemId| {
            let (parent, name) = split(&path.0);
            let dir = self.disk().dir(&self.tree.root, parent, false);
            dir.is_ok_and(|dir| self.digest_at(&dir, name) == Some(row.digest))
        };
        [first.clone(), escaped(id, false), escaped(id, true)].into_iter().find(lies_there)
    }

    fn attributes(&self, place: u32, row: &StagedRow) -> io::Result<Differs> {
        let Some(item) = self.held(row) else { return Ok(None) };
        self.set_attributes(place, row, item.path(), item.disk.as_ref())
    }

    /// Takes up what lies at an item's place already, under whichever name it lies.
    fn adopt(&self, place: u32, row: &StagedRow) -> io::Result<Differs> {
        let escaped = match self.held(row) {
            Some(item) => item.disk.clone(),
            None => self.where_it_lies(row),
        };
        let path = escaped.as_ref().unwrap_or_else(|| self.id_of(row));
        self.set_attributes(place, row, path, escaped.as_ref())
    }

    fn set_attributes(&self, place: u32, row: &StagedRow, path: &ItemId, escaped: Option<&ItemId>) -> io::Result<Differs> {
        let (parent, name) = split(&path.0);
        let set = || {
            let dir = self.disk().dir(&self.tree.root, parent, false)?;
            let mut file = self.disk().open_write(&dir, name).or_else(|_| self.disk().open(&dir, name))?;
            let stat = file.stat()?;
            // Only the owner may set them: what is right already is left alone.
            if stat.executable() != row.executable {
                file.set_mode(if row.executable { stat.mode | 0o111 } else { stat.mode & !0o111 })?;
            }
            if stat.modified == row.modified { Ok(()) } else { file.set_modified(row.modified) }
        };
        match set() {
            Ok(()) => Ok(escaped.cloned().and_then(|path| applied(place, Some(path), None))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(failed(place))),
            Err(error) => self.refused(place, error),
        }
    }

    fn hold(&self, place: u32, row: &StagedRow) -> io::Result<()> {
        let Some(part) = row.part else { return Ok(()) };
        let (folder, staged) = Tree::staged(place);
        let stage = match self.disk().dir(&self.stage, &folder, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.again => return Ok(()),
            other => other?,
        };
        let (folder, name) = Tree::part(&row.digest, part.offset);
        let parts = self.tree.dot_dir(self.disk(), &folder, true)?;
        match self.disk().rename((&stage, &staged), (&parts, &name), Rename::Replace) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.again => Ok(()),
            other => other,
        }
    }
}

/// What came of putting a file somewhere.
enum Put {
    /// It lies there, and maybe `over` something that is to be put away.
    There { kept: Option<Bytes>, over: bool },
    /// The place belongs to something else.
    Taken,
}

/// The row's difference from the plan: an escaped name, a local change that was kept aside, or none.
fn applied(row: u32, disk: Option<ItemId>, kept: Option<Bytes>) -> Differs {
    let outcome = match (&disk, &kept) {
        (None, None) => return None,
        (_, Some(_)) => Outcome::KeptAside,
        (Some(_), None) => Outcome::Escaped,
    };
    Some(AppliedRow { row, outcome: outcome.number(), disk: disk.map(|path| Bytes(path.0)), kept })
}

/// A row that failed; the old version stands.
fn failed(row: u32) -> AppliedRow {
    AppliedRow { row, outcome: Outcome::Refused.number(), disk: None, kept: None }
}

/// Whether an error is what a file system says of one file or folder, now and whenever it is asked again: it is another owner's, may not be
/// written, or lies on another file system.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::CrossesDevices)
}

/// Whether something else stands where a directory is expected.
pub fn is_not_dir(error: &io::Error) -> bool {
    // Something else stands where a directory is expected: a file, or a link (ELOOP 40).
    error.kind() == io::ErrorKind::NotADirectory || error.raw_os_error() == Some(40)
}

/// The directories that rows of one group use again and again.
#[derive(Default)]
struct Handles {
    parent: Option<(Vec<u8>, Dir)>,
    stage: Option<(Vec<u8>, Dir)>,
}

impl Handles {
    fn dir(&mut self, disk: &dyn Disk, root: &Dir, path: &[u8], make: bool) -> io::Result<Dir> {
        cached(&mut self.parent, path, || disk.dir(root, path, make))
    }
    fn stage(&mut self, disk: &dyn Disk, stage: &Dir, folder: &[u8]) -> io::Result<Dir> {
        cached(&mut self.stage, folder, || disk.dir(stage, folder, false))
    }
}

fn cached(place: &mut Option<(Vec<u8>, Dir)>, path: &[u8], open: impl FnOnce() -> io::Result<Dir>) -> io::Result<Dir> {
    if let Some((known, dir)) = place
        && known == path
    {
        return Ok(dir.clone());
    }
    let dir = open()?;
    *place = Some((path.to_vec(), dir.clone()));
    Ok(dir)
}
