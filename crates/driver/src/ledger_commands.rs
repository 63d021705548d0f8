//! `ledger verify`, `ledger rebuild`, `ledger show`.
//!
//! Verifying reads every byte and changes nothing; the first bad record is a problem of the report. Rebuilding makes the index
//! anew from the ledger, and nothing else. Showing gives the records one after the other, whatever their number.

use serde_json::{Value, json};
use std::path::Path;
use store::ledger::{Head, Ledger, LedgerError, Position, Reading, Verified};
use wire::Digest;
use wire::clause::LDG_WITNESS;
use wire::record::Record;

use crate::home::{Access, Home, ledger_failure};
use crate::progress::Stage;
use crate::report::{Failure, LedgerReport, Problem};
use crate::status::look;
use crate::world::World;

/// Follows the whole chain.
///
/// # Errors
/// `HOM-*`; `IO-01`. What is wrong with the ledger itself is a problem of the report.
pub fn ledger_verify(world: &World, path: &Path) -> Result<LedgerReport, Failure> {
    match look(world, path, |home| verify_witnessed(world, path, home)) {
        // It does not even open: its damage lies where every command reads.
        Err(failure) if failure.0.code.starts_with("LDG-") => damaged(world, path, failure),
        other => other,
    }
}

fn verify(world: &World, path: &Path, ledger: &Reading) -> Result<LedgerReport, Failure> {
    let mut told = 0;
    let verified = ledger.verify(&mut |done, total| {
        if done == 0 {
            world.progress.begin(Stage::Ledger, None, Some(total));
        } else {
            world.progress.advance(0, done - told);
            told = done;
        }
    });
    world.progress.end();
    match verified {
        Ok(verified) => Ok(right(&verified)),
        Err(error) => bad(world, path, &error)?.ok_or_else(|| ledger_failure(error)),
    }
}

/// What of the chain is right.
fn right(verified: &Verified) -> LedgerReport {
    let Verified { records, segments, bytes, head, .. } = *verified;
    LedgerReport { records, segments, bytes, head: head.digest.to_string(), ..LedgerReport::default() }
}

/// The report about a ledger whose record `first_bad` is bad, with at most so many records before it that are right.
fn bad_from(world: &World, path: &Path, first_bad: u64, records: u64, problems: Vec<Problem>) -> Result<LedgerReport, Failure> {
    let beginning = Ledger::beginning(world.disk.clone(), &path.join("ledger"), records.min(first_bad)).map_err(ledger_failure)?;
    Ok(LedgerReport { first_bad: Some(first_bad), problems, ..right(&beginning) })
}

/// Follows the chain, then looks in it for the heads that the other zones have seen: who has this zone's keys can make a whole
/// chain with another record in it, but not what they remember.
fn verify_witnessed(world: &World, path: &Path, home: &Home) -> Result<LedgerReport, Failure> {
    let report = verify(world, path, home.ledger())?;
    if report.first_bad.is_some() {
        return Ok(report);
    }
    let (mut first_bad, mut seen, mut problems) = (None::<u64>, 0, Vec::new());
    let mut heads = home.quoted_heads();
    heads.sort_by_key(|head| head.number);
    for quoted in heads {
        if home.had_head(&quoted)? {
            seen = quoted.number;
            continue;
        }
        let record = quoted.number.saturating_sub(1);
        let detail = format!("record {record} is not the one with {} that the other zone has seen: it or one before it was changed", quoted.digest);
        first_bad = first_bad.or(Some(record));
        problems.push(Problem { code: LDG_WITNESS.code, subject: "ledger".into(), detail });
    }
    // Of what lies between the last head that is as it was seen and the one that is not, nobody knows which record was changed.
    first_bad.map_or(Ok(report), |first_bad| bad_from(world, path, first_bad, seen, problems))
}

/// The report about damage, if it is that.
fn bad(world: &World, path: &Path, error: &LedgerError) -> Result<Option<LedgerReport>, Failure> {
    let Some(damage) = error.damage() else { return Ok(None) };
    let problem = Problem { code: damage.code(), subject: "ledger".into(), detail: damage.to_string() };
    bad_from(world, path, damage.number, damage.number, vec![problem]).map(Some)
}

