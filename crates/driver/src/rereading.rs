//! Reading documents of an archive again that look unchanged: what changed within the clock tick, everything on demand, and the
//! part that is due, so that rot is found before it is asked for (P11).

use capture::racy::{CLOCK_TICK_NS, is_young};
use capture::read::{Parents, ReadFailure};
use engine::due::{LastRead, Pace, due};
use rayon::prelude::*;
use seal::shape::Head;
use store::disk::Dir;
use wire::record::{Captured, FileStat, Read, ReadRow, Rotten, Shape};
use wire::{Digest, ItemId, planted};

use crate::home::Home;
use crate::progress::Stage;
use crate::report::{ArchiveCapture, Failure, Problem};

/// Rows of one record: bounds its size.
pub const ROWS_MAX: usize = 16_384;
/// How long a step of the scrub may take, s: people wait for the command that it is a part of. A daemon takes such a step with
/// each round.
const STEP_SECONDS: u64 = 30;

/// Reads the documents of an archive that are due to be read again, but for those that were read just now. What is found rotten
/// is noted.
pub fn scrub_due(home: &mut Home, name: &str, just_read: &[u32], captured: &mut ArchiveCapture, problems: &mut Vec<Problem>) -> Result<(), Failure> {
    let pace = home.config.policy.scrub_pace();
    let archive = &home.source().archives[name];
    let known = (0u32..).zip(&archive.items).filter(|(_, item)| !item.gone && item.digest.is_some() && !item.rotten && !item.young);
    let held: Vec<LastRead> = known.map(|(number, item)| LastRead { item: number, bytes: item.stat.size, at: item.read_at }).collect();
    let mut now_due = due(&pace, &held, archive.scrubbed_at, home.world.now_seconds(), pace.bytes_in(STEP_SECONDS));
    now_due.items.retain(|item| just_read.binary_search(item).is_err());
    captured.scrubbed = now_due.items.len() as u64;
    captured.overdue = now_due.overdue.saturating_sub(captured.scrubbed);
    if now_due.items.is_empty() {
        return Ok(());
    }
    captured.rotten.extend(reread_documents(home, name, &now_due.items, Some(&pace), problems)?);
    Ok(())
}

/// Reads documents again that look unchanged, on all cores or one after the other at a pace. Other content is a change when the
/// last reading was too close to a change for the file system's clock, else it is rot. Gives the rotten ones.
pub fn reread_documents(home: &mut Home, name: &str, numbers: &[u32], pace: Option<&Pace>, problems: &mut Vec<Problem>) -> Result<Vec<ItemId>, Failure> {
    let world = home.world.clone();
    let dir = world.disk.root(&home.config.archives[name].root).map_err(|error| Failure::new("SRC-01", name, error.to_string()))?;
    let archive = &home.source().archives[name];
    let bytes = numbers.iter().map(|number| archive.items[*number as usize].stat.size).sum();
    world.progress.begin(Stage::Capture, Some(numbers.len() as u64), Some(bytes));
    let results = match pace {
        None => read_digests(home, name, &dir, numbers),
        Some(pace) => read_paced(home, name, &dir, numbers, pace),
    };
    world.progress.end();
    let (mut rotten, mut rotten_ids, mut read, mut changed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, result) in results {
        let item = &archive.items[number as usize];
        match result {
            Ok(was) if was.stat == item.stat || planted::is("changed-meanwhile-is-rot") => match item.digest {
                Some(known) if known != was.digest && !item.young => {
                    rotten.extend((!item.rotten).then_some(number));
                    rotten_ids.push(item.id.clone());
                }
                Some(known) if known != was.digest => {
                    // Its times say nothing of the change: what it is now is told beside it.
                    changed.push(wire::record::CapturedRow { item: number, id: None, version: item.version + 1, stat: Some(was.stat) });
                    read.push(was.row(number, item.version + 1));
                }
                _ => read.push(was.row(number, item.version)),
            },
            Ok(_) | Err(ReadFailure::Gone) => {}
            Err(ReadFailure::Unstable) => problems.push(Problem { code: "SRC-04", subject: item.id.to_string(), detail: "it changes while it is read".into() }),
            Err(ReadFailure::Io(error)) => problems.push(Problem { code: "SRC-05", subject: item.id.to_string(), detail: error.to_string() }),
        }
    }
    for rows in changed.chunks(ROWS_MAX) {
        home.record(Captured { archive: name.into(), root: None, rows: rows.to_vec() })?;
    }
    for rows in read.chunks(ROWS_MAX) {
        home.record(Read { archive: name.into(), rows: rows.to_vec() })?;
    }
    if !rotten.is_empty() {
        home.record(Rotten { archive: name.into(), items: rotten })?;
    }
    Ok(rotten_ids)
}

/// What reading a document gave.
struct WasRead {
    stat: FileStat,
    digest: Digest,
    young: bool,
    shape: Shape,
}

impl WasRead {
    fn row(&self, item: u32, version: u64) -> ReadRow {
        ReadRow { item, version, digest: self.digest, young: self.young, shape: self.shape }
    }
}

type DocumentRead = (u32, Result<WasRead, ReadFailure>);

/// Reads one document; `step` hears of each piece of it.
fn read_one(home: &Home, name: &str, dir: &Dir, number: u32, parents: &mut Parents, step: &mut dyn FnMut(u64)) -> DocumentRead {
    let (world, item) = (&home.world, &home.source().archives[name].items[number as usize]);
    let (mut hasher, mut head) = (blake3::Hasher::new(), Head::default());
    let started = world.clock.now();
    let stat = parents.read(&*world.disk, dir, &item.id, &mut |bytes| {
        hasher.update(bytes);
        head.push(bytes);
        step(bytes.len() as u64);
    });
    world.progress.advance(1, item.stat.size);
    let started = if planted::is("young-by-the-end") { world.clock.now() } else { started };
    let was = |stat| WasRead { stat, digest: Digest(*hasher.finalize().as_bytes()), young: is_young(&stat, started, CLOCK_TICK_NS), shape: head.shape() };
    (number, stat.map(was))
}

fn read_digests(home: &Home, name: &str, dir: &Dir, numbers: &[u32]) -> Vec<DocumentRead> {
    let some = |parents: &mut Parents, numbers: &[u32]| -> Vec<DocumentRead> {
        numbers.iter().map(|number| read_one(home, name, dir, *number, parents, &mut |_| {})).collect()
    };
    numbers.par_chunks(64).map_init(Parents::default, some).collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Reads one after the other, and waits after each piece for as long as the pace asks: each for itself, so that a clock that
/// jumps costs one wait at most.
fn read_paced(home: &Home, name: &str, dir: &Dir, numbers: &[u32], pace: &Pace) -> Vec<DocumentRead> {
    let clock = &*home.world.clock;
    let (mut parents, mut before) = (Parents::default(), clock.now());
    let mut wait = |bytes: u64| {
        let elapsed = u64::try_from(clock.now().saturating_sub(before)).unwrap_or(0);
        let pause = pace.pause_ns(bytes, elapsed);
        if pause > 0 {
            clock.wait(pause);
        }
        before = clock.now();
    };
    numbers.iter().map(|number| read_one(home, name, dir, *number, &mut parents, &mut wait)).collect()
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
            result.ok().filter(|was| was.stat == known.stat && !known.rotten).map(|was| was.row(item, known.version))
        })
        .collect();
    for rows in rows.chunks(ROWS_MAX) {
        home.record(Read { archive: name.into(), rows: rows.to_vec() })?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "rereading_test.rs"]
mod tests;
