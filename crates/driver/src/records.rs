//! Archives of records: which files are records, which documents belong to which, and what the records say of themselves.
//!
//! An item of such an archive is a record file with its documents. The ledger accounts for each file; what makes them one item is
//! that they share a version, travel in one package and are switched in together. A file whose name is `record.json` has the other
//! files of its folder, and below it, as its documents; any other record file `NAME.json` has those beside it whose name goes on
//! behind `NAME` with `.`, `-` or `_`, and those in a folder `NAME` (spec/records.md).

use capture::read::{Parents, ReadFailure};
use engine::source::{Archive, Item};
use rayon::prelude::*;
use rights::tree::{Branches, Tree};
use std::collections::{HashMap, HashSet};
use store::disk::Dir;
use wire::record::{Captured, CapturedRow, Described, DescribedRow};
use wire::{ItemId, planted};

pub mod waiting;

use crate::acts::{Matcher, patterns};
use crate::certificate::unsigned;
use crate::config::{ArchiveConfig, Layout};
use crate::home::Home;
use crate::projecting::digest_of;
use crate::reader::is_rot;
use crate::report::{Failure, Problem};
use crate::rereading::ROWS_MAX;

/// Name of the record file that stands for its folder.
const FOLDER_RECORD: &[u8] = b"record.json";
/// Bytes of a fault that the ledger keeps.
const FAULT_BYTES_MAX: usize = 120;
/// A record whose content differs while its attributes are those of the last reading.
const ROTTEN: &str = "SRC-06";
/// A document whose record is at fault.
const OF_FAULTY: &str = "SRC-11";
/// A file that belongs to no record.
const NO_RECORD: &str = "SRC-12";
/// A record that says the same of itself as another one.
const DUPLICATE: &str = "duplicate rid";

/// The number of a record and that of an item that belongs to it.
type Member = (u32, u32);
/// The number of no record.
const NONE: u32 = u32::MAX;

/// Which file of an archive belongs to which record.
pub struct Grouping {
    /// By item: the number of its record; its own for a record, [`NONE`] where it belongs to no record.
    record_of: Vec<u32>,
    /// Documents, each behind its record, ascending.
    documents: Vec<Member>,
}

/// Recognises record files.
pub struct Recognising(Matcher);

impl Recognising {
    /// As the archive is configured; none where its files are items of their own.
    ///
    /// # Errors
    /// `USE-01` for a pattern that is not well formed.
    pub fn of(config: &ArchiveConfig) -> Result<Option<Self>, Failure> {
        let pattern = config.records.clone().unwrap_or_else(|| "**/record.json".into());
        (config.layout == Layout::Records).then(|| patterns(&[pattern]).map(Self)).transpose()
    }

    /// Whether a file of this name is a record.
    pub fn is_record(&self, id: &ItemId) -> bool {
        self.0.is_match(id)
    }
}

impl Grouping {
    /// Of all items of an archive, those that are gone included: a record that is gone owns what no record owns that is there.
    pub fn of(archive: &Archive, recognising: &Recognising) -> Self {
        Self::where_there(archive, recognising, &|number| !archive.items[number as usize].gone)
    }

    /// The same, were these items there.
    fn where_there(archive: &Archive, recognising: &Recognising, is_there: &dyn Fn(u32) -> bool) -> Self {
        // Of records in folders of their own the archive itself tells which one lies where: there may be a million of them.
        let mut stems: HashMap<&[u8], u32> = HashMap::new();
        let mut record_of = vec![NONE; archive.items.len()];
        for (item, number) in archive.items.iter().zip(0u32..).filter(|(item, _)| recognising.is_record(&item.id)) {
            record_of[number as usize] = number;
            if split(&item.id.0).1 == FOLDER_RECORD {
                continue;
            }
            // Of two records of one name the one that is there.
            let known = stems.entry(stem(&item.id.0)).or_insert(number);
            if !is_there(*known) {
                *known = number;
            }
        }
        let of_folder = |folder: &[u8]| {
            let slash: &[u8] = if folder.is_empty() { b"" } else { b"/" };
            let (number, _) = archive.find(&ItemId([folder, slash, FOLDER_RECORD].concat()))?;
            Some(record_of[number as usize]).filter(|record| *record != NONE)
        };
        let others = (0u32..).zip(&record_of).filter(|(_, record)| **record == NONE).map(|(number, _)| number);
        let owner = |number: u32| {
            let of = |may_own: &dyn Fn(u32) -> bool| owner(&archive.items[number as usize].id.0, &of_folder, &stems, may_own);
            of(is_there).or_else(|| of(&|_| true))
        };
        let mut documents: Vec<Member> = others.filter_map(|number| Some((owner(number)?, number))).collect();
        documents.iter().for_each(|(record, number)| record_of[*number as usize] = *record);
        documents.sort_unstable();
        Self { record_of, documents }
    }