/// Finds the first bad record of a ledger that cannot be opened because of `failure`.
fn damaged(world: &World, path: &Path, failure: Failure) -> Result<LedgerReport, Failure> {
    let (ledger, _) = match Ledger::open_reading(world.disk.clone(), &path.join("ledger"), None, None) {
        Ok(opened) => opened,
        Err(LedgerError::Missing) => return Ok(LedgerReport { first_bad: Some(0), problems: vec![failure.0], ..right(&Verified::default()) }),
        Err(error) => return bad(world, path, &error)?.ok_or(failure),
    };
    let report = verify(world, path, &ledger)?;
    if report.first_bad.is_some() {
        return Ok(report);
    }
    // The chain is whole: a body that is not well formed, or an end that the signed checkpoint contradicts.
    let malformed =
        ledger.read_from(Position::START).filter_map(Result::ok).map(|(_, record)| record).find(|record| Record::decode(record.kind, &record.body).is_err());
    // A checkpoint that is not ours says nothing about the chain.
    let contradicted = || {
        if failure.0.subject == "ledger/checkpoint" {
            return None;
        }
        let bytes = Ledger::read_checkpoint(&*world.disk, &path.join("ledger")).ok()??;
        let head = Head { number: u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?), digest: Digest(bytes.get(24..56)?.try_into().ok()?) };
        let opened = Ledger::open_reading(world.disk.clone(), &path.join("ledger"), None, Some(head));
        opened.err()?.damage().map(|damage| damage.number)
    };
    let first = malformed.map(|record| record.number).or_else(contradicted).unwrap_or(report.records);
    bad_from(world, path, first, first, vec![failure.0])
}

/// Verifies the chain and makes the index anew from it.
///
/// # Errors
/// `HOM-*`; `LDG-*` when the ledger is damaged, and then the index is left as it is; `IO-01`.
pub fn ledger_rebuild(world: &World, path: &Path) -> Result<LedgerReport, Failure> {
    // What is there is not looked at: where it is damaged it would be made anew twice.
    let mut home = Home::without_index(world, path, Access::Change)?;
    let report = verify_witnessed(world, path, &home)?;
    if report.first_bad.is_none() {
        world.progress.begin(Stage::Ledger, Some(report.records), Some(report.bytes));
        let rebuilt = home.rebuild_index();
        world.progress.advance(report.records, report.bytes);
        world.progress.end();
        rebuilt?;
    }
    home.close("", "")?;
    Ok(report)
}

/// Gives every record from number `from` on to `visit`, as `{number, time, kind, previous, digest, body}`. The nonce of an
/// apply record is a secret and left out.
///
/// # Errors
/// `HOM-*`, `LDG-*`, `IO-01`.
pub fn ledger_show(world: &World, path: &Path, from: u64, visit: &mut dyn FnMut(Value)) -> Result<(), Failure> {
    // Beside another process, and without the index: what is shown may run into a pager for hours.
    let home = Home::open(world, path, Access::Read)?;
    for record in home.ledger().read_from(Position::START) {
        let (_, record) = record.map_err(ledger_failure)?;
        if record.number >= from {
            visit(shown(&record)?);
        }
    }
    Ok(())
}

fn shown(record: &store::ledger::Record) -> Result<Value, Failure> {
    let decoded =
        Record::decode(record.kind, &record.body).map_err(|rejection| Failure::new(rejection.code(), "ledger", format!("record {}", record.number)))?;
    let mut body = serde_json::to_value(&decoded).expect("records have text keys and finite numbers only");
    if let Some(fields) = body.as_object_mut() {
        // The kind says it.
        fields.shift_remove("event");
        fields.shift_remove("nonce");
    }
    Ok(json!({
        "number": record.number,
        "time": record.time,
        "kind": decoded.word(),
        "previous": record.previous,
        "digest": record.digest,
        "body": body,
    }))
}

#[cfg(test)]
#[path = "ledger_commands_test.rs"]
mod tests;
