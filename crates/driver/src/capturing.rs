//! One pass of change capture: scan, compare with the ledger, record. Content is read only where it decides something (what
//! changed within the clock tick, what was found rotten), everything with `--deep`, and else the part that is due.

use capture::read::{Parents, ReadFailure};
use capture::scan::{Known, Why};
use engine::changes::{AsKnown, Scanned, between};
use engine::source::Archive;
use std::collections::HashMap;
use std::path::Path;
use wire::card::Role;
use wire::record::{Captured, CapturedRow, FileStat, Place, Read, ReadRow};
use wire::{ItemId, planted};

use crate::home::{Access, Home};
use crate::progress::Stage;
use crate::records::Appeared;
use crate::records::waiting::KeptBack;
use crate::report::{ArchiveCapture, CaptureReport, Change, Failure, LISTED_MAX, LeftOut, Problem};
use crate::rereading::{ROWS_MAX, reread_documents, scrub_due};
use crate::world::World;

/// `capture`.
pub fn capture(world: &World, path: &Path, deep: bool) -> Result<CaptureReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "capture")?;
    let mut report = all(&mut home, deep)?;
    let is_captured = |name: &String| report.archives.iter().any(|archive| archive.archive == *name);
    let of_archive = |name: &&String| home.source().routes.get(*name).is_some_and(|route| is_captured(&route.archive));
    let routes: Vec<&String> = home.config.routes.keys().filter(of_archive).collect();
    for route in routes {
        report.problems.extend(KeptBack::problem(&home, route)?);
    }
    let changes: u64 = report.archives.iter().map(|archive| archive.added + archive.modified + archive.deleted).sum();
    home.close("", &format!("{changes} changes"))?;
    Ok(report)
}

/// Captures every archive of a home. An archive whose root is missing or emptied is a problem; the others go on.
pub fn all(home: &mut Home, deep: bool) -> Result<CaptureReport, Failure> {
    let mut report = CaptureReport::default();
    let names: Vec<String> = home.config.archives.keys().cloned().collect();
    for name in names {
        let (archive, problems) = one(home, &name, deep)?;
        report.archives.extend(archive);
        report.problems.extend(problems);
    }
    home.commit()?;
    crate::unread::keep(home, &report.problems)?;
    Ok(report)
}