    /// The documents of a record.
    pub fn members(&self, record: u32) -> impl Iterator<Item = u32> + Clone + '_ {
        let first = self.documents.partition_point(|(of, _)| *of < record);
        self.documents[first..].iter().take_while(move |(of, _)| *of == record).map(|(_, number)| *number)
    }

    /// The record to which an item belongs; itself for a record.
    pub fn record_of(&self, number: u32) -> Option<u32> {
        self.record_of.get(number as usize).copied().filter(|record| *record != NONE)
    }

    /// Every item that belongs to a record, behind the record to which it belongs, ascending.
    fn members_of_all(&self) -> Vec<Member> {
        let mut members: Vec<Member> = self.record_of.iter().copied().zip(0u32..).filter(|(record, _)| *record != NONE).collect();
        members.sort_unstable();
        members
    }
}

/// Whether a file is there that belongs to no record, or to one that is gone.
pub fn is_orphan(item: &Item) -> bool {
    !item.gone && item.fault() == Some(NO_RECORD)
}

/// Whether nobody knows which transaction made a record that is there: it could not be read when it was captured, or what the replica may
/// hold of it became no JSON. What was none from the beginning keeps nothing else back.
fn is_of_unknown(item: &Item, may_be_there: bool) -> bool {
    let unread = match item.fault() {
        Some("SRC-04" | "SRC-05") => true,
        Some(fault) => may_be_there && rights::fault::OF_JSON.iter().any(|clause| fault.starts_with(clause.code)),
        None => false,
    };
    unread && !item.gone && item.transaction().is_none()
}

/// How the ledger knows a `rid`.
pub fn rid_number(rid: &str) -> u64 {
    u64::from_le_bytes(blake3::hash(rid.as_bytes()).as_bytes()[..8].try_into().expect("8 of 32 bytes"))
}

/// The folder of a path.
pub fn folder(path: &[u8]) -> &[u8] {
    split(path).0
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    path.iter().rposition(|byte| *byte == b'/').map_or((b"".as_slice(), path), |at| (&path[..at], &path[at + 1..]))
}

/// The path without the last extension.
fn stem(path: &[u8]) -> &[u8] {
    let name_at = path.len() - split(path).1.len();
    path[name_at..].iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0).map_or(path, |at| &path[..name_at + at])
}

/// The nearest record: a longer name beside it or a folder of its name before the record of its folder, the inner before the outer.
fn owner(path: &[u8], of_folder: &dyn Fn(&[u8]) -> Option<u32>, stems: &HashMap<&[u8], u32>, may_own: &dyn Fn(u32) -> bool) -> Option<u32> {
    let of_stem = |stem: &[u8]| stems.get(stem).copied().filter(|number| may_own(*number));
    let name_at = path.len() - split(path).1.len();
    let mut ends = (name_at + 1..path.len()).rev().filter(|at| matches!(path[*at], b'.' | b'-' | b'_'));
    if let Some(number) = ends.find_map(|at| of_stem(&path[..at])) {
        return Some(number);
    }
    let mut folder = split(path).0;
    loop {
        let beside = of_stem(folder).filter(|_| !folder.is_empty());
        if let Some(number) = beside.or_else(|| of_folder(folder).filter(|number| may_own(*number))) {
            return Some(number);
        }
        if folder.is_empty() {
            return None;
        }
        folder = split(folder).0;
    }
}

/// Items that a capture found and that were not there before it.
pub struct Appeared {
    /// From this number on none was known.
    pub new_from: u32,
    /// Those that were gone until then, ascending.
    pub again: Vec<u32>,
}

impl Appeared {
    fn has(&self, number: u32) -> bool {
        number >= self.new_from || self.again.binary_search(&number).is_ok()
    }
}

