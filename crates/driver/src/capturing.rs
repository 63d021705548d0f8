//! One pass of change capture: scan, compare with the ledger, record. Content is read only where it decides something: what
//! changed within the clock tick, everything with `--deep`, and what tells a rename from a mass deletion.

use capture::racy::{CLOCK_TICK_NS, is_young};
use capture::read::{Parents, ReadFailure};
use capture::scan::Why;
use engine::changes::{Scanned, between};
use rayon::prelude::*;
use std::path::Path;
use store::disk::Dir;
use wire::card::Role;
use wire::record::{Captured, FileStat, Read, ReadRow, Rotten};
use wire::{Digest, ItemId};

use crate::home::{Access, Home};
use crate::progress::Stage;
use crate::report::{ArchiveCapture, CaptureReport, Change, Failure, LISTED_MAX, LeftOut, Problem};

/// Rows of one record: bounds its size.
const ROWS_MAX: usize = 16_384;

/// `capture`.
pub fn capture(world: &crate::world::World, path: &Path, deep: bool) -> Result<CaptureReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "capture")?;
    let report = all(&mut home, deep)?;
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
    Ok(report)
}

fn one(home: &mut Home, name: &str, deep: bool) -> Result<(Option<ArchiveCapture>, Vec<Problem>), Failure> {
    let root = home.config.archives[name].root.clone();
    let world = home.world.clone();
    let progress = world.progress.clone();
    progress.begin(Stage::Capture, None, None);
    let scan = match capture::scan::scan(&*world.disk, &root, &|found| progress.advance(found, 0)) {
        Ok(scan) => scan,
        Err(failure) => {
            progress.end();
            return Ok((None, vec![Problem { code: failure.code(), subject: name.into(), detail: failure.to_string() }]));
        }
    };
    progress.end();
    let Some(archive) = home.source().archives.get(name) else {
        return Err(Failure::new("HOM-03", name, "the archive is configured but not in the ledger; add it with `archive add`"));
    };
    let found: Vec<(ItemId, FileStat)> = scan.found.into_iter().map(|found| (found.id, found.stat)).collect();
    let changes = between(archive, &Scanned { found: &found, unproven: &scan.unproven });
    let mut problems = Vec::new();
    if changes.emptied {
        let detail = format!("{} is empty but held {} items: not taken as a deletion", root.display(), archive.items.iter().filter(|item| !item.gone).count());
        return Ok((None, vec![Problem { code: "SRC-02", subject: name.into(), detail }]));
    }
    let word = |row: &wire::record::CapturedRow| match (&row.stat, archive.items.get(row.item as usize).is_none_or(|item| item.gone)) {
        (None, _) => "deleted",
        (Some(_), true) => "added",
        (Some(_), false) => "modified",
    };
    let id = |row: &wire::record::CapturedRow| row.id.clone().unwrap_or_else(|| archive.items[row.item as usize].id.clone());
    let mut captured = ArchiveCapture {
        archive: name.into(),
        items: found.len() as u64,
        bytes: found.iter().map(|(_, stat)| stat.size).sum(),
        added: changes.added,
        modified: changes.modified,
        deleted: changes.deleted,
        changes: changes.rows.iter().take(LISTED_MAX).map(|row| Change { item: id(row), change: word(row) }).collect(),
        left_out_total: scan.left_out.len() as u64,
        left_out: scan.left_out.iter().take(LISTED_MAX).map(|left| LeftOut { path: ItemId(left.path.clone()), why: why(&left.why) }).collect(),
        ..ArchiveCapture::default()
    };
    for left in scan.left_out.iter().filter(|left| matches!(left.why, Why::Unreadable | Why::TooLong | Why::Changing)).take(LISTED_MAX) {
        problems.push(Problem { code: "SRC-05", subject: ItemId(left.path.clone()).to_string(), detail: why(&left.why).into() });
    }
    let changed: std::collections::HashSet<u32> = changes.rows.iter().map(|row| row.item).collect();
    let mut reread: Vec<u32> = if deep {
        (0u32..)
            .zip(&archive.items)
            .filter(|(number, item)| !item.gone && item.digest.is_some() && !changed.contains(number))
            .map(|(number, _)| number)
            .collect()
    } else {
        changes.young.clone()
    };
    drop(found);
    let mut rows = changes.rows;
    while !rows.is_empty() {
        let later = rows.split_off(rows.len().min(ROWS_MAX));
        home.record(Captured { archive: name.into(), rows })?;
        rows = later;
    }
    // What is known to be rotten is looked at each time: the alarm stays until somebody has brought the content back.
    let rotten = (0u32..).zip(&home.source().archives[name].items).filter(|(_, item)| item.rotten && !item.gone).map(|(number, _)| number);
    reread.extend(rotten);
    reread.sort_unstable();
    reread.dedup();
    if !reread.is_empty() {
        captured.reread = reread.len() as u64;
        captured.rotten = reread_documents(home, name, &root, &reread, &mut problems)?;
    }
    for item in captured.rotten.iter().take(LISTED_MAX) {
        problems.push(Problem {
            code: "SRC-06",
            subject: item.to_string(),
            detail: "content differs, but size and times are those of the last reading".into(),
        });
    }
    Ok((Some(captured), problems))
}