fn one(home: &mut Home, name: &str, deep: bool) -> Result<(Option<ArchiveCapture>, Vec<Problem>), Failure> {
    let root = home.config.archives[name].root.clone();
    let world = home.world.clone();
    let progress = world.progress.clone();
    progress.begin(Stage::Capture, None, None);
    let place = place_of(&world, &root);
    let Some(archive) = home.source().archives.get(name) else {
        progress.end();
        return Ok((None, vec![crate::status::not_in_ledger(name, "archive add")]));
    };
    let mut known = InLedger(AsKnown::of(archive));
    let scan = match capture::scan::scan(&*world.disk, &root, &mut known, &|found| progress.advance(found, 0)) {
        Ok(scan) => scan,
        Err(failure) => {
            progress.end();
            return Ok((None, vec![Problem { code: failure.code(), subject: name.into(), detail: failure.to_string() }]));
        }
    };
    progress.end();
    let found: Vec<(ItemId, FileStat)> = scan.found.into_iter().map(|found| (found.id, found.stat)).collect();
    if place_of(&world, &root) != place && !planted::is("root-swapped-while-scanned") {
        let detail = format!("{} became another folder while it was scanned: nothing was captured", root.display());
        return Ok((None, vec![Problem { code: "SRC-10", subject: name.into(), detail }]));
    }
    let sizes = known.0.items().map(|item| item.stat.size).chain(found.iter().map(|(_, stat)| stat.size));
    let (items, bytes) = sizes.fold((0, 0), |(items, bytes), size| (items + 1, bytes + size));
    let changes = between(Scanned { as_known: &known.0, found, unproven: &scan.unproven, place });
    let mut problems = Vec::new();
    if let Some(missing) = changes.moved {
        let detail = format!("{} is another folder than before, and {missing} items are not in it: not taken as a deletion", root.display());
        return Ok((None, vec![Problem { code: "SRC-10", subject: name.into(), detail }]));
    }
    if changes.emptied || items == 0 && is_asked_for(home, name) {
        let detail = emptied(&root, archive.items.iter().filter(|item| !item.gone).count());
        return Ok((None, vec![Problem { code: "SRC-02", subject: name.into(), detail }]));
    }
    let word = |row: &CapturedRow| match (&row.stat, archive.items.get(row.item as usize).is_none_or(|item| item.gone)) {
        (None, _) => "deleted",
        (Some(_), true) => "added",
        (Some(_), false) => "modified",
    };
    let id = |row: &CapturedRow| row.id.clone().unwrap_or_else(|| archive.items[row.item as usize].id.clone());
    let mut captured = ArchiveCapture {
        archive: name.into(),
        items,
        bytes,
        added: changes.added,
        modified: changes.modified,
        deleted: changes.deleted,
        changes: changes.rows.iter().take(LISTED_MAX).map(|row| Change { item: id(row), change: word(row) }).collect(),
        left_out_total: scan.left_out.len() as u64,
        hidden: scan.left_out.iter().any(|left| matches!(left.why, Why::Unreadable | Why::Changing)),
        left_out: scan.left_out.iter().take(LISTED_MAX).map(|left| LeftOut { path: ItemId(left.path.clone()), why: why(&left.why) }).collect(),
        ..ArchiveCapture::default()
    };
    for left in scan.left_out.iter().filter(|left| matches!(left.why, Why::Unreadable | Why::TooLong | Why::Changing)).take(LISTED_MAX) {
        problems.push(Problem { code: "SRC-05", subject: ItemId(left.path.clone()).to_string(), detail: why(&left.why).into() });
    }
    let mut reread: Vec<u32> = if deep {
        let changed: std::collections::HashSet<u32> = changes.rows.iter().map(|row| row.item).collect();
        (0u32..)
            .zip(&archive.items)
            .filter(|(number, item)| !item.gone && item.digest.is_some() && !changed.contains(number))
            .map(|(number, _)| number)
            .collect()
    } else {
        changes.young.clone()
    };
    let is_back = |row: &&CapturedRow| row.stat.is_some() && archive.items.get(row.item as usize).is_some_and(|item| item.gone);
    let mut again: Vec<u32> = changes.rows.iter().filter(is_back).map(|row| row.item).collect();
    again.sort_unstable();
    let appeared = Appeared { new_from: u32::try_from(archive.items.len()).expect("items have numbers of four bytes"), again };
    let renamed = renamed(archive, &changes.rows);
    let mut root_place = changes.place;
    // A piece at a time, off the end: what the fold has taken in is let go, for that grows meanwhile.
    let mut rows = changes.rows;
    rows.reverse();
    while !rows.is_empty() || root_place.is_some() {
        let mut piece = rows.split_off(rows.len().saturating_sub(ROWS_MAX));
        rows.shrink_to_fit();
        piece.reverse();
        home.record(Captured { archive: name.into(), root: root_place.take(), rows: piece })?;
    }
    for rows in renamed.chunks(ROWS_MAX) {
        home.record(Read { archive: name.into(), rows: rows.to_vec() })?;
    }
    // What is known to be rotten is looked at each time: the alarm stays until somebody has brought the content back.
    reread.extend(home.source().archives[name].rotten().map(|(number, _)| number));
    reread.sort_unstable();
    reread.dedup();
    if !reread.is_empty() {
        captured.reread = reread.len() as u64;
        captured.rotten = reread_documents(home, name, &reread, None, &mut problems)?;
    }
    if !deep {
        scrub_due(home, name, &reread, &mut captured, &mut problems)?;
    }
    let dir = world.disk.root(&root).map_err(|error| Failure::new("SRC-01", name, error.to_string()))?;
    problems.extend(crate::records::describe(home, name, &dir, &appeared)?);
    for item in captured.rotten.iter().take(LISTED_MAX) {
        problems.push(Problem {
            code: "SRC-06",
            subject: item.to_string(),
            detail: "content differs, but size and times are those of the last reading".into(),
        });
    }
    Ok((Some(captured), problems))
}

