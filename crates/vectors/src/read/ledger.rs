//! Reads a ledger, written from spec/ledger.md: clauses LDG-01 to LDG-08. Of the kinds of records it knows the numbers, the
//! bodies of the first three, of receipts taken in and of purges, and what those say that keep a head of this ledger that the other zone has quoted.

use super::cursor::{Cursor, Invalid};
use super::{Refusal, derive, require};
use crate::describe::{self, LedgerRecord as Record};
use crate::model::Head;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use std::collections::BTreeMap;

/// Largest number of a sequence, version or receipt.
const CEILING: u64 = 1 << 48;
const BODY_MAX: usize = 128 << 20;
/// Bytes of a record beside its body.
const BESIDE: usize = 88;

/// Reads the files of a ledger folder; `key` is the signing key of the zone it belongs to.
pub(super) fn read(files: &BTreeMap<String, Vec<u8>>, key: &VerifyingKey) -> Result<Value, Refusal> {
    let checkpoint = files.get("checkpoint").map(|bytes| read_checkpoint(bytes, key)).transpose()?;
    let covered = checkpoint.as_ref().map_or(0, |(_, head)| head.number);
    let group = files.get("group").and_then(|bytes| read_group(bytes));
    let segments: Vec<(&String, &Vec<u8>)> = files.iter().filter(|(name, _)| name.ends_with(".seg")).collect();
    let mut records: Vec<Record> = Vec::new();
    let mut torn = None;
    for (place, (name, bytes)) in segments.iter().enumerate() {
        let last = place + 1 == segments.len();
        let named = u64::from_str_radix(name.trim_end_matches(".seg"), 16).map_err(|_| Refusal("LDG-01"))?;
        require(bytes.len() >= 16 && &bytes[..8] == b"GFLEDGER" && bytes[8..16] == [1, 0, 0, 0, 0, 0, 0, 0], "LDG-01")?;
        require(named == records.len() as u64, "LDG-03")?;
        let mut at = 16;
        while at < bytes.len() {
            let number = records.len() as u64;
            let previous = records.last().map_or([0; 32], |record| record.4);
            match read_record(&bytes[at..], number, &previous) {
                Ok((record, length)) => {
                    records.push(record);
                    at += length;
                }
                Err(_) if last && number >= covered && !intact(&bytes[at..], later(group.as_ref(), named, at as u64, number)) => {
                    torn = Some((name.as_str(), at as u64));
                    break;
                }
                Err(refusal) => return Err(refusal),
            }
        }
    }
    for record in &records {
        check_body(record)?;
    }
    if let Some((incarnation, head)) = &checkpoint {
        require(head.number >= 1 && head.number <= records.len() as u64, "LDG-07")?;
        let last = usize::try_from(head.number - 1).expect("there are that many records");
        require(records[last].4 == head.digest, "LDG-07")?;
        let lives = records.iter().filter(|record| record.0 == 0 || record.1 == 7);
        require(lives.map(|record| &record.3).any(|body| body.get(..16) == Some(&incarnation[..])), "LDG-07")?;
    }
    for head in quoted(&records).into_values().filter(|head| head.number > 0) {
        let ours = usize::try_from(head.number).ok().and_then(|number| records.get(number.checked_sub(1)?));
        require(ours.is_some_and(|record| record.4 == head.digest), "LDG-08")?;
    }
    Ok(describe::ledger(&records, torn, checkpoint.as_ref().map(|(incarnation, head)| (incarnation, head))))
}

/// The newest head of this ledger that the other zone has quoted on each route, since the ledger's present life began.
fn quoted(records: &[Record]) -> BTreeMap<String, Head> {
    let mut newest: BTreeMap<String, Head> = BTreeMap::new();
    let mut life = [0; 16];
    for (_, kind, _, body, _) in records {
        let mut from = Cursor::new(body);
        let mut read = || -> Result<Option<(String, Head)>, Invalid> {
            match kind {
                1 | 7 => life = from.array()?,
                22 => {
                    let route = from.string()?;
                    // Receipt, number, incarnation, the replica's head.
                    from.array::<16>()?;
                    from.u64()?;
                    from.array::<16>()?;
                    from.array::<40>()?;
                    return Ok(Some((route, Head { number: from.u64()?, digest: from.array()? })));
                }
                32 => {
                    let route = from.string()?;
                    // Sequence, package, incarnation, floor, the source's head.
                    from.array::<88>()?;
                    if from.array::<1>()? == [1] && from.array::<16>()? == life {
                        from.u64()?;
                        return Ok(Some((route, Head { number: from.u64()?, digest: from.array()? })));
                    }
                }
                _ => {}
            }
            Ok(None)
        };
        match read() {
            Ok(Some((route, head))) if newest.get(&route).is_none_or(|known| known.number <= head.number) => drop(newest.insert(route, head)),
            _ if *kind == 7 => newest.clear(),
            _ => {}
        }
    }
    newest
}

fn read_checkpoint(bytes: &[u8], key: &VerifyingKey) -> Result<([u8; 16], Head), Refusal> {
    let mut from = Cursor::new(bytes);
    let mut parse = || {
        let parsed = (from.array::<16>()?, Head { number: from.u64()?, digest: from.array()? }, from.array::<64>()?);
        from.end().map(|()| parsed)
    };
    let (incarnation, head, signature) = parse().map_err(|Invalid| Refusal("LDG-07"))?;
    let message = derive("gapferry v1 checkpoint", &[&incarnation, &head.number.to_le_bytes(), &head.digest]);
    key.verify_strict(&message, &Signature::from_bytes(&signature)).map_err(|_| Refusal("LDG-07"))?;
    Ok((incarnation, head))
}

