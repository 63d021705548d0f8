//! Reads a receipt, written from spec/receipt.md: ENV-18 and clauses RCT-01 to RCT-11, and what a source takes as proven by it.

use super::cursor::{Cursor, Invalid};
use super::envelope;
use super::keys::{self, Codes, Known};
use super::{Refusal, Route, derive, require};
use crate::describe;
use crate::model::{Answer, Exception, Form, Head, Range, Receipt, Row, SourceSeen};
use serde_json::Value;
use std::collections::BTreeMap;

const CEILING: u64 = 1 << 48;

/// What the source remembers of a package: its id and what each row must prove.
pub(super) struct Sent {
    pub(super) package: [u8; 16],
    pub(super) rows: Vec<[u8; 32]>,
}

/// Reads a receipt for the source `us`; with `sent` it is also compared with what was sent.
pub(super) fn read(
    file: &[u8],
    us: &[u8; 32],
    secret: &[u8; 32],
    keys_known: &Known,
    routes: &[Route],
    sent: Option<&BTreeMap<u64, Sent>>,
) -> Result<Value, Refusal> {
    let contents = envelope::open(file, 2, secret, &keys_known.trusted)?;
    let receipt = decode(&contents.body).map_err(|Invalid| Refusal("ENV-18"))?;
    check(&receipt)?;
    let signer = contents.signer;
    require(receipt.replica == signer.id && signer.role == "replica" && receipt.source == *us, "RCT-01")?;
    let known = |route: &Route| {
        let id = derive("gapferry v1 route", &[&route.source, &route.replica, route.name.as_bytes()]);
        route.source == *us && route.replica == receipt.replica && receipt.route_id == id[..16]
    };
    require(routes.iter().any(known), "RCT-02")?;
    keys::check(keys_known, signer, &receipt.keys, receipt.number, &Codes("RCT-09", "RCT-10", "RCT-11"))?;
    let proven = sent.map(|sent| compare(&receipt, sent)).transpose()?;
    Ok(describe::receipt(&contents.opened, &receipt, proven.as_deref()))
}

fn decode(body: &[u8]) -> Result<Receipt, Invalid> {
    let mut from = Cursor::new(body);
    let head = |from: &mut Cursor| Ok(Head { number: from.u64()?, digest: from.array()? });
    let ranges = |from: &mut Cursor| from.list(|from| Ok(Range { first: from.u64()?, last: from.u64()? }));
    let row = |from: &mut Cursor| Ok(Row { row: from.u32()?, outcome: from.u16()?, digest: from.array()? });
    let answers = |from: &mut Cursor| from.list(|from| Ok(Answer { sequence: from.u64()?, package: from.array()?, rows: from.list(row)? }));
    let exception = |from: &mut Cursor| Ok(Exception { sequence: from.u64()?, row: from.u32()?, outcome: from.u16()?, digest: from.array()? });
    let receipt = Receipt {
        route_id: from.array()?,
        source: from.array()?,
        replica: from.array()?,
        incarnation: from.array()?,
        number: from.u64()?,
        ledger: head(&mut from)?,
        source_seen: SourceSeen { incarnation: from.array()?, sequence: from.u64()?, package: from.array()?, ledger: head(&mut from)? },
        missing: ranges(&mut from)?,
        missing_more: from.boolean()?,
        form: match from.u32()? {
            0 => Form::Full(answers(&mut from)?),
            1 => Form::Digest { answered: ranges(&mut from)?, digest: from.array()?, exceptions: from.list(exception)? },
            2 => Form::Scrub(answers(&mut from)?),
            _ => return Err(Invalid),
        },
        state_items: from.u64()?,
        state_sum: from.array()?,
        free_bytes: from.u64()?,
        read_back: from.u32().and_then(|number| if number <= 1 { Ok(number) } else { Err(Invalid) })?,
        more: from.boolean()?,
        escaped: from.u32()?,
        kept_aside: from.u32()?,
        extra: from.u32()?,
        keys: keys::decode(&mut from)?,
    };
    from.end().map(|()| receipt)
}

fn in_range(number: u64) -> bool {
    (1..=CEILING).contains(&number)
}