/// What a folder that was renamed took along, with the content that was read under the former name: rot is rot under another name, too.
fn renamed(archive: &Archive, rows: &[CapturedRow]) -> Vec<ReadRow> {
    let was = |row: &CapturedRow| archive.items.get(row.item as usize);
    let gone = rows.iter().filter(|row| row.stat.is_none()).filter_map(|row| Some((was(row)?, row.item)));
    // The inode is enough to find it by; the rest is compared.
    let gone: HashMap<u64, u32> = gone
        .filter(|(item, _)| (!item.young || planted::is("young-known-when-renamed")) && item.digest.is_some())
        .map(|(item, number)| (item.stat.inode, number))
        .collect();
    if gone.is_empty() || planted::is("rot-renamed") {
        return Vec::new();
    }
    let is_new = |row: &&CapturedRow| was(row).is_none_or(|item| item.gone);
    let as_known = |row: &CapturedRow| {
        let stat = row.stat?;
        let known = &archive.items[*gone.get(&stat.inode)? as usize];
        (known.stat == stat).then_some(ReadRow { item: row.item, version: row.version, digest: known.digest?, young: false, shape: known.shape })
    };
    rows.iter().filter(is_new).filter_map(as_known).collect()
}

/// What SRC-02 says.
pub fn emptied(root: &Path, held: usize) -> String {
    if held == 0 {
        return format!("{} is empty, and a replica is to be asked for what it holds of it: not taken as a deletion", root.display());
    }
    format!("{} is empty but held {held} items: not taken as a deletion", root.display())
}

/// Whether a route of an archive begins anew: its replica may hold what this ledger has forgotten, and would be told that nothing of it is there.
pub fn is_asked_for(home: &Home, archive: &str) -> bool {
    home.source().routes.values().any(|route| route.archive == archive && !route.asking.is_empty())
}

/// What the ledger knows of the documents of an archive, for the scan.
struct InLedger<'a>(AsKnown<'a>);

impl Known for InLedger<'_> {
    fn take(&mut self, id: &ItemId, stat: &FileStat) -> bool {
        self.0.take(id, stat)
    }
    fn give_back(&mut self, is_directory: &dyn Fn(&ItemId) -> bool) -> Vec<ItemId> {
        self.0.give_back(is_directory)
    }
}

/// Where the root of an archive lies; none where it is not there or the file system cannot tell.
fn place_of(world: &World, root: &Path) -> Option<Place> {
    let dir = world.disk.root(root).ok()?;
    world.disk.identity(&dir).ok().flatten().map(|identity| Place { device: identity.device, inode: identity.inode, mark: identity.mark })
}

/// Whether the root of an archive is another folder than the one that was scanned last.
pub fn is_elsewhere(home: &Home, archive: &str) -> bool {
    let (Some(known), Some(config)) = (home.source().archives.get(archive), home.config.archives.get(archive)) else { return false };
    known.place.zip(place_of(&home.world, &config.root)).is_some_and(|(known, now)| !known.is_same(&now))
}

/// Items of an archive that are looked at to tell whether its root is another folder.
const LOOKED_AT: usize = 64;

/// What capture would stop at, as far as few items tell: the root is another folder, something is missing, and hardly anything of what was known
/// is in it as it was.
pub fn another(home: &Home, name: &str) -> Option<Problem> {
    let (archive, root) = (home.source().archives.get(name)?, &home.config.archives.get(name)?.root);
    if !is_elsewhere(home, name) {
        return None;
    }
    let disk = &*home.world.disk;
    let dir = disk.root(root).ok()?;
    let there: Vec<_> = archive.items.iter().filter(|item| !item.gone).collect();
    let looked_at: Vec<_> = there.iter().step_by(there.len().div_ceil(LOOKED_AT).max(1)).collect();
    let (mut parents, mut missing, mut as_before) = (Parents::default(), 0, 0);
    for item in &looked_at {
        match parents.stat(disk, &dir, &item.id) {
            Ok(stat) => as_before += usize::from(item.stat.is_same_content(&stat)),
            Err(failure) => missing += usize::from(matches!(failure, ReadFailure::Gone)),
        }
    }
    let detail = format!("{} is another folder than before, and hardly anything that was known is in it: not taken as a deletion", root.display());
    (missing > 0 && as_before * 2 < looked_at.len()).then(|| Problem { code: "SRC-10", subject: name.into(), detail })
}

fn why(why: &Why) -> &'static str {
    match why {
        Why::Link => "link",
        Why::Device => "device",
        Why::Mount => "mount",
        Why::Unreadable => "unreadable",
        Why::TooLong => "too-long",
        Why::Changing => "unstable",
        Why::Unfinished => "unfinished",
    }
}