/// The record at the start of `bytes`, and its length.
fn read_record(bytes: &[u8], number: u64, previous: &[u8; 32]) -> Result<(Record, usize), Refusal> {
    let cut = |Invalid| Refusal("LDG-02");
    let mut from = Cursor::new(bytes);
    let body_bytes = from.u32().map_err(cut)? as usize;
    require(body_bytes <= BODY_MAX && bytes.len() >= BESIDE + body_bytes, "LDG-02")?;
    let (kind, version) = (from.u16().map_err(cut)?, from.u16().map_err(cut)?);
    let (written, time) = (from.u64().map_err(cut)?, from.i64().map_err(cut)?);
    require(written == number, "LDG-03")?;
    require(from.array::<32>().map_err(cut)? == *previous, "LDG-04")?;
    let end = 56 + body_bytes;
    let digest = derive("gapferry v1 ledger", &[&bytes[..end]]);
    require(bytes[end..end + 32] == digest, "LDG-05")?;
    require(version == 1, "LDG-06")?;
    Ok(((number, kind, time, bytes[56..end].to_vec(), digest), end + 32))
}

/// Segment, offset, number of the first record and count of records of the last append of several.
fn read_group(bytes: &[u8]) -> Option<[u64; 4]> {
    let digest = derive("gapferry v1 ledger group", &[bytes.get(..40)?]);
    if bytes.len() != 72 || &bytes[..8] != b"GFLGROUP" || bytes[40..] != digest {
        return None;
    }
    let mut from = Cursor::new(&bytes[8..40]);
    Some([from.u64().ok()?, from.u64().ok()?, from.u64().ok()?, from.u64().ok()?])
}

/// The lowest number of a whole record behind this place that makes it damage: those of one append do not count.
fn later(group: Option<&[u64; 4]>, segment: u64, at: u64, number: u64) -> u64 {
    match group {
        Some([of, offset, first, records]) if *of == segment && *offset <= at && (*first..first.saturating_add(*records)).contains(&number) => {
            first.saturating_add(*records)
        }
        _ => number + 1,
    }
}

/// Whether a whole record with a right digest begins at the start of `bytes`, or one numbered `later` or above anywhere behind it:
/// then what is wrong at the start is no torn tail.
fn intact(bytes: &[u8], later: u64) -> bool {
    let possible = later.saturating_add((bytes.len() / BESIDE) as u64);
    (0..bytes.len()).any(|at| {
        let Some(head) = bytes.get(at..at + 56) else { return false };
        let body_bytes = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let mut written = [0; 8];
        written.copy_from_slice(&head[8..16]);
        let written = u64::from_le_bytes(written);
        let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= BESIDE && rest.len() - BESIDE >= body_bytes) else { return false };
        let end = 56 + body_bytes;
        (at == 0 || (written >= later && written <= possible)) && rest[end..end + 32] == derive("gapferry v1 ledger", &[&rest[..end]])
    })
}

/// What a receipt settled, with the bounds of its numbers.
fn settled(from: &mut Cursor<'_>) -> Result<(), Invalid> {
    let number = |from: &mut Cursor<'_>| from.u64().and_then(|number| if number <= CEILING { Ok(number) } else { Err(Invalid) });
    let head = |from: &mut Cursor<'_>| from.array::<40>().map(drop);
    let range = |from: &mut Cursor<'_>| number(from).and_then(|_| number(from)).map(drop);
    from.string()?;
    from.array::<16>()?;
    number(from)?;
    from.array::<16>()?;
    head(from)?;
    number(from)?;
    from.array::<32>()?;
    from.list(range)?;
    number(from)?;
    from.list(range)?;
    from.list(|from| {
        // Item; version; projected, digest, bytes, outcome.
        from.u32()?;
        number(from)?;
        from.array::<74>()?;
        from.option(|from| from.array::<16>())?;
        from.boolean()?;
        from.option(number).map(drop)
    })?;
    // State, more, extra.
    from.array::<40>()?;
    from.boolean()?;
    from.u32().map(drop)
}

/// Whether the kind is known and, for those of which that is known here, the body is one.
fn check_body((_, kind, _, body, _): &Record) -> Result<(), Refusal> {
    let known = matches!(kind, 1..=37 | 41 | 42);
    require(known, "LDG-06")?;
    let mut from = Cursor::new(body);
    let mut decode = || -> Result<(), Invalid> {
        match kind {
            1 => {
                from.array::<16>()?;
                from.array::<32>()?;
                from.string()?;
                if from.u32()? > 1 {
                    return Err(Invalid);
                }
            }
            2 => {
                for _ in 0..5 {
                    from.string()?;
                }
            }
            3 => {
                from.array::<32>()?;
                from.string()?;
            }
            22 => settled(&mut from)?,
            31 => {
                from.string()?;
                from.string()?;
                from.list(|from| from.u32())?;
                from.boolean()?;
                from.string()?;
            }
            _ => return Ok(()),
        }
        from.end()
    };
    decode().map_err(|Invalid| Refusal("LDG-06"))
}