/// What came to another record with a capture, though it lies where it lay.
#[derive(Default)]
struct Moved {
    /// These files.
    files: HashSet<u32>,
    /// The records that had them.
    left: HashSet<u32>,
}

impl Moved {
    fn of(archive: &Archive, recognising: &Recognising, grouping: &Grouping, appeared: &Appeared) -> Self {
        let numbered = || archive.items.iter().zip(0u32..);
        let comes_or_goes = |(item, number): (&Item, u32)| !item.described && (item.gone || appeared.has(number)) && recognising.is_record(&item.id);
        let mut moved = Self::default();
        if appeared.new_from == 0 || !numbered().any(comes_or_goes) {
            return moved;
        }
        let was_there = |number: u32| {
            let item = &archive.items[number as usize];
            !appeared.has(number) && (!item.gone || !item.described)
        };
        let before = Grouping::where_there(archive, recognising, &was_there);
        for (_, number) in numbered().filter(|(item, number)| !item.gone && before.record_of(*number) != grouping.record_of(*number)) {
            if was_there(number) {
                moved.files.insert(number);
                moved.left.extend(before.record_of(number));
            }
        }
        moved
    }
}

/// After a capture: the files of each item that changed come to share its version, and its record is read. Gives what is wrong with
/// records that are there now.
pub fn describe(home: &mut Home, name: &str, root: &Dir, appeared: &Appeared) -> Result<Vec<Problem>, Failure> {
    let Some(recognising) = Recognising::of(&home.config.archives[name])? else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    let archive = &home.source().archives[name];
    let again =
        |item: &Item| item.fault().is_some_and(|fault| fault == DUPLICATE || fault == "SRC-04" || fault == "SRC-05" || fault == ROTTEN || fault == NO_RECORD);
    let open = |item: &Item| !item.described || !item.gone && again(item);
    if archive.items.iter().any(open) {
        let grouping = Grouping::of(archive, &recognising);
        let members = grouping.members_of_all();
        let moved = Moved::of(archive, &recognising, &grouping, appeared);
        let is_open = |(record, member): &Member| open(&archive.items[*member as usize]) || moved.files.contains(member) || moved.left.contains(record);
        let groups = members.chunk_by(|one, two| one.0 == two.0).filter(|members| members.iter().any(is_open));
        let mut groups: Vec<&[Member]> = groups.collect();
        let orphans: Vec<u32> =
            (0u32..).zip(&archive.items).filter(|(number, item)| open(item) && grouping.record_of(*number).is_none()).map(|(number, _)| number).collect();
        let shown = unsigned::are_shown(home, name);
        let levelled = level(archive, &groups, &moved);
        for rows in levelled.chunks(ROWS_MAX) {
            home.record(Captured { archive: name.into(), root: None, rows: rows.to_vec() })?;
        }
        let archive = &home.source().archives[name];
        // In order of number: which record was captured first, then the first by name.
        groups.sort_by_key(|members| members[0].0);
        let (mut taken, mut lacking) = (rids_of_others(archive, &groups), Vec::new());
        // Some of them at a time: what was read of them is in the ledger before the next are read.
        for some in groups.chunks(ROWS_MAX) {
            let (rows, without_proof) = read(home, name, root, some, &mut taken, shown);
            lacking.extend(without_proof);
            let mut rows = rows.into_iter();
            while rows.len() > 0 {
                home.record(Described { archive: name.into(), rows: rows.by_ref().take(ROWS_MAX).collect() })?;
            }
        }
        for some in orphans.chunks(ROWS_MAX) {
            let archive = &home.source().archives[name];
            let row = |number: &u32| {
                let item = &archive.items[*number as usize];
                let fault = if item.gone { "" } else { NO_RECORD };
                DescribedRow { item: *number, version: item.version, rid: 0, transaction: None, fault: fault.into() }
            };
            let rows = some.iter().map(row).collect();
            home.record(Described { archive: name.into(), rows })?;
        }
        if let Some(first) = lacking.first() {
            let first = &home.source().archives[name].items[*first as usize].id;
            let detail = format!("{} certificates that changed are not signed, or signed as something else; the first is {first}", lacking.len());
            problems.push(unsigned::problem(name.into(), detail));
        }
    }
    problems.extend(at_fault_in(&home.source().archives[name]));
    Ok(problems)
}

