//! `scrub`: re-reads all that a replica holds and answers for it, so that the source can send again what is not right.
//!
//! What an interrupted command left is brought to its end first. Every item is read from the disk and digested under the
//! secret of the package that brought it; the outcome is recorded before the receipt is made.

use capture::read::Parents;
use carrier::{Carrier, Gateway, Medium, OpenFailure};
use engine::replica::{Item, Route};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use wire::Digest;
use wire::card::Role;
use wire::limits::RECEIPT_ROWS_MAX;
use wire::receipt::{Answer, Outcome, Row};
use wire::record::Scrubbed;

use crate::attest::{Attester, key_of};
use crate::home::{Access, Home};
use crate::progress::Stage;
use crate::receipts::WayBack;
use crate::report::{ApplyReport, Discrepancy, Failure, LISTED_MAX, ReceiptReport, ScrubReport};
use crate::tree::Tree;
use crate::world::World;

/// Items that one thread takes at a time.
const ITEMS_AT_ONCE: usize = 64;

/// What is to be re-read.
#[derive(Clone, Debug, Default)]
pub struct ScrubOptions {
    /// Only these routes; all if empty.
    pub routes: Vec<String>,
    /// Medium that takes the receipts; without one they go to the gateway folder of their route, or wait in the spool for the
    /// next medium.
    pub to: Option<PathBuf>,
}

/// By package and row: offset and length of a stretch of the document.
type Stretches = HashMap<(u64, u32), (u64, u64)>;
/// What was read back of an item: its number, what it proves, the digest under the key of its package.
type ReadBack = (u32, Outcome, Digest);

/// Re-reads whole routes and makes their receipts.
///
/// # Errors
/// `USE-01` for an unknown route, `MED-02` when the medium is not there (before anything is read), `HOM-*`, `LDG-*`, `IO-01`.
pub fn scrub(world: &World, path: &std::path::Path, options: &ScrubOptions) -> Result<ScrubReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Replica, "scrub")?;
    if let Some(unknown) = options.routes.iter().find(|name| !home.config.routes.contains_key(*name)) {
        return Err(Failure::new("USE-01", unknown, "no route of this name"));
    }
    let open =
        |to: &PathBuf| Medium::open(&world.disk, to, true).map_err(|failure| Failure::new(failure.code(), to.display().to_string(), failure.to_string()));
    let medium = options.to.as_ref().map(open).transpose()?;
    medium.as_ref().map(|medium| crate::medium::read_label(&home, medium)).transpose()?;
    let mut applied = ApplyReport::default();
    crate::applying::recover(&mut home, &mut applied)?;
    let mut report = ScrubReport { problems: applied.problems, ..ScrubReport::default() };
    let wanted = |name: &&String| options.routes.is_empty() || options.routes.contains(name);
    let routes: Vec<String> = home.config.routes.keys().filter(|name| home.replica().routes.contains_key(*name)).filter(wanted).cloned().collect();
    for name in &routes {
        one(&mut home, name, medium.as_ref(), &mut report)?;
    }
    let result = format!("{} items, {} not right", report.items, report.damaged.len());
    home.close("", &result)?;
    Ok(report)
}

fn one(home: &mut Home, name: &str, medium: Option<&Medium>, report: &mut ScrubReport) -> Result<(), Failure> {
    let route = &home.replica().routes[name];
    if route.packages.is_empty() {
        return Ok(());
    }
    let tree = crate::applying::tree_of(home, name)?;
    let parts = parts(home, name)?;
    let read = read_all(home, &tree, route, &parts).map_err(|error| Failure::io(name, &error))?;
    report.items += read.len() as u64;
    report.bytes += read.iter().map(|(number, _, _)| route.items[*number as usize].size).sum::<u64>();
    report.attributes += put_attributes_right(home, &tree, route, &read);
    let wrong: Vec<(u32, Outcome)> = read.iter().filter(|(_, outcome, _)| !outcome.proves()).map(|(number, outcome, _)| (*number, *outcome)).collect();
    let left = LISTED_MAX.saturating_sub(report.damaged.len());
    let listed = wrong.iter().take(left).map(|(number, outcome)| Discrepancy {
        route: name.into(),
        item: route.items[*number as usize].id.clone(),
        outcome: outcome.word(),
    });
    report.damaged.extend(listed);
    let receipts = in_receipts(answers(route, &read), RECEIPT_ROWS_MAX);
    let damaged = wrong.iter().map(|(number, outcome)| (*number, outcome.number())).collect();
    home.record(Scrubbed { route: name.into(), items: read.len() as u64, damaged })?;
    home.commit()?;
    report.receipts.extend(crate::receipts::make_scrub(home, name, receipts)?);
    // What is not taken waits in the spool, like without a medium.
    match put(home, name, medium) {
        Ok(put) => {
            let written = |receipt: &ReceiptReport| put.iter().any(|put| put.file == receipt.file && put.written);
            report.receipts.iter_mut().for_each(|receipt| receipt.written |= written(receipt));
        }
        Err(failure) => report.problems.push(failure.0),
    }
    Ok(())
}