fn why(why: &Why) -> &'static str {
    match why {
        Why::Link => "link",
        Why::Device => "device",
        Why::Mount => "mount",
        Why::Unreadable => "unreadable",
        Why::TooLong => "too-long",
        Why::Changing => "unstable",
    }
}

/// Reads documents again that look unchanged. Other content is a change when the last reading was too close to a change for
/// the file system's clock, else it is rot. Gives the rotten ones.
fn reread_documents(home: &mut Home, name: &str, root: &Path, numbers: &[u32], problems: &mut Vec<Problem>) -> Result<Vec<ItemId>, Failure> {
    let world = home.world.clone();
    let dir = world.disk.root(root).map_err(|error| Failure::new("SRC-01", name, error.to_string()))?;
    let archive = &home.source().archives[name];
    let bytes = numbers.iter().map(|number| archive.items[*number as usize].stat.size).sum();
    world.progress.begin(Stage::Capture, Some(numbers.len() as u64), Some(bytes));
    let results = read_digests(home, name, &dir, numbers);
    world.progress.end();
    let (mut rotten, mut rotten_ids, mut read, mut changed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, result) in results {
        let item = &archive.items[number as usize];
        match result {
            Ok((stat, digest, young)) if stat == item.stat => match item.digest {
                Some(known) if known != digest && !item.young => {
                    rotten.extend((!item.rotten).then_some(number));
                    rotten_ids.push(item.id.clone());
                }
                Some(known) if known != digest => {
                    changed.push(wire::record::CapturedRow { item: number, id: None, version: item.version + 1, stat: Some(stat) })
                }
                _ => read.push(ReadRow { item: number, version: item.version, digest, young }),
            },
            Ok(_) | Err(ReadFailure::Gone) => {}
            Err(ReadFailure::Unstable) => problems.push(Problem { code: "SRC-04", subject: item.id.to_string(), detail: "it changes while it is read".into() }),
            Err(ReadFailure::Io(error)) => problems.push(Problem { code: "SRC-05", subject: item.id.to_string(), detail: error.to_string() }),
        }
    }
    for rows in changed.chunks(ROWS_MAX) {
        home.record(Captured { archive: name.into(), rows: rows.to_vec() })?;
    }
    for rows in read.chunks(ROWS_MAX) {
        home.record(Read { archive: name.into(), rows: rows.to_vec() })?;
    }
    if !rotten.is_empty() {
        home.record(Rotten { archive: name.into(), items: rotten })?;
    }
    Ok(rotten_ids)
}

/// What reading a document gave: attributes, digest, whether it is young.
type DigestRead = (u32, Result<(FileStat, Digest, bool), ReadFailure>);

fn read_digests(home: &Home, name: &str, dir: &Dir, numbers: &[u32]) -> Vec<DigestRead> {
    let (world, archive) = (&home.world, &home.source().archives[name]);
    numbers
        .par_chunks(64)
        .map_init(Parents::default, |parents, numbers| {
            let mut results = Vec::with_capacity(numbers.len());
            for number in numbers {
                let item = &archive.items[*number as usize];
                let mut hasher = blake3::Hasher::new();
                let started = world.clock.now();
                let stat = parents.read(&*world.disk, dir, &item.id, &mut |bytes| {
                    hasher.update(bytes);
                });
                world.progress.advance(1, item.stat.size);
                results.push((*number, stat.map(|stat| (stat, Digest(*hasher.finalize().as_bytes()), is_young(&stat, started, CLOCK_TICK_NS)))));
            }
            results
        })
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .collect()
}

/// Reads documents whose digest decides whether they changed in content, and records what they are.
pub fn read_undecided(home: &mut Home, name: &str, numbers: &[u32]) -> Result<(), Failure> {
    let root = home.config.archives[name].root.clone();
    let dir = home.world.disk.root(&root).map_err(|error| Failure::new("SRC-01", name, error.to_string()))?;
    let archive = &home.source().archives[name];
    let rows: Vec<ReadRow> = read_digests(home, name, &dir, numbers)
        .into_iter()
        .filter_map(|(item, result)| {
            let known = &archive.items[item as usize];
            result.ok().filter(|(stat, _, _)| *stat == known.stat && !known.rotten).map(|(_, digest, young)| ReadRow {
                item,
                version: known.version,
                digest,
                young,
            })
        })
        .collect();
    for rows in rows.chunks(ROWS_MAX) {
        home.record(Read { archive: name.into(), rows: rows.to_vec() })?;
    }
    Ok(())
}
