//! What changed in an archive between what the ledger knows and what the scan found.
//!
//! Change is seen by size, mtime, ctime, inode and the executable bit. What the scan could not look into proves no deletion
//! (P7), and so does a scan of another folder than before. Content is not looked at here.

use alloc::vec;
use alloc::vec::Vec;
use wire::ItemId;
use wire::planted;
use wire::record::{CapturedRow, FileStat, Place};

use crate::source::{Archive, Item};

/// The documents of an archive that a scan meets as the ledger knows them: of those nothing is kept but that they are there.
pub struct AsKnown<'a> {
    archive: &'a Archive,
    /// By number of the item.
    there: Vec<bool>,
}

impl<'a> AsKnown<'a> {
    /// Before the scan: none was met.
    pub fn of(archive: &'a Archive) -> Self {
        Self { archive, there: vec![false; archive.items.len()] }
    }

    /// Takes a document that was met; false when it is not as the ledger knows it.
    pub fn take(&mut self, id: &ItemId, stat: &FileStat) -> bool {
        let known = self.archive.find(id).filter(|(_, item)| !item.gone && item.stat == *stat);
        known.inspect(|(number, _)| self.there[*number as usize] = true).is_some()
    }

    /// Gives back those of which this holds: they are not as they were.
    pub fn give_back(&mut self, of: &dyn Fn(&ItemId) -> bool) -> Vec<ItemId> {
        let items = self.archive.items.iter().zip(&mut self.there);
        items.filter(|(item, there)| **there && of(&item.id)).map(|(item, there)| (*there = false, item.id.clone()).1).collect()
    }

    /// The items that were met.
    pub fn items(&self) -> impl Iterator<Item = &'a Item> {
        self.archive.items.iter().zip(&self.there).filter(|(_, there)| **there).map(|(item, _)| item)
    }
}

/// What a scan found: documents in order of id, and prefixes below which absence proves nothing.
pub struct Scanned<'a> {
    /// Those that are as the ledger knows them.
    pub as_known: &'a AsKnown<'a>,
    /// Id and attributes of all others, ascending by id.
    pub found: Vec<(ItemId, FileStat)>,
    /// Directories that could not be looked into (relative paths, no trailing slash); an empty one is the root itself.
    pub unproven: &'a [Vec<u8>],
    /// Where the root lies; none where the file system cannot tell.
    pub place: Option<Place>,
}

/// The changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Rows for the ledger.
    pub rows: Vec<CapturedRow>,
    /// Items the ledger meets for the first time among them.
    pub new_items: u64,
    /// New items among them, those that came back included.
    pub added: u64,
    /// Changed items among them.
    pub modified: u64,
    /// Items that are gone among them.
    pub deleted: u64,
    /// Items that look the same but were read within the clock tick of their last change: to be read again.
    pub young: Vec<u32>,
    /// The archive had items and the scan found none at all: no deletion, a stop (SRC-02).
    pub emptied: bool,
    /// Something is missing and the root is another folder than before, on which hardly anything of what was known is found: no
    /// change of this archive, a stop (SRC-10). The number is what is missing.
    pub moved: Option<u64>,
    /// Where the root lies, if that is to be remembered anew.
    pub place: Option<Place>,
}

/// Compares a scan with the archive that it was made for.
pub fn between(scanned: Scanned<'_>) -> Changes {
    let AsKnown { archive, there } = scanned.as_known;
    let mut changes = Changes::default();
    let present = archive.items.iter().filter(|item| !item.gone).count();
    let mut as_before = scanned.as_known.items().count();
    if scanned.found.is_empty() && as_before == 0 && present > 0 && !planted::is("emptied-root-deletes") {
        changes.emptied = true;
        return changes;
    }
    let first_new = u32::try_from(archive.items.len()).expect("items are numbered by u32");
    let id_of = |number: u32| &archive.items[number as usize].id;
    let mut known = archive.order.numbers().peekable();
    for (id, stat) in scanned.found {
        while let Some(number) = known.next_if(|known| *id_of(*known) < id) {
            pass(archive, number, there, scanned.unproven, &mut changes);
        }
        let Some(number) = known.next_if(|known| *id_of(*known) == id) else {
            let next = first_new + u32::try_from(changes.new_items).expect("items are numbered by u32");
            changes.new_items += 1;
            changes.rows.push(CapturedRow { item: next, id: Some(id), version: archive.floor + 1, stat: Some(stat) });
            changes.added += 1;
            continue;
        };
        let item = &archive.items[number as usize];
        as_before += usize::from(!item.gone && item.stat.is_same_content(&stat));
        if item.gone || item.stat != stat {
            changes.added += u64::from(item.gone);
            changes.modified += u64::from(!item.gone);
            changes.rows.push(CapturedRow { item: number, id: None, version: item.version + 1, stat: Some(stat) });
        } else {
            stay(archive, number, &mut changes);
        }
    }
    for number in known {
        pass(archive, number, there, scanned.unproven, &mut changes);
    }
    // A root that seems to be another folder is nevertheless the one it was when at least half of what was there is found as it was, on
    // the same inodes. Many file systems get a new number each time they are mounted; no other disk, and no copy of this one, has the
    // same inodes under the same names.
    let elsewhere = archive.place.zip(scanned.place).is_some_and(|(known, now)| !known.is_same(&now));
    if elsewhere && changes.deleted > 0 && !planted::is("other-root-deletes") && as_before * 2 < present {
        return Changes { moved: Some(changes.deleted), ..Changes::default() };
    }
    changes.place = scanned.place.filter(|now| archive.place != Some(*now));
    changes
}