/// Puts what is to go to the source on the medium, or without one into the gateway folder of the route, if it has one.
fn put(home: &Home, name: &str, medium: Option<&Medium>) -> Result<Vec<ReceiptReport>, Failure> {
    let refused = |failure: OpenFailure| Failure::new(failure.code(), name, failure.to_string());
    let folder = home.config.routes[name].to_gateway.as_ref().filter(|_| medium.is_none());
    let gateway = folder.map(|folder| Gateway::open(&home.world.disk, folder)).transpose().map_err(refused)?;
    let carrier = medium.map(|medium| medium as &dyn Carrier).or(gateway.as_ref().map(|gateway| gateway as &dyn Carrier));
    let Some(carrier) = carrier else { return Ok(Vec::new()) };
    crate::receipts::hand_over(home, name, 0, &WayBack { carrier, keeps: medium.is_some() })
}

/// Of items that the last of several parts made whole: which stretch the source asks about, by package and row.
fn parts(home: &Home, name: &str) -> Result<Stretches, Failure> {
    let route = &home.replica().routes[name];
    let mut by_sequence: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for item in route.items.iter().filter(|item| item.held() && item.is_confirmed()) {
        by_sequence.entry(item.sequence).or_default().push(item.row);
    }
    let mut parts = HashMap::new();
    for (sequence, rows) in by_sequence {
        let missing = || Failure::new("LDG-06", "ledger", format!("the apply record of {name} {sequence} is not there"));
        let begun = home.begun(name, sequence).ok_or_else(missing)?;
        let part = |row: u32| begun.rows.get(row as usize).and_then(|staged| staged.part).map(|part| ((sequence, row), (part.offset, part.length)));
        parts.extend(rows.into_iter().filter_map(part));
    }
    Ok(parts)
}

/// Reads everything that is held, folder by folder, on all cores.
fn read_all(home: &Home, tree: &Tree, route: &Route, parts: &Stretches) -> io::Result<Vec<ReadBack>> {
    let mut held: Vec<(u32, &Item)> = (0u32..).zip(&route.items).filter(|(_, item)| item.held() && item.is_confirmed()).collect();
    held.sort_by(|one, two| one.1.path().cmp(two.1.path()));
    let world = &home.world;
    let bytes = held.iter().map(|(_, item)| item.size).sum();
    world.progress.begin(Stage::Scrub, Some(held.len() as u64), Some(bytes));
    let read: io::Result<Vec<Vec<ReadBack>>> = held
        .par_chunks(ITEMS_AT_ONCE)
        .map(|items| {
            let (mut parents, mut buffer) = (Parents::default(), crate::attest::buffer());
            let mut read = Vec::with_capacity(items.len());
            for (number, item) in items {
                let seen = route.packages.get(&item.sequence).expect("an item is held because a package that was seen brought it");
                let attester = Attester { world, tree, route, key: key_of(seen), past_memory: home.config.policy.read_back_medium };
                let range = parts.get(&(item.sequence, item.row)).copied();
                let (outcome, digest) = attester.present(item, range, Outcome::Unchanged, &mut parents, &mut buffer)?;
                world.progress.advance(1, item.size);
                read.push((*number, outcome, digest));
            }
            Ok(read)
        })
        .collect();
    world.progress.end();
    Ok(read?.concat())
}

/// Gives documents whose content is right the modification time and the executable bit of the ledger again; gives how many
/// needed it. What the file system does not keep is left as it is.
fn put_attributes_right(home: &Home, tree: &Tree, route: &Route, read: &[ReadBack]) -> u64 {
    let disk = &*home.world.disk;
    let one = |item: &Item, parents: &mut Parents| -> Option<()> {
        let known = parents.stat(disk, &tree.root, item.path()).ok()?;
        let right = |modified: i64, executable: bool| (modified, executable) == (item.modified, item.executable);
        if right(known.modified, known.executable) {
            return None;
        }
        let mut file = parents.open(disk, &tree.root, item.path()).ok()?;
        let mode = file.stat().ok()?.mode;
        file.set_mode(if item.executable { mode | 0o111 } else { mode & !0o111 }).ok()?;
        file.set_modified(item.modified).ok()?;
        let now = file.stat().ok()?;
        right(now.modified, now.executable()).then_some(())
    };
    let count = |parents: &mut Parents, (number, outcome, _): &ReadBack| outcome.proves() && one(&route.items[*number as usize], parents).is_some();
    read.par_chunks(ITEMS_AT_ONCE).map_init(Parents::default, |parents, read| read.iter().filter(|read| count(parents, read)).count() as u64).sum()
}

/// What was read back as answers: by package, and within it by row.
fn answers(route: &Route, read: &[ReadBack]) -> Vec<Answer> {
    let mut by_sequence: BTreeMap<u64, Vec<Row>> = BTreeMap::new();
    for (number, outcome, digest) in read {
        let item = &route.items[*number as usize];
        by_sequence.entry(item.sequence).or_default().push(Row { row: item.row, outcome: outcome.number(), digest: *digest });
    }
    let answer = |(sequence, mut rows): (u64, Vec<Row>)| {
        rows.sort_by_key(|row| row.row);
        let package = route.packages[&sequence].package;
        Answer { sequence, package, rows }
    };
    by_sequence.into_iter().map(answer).collect()
}

/// Shares answers out to receipts of at most `rows_max` rows each; always at least one receipt, which may be empty.
fn in_receipts(answers: Vec<Answer>, rows_max: usize) -> Vec<Vec<Answer>> {
    let (mut receipts, mut rows) = (vec![Vec::new()], 0);
    for answer in answers {
        if rows + answer.rows.len() > rows_max && rows > 0 {
            receipts.push(Vec::new());
            rows = 0;
        }
        rows += answer.rows.len();
        receipts.last_mut().expect("never empty").push(answer);
    }
    receipts
}

#[cfg(test)]
#[path = "scrub_test.rs"]
mod tests;