/// What is wrong with records of all archives as they were captured last, and files that belong to none.
pub fn at_fault(home: &Home) -> impl Iterator<Item = Problem> {
    let archives = home.source().archives.iter().filter(|(name, _)| home.config.archives.contains_key(*name));
    // What rots is told with everything else that does.
    archives.flat_map(|(_, archive)| at_fault_in(archive)).filter(|problem| problem.code != ROTTEN)
}

fn at_fault_in(archive: &Archive) -> impl Iterator<Item = Problem> {
    let items = archive.items.iter().filter(|item| !item.gone);
    items.filter_map(|item| Some(problem(item, item.fault().filter(|fault| *fault != OF_FAULTY)?)))
}

fn problem(item: &Item, fault: &str) -> Problem {
    let (code, detail) = match fault {
        "SRC-04" => ("SRC-04", "it changes while it is read".into()),
        "SRC-05" => ("SRC-05", "it cannot be read".into()),
        ROTTEN => (ROTTEN, crate::reader::ROT.into()),
        NO_RECORD => (NO_RECORD, "it belongs to no record of this archive".into()),
        fault => (OF_FAULTY, fault.to_owned()),
    };
    Problem { code, subject: item.id.to_string(), detail }
}

/// Rows that give the files of an item the version of the one that changed last.
fn level(archive: &Archive, groups: &[&[Member]], moved: &Moved) -> Vec<CapturedRow> {
    let mut rows = Vec::new();
    for members in groups.iter().filter(|_| !planted::is("documents-keep-their-version")) {
        let items = members.iter().map(|(_, number)| (*number, &archive.items[*number as usize]));
        let Some(newest) = items.clone().map(|(_, item)| item.version).max() else { continue };
        let record = members[0].0;
        let Item { gone, described, .. } = &archive.items[record as usize];
        // What was said of a file at a version holds as long as it has that: where one is new, comes from another record or goes to one, all
        // of them have a version that none of them had. Where a capture was cut short nobody knows what came with it, but a record that
        // changed has a newer version than all that it owned.
        let is_new = |item: &Item| !item.described && !item.gone && !planted::is("new-document-is-no-change");
        let came = |(number, item): (u32, &Item)| is_orphan(item) || moved.files.contains(&number) || is_new(item);
        let is_another = !described || moved.left.contains(&record) || items.clone().any(came);
        let had_it = |(_, item): (u32, &Item)| item.version == newest && item.described && !item.gone;
        let version = newest + u64::from(!gone && is_another && items.clone().any(had_it));
        rows.extend(items.filter(|(_, item)| !item.gone && item.version < version).map(|(number, item)| CapturedRow {
            item: number,
            id: None,
            version,
            stat: Some(item.stat),
        }));
    }
    rows
}

/// What a record says of itself.
#[derive(Clone, Debug, Default)]
struct Told {
    rid: u64,
    transaction: Option<[u8; 16]>,
    fault: String,
    /// It is a certificate without a right proof, where that matters.
    unsigned: bool,
}

impl Told {
    fn fault(fault: impl Into<String>) -> Self {
        let mut fault = fault.into();
        let end = (0..=FAULT_BYTES_MAX.min(fault.len())).rev().find(|at| fault.is_char_boundary(*at)).unwrap_or(0);
        fault.truncate(end);
        Self { fault, ..Self::default() }
    }