fn check(receipt: &Receipt) -> Result<(), Refusal> {
    let seen = receipt.source_seen.sequence;
    require(in_range(receipt.number) && receipt.ledger.number <= CEILING, "RCT-03")?;
    require(in_range(seen) && receipt.source_seen.ledger.number <= CEILING, "RCT-03")?;
    require(keys::in_range(&receipt.keys, receipt.number), "RCT-03")?;
    check_ranges(&receipt.missing, seen - 1)?;
    match &receipt.form {
        Form::Digest { answered, exceptions, digest } => {
            let most = if receipt.keys.next.is_some() { 16 } else { 32 };
            require(answered.len() <= most && receipt.missing.len() <= most && exceptions.len() <= 8, "RCT-07")?;
            let says_nothing = answered.is_empty() && exceptions.is_empty() && *digest == derive("gapferry v1 answers", &[]);
            require(!receipt.more || says_nothing, "RCT-07")?;
            check_ranges(answered, seen)?;
            require(exceptions.windows(2).all(|pair| (pair[0].sequence, pair[0].row) < (pair[1].sequence, pair[1].row)), "RCT-05")?;
            for exception in exceptions {
                require(answered.iter().any(|range| range.first <= exception.sequence && exception.sequence <= range.last), "RCT-05")?;
                require(!matches!(exception.outcome, 1..=4), "RCT-06")?;
                check_outcome(exception.outcome, &exception.digest)?;
            }
            Ok(())
        }
        Form::Full(answers) => check_answers(receipt, answers, true),
        Form::Scrub(answers) => check_answers(receipt, answers, false),
    }
}

fn check_answers(receipt: &Receipt, answers: &[Answer], full: bool) -> Result<(), Refusal> {
    require(receipt.missing.len() <= 4096, "RCT-04")?;
    require(!receipt.more, "RCT-05")?;
    require(answers.iter().map(|answer| answer.rows.len()).sum::<usize>() <= 1 << 20, "RCT-05")?;
    require(answers.windows(2).all(|pair| pair[0].sequence < pair[1].sequence), "RCT-05")?;
    for answer in answers {
        require(answer.sequence >= 1 && answer.sequence <= receipt.source_seen.sequence, "RCT-03")?;
        require(!answer.rows.is_empty(), "RCT-05")?;
        require(answer.rows.windows(2).all(|pair| pair[0].row < pair[1].row), "RCT-05")?;
        require(!full || (0u32..).zip(&answer.rows).all(|(place, row)| row.row == place), "RCT-05")?;
        for row in &answer.rows {
            check_outcome(row.outcome, &row.digest)?;
        }
    }
    Ok(())
}

fn check_outcome(outcome: u16, digest: &[u8; 32]) -> Result<(), Refusal> {
    match outcome {
        // Proven, held, or read back and found different.
        1..=5 | 20 | 32 => Ok(()),
        6 | 16..=19 | 21 | 22 | 33 => require(*digest == [0; 32], "RCT-06"),
        _ => Err(Refusal("RCT-06")),
    }
}

fn check_ranges(ranges: &[Range], highest: u64) -> Result<(), Refusal> {
    let mut lowest = 1;
    for range in ranges {
        require(range.first >= lowest && range.first <= range.last && range.last <= highest, "RCT-04")?;
        lowest = range.last + 2;
    }
    Ok(())
}

/// What the receipt says against what was sent: the rows (sequence, row) that it proves.
fn compare(receipt: &Receipt, sent: &BTreeMap<u64, Sent>) -> Result<Vec<(u64, u32)>, Refusal> {
    let known = |sequence: u64, package: Option<&[u8; 16]>| {
        sent.get(&sequence).filter(|sent| package.is_none_or(|package| *package == sent.package)).ok_or(Refusal("RCT-08"))
    };
    known(receipt.source_seen.sequence, Some(&receipt.source_seen.package))?;
    let mut proven = Vec::new();
    match &receipt.form {
        Form::Full(answers) | Form::Scrub(answers) => {
            let full = matches!(receipt.form, Form::Full(_));
            for answer in answers {
                let package = known(answer.sequence, Some(&answer.package))?;
                require(!full || answer.rows.len() == package.rows.len(), "RCT-05")?;
                for row in &answer.rows {
                    let expected = package.rows.get(row.row as usize).ok_or(Refusal("RCT-05"))?;
                    if row.outcome <= 4 && row.digest == *expected {
                        proven.push((answer.sequence, row.row));
                    }
                }
            }
        }
        Form::Digest { answered, digest, exceptions } => {
            let mut hasher = blake3::Hasher::new_derive_key("gapferry v1 answers");
            for sequence in answered.iter().flat_map(|range| range.first..=range.last) {
                let package = known(sequence, None)?;
                let rows = u32::try_from(package.rows.len()).expect("a package has at most 65536 items");
                hasher.update(&sequence.to_le_bytes()).update(&package.package).update(&rows.to_le_bytes());
                for (row, expected) in (0u32..).zip(&package.rows) {
                    match exceptions.iter().find(|exception| (exception.sequence, exception.row) == (sequence, row)) {
                        Some(exception) => hasher.update(&exception.outcome.to_le_bytes()).update(&exception.digest),
                        None => {
                            proven.push((sequence, row));
                            hasher.update(&1u16.to_le_bytes()).update(expected)
                        }
                    };
                }
            }
            for exception in exceptions {
                let rows = known(exception.sequence, None)?.rows.len();
                require((exception.row as usize) < rows, "RCT-05")?;
            }
            if *hasher.finalize().as_bytes() != *digest {
                proven.clear();
            }
        }
    }
    Ok(proven)
}