/// An item that is not among what was found otherwise.
fn pass(archive: &Archive, number: u32, there: &[bool], unproven: &[Vec<u8>], changes: &mut Changes) {
    match there[number as usize] {
        true => stay(archive, number, changes),
        false => vanish(archive, number, unproven, changes),
    }
}

fn stay(archive: &Archive, number: u32, changes: &mut Changes) {
    if archive.items[number as usize].young && !planted::is("young-not-read-again") {
        changes.young.push(number);
    }
}

fn vanish(archive: &Archive, number: u32, unproven: &[Vec<u8>], changes: &mut Changes) {
    let item = &archive.items[number as usize];
    let hidden = |prefix: &Vec<u8>| prefix.is_empty() || item.id.0.strip_prefix(prefix.as_slice()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
    if item.gone || unproven.iter().any(hidden) && !planted::is("unreadable-folder-deletes") {
        return;
    }
    changes.rows.push(CapturedRow { item: number, id: None, version: item.version + 1, stat: None });
    changes.deleted += 1;
}

/// What a scan of these documents gives.
#[cfg(test)]
fn compared(archive: &Archive, mut found: Vec<(ItemId, FileStat)>, unproven: &[Vec<u8>], place: Option<Place>) -> Changes {
    let mut as_known = AsKnown::of(archive);
    found.retain(|(id, stat)| !as_known.take(id, stat));
    between(Scanned { as_known: &as_known, found, unproven, place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use alloc::vec;
    use wire::id::Bytes;
    use wire::record::{ArchiveAdded, Captured, Record};

    fn stat(modified: i64) -> FileStat {
        FileStat { size: 1, modified, changed: modified, inode: 1, executable: false }
    }
    fn found(names: &[(&str, i64)]) -> Vec<(ItemId, FileStat)> {
        let mut found: Vec<_> = names.iter().map(|(name, modified)| (ItemId(name.as_bytes().to_vec()), stat(*modified))).collect();
        found.sort_by(|one, two| one.0.cmp(&two.0));
        found
    }
    fn captured(source: &mut Source, scan: &[(&str, i64)], unproven: &[&str]) -> Changes {
        let unproven: Vec<Vec<u8>> = unproven.iter().map(|prefix| prefix.as_bytes().to_vec()).collect();
        let changes = compared(&source.archives["a"], found(scan), &unproven, None);
        source.fold(0, &Record::from(Captured { archive: "a".into(), root: changes.place, rows: changes.rows.clone() }));
        changes
    }
    fn source() -> Source {
        let mut source = Source::default();
        source.fold(0, &Record::from(ArchiveAdded { archive: "a".into(), root: Bytes(vec![]) }));
        source
    }

    #[test]
    fn each_kind_of_change() {
        let mut source = source();
        let first = captured(&mut source, &[("x", 1), ("d/y", 1), ("d-", 1)], &[]);
        assert_eq!((first.added, first.modified, first.deleted), (3, 0, 0));
        assert_eq!(captured(&mut source, &[("x", 1), ("d/y", 1), ("d-", 1)], &[]), Changes::default());
        let second = captured(&mut source, &[("x", 2), ("z", 1), ("d-", 1)], &[]);
        assert_eq!((second.added, second.modified, second.deleted), (1, 1, 1));
        let back = captured(&mut source, &[("x", 2), ("z", 1), ("d-", 1), ("d/y", 9)], &[]);
        assert_eq!((back.added, back.modified, back.deleted), (1, 0, 0));
        let (_, item) = source.archives["a"].find(&ItemId(b"d/y".to_vec())).unwrap();
        assert_eq!((item.version, item.gone), (3, false), "versions go on after a deletion");
    }

    #[test]
    fn absence_is_no_proof() {
        for (scan, unproven, deleted, emptied) in [
            (&[("x", 1)][..], &["d"][..], 0, false),
            (&[("x", 1)], &["d/"], 1, false),
            (&[("x", 1)], &[""], 0, false),
            (&[("x", 1)], &["e"], 1, false),
            (&[], &[], 0, true),
        ] {
            let mut source = source();
            captured(&mut source, &[("x", 1), ("d/y", 1)], &[]);
            let changes = captured(&mut source, scan, unproven);
            assert_eq!((changes.deleted, changes.emptied), (deleted, emptied), "{scan:?} {unproven:?}");
        }
    }
}

#[cfg(test)]
#[path = "changes_test.rs"]
mod scan_tests;