    /// Reads a record. Of a kind that is not known only its form is looked at.
    fn of(bytes: &[u8], is_unsigned: &(dyn Fn(&Branches<'_>) -> bool + Sync)) -> Self {
        let value = match rights::json::read_tree(bytes) {
            Ok(value) => value,
            Err(fault) => return Self::fault(fault.to_string()),
        };
        let Some(fields) = value.as_object() else { return Self::fault(rights::Fault::new(&rights::fault::KIND, "").to_string()) };
        let of = |id: &str| blake3::hash(id.as_bytes()).as_bytes()[..16].try_into().expect("16 of 32 bytes");
        let transaction = fields.get("txn").and_then(|txn| txn.get("txn_id")?.as_str()).map(of);
        let known = fields.get("kind").and_then(|kind| rights::Kind::named(kind.as_str()?)).is_some();
        let refuses = |fault: &&rights::Fault| fault.clause.refuses;
        let (_, faults) = if known { rights::check::check(&value) } else { (None, Vec::new()) };
        if let Some(fault) = faults.iter().find(refuses) {
            // What it was changed with waits for it.
            return Self { transaction: transaction.filter(|_| !planted::is("faulty-of-no-transaction")), ..Self::fault(fault.to_string()) };
        }
        let rid = fields.get("rid").and_then(Tree::as_str).map_or(0, rid_number);
        Self { rid, transaction, fault: String::new(), unsigned: is_unsigned(fields) }
    }
}

/// What the records of an archive say of themselves that are not among these.
fn rids_of_others(archive: &Archive, groups: &[&[Member]]) -> HashSet<u64> {
    let reread: HashSet<u32> = groups.iter().map(|members| members[0].0).collect();
    let others = (0u32..).zip(&archive.items).filter(|(number, item)| !item.gone && item.rid != 0 && item.fault().is_none() && !reread.contains(number));
    others.map(|(_, item)| item.rid).collect()
}

/// Reads the records of these groups, on all cores: of those with one `rid` the first counts, if it is not `taken` yet. Where certificates
/// are shown, names those without a right proof.
fn read(home: &Home, name: &str, root: &Dir, groups: &[&[Member]], taken: &mut HashSet<u64>, shown: bool) -> (Vec<DescribedRow>, Vec<u32>) {
    let (disk, archive) = (&*home.world.disk, &home.source().archives[name]);
    let is_unsigned = |fields: &Branches<'_>| shown && unsigned::is_unsigned(home, fields);
    let read_one = |(parents, content): &mut (Parents, Vec<u8>), record: u32| -> Told {
        let item = &archive.items[record as usize];
        if item.gone {
            return Told::fault(NO_RECORD);
        }
        content.clear();
        if item.stat.size > rights::json::RECORD_BYTES_MAX as u64 {
            return Told::fault(rights::Fault::limited(&rights::fault::TOO_LARGE, "", rights::json::RECORD_BYTES_MAX as u64).to_string());
        }
        match parents.read(disk, root, &item.id, &mut |bytes| content.extend_from_slice(bytes)) {
            // What rotted may say anything of itself, and nothing of it is believed.
            Ok(stat) if is_rot(item, &stat, &digest_of(content)) => Told::fault(ROTTEN),
            Ok(stat) if stat == item.stat => Told::of(content, &is_unsigned),
            Ok(_) | Err(ReadFailure::Unstable) => Told::fault("SRC-04"),
            Err(ReadFailure::Gone) => Told::fault("SRC-04"),
            Err(ReadFailure::Io(_)) => Told::fault("SRC-05"),
        }
    };
    let told: Vec<Told> = groups
        .par_chunks(64)
        .map_init(|| (Parents::default(), Vec::new()), |reading, groups| groups.iter().map(|members| read_one(reading, members[0].0)).collect::<Vec<_>>())
        .flatten_iter()
        .collect();
    let mut rows = Vec::with_capacity(groups.len());
    for (members, told) in groups.iter().zip(&told) {
        let twice = told.rid != 0 && told.fault.is_empty() && !taken.insert(told.rid) && !planted::is("duplicate-rid-taken");
        let fault = if twice { DUPLICATE } else { &told.fault };
        // What was known of it as it is stays known.
        let known = archive.items[members[0].0 as usize].transaction().filter(|_| matches!(fault, ROTTEN | "SRC-04" | "SRC-05"));
        let transaction = told.transaction.or(known);
        for (record, member) in *members {
            let item = &archive.items[*member as usize];
            let (rid, fault) = match (member == record, fault.is_empty()) {
                (true, _) => (told.rid, fault),
                (false, true) => (0, ""),
                // Nobody knows yet what it would say; its record is gone.
                (false, false) if fault == NO_RECORD => (0, NO_RECORD),
                (false, false) => (0, OF_FAULTY),
            };
            let fault = if item.gone { "" } else { fault };
            rows.push(DescribedRow { item: *member, version: item.version, rid, transaction, fault: fault.into() });
        }
    }
    (rows, groups.iter().zip(&told).filter(|(_, told)| told.unsigned).map(|(members, _)| members[0].0).collect())
}

#[cfg(test)]
#[path = "records_test.rs"]
mod tests;
